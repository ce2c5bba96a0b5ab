"""Constructed inputs are what their names say, exact in float32, and reproducible."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from orbitcheck import conv_net, mlp, recurrent, transformer_block
from orbitcheck.harness.weights.inputs import (
    CONSTRUCTED,
    constructed,
    general_position,
    in_general_position,
    jittered,
)

SPACE = mlp(2, 5, 4, 1)


@pytest.mark.parametrize("kind", CONSTRUCTED)
def test_values_survive_float32_and_depend_on_the_seed_alone(kind):
    v = constructed(kind, SPACE, 3, np.random.default_rng(1))
    again = constructed(kind, SPACE, 3, np.random.default_rng(1))
    for name, tensor in v.items():
        assert tensor.dtype == torch.float64
        assert torch.equal(tensor.float().double(), tensor)
        assert torch.equal(tensor, again.tensors[name])


def test_only_kinds_without_ties_are_in_general_position():
    tied = {
        kind for kind in CONSTRUCTED if not in_general_position(constructed(kind, SPACE, 3, np.random.default_rng(1)))
    }
    assert tied == {"ties", "zeros", "equal-biases", "duplicated-neurons", "pruned", "quantised"}


@pytest.mark.parametrize(
    ("space", "wanted"),
    [
        (mlp(2, 5, 4, 1), True),
        (conv_net(1, 4, 2), True),
        (recurrent(2, 4, 2), True),
        (transformer_block(model=3, heads=2, key=3, value=2, hidden=4), False),
    ],
)
def test_general_position_is_known_where_one_tensor_tells_the_indices_of_each_axis_apart(space, wanted):
    v = constructed("generic", space, 3, np.random.default_rng(1))
    assert general_position(v).tolist() == [wanted] * 3
    if wanted:
        axis = space.permuted[0]
        name = next(name for name, axes in space.tensors if axes == (axis,))
        v.tensors[name][1, 0] = v.tensors[name][1, 1]
        alone = sum(axes == (axis,) for _, axes in space.tensors) == 1
        assert general_position(v).tolist() == [True, not alone, True]


def test_quantised_weights_are_sixteen_values_and_scales_differ_by_tensor():
    v = constructed("quantised", SPACE, 3, np.random.default_rng(1))
    assert set(torch.unique(v.flat() * 4).tolist()) <= set(range(-8, 8))
    sizes = [float(t.abs().max()) for t in constructed("scales", SPACE, 8, np.random.default_rng(1)).tensors.values()]
    assert max(sizes) > 30 * min(sizes)


def test_duplicated_neurons_are_twins_in_every_tensor():
    v = constructed("duplicated-neurons", SPACE, 2, np.random.default_rng(1)).tensors
    assert torch.equal(v["W1"][:, 0], v["W1"][:, 1])
    assert torch.equal(v["b1"][:, 0], v["b1"][:, 1])
    assert torch.equal(v["W2"][:, :, 0], v["W2"][:, :, 1])
    assert torch.equal(v["W2"][:, 0], v["W2"][:, 1])
    assert not torch.equal(v["W2"][:, 0], v["W2"][:, 2])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_jitter_moves_every_entry_to_a_neighbour(dtype):
    v = constructed("generic", SPACE, 2, np.random.default_rng(1))
    moved = jittered(v, np.random.default_rng(2), dtype)
    for name, tensor in v.items():
        here = tensor.to(dtype)
        up, down = (
            torch.nextafter(here, torch.tensor(np.inf, dtype=dtype)),
            torch.nextafter(here, torch.tensor(-np.inf, dtype=dtype)),
        )
        assert bool(((moved.tensors[name] == up) | (moved.tensors[name] == down)).all())
