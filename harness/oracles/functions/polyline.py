"""The function of a piecewise-linear net of one input, exactly: where it bends, and its values there.

Law: between neighbouring kinks and beyond the outermost ones no neuron's argument changes its sign, so that all neurons are
linear there. Hence two such nets compute one function iff they agree at the kinks of both and at a point beyond either end.

All numbers are rationals. A net has as many kinks as `capacity.pieces` allows at most, which grows with the product of the widths;
most have few more than neurons, so the work is stopped where a net turns out to have too many.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from ...weights.activations import SLOPES
from ...weights.space import WeightSpace

if TYPE_CHECKING:
    from ...weights.pair import Vector

LIMIT = 2**16
"""Products of a weight and a value that one layer may take: a second or two."""

Row = list[Fraction]
"""The values of one neuron at all points."""


@dataclass(frozen=True)
class Polyline:
    """A function of one variable, linear between neighbouring points and beyond the outermost two pairs.

    Args:
        points: rising; all but the first and the last are kinks, or harmless.
        values: of every output, at the points.
    """

    points: tuple[Fraction, ...]
    values: tuple[tuple[Fraction, ...], ...]

    @property
    def kinks(self) -> tuple[Fraction, ...]:
        return self.points[1:-1]

    def at(self, points: Sequence[Fraction]) -> list[Row]:
        """Values of every output at other points."""
        return [_resampled(self.points, row, points) for row in self.values]


def polyline(space: WeightSpace, v: Vector) -> Polyline | None:
    """The function of a net; None where it has more than one input, no kinks but curves, or too many kinks for `LIMIT`."""
    if space.widths[0] != 1 or space.activation not in SLOPES:
        return None
    points: list[Fraction] = [Fraction(-1), Fraction(0), Fraction(1)]
    rows: list[Row] = [list(points)]
    last = len(space.widths) - 1
    below, above = SLOPES[space.activation]
    for layer in range(1, last + 1):
        weights, biases = v[f"W{layer}"].tolist(), v[f"b{layer}"].tolist()
        if len(points) * len(weights) * len(rows) > LIMIT:
            return None
        rows = [_affine(weight, bias, rows) for weight, bias in zip(weights, biases, strict=True)]
        if layer < last:
            if below != above:
                zeros = {zero for row in rows for zero in _zeros(points, row)}
                finer = around(zeros.union(points[1:-1]))
                rows, points = [_resampled(points, row, finer) for row in rows], finer
            rows = [[z * (above if z > 0 else below) for z in row] for row in rows]
    return Polyline(tuple(points), tuple(map(tuple, rows)))


def around(kinks: Iterable[Fraction]) -> list[Fraction]:
    """The kinks in rising order, with a point one before the first and one after the last."""
    ordered = sorted(kinks)
    return [ordered[0] - 1, *ordered, ordered[-1] + 1]


def inputs_that_differ(left: Polyline, right: Polyline) -> Iterator[list[Fraction]]:
    """Inputs inside the pieces where two polylines are not equal: of three points on a line one at most has a gap of zero."""
    points = around({*left.kinks, *right.kinks})
    for rows in zip(left.at(points), right.at(points), strict=True):
        unequal = [v != w for v, w in zip(*rows, strict=True)]
        for (a, b), ends in zip(pairwise(points), pairwise(unequal), strict=True):
            if any(ends):
                yield from ([a + (b - a) * Fraction(part, 4)] for part in (1, 2, 3))


def _affine(weights: Sequence[float], bias: float, rows: Sequence[Row]) -> Row:
    entering = [(Fraction(weight), row) for weight, row in zip(weights, rows, strict=True) if weight]
    start = Fraction(bias)
    return [sum((weight * row[number] for weight, row in entering), start) for number in range(len(rows[0]))]


def _zeros(points: Sequence[Fraction], row: Row) -> Iterator[Fraction]:
    """Where a polyline that is not zero all along a piece crosses zero inside it; the outer pieces have no outer end."""
    final = len(points) - 2
    for number, ((a, b), (left, right)) in enumerate(zip(pairwise(points), pairwise(row), strict=True)):
        if left != right:
            zero = a + (b - a) * left / (left - right)
            if (number == 0 or a < zero) and (number == final or zero < b):
                yield zero


def _resampled(points: Sequence[Fraction], row: Sequence[Fraction], finer: Sequence[Fraction]) -> Row:
    """Values of a polyline at other points: on its pieces, or on the outer ones prolonged."""
    values = []
    for x in finer:
        number = min(max(bisect_right(points, x) - 1, 0), len(points) - 2)
        a, b = points[number], points[number + 1]
        values.append(row[number] + (x - a) / (b - a) * (row[number + 1] - row[number]))
    return values
