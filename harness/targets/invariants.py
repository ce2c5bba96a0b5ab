"""Permutation-invariant functionals: maps `v -> R^n` that look at the weights and not at the neurons' numbering.

Law: `phi(g v) = phi(v)` for every `g` of the group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from ..parameters import Parameters
from ..space import WeightSpace
from .target import INVARIANT_FUNCTIONAL, Target

if TYPE_CHECKING:
    import torch

    from ..regimes.regime import Samples


class PowerParameters(Parameters):
    """Parameters of a norm."""

    power: Annotated[int, Field(ge=1, le=4, description="p of the p-norm")] = 2


def _weight_norms(parameters: PowerParameters, samples: Samples) -> torch.Tensor:
    import torch

    norms = [
        tensor.flatten(1).abs().pow(parameters.power).sum(dim=1).pow(1 / parameters.power)
        for _, tensor in samples.weights.items()
    ]
    return torch.stack(norms, dim=1)


WEIGHT_NORMS = Target(
    "weight-norms",
    "the norm of every weight matrix and bias, entry by entry (Frobenius)",
    INVARIANT_FUNCTIONAL,
    PowerParameters,
    lambda parameters, space: None,
    lambda parameters, space: len(space.tensors),
    _weight_norms,
)
