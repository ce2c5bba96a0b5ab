"""Pairs that differ in the biases of one hidden layer alone."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from orbitcheck.extending import (
    Counted,
    Pair,
    SuiteValueError,
    WeightSpace,
    demand_mlp,
    numbered,
    pair_family,
    random_vector,
)


class BiasShift(Counted):
    """What a suite may say under `pairs` beside `family`."""

    layer: Annotated[int, Field(ge=1, description="hidden layer whose biases move")] = 1


def cases(parameters: BiasShift, space: WeightSpace | None) -> tuple[str, ...]:
    hidden = len(demand_mlp("acme-bias-shift", space).widths) - 2
    if parameters.layer > hidden:
        raise SuiteValueError((("pairs", "layer"), f"there are {hidden} hidden layers, got {parameters.layer}"))
    return numbered(parameters.count)


@pair_family("acme-bias-shift", "all biases of one hidden layer moved by 1/8", parameters=BiasShift, cases=cases)
def make(parameters: BiasShift, space: WeightSpace, case: str, rng: np.random.Generator) -> Pair:
    v, bias = random_vector(space, rng), f"b{parameters.layer}"
    return Pair(space, v, {**v, bias: v[bias] + 0.125})
