"""Two published networks without a law: that they have none, and that they compute what their papers say."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from orbitcheck import Equivariant, Invariant, act, mlp, random_elements, recurrent
from orbitcheck.architectures.probe_x import ProbeX
from orbitcheck.architectures.sane import SANE
from orbitcheck.harness.plugins.architecture import as_architecture
from orbitcheck.harness.weights.inputs import constructed

SPACES = [mlp(2, 5, 4, 3), recurrent(2, 4, 2)]


@pytest.mark.parametrize("network", [SANE, ProbeX])
@pytest.mark.parametrize("space", SPACES, ids=str)
def test_hidden_neurons_have_numbers(network, space):
    v, g = (
        constructed("generic", space, 3, np.random.default_rng(0)),
        random_elements(space, 3, np.random.default_rng(1)),
    )
    for output in (Invariant(3), Equivariant(2)):
        net = as_architecture(network).build(space, output, seed=0, dtype=torch.float64)
        with torch.no_grad():
            plain, moved = net(v), net(act(g, v))
        if isinstance(output, Equivariant):
            plain, moved = act(g, plain).flat(), moved.flat()
        assert float((plain - moved).abs().max()) > 1e-3 * float(plain.abs().max())
    assert network.__orbitcheck__.traits.symmetry == "none"


@pytest.mark.parametrize("token", [1, 3, 8])
@pytest.mark.parametrize("space", SPACES, ids=str)
def test_tokens_are_the_rows_and_lose_nothing(space, token):
    v = constructed("generic", space, 2, np.random.default_rng(0))
    net = SANE(space, Equivariant(1), token=token, channels=4).double()
    tokens = torch.cat([net._cut(v, axis) for axis in net.layers], 1)
    assert tokens.shape[1:] == (len(net.places), token)
    assert torch.equal(net._joined(tokens).flat(), v.flat())
    # The first row of [W_1 | b_1], and what else stands on it, comes first.
    row = torch.cat([v.tensors[name][0, 0].flatten() for name in net.layers["n1"]])
    assert torch.equal(tokens[0].flatten()[: len(row)], row)


def test_a_probe_is_bilinear_and_its_representation_homogeneous():
    space = mlp(2, 3, 1)
    net = ProbeX(space, Invariant(2), probes=4, channels=5).double()
    probe = net.probed[0]
    X = torch.randn(1, 3, 2, dtype=torch.float64)
    P, R = (matrix.detach().numpy() for matrix in (probe.P, probe.R))
    T = [max(P[:, i] @ X[0].numpy() @ R[:, j], 0.0) for i in range(4) for j in range(4)]
    wanted = probe.linear.weight.detach().numpy() @ np.array(T) + probe.linear.bias.detach().numpy()
    np.testing.assert_allclose(probe(X)[0].detach(), wanted, atol=1e-13)
    one, two = (probe(s * X) - probe.linear.bias for s in (1, 2))
    torch.testing.assert_close(two, 2 * one)
