"""Spaces beyond MLPs: the group that is read off their axis names leaves the function alone, and functions are what loops compute."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
import torch
from scipy.special import erf

from orbitcheck import (
    SpaceError,
    Weights,
    WeightSpace,
    act,
    conv_net,
    generators,
    mlp,
    random_elements,
    realise,
    recurrent,
    residual_mlp,
    transformer_block,
)
from orbitcheck.harness.weights.realisation import realisation
from orbitcheck.harness.weights.spaces import constructor
from orbitcheck.harness.weights.symmetry import order

SPACES = {
    "conv_net": conv_net(2, 3, 4, 2),
    "conv_net-1x1": conv_net(1, 3, 2, kernel=1, activation="tanh"),
    "residual_mlp": residual_mlp(2, 4, (3, 5), 2),
    "recurrent": recurrent(2, 4, 3, 2, activation="relu"),
    "transformer_block": transformer_block(3, 2, 4, 3, 5),
}
EXACT = ("conv_net", "residual_mlp", "recurrent")
SIDE = 4
"""Pixels a side, steps or tokens of an input: with a power of two the mean over positions is exact."""


def drawn(space: WeightSpace, batch: int = 3, seed: int = 0, dyadic: bool = False) -> tuple[Weights, torch.Tensor]:
    """Weight vectors and inputs `[batch, 2 points, *shape]`."""
    rng = np.random.default_rng(seed)

    def draw(*shape: int) -> np.ndarray:
        return rng.integers(-4, 5, shape) / 4 if dyadic else rng.standard_normal(shape)

    vectors = [{name: draw(*shape) for name, shape in space.shapes.items()} for _ in range(batch)]
    return Weights.from_arrays(space, vectors), torch.from_numpy(draw(batch, 2, *realisation(space).input_shape(SIDE)))


@pytest.mark.parametrize("name", EXACT)
def test_the_function_is_constant_on_orbits_to_the_bit_where_sums_are_exact(name):
    space = SPACES[name]
    v, x = drawn(space, dyadic=True)
    still = realise(v, x)
    assert still.abs().max() > 0
    for g in (*generators(space), *random_elements(space, 5, np.random.default_rng(1))):
        assert torch.equal(realise(act(g, v), x), still), g


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_the_function_is_constant_on_orbits_within_rounding(space, dtype):
    v, x = drawn(space)
    v, x = v.to(dtype), x.to(dtype)
    still = realise(v, x)
    for g in (*generators(space), *random_elements(space, 5, np.random.default_rng(1))):
        error = (realise(act(g, v), x) - still).abs().max() / still.abs().max()
        assert error <= 64 * torch.finfo(dtype).eps, (g, error)


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_moving_one_tensor_alone_changes_the_function(space):
    """Else the law above would hold for any numbers; tensors that the element does not move are left out."""
    v, x = drawn(space)
    g = random_elements(space, 1, np.random.default_rng(5))[0]
    moved, still = act(g, v), realise(v, x)
    for name, tensor in moved.items():
        if not torch.equal(tensor, v.tensors[name]) and name != "bK":  # softmax does not see a bias of the keys
            broken = realise(Weights(space, {**v.tensors, name: tensor}), x)
            assert (broken - still).abs().max() > 1e-3 * still.abs().max(), name


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_inputs_are_shared_or_one_set_a_weight_vector(space):
    v, x = drawn(space)
    together = realise(v, x)
    for index in range(v.batch):
        torch.testing.assert_close(realise(v, x[index])[index], together[index], rtol=1e-13, atol=1e-13)


# Slow and obvious: one network, one input, numpy, an index at a time.


def slow_conv_net(v: dict, x: np.ndarray) -> np.ndarray:
    last, side = len(v) // 2, x.shape[-1]
    for layer in range(1, last):
        kernel, bias = v[f"C{layer}"], v[f"b{layer}"]
        reach = kernel.shape[-1] // 2
        z = np.zeros((kernel.shape[0], side, side))
        for out, row, column in np.ndindex(z.shape):
            z[out, row, column] = bias[out]
            for inner, dy, dx in np.ndindex(kernel.shape[1:]):
                y, s = row + dy - reach, column + dx - reach
                if 0 <= y < side and 0 <= s < side:
                    z[out, row, column] += kernel[out, inner, dy, dx] * x[inner, y, s]
        x = activation(z, "relu" if kernel.shape[-1] > 1 else "tanh")
    return v[f"W{last}"] @ x.mean((1, 2)) + v[f"b{last}"]


def activation(z: np.ndarray, name: str) -> np.ndarray:
    return {"relu": np.maximum(z, 0), "tanh": np.tanh(z), "gelu": z / 2 * (1 + erf(z / math.sqrt(2)))}[name]


def slow_residual_mlp(v: dict, x: np.ndarray) -> np.ndarray:
    r = v["U"] @ x + v["u"]
    for k in (1, 2):
        r = r + v[f"B{k}"] @ np.maximum(v[f"A{k}"] @ r + v[f"a{k}"], 0) + v[f"b{k}"]
    return v["V"] @ r + v["c"]


def slow_recurrent(v: dict, x: np.ndarray) -> np.ndarray:
    first, second = np.zeros(len(v["b1"])), np.zeros(len(v["b2"]))
    for step in x:
        first = np.maximum(v["W1"] @ step + v["R1"] @ first + v["b1"], 0)
        second = np.maximum(v["W2"] @ first + v["R2"] @ second + v["b2"], 0)
    return v["W3"] @ second + v["b3"]


def slow_transformer_block(v: dict, x: np.ndarray) -> np.ndarray:
    def normal(rows: np.ndarray) -> np.ndarray:
        centred = rows - rows.mean(1, keepdims=True)
        return centred / np.sqrt((centred**2).mean(1, keepdims=True) + 1e-5)

    heads, keys, _ = v["WQ"].shape
    z, mixed = normal(x), np.tile(v["bO"], (len(x), 1))
    for head in range(heads):
        q, k, u = (z @ v[f"W{letter}"][head].T + v[f"b{letter}"][head] for letter in "QKV")
        for token, other in product(range(len(x)), repeat=2):
            logits = [q[token] @ k[third] / math.sqrt(keys) for third in range(len(x))]
            share = math.exp(logits[other]) / sum(map(math.exp, logits))
            mixed[token] += share * v["WO"][:, head] @ u[other]
    x = x + mixed
    return x + activation(normal(x) @ v["W1"].T + v["b1"], "gelu") @ v["W2"].T + v["b2"]


SLOW = {
    "conv_net": slow_conv_net,
    "conv_net-1x1": slow_conv_net,
    "residual_mlp": slow_residual_mlp,
    "recurrent": slow_recurrent,
    "transformer_block": slow_transformer_block,
}


@pytest.mark.parametrize("name", SPACES)
def test_the_function_is_what_a_loop_computes(name):
    v, x = drawn(SPACES[name], batch=2)
    fast = realise(v, x)
    for index, point in product(range(2), range(2)):
        wanted = SLOW[name](v.arrays(index), x[index, point].numpy())
        np.testing.assert_allclose(fast[index, point], wanted, rtol=1e-12, atol=1e-12)


def test_the_group_is_read_off_the_axis_names():
    f = math.factorial
    assert order(conv_net(3, 4, 5, 10)) == f(4) * f(5)
    assert order(residual_mlp(3, 4, (5, 2), 10)) == f(4) * f(5) * f(2)
    assert order(recurrent(3, 4, 5, 10)) == f(4) * f(5)
    assert order(transformer_block(7, 2, 3, 4, 5)) == f(2) * f(3) * f(4) * f(5)


@pytest.mark.parametrize(("name", "space"), [*SPACES.items(), ("mlp", mlp(2, 3, 1))])
def test_a_space_knows_its_constructor_after_a_round_trip(name, space):
    again = WeightSpace.from_json(space.to_json())
    assert again == space
    assert constructor(again) == name.removesuffix("-1x1")
    other = WeightSpace(space.tensors[::-1], space.sizes, space.permuted, space.activation)
    assert constructor(other) is None
    with pytest.raises(SpaceError, match="no function is known"):
        realisation(other)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: conv_net(3, 4), "has no hidden layer"),
        (lambda: conv_net(3, 4, 2, kernel=2), "kernel=2; allowed: odd integers"),
        (lambda: conv_net(3, 0, 2), "size 0"),
        (lambda: residual_mlp(2, 4, (), 1), "has no block"),
        (lambda: residual_mlp(2, 4, (0,), 1), "size 0"),
        (lambda: recurrent(2, 3), "has no hidden layer"),
        (lambda: recurrent(2, 3, 1, activation="relish"), "unknown activation 'relish'"),
        (lambda: transformer_block(4, 0, 2, 2, 2), "'head' has size 0"),
    ],
)
def test_what_makes_no_space_is_refused(make, message):
    with pytest.raises(SpaceError, match=message):
        make()


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_inputs_that_do_not_fit_are_refused_with_what_would(space):
    v, x = drawn(space)
    with pytest.raises(SpaceError, match=r"for WeightSpace.* they are \(\[batch=3,\] points, "):
        realise(v, x[:2])
    with pytest.raises(SpaceError, match="only weights with one channel"):
        realise(v.map(lambda tensor: torch.cat([tensor, tensor], -1)), x)
    with pytest.raises(SpaceError, match="this is the function of"):
        realisation(mlp(2, 3, 1))(v, x)
