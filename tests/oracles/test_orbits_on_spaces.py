"""Orbits and canonical forms on every kind of space, against the whole group; hard pairs; heads; a stranger's space."""

from __future__ import annotations

import numpy as np
import pytest
from space_cases import (
    HEADS,
    SPACES,
    changed,
    drawn,
    flat,
    group,
    hard_pairs,
    heads_group,
    in_one_orbit,
    made,
    moved_by,
    regular,
    shaped,
)

from orbitcheck.harness.oracles.orbit import equal, moved
from orbitcheck.harness.oracles.tuples.nested import Nested, same_nested_orbit
from orbitcheck.harness.oracles.tuples.orbits import (
    canonical_form,
    orbit_classes,
    same_orbit,
)
from orbitcheck.harness.weights.space import SpaceError


@pytest.mark.parametrize("name", SPACES)
def test_decisions_and_forms_are_those_of_the_whole_group(name):
    space, rng = SPACES[name], np.random.default_rng(11)
    for number in range(8):
        v = regular(space, rng) if number % 2 else {n: a[0] for n, a in drawn(space, 1, rng).items()}
        w = moved_by(space, v, rng)
        w = changed(w, rng) if rng.random() < 0.6 else w
        truth = in_one_orbit(group(space), v, w)
        found = same_orbit(space, v, w)
        assert found.answer == ("same" if truth else "different")
        assert found.element is None or equal(space, moved(space, found.element, v), w)
        forms = [canonical_form(space, u) for u in (v, moved_by(space, v, rng), w)]
        assert equal(space, forms[0], forms[1])
        assert equal(space, forms[0], forms[2]) == truth


def test_orbits_of_a_whole_set_are_those_of_its_pairs():
    for name in ("recurrent", "three axes", "mixed"):
        space = SPACES[name]
        arrays = drawn(space, 12, np.random.default_rng(3))
        orbits, elements = orbit_classes(space, arrays)
        nets = [{n: a[i] for n, a in arrays.items()} for i in range(12)]
        for i in range(12):
            for j in range(i):
                assert (orbits[i] == orbits[j]) == in_one_orbit(group(space), nets[i], nets[j])
        forms = [moved(space, g, v) for g, v in zip(elements, nets, strict=True)]
        assert all(equal(space, forms[i], forms[j]) for i in range(12) for j in range(i) if orbits[i] == orbits[j])


@pytest.mark.parametrize(("space", "v", "w"), hard_pairs())
def test_hard_pairs_are_two_orbits_and_their_copies_are_one(space, v, w):
    rng = np.random.default_rng(0)
    assert same_orbit(space, v, w).answer == "different"
    assert same_orbit(space, v, moved_by(space, v, rng)).answer == "same"
    assert same_orbit(space, w, moved_by(space, w, rng)).answer == "same"


def test_a_tournament_and_its_cousin():
    """Entries of one block that are told by the other order alone."""
    space, rng = made({"R": "aa"}, {"a": 5}, "a"), np.random.default_rng(1)
    for _ in range(12):
        upper = np.triu(rng.integers(0, 2, (5, 5)), 1)
        v = {"R": (upper + np.tril(1 - upper.T, -1)).astype(float)}
        upper = np.triu(rng.integers(0, 2, (5, 5)), 1)
        w = {"R": (upper + np.tril(1 - upper.T, -1)).astype(float)}
        for left, right in ((v, w), (v, moved_by(space, v, rng)), (v, {"R": v["R"].T.copy()})):
            assert (same_orbit(space, left, right).answer == "same") == in_one_orbit(group(space), left, right)


def test_heads_are_exchanged_with_keys_and_values_of_their_own():
    (space, within), rng, answers = HEADS, np.random.default_rng(4), []
    for _ in range(24):
        v = {n: a[0] for n, a in drawn(space, 1, rng).items()}
        w = shaped(space, flat(v)[heads_group()[rng.integers(len(heads_group()))]])
        w = changed(w, rng) if rng.random() < 0.5 else w
        truth, found = in_one_orbit(heads_group(), v, w), same_nested_orbit(space, within, v, w)
        assert found.answer == ("same" if truth else "different")
        answers.append(truth and not in_one_orbit(group(space), v, w))
    assert any(answers), "some pairs are one orbit of the wreath product alone"


def test_what_cannot_be_nested_is_refused():
    space = made({"T": "ab", "b": "b"}, {"a": 2, "b": 2}, "ab")
    with pytest.raises(SpaceError, match="without one"):
        Nested(space, {"b": "a"})
    with pytest.raises(SpaceError, match="allowed: two permuted axes"):
        Nested(space, {"b": "x"})
