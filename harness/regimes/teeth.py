"""Teeth: functions of one input that use every piece their network has, so that operators which add pieces overflow it.

A network with one hidden layer of n neurons has at most n kinks. Here all n lie in (-1, 1), in n equal cells, one in each, and
the function runs from kink to kink between heights of 1/2 to 1 above and below zero in turn. Doubling its teeth asks for twice
the pieces: more than a network of the same size can have (prop-7.1), and hardly more than two averaged ones have (thm-7.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from ..core.parameters import Parameters
from ..pairs.demands import demand_space, refusal
from ..pairs.vectors import relabelled
from ..weights.space import WeightSpace
from .drawing import stacked
from .regime import Regime, Samples

STEP = 2.0**-9
"""Kinks are multiples of this, heights of eight times as much; outgoing weights are quotients of them, rounded to float32."""
GAIN = 4.0
"""All weights of the first layer; so those of the second are of like size."""
WIDEST = 64


class TeethParameters(Parameters):
    """Parameters of `teeth`."""

    jitter: Annotated[
        float, Field(ge=0, le=0.5, description="how far kinks are scattered, as a share of the teeth's distance")
    ] = 0.125


def _space(parameters: TeethParameters, space: WeightSpace | None) -> WeightSpace:
    space = demand_space("teeth", space)
    fits = space.is_mlp and len(space.widths) == 3 and space.widths[0] == space.widths[2] == 1
    if not (fits and space.activation == "relu" and 2 <= space.widths[1] <= WIDEST):
        raise refusal(
            f"teeth are made by ReLU networks (1, n, 1) with n from 2 to {WIDEST}, the check's space is {space}"
        )
    return space


def _draw(
    parameters: TeethParameters, space: WeightSpace, sizes: Sequence[int], rng: np.random.Generator
) -> tuple[Samples, ...]:
    return tuple(
        stacked(space, [relabelled(space, _vector(parameters, space, rng), rng) for _ in range(size)]) for size in sizes
    )


def _vector(parameters: TeethParameters, space: WeightSpace, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """All neurons look to the right: left of the first kink the function is constant, and slopes add up from there on."""
    width = space.widths[1]
    kinks = _kinks(width, parameters.jitter, rng)
    heights = rng.integers(32, 65, width + 1) / 64 * (-1) ** np.arange(width + 1) * rng.choice((-1, 1))
    slopes = np.diff(heights) / np.diff(kinks)
    outgoing = np.diff(slopes, prepend=0.0) / GAIN
    return {
        "W1": np.full((width, 1), GAIN),
        "b1": -GAIN * kinks[:-1],
        "W2": outgoing.astype(np.float32).astype(np.float64)[None, :],
        "b2": heights[:1],
    }


def _kinks(width: int, jitter: float, rng: np.random.Generator) -> np.ndarray:
    """Rising, one in each of `width` equal cells of [-1, 1], and one more beyond, where the last piece heads."""
    cell = 2 / width
    places = -1 + cell * (np.arange(width + 1) + 0.5 + jitter * (rng.random(width + 1) - 0.5))
    return np.round(places / STEP) * STEP


TEETH = Regime(
    "teeth",
    "functions on a line that use all the pieces of their (1, n, 1) network, up and down in turn",
    TeethParameters,
    _space,
    _draw,
)
