"""A question about orbits under a larger group, turned into one about permutations that has the same answer.

Law: v and w are in one orbit of the group iff their reductions are in one orbit of the permutations of the reduced space.

| factor | reduction |
|---|---|
| shift | what may be moved is moved to zero, and others make up for it: one vector of each orbit has zeros there |
| gl | of the tensors that have the axis, `in` A (columns are entries) and `out` B (rows are entries): all products `B A`; where A or B has not full rank in v or in w, also the orthogonal projectors onto the rows of A and onto the columns of B. `M A = A', B' M = B` has an invertible M iff `B A = B' A'` and the kernels of A, A' and the images of B, B' agree |
| several of gl, orth, or one twice in a tensor | one axis after the other, see `contraction.py` |
| rotary | at each pair of places rows are complex vectors q at `in`, k at `out`, and z takes them to `z q` and `k / conj(z)`: all products `q conj(k)`, and where q or k is zero in v or in w, also `q_a conj(q_b) / |q|^2` and that of k (`rotary.py`) |
| orth | all products `X^T X` (Witt: equal Gram matrices are one orbit, over the rationals too) |
| scale | walking from what does not scale, each index is scaled so that the largest of its known `in` entries is one in size, or of its `out` entries where it has no `in` ones; known is an entry whose other indices are |
| sign | each index becomes two, with opposite entries, and a tensor says which two are one |
| phase | nothing: a bias that half turns move differs by a multiple of pi (over omega), which is no rational, and weights are rationals. So no half turn but none maps one vector to another. A copy that was moved in floats is another vector to exact arithmetic |
| perm | stays |

Linear axes within an outer one are contracted at each outer index apart. Entries become ranks among those of both nets: orbits of
permutations do not ask for more. What is permuted, scaled or signed within an outer axis is unfolded before (`unfolding.py`). Undecided, with the
reason: scaled indices that nothing unscaled reaches. Parted by products alone, so that one orbit is known by an element only: tensors with
two linear axes where ranks fall, an axis twice in a tensor of which not all is reached and read, scaled indices that only kernels and images know.

Source: Dayan, Eitan, Maron 2026, section 3, for permutations; the criterion for gl is ours (docs/spaces.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ...weights.algebra.kinds import FactorKind, Role
from ...weights.exact import exact
from ...weights.groups import Group, roles, roles_of
from ...weights.space import WeightSpace
from .contraction import contracted
from .parts import Asked, Part, Undecided

if TYPE_CHECKING:
    from ...weights.pair import Vector


Node = tuple[str, int]
"""Axis and index."""


@dataclass
class Reduced:
    """A vector on its way: its tensors so far, and what was done to it."""

    parts: list[Part]
    removed: dict[str, np.ndarray] = field(default_factory=dict)
    """Tensor -> what a shift took away."""
    factors: dict[str, list[Fraction]] = field(default_factory=dict)
    """Axis -> what each index was scaled by."""
    sized: set[Node] = field(default_factory=set)
    """The indices of which something says by how much they are scaled."""


def rationals(array: np.ndarray) -> np.ndarray:
    """The same numbers as `Fraction`, an object array."""
    found = np.empty(array.shape, dtype=object)
    for place in np.ndindex(array.shape):
        found[place] = Fraction(float(array[place]))
    return found


def places_of(of: Group) -> Mapping[str, tuple[Role | None, ...]]:
    """Tensor -> role of each place; of permutations alone no place needs one, so spaces that name none have these."""
    if all(factor.kind is FactorKind.PERM for factor in of.factors):
        return {name: (None,) * len(axes) for name, axes in of.space.tensors}
    return roles(of.space)


def parts_of(of: Group, v: Vector) -> list[Part]:
    """The vector's tensors as parts, exactly."""
    told = places_of(of)
    return [Part(name, axes, told[name], rationals(exact(v[name], name))) for name, axes in of.space.tensors]


@dataclass(frozen=True)
class Reductions:
    """What nets were reduced to.

    Args:
        space: whose permutations decide.
        nets: in it; every entry is the rank of a number among those of all nets.
        values: the numbers, by rank.
        on_way: per net what was done.
        loose: why one orbit of the reductions does not imply one orbit, in words; empty where it does.
    """

    space: WeightSpace
    nets: list[dict[str, np.ndarray]]
    values: list[Fraction]
    on_way: list[Reduced]
    loose: str


def reductions(of: Group, nets: Sequence[Vector]) -> Reductions:
    """The reductions of some nets.

    Raises:
        Undecided: as the module says.
        SpaceError: vectors that do not fit the space.
    """
    asked = Asked(of)
    on_way = [Reduced(parts_of(of, v)) for v in nets]
    for each in on_way:
        _shift(asked, each)
    if asked.where("scales"):
        for each in on_way:
            _scale(asked, each)
    left = contracted(asked, [each.parts for each in on_way])
    loose = left.loose
    if not left.full and not loose:
        loose = next(filter(None, (_loose(asked, each) for each in on_way)), "")
        left = left if loose else contracted(asked, [each.parts for each in on_way], projected=True)
        loose = loose or left.loose  # a projector may have an axis twice
    parts = left.nets
    if asked.linear:
        parts = [sorted(found, key=lambda part: part.name) for found in parts]
    parts = [_doubled(asked, found) for found in parts]
    if not parts[0]:
        raise Undecided(loose or "of tensors that are mapped at every place no product is left")
    values = sorted({x for found in parts for part in found for x in part.entries.flat})
    codes = {value: float(n) for n, value in enumerate(values)}
    held = [
        {part.name: np.vectorize(codes.__getitem__, otypes=[float])(part.entries) for part in found} for found in parts
    ]
    sizes: dict[str, int] = {}
    for part in parts[0]:
        sizes |= dict(zip(part.axes, part.entries.shape, strict=True))
    permuted = tuple(
        axis
        for axis in of.space.permuted
        if axis in sizes and axis in (*asked.permuted, *(f.axis for f in asked.where("signs")))
    )
    space = WeightSpace(
        tuple((part.name, part.axes) for part in parts[0]), tuple(sizes.items()), permuted, of.space.activation
    )
    return Reductions(space, held, values, on_way, loose)


def _shift(asked: Asked, each: Reduced) -> None:
    """Move to zero what may be moved, as often as one undoes another."""
    moving = {factor.axis for factor in asked.where("shifts")}
    shifts = [shift for shift in roles_of(asked.group.space).shifts if shift.axis in moving] if moving else []
    held = {part.name: part for part in each.parts}
    for _ in range(len(shifts) + 1):
        for shift in shifts:
            moved = held[shift.moved]
            taken = moved.entries
            if not any(taken.flat):
                continue
            each.removed[shift.moved] = each.removed.get(shift.moved, 0) + taken
            for target, through in shift.through:
                held[target].entries = held[target].entries + made_up(held[through], moved, held[target], taken)
            moved.entries = taken * 0
    if any(any(held[shift.moved].entries.flat) for shift in shifts):
        raise Undecided("shifts that undo each other in a circle")


def made_up(by: Part, moved: Part, target: Part, amount: np.ndarray) -> np.ndarray:
    """`through d` for an amount of the moved tensor's axes, summed over what the target does not have either."""
    over = [by.axes.index(axis) for axis in moved.axes]
    found = np.tensordot(by.entries, amount, (over, range(amount.ndim)))
    left = [axis for axis in by.axes if axis not in moved.axes]
    return found.sum(axis=tuple(place for place, axis in enumerate(left) if axis not in target.axes))


def _scale(asked: Asked, each: Reduced) -> None:
    """Scale every index of the axes that scale to its normal form, and all tensors with it."""
    scaled = {factor.axis for factor in asked.where("scales") if factor.axis not in asked.linear}
    read = contracted(asked, [each.parts]).nets[0] if asked.linear else each.parts
    known = factors_of(read, scaled)
    each.sized = set(known)
    for axis in scaled:
        each.factors[axis] = [known.get((axis, i), Fraction(1)) for i in range(asked.group.space.size[axis])]
    for part in each.parts:
        for place, (axis, role) in enumerate(zip(part.axes, part.places, strict=True)):
            if axis in scaled and role is not None:
                by = [f if role is Role.IN else 1 / f for f in each.factors[axis]]
                part.entries = part.entries * np.array(by, dtype=object).reshape(
                    -1, *[1] * (part.entries.ndim - 1 - place)
                )


def _loose(asked: Asked, each: Reduced) -> str:
    """An index that scales and that kernels and images alone know, in words: these are scaled along, and nothing says by how much.

    Where `G_j A = 0` and nothing else reads j, row j of G may be scaled without any product that shows it, but the image of G turns.
    """
    scaled = {factor.axis for factor in asked.where("scales") if factor.axis not in asked.linear}
    for part in each.parts if asked.linear else ():
        if not {*part.axes} & {*asked.linear}:
            continue
        for place, (axis, role) in enumerate(zip(part.axes, part.places, strict=True)):
            if axis not in scaled or role is None:
                continue
            for i, entries in enumerate(np.moveaxis(part.entries, place, 0)):
                if (axis, i) not in each.sized and any(np.asarray(entries, dtype=object).flat):
                    return f"ranks fall, and no product says by how much index {i} of {axis} is scaled"
    return ""


def factors_of(parts: Sequence[Part], scaled: set[str]) -> dict[Node, Fraction]:
    """By what each index is scaled, by the rule of the table, of those of which something says it.

    An entry says it of an index where all its other indices are known: with two or three of them as with one. Of an index that stands in it
    twice, in one role, it says nothing, and in both roles it does not scale with it.
    """
    left: list[tuple[dict[Node, int], Fraction]] = []
    for part in parts:
        own = [
            (p, axis, 1 if role is Role.IN else -1)
            for p, (axis, role) in enumerate(zip(part.axes, part.places, strict=True))
            if axis in scaled and role is not None
        ]
        for place in np.ndindex(part.entries.shape) if own else ():
            size: Any = abs(part.entries[place])
            powers: dict[Node, int] = {}
            for p, axis, by in own:
                powers[axis, place[p]] = powers.get((axis, place[p]), 0) + by
            if size:
                left.append(({node: power for node, power in powers.items() if power}, size))
    factor: dict[Node, Fraction] = {}
    while True:
        level: dict[Node, tuple[list[Fraction], list[Fraction]]] = {}
        left = [(powers, size) for powers, size in left if not powers.keys() <= factor.keys()]
        for powers, size in left:
            unknown = [node for node in powers if node not in factor]
            if len(unknown) == 1 and abs(powers[unknown[0]]) == 1:
                known = prod((factor[node] ** power for node, power in powers.items() if node in factor), start=size)
                level.setdefault(unknown[0], ([], []))[powers[unknown[0]] < 0].append(known)
        if not level:
            break
        factor |= {node: 1 / max(inward) if inward else max(outward) for node, (inward, outward) in level.items()}
    if left:
        raise Undecided("indices that scale and that nothing unscaled reaches")
    return factor


def _doubled(asked: Asked, parts: Sequence[Part]) -> list[Part]:
    """Every index that may change its sign as two of opposite entries, and tensors that say which two are one."""
    signed = {factor.axis: factor.kind.permutes for factor in asked.where("signs") if factor.axis not in asked.linear}
    found = []
    sizes: dict[str, int] = {}
    for part in parts:
        entries = part.entries
        for place, (axis, role) in enumerate(zip(part.axes, part.places, strict=True)):
            if axis in signed:
                sizes[axis] = part.entries.shape[place]
                entries = np.concatenate([entries, entries if role is None else -entries], axis=place)
        found.append(Part(part.name, part.axes, part.places, entries))
    for axis, size in sizes.items():
        twins = np.array([[Fraction(int(i % size == j % size)) for j in range(2 * size)] for i in range(2 * size)])
        found.append(Part(f"twins of {axis}", (axis, axis), (None, None), twins))
        if not signed[axis]:
            index = np.array([Fraction(i % size) for i in range(2 * size)], dtype=object)
            found.append(Part(f"index of {axis}", (axis,), (None,), index))
    return found


def unsigned(images: Mapping[str, Sequence[int]], sizes: Mapping[str, int]) -> dict[str, tuple[list[int], list[int]]]:
    """Of images in the reduced space, per axis of the space itself the images and the signs."""
    found = {}
    for axis, each in images.items():
        if axis in sizes:
            size = sizes[axis]
            found[axis] = [each[i] % size for i in range(size)], [1 if each[i] < size else -1 for i in range(size)]
    return found
