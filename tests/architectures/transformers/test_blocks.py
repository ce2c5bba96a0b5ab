"""Networks on transformer blocks: the law by every generator, the published formulas in numpy, what is blind by proof and what is not."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from orbitcheck import Equivariant, Invariant, Unsupported, Weights, act, mlp, realise, transformer_block
from orbitcheck.architectures.transformers.blocks import read, write
from orbitcheck.architectures.transformers.transformer_nfn import Layer
from orbitcheck.harness.plugins.discovery import load, parse_name
from orbitcheck.harness.weights.groups import group
from orbitcheck.harness.weights.symmetry import generators, random_elements

SPACE = transformer_block(3, 2, 2, 3, 4)
GROUP = {"transformer-nfn": "gl", "block-nfn": "gl+shift"}


@pytest.fixture(autouse=True)
def no_gradients():
    with torch.no_grad():
        yield


def build(name: str, output, space=SPACE) -> torch.nn.Module:
    return load(parse_name(name)).build(space, output, seed=0, dtype=torch.float64)


def drawn(samples: int = 3, space=SPACE) -> Weights:
    rng = np.random.default_rng(0)
    return Weights(space, {n: torch.from_numpy(rng.standard_normal((samples, *s, 1))) for n, s in space.shapes.items()})


def changed(v: Weights, **tensors: torch.Tensor) -> Weights:
    return Weights(v.space, {**v.tensors, **tensors})


@pytest.mark.parametrize(
    "output", [Invariant(3), *(Equivariant(2, kind) for kind in ("vector", "covector", "point"))], ids=str
)
@pytest.mark.parametrize("name", GROUP)
def test_the_law_by_each_generator_and_by_products(name, output):
    net, v, symmetry = build(name, output), drawn(), group(SPACE, GROUP[name])
    result = net(v)
    for g in [*generators(symmetry), *random_elements(symmetry, 4, np.random.default_rng(1))]:
        moved, after = net(act(g, v)), result
        if isinstance(result, Weights):
            moved, after = moved.flat(), act(g, result, output.kind).flat()
        assert (moved - after).abs().max() <= 1e-11 * after.abs().max(), g


def test_a_block_is_read_and_written_without_loss():
    v = drawn(2)
    assert torch.equal(write(SPACE, read(v)).flat(), v.flat())


def test_the_published_layer_is_its_formulas():
    v = drawn(1)
    torch.manual_seed(1)
    layer = Layer(3, 1, 1).double()
    p = {name: value.numpy() for name, value in layer.state_dict().items()}
    a = v.arrays()
    Q, K, V = (np.moveaxis(a[f"W{x}"], 1, 2) for x in "QKV")  # [h, D, n]
    O = np.transpose(a["WO"], (1, 2, 0))  # noqa: E741  [h, n, D]
    A, a_, B, b = a["W1"].T, a["b1"], a["W2"].T, a["b2"]
    S = sum(q @ k.T for q, k in zip(Q, K, strict=True)) / 2 / 2**0.5  # the mean over heads, over the root of keys
    T = sum(x @ o for x, o in zip(V, O, strict=True)) / 2 / 3**0.5
    inv = np.array([
        p["invariants.Psi.weight"][0] @ S.ravel(), p["invariants.T1.weight"][0] @ T.mean(1),
        p["invariants.A11.weight"][0, 0] * A.mean(), p["invariants.B1.weight"][0] @ B.mean(0),
        p["invariants.a1.weight"][0, 0] * a_.mean(), p["invariants.b.weight"][0] @ b,
    ])  # fmt: skip
    got = {name: getattr(layer(read(v)), name)[0, ..., 0].numpy() for name in "QOABab"}
    w = {name: p[f"{name}.weight"] for name in ("entry", "row", "column_A", "a_A", "psi", "omega_A", "Omega", "E_Q")}
    for j in range(3):
        for k in range(4):
            wanted = (
                p["g_A.weight"][0] @ inv + p["g_A.bias"][0] + w["psi"][0] @ T[:, j] + w["row"].item() * A[j].mean()
                + w["column_A"].item() * A[:, k].mean() + w["entry"].item() * A[j, k] + w["omega_A"][0] @ B[k] + w["a_A"].item() * a_[k]
            )  # fmt: skip
            assert abs(got["A"][k, j] - wanted) < 1e-12
    for i in range(4):
        wanted = (
            p["g_B.weight"] @ inv + p["g_B.bias"] + w["Omega"] @ B[i] + p["column_B.weight"][:, 0] * A[:, i].mean() + p["a_B.weight"][:, 0] * a_[i]
        )  # fmt: skip
        np.testing.assert_allclose(got["B"][i], wanted, rtol=0, atol=1e-12)
    np.testing.assert_allclose(got["b"], p["g_b.weight"] @ inv + p["g_b.bias"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(got["Q"], np.moveaxis(np.einsum("de,hen->hdn", w["E_Q"], Q), 1, 2), rtol=0, atol=1e-12)
    mixed = p["alpha.weight"].item() * O + p["beta.weight"].item() * O.mean(2, keepdims=True)
    np.testing.assert_allclose(got["O"], mixed, rtol=0, atol=1e-12)


def unseen(case: str, v: Weights) -> Weights:
    """Another function, and one to the published network."""
    t = {name: tensor.clone() for name, tensor in v.items()}
    if case == "pattern of one head, values of the other":
        return changed(v, **{name: t[name].flip(1) for name in ("WQ", "WK", "bQ", "bK")})
    if case == "a key index exchanged between heads":
        for name in ("WQ", "WK", "bQ", "bK"):
            t[name][:, 0, 0], t[name][:, 1, 0] = v.tensors[name][:, 1, 0], v.tensors[name][:, 0, 0]
        return Weights(v.space, t)
    if case == "the inner embedding in another order":
        return changed(v, WO=v.tensors["WO"].roll(1, 1), W1=v.tensors["W1"].roll(1, 2))
    return changed(v, bQ=v.tensors["bQ"] + 1)


@pytest.mark.parametrize(
    "case",
    [
        "pattern of one head, values of the other",
        "a key index exchanged between heads",
        "biases of queries",
        "the inner embedding in another order",  # a symmetry of the block that it was made for, which has no residual
    ],
)
def test_what_sums_over_heads_cannot_see_and_heads_one_at_a_time_can(case):
    v = drawn(2)
    w, x = unseen(case, v), torch.randn(5, 4, 3, dtype=torch.float64)
    assert (realise(v, x) - realise(w, x)).abs().max() > 1e-2
    for name, sees in (("transformer-nfn", False), ("block-nfn", True)):
        net = build(name, Invariant(3))
        answer = net(v)
        gap = (net(w) - answer).abs().max() / answer.abs().max()
        assert (gap > 1e-5) if sees else (gap < 1e-14), (name, gap)


def test_what_the_function_does_not_see_block_nfn_does_not_read():
    """b_K shifted, b_V made up for by b_O, and the all-ones vector added to rows that read the normalised stream."""
    v, rng = drawn(2), np.random.default_rng(2)
    c, rows = (torch.from_numpy(rng.standard_normal(shape)) for shape in ((2, 2, 3, 1), (2, 2, 2, 1, 1)))
    w = changed(
        v,
        bK=v.tensors["bK"] + 5,
        bV=v.tensors["bV"] + c,
        bO=v.tensors["bO"] - torch.einsum("bdhnc,bhnc->bdc", v.tensors["WO"], c),
        WQ=v.tensors["WQ"] + rows,
        W1=v.tensors["W1"] + 3,
    )
    x = torch.randn(5, 4, 3, dtype=torch.float64)
    assert (realise(v, x) - realise(w, x)).abs().max() < 1e-12
    net = build("block-nfn", Invariant(3))
    assert (net(v) - net(w)).abs().max() < 1e-13


@pytest.mark.parametrize("space", [mlp(2, 3, 1), transformer_block(3, 2, 2, 2, 2, activation="identity")], ids=str)
@pytest.mark.parametrize("name", GROUP)
def test_what_is_no_block_is_refused(name, space):
    with pytest.raises(Unsupported, match=r"block|hidden layer"):
        build(name, Invariant(1), space)
