"""Floors against rational arithmetic, against the best map found by another route, and the laws of theory.md, section 7."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitcheck.harness.oracles.floors import Floor, equivariant_floor, functional_floor


def exact(classes, values) -> Fraction:
    """Within-class sum of squares over the number of data, in rationals; `values` is `[data, columns]`."""
    total = Fraction(0)
    for column in np.asarray(values).T.tolist():
        for number in set(classes):
            members = [Fraction(y) for y, own in zip(column, classes, strict=True) if own == number]
            mean = sum(members, Fraction(0)) / len(members)
            total += sum(((y - mean) ** 2 for y in members), Fraction(0))
    return total / np.asarray(values).size


@given(st.integers(0, 2**32 - 1))
@settings(derandomize=True, deadline=None, max_examples=100)
def test_the_floor_is_the_one_of_rational_arithmetic(seed: int):
    rng = np.random.default_rng(seed)
    count, columns = int(rng.integers(1, 40)), int(rng.integers(1, 4))
    classes = rng.integers(0, rng.integers(1, 12), count)
    values = rng.normal(size=(count, columns)) * 10.0 ** rng.integers(-6, 7) + 10.0 ** rng.integers(-6, 7)
    found = functional_floor(classes, values)
    assert found.mse == pytest.approx(float(exact(classes.tolist(), values)), rel=1e-12, abs=0)
    assert found.variance == pytest.approx(float(exact([0] * count, values)), rel=1e-12, abs=0)
    assert (found.classes, found.samples) == (len(set(classes.tolist())), count)


def test_equal_values_within_classes_leave_exactly_nothing():
    values = np.array([0.1, 0.1, 0.1, 0.7, 0.7, 1e300, 1e300])
    assert functional_floor(np.array([0, 0, 0, 1, 1, 2, 2]), values / 1e200).mse == 0.0
    assert functional_floor(np.arange(7), values / 1e200).relative == 0.0
    constant = functional_floor(np.zeros(3, int), np.full((3, 2), 0.3))
    assert (constant.mse, constant.variance, constant.relative) == (0.0, 0.0, 0.0)


def test_a_tiny_spread_beside_a_large_mean_is_not_lost():
    step = np.spacing(1e8)
    found = functional_floor(np.array([0, 0]), np.array([1e8, 1e8 + step]))
    assert found.mse == (step / 2) ** 2


def test_no_map_constant_on_classes_does_better_and_class_means_attain_it():
    rng = np.random.default_rng(0)
    for _ in range(50):
        classes, values = rng.integers(0, 4, 30), rng.normal(size=(30, 2))
        floor = functional_floor(classes, values)
        means = np.stack(
            [values[classes == number].mean(axis=0) if number in classes else np.zeros(2) for number in range(4)]
        )
        assert np.mean((values - means[classes]) ** 2) == pytest.approx(floor.mse, rel=1e-12)
        other = means + rng.normal(size=means.shape) * 10.0 ** rng.integers(-4, 1)
        assert np.mean((values - other[classes]) ** 2) > floor.mse


def test_finer_classes_lower_the_floor_and_one_class_is_the_variance():
    rng = np.random.default_rng(1)
    values = rng.normal(size=(200, 1))
    coarse = rng.integers(0, 5, 200)
    fine = coarse * 3 + rng.integers(0, 3, 200)
    assert (
        functional_floor(fine, values).mse
        < functional_floor(coarse, values).mse
        < functional_floor(coarse, values).variance
    )
    assert functional_floor(np.zeros(200, int), values).relative == 1.0


def test_two_orbits_of_one_class_half_and_half():
    """Targets 3 and 2 (the ranks of prop-6.2), as often each: the floor is the whole variance, 1/4."""
    found = functional_floor(np.zeros(10, int), np.array([3.0, 2.0] * 5))
    assert found == Floor(0.25, 0.25, 1, 10)


def test_the_equivariant_floor_counts_every_entry_as_a_datum():
    rng = np.random.default_rng(2)
    classes = {"W1": rng.integers(0, 6, (5, 3, 2)), "b1": rng.integers(0, 2, (5, 3))}
    values = {name: rng.normal(size=(*own.shape, 2)) for name, own in classes.items()}
    found = equivariant_floor(classes, values)
    parts = {name: exact(own.reshape(-1).tolist(), values[name].reshape(-1, 2)) for name, own in classes.items()}
    sizes = {name: values[name].size for name in values}
    wanted = sum(parts[name] * sizes[name] for name in parts) / sum(sizes.values())
    assert found.mse == pytest.approx(float(wanted), rel=1e-12)
    around = {name: exact([0] * own.size, values[name].reshape(-1, 2)) for name, own in classes.items()}
    total = sum(around[name] * sizes[name] for name in around) / sum(sizes.values())
    assert found.variance == pytest.approx(float(total), rel=1e-12)
    assert (found.classes, found.samples) == (8, 5)


@pytest.mark.parametrize(
    ("classes", "values", "message"),
    [
        (np.zeros(3, int), np.zeros((4, 1)), r"values has shape \(4, 1\); the classes have shape \(3,\)"),
        (np.zeros(0, int), np.zeros((0, 1)), "at least one datum"),
        (np.zeros(3, int), np.array([[1.0], [np.nan], [2.0]]), r"^values holds 1 numbers that are NaN"),
    ],
)
def test_values_that_make_no_sense_are_refused(classes, values, message: str):
    with pytest.raises(ValueError, match=message):
        functional_floor(classes, values)


def test_tensors_that_do_not_match_are_refused():
    with pytest.raises(ValueError, match=r"\['W1'\], values for \['b1'\]"):
        equivariant_floor({"W1": np.zeros((1, 1), int)}, {"b1": np.zeros((1, 1, 1))})
    with pytest.raises(ValueError, match=r"^W1 holds 2 numbers that are NaN"):
        equivariant_floor({"W1": np.zeros((1, 3), int)}, {"W1": np.array([[[np.nan], [np.inf], [0.0]]])})
    with pytest.raises(ValueError, match=r"\[\], values for \[\]"):
        equivariant_floor({}, {})


def test_values_of_narrow_types_are_the_numbers_that_they_hold():
    """Bytes do not wrap and single floats are not rounded again: 0 and 255 lie 127.5 from their mean."""
    assert functional_floor(np.zeros(2, int), np.array([255, 0], dtype=np.uint8)).mse == 127.5**2
    single = np.array([2.0**24, 2.0**-10], dtype=np.float32)
    assert (
        functional_floor(np.zeros(2, int), single).mse == functional_floor(np.zeros(2, int), single.astype(float)).mse
    )
