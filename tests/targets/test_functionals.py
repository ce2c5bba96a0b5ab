"""Function-space functionals against exact rationals, other libraries' quadrature, and functions whose zeros are known."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise, product

import numpy as np
import pytest
import torch
from scipy import integrate
from scipy.stats import qmc

from orbitcheck import Weights, mlp
from orbitcheck.harness.regimes import Samples
from orbitcheck.harness.targets import TARGETS
from orbitcheck.harness.targets.boxes import LOG_POINTS, box_points
from orbitcheck.harness.targets.zeros import count_zeros
from orbitcheck.harness.weights.activations import ACTIVATIONS

PIECEWISE_LINEAR = ("relu", "leaky-relu", "abs", "identity")


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_value_at_a_point(activation, slow):
    samples = slow.draw(mlp(2, 4, 3, 2, activation=activation))
    got = slow.value("value-at-point", samples, point=[0.25, -1.5])
    wanted = [slow.function(vector, activation, [0.25, -1.5]) for vector in slow.vectors(samples)]
    np.testing.assert_allclose(got, wanted, rtol=1e-13, atol=1e-13)
    middle = [slow.function(vector, activation, [0.5, 0.5]) for vector in slow.vectors(samples)]
    np.testing.assert_allclose(slow.value("value-at-point", samples), middle, rtol=1e-13, atol=1e-13)


def derivative_from_above(slow, vector, activation, point, coordinate) -> list[float]:
    """The difference quotient over a step so short that no kink lies in it: exact on a linear piece."""
    step = Fraction(1, 2**80)
    here = [Fraction(x) for x in point]
    there = [x + step * (number == coordinate) for number, x in enumerate(here)]
    before, after = (slow.function(vector, activation, x) for x in (here, there))
    return [float((b - a) / step) for a, b in zip(before, after, strict=True)]


@pytest.mark.parametrize("activation", PIECEWISE_LINEAR)
@pytest.mark.parametrize("ties", ["none", "zero-biases", "quantised"])
def test_the_gradient_at_a_point_is_the_one_from_above_even_at_kinks(activation, ties, slow):
    space = mlp(2, 4, 3, 2, activation=activation)
    samples = slow.draw(space) if ties == "none" else slow.draw(space, "ties", ties=ties, size=16)
    # At the origin every neuron of a network without biases has its kink.
    for point in ([0.0, 0.0], [0.5, -0.25]):
        got = slow.value("gradient-at-point", samples, point=point)
        wanted = [
            [
                *derivative_from_above(slow, vector, activation, point, 0),
                *derivative_from_above(slow, vector, activation, point, 1),
            ]
            for vector in slow.vectors(samples)
        ]
        np.testing.assert_allclose(got, wanted, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("activation", ["tanh", "sine", "gelu", "silu"])
def test_the_gradient_of_a_smooth_function(activation, slow):
    samples = slow.draw(mlp(2, 4, 3, 2, activation=activation))
    step = 1e-5
    wanted = []
    for vector in slow.vectors(samples):
        ends = [[slow.function(vector, activation, x) for x in ([0.3 + s, 0.2], [0.3, 0.2 + s])] for s in (step, -step)]
        wanted.append(((np.array(ends[0]) - np.array(ends[1])) / (2 * step)).ravel())
    np.testing.assert_allclose(slow.value("gradient-at-point", samples, point=[0.3, 0.2]), wanted, rtol=0, atol=1e-8)


def test_a_kink_that_cancels_does_not_show():
    """relu(x) - relu(-x) = x: the chain rule would say 0 at the origin."""
    vector = {"W1": np.array([[1.0], [-1.0]]), "b1": np.zeros(2), "W2": np.array([[1.0, -1.0]]), "b2": np.zeros(1)}
    samples = Samples(Weights.from_arrays(mlp(1, 2, 1), [vector]))
    target = TARGETS["gradient-at-point"]
    assert target.value(target.parameters(point=[0.0]), samples).item() == 1.0


@pytest.mark.parametrize("dimension", [1, 2, 16, 64])
def test_box_points_are_scipys_sobol_points_in_the_middle_of_their_cells(dimension):
    wanted = 2 * (qmc.Sobol(dimension, scramble=False).random_base2(LOG_POINTS) + 2.0 ** -(LOG_POINTS + 1)) - 1
    points = box_points(dimension, 1.5).numpy()
    np.testing.assert_array_equal(points, 1.5 * wanted)
    cells = np.sort(np.floor((points / 1.5 + 1) / 2 * 2**LOG_POINTS), axis=0)
    assert (cells == np.arange(2**LOG_POINTS)[:, None]).all()


def test_box_points_on_a_line_are_the_midpoints():
    points = box_points(1).squeeze(1).sort().values
    assert torch.equal(points, (torch.arange(1024, dtype=torch.float64) + 0.5) / 512 - 1)


@pytest.mark.parametrize("activation", ["relu", "tanh", "sine"])
def test_mean_and_norm_on_a_line_are_the_integrals(activation, slow):
    """The midpoint rule errs by h^2 / 24 times the integral of |f''|, of kinks too."""
    radius = 2.0
    samples = slow.draw(mlp(1, 4, 3, 2, activation=activation), size=4)
    means, norms = (slow.value(name, samples, radius=radius) for name in ("mean", "norm"))
    for row, vector in enumerate(slow.vectors(samples)):

        def values(x, vector=vector):
            return np.array(slow.function(vector, activation, [x]))

        integral, _ = integrate.quad_vec(values, -radius, radius, epsabs=1e-9)
        square, _ = integrate.quad_vec(lambda x, values=values: (values(x) ** 2).sum(), -radius, radius, epsabs=1e-9)
        np.testing.assert_allclose(means[row], integral / (2 * radius), rtol=0, atol=1e-5)
        np.testing.assert_allclose(norms[row], [np.sqrt(square / (2 * radius))], rtol=0, atol=1e-5)


def test_mean_and_norm_on_a_square_are_the_integrals(slow):
    samples = slow.draw(mlp(2, 4, 3, 1, activation="sine"), size=4)
    nodes, weights = np.polynomial.legendre.leggauss(24)
    means, norms = (slow.value(name, samples) for name in ("mean", "norm"))
    for row, vector in enumerate(slow.vectors(samples)):
        grid = np.array([[slow.function(vector, "sine", [x, y])[0] for y in nodes] for x in nodes])
        mean, square = (np.einsum("i,j,ij", weights, weights, table) / 4 for table in (grid, grid**2))
        assert abs(means[row].item() - mean) < 1e-4
        assert abs(norms[row].item() - np.sqrt(square)) < 1e-4


def vertices(slow, vector: dict, activation: str, radius: int) -> list[tuple[Fraction, Fraction]]:
    """The polyline `f_v` on [-radius, radius]: layer by layer, kinks from values at the ends of the pieces so far."""

    def layer_values(x: Fraction, depth: int) -> list[Fraction]:
        part = {key: vector[key] for key in list(vector)[: 2 * depth]}
        return slow.function(part, activation, [x])

    ends = [Fraction(-radius), Fraction(radius)]
    for depth in range(1, len(vector) // 2):
        kinks = set()
        for low, high in pairwise(ends):
            for left, right in zip(layer_values(low, depth), layer_values(high, depth), strict=True):
                if left * right < 0:
                    kinks.add(low + (high - low) * left / (left - right))
        ends = sorted({*ends, *kinks})
    return [(x, slow.function(vector, activation, [x])[0]) for x in ends]


def zeros_of(polyline: list[tuple[Fraction, Fraction]]) -> int:
    """Components of the zero set, as merged intervals."""
    intervals = []
    for (low, left), (high, right) in pairwise(polyline):
        if left == right == 0:
            intervals.append((low, high))
        elif left * right <= 0:
            crossing = low + (high - low) * left / (left - right)
            intervals.append((crossing, crossing))
    merged = 0
    reached = None
    for low, high in intervals:
        merged += reached is None or low > reached
        reached = high if reached is None else max(reached, high)
    return merged


@pytest.mark.parametrize("activation", PIECEWISE_LINEAR)
@pytest.mark.parametrize(
    ("regime", "parameters"),
    [("general-position", {}), ("ties", {"ties": "quantised"}), ("ties", {"ties": "equal-biases"})],
)
def test_zeros_are_those_of_the_polyline(activation, regime, parameters, slow):
    samples = slow.draw(mlp(1, 4, 3, 1, activation=activation), regime, size=40, **parameters)
    counts = slow.value("zero-count", samples, radius=3.0).squeeze(1).tolist()
    wanted = [zeros_of(vertices(slow, vector, activation, 3)) for vector in slow.vectors(samples)]
    assert counts == wanted
    assert len(set(wanted)) > 1


@pytest.mark.parametrize("activation", PIECEWISE_LINEAR)
def test_the_zeros_of_a_network_without_biases_are_one_cone(activation, slow):
    samples = slow.draw(mlp(1, 4, 3, 1, activation=activation), "ties", size=40, ties="zero-biases")
    assert (slow.value("zero-count", samples) == 1).all()


@pytest.mark.parametrize("activation", PIECEWISE_LINEAR)
def test_extrema_are_those_of_the_polyline(activation, slow):
    """Between the points and the ends of the interval a slope of at most s moves the value by s h."""
    samples = slow.draw(mlp(1, 4, 3, 1, activation=activation), size=6)
    for which, best in (("maximum", max), ("minimum", min)):
        got = slow.value("extremum", samples, which=which).squeeze(1).tolist()
        for value, vector in zip(got, slow.vectors(samples), strict=True):
            polyline = vertices(slow, vector, activation, 1)
            steepest = max(abs((b - a) / (high - low)) for (low, a), (high, b) in pairwise(polyline))
            wanted = best(y for _, y in polyline)
            assert abs(value - wanted) <= steepest / 1024 + 1e-12
            assert (value <= wanted + 1e-12) if which == "maximum" else (value >= wanted - 1e-12)


def net(w1, b1, w2, b2) -> dict:
    return {"W1": np.array(w1)[:, None], "b1": np.array(b1), "W2": np.array(w2)[None, :], "b2": np.array([b2])}


@pytest.mark.parametrize(
    ("name", "vector", "zeros"),
    [
        ("no zero", net([1.0, -1.0], [0.0, 0.0], [1.0, 1.0], 0.5), 0),
        ("touches at a kink: |x|", net([1.0, -1.0], [0.0, 0.0], [1.0, 1.0], 0.0), 1),
        ("crosses at a kink: x", net([1.0, -1.0], [0.0, 0.0], [1.0, -1.0], 0.0), 1),
        ("crosses between: 3x - 1", net([3.0, -3.0], [-1.0, 1.0], [1.0, -1.0], 0.0), 1),
        ("an interval: relu(x)", net([1.0, 1.0], [0.0, 0.0], [1.0, 0.0], 0.0), 1),
        ("zero everywhere", net([1.0, -1.0], [0.5, 0.5], [0.0, 0.0], 0.0), 1),
        ("an interval between slopes", net([1.0, -1.0], [-0.5, -0.5], [1.0, 1.0], 0.0), 1),
        ("two: |x| - 1/2", net([1.0, -1.0], [0.0, 0.0], [1.0, 1.0], -0.5), 2),
        ("at both ends: |x| - 1", net([1.0, -1.0], [0.0, 0.0], [1.0, 1.0], -1.0), 2),
        ("outside: x - 2", net([1.0, -1.0], [-2.0, 2.0], [1.0, -1.0], 0.0), 0),
    ],
)
def test_known_zeros(name, vector, zeros):
    assert count_zeros(mlp(1, 2, 1), vector, 1.0) == zeros


@pytest.mark.parametrize("doublings", [1, 2, 3, 4])
def test_teeth_have_two_zeros_each(doublings):
    """`1 - 2|x|` iterated has `2^(k - 1)` teeth between -1 and 1."""
    space = mlp(1, *[1] * doublings, 1, activation="abs")
    vector: dict = {"W1": np.ones((1, 1)), "b1": np.zeros(1)}
    for layer in range(2, doublings + 2):
        vector |= {f"W{layer}": -2 * np.ones((1, 1)), f"b{layer}": np.ones(1)}
    assert count_zeros(space, vector, 1.0) == 2**doublings


def test_floats_of_any_size_are_counted_exactly():
    """The crossing at 1/3 of the float next to it: invisible to any rounding, and moved across the box's end by one ulp."""
    inside, outside = np.nextafter(1.0, 0.0), np.nextafter(1.0, 2.0)
    for end, zeros in ((inside, 1), (1.0, 1), (outside, 0)):
        assert count_zeros(mlp(1, 2, 1), net([1.0, -1.0], [-end, end], [1.0, -1.0], 0.0), 1.0) == zeros
    assert count_zeros(mlp(1, 2, 1), net([1e-30, 1.0], [0.0, 0.0], [1.0, 1e30], -1e-32), 1.0) == 1


def test_the_class_of_an_implicit_image_is_its_label(slow):
    samples = slow.draw(mlp(2, 4, 1, activation="sine"), size=30)
    answer = slow.value("inr-class", samples)
    assert torch.equal(answer.argmax(dim=1), samples.metadata["label"])
    assert torch.equal(answer.sum(dim=1), torch.ones(30, dtype=torch.float64))


@pytest.mark.parametrize("inputs", [64, 16])
def test_accuracy_counts_the_held_out_digits_that_are_recognised(inputs, slow):
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    images = pixels.reshape(-1, 8, 8) / 16
    if inputs == 16:
        images = np.array([[[image[2 * i : 2 * i + 2, 2 * j : 2 * j + 2].mean() for j in range(4)] for i in range(4)] for image in images])  # fmt: skip
    held_out = [index for index in range(1797) if index % 3 == 2]
    samples = slow.draw(mlp(inputs, 6, 10), size=3)
    shares = []
    for vector in slow.vectors(samples):
        hidden = np.maximum(images.reshape(1797, -1) @ vector["W1"].T + vector["b1"], 0)
        guesses = (hidden @ vector["W2"].T + vector["b2"]).argmax(axis=1)
        shares.append([(guesses == labels)[held_out].mean()])
    np.testing.assert_allclose(slow.value("test-accuracy", samples), shares, rtol=0, atol=1e-12)


def test_accuracy_of_real_classifiers_is_what_their_zoo_knows(real):
    for group in ("64-16-10", "16-16-10"):
        population = real(f"digits-classifiers/{group}")
        target = TARGETS["test-accuracy"]
        samples = Samples(population.weights.to(torch.float64))
        answer = target.value(target.parameters(), samples)
        assert torch.equal(answer.squeeze(1), population.metadata["test_accuracy"])


def test_samples_are_taken_in_pieces_without_changing_a_value(slow):
    samples = slow.draw(mlp(1, 4, 4, 1), size=130)
    for name in ("mean", "hessian-trace"):
        whole = slow.value(name, samples)
        parts = [slow.value(name, Samples(samples.weights[[index]])) for index in (0, 63, 64, 129)]
        assert torch.equal(whole[[0, 63, 64, 129]], torch.cat(parts))


def test_every_functional_of_the_box_sees_the_whole_box(slow):
    """A spike that only one of 2^5 slabs holds moves mean, norm and maximum."""
    vector = net([64.0, 64.0], [-62.0, -62.5], [1.0, -1.0], 0.0)
    samples = Samples(Weights.from_arrays(mlp(1, 2, 1), [vector]))
    for name, radius in product(("mean", "norm", "extremum"), (0.5, 1.0)):
        assert (slow.value(name, samples, radius=radius).item() > 0) == (radius == 1.0)
