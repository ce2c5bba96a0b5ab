"""Rows that are neither pass nor red, counted: failures that a suite declares, and what no plug-in claims."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...harness.core.result import Result, Run
from ..reading.outcomes import status_of
from ..reading.subjects import grouped, subjects
from ..reading.values import NOTHING, one_line
from . import kinds
from .section import Column, report_section

COLUMNS = (
    Column("architecture", kind=kinds.CODE),
    Column("reason", brief=120),
    Column("count", "rows", kinds.INTEGER),
    Column("checks", kind=kinds.CODE, brief=200),
)


@dataclass(frozen=True)
class Aside:
    """Rows that are neither pass nor red, of one architecture and reason: counted by check, with the first as an example."""

    architecture: str
    reason: str
    checks: str
    example: str
    count: int


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
    """The rows of a status by architecture and reason: the declared one for expected failures, else the row's own."""
    rows = (row for row in run.results if status_of(row) == status)
    groups = grouped(rows, lambda row: (row.architecture, row.declared or row.reason))
    places = {name: place for place, name in enumerate(subjects(run))}
    return tuple(
        Aside(name, one_line(reason) or NOTHING, _by_check(found), _example(found[0]), len(found))
        for (name, reason), found in sorted(groups.items(), key=lambda item: places[item[0][0]])
    )


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
