"""The audit of nets of any space, against brute force and against the definition of order 0."""

from __future__ import annotations

import numpy as np
import pytest
from space_cases import SPACES, drawn, group, hard_pairs, in_one_orbit, made

from orbitcheck.harness.oracles.tuples.audit import audit
from orbitcheck.harness.oracles.tuples.relation import order_zero
from orbitcheck.harness.verification.exact.tuples import Tuples


@pytest.mark.parametrize("name", ["mlp", "conv", "recurrent", "block", "three axes", "axis twice"])
def test_every_word_of_the_audit_is_that_of_the_definition(name):
    space, nets = SPACES[name], 6
    arrays = drawn(space, nets, np.random.default_rng(6))
    found = audit(space, arrays)
    each = [{n: a[i] + 0.0 for n, a in arrays.items()} for i in range(nets)]
    slow = [[None] * nets for _ in range(nets)]
    for i in range(nets):
        assert found.general_position[i] == order_zero(space, each[i])
        for j in range(nets):
            slow[i][j] = Tuples(space, [each[i], each[j]])
        alone = slow[i][i]

        def discrete(number: int, alone: Tuples = alone) -> bool:
            own = {(axis, c) for (net, axis, _), c in alone.colours(number).items() if net == 0}
            return len(own) == sum(alone.sizes)

        first = next((number for number in range(8) if discrete(number)), -1)
        assert (found.rounds[i], found.discrete[i]) == (first, first >= 0)
    for i in range(nets):
        mates = [j for j in range(nets) if not slow[i][j].parted()]
        assert found.one_orbit[i] == all(in_one_orbit(group(space), each[i], each[j]) for j in mates)


def test_hard_pairs_fail_the_sharp_condition():
    for space, v, w in hard_pairs()[:6]:
        found = audit(space, {n: np.stack([v[n], w[n], v[n]]) for n in space.axes})
        if found.classes == 1:
            assert not found.one_orbit.any() and found.orbits == 2


def test_ties_are_counted_axis_by_axis():
    """By hand: b is the one tensor that has `h` alone; `k` has none, so that nothing tells its indices apart."""
    space = made({"b": "h", "T": "hk"}, {"h": 5, "k": 2}, "hk")
    ties = {(1, 2, 3, 4, 5): 0, (1, 1, 2, 3, 4): 2, (2, 1, 2, 3, 2): 3, (1, 2, 1, 2, 3): 4, (7, 7, 7, 7, 7): 5}
    rows = np.array(list(ties), dtype=float)
    found = audit(space, {"b": rows, "T": np.random.default_rng(0).normal(size=(5, 5, 2))})
    assert found.tied.tolist() == [[count, 2] for count in ties.values()]
    assert not found.general_position.any()
    both = made({"b": "h", "c": "h"}, {"h": 3}, "h")
    b, c = np.array([[1.0, 1, 2]] * 2), np.array([[1.0, 2, 1], [1, 1, 1]])
    found = audit(both, {"b": b, "c": c})
    assert found.tied.tolist() == [[0], [2]] and found.general_position.tolist() == [True, False]
    assert (found.rounds.tolist(), found.discrete.tolist()) == ([0, -1], [True, False]), "biases alone tell all apart"


def test_two_nets_of_one_class_are_in_one_orbit_only_where_one_is_the_other_moved():
    """Eight neurons that read in two rings of four, or in one of eight: refinement parts no two of them, and not the nets."""
    space = made({"T": "hh"}, {"h": 8}, "h")
    ring, two = np.zeros((8, 8)), np.zeros((8, 8))
    for i in range(8):
        ring[i, (i + 1) % 8] = ring[(i + 1) % 8, i] = 1
        two[i, 4 * (i // 4) + (i + 1) % 4] = two[4 * (i // 4) + (i + 1) % 4, i] = 1
    order = np.random.default_rng(0).permutation(8)
    for nets, orbits in (
        ([ring, two], 2),
        ([ring, ring[np.ix_(order, order)]], 1),
        ([two, two[np.ix_(order, order)]], 1),
    ):
        found = audit(space, {"T": np.stack(nets)})
        assert (found.classes, found.orbits, found.one_orbit.tolist()) == (1, orbits, [orbits == 1] * 2)


def test_where_nothing_is_permuted_every_net_is_in_general_position():
    space = made({"T": "xy"}, {"x": 2, "y": 2}, "")
    found = audit(space, {"T": np.array([[[1.0, 2], [3, 4]], [[1.0, 2], [3, 4]], [[0.0, 0], [0, 0]]])})
    assert found.tied.shape == (3, 0) and found.general_position.all() and found.discrete.all()
    assert (found.classes, found.orbits, found.one_orbit.tolist()) == (2, 2, [True] * 3)
