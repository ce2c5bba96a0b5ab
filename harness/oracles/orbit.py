"""Are two weight vectors in one orbit of the group? A decision with its witness, and the canonical form behind it.

Law: "same" comes with an element g, and g v = w has been checked entry by entry; "different" means that refinement parts the
two, or that their canonical forms differ; past the budget the answer is "unknown".

Refinement does most of the work: neurons with a colour of their own need no labelling, and between two colour classes with one
weight throughout any bijection will do. Only what is left becomes a graph (`_Remainder`), twins merged, weights as edge labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import factorial, prod
from typing import TYPE_CHECKING

import numpy as np

from ..group import GroupElement, compose, inverse
from ..space import WeightSpace
from .labelling import Graph, automorphisms, label
from .refinement import Refinement, rank_rows, refine, stacked

if TYPE_CHECKING:
    from ..pairs.family import Vector

SECONDS = 20.0
"""Wall-clock budget of one canonical labelling; what takes longer than a second usually takes forever."""

MAX_EDGES = 1_000_000
"""Graphs with more edges than this are not labelled: the answer is "unknown" on every machine."""


@dataclass(frozen=True)
class OrbitDecision:
    """Whether two weight vectors are in one orbit.

    Args:
        answer: "same", "different" or "unknown".
        element: `g` with `g v = w` where the answer is "same", else None.
        reason: what decided, in one line.
    """

    answer: str
    element: GroupElement | None
    reason: str


def same_orbit(
    space: WeightSpace, v: Vector, w: Vector, *, seconds: float = SECONDS, refinement: Refinement | None = None
) -> OrbitDecision:
    """Decide whether `w = g v` for some element `g` of the group.

    Args:
        seconds: budget of each of at most two canonical labellings.
        refinement: the joint refinement of v and w, if it is at hand.

    Raises:
        SpaceError: as `refine`.
    """
    refinement = refinement or refine(space, [v, w])
    parted = refinement.round_of_separation(0, 1)
    if parted is not None:
        return OrbitDecision("different", None, f"refinement parts them in round {parted}")
    elements = [canonical_element(space, vector, seconds=seconds, stable=(refinement, net)) for net, vector in enumerate((v, w))]
    if elements[0] is None or elements[1] is None:
        return OrbitDecision("unknown", None, f"no canonical labelling within {seconds:g} s and {MAX_EDGES} edges")
    g = compose(inverse(elements[1]), elements[0])
    image = moved(space, g, v)
    if all(np.array_equal(image[name], w[name]) for name in space.axes):
        discrete = bool(refinement.is_discrete[0].all())
        how = "refinement gives every hidden neuron its own colour" if discrete else "the canonical forms coincide"
        return OrbitDecision("same", g, how)
    return OrbitDecision("different", None, "the canonical forms differ")


def canonical_form(space: WeightSpace, v: Vector, *, seconds: float = SECONDS) -> dict[str, np.ndarray] | None:
    """The representative of v's orbit: equal, entry by entry, for all `g v`; None past the budget."""
    element = canonical_element(space, v, seconds=seconds)
    return None if element is None else moved(space, element, v)


def canonical_element(
    space: WeightSpace, v: Vector, *, seconds: float = SECONDS, stable: tuple[Refinement, int] | None = None
) -> GroupElement | None:
    """An element that maps v to its canonical form; None past the budget.

    Args:
        stable: a refinement that v took part in, and its number there; forms can be compared within one refinement only.
    """
    refinement, net = stable or (refine(space, [v]), 0)
    rest = _Remainder(space, v, [layer[net] for layer in refinement.stable])
    graph = rest.graph()
    if len(graph.edges) > MAX_EDGES:
        return None
    labelling = label(graph, seconds) if graph.colours else None
    if graph.colours and labelling is None:
        return None
    place = {vertex: number for number, vertex in enumerate(labelling.order)} if labelling else {}
    permutations = []
    for layer, axis in enumerate(space.permuted, 1):
        keys = [
            (int(colour), place[rest.vertex[layer][neuron]] if rest.live[layer][neuron] else 0, neuron)
            for neuron, colour in enumerate(rest.colours[layer])
        ]
        ranked = sorted(range(len(keys)), key=keys.__getitem__)
        permutations.append((axis, tuple(np.argsort(ranked).tolist())))
    return GroupElement(tuple(permutations))


def stabiliser_order(space: WeightSpace, v: Vector, *, seconds: float = SECONDS) -> int | None:
    """The exact number of group elements with `g v = v`; None past the budget."""
    rest = _Remainder(space, v, [layer[0] for layer in refine(space, [v]).stable])
    graph = rest.graph()
    if len(graph.edges) > MAX_EDGES:
        return None
    moving = automorphisms(graph, seconds) if graph.colours else 1
    return None if moving is None else moving * rest.free


def moved(space: WeightSpace, g: GroupElement, v: Vector) -> dict[str, np.ndarray]:
    """`g v`: entry `i` of every permuted axis goes to `images[i]`."""
    sources = {axis: np.argsort(images) for axis, images in g.permutations}
    image = {}
    for name, axes in space.tensors:
        tensor = np.asarray(v[name], dtype=np.float64)
        for position, axis in enumerate(axes):
            if axis in sources:
                tensor = np.take(tensor, sources[axis], axis=position)
        image[name] = tensor + 0.0  # a copy, and -0.0 is 0.0
    return image


class _Remainder:
    """What refinement leaves open of one net.

    Between two colour classes the stable colouring makes every row of weights a rearrangement of every other one. So a
    weight can be told by its rank within its block, 0 for the most frequent one; a neuron is *live* if a weight of another
    rank touches it. Live neurons of one colour with equal ranks on both sides are twins: they share a vertex.
    """

    def __init__(self, space: WeightSpace, v: Vector, colours: Sequence[np.ndarray]):
        widths = space.widths
        arrays = stacked(space, [v])
        self.colours = colours
        self.hidden = range(1, len(widths) - 1)
        ranks = {
            layer: _block_ranks(arrays[f"W{layer}"][0], colours[layer], colours[layer - 1])
            for layer in range(2, len(widths) - 1)
        }
        self.live = {layer: np.zeros(widths[layer], dtype=bool) for layer in self.hidden}
        for layer, rank in ranks.items():
            self.live[layer] |= rank.any(axis=1)
            self.live[layer - 1] |= rank.any(axis=0)
        self.vertex: dict[int, np.ndarray] = {}
        sizes: list[int] = []
        kinds: list[tuple[int, int, int]] = []
        representative: dict[int, np.ndarray] = {}
        for layer in self.hidden:
            seen = [colours[layer][:, None]]
            seen += [ranks[layer]] if layer in ranks else []
            seen += [ranks[layer + 1].T] if layer + 1 in ranks else []
            live = np.flatnonzero(self.live[layer])
            _, first, twin, counts = np.unique(
                rank_rows(np.concatenate(seen, axis=1)[live]), return_index=True, return_inverse=True, return_counts=True
            )
            self.vertex[layer] = np.full(widths[layer], -1)
            self.vertex[layer][live] = twin + len(kinds)
            representative[layer] = live[first]
            sizes += counts.tolist()
            kinds += [(layer, int(colours[layer][neuron]), count) for neuron, count in zip(live[first], counts.tolist(), strict=True)]
        self._kinds = kinds
        self._edges = [
            (int(self.vertex[layer][row]), int(self.vertex[layer - 1][column]), int(rank[row, column]))
            for layer, rank in ranks.items()
            for row in representative[layer]
            for column in representative[layer - 1]
            if rank[row, column]
        ]
        dead = [np.bincount(colours[layer][~self.live[layer]]).tolist() for layer in self.hidden]
        self.free = prod(map(factorial, sizes)) * prod(factorial(count) for layer in dead for count in layer)
        """Number of permutations that move only twins, and neurons of one colour that are not live."""

    def graph(self) -> Graph:
        """The graph of the live neurons: copy j of a vertex carries the edges whose rank has bit j, copies in a path."""
        bits = max((rank.bit_length() for _, _, rank in self._edges), default=0)
        numbers = {kind: number for number, kind in enumerate(sorted(set(self._kinds)))}
        count = len(self._kinds)
        colours = [bit * len(numbers) + numbers[kind] for bit in range(bits) for kind in self._kinds]
        edges = [
            (bit * count + a, bit * count + b) for a, b, rank in self._edges for bit in range(bits) if rank >> bit & 1
        ]
        edges += [(bit * count + vertex, (bit + 1) * count + vertex) for bit in range(bits - 1) for vertex in range(count)]
        return Graph(edges, colours)


def _block_ranks(weights: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The rank of every weight within its block (colour of row, colour of column): by falling frequency, then by value."""
    codes = np.unique(weights, return_inverse=True)[1].reshape(weights.shape)
    block = rows[:, None] * (int(columns.max()) + 1) + columns[None, :]
    kinds, inverse_index, counts = np.unique(
        block * (int(codes.max()) + 1) + codes, return_inverse=True, return_counts=True
    )
    blocks = kinds // (int(codes.max()) + 1)
    ordered = np.lexsort((kinds, -counts, blocks))
    starts = np.flatnonzero(np.diff(blocks[ordered], prepend=-1))
    ranks = np.empty(len(kinds), dtype=np.int64)
    ranks[ordered] = np.arange(len(kinds)) - np.repeat(starts, np.diff(starts, append=len(kinds)))
    return ranks[inverse_index].reshape(weights.shape)
