"""Colour refinement of two weight vectors of any space, by its definition, over all tuples of indices of permuted axes.

The tensor with permuted axes K speaks of the tuples of K; so do all sub-multisets of K, down to () for a net as a whole. `joint`: a
tuple is labelled with all entries at it, for every order of its places that keeps the axes; `split`: with those of the tensors of
its own ordered pair of axes, and nothing tells an index of the whole net. Tensors with one axis at most count from round 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, permutations, product
from typing import Any

from ...weights.pair import Vector
from ...weights.space import WeightSpace
from .refuted import demand, index

Key = tuple[str, ...]
Tuple = tuple[int, Key, tuple[int, ...]]
"""Net, axes in the order of the space's permuted ones (`split`: in any order), indices."""
Node = tuple[int, int, int]
"""Net, number of the axis among the permuted ones, and index."""
WORK = 3_000_000
"""Steps of one round that are followed."""


class Tuples:
    """Two weight vectors of one space, as labelled tuples.

    Args:
        nets: v and w, without a negative zero.
        kind: "joint" or "split".
    """

    def __init__(self, space: WeightSpace, nets: Sequence[Vector], kind: str = "joint"):
        demand(kind in ("joint", "split"), "refinement is joint or split")
        self.space, self.kind = space, kind
        self._size = space.size
        self.sizes = [space.size[axis] for axis in space.permuted]
        longest = [tuple(axis for axis in axes if axis in space.permuted) for _, axes in space.tensors]
        demand(kind == "joint" or max(map(len, longest)) <= 2, "an edge of a parameter graph joins two axes")
        self._keys: set[Key] = {()}
        for key in longest:
            if kind == "joint":
                ordered = sorted(key, key=space.permuted.index)
                self._keys |= {part for n in range(len(key) + 1) for part in combinations(ordered, n)}
            else:
                self._keys |= {key, *((axis,) for axis in key)}
        self.tuples: list[Tuple] = [
            (net, key, place)
            for net in range(len(nets))
            for key in sorted(self._keys, key=len, reverse=True)
            for place in product(*(range(self._size[axis]) for axis in key))
        ]
        demand(len(self.tuples) * max(self._size.values()) <= WORK, "few enough tuples of indices to follow each")
        entries = [{name: vector[name].tolist() for name in space.axes} for vector in nets]
        self._label = {
            late: {each: tuple(self._said(entries[each[0]], each, late)) for each in self.tuples}
            for late in (False, True)
        }
        self._longer = {each: self._extensions(each) for each in self.tuples}

    def _said(self, entries: dict[str, Any], of: Tuple, late: bool) -> Iterator[Any]:
        _, key, place = of
        if late:
            yield [place[i] == place[j] for i in range(len(key)) for j in range(i) if key[i] == key[j]]
        for name, axes in self.space.tensors:
            own = [i for i, axis in enumerate(axes) if axis in self.space.permuted]
            if (len(axes) > 1) != late or len(own) != len(key):
                continue
            for order in permutations(own) if self.kind == "joint" else [tuple(own)]:
                if tuple(axes[i] for i in order) == key:
                    at = dict(zip(order, place, strict=True))
                    ranges = [[at[i]] if i in at else range(self._size[axis]) for i, axis in enumerate(axes)]
                    for where in product(*ranges):
                        entry = entries[name]
                        for i in where:
                            entry = entry[i]
                        yield entry

    def _extensions(self, of: Tuple) -> list[list[Tuple]]:
        """For every key with one place more and every way to fit this tuple in, the tuples that extend it."""
        net, key, place = of
        found = []
        for longer in sorted(self._keys):
            if len(longer) != len(key) + 1 or (self.kind == "split" and not key):
                continue
            for fit in permutations(range(len(longer)), len(key)):
                if tuple(longer[i] for i in fit) == key:
                    (free,) = set(range(len(longer))) - set(fit)
                    at = dict(zip(fit, place, strict=True))
                    found.append(
                        [
                            (net, longer, tuple(at.get(i, other) for i in range(len(longer))))
                            for other in range(self._size[longer[free]])
                        ]
                    )
        return found

    def _parts(self, of: Tuple) -> list[Tuple]:
        net, key, place = of
        sizes = range(1 if self.kind == "split" else 0, len(key))
        return [
            (net, tuple(key[i] for i in chosen), tuple(place[i] for i in chosen))
            for n in sizes
            for chosen in combinations(range(len(key)), n)
        ]

    @property
    def nodes(self) -> list[Node]:
        """The indices of permuted axes of both nets."""
        return [self._node(each) for each in self.tuples if len(each[1]) == 1]

    def _node(self, of: Tuple) -> Node:
        return of[0], self.space.permuted.index(of[1][0]), of[2][0]

    def colours(self, rounds: int | None = None, marks: Sequence[set[Node]] = ()) -> dict[Node, int]:
        """Joint colours of single indices after so many rounds, or stable ones; marked ones start with a colour of their own."""
        return {self._node(each): c for each, c in self.all_colours(rounds, marks).items() if len(each[1]) == 1}

    def all_colours(self, rounds: int | None = None, marks: Sequence[set[Node]] = ()) -> dict[Tuple, int]:
        """As `colours`, of all tuples."""
        names: dict[Any, int] = {}

        def named(value: Any) -> int:
            return names.setdefault(value, len(names))

        def histograms(net: int, of: dict[Tuple, int]) -> tuple[Any, ...]:
            return tuple(
                tuple(sorted(of[net, (axis,), (i,)] for i in range(self._size[axis]))) for axis in self.space.permuted
            )

        colours: dict[Tuple, int] = {}
        for each in self.tuples:
            if each[1]:
                single = len(each[1]) == 1
                marked = next(
                    (number for number, some in enumerate(marks) if single and self._node(each) in some), None
                )
                colours[each] = named(("start", each[1], repr(self._label[False][each]), marked))
            else:
                colours[each] = named(("net", repr(self._label[False][each]), histograms(each[0], colours)))
        for _ in range(len(self.tuples) + 1 if rounds is None else rounds):
            after: dict[Tuple, int] = {}
            for each in self.tuples:  # longest first
                own = (colours[each], repr(self._label[True][each]), tuple(colours[part] for part in self._parts(each)))
                if each[1]:
                    seen = [tuple(sorted(after[other] for other in some)) for some in self._longer[each]]
                    after[each] = named((*own, tuple(seen)))
                else:
                    after[each] = named((*own, histograms(each[0], after)))
            stable = len({*after.values()}) == len({*colours.values()})
            colours = after
            if stable and rounds is None:
                break
        return colours

    def parted(self, rounds: int | None = None, marks: Sequence[set[Node]] = ()) -> bool:
        """Whether the two nets have different colours after so many rounds, or for good."""
        colours = self.all_colours(rounds, marks)
        return colours[0, (), ()] != colours[1, (), ()]

    def round(self) -> int | None:
        """The first round that parts the two, or None."""
        if not self.parted():
            return None
        return next(t for t in range(len(self.tuples) + 1) if self.parted(t))

    def node(self, net: Any, axis: Any, i: Any) -> Node:
        """The index of a permuted axis that a statement names: by the axis's number among the permuted ones."""
        axis = index(axis, len(self.sizes), "a permuted axis")
        return index(net, 2, "the net of an index"), axis, index(i, self.sizes[axis], "an index")
