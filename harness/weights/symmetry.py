"""The symmetry group of a weight space and its action, computed from axis names alone.

The group is the product of one symmetric group per permuted axis. An element holds, per permuted axis, the image of
every index: `images[i]` is where neuron `i` goes. It acts on a tensor by moving entry `i` of every axis of that name to
`images[i]`; for MLPs this is `W_l -> P_l W_l P_{l-1}^T`, `b_l -> P_l b_l` (theory.md, section 1). An axis that occurs
twice in one tensor is moved at both places.

Elements are plain data without torch; `act` alone needs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import factorial, prod
from typing import TYPE_CHECKING

import numpy as np

from .space import SpaceError, WeightSpace

if TYPE_CHECKING:
    from .batch import Weights


@dataclass(frozen=True)
class GroupElement:
    """One element of the group: `((axis, images), ...)` in the order of the space's permuted axes.

    Args:
        permutations: for each permuted axis the images of `0, ..., n-1`; `images[i]` is where index `i` goes.

    Raises:
        SpaceError: the images of an axis are no permutation.
    """

    permutations: tuple[tuple[str, tuple[int, ...]], ...]

    def __post_init__(self) -> None:
        for axis, images in self.permutations:
            if sorted(images) != list(range(len(images))):
                raise SpaceError(f"axis {axis!r}: {images} is no permutation of 0..{len(images) - 1}")

    def __str__(self) -> str:
        """Cycle notation per axis, as in `n1: (0 2)(1 3)`; axes at rest are left out."""
        parts = [f"{axis}: {cycles}" for axis, images in self.permutations if (cycles := _cycles(images))]
        return ", ".join(parts) or "identity"

    def to_json(self) -> dict[str, list[int]]:
        """Axis -> images."""
        return {axis: list(images) for axis, images in self.permutations}


def _cycles(images: Sequence[int]) -> str:
    seen: set[int] = set()
    text = ""
    for start in range(len(images)):
        cycle, here = [], start
        while here not in seen:
            seen.add(here)
            cycle.append(here)
            here = images[here]
        if len(cycle) > 1:
            text += f"({' '.join(map(str, cycle))})"
    return text


def identity(space: WeightSpace) -> GroupElement:
    """The element that moves nothing."""
    size = space.size
    return GroupElement(tuple((axis, tuple(range(size[axis]))) for axis in space.permuted))


def order(space: WeightSpace) -> int:
    """Number of elements of the group: the product of the factorials of the permuted sizes."""
    size = space.size
    return prod(factorial(size[axis]) for axis in space.permuted)


def generators(space: WeightSpace) -> tuple[GroupElement, ...]:
    """The adjacent transpositions of every permuted axis; together they generate the group."""
    size = space.size
    return tuple(transposition(space, axis, index) for axis in space.permuted for index in range(size[axis] - 1))


def transposition(space: WeightSpace, axis: str, index: int) -> GroupElement:
    """The element that swaps `index` and `index + 1` on one permuted axis."""
    images = list(range(space.size[axis]))
    images[index], images[index + 1] = images[index + 1], images[index]
    return GroupElement(
        tuple((name, tuple(images) if name == axis else rest) for name, rest in identity(space).permutations)
    )


def random_elements(space: WeightSpace, count: int, rng: np.random.Generator) -> tuple[GroupElement, ...]:
    """`count` independent elements, uniform over the group."""
    size = space.size
    images = {axis: rng.permuted(np.tile(np.arange(size[axis]), (count, 1)), axis=1) for axis in space.permuted}
    return tuple(
        GroupElement(tuple((axis, tuple(images[axis][number].tolist())) for axis in space.permuted))
        for number in range(count)
    )


def compose(g: GroupElement, h: GroupElement) -> GroupElement:
    """The product `g h`, which acts as first `h`, then `g`."""
    return GroupElement(
        tuple(
            (axis, tuple(outer[image] for image in inner))
            for (axis, outer), (_, inner) in zip(g.permutations, h.permutations, strict=True)
        )
    )


def inverse(g: GroupElement) -> GroupElement:
    """The inverse of `g`."""
    return GroupElement(tuple((axis, tuple(np.argsort(images).tolist())) for axis, images in g.permutations))


def act(elements: GroupElement | Sequence[GroupElement], v: Weights) -> Weights:
    """`g v`: every weight vector moved by one element, or the i-th by the i-th of a sequence as long as the batch.

    Entries are moved, never computed: bits are kept. One gather a tensor. The result shares no memory with `v`.

    Raises:
        SpaceError: an element of another space's group, or a sequence whose length is not the batch size.
    """
    import torch  # elements themselves are plain data and must not cost torch's import

    from .batch import Weights

    listed = [elements] if isinstance(elements, GroupElement) else list(elements)
    if not isinstance(elements, GroupElement) and len(listed) != v.batch:
        raise SpaceError(
            f"{len(listed)} group elements for a batch of {v.batch}; give one, or one for each weight vector"
        )
    size = v.space.size
    wanted = tuple((axis, size[axis]) for axis in v.space.permuted)
    for g in listed:
        got = tuple((axis, len(images)) for axis, images in g.permutations)
        if got != wanted:
            raise SpaceError(
                f"a group element on {dict(got)} cannot act on {v.space}, whose permuted axes are {dict(wanted)}"
            )
    sources = {
        axis: torch.from_numpy(np.argsort(np.array([g.permutations[position][1] for g in listed]), axis=1)).to(v.device)
        for position, axis in enumerate(v.space.permuted)
    }
    rows = torch.arange(v.batch, device=v.device)
    moved = {}
    for name, axes in v.space.tensors:
        if not any(axis in sources for axis in axes):
            moved[name] = v.tensors[name].clone()
            continue
        rank = len(axes)
        index = [rows.view(-1, *[1] * rank)]
        for position, axis in enumerate(axes):
            shape = [1] * (rank + 1)
            shape[position + 1] = size[axis]
            if axis in sources:
                shape[0] = len(listed)
                index.append(sources[axis].view(shape))
            else:
                index.append(torch.arange(size[axis], device=v.device).view(shape))
        moved[name] = v.tensors[name][tuple(index)]
    return Weights(v.space, moved)
