"""The partitions of one population by all powers, from the finest to the coarsest.

Law: orbits refine stable 2-FWL classes, which refine stable 1-WL classes, which refine classes of functions; round t + 1 of either
refines round t, round t of 2-FWL refines round t of 1-WL, and that refines functions for t >= L (theory.md, section 8). Floors fall
along these arrows and no others: a map that is constant on the coarser classes is constant on the finer ones.

A population may have networks of several spaces. Two of them are never in one orbit or in one 1-WL class, and of equal functions
nothing is proved there. With a space in it that is none of an MLP, 1-WL is joint refinement (`tuples/colouring.py`), nothing is said of 2-FWL,
and functions are proved equal where refinement never parts: their classes may be anything coarser.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from ...weights.networks.forms import has_function
from ...weights.space import WeightSpace
from ..classes import Arrays, function_classes, orbit_classes
from ..orbit import SECONDS
from ..refinement import refine
from ..tuples.colouring import colour
from ..tuples.orbits import orbit_classes as orbits_of
from .enclosures import indistinct_classes
from .pairs import Sides, pair_rounds

Nets = Sequence[tuple[WeightSpace, Arrays]]
"""A population: for each of its spaces, once, the arrays, tensor -> `[n, *shape]`; networks are numbered through, space after space."""


class Power(StrEnum):
    """What a map may depend on."""

    ORBIT = "orbit"
    PAIRS = "2-fwl"
    REFINEMENT = "1-wl"
    FUNCTION = "function"


@dataclass(frozen=True)
class Level:
    """The partition of a population by one power.

    Args:
        power: on whose classes a map of that power is constant.
        round: of refinement; None for stable classes, orbits and functions.
        members: `[n]` the number of every network's class; equal numbers say that no such map tells the networks apart, proved.
        most: `[n]` classes at least as coarse as the true ones, where `members` may be finer than the truth; else None.
    """

    power: Power
    round: int | None
    members: np.ndarray
    most: np.ndarray | None = None

    @property
    def name(self) -> str:
        """As suites and reports write it: orbit, 2-fwl, 2-fwl-1, 1-wl, 1-wl-2, function."""
        return f"{self.power}" if self.round is None else f"{self.power}-{self.round}"


def levels(nets: Nets, *, seconds: float = SECONDS) -> tuple[Level, ...]:
    """All levels, strongest power first: orbit, stable 2-FWL and 1-WL, each with its rounds from the last that matters to 0, function.

    Args:
        seconds: as `classes.orbit_classes`; past it the orbits are finer than the truth, and floors within them still floors.

    Raises:
        SpaceError: arrays that do not fit their space or are not finite.
        ValueError: no network.
    """
    if not nets:
        raise ValueError("a population has at least one network")
    if not all(space.is_mlp for space, _ in nets):
        return _beyond_mlps(nets, seconds)
    history = [refine(space, arrays).net_classes for space, arrays in nets]
    last = max(_final(classes) for classes in history)
    rounds = [
        Level(Power.REFINEMENT, number, _numbered_through([each[min(number, len(each) - 1)] for each in history]))
        for number in reversed(range(last + 1))
    ]
    orbits = [orbit_classes(space, arrays, seconds=seconds) for space, arrays in nets]
    pairs = [pair_rounds(*part, known, own) for part, known, own in zip(nets, history, orbits, strict=True)]
    by_round = [_pair_level(number, pairs) for number in reversed(range(max(map(len, pairs))))]
    return (
        Level(Power.ORBIT, None, _numbered_through(orbits)),
        replace(by_round[0], round=None),
        *by_round,
        Level(Power.REFINEMENT, None, _numbered_through([each[-1] for each in history])),
        *rounds,
        Level(
            Power.FUNCTION,
            None,
            _numbered_through([function_classes(space, arrays) for space, arrays in nets]),
            indistinct_classes(nets),
        ),
    )


def _beyond_mlps(nets: Nets, seconds: float) -> tuple[Level, ...]:
    """Orbits, 1-WL with its rounds and, where all functions are known, functions."""
    history = [colour(space, arrays).net_classes for space, arrays in nets]
    stable = _numbered_through([each[-1] for each in history])
    last = max(_final(classes) for classes in history)
    rounds = [
        Level(Power.REFINEMENT, number, _numbered_through([each[min(number, len(each) - 1)] for each in history]))
        for number in reversed(range(last + 1))
    ]
    orbits = [orbits_of(space, arrays, seconds=seconds)[0] for space, arrays in nets]
    known = all(has_function(space) for space, _ in nets)
    return (
        Level(Power.ORBIT, None, _numbered_through(orbits)),
        Level(Power.REFINEMENT, None, stable),
        *rounds,
        *([Level(Power.FUNCTION, None, stable, np.zeros_like(stable))] if known else []),
    )


def _pair_level(number: int, pairs: Sequence[Sequence[Sides]]) -> Level:
    """One round of 2-FWL, of all spaces."""
    sides = zip(*(rounds[min(number, len(rounds) - 1)] for rounds in pairs), strict=True)
    told, most = (_numbered_through(side) for side in sides)
    return Level(Power.PAIRS, number, told, most if most.max() < told.max() else None)


def _final(history: Sequence[np.ndarray]) -> int:
    """The first round whose classes are the stable ones."""
    stable = int(history[-1].max())
    return next(number for number, classes in enumerate(history) if int(classes.max()) == stable)


def _numbered_through(parts: Sequence[np.ndarray]) -> np.ndarray:
    found, first = [], 0
    for classes in parts:
        found.append(classes + first)
        first += int(classes.max()) + 1
    return np.concatenate(found)
