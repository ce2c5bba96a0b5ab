"""Linear axes taken out one after the other: products through each in the tensors' stead.

Law: if the tensors of an axis are, up to the maps of that axis, known by their products, then what other factors do to the products decides
what they do to the tensors. For products go with all other axes as the tensors do, so each axis in turn may be taken out of what the one
before has left. Where ranks fall, projectors onto the rows say the rest; these go along with orthogonal maps of other axes, not with any others.

An axis may stand twice in some tensors. Then vectors (tensors that have it once, as `in`) and covectors (as `out`) are carried
through these, R A and B R, until they span the axis; the map is then known by what it does to them, so that products with vectors and
covectors at all places are all there is to know (for one such R these are those of Ho and Kalman). Of orthogonal maps vectors are
covectors. What never spans the axis is parted by its products, which need not be all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np

from ...weights.algebra.kinds import Role
from ...weights.groups import Factor
from . import rational, rotary
from .parts import Asked, Part, Undecided, led

MOST = 4096
"""Vectors that are carried through tensors to span an axis; past them it is left."""
MOST_ENTRIES = 20_000
"""Of products with vectors at both places of the tensors in which an axis stands twice; past them all is left undecided."""


@dataclass(frozen=True)
class Contracted:
    """What is left of some nets, tensor by tensor alike.

    Args:
        nets: per net its parts without the axes that have been taken out.
        full: whether every rank is, so that products are all there is to know.
        loose: why neither they nor projectors are; empty where they are.
    """

    nets: list[list[Part]]
    full: bool = True
    loose: str = ""


def contracted(
    asked: Asked, nets: Sequence[Sequence[Part]], *, projected: bool = False, until: Factor | None = None
) -> Contracted:
    """The nets without their linear axes, or without those before one.

    Args:
        projected: with projectors, which are wanted where ranks fall.

    Raises:
        Undecided: an axis has no role somewhere, or stands twice in a tensor within an outer one.
    """
    held = Contracted([list(net) for net in nets])
    for factor in asked.linear.values():
        if factor == until:
            break
        held = _without(held, factor, asked, projected)
    return held


def sides_of(nets: Sequence[Sequence[Part]], factor: Factor) -> tuple[list[list[list[Part]]], bool]:
    """Per net vectors and covectors of an axis (of rotations both are all), enough to span it where that can be; and whether they do."""
    axis = factor.axis
    several = [[part for part in net if part.axes.count(axis) > 1] for net in nets]
    once = [[part for part in net if part.axes.count(axis) == 1] for net in nets]
    for part in (*several[0], *once[0]):
        if any(role is None for each, role in zip(part.axes, part.places, strict=True) if each == axis):
            raise Undecided(f"{axis} is mapped where it has no role")
    if several[0] and (factor.within or not (factor.kind.maps or factor.kind.rotates)):
        raise Undecided(f"{several[0][0].name} has {axis} twice within an outer axis")
    for part in several[0]:
        if part.axes.count(axis) > 2:
            raise Undecided(f"{axis} is mapped at more than two places of {part.name}")
    found = [_by_role(net, factor) for net in once]
    new, ranks = found, [_ranks(sides, axis) for sides in found]
    size = next(part.entries.shape[part.axes.index(axis)] for part in (*several[0], *once[0]))
    while several[0] and any(rank < size for each in ranks for rank in each):
        new = [_carried(loops, sides, factor) for loops, sides in zip(several, new, strict=True)]
        found = [[a + b for a, b in zip(old, more, strict=True)] for old, more in zip(found, new, strict=True)]
        before, ranks = ranks, [_ranks(sides, axis) for sides in found]
        if ranks == before or sum(prod(part.entries.shape) for side in found[0] for part in side) > MOST * size:
            return found, False
    return found, True


def _by_role(net: Sequence[Part], factor: Factor) -> list[list[Part]]:
    if factor.kind.rotates:
        return [list(net), list(net)]
    roles = [part.places[part.axes.index(factor.axis)] for part in net]
    return [[part for part, each in zip(net, roles, strict=True) if each is role] for role in (Role.IN, Role.OUT)]


def _ranks(sides: Sequence[Sequence[Part]], axis: str) -> list[int]:
    return [rational.rank(stack) for side in sides for stack in (stacks(side, axis, None) or [[]])]


def _chosen(sides: Sequence[Sequence[Part]], axis: str, twice: bool) -> set[str]:
    """Names of all tensors of a side; where the axis stands twice somewhere, of as few and small ones as span it in every net.

    What these are taken to says the map, and all others are known by their products with them.
    """
    names = {part.name for part in sides[0]}
    if not twice:
        return names
    kept, ranks = set[str](), [0 for _ in sides]
    for name in sorted(names, key=lambda name: (next(p.entries.size for p in sides[0] if p.name == name), name)):
        more = [[part for part in side if part.name in kept | {name}] for side in sides]
        found = [rational.rank(stack) for side in more for stack in stacks(side, axis, None)]
        if found != ranks:
            kept, ranks = kept | {name}, found
    return kept


def _carried(loops: Sequence[Part], sides: Sequence[Sequence[Part]], factor: Factor) -> list[list[Part]]:
    """What comes out of the tensors in which the axis stands twice, where vectors and covectors go in at one place."""
    axis, found = factor.axis, list[Part]()
    for loop in loops:
        for place in [p for p, each in enumerate(loop.axes) if each == axis]:
            vectors = factor.kind.rotates or loop.places[place] is Role.OUT
            for part in sides[0 if vectors else 1]:
                found.append(_into(loop, place, part, f"({loop.name} {place} {part.name})"))
    return _by_role(found, factor)


def _into(loop: Part, place: int, part: Part, name: str) -> Part:
    """One place of a tensor contracted with a tensor that has the axis once, whose other axes come last."""
    axis = loop.axes[place]
    read = part.along(axis)
    rest = [p for p in range(len(loop.axes)) if p != place]
    return Part(
        name,
        (*(loop.axes[p] for p in rest), *read.axes),
        (*(loop.places[p] for p in rest), *read.places),
        np.asarray(np.tensordot(loop.entries, read.entries[0], (place, 0)), dtype=object),
    )


def _through(loop: Part, sides: Sequence[Sequence[Part]], factor: Factor) -> list[Part]:
    """A tensor in which the axis stands twice, with vectors or covectors at both places."""
    found = [Part(f"{loop.name} of", loop.axes, loop.places, loop.entries)]
    for _ in range(2):
        longer = []
        for each in found:
            place = each.axes.index(factor.axis)
            vectors = factor.kind.rotates or each.places[place] is Role.OUT
            longer += [_into(each, place, part, f"{each.name} {part.name}") for part in sides[0 if vectors else 1]]
        found = longer
    return found


def _made(loop: Part, sides: Sequence[Sequence[Part]], factor: Factor) -> int:
    """How many entries `_through` makes."""
    size = loop.entries.shape[loop.axes.index(factor.axis)]
    columns = [sum(part.entries.size for part in side) // size for side in sides]
    rest = loop.entries.size // size**2
    ends = [
        factor.kind.rotates or role is Role.OUT
        for axis, role in zip(loop.axes, loop.places, strict=True)
        if axis == factor.axis
    ]
    return rest * prod(columns[0 if vectors else 1] for vectors in ends)


def _without(held: Contracted, factor: Factor, asked: Asked, projected: bool) -> Contracted:
    axis, outer, kind = factor.axis, factor.within, factor.kind
    own = [part for part in held.nets[0] if axis in part.axes]
    if not own:
        return held
    mapped = {each for each, other in asked.linear.items() if each != axis and not other.kind.rotates}
    beside = any(mapped & {*part.axes} for part in own)
    projected = projected and not beside  # they would not go along; nor are they wanted, for ranks are full there
    spanned, spans = sides_of(held.nets, factor)
    chosen = [_chosen([sides[k] for sides in spanned], axis, any(p.axes.count(axis) > 1 for p in own)) for k in (0, 1)]
    found, ranks = list[list[Part]](), list[bool]()
    for net, sides in zip(held.nets, spanned, strict=True):
        parts = [part for part in net if axis not in part.axes]
        found.append(parts)
        if kind.rotary:
            fronts = [[_front(part, axis, outer) for part in side] for side in sides]
            pieces, filled = rotary.contracted(axis, outer, fronts, all_full=not projected)
            parts += [Part(name, *led(outer, axes, places, entries)) for name, entries, axes, places in pieces]
            ranks += filled
            continue
        loops = [part for part in net if part.axes.count(axis) > 1]
        ends = [[part for part in side if part.name in told] for side, told in zip(sides, chosen, strict=True)]
        if (count := sum(_made(loop, ends, factor) for loop in loops)) > MOST_ENTRIES:
            raise Undecided(f"what passes through {axis} are {count} products, more than are compared")
        parts += [
            _product(axis, outer, left, right)
            for left in sides[1]
            for right in sides[0]
            if left.name in chosen[1] or right.name in chosen[0]
        ]
        parts += [each for loop in loops for each in _through(loop, ends, factor)]
        if kind.rotates or loops:
            continue
        for side in sides:
            stacked = stacks(side, axis, outer)
            ranks += [rational.rank(stack) == len(stack) for stack in stacked] or [False]  # no product has this side
            if projected:
                parts += _projectors(side, axis, outer, stacked)
    loose = held.loose
    if not spans:
        twice = next(part for part in own if part.axes.count(axis) > 1)
        loose = loose or f"{twice.name} has {axis} twice, of which not all is reached and read"
    elif beside and not all(ranks):
        what = "ranks fall along" if all(spanned[0]) else "nothing meets what stands on"
        loose = loose or f"{what} {axis}, and other axes of its tensors are mapped"
    return Contracted(found, held.full and all(ranks), loose)


def _front(part: Part, axis: str, outer: str | None) -> rotary.Front:
    read = part.along(axis, outer)
    return read.name, read.entries, read.axes, read.places


def _product(axis: str, outer: str | None, left: Part, right: Part) -> Part:
    a, b = left.along(axis, outer), right.along(axis, outer)
    entries = np.stack([np.tensordot(x, y, (0, 0)) for x, y in zip(a.entries, b.entries, strict=True)])
    return Part(f"{left.name} {right.name}", *led(outer, (*a.axes, *b.axes), (*a.places, *b.places), entries))


def stacks(side: Sequence[Part], axis: str, outer: str | None) -> list[rational.Matrix]:
    """Per outer index `[n, entries]`: all tensors of one side beside each other."""
    fronts = [part.along(axis, outer).entries for part in side]
    if not fronts:
        return []
    flat = [front.reshape(*front.shape[:2], -1) for front in fronts]
    return [[[x for block in flat for x in block[o, i]] for i in range(flat[0].shape[1])] for o in range(len(flat[0]))]


def _projectors(side: Sequence[Part], axis: str, outer: str | None, stacked: Sequence[rational.Matrix]) -> list[Part]:
    """The orthogonal projectors onto the row spaces, cut into a part for each two tensors."""
    if not stacked:
        return []
    whole = np.array([rational.projector(stack) for stack in stacked], dtype=object)
    fronts = [part.along(axis, outer) for part in side]
    lengths = [prod(front.entries.shape[2:]) for front in fronts]
    starts = np.cumsum([0, *lengths])
    found = []
    for (i, one), (j, two) in product(enumerate(fronts), repeat=2):
        block = whole[:, starts[i] : starts[i + 1], starts[j] : starts[j + 1]]
        block = block.reshape(len(block), *one.entries.shape[2:], *two.entries.shape[2:])
        name = f"rows of {axis}: {one.name} {two.name}"
        found.append(Part(name, *led(outer, (*one.axes, *two.axes), (*one.places, *two.places), block)))
    return found
