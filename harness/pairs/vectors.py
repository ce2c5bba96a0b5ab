"""Weight vectors in exact numbers: random entries, values with and without ties, and the group's action on numpy arrays.

Law: every number drawn here is a multiple of 2^-6 with a small numerator, hence exact in float32 and float64 alike, and so
are its sums and its products with powers of two.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from ..weights.pair import Vector
from ..weights.space import WeightSpace
from ..weights.symmetry import GroupElement, random_elements

STEP = 2.0**-6
LIMIT = 64
"""Numerators of entries go up to this, so entries lie within [-1, 1]; they are never zero, so no unit is dead by chance."""

Ties = Literal["none", "biases", "all"]


def entries(shape: int | tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Independent non-zero multiples of 2^-6 in [-1, 1], as an array of `shape`."""
    return rng.integers(1, LIMIT + 1, shape) * rng.choice((-1, 1), shape) * STEP


def distinct(count: int, rng: np.random.Generator) -> np.ndarray:
    """`count` pairwise distinct non-zero multiples of 2^-6, in random order; numerators up to `max(LIMIT, count)`."""
    limit = max(LIMIT, count)
    drawn = rng.choice(2 * limit, count, replace=False) - limit
    return np.where(drawn >= 0, drawn + 1, drawn) * STEP


def constant(rng: np.random.Generator) -> float:
    """One multiple of 1/8 in [-1, 1]."""
    return int(rng.integers(-8, 9)) / 8


def random_vector(space: WeightSpace, rng: np.random.Generator, ties: Ties = "none") -> dict[str, np.ndarray]:
    """A random weight vector of any space.

    Args:
        ties: "none": in general position, every tensor along a single permuted axis (the hidden biases of an MLP) has
            pairwise distinct entries; "biases": such a tensor of n entries has at most n/2 values (one, if n is 1), so some
            are repeated; "all": that, and every other entry is -1/2, 0 or 1/2.
    """
    return {name: _random_tensor(space, axes, rng, ties) for name, axes in space.tensors}


def _random_tensor(space: WeightSpace, axes: tuple[str, ...], rng: np.random.Generator, ties: Ties) -> np.ndarray:
    shape = tuple(space.size[axis] for axis in axes)
    if len(axes) == 1 and axes[0] in space.permuted:
        count = shape[0]
        return distinct(count, rng) if ties == "none" else rng.choice(distinct(max(1, count // 2), rng), count)
    return rng.integers(-1, 2, shape) / 2 if ties == "all" else entries(shape, rng)


def moved(space: WeightSpace, g: GroupElement, vector: Vector) -> dict[str, np.ndarray]:
    """`g v`: entry `i` of every permuted axis goes to `images[i]`; entries are moved, never computed (as `symmetry.act`)."""
    sources = {axis: np.argsort(images) for axis, images in g.permutations}
    result = {}
    for name, axes in space.tensors:
        tensor = np.array(vector[name])
        for position, axis in enumerate(axes):
            if axis in sources:
                tensor = np.take(tensor, sources[axis], axis=position)
        result[name] = tensor
    return result


def relabelled(space: WeightSpace, vector: Vector, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """The vector with its hidden neurons renumbered uniformly at random."""
    return moved(space, random_elements(space, 1, rng)[0], vector)
