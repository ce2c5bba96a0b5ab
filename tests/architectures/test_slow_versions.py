"""Networks against their formulas, written out neuron by neuron: no batch, no broadcasting, one number or one vector at a time."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
import torch

from orbitcheck import Equivariant, Invariant, Weights, mlp, realise, transformer_block
from orbitcheck.architectures.factors.pairs import FactorPairs
from orbitcheck.architectures.heads import asinh
from orbitcheck.architectures.magep import Features, PolynomialLayer, sweeps
from orbitcheck.architectures.sane import Block
from orbitcheck.extending import lora
from orbitcheck.harness.plugins.discovery import load, parse_name


@pytest.fixture(autouse=True)
def no_gradients():
    with torch.no_grad():
        yield


def built(name: str, space, output) -> tuple[torch.nn.Module, dict[str, np.ndarray]]:
    net = load(parse_name(name)).build(space, output, seed=2, dtype=torch.float64)
    return net, {key: value.numpy() for key, value in net.state_dict().items()}


def drawn(space, seed: int = 0) -> Weights:
    rng = np.random.default_rng(seed)
    return Weights(space, {n: torch.from_numpy(rng.standard_normal((1, *s, 1))) for n, s in space.shapes.items()})


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def gelu(z: np.ndarray) -> np.ndarray:
    return z * 0.5 * (1 + np.vectorize(math.erf)(z / 2**0.5))


def normed(z: np.ndarray, p: dict[str, np.ndarray], name: str) -> np.ndarray:
    """LayerNorm with the gains of `name`."""
    return (z - z.mean()) / np.sqrt(z.var() + 1e-5) * p[f"{name}.weight"] + p[f"{name}.bias"]


def affine(z: np.ndarray, p: dict[str, np.ndarray], name: str) -> np.ndarray:
    return p[f"{name}.weight"] @ z + p.get(f"{name}.bias", 0.0)


def of_head(z: np.ndarray, p: dict[str, np.ndarray], name: str) -> np.ndarray:
    return affine(gelu(affine(z, p, f"{name}.0")), p, f"{name}.2")


# --- ScaleGMN and its sign form ------------------------------------------------------------------------------------------


def rms(z: np.ndarray) -> float:
    return float(np.sqrt((z**2).mean()))


def in_hand(z: np.ndarray, size: float) -> np.ndarray:
    """`z (1 + log h) / h`, `h = sqrt(1 + size^2)`."""
    h = math.sqrt(1 + size**2)
    return z * (1 + math.log(h)) / h


def rescaling_gmn(net, p: dict[str, np.ndarray], v: Weights, signs: bool, depth: int) -> np.ndarray:
    n = v.space.widths
    L = len(n) - 1
    W, b = ([None, *(t[0, ..., 0].numpy() for t in part)] for part in (v.weights, v.biases))

    def kept(z: np.ndarray) -> np.ndarray:
        return in_hand(z, rms(z)) if signs else z

    def unit(z: np.ndarray) -> float:
        return 1 / math.sqrt(1 + rms(z) ** 2) if signs else 1 / rms(z)

    def inner(u: np.ndarray, constant: np.ndarray) -> np.ndarray:
        return sigmoid(constant + u) + sigmoid(constant - u) if signs else sigmoid(constant + u)

    def F(z: np.ndarray, of: np.ndarray, name: str) -> np.ndarray:
        u = p[f"{name}.direction.weight"] @ z * unit(z)
        return (
            p[f"{name}.linear.weight"]
            @ z
            * np.tanh(affine(inner(u, affine(of, p, f"{name}.invariant")), p, f"{name}.last"))
        )

    def invariant(x: np.ndarray, y: np.ndarray, layer: int, name: str) -> np.ndarray:
        x, y = (np.concatenate([x, y]),) * 2 if signs else (x, y)
        up, down = p[f"{name}.left.weight"] @ x, p[f"{name}.right.weight"] @ y
        return in_hand(up * down, rms(up) * rms(down)) + p[f"{name}.types"][layer]

    x = {(0, k): p["encoder.inputs"][k] for k in range(n[0])}
    y = {(L, j): p["encoder.outputs"][j] for j in range(n[L])}
    for i in range(1, L + 1):
        for j in range(n[i]):
            run = sum(W[i][j, k] * x[i - 1, k] for k in range(n[i - 1])) / n[i - 1] ** 0.5
            x[i, j] = kept(p[f"encoder.bias.{i - 1}"] * b[i][j] + p[f"encoder.up.{i - 1}"] * run)
    for i in range(L, 0, -1):
        for k in range(n[i - 1]):
            run = sum(W[i][j, k] * y[i, j] for j in range(n[i])) / n[i] ** 0.5
            y[i - 1, k] = kept(p[f"encoder.down.{i - 1}"] * run)

    def step(z: dict, of: dict, name: str, back: bool) -> dict:
        """Every neuron hears from the layer before it, or behind it."""
        weights, new = p[f"{name}.weights"], {}
        for (i, j), own in z.items():
            other = i + 1 if back else i - 1
            gathered = np.zeros_like(own)
            for k in range(n[other] if 0 <= other <= L else 0):
                edge = max(i, other)  # the layer of edges between the two
                w = W[edge][k, j] if back else W[edge][j, k]
                m = F(z[other, k], of[other, k], f"{name}.send") * weights[edge - 1] * w
                both = np.concatenate([own, m])
                u = (p[f"{name}.of_receiver.weight"] @ own + p[f"{name}.of_message.weight"] @ m) * unit(both)
                g = inner(u, p[f"{name}.constant"])
                gathered = gathered + g * (p[f"{name}.own.weight"] @ own + m) / n[other] ** 0.5
            new[i, j] = kept(own + F(np.concatenate([own, gathered]), of[i, j], f"{name}.update"))
        return new

    for number in range(depth):
        of = {at: invariant(x[at], y[at], at[0], f"invariants.{number}") for at in x}
        x, y = step(x, of, f"forward_passes.{number}", False), step(y, of, f"backward_passes.{number}", True)
    read = [affine(invariant(x[at], y[at], at[0], f"invariants.{depth}"), p, "pooled") for at in sorted(x)]
    read = np.split(np.array([z * sigmoid(z) for z in read]), np.cumsum(n)[:-1])
    return of_head(np.concatenate([layer.mean(0) for layer in read]), p, "head")


@pytest.mark.parametrize("widths", [(2, 3, 4, 2), (3, 2, 1), (1, 2, 1, 3, 2)])
@pytest.mark.parametrize(("name", "activation"), [("scale-gmn", "relu"), ("sign-gmn", "tanh")])
def test_rescaling_gmn_is_message_passing_neuron_by_neuron(name, activation, widths):
    space = mlp(*widths, activation=activation)
    net, p = built(f"{name}[channels=3,depth=2,head=5]", space, Invariant(2))
    v = drawn(space)
    wanted = rescaling_gmn(net, p, v, name == "sign-gmn", 2)
    np.testing.assert_allclose(net(v)[0].numpy(), wanted, rtol=0, atol=1e-12 * max(1.0, np.abs(wanted).max()))


# --- the lift of sines ---------------------------------------------------------------------------------------------------


def test_the_lift_is_cosines_and_sines_of_hidden_biases_and_leaves_the_last():
    space = mlp(2, 3, 4, 2, activation="sine")
    v = drawn(space)
    a = {name: value.copy() for name, value in v.arrays().items()}
    cosines = {i: np.cos(a[f"b{i}"]) for i in (1, 2)}
    for i, c in cosines.items():
        for j in range(len(c)):
            a[f"W{i}"][j, :] *= c[j]
        a[f"b{i}"] = np.sin(a[f"b{i}"])
    lifted = Weights.from_arrays(space, [a])
    for output in (Invariant(3), Equivariant(1), Equivariant(1, kind="point")):
        net, _ = built("sine-lift[channels=4,depth=1]", space, output)
        inside = net.network(lifted)
        if isinstance(output, Invariant):
            assert torch.equal(net(v), inside)
            continue
        got, given = net(v).arrays(), v.arrays()
        for name, answer in inside.arrays().items():
            wanted = answer.copy()
            for j in range(len(wanted)) if int(name[1:]) in cosines else ():
                wanted[j] *= cosines[int(name[1:])][j]
            if output.kind == "point":
                wanted = wanted + given[name][..., None] if wanted.ndim > given[name].ndim else wanted + given[name]
            np.testing.assert_allclose(got[name], wanted, rtol=0, atol=1e-14)


# --- MAGEP: which term goes where ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("signs", [False, True], ids=["scale", "sign"])
@pytest.mark.parametrize("n", [(3, 4, 3), (2, 3, 4, 2), (2, 3, 2, 4, 3)], ids=str)
def test_the_layer_of_magep_mixes_the_terms_of_the_page_and_no_others(n, signs):
    """Entry by entry, one channel in and out; the terms themselves are held in test_magep.py."""
    torch.manual_seed(0)
    L, space = len(n) - 1, mlp(*n)
    layer = PolynomialLayer(space, 1, 1, signs=signs).double()
    v = drawn(space)
    x = Features(tuple(t.movedim(-1, 1) for t in v.weights), tuple(t.movedim(-1, 1) for t in v.biases))
    w, got = sweeps(x), layer(x)
    W, b = ([None, *(t[0, 0].numpy() for t in part)] for part in x)
    Q, R = zip((None, None), *((t[0, 0].numpy() for t in term(x, w)) for term in layer.pairs), strict=True)
    deep = {i: [t[0, 0].numpy() for t in term(x, w)] for i, term in enumerate(layer.deep, 2)}

    def mixed(mix, *parts) -> np.ndarray:
        return mix.weight.numpy() @ np.concatenate([np.atleast_1d(part) for part in parts])

    def shared(i: int, j: int) -> list[np.ndarray]:
        """For signs, the column of W_L that is of one type with b_{L-1}[j]."""
        return [W[L][:, j]] if signs and i == L - 1 else []

    for j in range(n[1]):
        row = mixed(layer.first, W[1][j], Q[1][j], R[1][j], b[1][j], *shared(1, j))
        np.testing.assert_allclose(np.append(got.W[0][0, 0, j], got.b[0][0, 0, j]), row, rtol=0, atol=1e-12)
    for i in range(2, L):
        for j, k in product(range(n[i]), range(n[i - 1])):
            wanted = mixed(layer.inner[i - 2], W[i][j, k], Q[i][j, k], R[i][j, k])
            assert abs(float(got.W[i - 1][0, 0, j, k]) - wanted.item()) < 1e-12
        for j in range(n[i]):
            parts = (w.F[i][0, 0, j].numpy(), deep[i][0][j], deep[i][1][j], b[i][j], w.c[i][0, 0, j].numpy())
            wanted = mixed(layer.biases[i - 2], *parts, *shared(i, j))
            assert abs(float(got.b[i - 1][0, 0, j]) - wanted.item()) < 1e-12
    for k in range(n[L - 1]):
        wanted = mixed(layer.last, W[L][:, k], Q[L][:, k], R[L][:, k], *([b[L - 1][k]] if signs else []))
        np.testing.assert_allclose(got.W[L - 1][0, 0, :, k], wanted, rtol=0, atol=1e-12)


# --- factors and blocks --------------------------------------------------------------------------------------------------


def softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max())
    return e / e.sum()


def encoded(x: list[np.ndarray], p: dict[str, np.ndarray], name: str, heads: int = 4) -> list[np.ndarray]:
    """One pre-norm layer of a transformer over a set."""
    H = len(x[0])
    q, k, v = np.split(np.array([affine(normed(t, p, f"{name}.norm"), p, f"{name}.qkv") for t in x]), 3, 1)
    out = []
    for i, token in enumerate(x):
        mixed = np.zeros(H)
        for h in range(heads):
            part = slice(h * H // heads, (h + 1) * H // heads)
            mixed[part] = softmax(k[:, part] @ q[i, part] * (H // heads) ** -0.5) @ v[:, part]
        token = token + affine(mixed, p, f"{name}.out")
        hidden = gelu(affine(normed(token, p, f"{name}.norm_"), p, f"{name}.mlp.0"))
        out.append(token + affine(hidden, p, f"{name}.mlp.2"))
    return out


def test_w2t_is_a_transformer_over_singular_directions():
    space = lora((5, 4), (3, 4), rank=2).space
    net, p = built("w2t[channels=8,head=6]", space, Invariant(3))
    v = drawn(space)
    tokens = []
    for i, (U, V) in enumerate(FactorPairs.of(space, "test").read(v)):
        name = f"tokens.{i}"
        u, sigma, w = np.linalg.svd((U @ V.transpose(1, 2))[0].numpy())
        size, x = np.log1p(sigma[:2]), []
        s = (size - size.mean()) / np.sqrt(size.var() + 1e-6)
        for k in range(2):
            sign = np.sign(u[np.abs(u[:, k]).argmax(), k])
            h = [
                np.maximum(normed(affine(sign * each, p, f"{name}.P_{side}"), p, f"{name}.norm_{side}"), 0)
                for each, side in ((u[:, k], "u"), (w[k], "v"))
            ]
            of_size, eps = np.array([s[k], size[0]]), p[f"{name}.eps"]
            token = affine(np.concatenate(h), p, f"{name}.F") * (1 + eps * np.tanh(affine(of_size, p, f"{name}.a")))
            x.append(gelu(normed(token + eps * affine(of_size, p, f"{name}.b"), p, f"{name}.norm")))
        x = np.array(encoded(x, p, f"{name}.encoders.0"))
        tokens.append(softmax(x @ p[f"{name}.q"] * 8**-0.5 + 0.5 * size) @ x + p["which"][i])
    x = np.array(encoded(tokens, p, "encoder"))
    wanted = of_head(softmax(x @ p["q"] * 8**-0.5) @ x, p, "head")
    np.testing.assert_allclose(net(v)[0].numpy(), wanted, rtol=0, atol=1e-11)


def test_block_nfn_reads_heads_one_at_a_time():
    space = transformer_block(3, 2, 2, 2, 4)
    net, p = built("block-nfn[channels=4,depth=2,head=5]", space, Invariant(3))
    a, F = drawn(space).arrays(), 4

    def centred(rows: np.ndarray) -> np.ndarray:
        return rows - rows.mean(-1, keepdims=True)

    heads = []
    for h in range(2):
        Q, K, V, O = centred(a["WQ"][h]), centred(a["WK"][h]), centred(a["WV"][h]), a["WO"][:, h].T  # noqa: E741
        S = np.concatenate([Q, a["bQ"][h][:, None]], 1).T @ K * 2**-0.5
        q, v = affine(S.ravel(), p, "parts.q"), affine((V.T @ O).ravel() * 2**-0.5, p, "parts.v")
        heads.append(of_head(np.arcsinh(np.concatenate([q, v])), p, "parts.x"))
    units = [
        of_head(np.arcsinh(np.concatenate([centred(a["W1"][k]), [a["b1"][k]], a["W2"][:, k]])), p, "parts.u")
        for k in range(4)
    ]
    written = a["bO"] + sum(a["WO"][:, h] @ a["bV"][h] for h in range(2))
    biases = np.arcsinh(np.concatenate([written, a["b2"]]))

    def context() -> np.ndarray:
        return np.concatenate([np.mean(heads, 0), np.mean(units, 0), biases])

    for number in range(2):
        c = gelu(affine(context(), p, f"rounds.{number}.context"))
        heads = [x + of_head(np.concatenate([x, c]), p, f"rounds.{number}.x") for x in heads]
        units = [u + of_head(np.concatenate([u, c]), p, f"rounds.{number}.u") for u in units]
    assert len(heads[0]) == F
    np.testing.assert_allclose(net(drawn(space))[0].numpy(), of_head(context(), p, "head"), rtol=0, atol=1e-11)


# --- probes and tokens ---------------------------------------------------------------------------------------------------


def test_probe_gen_runs_the_network_on_a_linear_map_of_latents():
    space = mlp(3, 4, 2)
    net, p = built("probe-gen[probes=5,hidden=7,channels=6,depth=1]", space, Invariant(2))
    v, answers = drawn(space), []
    for z in p["z"]:
        x = p["G.layers.1.weight"] @ (p["G.layers.0.weight"] @ z) + p["G.layers.1.bias"]
        answers.append(realise(v, torch.from_numpy(x)[None])[0, 0].numpy())
    np.testing.assert_allclose(net(v)[0].numpy(), of_head(np.concatenate(answers), p, "head"), rtol=0, atol=1e-12)


def test_a_block_of_sane_is_attention_over_all_tokens_and_an_mlp_of_each():
    torch.manual_seed(0)
    block = Block(6).double()
    p = {key: value.numpy() for key, value in block.state_dict().items()}
    x = torch.randn(1, 4, 6, dtype=torch.float64)
    tokens = list(x[0].numpy())
    q, k, v = np.split(np.array([affine(normed(t, p, "before"), p, "keys") for t in tokens]), 3, 1)
    for i in range(4):
        token = tokens[i] + affine(softmax(k @ q[i] * 6**-0.5) @ v, p, "out")
        token = token + of_head(normed(token, p, "between"), p, "rest")
        np.testing.assert_allclose(block(x)[0, i].numpy(), token, rtol=0, atol=1e-12)


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")  # torch loads its forward derivatives so
def test_asinh_is_that_of_torch_and_its_gradient_is_one_at_zero():
    x = torch.tensor([0.0, -0.0, 1e-300, -1e-8, 0.5, -3.0, 1e10, -1e300], dtype=torch.float64)
    torch.testing.assert_close(asinh(x), x.asinh(), rtol=1e-15, atol=0)
    assert torch.equal(asinh(x).signbit(), x.signbit())
    with torch.enable_grad():
        x.requires_grad_()
        (got,) = torch.autograd.grad(asinh(x).sum(), x, create_graph=True)
        np.testing.assert_allclose(got.detach(), [1 / math.hypot(1, value) for value in x.tolist()], rtol=1e-15, atol=0)
        assert got[0] == 1 and got.requires_grad
    at = x.detach()[:7]
    for transformed in (
        lambda f: torch.vmap(f)(at),
        lambda f: torch.func.jvp(f, (at,), (at.cos(),))[1],
        lambda f: torch.func.jacrev(torch.func.grad(lambda y: f(y).sum()))(at),
    ):
        torch.testing.assert_close(transformed(asinh), transformed(torch.asinh), rtol=1e-14, atol=1e-300)
