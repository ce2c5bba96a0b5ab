"""How many linear maps of a weight space commute with its group: an exact count of orbits, without a single tensor.

A matrix commutes with a group of permutations of its entries' indices iff it is constant on orbits of pairs (output
entry, input entry). The group of a weight space is a product with one factor an axis, and an orbit of pairs is a choice
for each axis apart: if S_n permutes the axis and it stands at m places of the two tensors together, the orbits on
`{1..n}^m` are the partitions of the m places into at most n blocks (places in one block hold the same index); if the axis
is fixed they are all n^m tuples. So widths of 1 and 2 count right where a formula for large widths would not.

Source: theory.md, section 7; Zhou et al. 2024 (UNF, arXiv 2402.05232), section 3, for the basis that is counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from math import prod
from typing import NamedTuple

from ..core.registry import did_you_mean
from ..weights.space import SpaceError, WeightSpace


class Dimension(NamedTuple):
    """Dimensions of the equivariant affine maps `v -> A v + c`, one channel in and out.

    linear: of the maps A; constants: of the vectors c, that is, of the invariant vectors.
    """

    linear: int
    constants: int


def dimension(space: WeightSpace, permuted: Iterable[str] | None = None) -> Dimension:
    """The exact dimension of the equivariant linear maps `space -> space` and of the invariant vectors.

    Args:
        space: any weight space; an axis may stand at several places of one tensor.
        permuted: the axes that carry a symmetric group, by default the space's own; all axes of an MLP give the group
            of NFN-NP, which permutes inputs and outputs too.

    Raises:
        SpaceError: an axis that the space does not have.
    """
    moved = _moved(space, permuted)
    return Dimension(
        linear=sum(blocks(space, moved).values()),
        constants=sum(_orbits(space, moved, target) for target in space.axes.values()),
    )


def blocks(space: WeightSpace, permuted: Iterable[str] | None = None) -> dict[tuple[str, str], int]:
    """`(output tensor, input tensor)` -> dimension of the equivariant linear maps from one to the other.

    Raises:
        SpaceError: as `dimension`.
    """
    moved, axes = _moved(space, permuted), space.axes
    return {(target, source): _orbits(space, moved, axes[target], axes[source]) for target in axes for source in axes}


def _moved(space: WeightSpace, permuted: Iterable[str] | None) -> frozenset[str]:
    moved = frozenset(space.permuted if permuted is None else permuted)
    for axis in sorted(moved - set(space.size)):
        raise SpaceError(f'{space} has no axis "{axis}"{did_you_mean(axis, space.size)}')
    return moved


def _orbits(space: WeightSpace, moved: frozenset[str], *tensors: tuple[str, ...]) -> int:
    """Orbits of the group on tuples of entries, one entry a tensor."""
    size = space.size
    places = [axis for tensor in tensors for axis in tensor]
    return prod(
        _partitions(places.count(axis), size[axis]) if axis in moved else size[axis] ** places.count(axis)
        for axis in set(places)
    )


def _partitions(places: int, size: int) -> int:
    """Partitions of a set of `places` elements into at most `size` non-empty blocks."""
    return sum(_stirling(places, blocks) for blocks in range(min(places, size) + 1))


@cache
def _stirling(places: int, blocks: int) -> int:
    """Partitions of a set of `places` elements into exactly `blocks`: the last one alone, or with one of the blocks."""
    if places == 0 or blocks == 0:
        return int(places == blocks)
    return _stirling(places - 1, blocks - 1) + blocks * _stirling(places - 1, blocks)
