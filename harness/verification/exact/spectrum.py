"""Whether factor pairs lie in the domain `simple-spectrum`, by another way than the harness: QR of both factors, then a small SVD."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...weights.groups import NotCarried, carried
from ...weights.pair import Pair
from ...weights.space import WeightSpace

GAP = 2.0**-14
"""Values nearer than this, of the largest, count as equal."""


def both_simple(pair: Pair) -> bool:
    """Whether both vectors of a pair lie in the domain."""
    return simple(pair.space, pair.v) and simple(pair.space, pair.w)


def simple(space: WeightSpace, vector: Mapping[str, np.ndarray]) -> bool:
    """Whether every product along an axis with all invertible matrices has positive, distinct singular values, and every left singular
    vector one largest |entry|."""
    try:
        kinds = carried(space)
    except NotCarried:
        return True
    for axis in space.permuted:
        holders = [(name, axes) for name, axes in space.tensors if axis in axes]
        if not kinds[axis].kind.maps or kinds[axis].within or len(holders) != 2:
            continue
        flat = [
            np.moveaxis(vector[name], axes.index(axis), -1).reshape(-1, space.size[axis])
            for name, axes in sorted(holders, key=lambda held: held[1].index(axis), reverse=True)
        ]
        if not _simple(*flat):
            return False
    return True


def _simple(left: np.ndarray, right: np.ndarray) -> bool:
    rank = left.shape[1]
    if rank > min(len(left), len(right)):
        return False
    Q, R = np.linalg.qr(left)
    turned, values, _ = np.linalg.svd(R @ np.linalg.qr(right)[1].T)
    apart = values[:-1] - values[1:] > GAP * values[0]
    largest = np.sort(abs(Q @ turned), axis=0)
    told = len(left) == 1 or bool((largest[-1] - largest[-2] > GAP).all())
    return bool(values[0] > 0 and values[-1] > GAP * values[0] and apart.all() and told)
