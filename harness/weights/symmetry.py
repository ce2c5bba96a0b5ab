"""Elements of a space's symmetry group, and their action on weights and on outputs.

An element holds, per permuted axis, the image of every index (`images[i]` is where index `i` goes) and, where its factor
multiplies, two diagonals In and Out = 1 / In. It moves entry `i` of every place on that axis to `images[i]`, and then multiplies
the entry that came to `j` by `In[j]` at places of role `in`, by `Out[j]` at places of role `out` (`groups.py`). For MLPs this is
`W_l -> S_l P_l W_l (S_{l-1} P_{l-1})^-1`, `b_l -> S_l P_l b_l` (theory.md, section 1). An axis that occurs twice in one tensor is moved
at both places.

Where a group is asked for, a weight space stands for its permutations. Elements are plain data without torch; the action
alone needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import factorial, prod
from typing import TYPE_CHECKING

import numpy as np

from .element import Diagonal, GroupElement, OutputKind
from .groups import Group, Role, group, roles
from .space import SpaceError, WeightSpace

if TYPE_CHECKING:
    import torch

    from .batch import Weights

REACH = 3
"""Factors of random elements lie between `2^-REACH` and `2^REACH`."""


def _group(of: WeightSpace | Group) -> Group:
    return of if isinstance(of, Group) else group(of)


def identity(of: WeightSpace | Group) -> GroupElement:
    """The element that moves nothing."""
    space = _group(of).space
    return GroupElement(tuple((axis, tuple(range(space.size[axis]))) for axis in space.permuted))


def order(space: WeightSpace) -> int:
    """Number of permutations in the group: the product of the factorials of the permuted sizes."""
    size = space.size
    return prod(factorial(size[axis]) for axis in space.permuted)


def generators(of: WeightSpace | Group) -> tuple[GroupElement, ...]:
    """The adjacent transpositions of every axis that is permuted, then one factor of 2, or one change of sign, at each index.

    Together they generate the permutations and signs; of the scales those by powers of two.
    """
    asked = _group(of)
    size = asked.space.size
    swaps = tuple(
        transposition(asked.space, axis, index)
        for axis, kind in asked.kind.items()
        if kind.permutes
        for index in range(size[axis] - 1)
    )
    factors = tuple(
        multiplied(asked.space, axis, index, 2.0 if kind.scales else -1.0)
        for axis, kind in asked.kind.items()
        if kind.scales or kind.signs
        for index in range(size[axis])
    )
    return swaps + factors


def transposition(space: WeightSpace, axis: str, index: int) -> GroupElement:
    """The element that swaps `index` and `index + 1` on one permuted axis."""
    images = list(range(space.size[axis]))
    images[index], images[index + 1] = images[index + 1], images[index]
    return GroupElement(
        tuple((name, tuple(images) if name == axis else rest) for name, rest in identity(space).permutations)
    )


def multiplied(space: WeightSpace, axis: str, index: int, factor: float) -> GroupElement:
    """The element that multiplies what goes with one index of one permuted axis by `factor`."""
    inward, outward = [1.0] * space.size[axis], [1.0] * space.size[axis]
    inward[index], outward[index] = factor, 1 / factor
    return GroupElement(identity(space).permutations, (Diagonal(axis, tuple(inward), tuple(outward)),))


def random_elements(
    of: WeightSpace | Group, count: int, rng: np.random.Generator, reach: int = REACH
) -> tuple[GroupElement, ...]:
    """`count` independent elements that act without rounding: uniform permutations and signs, scales 2^k, |k| <= reach.

    The permutations are those of the same `rng` for the space's permutations alone, and `rng` goes on alike: factors come
    from a child of it.
    """
    return _random(of, count, rng, lambda child, shape: 2.0 ** child.integers(-reach, reach, shape, endpoint=True))


def generic_elements(
    of: WeightSpace | Group, count: int, rng: np.random.Generator, reach: int = REACH
) -> tuple[GroupElement, ...]:
    """As `random_elements`, with scales that are any floats: 2^k for real k, |k| <= reach."""
    return _random(of, count, rng, lambda child, shape: 2.0 ** child.uniform(-reach, reach, shape))


def _random(
    of: WeightSpace | Group,
    count: int,
    rng: np.random.Generator,
    scales: Callable[[np.random.Generator, tuple[int, int]], np.ndarray],
) -> tuple[GroupElement, ...]:
    asked = _group(of)
    space, size, kinds = asked.space, asked.space.size, asked.kind
    rest = {axis: np.tile(np.arange(size[axis]), (count, 1)) for axis in space.permuted}
    images = {
        axis: rng.permuted(rest[axis], axis=1) if axis in kinds and kinds[axis].permutes else rest[axis]
        for axis in space.permuted
    }
    drawn = {axis: kind for axis, kind in kinds.items() if kind.scales or kind.signs}
    inward: dict[str, np.ndarray] = {}
    if drawn:
        (child,) = rng.spawn(1)
        for axis, kind in drawn.items():
            shape = (count, size[axis])
            inward[axis] = scales(child, shape) if kind.scales else child.choice((-1.0, 1.0), shape)
    return tuple(
        GroupElement(
            tuple((axis, tuple(images[axis][number].tolist())) for axis in space.permuted),
            tuple(
                Diagonal(axis, tuple(inward[axis][number].tolist()), tuple((1 / inward[axis][number]).tolist()))
                for axis in space.permuted
                if axis in inward
            ),
        )
        for number in range(count)
    )


def on_axis(g: GroupElement, axis: str) -> GroupElement:
    """The factor of `g` on one axis: all other axes are at rest."""
    return GroupElement(
        tuple((name, images if name == axis else tuple(range(len(images)))) for name, images in g.permutations),
        tuple(diagonal for diagonal in g.diagonals if diagonal.axis == axis),
    )


def compose(g: GroupElement, h: GroupElement) -> GroupElement:
    """The product `g h`, which acts as first `h`, then `g`: `In_gh[j] = In_g[j] In_h[i]` where `g` takes i to j, Out alike."""
    permutations = tuple(
        (axis, tuple(outer[image] for image in inner))
        for (axis, outer), (_, inner) in zip(g.permutations, h.permutations, strict=True)
    )
    if not g.diagonals and not h.diagonals:
        return GroupElement(permutations)
    first, then, diagonals = h.factors, g.factors, []
    for axis, images in g.permutations:
        if axis in first or axis in then:
            before, after = (found.get(axis) or _ones(axis, len(images)) for found in (first, then))
            sources = np.argsort(images)
            inward, outward = (
                tuple(a * b[source] for a, source in zip(later, sources, strict=True))
                for later, b in ((after.inward, before.inward), (after.outward, before.outward))
            )
            diagonals.append(Diagonal(axis, inward, outward))
    return GroupElement(permutations, tuple(diagonals))


def _ones(axis: str, size: int) -> Diagonal:
    return Diagonal(axis, (1.0,) * size, (1.0,) * size)


def inverse(g: GroupElement) -> GroupElement:
    """The inverse of `g`, of the same numbers: In and Out change places, and indices go back."""
    factors = g.factors
    return GroupElement(
        tuple((axis, tuple(np.argsort(images).tolist())) for axis, images in g.permutations),
        tuple(
            Diagonal(
                axis,
                tuple(factors[axis].outward[image] for image in images),
                tuple(factors[axis].inward[image] for image in images),
            )
            for axis, images in g.permutations
            if axis in factors
        ),
    )


def act(
    elements: GroupElement | Sequence[GroupElement], v: Weights, kind: OutputKind | str = OutputKind.POINT
) -> Weights:
    """`g v`: every weight vector moved by one element, or the i-th by the i-th of a sequence as long as the batch.

    One gather a tensor, then one product for each place that has factors: permutations, signs and powers of two keep every
    bit, short of over- and underflow. The result shares no memory with `v`.

    Args:
        kind: how `v` moves: "point" for weights, an output by its own kind.

    Raises:
        SpaceError: an element of another space's group, or a sequence whose length is not the batch size.
        NotCarried: factors, in a space in which they are not known to mean anything.
    """
    return _moved(elements, v, OutputKind(kind), lambda factors: factors)


def act_in_size(
    elements: GroupElement | Sequence[GroupElement], sizes: Weights, kind: OutputKind | str = OutputKind.POINT
) -> Weights:
    """`|g| sizes`: the same action with absolute values of In and Out, for bounds on entries (`units.py`)."""
    return _moved(elements, sizes, OutputKind(kind), np.abs)


def _moved(
    elements: GroupElement | Sequence[GroupElement],
    v: Weights,
    kind: OutputKind,
    entries: Callable[[np.ndarray], np.ndarray],
) -> Weights:
    """The action, with `entries` applied to the diagonals."""
    from .batch import Weights  # elements themselves are plain data and must not cost torch's import

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
    return Weights(v.space, _multiplied(listed, v.space, _gathered(listed, v), kind, entries))


def _gathered(listed: Sequence[GroupElement], v: Weights) -> dict[str, torch.Tensor]:
    """Every entry at the place where the permutations take it; one element is for all samples."""
    import torch

    size = v.space.size
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
    return moved


def _multiplied(
    listed: Sequence[GroupElement],
    space: WeightSpace,
    tensors: dict[str, torch.Tensor],
    kind: OutputKind,
    entries: Callable[[np.ndarray], np.ndarray],
) -> dict[str, torch.Tensor]:
    """Every place by the diagonal of its role; covectors by the other one. No product where all factors are one."""
    import torch

    if not any(g.diagonals for g in listed):
        return tensors
    size, place_roles = space.size, roles(space)
    factors, diagonals = [g.factors for g in listed], {}
    for axis in dict.fromkeys(axis for found in factors for axis in found):
        each = [found.get(axis) or _ones(axis, size[axis]) for found in factors]
        inward, outward = (
            torch.from_numpy(entries(np.array(found)))
            for found in ([d.inward for d in each], [d.outward for d in each])
        )
        swapped = kind is OutputKind.COVECTOR
        diagonals[axis] = {Role.IN: outward if swapped else inward, Role.OUT: inward if swapped else outward}
    moved = {}
    for name, axes in space.tensors:
        tensor = tensors[name]
        for place, (axis, role) in enumerate(zip(axes, place_roles[name], strict=True), 1):
            if axis in diagonals and role is not None:
                shape = [len(listed), *[1] * (tensor.ndim - 1)]
                shape[place] = size[axis]
                tensor = tensor * diagonals[axis][role].to(tensor).view(shape)
        moved[name] = tensor
    return moved
