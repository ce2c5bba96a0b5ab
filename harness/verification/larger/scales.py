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
    edges: list[tuple[dict[tuple[str, int], int], Fraction]] = []
    for places, entries in read.values():
        for place, x in entries.items():
            ends = [((axis, i), r) for (axis, r), i in zip(places, place, strict=True) if axis in scaled and r]
            counts = {node: sum(1 if r is Role.IN else -1 for each, r in ends if each == node) for node, _ in ends}
            if x and any(counts.values()):
                edges.append(({node: count for node, count in counts.items() if count}, abs(x)))
    far: dict[tuple[str, int], int] = {}
    grew = True
    while grew:
        grew = False
        for counts, _ in edges:
            for node in [each for each in counts if counts[each] in (1, -1)]:
                others = [far.get(each) for each in counts if each != node]
                steps = 1 + max((each for each in others if each is not None), default=0)
                if None not in others and steps < far.get(node, 1 << 60):
                    far[node], grew = steps, True
    demand(all(node in far for counts, _ in edges for node in counts), "every scaled index is reached")
    factors: dict[tuple[str, int], Fraction] = {}
    for node in sorted(far, key=lambda each: far[each]):
        sizes: dict[int, list[Fraction]] = {1: [], -1: []}
        for counts, x in edges:
            if counts.get(node) in sizes and all(far[each] < far[node] for each in counts if each != node):
                for each in counts:
                    x = x if each == node else x * factors[each] ** counts[each]
                sizes[counts[node]].append(x)
        factors[node] = 1 / max(sizes[1]) if sizes[1] else max(sizes[-1])
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
