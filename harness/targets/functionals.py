"""Function-space functionals: maps `v -> R^n` that look at the function `f_v` alone.

Law: `phi(v) = phi(w)` whenever `f_v = f_w`; so they are invariant under `G`, under rescaling of ReLU neurons, under
splitting a neuron into twins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from ..parameters import Parameters
from ..space import WeightSpace
from .refusals import unless_mlp
from .target import FUNCTION_FUNCTIONAL, Target

if TYPE_CHECKING:
    import torch

    from ..regimes.regime import Samples

Coordinate = Annotated[float, Field(allow_inf_nan=False)]


class PointParameters(Parameters):
    """Parameters of a functional that looks at one point."""

    point: Annotated[
        list[Coordinate] | None, Field(min_length=1, description="n_0 coordinates; left out: all of them 1/2")
    ] = None


def _point_refusal(parameters: PointParameters, space: WeightSpace) -> str | None:
    refused = unless_mlp(space)
    if refused is None and parameters.point is not None and len(parameters.point) != space.widths[0]:
        refused = f"the point has {len(parameters.point)} coordinates, the space is {space}"
    return refused


def _point(parameters: PointParameters, space: WeightSpace) -> torch.Tensor:
    """`[n_0]`."""
    import torch

    return torch.tensor(parameters.point or [0.5] * space.widths[0], dtype=torch.float64)


def _value_at_point(parameters: PointParameters, samples: Samples) -> torch.Tensor:
    from ..realisation import realise

    v = samples.weights
    return realise(v, _point(parameters, v.space).unsqueeze(0)).squeeze(1)


VALUE_AT_POINT = Target(
    "value-at-point",
    "the function's value at a point",
    FUNCTION_FUNCTIONAL,
    PointParameters,
    _point_refusal,
    lambda parameters, space: space.widths[-1],
    _value_at_point,
    claim="thm-6.1",
)
