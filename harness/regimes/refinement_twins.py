"""The two orbits of prop-6.2, mixed half and half: vectors that no network of the power of 1-WL can separate.

The middle matrix is a multiple of the biadjacency of an 8-cycle (rank 3) or of two 4-cycles (rank 2); every other tensor is
constant along its hidden axes. Each draw of the constants appears in both orbits and in no other sample, so the 1-WL
classes of a batch have size two, and so have the function classes: behind a layer of like neurons only row sums matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from ..core.parameters import Parameters
from ..pairs.cycles import cycle, disjoint_union
from ..pairs.demands import refusal
from ..pairs.vectors import LIMIT, STEP, distinct, entries
from ..weights.space import WeightSpace, mlp
from .drawing import twins
from .regime import Regime, Samples

MATRICES = (cycle(4), disjoint_union(cycle(2), cycle(2)))
HIDDEN = (4, 4)
NARROW = 48
"""The middle matrix's multiple is 3/4 to 1 in size: over a wide range it would hide what the two matrices differ in."""


class TwinsParameters(Parameters):
    """Parameters of `prop-6.2-twins`."""

    biases: Annotated[
        Literal["equal", "distinct"],
        Field(
            description="of each hidden layer; distinct ones restore general position: the same matrices, but every "
            "vector is alone in its 1-WL class"
        ),
    ] = "equal"


def _space(parameters: TwinsParameters, space: WeightSpace | None) -> WeightSpace:
    if space is None:
        return mlp(1, *HIDDEN, 1)
    if not (space.is_mlp and space.widths[1:-1] == HIDDEN):
        raise refusal(
            f"the twins of prop-6.2 have hidden widths {HIDDEN}, the check's space is {space}; leave `space` out or "
            "change its widths"
        )
    return space


def _draw(
    parameters: TwinsParameters, space: WeightSpace, sizes: Sequence[int], rng: np.random.Generator
) -> tuple[Samples, ...]:
    pairs = _pairs(parameters, space, rng)
    return tuple(twins(space, lambda: next(pairs), size, rng) for size in sizes)


def _pairs(
    parameters: TwinsParameters, space: WeightSpace, rng: np.random.Generator
) -> Iterator[tuple[dict[str, np.ndarray], dict[str, np.ndarray]]]:
    """Pairs without end, no two with the same constants."""
    seen = set()
    while True:
        common = {
            "W1": np.tile(entries(space.widths[0], rng), (HIDDEN[0], 1)),
            "b1": _hidden_bias(parameters, HIDDEN[0], rng),
            "W2": rng.integers(NARROW, LIMIT + 1) * rng.choice((-1, 1)) * STEP,
            "b2": _hidden_bias(parameters, HIDDEN[1], rng),
            "W3": np.tile(entries((space.widths[-1], 1), rng), (1, HIDDEN[1])),
            "b3": entries(space.widths[-1], rng),
        }
        constants = tuple(np.sort(value, axis=None).tobytes() for value in common.values())
        if constants in seen:
            continue
        seen.add(constants)
        first, second = ({**common, "W2": common["W2"] * matrix} for matrix in MATRICES)
        yield first, second


def _hidden_bias(parameters: TwinsParameters, width: int, rng: np.random.Generator) -> np.ndarray:
    if parameters.biases == "distinct":
        return distinct(width, rng)
    return np.full(width, int(rng.integers(-LIMIT, LIMIT + 1)) * STEP)


PROP_6_2_TWINS = Regime(
    "prop-6.2-twins",
    "the two orbits of prop-6.2 half and half: 1-WL-equivalent, rank 3 against 2",
    TwinsParameters,
    _space,
    _draw,
)
