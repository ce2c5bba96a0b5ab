"""Families that a network with a defect misses: messages in one direction only, or pooling that forgets multiplicities."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from .demands import Counted, problem, refuse
from .middle import Middle, middle_family

WIDEST = 256


class DirectionParameters(Counted):
    """Parameters of `direction`."""

    size: Annotated[int, Field(ge=2, le=WIDEST, description="width of both hidden layers")] = 2


def _direction(parameters: DirectionParameters) -> dict[str, Middle]:
    """Every neuron reads one neuron: all the same one, or each its own. Only the neurons that are read can tell."""
    size = parameters.size
    one_column = np.zeros((size, size))
    one_column[:, 0] = 1
    return {"": Middle((size, size), lambda rng: (one_column, np.eye(size)))}


DIRECTION = middle_family(
    "direction",
    "all read one neuron, or each its own: parts in round 1 with both directions, never forward-only (same function)",
    DirectionParameters,
    _direction,
    "thm-5.2",
)


class MultiplicityParameters(Counted):
    """Parameters of `multiplicity`."""

    size: Annotated[int, Field(ge=3, le=WIDEST, description="width of both hidden layers")] = 4
    degrees: Annotated[
        list[int], Field(min_length=2, max_length=2, description="ones in every row and column, in v and in w")
    ] = [1, 2]


def _multiplicity(parameters: MultiplicityParameters) -> dict[str, Middle]:
    """Every neuron sees ones and zeros from and to alike neurons: the same sets, in other numbers."""
    size, (first, second) = parameters.size, parameters.degrees
    if first == second or not all(1 <= degree < size for degree in parameters.degrees):
        refuse(
            problem(
                "degrees", message=f"two different degrees from 1 to size - 1 = {size - 1}, got {first} and {second}"
            )
        )
    return {"": Middle((size, size), lambda rng: (circulant(size, first), circulant(size, second)))}


def circulant(size: int, degree: int) -> np.ndarray:
    """Sum of the first `degree` powers of the cyclic shift: every row and column holds `degree` ones."""
    return np.sum([np.roll(np.eye(size), shift, axis=1) for shift in range(degree)], axis=0)


MULTIPLICITY = middle_family(
    "multiplicity",
    "the same sets of weights at every neuron in other multiplicities: parts in round 1, invisible to max pooling",
    MultiplicityParameters,
    _multiplicity,
    "thm-5.2",
)
