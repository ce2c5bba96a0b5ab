"""Half turns, reflections and signs of sine neurons: the lift keeps them all, around every network that knows signs."""

from __future__ import annotations

from math import pi

import numpy as np
import pytest
import torch

from orbitcheck import Equivariant, Invariant, Unsupported, Weights, act, group, mlp, random_elements
from orbitcheck.architectures.sine_lift import NETWORKS, SineLift
from orbitcheck.harness.plugins.architecture import as_architecture
from orbitcheck.harness.weights.inputs import constructed
from orbitcheck.harness.weights.realisation import realise

SPACE = mlp(2, 4, 3, 2, activation="sine")
KINDS = [Invariant(3), Equivariant(2), Equivariant(1, kind="point"), Equivariant(1, kind="covector")]


def built(network: str, output, space=SPACE):
    options = {"network": network, "channels": 8}
    return as_architecture(SineLift).with_options(options).build(space, output, seed=1, dtype=torch.float64)


def turned(v: Weights, layer: int, neuron: int, s: int, k: int) -> Weights:
    """`(w, beta, a) -> (s w, s beta + k pi, s (-1)^k a)` of one neuron."""
    named = {name: tensor.clone() for name, tensor in v.items()}
    named[f"W{layer}"][:, neuron] *= s
    named[f"b{layer}"][:, neuron] = s * named[f"b{layer}"][:, neuron] + k * pi
    named[f"W{layer + 1}"][:, :, neuron] *= s * (-1) ** k
    return Weights(v.space, named)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize(("s", "k"), [(1, 1), (1, 2), (1, -3), (-1, 0), (-1, 1), (-1, -3)])
def test_every_element_by_hand(network, s, k):
    """Each generator at each hidden layer, the last one too, on biases beyond two turns; the network computes the same."""
    v = constructed("generic", SPACE, 3, np.random.default_rng(0)).map(lambda x: 3 * x)
    net, x = built(network, Invariant(3)), torch.linspace(-1, 1, 10, dtype=torch.float64).reshape(5, 2)
    for layer in (1, 2):
        w = turned(v, layer, 1, s, k)
        for i in range(3):
            torch.testing.assert_close(*(realise(u[i], x) for u in (v, w)), rtol=0, atol=1e-11)
        with torch.no_grad():
            torch.testing.assert_close(net(w), net(v), rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("output", KINDS, ids=str)
def test_the_law_on_products_of_all(network, output):
    rng = np.random.default_rng(1)
    for space in (SPACE, mlp(1, 3, 1, activation="sine")):
        v = constructed("generic", space, 4, rng)
        g = random_elements(group(space, "permutation+sign+phase"), 4, rng)
        net = built(network, output, space)
        with torch.no_grad():
            plain, moved = net(v), net(act(g, v))
        if isinstance(plain, Weights):
            plain, moved = act(g, plain, output.kind).flat(), moved.flat()
        torch.testing.assert_close(moved, plain, rtol=1e-10, atol=1e-10 * float(plain.abs().max()))


@pytest.mark.parametrize("network", ["sign-gmn", "magep-sign"])
def test_what_must_be_seen(network):
    """A bias of 1/8 against 3/8 of a half turn; an incoming row reversed alone; the last bias by a whole turn, which no sine reads."""
    v = constructed("generic", SPACE, 1, np.random.default_rng(2))
    net = built(network, Invariant(3))

    def with_(**tensors: torch.Tensor) -> Weights:
        return Weights(SPACE, {**v.tensors, **tensors})

    b = v.tensors["b1"].clone()
    b[:, 0] = pi / 8
    one = with_(b1=b)
    b = b.clone()
    b[:, 0] = 3 * pi / 8
    reversed_row = v.tensors["W1"].clone()
    reversed_row[:, 0] *= -1
    with torch.no_grad():
        for left, right in (
            (one, with_(b1=b)),
            (v, with_(W1=reversed_row)),
            (v, with_(b3=v.tensors["b3"] + 2 * pi)),
        ):
            assert float((net(left) - net(right)).abs().max()) > 1e-6


def test_it_serves_sines_alone():
    for space in (mlp(2, 3, 1), mlp(2, 3, 1, activation="tanh")):
        with pytest.raises(Unsupported, match="under the sine"):
            SineLift(space, Invariant(1))
