"""Folklore 2-WL on any weight space whose tensors have at most two permuted axes: the indices of permuted axes are the nodes.

The kind of a node is its axis and the label of its index, the label of a pair that of the two indices together, as `tuples/keys.py` has them:
all tensors of one set of axes, in either order. One node more stands for the net, with what tensors without permuted axes say. On
MLPs the stable classes of nets are those of `mlp_table`, where input and output neurons are nodes too; a round may come earlier.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...weights.space import SpaceError, WeightSpace
from ..refinement import stacked
from ..tuples.keys import Key, Labels, fold, key_of, ranks
from .refinement import PairRefinement, refine_pairs
from .table import Table

if TYPE_CHECKING:
    from ...weights.pair import Vector


def space_table(space: WeightSpace, vectors: Sequence[Vector] | Mapping[str, np.ndarray]) -> Table:
    """The nodes of nets of a space, axis by axis, the net itself last.

    Raises:
        SpaceError: a tensor with three permuted axes, or as `refinement.stacked`.
    """
    for name, axes in space.tensors:
        if len(key_of(space, axes)) > 2:
            raise SpaceError(f"tensor {name} of {space} joins more than two nodes; pairs do not tell all of it")
    said, size = Labels(space, stacked(space, vectors)), space.size
    starts = np.concatenate([[0], np.cumsum([size[axis] for axis in space.permuted], dtype=np.int64)])
    own = {axis: slice(starts[n], starts[n + 1]) for n, axis in enumerate(space.permuted)}
    nodes = int(starts[-1]) + 1
    kinds = np.zeros((said.nets, nodes), dtype=np.int64)
    labels = np.zeros((said.nets, nodes, nodes), dtype=np.int64)

    def label(key: Key) -> np.ndarray | None:
        known = [part for part in (said.of(key, False), said.of(key, True)) if part is not None]
        return ranks(fold(known)) if known else None

    first = 0
    for axis in (*space.permuted, None):
        found = label(() if axis is None else (axis,))
        place = own[axis] if axis else slice(nodes - 1, nodes)
        if found is not None:
            kinds[:, place] = found.reshape(said.nets, -1)
        kinds[:, place] += first
        first = int(kinds.max()) + 1
    for key in dict.fromkeys(key_of(space, axes) for _, axes in space.tensors):
        if len(key) == 2 and (found := label(key)) is not None:
            labels[:, own[key[0]], own[key[1]]] = found + 1
            if key[0] != key[1]:
                labels[:, own[key[1]], own[key[0]]] = found.swapaxes(1, 2) + 1
    return Table(kinds, labels)


def refine_space_pairs(space: WeightSpace, vectors: Sequence[Vector] | Mapping[str, np.ndarray]) -> PairRefinement:
    """2-FWL of nets of a space, jointly until stable.

    Raises:
        SpaceError: as `space_table`.
    """
    return refine_pairs(space_table(space, vectors))
