"""Certificates by signs of neurons and by closed walks: honest ones hold, false ones are refuted, at once."""

from __future__ import annotations

import copy
import json
import time
from fractions import Fraction
from functools import cache

import numpy as np
import pytest

from orbitcheck.harness.core.result import digest
from orbitcheck.harness.oracles.invariants import walks
from orbitcheck.harness.oracles.relation import certify
from orbitcheck.harness.verification.certificate import problem_of
from orbitcheck.harness.verification.proofs.signs import linear_neurons
from orbitcheck.harness.verification.proofs.walks import closed_walks
from orbitcheck.harness.weights.pair import Pair
from orbitcheck.harness.weights.space import mlp

SHAPES = [("relu", (2, 4, 4, 1)), ("relu", (3, 4, 4, 4, 1)), ("relu", (2, 3, 3, 3, 3, 2))]


def says(pair: Pair, certificate) -> str | None:
    """As the verifier, after sealing the certificate anew, as a forger would."""
    content = {key: value for key, value in certificate.items() if key != "sha256"}
    told = [content["orbit"]["relation"], content["refinement"].get("round"), content["function"]["relation"]]
    return problem_of(json.loads(json.dumps({**content, "sha256": digest(content)})), pair, told)


def dead(seed: int) -> Pair:
    """A neuron of a later layer with no positive weight in v and in w, and other weights out of it."""
    rng = np.random.default_rng(seed)
    activation, widths = SHAPES[seed % len(SHAPES)]
    space = mlp(*widths, activation=activation)
    v = {name: rng.integers(-8, 9, shape) / 8 for name, shape in space.shapes.items()}
    layer = int(rng.integers(2, len(widths) - 1))
    v[f"W{layer}"][0], v[f"b{layer}"][0] = -np.abs(v[f"W{layer}"][0]), -abs(v[f"b{layer}"][0])
    w = {name: array.copy() for name, array in v.items()}
    w[f"W{layer}"][0] *= 0.5
    w[f"W{layer + 1}"][:, 0] += 1.5
    return Pair(space, v, w)


def inner() -> Pair:
    """Bounds by a linear program, by a cap and by a later layer that rests on both."""
    space = mlp(2, 3, 2, 2, 1)
    v = {
        "W1": np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]]),
        "b1": np.array([1.0, 1.0, 0.0]),
        "W2": np.array([[-1.0, -1.0, 0.0], [0.0, 0.0, -1.0]]),
        "b2": np.array([1.0, 3.0]),
        "W3": np.array([[1.0, 1.0], [5.0, 1.0]]),
        "b3": np.array([-4.0, 0.0]),
        "W4": np.ones((1, 2)),
        "b4": np.zeros(1),
    }
    return Pair(space, v, v | {"W4": np.array([[-7.0, 1.0]]), "W3": np.array([[1.0, 1.0], [2.0, 1.0]])})


@cache
def certified() -> list[tuple[Pair, dict]]:
    made = [(pair, certify(pair).certificate) for pair in [inner(), *map(dead, range(12))]]
    return [(pair, dict(certificate)) for pair, certificate in made if certificate["function"].get("kind") == "signs"]


def test_honest_bounds_hold():
    assert len(certified()) > 8
    names = set()
    for pair, certificate in certified():
        assert says(pair, certificate) is None
        names |= {term[2] for net in certificate["function"]["bounds"] for bound in net for term in bound["terms"]}
    assert names >= {"above", "below", "cap"}


def test_a_certificate_by_signs_has_the_parts_that_are_listed():
    """Certified anew, not from the cache of the other tests: as relation.py lists them, and as the verifier reads them."""
    pair = inner()
    certificate = dict(certify(pair).certificate)
    function = certificate["function"]
    assert set(function) == {"relation", "kind", "bounds"}
    assert (function["relation"], function["kind"], len(function["bounds"])) == ("equal", "signs", 2)
    for net in function["bounds"]:
        assert net and all(set(bound) == {"neuron", "side", "terms"} for bound in net)
        assert {bound["side"] for bound in net} <= {"upper", "lower"}
        for layer, index in (bound["neuron"] for bound in net):
            assert 1 <= layer <= 3 and 0 <= index < pair.space.widths[layer]
        for *neuron, constraint, multiplier in (term for bound in net for term in bound["terms"]):
            assert len(neuron) == 2 and constraint in {"below", "above", "cap", "chord"} and Fraction(multiplier) != 0
    assert says(pair, certificate) is None


def changes(statement, rng: np.random.Generator):
    """The statement with one thing of it changed."""
    forged = copy.deepcopy(statement)
    nets = [net for net in forged["bounds"] if net]
    net = nets[rng.integers(len(nets))]
    bound = net[rng.integers(len(net))]
    how = int(rng.integers(8))
    if how == 0:
        net.remove(bound)
    elif how == 1:
        bound["side"] = {"upper": "lower", "lower": "upper"}[bound["side"]]
    elif how == 2:
        bound["neuron"][int(rng.integers(2))] += int(rng.choice((-1, 1)))
    elif how == 3:
        forged["bounds"].reverse()
    elif bound["terms"]:
        term = bound["terms"][rng.integers(len(bound["terms"]))]
        if how == 4:
            term[3] = str(Fraction(term[3]) * rng.choice((-1, 2)) + int(rng.integers(0, 2)))
        elif how == 5:
            term[2] = str(rng.choice(["below", "above", "upper", "lower", "cap", "chord", "none"]))
        elif how == 6:
            term[int(rng.integers(2))] += int(rng.choice((-1, 1)))
        else:
            bound["terms"].remove(term)
    return forged


def test_changed_bounds_are_refuted_or_prove_the_same():
    """A change that the verifier takes leaves signs that are true: the neurons that it calls linear are so at every input tried."""
    rng = np.random.default_rng(0)
    refuted = 0
    for number in range(200):
        pair, certificate = certified()[number % len(certified())]
        forged = certificate | {"function": changes(certificate["function"], rng)}
        if forged["function"] == certificate["function"]:
            continue
        started = time.process_time()
        problem = says(pair, forged)
        assert time.process_time() - started < 5
        refuted += problem is not None
        if problem is None:
            for net, bounds in zip((pair.v, pair.w), forged["function"]["bounds"], strict=True):
                for (layer, i), slope in linear_neurons(pair.space, net, bounds).items():
                    values = rng.standard_normal((200, pair.space.widths[0])) * 50
                    for below in range(1, layer + 1):
                        z = values @ net[f"W{below}"].T + net[f"b{below}"]
                        values = np.maximum(z, 0)
                    assert np.allclose(values[:, i], float(slope) * z[:, i])
    assert refuted > 120


def test_bounds_of_another_function_are_refuted():
    pair, certificate = certified()[0]
    v, w = ({"sha256": record["sha256"]} for record in certificate["vectors"])
    assert v != w
    other = Pair(pair.space, pair.v, pair.w | {"b4": np.ones(1)})
    honest = certify(other).certificate
    assert honest["function"]["relation"] == "different"
    assert "equal normal forms" in str(says(other, {**honest, "function": certificate["function"]}))


@pytest.mark.parametrize(
    "multiplier", ["1e9", "1/0", "-1", "0", "2/4", "9" * 4000, "1/" + "7" * 3000, True, 1, None, "0x1.0p+0", ""]
)
def test_numbers_that_are_none_or_too_long_are_refused_at_once(multiplier):
    pair, certificate = certified()[0]
    forged = copy.deepcopy(certificate["function"])
    bound = next(bound for bound in forged["bounds"][0] if bound["terms"])
    bound["terms"][0] = [*bound["terms"][0][:3], multiplier]
    started = time.process_time()
    assert says(pair, certificate | {"function": forged})
    assert time.process_time() - started < 1


def test_many_bounds_are_refused_at_once():
    pair, certificate = certified()[0]
    forged = copy.deepcopy(certificate["function"])
    bound = next(bound for bound in forged["bounds"][0] if bound["terms"])
    forged["bounds"][0] = [{**bound, "terms": bound["terms"] * 400}] * 400
    started = time.process_time()
    assert says(pair, certificate | {"function": forged})
    assert time.process_time() - started < 5


def middle(matrix: np.ndarray) -> dict[str, np.ndarray]:
    space = mlp(1, *matrix.T.shape, 1)
    return {name: np.ones(shape) for name, shape in space.shapes.items()} | {"W2": matrix.astype(float)}


def circulant(size: int, *offsets: int) -> np.ndarray:
    return sum(np.roll(np.eye(size, dtype=int), offset, axis=1) for offset in offsets)


@pytest.fixture
def cubic(monkeypatch: pytest.MonkeyPatch) -> tuple[Pair, dict]:
    """Two cubic bipartite graphs with one rank over every field that is asked, told apart by their short cycles."""
    left, right = (
        circulant(13, 0, 1, 3),
        circulant(13, 0, 1, 2),
    )  # points and lines of the plane of order 3 have no 4-cycles
    monkeypatch.setattr("orbitcheck.harness.oracles.invariants.rank", lambda matrix, field: 0)
    pair = Pair(mlp(1, 13, 13, 1), middle(left), middle(right))
    return pair, dict(certify(pair).certificate)


def test_closed_walks_are_counted_alike_by_both():
    rng = np.random.default_rng(1)
    for _ in range(20):
        matrix = rng.integers(0, 2, rng.integers(1, 6, 2))
        power = matrix @ matrix.T
        counted = list(walks(matrix))
        for length, value in enumerate(counted, 1):
            assert (
                value == np.trace(np.linalg.matrix_power(power.astype(object), length)) == closed_walks(matrix, length)
            )


def test_closed_walks_stop_where_64_bits_end():
    assert len(list(walks(np.ones((64, 64), dtype=int)))) == 4  # 64 * (64^2)^5 is beyond 2^62
    assert list(walks(np.zeros((2, 2), dtype=int))) == [0] * 12


def test_honest_walks_hold_and_false_ones_do_not(cubic):
    pair, certificate = cubic
    statement = certificate["orbit"]
    assert (statement["kind"], statement["tensor"], statement["length"]) == ("walks", "W2", 2)
    assert says(pair, certificate) is None
    for change in (
        {"length": 1},
        {"length": 3},
        {"length": 0},
        {"length": True},
        {"length": 10**9},
        {"values": statement["values"][::-1]},
        {"values": [statement["values"][0]] * 2},
        {"values": [10**30, 1]},
        {"entry": (2.0).hex()},
        {"entry": None},
        {"entry": (0.0).hex()},
        {"tensor": "W1"},
        {"tensor": "b2"},
        {"tensor": "W9"},
    ):
        assert says(pair, certificate | {"orbit": statement | change}), change
    same = Pair(pair.space, pair.v, pair.v)
    assert says(same, dict(certify(same).certificate) | {"orbit": statement})
