"""Rows that are neither pass nor red, counted: failures that a suite declares, and what no plug-in claims."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...harness.core.result import Result, Run
from ..reading.outcomes import status_of
from ..reading.subjects import grouped
from ..reading.values import NOTHING, one_line
from . import kinds
from .section import Column, report_section

COLUMNS = (
    Column("reason", brief=120),
    Column("count", "rows", kinds.INTEGER),
    Column("architectures", kind=kinds.CODE, brief=120),
    Column("checks", kind=kinds.CODE, brief=200),
)


@dataclass(frozen=True)
class Aside:
    """Rows that are neither pass nor red, of one reason: counted by architecture and by check, with the first as an example."""

    reason: str
    count: int
    architectures: str
    checks: str
    example: str


@report_section(
    "expected",
    "Declared by the suites",
    (*COLUMNS, Column("example", "first of them", forms=(kinds.HTML,))),
    note="Expected to fail, or allowed to be undecided or ill-conditioned, with the reason; they do not turn the run red, and an expected failure that passes would.",
    place=500,
    fold=True,
)
def expected(run: Run) -> tuple[Aside, ...]:
    return asides(run, "expected")


@report_section(
    "observed",
    "Observed",
    (*COLUMNS, Column("example", "first of them", forms=(kinds.HTML,))),
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
    found = [
        Aside(one_line(reason) or NOTHING, len(own), _by_name(own), _by_check(own), _example(own[0]))
        for reason, own in grouped(rows, lambda row: row.declared or row.reason).items()
    ]
    return tuple(sorted(found, key=lambda aside: -aside.count))


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
