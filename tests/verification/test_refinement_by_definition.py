"""The slow refinements of `verify`: rounds are counted one by one, work is bounded before it is done, and each kind sees what it should."""

from __future__ import annotations

import numpy as np
import pytest

from orbitcheck import WeightSpace, mlp
from orbitcheck.harness.verification.exact import node_pairs, tuples
from orbitcheck.harness.verification.exact.node_pairs import NodePairs, pairs_differ
from orbitcheck.harness.verification.exact.refuted import Refuted
from orbitcheck.harness.verification.exact.structure import Structure
from orbitcheck.harness.verification.exact.tuples import Tuples

SPACE = mlp(1, 4, 4, 1)


def cycles(*lengths: int) -> dict[str, np.ndarray]:
    """Two hidden layers joined by cycles; all else is equal."""
    weights, first = np.zeros((4, 4)), 0
    for length in lengths:
        for i in range(length):
            weights[first + i, first + i] = weights[first + (i + 1) % length, first + i] = 1.0
        first += length
    return {
        "W1": np.ones((4, 1)),
        "b1": np.zeros(4),
        "W2": weights,
        "b2": np.zeros(4),
        "W3": np.ones((1, 4)),
        "b3": np.ones(1),
    }


def partition(colours: dict) -> set[frozenset]:
    return {frozenset(key for key, colour in colours.items() if colour == c) for c in set(colours.values())}


class TestNodePairs:
    def test_so_many_rounds_are_so_many(self):
        pairs = NodePairs(Structure(SPACE, [cycles(4), cycles(2, 2)]))
        assert pairs.colours(0) == pairs.start
        once = pairs.refined(pairs.start)
        assert partition(pairs.colours(1)) == partition(once) != partition(pairs.start)
        assert partition(pairs.colours(2)) == partition(pairs.refined(once))
        assert not pairs_differ(pairs.start) and pairs_differ(pairs.colours())

    def test_stable_colours_stay_so(self):
        pairs = NodePairs(Structure(SPACE, [cycles(4), cycles(2, 2)]))
        stable = pairs.colours()
        assert partition(pairs.refined(stable)) == partition(stable) == partition(pairs.colours(50))

    def test_work_is_bounded_before_it_is_done(self, monkeypatch):
        pairs = NodePairs(Structure(SPACE, [cycles(4), cycles(2, 2)]))
        assert pairs.triples == 2 * 10**3
        monkeypatch.setattr(node_pairs, "TRIPLES", 2 * pairs.triples)
        assert pairs.affordable == 2
        pairs.colours(2)
        monkeypatch.setattr(node_pairs, "TRIPLES", 2 * pairs.triples - 1)
        assert pairs.affordable == 1
        pairs.colours(1)
        for rounds in (2, None):
            with pytest.raises(Refuted, match="few enough pairs of neurons to be refined here"):
                pairs.colours(rounds)


THREE = WeightSpace((("T", ("a", "b", "c")), ("x", ("a",))), (("a", 2), ("b", 2), ("c", 2)), ("a", "b", "c"))


class TestTuples:
    def test_an_edge_joins_two_axes_where_refinement_is_split(self):
        net = {"T": np.arange(8.0).reshape(2, 2, 2), "x": np.zeros(2)}
        assert not Tuples(THREE, [net, net]).parted()
        with pytest.raises(Refuted, match="an edge of a parameter graph joins two axes"):
            Tuples(THREE, [net, net], "split")
        with pytest.raises(Refuted, match="joint or split"):
            Tuples(THREE, [net, net], "both")
        Tuples(SPACE, [cycles(4)] * 2, "split")

    def test_work_is_bounded(self, monkeypatch):
        nets = [cycles(4), cycles(2, 2)]
        made = Tuples(SPACE, nets)
        work = len(made.tuples) * 4
        monkeypatch.setattr(tuples, "WORK", work)
        Tuples(SPACE, nets)
        monkeypatch.setattr(tuples, "WORK", work - 1)
        with pytest.raises(Refuted, match="few enough tuples"):
            Tuples(SPACE, nets)

    def test_joint_and_split_part_what_they_should(self):
        """One value three times at an index or three at three: entries of one row beside each other; split sees edges alone."""
        ring, two = cycles(4), cycles(2, 2)
        assert not Tuples(SPACE, [ring, two]).parted() and Tuples(SPACE, [ring, two]).round() is None
        other = {**ring, "b2": np.array([1.0, 0.0, 0.0, 0.0])}
        for kind in ("joint", "split"):
            parted = Tuples(SPACE, [ring, other], kind)
            assert parted.parted(0) and parted.round() == 0
        moved = {**ring, "W2": ring["W2"].copy()}
        moved["W2"][0, 0], moved["W2"][0, 2] = 0.0, 1.0
        assert Tuples(SPACE, [ring, moved]).round() == 1 == Tuples(SPACE, [ring, moved], "split").round()

    def test_the_round_is_the_first_that_parts(self):
        """Two paths from the marked neuron: what differs at distance t shows in round t."""
        made = Tuples(SPACE, [cycles(4), cycles(2, 2)])
        one = [{(0, 0, 0)}, {(1, 0, 0)}]
        assert [made.parted(t, [one[0] | one[1]]) for t in range(4)] == sorted(
            made.parted(t, [one[0] | one[1]]) for t in range(4)
        )
        assert not made.parted(0, [one[0] | one[1]]) and made.parted(None, [one[0] | one[1]])

    def test_indices_are_named_by_net_axis_and_number(self):
        made = Tuples(SPACE, [cycles(4)] * 2)
        assert made.node(1, 0, 3) == (1, 0, 3) and len(made.nodes) == 16
        for net, axis, i in ((2, 0, 0), (True, 0, 0), (0, 2, 0), (0, -1, 0), (0, 0, 4), (0, 0, 1.0)):
            with pytest.raises(Refuted):
                made.node(net, axis, i)
