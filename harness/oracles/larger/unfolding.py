"""Indices that are permuted, scaled or signed within an outer one: the same question on the space whose axes are the pairs of both.

Law: v and w are in one orbit of the group iff the unfolded vectors are in one orbit of the unfolded group (`tuples/nested.py`). What is
mapped within an outer index stays there, beside the pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ...weights.algebra.kinds import FactorKind
from ...weights.algebra.roles import AxisRole, Role, Roles
from ...weights.groups import Factor, Group, roles_of
from ..tuples.nested import Nested
from .parts import Undecided
from .reduction import places_of

if TYPE_CHECKING:
    from ...weights.pair import Vector

MAPPED = frozenset({"gl", "orth", "rotary", "shift"})
"""What is done to an inner axis as a whole."""


def unfolded(of: Group, nets: Sequence[Vector]) -> tuple[Group, list[Vector]]:
    """The group and the nets with pairs of indices as axes; as they are where nothing is permuted, scaled or signed within another axis.

    Raises:
        Undecided: what is permuted within another axis is shifted, too, or stands twice in a tensor.
    """
    inner = {f.axis: f for f in of.factors if f.within and f.kind.atoms - MAPPED}
    if not inner:
        return of, list(nets)
    for factor in inner.values():
        if factor.kind.shifts:
            raise Undecided(f"{factor.axis} within {factor.within} is permuted and shifted")
    staying = {f.axis: f.within for f in of.factors if f.within and f.axis not in inner}
    for axis, factor in inner.items():
        for name, axes in of.space.tensors:
            if axes.count(axis) > 1:
                raise Undecided(f"{name} has {axis} twice, which is permuted within {factor.within}")
    nested = Nested(of.space, {axis: str(f.within) for axis, f in inner.items()}, staying)
    # A pair goes with its outer index; one that is not permuted within it keeps its number there.
    fixed = [axis for axis, factor in inner.items() if not factor.kind.permutes]
    plain = nested.unfolded
    numbers = [(f"number of {nested.pair(axis)}", (nested.pair(axis),)) for axis in fixed]
    space = replace(plain, tensors=(*plain.tensors, *numbers), roles=_roles(of, nested, [n for n, _ in numbers]))
    factors = [
        Factor(nested.pair(f.axis), FactorKind.of(f.kind.atoms | {"perm"}), None) if f.axis in inner else f
        for f in of.factors
    ]
    size = of.space.size
    found = []
    for net in nets:
        vector = nested.unfold(net)
        for axis, (name, _) in zip(fixed, numbers, strict=True):
            vector[name] = np.tile(np.arange(size[axis], dtype=float), size[nested.within[axis]])
        found.append(vector)
    return Group(space, tuple(factors)), found


def _roles(of: Group, nested: Nested, numbers: Sequence[str]) -> Roles:
    places = places_of(of)
    told = roles_of(of.space) if any(role for each in places.values() for role in each) else Roles()
    kept: list[tuple[str, tuple[Role | None, ...]]] = []
    for name, axes in of.space.tensors:
        left = list(nested.axes(axes))
        renamed = [nested.pair(axis) if axis in nested.within else axis for axis in axes]
        kept.append((name, tuple(r for axis, r in zip(renamed, places[name], strict=True) if axis in left)))
    kept += [(nested.belongs(axis), (None, None)) for axis in nested.within] + [(name, (None,)) for name in numbers]
    return Roles(
        tuple(
            AxisRole(each.axis, each.standing, nested.staying.get(each.axis), each.activation, each.biases)
            for each in told.axes
            if each.axis not in nested.within
        ),
        tuple(kept),
        tuple(shift for shift in told.shifts if shift.axis in {f.axis for f in of.factors if f.kind.shifts}),
    )
