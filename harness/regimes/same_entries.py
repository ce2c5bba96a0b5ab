"""Groups of vectors with the same entries, differently arranged: what sees no graph, or one direction of it alone, cannot part them.

The vectors of a group hold in every tensor the same numbers. Arranged anywhere, they are one to a network that reads each tensor as a
bag of entries, and lie in general position. Arranged within rows, where the neurons of the first hidden layer are alike, they are one
to a bag *and* to whatever passes messages forward alone: every neuron of the second layer sees the same incoming multiset. Refinement
in both directions parts them (the columns differ), and no two orbits of a group coincide but by chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from ..core.parameters import Parameters
from ..pairs.demands import demand_mlp, refusal
from ..pairs.vectors import LIMIT, STEP, constant, distinct, entries, random_vector, relabelled
from ..weights.space import WeightSpace
from .drawing import stacked
from .regime import Regime, Samples


class SameEntriesParameters(Parameters):
    """Parameters of `same-entries`."""

    arranged: Annotated[
        Literal["anywhere", "within-rows"],
        Field(
            description="anywhere: every matrix shuffled, in general position; within-rows: the first hidden layer's neurons "
            "alike, each row of the second matrix shuffled, so that only what hears outgoing edges sees a difference"
        ),
    ] = "anywhere"
    members: Annotated[int, Field(ge=2, le=64, description="vectors of one group")] = 4


def _space(parameters: SameEntriesParameters, space: WeightSpace | None) -> WeightSpace:
    space = demand_mlp("same-entries", space)
    if parameters.arranged == "within-rows" and (len(space.widths) < 4 or min(space.widths[1:3]) < 2):
        raise refusal(
            f"rows of the second matrix are shuffled between two hidden layers of two neurons and more, the check's space is {space}"
        )
    return space


def _draw(
    parameters: SameEntriesParameters, space: WeightSpace, sizes: Sequence[int], rng: np.random.Generator
) -> tuple[Samples, ...]:
    return tuple(_batch(parameters, space, size, rng) for size in sizes)


def _batch(parameters: SameEntriesParameters, space: WeightSpace, size: int, rng: np.random.Generator) -> Samples:
    """Whole groups, of which the last one may be cut short, in random order, each vector relabelled."""
    vectors = []
    while len(vectors) < size:
        group = _rows(space, rng) if parameters.arranged == "within-rows" else random_vector(space, rng)
        for _ in range(parameters.members):
            vectors.append(relabelled(space, _arranged(parameters, group, rng), rng))
    vectors = vectors[:size]
    return stacked(space, [vectors[index] for index in rng.permutation(size)])


def _rows(space: WeightSpace, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """The neurons of the first hidden layer alike; those of the second differ by their biases and reach the outputs alike in size.

    The matrices after the second have entries of 3/4 to 1, so that what arrives is decided by how the second is arranged.
    """
    vector = random_vector(space, rng)
    widths = space.widths
    vector["W1"] = np.tile(entries(widths[0], rng), (widths[1], 1))
    vector["b1"] = np.full(widths[1], constant(rng))
    vector["b2"] = distinct(widths[2], rng)
    for layer in range(3, len(widths)):
        vector[f"W{layer}"] = rng.integers(3 * LIMIT // 4, LIMIT + 1, vector[f"W{layer}"].shape) * STEP
    return vector


def _arranged(
    parameters: SameEntriesParameters, group: dict[str, np.ndarray], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    if parameters.arranged == "within-rows":
        return {**group, "W2": rng.permuted(group["W2"], axis=1)}
    return {
        name: rng.permutation(tensor.ravel()).reshape(tensor.shape) if tensor.ndim == 2 else tensor
        for name, tensor in group.items()
    }


SAME_ENTRIES = Regime(
    "same-entries",
    "groups of vectors with the same entries in every tensor, differently arranged",
    SameEntriesParameters,
    _space,
    _draw,
)
