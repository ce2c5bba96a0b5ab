"""General position: in every hidden layer the biases are pairwise distinct (theory.md, section 1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from ..core.parameters import Parameters
from ..pairs.demands import demand_mlp
from ..pairs.vectors import random_vector
from ..weights.space import WeightSpace
from .drawing import stacked
from .regime import Regime, Samples


class GeneralPositionParameters(Parameters):
    """Parameters of `general-position`."""

    entries: Annotated[
        Literal["spread", "ternary"],
        Field(
            description="all but the hidden biases: multiples of 1/64 in [-1, 1], not zero; or -1/2, 0 and 1/2, so that "
            "ranks vary"
        ),
    ] = "spread"


def _draw(
    parameters: GeneralPositionParameters, space: WeightSpace, sizes: Sequence[int], rng: np.random.Generator
) -> tuple[Samples, ...]:
    return tuple(stacked(space, [_vector(parameters, space, rng) for _ in range(size)]) for size in sizes)


def _vector(
    parameters: GeneralPositionParameters, space: WeightSpace, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    vector = random_vector(space, rng)
    if parameters.entries == "ternary":
        hidden_biases = [f"b{layer}" for layer in range(1, len(space.widths) - 1)]
        vector |= {
            name: rng.integers(-1, 2, value.shape) / 2 for name, value in vector.items() if name not in hidden_biases
        }
    return vector


GENERAL_POSITION = Regime(
    "general-position",
    "independent entries, distinct biases in every hidden layer",
    GeneralPositionParameters,
    lambda parameters, space: demand_mlp("general-position", space),
    _draw,
)
