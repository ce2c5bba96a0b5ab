"""What refinement leaves open of a net of any space, as a coloured graph for canonical labelling.

Stable colours decide all that lies on one index. What they leave open lies on tuples of two and more indices that share their
colours with others: among the tuples of one *block* (the colours of their places), those of the most frequent colour are the
background, and every other one becomes an edge, or a path of one vertex a place, each joined to its index. An index with a colour of
its own needs no vertex: the tuple's colour names it. Indices of one colour that lie on background alone are interchangeable.

Law: two nets of one refinement class are in one orbit iff their graphs are isomorphic, colours kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from ...weights.space import WeightSpace
from ..labelling import Graph
from .colouring import Colouring
from .keys import Key

Node = tuple[int, int]
"""Number of the axis among the permuted ones, and index."""
Kind = tuple[int, ...]


class Rest:
    """One net's graph before its colours are numbered.

    Args:
        colouring: a `joint` one; the net is the one of number `net` in it.
        tuples: key -> colours of the tuples of all keys of two places and more, of all nets.
    """

    def __init__(self, colouring: Colouring, tuples: dict[Key, np.ndarray], net: int):
        self._axis = {axis: number for number, axis in enumerate(colouring.space.permuted)}
        self._own = {axis: colouring.of_axis(axis)[net] for axis in colouring.space.permuted}
        self._alone = {axis: np.bincount(own)[own] == 1 for axis, own in self._own.items()}
        self.place: dict[Node, int] = {}
        self.kinds: list[Kind] = []
        self.edges: list[tuple[int, int]] = []
        for number, (key, colours) in enumerate(tuples.items()):
            self._add(number, key, colours[net])

    def _vertex(self, axis: str, index: int) -> int:
        node = self._axis[axis], index
        if node not in self.place:
            self.place[node] = self._new((0, node[0], int(self._own[axis][index])))
        return self.place[node]

    def _new(self, kind: Kind) -> int:
        self.kinds.append(kind)
        return len(self.kinds) - 1

    def _add(self, number: int, key: Key, colours: np.ndarray) -> None:
        """The edges and paths of the tuples of one key that are no background."""
        index = np.indices(colours.shape)
        alone = np.stack([self._alone[axis][places] for axis, places in zip(key, index, strict=True)])
        open_places = _distinct(key, index, ~alone)
        chosen = open_places >= 2
        twice = len(key) == 2 and key[0] == key[1]
        if twice:  # (i, j) and (j, i) tell each other: the one of the smaller colour tells both
            chosen &= (colours < colours.T) | ((colours == colours.T) & (index[0] < index[1]))
        left = np.nonzero(chosen)
        if not len(left[0]):
            return
        owns = [self._own[axis][places] for axis, places in zip(key, left, strict=True)]
        if twice:
            owns = [np.minimum(*owns), np.maximum(*owns)]
        block = np.unique(np.stack(owns, axis=1), axis=0, return_inverse=True)[1].reshape(-1)
        same = [left[i] == left[j] for i in range(len(key)) for j in range(i) if key[i] == key[j]]
        for each in same:  # tuples that carry one index twice are no background of those that do not
            block = block * 2 + each
        kinds, which, counts = np.unique(
            np.stack([block, colours[left]], axis=1), axis=0, return_inverse=True, return_counts=True
        )
        which = which.reshape(-1)
        if twice:  # no edge says nothing of a direction: what has one within a class of indices is no background
            bent = (colours != colours.T)[left] & (owns[0] == owns[1])
            counts = np.where(np.bincount(which, bent, len(kinds)) > 0, 0, counts)
        order = np.lexsort((kinds[:, 1], -counts, kinds[:, 0]))
        first = np.ones(len(order), dtype=bool)
        first[1:] = np.diff(kinds[order, 0]) != 0
        background = np.zeros(len(kinds), dtype=bool)
        background[order[first]] = counts[order[first]] > 0
        rest = np.flatnonzero(~background[which])
        shades = np.bincount(kinds[~background, 0], minlength=int(kinds[:, 0].max(initial=0)) + 1)
        for each in rest.tolist():
            at = tuple(int(places[each]) for places in left)
            colour = int(colours[at])
            nodes = [self._vertex(axis, i) for axis, i in zip(key, at, strict=True) if not self._alone[axis][i]]
            if len(key) == 2 and (not twice or colours[at[::-1]] == colour):
                if shades[block[each]] == 1:
                    self.edges.append((nodes[0], nodes[1]))
                else:
                    middle = self._new((1, number, colour))
                    self.edges += [(nodes[0], middle), (nodes[1], middle)]
                continue
            path = [self._new((2, number, colour, place)) for place in range(len(nodes))]
            self.edges += list(zip(nodes, path, strict=True))
            self.edges += pairwise(path)


def _distinct(key: Key, index: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """How many different indices, of those counted, every tuple has."""
    found = np.zeros(index.shape[1:], dtype=np.int64)
    for place, axis in enumerate(key):
        new = counted[place].copy()
        for before in range(place):
            if key[before] == axis:
                new &= index[before] != index[place]
        found += new
    return found


def graphs(space: WeightSpace, colouring: Colouring, nets: Sequence[int]) -> list[tuple[Graph, dict[Node, int]]]:
    """Of each net the graph, and the vertices of those indices that have one; colours mean the same in all graphs."""
    tuples = {key: colours for key, colours in colouring.stable.items() if len(key) > 1}
    tuples |= {relation.places: colouring.of_tuples(relation) for relation in colouring.relations}
    rests = [Rest(colouring, tuples, net) for net in nets]
    number = {kind: place for place, kind in enumerate(sorted({kind for rest in rests for kind in rest.kinds}))}
    return [(Graph(rest.edges, [number[kind] for kind in rest.kinds]), rest.place) for rest in rests]
