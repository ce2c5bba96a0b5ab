"""What a red row says of itself, in a few lines; the text of failed tests, with pytest or without."""

from __future__ import annotations

from ..checks.equivariance.evidence import EquivarianceEvidence
from ..core.result import Result


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
    return "\n".join(lines)
