"""Refinement on any space, against the definition by dictionaries, against that of MLPs, and on pairs made by hand."""

from __future__ import annotations

import numpy as np
import pytest
from space_cases import SPACES, SPLIT, drawn, made

from orbitcheck.harness.oracles.refinement import refine
from orbitcheck.harness.oracles.tuples.colouring import colour, entry_classes
from orbitcheck.harness.verification.exact.tuples import Tuples
from orbitcheck.harness.weights.space import SpaceError, WeightSpace, mlp
from orbitcheck.harness.weights.spaces import recurrent


def same_partition(left: list, right: list) -> bool:
    pairs = set(zip(left, right, strict=True))
    return len(pairs) == len(set(left)) == len(set(right))


@pytest.mark.parametrize("kind", ["joint", "split"])
@pytest.mark.parametrize("name", SPACES)
def test_rounds_and_stable_colours_are_those_of_the_definition(name, kind):
    if kind == "split" and name not in SPLIT:
        pytest.skip("an edge joins two axes")
    space, rng = SPACES[name], np.random.default_rng(5)
    for _ in range(4):
        arrays = drawn(space, 2, rng)
        fast = colour(space, arrays, kind)
        slow = Tuples(space, [{n: a[i] + 0.0 for n, a in arrays.items()} for i in (0, 1)], kind)
        assert fast.round_of_separation(0, 1) == slow.round()
        mine, stable = slow.colours(), fast.stable
        for number, axis in enumerate(space.permuted):
            of = [(net, i) for net in (0, 1) for i in range(space.size[axis])]
            left = [int(stable[axis,][at]) for at in of]
            if space.is_mlp and slow.round() is not None:
                left = [
                    (net, c) for (net, _), c in zip(of, left, strict=True)
                ]  # nets that are parted may share colours
            assert same_partition(left, [mine[net, number, i] for net, i in of])


def test_on_mlps_it_is_the_refinement_of_neurons():
    rng = np.random.default_rng(1)
    for _ in range(30):
        space = mlp(*rng.integers(1, 4, rng.integers(3, 6)).tolist())
        arrays = drawn(space, 6, rng)
        old = refine(space, arrays)
        again = colour(WeightSpace(space.tensors[::-1], space.sizes, space.permuted), arrays)
        for i in range(6):
            for j in range(i):
                assert old.round_of_separation(i, j) == again.round_of_separation(i, j)
        assert (old.is_discrete == again.is_discrete).all()


def ring(*lengths: int, directed: bool) -> np.ndarray:
    size = sum(lengths)
    found, start = np.zeros((size, size)), 0
    for length in lengths:
        for i in range(length):
            j = start + (i + 1) % length
            found[start + i, j] = 1
            if not directed:
                found[j, start + i] = 1
        start += length
    return found


def with_constants(space: WeightSpace, **given: np.ndarray) -> dict[str, np.ndarray]:
    return {name: given.get(name, np.ones(shape)) for name, shape in space.shapes.items()}


def rounds(space, v, w) -> tuple:
    return tuple(colour(space, [v, w], kind).round_of_separation(0, 1) for kind in ("joint", "split"))


def test_the_smallest_pair_that_only_split_is_blind_to():
    space = recurrent(1, 4, 1)
    v, w = (with_constants(space, R1=ring(*lengths, directed=True)) for lengths in ((4,), (2, 2)))
    assert rounds(space, v, w) == (1, None)


def test_pairs_that_both_are_blind_to():
    space = recurrent(1, 6, 1)
    assert (
        rounds(space, *(with_constants(space, R1=ring(*n, directed=d)) for n, d in (((6,), 0), ((3, 3), 0))))
        == (None,) * 2
    )
    assert rounds(space, *(with_constants(space, R1=ring(*n, directed=1)) for n in ((6,), (3, 3)))) == (None,) * 2
    latin = [np.add.outer(np.arange(4), np.arange(4)) % 4, np.bitwise_xor.outer(np.arange(4), np.arange(4))]
    three = made({"T": "abc"}, {"a": 4, "b": 4, "c": 4}, "abc")
    v, w = ({"T": (square[..., None] == np.arange(4)).astype(float)} for square in latin)
    assert colour(three, [v, w]).round_of_separation(0, 1) is None


def test_pairs_of_indices_have_colours_of_their_own():
    space = made({"T": "abc"}, {"a": 2, "b": 2, "c": 2}, "abc")
    i, j, k = np.indices((2, 2, 2))
    v, w = {"T": ((i + j + k) % 2 == 0) * 1.0}, {"T": (i == j) * 1.0}
    assert colour(space, [v, w]).round_of_separation(0, 1) == 1


def test_split_refuses_tensors_with_three_permuted_axes():
    space = SPACES["three axes"]
    with pytest.raises(SpaceError, match="3 permuted axes"):
        colour(space, drawn(space, 2, np.random.default_rng(0)), "split")


def test_entry_classes_go_with_permutations_and_split_knows_its_component_alone():
    space, rng = SPACES["block"], np.random.default_rng(2)
    arrays = drawn(space, 1, rng)
    other = {n: a.copy() for n, a in arrays.items()}
    other["WQ"] = other["WQ"] + 1
    both = {n: np.concatenate([arrays[n], other[n]]) for n in arrays}
    joint, split = (entry_classes(space, both, kind) for kind in ("joint", "split"))
    for name in ("bO", "W1", "b1", "W2", "b2"):
        assert (split[name][0] == split[name][1]).all()
        assert (joint[name][0] != joint[name][1]).all()
    assert (split["WV"][0] != split["WV"][1]).all()
