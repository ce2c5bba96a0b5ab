"""What complex factors of rotary keys leave of the tensors, entry by entry: the places i and i + n/2 are one complex number.

A factor z at role `in` and `1/conj(z)` at role `out` leave `q_a conj(k_b)` as it is, and alone `q_a conj(q_b) / |q|^2` and that of k.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import Any

from ...weights.algebra.kinds import Role
from ..exact.refuted import demand
from .tensors import Entries, Index, Places, Tensors

Complex = tuple[Fraction, Fraction]
Cells = dict[tuple[int, int, Index], Complex]
"""(outer index, pair, indices of the other places) -> real and imaginary part."""


def _cells(tensors: Tensors, name: str, axis: str, outer: str | None) -> Cells:
    places, entries = tensors[name]
    axes = [each for each, _ in places]
    demand(axes.count(axis) == 1 and (outer is None or axes.count(outer) == 1), f"{name} has {axis} once")
    at, half = axes.index(axis), (1 + max(place[axes.index(axis)] for place in entries)) // 2
    found: Cells = {}
    for place, real in entries.items():
        if place[at] < half:
            rest = tuple(i for each, i in zip(axes, place, strict=True) if each not in (axis, outer))
            o = place[axes.index(outer)] if outer else 0
            found[o, place[at], rest] = real, entries[(*place[:at], place[at] + half, *place[at + 1 :])]
    return found


def _named(tensors: Tensors, axis: str, role: Role) -> list[str]:
    found = [name for name, (places, _) in tensors.items() if (axis, role) in places]
    for name, (places, _) in tensors.items():
        demand((axis, None) not in places, f"{name} has a role on {axis}")
    return found


def _sizes(tensors: Tensors, side: list[str], axis: str, outer: str | None) -> dict[tuple[int, int], Fraction]:
    found: dict[tuple[int, int], Fraction] = {}
    for name in side:
        for (o, pair, _), (a, b) in _cells(tensors, name, axis, outer).items():
            found[o, pair] = found.get((o, pair), Fraction(0)) + a * a + b * b
    return found


def _joined(
    tensors: Tensors, out: str, into: str, axis: str, outer: str | None
) -> Iterator[tuple[int, int, Index, Complex]]:
    """`conj(q) k`, with the places of q first."""
    right = _cells(tensors, into, axis, outer)
    for (o, pair, i), (c, d) in _cells(tensors, out, axis, outer).items():
        for (u, other, j), (a, b) in right.items():
            if (o, pair) == (u, other):
                yield o, pair, (*i, *j), (a * c + b * d, b * c - a * d)


def _places(tensors: Tensors, out: str, into: str, axis: str, outer: str | None) -> Places:
    rest = [place for name in (out, into) for place in tensors[name][0] if place[0] not in (axis, outer)]
    return (*(((outer, None),) if outer else ()), (f"pairs of {axis}", None), *rest)


def turned(tensors: Tensors, axis: str, factor: Any) -> tuple[Tensors, bool]:
    """The products, and whether there are both sides and no pair of any is zero."""
    outer, found = factor.within, Tensors()
    sides = [_named(tensors, axis, role) for role in (Role.OUT, Role.IN)]
    for out, into in product(*sides):
        parts: tuple[Entries, Entries] = {}, {}
        for o, pair, rest, z in _joined(tensors, out, into, axis, outer):
            for entries, x in zip(parts, z, strict=True):
                entries[(*((o,) if outer else ()), pair, *rest)] = x
        for said, entries in zip(("real", "imaginary"), parts, strict=True):
            found[f"{said} {out} {into}"] = _places(tensors, out, into, axis, outer), entries
    return found, all(side and all(_sizes(tensors, side, axis, outer).values()) for side in sides)


def turned_alone(tensors: Tensors, axis: str, factor: Any) -> Tensors:
    """What says each side up to its factor, of both sides."""
    outer, found = factor.within, Tensors()
    for side in (_named(tensors, axis, role) for role in (Role.IN, Role.OUT)):
        sizes = _sizes(tensors, side, axis, outer)
        for one, two in product(side, repeat=2):
            parts: tuple[Entries, Entries] = {}, {}
            for o, pair, rest, z in _joined(tensors, one, two, axis, outer):
                for entries, x in zip(parts, z, strict=True):
                    entries[(*((o,) if outer else ()), pair, *rest)] = x / sizes[o, pair] if sizes[o, pair] else x
            for said, entries in zip(("real", "imaginary"), parts, strict=True):
                found[f"rows of {axis}: {said} {one} {two}"] = _places(tensors, one, two, axis, outer), entries
    return found
