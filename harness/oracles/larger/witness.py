"""An element of a larger group over the rationals, and what it does: exact, of plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from ...weights.algebra.kinds import Role
from ...weights.groups import Factor, Group, roles_of
from . import rational, rotary
from .contraction import contracted, sides_of
from .parts import Asked, Part
from .reduction import Reduced, made_up, parts_of

if TYPE_CHECKING:
    from ...weights.pair import Vector


@dataclass(frozen=True)
class Exact:
    """First what shifts take away, then factors and matrices, then permutations, then what shifts add.

    Args:
        permutations: axis -> images.
        factors: axis -> by what each index is multiplied, where it comes from; signs are in it.
        matrices: axis -> per outer index, where it comes from, In; Out is its inverse transpose.
        taken, added: tensor -> amounts; others make up for them as the roles say.
    """

    permutations: Mapping[str, Sequence[int]]
    factors: Mapping[str, Sequence[Fraction]] = field(default_factory=dict)
    matrices: Mapping[str, Sequence[rational.Matrix]] = field(default_factory=dict)
    taken: Mapping[str, np.ndarray] = field(default_factory=dict)
    added: Mapping[str, np.ndarray] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain data; rationals as text, `3/4`."""
        return {
            "permutations": {axis: list(images) for axis, images in self.permutations.items()},
            "factors": {axis: list(map(str, each)) for axis, each in self.factors.items()},
            "matrices": {axis: [[list(map(str, r)) for r in m] for m in each] for axis, each in self.matrices.items()},
            "taken": {name: _texts(each) for name, each in self.taken.items()},
            "added": {name: _texts(each) for name, each in self.added.items()},
        }


def _texts(array: np.ndarray) -> Any:
    return np.vectorize(str, otypes=[object])(array).tolist()


def applied(of: Group, g: Exact, v: Vector) -> dict[str, np.ndarray]:
    """`g v`, as `Fraction`."""
    within = {factor.axis: factor.within for factor in of.factors}
    parts = parts_of(of, v)
    _shifted(of, parts, g.taken, -1)
    for part in parts:
        for axis, each in g.factors.items():
            for place in [p for p, other in enumerate(part.axes) if other == axis]:
                if part.places[place] is not None:
                    by = np.array([f if part.places[place] is Role.IN else 1 / f for f in each], dtype=object)
                    part.entries = part.entries * by.reshape(-1, *[1] * (part.entries.ndim - 1 - place))
        for axis, stacks in g.matrices.items():
            part.entries = _mapped(part, axis, within[axis], stacks)
        for place, axis in enumerate(part.axes):
            if axis in g.permutations:
                part.entries = part.entries.take(np.argsort(g.permutations[axis]), axis=place)
    _shifted(of, parts, g.added, 1)
    return {part.name: part.entries for part in parts}


def _mapped(part: Part, axis: str, outer: str | None, stacks: Sequence[rational.Matrix]) -> np.ndarray:
    """The entries with every place of an axis mapped, by In or Out as its role is, and by the matrix of the outer index beside it."""
    entries = part.entries
    held = part.axes.index(outer) if outer and axis in part.axes else None
    for place in [p for p, each in enumerate(part.axes) if each == axis]:
        front = entries[None] if held is None else np.moveaxis(entries, held, 0)
        at = place + 1 if held is None or held > place else place
        found = np.empty_like(front)
        for o, matrix in enumerate(stacks):
            by = matrix if part.places[place] is Role.IN else rational.transposed(rational.inverse(matrix), len(matrix))
            turned = np.tensordot(np.array(by, dtype=object), front[o], (1, at - 1))
            found[o] = np.moveaxis(turned, 0, at - 1)
        entries = found[0] if held is None else np.moveaxis(found, 0, held)
    return entries


def _shifted(of: Group, parts: Sequence[Part], amounts: Mapping[str, np.ndarray], sign: int) -> None:
    """`moved += amount`, and what makes up for it; in the order of the roles, or back."""
    if not amounts:
        return
    held = {part.name: part for part in parts}
    listed = [shift for shift in roles_of(of.space).shifts if shift.moved in amounts]
    for shift in listed:
        moved, amount = held[shift.moved], sign * amounts[shift.moved]
        moved.entries = moved.entries + amount
        for target, through in shift.through:
            held[target].entries = held[target].entries - made_up(held[through], moved, held[target], amount)


def element(
    of: Group,
    images: Mapping[str, Sequence[int]],
    signs: Mapping[str, Sequence[int]],
    v: Vector,
    before: Reduced,
    after: Reduced,
) -> Exact:
    """The element that maps v to w, given what permutes their reductions; it still has to be applied and compared."""
    space = of.space
    permutations = {axis: tuple(images.get(axis, range(space.size[axis]))) for axis in space.permuted}
    factors = {}
    for axis in {*before.factors, *signs}:
        size = space.size[axis]
        left, right = (each.factors.get(axis, [Fraction(1)] * size) for each in (before, after))
        factors[axis] = [left[i] * signs.get(axis, [1] * size)[i] / right[permutations[axis][i]] for i in range(size)]
    plain = Exact(permutations, factors, {}, before.removed, {})
    asked = Asked(of)
    if not asked.linear:
        return Exact(permutations, factors, {}, before.removed, after.removed)
    here = applied(of, plain, v)
    # After its own factors w stands scaled: back to what it was, less its shifts.
    there = {part.name: part.entries for part in after.parts}
    for part in after.parts:
        for place, axis in enumerate(part.axes):
            if axis in after.factors and part.places[place] is not None:
                by = [1 / f if part.places[place] is Role.IN else f for f in after.factors[axis]]
                there[part.name] = there[part.name] * np.array(by, dtype=object).reshape(
                    -1, *[1] * (part.entries.ndim - 1 - place)
                )
    nets = [[replace(part, entries=held[part.name]) for part in after.parts] for held in (here, there)]
    matrices = {}
    # The axis that was taken out last is known first; what it does is done before the one before is asked.
    for factor in reversed(asked.linear.values()):
        sizes = space.size[factor.within] if factor.within else 1, space.size[factor.axis]
        found = _matrices(factor, contracted(asked, nets, until=factor).nets, *sizes)
        for part in nets[0]:
            part.entries = _mapped(part, factor.axis, factor.within, found)
        matrices[factor.axis] = [found[o] for o in permutations[factor.within]] if factor.within else found
    return Exact(permutations, factors, matrices, before.removed, after.removed)


def _matrices(factor: Factor, nets: Sequence[Sequence[Part]], outer_size: int, size: int) -> list[rational.Matrix]:
    """Per outer index the map of an axis that takes the tensors of one net to those of another; the identity where none shows it."""
    axis, outer = factor.axis, factor.within
    if not any(part.axes.count(axis) == 1 for part in nets[0]):
        return [rational.unit(size) for _ in range(outer_size)]
    sides, _ = sides_of(nets, factor)
    (a, b), (c, d) = ([[part.columns(axis, outer) for part in side] for side in each] for each in sides)
    found = []
    for o in range(outer_size):
        a_o, b_o, c_o, d_o = (_columns(side, o, size) for side in (a, b, c, d))
        if factor.kind.rotary:
            found.append(rotary.factors(a_o, b_o, c_o, d_o, size))
        else:
            found.append(_rotation(a_o, c_o) if factor.kind.rotates else _map(a_o, b_o, c_o, d_o, size))
    return found


def _columns(side: Sequence[np.ndarray], o: int, size: int) -> rational.Matrix:
    """Tensors of one side beside each other, `[columns][n]`."""
    return [[block[o][i][j] for i in range(size)] for block in side for j in range(block.shape[2])]


def _map(a: rational.Matrix, b: rational.Matrix, c: rational.Matrix, d: rational.Matrix, size: int) -> rational.Matrix:
    """An invertible M with `M a = c` and `d M = b`; a and c are lists of columns, b and d of rows."""
    _, pivots = rational.reduced(rational.transposed(a, size))
    basis, images = [a[p] for p in pivots], [c[p] for p in pivots]
    inner = _extending(basis, rational.kernel(b, size)), _extending(images, rational.kernel(d, size))
    basis, images = basis + inner[0], images + inner[1]
    for each in rational.completed(basis, size):
        ends = [row[0] for row in rational.times(b, [[x] for x in each])]
        basis, images = [*basis, each], [*images, rational.solution(d, ends)]
    if len(basis) != size or len(images) != size or rational.rank(images) < size:
        raise ArithmeticError("no invertible map")
    return rational.times(rational.transposed(images, size), rational.inverse(rational.transposed(basis, size)))


def _extending(held: Sequence[Sequence[Fraction]], more: Sequence[Sequence[Fraction]]) -> rational.Matrix:
    """Those of some vectors, one after the other, that are independent of all before."""
    found: rational.Matrix = []
    for each in more:
        if rational.rank([*map(list, held), *found, list(each)]) > len(held) + len(found):
            found.append(list(each))
    return found


def _rotation(a: rational.Matrix, c: rational.Matrix) -> rational.Matrix:
    """A product of reflections that takes the columns a to c, whose inner products are the same."""
    size = len(a[0])
    found, columns = rational.unit(size), [list(each) for each in a]
    for i, wanted in enumerate(c):
        mirror = [x - y for x, y in zip(columns[i], wanted, strict=True)]
        length = sum((x * x for x in mirror), Fraction(0))
        if not length:
            continue

        def reflected(
            x: Sequence[Fraction], mirror: list[Fraction] = mirror, length: Fraction = length
        ) -> list[Fraction]:
            along = 2 * sum((p * q for p, q in zip(mirror, x, strict=True)), Fraction(0)) / length
            return [p - along * q for p, q in zip(x, mirror, strict=True)]

        columns = [reflected(each) for each in columns]
        found = rational.transposed([reflected(each) for each in rational.transposed(found, size)], size)
    return found
