"""One function of one variable: both nets are linear between the points and beyond them, and agree at the points.

Layer by layer, an argument is linear between two points (and beyond) if all arguments before it keep their signs there.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

from ...core.certificates import Part
from ...core.certificates.polyline import EqualPolylines
from ..exact.realised import realised, slopes_of
from ..exact.refuted import demand, rational
from ..exact.subject import Subject

WORK = 2**24
"""Digits of the points times parameters: some seconds."""


def equal_polylines(subject: Subject, said: EqualPolylines) -> None:
    space = subject.space
    demand(
        slopes_of(space.activation) is not None and space.widths[0] == 1, "piecewise-linear functions of one variable"
    )
    demand(len(said["points"]) >= 2, "two points at least")
    demand(sum(map(len, said["points"])) * space.parameters <= WORK, "few enough points to look at each")
    points = [rational(point) for point in said["points"]]
    demand(all(x < y for x, y in pairwise(points)), "the points rise strictly")
    traces = [[realised(space, net, [x]) for x in points] for net in subject.nets]
    demand([at.values for at in traces[0]] == [at.values for at in traces[1]], "equal outputs at the points")
    for trace in traces:
        z = [at.arguments for at in trace]
        between = [a * b for pair in pairwise(z) for a, b in zip(*pair, strict=True)]
        beyond = [a * (b - a) for i, j in ((1, 0), (-2, -1)) for a, b in zip(z[i], z[j], strict=True)]
        demand(min(between + beyond) >= 0, "no argument changes its sign between the points or beyond them")


UNBIDDEN = 2**14
"""Points times weights of a layer, where kinks are looked for without a proof that names them; an oracle looks further."""


def kinks(subject: Subject) -> list[Fraction] | None:
    """Points between and beyond which no argument of either net changes its sign; None where that takes more than `UNBIDDEN`.

    Layer by layer: arguments are linear between the points so far, and beyond the outermost two, so that each of their zeros there
    follows from two values; one more point on either side of all zeros tells how it goes on.
    """
    space = subject.space
    if slopes_of(space.activation) is None or space.widths[0] != 1:
        return None
    points, before = [Fraction(-1), Fraction(0), Fraction(1)], 0
    for layer in range(1, len(space.widths) - 1):
        if len(points) * space.widths[layer] * space.widths[layer - 1] > UNBIDDEN:
            return None
        own = slice(before, before + space.widths[layer])
        found = {*points}
        for net in subject.nets:
            at = [realised(space, net, [x]).arguments[own] for x in points]
            for row in zip(*at, strict=True):
                found |= {*_zeros(points, row)}
        points, before = [min(found) - 1, *sorted(found), max(found) + 1], own.stop
    return points


def _zeros(points: list[Fraction], row: tuple[Fraction, ...]) -> Iterator[Fraction]:
    """Where a line through two neighbouring values is zero, if that lies between them, or beyond them at either end."""
    for number, ((a, b), (left, right)) in enumerate(zip(pairwise(points), pairwise(row), strict=True)):
        if left != right:
            zero = a + (b - a) * left / (left - right)
            if (a < zero or not number) and (zero < b or number == len(points) - 2):
                yield zero


CHECKS = {(Part.FUNCTION, "equal", "polyline"): equal_polylines}
