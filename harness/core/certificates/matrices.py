"""Two orbits, by an invariant of an inner weight matrix."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from .statement import Index, Part, Text, statement

Two = Field(min_length=2, max_length=2)


@statement(Part.ORBIT, "different", "rank")
class TwoRanks(TypedDict):
    """Ranks of `tensor`, or of the places of the value `entry`, over Q or a field of prime order; `values` are v's and w's."""

    relation: Literal["different"]
    kind: Literal["rank"]
    tensor: str
    entry: Text | None
    field: Literal["Q"] | Annotated[int, Field(ge=2, lt=2**31)]
    values: Annotated[list[Index], Two]


@statement(Part.ORBIT, "different", "components")
class OtherComponents(TypedDict):
    """Sizes of the connected components of the places of `entry`, in rising order."""

    relation: Literal["different"]
    kind: Literal["components"]
    tensor: str
    entry: Text | None
    values: Annotated[list[list[Index]], Two]
