"""What a row of the resolution check holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...core.evidence import Evidence, Number


@dataclass(frozen=True, slots=True)
class StepEvidence(Evidence):
    """The entries of one tensor in one precision.

    Args:
        entries: asked.
        predicted: of them, those whose step the declared power has to see, by the oracle.
        hidden: predicted, and the outputs changed by no more than rounding in every draw.
        unclear: predicted, and changed by more than rounding, but not clearly, in any draw.
        least: the smallest of the predicted entries' best ratios of change to rounding; None where none is predicted.
        seen: entries that showed, predicted or not.
    """

    entries: int
    predicted: int
    hidden: int
    unclear: int
    least: Number | None
    seen: int


@dataclass(frozen=True, slots=True)
class ResolutionEvidence(Evidence):
    """Tensor -> what a step of its entries showed, in float64 (relative step 2^-30) and in float32 (2^-12).

    `turned`: what is turned round -> whether that shows, in float64: moves that leave the entries of every tensor what they are, or what
    they are but for a sign: `sign:W1` one entry of a tensor negated, `entries:W1` two of them exchanged, `indices:n0` two inputs.
    """

    space: str
    draws: int = 0
    float64: Mapping[str, StepEvidence] | None = None
    float32: Mapping[str, StepEvidence] | None = None
    turned: Mapping[str, StepEvidence] | None = None
