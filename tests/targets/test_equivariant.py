"""Permutation-equivariant operators against loops, difference quotients, and torch's own optimisers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.stats import rankdata

from orbitcheck import Weights, mlp
from orbitcheck.harness.regimes import Samples
from orbitcheck.harness.targets import TARGETS
from orbitcheck.harness.targets.losses import data

SPACE = mlp(2, 4, 3, 2, activation="tanh")


def loss(slow, vector: dict, activation: str, log_points: int) -> float:
    """The mean over the points of the squared error, in a loop."""
    widths = (vector["W1"].shape[1], 1, vector["b3"].shape[0])
    x, labels = data(mlp(*widths), log_points)
    total = 0.0
    for point, label in zip(x.tolist(), labels.tolist(), strict=True):
        answer = slow.function(vector, activation, point)
        total += sum((a - b) ** 2 for a, b in zip(answer, label, strict=True))
    return total / len(x)


@pytest.mark.parametrize("activation", ["tanh", "relu", "sine"])
def test_the_gradient_is_the_difference_quotient_of_every_entry(activation, slow):
    samples = slow.draw(mlp(2, 3, 3, 1, activation=activation), size=2)
    got = slow.value("loss-gradient", samples, log_points=3)
    step = 1e-6
    for number, vector in enumerate(slow.vectors(samples)):
        for name, gradient in got.arrays(number).items():
            for place in np.ndindex(gradient.shape):
                ends = []
                for sign in (1, -1):
                    moved = vector[name].copy()
                    moved[place] += sign * step
                    ends.append(loss(slow, {**vector, name: moved}, activation, 3))
                assert gradient[place] == pytest.approx((ends[0] - ends[1]) / (2 * step), abs=1e-7)


def trained(samples: Samples, make_optimiser, steps: int, log_points: int) -> Weights:
    """Each network by itself, as a torch user would train it."""
    x, labels = data(samples.weights.space, log_points)
    rows = []
    for number in range(samples.weights.batch):
        vector = {
            name: torch.from_numpy(value.copy()).requires_grad_()
            for name, value in samples.weights.arrays(number).items()
        }
        optimiser = make_optimiser(list(vector.values()))
        for _ in range(steps):
            optimiser.zero_grad()
            hidden = x
            for layer in (1, 2):
                hidden = torch.tanh(torch.nn.functional.linear(hidden, vector[f"W{layer}"], vector[f"b{layer}"]))
            answer = torch.nn.functional.linear(hidden, vector["W3"], vector["b3"])
            ((answer - labels) ** 2).sum(dim=1).mean().backward()
            optimiser.step()
        rows.append({name: value.detach().numpy() for name, value in vector.items()})
    return Weights.from_arrays(samples.weights.space, rows)


@pytest.mark.parametrize("steps", [1, 3])
def test_a_gradient_step_is_that_of_torch_sgd(steps, slow):
    samples = slow.draw(SPACE, size=3)
    wanted = trained(samples, lambda entries: torch.optim.SGD(entries, lr=0.25), steps, 4)
    got = slow.value("gradient-step", samples, rate=0.25, steps=steps, log_points=4)
    torch.testing.assert_close(got.flat(), wanted.flat(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("steps", [1, 4])
def test_an_adam_step_is_that_of_torch_adam(steps, slow):
    samples = slow.draw(SPACE, size=3)
    wanted = trained(samples, lambda entries: torch.optim.Adam(entries, lr=0.1, betas=(0.8, 0.95), eps=0.01), steps, 4)
    got = slow.value("adam-step", samples, rate=0.1, steps=steps, betas=[0.8, 0.95], epsilon=0.01, log_points=4)
    torch.testing.assert_close(got.flat(), wanted.flat(), rtol=1e-11, atol=1e-11)


def test_a_step_is_no_map_that_the_identity_comes_near(slow):
    """With the rates of the defaults the weights themselves miss the step by a fifth of its variance at least."""
    samples = slow.draw(mlp(1, 4, 4, 1), size=256)
    for name in ("gradient-step", "adam-step"):
        step = slow.value(name, samples).flat()
        error = (step - samples.weights.flat()).square().mean() / (step - step.mean(dim=0)).square().mean()
        assert error > 0.2, name


@pytest.mark.parametrize("kept", [0.25, 0.5, 0.9])
def test_the_mask_keeps_the_largest_of_each_matrix(kept, slow):
    rng = np.random.default_rng(0)
    arrays = [{name: rng.standard_normal(shape) for name, shape in SPACE.shapes.items()} for _ in range(4)]
    samples = Samples(Weights.from_arrays(SPACE, arrays))
    masks = slow.value("magnitude-mask", samples, kept=kept)
    for number, vector in enumerate(arrays):
        for name, mask in masks.arrays(number).items():
            if name.startswith("b"):
                assert (mask == 1).all()
                continue
            size = vector[name].size
            order = sorted(range(size), key=lambda place: -abs(vector[name].flat[place]))
            chosen = order[: max(1, round(kept * size))]
            assert mask.ravel().tolist() == [float(place in chosen) for place in range(size)]


def test_entries_as_large_as_the_last_one_kept_are_kept():
    arrays = {name: np.ones(shape) for name, shape in SPACE.shapes.items()}
    arrays["W2"] = np.array([[3.0, -2.0, 2.0, 1.0], [0.5, 2.0, 0.25, 0.125], [0.0, 0.0, 0.0, 0.0]])
    samples = Samples(Weights.from_arrays(SPACE, [arrays]))
    mask = TARGETS["magnitude-mask"].value(TARGETS["magnitude-mask"].parameters(kept=0.25), samples).arrays()["W2"]
    assert mask.tolist() == [[1, 1, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]]


def both_channels(slow, name: str, samples: Samples) -> list[dict]:
    answer = slow.value(name, samples)
    return [{key: tensor[number].numpy() for key, tensor in answer.items()} for number in range(answer.batch)]


@pytest.mark.parametrize("widths", [(2, 4, 3, 2), (1, 3, 1)])
def test_neuron_statistics_are_norms_of_rows_and_columns(widths, slow):
    space = mlp(*widths)
    last = len(widths) - 1
    samples = slow.draw(space)
    for got, vector in zip(both_channels(slow, "neuron-statistics", samples), slow.vectors(samples), strict=True):
        for layer in range(1, last + 1):
            for i in range(widths[layer]):
                incoming = math.hypot(*vector[f"W{layer}"][i], vector[f"b{layer}"][i])
                outgoing = math.hypot(*vector[f"W{layer + 1}"][:, i]) if layer < last else 0.0
                assert got[f"b{layer}"][i] == pytest.approx([incoming, outgoing], abs=1e-13)
                for j in range(widths[layer - 1]):
                    column = math.hypot(*vector[f"W{layer}"][:, j])
                    assert got[f"W{layer}"][i, j] == pytest.approx([incoming, column], abs=1e-13)


@pytest.mark.parametrize("regime", ["general-position", "ties"])
def test_ranks_are_scipys_average_ranks_of_the_biases(regime, slow):
    parameters = {"ties": "quantised", "bits": 1} if regime == "ties" else {}
    space = mlp(3, 4, 1, 5, 2)
    widths = space.widths
    samples = slow.draw(space, regime, size=12, **parameters)
    for got, vector in zip(both_channels(slow, "neuron-rank", samples), slow.vectors(samples), strict=True):
        ranks = [np.arange(3) / 2]
        ranks += [(rankdata(vector[f"b{n}"]) - 1) / max(1, widths[n] - 1) for n in (1, 2, 3)]
        ranks += [np.arange(2) / 1]
        for layer in range(1, 5):
            np.testing.assert_allclose(got[f"b{layer}"], np.stack([ranks[layer]] * 2, axis=1), atol=1e-15)
            for i, j in np.ndindex(widths[layer], widths[layer - 1]):
                np.testing.assert_allclose(got[f"W{layer}"][i, j], [ranks[layer][i], ranks[layer - 1][j]], atol=1e-15)


def test_normalised_neurons_have_norm_one_and_their_direction(slow):
    samples = slow.draw(SPACE)
    answer = slow.value("weight-normalisation", samples)
    for number, vector in enumerate(slow.vectors(samples)):
        new = answer.arrays(number)
        for layer in (1, 2, 3):
            for i in range(SPACE.widths[layer]):
                before = np.array([*vector[f"W{layer}"][i], vector[f"b{layer}"][i]])
                after = np.array([*new[f"W{layer}"][i], new[f"b{layer}"][i]])
                assert np.linalg.norm(after) == pytest.approx(1, abs=1e-13)
                np.testing.assert_allclose(after * np.linalg.norm(before), before, atol=1e-13)


def test_a_neuron_of_zeros_stays_one(slow):
    zeros = {name: np.zeros(shape) for name, shape in SPACE.shapes.items()}
    samples = Samples(Weights.from_arrays(SPACE, [zeros]))
    assert torch.equal(slow.value("weight-normalisation", samples).flat(), samples.weights.flat())


def test_cycle_weights_are_sums_over_the_cycles_through_an_entry(slow):
    samples = slow.draw(SPACE, size=3)
    answer = slow.value("cycle-weights", samples)
    for number, vector in enumerate(slow.vectors(samples)):
        w, got = vector["W2"], answer.arrays(number)
        wanted = np.zeros_like(w)
        for i, j in np.ndindex(w.shape):
            for k, m in np.ndindex(w.shape):
                if k != i and m != j:
                    wanted[i, j] += w[i, j] * w[i, m] * w[k, m] * w[k, j]
        np.testing.assert_allclose(got.pop("W2"), wanted, rtol=1e-12, atol=1e-14)
        assert not any(tensor.any() for tensor in got.values())


def test_cycle_weights_part_the_twins_of_prop_6_2(slow):
    """An 8-cycle has no 4-cycle, and in two 4-cycles every edge lies on one: not approximable (prop-7.3)."""
    samples = slow.draw(mlp(1, 4, 4, 1), "prop-6.2-twins", size=2)
    answer = slow.value("cycle-weights", samples)
    scale = samples.weights.tensors["W2"].abs().max()
    both = sorted(sorted(answer.arrays(number)["W2"].ravel().tolist()) for number in (0, 1))
    assert both == [[0.0] * 16, [0.0] * 8 + [scale.item() ** 4] * 8]
    for name in ("loss-gradient", "neuron-statistics", "neuron-rank", "weight-normalisation"):
        answer = slow.value(name, samples)
        for tensor in answer.tensors.values():
            rows = tensor.flatten(1).sort(dim=1).values
            torch.testing.assert_close(rows[0], rows[1], rtol=1e-12, atol=1e-12)


def test_identity_is_a_copy(slow):
    samples = slow.draw(SPACE)
    answer = slow.value("identity", samples)
    assert torch.equal(answer.flat(), samples.weights.flat())
    answer.tensors["W1"].zero_()
    assert samples.weights.tensors["W1"].abs().max() > 0
