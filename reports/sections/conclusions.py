"""The claims that only several rows together decide, as the run concluded them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...harness.core.result import Run
from ..reading.outcomes import CONCLUSION_STATUSES
from ..reading.values import facts, mapping, one_line
from . import kinds
from .section import Column, report_section


@dataclass(frozen=True)
class Conclusion:
    """One conclusion: what was predicted of the rows together, what was observed, and the evidence.

    `status` is the outcome, but `expected` where the suite declares that it may stay undecided; then the reason is the suite's.
    """

    suite: str
    claim: str
    title: str
    checks: str
    predicted: str
    observed: str
    status: str
    reason: str
    evidence: tuple[tuple[str, str], ...]


@report_section(
    "conclusions",
    "Conclusions",
    (
        Column("claim", kind=kinds.CODE),
        Column("title", "statement"),
        Column("suite", kind=kinds.CODE, place=kinds.BENEATH, forms=kinds.ALL_BUT_MARKDOWN),
        Column("checks", kind=kinds.CODE, place=kinds.BENEATH, forms=kinds.ALL_BUT_MARKDOWN),
        Column("evidence", kind=kinds.FACTS, forms=(kinds.HTML, kinds.CSV), optional=True),
        Column("predicted", brief=60),
        Column("observed"),
        Column("status", "outcome", kinds.BADGE),
        Column("reason", place=kinds.BENEATH, brief=120),
    ),
    note="Claims that no row decides alone: what follows from several rows together.",
    part_of="claims",
)
def conclusions(run: Run) -> tuple[Conclusion, ...]:
    """The run's conclusions in its own order; an outcome that nobody knows counts as an error."""
    return tuple(_conclusion(entry) for entry in map(mapping, run.conclusions) if entry)


def _conclusion(entry: Mapping[str, Any]) -> Conclusion:
    outcome, declared = str(entry.get("outcome")), entry.get("declared")
    checks = entry.get("checks")
    known = outcome if outcome in CONCLUSION_STATUSES else "error"
    status = "expected" if outcome == "undecided" and declared is not None else known
    return Conclusion(
        suite=one_line(entry.get("suite") or "", 60),
        claim=one_line(entry.get("claim") or "", 60),
        title=one_line(entry.get("title") or ""),
        checks=one_line(", ".join(map(str, checks)) if isinstance(checks, list | tuple) else ""),
        predicted=one_line(entry.get("predicted") or ""),
        observed=one_line(entry.get("observed") or ""),
        status=status,
        reason=one_line((declared if status == "expected" else entry.get("reason")) or ""),
        evidence=facts(mapping(entry.get("evidence"))),
    )
