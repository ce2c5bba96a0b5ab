"""Function-equal twins: pairs of vectors that compute one function though they lie in different orbits.

Both vectors of every pair are in one batch, each relabelled at random, so the function classes of a batch have size two.
Made by the pair families of the same names (`pairs/function_preserving.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from ..core.parameters import Parameters
from ..pairs import PAIR_FAMILIES
from ..pairs.demands import demand_space
from ..weights.space import WeightSpace
from .drawing import twins
from .regime import Regime, Samples

if TYPE_CHECKING:
    from ..weights.pair import Vector


class FunctionTwinsParameters(Parameters):
    """Parameters of `function-equal-twins`."""

    by: Annotated[
        Literal["relu-rescaling", "sign-flip", "dead-neuron", "split-neuron"],
        Field(description="the pair family that makes the twins"),
    ] = "relu-rescaling"


def _space(parameters: FunctionTwinsParameters, space: WeightSpace | None) -> WeightSpace:
    family = PAIR_FAMILIES[parameters.by]
    family.cases(family.parameters(), space)  # its own refusals of a space
    return demand_space("function-equal-twins", space)


def _draw(
    parameters: FunctionTwinsParameters, space: WeightSpace, sizes: Sequence[int], rng: np.random.Generator
) -> tuple[Samples, ...]:
    family = PAIR_FAMILIES[parameters.by]
    options = family.parameters()
    [case, *_] = family.cases(options, space)

    def pair() -> tuple[Vector, Vector]:
        made = family.make(options, space, case, rng)
        return made.v, made.w

    return tuple(twins(space, pair, size, rng) for size in sizes)


FUNCTION_EQUAL_TWINS = Regime(
    "function-equal-twins",
    "two vectors of each function: neurons rescaled, flipped, dead or split",
    FunctionTwinsParameters,
    _space,
    _draw,
)
