"""Fixed points of a box: where functions are integrated and searched, the same in every process.

Law: the points are the first 2^m of the Sobol sequence, moved by half a step into the middle of their cells, so in one
dimension they are the midpoints of 2^m equal intervals, and in every dimension each dyadic slab of 2^-m holds exactly one.

Source: Sobol 1967; the direction numbers are those of `torch.quasirandom`.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from ..core.parameters import Parameters
from ..weights.space import WeightSpace

if TYPE_CHECKING:
    import torch

    from ..weights.batch import Weights

LOG_POINTS = 10
"""Integrals and extrema are taken over `2^LOG_POINTS` points."""


class BoxParameters(Parameters):
    """Parameters of a target that looks at a function over a box."""

    radius: Annotated[float, Field(gt=0, allow_inf_nan=False, description="the box is [-radius, radius]^n_0")] = 1.0


EXTENT = 4
"""Pixels a side, steps or tokens of an input, where a space leaves their number free."""


@lru_cache(maxsize=256)
def ends(space: WeightSpace) -> tuple[tuple[int, ...], int]:
    """Shape of one input of a space's function, and the number of numbers in one output; no torch on MLPs.

    Raises:
        SpaceError: a space whose function is not known.
    """
    if space.is_mlp:
        return (space.widths[0],), space.widths[-1]
    import torch

    from ..weights.batch import Weights
    from ..weights.realisation import realisation

    function = realisation(space)
    shape = function.input_shape(EXTENT)
    ones = Weights(space, {name: torch.ones(1, *own, 1, dtype=torch.float64) for name, own in space.shapes.items()})
    return shape, function(ones, torch.zeros(1, *shape, dtype=torch.float64)).numel()


def values_at(v: Weights, x: torch.Tensor) -> torch.Tensor:
    """`f_v(x)` with every output as one row of numbers: `[batch, points, outputs]`."""
    from ..weights.realisation import realise

    return realise(v, x).flatten(2)


def input_points(space: WeightSpace, radius: float = 1.0, log_count: int = LOG_POINTS) -> torch.Tensor:
    """`[2^log_count, *shape of one input]`, the points of the box of all its numbers."""
    shape, _ = ends(space)
    return box_points(prod(shape), radius, log_count).view(-1, *shape)


@lru_cache(maxsize=64)
def _unit_points(dimension: int, log_count: int) -> torch.Tensor:
    import torch

    sobol = torch.quasirandom.SobolEngine(dimension)
    return sobol.draw(2**log_count, dtype=torch.float64) + 2.0 ** -(log_count + 1)


def box_points(dimension: int, radius: float = 1.0, log_count: int = LOG_POINTS) -> torch.Tensor:
    """`[2^log_count, dimension]` float64 in the open box of that radius, exact dyadic numbers if the radius is one."""
    return radius * (2 * _unit_points(dimension, log_count) - 1)
