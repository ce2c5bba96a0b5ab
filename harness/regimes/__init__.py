"""Regimes of samples: importing this folder registers the built-in ones. No torch until samples are drawn."""

from __future__ import annotations

from . import general_position, refinement_twins
from .regime import REGIMES, Regime, Samples

__all__ = ["REGIMES", "Regime", "Samples"]

for _regime in (
    general_position.GENERAL_POSITION,
    refinement_twins.PROP_6_2_TWINS,
):
    REGIMES.add(_regime.name, _regime)
