"""Folklore 2-WL of two weight vectors, by its definition, over the pairs of nodes of `structure.py` (theory.md, section 8).

A pair (i, j) starts with what both nodes are, whether they are one, and the label of the edge between them; a round adds the multiset
over all nodes k of the same net of the colours of (i, k) and (k, j). Slow and obvious on purpose: shares nothing with the oracles.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from ...core.certificates.node_pairs import TRIPLES
from .refuted import demand
from .structure import Node, Structure

NodePair = tuple[Node, Node]


class NodePairs:
    """All ordered pairs of nodes of one net each."""

    def __init__(self, structure: Structure):
        self.nodes = [[node for node in structure.nodes if node[0] == net] for net in (0, 1)]
        self._start = _numbered(
            {
                (i, j): (structure.own(i), structure.own(j), i == j, structure.edge(i, j))
                for nodes in self.nodes
                for i in nodes
                for j in nodes
            }
        )

    @property
    def triples(self) -> int:
        """Triples of nodes of one round."""
        return sum(len(nodes) ** 3 for nodes in self.nodes)

    @property
    def start(self) -> dict[NodePair, int]:
        """The colours of round 0."""
        return self._start

    @property
    def affordable(self) -> int:
        """Rounds that a proof may take."""
        return TRIPLES // self.triples

    def refined(self, colours: dict[NodePair, int]) -> dict[NodePair, int]:
        """The colours after one more round."""
        after: dict[NodePair, tuple[Any, ...]] = {}
        for nodes in self.nodes:
            rows = {i: [colours[i, k] for k in nodes] for i in nodes}
            columns = {j: [colours[k, j] for k in nodes] for j in nodes}
            for i in nodes:
                for j in nodes:
                    after[i, j] = colours[i, j], *sorted(zip(rows[i], columns[j], strict=True))
        return _numbered(after)

    def colours(self, rounds: int | None = None) -> dict[NodePair, int]:
        """Joint colours after so many rounds, or stable ones."""
        colours, work = self._start, 0
        while rounds is None or rounds > 0:
            work += self.triples
            demand(work <= TRIPLES, "few enough pairs of neurons to be refined here")
            after = self.refined(colours)
            if max(after.values()) == max(colours.values()):
                break  # no class was split: stable from here on
            colours = after
            rounds = None if rounds is None else rounds - 1
        return colours


def pairs_differ(colours: dict[NodePair, int]) -> bool:
    """Whether two nets have other numbers of pairs of some colour."""
    v, w = (Counter(colour for pair, colour in colours.items() if pair[0][0] == net) for net in (0, 1))
    return v != w


def _numbered(keys: dict[NodePair, tuple[Any, ...]]) -> dict[NodePair, int]:
    names: dict[tuple[Any, ...], int] = {}
    return {pair: names.setdefault(key, len(names)) for pair, key in keys.items()}
