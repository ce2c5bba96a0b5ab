"""Pairs of two functions that differ in nothing but what some published networks are blind to (`oracles/unseen/blindness.py`)."""

from __future__ import annotations

import numpy as np

from ..oracles.unseen.blindness import BLINDNESS, inner
from ..weights.pair import Pair
from ..weights.space import WeightSpace
from .demands import Counted, demand_mlp, label_of, numbered, problem, refusal, refuse
from .family import PairFamily
from .vectors import random_vector

Drawn = dict[str, np.ndarray]


class BlindnessParameters(Counted):
    """Parameters of `blindness`: which relations, all where none is named."""

    only: list[str] = []


def _cases(parameters: BlindnessParameters, space: WeightSpace | None) -> tuple[str, ...]:
    space = demand_mlp("blindness", space, width=2)
    if len(space.widths) < 4:
        raise refusal(f"blindness needs an inner matrix, the check's space is {space}")
    refuse(
        *(
            problem("only", place, message=f"{name} is no relation; allowed: {', '.join(BLINDNESS)}")
            for place, name in enumerate(parameters.only)
            if name not in BLINDNESS or name in parameters.only[:place]
        )
    )
    return numbered(parameters.count, parameters.only or BLINDNESS)


def _make(parameters: BlindnessParameters, space: WeightSpace | None, case: str, rng: np.random.Generator) -> Pair:
    space = demand_mlp("blindness", space, width=2)
    v = random_vector(space, rng)
    for name in inner(space):  # an entry of zero has neither size nor sign
        v[name][v[name] == 0] = 0.5
    w = {name: value.copy() for name, value in v.items()}
    while all(np.array_equal(v[name], w[name]) for name in v):
        w = _MOVES[label_of(case)](space, v, rng)
    return Pair(space, v, w)


def _magnitudes(space: WeightSpace, v: Drawn, rng: np.random.Generator) -> Drawn:
    return {
        name: value * rng.choice([0.5, 1.0, 2.0], value.shape) if name in inner(space) else value.copy()
        for name, value in v.items()
    }


def _signs(space: WeightSpace, v: Drawn, rng: np.random.Generator) -> Drawn:
    return {
        name: value * rng.choice([-1.0, 1.0], value.shape) if name in inner(space) else value.copy()
        for name, value in v.items()
    }


def _incidence(space: WeightSpace, v: Drawn, rng: np.random.Generator) -> Drawn:
    last = len(space.widths) - 1
    rows, columns = rng.permutation(space.widths[1]), rng.permutation(space.widths[last - 1])
    w = {name: rng.permutation(v[name].ravel()).reshape(v[name].shape) for name in inner(space)}
    w |= {"W1": v["W1"][rows], "b1": v["b1"][rows], f"b{last}": v[f"b{last}"].copy()}
    return w | {f"W{last}": v[f"W{last}"][:, columns], f"b{last - 1}": v[f"b{last - 1}"][columns]}


_MOVES = {"inner-magnitudes": _magnitudes, "inner-signs": _signs, "incidence": _incidence}

BLINDNESS_PAIRS = PairFamily(
    "blindness",
    "sizes or signs of inner weights, or which neuron an entry belongs to: what some networks cannot see",
    BlindnessParameters,
    _cases,
    _make,
)
