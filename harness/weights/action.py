"""What elements of a group do to weights and to outputs.

An element holds, per permuted axis, the image of every index (`images[i]` is where index `i` goes). It moves entry `i` of every
place on that axis to `images[i]`; then, at places of role `in`, multiplies what came there by In, at places of role `out` by
Out = In^-T (`groups.py`); then adds what it adds. For MLPs this is `W_l -> M_l W_l M_{l-1}^-1`, `b_l -> M_l b_l` (theory.md, section
1). An axis that occurs twice in one tensor is moved at both places.

| kind | multiplied by | added |
|---|---|---|
| point | In, Out | half turns and shifts, and what makes up for shifts |
| vector | In, Out | what makes up for shifts: it is linear in what it goes through |
| covector | Out, In | to what shifts go through, what belongs to their targets |

One gather a tensor, then a product for each place that has factors: permutations, signs and powers of two keep every bit, short
of over- and underflow; dyadic matrices and amounts as long as sums are exact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import pi

import numpy as np
import torch

from .activations import ACTIVATIONS
from .algebra.kinds import OutputKind, Role
from .algebra.roles import Shift, Standing
from .batch import Weights
from .element import Blocks, Diagonal, GroupElement, Translation
from .groups import NotCarried, roles, roles_of
from .space import SpaceError, WeightSpace

Entries = Callable[[np.ndarray], np.ndarray]
Tensors = dict[str, torch.Tensor]


def moved(
    elements: GroupElement | Sequence[GroupElement], v: Weights, kind: OutputKind, *, in_size: bool = False
) -> Weights:
    """`g v`, every weight vector moved by one element, or the i-th by the i-th; `|g| v` in size (`symmetry.act`, `act_in_size`)."""
    entries: Entries = np.abs if in_size else lambda numbers: numbers
    listed = [elements] if isinstance(elements, GroupElement) else list(elements)
    if not isinstance(elements, GroupElement) and len(listed) != v.batch:
        raise SpaceError(
            f"{len(listed)} group elements for a batch of {v.batch}; give one, or one for each weight vector"
        )
    size = v.space.size
    wanted = tuple((axis, size[axis]) for axis in v.space.permuted)
    for g in listed:
        got = tuple((axis, len(images)) for axis, images in g.permutations)
        if got != wanted and dict(got) != dict(wanted):  # stored as JSON, axes may come in another order
            raise SpaceError(
                f"a group element on {dict(got)} cannot act on {v.space}, whose permuted axes are {dict(wanted)}"
            )
    tensors = _gathered(listed, v)
    if any(not g.permutes_alone for g in listed):
        tensors = _multiplied(listed, v.space, tensors, kind, entries)
    if any(not g.plain for g in listed):
        tensors = _added(listed, v.space, tensors, kind, entries)
    return Weights(v.space, tensors)


def _gathered(listed: Sequence[GroupElement], v: Weights) -> Tensors:
    """Every entry at the place where the permutations take it; one element is for all samples."""
    size = v.space.size
    images = [dict(g.permutations) for g in listed]
    sources = {
        axis: torch.from_numpy(np.argsort(np.array([each[axis] for each in images]), axis=1)).to(v.device)
        for axis in v.space.permuted
    }
    rows = torch.arange(v.batch, device=v.device)
    placed = {}
    for name, axes in v.space.tensors:
        if not any(axis in sources for axis in axes):
            placed[name] = v.tensors[name].clone()
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
        placed[name] = v.tensors[name][tuple(index)]
    return placed


@dataclass(frozen=True)
class _Multiplier:
    """What multiplies one axis at each role: `[elements, n]`, or `[elements, outer, n, n]` within an outer axis, or none."""

    by: dict[Role, torch.Tensor]
    within: str | None = None

    def on(self, tensor: torch.Tensor, axes: tuple[str, ...], place: int, role: Role) -> torch.Tensor:
        by = self.by[role].to(tensor)
        dimension = place + 1  # after the batch
        if by.ndim == 2:
            shape = [len(by), *[1] * (tensor.ndim - 1)]
            shape[dimension] = by.shape[1]
            return tensor * by.view(shape)
        if self.within is None:
            last = tensor.movedim(dimension, 1)
            return (by[:, 0] @ last.flatten(2)).reshape(last.shape).movedim(1, dimension)
        outer = _outer(axes, self.within)
        front = tensor.movedim((outer + 1, dimension), (1, 2))
        return (by @ front.flatten(3)).reshape(front.shape).movedim((1, 2), (outer + 1, dimension))


def _outer(axes: tuple[str, ...], within: str) -> int:
    if axes.count(within) != 1:
        raise NotCarried(f"a tensor of axes {axes} does not have {within!r} once, within which a factor lies")
    return axes.index(within)


def _multipliers(
    listed: Sequence[GroupElement], space: WeightSpace, kind: OutputKind, entries: Entries
) -> dict[str, _Multiplier]:
    """Axis -> what multiplies it; covectors by the other role's numbers."""
    size, found = space.size, {}
    turned = sorted({block.axis for g in listed for block in g.blocks} - {*space.permuted})
    for axis in turned:
        if roles_of(space).of_axis(axis).standing is not Standing.ROTARY:
            raise SpaceError(
                f"a group element has matrices on {axis!r}, which is neither permuted nor of rotary keys in {space}"
            )
    for axis in (*space.permuted, *turned):
        held = [g.matrices.get(axis) for g in listed]
        factors = [g.factors.get(axis) for g in listed]
        halves = [next((phase.halves for phase in g.phases if phase.axis == axis), None) for g in listed]
        if not (any(held) or any(factors) or any(halves)):
            continue
        within = {block.within for block in held if block}
        if len(within) > 1:
            raise SpaceError(f"axis {axis!r} lies within two different axes in one batch of elements")
        outer = next((size[each] for each in within if each), 1) if within else None
        pairs = [_pair(block, d, size[axis], outer) for block, d in zip(held, factors, strict=True)]
        inward, outward = np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])
        if kind is OutputKind.COVECTOR:
            inward, outward = outward, inward
        if any(halves):  # of half turns only what reads the axis knows, as a sign
            odd = np.array([[half % 2 for half in each or (0,) * size[axis]] for each in halves])
            outward = outward * (1.0 - 2.0 * odd)
        by = {Role.IN: inward, Role.OUT: outward}
        numbers = {role: torch.from_numpy(entries(each)) for role, each in by.items()}
        found[axis] = _Multiplier(numbers, next(iter(within), None))
    return found


def _pair(
    block: Blocks | None, factors: Diagonal | None, size: int, outer: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """In and Out of one element on one axis: `[n]`, or `[outer, n, n]` where any element of the batch has matrices there."""
    if block is not None:
        return block.arrays
    ones = np.ones(size)
    inward, outward = (ones, ones) if factors is None else (np.array(factors.inward), np.array(factors.outward))
    if outer is None:
        return inward, outward
    return np.tile(np.diag(inward), (outer, 1, 1)), np.tile(np.diag(outward), (outer, 1, 1))


def _multiplied(
    listed: Sequence[GroupElement], space: WeightSpace, tensors: Tensors, kind: OutputKind, entries: Entries
) -> Tensors:
    """Every place by what its role says."""
    multipliers, place_roles = _multipliers(listed, space, kind, entries), roles(space)
    multiplied = {}
    for name, axes in space.tensors:
        tensor = tensors[name]
        for place, (axis, role) in enumerate(zip(axes, place_roles[name], strict=True)):
            if axis in multipliers and role is not None:
                tensor = multipliers[axis].on(tensor, axes, place, role)
        multiplied[name] = tensor
    return multiplied


def _added(
    listed: Sequence[GroupElement], space: WeightSpace, tensors: Tensors, kind: OutputKind, entries: Entries
) -> Tensors:
    """With half turns, shifts, and what makes up for shifts."""
    told, tensors = roles_of(space), dict(tensors)
    sign = 1.0 if entries is np.abs else -1.0  # in size nothing is taken off
    for shift in told.shifts:
        each = [next((t for t in g.translations if t.tensor == shift.moved), None) for g in listed]
        like = next(filter(None, each), None)
        if like is None:
            continue
        amounts = _amounts(
            space, shift, like, np.array([np.zeros_like(like.array) if t is None else t.array for t in each])
        )
        by = torch.from_numpy(entries(amounts)).to(tensors[shift.moved].device)
        for target, through in shift.through:
            axes = space.axes[through]
            letters = {axis: chr(ord("e") + number) for number, axis in enumerate(dict.fromkeys(axes))}
            of_through = "".join(letters[axis] for axis in axes)
            of_moved = "".join(letters[axis] for axis in space.axes[shift.moved])
            of_target = "".join(letters[axis] for axis in space.axes[target])
            d = by.to(tensors[through].dtype).expand(tensors[through].shape[0], *by.shape[1:])
            if kind is OutputKind.COVECTOR:
                told_of = "".join(each for each in of_through if each in of_moved + of_target)
                more = torch.einsum(f"b{of_moved},b{of_target}c->b{told_of}c", d, tensors[target])
                for place, each in enumerate(of_through):  # one for all indices that are summed over
                    more = more if each in told_of else more.unsqueeze(place + 1)
                tensors[through] = tensors[through] + more
            else:
                less = torch.einsum(f"b{of_through}c,b{of_moved}->b{of_target}c", tensors[through], d)
                tensors[target] = tensors[target] + sign * less
        if kind is OutputKind.POINT:
            tensors[shift.moved] = _plus(tensors[shift.moved], by)
    if kind is OutputKind.POINT:
        for axis in dict.fromkeys(phase.axis for g in listed for phase in g.phases):
            role = told.of_axis(axis)
            if not role.biases:
                raise NotCarried(f"axis {axis!r} has no half turns: no tensor is named that they move")
            half_turn = ACTIVATIONS[role.activation or space.activation].half_turn or pi
            size = space.size[axis]
            halves = [next((p.halves for p in g.phases if p.axis == axis), (0,) * size) for g in listed]
            by = torch.from_numpy(entries(np.array(halves) * half_turn))
            for name in role.biases:
                tensors[name] = _plus(tensors[name], by.to(tensors[name].device))
    return tensors


def _amounts(space: WeightSpace, shift: Shift, like: Translation, stacked: np.ndarray) -> np.ndarray:
    """`[elements, *axes of the moved tensor]`, of `[elements, outer, n]`."""
    axes = space.axes[shift.moved]
    if like.within is None:
        return stacked[:, 0]
    return stacked if axes == (like.within, like.axis) else stacked.transpose(0, 2, 1)


def _plus(tensor: torch.Tensor, by: torch.Tensor) -> torch.Tensor:
    """One rounding, whatever the dtype; nothing is added where `by` is zero, so that no sign of a zero changes."""
    by = by.unsqueeze(-1)
    return torch.where(by != 0, (tensor.double() + by).to(tensor.dtype), tensor)
