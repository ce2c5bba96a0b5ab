"""What a plug-in was asked to build for a row: by it refused shapes and the share of decided rows are counted, so a row that said less
than it asked could take itself, or what it served, out of the count."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ..core.outcomes import Refusal
from ..core.result import Result
from ..weights.space import WeightSpace
from .exact.refuted import demand
from .law import Case

OUTPUTS = ("invariant", "equivariant")
BY_SHAPE = (Refusal.UNSUPPORTED, Refusal.OTHER_SHAPE)
"""Refusals by the constructor, which is asked for one output on one space."""


def of_law(parameters: Mapping[str, Any], case: str) -> tuple[WeightSpace, tuple[str, ...]]:
    """Space and output of a case of the law, by its check."""
    asked = Case.of(case)
    output = "invariant" if asked.output == "invariant" else "equivariant"
    return WeightSpace.from_json(parameters["spaces"][asked.space]["space"]), (output,)


def demand_asked(row: Result, measured: bool, space: WeightSpace, outputs: Collection[str] = OUTPUTS) -> None:
    """A row that was measured, or that a constructor refused, says what was asked: of this kind of space, and one of these outputs.

    Args:
        measured: whether a verdict rests on its evidence; what is measured in the end may be a smaller shape of the space.
    """
    refused = row.refusal in BY_SHAPE
    if row.asked is None:
        demand(not measured and not refused, "the row says what the plug-in was asked for")
        return
    right = row.asked.output in outputs and row.asked.family == space.family
    demand(
        right and (not refused or row.asked.space == str(space)), "what the plug-in was asked for is that of the check"
    )
