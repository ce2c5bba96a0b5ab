"""By how much two outputs differ, in units that a symmetry cannot hide behind: an error of each output tensor by itself.

    unit  = max(largest entry of tensor T of phi(v), 1e-3 of the largest entry of all)      per sample and tensor
    u     = |g| unit                   the action with absolute values of In and Out, kind as declared
    e     = max over entries of |phi(g v) - g phi(v)| / u
    invariant outputs: over the largest entry

Under scales the largest entry of all says nothing of a tensor whose entries g has made small; moved by |g|, every tensor is
held to its own size, and e is the error pulled back to v. The share of the largest entry is needed, since a tensor may be zero
but for rounding. An entry's own size is never a unit. Pure functions of tensors; outputs are flat, `[batch, entries]`, laid out
as `Weights.flat`, or `[batch, dim]` for an invariant output, whose `kind` is None (protocol.md, section 2).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import torch

from .batch import Weights
from .element import GroupElement, OutputKind
from .space import WeightSpace
from .symmetry import act, act_in_size

SMALLEST_SHARE = 1e-3
"""No tensor's unit lies below this share of the largest entry of the whole output."""
TINY = 1e-300
"""In place of a unit of zero: two outputs that both vanish are equal, and nothing else is equal to one that vanishes."""

Elements = GroupElement | Sequence[GroupElement]


def units(space: WeightSpace, kind: OutputKind | None, outputs: torch.Tensor, least: float = 0.0) -> torch.Tensor:
    """The unit of every entry of `outputs`, of the same shape; alike within a tensor of a sample.

    Args:
        least: no unit lies below it, in the outputs' own size, as a share of what generic inputs give.
    """
    largest = outputs.abs().amax(1, keepdim=True)
    if kind is None:
        return largest.clamp(min=max(least, TINY)).expand_as(outputs)
    least_of_all = (SMALLEST_SHARE * largest).clamp(min=max(least, TINY))
    parts = outputs.abs().split(tensor_entries(space, outputs), 1)
    return torch.cat([part.amax(1, keepdim=True).maximum(least_of_all).expand_as(part) for part in parts], 1)


def moved(space: WeightSpace, kind: OutputKind | None, elements: Elements, outputs: torch.Tensor) -> torch.Tensor:
    """`g phi(v)`: nothing moves in an invariant output."""
    return outputs if kind is None else act(elements, Weights.from_flat(space, outputs), kind).flat()


def moved_units(space: WeightSpace, kind: OutputKind | None, elements: Elements, found: torch.Tensor) -> torch.Tensor:
    """`|g| unit`, for what `units` gave."""
    return found if kind is None else act_in_size(elements, Weights.from_flat(space, found), kind).flat()


def in_units(difference: torch.Tensor, unit: torch.Tensor) -> torch.Tensor:
    """The largest entry of `|difference| / unit` of every sample, `[batch]`."""
    return (difference.abs() / unit).amax(1)


def by_tensor(space: WeightSpace, difference: torch.Tensor, unit: torch.Tensor) -> dict[str, torch.Tensor]:
    """The same for each tensor of an equivariant output by itself: name -> `[batch]`."""
    parts = (difference.abs() / unit).split(tensor_entries(space, difference), 1)
    return {name: part.amax(1) for name, part in zip(space.axes, parts, strict=True)}


def law_errors(
    space: WeightSpace,
    kind: OutputKind | None,
    elements: Elements,
    outputs: torch.Tensor,
    images: torch.Tensor,
    least: float = 0.0,
) -> torch.Tensor:
    """e of every sample, `[batch]`, of `outputs` = phi(v) and `images` = phi(g v); one element for all, or one each."""
    unit = moved_units(space, kind, elements, units(space, kind, outputs, least))
    return in_units(images - moved(space, kind, elements, outputs), unit)


def tensor_entries(space: WeightSpace, outputs: torch.Tensor) -> list[int]:
    """How many entries of a flat equivariant output each tensor has, channels included."""
    channels = outputs.shape[1] // space.parameters
    return [prod(shape) * channels for shape in space.shapes.values()]
