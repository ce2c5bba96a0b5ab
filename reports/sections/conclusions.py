"""The claims that only several rows together decide, as the run concluded them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...harness.core.result import Run
from ..reading.outcomes import CONCLUSION_STATUSES
from ..reading.values import facts, mapping, one_line
from . import kinds
from .section import Column, report_section


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
def conclusions(run: Run) -> list[dict[str, Any]]:
    """The run's conclusions in its own order; an outcome that nobody knows counts as an error. `expected` is one that the suite
    allows to stay undecided; then the reason is the suite's."""
    return [_conclusion(entry) for entry in map(mapping, run.conclusions) if entry]


def _conclusion(entry: Mapping[str, Any]) -> dict[str, Any]:
    outcome, declared, checks = str(entry.get("outcome")), entry.get("declared"), entry.get("checks")
    known = outcome if outcome in CONCLUSION_STATUSES else "error"
    status = "expected" if outcome == "undecided" and declared is not None else known
    return {
        **{key: one_line(entry.get(key) or "") for key in ("suite", "claim", "title", "predicted", "observed")},
        "checks": one_line(", ".join(map(str, checks)) if isinstance(checks, list | tuple) else ""),
        "status": status,
        "reason": one_line((declared if status == "expected" else entry.get("reason")) or ""),
        "evidence": facts(mapping(entry.get("evidence"))),
    }
