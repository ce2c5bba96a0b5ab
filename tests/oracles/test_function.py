"""Function equality against exact evaluation written out, against high-precision numbers, and on symmetries known by hand."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitcheck.harness.oracles import function
from orbitcheck.harness.oracles.function import function_relation, values_in_floats
from orbitcheck.harness.oracles.functions.normal_form import FeatureTable
from orbitcheck.harness.oracles.functions.polyline import polyline
from orbitcheck.harness.oracles.refinement import refine
from orbitcheck.harness.weights.activations import ACTIVATIONS
from orbitcheck.harness.weights.space import SpaceError, WeightSpace, mlp

LINEAR = ("relu", "leaky-relu", "abs", "identity")


def check_witness(tools, space: WeightSpace, v, w, decision) -> None:
    """The witness alone, without the search that found it, tells the two nets apart."""
    assert (decision.answer, decision.kind) == ("different", "input")
    witness = decision.witness
    if space.activation in LINEAR:
        left, right = (tools.values(space, net, witness.x)[witness.output] for net in (v, w))
        assert (left, right) == (witness.v[0], witness.w[0])
        assert left != right
    else:
        with mpmath.workprec(600):
            left, right = (tools.values(space, net, witness.x, mpmath.mpf)[witness.output] for net in (v, w))
            assert tools.inside(left, witness.v) and tools.inside(right, witness.w)
    assert witness.v[1] < witness.w[0] or witness.w[1] < witness.v[0]


@pytest.mark.parametrize("activation", LINEAR)
def test_one_hidden_layer_is_decided(tools, activation: str):
    """1,000 pairs an activation, 4,000 in all, on one input, where all kinks and both ends settle equality by evaluation."""
    rng = np.random.default_rng(LINEAR.index(activation))
    space = mlp(1, 3, 1, activation=activation)
    seen = {"equal": 0, "different": 0}
    for _ in range(1000):
        v, w = (
            {name: rng.choice((-1.0, 0.0, 0.0, 1.0), shape) for name, shape in space.shapes.items()} for _ in range(2)
        )
        decision = function_relation(space, v, w)
        # Kinks lie at -1, 0 and 1: a continuous piecewise-linear function is known from two points on each piece.
        equal = np.array_equal(tools.on_line(space, v), tools.on_line(space, w))
        assert decision.answer == ("equal" if equal else "different")
        if not equal:
            check_witness(tools, space, v, w, decision)
        seen[decision.answer] += 1
    assert min(seen.values()) > 20


def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the origin as the only input that is likely to tell two nets apart."""
    monkeypatch.setattr(function, "_likely_inputs", lambda space, v, w: iter([[0.0] * space.widths[0]]))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_an_affine_difference_shows_at_the_origin_or_at_a_unit_vector(
    tools, monkeypatch: pytest.MonkeyPatch, axis: int
):
    """One hidden layer that folds to `x_axis`, and linear nets of any depth."""
    blind(monkeypatch)
    rows = np.zeros((2, 3))
    rows[:, axis] = 1.0, -1.0
    zero = np.zeros(1)
    v = {"W1": rows, "b1": np.zeros(2), "W2": np.array([[1.0, -1.0]]), "b2": zero}
    check_witness(tools, space := mlp(3, 2, 1), v, w := {**v, "W2": np.zeros((1, 2))}, function_relation(space, v, w))
    deeper = {"W3": np.ones((1, 1)), "b3": zero}
    linear = mlp(3, 2, 1, 1, activation="identity")
    check_witness(tools, linear, v | deeper, w | deeper, function_relation(linear, v | deeper, w | deeper))


def test_an_affine_difference_that_unit_vectors_miss_shows_at_the_origin(tools, monkeypatch: pytest.MonkeyPatch):
    """`1 - x - y`; the likely input is a unit vector too."""
    monkeypatch.setattr(function, "_likely_inputs", lambda space, v, w: iter([[1.0, 0.0]]))
    space = mlp(2, 1, 1, activation="identity")
    v = {"W1": -np.ones((1, 2)), "b1": np.ones(1), "W2": np.ones((1, 1)), "b2": np.zeros(1)}
    check_witness(tools, space, v, w := {**v, "W2": np.zeros((1, 1))}, function_relation(space, v, w))


@pytest.mark.parametrize("inputs", [1, 2])
def test_other_inputs_are_tried_after_those_near_kinks(tools, monkeypatch: pytest.MonkeyPatch, inputs: int):
    """Near kinks of neurons, near those of polylines where there is one input, and then the likely ones."""
    monkeypatch.setattr(function, "_inputs_near_kinks", lambda space, table, gap: iter(()))
    monkeypatch.setattr(function, "inputs_that_differ", lambda left, right: iter(()))
    monkeypatch.setattr(function, "_likely_inputs", lambda space, v, w: iter([[x] * inputs for x in (0.0, 0.0, 5.0)]))
    space = mlp(inputs, 1, 1)
    v = {"W1": np.ones((1, inputs)), "b1": np.full(1, -4.0), "W2": np.ones((1, 1)), "b2": np.zeros(1)}
    check_witness(tools, space, v, w := {**v, "W2": np.full((1, 1), 2.0)}, function_relation(space, v, w))


def never_negative(shift: float):
    """`relu(u + shift) - shift` of `u = relu(x + 2) - relu(x)`, which is never negative: one function for every shift from 0 on."""
    space = mlp(1, 2, 2, 1)
    return space, {
        "W1": np.ones((2, 1)),
        "b1": np.array([2.0, 0.0]),
        "W2": np.array([[1.0, -1.0], [0.0, 0.0]]),
        "b2": np.array([shift, -1.0]),
        "W3": np.ones((1, 2)),
        "b3": np.array([-shift]),
    }


def test_what_no_normal_form_sees_is_proved_by_kinks():
    space, v = never_negative(0.0)
    decision = function_relation(space, v, never_negative(3.0)[1])
    assert (decision.answer, decision.kind) == ("equal", "polyline")
    assert set(decision.points[1:-1]) >= {-2, 0}
    assert list(decision.points) == sorted(set(decision.points))
    assert function_relation(space, v, never_negative(-(2.0**-40))[1]).answer == "different"


@pytest.mark.parametrize("missing", [0, 1])
def test_a_polyline_of_one_net_alone_proves_nothing(monkeypatch: pytest.MonkeyPatch, missing: int):
    space, v = never_negative(0.0)
    found = [polyline(space, net) for net in (v, never_negative(3.0)[1])]
    found[missing] = None
    nets = iter(found)
    monkeypatch.setattr(function, "polyline", lambda space, v: next(nets))
    assert function_relation(space, v, never_negative(3.0)[1]).answer == "unknown"


def test_inputs_near_a_kink_lie_on_it_and_beside_it_with_no_other_kink_between():
    """Entries are multiples of a power of two, and the leading coefficient is 1: floats hold the inputs exactly."""
    rng = np.random.default_rng(4)
    space = mlp(2, 5, 1)
    for _ in range(5):
        v = {
            name: rng.choice((-1.0, 1.0), shape) * 2.0 ** rng.integers(0, 3, shape)
            for name, shape in space.shapes.items()
        }
        v["W1"][:, 0] = rng.choice((-1.0, 1.0), 5)
        table = FeatureTable(space)
        (gap,) = table.outputs(v)
        found = list(function._inputs_near_kinks(space, table, gap))
        assert found == list(function._inputs_near_kinks(space, table, gap))
        assert (
            len(found) > 30
            and len({x[1] for x in found}) > 10
            and min(x[1] for x in found) < 0 < max(x[1] for x in found)
        )
        first, *others = (table.arguments[number] for number in gap if number > 2)

        def value(z, x) -> Fraction:
            return sum((c * (Fraction(x[number - 1]) if number else 1) for number, c in z.items()), Fraction(0))

        for left, middle, right in zip(*[iter(found)] * 3, strict=True):
            assert value(first, middle) == 0 > value(first, left) * value(first, right)
            for other in others:
                signs = {value(other, x) > 0 for x in (left, middle, right)}
                assert len(signs) == 1 and all(value(other, x) for x in (left, middle, right))


def test_steps_across_a_kink_stop_before_steeper_ones_and_pass_those_along_them():
    """The kink at `y = -1/2` is crossed upwards: `x + 4 y` changes fast there, `x - 1` not at all."""
    space = mlp(2, 3, 1)
    v = {
        "W1": np.array([[0.0, 1.0], [1.0, 4.0], [1.0, 0.0]]),
        "b1": np.array([0.5, 0.0, -1.0]),
        "W2": np.ones((1, 3)),
        "b2": np.zeros(1),
    }
    table = FeatureTable(space)
    (gap,) = table.outputs(v)
    kinks = [table.arguments[number] for number in gap if number > 2]
    upward = next(z for z in kinks if 1 not in z)
    ordered = {number: c for number, c in gap.items() if number <= 2 or table.arguments[number] is upward} | gap
    found = list(function._inputs_near_kinks(space, table, ordered))
    assert len(found) > 60
    for left, middle, right in zip(*[iter(found)] * 3, strict=True):
        assert left[0] == middle[0] == right[0] and middle[1] == -0.5 and left[1] < -0.5 < right[1]
        assert len({np.sign(x + 4 * y) for x, y in (left, middle, right)}) == 1


def test_likely_inputs_start_at_the_origin_and_fill_boxes_the_largest_gap_first(monkeypatch: pytest.MonkeyPatch):
    space = mlp(1, 1, 2, activation="identity")
    v = {"W1": np.ones((1, 1)), "b1": np.zeros(1), "W2": np.array([[1.0], [0.0]]), "b2": np.zeros(2)}
    w = {**v, "W2": -v["W2"]}
    assert next(function._likely_inputs(space, v, v)) == [0.0]
    inputs = np.array(list(function._likely_inputs(space, v, w))).reshape(len(function.BOXES), function.CONFIRMED)
    assert np.array_equal(inputs.ravel(), np.ravel(list(function._likely_inputs(space, v, w))))
    monkeypatch.setattr(function, "CONFIRMED", function.POINTS)
    every = np.array(list(function._likely_inputs(space, v, w))).reshape(len(function.BOXES), function.POINTS)
    for box, own, tried in zip(function.BOXES, inputs, every, strict=True):
        assert (np.diff(np.abs(tried)) <= 0).all() and np.array_equal(own, tried[: len(own)])
        assert np.abs(tried).max() <= box and (tried * 64 / box % 1 == 0).all()
        assert tried.min() < -box / 2 and tried.max() > box / 2 and 0.0 in tried


def test_inputs_at_which_floats_overflow_go_last(tools):
    """Right of zero both nets are infinite in floats; they differ left of zero too, and by more than nothing everywhere."""
    space = mlp(1, 1, 1)
    v = {"W1": np.full((1, 1), 1e300), "b1": np.zeros(1), "W2": np.full((1, 1), 1e300), "b2": np.zeros(1)}
    for w in (v, {**v, "b2": np.full(1, 0.5)}):
        assert all(x <= 0 for (x,) in function._likely_inputs(space, v, w))
    check_witness(tools, space, v, w, function_relation(space, v, w))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_values_in_floats_are_nearly_the_exact_ones(tools, activation: str):
    rng = np.random.default_rng(0)
    space = mlp(2, 3, 4, 2, activation=activation)
    nets = [{name: rng.normal(size=shape) for name, shape in space.shapes.items()} for _ in range(3)]
    points = rng.normal(size=(5, 2))
    number = Fraction if activation in LINEAR else mpmath.mpf
    wanted = np.array([[[float(y) for y in tools.values(space, v, x, number)] for x in points.tolist()] for v in nets])
    stacked = {name: np.stack([v[name] for v in nets]) for name in space.axes}
    assert np.allclose(values_in_floats(space, stacked, points), wanted, rtol=1e-12)
    for v, own in zip(nets, wanted, strict=True):
        assert np.allclose(values_in_floats(space, v, points), own, rtol=1e-12)


@pytest.mark.parametrize("activation", LINEAR)
def test_a_kink_that_no_random_input_sees_is_found(tools, monkeypatch: pytest.MonkeyPatch, activation: str):
    """Two neurons make a bump of width 2^-30 far from the origin: the search near kinks must go there."""
    blind(monkeypatch)
    space = mlp(2, 3, 1, activation=activation)
    v = {
        "W1": np.array([[1.0, 0.5], [1.0, 0.5], [1.0, 0.5]]),
        "b1": np.array([-999.0, -999.0 - 2.0**-30, -999.0 - 2.0**-29]),
        "W2": np.array([[1.0, -2.0, 1.0]]),
        "b2": np.zeros(1),
    }
    w = v | {"W2": np.zeros((1, 3))}
    # The three affine pieces cancel: far from the bump both functions are zero.
    decision = function_relation(space, v, w)
    if activation == "identity":
        assert decision.answer == "equal"
    else:
        check_witness(tools, space, v, w, decision)


def symmetric_copy(space: WeightSpace, v, rng: np.random.Generator, how: str):
    """A net of the same function by a symmetry that relabelling does not have; None where the activation lacks it."""
    w = {name: array.copy() for name, array in v.items()}
    layer = int(rng.integers(1, len(space.widths) - 1))
    weight, bias, following = w[f"W{layer}"], w[f"b{layer}"], w[f"W{layer + 1}"]
    if how == "scale" and space.activation in LINEAR:
        weight[0] *= 4.0
        bias[0] *= 4.0
        following[:, 0] /= 4.0
    elif how == "sign" and space.activation in ("tanh", "sine", "identity", "abs"):
        weight[0] *= -1
        bias[0] *= -1
        if space.activation != "abs":
            following[:, 0] *= -1
    elif how == "dead":
        v[f"W{layer + 1}"][:, 0] = following[:, 0] = 0.0
        weight[0] = rng.integers(-2, 3, weight[0].shape)
        bias[0] += 1
    elif how == "split":
        # Neurons 0 and 1 have one activation: how their outgoing weights share the sum is open.
        for net in (v, w):
            net[f"W{layer}"][1], net[f"b{layer}"][1] = net[f"W{layer}"][0], net[f"b{layer}"][0]
        following[:, 0] += 0.5
        following[:, 1] -= 0.5
    else:
        return None
    return w


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("how", ["scale", "sign", "dead", "split"])
def test_known_symmetries_are_proved_and_their_violations_refuted(tools, activation: str, how: str):
    """15 nets a case at one to four hidden layers, relabelled too; 360 proofs and 360 attempts at refutation."""
    rng = np.random.default_rng([list(ACTIVATIONS).index(activation), len(how)])
    refuted, proofs = 0, set()
    for number in range(15):
        widths = (2, *rng.integers(2, 4, 1 + number % 4).tolist(), 1)
        space = mlp(*widths, activation=activation)
        v = {name: rng.integers(-4, 5, shape) / 4 for name, shape in space.shapes.items()}
        w = symmetric_copy(space, v, rng, how)
        if w is None:
            continue
        w = tools.relabelled(space, w, rng)
        decision = function_relation(space, v, w)
        assert (decision.answer, decision.kind) in {("equal", "normal-form"), ("equal", "refinement")}
        proofs.add(decision.kind)
        broken = {name: array.copy() for name, array in w.items()}
        broken["b1"][0] += 2.0**-20
        decision = function_relation(space, v, broken)
        if decision.answer == "different":
            check_witness(tools, space, v, broken, decision)
            refuted += 1
    assert w is None or (refuted > 3 and "normal-form" in proofs)


@given(seed=st.integers(0, 2**32 - 1))
@settings(derandomize=True, deadline=None, max_examples=150)
def test_equal_by_any_proof_is_equal_at_any_input(tools, seed: int):
    """Soundness: whatever is called equal agrees exactly at fresh inputs; whatever is called different has its witness."""
    rng = np.random.default_rng(seed)
    widths = (int(rng.integers(1, 3)), *rng.integers(1, 4, rng.integers(1, 4)).tolist(), int(rng.integers(1, 3)))
    space = mlp(*widths, activation=LINEAR[int(rng.integers(4))])
    v = {name: rng.integers(-1, 2, shape).astype(float) for name, shape in space.shapes.items()}
    w = tools.near_miss(space, v, rng)
    decision = function_relation(space, v, w)
    if decision.answer == "equal":
        for x in rng.integers(-40, 41, (20, widths[0])) / 8:
            assert tools.values(space, v, x.tolist()) == tools.values(space, w, x.tolist())
    elif decision.answer == "different":
        check_witness(tools, space, v, w, decision)
    if len(widths) == 3:
        assert decision.answer != "unknown"


def test_refinement_implies_equality_and_late_parting_too(tools):
    for t in range(2, 9):
        (space, v), (_, w) = (tools.embedded(matrix) for matrix in tools.ladder(t))
        parted = refine(space, [v, w]).round_of_separation(0, 1)
        assert parted == t
        assert function_relation(space, v, w).answer == "equal"
        # Different functions part by round L = 3, so a later first difference is itself a proof.
        assert (function_relation(space, v, w).kind == "refinement") == (t > 3)


def test_the_direction_pair_computes_one_function():
    space = mlp(1, 2, 2, 1, activation="gelu")
    v, w = ({name: np.ones(shape) for name, shape in space.shapes.items()} for _ in range(2))
    v["W2"], w["W2"] = np.array([[1.0, 0.0], [1.0, 0.0]]), np.eye(2)
    assert function_relation(space, v, w).kind == "forward-refinement"


def test_a_gap_that_no_search_finds_is_unknown(tools, monkeypatch: pytest.MonkeyPatch):
    """A deep net that differs from zero only within 2^-30 of an input far away: with two inputs neither proved nor refuted."""
    blind(monkeypatch)
    space = mlp(2, 3, 3, 1)
    v = {
        "W1": np.ones((3, 2)) * [1.0, 0.0],
        "b1": np.array([-999.0, -999.0 - 2.0**-30, -999.0 - 2.0**-29]),
        "W2": np.array([[1.0, -2.0, 1.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]),
        "b2": np.zeros(3),
        "W3": np.ones((1, 3)),
        "b3": np.zeros(1),
    }
    w = v | {"W2": np.zeros((3, 3))}
    decision = function_relation(space, v, w)
    assert (decision.answer, decision.kind, decision.witness) == ("unknown", "none", None)
    alone = [{**net, "W1": net["W1"][:, :1]} for net in (v, w)]
    check_witness(tools, mlp(1, 3, 3, 1), *alone, function_relation(mlp(1, 3, 3, 1), *alone))  # its kinks are known


def test_bad_weights_are_refused():
    space = mlp(1, 2, 1)
    v = {name: np.zeros(shape) for name, shape in space.shapes.items()}
    with pytest.raises(SpaceError, match="weights are finite"):
        function_relation(space, v, {**v, "W1": np.array([[0.0], [np.inf]])})
