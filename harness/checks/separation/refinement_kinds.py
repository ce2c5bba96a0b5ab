"""Of which pairs a declaration of power is about another refinement than the joint one, whose round stands in the certificate. No torch."""

from __future__ import annotations

from ...weights.space import WeightSpace


def of_own(space: WeightSpace, refinement: str) -> str | None:
    """The declared refinement where it may part pairs of this space otherwise than the joint one; else None.

    On MLPs the two are one; `split` is not defined where a tensor has three permuted axes, and networks that declare it refuse them.
    """
    if refinement == "joint" or space.is_mlp:
        return None
    widest = max(sum(axis in space.permuted for axis in axes) for _, axes in space.tensors)
    return None if widest > 2 else refinement
