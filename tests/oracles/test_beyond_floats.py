"""Function equality where floats end: subnormal and huge weights, kinks that no float reaches, against brute force in rationals."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import mpmath
import numpy as np
import pytest

from orbitcheck.harness.oracles.function import function_relation
from orbitcheck.harness.oracles.functions.enclosure import enclose
from orbitcheck.harness.oracles.relation import certify
from orbitcheck.harness.verification.certificate import problem_of
from orbitcheck.harness.weights.activations import ACTIVATIONS, SLOPES
from orbitcheck.harness.weights.pair import Pair
from orbitcheck.harness.weights.space import WeightSpace, mlp

TINY, HUGE = 5e-324, float(np.finfo(np.float64).max)
ENTRIES = (0.0, 0.0, TINY, -TINY, 2.0**-1022, 1e-30, 0.5, 1.0, -1.0, 3.0, 1e16, 1e300, -1e300, HUGE, -HUGE)
NETS = 240


def net(space: WeightSpace, **entries: float):
    """All entries of a tensor alike, one where none is given."""
    return {name: np.full(shape, entries.get(name, 1.0)) for name, shape in space.shapes.items()}


def on_a_line(space: WeightSpace, v, start: list[Fraction], direction: list[Fraction]) -> tuple[set[Fraction], list]:
    """Brute force: all that may be a kink of `t -> f_v(start + t direction)`, over every pattern of signs, and the weights in rationals."""
    layers = [
        ([[Fraction(x) for x in row] for row in v[f"W{i}"].tolist()], [Fraction(x) for x in v[f"b{i}"].tolist()])
        for i in range(1, len(space.widths))
    ]
    hidden = sum(space.widths[1:-1])
    kinks: set[Fraction] = set()
    for pattern in product((0, 1), repeat=hidden):
        slopes = iter(pattern)
        lines = list(zip(direction, start, strict=True))
        for weight, bias in layers[:-1]:
            lines = [
                (
                    sum(w * a for w, (a, _) in zip(row, lines, strict=True)),
                    b + sum(w * c for w, (_, c) in zip(row, lines, strict=True)),
                )
                for row, b in zip(weight, bias, strict=True)
            ]
            kinks.update(-c / a for a, c in lines if a)
            lines = [
                (SLOPES[space.activation][side] * a, SLOPES[space.activation][side] * c)
                for a, c in lines
                for side in [next(slopes)]
            ]
    return kinks, layers


def equal_on_a_line(tools, space: WeightSpace, nets, start: list[Fraction], direction: list[Fraction]) -> bool:
    kinks = sorted(set().union(*(on_a_line(space, v, start, direction)[0] for v in nets)) | {Fraction(0)})
    places = [kinks[0] - 1, *kinks, kinks[-1] + 1]
    inputs = [[s + t * d for s, d in zip(start, direction, strict=True)] for t in places]
    return all(tools.values(space, nets[0], x) == tools.values(space, nets[1], x) for x in inputs)


@pytest.mark.parametrize("weight", [TINY, -TINY])
@pytest.mark.parametrize("activation", ["relu", "leaky-relu", "abs", "identity"])
def test_the_least_weight_differs_from_none(tools, activation: str, weight: float):
    space = mlp(1, 1, 1, activation=activation)
    v, w = net(space, W1=0.0, W2=0.5), net(space, W1=weight, W2=0.5)
    decision = function_relation(space, v, w)
    assert decision.answer == "different"
    x = decision.witness.x
    assert tools.values(space, v, x) != tools.values(space, w, x)


@pytest.mark.parametrize("inputs", [1, 2])
def test_nets_that_differ_beyond_all_floats_alone_have_a_rational_witness(tools, inputs: int):
    """`relu(5e-324 x - 1e300)` is zero at every float; its kink lies at 2e623."""
    space = mlp(inputs, 1, 1)
    v, w = net(space, W1=TINY, b1=-1e300), net(space, W1=TINY, b1=-1e300, W2=0.0)
    assert tools.values(space, v, [HUGE] * inputs) == tools.values(space, w, [HUGE] * inputs)
    decision = function_relation(space, v, w)
    assert (decision.answer, decision.kind) == ("different", "input")
    assert max(decision.witness.x) > Fraction(HUGE)
    assert tools.values(space, v, decision.witness.x) == [decision.witness.v[0]]
    pair = Pair(space, v, w)
    relation = certify(pair)
    says = [relation.orbit, relation.round, relation.function]
    assert problem_of(relation.certificate, pair, says) is None


def test_nets_that_differ_only_below_all_floats_have_a_rational_witness(tools):
    """A bump between two kinks that both round to zero."""
    space = mlp(1, 3, 1)
    v = net(space, W1=HUGE, W2=1.0, b2=0.0) | {
        "b1": np.array([0.0, -TINY, -2 * TINY]),
        "W2": np.array([[1.0, -2.0, 1.0]]),
    }
    w = v | {"W2": np.zeros((1, 3))}
    decision = function_relation(space, v, w)
    assert decision.answer == "different"
    assert tools.values(space, v, decision.witness.x) == [decision.witness.v[0]] != [0]


@pytest.mark.parametrize("activation", sorted(SLOPES))
def test_extreme_nets_of_one_layer_or_input_are_decided_as_by_brute_force(tools, activation: str):
    seen = {"equal": 0, "different": 0}
    for seed in range(NETS):
        rng = np.random.default_rng([seed, sorted(SLOPES).index(activation)])
        widths = (
            (1, *rng.integers(1, 3, rng.integers(1, 3)).tolist(), 1) if seed % 2 else (2, int(rng.integers(1, 4)), 1)
        )
        space = mlp(*widths, activation=activation)
        v = {name: rng.choice(ENTRIES, shape) for name, shape in space.shapes.items()}
        w = {name: array.copy() for name, array in v.items()}
        for _ in range(int(rng.integers(0, 3))):
            flat = w[rng.choice(list(w))].reshape(-1)
            flat[rng.integers(len(flat))] = rng.choice(ENTRIES)
        decision = function_relation(space, v, w)
        lines = [([Fraction(0)], [Fraction(1)])]
        if widths[0] == 2:
            lines = [
                ([Fraction(int(a)), Fraction(int(b))], [Fraction(1), Fraction(int(c))])
                for a, b, c in rng.integers(-9, 10, (3, 3))
            ]
        same = all(equal_on_a_line(tools, space, (v, w), *line) for line in lines)
        if decision.answer == "different":
            x, output = decision.witness.x, decision.witness.output
            assert tools.values(space, v, x)[output] != tools.values(space, w, x)[output]
        else:
            assert decision.answer == "equal" and same, seed
        assert same or decision.answer == "different"
        seen[decision.answer] += 1
    assert min(seen.values()) > 20


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_extreme_nets_of_any_shape_raise_nothing_and_are_never_wrong(tools, activation: str):
    for seed in range(NETS // 4):
        rng = np.random.default_rng([seed, list(ACTIVATIONS).index(activation), 1])
        widths = (int(rng.integers(1, 3)), *rng.integers(1, 4, rng.integers(1, 4)).tolist(), int(rng.integers(1, 3)))
        space = mlp(*widths, activation=activation)
        v = {name: rng.choice(ENTRIES, shape) for name, shape in space.shapes.items()}
        w = {name: array.copy() for name, array in v.items()}
        for _ in range(seed % 3):
            flat = w[rng.choice(list(w))].reshape(-1)
            flat[rng.integers(len(flat))] = rng.choice(ENTRIES)
        decision = function_relation(space, v, w)
        if decision.answer == "different":
            left, right = decision.witness.v, decision.witness.w
            assert left[1] < right[0] or right[1] < left[0]
        if decision.answer == "equal" and activation in SLOPES:
            for exponent in rng.integers(-1000, 1000, 12):
                x = [Fraction(2) ** int(exponent) * int(c) for c in rng.integers(-9, 10, widths[0])]
                assert tools.values(space, v, x) == tools.values(space, w, x), seed


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_outputs_at_rationals_are_enclosed(tools, activation: str):
    """Thirds and other inputs that no float is."""
    rng = np.random.default_rng(5)
    space = mlp(2, 3, 2, 1, activation=activation)
    for _ in range(5):
        v = {name: rng.standard_normal(shape) for name, shape in space.shapes.items()}
        x = [Fraction(int(a), int(b)) for a, b in zip(rng.integers(-9, 10, 2), rng.integers(1, 99, 2), strict=True)]
        ((low, high),) = enclose(space, v, x)
        if activation in SLOPES:
            assert low == high == tools.values(space, v, x)[0]
        else:
            with mpmath.workprec(600):
                inputs = [mpmath.mpf(c.numerator) / c.denominator for c in x]
                value = tools.values(space, v, inputs, mpmath.mpf)[0]
                assert tools.inside(value, (low, high)) and high - low < Fraction(1, 2**150)


def test_wide_intervals_do_not_hang():
    """`gelu(-17)` is less than 2^-192: times the largest float it lies between 0 and 1e250, where no series of erf ends."""
    space = mlp(1, 1, 1, 1, activation="gelu")
    ((low, high),) = enclose(space, net(space, b1=0.0, W2=-HUGE, b3=0.0), [-17.0])
    assert 0 < low < 1 and high > 10**240
