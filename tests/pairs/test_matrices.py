"""The middle matrices are what they are called: ranks, regularity, designs, strongly regular graphs."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest

from orbitcheck.harness.pairs import PAIR_FAMILIES
from orbitcheck.harness.pairs.cycles import cycle, disjoint_union, path
from orbitcheck.harness.pairs.designs import BIPLANES, ROOK, SHRIKHANDE, cai_fuerer_immerman
from orbitcheck.harness.pairs.regular import RegularParameters, random_margins, rational_rank


def rank(matrix: np.ndarray, modulus: int | None = None) -> int:
    """Gauss elimination over Q, or over GF(modulus)."""
    number = (lambda x: int(x) % modulus) if modulus else (lambda x: Fraction(int(x)))
    rows = [[number(x) for x in row] for row in matrix]
    found = 0
    for column in range(matrix.shape[1]):
        pivot = next((r for r in range(found, len(rows)) if rows[r][column]), None)
        if pivot is None:
            continue
        rows[found], rows[pivot] = rows[pivot], rows[found]
        scale = pow(rows[found][column], -1, modulus) if modulus else 1 / rows[found][column]
        for r in range(found + 1, len(rows)):
            factor = rows[r][column] * scale
            rows[r] = [
                (x - factor * y) % modulus if modulus else x - factor * y
                for x, y in zip(rows[r], rows[found], strict=True)
            ]
        found += 1
    return found


def test_prop_6_2_has_ranks_three_and_two():
    family = PAIR_FAMILIES["bipartite-cycles"]
    assert family.claim == "prop-6.2"
    pair = family.make(family.parameters(), None, "#0", np.random.default_rng(0))
    assert pair.space.widths == (1, 4, 4, 1)
    assert (rank(pair.v["W2"]), rank(pair.w["W2"])) == (3, 2)
    assert set(pair.v["W2"].flat) == set(pair.w["W2"].flat) == {0.0, 1.0}


@pytest.mark.parametrize("half", range(2, 9))
def test_cycles_and_paths_have_their_ranks(half):
    assert rank(cycle(half)) == half - (half % 2 == 0)
    assert set(cycle(half).sum(0)) == set(cycle(half).sum(1)) == {2.0}
    assert path(half).sum() == 2 * half - 1 and rank(path(half)) == half


def test_a_disjoint_union_adds_ranks():
    union = disjoint_union(path(0), cycle(4), path(3))
    assert union.shape == (7, 7) and rank(union) == 6


def test_biplanes_are_designs_with_gf2_ranks_six_seven_eight():
    assert {rank(matrix, 2) for matrix in BIPLANES.values()} == {6, 7, 8}
    for name, matrix in BIPLANES.items():
        assert rank(matrix, 2) == name
        for gram in (matrix @ matrix.T, matrix.T @ matrix):
            assert np.array_equal(gram, 4 * np.eye(16) + 2 * np.ones((16, 16)))


@pytest.mark.parametrize("adjacency", [ROOK, SHRIKHANDE], ids=["rook", "shrikhande"])
def test_graphs_are_strongly_regular_16_6_2_2(adjacency):
    assert np.array_equal(adjacency, adjacency.T) and not adjacency.diagonal().any()
    assert np.array_equal(adjacency @ adjacency, 4 * np.eye(16) + 2 * np.ones((16, 16)))


def test_rook_has_cliques_of_four_and_shrikhande_has_none():
    def cliques(adjacency: np.ndarray) -> int:
        return sum(all(adjacency[a, b] for a, b in combinations(four, 2)) for four in combinations(range(16), 4))

    assert (cliques(ROOK), cliques(SHRIKHANDE)) == (8, 0)


@pytest.mark.parametrize("twisted", [False, True])
def test_cai_fuerer_immerman_graphs_are_biregular(twisted):
    matrix = cai_fuerer_immerman(twisted=twisted)
    assert matrix.shape == (12, 16)
    assert set(matrix.sum(0)) == {3.0} and set(matrix.sum(1)) == {4.0}


@pytest.mark.parametrize(
    ("size", "degree"), [(n, k) for n in range(4, 10) for k in range(2, n - 1)] + [(32, 2), (32, 16)]
)
def test_regular_pairs_are_regular_and_differ_in_rank(size, degree):
    family = PAIR_FAMILIES["regular-bipartite"]
    for seed in range(2):
        parameters = RegularParameters(size=size, degree=degree)
        pair = family.make(parameters, None, "#0", np.random.default_rng(seed))
        for vector in (pair.v, pair.w):
            assert set(vector["W2"].flat) == {0.0, 1.0}
            assert set(vector["W2"].sum(0)) == set(vector["W2"].sum(1)) == {float(degree)}
        assert rank(pair.v["W2"]) != rank(pair.w["W2"])


def test_random_margins_reaches_every_matrix():
    rng = np.random.default_rng(0)
    two, seen = np.full(4, 2), set()
    for _ in range(1500):
        drawn = random_margins(two, two, rng)
        assert set(drawn.ravel().tolist()) <= {0, 1} and (drawn.sum(0) == 2).all() and (drawn.sum(1) == 2).all()
        seen.add(drawn.tobytes())
        if len(seen) == 90:
            break
    assert len(seen) == 90


def test_rational_rank_agrees_with_fractions():
    rng = np.random.default_rng(0)
    for _ in range(200):
        shape = rng.integers(1, 7, 2)
        matrix = rng.integers(-2, 3, shape) * rng.integers(0, 2, shape)
        assert rational_rank(matrix) == rank(matrix)
