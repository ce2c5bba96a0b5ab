"""The shipped zoos hold real networks: their recorded errors and accuracies are those of the functions they compute."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from sklearn.datasets import load_diabetes, load_digits

from orbitcheck import Weights, mlp, realise
from orbitcheck.harness.zoo.inrs import siren_bounds
from orbitcheck.harness.zoo.population import Population
from orbitcheck.harness.zoo.recipe import ZOOS
from orbitcheck.harness.zoo.trainer import generators, net_seeds, uniform

Real = Callable[[str], Population]
CLASSIFIERS = list(ZOOS["digits-classifiers"].spaces)
REGRESSORS = list(ZOOS["diabetes-regressors"].spaces)


def _forward(
    vector: dict[str, np.ndarray], inputs: np.ndarray, activation: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """One network on rows of inputs, as a textbook writes it."""
    layers = len(vector) // 2
    hidden = inputs
    for layer in range(1, layers + 1):
        hidden = hidden @ vector[f"W{layer}"].T + vector[f"b{layer}"]
        hidden = activation(hidden) if layer < layers else hidden
    return hidden


def _without_ties(v: Weights, index: int) -> bool:
    return all(len(set(bias[index, :, 0].tolist())) == bias.shape[1] for bias in v.biases[:-1])


def test_inrs_compute_their_images(real: Real):
    """One network an image, in order; the pixel in row r and column c is at (-1 + 2r/7, -1 + 2c/7)."""
    inrs = real("digits-inr")
    data = load_digits()
    pixels = torch.tensor([[-1 + 2 * row / 7, -1 + 2 * column / 7] for row in range(8) for column in range(8)])
    drawn = realise(inrs.weights, pixels).reshape(-1, 8, 8)
    error = (drawn.double() - torch.from_numpy(data.images / 16)).square().mean(dim=(1, 2))
    psnr = -10 * error.log10()
    assert inrs.space == mlp(2, 32, 32, 1, activation="sine") and inrs.weights.batch == 1797
    assert psnr.median() > 45 and psnr.min() > 30
    assert torch.allclose(error, inrs.metadata["mse"], rtol=0.05)
    assert inrs.metadata["label"].tolist() == data.target.tolist()
    assert inrs.metadata["image"].tolist() == list(range(1797))


@pytest.mark.parametrize("index", [0, 63, 64, 1796])
def test_recorded_error_of_an_inr_is_that_of_the_plain_formula(index: int, real: Real):
    inrs = real("digits-inr")
    line = np.linspace(-1, 1, 8)
    pixels = np.array([(row, column) for row in line for column in line])
    drawn = _forward(inrs.weights.arrays(index), pixels, np.sin)[:, 0].reshape(8, 8)
    error = np.square(drawn - load_digits().images[index] / 16).mean()
    assert error == pytest.approx(float(inrs.metadata["mse"][index]), rel=1e-3)


def test_inrs_stand_in_general_position_but_for_chance(real: Real):
    """Float32 biases of 1797 networks tie once in twenty to thirty zoos: the record must say which networks do."""
    inrs = real("digits-inr")
    distinct = [_without_ties(inrs.weights, index) for index in range(inrs.weights.batch)]
    assert inrs.metadata["general_position"].tolist() == distinct
    assert sum(distinct) >= 1795


def test_every_inr_has_an_initialisation_of_its_own(real: Real):
    inrs = real("digits-inr")
    assert len(set(inrs.metadata["seed"].tolist())) == 1797
    moved = torch.cdist(inrs.weights.flat()[:200], inrs.weights.flat()[:200]) + 1e3 * torch.eye(200)
    assert moved.min() > 20  # fitted from one shared start, the same networks end within 8 of each other


@pytest.mark.parametrize("group", CLASSIFIERS)
def test_recorded_accuracy_is_that_on_the_held_out_third(group: str, real: Real):
    nets = real(f"digits-classifiers/{group}")
    data = load_digits()
    images, classes = data.data[2::3] / 16, data.target[2::3]
    if nets.space.widths[0] == 16:
        blocks = [
            [8 * row + column for row in (r, r + 1) for column in (c, c + 1)]
            for r in range(0, 8, 2)
            for c in range(0, 8, 2)
        ]
        images = np.stack([images[:, block].mean(axis=1) for block in blocks], axis=1)
    logits = realise(nets.weights.to(torch.float64), torch.from_numpy(images))
    measured = (logits.argmax(dim=-1) == torch.from_numpy(classes)).double().mean(dim=1)
    assert torch.equal(measured, nets.metadata["test_accuracy"])
    for index in (0, 1, nets.weights.batch - 1):
        by_hand = _forward(nets.weights.arrays(index), images, lambda x: np.maximum(x, 0)).argmax(axis=1)
        assert np.mean(by_hand == classes) == nets.metadata["test_accuracy"][index]


@pytest.mark.parametrize("group", CLASSIFIERS)
def test_classifiers_range_from_hardly_trained_to_good(group: str, real: Real):
    nets = real(f"digits-classifiers/{group}")
    facts = {name: values.double() for name, values in nets.metadata.items()}
    accuracy = facts["test_accuracy"]
    good = 0.93 if nets.space.widths[0] == 64 else 0.85  # sixteen block means say less than sixty-four pixels
    assert accuracy.min() < 0.3 and accuracy.max() > good
    assert ((accuracy > 0.3) & (accuracy < 0.8)).double().mean() > 0.1
    assert set(facts["width"].tolist()) == {sum(nets.space.widths[1:-1])}
    for name, limits in (("learning_rate", (0.01, 0.2)), ("epochs", (1, 40)), ("label_noise", (0, 0.8))):
        assert limits[0] - 1e-6 <= facts[name].min() and facts[name].max() <= limits[1] + 1e-6
        assert facts[name].max() - facts[name].min() > 0.9 * (limits[1] - limits[0])

    def correlation(name: str) -> float:
        return float(torch.corrcoef(torch.stack([facts[name], accuracy]))[0, 1])

    assert correlation("epochs") > 0.2 > -0.2 > correlation("label_noise")


@pytest.mark.parametrize("group", REGRESSORS)
def test_recorded_share_of_variance_is_that_on_the_held_out_patients(group: str, real: Real):
    nets = real(f"diabetes-regressors/{group}")
    x, y = load_diabetes(return_X_y=True)
    x, y = (x - x.mean(0)) / x.std(0), (y - y.mean()) / y.std()
    for index in (0, 1, nets.weights.batch - 1):
        by_hand = _forward(nets.weights.arrays(index), x, np.tanh)[:, 0]
        for name, own in (("test_r2", slice(2, None, 3)), ("train_r2", np.arange(len(y)) % 3 != 2)):
            explained = 1 - np.square(by_hand[own] - y[own]).mean() / y[own].var()
            assert explained == pytest.approx(float(nets.metadata[name][index]), abs=1e-5)


@pytest.mark.parametrize("group", REGRESSORS)
def test_regressors_range_from_hardly_trained_to_overtrained(group: str, real: Real):
    nets = real(f"diabetes-regressors/{group}")
    facts = {name: values.double() for name, values in nets.metadata.items()}
    explained = facts["test_r2"]
    assert explained.min() < 0.1 and explained.max() > 0.4
    assert (facts["train_r2"] - explained).max() > 0.2
    recipe = ZOOS["diabetes-regressors"].recipe
    for name in ("learning_rate", "epochs", "noise", "decay"):
        low, high = recipe[name]
        assert low <= facts[name].min() < 2 * low and high / 2 < facts[name].max() <= high
    assert float(torch.corrcoef(torch.stack([facts["noise"], explained]))[0, 1]) < -0.2


def test_networks_of_a_small_population_start_as_in_a_large_one():
    space = mlp(2, 3, 1)
    bounds = dict.fromkeys(space.axes, 1.0)
    few, many = (uniform(space, bounds, generators(net_seeds("zoo", "group", 0, count))) for count in (2, 5))
    assert all(torch.equal(few[name], many[name][:2]) for name in space.axes)
    others = net_seeds("zoo", "other", 0, 5) + net_seeds("other", "group", 0, 5) + net_seeds("zoo", "group", 1, 5)
    assert not set(others) & set(net_seeds("zoo", "group", 0, 5))


def test_folded_siren_starts_as_the_published_one():
    """sin(omega (W x + b)) with W within 1/2 at first, sqrt(6/fan_in)/omega later, and b within 1/sqrt(fan_in)."""
    space, omega = mlp(2, 32, 32, 1, activation="sine"), 30.0
    bounds = siren_bounds(space, omega)
    published = {"W1": 1 / 2, "W2": (6 / 32) ** 0.5 / omega, "b1": 1 / 2**0.5, "b2": 1 / 32**0.5}
    assert bounds["W3"] == pytest.approx((6 / 32) ** 0.5 / omega) and bounds["b3"] == pytest.approx(1 / 32**0.5)
    for name, bound in published.items():
        assert bounds[name] == pytest.approx(omega * bound)
    drawn = uniform(space, bounds, generators(range(50)))
    for name, bound in bounds.items():
        assert 0.9 * bound < drawn[name].abs().max() <= bound
