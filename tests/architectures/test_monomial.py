"""Monomial-NFN: exact laws bit for bit, the formulas entry by entry, what it sees and the three things that it cannot see."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from orbitcheck import Equivariant, Invariant, Unsupported, Weights, act, group, mlp
from orbitcheck.architectures.linear import Layout
from orbitcheck.architectures.monomial_nfn import MonomialScaleNFN, MonomialSignNFN, TypedLinear
from orbitcheck.harness.plugins.architecture import as_architecture
from orbitcheck.harness.weights.inputs import CONSTRUCTED, constructed
from orbitcheck.harness.weights.symmetry import generic_elements, inverse, multiplied

NETWORKS = [
    pytest.param(MonomialScaleNFN, "relu", 2.0, id="scale"),
    pytest.param(MonomialSignNFN, "tanh", -1.0, id="sign"),
]
WIDTHS = [(3, 4, 2), (2, 5, 4, 3), (1, 3, 1, 4, 2, 1)]
OUTPUTS = [Invariant(3), Equivariant(2)]


def built(network, space, output, dtype=torch.float64, **options):
    return as_architecture(network).with_options(options).build(space, output, seed=3, dtype=dtype)


def flat(result):
    return result.flat() if isinstance(result, Weights) else result


def of_space(network, *widths):
    return mlp(*widths, activation="tanh" if network is MonomialSignNFN else "relu")


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize(("network", "activation", "factor"), NETWORKS)
def test_one_factor_leaves_every_bit(network, activation, factor, dtype):
    """One neuron's scale 2 or 2^-6, or its sign: no sum is reordered, and nothing is rounded."""
    for widths in WIDTHS:
        space = mlp(*widths, activation=activation)
        v = constructed("generic", space, 4, np.random.default_rng(0)).to(dtype)
        for output in OUTPUTS:
            net = built(network, space, output, dtype)
            for axis in space.permuted:
                for by in (factor, factor**-6 if factor > 0 else factor):
                    g = multiplied(space, axis, space.size[axis] - 1, by)
                    with torch.no_grad():
                        plain, moved = net(v), net(act(g, v))
                    assert torch.equal(flat(moved), flat(act(g, plain) if isinstance(plain, Weights) else plain))


@pytest.mark.parametrize("kind", CONSTRUCTED)
@pytest.mark.parametrize(("network", "activation", "factor"), NETWORKS)
def test_the_law(network, activation, factor, kind):
    rng = np.random.default_rng(0)
    for widths in WIDTHS:
        space = mlp(*widths, activation=activation)
        of = group(space, network.__orbitcheck__.traits.symmetry)
        v = constructed(kind, space, 3, rng)
        g = generic_elements(of, 3, rng)
        for output in OUTPUTS:
            net = built(network, space, output)
            with torch.no_grad():
                plain, moved = net(v), net(act(g, v))
            # Pulled back, so that small entries are not hidden behind large ones.
            back = flat(act([inverse(each) for each in g], moved)) if isinstance(moved, Weights) else moved
            assert float((back - flat(plain)).abs().max()) <= 1e-12 * max(float(flat(plain).abs().max()), 1e-3)


@pytest.mark.parametrize(("network", "activation", "factor"), NETWORKS)
def test_the_other_law_fails(network, activation, factor):
    """Signs on a network of scales and scales on one of signs: other functions, and no small difference."""
    space = mlp(2, 5, 4, 3, activation=activation)
    v = constructed("generic", space, 4, np.random.default_rng(0))
    other = multiplied(mlp(2, 5, 4, 3, activation="identity"), "n1", 0, -1.0 if factor > 0 else 4.0)
    net = built(network, space, Invariant(3))
    with torch.no_grad():
        assert float((net(v) - net(act(other, v))).abs().max()) > 1e-4


@pytest.mark.parametrize("signs", [False, True], ids=["scale", "sign"])
@pytest.mark.parametrize("widths", [(3, 4, 2), (2, 3, 4, 2), (2, 3, 2, 4, 3)])
def test_the_layer_is_the_formula(widths, signs):
    """Entry by entry, one channel in and out."""
    torch.manual_seed(0)
    space, last = mlp(*widths), len(widths) - 1
    layout = Layout(space, permute_ends=False)
    layer = TypedLinear(layout, 1, 1, signs=signs).double()
    v = constructed("generic", space, 1, np.random.default_rng(1))
    with torch.no_grad():
        got = layout.restore(layer(layout.sort(v))).arrays()
    W = [None, *(w[0, ..., 0].numpy() for w in v.weights)]
    b = [None, *(bias[0, :, 0].numpy() for bias in v.biases)]
    M = [[m.weight.detach().numpy() for m in types] for types in layer.M]
    wanted = {name: np.zeros(shape) for name, shape in space.shapes.items()}
    for i in range(1, last):
        for j in range(widths[i]):
            incoming = list(W[1][j]) if i == 1 else []
            outgoing = list(W[last][:, j]) if i == last - 1 else []
            groups = [[*incoming, b[i][j], *outgoing]] if signs or not outgoing else [[*incoming, b[i][j]], outgoing]
            mixed = np.concatenate([m @ np.array(x) for m, x in zip(M[i - 1], groups, strict=True)])
            wanted[f"b{i}"][j] = mixed[len(incoming)]
            if incoming:
                wanted["W1"][j] = mixed[: len(incoming)]
            if outgoing:
                wanted[f"W{last}"][:, j] = mixed[len(incoming) + 1 :]
    for i in range(2, last):
        wanted[f"W{i}"] = layer.A[i - 2].weight.item() * W[i]
    wanted[f"b{last}"] = (layer.B.weight.detach().numpy() @ b[last]) + layer.tau.detach().numpy()
    for name, array in wanted.items():
        np.testing.assert_allclose(got[name], array, rtol=0, atol=1e-14)


def changed(v: Weights, **tensors: torch.Tensor) -> Weights:
    return Weights(v.space, {**v.tensors, **tensors})


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("network", "activation", "factor"), NETWORKS)
def test_what_it_cannot_see(network, activation, factor, seed):
    """Inner sizes (scales) or inner signs (signs), and which neuron an entry belongs to; proved in the module's docstring."""
    space = mlp(2, 5, 4, 4, 3, activation=activation)
    v = constructed("generic", space, 3, np.random.default_rng(seed))
    torch.manual_seed(seed)
    size = 2 ** torch.randn(3, 4, 5, 1).double() if factor > 0 else torch.randn(3, 4, 5, 1).double().sign()
    sum_apart = torch.randperm(4), torch.randperm(5), torch.randperm(16)
    alike = {
        "inner": changed(v, W2=v.tensors["W2"] * size),
        "entries": changed(v, W3=v.tensors["W3"].flatten(1, 2)[:, sum_apart[2]].unflatten(1, (4, 4))),
        "columns": changed(v, W4=v.tensors["W4"][:, :, sum_apart[0]], b3=v.tensors["b3"][:, sum_apart[0]]),
        "rows": changed(v, W1=v.tensors["W1"][:, sum_apart[1]], b1=v.tensors["b1"][:, sum_apart[1]]),
    }
    net = built(network, space, Invariant(4))
    with torch.no_grad():
        plain = net(v)
        for name, other in alike.items():
            assert float((net(other) - plain).abs().max()) <= 1e-14 * float(plain.abs().max()), name
        rotated = changed(v, W1=v.tensors["W1"].flip(2))
        assert float((net(rotated) - plain).abs().max()) > 1e-5
        seen = changed(v, W2=-v.tensors["W2"]) if factor > 0 else changed(v, W2=2 * v.tensors["W2"])
        assert float((net(seen) - plain).abs().max()) > 1e-5


def test_the_read_out_jumps_at_zero_as_declared_and_only_for_positive_factors():
    for network, jumps in ((MonomialScaleNFN, True), (MonomialSignNFN, False)):
        space = of_space(network, 2, 4, 3, 1)
        v = constructed("generic", space, 1, np.random.default_rng(0))
        at = {}
        net = built(network, space, Invariant(2))
        for size in (0.0, 1e-10):
            b2 = v.tensors["b2"].clone()
            b2[:, 0] = size
            with torch.no_grad():
                at[size] = net(changed(v, b2=b2))
        assert (float((at[0.0] - at[1e-10]).abs().max()) > 1e-4) is jumps
        assert network.__orbitcheck__.traits.continuous is not jumps


def test_spaces_and_outputs_that_it_does_not_serve():
    for network, activation in ((MonomialScaleNFN, "tanh"), (MonomialSignNFN, "relu"), (MonomialSignNFN, "gelu")):
        with pytest.raises(Unsupported, match="commutes with"):
            network(mlp(2, 3, 1, activation=activation), Invariant(1))
    with pytest.raises(Unsupported, match="covectors"):
        MonomialScaleNFN(mlp(2, 3, 1), Equivariant(1, kind="covector"))
