"""Near copies against brute force over the group: what counts as near, that none is passed over, and scales and signs taken out."""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as np
import pytest

from orbitcheck import Weights, act, group, mlp, random_elements, recurrent
from orbitcheck.harness.oracles.duplicates.groups import groups
from orbitcheck.harness.oracles.duplicates.links import Forest, Likeness, Scale
from orbitcheck.harness.oracles.duplicates.near import FEW, SHARE, Population, measured, near_links, nearest, normal
from orbitcheck.harness.oracles.function import values_in_floats
from orbitcheck.harness.weights.symmetry import GroupElement

SPACE = mlp(1, 3, 2)
"""One permuted axis: the assignment of weight matching is the best one."""


def stacked(nets):
    return {name: np.stack([net[name] for net in nets]) for name in nets[0]}


def drawn(space, rng, count):
    return [{name: rng.standard_normal(shape) for name, shape in space.shapes.items()} for _ in range(count)]


def shaken(net, rng, size=1e-4):
    return {name: array + size * rng.standard_normal(array.shape) for name, array in net.items()}


def distance(v, w):
    """The least `|g v - w|` of the six permutations."""
    return min(
        sum(
            float(np.square(a).sum())
            for a in (
                v["W1"][[*order]] - w["W1"],
                v["b1"][[*order]] - w["b1"],
                v["W2"][:, [*order]] - w["W2"],
                v["b2"] - w["b2"],
            )
        )
        ** 0.5
        for order in permutations(range(3))
    )


def norm(*nets):
    return sum(float(np.square(array).sum()) for net in nets for array in net.values()) ** 0.5


@pytest.mark.parametrize("copies", [0, 1, 3, 8])
def test_the_median_is_that_of_all_pairs_or_of_those_that_are_no_copies_where_they_outnumber_the_rest(copies):
    rng = np.random.default_rng(copies)
    nets = drawn(SPACE, rng, 11 - copies)
    nets += [shaken(nets[0], rng) for _ in range(copies)]
    pairs = list(combinations(nets, 2))
    found = np.array([distance(v, w) for v, w in pairs])
    far = np.array([each > SHARE * norm(v, w) for each, (v, w) in zip(found, pairs, strict=True)])
    assert far.sum() == 55 - copies * (copies + 1) // 2
    kept = found[far] if far.sum() < 55 / 2 else found
    scale = measured(Population(SPACE, stacked(nets)))
    assert (scale.space, scale.nets, scale.pairs, scale.drawn) == (SPACE, 11, len(kept), False)
    assert scale.median == pytest.approx(float(np.median(kept)))


def test_few_networks_and_copies_alone_are_measured_by_networks_of_drawn_entries():
    """Six weights, half of them ones: a drawn one has k ones, and lies sqrt(|k - 3|) away, 1 in the median."""
    space = mlp(1, 6, 1)
    net = {name: np.zeros(shape) for name, shape in space.shapes.items()}
    net["W1"][:3] = 1.0
    for count, pairs in ((1, 31), (3, 33), (7, 35), (12, 36)):
        scale = measured(Population(space, stacked([net] * count)))
        assert (scale.nets, scale.median, scale.pairs, scale.drawn) == (count, 1.0, pairs, True)
    assert not measured(Population(space, stacked(drawn(space, np.random.default_rng(0), FEW)))).drawn


@pytest.mark.parametrize("share", [0.01, 0.2, 0.6])
def test_no_pair_that_is_near_is_passed_over_and_no_other_is_linked(share):
    rng = np.random.default_rng(int(100 * share))
    nets = drawn(SPACE, rng, 14)
    nets += [shaken(each, rng, 0.02) for each in nets[:4]] + [shaken(nets[0], rng, 0.001)]
    nets[3] = {name: array * 100 for name, array in nets[3].items()}
    for number in (2, 5):
        nets[-number] = act(random_elements(SPACE, 1, rng)[0], Weights.from_arrays(SPACE, [nets[-number]]))[0].arrays()
    population = Population(SPACE, stacked(nets))
    scale, forest, numbers = measured(population), Forest(40), np.arange(len(nets)) * 2 + 1
    truth = Forest(40)
    for i, j in combinations(range(len(nets)), 2):
        if distance(nets[i], nets[j]) <= share * min(scale.median, norm(nets[i], nets[j])):
            truth.join(2 * i + 1, 2 * j + 1)
    links = list(near_links(population, scale, forest, numbers, share))
    assert links and forest.roots(range(40)) == truth.roots(range(40))
    for link in links:
        assert (link.likeness, link.scaled, link.first < link.second) == (Likeness.NEAR, "", True)
        v, w = (nets[end // 2] for end in (link.first, link.second))
        copy = act(link.element, Weights.from_arrays(SPACE, [v]))[0].arrays()
        assert link.share == pytest.approx(norm({name: copy[name] - w[name] for name in w}) / scale.median)
    assert not list(near_links(population, scale, forest, numbers, share)), "they are joined already"


def test_copies_that_no_oracle_has_decided_are_permuted_copies():
    space, rng = recurrent(2, 3, 1), np.random.default_rng(0)
    nets = drawn(space, rng, 3)
    moved = act(random_elements(space, 1, rng)[0], Weights.from_arrays(space, [nets[1]]))[0].arrays()
    population = Population(space, stacked([*nets, moved]))
    for share in (SHARE, 0.0):
        (link,) = near_links(population, measured(population), Forest(9), np.array([2, 4, 6, 8]), share)
        assert (link.first, link.second, link.likeness, link.share) == (4, 8, Likeness.PERMUTED, None)
        copy = act(link.element, Weights.from_arrays(space, [nets[1]]))[0].arrays()
        assert all(np.array_equal(copy[name], moved[name]) for name in moved)


@pytest.mark.parametrize(
    ("activation", "symmetry", "word"),
    [
        ("relu", "permutation+scale", "scale"),
        ("leaky-relu", "permutation+scale", "scale"),
        ("tanh", "permutation+sign", "sign"),
    ],
)
def test_scales_and_signs_are_taken_out_and_the_function_is_kept(activation, symmetry, word):
    space, rng = mlp(2, 4, 3, 1, activation=activation), np.random.default_rng(1)
    nets = drawn(space, rng, 6)
    elements = random_elements(group(space, symmetry), 6, rng)
    scaled = [
        act(
            GroupElement(tuple((a, tuple(range(space.size[a]))) for a in space.permuted), g.diagonals),
            Weights.from_arrays(space, [v]),
        )[0].arrays()
        for g, v in zip(elements, nets, strict=True)
    ]
    found, other = normal(space, stacked(nets)), normal(space, stacked(scaled))
    assert found is not None and other is not None and found.scaled == word and len(found) == 6
    points = rng.standard_normal((20, 2))
    assert np.allclose(values_in_floats(space, found.arrays, points), values_in_floats(space, stacked(nets), points))
    for name in space.axes:
        assert np.allclose(found.arrays[name], other.arrays[name])
    for layer in (1, 2):
        incoming = np.concatenate([found.arrays[f"W{layer}"], found.arrays[f"b{layer}"][..., None]], axis=2)
        if word == "scale":
            assert np.allclose(np.linalg.norm(incoming, axis=2), 1)
        else:
            assert (incoming.max(axis=2) == np.abs(incoming).max(axis=2)).all()
    # Two networks alone, near copies once that is taken out.
    pair = groups([(space, nets[0]), (space, shaken(scaled[0], rng, 1e-5))])
    assert [(link.likeness, link.scaled) for link in pair.links] == [(Likeness.NEAR, word)]
    assert pair.links[0].share is not None and 0 < pair.links[0].share < SHARE


def test_nothing_is_taken_out_where_no_factor_keeps_the_function():
    rng = np.random.default_rng(0)
    for space in (mlp(1, 2, 1, activation="gelu"), mlp(1, 2, 1, activation="sigmoid"), recurrent(1, 2, 1)):
        assert normal(space, stacked(drawn(space, rng, 2))) is None
    silent = {name: np.zeros((1, *shape)) for name, shape in SPACE.shapes.items()}
    found = normal(SPACE, silent)
    assert found is not None and all((array == 0).all() for array in found.arrays.values())


def test_scaled_copies_at_no_distance_are_near_by_nothing():
    net = drawn(SPACE, np.random.default_rng(0), 1)[0]
    population = Population(SPACE, stacked([net, net]), "scale")
    for median in (0.0, 2.0):
        (link,) = near_links(population, Scale(SPACE, 2, median, 1, True), Forest(2), np.arange(2))
        assert (link.likeness, link.share, link.scaled) == (Likeness.NEAR, 0.0, "scale")
    assert not list(near_links(population, Scale(SPACE, 2, 2.0, 1, True), Forest(2), np.arange(2), 0.0))


def test_the_nearest_is_never_nearer_than_any():
    nets = drawn(SPACE, np.random.default_rng(3), 9)
    population = Population(SPACE, stacked(nets))
    found = nearest(population, Scale(SPACE, 9, 0.5, 36, False))
    for i, share in enumerate(found):
        every = [distance(nets[i], nets[j]) / 0.5 for j in range(9) if j != i]
        assert any(share == pytest.approx(each) for each in every)
        assert share <= 1.5 * min(every)
    assert nearest(population, Scale(SPACE, 9, 0.0, 0, True)) == [0.0] * 9


def test_a_network_that_would_leave_the_floats_stays_and_the_others_do_not():
    """Weights of 2 and 3 are 1 and 6 once the scale is out; of 1e200 twice, the second would be 1e400."""
    space = mlp(1, 1, 1)
    nets = [{"W1": [[a]], "b1": [0.0], "W2": [[b]], "b2": [0.0]} for a, b in ((2.0, 3.0), (1e200, 1e200))]
    got = normal(space, stacked(nets))
    assert got is not None
    assert got.arrays["W1"].ravel().tolist() == [1.0, 1e200]
    assert got.arrays["W2"].ravel().tolist() == [6.0, 1e200]
