"""A tensor in which a linear axis stands twice: what is left of it are products with its powers between."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import product
from typing import Any

from ...weights.algebra.kinds import Role
from ..exact.refuted import demand
from .along import orthogonal, rest_of, rows_of
from .tensors import Index, Tensors


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


def through_loop(tensors: Tensors, loop: str, axis: str) -> Tensors:
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
        rows = {rest: entries for (_, rest), entries in rows_of(tensors, name, axis, None).items()}
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
        demand(len(orthogonal(vectors)) == size, f"all of {axis} is {'reached' if role is Role.IN else 'read'}")
    found: Tensors = {}
    for (left, before), (right, after) in product(chains[Role.OUT], chains[Role.IN]):
        for k, rows in enumerate(after):
            name = f"{left} {loop}^{k} {right}" if k else f"{left} {right}"
            entries = {
                (*i, *j): sum((p * q for p, q in zip(x, y, strict=True)), Fraction(0))
                for i, x in before[0].items()
                for j, y in rows.items()
            }
            found[name] = (*rest_of(tensors, left, axis, None), *rest_of(tensors, right, axis, None)), entries
    return found
