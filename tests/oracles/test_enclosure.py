"""The enclosure of a net's value against exact evaluation written out, and against high-precision numbers."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import mpmath
import numpy as np
import pytest

from orbitcheck.harness.oracles.functions import enclosure
from orbitcheck.harness.oracles.functions.enclosure import BITS, enclose
from orbitcheck.harness.weights.activations import ACTIVATIONS
from orbitcheck.harness.weights.space import WeightSpace, mlp


def random_net(space: WeightSpace, rng: np.random.Generator):
    return {name: rng.standard_normal(shape) * 2.0 ** rng.integers(-3, 3) for name, shape in space.shapes.items()}


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_enclosure_holds_the_true_value(tools, activation: str):
    """40 nets an activation, 320 in all; points for piecewise-linear nets, narrow intervals for the others."""
    rng = np.random.default_rng(list(ACTIVATIONS).index(activation))
    for _ in range(40):
        space = mlp(*rng.integers(1, 5, rng.integers(3, 6)).tolist(), activation=activation)
        v = random_net(space, rng)
        x = (rng.standard_normal(space.widths[0]) * 10.0 ** rng.integers(-4, 2)).tolist()
        got = enclose(space, v, x)
        if activation in tools.linear:
            assert [(value, value) for value in tools.values(space, v, x)] == list(got)
        else:
            with mpmath.workprec(600):
                for value, (low, high) in zip(tools.values(space, v, x, mpmath.mpf), got, strict=True):
                    assert tools.inside(value, (low, high))
                    assert high - low < Fraction(1, 2 ** (BITS - 60))


@pytest.mark.parametrize("activation", ["tanh", "sine", "gelu", "silu"])
def test_the_enclosure_of_an_activation_is_sharp_from_tiny_to_huge_arguments(tools, activation: str):
    space = mlp(1, 1, 1, activation=activation)
    one = {name: np.ones(shape) for name, shape in space.shapes.items()} | {"b1": np.zeros(1), "b2": np.zeros(1)}
    for sign, size in product((-1, 1), (0.0, 5e-324, 1e-30, 0.5, 1.0, 15.9, 16.1, 40.0, 1e3, 1e6)):
        ((low, high),) = enclose(space, one, [sign * size])
        with mpmath.workprec(3000):
            assert tools.inside(tools.activated[activation](mpmath.mpf(sign * size)), (low, high))
        assert high - low < Fraction(1, 2 ** (BITS - 32))


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_a_bias_far_finer_than_all_else_is_added_exactly(activation: str):
    """The output is 3 f(1) + 2^-1000 for the second input, and 2^-1000 alone where f sees zero."""
    space = mlp(1, 1, 1, activation=activation)
    v = {"W1": np.ones((1, 1)), "b1": np.zeros(1), "W2": np.full((1, 1), 3.0), "b2": np.full(1, 2.0**-1000)}
    tiny = Fraction(1, 2**1000)
    assert enclose(space, v, [0.0]) == ((tiny, tiny),)
    ((low, high),) = enclose(space, v, [1.0])
    plain = enclose(space, v | {"b2": np.zeros(1)}, [1.0])
    assert (low - tiny, high - tiny) == plain[0]
    if activation == "relu":
        assert low == high == 3 + tiny


@pytest.mark.parametrize("activation", ["tanh", "sine", "gelu", "silu"])
def test_an_argument_known_to_lie_around_zero_has_a_value_around_zero(activation: str):
    """Two equal neurons cancel; the interval of their difference has zero inside, and so has that of its image."""
    space = mlp(1, 2, 1, 1, activation=activation)
    v = {
        "W1": np.ones((2, 1)), "b1": np.zeros(2), "W2": np.array([[1.0, -1.0]]), "b2": np.zeros(1),
        "W3": np.ones((1, 1)), "b3": np.zeros(1),
    }  # fmt: skip
    ((low, high),) = enclose(space, v, [0.7])
    assert low <= 0 <= high
    assert high - low < Fraction(1, 2 ** (BITS - 4))


def ends(interval) -> tuple[Fraction, Fraction]:
    return tuple(
        sign * Fraction(man) * Fraction(2) ** exp for (s, man, exp, _) in interval._mpi_ for sign in [-1 if s else 1]
    )


def exactly(value) -> Fraction:
    sign, man, exp, _ = value._mpf_
    return (-1 if sign else 1) * Fraction(int(man)) * Fraction(2) ** int(exp)


def test_the_error_function_holds_the_true_value_from_the_series_to_the_tail():
    """Its series stops where the rest is bounded; at 16 it is left for the bound of the tail, also by an interval around 16."""
    iv = enclosure._context()
    for low, high in [(x, x) for x in [*np.arange(0, 17, 0.25).tolist(), 1e-9, 16 + 2.0**-40, 20.0]] + [
        (15.0, 16.0), (15.0, 17.0), (16.0, 17.0), (-17.0, -15.0), (-1.0, 2.0), (0.5, 0.75),
    ]:  # fmt: skip
        below, above = ends(enclosure._error_function(iv, iv.mpf([low, high])))
        with mpmath.workprec(1200):
            least, most = (exactly(mpmath.erf(mpmath.mpf(end))) for end in (low, high))
        assert below <= least and most <= above
        if low == high:
            assert above - below < Fraction(1, 2**BITS)


def test_numbers_between_machine_words_are_exact():
    """numpy makes floats of integers of which one needs 64 bits and another has a sign."""
    space = mlp(2, 1, 1, activation="identity")
    v = {name: np.ones(shape) for name, shape in space.shapes.items()} | {"b1": np.zeros(1), "b2": np.zeros(1)}
    assert enclose(space, v, [2.0**63, -1.0]) == ((2**63 - 1, 2**63 - 1),)
    space = mlp(1, 2, 1, activation="tanh")
    sizes = (2.0**-128 * 0.7, -(2.0**-131) * 0.3)
    v = {
        "W1": np.array([[size] for size in sizes]),
        "b1": np.zeros(2),
        "W2": np.array([[1.0, 2.0**70]]),
        "b2": np.zeros(1),
    }
    ((low, high),) = enclose(space, v, [1.0])
    with mpmath.workprec(1200):
        true = exactly(mpmath.tanh(mpmath.mpf(sizes[0])) + 2**70 * mpmath.tanh(mpmath.mpf(sizes[1])))
    assert low <= true <= high and high - low <= Fraction(2**70 + 1, 2**BITS) * 2
