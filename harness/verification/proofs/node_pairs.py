"""Proofs by folklore 2-WL: a stable colouring of pairs of nodes with equal histograms, and the round that parts."""

from __future__ import annotations

from ...core.certificates import Part
from ...core.certificates.node_pairs import EquivalentByPairColouring, PartedByPairRound
from ..exact.node_pairs import pairs_differ
from ..exact.refuted import demand, index
from ..exact.subject import Subject
from .implied import by_one_orbit


def pair_colouring(subject: Subject, said: EquivalentByPairColouring) -> None:
    """Pairs of one stated colour are alike in round 0 and see the same multisets; and each colour is as frequent in v as in w.

    Then no round parts pairs of one colour, by induction, so none parts the two nets.
    """
    pairs = subject.node_pairs
    shape = [[len(row) for row in rows] for rows in said["colours"]]
    demand(shape == [[len(nodes)] * len(nodes) for nodes in pairs.nodes], "a colour for each pair of neurons")
    demand(pairs.affordable, "few enough pairs of neurons to be refined here")
    stated = {
        (i, j): colour
        for nodes, rows in zip(pairs.nodes, said["colours"], strict=True)
        for i, row in zip(nodes, rows, strict=True)
        for j, colour in zip(nodes, row, strict=True)
    }
    demand(all(type(colour) is int for colour in stated.values()), "colours are integers")
    classes = len({*stated.values()})
    for finer, law in ((pairs.start, "alike in round 0"), (pairs.refined(stated), "alike after one more round")):
        together = {(stated[pair], finer[pair]) for pair in stated}
        demand(len(together) == classes, f"pairs of one stated colour are {law}")
    demand(not pairs_differ(stated), "2-FWL-equivalent: equal histograms")


def parting_round(subject: Subject, said: PartedByPairRound) -> None:
    """Not parted before the round; in it the colour of the pair has these counts, and they differ."""
    pairs, last = subject.node_pairs, said["round"]
    demand(type(last) is int and 0 <= last <= len(pairs.start), "the round is one that refinement can need")
    before = pairs.colours(last - 1) if last else {}
    demand(not pairs_differ(before), f"not parted before round {last}")
    colours = pairs.refined(before) if last else pairs.start
    net, i, j = said["pair"]
    nodes = pairs.nodes[index(net, 2, "the net of a pair")]
    own = colours[nodes[index(i, len(nodes), "a neuron")], nodes[index(j, len(nodes), "a neuron")]]
    counts = [sum(colour == own and pair[0][0] == side for pair, colour in colours.items()) for side in (0, 1)]
    demand(counts == said["counts"] and counts[0] != counts[1], f"the counts of a colour of pairs in round {last}")


def unknown_two_fwl(subject: Subject, said: object) -> None:
    """Rounds up to the budget part nothing, and the last of them still splits a class."""
    pairs = subject.node_pairs
    colours = pairs.start
    for _ in range(pairs.affordable):
        demand(not pairs_differ(colours), "2-FWL is unknown, though it parts the two")
        after = pairs.refined(colours)
        demand(max(after.values()) > max(colours.values()), "2-FWL is unknown, though it parts the two never")
        colours = after
    demand(not pairs_differ(colours), "2-FWL is unknown, though it parts the two")


CHECKS = {
    (Part.TWO_FWL, "equivalent", "orbit"): by_one_orbit,
    (Part.TWO_FWL, "equivalent", "pair-colouring"): pair_colouring,
    (Part.TWO_FWL, "different", "pair-round"): parting_round,
    (Part.TWO_FWL, "unknown", "none"): unknown_two_fwl,
}
