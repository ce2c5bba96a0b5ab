"""One function of one variable: both nets are linear between the points and beyond them, and agree at the points.

Layer by layer, an argument is linear between two points (and beyond) if all arguments before it keep their signs there.
"""

from __future__ import annotations

from itertools import pairwise

from ...core.certificates import Part
from ...core.certificates.polyline import EqualPolylines
from ..exact.realised import SLOPES, realised
from ..exact.refuted import demand, rational
from ..exact.subject import Subject

WORK = 2**24
"""Digits of the points times parameters: some seconds."""


def equal_polylines(subject: Subject, said: EqualPolylines) -> None:
    space = subject.space
    demand(space.activation in SLOPES and space.widths[0] == 1, "piecewise-linear functions of one variable")
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


CHECKS = {(Part.FUNCTION, "equal", "polyline"): equal_polylines}
