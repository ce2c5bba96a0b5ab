"""Folklore 2-WL (2-FWL) of weight vectors: joint refinement of the colours of pairs of nodes, exact, for any number of nets at once.

Law: round 0 colours an ordered pair (i, j) by the kinds of both, whether i = j, and the labels of (i, j) and (j, i); a round replaces
the colour by (colour, multiset over all nodes k of the pair of colours of (i, k) and of (k, j)). Colours are shared by all nets of
a call, so two nets are 2-FWL-equivalent iff their stable colours have equal histograms (theory.md, section 8).

One orbit => 2-FWL-equivalent => 1-WL-equivalent, both strict; round t of 2-FWL refines round t of 1-WL. A colour of a pair holds,
in the same round, those of (j, i), (i, i) and (j, j), by induction over the rounds.

Values enter as codes of exact values (`table.py`) and nothing is hashed: a colour is the rank of its triple in lexicographic
order among the triples of all nets. So colours are absolute for a set of nets: they depend neither on the order of the nets nor on
the numbering of their nodes. A round costs nodes^3 a net, for the pairs alone that are not yet told from all others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...weights.space import WeightSpace
from ..refinement import rank_rows
from .table import Table, mlp_table, ranks

if TYPE_CHECKING:
    from ...weights.pair import Vector

CHUNK = 2**24
"""Triples of nodes that are looked at together; a class of pairs that is larger is still looked at as a whole."""


@dataclass(frozen=True)
class PairRefinement:
    """The colours of every round, up to the first stable one.

    Args:
        colours: per round `[nets, nodes, nodes]`, integers from 0; the last entry is the stable colouring.
        net_classes: per round `[nets]`: nets with equal histograms of colours share a number.
        is_stable: false where rounds were bounded and the last one given still split a class.
    """

    colours: tuple[np.ndarray, ...]
    net_classes: tuple[np.ndarray, ...]
    is_stable: bool = True

    @property
    def rounds(self) -> int:
        """Rounds until stable: one more would separate no two pairs of any two nets."""
        return len(self.colours) - 1

    @property
    def stable(self) -> np.ndarray:
        """The stable colours, `[nets, nodes, nodes]`."""
        return self.colours[-1]

    def classes(self) -> np.ndarray:
        """`[nets]`: the 2-FWL class of every net, numbered from 0."""
        return self.net_classes[-1]

    def round_of_separation(self, i: int, j: int) -> int | None:
        """The first round in which the histograms of nets `i` and `j` differ; None if they are 2-FWL-equivalent."""
        return next((number for number, classes in enumerate(self.net_classes) if classes[i] != classes[j]), None)

    def rounds_of_separation(self) -> np.ndarray:
        """`[nets, nets]`: the first round that separates two nets, -1 where none does."""
        found = np.full((len(self.classes()),) * 2, -1)
        for number in range(self.rounds, -1, -1):
            classes = self.net_classes[number]
            found[classes[:, None] != classes[None, :]] = number
        return found


def refine_mlp_pairs(space: WeightSpace, vectors: Sequence[Vector] | Mapping[str, np.ndarray]) -> PairRefinement:
    """2-FWL of the parameter graphs of MLPs, jointly until stable.

    Raises:
        SpaceError: as `refinement.refine`.
    """
    return refine_pairs(mlp_table(space, vectors))


def refine_pairs(table: Table, last: int | None = None) -> PairRefinement:
    """2-FWL of the nets of a table, jointly until stable.

    Args:
        last: rounds that are made at most; whether the last one is stable is seen by making one more.
    """
    colours = _initial(table)
    history, classes = [colours], [_net_classes(colours)]
    for _ in range(colours.size if last is None else last):  # every round but the last one splits a class
        finer = _refined(colours)
        if int(finer.max()) == int(colours.max()):
            return PairRefinement(tuple(history), tuple(classes))
        colours = finer
        history.append(colours)
        classes.append(_net_classes(colours))
    assert last is not None, "refinement did not end"
    return PairRefinement(tuple(history), tuple(classes), is_stable=False)


def _initial(table: Table) -> np.ndarray:
    nets, nodes = table.nets, table.nodes
    same = np.broadcast_to(np.eye(nodes, dtype=np.int64), (nets, nodes, nodes))
    kinds, labels = table.kinds.astype(np.int64), table.labels.astype(np.int64)
    first, second = np.broadcast_arrays(kinds[:, :, None], kinds[:, None, :])
    rows = np.stack([first, second, same, labels, labels.transpose(0, 2, 1)], axis=-1).reshape(-1, 5)
    return rank_rows(rows).reshape(nets, nodes, nodes)


def _refined(old: np.ndarray) -> np.ndarray:
    """The colours of all pairs after one more round."""
    flat, nodes = old.ravel(), old.shape[1]
    turned = np.ascontiguousarray(old.transpose(0, 2, 1))
    base = int(flat.max()) + 1
    seen = np.zeros(len(flat), dtype=np.int64)
    for pairs in _together(flat, nodes):
        net, i, j = np.unravel_index(pairs, old.shape)
        codes = old[net, i]
        codes *= base
        codes += turned[net, j]
        codes.sort(axis=1)
        seen[pairs] = rank_rows(codes)
    return ranks(flat * (int(seen.max()) + 1) + seen).reshape(old.shape)


def _together(flat: np.ndarray, nodes: int) -> Iterator[np.ndarray]:
    """Positions of pairs, whole classes together, some classes at once: what is seen is compared inside a class alone.

    A pair that is alone with its colour keeps it alone, and is left out.
    """
    counts = np.bincount(flat)
    order = np.argsort(flat, kind="stable")
    order = order[counts[flat[order]] > 1]
    ends = np.cumsum(counts[counts > 1])
    start = 0
    while start < len(order):
        last = np.searchsorted(ends, start + CHUNK // nodes, side="right")
        end = int(ends[max(last - 1, np.searchsorted(ends, start, side="right"))])
        yield order[start:end]
        start = end


def _net_classes(colours: np.ndarray) -> np.ndarray:
    return rank_rows(np.sort(colours.reshape(len(colours), -1), axis=1))
