"""What some published networks are blind to by construction, as exact relations of two weight vectors.

A network that declares one of these must not tell two vectors apart that the relation holds of; the relation is decided on the vectors,
whatever family they come from. Of a transformer block they are those of `heads.py`; of an MLP, with *inner* for the matrices
`W_2..W_{L-1}` and the biases of hidden layers but the first:

| name | v and w differ in |
|---|---|
| `inner-magnitudes` | sizes of inner entries: same place, same sign |
| `inner-signs` | signs of inner matrices, and of inner biases but `b_{L-1}`, which goes with the columns of `W_L` |
| `incidence` | which neuron an entry belongs to: rows `[W_1, b_1]` reordered, columns `[b_{L-1}; W_L]` reordered, entries of every inner matrix and of every other inner bias reordered, each by itself |

These need L >= 3: at L = 2 a row of `W_1` and a column of `W_2` meet in one neuron. Source: proved in `architectures/monomial_nfn.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ...weights.pair import Vector
from ...weights.space import WeightSpace
from ...weights.spaces import constructor
from .heads import one_exchange, other_biases, other_places, others_equal, same_bags_of_heads

Relation = Callable[[WeightSpace, Vector, Vector], bool]


def inner(space: WeightSpace) -> tuple[str, ...]:
    """Names of the inner matrices and of the inner biases but `b_{L-1}`; none where there is no inner matrix."""
    last = len(space.widths) - 1
    return (*(f"W{i}" for i in range(2, last)), *(f"b{i}" for i in range(2, last - 1)))


def _same_signs(space: WeightSpace, v: Vector, w: Vector) -> bool:
    sizes = (*inner(space), f"b{len(space.widths) - 2}")
    return others_equal(space, sizes, v, w) and all(
        np.array_equal(np.sign(v[name]), np.sign(w[name])) for name in sizes
    )


def _same_sizes(space: WeightSpace, v: Vector, w: Vector) -> bool:
    names = inner(space)
    return others_equal(space, names, v, w) and all(np.array_equal(np.abs(v[name]), np.abs(w[name])) for name in names)


def _same_bags(space: WeightSpace, v: Vector, w: Vector) -> bool:
    last = len(space.widths) - 1
    ends = [
        tuple(_sorted_rows(np.column_stack([u["W1"], u["b1"]])) for u in (v, w)),
        tuple(_sorted_rows(np.column_stack([u[f"b{last - 1}"], u[f"W{last}"].T])) for u in (v, w)),
        (v[f"b{last}"], w[f"b{last}"]),
    ]
    bags = [(np.sort(v[name], axis=None), np.sort(w[name], axis=None)) for name in inner(space)]
    return all(np.array_equal(a, b) for a, b in ends + bags)


def _sorted_rows(rows: np.ndarray) -> np.ndarray:
    return rows[np.lexsort(rows.T)]


OF_MLPS: Mapping[str, Relation] = {
    "inner-magnitudes": _same_signs,
    "inner-signs": _same_sizes,
    "incidence": _same_bags,
}
OF_BLOCKS: Mapping[str, Relation] = {
    "head-pairing": same_bags_of_heads,
    "sums-over-heads": one_exchange,
    "attention-biases": other_biases,
    "inner-embedding": other_places,
}
BLINDNESS: Mapping[str, Relation] = {**OF_MLPS, **OF_BLOCKS}
"""As the trait `blind` names them."""


def relations_of(space: WeightSpace) -> Mapping[str, Relation]:
    """Those that are defined in a space: an MLP with an inner matrix, or one transformer block."""
    if space.is_mlp:
        return OF_MLPS if len(space.widths) > 3 else {}
    return OF_BLOCKS if constructor(space) == "transformer_block" else {}


def unseen(declared: tuple[str, ...], space: WeightSpace, v: Vector, w: Vector) -> str:
    """The first declared relation that holds of the two, or nothing."""
    if not declared:
        return ""
    relations = relations_of(space)
    return next((name for name in declared if name in relations and relations[name](space, v, w)), "")
