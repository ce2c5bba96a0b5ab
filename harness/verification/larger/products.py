"""What linear and orthogonal maps of an axis leave of the tensors: products through it, kernels and images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

from ...weights.algebra.kinds import Role
from ..exact.refuted import demand
from .along import orthogonal, rest_of, rows_of
from .loops import loops_of, through_loop
from .pairs_of_places import turned, turned_alone
from .tensors import Places, Tensors


def _sides(tensors: Tensors, axis: str, factor: Any) -> tuple[list[str], list[str]]:
    """Names of the tensors that have the axis: where it goes out, and where it comes in; of rotations all, twice."""
    own = [name for name, (places, _) in tensors.items() if axis in [each for each, _ in places]]
    role = {name: next(r for each, r in tensors[name][0] if each == axis) for name in own}
    if factor.kind.rotates:
        return own, own
    return [n for n in own if role[n] is Role.OUT], [n for n in own if role[n] is Role.IN]


def products(tensors: Tensors, linear: Mapping[str, Any]) -> tuple[Tensors, bool]:
    """The tensors without linear axes and the products in the others' stead; whether all ranks are full."""
    found = {name: (p, dict(e)) for name, (p, e) in tensors.items() if not {axis for axis, _ in p} & set(linear)}
    full = True
    loops = loops_of(tensors, linear)
    for name, (places, _) in tensors.items():
        demand(
            name in loops.values() or sum(axis in linear for axis, _ in places) < 2,
            f"{name} has one linear axis at most",
        )
    for axis, factor in linear.items():
        if axis in loops:
            found |= through_loop(tensors, loops[axis], axis)
            continue
        if factor.kind.rotary:
            more, every = turned(tensors, axis, factor)
            found, full = found | more, full and every
            continue
        out, into = _sides(tensors, axis, factor)
        outer = factor.within
        lead: Places = ((outer, None),) if outer else ()
        for left, right in product(out, into):
            a, b = rows_of(tensors, left, axis, outer), rows_of(tensors, right, axis, outer)
            entries = {
                (*((o,) if outer else ()), *i, *j): sum((p * q for p, q in zip(x, y, strict=True)), Fraction(0))
                for (o, i), x in a.items()
                for (u, j), y in b.items()
                if o == u
            }
            found[f"{left} {right}"] = (
                (*lead, *rest_of(tensors, left, axis, outer), *rest_of(tensors, right, axis, outer)),
                entries,
            )
        if not factor.kind.rotates:
            for side in (into, out):
                for basis, size in _bases(tensors, side, axis, outer):
                    full = full and len(basis) == size
    return found, full


def _bases(
    tensors: Tensors, side: Sequence[str], axis: str, outer: str | None
) -> list[tuple[list[list[Fraction]], int]]:
    """Per outer index an orthogonal basis of the rows `[n, all entries of the side]`; and n."""
    found = []
    columns = [rows_of(tensors, name, axis, outer) for name in side]
    for o in sorted({key[0] for each in columns for key in each}):
        beside = [entries for each in columns for (u, _), entries in each.items() if u == o]
        rows = [list(row) for row in zip(*beside, strict=True)]
        found.append((orthogonal(rows), len(rows)))
    return found


def projections(tensors: Tensors, linear: Mapping[str, Any]) -> Tensors:
    """The projectors on kernels and images of the sides of each axis that is mapped."""
    found: Tensors = {}
    loops = loops_of(tensors, linear)
    for axis, factor in linear.items():
        if factor.kind.rotates or axis in loops:  # of a loop all is reached and read
            continue
        if factor.kind.rotary:
            found |= turned_alone(tensors, axis, factor)
            continue
        outer = factor.within
        lead: Places = ((outer, None),) if outer else ()
        out, into = _sides(tensors, axis, factor)
        for side in (into, out):
            keys = [(name, key) for name in side for key in rows_of(tensors, name, axis, outer)]
            for o, (basis, _) in enumerate(_bases(tensors, side, axis, outer)):
                own = [(name, rest) for name, (u, rest) in keys if u == o]
                lengths = [sum((y * y for y in each), Fraction(0)) for each in basis]
                for (i, (one, p)), (j, (two, q)) in product(enumerate(own), repeat=2):
                    name = f"rows of {axis}: {one} {two}"
                    places = (*lead, *rest_of(tensors, one, axis, outer), *rest_of(tensors, two, axis, outer))
                    entry = sum((e[i] * e[j] / n for e, n in zip(basis, lengths, strict=True)), Fraction(0))
                    found.setdefault(name, (places, {}))[1][(*((o,) if outer else ()), *p, *q)] = entry
    return found
