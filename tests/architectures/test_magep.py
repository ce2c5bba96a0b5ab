"""MAGEP: exact laws bit for bit, the terms as products written out, power with and without an activation, sizes at ten layers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from orbitcheck import Equivariant, Invariant, Unsupported, Weights, act, group, mlp
from orbitcheck.architectures.magep import Features, Invariants, PolynomialLayer, ScaleMAGEP, SignMAGEP, Term, sweeps
from orbitcheck.harness.plugins.architecture import as_architecture
from orbitcheck.harness.weights.inputs import CONSTRUCTED, constructed
from orbitcheck.harness.weights.symmetry import generic_elements, inverse, multiplied

NETWORKS = [pytest.param(ScaleMAGEP, "relu", 2.0, id="scale"), pytest.param(SignMAGEP, "tanh", -1.0, id="sign")]
WIDTHS = [(3, 4, 2), (2, 5, 4, 3), (1, 3, 1, 4, 2, 1)]
OUTPUTS = [Invariant(3), Equivariant(2)]


def built(network, space, output, dtype=torch.float64, **options):
    return as_architecture(network).with_options({"channels": 6, **options}).build(space, output, seed=3, dtype=dtype)


def flat(result):
    return result.flat() if isinstance(result, Weights) else result


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize(("network", "activation", "factor"), NETWORKS)
def test_one_factor_leaves_every_bit(network, activation, factor, dtype):
    for widths in WIDTHS:
        space = mlp(*widths, activation=activation)
        v = constructed("generic", space, 3, np.random.default_rng(0)).to(dtype)
        for output in OUTPUTS:
            net = built(network, space, output, dtype)
            for axis in space.permuted:
                g = multiplied(space, axis, space.size[axis] - 1, factor**-6 if factor > 0 else factor)
                with torch.no_grad():
                    plain, moved = net(v), net(act(g, v))
                assert torch.equal(flat(moved), flat(act(g, plain) if isinstance(plain, Weights) else plain))


@pytest.mark.parametrize("kind", CONSTRUCTED)
@pytest.mark.parametrize(("network", "activation", "factor"), NETWORKS)
def test_the_law(network, activation, factor, kind):
    rng = np.random.default_rng(0)
    for widths in WIDTHS:
        space = mlp(*widths, activation=activation)
        v = constructed(kind, space, 3, rng)
        g = generic_elements(group(space, network.__orbitcheck__.traits.symmetry), 3, rng)
        for output in OUTPUTS:
            net = built(network, space, output)
            with torch.no_grad():
                plain, moved = net(v), net(act(g, v))
            back = act([inverse(each) for each in g], moved) if isinstance(moved, Weights) else moved
            largest = flat(plain).abs().max()
            assert bool(largest.isfinite())
            assert float((flat(back) - flat(plain)).abs().max()) <= 1e-11 * max(float(largest), 1e-3)


@pytest.mark.parametrize(("network", "activation", "factor"), NETWORKS)
def test_the_other_law_fails(network, activation, factor):
    space = mlp(2, 5, 4, 3, activation=activation)
    v = constructed("generic", space, 4, np.random.default_rng(0))
    other = multiplied(mlp(2, 5, 4, 3, activation="identity"), "n1", 0, -1.0 if factor > 0 else 4.0)
    net = built(network, space, Invariant(3))
    with torch.no_grad():
        assert float((net(v) - net(act(other, v))).abs().max()) > 1e-4


def features(space, channels: int, seed: int = 0) -> Features:
    rng = np.random.default_rng(seed)

    def drawn(*shape: int) -> torch.Tensor:
        return torch.from_numpy(rng.standard_normal((1, channels, *shape)))

    n = space.widths
    return Features(
        tuple(drawn(n[i], n[i - 1]) for i in range(1, len(n))), tuple(drawn(n[i]) for i in range(1, len(n)))
    )


@pytest.mark.parametrize("widths", [(3, 4, 3), (2, 3, 4, 2), (2, 3, 2, 4, 3)])
def test_the_terms_are_the_products_of_the_page(widths):
    """All O(L^2) of them, from matrices multiplied out one by one, with n_0 = n_L among the cases so that no exchange of the two hides."""
    torch.manual_seed(0)
    n, L = widths, len(widths) - 1
    v = features(mlp(*widths), 1)
    w = sweeps(v)
    W, b = ([None, *(x[0, 0].numpy() for x in part)] for part in v)

    def product(s: int, t: int) -> np.ndarray:
        """`W^{(s,t)}` with every factor but the first over the root of the width in between."""
        found = np.eye(n[s])
        for i in range(s, t, -1):
            found = found @ W[i] / (1 if i == s else n[i] ** 0.5)
        return found

    size = np.ones(n[0])
    for i in range(1, L + 1):
        size = np.abs(W[i]) @ size / n[i - 1] ** 0.5 + np.abs(b[i])
    h = np.sqrt(1 + size.mean() ** 2)
    for s in range(1, L + 1):
        np.testing.assert_allclose(w.F[s][0, 0], product(s, 0), atol=1e-14)
        u = sum((product(s, t) @ b[t] / n[t] ** 0.5 for t in range(1, s)), np.zeros(n[s]))
        np.testing.assert_allclose(w.c[s][0, 0], u, atol=1e-13)
        for t in range(s):
            term = Term(mlp(*widths), 1, s, t).double()
            Q, R = (x[0, 0].detach() for x in term(v, w))
            Psi, psi = term.Psi[0].detach().numpy(), term.psi[0].detach().numpy()
            back = product(L, t) / h
            np.testing.assert_allclose(Q, product(s, 0) @ Psi @ back / (n[0] * n[L]) ** 0.5, atol=1e-13)
            np.testing.assert_allclose(R, np.outer(b[s], psi @ back) / n[L] ** 0.5, atol=1e-13)
    found = Invariants(mlp(*widths), 1).double()
    traces = found(v, w).detach().flatten()[3 * n[0] * n[L] + n[L] :][: L - 1]
    wanted = [float(psi[0].detach().numpy() @ product(L, s) @ b[s]) / h for s, psi in enumerate(found.traces, 1)]
    np.testing.assert_allclose(traces, wanted, atol=1e-13)


def test_products_alone_see_the_linear_network_and_one_activation_sees_more():
    """A unimodular matrix between two layers: the head alone is blind to it, layer, activation and head are not."""
    space = mlp(2, 4, 3, 2, activation="tanh")
    v = constructed("generic", space, 1, np.random.default_rng(0))
    T = torch.eye(4, dtype=torch.float64)
    T[0, 1] = 1.0
    back = torch.linalg.inv(T)
    w = Weights(
        space,
        {
            **v.tensors,
            "W1": torch.einsum("ij,bjkc->bikc", T, v.tensors["W1"]),
            "b1": torch.einsum("ij,bjc->bic", T, v.tensors["b1"]),
            "W2": torch.einsum("bijc,jk->bikc", v.tensors["W2"], back),
        },
    )
    both = []
    for u in (v, w):
        x = Features(tuple(t.movedim(-1, 1) for t in u.weights), tuple(t.movedim(-1, 1) for t in u.biases))
        made = sweeps(x)
        # h is a bound in sizes of entries, which T changes; it divides every B.
        both.append((made.F[-1], made.B[0] / made.B[0].norm(), made.c[-1]))
    torch.testing.assert_close(both[0], both[1], rtol=0, atol=1e-13)
    net = built(SignMAGEP, space, Invariant(3), depth=1)
    with torch.no_grad():
        assert float((net(v) - net(w)).abs().max()) > 1e-4


@pytest.mark.parametrize(("network", "activation", "factor"), NETWORKS)
def test_ten_layers_stay_finite_in_float32(network, activation, factor):
    space = mlp(2, *[32] * 9, 1, activation=activation)
    for kind in ("generic", "large"):
        v = constructed(kind, space, 2, np.random.default_rng(0)).to(torch.float32)
        if kind == "large":
            v = v.map(lambda x: x * 1e-2)
        for output in (Invariant(2), Equivariant(1)):
            with torch.no_grad():
                result = flat(built(network, space, output, torch.float32)(v))
            assert bool(result.isfinite().all()), (kind, output)
            assert float(result.std()) > 0


class Counting(TorchDispatchMode):
    """Counts matrix products."""

    products = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.products += function in (torch.ops.aten.bmm.default, torch.ops.aten.mm.default)
        return function(*args, **(kwargs or {}))


def test_a_sweep_costs_as_many_products_as_there_are_layers():
    """The number of matrix products grows as L, not as L^2."""

    def products(L: int) -> int:
        space = mlp(2, *[3] * (L - 1), 1)
        layer = PolynomialLayer(space, 1, 1, signs=False).double()
        with Counting() as counted, torch.no_grad():
            layer(features(space, 1))
        return counted.products

    four, eight, sixteen = map(products, (4, 8, 16))
    assert sixteen - eight == 2 * (eight - four)


def test_spaces_and_outputs_that_it_does_not_serve():
    for network, activation in ((ScaleMAGEP, "tanh"), (SignMAGEP, "relu")):
        with pytest.raises(Unsupported, match="commutes with"):
            network(mlp(2, 3, 1, activation=activation), Invariant(1))
    with pytest.raises(Unsupported, match="covectors"):
        ScaleMAGEP(mlp(2, 3, 1), Equivariant(1, kind="covector"))
