"""Links as people and files read them, and sets that are joined one by one."""

from __future__ import annotations

import numpy as np

from orbitcheck import group, mlp
from orbitcheck.harness.oracles.duplicates.links import MEANING, Forest, Groups, Likeness, Link, to_json
from orbitcheck.harness.oracles.duplicates.neurons import NeuronMap
from orbitcheck.harness.weights.symmetry import generators

SPACE = mlp(1, 2, 1)
GENERATORS = generators(group(SPACE, "permutation+scale"))
SWAP = next(g for g in GENERATORS if not any(abs(f) != 1 for d in g.diagonals for f in d.inward))
SCALED = next(g for g in GENERATORS if g != SWAP)
SIGNED = generators(group(mlp(1, 2, 1, activation="tanh"), "permutation+sign"))[-1]
NEURONS = NeuronMap(())


def test_what_two_networks_differ_by_is_read_off_the_element():
    assert Link(0, 1, Likeness.FUNCTION, SWAP).reasons == ("permutation",)
    assert Link(0, 1, Likeness.FUNCTION, SCALED).reasons == ("rescaling",)
    assert Link(0, 1, Likeness.FUNCTION, SIGNED).reasons == ("signs",)
    assert Link(0, 1, Likeness.IDENTICAL).reasons == ()
    assert Link(0, 1, Likeness.FUNCTION, neurons=NEURONS).reasons == NEURONS.reasons


def test_the_witness_in_one_line():
    assert Link(0, 1, Likeness.IDENTICAL).told == MEANING[Likeness.IDENTICAL] == "equal entry by entry"
    assert Link(0, 1, Likeness.PERMUTED, SWAP).told == str(SWAP)
    assert Link(0, 1, Likeness.FUNCTION, SCALED).told == f"by rescaling: {SCALED}"
    assert Link(0, 1, Likeness.FUNCTION).told == "equal normal forms"
    assert Link(0, 1, Likeness.ROUNDED, share=1.25e-7).told == "outputs differ by at most 1.2e-07 of their spread"
    by = Link(0, 1, Likeness.ROUNDED, SWAP, share=0.5).told
    assert by == f"outputs differ by at most 5.0e-01 of their spread, by permutation: {SWAP}"
    near = Link(0, 1, Likeness.NEAR, SWAP, share=0.0123, scaled="scale").told
    assert near == f"1.2 % of the median distance, modulo permutations and scales: {SWAP}"
    assert Link(0, 1, Likeness.NEAR, SWAP).told == f"0 % of the median distance, modulo permutations: {SWAP}"


def test_as_plain_data():
    assert to_json(Link(0, 1, Likeness.IDENTICAL)) == {"likeness": "identical", "witness": "equal entry by entry"}
    link = Link(0, 1, Likeness.NEAR, SCALED, NEURONS, 0.0, "sign")
    assert to_json(link) == {
        "likeness": "near",
        "witness": link.told,
        "element": SCALED.to_json(),
        "by": ["rescaling"],
        "neurons": NEURONS.to_json(),
        "share": 0.0,
        "scaled": "sign",
    }


def test_groups_are_what_links_connect():
    links = (Link(4, 5, Likeness.NEAR), Link(0, 2, Likeness.PERMUTED), Link(2, 5, Likeness.NEAR))
    groups = Groups(7, links)
    assert groups.members == [[0, 2, 4, 5]]
    assert groups.counts == {Likeness.NEAR: 2, Likeness.PERMUTED: 1}
    assert Groups(3, ()).members == []


def test_a_forest_against_sets():
    """By the slow way: sets that are united."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        forest, sets = Forest(9), [{net} for net in range(9)]
        for _ in range(6):
            a, b = (int(x) for x in rng.integers(0, 9, 2))
            assert forest.join(a, b) == (b not in sets[a])
            for net in (both := sets[a] | sets[b]):
                sets[net] = both
        assert forest.roots(range(9)) == [min(each) for each in sets]
