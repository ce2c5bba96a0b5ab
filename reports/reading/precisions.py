"""Which precisions a row of the law was asked in."""

from __future__ import annotations

from ...harness.checks.equivariance.evidence import Ask, EquivarianceEvidence


def error32(found: EquivarianceEvidence) -> float | None:
    """The error in float32; None where the row asks in float64 alone, of which the evidence holds a zero."""
    return found.error32 if found.ask is Ask.LAW else None
