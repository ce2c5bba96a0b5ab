"""The approximation check: its parameters, its cases, the prediction, and the verdict as a pure function of what was measured.

Question: does training find the target map, and if not, is that the theory or the budget? The error is the squared error on a
test set over the variance of the target there, so that 1 is the mean. Beside it stands the exact floor: what no map can
undercut that is constant on the classes which the architecture cannot tell apart (theory.md section 7).

That a map can be approximated says that some network does it. So a row is judged by the one of its seeds that the validation set
prefers, and a seed that rests in a poor minimum refutes nothing; that none may lie below the floor says something of every seed.

What is possible is derived, never written in a suite: from what the architecture declares, and from the classes of the very test
set. Measured in `measurement.py`, judged here (protocol.md, approximation). No torch.
"""

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
