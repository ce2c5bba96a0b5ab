"""Pairs of real networks out of a zoo: a network and a relabelled copy, two networks, one weight nudged, one coarsened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from ..core.parameters import Parameters, SuiteValueError
from ..core.registry import UnknownName
from ..weights.pair import Pair, Vector
from ..weights.space import WeightSpace
from ..weights.symmetry import random_elements
from ..zoo.recipe import parse_reference
from .demands import label_of, numbered, refuse_repeats
from .family import PairFamily
from .vectors import moved

NUDGE = 2.0**-8
"""What is added to one weight of a nudged copy."""


Variant = Literal[
    "same-orbit", "two-networks", "nudged", "quantised", "pruned", "quantised-same-orbit", "pruned-same-orbit"
]
Bits = Annotated[int, Field(ge=2, le=16)]
Share = Annotated[float, Field(gt=0, lt=1)]


class TrainedParameters(Parameters):
    """Parameters of `trained`."""

    zoo: Annotated[str, Field(description="`digits-inr`, or `digits-classifiers/64-16-10`")]
    variants: Annotated[
        list[Variant],
        Field(
            min_length=1,
            description="a network against: a relabelled copy, another one, itself with one weight nudged, itself "
            "quantised, itself pruned; or a quantised or pruned network against its own relabelled copy",
        ),
    ] = ["same-orbit", "two-networks", "nudged"]
    bits: Annotated[
        list[Bits],
        Field(min_length=1, description="quantised to 2^bits levels, spread evenly over each tensor's range"),
    ] = [8, 4, 2]
    pruned: Annotated[
        list[Share], Field(min_length=1, description="shares of each weight matrix that become zero, smallest first")
    ] = [0.5, 0.9, 0.99]
    count: Annotated[int, Field(ge=1, le=1000, description="number of pairs of each variant")] = 2


@dataclass(frozen=True)
class _Case:
    """A variant, and how its network is coarsened: to so many bits, by so large a share, or not at all."""

    variant: str
    bits: int | None = None
    share: float | None = None

    def coarse(self, vector: Vector) -> dict[str, np.ndarray]:
        if self.bits is not None:
            return {name: _quantised(value, self.bits) for name, value in vector.items()}
        if self.share is not None:
            return {name: _pruned(value, self.share) for name, value in vector.items()}
        return dict(vector)


def _listed(parameters: TrainedParameters) -> dict[str, _Case]:
    """Label -> case: one a variant, or one for each of its numbers of bits or shares."""
    listed = {}
    for variant in parameters.variants:
        if variant.startswith("quantised"):
            listed |= {f"{variant} bits={bits}": _Case(variant, bits=bits) for bits in parameters.bits}
        elif variant.startswith("pruned"):
            listed |= {f"{variant} share={share:g}": _Case(variant, share=share) for share in parameters.pruned}
        else:
            listed[variant] = _Case(variant)
    return listed


def _cases(parameters: TrainedParameters, space: WeightSpace | None) -> tuple[str, ...]:
    try:
        parse_reference(parameters.zoo)
    except UnknownName as error:
        raise SuiteValueError((("pairs", "zoo"), str(error))) from None
    if space is not None:
        raise SuiteValueError((("space",), "trained pairs live in the space of their zoo; leave `space` out"))
    for key in ("variants", "bits", "pruned"):
        refuse_repeats(key, getattr(parameters, key))
    return numbered(parameters.count, _listed(parameters))


def _make(parameters: TrainedParameters, space: WeightSpace | None, case: str, rng: np.random.Generator) -> Pair:
    from ..zoo.population import population  # trains the zoo where it is not kept yet, and needs torch

    zoo = population(parameters.zoo)
    first, second = rng.choice(zoo.weights.batch, 2, replace=False).tolist()
    v, space = zoo.weights.arrays(first), zoo.space
    wanted = _listed(parameters)[label_of(case)]
    if wanted.variant.endswith("same-orbit"):
        v, element = wanted.coarse(v), random_elements(space, 1, rng)[0]
        return Pair(space, v, moved(space, element, v), element=element)
    if wanted.variant == "two-networks":
        return Pair(space, v, zoo.weights.arrays(second))
    if wanted.variant == "nudged":
        return Pair(space, v, _nudged(v, rng))
    return Pair(space, v, wanted.coarse(v))


def _nudged(vector: dict[str, np.ndarray], rng: np.random.Generator) -> dict[str, np.ndarray]:
    matrices = [name for name, value in vector.items() if value.ndim == 2]
    name = matrices[int(rng.integers(len(matrices)))]
    changed = vector[name].copy()
    changed.flat[int(rng.integers(changed.size))] += NUDGE
    return {**vector, name: _single(changed)}


def _quantised(value: np.ndarray, bits: int) -> np.ndarray:
    low, high = float(value.min()), float(value.max())
    step = (high - low) / (2**bits - 1) or 1.0
    return _single(low + np.round((value - low) / step) * step)


def _pruned(value: np.ndarray, share: float) -> np.ndarray:
    if value.ndim < 2:
        return value
    threshold = np.quantile(np.abs(value), share)
    return np.where(np.abs(value) <= threshold, 0.0, value)


def _single(value: np.ndarray) -> np.ndarray:
    """Rounded to float32, so that both precisions of a check see the same weights."""
    return value.astype(np.float32).astype(np.float64)


TRAINED = PairFamily(
    "trained",
    "real networks of a zoo: relabelled, two of them, one weight nudged, quantised, pruned",
    TrainedParameters,
    _cases,
    _make,
    needs=lambda parameters: [parameters.zoo],
)
