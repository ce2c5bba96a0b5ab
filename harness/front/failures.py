"""What a red row says of itself, in a few lines, and a row that says nothing; the texts of tests, with pytest or without."""

from __future__ import annotations

from ..checks.equivariance.evidence import EquivarianceEvidence
from ..core.cleaning import one_line
from ..core.outcomes import Outcome
from ..core.result import Result

UNASKED = (Outcome.OBSERVED, Outcome.NOT_APPLICABLE)
"""Outcomes of rows that could not fail, and so do not pass."""


def skip_text(row: Result) -> str:
    """Why a row that could not fail is no test."""
    return one_line(f"observed: {row.observed} ({row.reason})" if row.outcome == Outcome.OBSERVED else row.reason)


def failure_text(row: Result) -> str:
    """Outcome, reason, prediction and the smallest counter-example of one row."""
    lines = [f"{row.outcome}: {row.reason or 'passes, though declared to fail'}"]
    if row.predicted:
        lines.append(f"predicted {row.predicted}, observed {row.observed or 'nothing'}")
    found = row.evidence.counterexample if isinstance(row.evidence, EquivarianceEvidence) else None
    if found is not None:
        lines.append(
            f"smallest counter-example: {found.space}, {found.element}, error {found.error:.2e}, seed {found.seed}"
        )
    return "\n".join(map(one_line, lines))
