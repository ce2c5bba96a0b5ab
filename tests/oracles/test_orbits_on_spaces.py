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
    heads_group,
    in_one_orbit,
    made,
    moved_by,
    regular,
    shaped,
)

from orbitcheck.harness.oracles.orbit import equal, moved
from orbitcheck.harness.oracles.tuples.orbits import (
    Nested,
    canonical_form,
    orbit_classes,
    same_nested_orbit,
    same_orbit,
)
from orbitcheck.harness.weights.space import SpaceError, WeightSpace
from orbitcheck.harness.weights.spaces import conv_net, recurrent, residual_mlp


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


def circulant(size: int, *steps: int) -> np.ndarray:
    return sum(np.roll(np.eye(size), step, axis=1) for step in steps)


def directed(*lengths: int) -> np.ndarray:
    found, start = np.zeros((sum(lengths),) * 2), 0
    for n in lengths:
        found[start : start + n, start : start + n] = circulant(n, 1)
        start += n
    return found


def rook_and_shrikhande() -> list[np.ndarray]:
    cells = [(i, j) for i in range(4) for j in range(4)]
    rook = [[float(a != b and (a[0] == b[0] or a[1] == b[1])) for b in cells] for a in cells]
    steps = {(0, 1), (0, 3), (1, 0), (3, 0), (1, 1), (3, 3)}
    shrikhande = [[float(((b[0] - a[0]) % 4, (b[1] - a[1]) % 4) in steps) for b in cells] for a in cells]
    return [np.array(rook), np.array(shrikhande)]


def ones(space: WeightSpace, **given: np.ndarray) -> dict[str, np.ndarray]:
    return {name: given.get(name, np.ones(shape)) for name, shape in space.shapes.items()}


def hard_pairs() -> list[tuple[WeightSpace, dict, dict]]:
    cycle, two = circulant(4, 0, 1), np.kron(np.eye(2), np.ones((2, 2)))
    swaps, hexagon, triangles = directed(2, 2), directed(6) + directed(6).T, directed(3, 3) + directed(3, 3).T
    conv = conv_net(1, 4, 4, 1, kernel=1)
    residual, long = residual_mlp(1, 4, (4,), 1), residual_mlp(1, 6, (6,), 1)
    square = recurrent(1, 4, 1)
    latin = [np.add.outer(np.arange(4), np.arange(4)) % 4, np.bitwise_xor.outer(np.arange(4), np.arange(4))]
    cubes = [(square[..., None] == np.arange(4)).astype(float) for square in latin]
    three, (rook, shrikhande) = made({"T": "abc"}, {"a": 4, "b": 4, "c": 4}, "abc"), rook_and_shrikhande()
    given = [
        (conv, {"C2": cycle[..., None, None]}, {"C2": two[..., None, None]}),
        (residual, {"B1": cycle}, {"B1": two}),
        (residual, {"A1": np.eye(4), "B1": directed(4)}, {"A1": np.eye(4), "B1": swaps}),
        (long, {"A1": np.eye(6), "B1": hexagon}, {"A1": np.eye(6), "B1": triangles}),
        (square, {"R1": directed(4)}, {"R1": swaps}),
        (recurrent(1, 6, 1), {"R1": hexagon}, {"R1": triangles}),
        (recurrent(1, 6, 1), {"R1": directed(6)}, {"R1": directed(3, 3)}),
        (recurrent(1, 16, 1), {"R1": rook}, {"R1": shrikhande}),
        (three, {"T": cubes[0]}, {"T": cubes[1]}),
    ]
    return [(space, ones(space, **v), ones(space, **w)) for space, v, w in given]


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
