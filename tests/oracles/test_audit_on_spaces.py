"""The audit of nets of any space, against brute force and against the definition of order 0."""

from __future__ import annotations

import numpy as np
import pytest
from space_cases import SPACES, drawn, group, hard_pairs, in_one_orbit

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
