"""Classes of what sees less than refinement, and the floor at points: against their definitions, written out."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
import torch
from scipy.optimize import linprog

from orbitcheck import mlp, realise
from orbitcheck.harness.oracles.capacity import sup_floor
from orbitcheck.harness.oracles.classes import (
    COARSE,
    COARSE_ENTRIES,
    bag_classes,
    bag_entry_classes,
    forward_classes,
    forward_entry_classes,
    refinement_classes,
    refinement_entry_classes,
)
from orbitcheck.harness.oracles.functions.sup_at_points import sup_floor_at
from orbitcheck.harness.regimes import REGIMES

SPACE = mlp(1, 3, 3, 1)


def drawn(size: int = 24, **parameters):
    regime = REGIMES["same-entries"]
    (samples,) = regime.draw(regime.parameters(**parameters), SPACE, [size], np.random.default_rng(3))
    return samples.weights, {name: tensor[..., 0].numpy() for name, tensor in samples.weights.items()}


def refines(fine: np.ndarray, coarse: np.ndarray) -> bool:
    return len({*zip(fine.ravel(), coarse.ravel(), strict=True)}) == len(np.unique(fine))


def same(first: np.ndarray, second: np.ndarray) -> bool:
    return refines(first, second) and refines(second, first)


@pytest.mark.parametrize("arranged", ["anywhere", "within-rows"])
def test_bags_by_counting_and_refinement_refines_all(arranged):
    _, arrays = drawn(arranged=arranged)
    bags = [tuple(sorted(Counter(a[net].ravel()).items()) for a in arrays.values()) for net in range(24)]
    numbers = np.array([[one for one in bags if one == bag] and bags.index(bag) for bag in bags])
    assert same(bag_classes(SPACE, arrays), numbers) and len(np.unique(numbers)) == 6
    fine = refinement_classes(SPACE, arrays)
    assert all(refines(fine, of(SPACE, arrays)) for of in COARSE.values())
    entries = refinement_entry_classes(SPACE, arrays)
    for of in COARSE_ENTRIES.values():
        found = of(SPACE, arrays)
        assert [*found] == [*SPACE.axes]
        # An entry's stable class does not name its net; the coarse one does. Beside the net's class it is refined.
        for name, classes in found.items():
            nets = np.broadcast_to(fine.reshape(-1, *[1] * (classes.ndim - 1)), classes.shape)
            both = np.unique(np.stack([nets, entries[name]], -1).reshape(-1, 2), axis=0, return_inverse=True)[1]
            assert refines(both, classes)
    for name, classes in bag_entry_classes(SPACE, arrays).items():
        pairs = [(number, value) for number, row in zip(numbers, arrays[name], strict=True) for value in row.ravel()]
        assert same(classes, np.array([pairs.index(pair) for pair in pairs]))


def test_rows_shuffled_are_one_forward_and_compute_one_function():
    weights, arrays = drawn(arranged="within-rows")
    forward = forward_classes(SPACE, arrays)
    assert same(forward, bag_classes(SPACE, arrays)) and len(np.unique(refinement_classes(SPACE, arrays))) > 12
    values = realise(weights, torch.linspace(-1, 1, 5, dtype=torch.float64)[:, None])[..., 0].numpy()
    assert all(np.ptp(values[forward == number], axis=0).max() == 0 for number in np.unique(forward))
    assert refines(forward_entry_classes(SPACE, arrays)["b2"], arrays["b2"])
    _, anywhere = drawn(arranged="anywhere")
    assert len(np.unique(forward_classes(SPACE, anywhere))) == len(np.unique(refinement_classes(SPACE, anywhere)))


def test_forward_classes_of_entries_are_those_of_what_a_neuron_computes_written_out():
    """A neuron is its bias and the multiset of its incoming weights with what they come from, all the way down; an entry its network,
    its weight and both ends."""
    rng = np.random.default_rng(8)
    space = mlp(2, 3, 2, 2)
    arrays = {name: rng.integers(0, 2, (12, *shape)) / 2 for name, shape in space.shapes.items()}
    found = forward_entry_classes(space, arrays)
    told = {name: np.empty(array.shape, dtype=object) for name, array in arrays.items()}
    for net in range(12):
        layers = [[("input", i) for i in range(2)]]
        for layer in (1, 2, 3):
            rows = zip(arrays[f"b{layer}"][net].tolist(), arrays[f"W{layer}"][net].tolist(), strict=True)
            layers.append(
                [
                    (bias, tuple(sorted(zip(row, layers[-1], strict=True))), i if layer == 3 else None)
                    for i, (bias, row) in enumerate(rows)
                ]
            )
        whole = repr(layers[3])
        for layer in (1, 2, 3):
            for i, end in enumerate(layers[layer]):
                told[f"b{layer}"][net, i] = repr((whole, end))
                for j, start in enumerate(layers[layer - 1]):
                    told[f"W{layer}"][net, i, j] = repr((whole, arrays[f"W{layer}"][net, i, j], end, start))
    for name in space.axes:
        assert same(found[name], np.unique(told[name].astype(str), return_inverse=True)[1].reshape(found[name].shape))
    assert any(len(np.unique(found[name])) < found[name].size for name in space.axes)


def line_error(x: np.ndarray, y: np.ndarray) -> float:
    """By a linear programme."""
    if len(x) < 3:
        return 0.0
    ones = np.ones_like(x)
    bounds = np.r_[np.c_[x, ones, -ones], np.c_[-x, -ones, -ones]]
    return linprog([0, 0, 1], A_ub=bounds, b_ub=np.r_[y, -y], bounds=[(None, None)] * 2 + [(0, None)]).fun


@pytest.mark.parametrize(("count", "pieces"), [(6, 1), (7, 2), (8, 3), (9, 3)])
def test_the_floor_at_points_by_every_division(count, pieces):
    rng = np.random.default_rng(count)
    for _ in range(3):
        x, y = rng.permutation(np.sort(rng.normal(size=count))), rng.normal(size=count)
        order = np.argsort(x)
        cuts = [(0, *cut, count) for cut in itertools.combinations(range(1, count), pieces - 1)]
        parts = [[order[a:b] for a, b in itertools.pairwise(cut)] for cut in cuts]
        least = min(max(line_error(x[part], y[part]) for part in division) for division in parts)
        assert sup_floor_at(x, y, pieces) == pytest.approx(least, abs=1e-9)
        assert sup_floor_at(x, y, pieces) <= sup_floor(x, y, pieces) + 1e-9
    assert sup_floor_at(x, y, count) == 0.0
    for wrong in ((x, y, 0), (x[1:], y, 1)):
        with pytest.raises(ValueError, match="allowed: 1 and more"):
            sup_floor_at(*wrong)
