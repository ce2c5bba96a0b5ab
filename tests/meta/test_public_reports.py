"""Seventeen kinds of bug that users of weight-space code reported in public, each with a small input of ours: caught, or why it cannot be.

| kind | caught by |
|---|---|
| equivariant before training and not after | the law, asked of the trained network |
| one layer's permutation misspelt | `relation`: an input at which the functions differ |
| a residual stream permuted in one place only | `same_orbit`, `realise` |
| running statistics of a normalisation left behind | `same_orbit` on a space that names them |
| keys permuted inside one head, of the queries alone | `realise`; of both, it is no bug |
| SIREN's omega forgotten | `realise` against the module; not from the file, which does not hold omega |
| endpoints of a path that are permutations of each other | `duplicates`: permuted |
| identical checkpoints under other names | `duplicates`: identical |
| near copies across the splits | `duplicates(..., against=...)`: near |
| dropout in eval | the law: two calls differ |
| ties in sort pooling | the law, on weights with ties |
| padding by the last live neuron | the law |
| random features, drawn at every call or one for each place | the law |
| statistics of the batch | the law: the mates of a sample matter |
| a square matrix read as its transpose | the law of the pipeline; not from the file: shapes and names fit both |
| sums in half precision inside | the law, in float64; where sums are exact the law holds, and the check kind `resolution` tells |
| hidden neurons that are told their index | the law |
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from orbitcheck import (
    Weights,
    WeightSpace,
    act,
    duplicates,
    from_layers,
    mlp,
    random_elements,
    realise,
    relation,
    residual_mlp,
    same_orbit,
    to_layers,
    transformer_block,
)
from orbitcheck.testing import assert_equivariant, pipeline

SPACE = mlp(2, 4, 4, 1)


def drawn(space: WeightSpace, count: int = 1, seed: int = 0) -> Weights:
    rng = torch.Generator().manual_seed(seed)
    return Weights.from_flat(space, torch.randn(count, space.parameters, dtype=torch.float64, generator=rng))


def arrays(v: Weights) -> dict[str, np.ndarray]:
    return v.arrays()


class Sound(nn.Module):
    """Invariant message passing: forwards, then a mean; every hook is a place for a bug."""

    space = SPACE
    leak = 0.0

    def __init__(self, size: int = 8):
        super().__init__()
        self.first = nn.Linear(3, size)
        self.second = nn.Linear(2 * size, size)
        self.read = nn.Linear(size, 2)
        self.index = nn.Parameter(torch.zeros(4))

    def neurons(self, v: Weights) -> torch.Tensor:
        """`[B, 4, size]`: the second hidden layer's neurons."""
        (w1, b1), (w2, b2), (w3, _) = ((w[..., 0], b[..., 0]) for w, b in to_layers(v))
        hidden = torch.tanh(self.first(torch.cat([w1, b1[..., None]], -1))) + self.index[:, None]
        summed = torch.tanh(w2) @ hidden
        own = torch.stack([b2, w3[:, 0]], -1).repeat(1, 1, hidden.shape[-1] // 2)
        return torch.tanh(self.second(torch.cat([summed, own], -1)))

    def pooled(self, neurons: torch.Tensor, v: Weights) -> torch.Tensor:
        return neurons.mean(1)

    def forward(self, v: Weights) -> torch.Tensor:
        return self.read(self.pooled(self.neurons(v), v))


def test_a_sound_network_is_accused_of_nothing():
    assert_equivariant(Sound(), SPACE, inputs=["generic", "ties"])


def caught(network: nn.Module, told: str, inputs="generic") -> None:
    with pytest.raises(AssertionError, match=told):
        assert_equivariant(network, SPACE, inputs=[inputs] if isinstance(inputs, str) else inputs)


def test_equivariant_before_training_and_not_after():
    network = Sound()
    assert_equivariant(network, SPACE, inputs=["generic"])
    (network(drawn(SPACE, 8).to(torch.float32)) ** 2).mean().backward()
    with torch.no_grad():
        network.index -= 0.1 * network.index.grad  # zero at the start, and one number for each place
    caught(network, "differs from g phi")


def test_one_layer_of_a_permutation_misspelt():
    v = arrays(drawn(SPACE))
    order = [2, 0, 3, 1]
    right = {**v, "W1": v["W1"][order], "b1": v["b1"][order], "W2": v["W2"][:, order]}
    wrong = {**right, "W2": v["W2"][order]}
    assert same_orbit(v, right, SPACE)
    found = relation(v, wrong, SPACE)
    assert (found.orbit, found.function) == ("different", "different")
    assert found.certificate["function"]["kind"] == "input"


def test_a_residual_stream_permuted_in_one_place_only():
    space = residual_mlp(2, 4, [3, 3], 1)
    v = drawn(space)
    moved = act(random_elements(space, 1, np.random.default_rng(1))[0], v)
    assert same_orbit(v, moved)
    order = [1, 2, 3, 0]
    first = next(name for name, axes in space.tensors if axes == ("r", "n0"))
    wrong = Weights(space, {**v.tensors, first: v.tensors[first][:, order]})
    x = torch.randn(5, 2, dtype=torch.float64)
    assert not same_orbit(v, wrong) and not torch.allclose(realise(v, x), realise(wrong, x))


def test_running_statistics_left_behind():
    norms = (("gain", ("n1",)), ("shift", ("n1",)), ("mean", ("n1",)), ("variance", ("n1",)))
    tensors = (("W1", ("n1", "n0")), ("b1", ("n1",)), *norms, ("W2", ("n2", "n1")), ("b2", ("n2",)))
    space = WeightSpace(tensors, (("n0", 2), ("n1", 5), ("n2", 1)), ("n1",))
    v = drawn(space)
    right = act(random_elements(space, 1, np.random.default_rng(2))[0], v)
    wrong = Weights(space, {**right.tensors, "mean": v.tensors["mean"], "variance": v.tensors["variance"]})
    assert same_orbit(v, right) and not same_orbit(v, wrong)


def test_keys_permuted_inside_one_head():
    space = transformer_block(4, 2, 3, 3, 4)
    v, x = drawn(space), torch.randn(2, 5, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    order = [1, 2, 0]

    def permuted(*names: str) -> Weights:
        tensors = {name: tensor.clone() for name, tensor in v.items()}
        for name in names:
            tensors[name][:, 0] = tensors[name][:, 0, order]
        return Weights(space, tensors)

    right, wrong = permuted("WQ", "bQ", "WK", "bK"), permuted("WQ", "bQ")
    assert torch.allclose(realise(v, x), realise(right, x), atol=1e-12)
    assert not torch.allclose(realise(v, x), realise(wrong, x), atol=1e-3)
    assert not same_orbit(v, wrong)


def test_the_omega_of_a_siren_forgotten():
    """A state dict does not hold it: two networks of other functions have one. Where the module is at hand, its outputs tell."""
    first, last, x = nn.Linear(2, 4).double(), nn.Linear(4, 1).double(), torch.randn(6, 2, dtype=torch.float64)
    truth = last(torch.sin(30 * first(x)))
    space = mlp(2, 4, 1, activation="sine")

    def read(omega: float) -> Weights:
        layers = [(first.weight * omega, first.bias * omega), (last.weight, last.bias)]
        return from_layers(space, [(w[None, ..., None], b[None, ..., None]) for w, b in layers])

    with torch.no_grad():
        assert not torch.allclose(realise(read(1.0), x)[0], truth)
        assert torch.allclose(realise(read(30.0), x)[0], truth)


def test_endpoints_identical_checkpoints_and_near_copies_across_splits():
    train = drawn(SPACE, 12)
    moved = act(random_elements(SPACE, 1, np.random.default_rng(3))[0], train[2])
    near = moved.map(lambda tensor: tensor + 1e-6)
    found = duplicates({"start": train[2], "end": moved, "start-copy": train[2].clone()})
    assert {(link.likeness.value, link.first, link.second) for link in found.links} == {
        ("permuted", 0, 1),
        ("identical", 0, 2),
    }
    leaks = duplicates(train, Weights.cat([drawn(SPACE, 2, seed=9), near]))
    assert [link.likeness for link in leaks.links] == ["near"] and leaks.groups == (("2", "2'"),)


class DropoutInEval(Sound):
    def pooled(self, neurons, v):
        return functional.dropout(neurons, 0.1, training=True).mean(1)


class SortPooling(Sound):
    """Sorts neurons by their bias and reads them in a row: right where no two are equal."""

    def __init__(self):
        super().__init__()
        self.read = nn.Linear(32, 2)

    def pooled(self, neurons, v):
        order = v.biases[1][..., 0].argsort(dim=1, stable=True)
        return neurons.gather(1, order[..., None].expand_as(neurons)).flatten(1)


class PaddedByTheLast(Sound):
    """Pads to six neurons with the last one."""

    def pooled(self, neurons, v):
        return torch.cat([neurons, neurons[:, -1:].expand(-1, 2, -1)], 1).mean(1)


class FeaturesOfEveryCall(Sound):
    def pooled(self, neurons, v):
        return (neurons @ torch.randn(8, 8, dtype=neurons.dtype)).mean(1)


class FeaturesOfPlaces(Sound):
    def __init__(self):
        super().__init__()
        self.register_buffer("features", torch.randn(4, 8))

    def pooled(self, neurons, v):
        return (neurons * self.features).mean(1)


class BatchStatistics(Sound):
    def pooled(self, neurons, v):
        return (neurons - neurons.mean((0, 1))).amax(1)


class HalfInside(Sound):
    def pooled(self, neurons, v):
        total = torch.zeros_like(neurons[:, 0], dtype=torch.float16)
        for neuron in neurons.to(torch.float16).unbind(1):
            total = total + neuron
        return total.to(neurons.dtype)


class ToldTheirIndex(Sound):
    def __init__(self):
        super().__init__()
        with torch.no_grad():
            self.index.copy_(torch.arange(4) / 10)


@pytest.mark.parametrize(
    ("network", "inputs", "told"),
    [
        (DropoutInEval, "generic", "call"),
        (SortPooling, "ties", "differs"),
        (PaddedByTheLast, "generic", "differs"),
        (FeaturesOfEveryCall, "generic", "call"),
        (FeaturesOfPlaces, "generic", "differs"),
        (BatchStatistics, "generic", "batch"),
        (HalfInside, "generic", "differs"),
        (ToldTheirIndex, "generic", "differs"),
    ],
)
def test_networks_that_break_the_law(network, inputs, told):
    torch.manual_seed(0)
    caught(network(), told, inputs)


def test_sort_pooling_is_right_without_ties():
    torch.manual_seed(0)
    assert_equivariant(SortPooling(), SPACE, inputs=["generic"])


def test_a_square_matrix_read_as_its_transpose():
    """The file fits both readings, and with the mistake on every side the law holds; where one side reads it right, it breaks."""

    def transposed(v: Weights) -> Weights:
        layers = to_layers(v)
        (w2, b2) = layers[1]
        return from_layers(v.space, [layers[0], (w2.transpose(1, 2), b2), layers[2]])

    torch.manual_seed(0)
    caught(pipeline(transposed, Sound()), "differs")
    v = drawn(SPACE)
    assert relation(v, transposed(v)).function == "different"
