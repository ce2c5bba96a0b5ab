"""What is permuted, scaled or signed within an outer index, told by pairs of indices: entry by entry, with code of its own.

An inner axis m of h becomes the axis `h/m` of all pairs, whose number is `h * |m| + m`. A tensor keeps h beside it only for another axis
within h that is mapped as a whole. Entries whose pairs lie in different outer indices are zero, `in h/m` says which pair lies where, and
where the group does not permute m, `number of h/m` which number it has there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...weights.algebra.kinds import FactorKind, Role
from ...weights.algebra.roles import AxisRole, Roles
from ...weights.groups import Factor, Group, roles_of
from ...weights.pair import Vector
from ...weights.space import WeightSpace
from ..exact.refuted import demand
from .tensors import places_of

MAPPED = {"gl", "orth", "rotary", "shift"}


def unfolded(of: Group, nets: Sequence[Vector]) -> tuple[Group, list[Vector]]:
    """The group of the pairs and the vectors in their space; both as they are where nothing lies within."""
    space, size, taken = of.space, of.space.size, {*of.space.size}
    outer = {f.axis: f.within for f in of.factors if f.within and not f.kind.atoms <= MAPPED}
    if not outer:
        return of, list(nets)
    kept = {f.axis: f.within for f in of.factors if f.within and f.axis not in outer}
    demand(not any(f.kind.shifts for f in of.factors if f.axis in outer), "nothing within is permuted and shifted")
    pair = {axis: _new(f"{h}/{axis}", taken) for axis, h in outer.items()}
    belongs = {axis: _new(f"in {pair[axis]}", {*space.axes}) for axis in outer}
    sizes = {a: n for a, n in size.items() if a not in outer}
    sizes |= {pair[a]: size[h] * size[a] for a, h in outer.items()}
    tensors: list[tuple[str, tuple[str, ...]]] = []
    places: list[tuple[str, tuple[Role | None, ...]]] = []
    found: list[dict[str, np.ndarray]] = [{} for _ in nets]
    for name, axes in space.tensors:
        alone = [p for p, axis in enumerate(axes) if not _leaves(axis, axes, outer, kept)]
        told = tuple(pair.get(axes[p], axes[p]) for p in alone)
        tensors.append((name, told))
        places.append((name, tuple(places_of(of)[name][p] for p in alone)))
        for net, into in zip(nets, found, strict=True):
            array = into[name] = np.zeros([sizes[axis] for axis in told])
            entries = np.asarray(net[name], dtype=float)
            for place in np.ndindex(entries.shape):
                at = tuple(
                    place[axes.index(outer[axes[p]])] * size[axes[p]] + place[p] if axes[p] in outer else place[p]
                    for p in alone
                )
                array[at] = entries[place]
    for axis, h in outer.items():
        tensors.append((belongs[axis], (pair[axis], h)))
        places.append((belongs[axis], (None, None)))
        for into in found:
            into[belongs[axis]] = np.array(
                [[float(i // size[axis] == o) for o in range(size[h])] for i in range(size[h] * size[axis])]
            )
    for axis in [f.axis for f in of.factors if f.axis in outer and not f.kind.permutes]:
        tensors.append((f"number of {pair[axis]}", (pair[axis],)))
        places.append((f"number of {pair[axis]}", (None,)))
        for into in found:
            into[f"number of {pair[axis]}"] = np.array([float(i % size[axis]) for i in range(sizes[pair[axis]])])
    named = roles_of(space) if any(role for each in places_of(of).values() for role in each) else Roles()
    roles = Roles(
        tuple(
            AxisRole(r.axis, r.standing, kept.get(r.axis), r.activation, r.biases)
            for r in named.axes
            if r.axis not in outer
        ),
        tuple(places),
        tuple(shift for shift in named.shifts if any(f.axis == shift.axis and f.kind.shifts for f in of.factors)),
    )
    permuted = tuple(axis for axis in space.permuted if axis not in outer) + tuple(pair[axis] for axis in outer)
    unfolding = WeightSpace(tuple(tensors), tuple(sizes.items()), permuted, space.activation, roles)
    factors = [
        Factor(pair[f.axis], FactorKind.of(f.kind.atoms | {"perm"})) if f.axis in outer else f for f in of.factors
    ]
    return Group(unfolding, tuple(factors)), list(found)


def _new(name: str, taken: set[str]) -> str:
    return name if name not in taken else _new(name + "'", taken)


def _leaves(axis: str, axes: tuple[str, ...], outer: dict[str, str], kept: dict[str, str]) -> bool:
    """Whether a tensor loses an outer axis: a pair of it stands there, and nothing that stays in it."""
    return any(outer.get(a) == axis for a in axes) and not any(kept.get(a) == axis for a in axes)
