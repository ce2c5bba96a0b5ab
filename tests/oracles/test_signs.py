"""Proved signs of neurons: every bound against exact evaluation, and nets that only such bounds decide."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitcheck.harness.oracles.function import function_relation
from orbitcheck.harness.oracles.functions import signs as module
from orbitcheck.harness.oracles.functions.signs import Bound, Signs, signs, solved, total
from orbitcheck.harness.weights.activations import KINKED, SLOPES
from orbitcheck.harness.weights.space import WeightSpace, mlp

POINTS = np.random.default_rng(3).standard_normal((64, 2)) * 8


def drawn(space: WeightSpace, rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {name: rng.integers(-8, 9, shape) / 8 for name, shape in space.shapes.items()}


def evaluated(tools, space: WeightSpace, v, x) -> tuple[dict, dict]:
    """Arguments and values of every hidden neuron at x, exactly."""
    z, h = {}, {(0, i): Fraction(c) for i, c in enumerate(x)}
    for layer in range(1, len(space.widths) - 1):
        for i, (row, bias) in enumerate(zip(v[f"W{layer}"].tolist(), v[f"b{layer}"].tolist(), strict=True)):
            z[layer, i] = Fraction(bias) + sum(Fraction(w) * h[layer - 1, j] for j, w in enumerate(row))
            h[layer, i] = Fraction(tools.activated[space.activation](z[layer, i]))
    return z, h


def constraint(name: str, a, b, z, h, low, high) -> Fraction:
    """The constraints as the module's table has them."""
    if name in ("below", "above"):
        return h - (a if name == "below" else b) * z
    if name in ("upper", "lower"):
        return high - z if name == "upper" else z - low
    if name == "cap":
        assert high > 0
        return a * z + (b - a) * high - h
    assert name == "chord" and low < 0 < high
    return a * low + (b * high - a * low) * (z - low) / (high - low) - h


def check(tools, space: WeightSpace, v, found: Signs, inputs) -> None:
    """At every input: each constraint holds, each identity holds, and each neuron with a slope is linear."""
    a, b = SLOPES[space.activation]
    for x in inputs:
        z, h = evaluated(tools, space, v, x)
        known: dict = {}
        for bound in found.bounds:
            value = z[bound.neuron] if bound.side == "upper" else -z[bound.neuron]
            for other, name, multiplier in bound.terms:
                assert multiplier > 0
                low, high = known.get((other, "lower")), known.get((other, "upper"))
                held = constraint(name, a, b, z[other], h[other], low, high)
                assert held >= 0
                value += multiplier * held
            assert value == (bound.value if bound.side == "upper" else -bound.value)
            known[bound.neuron, bound.side] = bound.value
        for neuron, slope in found.slopes.items():
            assert h[neuron] == slope * z[neuron]


@given(seed=st.integers(0, 2**32 - 1))
@settings(derandomize=True, deadline=None, max_examples=120)
def test_every_bound_holds_at_every_input(tools, seed: int):
    rng = np.random.default_rng(seed)
    space = mlp(2, *rng.integers(1, 4, rng.integers(2, 5)).tolist(), 1, activation=KINKED[seed % len(KINKED)])
    v = drawn(space, rng)
    for layer in range(2, len(space.widths) - 1):
        for i in range(space.widths[layer]):
            if rng.random() < 0.5:
                v[f"W{layer}"][i] = rng.choice((-1, 1)) * np.abs(v[f"W{layer}"][i])
    check(tools, space, v, signs(space, v, POINTS), rng.integers(-99, 100, (12, 2)).tolist())


@pytest.mark.parametrize("depth", [2, 3, 4, 5])
def test_neurons_dead_by_the_signs_of_their_inputs_are_seen_at_any_depth(tools, depth: int):
    """40 nets a depth, 160 in all: a neuron of a later layer with no positive weight does nothing; once it has a bias, it does."""
    kinds = set()
    for seed in range(40):
        rng = np.random.default_rng([depth, seed])
        space = mlp(2, *[4] * depth, 1)
        v = drawn(space, rng)
        layer, i = int(rng.integers(2, depth + 1)), int(rng.integers(4))
        v[f"W{layer}"][i], v[f"b{layer}"][i] = -np.abs(v[f"W{layer}"][i]), -abs(v[f"b{layer}"][i])
        w = {name: array.copy() for name, array in v.items()}
        w[f"W{layer}"][i] = -np.abs(rng.integers(-8, 9, 4)) / 8
        w[f"W{layer + 1}"][:, i] += 1.5
        decision = function_relation(space, v, tools.relabelled(space, w, rng))
        assert decision.answer == "equal"
        kinds.add(decision.kind)
    assert "signs" in kinds


def nested(activation: str = "relu", **last: float) -> tuple[WeightSpace, dict[str, np.ndarray]]:
    """Second layer: `bias - relu(x + 1) - relu(1 - x)`, whose sum of two is at least 2; the second input does nothing there."""
    space = mlp(2, 3, 2, 1, activation=activation)
    return space, {
        "W1": np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]]),
        "b1": np.array([1.0, 1.0, 0.0]),
        "W2": np.array([[-1.0, -1.0, 0.0], [0.0, 0.0, 1.0]]),
        "b2": np.array([last.get("bias", 1.0), 0.0]),
        "W3": np.array([[last.get("out", 1.0), 1.0]]),
        "b3": np.zeros(1),
    }


def test_what_intervals_do_not_decide_a_linear_program_does(tools):
    space, v = nested()
    found = signs(space, v, POINTS)
    assert found.bounds == (
        Bound((2, 0), "upper", Fraction(-1), (((1, 0), "above", Fraction(1)), ((1, 1), "above", Fraction(1)))),
        Bound((2, 1), "lower", Fraction(0), (((1, 2), "below", Fraction(1)),)),
    )
    assert found.slopes == {(2, 0): 0, (2, 1): 1}
    check(tools, space, v, found, POINTS.tolist())
    assert function_relation(space, v, nested(out=5.0)[1]).kind == "signs"
    # A bias of 2 touches zero, and one above has a positive argument at 0.
    assert (2, 0) in signs(space, nested(bias=2.0)[1], POINTS).slopes
    assert (2, 0) not in signs(space, nested(bias=2.0 + 2**-20)[1], POINTS).slopes
    assert function_relation(space, nested(bias=2.5)[1], nested(bias=2.5, out=5.0)[1]).answer == "different"


@pytest.mark.parametrize(("activation", "slope"), [("abs", -1), ("leaky-relu", Fraction(1, 64))])
def test_linear_programs_see_other_slopes(tools, activation: str, slope: Fraction):
    space, v = nested(activation, bias=-9.0)
    found = signs(space, v, POINTS)
    assert found.slopes[2, 0] == slope
    check(tools, space, v, found, POINTS.tolist())


def test_without_programs_intervals_are_left(monkeypatch: pytest.MonkeyPatch):
    space, v = nested()
    for name in ("PROGRAMS", "CONSTRAINTS", "USED"):
        with monkeypatch.context() as context:
            context.setattr(module, name, 0)
            assert signs(space, v, POINTS).slopes == {(2, 1): 1}
    monkeypatch.setattr(module, "MAX_PRODUCTS", 5 * 7 * 3 - 1)
    assert signs(space, v, POINTS) == Signs((), {})
    monkeypatch.setattr(module, "MAX_PRODUCTS", 5 * 7 * 3)
    assert signs(space, v, POINTS).slopes


def test_bounded_values_bound_what_follows(tools):
    """`relu(3 - relu(x))` lies in [0, 3]: less 4 it is dead, less 3 as well, less 2 it is not; twice it less 6 is dead."""
    space = mlp(2, 1, 1, 4, 1)
    v = {
        "W1": np.array([[1.0, 0.0]]),
        "b1": np.zeros(1),
        "W2": -np.ones((1, 1)),
        "b2": np.full(1, 3.0),
        "W3": np.array([[1.0], [1.0], [1.0], [2.0]]),
        "b3": np.array([-4.0, -3.0, -2.0, -6.0]),
        "W4": np.ones((1, 4)),
        "b4": np.zeros(1),
    }
    found = signs(space, v, POINTS)
    assert found.slopes == {(3, 0): 0, (3, 1): 0, (3, 3): 0}
    assert [(bound.neuron, bound.side, bound.value) for bound in found.bounds] == [
        ((2, 0), "upper", 3),
        ((3, 0), "upper", -1),
        ((3, 1), "upper", 0),
        ((3, 3), "upper", 0),
    ]
    check(tools, space, v, found, POINTS.tolist())


def test_an_absolute_value_is_bounded_by_its_chord(tools):
    """`| 3 - | 2 - |x| | |`... of an argument between bounds only: `0 x + 1` and values of constant neurons."""
    space = mlp(2, 2, 2, 2, 2, 1, activation="abs")
    rng = np.random.default_rng(0)
    v = {name: rng.integers(-3, 4, shape).astype(float) for name, shape in space.shapes.items()}
    v["W1"][:] = 0.0  # constants all along: every neuron has both bounds, and a sign
    found = signs(space, v, POINTS)
    assert len(found.slopes) == 8
    check(tools, space, v, found, POINTS.tolist())


def test_a_sign_that_no_neuron_alone_implies_stays_open():
    """`relu(x + 1) - relu(x)` is never negative; its absolute value is it."""
    space = mlp(2, 2, 1, 1)
    v = {
        "W1": np.array([[1.0, 0.0], [1.0, 0.0]]),
        "b1": np.array([1.0, 0.0]),
        "W2": np.array([[1.0, -1.0]]),
        "b2": np.zeros(1),
        "W3": np.ones((1, 1)),
        "b3": np.zeros(1),
    }
    assert signs(space, v, POINTS) == Signs((), {})
    assert function_relation(space, v, v | {"b2": np.full(1, 4.0), "b3": np.full(1, -4.0)}).answer == "unknown"


@pytest.mark.parametrize("activation", ["identity", "tanh", "sine", "gelu", "silu"])
def test_activations_without_a_kink_have_no_signs(activation: str):
    space = mlp(2, 2, 2, 1, activation=activation)
    v = {name: -np.ones(shape) for name, shape in space.shapes.items()}
    assert signs(space, v, POINTS) == Signs((), {})


def test_exact_solutions_are_found_where_there_is_one():
    f = Fraction
    assert solved([[f(0), f(2)], [f(3), f(1)]], [f(6), f(4)]) == [1, 2]
    assert solved([[f(1), f(2)]], [f(1), f(3)]) is None
    assert solved([[f(1), f(2)], [f(2), f(4)]], [f(1), f(2)]) is None
    assert solved([], [f(0)]) == []
    assert solved([], [f(1)]) is None
    assert total((f(2), {(0, 0): f(1), None: f(1)}), (f(-1), {(0, 0): f(2)})) == {None: 2}


def test_weights_beyond_what_a_linear_program_takes_prove_nothing_and_raise_nothing():
    space, v = nested()
    huge = v | {"W2": v["W2"] * 1e308, "W1": v["W1"] * 1e308}
    signs(space, huge, POINTS)


@pytest.mark.parametrize("activation", ["relu", "leaky-relu"])
def test_a_program_uses_the_chord_of_an_argument_that_is_bounded_on_both_sides(tools, activation: str):
    """With z in [-4, 2], relu(z) lies below its chord (z + 4) / 3: `3 relu(z) - z - 4` is never positive, which no other constraint says.

    z = 2 - 2 h of an h in [0, 3]; a leaky ReLU leaves these ends by little, for which the last bias is lower.
    """
    space = mlp(2, 1, 1, 2, 1, 1, activation=activation)
    v = {
        "W1": np.array([[1.0, 0.0]]), "b1": np.zeros(1),
        "W2": -np.ones((1, 1)), "b2": np.full(1, 3.0),
        "W3": np.array([[-2.0], [1.0]]), "b3": np.array([2.0, 0.0]),
        "W4": np.array([[3.0, 2.0]]), "b4": np.array([-6.0]),
        "W5": np.ones((1, 1)), "b5": np.zeros(1),
    }  # fmt: skip
    found = signs(space, v, POINTS)
    if activation == "relu":
        assert found.slopes == {(3, 1): 1, (4, 0): 0}
        (last,) = [bound for bound in found.bounds if bound.neuron == (4, 0)]
        assert (last.side, last.value) == ("upper", 0) and ((3, 0), "chord", Fraction(3)) in last.terms
        # A little more, and it is positive at an input: where z is 2.
        assert (4, 0) not in signs(space, v | {"b4": np.full(1, -6.0 + 2**-20)}, POINTS).slopes
    check(tools, space, v, found, [*POINTS.tolist(), [0.0, 0.0], [3.0, 0.0], [1.5, 2.0], [-900.0, 1.0]])


def test_intervals_alone_bound_what_bounded_values_bound(tools, monkeypatch):
    monkeypatch.setattr(module, "PROGRAMS", 0)
    test_bounded_values_bound_what_follows(tools)
