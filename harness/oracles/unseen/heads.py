"""What sums over the heads of a transformer block do not see, as exact relations of two weight vectors of it.

| name | v and w differ in |
|---|---|
| `head-pairing` | which pattern of attention goes with which values: `(W_Q, b_Q, W_K, b_K)_h` reordered over heads, `(W_V, b_V, W_O)_h` reordered over heads by itself |
| `sums-over-heads` | one key index, `(W_Q, b_Q, W_K, b_K)_{h,k}`, exchanged between two heads, or one value index, `(W_V, b_V, W_O)_{h,m}`, or both |
| `attention-biases` | `b_Q, b_K, b_V, b_O` |
| `inner-embedding` | which place of the stream attention writes to and the next layer reads: `(W_O[j], b_O[j], W_1[:, j])` reordered over j |

Of the first two the sums `sum_h W_Q,h W_K,h^T` and `sum_h W_V,h W_O,h` are the same. The last is a symmetry of a block without residual stream, where
nothing else is joined to that place. Source: proved in `architectures/transformers/transformer_nfn.py`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...weights.pair import Vector
from ...weights.space import WeightSpace

BIASES = ("bQ", "bK", "bV", "bO")
HEADS = ("WQ", "WK", "WV", "WO", "bQ", "bK", "bV")
PLACES = ("WO", "bO", "W1")


def keys(v: Vector) -> np.ndarray:
    """`[head, key, 2 model + 2]`: all that one key index of one head has."""
    return np.concatenate([v["WQ"], v["WK"], v["bQ"][..., None], v["bK"][..., None]], 2)


def values(v: Vector) -> np.ndarray:
    """`[head, value, 2 model + 1]`: all that one value index of one head has."""
    return np.concatenate([v["WV"], v["bV"][..., None], np.moveaxis(v["WO"], 0, 2)], 2)


def same_bags_of_heads(space: WeightSpace, v: Vector, w: Vector) -> bool:
    """`head-pairing`."""

    def bag(of: Callable[[Vector], np.ndarray], u: Vector) -> np.ndarray:
        return _sorted_rows(of(u).reshape(space.size["head"], -1))

    return others_equal(space, HEADS, v, w) and all(np.array_equal(bag(of, v), bag(of, w)) for of in (keys, values))


def one_exchange(space: WeightSpace, v: Vector, w: Vector) -> bool:
    """`sums-over-heads`."""
    return others_equal(space, HEADS, v, w) and all(_exchanged(of(v), of(w)) for of in (keys, values))


def other_biases(space: WeightSpace, v: Vector, w: Vector) -> bool:
    """`attention-biases`."""
    return others_equal(space, BIASES, v, w)


def other_places(space: WeightSpace, v: Vector, w: Vector) -> bool:
    """`inner-embedding`."""

    def bag(u: Vector) -> np.ndarray:
        model = space.size["model"]
        return _sorted_rows(np.column_stack([u["WO"].reshape(model, -1), u["bO"], u["W1"].T]))

    return others_equal(space, PLACES, v, w) and np.array_equal(bag(v), bag(w))


def others_equal(space: WeightSpace, but: tuple[str, ...], v: Vector, w: Vector) -> bool:
    """Whether all tensors but those are the same."""
    return all(np.array_equal(v[name], w[name]) for name in space.axes if name not in but)


def _exchanged(before: np.ndarray, after: np.ndarray) -> bool:
    """Whether nothing changed, or one index of one head stands where one of another head stood, and the other way round."""
    places = [tuple(place) for place in np.argwhere((before != after).any(2)).tolist()]
    if len(places) != 2:
        return not places
    one, two = places
    same = np.array_equal(after[one], before[two]) and np.array_equal(after[two], before[one])
    return one[0] != two[0] and same


def _sorted_rows(rows: np.ndarray) -> np.ndarray:
    return rows[np.lexsort(rows.T)]
