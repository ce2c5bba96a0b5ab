"""Vectors and covectors of an axis that is mapped, carried through the tensors in which it stands twice until they span it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from ...weights.algebra.kinds import Role
from ..exact.refuted import demand
from .along import orthogonal, rows_of
from .tensors import Entries, Places, Tensors

Sides = tuple[Tensors, Tensors]
"""Tensors that have the axis once: as `in`, and as `out`; of rotations all and all."""
MOST = 4096


def contraction(left: tuple[Places, Entries], place: int, right: tuple[Places, Entries]) -> tuple[Places, Entries]:
    """Summed over a place of one tensor and the place of the same axis of another, which has it once; the other's places come last."""
    (own, entries), (others, by) = left, right
    at = [axis for axis, _ in others].index(own[place][0])
    listed: dict[int, list[tuple[tuple[int, ...], Fraction]]] = {}
    for j, y in by.items():
        listed.setdefault(j[at], []).append(((*j[:at], *j[at + 1 :]), y))
    found: Entries = {}
    for i, x in entries.items():
        for j, y in listed[i[place]]:
            key = (*i[:place], *i[place + 1 :], *j)
            found[key] = found.get(key, Fraction(0)) + x * y
    return (*own[:place], *own[place + 1 :], *others[:at], *others[at + 1 :]), found


def sides_of(nets: Sequence[Tensors], axis: str, factor: Any) -> tuple[list[Sides], bool]:
    """Per net the sides, and whether those of an axis that stands twice somewhere span it."""
    counts = {name: [each for each, _ in places].count(axis) for name, (places, _) in nets[0].items()}
    for name, (places, _) in nets[0].items():
        demand((axis, None) not in places, f"{name} has a role on {axis}")
    loops = [name for name in counts if counts[name] > 1]
    demand(all(n < 3 for n in counts.values()), f"{axis} stands twice at most")
    demand(not loops or not (factor.within or factor.kind.rotary), f"{axis} stands twice, and lies within nothing")
    sides = [_parted({n: t for n, t in net.items() if counts[n] == 1}, axis, factor) for net in nets]
    size = 1 + max(i[p] for places, e in nets[0].values() for i in e for p, (a, _) in enumerate(places) if a == axis)
    ranks, new = [_ranks(each, axis) for each in sides], sides
    while loops and any(rank < size for each in ranks for rank in each):
        new = [_carried(net, loops, each, axis, factor) for net, each in zip(nets, new, strict=True)]
        sides = [(a | c, b | d) for (a, b), (c, d) in zip(sides, new, strict=True)]
        before, ranks = ranks, [_ranks(each, axis) for each in sides]
        if ranks == before or sum(len(e) for side in sides[0] for _, e in side.values()) > MOST * size:
            return sides, False
    return sides, True


def _parted(tensors: Tensors, axis: str, factor: Any) -> Sides:
    if factor.kind.rotates:
        return tensors, dict(tensors)
    into, out = ({n: t for n, t in tensors.items() if (axis, role) in t[0]} for role in (Role.IN, Role.OUT))
    return into, out


def _ranks(sides: Sides, axis: str) -> list[int]:
    return [len(orthogonal([x for n in side for x in rows_of(side, n, axis, None).values()])) for side in sides]


def spanning(sides: Sequence[Tensors], axis: str) -> set[str]:
    """Of one side of all nets, names of tensors that span the axis, small ones first: each adds to what those before span in some net."""
    kept: list[str] = []
    before = [0 for _ in sides]
    for name in sorted(sides[0], key=lambda each: (len(sides[0][each][1]), each)):
        listed = [[x for n in (*kept, name) for x in rows_of(side, n, axis, None).values()] for side in sides]
        ranks = [len(orthogonal(each)) for each in listed]
        if ranks != before:
            kept.append(name)
            before = ranks
    return set(kept)


def _carried(net: Tensors, loops: Sequence[str], sides: Sides, axis: str, factor: Any) -> Sides:
    found: Tensors = {}
    for loop in loops:
        places = [p for p, (each, _) in enumerate(net[loop][0]) if each == axis]
        for place in places:
            covectors = net[loop][0][place][1] is Role.IN and not factor.kind.rotates
            for name, tensor in sides[covectors].items():
                found[f"({loop} {place} {name})"] = contraction(net[loop], place, tensor)
    return _parted(found, axis, factor)


def through(net: Tensors, loop: str, sides: Sequence[Tensors], axis: str, factor: Any) -> Tensors:
    """The tensor with a vector or a covector at each place of the axis."""
    found: Tensors = {f"{loop} of": net[loop]}
    while any(axis in [each for each, _ in places] for places, _ in found.values()):
        longer: Tensors = {}
        for said, tensor in found.items():
            place = [each for each, _ in tensor[0]].index(axis)
            covectors = tensor[0][place][1] is Role.IN and not factor.kind.rotates
            longer |= {f"{said} {name}": contraction(tensor, place, each) for name, each in sides[covectors].items()}
        found = longer
    return found
