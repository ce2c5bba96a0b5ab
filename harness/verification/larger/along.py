"""The entries of tensors along one axis, as vectors, and what vectors span."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from operator import mul

from .tensors import Index, Places, Tensors


def rows_of(tensors: Tensors, name: str, axis: str, outer: str | None) -> dict[tuple[int, Index], list[Fraction]]:
    """(outer index, indices of all other places) -> the entries along the axis."""
    places, entries = tensors[name]
    axes = [each for each, _ in places]
    found: dict[tuple[int, Index], list[Fraction]] = {}
    for place in sorted(entries):
        o = place[axes.index(outer)] if outer else 0
        rest = tuple(i for each, i in zip(axes, place, strict=True) if each not in (axis, outer))
        found.setdefault((o, rest), []).append(entries[place])
    return dict(sorted(found.items()))


def rest_of(tensors: Tensors, name: str, axis: str, outer: str | None) -> Places:
    return tuple(place for place in tensors[name][0] if place[0] not in (axis, outer))


def orthogonal(vectors: Sequence[Sequence[Fraction]]) -> list[list[Fraction]]:
    """An orthogonal basis of what the vectors span, by Gram and Schmidt."""
    basis: list[list[Fraction]] = []
    for vector in vectors:
        rest = list(vector)
        for each in basis:
            along = sum(map(mul, rest, each), Fraction(0)) / sum(map(mul, each, each), Fraction(0))
            rest = [x - along * y for x, y in zip(rest, each, strict=True)]
        if any(rest):
            basis.append(rest)
    return basis
