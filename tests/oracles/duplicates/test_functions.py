"""Networks of one function: rescalings against the group's own action, proofs against networks that no tested input tells apart."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest

from orbitcheck import Weights, act, conv_net, group, mlp, random_elements, recurrent
from orbitcheck.harness.oracles.duplicates.functions import (
    ROUNDED,
    _outputs,
    _Prover,
    _refuted,
    alike,
    function_links,
    rescaling,
)
from orbitcheck.harness.oracles.duplicates.links import Likeness
from orbitcheck.harness.weights.symmetry import generic_elements

SYMMETRY = {"relu": "permutation+scale", "leaky-relu": "permutation+scale", "tanh": "permutation+sign"}


def drawn(space, rng):
    return {name: rng.standard_normal(shape) for name, shape in space.shapes.items()}


def applied(space, element, v):
    return act(element, Weights.from_arrays(space, [v]))[0].arrays()


def line(rows, biases, out, bias=0.0):
    """A network of one input and one output."""
    return {
        "W1": np.array(rows, dtype=float)[:, None],
        "b1": np.array(biases, dtype=float),
        "W2": np.array([out], dtype=float),
        "b2": np.array([bias], dtype=float),
    }


@pytest.mark.parametrize("activation", SYMMETRY)
@pytest.mark.parametrize("widths", [(2, 4, 1), (3, 4, 5, 3, 2)])
def test_a_rescaling_is_found_and_its_element_does_what_is_said(activation, widths):
    space, rng = mlp(*widths, activation=activation), np.random.default_rng(0)
    for element in random_elements(group(space, SYMMETRY[activation]), 5, rng):
        v = drawn(space, rng)
        w = applied(space, element, v)
        found = rescaling((space, v), (space, w))
        assert found is not None and found[1] == 0
        assert all(np.array_equal(applied(space, found[0], v)[name], w[name]) for name in space.axes)
        (link,) = function_links([(space, v), (space, w)], [3, 8])
        assert (link.first, link.second, link.likeness) == (3, 8, Likeness.FUNCTION)
        assert link.element == found[0] and link.neurons is None
        # Off by what was added, as a share of the largest entry: the last bias has no part in any factor.
        last = f"b{len(widths) - 1}"
        other = {**w, last: w[last] + 0.5}
        largest = max(float(np.abs(array).max()) for array in other.values())
        assert rescaling((space, v), (space, other)) == (found[0], pytest.approx(0.5 / largest))
        assert not list(function_links([(space, v), (space, other)], [3, 8]))


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_a_rescaling_by_factors_that_floats_round_is_found_with_its_element(activation):
    space, rng = mlp(2, 3, 3, 1, activation=activation), np.random.default_rng(1)
    v = drawn(space, rng)
    w = applied(space, generic_elements(group(space, SYMMETRY[activation]), 1, rng)[0], v)
    w["b2"] = w["b2"] * (1 + 1e-13)  # of a hidden layer
    (link,) = function_links([(space, v), (space, w)], [0, 1])
    assert link.likeness is Likeness.ROUNDED and link.element is not None
    assert link.share is not None and link.share <= ROUNDED
    copy = applied(space, link.element, v)
    assert all(np.allclose(copy[name], w[name], rtol=1e-9) for name in space.axes)


def test_a_rescaling_that_floats_round_is_no_proof():
    """1/3 in floats is not a third: the two functions differ by one part in 10^16, which a product of floats does not show."""
    space = mlp(1, 1, 1)
    v, w = (space, line([1], [0.5], [1])), (space, line([3], [1.5], [1 / 3]))
    found = rescaling(v, w)
    assert found is not None and 0 < found[1] < 1e-300
    assert _Prover().proof(v, w) is None
    (link,) = function_links([v, w], [0, 1])
    assert link.likeness is Likeness.ROUNDED and link.element == found[0]
    # Times three and by three, where both can be had.
    v, w = (space, line([1], [0.5], [3])), (space, line([3], [1.5], [1]))
    assert rescaling(v, w) == (found[0], 0)
    assert [link.likeness for link in function_links([v, w], [0, 1])] == [Likeness.FUNCTION]
    # What falls below the floats, and between two hidden layers.
    v, w = (space, line([2.0**-1070 * 9], [0], [2.0**60])), (space, line([2.0**-1074], [0], [2.0**64]))
    found = rescaling(v, w)
    assert found is not None and found[1] > 0
    deep, rng = mlp(1, 2, 2, 1), np.random.default_rng(0)
    for factor, exact in ((2.0, True), (3.0, False)):
        a = {name: rng.integers(1, 9, shape) * 1.0 for name, shape in deep.shapes.items()}
        b = {**a, "W1": a["W1"] * factor, "b1": a["b1"] * factor, "W2": a["W2"] * (1 / factor)}
        held = all(
            Fraction(x) == Fraction(y) * Fraction(factor) for x, y in zip(a["W2"].flat, b["W2"].flat, strict=True)
        )
        found = rescaling((deep, a), (deep, b))
        assert held == exact and found is not None and (found[1] == 0) == exact


def test_a_network_of_zeros_has_the_function_of_every_dead_one():
    space = mlp(1, 2, 1)
    dead, zero = (space, line([1, 2], [1, 1], [0, 0])), (space, line([0, 0], [0, 0], [0, 0]))
    for pair in ((dead, zero), (zero, dead)):
        assert [link.likeness for link in function_links(pair, [0, 1])] == [Likeness.FUNCTION]


@pytest.mark.parametrize("size", [1e-250, 1e-80, 1e80, 1e150])
def test_functions_of_any_size_are_compared_in_their_own_spread(size):
    space = mlp(1, 2, 1)
    v = line([1, 2], [1, -1], [size, 3 * size], size)
    near, far = ({**v, "b2": v["b2"] * (1 + off)} for off in (1e-7, 1e-2))
    (link,) = function_links([(space, v), (space, near), (space, far)], [0, 1, 2])
    assert (link.first, link.second, link.likeness) == (0, 1, Likeness.ROUNDED)
    assert link.share is not None and 1e-9 < link.share < 1e-7


def test_rescalings_to_one_and_of_neurons_that_read_nothing_and_beyond_floats():
    space = mlp(1, 2, 1)
    v = line([4, 0], [2, 0], [1, 3])
    found = rescaling((space, v), (space, line([1, 0], [0.5, 0], [4, 3])))
    assert found is not None and found[1] == 0, "a largest weight of one is a weight as any other"
    silent = rescaling((space, v), (space, line([4, 0], [2, 0], [1, 5])))
    assert silent is not None and silent[1] == 2 / 5, "nothing is to rescale in a neuron that reads nothing"
    half = rescaling((space, v), (space, line([0, 0], [0, 0], [1, 3])))
    assert half is not None and half[1] == 4 / 3
    wild = [(mlp(1, 1, 1), line([size], [0], [1])) for size in (1e-160, 1e150)]
    assert rescaling(*wild) is None, "the factor is no float"
    assert rescaling((space, v), (mlp(1, 3, 1), v)) is None
    assert rescaling((mlp(1, 2, 1, activation="sigmoid"), v), (mlp(1, 2, 1, activation="sigmoid"), v)) is None
    turned = [(mlp(1, 1, 1), line([side * 4], [side * 2], [side])) for side in (1, -1)]
    assert rescaling(*turned) is None, "no relu has a sign taken out"


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
def test_one_input_refutes_what_differs_and_never_what_is_one_function(activation):
    space, wide, rng = (
        mlp(2, 3, 3, activation=activation),
        mlp(2, 4, 3, activation=activation),
        np.random.default_rng(2),
    )
    for _ in range(8):
        v = {name: rng.integers(-8, 9, shape) / 4 for name, shape in space.shapes.items()}
        # Neuron 2 twice, with what goes out shared.
        w = {
            "W1": v["W1"][[0, 1, 2, 2]],
            "b1": v["b1"][[0, 1, 2, 2]],
            "W2": np.concatenate([v["W2"][:, :2], v["W2"][:, 2:] * 0.75, v["W2"][:, 2:] * 0.25], axis=1),
            "b2": v["b2"],
        }
        first, second = (space, v), (wide, w)
        assert not _refuted(first, second) and not _refuted(second, first)
        assert _Prover().proof(first, second) is not None and _Prover().proof(second, first) is not None
        for output in range(3):
            for step in (-0.125, 0.125):
                other = (wide, {**w, "b2": w["b2"] + step * np.eye(3)[output]})
                assert _refuted(first, other) == _refuted(other, first) == (activation != "sigmoid")
                assert _Prover().proof(first, other) is None


def test_what_differs_far_out_alone_is_not_proved():
    """relu(x) + relu(x - 1000) and relu(x) + relu(x - 2000) agree up to 1000, which no tested input passes."""
    space = mlp(1, 2, 1)
    v, w = line([1, 1], [0, -1000], [1, 1]), line([1, 1], [0, -2000], [1, 1])
    assert not _refuted((space, v), (space, w))
    assert _Prover().proof((space, v), (space, w)) is None
    (link,) = function_links([(space, v), (space, w)], [0, 1])
    assert (link.likeness, link.share, link.element) == (Likeness.ROUNDED, 0.0, None)


def test_a_constant_is_linked_by_a_proof_alone():
    space = mlp(1, 2, 1)
    proved = [line([1, 2], [0, 1], [0, 0], 3), line([5, 7], [1, 1], [0, 0], 3)]
    (link,) = function_links([(space, net) for net in proved], [0, 1])
    assert (link.likeness, link.reasons) == (Likeness.FUNCTION, ("dead neurons",))
    apart = [line([1, 1], [-1000, 0], [1, 0]), line([1, 1], [-2000, 0], [1, 0])]
    assert not list(function_links([(space, net) for net in apart], [0, 1])), "both are zero where they were asked"


def test_rows_that_are_alike_are_never_parted():
    rng = np.random.default_rng(3)
    for _ in range(60):
        count = int(rng.integers(2, 9))
        values = rng.integers(0, 5, (count, 3)).astype(float)
        tolerance = rng.choice([0.0, 1.0, 2.0], count)
        values[rng.random((count, 3)) < 0.03] = np.nan
        finite = np.isfinite(values).all(axis=1)
        groups = [set(own.tolist()) for own in alike(values, tolerance)]
        assert all(len(own) > 1 and finite[list(own)].all() for own in groups)
        assert sum(map(len, groups)) == len(set().union(*groups))
        for i, j in combinations(np.flatnonzero(finite).tolist(), 2):
            if (np.abs(values[i] - values[j]) <= max(tolerance[i], tolerance[j])).all():
                assert any({i, j} <= own for own in groups)
    values = np.array([[0, 0], [0, 0], [1, 0], [0, 3], [np.inf, 0]], dtype=float)
    assert [own.tolist() for own in alike(values, np.zeros(5))] == [[0, 1]]
    assert [own.tolist() for own in alike(values, np.array([0, 0, 1.0, 2.0, 9.0]))] == [[0, 1, 2]]
    assert not alike(values[2:], np.zeros(3))


@pytest.mark.parametrize("space", [mlp(64, 9, 3), conv_net(2, 4, 3)], ids=["mlp", "conv"])
def test_inputs_are_of_sizes_one_four_and_sixteen(space):
    """Without biases relu networks scale with what they are given, as all of these do."""
    rng = np.random.default_rng(4)
    nets = [(space, drawn(space, rng)) for _ in range(40)]
    for _, v in nets:
        for name in v:
            if name.startswith("b"):
                v[name] *= 0
    found = np.abs(_outputs(nets))
    assert found.shape[:2] == (40, 48)
    sizes = [found[:, third : third + 16].mean() for third in (0, 16, 32)]
    assert [size / sizes[0] for size in sizes] == [1, pytest.approx(4, rel=0.1), pytest.approx(16, rel=0.1)]


@pytest.mark.parametrize("space", [conv_net(1, 3, 2, 2, kernel=1), recurrent(2, 3, 2)], ids=["conv", "recurrent"])
def test_functions_of_other_spaces_are_those_of_their_outputs(space):
    rng = np.random.default_rng(5)
    nets = [drawn(space, rng) for _ in range(4)]
    moved = applied(space, random_elements(space, 1, rng)[0], nets[2])
    (link,) = function_links([(space, net) for net in [*nets, moved]], [10, 11, 12, 13, 14])
    assert (link.first, link.second, link.likeness) == (12, 14, Likeness.ROUNDED)


@pytest.mark.parametrize("activation", ["sigmoid", "softplus", "elu"])
def test_where_no_exact_arithmetic_is_known_one_argument_is_one_feature_and_zero_is_not_silent(activation):
    """What a neuron of no input adds, is phi(0): 1/2 of a sigmoid, log 2 of a softplus, nothing of an elu."""
    space = mlp(1, 2, 1, activation=activation)
    v, w = line([-1, -1], [-2, -2], [1, 2]), line([-1, -1], [-2, -2], [3, 0])
    (link,) = function_links([(space, v), (space, w)], [0, 1])
    assert link.likeness is Likeness.FUNCTION
    v, w = line([1, 0], [1, 0], [1, 0]), line([1, 0], [1, 0], [1, 1e-13])
    (link,) = function_links([(space, v), (space, w)], [0, 1])
    assert link.likeness is (Likeness.FUNCTION if activation == "elu" else Likeness.ROUNDED)
