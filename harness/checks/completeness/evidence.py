"""What a row of the completeness check holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...core.evidence import Evidence


@dataclass(frozen=True)
class CompletenessEvidence(Evidence):
    """Ranks measured and dimensions counted: see `verdict.Measurement`."""

    space: str
    axes: tuple[str, ...]
    hidden: bool
    rank: int
    dimension: int
    constant_rank: int
    constant_dimension: int
    missing: Mapping[str, tuple[int, int]]
