"""What linear and orthogonal maps leave of the tensors: one axis after the other, products through it, kernels and images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

from .along import orthogonal, rest_of, rows_of
from .pairs_of_places import turned, turned_alone
from .spans import Sides, sides_of, spanning, through
from .tensors import Places, Tensors


def taken_out(
    nets: Sequence[Tensors], linear: Mapping[str, Any], projected: bool = False
) -> tuple[list[Tensors], bool, bool]:
    """The nets without the linear axes; whether all ranks are full; and whether neither products nor projectors are all there is to know.

    Inner axes first, rotations last.
    """
    held, full, loose = [{n: (p, dict(e)) for n, (p, e) in net.items()} for net in nets], True, False
    for axis in sorted(linear, key=lambda each: (bool(linear[each].kind.rotates), linear[each].within is None)):
        factor = linear[axis]
        own = {name for name, (places, _) in held[0].items() if axis in [each for each, _ in places]}
        if not own:
            continue
        sides, spans = sides_of(held, axis, factor)
        others = {each for name in own for each, _ in held[0][name][0] if each in linear and each != axis}
        beside = any(not linear[each].kind.rotates for each in others)
        alone = projected and not beside
        loops = [name for name in held[0] if [each for each, _ in held[0][name][0]].count(axis) > 1]
        known = [spanning([each[k] for each in sides], axis) if loops else set(sides[0][k]) for k in (0, 1)]
        ends, here = [], True
        for net, both in zip(held, sides, strict=True):
            found = {name: tensor for name, tensor in net.items() if name not in own}
            if factor.kind.rotary:
                more, filled = turned(net, axis, factor)
                found, here = found | more, here and filled
                found |= turned_alone(net, axis, factor) if alone else {}
            else:
                found |= _products(both, axis, factor.within, known)
                for loop in loops:
                    few = tuple({n: t for n, t in side.items() if n in k} for side, k in zip(both, known, strict=True))
                    found |= through(net, loop, few, axis, factor)
                if not factor.kind.rotates and not loops:
                    bases = [_bases(side, axis, factor.within) for side in both]
                    here = here and all(each and all(len(basis) == size for basis, size in each) for each in bases)
                    found |= _projections(both, axis, factor.within) if alone else {}
            ends.append(found)
        held, full, loose = ends, full and here, loose or not spans or (beside and not here)
    return held, full, loose


def _products(sides: Sides, axis: str, outer: str | None, known: Sequence[set[str]]) -> Tensors:
    (into, out), found = sides, Tensors()
    lead: Places = ((outer, None),) if outer else ()
    for left, right in product(out, into):
        if left not in known[1] and right not in known[0]:
            continue
        a, b = rows_of(out, left, axis, outer), rows_of(into, right, axis, outer)
        entries = {
            (*((o,) if outer else ()), *i, *j): sum((p * q for p, q in zip(x, y, strict=True)), Fraction(0))
            for (o, i), x in a.items()
            for (u, j), y in b.items()
            if o == u
        }
        found[f"{left} {right}"] = (
            (*lead, *rest_of(out, left, axis, outer), *rest_of(into, right, axis, outer)),
            entries,
        )
    return found


def _bases(side: Tensors, axis: str, outer: str | None) -> list[tuple[list[list[Fraction]], int]]:
    """Per outer index an orthogonal basis of the rows `[n, all entries of the side]`; and n."""
    found = []
    columns = [rows_of(side, name, axis, outer) for name in side]
    for o in sorted({key[0] for each in columns for key in each}):
        beside = [entries for each in columns for (u, _), entries in each.items() if u == o]
        rows = [list(row) for row in zip(*beside, strict=True)]
        found.append((orthogonal(rows), len(rows)))
    return found


def _projections(sides: Sides, axis: str, outer: str | None) -> Tensors:
    """The projectors on kernels and images of both sides."""
    found: Tensors = {}
    lead: Places = ((outer, None),) if outer else ()
    for side in sides:
        keys = [(name, key) for name in side for key in rows_of(side, name, axis, outer)]
        for o, (basis, _) in enumerate(_bases(side, axis, outer)):
            own = [(name, rest) for name, (u, rest) in keys if u == o]
            lengths = [sum((y * y for y in each), Fraction(0)) for each in basis]
            for (i, (one, p)), (j, (two, q)) in product(enumerate(own), repeat=2):
                places = (*lead, *rest_of(side, one, axis, outer), *rest_of(side, two, axis, outer))
                entry = sum((e[i] * e[j] / n for e, n in zip(basis, lengths, strict=True)), Fraction(0))
                at = (*((o,) if outer else ()), *p, *q)
                found.setdefault(f"rows of {axis}: {one} {two}", (places, {}))[1][at] = entry
    return found
