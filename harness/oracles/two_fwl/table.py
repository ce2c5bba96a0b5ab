"""A weight vector as a table of node kinds and edge labels: what refinement of pairs starts from, on any weight space.

Law: two tables are equal up to the numbering of nodes iff the weight vectors are in one orbit, where each permuted axis gives its
indices as nodes and no tensor has more than two permuted axes (an MLP's neurons; input and output neurons have kinds of their own).
Kinds and labels are codes of exact values: ranks, -0.0 being 0.0; equal codes say equal values, in all nets of a table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...weights.space import WeightSpace
from ..refinement import stacked

if TYPE_CHECKING:
    from ...weights.pair import Vector


@dataclass(frozen=True)
class Table:
    """Nodes and labelled pairs of nodes of several nets of one space.

    Args:
        kinds: `[nets, nodes]` integers from 0: what is known of a node alone.
        labels: `[nets, nodes, nodes]` integers from 0: what is known of an ordered pair beyond the kinds of both.

    Raises:
        ValueError: arrays of other shapes, without a net or a node, of other numbers or negative ones.
    """

    kinds: np.ndarray
    labels: np.ndarray

    def __post_init__(self) -> None:
        nets, nodes = self.kinds.shape if self.kinds.ndim == 2 else (0, 0)
        if not nets * nodes or self.labels.shape != (nets, nodes, nodes):
            raise ValueError(
                f"kinds {self.kinds.shape} and labels {self.labels.shape}; allowed: [nets, nodes] and [nets, nodes, nodes]"
            )
        for name, array in (("kinds", self.kinds), ("labels", self.labels)):
            if array.dtype.kind not in "iu" or array.min() < 0:
                raise ValueError(f"{name} of {array.dtype}; allowed: integers from 0, the codes of exact values")

    @property
    def nets(self) -> int:
        return len(self.kinds)

    @property
    def nodes(self) -> int:
        return self.kinds.shape[1]


def mlp_table(space: WeightSpace, vectors: Sequence[Vector] | Mapping[str, np.ndarray]) -> Table:
    """The parameter graph: a node a neuron, layer by layer, inputs first; its kind is (layer, index if it is an input or an output,
    bias); the label of a pair is the weight between the two, where there is one.

    Raises:
        SpaceError: as `refinement.refine`.
    """
    arrays = stacked(space, vectors)
    widths, nets = space.widths, len(arrays["b1"])
    starts = np.concatenate([[0], np.cumsum(widths)])
    kinds = np.zeros((nets, starts[-1]), dtype=np.int64)
    labels = np.zeros((nets, starts[-1], starts[-1]), dtype=np.int64)
    first = 0
    for layer, width in enumerate(widths):
        own = slice(starts[layer], starts[layer + 1])
        fixed = layer in (0, len(widths) - 1)
        kind = np.zeros((nets, width), dtype=np.int64) if layer == 0 else ranks(arrays[f"b{layer}"])
        if fixed:
            kind = kind * width + np.arange(width)
        kinds[:, own] = kind + first
        first += int(kind.max()) + 1
        if layer > 0:
            below = slice(starts[layer - 1], starts[layer])
            weights = ranks(arrays[f"W{layer}"]) + 1  # 0 is no weight; the kinds of the two say in which layer it lies
            labels[:, own, below] = weights
            labels[:, below, own] = weights.transpose(0, 2, 1)
    return Table(kinds, labels)


def ranks(values: np.ndarray) -> np.ndarray:
    """The rank of every entry among the distinct values, in the shape of `values`; 0.0 and -0.0 are one value."""
    return np.unique(values, return_inverse=True)[1].reshape(values.shape)
