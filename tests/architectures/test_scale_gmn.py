"""ScaleGMN and its sign form: the law under permutations and under the rescalings that they declare, and clear refusals."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from orbitcheck import Equivariant, Invariant, SpaceError, Unsupported, Weights, act, mlp, random_elements
from orbitcheck.architectures import rescaling_edges
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


@pytest.mark.parametrize("at_once", [2**18, 100])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize(("network", "activation"), NETWORKS)
def test_powers_of_two_and_signs_leave_every_bit(network, activation, dtype, at_once, monkeypatch):
    """No sum is reordered and nothing is rounded, in any layer of neurons and at factors of one octave and of six."""
    monkeypatch.setattr(rescaling_edges, "taken_at_once", lambda _: at_once)
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


@pytest.mark.parametrize("at_once", [1, 100, 400])
@pytest.mark.parametrize(("network", "activation"), NETWORKS)
def test_edges_in_parts_are_the_edges_at_once(network, activation, at_once, monkeypatch):
    """Answers and gradients, in parts of one receiver, of some, and of whole layers; the slow versions know the edges at once."""
    for widths in WIDTHS:
        space = mlp(*widths, activation=activation)
        v = constructed("generic", space, 3, np.random.default_rng(1))
        for output in OUTPUTS:
            monkeypatch.undo()
            net, found = built(network, space, output, channels=4, depth=2), []
            for limit in (2**18, at_once):
                monkeypatch.setattr(rescaling_edges, "taken_at_once", lambda _, limit=limit: limit)
                leaves = {name: value.clone().requires_grad_() for name, value in v.items()}
                answer = flat(net(Weights(space, leaves)))
                wanted = [*leaves.values(), *net.parameters()]
                found.append([answer, *torch.autograd.grad(answer.square().sum(), wanted, allow_unused=True)])
            for left, right in zip(*found, strict=True):
                assert (left is None) == (right is None)
                if left is not None:
                    torch.testing.assert_close(left, right, rtol=1e-10, atol=1e-11 * float(left.detach().abs().max()))


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")  # what torch's own forward derivatives use
@pytest.mark.parametrize("in_parts", [False, True])
@pytest.mark.parametrize(("network", "activation"), NETWORKS)
def test_derivatives_of_every_kind_are_those_of_differences(network, activation, in_parts, monkeypatch):
    """Backward, forward and second derivatives in weights and parameters."""
    if in_parts:
        monkeypatch.setattr(rescaling_edges, "taken_at_once", lambda _: 1)
    space = mlp(1, 2, 2, 1, activation=activation)
    net, v = (
        built(network, space, Invariant(2), channels=2, depth=1),
        constructed("generic", space, 1, np.random.default_rng(2)),
    )
    names, parameters = zip(*net.named_parameters(), strict=True)
    direction = [torch.randn(p.shape, generator=torch.Generator().manual_seed(0), dtype=p.dtype) for p in parameters]

    def call(step, *tensors):
        moved = {name: p.detach() + step * d for name, p, d in zip(names, parameters, direction, strict=True)}
        return torch.func.functional_call(net, moved, (Weights(space, dict(zip(v.tensors, tensors, strict=True))),))

    at = (
        torch.zeros((), dtype=torch.float64).requires_grad_(),
        *(t.clone().requires_grad_() for t in v.tensors.values()),
    )
    assert torch.autograd.gradcheck(call, at, check_forward_ad=True, check_batched_grad=True)
    assert torch.autograd.gradgradcheck(call, at, fast_mode=True)


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
