"""Elements of a space's symmetry group: the group's generators, random elements, products and inverses; and what they act on.

Where a group is asked for, a weight space stands for its permutations. Elements are plain data without torch; the action alone
(`action.py`) needs it. No inverse is solved for: every element holds In and Out = In^-T, made of the same numbers.

    g h  (first h)   In_gh[o] = In_g[o] In_h[pi^-1 o], Out alike; added: K_gh[o] = R_g[o] K_h[pi^-1 o] + K_g[o]
    g^-1             In^-1 = Out^T, K = -R^-1 K, at the indices where g came from

with pi the permutation of the outer axis in g, and R the one of In and Out that the moved tensor has as its role.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import factorial, prod
from typing import TYPE_CHECKING

import numpy as np

from .algebra import blocks as stacks
from .algebra.kinds import FactorKind, Role
from .element import Blocks, Diagonal, GroupElement, OutputKind, Phase, Translation
from .groups import Factor, Group, group, roles, roles_of
from .space import SpaceError, WeightSpace

if TYPE_CHECKING:
    from .batch import Weights

REACH = 3
"""Factors of random elements lie between `2^-REACH` and `2^REACH`; as many shears, half turns and units of a shift."""


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

    After them, for each outer index apart: transpositions, factors and matrices of inner axes (`algebra.blocks.generating`), one
    half turn and one unit of a shift at each index. Together they generate the permutations, signs, phases and integer shifts;
    of the scales those by powers of two; of orthogonal maps of four and more, and of all linear maps, a dense part.
    """
    asked = _group(of)
    space, size = asked.space, asked.space.size
    whole = [factor for factor in asked.factors if not _in_blocks(factor)]
    swaps = [
        transposition(space, factor.axis, index)
        for factor in whole
        if factor.kind.permutes
        for index in range(size[factor.axis] - 1)
    ]
    factors = [
        multiplied(space, factor.axis, index, by)
        for factor in whole
        for by, wanted in ((2.0, factor.kind.scales), (-1.0, factor.kind.signs))
        if wanted
        for index in range(size[factor.axis])
    ]
    more: list[GroupElement] = []
    for factor in asked.factors:
        if _in_blocks(factor):
            more += [_of_blocks(space, factor, pair) for pair in _generating(factor, *_extent(space, factor))]
        if factor.kind.turns:
            n = size[factor.axis]
            more += [_turned(space, factor.axis, tuple(int(i == index) for i in range(n))) for index in range(n)]
        if factor.kind.shifts:
            for like in _shifts(space, factor):
                for place in np.ndindex(like.array.shape):
                    amounts = np.zeros_like(like.array)
                    amounts[place] = 1
                    more.append(_joined(space, translations=(Translation.of(like, amounts),)))
    return (*swaps, *factors, *more)


def _in_blocks(factor: Factor) -> bool:
    """Whether its elements are matrices: of orthogonal and linear maps, and of whatever lies within an outer axis."""
    return factor.within is not None or factor.kind.rotates or factor.kind.maps or factor.kind.rotary


def _extent(space: WeightSpace, factor: Factor) -> tuple[int, int]:
    size = space.size
    return size[factor.within] if factor.within else 1, size[factor.axis]


def _generating(factor: Factor, outer: int, size: int) -> list[stacks.Pair]:
    kind = factor.kind
    found: list[stacks.Pair] = []
    if kind.rotary:
        return stacks.generating_complex(outer, size)
    if kind.maps or kind.rotates:
        return stacks.generating(outer, size, whole=kind.maps)
    if kind.permutes:
        found += [(each, each) for each in stacks.transpositions(outer, size)]
    for by, wanted in ((2.0, kind.scales), (-1.0, kind.signs)):
        for place in np.ndindex(outer, size) if wanted else ():
            factors = np.ones((outer, size))
            factors[place] = by
            found.append(stacks.diagonal(factors))
    return found


def _joined(
    space: WeightSpace,
    blocks: tuple[Blocks, ...] = (),
    phases: tuple[Phase, ...] = (),
    translations: tuple[Translation, ...] = (),
) -> GroupElement:
    return GroupElement(identity(space).permutations, (), blocks, phases, translations)


def _of_blocks(space: WeightSpace, factor: Factor, pair: stacks.Pair) -> GroupElement:
    return _joined(space, (Blocks.of(factor.axis, factor.within, *pair),))


def _turned(space: WeightSpace, axis: str, halves: tuple[int, ...]) -> GroupElement:
    return _joined(space, phases=(Phase(axis, halves),))


def _shifts(space: WeightSpace, factor: Factor) -> list[Translation]:
    """Of every tensor that is shifted along an axis, by nothing."""
    told, outer_and_size = roles_of(space), _extent(space, factor)
    zeros = tuple(map(tuple, np.zeros(outer_and_size).tolist()))
    found = []
    for shift in told.shifts:
        if shift.axis == factor.axis:
            role = roles(space)[shift.moved][space.axes[shift.moved].index(shift.axis)]
            found.append(Translation(shift.moved, shift.axis, factor.within, Role(role), zeros))
    return found


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


def inner_permutation(space: WeightSpace, axis: str, within: str, images: Sequence[Sequence[int]]) -> GroupElement:
    """The element that permutes an inner axis for each outer index apart: at outer index o, i goes to `images[o][i]`."""
    size = space.size
    stack = np.zeros((size[within], size[axis], size[axis]))
    for outer, each in enumerate(images):
        stack[outer, list(each), range(size[axis])] = 1
    return _joined(space, (Blocks.of(axis, within, stack, stack),))


def random_elements(
    of: WeightSpace | Group, count: int, rng: np.random.Generator, reach: int = REACH
) -> tuple[GroupElement, ...]:
    """`count` independent elements that act without rounding where sums are exact: uniform permutations and signs, scales 2^k,
    |k| <= reach, so many half turns and units of a shift, integer matrices of `reach` shears, dyadic orthogonal ones.

    The permutations are those of the same `rng` for the space's permutations alone, and `rng` goes on alike: factors come
    from a child of it. A half turn of a sine is itself a rounded number.
    """
    return _random(
        of, count, rng, reach, lambda child, shape: 2.0 ** child.integers(-reach, reach, shape, endpoint=True)
    )


def generic_elements(
    of: WeightSpace | Group, count: int, rng: np.random.Generator, reach: int = REACH
) -> tuple[GroupElement, ...]:
    """As `random_elements`, with any floats: scales 2^k for real k, |k| <= reach, shifts, orthogonal matrices, and linear maps
    of a condition number up to 4^reach."""
    return _random(of, count, rng, reach, lambda child, shape: 2.0 ** child.uniform(-reach, reach, shape), exact=False)


def _random(
    of: WeightSpace | Group,
    count: int,
    rng: np.random.Generator,
    reach: int,
    scales: Callable[[np.random.Generator, tuple[int, int]], np.ndarray],
    exact: bool = True,
) -> tuple[GroupElement, ...]:
    asked = _group(of)
    space, size = asked.space, asked.space.size
    kinds = {factor.axis: factor.kind for factor in asked.factors if not _in_blocks(factor)}
    rest = {axis: np.tile(np.arange(size[axis]), (count, 1)) for axis in space.permuted}
    images = {
        axis: rng.permuted(rest[axis], axis=1) if axis in kinds and kinds[axis].permutes else rest[axis]
        for axis in space.permuted
    }
    drawn = {axis: kind for axis, kind in kinds.items() if kind.scales or kind.signs}
    inward: dict[str, np.ndarray] = {}
    more = [factor for factor in asked.factors if _in_blocks(factor) or factor.kind.turns or factor.kind.shifts]
    child = rng.spawn(1)[0] if drawn or more else rng
    for axis, kind in drawn.items():
        shape = (count, size[axis])
        inward[axis] = scales(child, shape) if kind.scales else child.choice((-1.0, 1.0), shape)
        if kind.scales and kind.signs:
            inward[axis] = inward[axis] * child.choice((-1.0, 1.0), shape)
    parts = [_parts(space, more, child, reach, exact) for _ in range(count)] if more else [((), (), ())] * count
    return tuple(
        GroupElement(
            tuple((axis, tuple(images[axis][number].tolist())) for axis in space.permuted),
            tuple(
                Diagonal(axis, tuple(inward[axis][number].tolist()), tuple((1 / inward[axis][number]).tolist()))
                for axis in space.permuted
                if axis in inward
            ),
            *parts[number],
        )
        for number in range(count)
    )


Parts = tuple[tuple[Blocks, ...], tuple[Phase, ...], tuple[Translation, ...]]


def _parts(space: WeightSpace, factors: Sequence[Factor], rng: np.random.Generator, reach: int, exact: bool) -> Parts:
    """One draw of all that is more than permutations and factors."""
    blocks, phases, translations = [], [], []
    listed = (*space.permuted, *roles_of(space).rotary) if any(f.kind.rotary for f in factors) else space.permuted
    for factor in sorted(factors, key=lambda factor: listed.index(factor.axis)):
        outer, size = _extent(space, factor)
        if _in_blocks(factor):
            blocks.append(Blocks.of(factor.axis, factor.within, *_drawn(factor.kind, outer, size, rng, reach, exact)))
        if factor.kind.turns:
            halves = rng.integers(-reach, reach, size, endpoint=True)
            phases.append(Phase(factor.axis, tuple(halves.tolist())))
        for like in _shifts(space, factor) if factor.kind.shifts else ():
            whole = rng.integers(-reach, reach, (outer, size), endpoint=True).astype(float)
            translations.append(Translation.of(like, whole if exact else whole + rng.uniform(-1, 1, (outer, size))))
    return tuple(blocks), tuple(phases), tuple(translations)


def _drawn(kind: FactorKind, outer: int, size: int, rng: np.random.Generator, reach: int, exact: bool) -> stacks.Pair:
    if kind.rotary:
        return (stacks.exact_complex_factors if exact else stacks.generic_complex_factors)(outer, size, rng, reach)
    if kind.maps:
        return stacks.exact_maps(outer, size, rng, reach) if exact else stacks.maps(outer, size, rng, reach)
    if kind.rotates:
        return (stacks.exact_rotations if exact else stacks.rotations)(outer, size, rng)
    found = stacks.unit(outer, size), stacks.unit(outer, size)
    if kind.scales:
        powers = (
            rng.integers(-reach, reach, (outer, size), endpoint=True)
            if exact
            else rng.uniform(-reach, reach, (outer, size))
        )
        found = stacks.diagonal(2.0**powers)
    if kind.signs:
        signs = stacks.signs(outer, size, rng)
        found = stacks.times((signs, signs), found)
    if kind.permutes:
        permutation = stacks.permutations(outer, size, rng)
        found = stacks.times(found, (permutation, permutation))
    return found


def on_axis(g: GroupElement, axis: str) -> GroupElement:
    """The factor of `g` on one axis: all other axes are at rest."""
    return GroupElement(
        tuple((name, images if name == axis else tuple(range(len(images)))) for name, images in g.permutations),
        tuple(part for part in g.diagonals if part.axis == axis),
        tuple(part for part in g.blocks if part.axis == axis),
        tuple(part for part in g.phases if part.axis == axis),
        tuple(part for part in g.translations if part.axis == axis),
    )


def compose(g: GroupElement, h: GroupElement) -> GroupElement:
    """The product `g h`, which acts as first `h`, then `g`: `In_gh[j] = In_g[j] In_h[i]` where `g` takes i to j, Out alike.

    Raises:
        SpaceError: elements of different spaces, or of which an axis lies within different ones.
    """
    permutations = tuple(
        (axis, tuple(outer[image] for image in inner))
        for (axis, outer), (_, inner) in zip(g.permutations, h.permutations, strict=True)
    )
    if g.permutes_alone and h.permutes_alone:
        return GroupElement(permutations)
    held = g.matrices.keys() | h.matrices.keys()
    diagonals = []
    for axis, images in g.permutations:
        if axis in held or not (axis in g.factors or axis in h.factors):
            continue
        before, after = (found.factors.get(axis) or _ones(axis, len(images)) for found in (h, g))
        sources = np.argsort(images)
        inward, outward = (
            tuple(a * b[source] for a, source in zip(later, sources, strict=True))
            for later, b in ((after.inward, before.inward), (after.outward, before.outward))
        )
        diagonals.append(Diagonal(axis, inward, outward))
    if g.plain and h.plain:
        return GroupElement(permutations, tuple(diagonals))
    blocks = []
    for axis in dict.fromkeys((*(axis for axis, _ in g.permutations), *sorted(held))):
        if axis in held:
            within, size = (
                _within(axis, g, h),
                next(len(e.matrices[axis].inward[0]) for e in (g, h) if axis in e.matrices),
            )
            then, first = _stack(g, axis, within, size), _stack(h, axis, within, size)
            outer, inner = _sources(g, axis, within, size)
            pair = (a @ stacks.carried(b, outer, inner) for a, b in zip(then, first, strict=True))
            blocks.append(Blocks.of(axis, within, *pair))
    phases = []
    for axis, images in g.permutations:
        then, first = _halves(g, axis), _halves(h, axis)
        if any(then) or any(first):
            signs = g.factors[axis].inward if axis in g.factors else (1.0,) * len(images)
            sources = np.argsort(images)
            phases.append(
                Phase(axis, tuple(int(s * first[i]) + k for s, i, k in zip(signs, sources, then, strict=True)))
            )
    translations = []
    for like in {each.tensor: each for each in (*h.translations, *g.translations)}.values():
        then, first = _amounts(g, like), _amounts(h, like)
        outer, inner = _sources(g, like.axis, like.within)
        by = _stack(g, like.axis, like.within)[0 if like.role is Role.IN else 1]
        moved = np.einsum("oij,oj->oi", by, first[outer][:, inner])
        translations.append(Translation.of(like, moved + then))
    return GroupElement(permutations, tuple(diagonals), tuple(blocks), tuple(phases), tuple(translations))


def _within(axis: str, *elements: GroupElement) -> str | None:
    found = {g.matrices[axis].within for g in elements if axis in g.matrices}
    if len(found) > 1:
        raise SpaceError(f"axis {axis!r} lies within different axes in two elements, which have no product")
    return found.pop()


def _size(g: GroupElement, axis: str | None) -> int:
    return len(dict(g.permutations)[axis]) if axis else 1


def _stack(g: GroupElement, axis: str, within: str | None, size: int | None = None) -> stacks.Pair:
    """In and Out of an element on one axis, `[outer, n, n]`, factors among them."""
    if axis in g.matrices:
        return g.matrices[axis].arrays
    outer, size = _size(g, within), size or _size(g, axis)
    if axis not in g.factors:
        return stacks.unit(outer, size), stacks.unit(outer, size)
    factors = g.factors[axis]
    return tuple(np.tile(np.diag(each), (outer, 1, 1)) for each in (factors.inward, factors.outward))  # type: ignore[return-value]


def _sources(g: GroupElement, axis: str, within: str | None, size: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Where each outer and inner index of an axis comes from; of rotary keys, of that size, all stay."""
    images = dict(g.permutations)
    inner = np.argsort(images.get(axis, range(size)))
    return np.argsort(images[within]) if within else np.zeros(1, dtype=int), inner


def _halves(g: GroupElement, axis: str) -> tuple[int, ...]:
    return next((phase.halves for phase in g.phases if phase.axis == axis), (0,) * _size(g, axis))


def _amounts(g: GroupElement, like: Translation) -> np.ndarray:
    found = next((each for each in g.translations if each.tensor == like.tensor), None)
    return np.zeros_like(like.array) if found is None else found.array


def _ones(axis: str, size: int) -> Diagonal:
    return Diagonal(axis, (1.0,) * size, (1.0,) * size)


def inverse(g: GroupElement) -> GroupElement:
    """The inverse of `g`, of the same numbers: In and Out change places, and indices go back."""
    factors = g.factors
    permutations = tuple((axis, tuple(np.argsort(images).tolist())) for axis, images in g.permutations)
    diagonals = tuple(
        Diagonal(
            axis,
            tuple(factors[axis].outward[image] for image in images),
            tuple(factors[axis].inward[image] for image in images),
        )
        for axis, images in g.permutations
        if axis in factors
    )
    if g.plain:
        return GroupElement(permutations, diagonals)
    images = {axis: np.array(each) for axis, each in g.permutations}

    def back(stack: np.ndarray, axis: str, within: str | None) -> np.ndarray:
        outer = images[within] if within else np.zeros(1, dtype=int)
        inner = images[axis] if axis in images else np.arange(stack.shape[1])
        return stacks.carried(stack.transpose(0, 2, 1), outer, inner)

    blocks = []
    for block in g.blocks:
        inward, outward = block.arrays
        pair = back(outward, block.axis, block.within), back(inward, block.axis, block.within)
        blocks.append(Blocks.of(block.axis, block.within, *pair))
    phases = []
    for phase in g.phases:
        signs = factors[phase.axis].inward if phase.axis in factors else (1.0,) * len(phase.halves)
        phases.append(Phase(phase.axis, tuple(-int(signs[i] * phase.halves[i]) for i in images[phase.axis])))
    translations = []
    for each in g.translations:
        by = _stack(g, each.axis, each.within)[1 if each.role is Role.IN else 0].transpose(0, 2, 1)
        undone = -np.einsum("oij,oj->oi", by, each.array)
        outer = images[each.within] if each.within else np.zeros(1, dtype=int)
        translations.append(Translation.of(each, undone[outer][:, images[each.axis]]))
    return GroupElement(permutations, diagonals, tuple(blocks), tuple(phases), tuple(translations))


def act(
    elements: GroupElement | Sequence[GroupElement], v: Weights, kind: OutputKind | str = OutputKind.POINT
) -> Weights:
    """`g v`: every weight vector moved by one element, or the i-th by the i-th of a sequence as long as the batch (`action.py`).

    Permutations, signs and powers of two keep every bit, short of over- and underflow. The result shares no memory with `v`.

    Args:
        kind: how `v` moves: "point" for weights, an output by its own kind.

    Raises:
        SpaceError: an element of another space's group, or a sequence whose length is not the batch size.
        NotCarried: factors, in a space in which they are not known to mean anything.
    """
    from .action import moved  # elements themselves are plain data and must not cost torch's import

    return moved(elements, v, OutputKind(kind))


def act_in_size(
    elements: GroupElement | Sequence[GroupElement], sizes: Weights, kind: OutputKind | str = OutputKind.POINT
) -> Weights:
    """`|g| sizes`: the same action with absolute values of all that multiplies and is added, for bounds on entries (`units.py`)."""
    from .action import moved

    return moved(elements, sizes, OutputKind(kind), in_size=True)
