"""Every activation of torch has a name, and its space the module's own function; a leaky ReLU of any slope has exact arithmetic."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from orbitcheck import SpaceError, Weights, act, from_module, generators, group, mlp, random_elements, realise
from orbitcheck.harness.oracles.function import function_relation
from orbitcheck.harness.oracles.functions.enclosure import enclose
from orbitcheck.harness.oracles.levels.enclosures import indistinct_classes
from orbitcheck.harness.targets.slopes import FIRST, SECOND
from orbitcheck.harness.verification.exact.realised import realised
from orbitcheck.harness.verification.exact.refuted import Refuted
from orbitcheck.harness.weights.activations import ACTIVATIONS, HOMOGENEOUS, ODD, SLOPES, canonical

MODULES = {
    "elu": nn.ELU(), "elu(0.5)": nn.ELU(0.5), "celu": nn.CELU(), "selu": nn.SELU(), "relu6": nn.ReLU6(), "hardtanh": nn.Hardtanh(),
    "hardtanh(-2.0, 3.0)": nn.Hardtanh(-2, 3), "hardswish": nn.Hardswish(), "hardsigmoid": nn.Hardsigmoid(), "sigmoid": nn.Sigmoid(),
    "log-sigmoid": nn.LogSigmoid(), "softplus": nn.Softplus(), "softplus(2.0, 10.0)": nn.Softplus(2, 10), "softsign": nn.Softsign(),
    "mish": nn.Mish(), "tanhshrink": nn.Tanhshrink(), "softshrink": nn.Softshrink(), "hardshrink": nn.Hardshrink(0.25),
    "threshold": nn.Threshold(0.1, 0.2), "gelu(tanh)": nn.GELU(approximate="tanh"), "gelu": nn.GELU(), "silu": nn.SiLU(),
    "leaky-relu(0.01)": nn.LeakyReLU(), "leaky-relu(0.2)": nn.LeakyReLU(0.2), "leaky-relu": nn.LeakyReLU(1 / 64), "relu": nn.LeakyReLU(0.0),
    "rrelu": nn.RReLU(), "tanh": nn.Tanh(), "identity": nn.Identity(),
}  # fmt: skip


def chain(activation: nn.Module, *widths: int) -> nn.Sequential:
    torch.manual_seed(3)
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after), activation]
    return nn.Sequential(*layers[:-1])


@pytest.mark.parametrize("name", MODULES)
def test_a_module_with_it_has_the_space_of_its_name_and_its_function(name: str):
    net = chain(MODULES[name], 3, 4, 4, 2)
    x = torch.randn(6, 3)
    for weights in (from_module(net, x), Weights.from_sequential(net)):
        assert weights.space.is_mlp and canonical(weights.space.activation) == weights.space.activation
        assert weights.space == mlp(3, 4, 4, 2, activation=weights.space.activation)
    if name not in ("hardshrink", "threshold", "rrelu"):
        assert weights.space.activation == name
    own = realise(Weights.from_flat(weights.space, weights.flat().double()), x.double())[0]
    torch.testing.assert_close(own, net.eval().double()(x.double()), rtol=1e-9, atol=1e-9)


class Functions(nn.Module):
    def __init__(self, phi):
        super().__init__()
        self.one, self.two, self.phi = nn.Linear(2, 3), nn.Linear(3, 1), phi

    def forward(self, x):
        return self.two(self.phi(self.one(x)))


@pytest.mark.parametrize(
    ("phi", "name"),
    [
        (lambda x: functional.leaky_relu(x, 0.3), "leaky-relu(0.3)"),
        (lambda x: functional.leaky_relu(x, negative_slope=0.25), "leaky-relu(0.25)"),
        (lambda x: functional.gelu(x, approximate="tanh"), "gelu(tanh)"),
        (lambda x: functional.elu(x, alpha=0.7), "elu(0.7)"),
        (lambda x: functional.hardtanh(x, -3.0, 1.0), "hardtanh(-3.0, 1.0)"),
        (functional.softplus, "softplus"),
    ],
)
def test_functions_with_options_have_theirs(phi, name: str):
    assert from_module(Functions(phi), torch.randn(4, 2)).space.activation == name


def test_slopes_that_are_learned_are_entries():
    for count in (1, 4):
        weights = from_module(chain(nn.PReLU(count), 3, 4, 2), torch.randn(5, 3))
        assert len(weights.tensors) == 5 and weights.space.permuted == ("n1",) and weights.space.activation == "prelu"


def test_what_people_call_them():
    said = {
        "nn.Tanh": "tanh", "torch.nn.GELU()": "gelu", "torch.nn.functional.silu": "silu", "torch.sin": "sine",
        "leaky_relu": "leaky-relu(0.01)", "LeakyReLU": "leaky-relu(0.01)", "LeakyReLU(negative_slope=0.2)": "leaky-relu(0.2)", "ReLU": "relu",
        "leaky-relu": "leaky-relu", "swish": "silu", "sin": "sine", "gelu_new": "gelu(tanh)", "gelu_pytorch_tanh": "gelu(tanh)", "linear": "identity",
        "GELU(approximate='tanh')": "gelu(tanh)", "ELU(alpha=1.0)": "elu", "Hardtanh(-1, 1)": "hardtanh", "quick_gelu": "quick-gelu", "rely": None,
        "elu(a)": None, "relu(2)": None, "elu(1, 2)": None, "leaky-relu(0.1": None,
    }  # fmt: skip
    assert {name: canonical(name) for name in said} == said
    with pytest.raises(SpaceError, match=r"it is called 'leaky-relu.0.01.' here"):
        mlp(1, 2, 1, activation="leaky_relu")


def test_a_leaky_slope_has_exact_arithmetic_that_the_verifier_has_too():
    space = mlp(2, 3, 3, 1, activation="leaky-relu(0.01)")
    assert space.activation in HOMOGENEOUS and space.activation not in ODD
    assert SLOPES[space.activation] == (Fraction(0.01), Fraction(1))
    v = vector(space)
    w = {name: array.copy() for name, array in v.items()}
    w["W1"][1], w["b1"][1], w["W2"][:, 1] = 4 * v["W1"][1], 4 * v["b1"][1], v["W2"][:, 1] / 4
    assert function_relation(space, v, w).answer == "equal"
    w["b2"][0] += 2.0**-20
    assert function_relation(space, v, w).answer == "different"
    x = [Fraction(3, 8), Fraction(-5, 4)]
    ((low, high),) = enclose(space, v, x)
    assert low == high == realised(space, v, x).values[0]
    z = torch.tensor([-2.0, 0.0, 3.0], dtype=torch.float64)
    assert FIRST[space.activation](z).tolist() == [0.01, 0.01, 1.0] and SECOND[space.activation](z).tolist() == [
        0,
        0,
        0,
    ]


def vector(space) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {name: rng.integers(-16, 17, shape) / 8 for name, shape in space.shapes.items()}


@pytest.mark.parametrize("name", ["elu", "gelu(tanh)", "sigmoid", "sine(30.0)"])
def test_of_the_others_nothing_is_claimed_that_rests_on_their_formula(name: str):
    space = mlp(2, 3, 3, 1, activation=name)
    v = vector(space)
    moved = {**v, "W1": v["W1"][[1, 0, 2]], "b1": v["b1"][[1, 0, 2]], "W2": v["W2"][:, [1, 0, 2]]}
    other = {**v, "b2": v["b2"] + 1}
    assert function_relation(space, v, moved).answer == "equal"
    assert function_relation(space, v, other).answer == "unknown"
    stacked = {key: np.stack([v[key], other[key]]) for key in v}
    assert len(set(indistinct_classes([(space, stacked)]).tolist())) == 1
    with pytest.raises(Refuted, match="exact arithmetic"):
        realised(space, v, [Fraction(1), Fraction(1)])
    z = torch.tensor([-1.5, 0.25, 2.0], dtype=torch.float64, requires_grad=True)
    phi = ACTIVATIONS[name].tensors
    (first,) = torch.autograd.grad(phi(z).sum(), z)
    torch.testing.assert_close(FIRST[name](z.detach()), first)
    assert (SECOND[name](z.detach()) != 0).any()


def test_a_sine_of_any_frequency_is_odd_and_half_a_turn_is_pi_over_it():
    space = mlp(2, 3, 1, activation="sine(30.0)")
    assert [canonical(name) for name in ("sine(30)", "sin(omega=30)", "sine(1)", "sine")] == ["sine(30.0)"] * 2 + [
        "sine"
    ] * 2
    assert [canonical(name) for name in ("sine(0)", "sine(-2)", "sine(1, 2)")] == [None] * 3
    assert "sine(30.0)" in ODD and "sine(30.0)" not in HOMOGENEOUS
    v, x = Weights.from_arrays(space, [vector(space)]), torch.linspace(-1, 1, 10, dtype=torch.float64).view(5, 2)
    of = group(space, "permutation+sign+phase")
    for g in (*generators(of), *random_elements(of, 3, np.random.default_rng(0))):
        torch.testing.assert_close(realise(act(g, v), x), realise(v, x), rtol=0, atol=1e-10)
