"""The enclosure of a net's value against exact evaluation written out, and against high-precision numbers."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import mpmath
import numpy as np
import pytest

from orbitcheck.harness.oracles.enclosure import BITS, enclose
from orbitcheck.harness.space import ACTIVATIONS, WeightSpace, mlp


def random_net(space: WeightSpace, rng: np.random.Generator):
    return {name: rng.standard_normal(shape) * 2.0 ** rng.integers(-3, 3) for name, shape in space.shapes.items()}


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_enclosure_holds_the_true_value(tools, activation: str):
    """40 nets an activation, 320 in all; points for piecewise-linear nets, narrow intervals for the others."""
    rng = np.random.default_rng(ACTIVATIONS.index(activation))
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
