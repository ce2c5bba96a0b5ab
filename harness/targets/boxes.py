"""Fixed points of a box: where functions are integrated and searched, the same in every process.

Law: the points are the first 2^m of the Sobol sequence, moved by half a step into the middle of their cells, so in one
dimension they are the midpoints of 2^m equal intervals, and in every dimension each dyadic slab of 2^-m holds exactly one.

Source: Sobol 1967; the direction numbers are those of `torch.quasirandom`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from ..core.parameters import Parameters

if TYPE_CHECKING:
    import torch

LOG_POINTS = 10
"""Integrals and extrema are taken over `2^LOG_POINTS` points."""


class BoxParameters(Parameters):
    """Parameters of a target that looks at a function over a box."""

    radius: Annotated[float, Field(gt=0, allow_inf_nan=False, description="the box is [-radius, radius]^n_0")] = 1.0


@lru_cache(maxsize=64)
def _unit_points(dimension: int, log_count: int) -> torch.Tensor:
    import torch

    sobol = torch.quasirandom.SobolEngine(dimension)
    return sobol.draw(2**log_count, dtype=torch.float64) + 2.0 ** -(log_count + 1)


def box_points(dimension: int, radius: float = 1.0, log_count: int = LOG_POINTS) -> torch.Tensor:
    """`[2^log_count, dimension]` float64 in the open box of that radius, exact dyadic numbers if the radius is one."""
    return radius * (2 * _unit_points(dimension, log_count) - 1)
