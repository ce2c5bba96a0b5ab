"""How far `phi(g v)` is from `g phi(v)`: the network in its precision, the action and the comparison in float64."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from ...plugins.subject import Subject
from ...weights.batch import Weights
from ...weights.symmetry import act
from ...weights.units import by_tensor, in_units, moved, moved_units, units
from .task import Pairs, Task

SMALLEST_SCALE = 1e-3
"""No unit lies below this share of the output's scale on generic inputs."""


@dataclass(frozen=True)
class Errors:
    """What one precision says of all pairs.

    Args:
        base: `phi(v)`, flat.
        images: `phi(g v)`, flat, a row for each pair.
        each: e of each pair.
        difference, moved_unit: what e is the largest ratio of.
    """

    base: torch.Tensor
    images: torch.Tensor
    each: torch.Tensor
    unit: torch.Tensor
    difference: torch.Tensor
    moved_unit: torch.Tensor

    @property
    def worst(self) -> float:
        return float(self.each.max())


def law_errors(subject: Subject, task: Task, pairs: Pairs, least: float) -> Errors:
    """`|phi(g v) - g phi(v)|` of every pair, in one call (symmetries.md, B4).

    Args:
        least: no unit lies below it, in the outputs' own size.
    """
    v, partner = pairs.v, torch.tensor(pairs.partner)
    outputs = subject(Weights.cat([v, act(pairs.elements, v[partner])]))
    base, images = outputs[: v.batch], outputs[v.batch :]
    unit = units(v.space, task.kind, base, least)
    moved_unit = moved_units(v.space, task.kind, pairs.elements, unit[partner])
    difference = images - moved(v.space, task.kind, pairs.elements, base[partner])
    return Errors(base, images, in_units(difference, moved_unit), unit, difference, moved_unit)


def wrong_tensors(task: Task, pairs: Pairs, errors: Errors, limit: float) -> tuple[str, ...]:
    """The tensors of an equivariant output whose own e passes the limit on some pair."""
    if task.kind is None:
        return ()
    found = by_tensor(pairs.v.space, errors.difference, errors.moved_unit)
    return tuple(name for name, each in found.items() if float(each.max()) > limit)


def chosen(pairs: Pairs, numbers: list[int]) -> Pairs:
    """Some of the pairs, on the same weight vectors."""
    return replace(
        pairs,
        elements=tuple(pairs.elements[number] for number in numbers),
        partner=tuple(pairs.partner[number] for number in numbers),
        swaps=sum(number < pairs.swaps for number in numbers),
        far=tuple(place for place, number in enumerate(numbers) if number in pairs.far),
    )


def near(pairs: Pairs) -> Pairs:
    """Without the elements that float32 is not asked for."""
    if not pairs.far:
        return pairs
    return chosen(pairs, [number for number in range(len(pairs.elements)) if number not in pairs.far])
