"""Weights on a coarse grid, as after rounding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from orbitcheck.extending import Parameters, Samples, WeightSpace, demand_space, regime, stacked


class Grid(Parameters):
    """What a suite may say under `regime` beside `name`."""

    steps: Annotated[int, Field(ge=1, le=64, description="values between 0 and 1")] = 4


def space(parameters: Grid, given: WeightSpace | None) -> WeightSpace:
    return demand_space("acme-grid", given)


@regime("acme-grid", "every weight a multiple of one step in [-1, 1]", parameters=Grid, space=space)
def draw(parameters: Grid, space: WeightSpace, sizes: Sequence[int], rng: np.random.Generator) -> tuple[Samples, ...]:
    def vector() -> dict[str, np.ndarray]:
        whole = {
            name: rng.integers(-parameters.steps, parameters.steps + 1, shape) for name, shape in space.shapes.items()
        }
        return {name: (numbers / parameters.steps).astype(np.float32).astype(float) for name, numbers in whole.items()}

    return tuple(stacked(space, [vector() for _ in range(size)]) for size in sizes)
