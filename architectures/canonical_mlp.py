"""`canonical-mlp`: `canonical` on MLPs alone, under the name that its rows have had."""

from __future__ import annotations

from ..harness.plugins.architecture import Equivariant, Invariant, Unsupported, register
from ..harness.weights.space import WeightSpace
from .canonical import Canonical


@register(
    "canonical-mlp",
    symmetry="permutation",
    power="complete",
    continuous=False,
    modes=("eval", "train"),
    spaces="MLPs",
    paper="control",
)
class CanonicalMLP(Canonical):
    """As `Canonical`, for the weight vectors of MLPs.

    Args:
        space: an MLP's.
        output, channels, depth: as there.

    Raises:
        Unsupported: the space is no MLP's.
        ValueError, SpaceError, PastBudget: as there.
    """

    def __init__(
        self, space: WeightSpace, output: Invariant | Equivariant, *, channels: int = 64, depth: int = 2
    ) -> None:
        if not space.is_mlp:
            raise Unsupported(f"reads MLPs alone, and {space} is none; `canonical` reads every space")
        super().__init__(space, output, channels=channels, depth=depth)
