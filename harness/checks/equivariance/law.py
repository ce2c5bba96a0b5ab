"""The law at one set of parameters: errors of all pairs, the noise floors that they are judged by, jumps that are no noise."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from ...plugins.subject import Subject
from ...weights.batch import Weights
from ...weights.inputs import jittered
from ...weights.symmetry import GroupElement, act
from ...weights.units import by_tensor, in_units, moved, moved_units, units
from .evidence import Rule, Station
from .task import Pairs, Task
from .verdict import (
    FAIL_ERROR,
    FAIL_FLOORS,
    ILL_CONDITIONED,
    JUMP_GROWTH,
    JUMPS,
    PASS_FLOORS,
    ROUNDING,
    SINGLE,
    ZOO_INPUT,
)

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
    """`|phi(g v) - g phi(v)|` of every pair, in one call, in the units of `weights/units.py`.

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
    """Some of the pairs, on those of the weight vectors that they are asked on."""
    partners = [pairs.partner[number] for number in numbers]
    asked = sorted(set(partners))
    drawn = sum(pairs.swaps <= number < pairs.swaps + pairs.drawn for number in numbers)
    return replace(
        pairs,
        v=pairs.v[asked],
        elements=tuple(pairs.elements[number] for number in numbers),
        partner=tuple(asked.index(partner) for partner in partners),
        swaps=sum(number < pairs.swaps for number in numbers),
        drawn=drawn,
        exhaustive=pairs.exhaustive and drawn == pairs.drawn,
    )


def draws(pairs: Pairs, most: int) -> Pairs:
    """So many of the independent draws: what float32 is asked, of which generators and factors far from one tell nothing more."""
    drawn = range(pairs.swaps, pairs.swaps + min(pairs.drawn, most))
    numbers = drawn if drawn else range(len(pairs.elements))
    return chosen(pairs, list(numbers))


LARGEST, FIRST = 4, 1
"""The floor is measured at the pairs with the largest errors, and at some of the first draws."""
TRIES, MORE_TRIES = 2, 4
"""One-ulp neighbours of each pair; more where the error stands near the floor."""
SINGLE_IN_FULL, SINGLE_DRAWS = ("generic", ZOO_INPUT), 16
"""Kinds of input on which float32 is asked every draw, and how many it is asked on the others."""
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


@dataclass(frozen=True)
class Law:
    """What was measured at one set of parameters.

    Args:
        floor64, floor32: by which the errors are judged: never below the rounding of the sums inside.
        single: None where float32 was not asked.
        neighbours: of inputs that tie, where that was looked at.
        jump: how far one ulp moves the output where that is a jump and not rounding, else None.
    """

    pairs: Pairs
    double: Errors
    floor64: float
    single: Errors | None = None
    floor32: float = ROUNDING * SINGLE
    neighbours: Neighbours | None = None
    jump: float | None = None

    @property
    def error32(self) -> float:
        return self.single.worst if self.single else 0.0

    @property
    def broken64(self) -> bool:
        return self.double.worst > max(FAIL_FLOORS * self.floor64, FAIL_ERROR)

    @property
    def worst_element(self) -> GroupElement:
        """The element whose error stands highest above the noise."""
        elements, heights = self.pairs.elements, self.double.each / self.floor64
        if self.single is not None:
            elements = (*elements, *draws(self.pairs, len(self.single.each)).elements)
            heights = torch.cat([heights, self.single.each / self.floor32])
        return elements[int(heights.argmax())]

    def station(self, name: str, rule: Rule, **more: object) -> Station:
        return Station(
            name,
            rule,
            self.double.worst,
            self.floor64,
            self.error32,
            self.floor32,
            **more,  # type: ignore[arg-type]
        )


def measure_double(
    subject: Subject, task: Task, pairs: Pairs, rng: np.random.Generator, seed: int, least: float
) -> Law:
    """The law in float64: errors first, then the floor, at the pairs whose errors are largest."""
    errors = law_errors(subject, task, pairs, least)
    found = floor(subject, task, pairs, errors, rng, seed, least)
    law = Law(pairs, errors, max(found, ROUNDING))
    if task.input != "generic" and found > JUMPS:
        seen = neighbours(subject, task, pairs, errors, rng, seed, least)
        law = replace(law, neighbours=seen)
        if seen.show_a_jump(found):
            law = replace(law, floor64=max(seen.floor, ROUNDING), jump=found)
    if law.floor64 > ILL_CONDITIONED:
        return _convicted(subject, task, law, rng, seed, least) or law
    return law


def _convicted(subject: Subject, task: Task, law: Law, rng: np.random.Generator, seed: int, least: float) -> Law | None:
    """The law on the pairs that are no noisier than the one that breaks it furthest above *its own* floor; None if none does.

    An element far from one, or one bad weight vector, lifts the noise of its own pair; it excuses no other.
    """
    each, floors = law.double.each, floors_of_each(subject, task, law.pairs, rng, seed, least)
    breaks = (each > FAIL_FLOORS * floors) & (each > FAIL_ERROR) & (floors <= ILL_CONDITIONED)
    if not bool(breaks.any()):
        return None
    worst = floors[int(torch.where(breaks, each / floors, 0.0).argmax())]
    kept = (floors <= worst).nonzero().flatten().tolist()
    double = law.double
    fewer = replace(
        double,
        images=double.images[kept],
        each=each[kept],
        difference=double.difference[kept],
        moved_unit=double.moved_unit[kept],
    )
    return replace(law, pairs=replace(chosen(law.pairs, kept), exhaustive=False), double=fewer, floor64=float(worst))


def floors_of_each(
    subject: Subject, task: Task, pairs: Pairs, rng: np.random.Generator, seed: int, least: float
) -> torch.Tensor:
    """The noise floor of every pair by itself, `[pairs]`: at its v and at its gv, at least `ROUNDING`."""
    return floors_at_both(subject, task, pairs, rng, seed, least).amax(0)


def floors_at_both(
    subject: Subject, task: Task, pairs: Pairs, rng: np.random.Generator, seed: int, least: float
) -> torch.Tensor:
    """The same at v and at gv apart, `[2, pairs]`."""
    v = pairs.v[torch.tensor(pairs.partner)]
    both = Weights.cat([v, act(pairs.elements, v)])
    still = subject(both)
    unit = units(v.space, task.kind, still[: v.batch], least)
    unit = torch.cat([unit, moved_units(v.space, task.kind, pairs.elements, unit)])
    found = torch.full((2, v.batch), ROUNDING, dtype=torch.float64)
    for number in range(TRIES + MORE_TRIES):
        with subject.jittered(seed + number):
            away = in_units(subject(jittered(both, rng, subject.dtype)) - still, unit)
        found = torch.maximum(found, away.view(2, v.batch))
    return found


def measure_single(subject: Subject, task: Task, law: Law, rng: np.random.Generator, seed: int, least: float) -> Law:
    """The same in float32, in place: the subject is lowered for good."""
    subject.lower_()
    pairs = draws(law.pairs, len(law.pairs.elements) if task.input in SINGLE_IN_FULL else SINGLE_DRAWS)
    errors = law_errors(subject, task, pairs, least)
    if law.jump is None:
        found = floor(subject, task, pairs, errors, rng, seed, least)
    else:  # the same jump: the floor of neighbours that do not tie
        there = replace(pairs, v=untied(pairs.v, rng))
        found = floor(subject, task, there, law_errors(subject, task, there, least), rng, seed, least)
    return replace(law, single=errors, floor32=max(found, ROUNDING * SINGLE))
