"""Sign flips leave every function as it is, reach every neuron alone, and are a function of seed and step."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from orbitcheck import Weights, WeightSpace, mlp
from orbitcheck.harness.learning.augmentation import sign_flips
from orbitcheck.harness.weights.realisation import realise

SEEDS = (3, 8)


def drawn(space: WeightSpace, batch: int = 6) -> torch.Tensor:
    return torch.randn(len(SEEDS), batch, space.parameters, generator=torch.Generator().manual_seed(1)).double()


@pytest.mark.parametrize("activation", ["sine", "tanh", "identity"])
@pytest.mark.parametrize("widths", [(1, 3, 2), (2, 4, 3, 1), (2, 3, 4, 3, 2)])
def test_functions_stay_to_the_bit(widths, activation):
    space = mlp(*widths, activation=activation)
    x = torch.randn(7, widths[0], generator=torch.Generator().manual_seed(2)).double()
    v = drawn(space)
    moved = sign_flips(space, SEEDS)(v, 0)
    assert not torch.equal(moved, v)
    before, after = (realise(Weights.from_flat(space, flat.flatten(0, 1)), x) for flat in (v, moved))
    assert torch.equal(before, after)


def test_entries_are_multiplied_by_the_signs_of_the_neurons_that_they_join():
    """Held against diagonal matrices, whose signs are read off the biases."""
    space = mlp(2, 4, 3, 2, activation="tanh")
    v = Weights.from_flat(space, drawn(space).flatten(0, 1))
    moved = Weights.from_flat(space, sign_flips(space, SEEDS)(drawn(space), 5).flatten(0, 1))
    for number in range(v.batch):
        one, other = ({name: tensor[number, ..., 0].numpy() for name, tensor in w.items()} for w in (v, moved))
        first, second = (np.diag(other[name] / one[name]) for name in ("b1", "b2"))
        assert set(np.diag(first)) | set(np.diag(second)) <= {-1.0, 1.0}
        assert np.array_equal(other["W1"], first @ one["W1"])
        assert np.array_equal(other["W2"], second @ one["W2"] @ first)
        assert np.array_equal(other["W3"], one["W3"] @ second)
        assert np.array_equal(other["b3"], one["b3"])


def test_every_choice_of_signs_comes_up_equally_often():
    space = mlp(1, 2, 2, 1, activation="sine")
    flips = sign_flips(space, SEEDS)
    ones = torch.ones(len(SEEDS), 64, space.parameters)
    seen = torch.cat([flips(ones, step).flatten(0, 1) for step in range(20)])
    signs = Weights.from_flat(space, seen)
    code = torch.stack([signs.tensors[name][:, i, 0] for name in ("b1", "b2") for i in range(2)], 1) < 0
    counts = torch.bincount((code.long() * torch.tensor([1, 2, 4, 8])).sum(1), minlength=16)
    assert counts.sum() == 2560  # 160 each expected, standard deviation 12
    assert counts.min() > 100 and counts.max() < 220


def test_a_step_repeats_and_steps_and_seeds_differ():
    space = mlp(2, 8, 1, activation="sine")
    v = torch.ones(2, 4, space.parameters)
    flips = sign_flips(space, SEEDS)
    assert torch.equal(flips(v, 3), sign_flips(space, SEEDS)(v, 3))
    assert not torch.equal(flips(v, 3), flips(v, 4))
    assert not torch.equal(flips(v, 3)[0], flips(v, 3)[1])
    assert torch.equal(flips(v, 3)[:1], sign_flips(space, SEEDS[:1])(v[:1], 3))  # of the others it knows nothing
