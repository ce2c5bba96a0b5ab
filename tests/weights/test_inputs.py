"""Constructed inputs are what their names say, exact in float32, and reproducible."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from orbitcheck import mlp
from orbitcheck.harness.weights.inputs import CONSTRUCTED, constructed, in_general_position, jittered

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
    assert tied == {"ties", "zeros", "equal-biases", "duplicated-neurons", "pruned"}


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
