"""The element that a certificate of one orbit names: applied to v by its definition, and compared with w."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from ...weights.algebra.kinds import Role
from ...weights.groups import Group
from ...weights.pair import Vector
from ..exact.refuted import demand, rational
from .tensors import shifted, tensors_of


def check_element(of: Group, nets: Sequence[Vector], element: Mapping[str, Any]) -> None:
    """Apply the element to v, in the order in which it says what it does, and compare with w."""
    demand(set(element) == {"permutations", "factors", "matrices", "taken", "added"}, "an element has its keys")
    space, size, kinds = of.space, of.space.size, {factor.axis: factor for factor in of.factors}
    demand(set(element["permutations"]) == set(space.permuted), "a permutation for each axis")
    for axis, images in element["permutations"].items():
        demand(
            sorted(images) == list(range(size[axis])) and all(type(i) is int for i in images), f"{axis}: a permutation"
        )
        moves = axis in kinds and kinds[axis].kind.permutes and not kinds[axis].within
        demand(moves or images == sorted(images), f"{axis} is permuted by the group")
    scales: dict[str, list[Fraction]] = {}
    for axis, texts in element["factors"].items():
        factors = scales[axis] = [rational(text) for text in texts]
        demand(len(factors) == size[axis] and axis in kinds and not kinds[axis].within, f"{axis} has factors")
        kind = kinds[axis].kind
        demand(all(factors) and (kind.signs or all(f > 0 for f in factors)), f"{axis}: factors of its kind")
        demand(kind.scales or all(abs(f) == 1 for f in factors), f"{axis} is not scaled")
    tensors = shifted(of, tensors_of(of, nets[0]), element["taken"], -1)
    for name, (places, entries) in tensors.items():
        for place in entries:
            for p, (axis, role) in enumerate(places):
                if axis in scales and role is not None:
                    by = scales[axis][place[p]]
                    entries[place] = entries[place] * by if role is Role.IN else entries[place] / by
        tensors[name] = places, entries
    for axis, stacks in element["matrices"].items():
        factor = kinds[axis]
        demand(factor.kind.maps or factor.kind.rotates or factor.kind.rotary, f"{axis} is not mapped by matrices")
        matrices = [[[rational(text) for text in row] for row in matrix] for matrix in stacks]
        outer = size[factor.within] if factor.within else 1
        demand(
            len(matrices) == outer and all(len(m) == size[axis] == len(row) for m in matrices for row in m), "square"
        )
        duals = [_dual(matrix) for matrix in matrices]
        if factor.kind.rotates:
            demand(all(m == d for m, d in zip(matrices, duals, strict=True)), f"{axis}: orthogonal matrices")
        if factor.kind.rotary:
            demand(all(map(_commutes, matrices)), f"{axis}: matrices that commute with the turns of its pairs")
        for name, (places, entries) in tensors.items():
            o = [q for q, (each, _) in enumerate(places) if each == factor.within]
            for p in [p for p, (each, _) in enumerate(places) if each == axis]:
                by = matrices if places[p][1] is Role.IN else duals
                entries = {
                    place: sum(
                        (
                            by[place[o[0]] if o else 0][place[p]][k] * entries[(*place[:p], k, *place[p + 1 :])]
                            for k in range(size[axis])
                        ),
                        Fraction(0),
                    )
                    for place in entries
                }
            tensors[name] = places, entries
    for name, (places, entries) in tensors.items():
        tensors[name] = (
            places,
            {
                tuple(
                    element["permutations"].get(axis, range(size[axis]))[i]
                    for (axis, _), i in zip(places, place, strict=True)
                ): x
                for place, x in entries.items()
            },
        )
    tensors = shifted(of, tensors, element["added"], 1)
    wanted = tensors_of(of, nets[1])
    for name in tensors:
        demand(tensors[name][1] == wanted[name][1], f"the element maps {name} of v to that of w")


def _commutes(matrix: list[list[Fraction]]) -> bool:
    """Whether it is a complex number on the places i and i + n/2, for each i, and zero elsewhere."""
    half = len(matrix) // 2
    return 2 * half == len(matrix) and all(
        matrix[i][j] == matrix[i + half][j + half]
        and matrix[i][j + half] == -matrix[i + half][j]
        and (i == j or not (matrix[i][j] or matrix[i][j + half]))
        for i in range(half)
        for j in range(half)
    )


def _dual(matrix: list[list[Fraction]]) -> list[list[Fraction]]:
    """The inverse transpose, by Gauss and Jordan."""
    size = len(matrix)
    rows = [[*matrix[i], *(Fraction(int(i == j)) for j in range(size))] for i in range(size)]
    for column in range(size):
        pivot = next((i for i in range(column, size) if rows[i][column]), None)
        demand(pivot is not None, "an invertible matrix")
        assert pivot is not None
        rows[column], rows[pivot] = rows[pivot], rows[column]
        rows[column] = [x / rows[column][column] for x in rows[column]]
        for i in range(size):
            if i != column:
                rows[i] = [x - rows[i][column] * y for x, y in zip(rows[i], rows[column], strict=True)]
    return [[rows[j][size + i] for j in range(size)] for i in range(size)]
