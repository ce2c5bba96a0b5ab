"""The red rows by their causes: each root with the rows that follow from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...harness.core.result import Run, members
from ...harness.judging.roots import rooted
from ..reading.outcomes import STATUSES, status_of, tally
from ..reading.patterns import breaks_where
from ..reading.subjects import grouped
from ..reading.values import one_line
from . import kinds
from .failures import fair_quota
from .section import Column, report_section
from .verdicts import agreement

LISTED = 100
"""Roots that are shown, shared fairly by the architectures; every red row has its line under the failures."""


@report_section(
    "roots",
    "What is wrong, by its causes",
    (
        Column("architecture", kind=kinds.CODE),
        Column("suite", kind=kinds.CODE, forms=kinds.DATA),
        Column("check", kind=kinds.CODE),
        Column("case", kind=kinds.CODE, place=kinds.BENEATH),
        Column("id", kind=kinds.CODE, place=kinds.BENEATH),
        Column("status", "outcome", kinds.BADGE),
        Column("reason", brief=160),
        Column("count", "rows that follow", kinds.INTEGER),
        Column("followers", "of the checks", brief=120),
    ),
    note="A row that follows from another one is listed under it: rows that one exception or one refused shape ended, that break one "
    "law for one cause, or whose controls failed since the law is broken. Mend the root first. At most 100 are listed, of every architecture the first; further down is every red row, past 2,000 in the lists of all rows.",
    short="Causes",
    place=440,
)
def roots(run: Run) -> list[dict[str, Any]]:
    """The roots of the rows that make the run red, in the order of the run."""
    red = [row for row in run.results if STATUSES[status_of(row)].red]
    of = grouped(rooted(red), lambda root: root.head.architecture)
    quota = fair_quota([len(found) for found in of.values()], LISTED)
    return [
        {
            **members(root.head),
            "status": status_of(root.head),
            "count": len(root.followers),
            "followers": ", ".join(
                f"{one_line(check, 60)} {len(rows):,}"
                for check, rows in grouped(root.followers, lambda row: row.check).items()
            ),
        }
        for found in of.values()
        for root in found[:quota]
    ]


@dataclass(frozen=True)
class RedLine:
    """A red architecture in a line: its verdict, and the first row that is no consequence of another, with its id."""

    architecture: str
    status: str
    sentence: str
    where: str
    reason: str
    id: str


def red_lines(run: Run) -> list[RedLine]:
    """A line for each architecture with a red row, in the order of the run."""
    red = [row for row in run.results if STATUSES[status_of(row)].red]
    of = grouped(run.results, lambda row: row.architecture)
    lines = []
    for name, found in grouped(rooted(red), lambda root: root.head.architecture).items():
        head = found[0].head
        lines.append(
            RedLine(
                name,
                status_of(head),
                f"{'; '.join(filter(None, (agreement(tally(of[name])), breaks_where(of[name]))))}.",
                f"{head.check} / {head.case}",
                head.reason,
                head.id,
            )
        )
    return lines
