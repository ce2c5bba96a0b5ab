"""Exact invariants of a weight vector's orbit that anyone can recompute: ranks of inner weight matrices, components, closed walks.

A permutation of rows and columns changes neither the rank of a matrix over any field, nor the connected components of the
bipartite graph of the entries with one value, nor the number of closed walks of any length in it. Where they differ, two 1-WL-equivalent nets are not in one orbit; where they agree
nothing is said (`individualisation.py` goes on).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from ..weights.space import WeightSpace

if TYPE_CHECKING:
    from ..weights.pair import Vector

PRIMES = (2, 3, 2**31 - 1)
RATIONAL_LIMIT = 64
"""Matrices with more rows or columns than this are ranked over finite fields alone."""

MAX_LENGTH = 12
"""Of walks, two edges being one step."""

VALUES = 4
"""Values of a matrix, the most frequent ones, whose places are looked at one value at a time."""


def differing_invariant(space: WeightSpace, v: Vector, w: Vector) -> dict[str, Any] | None:
    """The first invariant found to differ, as plain JSON, or None.

    Ranks: `{"kind": "rank", "tensor", "entry", "field", "values"}`: the rank of the tensor over the field, "Q" or the prime p of
    GF(p), there times the least power of two that makes all entries of both nets integers; where `entry` is a float in
    hexadecimal, the rank of the 0/1 matrix B of the places with that entry. Components: `{"kind": "components", "tensor",
    "entry", "values"}`: the sizes (neurons) of the components of the graph of those places, in rising order.
    Walks: `{"kind": "walks", "tensor", "entry", "length", "values"}`: the trace of `(B B^T)^length`, the closed walks of twice that
    length from a row; large sparse graphs, whose ranks are full and for which individualisation costs too much, hardly ever have
    the same. `values` are v's and w's.
    """
    names = [n for n, axes in space.tensors if len({*axes}) == len(axes) == 2 and {*axes} <= {*space.permuted}]
    for name in names:
        for entry, left, right in _matrices(v[name], w[name]):
            place = {"tensor": name, "entry": None if entry is None else float(entry).hex()}
            small = max(left.shape) <= RATIONAL_LIMIT
            for field in ("Q", *PRIMES) if small else PRIMES:
                ranks = [rank(matrix, field) for matrix in (left, right)]
                if ranks[0] != ranks[1]:
                    return {"kind": "rank", **place, "field": field, "values": ranks}
            if entry is not None:
                sizes = [components(matrix) for matrix in (left, right)]
                if sizes[0] != sizes[1]:
                    return {"kind": "components", **place, "values": sizes}
    for name in names:
        graphs = [(entry, left, right) for entry, left, right in _matrices(v[name], w[name]) if entry is not None]
        for entry, left, right in sorted(graphs, key=lambda graph: graph[1].sum()):  # whose walks are fewer
            if found := _first_difference(walks(left), walks(right)):
                return {"kind": "walks", "tensor": name, "entry": entry.hex(), **found}
    return None


def _first_difference(left: Iterator[int], right: Iterator[int]) -> dict[str, Any] | None:
    counts = enumerate(zip(left, right, strict=False), 1)
    return next(({"length": length, "values": [a, b]} for length, (a, b) in counts if a != b), None)


def walks(matrix: np.ndarray) -> Iterator[int]:
    """The traces of `B B^T`, its square, its cube, ... of a 0/1 matrix, exactly, up to `MAX_LENGTH` or as far as 64 bits go."""
    steps = matrix.astype(np.int64)
    product = steps @ steps.T
    most, power = int(product.sum(axis=1).max()), product
    for length in range(1, MAX_LENGTH + 1):
        # No row of a power has a larger sum than `most^length`.
        if len(product) * most**length >= 2**62:
            return
        yield int(np.trace(power))
        power = power @ product


def rank(matrix: np.ndarray, field: int | str) -> int:
    """Rank of a matrix of Python integers over GF(field), or over Q where `field` is "Q"."""
    # Fraction-free elimination over Q keeps entries below the determinants of the minors; modulo p they stay below p.
    rows = matrix.astype(object) if field == "Q" else (matrix % field).astype(np.int64)
    found, previous = 0, 1
    for column in range(rows.shape[1]):
        candidates = np.flatnonzero(rows[found:, column])
        if not len(candidates):
            continue
        pivot = found + candidates[0]
        rows[[found, pivot]] = rows[[pivot, found]]
        below = rows[found + 1 :]
        if field == "Q":
            below[:] = (below * rows[found, column] - np.outer(below[:, column], rows[found])) // previous
            previous = rows[found, column]
        else:
            assert isinstance(field, int)
            rows[found] = rows[found] * pow(int(rows[found, column]), -1, field) % field
            below[:] = (below - below[:, column : column + 1] * rows[found] % field) % field
        found += 1
        if found == len(rows):
            break
    return found


def components(matrix: np.ndarray) -> list[int]:
    """Sizes of the connected components of the bipartite graph of the non-zero entries, in rising order."""
    rows, columns = matrix.shape
    parent = list(range(rows + columns))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for row, column in np.argwhere(matrix != 0).tolist():
        parent[root(row)] = root(rows + column)
    return sorted(Counter(map(root, range(rows + columns))).values())


def _matrices(left: np.ndarray, right: np.ndarray) -> Iterator[tuple[float | None, np.ndarray, np.ndarray]]:
    """`(None, integer multiples of both)`, then `(value, its places in both)` for the most frequent values."""
    bits = max(Fraction(value).denominator.bit_length() - 1 for value in np.unique([left, right]).tolist())
    both = [
        np.array([int(Fraction(value) * 2**bits) for value in m.ravel().tolist()], dtype=object) for m in (left, right)
    ]
    yield None, both[0].reshape(left.shape), both[1].reshape(right.shape)
    values, counts = np.unique(left, return_counts=True)
    for value in values[np.argsort(-counts, kind="stable")][:VALUES].tolist():
        yield value, (left == value).astype(object), (right == value).astype(object)
