"""Every planted copy is found, and nothing else; `benchmarks/acceptance/duplicates.py` asks the same of 1,000 and 10,000 networks."""

from __future__ import annotations

import numpy as np
import pytest
from planted_copies import CHANGES, population

from orbitcheck import mlp
from orbitcheck.harness.oracles.duplicates.groups import groups
from orbitcheck.harness.oracles.duplicates.links import Likeness

FOUND_AS = {
    "identical": {Likeness.IDENTICAL},
    "permuted": {Likeness.PERMUTED},
    "scaled": {Likeness.FUNCTION},
    "rounded": {Likeness.ROUNDED, Likeness.FUNCTION},
    "dead": {Likeness.FUNCTION},
    "doubled": {Likeness.FUNCTION, Likeness.ROUNDED},
    "near": {Likeness.NEAR},
}


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_every_copy_is_found_as_what_it_is_and_nothing_else(activation):
    planted = population(mlp(6, 7, 5, 3, activation=activation), 40, 3, seed=1)
    found = groups([(planted.space, net) for net in planted.nets])
    assert {tuple(group) for group in found.members} == planted.truth
    for link in found.links:
        kinds = {planted.kinds[link.first], planted.kinds[link.second]} - {"fresh"}
        if len(kinds) == 1:
            assert link.likeness in FOUND_AS[kinds.pop()], link
    assert set(CHANGES) == set(FOUND_AS)


def test_networks_without_copies_are_alone():
    planted = population(mlp(3, 4, 2), 60, 0, seed=2)
    found = groups([(planted.space, net) for net in planted.nets], spread=True)
    assert not found.links and min(share for _, share in found.nearest) > 0.05


def test_copies_that_outnumber_the_rest_are_found_and_wild_networks_hide_none():
    planted = population(mlp(3, 5, 4, 2), 20, 0, seed=3)
    rng = np.random.default_rng(0)
    nets = list(planted.nets)
    nets += [
        {name: array + 1e-5 * rng.standard_normal(array.shape) for name, array in nets[4].items()} for _ in range(60)
    ]
    found = groups([(planted.space, net) for net in nets])
    assert found.members == [[4, *range(20, 80)]]
    wild = [
        {name: array * (1e4 if net < 6 else 1.0) for name, array in each.items()}
        for net, each in enumerate(planted.nets)
    ]
    assert not groups([(planted.space, net) for net in wild]).members
