"""Ranks, components and the first invariant that differs, by exact values."""

from __future__ import annotations

import json

import numpy as np
import pytest

from orbitcheck.harness.oracles import invariants
from orbitcheck.harness.oracles.invariants import _matrices, components, differing_invariant, rank
from orbitcheck.harness.weights.space import mlp

LARGE = 2**31 - 1


@pytest.mark.parametrize(
    ("rows", "ranks"),
    [
        # over Q, GF(2), GF(3), GF(2^31 - 1)
        ([[0, 0], [0, 0]], (0, 0, 0, 0)),
        ([[2]], (1, 0, 1, 1)),
        ([[0, 3]], (1, 1, 0, 1)),
        ([[0], [0], [6]], (1, 0, 0, 1)),
        ([[LARGE]], (1, 1, 1, 0)),
        ([[1, 1], [1, -1]], (2, 1, 2, 2)),
        ([[1, 2], [2, 1]], (2, 2, 1, 2)),
        ([[1, 2, 3], [4, 5, 6], [7, 8, 9]], (2, 2, 1, 2)),
        ([[0, 1, 1], [1, 0, 1], [1, 1, 0]], (3, 2, 3, 3)),
        ([[0, 0, 1], [0, 2, 5], [3, 5, 7]], (3, 2, 2, 3)),
        ([[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1], [1, 0, 0, 1]], (3, 3, 3, 3)),
        ([[1, 2, 3, 4], [2, 4, 6, 9]], (2, 2, 2, 2)),
        ([[1, 2], [2, 4], [3, 6], [0, 1]], (2, 2, 2, 2)),
        ([[2, 1, 1], [1, 2, 1], [1, 1, 2]], (3, 2, 3, 3)),
        ([[2**31, 3], [5, LARGE]], (2, 2, 2, 2)),
        ([[LARGE - 1, LARGE - 2], [LARGE - 3, LARGE - 6]], (2, 1, 2, 1)),
        ([[10**20 + 39, 7, 10**20 + 1], [3, 10**20 + 7, 5], [10**20 + 42, 10**20 + 14, 10**20 + 6]], (2, 1, 2, 2)),
        ([[10**20, 1, 0], [10**20 + 1, 1, 0], [0, 0, 10**30]], (3, 2, 3, 3)),
    ],
)
def test_ranks_over_the_fields(rows: list[list[int]], ranks: tuple[int, ...]):
    matrix = np.array(rows, dtype=object)
    before = matrix.copy()
    for oriented in (matrix, matrix.T):
        assert tuple(rank(oriented, field) for field in ("Q", 2, 3, LARGE)) == ranks
    assert (matrix == before).all()


@pytest.mark.parametrize(
    ("rows", "sizes"),
    [
        ([[0]], [1, 1]),
        ([[3]], [2]),
        ([[0, 0, 1]], [1, 1, 2]),
        ([[1, 0, 0], [0, 1, 1]], [2, 3]),
        ([[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1], [1, 0, 0, 1]], [8]),
        ([[1, 0, 0], [0, 0, 0], [1, 1, 0]], [1, 1, 4]),
        ([[0, 0, 1, 1], [1, 1, 0, 0], [0, 0, 0, 1], [0, 1, 0, 0], [0, 0, 0, 0]], [1, 4, 4]),
        ([[0, -1], [0, -1], [0, 0.5], [7, 0]], [2, 4]),
    ],
)
def test_components_of_the_graph_of_non_zero_entries(rows, sizes: list[int]):
    assert components(np.array(rows, dtype=object)) == sizes
    assert components(np.array(rows, dtype=object).T) == sizes


def differing(tools, left, right):
    space, v = tools.embedded(np.array(left, dtype=float))
    return differing_invariant(space, v, v | {"W2": np.array(right, dtype=float)})


def stated(field, values: list[int], entry: float | None = None) -> dict:
    return {
        "kind": "rank",
        "tensor": "W2",
        "entry": None if entry is None else entry.hex(),
        "field": field,
        "values": values,
    }


def test_the_first_rank_that_differs_is_stated(tools):
    found = differing(tools, tools.cycles(4), tools.cycles(2, 2))
    assert found == stated("Q", [3, 2]) and json.loads(json.dumps(found)) == found
    assert differing(tools, tools.cycles(2, 2), tools.cycles(4)) == stated("Q", [2, 3])
    assert differing(tools, [[1, 1], [1, -1]], [[1, 1], [0, 1]]) == stated(2, [1, 2])
    assert differing(tools, [[1, 2], [2, 1]], [[1, 0], [0, 1]]) == stated(3, [1, 2])
    assert differing(tools, [[LARGE, 0], [0, 1]], [[1, 0], [0, 1]]) == stated(LARGE, [1, 2])
    assert differing(tools, tools.cycles(4), tools.cycles(4)[::-1]) is None


def test_both_matrices_are_made_integers_by_one_power_of_two(tools):
    """Times 4 or times 2, the first has odd entries and the second even ones, or the other way round."""
    assert differing(tools, [[0.25, 0], [0, 0.25]], [[0.5, 0], [0, 0.5]]) == stated(2, [2, 0])
    assert differing(tools, [[2, 0], [0, 2]], [[0.5, 0], [0, 0.5]]) == stated(2, [0, 2])
    assert differing(tools, [[0.75, 0], [0, 0.25]], [[1.25, 0], [0, 0.25]]) == stated(3, [1, 2])


def test_integers_of_any_size_are_exact(tools):
    """A determinant of 2^11 between products of 2^115: floating point sees none."""
    exact = [[2.0**11 * (2**52 + 1), 2.0**11 * (2**52 + 2)], [-(2.0**52), -(2.0**52) - 1]]
    assert differing(tools, exact, [[1, 1], [1, 1]]) == stated("Q", [2, 1])


def test_ranks_are_also_those_of_the_places_of_one_value(tools):
    """Both have rank 3 over every field; the places of the zeros have not: over GF(2) three rows add up to nothing."""
    triangle = [[1, 1, 0], [0, 1, 1], [0, 0, 1]]
    assert differing(tools, np.eye(3), triangle) == stated(2, [2, 3], 0.0)
    assert differing(tools, 1 - np.eye(3), 1 - np.array(triangle)) == stated(2, [2, 3])


def test_the_most_frequent_values_come_first_and_of_those_the_least():
    left = np.arange(36.0).reshape(6, 6) % 18
    entries = [entry for entry, _, _ in _matrices(left, left)]
    assert entries == [None, 0, 1, 2, 3]
    left[0] = 17
    found = list(_matrices(left, left + 1))
    assert all(matrix.dtype == object for _, *both in found for matrix in both)  # Python's integers, without bounds
    assert [entry for entry, _, _ in found] == [None, 17, 6, 7, 8]
    assert found[0][1].tolist() == left.tolist() and found[0][2].tolist() == (left + 1).tolist()
    assert found[1][1].tolist() == (left == 17).tolist() and found[1][2].tolist() == (left == 16).tolist()


def test_components_are_those_of_the_places_of_one_value(tools, monkeypatch: pytest.MonkeyPatch):
    """Cycles of 14 and 6 against two of 10: equal ranks, other components; all neurons are joined by zeros."""
    nets = tools.cycles(7, 3), tools.cycles(5, 5)
    wanted = {"kind": "components", "tensor": "W2", "entry": (1.0).hex(), "values": [[6, 14], [10, 10]]}
    assert differing(tools, *nets) == wanted
    assert differing(tools, *(-0.5 * net for net in nets)) == wanted | {"entry": (-0.5).hex()}
    # Ones are the second most frequent value; a third of no places at all would come after them.
    monkeypatch.setattr(invariants, "VALUES", 2)
    assert differing(tools, *nets) == wanted
    # Of the zeros alone neither ranks nor components tell, but closed walks do: traces of (B B^T)^3.
    monkeypatch.setattr(invariants, "VALUES", 1)
    zeros = [(np.asarray(net) == 0).astype(int) for net in nets]
    values = [int(np.trace(np.linalg.matrix_power(places @ places.T, 3))) for places in zeros]
    assert values[0] != values[1]
    assert differing(tools, *nets) == {
        "kind": "walks",
        "tensor": "W2",
        "entry": (0.0).hex(),
        "length": 3,
        "values": values,
    }


def test_large_matrices_are_ranked_over_finite_fields_alone(tools, monkeypatch: pytest.MonkeyPatch):
    wide = np.ones((3, 1)) * tools.cycles(4)[:3], np.ones((3, 1)) * tools.cycles(2, 2)[:3]
    for nets, values in ((wide, [3, 2]), (tuple(net.T for net in wide), [3, 2])):
        monkeypatch.setattr(invariants, "RATIONAL_LIMIT", 4)
        assert differing(tools, *nets) == stated("Q", values)
        monkeypatch.setattr(invariants, "RATIONAL_LIMIT", 3)
        assert differing(tools, *nets) == stated(2, values)


def test_only_matrices_between_hidden_layers_are_looked_at():
    space = mlp(1, 2, 2, 2, 1)
    v = {name: np.ones(shape) for name, shape in space.shapes.items()}
    one, other = {"W2": np.eye(2)}, {"W3": np.array([[1.0, 0.0], [1.0, 1.0]])}
    assert differing_invariant(space, v, v | one) == stated("Q", [1, 2])
    assert differing_invariant(space, v, v | other) == stated("Q", [1, 2]) | {"tensor": "W3"}
    assert differing_invariant(space, v, v | one | other) == stated("Q", [1, 2])
    outer = {name: 0 * v[name] for name in ("W1", "b1", "b2", "b3", "W4", "b4")}
    assert differing_invariant(space, v, v | outer) is None


@pytest.mark.parametrize("seed", range(6))
def test_the_rank_of_a_product_over_an_identity_is_its_inner_size(seed: int):
    """`[I; X] [I Y]` has rank r over every field; minors of twelve digits and more are no floats."""
    rng = np.random.default_rng(seed)
    r = int(rng.integers(2, 6))
    x, y = (rng.integers(-(10**9), 10**9, (3, r)).astype(object) for _ in range(2))
    one = np.eye(r, dtype=int).astype(object)
    matrix = np.concatenate([one, x]) @ np.concatenate([one, y.T], axis=1)
    mixed = matrix[rng.permutation(len(matrix))][:, rng.permutation(len(matrix))]
    assert [rank(mixed, field) for field in ("Q", 2, 3, LARGE)] == [r] * 4


def test_walks_that_end_at_different_lengths_are_compared_as_far_as_both_go():
    assert invariants._first_difference(iter([4, 7]), iter([4, 7, 9])) is None
    assert invariants._first_difference(iter([4, 7, 9]), iter([4, 8])) == {"length": 2, "values": [7, 8]}
