"""The tensors of a vector as dictionaries of fractions with the roles of their axes, and what a shift does to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from ...weights.algebra.kinds import Role
from ...weights.groups import Group, roles, roles_of
from ...weights.pair import Vector
from ..exact.refuted import demand, rational

Index = tuple[int, ...]
Entries = dict[Index, Fraction]
Places = tuple[tuple[str, Role | None], ...]
"""Axis and role of every place of a tensor."""
Tensors = dict[str, tuple[Places, Entries]]


def places_of(of: Group) -> Mapping[str, tuple[Role | None, ...]]:
    """The role of every place; permutations alone ask for none."""
    if {str(factor.kind) for factor in of.factors} <= {"perm"}:
        return {name: tuple(None for _ in axes) for name, axes in of.space.tensors}
    return roles(of.space)


def tensors_of(of: Group, net: Vector) -> Tensors:
    """The net's tensors, entry by entry."""
    told = places_of(of)
    return {
        name: (
            tuple(zip(axes, told[name], strict=True)),
            {place: Fraction(float(net[name][place])) for place in np.ndindex(net[name].shape)},
        )
        for name, axes in of.space.tensors
    }


def fractions(data: Any) -> Iterator[tuple[Index, Fraction]]:
    """The entries of nested lists of texts, with their places."""
    if isinstance(data, str):
        yield (), rational(data)
        return
    for i, part in enumerate(data):
        for place, entry in fractions(part):
            yield (i, *place), entry


def shifted(of: Group, tensors: Tensors, amounts: Mapping[str, Any], sign: int) -> Tensors:
    """The tensors with the named biases moved by `sign` times the amounts, in place."""
    allowed = {f.axis for f in of.factors if f.kind.shifts}
    demand(allowed or not amounts, "the group shifts something")
    if not amounts:
        return tensors
    known = {shift.moved: shift for shift in roles_of(of.space).shifts if shift.axis in allowed}
    demand(set(amounts) <= set(known), "the group shifts that")
    for shift in roles_of(of.space).shifts:
        if shift.moved in amounts:
            shift_(tensors, shift, {place: sign * x for place, x in fractions(amounts[shift.moved])})
    return tensors


def shift_(tensors: Tensors, shift: Any, amount: Mapping[Index, Fraction]) -> None:
    """One bias moved, and what reads it made up for, in place."""
    places, entries = tensors[shift.moved]
    demand(set(amount) == set(entries), f"amounts of the shape of {shift.moved}")
    for place in entries:
        entries[place] += amount[place]
    axes = [axis for axis, _ in places]
    for target, through in shift.through:
        along, by = tensors[through]
        ends, made_up = tensors[target]
        held = [axis for axis, _ in ends]
        for place, x in by.items():
            inner = tuple(place[[axis for axis, _ in along].index(axis)] for axis in axes)
            left = tuple(i for (axis, _), i in zip(along, place, strict=True) if axis not in axes and axis in held)
            made_up[left] -= x * amount[inner]
