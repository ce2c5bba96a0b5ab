"""Colour refinement of two weight vectors, by its definition, over labelled index tuples (theory.md, section 4).

The nodes are the indices of all axes; an index of an axis that is not permuted has a colour of its own. A tensor with one axis labels
nodes in round 0; two nodes are joined by an edge that is labelled with all entries at both, which counts from round 1. An MLP is one
instance: nodes are neurons, the edges between two layers carry weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ...weights.pair import Vector
from ...weights.space import WeightSpace
from .refuted import demand, index

Node = tuple[int, int, int]
"""Net, position of the axis among the space's (of an MLP: the layer, inputs being layer 0), and index."""
Marks = Sequence[set[Node]]
"""Sets of nodes that start with a colour of their own."""
Edge = tuple[int, Node]
"""The number of a label, and the other end."""


class Structure:
    """Two weight vectors of one space as nodes and labelled edges.

    Args:
        space: of tensors with at most two axes.
        nets: v and w, without a negative zero, which is the same weight as zero.
    """

    def __init__(self, space: WeightSpace, nets: Sequence[Vector]):
        axes = list(space.size)
        demand(
            all(len(names) <= 2 for names in space.axes.values()), "tensors have two axes at most, to be refined here"
        )
        self.space = space
        self.sizes = [space.size[axis] for axis in axes]
        self.nodes: list[Node] = [
            (net, place, i) for net in range(len(nets)) for place, size in enumerate(self.sizes) for i in range(size)
        ]
        permuted = [axis in space.permuted for axis in axes]
        self._own: dict[Node, tuple[Any, ...]] = {
            node: (node[1], None if permuted[node[1]] else node[2]) for node in self.nodes
        }
        self._labels: dict[Node, dict[Node, int]] = {}
        self._edges: dict[bool, dict[Node, list[Edge]]] = {True: {}, False: {}}
        labels: dict[Any, int] = {}
        for net, vector in enumerate(nets):
            for name, names in space.tensors:
                entries = vector[name].tolist()
                if len(names) == 1:
                    for i, entry in enumerate(entries):
                        self._own[net, axes.index(names[0]), i] += (entry,)
                elif not names:
                    for node in self.nodes:
                        self._own[node] += (entries,) if node[0] == net else ()
            for node in self.nodes:
                if node[0] == net:
                    for back in (True, False):
                        self._edges[back][node] = list(_edges(space, axes, vector, node, back, labels))

    def own(self, node: Node) -> tuple[Any, ...]:
        """What is known of a node alone: its axis, its index where the axis is not permuted, and entries of tensors with one axis."""
        return self._own[node]

    def edge(self, node: Node, other: Node) -> int | None:
        """The number of the label of the edge between two nodes; None where no tensor joins their axes."""
        if node not in self._labels:
            self._labels[node] = {end: label for label, end in self._edges[True][node]}
        return self._labels[node].get(other)

    def colours(self, rounds: int | None = None, marks: Marks = (), back: bool = True) -> dict[Node, int]:
        """Joint colours after so many rounds, or stable ones.

        Without `back` nodes see over the edges of tensors alone whose first axis is their own: of an MLP, the incoming ones.
        """
        edges = self._edges[back]

        def start(node: Node) -> tuple[Any, ...]:
            return *self._own[node], next((number for number, marked in enumerate(marks) if node in marked), None)

        colours = _numbered({node: start(node) for node in self.nodes})
        for _ in range(len(colours) if rounds is None else rounds):
            after = _numbered(
                {
                    node: (colour, tuple(sorted((label, colours[other]) for label, other in edges[node])))
                    for node, colour in colours.items()
                }
            )
            if max(after.values()) == max(colours.values()):
                break  # no class was split: stable from here on
            colours = after
        return colours

    def parted(self, rounds: int | None = None, marks: Marks = ()) -> bool:
        """Whether the histograms of colours of two nets differ after so many rounds, or for good."""
        return differ(self.colours(rounds, marks))

    def node(self, net: int, place: Any, i: Any) -> Node:
        """The node that a statement names."""
        place = index(place, len(self.sizes), "the layer of a neuron")
        return index(net, 2, "the net of a neuron"), place, index(i, self.sizes[place], "a neuron")


def differ(colours: dict[Node, int]) -> bool:
    """Whether two nets have other numbers of nodes of some colour."""
    v, w = (sorted(colour for node, colour in colours.items() if node[0] == net) for net in (0, 1))
    return v != w


def _edges(
    space: WeightSpace, axes: list[str], vector: Vector, node: Node, back: bool, labels: dict[Any, int]
) -> Iterator[Edge]:
    """For every other node, its edge to this one, labelled with the tensors that join the two and their entries there."""
    net, place, i = node
    for other, axis in enumerate(axes):
        rows = [(name, "first", vector[name][i].tolist()) for name, of in space.tensors if of == (axes[place], axis)]
        if back:
            rows += [
                (name, "second", vector[name][:, i].tolist()) for name, of in space.tensors if of == (axis, axes[place])
            ]
        for j in range(space.size[axis]) if rows else ():
            itself = other == place and i == j
            label = (itself, *((name, side, entries[j]) for name, side, entries in rows))
            yield labels.setdefault(label, len(labels)), (net, other, j)


def _numbered(keys: dict[Node, tuple[Any, ...]]) -> dict[Node, int]:
    names: dict[tuple[Any, ...], int] = {}
    return {node: names.setdefault(key, len(names)) for node, key in keys.items()}
