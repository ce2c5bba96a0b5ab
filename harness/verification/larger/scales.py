"""What scales and signs of an axis leave of the tensors: entries over sizes, and every signed index twice."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import product
from typing import Any

from ...weights.algebra.kinds import Role
from ..exact.refuted import demand
from .tensors import Entries, Tensors


def normalise_(tensors: Tensors, factors: Mapping[tuple[str, int], Fraction], scaled: set[str]) -> None:
    """Multiply every entry by the factors of its indices, in place."""
    for places, entries in tensors.values():
        for place in entries:
            for (axis, role), i in zip(places, place, strict=True):
                if axis in scaled and role is not None:
                    by = factors.get((axis, i), Fraction(1))
                    entries[place] = entries[place] * by if role is Role.IN else entries[place] / by


def loose_in(tensors: Tensors, linear: set[str], scaled: set[str], factors: Mapping[tuple[str, int], Fraction]) -> bool:
    """Whether an index that scales has an entry beside a linear axis, and no product gave it a factor: projectors are none of the orbit."""
    return any(
        x and axis in scaled and role is not None and (axis, i) not in factors
        for places, entries in tensors.values()
        if not linear.isdisjoint(axis for axis, _ in places)
        for place, x in entries.items()
        for (axis, role), i in zip(places, place, strict=True)
    )


def distances(read: Tensors, scaled: set[str]) -> dict[tuple[str, int], Fraction]:
    """By what each index is scaled: first how far it is from what does not scale, then factors in that order."""
    edges: list[tuple[list[tuple[tuple[str, int], Role]], Fraction]] = []
    for places, entries in read.values():
        for place, x in entries.items():
            ends = [
                ((axis, i), r) for (axis, r), i in zip(places, place, strict=True) if axis in scaled and r is not None
            ]
            if x and ends and not (len(ends) == 2 and ends[0][0] == ends[1][0] and ends[0][1] is not ends[1][1]):
                edges.append((ends, abs(x)))
    alike = [edge for edge in edges if (len(edge[0]) == 2 and edge[0][0][1] is edge[0][1][1]) or len(edge[0]) > 2]
    usable = [edge for edge in edges if edge not in alike]
    far = {ends[0][0]: 1 for ends, _ in usable if len(ends) == 1}
    grew = True
    while grew:
        grew = False
        for ends, _ in usable:
            for (one, _), (two, _) in (ends, ends[::-1]) if len(ends) == 2 else ():
                if one in far and far.get(two, 1 << 60) > far[one] + 1:
                    far[two], grew = far[one] + 1, True
    demand(all(node in far for ends, _ in edges for node, _ in ends), "every scaled index is reached")
    factors: dict[tuple[str, int], Fraction] = {}
    for node in sorted(far, key=lambda each: far[each]):
        sizes: dict[Role, list[Fraction]] = {Role.IN: [], Role.OUT: []}
        for ends, x in usable:
            own = [role for each, role in ends if each == node]
            others = [(each, role) for each, role in ends if each != node]
            if not own or any(far[each] != far[node] - 1 for each, _ in others) or (far[node] > 1) != bool(others):
                continue
            for each, role in others:
                x = x * factors[each] if role is Role.IN else x / factors[each]
            sizes[own[0]].append(x)
        factors[node] = 1 / max(sizes[Role.IN]) if sizes[Role.IN] else max(sizes[Role.OUT])
    return factors


def doubled(tensors: Tensors, signed: Mapping[str, Any]) -> Tensors:
    """Every index that may change its sign, twice: as it is, and with opposite entries."""
    sizes: dict[str, int] = {}
    for places, entries in tensors.values():
        for p, (axis, _) in enumerate(places):
            sizes[axis] = 1 + max(place[p] for place in entries)
    found: Tensors = {}
    for name, (places, entries) in tensors.items():
        twice: Entries = {}
        for place, x in entries.items():
            for turns in product(*((0, 1) if axis in signed else (0,) for axis, _ in places)):
                sign = (-1) ** sum(turn for turn, (_, role) in zip(turns, places, strict=True) if role is not None)
                at = tuple(i + turn * sizes[axis] for i, turn, (axis, _) in zip(place, turns, places, strict=True))
                twice[at] = x * sign
        found[name] = places, twice
    # In the order in which the tensors name the axes.
    for axis in [each for each in sizes if each in signed]:
        n = sizes[axis]
        both = product(range(2 * n), repeat=2)
        found[f"twins of {axis}"] = (
            ((axis, None), (axis, None)),
            {(i, j): Fraction(int(i % n == j % n)) for i, j in both},
        )
        if not signed[axis].kind.permutes:
            found[f"index of {axis}"] = ((axis, None),), {(i,): Fraction(i % n) for i in range(2 * n)}
    return found
