"""Regimes of samples: importing this folder registers the built-in ones. No torch until samples are drawn.

May import pairs, zoo, learning, oracles, weights and core.
"""

from __future__ import annotations

from . import function_twins, general_position, own, refinement_twins, same_entries, teeth, ties, zoos
from .regime import REGIMES, Regime, Samples

__all__ = ["REGIMES", "Regime", "Samples"]

for _regime in (
    general_position.GENERAL_POSITION,
    ties.TIES,
    same_entries.SAME_ENTRIES,
    refinement_twins.PROP_6_2_TWINS,
    function_twins.FUNCTION_EQUAL_TWINS,
    teeth.TEETH,
    zoos.DIGITS_INR,
    zoos.DIGITS_CLASSIFIERS,
    zoos.DIABETES_REGRESSORS,
    own.ZOO,
):
    REGIMES.add(_regime.name, _regime)
