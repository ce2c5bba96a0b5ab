"""Teeth: functions of one input that use every piece their network has, so that operators which add pieces overflow it.

A network with one hidden layer of n neurons has at most n kinks. Here all n lie in (-1, 1), in n equal cells, one in each, and
the function runs from kink to kink between heights of 1/4 to 1 above and below zero in turn. Applied to such a function tooth-doubling asks for twice the pieces, more
than a network of the same size can have (prop-7.1), and as many as two averaged ones nearly have (thm-7.2).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..pairs.vectors import relabelled
from ..parameters import Parameters
from ..space import WeightSpace
from .drawing import demand_space, refusal, stacked
from .regime import Regime, Samples

STEP = 2.0**-9
"""Kinks are multiples of this, heights of eight times as much; outgoing weights are quotients of them, rounded to float32."""
WIDEST = 64


def _space(parameters: Parameters, space: WeightSpace | None) -> WeightSpace:
    space = demand_space("teeth", space)
    fits = space.is_mlp and len(space.widths) == 3 and space.widths[0] == space.widths[2] == 1
    if not (fits and space.activation == "relu" and 2 <= space.widths[1] <= WIDEST):
        raise refusal(
            f"teeth are made by ReLU networks (1, n, 1) with n from 2 to {WIDEST}, the check's space is {space}"
        )
    return space


def _draw(
    parameters: Parameters, space: WeightSpace, sizes: Sequence[int], rng: np.random.Generator
) -> tuple[Samples, ...]:
    return tuple(stacked(space, [relabelled(space, _vector(space, rng), rng) for _ in range(size)]) for size in sizes)


def _vector(space: WeightSpace, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """In general position: no two neurons have one bias.

    All neurons look to the right, so left of the first kink the function is constant, and slopes add up from there on.
    """
    width = space.widths[1]
    while True:
        kinks = _kinks(width, rng)
        gains = rng.choice((2.0, 4.0), width)
        if len(np.unique(gains * kinks[:-1])) == width:
            break
    heights = rng.integers(16, 65, width + 1) / 64 * (-1) ** np.arange(width + 1) * rng.choice((-1, 1))
    slopes = np.diff(heights) / np.diff(kinks)
    outgoing = np.diff(slopes, prepend=0.0) / gains
    return {
        "W1": gains[:, None],
        "b1": -gains * kinks[:-1],
        "W2": outgoing.astype(np.float32).astype(np.float64)[None, :],
        "b2": heights[:1],
    }


def _kinks(width: int, rng: np.random.Generator) -> np.ndarray:
    """Rising, one in the middle half of each of `width` equal cells of [-1, 1], and one more beyond, where the last piece heads."""
    cell = 2 / width
    places = -1 + cell * (np.arange(width + 1) + 0.25 + 0.5 * rng.random(width + 1))
    return np.round(places / STEP) * STEP


TEETH = Regime(
    "teeth",
    "functions on a line that use all the pieces of their (1, n, 1) network, up and down in turn",
    Parameters,
    _space,
    _draw,
)
