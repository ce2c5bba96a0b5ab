"""The same function, by equal normal forms once some neurons are proved to be linear."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from .statement import Index, Part, Text, statement

LETTERS_OF_A_BOUND = 2**12
"""Of the multipliers of one bound in writing."""

LETTERS = 2**17
"""Of all multipliers of one net."""

Constraint = Literal["below", "above", "upper", "lower", "cap", "chord"]
"""Of a neuron with argument z and value `h = max(a z, b z)`, `a < b`: `h >= a z`, `h >= b z`, `z <= u`, `z >= l`, and that h lies
below the line of slope a through its value at u, or below the chord from l to u."""


class BoundRecord(TypedDict):
    """A bound of the argument z of `neuron` (layer, index): with `terms` (layer, index, constraint, multiplier) added, each written
    as a difference that is never negative, z (or -z, of a lower bound) is a constant.
    """

    neuron: Annotated[list[Index], Field(min_length=2, max_length=2)]
    side: Literal["upper", "lower"]
    terms: list[tuple[Index, Index, Constraint, Text]]


@statement(Part.FUNCTION, "equal", "signs")
class EqualAfterSigns(TypedDict):
    """`bounds` of each net, by layers; a neuron whose argument they give one sign is linear in the normal form."""

    relation: Literal["equal"]
    kind: Literal["signs"]
    bounds: Annotated[list[list[BoundRecord]], Field(min_length=2, max_length=2)]
