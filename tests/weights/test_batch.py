"""Batches of weight vectors: what fits a space, the ways in and out, and torch's own forward pass as the truth."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from orbitcheck import SpaceError, Weights, WeightSpace, mlp, realise
from orbitcheck.harness.weights.activations import ACTIVATIONS

SPACE = mlp(2, 3, 1)
SCALAR = WeightSpace(tensors=(("T", ()), ("U", ("h", "h"))), sizes=(("h", 2),), permuted=("h",))
MODULES = {
    "relu": nn.ReLU,
    "leaky-relu": lambda: nn.LeakyReLU(2.0**-6),
    "tanh": nn.Tanh,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "identity": nn.Identity,
}


def drawn(space: WeightSpace, batch: int = 4, channels: int = 1, seed: int = 0) -> Weights:
    generator = torch.Generator().manual_seed(seed)
    shapes = space.shapes.items()
    return Weights(
        space,
        {name: torch.randn(batch, *s, channels, generator=generator, dtype=torch.float64) for name, s in shapes},
    )


def same(v: Weights, w: Weights) -> bool:
    return v.space == w.space and all(torch.equal(tensor, w.tensors[name]) for name, tensor in v.items())


def sequential(widths: list[int], activation: str, seed: int, dtype: torch.dtype) -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [nn.Linear(before, after), MODULES[activation]()]
        return nn.Sequential(*layers[:-1]).to(dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("activation", MODULES)
@given(widths=st.lists(st.integers(1, 6), min_size=3, max_size=5), seed=st.integers(0, 2**31))
@settings(deadline=None, derandomize=True, max_examples=15)
def test_a_sequential_network_computes_what_its_weights_realise(activation, dtype, widths, seed):
    net = sequential(widths, activation, seed, dtype)
    v = Weights.from_sequential(net)
    assert v.space == mlp(*widths, activation=activation) and v.dtype == dtype and v.batch == v.channels == 1
    x = torch.randn(5, widths[0], generator=torch.Generator().manual_seed(seed), dtype=dtype)
    with torch.no_grad():
        truth = net(x)
    torch.testing.assert_close(realise(v, x)[0], truth, rtol=0, atol=256 * torch.finfo(dtype).eps)


@pytest.mark.parametrize("prefix", ["", "net.", "blocks.0.layers."])
def test_a_state_dict_gives_the_weights_in_its_own_order(prefix):
    net = sequential([3, 5, 4, 2], "tanh", 0, torch.float64)
    state = {prefix + key: tensor for key, tensor in net.state_dict().items()}
    assert same(Weights.from_state_dict(state, activation="tanh"), Weights.from_sequential(net))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_state_dict_takes_every_activation(activation):
    state = sequential([2, 3, 1], "relu", 0, torch.float32).state_dict()
    assert Weights.from_state_dict(state, activation=activation).space == mlp(2, 3, 1, activation=activation)


def test_weights_of_a_network_carry_no_gradient():
    assert not any(
        tensor.requires_grad
        for _, tensor in Weights.from_sequential(sequential([2, 3, 1], "relu", 0, torch.float32)).items()
    )


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([], "has no hidden layer"),
        ([nn.Linear(2, 1)], r"mlp(2, 1) has no hidden layer"),
        ([nn.ReLU(), nn.Linear(2, 1)], "layer 0 is ReLU; allowed here: Linear"),
        ([nn.Linear(2, 3), nn.Linear(3, 1)], "layer 1 is Linear; allowed here: a point-wise activation"),
        ([nn.Linear(2, 3), nn.PReLU(), nn.Linear(3, 1)], "layer 1 is PReLU; allowed here: a point-wise activation"),
        ([nn.Linear(2, 3), nn.ReLU(), nn.Dropout(), nn.Linear(3, 1)], "layer 2 is Dropout; allowed here: Linear"),
        ([nn.Linear(2, 3, bias=False), nn.ReLU(), nn.Linear(3, 1)], "has no bias"),
        (
            [nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 1)],
            "mixed activations ['relu', 'tanh']; an MLP space has one",
        ),
        ([nn.Linear(2, 3), nn.ReLU(), nn.Linear(4, 1)], "2.weight has 4 inputs, but the layer before it has 3 outputs"),
        ([nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1), nn.ReLU()], "the last layer is ReLU; an MLP ends in Linear"),
    ],
)
def test_a_network_that_is_no_mlp_of_one_activation_is_refused(layers, message):
    with pytest.raises(SpaceError, match=re.escape(message)):
        Weights.from_sequential(nn.Sequential(*layers))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"conv.weight": torch.zeros(2, 2, 3, 3)},
            "'conv.weight' of shape (2, 2, 3, 3); allowed: '*.weight' of rank 2",
        ),
        ({"norm.running_mean": torch.zeros(3)}, "'norm.running_mean' of shape (3,); allowed:"),
        ({"0.bias": None}, "layer '0' has ['weight']; an MLP layer has a weight and a bias"),
        ({"0.bias": torch.zeros(4)}, "0.bias has 4 entries, but 0.weight has 3 rows"),
        ({"2.weight": torch.zeros(1, 5)}, "2.weight has 5 inputs, but the layer before it has 3 outputs"),
    ],
)
def test_a_state_dict_that_does_not_chain_is_refused(change, message):
    state = {**sequential([2, 3, 1], "relu", 0, torch.float32).state_dict(), **change}
    with pytest.raises(SpaceError, match=re.escape(message)):
        Weights.from_state_dict({key: tensor for key, tensor in state.items() if tensor is not None}, activation="relu")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"W1": torch.zeros(4, 2, 3, 1)}, "W1 has shape (4, 2, 3, 1); in mlp(2, 3, 1, activation='relu') with batch 4 "
         "and 1 channel(s) it is (4, 3, 2, 1), that is (batch, n1, n0, channels)"),
        ({"b1": torch.zeros(5, 3, 1)}, "b1 has shape (5, 3, 1)"),
        ({"b2": torch.zeros(4, 1, 2)}, "b2 has shape (4, 1, 2)"),
        ({"W1": torch.tensor(1.0)}, "W1 has shape ()"),
        ({"b1": None}, "has the tensors W1, b1, W2, b2; missing: b1; unknown: none"),
        ({"W3": torch.zeros(4, 1, 1, 1)}, "missing: none; unknown: W3"),
        ({"W2": torch.zeros(4, 1, 3, 1, dtype=torch.float32)}, "W2 is torch.float32 on cpu, but W1 is torch.float64 on cpu"),
    ],
)  # fmt: skip
def test_tensors_that_do_not_fit_the_space_are_refused(change, message):
    tensors = {**drawn(SPACE).tensors, **change}
    with pytest.raises(SpaceError, match=re.escape(message)):
        Weights(SPACE, {name: tensor for name, tensor in tensors.items() if tensor is not None})


def test_tensors_stand_in_the_order_of_the_space_however_given():
    v = drawn(SPACE)
    shuffled = Weights(SPACE, dict(reversed(v.tensors.items())))
    assert list(shuffled.tensors) == ["W1", "b1", "W2", "b2"]
    assert torch.equal(shuffled.flat(), v.flat())


@pytest.mark.parametrize("space", [SPACE, mlp(1, 2, 3, 4), SCALAR], ids=str)
def test_arrays_give_the_same_weights_back(space):
    v = drawn(space)
    assert same(Weights.from_arrays(space, [v.arrays(i) for i in range(v.batch)]), v)
    assert all(array.dtype == np.float64 for array in v.to(torch.float32).arrays().values())
    assert Weights.from_arrays(space, [v.arrays()], dtype=torch.float32).dtype == torch.float32


def test_arrays_are_of_one_channel():
    with pytest.raises(SpaceError, match="a plain weight vector has one channel, this batch has 3"):
        drawn(SPACE, channels=3).arrays()


@pytest.mark.parametrize("channels", [1, 3])
def test_the_flat_vector_holds_every_entry_once_in_the_order_of_the_space(channels):
    v = drawn(mlp(2, 3, 4, 1), channels=channels)
    flat = v.flat()
    assert flat.shape == (v.batch, v.space.parameters * channels)
    assert torch.equal(flat[0], torch.cat([tensor[0].reshape(-1) for tensor in v.tensors.values()]))


def test_layers_are_counted_from_zero():
    v = drawn(mlp(2, 3, 4, 1))
    assert [tensor.shape[1:3] for tensor in v.weights] == [(3, 2), (4, 3), (1, 4)]
    assert [tensor.shape[1] for tensor in v.biases] == [3, 4, 1]
    assert v.weights[1] is v.tensors["W2"] and v.biases[2] is v.tensors["b3"]
    with pytest.raises(SpaceError, match="for MLP spaces only"):
        _ = drawn(SCALAR).weights


@pytest.mark.parametrize("index", [2, -1, slice(1, 3), [3, 0, 0], torch.tensor([True, False, True, False])])
def test_choosing_keeps_the_batch_axis(index):
    v = drawn(SPACE)
    chosen = v[index]
    wanted = v.flat()[[index] if isinstance(index, int) else index]
    assert torch.equal(chosen.flat(), wanted)


def test_joining_puts_batches_one_after_the_other():
    v = drawn(SPACE)
    assert same(Weights.cat([v[:1], v[1:3], v[3]]), v)
    with pytest.raises(
        SpaceError, match=re.escape("cannot join weights of mlp(2, 3, 1, activation='relu') and of mlp(")
    ):
        Weights.cat([v, drawn(mlp(2, 4, 1))])


def test_a_clone_shares_nothing_and_a_cast_reaches_every_tensor():
    v = drawn(SPACE)
    copy = v.clone()
    for tensor in copy.tensors.values():
        tensor.zero_()
    assert all(tensor.abs().sum() > 0 for _, tensor in v.items())
    assert {tensor.dtype for _, tensor in v.to(torch.float32).items()} == {torch.float32}
    assert repr(v) == "Weights(mlp(2, 3, 1, activation='relu'), batch=4, channels=1, dtype=torch.float64)"
