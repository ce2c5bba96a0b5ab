"""Keys of a weight space: which tuples of permuted axes its tensors speak of, and what they say of each tuple.

The *key* of a tensor is the multiset of its permuted axes, in the order of the space's permuted axes: `("n1", "n2")`,
`("n1", "n1")`, or `()` where it has none. The keys of a space are these and all their sub-multisets. A tuple of indices of one key
has a *label*: of every tensor with that key, for every order of the key's places that keeps their names, the entries over all
fixed axes; and which of its places carry one index. So `R[n1, n1]` says `(R[i, j], R[j, i], i = j)` of (i, j), and `A[n, r]` and
`B[r, n]` together say `(A[i, j], B[j, i])`. An index of a fixed axis is part of a label, never a node.

Labels are ranks among those of all nets, in lexicographic order of the entries: they depend on the set of nets alone. Tensors with
at most one axis count from round 0 of refinement, all others from round 1; this alone gives MLPs the rounds that they have.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations, permutations

import numpy as np

from ...weights.space import WeightSpace

Key = tuple[str, ...]
Ranks = np.ndarray
"""`[nets, *sizes of the key's axes]`, integers from 0."""

LARGEST_CODE = 1 << 62


def key_of(space: WeightSpace, axes: Iterable[str]) -> Key:
    """The permuted ones of some axes, in the order in which the space lists them."""
    return tuple(sorted((axis for axis in axes if axis in space.permuted), key=space.permuted.index))


def keys(space: WeightSpace) -> tuple[Key, ...]:
    """All keys of the space, longest first, the empty one last."""
    of_tensors = {key_of(space, axes) for _, axes in space.tensors}
    found = {part for key in of_tensors for size in range(len(key) + 1) for part in combinations(key, size)} | {()}
    return tuple(sorted(found, key=lambda key: (-len(key), [space.permuted.index(axis) for axis in key])))


def shape_of(space: WeightSpace, key: Key) -> tuple[int, ...]:
    """Sizes of the key's axes."""
    size = space.size
    return tuple(size[axis] for axis in key)


def orders(space: WeightSpace, axes: tuple[str, ...], key: Key) -> list[tuple[int, ...]]:
    """Every way to find the key's places among a tensor's permuted ones: per place of the key the tensor's place."""
    places = [place for place, axis in enumerate(axes) if axis in space.permuted]
    return [order for order in permutations(places) if tuple(axes[place] for place in order) == key]


def columns_of(space: WeightSpace, axes: tuple[str, ...], order: tuple[int, ...], codes: Ranks) -> Ranks:
    """A tensor `[nets, *axes]` with the places of `order` in front and all other axes made one: `[nets, *places, entries]`."""
    others = [place for place in range(len(axes)) if place not in order]
    moved = codes.transpose(0, *(place + 1 for place in (*order, *others)))
    return moved.reshape(*moved.shape[: len(order) + 1], -1)


def pattern(key: Key, shape: tuple[int, ...]) -> list[Ranks]:
    """For every two places of one axis whether they carry one index: `[1, *shape]` zeros and ones."""
    index = np.indices(shape, sparse=True) if shape else ()
    return [
        np.broadcast_to((index[i] == index[j]).astype(np.int64), (1, *shape))
        for i, j in combinations(range(len(key)), 2)
        if key[i] == key[j]
    ]


class Labels:
    """What some nets say of every tuple, made when it is asked for: of nets that differ in their biases most is never needed.

    Args:
        space: of the nets.
        arrays: tensor -> `[nets, *shape]`, as `refinement.stacked` gives them.
    """

    def __init__(self, space: WeightSpace, arrays: Mapping[str, np.ndarray]):
        self.space, self.arrays = space, arrays
        self.nets = len(next(iter(arrays.values())))
        self._known: dict[tuple[Key, bool], Ranks | None] = {}

    def of(self, key: Key, late: bool) -> Ranks | None:
        """The labels of a key's tuples that count from round 1 (`late`), or from round 0; None where nothing is said."""
        if (key, late) not in self._known:
            self._known[key, late] = self._made(key, late)
        return self._known[key, late]

    def _made(self, key: Key, late: bool) -> Ranks | None:
        shape = shape_of(self.space, key)
        parts: list[Ranks] = pattern(key, shape) if late else []
        for name, axes in self.space.tensors:
            if key_of(self.space, axes) == key and (len(axes) > 1) == late:
                codes = ranks(self.arrays[name])
                for order in orders(self.space, axes, key):
                    columns = columns_of(self.space, axes, order, codes)
                    parts += [columns[..., slot] for slot in range(columns.shape[-1])]
        return (
            np.broadcast_to(ranks(fold(parts)) if len(parts) > 1 else parts[0], (self.nets, *shape)) if parts else None
        )


def ranks(values: np.ndarray) -> Ranks:
    """The rank of every entry among the distinct values, in the shape of `values`."""
    return np.unique(values, return_inverse=True)[1].reshape(values.shape)


def fold(columns: Iterable[np.ndarray]) -> np.ndarray:
    """One integer for the tuple of several, in the same order as the tuples; shapes are broadcast, numbers are from 0."""
    code: np.ndarray | None = None
    count = 1
    for column in columns:
        size = int(column.max(initial=0)) + 1
        if code is None:
            code, count = column, size
            continue
        if count > LARGEST_CODE // size:
            code, column = ranks(code), ranks(column)
            count, size = int(code.max(initial=0)) + 1, int(column.max(initial=0)) + 1
        code = code * size + column
        count *= size
    assert code is not None
    return code
