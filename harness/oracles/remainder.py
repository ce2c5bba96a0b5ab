"""What refinement leaves open of one net, as a graph for canonical labelling.

Between two colour classes the stable colouring makes every row of weights a rearrangement of every other one. So a weight can
be told by its rank within its block, 0 for the most frequent one; a neuron is *live* if a weight of another rank touches it.
Neurons of one colour that are not live are interchangeable. So are *twins*: live neurons of one colour with equal ranks on both
sides; they share a vertex.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..weights.space import WeightSpace
from .labelling import Graph
from .refinement import rank_rows

if TYPE_CHECKING:
    from ..weights.pair import Vector


@dataclass(frozen=True)
class Remainder:
    """The groups of interchangeable neurons of a net, and the graph of those that are live.

    Args:
        groups: hidden layer (from 1) -> per neuron the number of its group within the layer.
        vertices: `(layer, group)` of each live group; the vertices of the graph.
        graph: copy j of a vertex carries the edges whose rank has bit j; the copies of a vertex form a path. Vertices of the
            first copy come first, in the order of `vertices`.
    """

    groups: dict[int, np.ndarray]
    vertices: tuple[tuple[int, int], ...]
    graph: Graph


def remainder(space: WeightSpace, v: Vector, colours: Sequence[np.ndarray]) -> Remainder:
    """The remainder of v after refinement.

    Args:
        colours: stable colours, per layer `[width]`.
    """
    hidden = range(1, len(space.widths) - 1)
    ranks = {layer: _block_ranks(v[f"W{layer}"], colours[layer], colours[layer - 1]) for layer in hidden[1:]}
    groups: dict[int, np.ndarray] = {}
    members: dict[int, np.ndarray] = {}
    vertices: list[tuple[int, int]] = []
    kinds: list[tuple[int, int, int]] = []
    for layer in hidden:
        sides = [ranks[layer]] if layer in ranks else []
        sides += [ranks[layer + 1].T] if layer + 1 in ranks else []
        seen = np.concatenate([colours[layer][:, None], *sides], axis=1)
        groups[layer] = rank_rows(seen)
        _, members[layer], sizes = np.unique(groups[layer], return_index=True, return_counts=True)
        for group, (neuron, size) in enumerate(zip(members[layer].tolist(), sizes.tolist(), strict=True)):
            if seen[neuron, 1:].any():
                vertices.append((layer, group))
                kinds.append((layer, int(colours[layer][neuron]), size))
    number = {vertex: place for place, vertex in enumerate(vertices)}
    edges: list[tuple[int, int, int]] = []
    for layer, rank in ranks.items():
        between = rank[np.ix_(members[layer], members[layer - 1])]
        for above, below in np.argwhere(between).tolist():
            edges.append((number[layer, above], number[layer - 1, below], int(between[above, below])))
    return Remainder(groups, tuple(vertices), _layered(kinds, edges))


def interchangeable(rest: Remainder) -> list[int]:
    """The sizes of the groups: permuting each in itself keeps the net, and nothing else does but for the graph's symmetries."""
    return [size for groups in rest.groups.values() for size in Counter(groups.tolist()).values()]


def _layered(kinds: Sequence[tuple[int, int, int]], edges: Sequence[tuple[int, int, int]]) -> Graph:
    """The graph of vertices of some kinds and edges with positive labels, without labels."""
    bits = max((rank.bit_length() for _, _, rank in edges), default=0)
    numbers = {kind: number for number, kind in enumerate(sorted(set(kinds)))}
    count = len(kinds)
    plain = [(bit * count + a, bit * count + b) for a, b, rank in edges for bit in range(bits) if rank >> bit & 1]
    plain += [(bit * count + vertex, (bit + 1) * count + vertex) for bit in range(bits - 1) for vertex in range(count)]
    return Graph(plain, [bit * len(numbers) + numbers[kind] for bit in range(bits) for kind in kinds])


def _block_ranks(weights: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The rank of every weight within its block (colour of row, colour of column): by falling frequency, then by value."""
    codes = np.unique(weights, return_inverse=True)[1].reshape(weights.shape)
    values = int(codes.max()) + 1
    block = rows[:, None] * (int(columns.max()) + 1) + columns[None, :]
    kinds, which, counts = np.unique(block * values + codes, return_inverse=True, return_counts=True)
    ordered = np.lexsort((kinds, -counts, kinds // values))
    starts = np.flatnonzero(np.diff(kinds[ordered] // values, prepend=-1))
    ranks = np.empty(len(kinds), dtype=np.int64)
    ranks[ordered] = np.arange(len(kinds)) - np.repeat(starts, np.diff(starts, append=len(kinds)))
    return ranks[which].reshape(weights.shape)
