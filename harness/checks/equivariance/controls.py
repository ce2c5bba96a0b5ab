"""The properties without which the law means nothing: repeatable, alone in its batch, leaving its input as it was."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

from ...plugins.subject import Subject
from ...weights.batch import Weights
from ...weights.units import in_units, units
from .evidence import Rule
from .law import SMALLEST_SCALE
from .task import Task

FEW = 4
"""Weight vectors on which the properties are asked."""


@dataclass(frozen=True)
class Controls:
    """What was measured beside the law.

    Args:
        properties: rule -> largest difference between outputs that must be equal, in their units.
        spread: median difference between outputs on different orbits, over the scale of generic outputs.
        modified: whether the call changed its input.
        least: no unit lies below it.
        moved: which random states the calls moved.
        seeded: the difference of two calls that start from one random state, the first of all and a late one among them,
            where calls differ.
    """

    properties: dict[Rule, float]
    spread: float
    modified: bool
    least: float
    moved: tuple[str, ...] = ()
    seeded: float | None = None


def measure_controls(subject: Subject, task: Task, v: Weights, mates: Weights) -> Controls:
    """Nine small calls; the first one is the subject's first of all, and is asked again last.

    Args:
        v: some weight vectors of the task's kind.
        mates: generic ones: companions in a batch, and the scale of outputs.
    """
    states, companions = random_states(), mates.clone()
    with random_state(0):
        generic = subject(mates)
    generic_scale = max(float(generic.abs().max()), 1e-300)
    least = SMALLEST_SCALE * generic_scale

    shown = v.clone()
    first = subject(shown)
    # Inputs of zeros are left as they were by what scales them or cuts them off; generic ones are not.
    modified = not (same(v, shown) and same(companions, mates))
    unit = units(v.space, task.kind, first, least)

    # Mates of another size and scale: a statistic over the batch cannot miss them.
    among = subject(Weights.cat([mates.map(lambda tensor: 8 * tensor), v[[0]]]))[-1:]
    backwards = subject(v[list(range(v.batch - 1, -1, -1))]).flip(0)
    alone = subject(v[[0]])
    again, once_more = (
        subject(v),
        subject(v),
    )  # four and five calls after the first: answers in turn of two or of three show
    moved = tuple(name for name, state in random_states().items() if state != states[name])

    def apart(left: torch.Tensor, right: torch.Tensor) -> float:
        return float(in_units(left - right, unit[: len(left)]).max())

    repeated = max(apart(again, first), apart(once_more, first))
    with random_state(0):  # as the first call: what differs now is no chance
        late = subject(mates)
    cold = float(in_units(late - generic, units(v.space, task.kind, generic, least)).max())
    return Controls(
        properties={
            Rule.REPEATED_CALL: max(repeated, cold),
            Rule.BATCH_ORDER: apart(backwards, again),
            Rule.BATCH_MATES: apart(among, again[:1]),
            Rule.BATCH_OF_ONE: apart(alone, again[:1]),
        },
        spread=float(_spread(generic)) / generic_scale,
        modified=modified,
        least=least,
        moved=moved,
        seeded=max(cold, apart(*seeded_calls(subject, v))) if max(repeated, cold) > 0 else None,
    )


def same(left: Weights, right: Weights) -> bool:
    """Whether two batches of one space hold the same numbers."""
    return all(torch.equal(left.tensors[name], tensor) for name, tensor in right.items())


def least_controls(subject: Subject, mates: Weights) -> Controls:
    """The scale of outputs and their spread alone, where the law is asked again."""
    generic = subject(mates)
    scale = max(float(generic.abs().max()), 1e-300)
    return Controls({}, float(_spread(generic)) / scale, False, SMALLEST_SCALE * scale)


def _spread(generic: torch.Tensor) -> torch.Tensor:
    pairs = torch.combinations(torch.arange(len(generic)))
    return (generic[pairs[:, 0]] - generic[pairs[:, 1]]).abs().amax(dim=1).median()


def random_states() -> dict[str, bytes | str]:
    """The random states that a call may move."""
    return {
        "torch": torch.default_generator.get_state().numpy().tobytes(),
        "numpy": _numpy_state(),
        "random": str(random.getstate()),
    }


def _numpy_state() -> bytes:
    _, keys, place, gauss, kept = np.random.get_state()
    return np.asarray(keys).tobytes() + repr((place, gauss, kept)).encode()


@contextmanager
def random_state(seed: int) -> Iterator[None]:
    """Inside, the random states of torch, numpy and random start from a seed; after it they are as they were."""
    kept = np.random.get_state(), random.getstate()
    try:
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            np.random.seed(seed % 2**32)
            random.seed(seed)
            yield
    finally:
        np.random.set_state(kept[0])
        random.setstate(kept[1])


def seeded_calls(subject: Subject, v: Weights) -> tuple[torch.Tensor, torch.Tensor]:
    """Two calls that start from the same random state."""
    found = []
    for _ in range(2):
        with random_state(0):
            found.append(subject(v))
    return found[0], found[1]
