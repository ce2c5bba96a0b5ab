"""Polylines of one-input nets against exact evaluation, against the bound of their pieces, and on functions known by hand."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbitcheck.harness.oracles.capacity import pieces
from orbitcheck.harness.oracles.function import function_relation
from orbitcheck.harness.oracles.functions import polyline as module
from orbitcheck.harness.oracles.functions.enclosure import enclose
from orbitcheck.harness.oracles.functions.normal_form import FeatureTable, difference
from orbitcheck.harness.oracles.functions.polyline import Polyline, around, inputs_that_differ, polyline
from orbitcheck.harness.weights.activations import SLOPES
from orbitcheck.harness.weights.space import WeightSpace, mlp

SMALL = st.integers(-3, 3).map(float)


def small_net(draw, space: WeightSpace):
    """Entries of few values, so that dead neurons, equal kinks and lines through zero occur."""
    return {
        name: np.array(draw(st.lists(SMALL, min_size=int(np.prod(shape)), max_size=int(np.prod(shape))))).reshape(shape)
        for name, shape in space.shapes.items()
    }


@st.composite
def nets(draw, count: int = 1):
    hidden = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    space = mlp(1, *hidden, draw(st.integers(1, 2)), activation=draw(st.sampled_from(sorted(SLOPES))))
    return space, [small_net(draw, space) for _ in range(count)]


def tents(shift: float = 0.0):
    """`|x| - 1` through two relus, then its absolute value through two more: kinks at -1, 0 and 1."""
    space = mlp(1, 2, 2, 1)
    return space, {
        "W1": np.array([[1.0], [-1.0]]),
        "b1": np.zeros(2),
        "W2": np.array([[1.0, 1.0], [-1.0, -1.0]]),
        "b2": np.array([-1.0, 1.0]),
        "W3": np.ones((1, 2)),
        "b3": np.array([shift]),
    }


def test_the_tents_bend_where_they_should():
    space, v = tents()
    found = polyline(space, v)
    assert found.kinks == (-1, 0, 1)
    assert found.points == (-2, -1, 0, 1, 2)
    assert found.values == ((1, 0, 1, 0, 1),)
    assert found.at([Fraction(-4), Fraction(1, 3), Fraction(9)]) == [[3, Fraction(2, 3), 8]]


def test_kinks_beyond_the_first_points_are_found_on_both_sides():
    space = mlp(1, 2, 1)
    v = {"W1": np.array([[1.0], [1.0]]), "b1": np.array([7.0, -9.0]), "W2": np.array([[1.0, 2.0]]), "b2": np.zeros(1)}
    found = polyline(space, v)
    assert set(found.kinks) >= {-7, 9}
    assert found.at([Fraction(-8), Fraction(-7), Fraction(9), Fraction(10)]) == [[0, 0, 16, 19]]


def test_lines_that_cross_zero_outside_their_piece_are_no_kinks():
    """`relu(1 + relu(x) - relu(x - 1))`: its rising piece would be zero at -1, where it is not."""
    v = {
        "W1": np.ones((2, 1)),
        "b1": np.array([0.0, -1.0]),
        "W2": np.array([[1.0, -1.0]]),
        "b2": np.ones(1),
        "W3": np.ones((1, 1)),
        "b3": np.zeros(1),
    }
    assert polyline(mlp(1, 2, 1, 1), v).kinks == (0, 1)


def test_inputs_lie_in_the_quarters_of_the_pieces_that_differ():
    left, right = (Polyline((-1, 0, 4, 5), ((1, 0, height, height + 1),)) for height in (4, 3))
    assert list(inputs_that_differ(left, right)) == [[1.0], [2.0], [3.0], [4.25], [4.5], [4.75]]
    assert list(inputs_that_differ(left, left)) == []


def test_the_limit_is_what_a_layer_may_still_take(monkeypatch):
    """Four neurons of a linear net at three points: twelve products a layer."""
    space = mlp(1, 4, 1, activation="identity")
    v = {name: np.ones(shape) for name, shape in space.shapes.items()}
    monkeypatch.setattr(module, "LIMIT", 12)
    assert polyline(space, v) is not None
    monkeypatch.setattr(module, "LIMIT", 11)
    assert polyline(space, v) is None


@given(nets(), st.lists(st.integers(-640, 640).map(lambda n: n / 64), min_size=1, max_size=8))
def test_a_polyline_is_the_function(made, inputs):
    space, (v,) = made
    found = polyline(space, v)
    assert list(found.points) == sorted(set(found.points))
    values = found.at([Fraction(x) for x in inputs])
    for number, x in enumerate(inputs):
        assert [row[number] for row in values] == [low for low, _ in enclose(space, v, [x])]


@given(nets())
def test_it_has_no_more_kinks_than_the_bound_of_pieces_allows(made):
    """One harmless kink at zero comes on top."""
    space, (v,) = made
    allowed = pieces(1, *space.widths[1:-1]) if space.activation != "identity" else 1
    assert len(polyline(space, v).kinks) <= allowed


@given(nets(count=2))
def test_equality_is_that_of_the_functions(made):
    space, (v, w) = made
    left, right = polyline(space, v), polyline(space, w)
    points = around({*left.kinks, *right.kinks})
    equal = left.at(points) == right.at(points)
    found = list(inputs_that_differ(left, right))
    assert any(enclose(space, v, x) != enclose(space, w, x) for x in found) != equal
    decision = function_relation(space, v, w)
    assert decision.answer == ("equal" if equal else "different")
    if len(space.widths) == 3:
        table = FeatureTable.affordable(space)
        assert table is not None
        assert equal == (not any(difference(*each) for each in zip(table.outputs(v), table.outputs(w), strict=True)))


def test_curves_more_inputs_and_too_many_kinks_have_no_polyline():
    rng = np.random.default_rng(0)

    def drawn(space: WeightSpace):
        return polyline(space, {name: rng.standard_normal(shape) for name, shape in space.shapes.items()})

    assert drawn(mlp(1, 24, 24, 1)) is not None
    assert drawn(mlp(2, 4, 1)) is None
    assert drawn(mlp(1, 4, 1, activation="tanh")) is None
    assert drawn(mlp(1, 128, 128, 1)) is None
    assert drawn(mlp(1, 128, 128, 1, activation="identity")) is not None


@pytest.mark.parametrize("activation", sorted(SLOPES))
def test_a_difference_in_one_narrow_piece_has_its_witness(activation: str):
    """A bump of width 2^-20 far from the origin: no search by chance finds it, the kinks do."""
    if activation == "identity":
        return
    space = mlp(1, 4, 1, activation=activation)
    width, place = 2.0**-20, 777.0
    v = {
        "W1": np.ones((4, 1)),
        "b1": -np.array([place, place + width, place + 2 * width, place + 3 * width]),
        "W2": np.array([[1.0, -1.0, -1.0, 1.0]]),
        "b2": np.zeros(1),
    }
    flat = v | {"W2": np.zeros((1, 4))}
    left, right = polyline(space, v), polyline(space, flat)
    assert any(enclose(space, v, x) != enclose(space, flat, x) for x in inputs_that_differ(left, right))
