"""Rows that are neither pass nor red, counted: failures that a suite declares, and what no plug-in claims."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...harness.core.result import Result, Run
from ..reading.outcomes import status_of
from ..reading.reasons import reason_of
from ..reading.subjects import grouped
from ..reading.values import NOTHING, one_line
from . import kinds
from .section import Column, report_section

COLUMNS = (
    Column("reason", brief=120),
    Column("count", "rows", kinds.INTEGER),
    Column("architectures", kind=kinds.CODE, forms=kinds.ALL_BUT_HTML, brief=120),
    Column("checks", kind=kinds.CODE, forms=kinds.ALL_BUT_HTML, brief=200),
    Column("who", "architectures", forms=(kinds.HTML,)),
    Column("places", "details", kinds.FACTS, forms=(kinds.HTML,)),
)
NAMED = 3
"""So many architectures are named in a reason's line; all of them, and the checks, stand folded away beside it."""


@dataclass(frozen=True)
class Aside:
    """Rows that are neither pass nor red, of one reason: counted by architecture and by check, with the first as an example.

    Args:
        who: the first architectures, and how many more.
        places: all of them, the checks, and the first reason as its row gives it.
    """

    reason: str
    count: int
    architectures: str
    checks: str
    example: str
    who: str
    places: tuple[tuple[str, str], ...]


@report_section(
    "expected",
    "Declared by the suites",
    COLUMNS,
    note="Expected to fail, or allowed to be undecided or ill-conditioned, with the reason; they do not turn the run red, and an expected failure that passes would.",
    place=500,
    fold=True,
)
def expected(run: Run) -> tuple[Aside, ...]:
    return asides(run, "expected")


@report_section(
    "observed",
    "Observed",
    COLUMNS,
    note="Nothing was predicted of these rows, so none of them could fail; they count for nothing.",
    place=505,
    fold=True,
)
def observed(run: Run) -> tuple[Aside, ...]:
    return asides(run, "observed")


@report_section("not-applicable", "Not applicable", COLUMNS, place=510, fold=True)
def not_applicable(run: Run) -> tuple[Aside, ...]:
    return asides(run, "not-applicable")


def asides(run: Run, status: str) -> tuple[Aside, ...]:
    """The rows of a status by reason, the commonest first: the declared one for expected failures, else the row's own."""
    rows = [row for row in run.results if status_of(row) == status]
    found = [_aside(reason, own) for reason, own in grouped(rows, reason_of).items()]
    return tuple(sorted(found, key=lambda aside: -aside.count))


def _aside(reason: str, rows: Sequence[Result]) -> Aside:
    names, checks = _by_name(rows), _by_check(rows)
    places = (("architectures", names), ("checks", checks), ("first of them", _example(rows[0])))
    return Aside(reason or NOTHING, len(rows), names, checks, _example(rows[0]), _who(rows), places)


def _who(rows: Sequence[Result]) -> str:
    """`dws, gmn and 4 more`."""
    names = [one_line(name, 40) for name in dict.fromkeys(row.architecture for row in rows)]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED + 1 else ""
    return ", ".join(names[:NAMED] if more else names) + more


def _by_name(rows: Sequence[Result]) -> str:
    """`dws 12, gmn 3`."""
    counted = grouped(rows, lambda row: row.architecture)
    return one_line(", ".join(f"{one_line(name, 60)} {len(own):,}" for name, own in counted.items()), 600)


def _by_check(rows: Sequence[Result]) -> str:
    """`quick / same-orbit 3, generic 2`: the suite where it changes, each check with its rows."""
    parts, before = [], None
    for (suite, check), found in grouped(rows, lambda row: (row.suite, row.check)).items():
        place = one_line(check, 60) if suite == before else f"{one_line(suite, 40)} / {one_line(check, 60)}"
        parts.append(f"{place} {len(found):,}")
        before = suite
    return one_line(", ".join(parts), 1200)


def _example(row: Result) -> str:
    return f"{one_line(row.case, 80)}: {one_line(row.reason, 200) or NOTHING}"
