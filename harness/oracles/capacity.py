"""How well a piecewise-linear function of one variable can do with few pieces: floors of operators that emit a small network.

A network with one input and piecewise-linear neurons computes a continuous function with a bounded number of linear pieces
(`pieces`). Not every such function is a network of that size, so what no function with as many pieces attains, no network does:
the numbers here are lower bounds. They are exact for continuous piecewise-linear functions in the sup norm (`sup_floor`), and for
functions that may jump between pieces in the mean square (`l2_floor`).

Source: theory.md, section 7; prop-7.1 for the argument by pieces.
"""

from __future__ import annotations

from math import prod

import numpy as np

from ..weights.activations import HOMOGENEOUS
from ..weights.space import SpaceError, WeightSpace

BISECTIONS = 60
BATCH = 2**22
"""Numbers that one step of the dynamic programme holds at once."""


def pieces(networks: int, *widths: int) -> int:
    """Pieces at most of the mean of `networks` networks of one input and hidden layers of these widths: `1 + k (prod(n_l + 1) - 1)`.

    Proof. Let the neurons up to layer l have B_l kinks between them, as functions of the input, B_0 = 0. A neuron of layer l + 1
    takes an argument that is linear on each of B_l + 1 intervals, where it adds a kink at one zero at most. So `B_{l+1} + 1 <=
    B_l + n_{l+1} (B_l + 1) + 1 = (B_l + 1) (n_{l+1} + 1)`. A mean of k functions has no kink that none of them has.
    With one hidden layer of n: k n + 1.
    """
    return 1 + networks * (prod(width + 1 for width in widths) - 1)


def pieces_of(space: WeightSpace, networks: int = 1) -> int:
    """As `pieces`, for every output of the mean of networks of an MLP space.

    Raises:
        SpaceError: not an MLP space, more than one input, or an activation that is not piecewise linear: no bound is known.
    """
    if space.widths[0] != 1:
        raise SpaceError(f"pieces are bounded for networks of one input only, not for {space}")
    if space.activation == "identity":
        return 1
    if space.activation not in HOMOGENEOUS:
        raise SpaceError(f"{space} is not piecewise linear; a bound of pieces needs one of {', '.join(HOMOGENEOUS)}")
    return pieces(networks, *space.widths[1:-1])


def sup_floor(x: np.ndarray, y: np.ndarray, pieces: int, *, continuous: bool = True) -> float:
    """The least sup-norm distance from the polyline through `(x, y)` to functions with so many linear pieces, from below.

    Bisection on the error e: some function is within e iff a polyline of so many links runs through the tube of half-width e
    around the target. Links are laid one by one, each as far as any can go. A last line that touches the lower wall at A and then
    ends at B on the upper wall parts the tube: everything beyond is reached across the segment A B alone, by lines that stay above
    the lower wall from A on and below the upper wall from B on. So the greedy path has the fewest links.

    Args:
        x: `[points]`, distinct. y: `[points]`, the target's values; between points it is linear.
        pieces: at least 1.
        continuous: False lets pieces jump; a weaker bound, since a new link then starts anywhere at B.

    Raises:
        ValueError: fewer than two points, equal x, shapes that differ, numbers that are not finite.
    """
    x, y = _ordered(x, y, pieces)
    low, high = 0.0, float(y.max() - y.min()) / 2
    if pieces >= len(x) - 1:
        return 0.0
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        if _within(x, y - middle, y + middle, pieces, continuous):
            high = middle
        else:
            low = middle
    return low


def l2_floor(x: np.ndarray, y: np.ndarray, pieces: int) -> float:
    """The least mean squared distance at the points `x` from functions that are linear on so many intervals.

    Segmented least squares: every interval holds consecutive points, and on them no line does better than the least-squares line;
    the best division is found by dynamic programming over where the last interval starts. Pieces need not join, so this is a
    lower bound for continuous functions.

    Args:
        x: `[points]`, distinct.
        y: `[..., points]`; leading axes are targets of their own, each fitted with so many pieces; the mean over all is returned.
        pieces: at least 1.

    Raises:
        ValueError: as `sup_floor`.
    """
    x, y = _ordered(x, y, pieces)
    targets = y.reshape(-1, len(x))
    if 2 * pieces >= len(x):
        return 0.0
    step = max(1, BATCH // len(x) ** 2)
    totals = [_segmented(x, targets[start : start + step], pieces) for start in range(0, len(targets), step)]
    return float(np.concatenate(totals).mean() / len(x))


def _ordered(x: np.ndarray, y: np.ndarray, pieces: int) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if pieces < 1:
        raise ValueError(f"{pieces} pieces; a function has at least 1")
    if x.ndim != 1 or len(x) < 2 or y.shape[-1:] != x.shape or not y.size:
        raise ValueError(
            f"x has shape {x.shape} and y {y.shape}; allowed: [points] and [..., points], at least two points"
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("x or y holds numbers that are NaN or infinite")
    order = np.argsort(x)
    if (np.diff(x[order]) <= 0).any():
        raise ValueError("two points have the same x")
    return x[order], y[..., order]


def _within(x: np.ndarray, low: np.ndarray, high: np.ndarray, pieces: int, continuous: bool) -> bool:
    """Whether `pieces` links run from the first to the last x between the two walls."""
    floor_start, roof_start = (float(x[0]), float(low[0])), (float(x[0]), float(high[0]))
    for _ in range(pieces):
        end = _farthest(x, low, high, floor_start, roof_start)
        if end is None:
            return True
        touched, hit, on_roof = end
        here = hit[0]
        if not continuous:
            floor_start = (here, float(np.interp(here, x, low)))
            roof_start = (here, float(np.interp(here, x, high)))
        else:
            floor_start, roof_start = (touched, hit) if on_roof else (hit, touched)
    return False


Point = tuple[float, float]


def _farthest(
    x: np.ndarray, low: np.ndarray, high: np.ndarray, floor_start: Point, roof_start: Point
) -> tuple[Point, Point, bool] | None:
    """How far one line goes that stays above the floor from `floor_start` on and below the roof from `roof_start` on.

    Returns:
        None if it reaches the last x; else the last point that the farthest line touches, where it ends, and whether that is the
        roof.

    A line fits iff the largest slope that a point of the roof behind one of the floor allows is no less than the smallest that a
    point of the floor behind one of the roof demands. The line that goes farthest to the roof is the one of smallest slope.
    """
    floor_x, floor_y, roof_x, roof_y = (np.empty(len(x) + 1) for _ in range(4))
    (floor_x[0], floor_y[0]), (roof_x[0], roof_y[0]) = floor_start, roof_start
    floors = roofs = 1
    least, most = -np.inf, np.inf
    least_touch = most_touch = floor_start
    if floor_start[0] > roof_start[0]:
        least, least_touch = (floor_start[1] - roof_start[1]) / (floor_start[0] - roof_start[0]), floor_start
    elif roof_start[0] > floor_start[0]:
        most, most_touch = (roof_start[1] - floor_start[1]) / (roof_start[0] - floor_start[0]), roof_start
    for i in range(int(np.searchsorted(x, min(floor_start[0], roof_start[0]), side="right")), len(x)):
        if x[i] > roof_start[0]:
            before = floor_x[:floors] < x[i]
            slopes = (high[i] - floor_y[:floors][before]) / (x[i] - floor_x[:floors][before])
            slope = slopes.min(initial=np.inf)
            if slope < least:
                return least_touch, _hit(least_touch, least, x, high, i, roof_start[0]), True
            if slope <= most:
                most, most_touch = slope, (float(x[i]), float(high[i]))
        if x[i] > floor_start[0]:
            before = roof_x[:roofs] < x[i]
            slopes = (low[i] - roof_y[:roofs][before]) / (x[i] - roof_x[:roofs][before])
            slope = slopes.max(initial=-np.inf)
            if slope > most:
                return most_touch, _hit(most_touch, most, x, low, i, floor_start[0]), False
            if slope >= least:
                least, least_touch = slope, (float(x[i]), float(low[i]))
            floor_x[floors], floor_y[floors] = x[i], low[i]
            floors += 1
        if x[i] > roof_start[0]:
            roof_x[roofs], roof_y[roofs] = x[i], high[i]
            roofs += 1
    return None


def _hit(touched: Point, slope: float, x: np.ndarray, wall: np.ndarray, i: int, start: float) -> Point:
    """Where the line through `touched` meets the wall's edge that ends at point i, or begins at `start` on that edge."""
    left = max(float(x[i - 1]), start)
    at_left = float(np.interp(left, x, wall))
    gap_left = at_left - (touched[1] + slope * (left - touched[0]))
    gap_right = float(wall[i]) - (touched[1] + slope * (float(x[i]) - touched[0]))
    share = gap_left / (gap_left - gap_right) if gap_left != gap_right else 0.0
    share = min(1.0, max(0.0, share))
    return left + share * (float(x[i]) - left), at_left + share * (float(wall[i]) - at_left)


def _segmented(x: np.ndarray, y: np.ndarray, pieces: int) -> np.ndarray:
    """`[targets]`: the least sum of squares of `[targets, points]` in `pieces` intervals."""
    costs = _line_costs(x, y)
    best = costs[:, 0, :]
    for _ in range(pieces - 1):
        # best[:, i - 1] + costs[:, i, j]: the last interval starts at point i; with i = 0 there is one interval fewer.
        before = np.concatenate([np.zeros((len(y), 1)), best[:, :-1]], axis=1)
        best = (before[:, :, None] + costs).min(axis=1)
    return best[:, -1]


def _line_costs(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """`[targets, points, points]`: sum of squares of points i..j around their own line; infinite for j < i.

    A point that joins a fitted line adds `r^2 / (1 + h)`, r its distance from the line and h its leverage: sums of positive
    numbers, exact to rounding also where the fit is perfect.
    """
    count = len(x)
    costs = np.full((len(y), count, count), np.inf)
    sums = np.zeros((len(y), count))
    mean_y, covariance = np.zeros((len(y), count)), np.zeros((len(y), count))
    size, mean_x, spread = np.zeros(count), np.zeros(count), np.zeros(count)
    for j in range(count):
        open_ = slice(0, j + 1)
        known = size[open_] >= 2
        slope = np.divide(covariance[:, open_], spread[open_], out=np.zeros((len(y), j + 1)), where=known)
        away = x[j] - mean_x[open_]
        residual = y[:, j : j + 1] - mean_y[:, open_] - slope * away
        leverage = 1 / np.maximum(size[open_], 1) + np.divide(away**2, spread[open_], out=np.zeros(j + 1), where=known)
        sums[:, open_] += np.where(known, residual**2 / (1 + leverage), 0.0)
        costs[:, open_, j] = sums[:, open_]
        size[open_] += 1
        rise = y[:, j : j + 1] - mean_y[:, open_]
        mean_x[open_] += away / size[open_]
        mean_y[:, open_] += rise / size[open_]
        spread[open_] += away * (x[j] - mean_x[open_])
        covariance[:, open_] += away * (y[:, j : j + 1] - mean_y[:, open_])
    return costs
