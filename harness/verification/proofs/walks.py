"""Two orbits: the graphs of one value of an inner weight matrix have other numbers of closed walks of some length."""

from __future__ import annotations

from collections import Counter

import numpy as np

from ...core.certificates import Part
from ...core.certificates.walks import OtherWalks
from ..exact.refuted import demand, floating
from ..exact.subject import Subject

LONGEST = 12
WORK = 2**25
"""Steps of walks, counted a start and an edge; some seconds."""


def other_walks(subject: Subject, said: OtherWalks) -> None:
    space, name, length = subject.space, said["tensor"], said["length"]
    axes = space.axes.get(name, ())
    inner = len(axes) == 2 and axes[0] != axes[1] and {*axes} <= {*space.permuted}
    demand(inner, "an inner weight matrix: both axes are permuted, and not as one")
    demand(type(length) is int and 1 <= length <= LONGEST, f"a length from 1 to {LONGEST}")
    entry = floating(said["entry"])
    places = [net[name] == entry for net in subject.nets]
    work = sum(2 * length * len(place) * int(place.sum()) for place in places)
    demand(work <= WORK, "walks that are few enough to be counted")
    values = [closed_walks(place, length) for place in places]
    demand(values == said["values"] and values[0] != values[1], f"the closed walks in {name}")


def closed_walks(places: np.ndarray, length: int) -> int:
    """Walks from a row to a column and on to a row, `length` times, that end where they started; step by step."""
    columns = [np.flatnonzero(row).tolist() for row in places]
    rows = [np.flatnonzero(column).tolist() for column in places.T]
    found = 0
    for start in range(len(columns)):
        at = Counter({start: 1})
        for _ in range(length):
            for ends in (columns, rows):
                after: Counter[int] = Counter()
                for place, ways in at.items():
                    for end in ends[place]:
                        after[end] += ways
                at = after
        found += at[start]
    return found


CHECKS = {(Part.ORBIT, "different", "walks"): other_walks}
