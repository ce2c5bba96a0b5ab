"""What a row of the check holds."""

from __future__ import annotations

from dataclasses import dataclass

from orbitcheck.extending import Evidence, Number


@dataclass(frozen=True)
class ConstancyEvidence(Evidence):
    """How far the answers to several weight vectors lie apart.

    Args:
        spread: largest minus smallest answer, the largest over outputs.
        scale: largest absolute answer.
        vectors: how many were shown.
    """

    spread: Number
    scale: Number
    vectors: int
