"""Ties of a chosen kind: weights outside general position, as quantised, tied and zero-bias networks have them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from ..core.parameters import Parameters, SuiteValueError
from ..pairs.demands import demand_mlp
from ..pairs.vectors import LIMIT, STEP, random_vector
from ..weights.space import WeightSpace
from .drawing import stacked
from .regime import Regime, Samples


class TiesParameters(Parameters):
    """Parameters of `ties`."""

    ties: Annotated[
        Literal["equal-biases", "zero-biases", "quantised"],
        Field(
            description="equal-biases: one bias in each hidden layer; zero-biases: all biases are zero, those of outputs "
            "too; quantised: every entry is one of the 2^bits evenly spaced values of [-1, 1)"
        ),
    ] = "equal-biases"
    bits: Annotated[int | None, Field(ge=1, le=16, description="of quantised entries; left out: 2")] = None


def _space(parameters: TiesParameters, space: WeightSpace | None) -> WeightSpace:
    if parameters.bits is not None and parameters.ties != "quantised":
        raise SuiteValueError((("regime", "bits"), f'only "ties: quantised" has bits, got "ties: {parameters.ties}"'))
    return demand_mlp("ties", space)


def _draw(
    parameters: TiesParameters, space: WeightSpace, sizes: Sequence[int], rng: np.random.Generator
) -> tuple[Samples, ...]:
    return tuple(stacked(space, [_vector(parameters, space, rng) for _ in range(size)]) for size in sizes)


def _vector(parameters: TiesParameters, space: WeightSpace, rng: np.random.Generator) -> dict[str, np.ndarray]:
    if parameters.ties == "quantised":
        bits = parameters.bits or 2
        return {name: rng.integers(0, 2**bits, shape) * 2.0 ** (1 - bits) - 1 for name, shape in space.shapes.items()}
    vector = random_vector(space, rng)
    for layer, width in enumerate(space.widths[1:], 1):
        if parameters.ties == "zero-biases":
            vector[f"b{layer}"] = np.zeros(width)
        elif layer < len(space.widths) - 1:
            vector[f"b{layer}"] = np.full(width, int(rng.integers(-LIMIT, LIMIT + 1)) * STEP)
    return vector


TIES = Regime(
    "ties",
    "repeated values: equal biases, zero biases, or all entries quantised to a few bits",
    TiesParameters,
    _space,
    _draw,
)
