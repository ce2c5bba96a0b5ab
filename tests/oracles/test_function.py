"""Function equality against exact evaluation written out, against high-precision numbers, and on symmetries known by hand."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitcheck.harness.oracles import function
from orbitcheck.harness.oracles.function import function_relation
from orbitcheck.harness.oracles.refinement import refine
from orbitcheck.harness.space import ACTIVATIONS, SpaceError, WeightSpace, mlp

LINEAR = ("relu", "leaky-relu", "abs", "identity")


def check_witness(tools, space: WeightSpace, v, w, decision) -> None:
    """The witness alone, without the search that found it, tells the two nets apart."""
    assert decision.answer == "different"
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
        points = [[Fraction(k, 2)] for k in range(-6, 7)]
        equal = all(tools.values(space, v, x) == tools.values(space, w, x) for x in points)
        assert decision.answer == ("equal" if equal else "different")
        if not equal:
            check_witness(tools, space, v, w, decision)
        seen[decision.answer] += 1
    assert min(seen.values()) > 20


@pytest.mark.parametrize("activation", LINEAR)
def test_a_kink_that_no_random_input_sees_is_found(tools, monkeypatch: pytest.MonkeyPatch, activation: str):
    """Two neurons make a bump of width 2^-30 far from the origin: the search near kinks must go there."""
    monkeypatch.setattr(function, "_likely_inputs", lambda space, v, w: iter([[0.0] * space.widths[0]]))
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
    rng = np.random.default_rng([ACTIVATIONS.index(activation), len(how)])
    refuted = 0
    for number in range(15):
        widths = (2, *rng.integers(2, 4, 1 + number % 4).tolist(), 1)
        space = mlp(*widths, activation=activation)
        v = {name: rng.integers(-4, 5, shape) / 4 for name, shape in space.shapes.items()}
        w = symmetric_copy(space, v, rng, how)
        if w is None:
            continue
        w = tools.relabelled(space, w, rng)
        assert function_relation(space, v, w).answer == "equal"
        broken = {name: array.copy() for name, array in w.items()}
        broken["b1"][0] += 2.0**-20
        decision = function_relation(space, v, broken)
        if decision.answer == "different":
            check_witness(tools, space, v, broken, decision)
            refuted += 1
    assert w is None or refuted > 3


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


def test_a_gap_that_no_search_finds_is_unknown(monkeypatch: pytest.MonkeyPatch):
    """A deep net that differs from zero only within 2^-30 of an input far away: neither proved nor refuted."""
    monkeypatch.setattr(function, "_likely_inputs", lambda space, v, w: iter([[0.0]]))
    space = mlp(1, 3, 3, 1)
    v = {
        "W1": np.ones((3, 1)),
        "b1": np.array([-999.0, -999.0 - 2.0**-30, -999.0 - 2.0**-29]),
        "W2": np.array([[1.0, -2.0, 1.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]),
        "b2": np.zeros(3),
        "W3": np.ones((1, 3)),
        "b3": np.zeros(1),
    }
    w = v | {"W2": np.zeros((3, 3))}
    decision = function_relation(space, v, w)
    assert (decision.answer, decision.kind, decision.witness) == ("unknown", "none", None)


def test_bad_weights_are_refused():
    space = mlp(1, 2, 1)
    v = {name: np.zeros(shape) for name, shape in space.shapes.items()}
    with pytest.raises(SpaceError, match="weights are finite"):
        function_relation(space, v, {**v, "W1": np.array([[0.0], [np.inf]])})
