"""Pairs of weight vectors, the inputs of every separation check and of the oracles that relate them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .space import WeightSpace
from .symmetry import GroupElement

Vector = Mapping[str, np.ndarray]
"""One weight vector: tensor name -> float64 array of the space's shape, entries small dyadic rationals."""


@dataclass(frozen=True)
class Pair:
    """Two weight vectors of one space.

    Args:
        space: the weight space of both.
        v, w: the vectors.
        element: a group element with `w = g v`, if the family knows one.
        function_equal: a reason why both compute one function, if the family knows one ("neuron-wise ReLU rescaling by
            powers of two"), else None.
        symmetry: the symmetry beyond permutations that maps v to w by construction (`permutation+scale` or
            `permutation+sign`); a network that declares it must not tell the two apart.
    """

    space: WeightSpace
    v: Vector
    w: Vector
    element: GroupElement | None = None
    function_equal: str | None = None
    symmetry: str | None = None
