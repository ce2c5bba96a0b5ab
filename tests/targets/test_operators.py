"""Function-space operators against networks that realise them, scipy's image filters, and difference quotients."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch
from scipy import ndimage

from orbitcheck import Weights, mlp, realise
from orbitcheck.harness.regimes import Samples
from orbitcheck.harness.targets import FUNCTION_OPERATOR, TARGETS
from orbitcheck.harness.targets.images import pixels
from orbitcheck.harness.zoo.digits import coordinates

SPACES = (mlp(1, 4, 3, 1), mlp(2, 4, 3, 2, activation="sine"))
LINE = mlp(1, 4, 3, 1)


def edited(samples: Samples, change) -> Weights:
    """Another weight vector of the same space, made from each vector's arrays."""
    v = samples.weights
    return Weights.from_arrays(v.space, [{**v.arrays(index), **change(v.arrays(index))} for index in range(v.batch)])


REALISED = {
    "negation": ({}, lambda v: {"W3": -v["W3"], "b3": -v["b3"]}),
    "output-shift": ({"shift": 0.75}, lambda v: {"b3": v["b3"] + 0.75}),
    "affine-output": ({"scale": -1.5, "shift": 0.25}, lambda v: {"W3": -1.5 * v["W3"], "b3": -1.5 * v["b3"] + 0.25}),
    "input-shift": ({"shift": 0.5}, lambda v: {"b1": v["b1"] + v["W1"].sum(axis=1) * 0.5}),
    "input-scaling": ({"factor": -3.0}, lambda v: {"W1": -3 * v["W1"]}),
}


@pytest.mark.parametrize("name", list(REALISED))
@pytest.mark.parametrize("space", SPACES, ids=str)
def test_operators_that_keep_the_architecture_are_realised_by_edited_weights(name, space, slow):
    parameters, change = REALISED[name]
    samples = slow.draw(space)
    x = torch.from_numpy(np.random.default_rng(1).uniform(-2, 2, (20, space.widths[0])))
    wanted = realise(edited(samples, change), x)
    torch.testing.assert_close(slow.value(name, samples, x, **parameters), wanted, rtol=1e-12, atol=1e-12)


def zoomed(x: Fraction, factor: int) -> Fraction:
    return max(min(factor * x, Fraction(1)), Fraction(-1))


def tented(x: Fraction, times: int) -> Fraction:
    for _ in range(times):
        x = 1 + 2 * x if x < 0 else 1 - 2 * x
    return x


@pytest.mark.parametrize(
    ("name", "parameters", "inner"),
    [
        ("zoom-out", {"factor": 2.0}, lambda x: zoomed(x, 2)),
        ("zoom-out", {"factor": 4.0}, lambda x: zoomed(x, 4)),
        ("tooth-doubling", {}, lambda x: tented(x, 1)),
        ("tooth-doubling", {"times": 3}, lambda x: tented(x, 3)),
    ],
)
def test_operators_on_a_line_are_their_definition_in_exact_numbers(name, parameters, inner, slow):
    samples = slow.draw(LINE)
    x = torch.arange(-16, 17, dtype=torch.float64).unsqueeze(1) / 16
    got = slow.value(name, samples, x, **parameters).squeeze(2)
    for row, vector in zip(got.tolist(), slow.vectors(samples), strict=True):
        wanted = [float(slow.function(vector, "relu", [inner(Fraction(number, 16))])[0]) for number in range(-16, 17)]
        np.testing.assert_allclose(row, wanted, rtol=0, atol=1e-13)


def test_zoom_out_shows_f_small_and_its_ends_continued(slow):
    samples = slow.draw(LINE)
    ends = realise(samples.weights, torch.tensor([[-1.0], [1.0]], dtype=torch.float64))
    x = torch.tensor([[-1.0], [-0.5], [0.5], [1.0]], dtype=torch.float64)
    assert torch.equal(slow.value("zoom-out", samples, x), ends[:, [0, 0, 1, 1]])


def test_tooth_doubling_doubles_the_teeth():
    """The tent `1 - 2|x|` has one tooth, so doubled k times it has 2^k: its zeros lie at odd multiples of 2^-(k+1)."""
    space = mlp(1, 1, 1, activation="abs")
    tent = {"W1": np.ones((1, 1)), "b1": np.zeros(1), "W2": np.full((1, 1), -2.0), "b2": np.ones(1)}
    samples = Samples(Weights.from_arrays(space, [tent]))
    target = TARGETS["tooth-doubling"]
    for times in (1, 2, 3):
        grid = torch.arange(-(2**6), 2**6 + 1, dtype=torch.float64).unsqueeze(1) / 2**6
        values = target.value(target.parameters(times=times), samples, grid).flatten()
        peaks = (values == 1).sum().item()
        assert peaks == 2**times
        assert (values == -1).sum().item() == 2**times + 1


@pytest.mark.parametrize("activation", ["relu", "leaky-relu", "abs"])
def test_the_derivative_is_the_difference_quotient_from_above(activation, slow):
    samples = slow.draw(mlp(1, 4, 3, 1, activation=activation), "ties", ties="quantised", size=20)
    step = Fraction(1, 2**90)
    grid = [Fraction(number, 4) for number in range(-6, 7)]  # multiples of 1/4, where quantised networks have kinks
    got = slow.value("derivative", samples, torch.tensor([[float(x)] for x in grid], dtype=torch.float64)).squeeze(2)
    for row, vector in zip(got.tolist(), slow.vectors(samples), strict=True):
        wanted = [
            float((slow.function(vector, activation, [x + step])[0] - slow.function(vector, activation, [x])[0]) / step)
            for x in grid
        ]
        np.testing.assert_allclose(row, wanted, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("coordinate", [0, 1])
def test_the_derivative_moves_the_input_it_names(coordinate, slow):
    samples = slow.draw(mlp(2, 4, 3, 2, activation="tanh"))
    x = torch.from_numpy(np.random.default_rng(1).uniform(-1, 1, (9, 2)))
    step = 1e-5 * torch.eye(2, dtype=torch.float64)[coordinate]
    wanted = (realise(samples.weights, x + step) - realise(samples.weights, x - step)) / 2e-5
    got = slow.value("derivative", samples, x, coordinate=coordinate)
    torch.testing.assert_close(got, wanted, rtol=0, atol=1e-8)


def images_of(samples: Samples, slow) -> np.ndarray:
    """The 8x8 images that the networks draw, pixel by pixel."""
    line = [-1 + 2 * number / 7 for number in range(8)]
    activation = samples.weights.space.activation
    return np.array(
        [
            [[slow.function(vector, activation, [r, c])[0] for c in line] for r in line]
            for vector in slow.vectors(samples)
        ]
    )


FILTERS = {
    "inr-dilation": ({}, lambda image: ndimage.grey_dilation(image, size=(3, 3), mode="nearest")),
    "inr-blur": (
        {},
        lambda image: ndimage.convolve1d(
            ndimage.convolve1d(image, [0.25, 0.5, 0.25], axis=0, mode="nearest"),
            [0.25, 0.5, 0.25],
            axis=1,
            mode="nearest",
        ),
    ),
    "inr-contrast": ({"gain": 3.0}, lambda image: np.clip(3 * image - 1, 0, 1)),
}


@pytest.mark.parametrize("name", list(FILTERS))
@pytest.mark.parametrize("activation", ["sine", "relu"])
def test_editing_an_implicit_image_is_the_filter_of_its_pixels(name, activation, slow):
    parameters, image_filter = FILTERS[name]
    samples = slow.draw(mlp(2, 6, 5, 1, activation=activation), size=4)
    got = slow.value(name, samples, **parameters).view(-1, 8, 8)
    images = images_of(samples, slow)
    wanted = np.array([image_filter(image) for image in images])
    np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-12)
    assert np.abs(wanted - images).max() > 0.05


def test_pixels_are_those_that_the_zoo_draws():
    torch.testing.assert_close(pixels(), coordinates().double(), rtol=0, atol=1e-7)
    for name in FILTERS:
        target = TARGETS[name]
        assert target.inputs is not None
        given = target.inputs(target.parameters(), mlp(2, 4, 1), 5, torch.Generator())
        assert torch.equal(given, pixels())


@pytest.mark.parametrize("name", list(FILTERS))
def test_edited_images_are_functions_whichever_points_are_asked_for(name, slow):
    samples = slow.draw(mlp(2, 6, 5, 1, activation="sine"), size=4)
    whole = slow.value(name, samples)
    some = torch.tensor([3, 60, 8, 3])
    torch.testing.assert_close(slow.value(name, samples, pixels()[some]), whole[:, some], rtol=0, atol=1e-13)
    between = slow.value(
        name, samples, torch.rand(10, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    )
    assert between.shape == (4, 10, 1) and between.isfinite().all()


def test_inputs_are_uniform_in_the_box_and_follow_their_generator():
    for name, target in TARGETS.items():
        if target.kind != FUNCTION_OPERATOR or name in FILTERS:
            continue
        assert target.inputs is not None
        draws = [
            target.inputs(target.parameters(), mlp(1, 4, 1), 500, torch.Generator().manual_seed(seed))
            for seed in (0, 0, 1)
        ]
        assert torch.equal(draws[0], draws[1]) and not torch.equal(draws[0], draws[2])
        assert draws[0].shape == (500, 1) and draws[0].dtype == torch.float64
        assert draws[0].abs().max() <= 1
        assert abs(draws[0].mean()) < 0.1 and abs(draws[0].square().mean() - 1 / 3) < 0.05
