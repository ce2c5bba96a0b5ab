"""What the resolved parameters and the case of an approximation row say, read back. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...core.parameters import parse_named
from ...regimes import REGIMES
from ...targets import TARGETS
from ...weights.space import WeightSpace


def read(parameters: Mapping[str, Any]) -> tuple[Any, Any, Any, Any, WeightSpace]:
    """Target, its parameters, regime, its parameters and space of resolved parameters."""
    target, target_settings = parse_named(TARGETS, parameters["target"], "target")
    regime, regime_settings = parse_named(REGIMES, parameters["regime"], "regime")
    return target, target_settings, regime, regime_settings, WeightSpace.from_json(parameters["space"])


def read_case(case: str) -> tuple[int, int]:
    """`(networks, parameters)` of a case."""
    networks, slash, size = case.rpartition("/")
    return (int(networks.removeprefix("k=")) if slash else 1), int(size)
