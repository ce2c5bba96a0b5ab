"""The noise floor: how far one ulp of the input and of the parameters moves the output; and jumps, which are no noise."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from ...plugins.subject import Subject
from ...weights.batch import Weights
from ...weights.inputs import jittered
from ...weights.symmetry import act
from ...weights.units import in_units, moved_units, units
from .errors import Errors, law_errors
from .task import Pairs, Task
from .verdict import JUMP_GROWTH, JUMPS, PASS_FLOORS

LARGEST, FIRST = 6, 2
"""The floor is measured at the pairs with the largest errors, and at some of the first draws."""
TRIES, MORE_TRIES = 2, 4
"""One-ulp neighbours of each pair; more where the error stands near the floor."""
ULPS = 2.0**22
"""Jitter of so many ulps tells a jump, which stays, from a root and from rounding, which grow."""
NEIGHBOUR = 2.0**-6
"""How far neighbours lie that do not tie, as a share of the input's scale."""


def noisy_pairs(pairs: Pairs, each: torch.Tensor) -> list[int]:
    """Numbers of the pairs at which the floor is measured."""
    largest = each.argsort(descending=True)[:LARGEST].tolist()
    first = range(pairs.swaps, min(pairs.swaps + FIRST, len(pairs.elements)))
    return list(dict.fromkeys([*largest, *first]))


def floor(
    subject: Subject, task: Task, pairs: Pairs, errors: Errors, rng: np.random.Generator, seed: int, least: float
) -> float:
    """Largest move of the output under one-ulp jitter of the input and of the parameters, at v over its unit and at gv over |g| unit.

    Raises:
        PluginFault: as the call does.
    """
    both, still, unit = _standing(subject, task, pairs, errors.each, least)
    found, tries = 0.0, 0
    while tries < TRIES or (tries < TRIES + MORE_TRIES and errors.worst > PASS_FLOORS / 2 * found > 0):
        with subject.jittered(seed + tries):
            moved = subject(jittered(both, rng, subject.dtype))
        found = max(found, float(in_units(moved - still, unit).max()))
        tries += 1
    return found


def _standing(
    subject: Subject, task: Task, pairs: Pairs, each: torch.Tensor, least: float
) -> tuple[Weights, torch.Tensor, torch.Tensor]:
    """Some v and gv, the outputs there, and their units; outputs in the same places of the same batch as they are jittered in."""
    numbers = noisy_pairs(pairs, each)
    v = pairs.v[torch.tensor([pairs.partner[number] for number in numbers])]
    elements = [pairs.elements[number] for number in numbers]
    both = Weights.cat([v, act(elements, v)])
    still = subject(both)
    unit = units(v.space, task.kind, still[: v.batch], least)
    return both, still, torch.cat([unit, moved_units(v.space, task.kind, elements, unit)])


def growth(
    subject: Subject, task: Task, pairs: Pairs, each: torch.Tensor, rng: np.random.Generator, least: float
) -> float:
    """How many times as far `ULPS` of jitter of the input move the output as one ulp does; 1 for a jump, `ULPS` for what is smooth."""
    both, still, unit = _standing(subject, task, pairs, each, least)
    one = float(in_units(subject(jittered(both, rng, subject.dtype)) - still, unit).max())
    step = ULPS * torch.finfo(subject.dtype).eps
    far = both.map(lambda tensor: tensor + _signs(tensor, rng) * (tensor.abs() * step + 1e-290))
    many = float(in_units(subject(far) - still, unit).max())
    return many / one if one else float("inf")


def _signs(tensor: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    return torch.from_numpy(rng.choice([-1.0, 1.0], tuple(tensor.shape)))


def untied(v: Weights, rng: np.random.Generator) -> Weights:
    """Neighbours of weight vectors in which no two entries are equal; exact in float32."""
    size = max(float(v.flat().square().mean().sqrt()), 2.0**-10)

    def move(tensor: torch.Tensor) -> torch.Tensor:
        noise = torch.from_numpy(rng.standard_normal(tuple(tensor.shape)))
        return (tensor + NEIGHBOUR * size * noise).float().double()

    return v.map(move)


@dataclass(frozen=True)
class Neighbours:
    """What the law says at neighbours of the inputs that do not tie.

    Args:
        error, floor: there.
        growth: of the noise at the inputs themselves.
    """

    error: float
    floor: float
    growth: float

    def show_a_jump(self, found: float) -> bool:
        """Whether a floor of `found` at the inputs is a jump of the output there, and no rounding."""
        return self.growth <= JUMP_GROWTH and self.floor <= max(found / 1e3, JUMPS)


def neighbours(
    subject: Subject, task: Task, pairs: Pairs, errors: Errors, rng: np.random.Generator, seed: int, least: float
) -> Neighbours:
    """The law where nothing ties, and how the noise grows where it does."""
    there = replace(pairs, v=untied(pairs.v, rng))
    away = law_errors(subject, task, there, least)
    found = floor(subject, task, there, away, rng, seed, least)
    return Neighbours(away.worst, found, growth(subject, task, pairs, errors.each, rng, least))
