"""Weight matching: the permutation that brings one weight vector closest to another, and bounds on how close any can.

Law: `match` returns an element g and `|g v - w|`, which no permutation beats by more than coordinate descent misses; it is 0 only
where `g v = w`. Both hold of all finite weights: what is squared was brought near one before, by powers of two, which change no bit. `sorted_entries` is a contraction: `|F(v) - F(w)| <= |g v - w|` for *every* g, because sorting two lists is
the closest that any matching of them comes. So what lies far apart in F need not be matched at all.

Source: Ainsworth, Hayase, Srinivasa 2023, *Git Re-Basin*, section 3.2 (weight matching), with assignments by
`linear_sum_assignment` of scipy, started from each neuron's sorted weights.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from ...weights.pair import Vector
from ...weights.space import WeightSpace
from ...weights.symmetry import GroupElement
from ..orbit import equal, moved

SWEEPS = 20
"""Rounds over all axes; near copies take two."""


@dataclass(frozen=True)
class Matching:
    """The closest copy that was found: `distance` is the Euclidean norm of `g v - w`, g being `element`."""

    element: GroupElement
    distance: float


def match(space: WeightSpace, v: Vector, w: Vector) -> Matching:
    """Weight matching of v to w. Arrays are float64 of the space's shapes."""
    exponent = size_of([*v.values(), *w.values()])
    first, second = ({name: np.ldexp(u[name], -exponent) for name in space.axes} for u in (v, w))
    images = {
        axis: _assigned(-_gaps(_signatures(space, first, axis), _signatures(space, second, axis)))
        for axis in space.permuted
    }
    for _ in range(SWEEPS):
        changed = False
        for axis in space.permuted:
            better = _assigned(_agreement(space, first, second, axis, images))
            changed |= bool((better != images[axis]).any())
            images[axis] = better
        if not changed:
            break
    element = GroupElement(tuple((axis, tuple(images[axis].tolist())) for axis in space.permuted))
    if equal(space, moved(space, element, v), w):
        return Matching(element, 0.0)
    copy = moved(space, element, first)
    apart = norm([copy[name] - second[name] for name in space.axes])
    return Matching(element, max(_scaled(apart, exponent), math.ulp(0.0)))


def size_of(arrays: Iterable[np.ndarray]) -> int:
    """The power of two by which arrays are divided so that none of their entries is above one."""
    return math.frexp(max((float(np.abs(array).max(initial=0.0)) for array in arrays), default=0.0))[1]


def norm(arrays: Iterable[np.ndarray]) -> float:
    """The Euclidean norm of all entries, at most the largest float."""
    arrays = list(arrays)
    exponent = size_of(arrays)
    return _scaled(sum(float(np.square(np.ldexp(array, -exponent)).sum()) for array in arrays) ** 0.5, exponent)


def _scaled(number: float, exponent: int) -> float:
    """`number * 2^exponent`, at most the largest float."""
    try:
        return math.ldexp(number, exponent)
    except OverflowError:
        return sys.float_info.max


def sorted_entries(space: WeightSpace, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    """`[nets, parameters]`: of every tensor the entries sorted over its permuted places, for each index of its fixed places."""
    parts = []
    for name, axes in space.tensors:
        array = arrays[name]
        fixed = [place + 1 for place, axis in enumerate(axes) if axis not in space.permuted]
        permuted = [place + 1 for place, axis in enumerate(axes) if axis in space.permuted]
        ordered = array.transpose(0, *fixed, *permuted).reshape(
            len(array), int(np.prod([array.shape[place] for place in fixed], dtype=int)), -1
        )
        parts.append(np.sort(ordered, axis=2).reshape(len(array), -1))
    return np.concatenate(parts, axis=1)


def _assigned(gain: np.ndarray) -> np.ndarray:
    """`images[i]`: the assignment of rows to columns of largest total gain."""
    rows, columns = linear_sum_assignment(gain, maximize=True)
    images = np.empty(len(rows), dtype=int)
    images[rows] = columns
    return images


def _signatures(space: WeightSpace, v: Vector, axis: str) -> np.ndarray:
    """`[size, entries]`: what each index of an axis holds, whatever the other permuted axes are numbered like."""
    parts = []
    for name, axes in space.tensors:
        for place, own in enumerate(axes):
            if own != axis:
                continue
            others = [p for p in range(len(axes)) if p != place]
            fixed = [p for p in others if axes[p] not in space.permuted]
            permuted = [p for p in others if axes[p] in space.permuted]
            array = np.asarray(v[name]).transpose(place, *fixed, *permuted)
            shape = array.shape
            array = array.reshape(shape[0], int(np.prod(shape[1 : 1 + len(fixed)], dtype=int)), -1)
            parts.append(np.sort(array, axis=2).reshape(shape[0], -1))
    return np.concatenate(parts, axis=1)


def _gaps(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Squared distances of all rows to all rows."""
    return np.square(left).sum(1)[:, None] + np.square(right).sum(1)[None] - 2 * (left @ right.T)


def _agreement(space: WeightSpace, v: Vector, w: Vector, axis: str, images: Mapping[str, np.ndarray]) -> np.ndarray:
    """`[size, size]`: the inner product of what index i of v and index j of w hold, all other axes being matched."""
    total = np.zeros((len(images[axis]), len(images[axis])))
    for name, axes in space.tensors:
        for place, own in enumerate(axes):
            if own != axis:
                continue
            other = np.asarray(w[name])
            for p, beside in enumerate(axes):
                if p != place and beside in images:
                    other = np.take(other, images[beside], axis=p)
            left = np.moveaxis(np.asarray(v[name]), place, 0).reshape(len(total), -1)
            total += left @ np.moveaxis(other, place, 0).reshape(len(total), -1).T
    return total
