"""What a row of the completeness check holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...core.evidence import Evidence


@dataclass(frozen=True, slots=True)
class CompletenessEvidence(Evidence):
    """Ranks measured and dimensions counted.

    Args:
        axes: the axes whose permutations the layer commutes with; where more is declared, the factors of the declared group.
        hidden: whether these include all permuted axes of the space; whether the layer commutes with the declared group.
        rank, dimension: of the linear maps.
        constant_rank, constant_dimension: of the constants.
        missing: "input -> output" tensors whose own maps are not all realised, with rank and dimension.
    """

    space: str
    axes: tuple[str, ...]
    hidden: bool
    rank: int
    dimension: int
    constant_rank: int
    constant_dimension: int
    missing: Mapping[str, tuple[int, int]]
