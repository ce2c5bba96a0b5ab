"""The sup-norm floor at points: how near functions with few linear pieces can come to given values, point by point.

`capacity.sup_floor` compares with a target on the whole line. What a row measures is the largest error at the points alone, and a
kink between two points may lower that, so here is the bound for points: no function that is linear on so many intervals comes nearer
to all of them. Pieces need not join, so it is a lower bound for continuous functions too. Exact, up to rounding.

Proof sketch. The best line through consecutive points misses one of them by the largest half-distance of a point from the chord of two
others around it (Chebyshev's alternation: three points decide); the best division minimises the worst of its parts.

Source: theory.md, section 7; protocol.md, section 5: the sup norm beside the mean square where the theorem speaks of it.
"""

from __future__ import annotations

import numpy as np


def line_errors(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """`[points, points]`: at (a, b), a <= b, the least largest distance of a line from the points a to b.

    Args:
        x: `[points]`, rising. y: `[points]`.
    """
    count = len(x)
    chords = np.zeros((count, count))
    for first in range(count - 2):
        last, middle = np.arange(first + 2, count)[:, None], np.arange(first + 1, count - 1)[None, :]
        on = y[first] + (y[last] - y[first]) * (x[middle] - x[first]) / (x[last] - x[first])
        chords[first, first + 2 :] = np.where(middle < last, np.abs(y[middle] - on), 0.0).max(axis=1) / 2
    # The worst chord between two points that lie inside: running maxima over the first point, from behind, and over the last.
    return np.maximum.accumulate(np.maximum.accumulate(chords[::-1], axis=0)[::-1], axis=1)


def sup_floor_at(x: np.ndarray, y: np.ndarray, pieces: int) -> float:
    """The least largest distance at the points from functions that are linear on so many intervals.

    Args:
        x: `[points]`, distinct. y: `[points]`. pieces: at least 1.

    Raises:
        ValueError: no piece, or shapes that differ.
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if pieces < 1 or x.ndim != 1 or x.shape != y.shape:
        raise ValueError(f"{pieces} pieces, x of shape {x.shape}, y of shape {y.shape}; allowed: 1 and more, one shape")
    if 2 * pieces >= len(x):
        return 0.0
    order = np.argsort(x)
    errors = line_errors(x[order], y[order])
    best = errors[0]  # up to point b with one piece
    for _ in range(pieces - 1):
        starts = np.concatenate([[0.0], best[:-1]])[:, None]
        best = np.minimum(best, np.where(np.tri(len(x), dtype=bool).T, np.maximum(starts, errors), np.inf).min(axis=0))
    return float(best[-1])
