"""The law at one set of parameters, in two precisions, against floors of the same network."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from ...plugins.subject import Subject
from ...weights.symmetry import GroupElement
from .errors import Errors, law_errors, near
from .evidence import Rule, Station
from .floors import Neighbours, floor, neighbours, untied
from .task import Pairs, Task
from .verdict import FAIL_ERROR, FAIL_FLOORS, JUMPS, ROUNDING, SINGLE


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
        heights = self.double.each / self.floor64
        if self.single is not None:
            asked = torch.tensor([number not in self.pairs.far for number in range(len(self.pairs.elements))])
            heights[asked] = torch.maximum(heights[asked], self.single.each / self.floor32)
        return self.pairs.elements[int(heights.argmax())]

    def station(self, name: str, rule: Rule, **more: object) -> Station:
        return Station(
            name, rule, self.double.worst, self.floor64, self.error32, self.floor32, **more  # type: ignore[arg-type]
        )


def measure_double(
    subject: Subject, task: Task, pairs: Pairs, rng: np.random.Generator, seed: int, least: float
) -> Law:
    """The law in float64: errors first, then the floor, at the pairs whose errors are largest."""
    errors = law_errors(subject, task, pairs, least)
    found = floor(subject, task, pairs, errors, rng, seed, least)
    law = Law(pairs, errors, max(found, ROUNDING))
    if task.input == "generic" or found <= JUMPS:
        return law
    seen = neighbours(subject, task, pairs, errors, rng, seed, least)
    if not seen.show_a_jump(found):
        return replace(law, neighbours=seen)
    return replace(law, neighbours=seen, floor64=max(seen.floor, ROUNDING), jump=found)


def measure_single(
    subject: Subject, task: Task, law: Law, rng: np.random.Generator, seed: int, least: float
) -> Law:
    """The same in float32, in place: the subject is lowered for good."""
    subject.lower_()
    pairs = near(law.pairs)
    errors = law_errors(subject, task, pairs, least)
    if law.jump is None:
        found = floor(subject, task, pairs, errors, rng, seed, least)
    else:  # the same jump: the floor of neighbours that do not tie
        there = replace(pairs, v=untied(pairs.v, rng))
        found = floor(subject, task, there, law_errors(subject, task, there, least), rng, seed, least)
    return replace(law, single=errors, floor32=max(found, ROUNDING * SINGLE))
