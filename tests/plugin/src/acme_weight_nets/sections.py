"""A section of the report for the rows of `acme-constancy`."""

from __future__ import annotations

from typing import Any

from orbitcheck.extending import BADGE, CODE, INTEGER, NUMBER, Column, Run, measured, report_section, status_of

from .constancy.evidence import ConstancyEvidence


@report_section(
    "acme-constancy",
    "How far answers lie apart",
    (
        Column("architecture", kind=CODE),
        Column("space", kind=CODE),
        Column("spread", "largest difference", NUMBER),
        Column("vectors", kind=INTEGER),
        Column("status", "outcome", BADGE),
    ),
    note="The largest difference between the answers to a few weight vectors.",
)
def constancy(run: Run) -> list[dict[str, Any]]:
    rows = [row for row in run.results if row.kind == "acme-constancy"]
    return [
        {
            "architecture": row.architecture,
            "space": row.case,
            "spread": found and found.spread,
            "vectors": found and found.vectors,
            "status": status_of(row),
        }
        for row in rows
        for found in [measured(row, ConstancyEvidence)]
    ]
