"""`unknown` is refused where the slow second opinion can decide: by ranks, by a search for a permutation, by what proves functions
equal, by inputs at which they differ, or by all kinks of functions of one variable."""

from __future__ import annotations

from collections import Counter
from itertools import chain

from ...core.certificates import Part
from ...weights.networks.forms import has_function
from ..exact.realised import places, realised
from ..exact.refuted import Refuted, demand
from ..exact.structure import Node, Structure
from ..exact.subject import Subject
from ..exact.tuples import Tuples
from . import colours, matrices, normal_form, polyline

WORK = 60_000
"""Refinements times parameters: some seconds."""


FIELDS: tuple[str | int, ...] = (2, 3, "Q")
ENTRIES = 1024
"""Of a matrix whose rank is asked unbidden."""


def unknown_orbit(subject: Subject, said: object) -> None:
    for name in subject.space.axes:
        for field in FIELDS:
            demand(not ranks_differ(subject, name, field), f"the orbits are unknown, though the ranks of {name} differ")
    found = one_orbit(subject.structure)
    demand(found is None, f"the orbits are unknown, though they are {'one' if found else 'two'}")


def ranks_differ(subject: Subject, name: str, field: str | int) -> bool:
    """Whether an inner matrix of moderate size has another rank in w; a rank is that of the orbit."""
    axes = subject.space.axes[name]
    inner = len(axes) == 2 and axes[0] != axes[1] and {*axes} <= {*subject.space.permuted}
    if not inner or subject.nets[0][name].size > ENTRIES:
        return False
    left, right = matrices.integers([net[name] for net in subject.nets])
    return matrices.rank(left, field) != matrices.rank(right, field)


def unknown_function(subject: Subject, said: object) -> None:
    if not subject.space.is_mlp:
        known = has_function(subject.space) and not subject.structure.parted()
        demand(not known, "the functions are unknown, though refinement never parts the two")
        demand(
            not normal_form.are_factors(subject.space), "the functions are unknown, though products of factors decide"
        )
        return
    for name, check in (
        ("late rounds", colours.late_round),
        ("outputs", colours.forward),
        ("forms", normal_form.equal_forms),
    ):
        try:
            check(subject, said)
        except Refuted:
            continue
        raise Refuted(f"does not hold: the functions are unknown, though they are equal, by their {name}")
    v, w = subject.nets
    points = polyline.kinks(subject)
    for x in chain(places(subject.space), ([point] for point in points or ())):
        left, right = realised(subject.space, v, x), realised(subject.space, w, x)
        apart = zip(left.values, left.errors, right.values, right.errors, strict=True)
        demand(
            all(abs(a - b) <= slack + other for a, slack, b, other in apart),
            f"the functions are unknown, though they differ at {', '.join(map(str, x))}",
        )
    demand(points is None, "the functions are unknown, though they are equal, by all their kinks")


def one_orbit(structure: Structure | Tuples) -> bool | None:
    """Whether a permutation maps v to w, by individualising one neuron of v and each of w that looks like it; None past the budget."""
    left = [WORK // structure.space.parameters]

    def matched(marks: list[set[Node]]) -> bool:
        if left[0] <= 0:
            raise TimeoutError
        left[0] -= 1
        if structure.parted(marks=marks):
            return False
        colours = structure.colours(marks=marks)
        sizes = Counter(colour for node, colour in colours.items() if node[0] == 0)
        tied = [(sizes[colour], node) for node, colour in colours.items() if node[0] == 0 and sizes[colour] > 1]
        if not tied:
            return True  # every node of v has one of w that looks like it, edges included
        _, node = min(tied)
        return any(
            matched([*marks, {node, other}])
            for other, colour in colours.items()
            if other[0] == 1 and colour == colours[node]
        )

    try:
        return matched([])
    except TimeoutError:
        return None


CHECKS = {(Part.ORBIT, "unknown", "none"): unknown_orbit, (Part.FUNCTION, "unknown", "none"): unknown_function}
