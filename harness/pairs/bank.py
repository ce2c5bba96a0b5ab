"""Pairs with their certified relations, made once a process: every architecture is shown the same ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..oracles.relation import Relation, certify
from ..parameters import Parameters
from ..result import digest
from ..space import NamedSpace, WeightSpace
from .family import PAIR_FAMILIES, Pair, PairFamily

_KEPT: dict[str, tuple[Pair, Relation]] = {}


def read_pairs(parameters: Mapping[str, Any]) -> tuple[PairFamily, Parameters, WeightSpace | None]:
    """The family, its parameters and the named space of `{"space": ..., "pairs": {"family": ..., ...}}`."""
    family = PAIR_FAMILIES[parameters["pairs"]["family"]]
    given = {key: value for key, value in parameters["pairs"].items() if key != "family"}
    named = NamedSpace.from_json(parameters["space"]) if parameters["space"] else None
    return family, family.parameters.model_validate(given), named.space if named else None


def certified_pair(parameters: Mapping[str, Any], case: str) -> tuple[Pair, Relation]:
    """The pair of one case and its certified relation; a function of family, parameters, space and case alone."""
    content = digest([parameters["space"], parameters["pairs"], case])
    if content not in _KEPT:
        family, settings, space = read_pairs(parameters)
        pair = family.make(settings, space, case, np.random.default_rng(int(content[:16], 16)))
        _KEPT[content] = pair, certify(pair)
    return _KEPT[content]
