"""ScaleGMN and its sign form: the law under permutations and under the rescalings that they declare, and clear refusals."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from orbitcheck import Equivariant, Invariant, SpaceError, Unsupported, Weights, act, mlp, random_elements
from orbitcheck.architectures.scale_gmn import ScaleGMN, SignGMN
from orbitcheck.harness.plugins.architecture import as_architecture
from orbitcheck.harness.plugins.redraw import redraw_
from orbitcheck.harness.weights.inputs import CONSTRUCTED, constructed

NETWORKS = [pytest.param(ScaleGMN, "relu", id="scale"), pytest.param(SignGMN, "tanh", id="sign")]
WIDTHS = [(2, 5, 4, 3), (3, 4, 2), (1, 1, 1), (1, 3, 1, 4, 2, 1)]
OUTPUTS = [Invariant(3), Equivariant(2)]


def built(network, space, output, dtype=torch.float64, **options):
    return as_architecture(network).with_options(options).build(space, output, seed=3, dtype=dtype)


def rescaled(v: Weights, factors: list[torch.Tensor]) -> Weights:
    """`W_l -> q_l W_l / q_{l-1}`, `b_l -> q_l b_l` with one factor for each neuron of each layer, ones at the ends."""
    tensors = {}
    for layer, (w, b) in enumerate(zip(v.weights, v.biases, strict=True), 1):
        here, before = factors[layer].view(1, -1, 1), factors[layer - 1].view(1, 1, -1, 1)
        tensors[f"W{layer}"] = w * here.unsqueeze(2) / before
        tensors[f"b{layer}"] = b * here
    return Weights(v.space, tensors)


def drawn_factors(network, space, rng) -> list[torch.Tensor]:
    choices = (-1.0, 1.0) if network is SignGMN else (0.25, 0.5, 1.0, 2.0, 8.0)
    last = len(space.widths) - 1
    hidden = [torch.from_numpy(rng.choice(choices, width)) for width in space.widths]
    return [torch.ones(width).double() if i in (0, last) else hidden[i] for i, width in enumerate(space.widths)]


def flat(result):
    return result.flat() if isinstance(result, Weights) else result


@pytest.mark.parametrize("kind", CONSTRUCTED)
@pytest.mark.parametrize(("network", "activation"), NETWORKS)
def test_the_law_holds_for_permutations_and_rescalings(network, activation, kind):
    rng = np.random.default_rng(0)
    for widths in WIDTHS:
        space = mlp(*widths, activation=activation)
        for output in OUTPUTS:
            net = built(network, space, output)
            v = constructed(kind, space, 3, rng)
            factors = drawn_factors(network, space, rng)
            g = random_elements(space, 1, rng)[0]
            with torch.no_grad():
                plain, permuted, scaled = net(v), net(act(g, v)), net(rescaled(v, factors))
            of_permuted = act(g, plain) if isinstance(plain, Weights) else plain
            of_scaled = rescaled(plain, factors) if isinstance(plain, Weights) else plain
            size = float(flat(plain).abs().max())
            for left, right in ((permuted, of_permuted), (scaled, of_scaled)):
                assert float((flat(left) - flat(right)).abs().max()) <= 1e-12 * max(size, 1e-3), (widths, output)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize(("network", "activation"), NETWORKS)
def test_powers_of_two_and_signs_leave_every_bit(network, activation, dtype):
    """No sum is reordered and nothing is rounded, in any layer of neurons and at factors of one octave and of six."""
    rng = np.random.default_rng(0)
    for widths in WIDTHS:
        space = mlp(*widths, activation=activation)
        v = constructed("generic", space, 3, rng).to(dtype)
        for output in OUTPUTS:
            net = built(network, space, output, dtype)
            for layer in range(1, len(widths) - 1):
                for factor in (-1.0,) if network is SignGMN else (2.0, 2.0**-6):
                    factors = [torch.ones(width, dtype=dtype) for width in widths]
                    factors[layer][-1] = factor
                    with torch.no_grad():
                        plain, moved = net(v), net(rescaled(v, factors))
                    assert torch.equal(
                        flat(moved), flat(rescaled(plain, factors) if isinstance(plain, Weights) else plain)
                    )


@pytest.mark.parametrize(("network", "activation"), NETWORKS)
def test_a_factor_that_is_not_declared_is_seen(network, activation):
    """A change of sign of positive-scale neurons, a doubling of sign neurons: other functions, so other answers."""
    space = mlp(2, 4, 3, 1, activation=activation)
    net, v = built(network, space, Invariant(3)), constructed("generic", space, 2, np.random.default_rng(1))
    ones = [torch.ones(width).double() for width in space.widths]
    ones[1][0] = -1.0 if network is ScaleGMN else 2.0
    with torch.no_grad():
        assert float((net(v) - net(rescaled(v, ones))).abs().max()) > 1e-6


@pytest.mark.parametrize(("network", "activation"), NETWORKS)
def test_batch_mates_do_not_matter_and_every_parameter_is_used(network, activation):
    space = mlp(2, 4, 3, 2, activation=activation)
    v = constructed("generic", space, 5, np.random.default_rng(1))
    for output in OUTPUTS:
        net = built(network, space, output)
        together = flat(net(v))
        alone = torch.cat([flat(net(v[i])) for i in range(5)])
        torch.testing.assert_close(together, alone, rtol=1e-11, atol=1e-12)
        together.square().sum().backward()
        unused = [name for name, parameter in net.named_parameters() if parameter.grad is None]
        assert all(name.startswith(("forward_passes.3", "backward_passes.3", "invariants")) for name in unused), unused


@pytest.mark.parametrize("gain", [1.0, 10.0])
@pytest.mark.parametrize(("network", "activation"), NETWORKS)
def test_a_redrawn_network_stays_finite_and_visible(network, activation, gain):
    space = mlp(2, 4, 3, 2, activation=activation)
    net = built(network, space, Invariant(3))
    redraw_(net, 1, gain)
    with torch.no_grad():
        result = net(constructed("generic", space, 16, np.random.default_rng(2)))
    assert bool(torch.isfinite(result).all())
    assert bool((result.std(0) > 1e-3 * result.abs().max()).all())


def test_spaces_without_the_symmetry_are_refused():
    for network, activation in ((ScaleGMN, "tanh"), (SignGMN, "relu"), (ScaleGMN, "gelu")):
        with pytest.raises(Unsupported, match="commutes with"):
            network(mlp(2, 3, 1, activation=activation), Invariant(1))
    with pytest.raises(ValueError, match="channels=0; allowed"):
        ScaleGMN(mlp(2, 3, 1), Invariant(1), channels=0)
    with pytest.raises(SpaceError, match="built for"):
        ScaleGMN(mlp(2, 3, 1), Invariant(1)).double()(constructed("generic", mlp(2, 4, 1), 1, np.random.default_rng(0)))
