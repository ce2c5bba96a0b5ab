"""General position of order t, on any space: every index of a permuted axis has a colour of its own by round t of refinement.

Order 0 is general position as MLPs have it: on every permuted axis the vectors of the tensors that have this axis alone are pairwise
distinct, of an MLP the biases of every hidden layer (theory.md, section 1). Axes that no tensor has for its only one, as heads,
keys and values, have no order 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from ..core.parameters import Parameters, SuiteValueError
from ..pairs.demands import demand_space, refusal
from ..pairs.vectors import random_vector
from ..weights.space import WeightSpace
from .drawing import stacked
from .regime import Regime, Samples

TRIES = 20
"""Batches that are drawn for vectors of the order before the regime is refused."""


class GeneralPositionParameters(Parameters):
    """Parameters of `general-position`."""

    entries: Annotated[
        Literal["spread", "ternary"],
        Field(
            description="all but the hidden biases: multiples of 1/64 in [-1, 1], not zero; or -1/2, 0 and 1/2, so that "
            "ranks vary"
        ),
    ] = "spread"
    order: Annotated[
        int,
        Field(
            ge=0,
            le=8,
            description="t: every index has its own colour by round t of refinement; from 1 on biases are tied, half of them",
        ),
    ] = 0

    @model_serializer(mode="wrap")
    def told(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Order 0 was all there was: rows that ask for it are those from before one could say so."""
        told = handler(self)
        if not self.order:
            told.pop("order", None)
        return told


def _space(parameters: GeneralPositionParameters, space: WeightSpace | None) -> WeightSpace:
    asked = demand_space("general-position", space)
    alone = {axes[0] for _, axes in asked.tensors if len(axes) == 1}
    bare = [axis for axis in asked.permuted if axis not in alone]
    if bare and not parameters.order:
        raise refusal(
            f"general-position of order 0 needs a tensor with each permuted axis alone, and {', '.join(bare)} of the check's "
            f"space {asked} {'has' if len(bare) == 1 else 'have'} none; ask for order: 1"
        )
    return asked


def _draw(
    parameters: GeneralPositionParameters, space: WeightSpace, sizes: Sequence[int], rng: np.random.Generator
) -> tuple[Samples, ...]:
    if parameters.order:
        return tuple(stacked(space, _of_order(parameters, space, size, rng)) for size in sizes)
    return tuple(stacked(space, [_vector(parameters, space, rng) for _ in range(size)]) for size in sizes)


def _of_order(
    parameters: GeneralPositionParameters, space: WeightSpace, size: int, rng: np.random.Generator
) -> list[dict[str, np.ndarray]]:
    """Vectors with tied biases of which refinement makes every index its own by round t; others are drawn again.

    Raises:
        SuiteValueError: too few of those that are drawn are of the order.
    """
    from ..oracles.tuples.colouring import colour

    found: list[dict[str, np.ndarray]] = []
    for _ in range(TRIES):
        drawn = [random_vector(space, rng, "biases" if parameters.entries == "spread" else "all") for _ in range(size)]
        colouring = colour(space, drawn)
        inside = np.all(colouring.discrete_in(min(parameters.order, colouring.rounds)), axis=1)
        found += [v for v, kept in zip(drawn, inside.tolist(), strict=True) if kept]
        if len(found) >= size:
            return found[:size]
    raise SuiteValueError(
        (
            ("regime", "order"),
            f"{len(found)} of {TRIES * size} vectors of {space} are of order {parameters.order}; ask for a higher one, or wider axes",
        )
    )


def _vector(
    parameters: GeneralPositionParameters, space: WeightSpace, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    vector = random_vector(space, rng)
    if parameters.entries == "ternary":
        alone = [name for name, axes in space.tensors if len(axes) == 1 and axes[0] in space.permuted]
        vector |= {name: rng.integers(-1, 2, value.shape) / 2 for name, value in vector.items() if name not in alone}
    return vector


GENERAL_POSITION = Regime(
    "general-position",
    "independent entries, distinct biases in every hidden layer; or every index its own by round t",
    GeneralPositionParameters,
    _space,
    _draw,
)
