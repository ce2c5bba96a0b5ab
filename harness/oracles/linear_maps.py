"""How many linear maps of a weight space commute with its group: an exact count of orbits, without a single tensor.

The group of a weight space is a product with one factor an axis, so a dimension is a product over axes. What an axis gives is the
dimension of the tensors of m places that its factor leaves alone, with m the places of the axis in output and input tensor together;
an input's place stands opposite to an output's of the same role, `in` against `out`. With p places `in` and q `out` on n indices:

| factor | dimension |
|---|---|
| none | `n^(p+q)` |
| `perm` | partitions of the places into at most n blocks: those in one block hold the same index |
| `scale`, `sign` | index tuples whose characters cancel: an index stands at as many `in` as `out`; at an even number of places |
| `perm+scale`, `perm+sign` | partitions with every block so |
| `gl` | sum over shapes of p boxes and at most n rows of f^2, where p = q, else 0 |
| `orth` | sum over shapes of p + q boxes, all rows even and at most n of them, of f |

where f counts the standard fillings of a shape (hook lengths). Widths of 1 and 2 so count right where a formula for large widths would not.

Source: theory.md, section 7; Zhou et al. 2024 (UNF, arXiv 2402.05232), section 3, for the basis of permutations; Weyl, *The
Classical Groups*, 1946, for `gl` and `orth`; characters: ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from math import comb, factorial, perm, prod
from typing import NamedTuple

from ..core.registry import did_you_mean
from ..weights.algebra.kinds import FactorKind, Role
from ..weights.groups import Group, NotCarried, roles
from ..weights.space import SpaceError, WeightSpace

Asked = Iterable[str] | Group | None


class Dimension(NamedTuple):
    """Dimensions of the equivariant affine maps `v -> A v + c`, one channel in and out.

    linear: of the maps A; constants: of the vectors c, that is, of the invariant vectors.
    """

    linear: int
    constants: int


def dimension(space: WeightSpace, group: Asked = None) -> Dimension:
    """The exact dimension of the equivariant linear maps `space -> space` and of the invariant vectors.

    Args:
        space: any weight space; an axis may stand at several places of one tensor.
        group: a group of the space; or the axes that carry a symmetric group, by default the space's own; all axes of an MLP
            give the group of NFN-NP, which permutes inputs and outputs too.

    Raises:
        SpaceError: an axis that the space does not have.
        NotCarried: a group of which no dimension is known here: half turns and shifts are affine, inner axes lie within outer ones.
    """
    kinds = _kinds(space, group)
    return Dimension(
        linear=sum(blocks(space, group).values()),
        constants=sum(_invariants(space, kinds, target) for target in space.axes),
    )


def blocks(space: WeightSpace, group: Asked = None) -> dict[tuple[str, str], int]:
    """`(output tensor, input tensor)` -> dimension of the equivariant linear maps from one to the other.

    Raises:
        SpaceError, NotCarried: as `dimension`.
    """
    kinds, axes = _kinds(space, group), space.axes
    return {(target, source): _invariants(space, kinds, target, source) for target in axes for source in axes}


def _kinds(space: WeightSpace, group: Asked) -> dict[str, FactorKind]:
    if isinstance(group, Group):
        for factor in group.factors:
            if factor.within or factor.kind.turns or factor.kind.shifts or factor.kind.rotary:
                raise NotCarried(f"no dimension is known for {factor.kind} of {factor.axis} in {space}")
        return group.kind
    moved = frozenset(space.permuted if group is None else group)
    for axis in sorted(moved - set(space.size)):
        raise SpaceError(f'{space} has no axis "{axis}"{did_you_mean(axis, space.size)}')
    return dict.fromkeys(moved, FactorKind.PERM)


def _invariants(space: WeightSpace, kinds: Mapping[str, FactorKind], target: str, source: str | None = None) -> int:
    """Dimension of what the group leaves alone in the tensors on the places of one tensor, or of an output and an input."""
    typed = any(kind is not FactorKind.PERM for kind in kinds.values())
    found: dict[str, list[int]] = {axis: [0, 0] for axis in space.size}
    for name, opposite in ((target, False), (source, True)):
        for place, axis in enumerate(space.axes[name] if name else ()):
            # Permutations ask no role, and spaces without roles have them too.
            out = typed and name is not None and roles(space)[name][place] == Role.OUT
            found[axis][out != opposite] += 1
    return prod(_of_axis(kinds.get(axis), size, *found[axis]) for axis, size in space.sizes)


def _of_axis(kind: FactorKind | None, size: int, ins: int, outs: int) -> int:
    if kind is None:
        return size ** (ins + outs)
    if kind.maps:
        return sum(_fillings(shape) ** 2 for shape in _shapes(ins, size)) if ins == outs else 0
    if kind.rotates:
        return sum(_fillings(shape) for shape in _shapes(ins + outs, size) if all(row % 2 == 0 for row in shape))
    return sum(
        _partitions(ins, outs, blocks, kind) * (1 if kind.permutes else perm(size, blocks))
        for blocks in range(min(ins + outs, size) + 1)
    )


def _cancel(kind: FactorKind, ins: int, outs: int) -> bool:
    """Whether an index that stands at these places moves by nothing."""
    return ins == outs if kind.scales else (ins + outs) % 2 == 0 if kind.signs else True


@cache
def _partitions(ins: int, outs: int, blocks: int, kind: FactorKind) -> int:
    """Partitions of the places into exactly `blocks` whose characters cancel: by the block of the first place, and of the rest."""
    if ins + outs == 0 or blocks == 0:
        return int(ins + outs == blocks)
    first = (1, 0) if ins else (0, 1)
    free = ins - first[0], outs - first[1]
    return sum(
        comb(free[0], i) * comb(free[1], o) * _partitions(free[0] - i, free[1] - o, blocks - 1, kind)
        for i in range(free[0] + 1)
        for o in range(free[1] + 1)
        if _cancel(kind, first[0] + i, first[1] + o)
    )


def _shapes(boxes: int, rows: int, widest: int | None = None) -> Iterator[tuple[int, ...]]:
    """The ways to write `boxes` as a sum of at most `rows` falling positive numbers."""
    if boxes == 0:
        yield ()
        return
    for first in range(min(boxes, boxes if widest is None else widest), 0, -1) if rows else ():
        for rest in _shapes(boxes - first, rows - 1, first):
            yield (first, *rest)


def _fillings(shape: tuple[int, ...]) -> int:
    """Standard fillings of a shape, by hook lengths."""
    hooks = prod(
        row - column + sum(other > column for other in shape[index + 1 :])
        for index, row in enumerate(shape)
        for column in range(row)
    )
    return factorial(sum(shape)) // hooks
