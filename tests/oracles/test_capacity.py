"""Capacity floors against brute force: all partitions in rationals, all breakpoints by linear programmes, counted pieces of real nets."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog, minimize

from orbitcheck.harness.oracles.capacity import l2_floor, pieces, pieces_of, sup_floor
from orbitcheck.harness.weights.space import SpaceError, mlp


def teeth(count: int) -> tuple[np.ndarray, np.ndarray]:
    """`count` teeth of height 1 on [0, 1], as points of their polyline."""
    return np.linspace(0, 1, 2 * count + 1), np.arange(2 * count + 1) % 2.0


def line_cost(x: list[Fraction], y: list[Fraction]) -> Fraction:
    """Least sum of squares around a line, from the normal equations."""
    size = len(x)
    mx, my = sum(x) / Fraction(size), sum(y) / Fraction(size)
    xx = sum(((a - mx) ** 2 for a in x), Fraction(0))
    xy = sum(((a - mx) * (b - my) for a, b in zip(x, y, strict=True)), Fraction(0))
    yy = sum(((b - my) ** 2 for b in y), Fraction(0))
    return yy - xy**2 / xx if xx else yy


def all_partitions(x, y, count: int) -> float:
    """Least mean square over every division of the points into at most `count` runs."""
    x, y = [Fraction(a) for a in x], [Fraction(b) for b in y]
    best = None
    for cuts in range(min(count, len(x))):
        for inner in combinations(range(1, len(x)), cuts):
            ends = [0, *inner, len(x)]
            total = sum((line_cost(x[a:b], y[a:b]) for a, b in pairwise(ends)), Fraction(0))
            best = total if best is None else min(best, total)
    assert best is not None
    return float(best / len(x))


@given(st.integers(0, 2**32 - 1))
@settings(derandomize=True, deadline=None, max_examples=60)
def test_the_mean_square_floor_is_the_best_of_all_partitions(seed: int):
    rng = np.random.default_rng(seed)
    count, allowed = int(rng.integers(2, 9)), int(rng.integers(1, 5))
    x = rng.permutation(20)[:count] / 4
    y = rng.integers(-8, 9, (2, count)) / 4
    order = np.argsort(x)
    wanted = np.mean([all_partitions(x[order], row[order], allowed) for row in y])
    assert l2_floor(x, y, allowed) == pytest.approx(wanted, rel=1e-9, abs=1e-15)


def test_a_perfect_fit_leaves_only_rounding():
    x = np.linspace(-2, 2, 101)
    y = np.abs(x) + 0.25 * np.abs(x - 0.6) + 1000.0
    assert l2_floor(x, y, 3) < 1e-24
    assert l2_floor(x, y, 2) > 1e-6


def relu_nets(rng: np.random.Generator, networks: int, widths: list[int]) -> np.ndarray:
    """Values on a grid of the mean of random ReLU networks."""
    x = np.linspace(-3, 3, 60001)
    total = np.zeros_like(x)
    for _ in range(networks):
        values = x[:, None]
        for width in widths:
            weight = rng.normal(size=(width, values.shape[1]))
            values = np.maximum(values @ weight.T + rng.normal(size=width), 0)
        total += values @ rng.normal(size=values.shape[1])
    return np.stack([x, total / networks])


def counted(x: np.ndarray, y: np.ndarray) -> int:
    """Linear pieces that show on the grid: runs of equal slope, each kink moving one slope between two others."""
    bend = np.abs(np.diff(y, 2)) > 1e-9 * (1 + np.abs(y).max())
    return 1 + int((bend & ~np.concatenate([[False], bend[:-1]])).sum())


@pytest.mark.parametrize(("networks", "widths"), [(1, [5]), (4, [5]), (1, [3, 3]), (2, [2, 3]), (1, [2, 2, 2])])
def test_networks_have_no_more_pieces_than_the_bound(networks: int, widths: list[int]):
    rng = np.random.default_rng([networks, *widths])
    most = max(counted(*relu_nets(rng, networks, widths)) for _ in range(40))
    assert 2 < most <= pieces(networks, *widths)


def test_the_bound_of_one_hidden_layer_is_attained_and_of_teeth_composed_too():
    x = np.linspace(0, 1, 641)
    one = sum(np.maximum(x - kink / 8, 0) * (-1) ** kink for kink in range(1, 8))
    assert counted(x, one) == pieces(1, 7) == 8

    # A tent on [0, 1] is a (1, 2, 1) network up to its ends; composed with itself it has 4 pieces there, of 9 allowed.
    def tent(z):
        return 2 * np.maximum(z, 0) - 4 * np.maximum(z - 0.5, 0)

    assert counted(x, tent(tent(x))) == 4 <= pieces(1, 2, 2) == 9


def test_pieces_of_a_space_are_those_of_its_hidden_layers():
    assert pieces_of(mlp(1, 8, 1), 4) == pieces(4, 8) == 33
    assert pieces_of(mlp(1, 8, 8, 1, activation="abs")) == 81
    assert pieces_of(mlp(1, 8, 8, 1, activation="identity"), 4) == 1
    for space, message in (
        (mlp(2, 8, 1), "one input only"),
        (
            mlp(1, 8, 1, activation="tanh"),
            "not piecewise linear; a bound of pieces needs one of relu, leaky-relu, abs, identity",
        ),
    ):
        with pytest.raises(SpaceError, match=message):
            pieces_of(space)


def sup_floor_teeth(count: int, allowed: int) -> float:
    """The least sup-norm distance from `count` teeth of height 1 to continuous functions with so many pieces: 1/2 or 0.

    Proof. The teeth are 0, 1, 0, ..., 0 at 2m + 1 points in turn. A function closer than 1/2 lies below 1/2, above it, ... there,
    so it crosses 1/2 in 2m places, no two in one piece. The constant 1/2 attains 1/2, the teeth themselves have 2m pieces.
    """
    return 0.5 if allowed < 2 * count else 0.0


@pytest.mark.parametrize("count", [1, 2, 3, 4, 8])
def test_teeth_need_two_pieces_each(count: int):
    x, y = teeth(count)
    for allowed in range(1, 2 * count + 3):
        floor = sup_floor(x, y, allowed)
        assert floor == pytest.approx(sup_floor_teeth(count, allowed), abs=1e-12)
        assert (l2_floor(x, y, allowed) > 1e-12) == (2 * allowed < len(x))


def distance(x: np.ndarray, y: np.ndarray, kinks: np.ndarray) -> float:
    """The least sup-norm distance of the polyline (x, y) to continuous functions with these kinks: a linear programme."""
    knots = np.concatenate([[x[0]], np.sort(np.clip(kinks, x[0], x[-1])), [x[-1]]])
    points = np.union1d(x, knots)
    hats = np.array([[1.0, *np.maximum(p - knots[:-1], 0)] for p in points])
    target = np.interp(points, x, y)
    ones = np.ones((len(points), 1))
    found = linprog(
        [0.0] * hats.shape[1] + [1.0],
        A_ub=np.vstack([np.hstack([hats, -ones]), np.hstack([-hats, -ones])]),
        b_ub=np.concatenate([target, -target]),
        bounds=[(None, None)] * hats.shape[1] + [(0, None)],
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    return float(found.fun)


def drawn(seed: int) -> tuple[list[float], list[float], int]:
    rng = np.random.default_rng(seed)
    return (np.sort(rng.permutation(13)[:6]) / 4).tolist(), (rng.integers(-8, 9, 6) / 4).tolist(), 2 + seed % 2


TURNS = [
    ([0.25, 2.75, 3.75, 5.0, 6.0], [1.25, -0.5, -0.25, 0.75, 2.0], 3),
    ([-4.75, -2.5, -1.25, 0.25, 3.25, 3.5], [0.5, -2.0, -0.75, -1.25, -2.0, -0.25], 2),
    ([-5.0, -4.0, -3.0, -2.0, -1.0, 0.0], [-1.75, -0.75, 0.75, 1.25, 2.0, 0.75], 2),
    ([-5.0, -4.0, -3.0, -2.0, -1.0], [0.25, 1.5, 1.25, -0.5, -0.5], 2),
]
"""Where a line must turn at a place that the one before decides: left of zero, and where the links meet on a wall."""


@pytest.mark.parametrize(("x", "y", "allowed"), [*map(drawn, range(12)), *TURNS])
def test_the_sup_floor_is_the_best_of_all_breakpoints(x, y, allowed: int):
    """Two and three pieces, every pair of places of a grid for the kinks, then refined: never below the floor, and down to it."""
    x, y = np.array(x), np.array(y)
    floor = sup_floor(x, y, allowed)
    grid = np.linspace(x[0], x[-1], 60 if allowed == 2 else 14)
    tried = {kinks: distance(x, y, np.array(kinks)) for kinks in combinations(grid, allowed - 1)}
    assert min(tried.values()) >= floor - 1e-9
    best = np.inf
    for kinks in sorted(tried, key=lambda kinks: tried[kinks])[:3]:
        refined = minimize(
            lambda t: distance(x, y, t),
            kinks,
            method="Nelder-Mead",
            options={"xatol": 1e-7, "fatol": 1e-9, "maxiter": 120},
        )
        best = min(best, refined.fun)
    assert best >= floor - 1e-9
    assert best == pytest.approx(floor, abs=2e-3)


def test_more_pieces_and_jumps_lower_the_floor():
    rng = np.random.default_rng(3)
    for _ in range(4):
        x, y = np.sort(rng.random(14)), rng.normal(size=14).cumsum()
        joined = [sup_floor(x, y, allowed) for allowed in range(1, 14)]
        apart = [sup_floor(x, y, allowed, continuous=False) for allowed in range(1, 14)]
        assert joined == sorted(joined, reverse=True)
        assert apart == sorted(apart, reverse=True)
        assert all(weak <= strong + 1e-12 for weak, strong in zip(apart, joined, strict=True))
        assert apart[0] == joined[0] > 0 and joined[-1] == 0.0
        assert sum(weak < strong - 1e-9 for weak, strong in zip(apart, joined, strict=True)) > 2
        # A jump is the limit of one steep piece: 2k - 1 pieces that join come as near as k that need not.
        assert all(joined[2 * k - 2] <= apart[k - 1] + 1e-9 for k in range(1, 7))


def test_one_piece_is_the_line_of_chebyshev():
    assert sup_floor(np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 0.0]), 1) == pytest.approx(0.5, abs=1e-12)
    assert sup_floor(np.array([0.0, 1.0, 4.0]), np.array([0.0, 1.0, 4.0]), 1) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("floor", [sup_floor, l2_floor])
def test_small_integers_are_numbers_like_others(floor):
    """Differences of bytes would wrap round."""
    x, y = np.array([-100, 100, 101, 102]), np.array([-100, 100, -100, 0])
    for allowed in (1, 2):
        assert floor(x.astype(np.int8), y.astype(np.int8), allowed) == floor(x.astype(float), y.astype(float), allowed)
    assert sup_floor(x[:3].astype(np.int8), y[:3].astype(np.int8), 1) == pytest.approx(100)


@pytest.mark.parametrize("floor", [sup_floor, l2_floor])
@pytest.mark.parametrize(
    ("x", "y", "allowed", "message"),
    [
        ([0.0, 1.0], [0.0, 1.0], 0, "0 pieces"),
        ([0.0], [0.0], 1, "at least two points"),
        ([0.0, 1.0], [0.0, 1.0, 2.0], 1, "at least two points"),
        ([0.0, 0.0], [0.0, 1.0], 1, "^two points have the same x$"),
        ([0.0, 1.0], [0.0, np.inf], 1, "^x or y holds numbers that are NaN or infinite$"),
    ],
)
def test_points_that_make_no_polyline_are_refused(floor, x, y, allowed: int, message: str):
    with pytest.raises(ValueError, match=message):
        floor(np.array(x), np.array(y), allowed)
