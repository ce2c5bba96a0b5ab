"""Networks on factor pairs: the law under unimodular matrices, the formulas written out in numpy, what must look alike and what not."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from orbitcheck import Equivariant, Invariant, Unsupported, Weights, act, mlp, transformer_block
from orbitcheck.architectures.factors.gl_align import aligned
from orbitcheck.architectures.factors.gl_net import GLNet, SignGate, SmoothGate
from orbitcheck.architectures.factors.pairs import FactorPairs
from orbitcheck.architectures.factors.spectral import SQUARES, GLSpectral
from orbitcheck.architectures.factors.w2t import canonical
from orbitcheck.extending import lora
from orbitcheck.harness.checks.domains import INSIDE
from orbitcheck.harness.oracles.linear_maps import dimension
from orbitcheck.harness.plugins.discovery import load, parse_name
from orbitcheck.harness.weights.groups import group
from orbitcheck.harness.weights.symmetry import generators, random_elements

SPACE = lora((5, 4), (3, 4), rank=2).space
SQUARE = lora((4, 4), rank=3).space
NAMES = ["gl-net", "gl-net[gate=sign]", "gl-spectral", "gl-align", "w2t"]


@pytest.fixture(autouse=True)
def no_gradients():
    with torch.no_grad():
        yield


def build(name: str, output, space=SPACE, seed: int = 0) -> torch.nn.Module:
    return load(parse_name(name)).build(space, output, seed=seed, dtype=torch.float64)


def drawn(space=SPACE, samples: int = 3, seed: int = 0) -> Weights:
    rng = np.random.default_rng(seed)
    return Weights(
        space,
        {n: torch.from_numpy(rng.standard_normal((samples, *s, 1)) * 8).round() / 8 for n, s in space.shapes.items()},
    )


def of(space, *pairs: tuple[np.ndarray, np.ndarray]) -> Weights:
    """Weights of a space with one pair each, from `(U, V)`."""
    return Weights.from_arrays(space, [{"A1": V.T, "B1": U} for U, V in pairs])


def flat(result: torch.Tensor | Weights) -> torch.Tensor:
    return result.flat() if isinstance(result, Weights) else result


@pytest.mark.parametrize("name", NAMES)
def test_the_law_by_each_generator_and_by_their_products(name):
    outputs = (
        [Invariant(3)] if name == "w2t" else [Invariant(3), *(Equivariant(2, kind) for kind in ("vector", "covector"))]
    )
    v, gl = drawn(), group(SPACE, "gl")
    rng = np.random.default_rng(1)
    elements = [*generators(gl), *random_elements(gl, 4, rng)]
    for output in outputs:
        net = build(name, output)
        result = net(v)
        for g in elements:
            moved = net(act(g, v))
            after = act(g, result, output.kind).flat() if isinstance(result, Weights) else result
            assert (flat(moved) - after).abs().max() <= 1e-10 * after.abs().max(), (output, g)


def test_updates_of_unimodular_matrices_agree_bit_for_bit():
    v = drawn(SQUARE)
    g = next(g for g in random_elements(group(SQUARE, "gl"), 8, np.random.default_rng(0)) if g.matrices)
    before, after = (
        U @ V.transpose(1, 2)
        for w in (v, act(next(iter(generators(group(SQUARE, "gl")))), v))
        for U, V in FactorPairs.of(SQUARE, "test").read(w)
    )
    assert torch.equal(before, after)
    assert g.matrices


def test_gl_net_is_the_formula_of_the_paper():
    v = drawn(samples=1)
    net = build("gl-net[channels=3,depth=1]", Invariant(2))
    p = {name: value.numpy() for name, value in net.state_dict().items()}
    a, products = v.arrays(), []
    for i in (0, 1):
        U, V = a[f"B{i + 1}"], a[f"A{i + 1}"].T
        U, V = p[f"layers.0.Phi.{i}"] @ U, p[f"layers.0.Psi.{i}"] @ V
        s, t = (
            1
            / (
                1
                + np.exp(
                    -(p[f"gates.0.alpha{which}"][i] * (D @ p[f"gates.0.w{which}"][i]) + p[f"gates.0.beta{which}"][i])
                )
            )
            for D, which in ((U @ V.T, ""), (V @ U.T, "_"))
        )
        products.append(np.arcsinh((p[f"last.Phi.{i}"] @ (s[:, None] * U)) @ (p[f"last.Psi.{i}"] @ (t[:, None] * V)).T))
    read = torch.from_numpy(np.concatenate([each.ravel() for each in products]))
    torch.testing.assert_close(net(v)[0], net.head(read), rtol=0, atol=1e-12)


def test_one_update_looks_alike_however_it_is_given():
    """(U, 0), (U', 0) and (0, V) are three orbits and one update; a column of zeros, and r itself, change nothing."""
    rng = np.random.default_rng(2)
    U, V = rng.standard_normal((4, 3)), rng.standard_normal((4, 3))
    zero = np.zeros((4, 3))
    narrow, wide = lora((4, 4), rank=3).space, lora((4, 4), rank=4).space
    padded = [np.concatenate([each, np.zeros((4, 1))], 1) for each in (U, V)]
    for name in ("gl-net", "gl-net[gate=sign]", "gl-spectral", "w2t"):
        net = build(name, Invariant(3), narrow)
        answers = net(of(narrow, (U, zero), (V, zero), (zero, V)))
        assert (answers - answers[0]).abs().max() <= 1e-13 * answers.abs().max()
        other = build(name, Invariant(3), wide)
        other.load_state_dict(net.state_dict())
        junk = padded[0].copy()
        junk[:, 3] = 7.0  # read by a null column of V alone
        torch.testing.assert_close(
            other(of(wide, tuple(padded), (junk, padded[1]))), net(of(narrow, (U, V), (U, V))), rtol=1e-10, atol=1e-12
        )


@pytest.mark.parametrize("name", ["gl-net", "gl-spectral", "gl-align", "w2t"])
def test_different_updates_look_different(name):
    v = drawn(SQUARE, 1).arrays()
    U, V = v["B1"], v["A1"].T
    entry, rows, tilt = U.copy(), U[[1, 0, 2, 3]], np.linalg.qr(np.random.default_rng(0).standard_normal((4, 4)))[0] @ U
    entry[0, 0] += 0.125
    answers = build(name, Invariant(4), SQUARE)(of(SQUARE, (U, V), (entry, V), (rows, V), (tilt, V), (2 * U, V)))
    apart = (answers[:, None] - answers[None]).abs().amax(-1) + torch.eye(5)
    assert apart.min() > 1e-6 * answers.abs().max()


def test_the_published_gate_and_layer_norm_forget_the_size_of_an_update():
    """Before LayerNorm all is of degree one in Delta: hence asinh. The smooth gate is not."""
    net = build("gl-net[gate=sign,depth=2]", Invariant(3), SQUARE)
    factors = [(u, v) for u, v in FactorPairs.of(SQUARE, "test").read(drawn(SQUARE, 1))]

    def before_the_head(scale: float) -> torch.Tensor:
        inner = [(U * scale, V) for U, V in factors]
        for layer, gate in zip(net.layers, net.gates, strict=True):
            inner = gate(layer(inner))
        ((U, V),) = net.last(inner)
        return (U @ V.transpose(1, 2)).flatten()

    torch.testing.assert_close(before_the_head(4.0), 4 * before_the_head(1.0), rtol=1e-14, atol=0)


def test_the_published_gate_jumps_at_a_row_sum_of_zero_and_the_smooth_one_does_not():
    U, V = torch.ones(1, 1, 2, dtype=torch.float64), torch.tensor([[[1.0, -1.0]]], dtype=torch.float64)
    for gate, jumps in ((SignGate(), True), (SmoothGate(1, 1).double(), False)):
        at, beside = (gate([(U, V + torch.tensor([0.0, step]))])[0][0] for step in (0.0, 1e-12))
        assert ((at - beside).abs().max() > 0.5) == jumps


def spectral_by_svd(D: np.ndarray, a: float) -> np.ndarray:
    X, S, Y = np.linalg.svd(D, full_matrices=False)
    return (X * (2 * a**0.5 * S / (a + S**2))) @ Y


@pytest.mark.parametrize(
    "spectrum", [(3.0, 2.0, 1.0), (2.0, 2.0, 0.5), (2.0, 2.0, 2.0), (1.0, 0.0, 0.0), (0.0, 0.0, 0.0)]
)
def test_the_spectral_form_is_that_of_singular_values_at_ties_and_nulls(spectrum):
    rng = np.random.default_rng(3)
    frames = [np.linalg.qr(rng.standard_normal((4, 3)))[0] for _ in range(2)]
    skew = rng.standard_normal((3, 3)) + 2 * np.eye(3)
    U, V = (frames[0] * spectrum) @ skew, frames[1] @ np.linalg.inv(skew).T
    net = build("gl-spectral[channels=4]", Invariant(2), SQUARE)
    P, Q = (net.state_dict()[f"project.{name}.0"].numpy() for name in ("Phi", "Psi"))
    read = np.concatenate([(P @ spectral_by_svd(U @ V.T, a) @ Q.T).ravel() for a in SQUARES])
    torch.testing.assert_close(net(of(SQUARE, (U, V)))[0], net.head(torch.from_numpy(read)), rtol=0, atol=1e-12)


def test_the_canonical_form_of_w2t_is_that_of_the_update():
    v = drawn(SQUARE, 4)
    ((U, V),) = FactorPairs.of(SQUARE, "test").read(v)
    u, sigma, w = canonical(U, V)
    D = U @ V.transpose(1, 2)
    torch.testing.assert_close(u * sigma.unsqueeze(1) @ w.transpose(1, 2), D, rtol=0, atol=1e-12)
    torch.testing.assert_close(sigma, torch.linalg.svdvals(D)[:, :3], rtol=0, atol=1e-12)
    assert (u.gather(1, u.abs().argmax(1, keepdim=True)) > 0).all()


def test_aligned_factors_are_a_function_of_the_update():
    """`Z Z^T T (T^T Z Z^T T)^-1/2`, with `Z Z^T` made of square roots of `D D^T` and `D^T D`."""
    U, V, T = (torch.randn(1, n, 3, dtype=torch.float64) for n in (5, 4, 9))

    def root(S: torch.Tensor, power: float) -> torch.Tensor:
        values, vectors = torch.linalg.eigh(S)
        return vectors @ torch.diag(torch.where(values > 1e-9, values.clamp_min(1e-9) ** power, 0.0)) @ vectors.T

    D, template = (U @ V.transpose(1, 2))[0], T[0]
    around = torch.cat([torch.cat([root(D @ D.T, 0.5), D], 1), torch.cat([D.T, root(D.T @ D, 0.5)], 1)], 0)
    expected = around @ template @ root(template.T @ around @ template, -0.5)
    form, (A_inv, A_T) = aligned(U, V, template)
    torch.testing.assert_close(form[0], expected, rtol=0, atol=1e-9)
    torch.testing.assert_close(form[:, :5] @ A_inv, U, rtol=0, atol=1e-9)
    torch.testing.assert_close(form[:, 5:] @ A_T, V, rtol=0, atol=1e-9)


TIES = {
    "generic": ([[4.0, 1, 0], [0, 3, 1], [1, 0, 2], [0.5, 0, 0]], True),
    "two equal blocks": ([[2.0, 0, 0], [0, 2, 0], [0, 0, 1], [0, 0, 0]], False),
    "a column of zeros": ([[4.0, 1, 0], [0, 3, 0], [1, 0, 0], [0.5, 0, 0]], False),
    "two largest entries": ([[1.0, 0, 0], [-1, 0, 0], [0, 3, 0], [0, 0, 5]], False),
    "no update": ([[0.0, 0, 0]] * 4, False),
}


@pytest.mark.parametrize("case", TIES)
def test_where_the_domain_of_w2t_ends(case):
    """Outside, w2t jumps between factors of one update, but for null directions, which are masked; the spectral form nowhere."""
    rows, inside = TIES[case]
    U, V = np.array(rows), np.eye(4)[:, :3]
    shear = np.array([[1.0, 1, 0], [0, 1, 0], [0, 2, 1]])
    both = of(SQUARE, (U, V), (U @ shear, V @ np.linalg.inv(shear).T))
    assert bool(INSIDE["simple-spectrum"](both).all()) == inside
    for name in ("gl-spectral", "w2t"):
        answers = build(name, Invariant(3), SQUARE)(both)
        error = ((answers[0] - answers[1]).abs().max() / answers.abs().max()).item()
        if name == "gl-spectral" or inside or case == "no update":
            assert error < 1e-12, (name, error)


def test_linear_layers_are_complete():
    """`n^2 + m^2` under GL(r), by brute force over its generators: what commutes with shears, a factor of 2, and a sign."""
    space = lora((2, 3), rank=2).space
    size = space.parameters
    unit = torch.eye(size, dtype=torch.float64)
    moves = [act(g, Weights.from_flat(space, unit)).flat().T.contiguous() for g in generators(group(space, "gl"))]
    conditions = torch.cat([torch.kron(unit, g) - torch.kron(g.T.contiguous(), unit) for g in moves])
    count = size**2 - int(torch.linalg.matrix_rank(conditions))
    draws = []
    for seed in range(count + 3):
        torch.manual_seed(seed)
        layer = GLNet.linear_layer(space, 1, 1).double()
        draws.append(layer(Weights.from_flat(space, unit)).flat().flatten())
    assert int(torch.linalg.matrix_rank(torch.stack(draws))) == count == 13


class Mixed(torch.nn.Module):
    """`[U'; V'] = M [U; V]`: the linear layer of O(r), under which both factors are of one kind; of GL(r) it is none."""

    def __init__(self, space):
        super().__init__()
        self.pairs = FactorPairs.of(space, "mixed")
        heights = [U.rows + V.rows for U, V in self.pairs.pairs]
        self.M = torch.nn.ParameterList(torch.randn(height, height) for height in heights)

    def forward(self, v: Weights) -> Weights:
        stacked = [M @ torch.cat(both, 1) for M, both in zip(self.M, self.pairs.read(v), strict=True)]
        split = zip(stacked, self.pairs.pairs, strict=True)
        return self.pairs.write([tuple(x.unsqueeze(-1).split([U.rows, V.rows], 1)) for x, (U, V) in split])


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("layers", [((2, 3),), ((1, 4),), ((3, 2), (2, 2))], ids=str)
def test_linear_layers_of_invertible_and_of_orthogonal_matrices_are_complete(layers, rank):
    """`n^2 + m^2` a pair under GL(r), `(n + m)^2` under O(r), which the oracle counts from diagrams; each commutes under its own group."""
    space = lora(*layers, rank=rank).space
    unit = torch.eye(space.parameters, dtype=torch.float64)
    wanted = {"gl": sum(n * n + m * m for n, m in layers), "orth": sum((n + m) ** 2 for n, m in layers)}
    makers = {"gl": lambda: GLNet.linear_layer(space, 1, 1), "orth": lambda: Mixed(space)}
    for name, make in makers.items():
        symmetry, draws = group(space, name), []
        for seed in range(wanted[name] + 3):
            torch.manual_seed(seed)
            layer = make().double()
            draws.append(layer(Weights.from_flat(space, unit)).flat().flatten())
        assert int(torch.linalg.matrix_rank(torch.stack(draws))) == dimension(space, symmetry).linear == wanted[name]
        for g in [*generators(symmetry), *random_elements(symmetry, 2, np.random.default_rng(0))]:
            v = drawn(space)
            moved, after = layer(act(g, v)).flat(), act(g, layer(v)).flat()
            assert (moved - after).abs().max() <= 1e-12 * after.abs().max(), (name, g)
    sheared = next(g for g in generators(group(space, "gl")) if g not in generators(group(space, "orth")))
    layer, v = Mixed(space).double(), drawn(space)
    assert (layer(act(sheared, v)).flat() - act(sheared, layer(v)).flat()).abs().max() > 1e-2


@pytest.mark.parametrize("space", [mlp(2, 3, 1, activation="identity"), transformer_block(2, 2, 2, 2, 2)], ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_factor_pair_is_refused(name, space):
    with pytest.raises(Unsupported, match="factor pairs"):
        build(name, Invariant(1), space)


def test_continuity_is_declared_by_the_gate():
    assert load(parse_name("gl-net")).traits.continuous is True
    assert load(parse_name("gl-net[gate=sign]")).traits.continuous is False
    assert isinstance(build("gl-spectral", Invariant(1)), GLSpectral)
