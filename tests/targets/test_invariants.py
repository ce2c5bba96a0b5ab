"""Permutation-invariant functionals against loops, brute force over paths, neurons and relabellings, and autograd."""

from __future__ import annotations

import math
from collections import defaultdict
from fractions import Fraction
from itertools import permutations, product

import numpy as np
import pytest
import torch
from scipy import linalg
from torch.nn import functional

from orbitcheck import Weights, mlp
from orbitcheck.harness.oracles.refinement import refine
from orbitcheck.harness.regimes import Samples
from orbitcheck.harness.targets import FUNCTION_FUNCTIONAL, INVARIANT_FUNCTIONAL, TARGETS
from orbitcheck.harness.targets.losses import data
from orbitcheck.harness.targets.middle import exact_rank
from orbitcheck.harness.targets.polynomials import PolynomialParameters, terms
from orbitcheck.harness.weights.activations import ACTIVATIONS

SPACE = mlp(2, 4, 3, 2)


@pytest.mark.parametrize("power", [1, 2, 3])
def test_weight_norms(power, slow):
    samples = slow.draw(SPACE)
    wanted = [
        [sum(abs(x) ** power for x in tensor.ravel().tolist()) ** (1 / power) for tensor in vector.values()]
        for vector in slow.vectors(samples)
    ]
    np.testing.assert_allclose(slow.value("weight-norms", samples, power=power), wanted, rtol=1e-13)


@pytest.mark.parametrize("power", [1, 2])
def test_the_path_norm_runs_over_all_paths(power, slow):
    samples = slow.draw(SPACE)
    wanted = []
    for vector in slow.vectors(samples):
        total = 0.0
        for i, j, k, m in product(*map(range, SPACE.widths)):
            total += abs(vector["W1"][j, i] * vector["W2"][k, j] * vector["W3"][m, k]) ** power
        wanted.append([total ** (1 / power)])
    np.testing.assert_allclose(slow.value("path-norm", samples, power=power), wanted, rtol=1e-13)


def test_the_spectral_product(slow):
    samples = slow.draw(SPACE)
    wanted = [[math.prod(linalg.svdvals(vector[f"W{n}"])[0] for n in (1, 2, 3))] for vector in slow.vectors(samples)]
    np.testing.assert_allclose(slow.value("spectral-product", samples), wanted, rtol=1e-12)


def rank_by_elimination(matrix: np.ndarray) -> int:
    rows = [[Fraction(x) for x in row] for row in matrix.tolist()]
    found = 0
    for column in range(matrix.shape[1]):
        pivot = next((row for row in rows[found:] if row[column] != 0), None)
        if pivot is None:
            continue
        rows.remove(pivot)
        rows.insert(found, pivot)
        for row in rows[found + 1 :]:
            factor = row[column] / pivot[column]
            row[:] = [x - factor * y for x, y in zip(row, pivot, strict=True)]
        found += 1
    return found


@pytest.mark.parametrize("space", [mlp(1, 4, 4, 1), mlp(1, 5, 3, 4, 1)], ids=str)
def test_the_rank_is_exact(space, slow):
    samples = slow.draw(space, entries="ternary", size=60)
    for layer in range(2, len(space.widths) - 1):
        wanted = [[rank_by_elimination(vector[f"W{layer}"])] for vector in slow.vectors(samples)]
        assert slow.value("middle-rank", samples, layer=layer).tolist() == wanted
        assert len({rank for [rank] in wanted}) > 1


def test_the_rank_is_that_of_the_floats_not_of_a_tolerance():
    tiny = np.diag([1.0, 1.0, 2.0**-60, 0.0])
    assert exact_rank(tiny) == 3
    vector = {name: np.ones(shape) for name, shape in mlp(1, 4, 4, 1).shapes.items()}
    for matrix, rank in ((tiny, 3), (np.eye(4) * 2.0**-60, 4), (np.zeros((4, 4)), 0)):
        samples = Samples(Weights.from_arrays(mlp(1, 4, 4, 1), [{**vector, "W2": matrix}]))
        assert TARGETS["middle-rank"].value(TARGETS["middle-rank"].parameters(), samples).item() == rank


def test_the_log_determinant_is_that_of_the_singular_values(slow):
    samples = slow.draw(SPACE)
    wanted = [[np.log1p(linalg.svdvals(vector["W2"]) ** 2).sum()] for vector in slow.vectors(samples)]
    np.testing.assert_allclose(slow.value("log-determinant", samples), wanted, rtol=1e-12)


ACTIVATE = {
    "relu": torch.relu,
    "leaky-relu": lambda z: functional.leaky_relu(z, 2.0**-6),
    "abs": torch.abs,
    "identity": lambda z: z,
    "tanh": torch.tanh,
    "sine": torch.sin,
    "gelu": functional.gelu,
    "silu": functional.silu,
}


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("log_points", [0, 4])
def test_the_hessian_trace_is_that_of_the_whole_hessian(activation, log_points, slow):
    space = mlp(2, 3, 3, 2, activation=activation)
    samples = slow.draw(space, size=3)
    x, labels = data(space, log_points)
    wanted = []
    for vector in slow.vectors(samples):
        names, shapes = list(vector), [value.shape for value in vector.values()]
        theta = torch.cat([torch.from_numpy(value).flatten() for value in vector.values()])

        def loss(theta, names=names, shapes=shapes):
            parts = theta.split([math.prod(shape) for shape in shapes])
            p = {name: part.view(shape) for name, part, shape in zip(names, parts, shapes, strict=True)}
            h = x
            for layer in (1, 2):
                h = ACTIVATE[activation](h @ p[f"W{layer}"].T + p[f"b{layer}"])
            return ((h @ p["W3"].T + p["b3"] - labels) ** 2).sum() / len(x)

        wanted.append([torch.autograd.functional.hessian(loss, theta).trace().item()])
    np.testing.assert_allclose(slow.value("hessian-trace", samples, log_points=log_points), wanted, rtol=1e-10)


def test_the_data_are_what_they_are_said_to_be():
    x, labels = data(mlp(2, 3, 2), 3)
    assert x.shape == (8, 2) and labels.shape == (8, 2)
    for point, label in zip(x.tolist(), labels.tolist(), strict=True):
        assert label == pytest.approx([math.sin(2 * sum(point)), math.sin(2 * sum(point) + 1)], abs=1e-12)


def sorted_forms(vector: dict) -> list[dict]:
    """Every relabelling of a (n0, a, b, nL) network whose hidden biases rise."""
    forms = []
    first, second = vector["b1"], vector["b2"]
    for p in permutations(range(len(first))):
        if any(np.diff(first[list(p)]) < 0):
            continue
        for q in permutations(range(len(second))):
            if not any(np.diff(second[list(q)]) < 0):
                p_, q_ = list(p), list(q)
                forms.append(
                    {
                        "W1": vector["W1"][p_],
                        "b1": first[p_],
                        "W2": vector["W2"][np.ix_(q_, p_)],
                        "b2": second[q_],
                        "W3": vector["W3"][:, q_],
                        "b3": vector["b3"],
                    }
                )
    return forms


@pytest.mark.parametrize(
    ("regime", "parameters"), [("general-position", {}), ("ties", {"ties": "quantised", "bits": 1}), ("ties", {})]
)
@pytest.mark.parametrize(
    ("tensor", "ranks"), [("W1", [3, 1]), ("W2", [0, 2]), ("W3", [1, 1]), ("b1", [2]), ("b3", [1])]
)
def test_the_bias_sorted_entry_is_a_mean_over_all_sorted_forms(regime, parameters, tensor, ranks, slow):
    samples = slow.draw(SPACE, regime, **parameters)
    wanted = []
    for vector in slow.vectors(samples):
        forms = sorted_forms(vector)
        assert len(forms) == 1 or regime == "ties"
        wanted.append([np.mean([form[tensor][tuple(ranks)] for form in forms])])
    np.testing.assert_allclose(
        slow.value("bias-sorted-entry", samples, tensor=tensor, ranks=ranks), wanted, rtol=1e-13, atol=1e-15
    )


def test_the_default_entry_is_the_first_between_hidden_layers(slow):
    for space, tensor in ((SPACE, "W2"), (mlp(2, 4, 1), "W1")):
        samples = slow.draw(space)
        named = slow.value("bias-sorted-entry", samples, tensor=tensor, ranks=[0, 0])
        assert torch.equal(slow.value("bias-sorted-entry", samples), named)


@pytest.mark.parametrize("degree", [1, 2, 3, 4])
@pytest.mark.parametrize("space", [SPACE, mlp(1, 3, 3, 1)], ids=str)
def test_the_polynomial_is_its_sums_written_out(space, degree, slow):
    samples = slow.draw(space, size=2)
    parameters = PolynomialParameters(degree=degree, terms=8, seed=degree)
    wanted = []
    for vector in slow.vectors(samples):
        total = 0.0
        for term in terms(parameters, space):
            variables = sorted({i for _, index in term.factors for i in index if isinstance(i, str)})
            ranges = [range(space.size[variable.split(".")[0]]) for variable in variables]
            summed = 0.0
            for choice in product(*ranges):
                place = dict(zip(variables, choice, strict=True))
                summed += math.prod(vector[name][tuple(place.get(i, i) for i in index)] for name, index in term.factors)
            assert term.choices == math.prod(map(len, ranges))
            total += term.coefficient * summed / math.sqrt(term.choices)
        wanted.append([total])
    got = slow.value("random-polynomial", samples, degree=degree, terms=8, seed=degree)
    np.testing.assert_allclose(got, wanted, rtol=1e-11, atol=1e-12)


def test_random_terms_are_connected_and_some_close_a_cycle():
    """As graphs of factors and variables: a tree has one edge less than vertices, and more edges close cycles."""
    listed = terms(PolynomialParameters(terms=200), mlp(1, 4, 4, 1))
    cycles = []
    for term in listed[1:]:  # the first is the closed walk
        edges = [(number, i) for number, (_, index) in enumerate(term.factors) for i in index if isinstance(i, str)]
        reached, frontier = {0}, [0]
        while frontier:
            here = frontier.pop()
            near = {other for edge in edges if here in edge for other in edge} - reached
            reached |= near
            frontier += near
        variables = {variable for _, variable in edges}
        if all(any(number == n for n, _ in edges) for number in range(len(term.factors))):
            assert len(reached) == len(term.factors) + len(variables)
            cycles.append(len(edges) - len(reached) + 1)
    assert cycles.count(0) > 50 and max(cycles) > 0


@pytest.mark.parametrize("degree", [1, 2, 3, 4, 5])
def test_the_polynomial_has_its_degree(degree, slow):
    """Along a ray the difference of order d is constant and not zero, that of order d + 1 vanishes."""
    samples = slow.draw(SPACE, size=3)
    values = torch.cat(
        [
            slow.value("random-polynomial", Samples(samples.weights.map(lambda w, t=t: t * w)), degree=degree)
            for t in range(degree + 3)
        ],
        dim=1,
    )
    top = values.diff(n=degree, dim=1)
    scale = values.abs().max(dim=1, keepdim=True).values * 2**degree
    assert (top.abs() > 1e-6 * scale).all()
    assert (top.diff(dim=1).abs() <= 1e-12 * scale).all()


def test_seeds_give_other_polynomials_and_the_same_seed_the_same(slow):
    samples = slow.draw(SPACE)
    first, again, other = (slow.value("random-polynomial", samples, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.allclose(first, other)


def test_twins_of_prop_6_2_show_what_refinement_cannot_see(slow):
    """Inside a class of refinement: function-space maps and norms are constant; rank, determinant and closed walks are not."""
    space = mlp(1, 4, 4, 1)
    samples = slow.draw(space, "prop-6.2-twins", size=40)
    classes = refine(space, slow.vectors(samples)).classes().tolist()
    blind = {"middle-rank", "log-determinant", "random-polynomial"}
    for name, target in TARGETS.items():
        if target.kind not in (FUNCTION_FUNCTIONAL, INVARIANT_FUNCTIONAL) or target.refusal(target.parameters(), space):
            continue
        groups = defaultdict(list)
        for number, value in zip(classes, slow.value(name, samples), strict=True):
            groups[number].append(value)
        spread = max((torch.stack(values) - values[0]).abs().max() for values in groups.values())
        if name in blind:
            assert spread > 1e-2, name
        else:
            assert spread <= 1e-12, name


@pytest.mark.parametrize(("degree", "parts"), [(2, False), (3, False), (4, True), (6, True)])
def test_closed_walks_part_the_twins_from_degree_four(degree, parts, slow):
    samples = slow.draw(mlp(1, 4, 4, 1), "prop-6.2-twins", size=2)
    first, second = slow.value("random-polynomial", samples, degree=degree)
    assert (abs(first - second).item() > 1e-6) == parts
