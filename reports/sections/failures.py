"""The rows that need somebody's eyes: grouped by architecture and check, each with its evidence and reproducer.

Past a budget the rest of a group is listed in a line each, so that a run in which everything fails stays readable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ...harness.checks.equivariance.evidence import EquivarianceEvidence, Property
from ...harness.core.result import Result, Run, members, plain
from ..reading.outcomes import SEVERITY, STATUSES, Tally, status_of, tally
from ..reading.subjects import grouped, measured, subjects
from ..reading.values import block, facts
from . import kinds
from .section import Column, report_section

MANY, BUDGET, FEW, LINES = 600, 150, 20, 2_000
"""Rows of a report that are shown in full: `BUDGET`, of more than `MANY` red ones `FEW`, so that the page stays within 1 MB.
Of the others about `LINES` stand in a line each, shared by the groups, and all of them in the lists of all rows."""
APART = ("counterexample", "properties", "measured")
"""Fields of evidence that are shown apart, or whose best part is told beside them."""


@dataclass(frozen=True)
class Detail:
    """A row that is not as predicted, with all that a reader needs to judge and repeat it."""

    anchor: str
    status: str
    row: Result
    counterexample: tuple[tuple[str, str], ...]
    evidence: tuple[tuple[str, str], ...]
    properties: tuple[tuple[str, Property], ...]
    certificate: tuple[tuple[str, str], ...]
    printed: str


@dataclass(frozen=True)
class Group:
    """The rows of one architecture and check that are not as predicted: `shown` in full, `rest` by id and case, `left` counted.

    Past the budget all further checks of an architecture are one group: `checks` names them, and `check` counts them.
    """

    anchor: str
    architecture: str
    suite: str
    check: str
    tally: Tally
    shown: tuple[Detail, ...]
    rest: tuple[Result, ...]
    left: int
    checks: tuple[tuple[str, str], ...]


def red_groups(run: Run, budget: int | None = None) -> tuple[Group, ...]:
    """Every row that makes the run red, by architecture and check, the gravest first; `budget` rows in full, shared fairly."""
    red = [row for row in run.results if STATUSES[status_of(row)].red]
    places = {name: place for place, name in enumerate(subjects(run))}
    budget = (FEW if len(red) > MANY else BUDGET) if budget is None else budget
    red.sort(key=lambda row: (places[row.architecture], SEVERITY.index(status_of(row))))
    groups = grouped(red, lambda row: (row.architecture, row.suite, row.check))
    quota = fair_quota([len(rows) for rows in groups.values()], budget)

    own: dict[str, list[tuple[str, str, str]]] = {}
    for key in list(groups)[budget:]:  # a group past the budget has no row in full
        own.setdefault(key[0], []).append(key)
    together = [(keys, [row for key in keys for row in groups[key]], 0) for keys in own.values()]
    parts = [*(([key], rows, quota) for key, rows in list(groups.items())[:budget]), *together]
    lines = fair_quota([max(0, len(rows) - full) for _, rows, full in parts], LINES)
    return tuple(_group(f"group-{place}", keys, rows, full, lines) for place, (keys, rows, full) in enumerate(parts, 1))


def _group(anchor: str, keys: Sequence[tuple[str, str, str]], rows: Sequence[Result], full: int, lines: int) -> Group:
    name, suite, check = keys[0]
    several = len(keys) > 1
    return Group(
        anchor=anchor,
        architecture=name,
        suite="" if several else suite,
        check=f"{len(keys):,} more checks" if several else check,
        tally=tally(rows),
        shown=tuple(
            detail(row, f"{anchor.replace('group', 'row')}-{index}") for index, row in enumerate(rows[:full], 1)
        ),
        rest=tuple(rows[full : full + lines]),
        left=max(0, len(rows) - full - lines),
        checks=tuple(key[1:] for key in keys),
    )


def fair_quota(sizes: Sequence[int], budget: int) -> int:
    """The largest number of rows that every group may show without all of them passing the budget; at least one."""
    quota, left = 0, budget
    for place, size in enumerate(sorted(sizes)):
        share = left // (len(sizes) - place)
        if size > share:
            return max(1, share)
        quota, left = size, left - size
    return max(1, quota)


def detail(row: Result, anchor: str) -> Detail:
    """The evidence of one row, sorted into what is read apart."""
    law = measured(row, EquivarianceEvidence)
    told = plain({key: value for key, value in asdict(row.evidence).items() if key not in APART})
    return Detail(
        anchor=anchor,
        status=status_of(row),
        row=row,
        counterexample=counterexample(row),
        evidence=facts(told),
        properties=tuple(law.properties.items()) if law else (),
        certificate=facts(row.certificate or {}),
        printed=block(row.printed),
    )


def counterexample(row: Result) -> tuple[tuple[str, str], ...]:
    """The smallest counter-example that an equivariance row has, as `(name, value)`."""
    law = measured(row, EquivarianceEvidence)
    if law is None or law.counterexample is None:
        return ()
    told = plain(asdict(law.counterexample))
    return facts({name: value for name, value in told.items() if name != "state"})  # `reached` says it in words


@report_section(
    "failures",
    "Failures, errors and undecided rows",
    (
        Column("architecture", kind=kinds.CODE),
        Column("suite", kind=kinds.CODE),
        Column("check", kind=kinds.CODE),
        Column("case", kind=kinds.CODE),
        Column("status", "outcome", kinds.BADGE),
        Column("reason"),
        Column("counterexample", "counter-example", kinds.FACTS),
        Column("id", kind=kinds.CODE),
        Column("reproduce", kind=kinds.CODE),
    ),
    forms=kinds.DATA,  # the page and Markdown show these rows one by one
    template="failures.jinja",
    short="Failures",
    place=450,
)
def failures(run: Run) -> list[dict[str, Any]]:
    """The rows that make the run red, in the order of the run."""
    return [
        {**members(row), "status": status_of(row), "counterexample": counterexample(row)}
        for row in run.results
        if STATUSES[status_of(row)].red
    ]
