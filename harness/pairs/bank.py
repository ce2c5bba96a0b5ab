"""Pairs with their certified relations, made once a process: every architecture is shown the same ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..oracles.relation import Relation
from ..oracles.tuples.relation import certify
from ..weights.pair import Pair
from .making import make_pair, pair_content

_KEPT: dict[str, tuple[Pair, Relation]] = {}


def certified_pair(parameters: Mapping[str, Any], case: str) -> tuple[Pair, Relation]:
    """The pair of one case and its certified relation; a function of family, parameters, space and case alone."""
    content = pair_content(parameters, case)
    if content not in _KEPT:
        pair = make_pair(parameters, case)
        _KEPT[content] = pair, certify(pair)
    return _KEPT[content]
