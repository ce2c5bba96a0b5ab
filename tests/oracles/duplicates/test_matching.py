"""Weight matching and what bounds it, against brute force over the whole group; witnesses of functions, against the functions."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, permutations, product

import numpy as np
import pytest

from orbitcheck import WeightSpace, mlp, random_elements, recurrent
from orbitcheck.harness.oracles.duplicates.functions import function_links
from orbitcheck.harness.oracles.duplicates.groups import groups
from orbitcheck.harness.oracles.duplicates.links import Likeness
from orbitcheck.harness.oracles.duplicates.matching import match, sorted_entries
from orbitcheck.harness.oracles.duplicates.neurons import LayerMap, NeuronMap
from orbitcheck.harness.oracles.orbit import moved
from orbitcheck.harness.weights.symmetry import GroupElement

MOST = float(np.finfo(float).max)
EXACT = (Likeness.IDENTICAL, Likeness.PERMUTED)
SPACES = [mlp(2, 3, 3, 1), recurrent(2, 3, 1)]


def drawn(space, rng):
    return {name: rng.standard_normal(shape) for name, shape in space.shapes.items()}


def distances(space, v, w):
    """`|g v - w|` for every g."""
    axes = [(axis, space.size[axis]) for axis in space.permuted]
    for images in product(*(permutations(range(size)) for _, size in axes)):
        copy = moved(space, GroupElement(tuple((a, i) for (a, _), i in zip(axes, images, strict=True))), v)
        yield sum(float(np.square(copy[name] - w[name]).sum()) for name in space.axes) ** 0.5


@pytest.mark.parametrize("space", SPACES, ids=["mlp", "recurrent"])
def test_near_copies_are_matched_best_and_nothing_is_nearer_than_its_bound(space):
    rng = np.random.default_rng(0)
    best = 0
    for trial in range(30):
        v, w = drawn(space, rng), drawn(space, rng)
        if trial % 2:
            near = {name: array + 1e-3 * rng.standard_normal(array.shape) for name, array in v.items()}
            w = moved(space, GroupElement(tuple((a, tuple(rng.permutation(3).tolist())) for a in space.permuted)), near)
        least = min(distances(space, v, w))
        found = match(space, v, w)
        copy = moved(space, found.element, v)
        told = sum(float(np.square(copy[name] - w[name]).sum()) for name in space.axes) ** 0.5
        assert found.distance == pytest.approx(told) and found.distance >= least - 1e-12
        if trial % 2:
            assert found.distance == pytest.approx(least)
        best += found.distance <= least * 1.3
        features = sorted_entries(space, {name: np.stack([v[name], w[name]]) for name in space.axes})
        assert np.linalg.norm(features[0] - features[1]) <= least + 1e-12
    assert best >= 24, "coordinate descent misses the best by little"


def test_copies_lie_together_in_the_bound():
    space, rng = mlp(3, 5, 4, 2), np.random.default_rng(1)
    v = drawn(space, rng)
    copy = moved(space, GroupElement((("n1", (4, 2, 0, 1, 3)), ("n2", (1, 0, 3, 2)))), v)
    first, second = sorted_entries(space, {name: np.stack([v[name], copy[name]]) for name in space.axes})
    assert np.array_equal(first, second) and match(space, v, copy).distance == 0


def test_permuted_copies_of_any_space_are_linked_as_the_whole_group_says():
    """An axis twice in a tensor beside streams: the cheapest matching alone missed some copies with ties."""
    space = WeightSpace(
        (("R", ("h", "h")), ("U", ("r", "h")), ("G", ("g", "r")), ("b", ("h",))),
        (("h", 2), ("r", 2), ("g", 2)),
        ("h", "r", "g"),
    )
    v = {"R": [[0, 1], [0, 0]], "U": [[-1, 0], [0, -1]], "G": [[0, -1], [-1, 0]], "b": [0, 0]}
    sets = [[{n: np.array(a, float) for n, a in {**v, "R": r}.items()} for r in (v["R"], [[0, 0], [1, 0]])]]
    rng = np.random.default_rng(3)
    for _ in range(20):
        nets = [{n: rng.integers(-1, 2, s) * 1.0 for n, s in space.shapes.items()} for _ in range(4)]
        sets.append([moved(space, random_elements(space, 1, rng)[0], v) for v in nets for _ in range(2)])
    for nets in sets:
        found = groups([(space, v) for v in nets])
        linked = {(link.first, link.second) for link in found.links if link.likeness in EXACT}
        for a, b in combinations(range(len(nets)), 2):
            truth = min(distances(space, nets[a], nets[b])) == 0
            assert connected(a, b, linked, len(nets)) == truth


def connected(a, b, linked, count):
    reached = {a}
    for _ in range(count):
        reached |= {y for pair in linked for x, y in (pair, pair[::-1]) if x in reached}
    return b in reached


def test_neurons_of_one_function_correspond_with_factors_and_the_rest_is_dead_or_doubled():
    space = mlp(2, 4, 1)
    v = {"W1": [[1, 0], [0, 1], [1, 1], [0, 1]], "b1": [0, 1, 0, 1], "W2": [[2, 1, 0, 3]], "b2": [1]}
    v = {name: np.array(array, dtype=float) for name, array in v.items()}
    # Neuron 0 by 3, neurons 1 and 3 (the same) in one, 2 (dead) is another.
    w = {"W1": [[0, 1], [3, 0], [5, 7], [0, 0]], "b1": [1, 0, 9, -1], "W2": [[4, 2 / 3, 0, 0]], "b2": [1]}
    w = {name: np.array(array, dtype=float) for name, array in w.items()}
    w["W1"][1], w["W2"][0, 1] = [4, 0], 0.5
    (link,) = function_links([(space, v), (space, w)], [5, 9])
    assert (link.first, link.second, link.likeness) == (5, 9, Likeness.FUNCTION)
    assert link.neurons is not None
    (layer,) = link.neurons.layers
    assert layer.pairs == ((0, 1, Fraction(4)), (1, 0, Fraction(1)))
    assert (layer.dead, layer.doubled) == (((2,), (2, 3)), (((1, 3),), ()))
    assert link.reasons == ("permutation", "rescaling", "dead neurons", "duplicated neurons")
    assert link.told.endswith("n1: 0->1 x 4, 1->0, dead 2 in the first and 2,3 in the second, doubled 1=3 in the first")
    assert not list(function_links([(space, v), (space, {**w, "b2": np.array([1.001])})], [0, 1]))


def test_functions_of_other_widths_are_compared():
    small = {
        "W1": np.array([[1.0], [2.0]]),
        "b1": np.array([0.5, 0.25]),
        "W2": np.array([[1.0, 3.0]]),
        "b2": np.ones(1),
    }
    wide = {name: array.copy() for name, array in small.items()}
    wide["W1"], wide["b1"] = np.array([[1.0], [2.0], [9.0]]), np.array([0.5, 0.25, 1.0])
    wide["W2"] = np.array([[1.0, 3.0, 0.0]])
    (link,) = function_links([(mlp(1, 2, 1), small), (mlp(1, 3, 1), wide)], [0, 1])
    assert link.likeness is Likeness.FUNCTION and link.reasons == ("dead neurons",)


@pytest.mark.parametrize("exponent", [-1070, -700, -540, 540, 1000, 1023])
@pytest.mark.parametrize("space", SPACES, ids=["mlp", "recurrent"])
def test_weights_of_any_size_are_matched_as_those_of_size_one(space, exponent):
    """Squares of these leave the floats: to the matching two networks were at no distance, or at none that is a number."""
    rng = np.random.default_rng(4)
    for _ in range(3):
        v, w = ({name: rng.integers(-8, 8, shape) / 8 for name, shape in space.shapes.items()} for _ in range(2))
        sized = [{name: np.ldexp(array, exponent) for name, array in net.items()} for net in (v, w)]
        plain, found = match(space, v, w), match(space, *sized)
        assert found.element == plain.element
        assert found.distance == pytest.approx(
            min(2.0 ** (exponent // 2) * plain.distance * 2.0 ** (exponent - exponent // 2), MOST)
        )
        assert match(space, sized[0], moved(space, found.element, sized[0])).distance == 0


def test_nothing_is_at_no_distance_but_a_copy():
    space = mlp(1, 2, 1)
    v = {"W1": np.array([[1.0], [2.0]]), "b1": np.zeros(2), "W2": np.array([[1e200, 3.0]]), "b2": np.zeros(1)}
    w = {**v, "b2": np.array([5e-324])}
    assert match(space, v, w).distance == 5e-324 and match(space, v, v).distance == 0


@pytest.mark.parametrize("size", [5e-324, 1e-310, 1e-200, 1e-160, 1e160, 1e300, 1.7e308])
@pytest.mark.parametrize(
    "space", [mlp(2, 3, 1), mlp(2, 3, 1, activation="tanh"), mlp(2, 3, 1, activation="gelu"), recurrent(1, 3, 1)]
)
def test_networks_of_any_size_are_told_apart_and_their_copies_found(space, size):
    rng = np.random.default_rng(5)
    nets = [{name: size * rng.uniform(-1, 1, shape) for name, shape in space.shapes.items()} for _ in range(10)]
    if size == 5e-324:
        nets = [{name: size * rng.integers(-9, 10, shape) for name, shape in space.shapes.items()} for _ in range(10)]
    nets.append(moved(space, GroupElement((("n1", (2, 0, 1)),)), nets[3]))
    (link,) = groups([(space, v) for v in nets], spread=True).links
    assert (link.first, link.second, link.likeness) == (3, 10, Likeness.PERMUTED)


def test_networks_of_all_sizes_together_are_told_apart():
    space, rng = mlp(2, 3, 1), np.random.default_rng(6)
    nets = [
        (space, {name: size * array for name, array in drawn(space, rng).items()}) for size in [1, 1e-200, 1e200] * 3
    ]
    assert not groups(nets).links
    net = {"W1": np.full((1, 1), 1e200), "b1": np.zeros(1), "W2": np.full((1, 1), 1e300), "b2": np.zeros(1)}
    nets = [(mlp(1, 1, 1), {**net, "b2": np.array([bias])}) for bias in (1e300, -1e300)]
    assert not groups(nets).links, "in no frame of norm one are these floats"


@pytest.mark.parametrize("space", [mlp(2, 4, 4, 1), mlp(1, 3, 4, 3, 1)], ids=["two", "three"])
def test_no_axis_alone_brings_a_matching_closer(space):
    """Coordinate descent ends where no permutation of one axis does, all others being as they are."""
    rng = np.random.default_rng(7)
    for _ in range(12):
        v, w = drawn(space, rng), drawn(space, rng)
        found = match(space, v, w)
        images = dict(found.element.permutations)
        for axis in space.permuted:
            for image in permutations(range(space.size[axis])):
                other = GroupElement(tuple((a, image if a == axis else images[a]) for a in space.permuted))
                copy = moved(space, other, v)
                off = sum(float(np.square(copy[name] - w[name]).sum()) for name in space.axes) ** 0.5
                assert 0 < found.distance <= off + 1e-12


def test_neurons_as_plain_data_have_their_factors_as_fractions():
    layer = LayerMap(((0, 1, Fraction(1, 3)), (2, 0, Fraction(-2))), ((1,), ()), ((), ((3, 4),)))
    assert NeuronMap((layer,)).to_json() == {
        "n1": {"pairs": [[0, 1, "1/3"], [2, 0, "-2"]], "dead": [[1], []], "doubled": [[], [[3, 4]]]}
    }
