"""Function-space functionals: maps `v -> R^n` that look at the function `f_v` alone.

Law: `phi(v) = phi(w)` whenever `f_v = f_w`; so they are invariant under `G`, under rescaling of ReLU neurons, under
splitting a neuron into twins. On every space whose function is known; where an input is an image or a sequence of any length, it
has `boxes.EXTENT` pixels a side, steps or tokens.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from ..core.parameters import Parameters
from ..weights.space import WeightSpace
from .boxes import BoxParameters, ends, input_points, values_at
from .refusals import unless_function, unless_mlp
from .target import FUNCTION_FUNCTIONAL, Target

if TYPE_CHECKING:
    import torch

    from ..regimes.regime import Samples
    from ..weights.batch import Weights

Coordinate = Annotated[float, Field(allow_inf_nan=False)]


class PointParameters(Parameters):
    """Parameters of a functional that looks at one point."""

    point: Annotated[
        list[Coordinate] | None,
        Field(min_length=1, description="n_0 coordinates, or all numbers of an input; left out: all of them 1/2"),
    ] = None


def _point_refusal(parameters: PointParameters, space: WeightSpace) -> str | None:
    refused = unless_function(space)
    if refused is None and parameters.point is not None and len(parameters.point) != prod(ends(space)[0]):
        refused = f"the point has {len(parameters.point)} coordinates, the space is {space}"
    return refused


def _point(parameters: PointParameters, space: WeightSpace) -> torch.Tensor:
    """`[1, *shape of one input]`."""
    import torch

    shape, _ = ends(space)
    return torch.tensor(parameters.point or [0.5] * prod(shape), dtype=torch.float64).view(1, *shape)


def _value_at_point(parameters: PointParameters, samples: Samples) -> torch.Tensor:
    v = samples.weights
    return values_at(v, _point(parameters, v.space)).squeeze(1)


VALUE_AT_POINT = Target(
    "value-at-point",
    "the function's value at a point",
    FUNCTION_FUNCTIONAL,
    PointParameters,
    _point_refusal,
    lambda parameters, space: ends(space)[1],
    _value_at_point,
    claim="thm-6.1",
)


def _gradient_at_point(parameters: PointParameters, samples: Samples) -> torch.Tensor:
    """`[batch, n_0 * n_L]`: for each input coordinate the derivatives of all outputs."""
    import torch

    from .slopes import slope

    v = samples.weights
    x = _point(parameters, v.space)
    return torch.cat([slope(v, x, coordinate).squeeze(1) for coordinate in range(v.space.widths[0])], dim=1)


GRADIENT_AT_POINT = Target(
    "gradient-at-point",
    "the function's derivatives at a point, from above",
    FUNCTION_FUNCTIONAL,
    PointParameters,
    lambda parameters, space: unless_mlp(space) or _point_refusal(parameters, space),
    lambda parameters, space: space.widths[0] * space.widths[-1],
    _gradient_at_point,
    claim="thm-6.1",
)


def _over_box(
    samples: Samples, parameters: BoxParameters, summary: Callable[[torch.Tensor], torch.Tensor]
) -> torch.Tensor:
    """`summary` of the values `[some, points, outputs]` at the points of the box, a few weight vectors at a time."""
    import torch

    x = input_points(samples.weights.space, parameters.radius)
    return torch.cat([summary(values_at(v, x)) for v in pieces(samples.weights)])


def pieces(v: Weights, size: int = 64) -> list[Weights]:
    """The batch in parts, so that values at many points fit into memory."""
    return [v[start : start + size] for start in range(0, v.batch, size)]


MEAN = Target(
    "mean",
    "the function's mean over a box",
    FUNCTION_FUNCTIONAL,
    BoxParameters,
    lambda parameters, space: unless_function(space),
    lambda parameters, space: ends(space)[1],
    lambda parameters, samples: _over_box(samples, parameters, lambda values: values.mean(dim=1)),
    claim="thm-6.1",
)
NORM = Target(
    "norm",
    "the function's root mean square over a box",
    FUNCTION_FUNCTIONAL,
    BoxParameters,
    lambda parameters, space: unless_function(space),
    lambda parameters, space: 1,
    lambda parameters, samples: _over_box(
        samples, parameters, lambda values: values.square().sum(dim=2).mean(dim=1, keepdim=True).sqrt()
    ),
    claim="thm-6.1",
)


class ExtremumParameters(BoxParameters):
    """Parameters of `extremum`."""

    which: Annotated[Literal["maximum", "minimum"], Field(description="which of the two")] = "maximum"


def _extremum(parameters: ExtremumParameters, samples: Samples) -> torch.Tensor:
    if parameters.which == "maximum":
        return _over_box(samples, parameters, lambda values: values.amax(dim=1))
    return _over_box(samples, parameters, lambda values: values.amin(dim=1))


EXTREMUM = Target(
    "extremum",
    "every output's greatest (or least) value over the points of a box",
    FUNCTION_FUNCTIONAL,
    ExtremumParameters,
    lambda parameters, space: unless_function(space),
    lambda parameters, space: ends(space)[1],
    _extremum,
    claim="thm-6.1",
)
