"""What regimes share: vectors stacked into samples, and pairs mixed half and half."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..pairs.vectors import relabelled
from ..weights.space import WeightSpace
from .regime import Samples

if TYPE_CHECKING:
    from ..weights.pair import Vector


def stacked(space: WeightSpace, vectors: Sequence[Vector]) -> Samples:
    """Samples without metadata."""
    from ..weights.batch import Weights

    return Samples(Weights.from_arrays(space, vectors))


def twins(
    space: WeightSpace, pair: Callable[[], tuple[Vector, Vector]], size: int, rng: np.random.Generator
) -> Samples:
    """`size` vectors, both of every pair among them, each relabelled at random, in random order.

    Twins stay in one batch; where `size` is odd one vector is without its twin.
    """
    vectors = [relabelled(space, vector, rng) for _ in range((size + 1) // 2) for vector in pair()]
    return stacked(space, [vectors[index] for index in rng.permutation(size)])
