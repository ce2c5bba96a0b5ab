"""From the parameters of a separation check to the pair of one case; no oracle is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..core.parameters import Parameters
from ..core.result import digest
from ..weights.pair import Pair
from ..weights.space import NamedSpace, WeightSpace
from .family import PAIR_FAMILIES, PairFamily


def read_pairs(parameters: Mapping[str, Any]) -> tuple[PairFamily, Parameters, WeightSpace | None]:
    """The family, its parameters and the named space of `{"space": ..., "pairs": {"family": ..., ...}}`."""
    family = PAIR_FAMILIES[parameters["pairs"]["family"]]
    given = {key: value for key, value in parameters["pairs"].items() if key != "family"}
    named = NamedSpace.from_json(parameters["space"]) if parameters["space"] else None
    return family, family.parameters.model_validate(given), named.space if named else None


def pair_content(parameters: Mapping[str, Any], case: str) -> str:
    """SHA-256 of all that the pair is a function of: family, parameters, space and case."""
    return digest([parameters["space"], parameters["pairs"], case])


def make_pair(parameters: Mapping[str, Any], case: str) -> Pair:
    """The pair of one case, the same in any process; seeded by its own content."""
    family, settings, space = read_pairs(parameters)
    return family.make(settings, space, case, np.random.default_rng(int(pair_content(parameters, case)[:16], 16)))
