"""`f_v`: an obvious loop beside the batched one, and `f_{gv} = f_v` to the bit or within the rounding of the sums."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import erf, expit

from orbitcheck import SpaceError, Weights, act, mlp, random_elements, realise
from orbitcheck.harness.weights.activations import ACTIVATIONS

PIECEWISE_LINEAR = ("relu", "leaky-relu", "abs", "identity")
SMOOTH = ("tanh", "sine", "gelu", "silu")
SLOW = {
    "relu": lambda z: np.maximum(z, 0.0),
    "leaky-relu": lambda z: np.where(z > 0, z, z / 64),
    "abs": np.abs,
    "identity": lambda z: z,
    "tanh": np.tanh,
    "sine": np.sin,
    "gelu": lambda z: 0.5 * z * (1.0 + erf(z / math.sqrt(2.0))),
    "silu": lambda z: z * expit(z),
}
STEEPEST = {**dict.fromkeys(ACTIVATIONS, 1.0), "gelu": 1.13, "silu": 1.10}
WIDTHS = st.lists(st.integers(1, 5), min_size=3, max_size=5)
SEEDS = st.integers(0, 2**32 - 1)
LAW = settings(deadline=None, derandomize=True, max_examples=60)
UNIT = {torch.float64: 2.0**-53, torch.float32: 2.0**-24}


def value_and_bound(vector: dict, activation: str, x: np.ndarray, unit: float) -> tuple[np.ndarray, np.ndarray]:
    """`f_v(x)` one layer at a time, and how far any order of summation in this precision can be from the truth.

    A sum of m products is within m u sum|terms| of the exact one; errors of the layer before are passed on by the
    weights' magnitudes and the activation's steepest slope, and an activation is trusted to 8 u of its argument and value.
    """
    layers = len(vector) // 2
    h, error = x, np.zeros_like(x)
    for layer in range(1, layers + 1):
        weight, bias = vector[f"W{layer}"], vector[f"b{layer}"]
        terms = weight.shape[1] + 2
        magnitude = (np.abs(h) + error) @ np.abs(weight).T + np.abs(bias)
        error = error @ np.abs(weight).T + terms * unit * magnitude
        h = h @ weight.T + bias
        if layer < layers:
            z, h = h, SLOW[activation](h)
            error = STEEPEST[activation] * error + 8 * unit * (np.abs(z) + np.abs(h))
    return h, error


def dyadic(space, rng, batch: int) -> Weights:
    """Entries k/4 with |k| <= 8: every sum and product in networks this small is exact in float64."""
    arrays = [{name: rng.integers(-8, 9, shape) / 4 for name, shape in space.shapes.items()} for _ in range(batch)]
    return Weights.from_arrays(space, arrays)


def normal(space, rng, batch: int) -> Weights:
    arrays = [{name: rng.standard_normal(shape) for name, shape in space.shapes.items()} for _ in range(batch)]
    return Weights.from_arrays(space, arrays)


@pytest.mark.parametrize("activation", PIECEWISE_LINEAR)
@given(widths=WIDTHS, seed=SEEDS)
@LAW
def test_the_function_is_constant_on_orbits_to_the_bit(activation, widths, seed):
    rng = np.random.default_rng(seed)
    space = mlp(*widths, activation=activation)
    v = dyadic(space, rng, batch=3)
    x = torch.from_numpy(rng.integers(-16, 17, (4, widths[0])) / 8)
    moved = realise(act(random_elements(space, 3, rng), v), x)
    assert torch.equal(moved, realise(v, x))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize("activation", SMOOTH)
@given(widths=WIDTHS, seed=SEEDS)
@LAW
def test_the_function_is_constant_on_orbits_within_the_rounding_of_the_sums(activation, dtype, widths, seed):
    rng = np.random.default_rng(seed)
    space = mlp(*widths, activation=activation)
    v = normal(space, rng, batch=2).to(dtype)
    x = torch.from_numpy(rng.standard_normal((4, widths[0]))).to(dtype)
    moved, still = realise(act(random_elements(space, 2, rng), v), x), realise(v, x)
    for sample in range(2):
        _, bound = value_and_bound(v.arrays(sample), activation, x.double().numpy(), UNIT[dtype])
        difference = (moved[sample] - still[sample]).double().abs().numpy()
        assert (difference <= 2 * bound).all()
        assert bound.max() < 1e7 * UNIT[dtype]  # else the bound would excuse a wrong permutation


@pytest.mark.parametrize("activation", ACTIVATIONS)
@given(widths=WIDTHS, seed=SEEDS)
@LAW
def test_the_function_is_what_one_layer_after_another_computes(activation, widths, seed):
    rng = np.random.default_rng(seed)
    v = normal(mlp(*widths, activation=activation), rng, batch=2)
    x = rng.standard_normal((2, 3, widths[0]))
    own, shared = realise(v, torch.from_numpy(x)), realise(v, torch.from_numpy(x[0]))
    assert own.shape == (2, 3, widths[-1])
    for sample, computed, points in ((0, own, x[0]), (1, own, x[1]), (1, shared, x[0])):
        value, bound = value_and_bound(v.arrays(sample), activation, points, UNIT[torch.float64])
        assert (np.abs(computed[sample].numpy() - value) <= 2 * bound).all()


def test_moving_one_tensor_alone_changes_the_function():
    rng = np.random.default_rng(0)
    v = normal(mlp(2, 4, 1, activation="tanh"), rng, batch=1)
    x = torch.from_numpy(rng.standard_normal((4, 2)))
    broken = Weights(v.space, {**v.tensors, "W2": v.tensors["W2"].roll(1, dims=2)})
    assert (realise(broken, x) - realise(v, x)).abs().max() > 1e-2


def test_weights_and_inputs_that_compute_nothing_are_refused():
    v = normal(mlp(2, 3, 1), np.random.default_rng(0), batch=2)
    with pytest.raises(
        SpaceError, match=r"inputs of shape \(5, 3\); for mlp\(2, 3, 1, .* they are \(\[batch=2,\] points, n0=2\)"
    ):
        realise(v, torch.zeros(5, 3, dtype=torch.float64))
    with pytest.raises(SpaceError, match="only weights with one channel compute a function; these have 2"):
        realise(v.map(lambda tensor: torch.cat([tensor, tensor], dim=-1)), torch.zeros(5, 2, dtype=torch.float64))
