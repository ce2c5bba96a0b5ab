"""Families of random vectors: one orbit, two independent vectors, and one entry changed."""

from __future__ import annotations

import re
from math import frexp
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, Field, WithJsonSchema

from ..weights.pair import Pair
from ..weights.space import WeightSpace
from ..weights.symmetry import identity, random_elements
from .demands import Counted, demand_movement, demand_space, label_of, numbered, problem, refuse, refuse_repeats
from .family import PairFamily
from .vectors import Ties, moved, random_vector

FINEST, LARGEST = 2.0**-22, 2.0
"""Sizes of a perturbation lie within these and are multiples of the first: added to any entry they stay exact in float32."""


class OrbitParameters(Counted):
    """Parameters of `same-orbit`."""

    ties: Annotated[Ties, Field(description="where values repeat: nowhere, in hidden biases, or everywhere")] = "none"


def _orbit_cases(parameters: OrbitParameters, space: WeightSpace | None) -> tuple[str, ...]:
    demand_movement("same-orbit", space)
    return numbered(parameters.count)


def _orbit(parameters: OrbitParameters, space: WeightSpace | None, case: str, rng: np.random.Generator) -> Pair:
    space = demand_space("same-orbit", space)
    v = random_vector(space, rng, parameters.ties)
    element = identity(space)
    while element == identity(space):
        element = random_elements(space, 1, rng)[0]
    return Pair(space, v, moved(space, element, v), element=element)


SAME_ORBIT = PairFamily(
    "same-orbit",
    "w = g v for a random relabelling g of the hidden neurons",
    OrbitParameters,
    _orbit_cases,
    _orbit,
)


class GenericParameters(Counted):
    """Parameters of `generic`."""


def _generic_cases(parameters: GenericParameters, space: WeightSpace | None) -> tuple[str, ...]:
    demand_space("generic", space)
    return numbered(parameters.count)


def _generic(parameters: GenericParameters, space: WeightSpace | None, case: str, rng: np.random.Generator) -> Pair:
    space = demand_space("generic", space)
    return Pair(space, random_vector(space, rng), random_vector(space, rng))


GENERIC = PairFamily(
    "generic",
    "two independent random vectors in general position",
    GenericParameters,
    _generic_cases,
    _generic,
    "thm-6.3",
)


def _power_of_two(value: Any) -> Any:
    """`"2^-4"` as a number; anything else as it is."""
    power = re.fullmatch(r"2\^(-?[0-9]{1,3})", value) if isinstance(value, str) else None
    return 2.0 ** int(power[1]) if power else value


Size = Annotated[
    float,
    BeforeValidator(_power_of_two),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^2\^-?[0-9]+$"}]}),
]


class PerturbationParameters(Counted):
    """Parameters of `perturbation`."""

    sizes: Annotated[
        list[Size], Field(min_length=1, description='changes, as numbers or as powers of two in text, such as "2^-4"')
    ] = [1.0, 2.0**-4, 2.0**-8, 2.0**-12, 2.0**-16, 2.0**-20]


def _size_labels(parameters: PerturbationParameters) -> dict[str, float]:
    return {f"size={_as_power(size)}": size for size in parameters.sizes}


def _as_power(size: float) -> str:
    mantissa, exponent = frexp(size)
    return f"2^{exponent - 1}" if mantissa == 0.5 and size < 1 else f"{size:.17g}"


def _perturbation_cases(parameters: PerturbationParameters, space: WeightSpace | None) -> tuple[str, ...]:
    demand_space("perturbation", space)
    refuse(
        *[
            problem(
                "sizes",
                position,
                message=f"a change is a positive multiple of 2^-22, at most {LARGEST:g}, got {size:g}",
            )
            for position, size in enumerate(parameters.sizes)
            if not (0 < size <= LARGEST and (size / FINEST).is_integer())
        ]
    )
    refuse_repeats("sizes", parameters.sizes)
    return numbered(parameters.count, _size_labels(parameters))


def _perturbation(
    parameters: PerturbationParameters, space: WeightSpace | None, case: str, rng: np.random.Generator
) -> Pair:
    """One entry of one tensor of `v` is changed, up or down; hidden biases stay, so that round 0 cannot separate the pair.

    In general position the only relabelling that keeps the biases is the identity, so the two are never in one orbit.
    """
    space = demand_space("perturbation", space)
    v = random_vector(space, rng)
    w = {name: value.copy() for name, value in v.items()}
    names = [name for name, axes in space.tensors if len(axes) > 1] or list(space.axes)
    target = w[names[rng.integers(len(names))]].reshape(-1)
    target[rng.integers(target.size)] += _size_labels(parameters)[label_of(case)] * int(rng.choice((-1, 1)))
    return Pair(space, v, w)


PERTURBATION = PairFamily(
    "perturbation",
    "one weight changed, down a ladder of sizes",
    PerturbationParameters,
    _perturbation_cases,
    _perturbation,
    "thm-6.3",
)
