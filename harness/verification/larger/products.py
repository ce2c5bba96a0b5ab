"""What linear and orthogonal maps of an axis leave of the tensors: products through it, kernels and images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import product
from operator import mul
from typing import Any

from ...weights.algebra.kinds import Role
from ..exact.refuted import demand
from .pairs_of_places import turned, turned_alone
from .tensors import Index, Places, Tensors


def _sides(tensors: Tensors, axis: str, factor: Any) -> tuple[list[str], list[str]]:
    """Names of the tensors that have the axis: where it goes out, and where it comes in; of rotations all, twice."""
    own = [name for name, (places, _) in tensors.items() if axis in [each for each, _ in places]]
    role = {name: next(r for each, r in tensors[name][0] if each == axis) for name in own}
    if factor.kind.rotates:
        return own, own
    return [n for n in own if role[n] is Role.OUT], [n for n in own if role[n] is Role.IN]


def _rows(tensors: Tensors, name: str, axis: str, outer: str | None) -> dict[tuple[int, Index], list[Fraction]]:
    """(outer index, indices of all other places) -> the entries along the axis."""
    places, entries = tensors[name]
    axes = [each for each, _ in places]
    found: dict[tuple[int, Index], list[Fraction]] = {}
    for place in sorted(entries):
        o = place[axes.index(outer)] if outer else 0
        rest = tuple(i for each, i in zip(axes, place, strict=True) if each not in (axis, outer))
        found.setdefault((o, rest), []).append(entries[place])
    return dict(sorted(found.items()))


def _rest(tensors: Tensors, name: str, axis: str, outer: str | None) -> Places:
    return tuple(place for place in tensors[name][0] if place[0] not in (axis, outer))


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
            found |= _through_loop(tensors, loops[axis], axis)
            continue
        if factor.kind.rotary:
            more, every = turned(tensors, axis, factor)
            found, full = found | more, full and every
            continue
        out, into = _sides(tensors, axis, factor)
        outer = factor.within
        lead: Places = ((outer, None),) if outer else ()
        for left, right in product(out, into):
            a, b = _rows(tensors, left, axis, outer), _rows(tensors, right, axis, outer)
            entries = {
                (*((o,) if outer else ()), *i, *j): sum((p * q for p, q in zip(x, y, strict=True)), Fraction(0))
                for (o, i), x in a.items()
                for (u, j), y in b.items()
                if o == u
            }
            found[f"{left} {right}"] = (
                (*lead, *_rest(tensors, left, axis, outer), *_rest(tensors, right, axis, outer)),
                entries,
            )
        if not factor.kind.rotates:
            for side in (into, out):
                for basis, size in _bases(tensors, side, axis, outer):
                    full = full and len(basis) == size
    return found, full


def loops_of(tensors: Tensors, linear: Mapping[str, Any]) -> dict[str, str]:
    """Axis -> the tensor in which it stands twice, once with either role, and nothing else."""
    found: dict[str, str] = {}
    for name, (places, _) in tensors.items():
        axes = [axis for axis, _ in places]
        if len(axes) == 2 and axes[0] == axes[1] and axes[0] in linear:
            axis = axes[0]
            demand({role for _, role in places} == {Role.IN, Role.OUT}, f"{name} has either role")
            demand(axis not in found and linear[axis].kind.maps and not linear[axis].within, f"{axis} has one loop")
            found[axis] = name
    return found


def _through_loop(tensors: Tensors, loop: str, axis: str) -> Tensors:
    """`B R^k A` for k below twice the size, entry by entry; every `R^k A` together and every `B R^k` together have full rank."""
    places, matrix = tensors[loop]
    inward = places[0][1] is Role.IN
    r = {(i, j) if inward else (j, i): x for (i, j), x in matrix.items()}
    size = 1 + max(i for i, _ in r)
    own = [n for n, (at, _) in tensors.items() if n != loop and axis in [each for each, _ in at]]
    chains: dict[Role, list[tuple[str, list[dict[Index, list[Fraction]]]]]] = {Role.IN: [], Role.OUT: []}
    for name in own:
        (role,) = [each for other, each in tensors[name][0] if other == axis]
        demand(role is not None, f"{name} has a role")
        assert role is not None
        rows = {rest: entries for (_, rest), entries in _rows(tensors, name, axis, None).items()}
        chain = [rows]
        for _ in range(2 * size - 1):
            rows = {
                rest: [
                    sum((r[(i, j) if role is Role.IN else (j, i)] * x[j] for j in range(size)), Fraction(0))
                    for i in range(size)
                ]
                for rest, x in rows.items()
            }
            chain.append(rows)
        chains[role].append((name, chain))
    for role, listed in chains.items():
        vectors = [x for _, chain in listed for rows in chain[:size] for x in rows.values()]
        demand(len(_orthogonal(vectors)) == size, f"all of {axis} is {'reached' if role is Role.IN else 'read'}")
    found: Tensors = {}
    for (left, before), (right, after) in product(chains[Role.OUT], chains[Role.IN]):
        for k, rows in enumerate(after):
            name = f"{left} {loop}^{k} {right}" if k else f"{left} {right}"
            entries = {
                (*i, *j): sum((p * q for p, q in zip(x, y, strict=True)), Fraction(0))
                for i, x in before[0].items()
                for j, y in rows.items()
            }
            found[name] = (*_rest(tensors, left, axis, None), *_rest(tensors, right, axis, None)), entries
    return found


def _orthogonal(vectors: Sequence[Sequence[Fraction]]) -> list[list[Fraction]]:
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


def _bases(
    tensors: Tensors, side: Sequence[str], axis: str, outer: str | None
) -> list[tuple[list[list[Fraction]], int]]:
    """Per outer index an orthogonal basis of the rows `[n, all entries of the side]`; and n."""
    found = []
    columns = [_rows(tensors, name, axis, outer) for name in side]
    for o in sorted({key[0] for each in columns for key in each}):
        beside = [entries for each in columns for (u, _), entries in each.items() if u == o]
        rows = [list(row) for row in zip(*beside, strict=True)]
        found.append((_orthogonal(rows), len(rows)))
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
            keys = [(name, key) for name in side for key in _rows(tensors, name, axis, outer)]
            for o, (basis, _) in enumerate(_bases(tensors, side, axis, outer)):
                own = [(name, rest) for name, (u, rest) in keys if u == o]
                lengths = [sum((y * y for y in each), Fraction(0)) for each in basis]
                for (i, (one, p)), (j, (two, q)) in product(enumerate(own), repeat=2):
                    name = f"rows of {axis}: {one} {two}"
                    places = (*lead, *_rest(tensors, one, axis, outer), *_rest(tensors, two, axis, outer))
                    entry = sum((e[i] * e[j] / n for e, n in zip(basis, lengths, strict=True)), Fraction(0))
                    found.setdefault(name, (places, {}))[1][(*((o,) if outer else ()), *p, *q)] = entry
    return found
