"""Labels as numbers: amounts as they are, names one-hot, what would be rounded or overflow is said or put in another unit."""

from __future__ import annotations

import re

import numpy as np
import pytest

from orbitcheck.harness.oracles.levels.labels import MOST_CLASSES, labelled


def test_amounts_are_columns_as_they_are():
    found = labelled("loss", [1.5, -2.0, 0.0])
    assert found.name == "loss" and found.classes == () and found.values.tolist() == [[1.5], [-2.0], [0.0]]
    assert labelled("two", np.array([[1, 2], [3, 4]])).values.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert labelled("mixed", np.array([1, 2.5], dtype=object)).values.tolist() == [[1.0], [2.5]]


@pytest.mark.parametrize(
    ("given", "classes", "names"),
    [
        (["b", "a", "b"], None, ("a", "b")),
        (np.array(["b", "a", "b"], dtype=object), None, ("a", "b")),
        ([True, False, True], None, ("False", "True")),
        (np.array([True, False, True], dtype=object), None, ("False", "True")),
        ([7, 3, 7], True, ("3", "7")),
        (np.array([b"b", b"a", b"b"]), None, ("b'a'", "b'b'")),
    ],
)
def test_names_are_one_hot_in_their_order(given, classes, names):
    found = labelled("kind", given, classes=classes)
    assert found.name == "kind" and found.classes == names
    assert found.values.tolist() == [[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]]


def test_as_many_classes_as_are_compared_and_no_more():
    assert len(labelled("id", np.arange(MOST_CLASSES), classes=True).classes) == MOST_CLASSES == 1000
    with pytest.raises(ValueError, match=r'^label "id" names 1001 classes; at most 1000 are compared$'):
        labelled("id", np.arange(MOST_CLASSES + 1), classes=True)


@pytest.mark.parametrize(
    ("given", "classes", "message"),
    [
        (["a", "", "b", " "], None, 'label "x" has no value for 2 networks, the first is number 1'),
        (np.array([1.0, None], dtype=object), None, 'label "x" has no value for 1 networks, the first is number 1'),
        ([[1, 2]], True, 'label "x" has shape (1, 2); classes are one to a network'),
        (np.zeros((2, 2, 2)), None, 'label "x" has shape (2, 2, 2); a label is a number, or a vector, to a network'),
        (1.0, None, 'label "x" has shape (); a label is a number, or a vector, to a network'),
        (
            [[1.0, 2.0], [np.inf, 0.0], [0.0, np.nan]],
            None,
            'label "x" is no finite number for 2 networks, the first is number 1',
        ),
        (
            [1e-300, 1e300],
            None,
            'label "x" has amounts of 1e-300 and of 1e+300: no unit holds their squares in floats; give its logarithm',
        ),
    ],
)
def test_what_is_no_label_is_refused_in_one_line(given, classes, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        labelled("x", given, classes=classes)


def test_integers_that_float64_would_round_are_refused():
    assert labelled("n", [2**53, 0]).values.tolist() == [[2.0**53], [0.0]]
    with pytest.raises(ValueError, match='label "n"'):
        labelled("n", [2**53 + 1, 0])


@pytest.mark.parametrize("power", [-1000, -600, -254, 251, 600, 1000])
def test_another_unit_is_a_power_of_two_and_keeps_every_ratio(power):
    """Squares of what is returned are normal numbers, and an exact unit takes it back."""
    amounts = np.array([0.0, 1.0, 2.5, -3.0]) * 2.0**power
    found = labelled("far", amounts)
    spread = float(np.ptp(found.values))
    assert found.name == f"far, in units of 2^{int(np.frexp(amounts.max() / 2 - amounts.min() / 2)[1])}"
    assert 2.0**-250 < spread < 2.0**250
    assert (found.values[:, 0] / found.values[1, 0] == [0.0, 1.0, 2.5, -3.0]).all()


def test_between_the_bounds_the_unit_stays_and_constant_columns_cost_nothing():
    for power in (-240, 0, 240):
        amounts = np.array([[0.0, 1e300], [2.0**power, 1e300]])
        found = labelled("near", amounts)
        assert found.name == "near" and (found.values == amounts).all()
    constant = labelled("flat", [[1e300], [1e300]])
    assert constant.name == "flat" and constant.values.tolist() == [[1e300], [1e300]]
    far = labelled("far", [[0.0, 1e300], [2.0**900, 1e300]])
    assert far.name == "far, in units of 2^900" and far.values.tolist() == [[0.0, 0.0], [1.0, 0.0]]
    wide = labelled("wide", [[-1.7e308], [1.7e308]])  # their difference overflows
    assert np.isfinite(wide.values).all() and wide.values[0, 0] == -wide.values[1, 0] != 0
