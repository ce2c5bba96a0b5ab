"""Pairs with their certified relations, made once a process: every architecture is shown the same ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..oracles.relation import Relation
from ..oracles.tuples.relation import certify
from ..oracles.two_fwl.relation import with_two_fwl
from ..weights.pair import Pair
from .making import make_pair, pair_content

_KEPT: dict[str, tuple[Pair, Relation]] = {}
_WITH_TWO_FWL: dict[str, Relation] = {}


def certified_pair(parameters: Mapping[str, Any], case: str, *, two_fwl: bool = False) -> tuple[Pair, Relation]:
    """The pair of one case and its certified relation; a function of family, parameters, space and case alone.

    Args:
        two_fwl: of MLPs also by folklore 2-WL, which only networks of that power are held against.
    """
    content = pair_content(parameters, case)
    if content not in _KEPT:
        pair = make_pair(parameters, case)
        _KEPT[content] = pair, certify(pair)
    if two_fwl and _KEPT[content][0].space.is_mlp:
        if content not in _WITH_TWO_FWL:
            _WITH_TWO_FWL[content] = with_two_fwl(*_KEPT[content])
        return _KEPT[content][0], _WITH_TWO_FWL[content]
    return _KEPT[content]
