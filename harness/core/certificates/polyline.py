"""The same function of one variable, by its values at points between which both are linear."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from .statement import Part, Text, statement


@statement(Part.FUNCTION, "equal", "polyline")
class EqualPolylines(TypedDict):
    """`points`, rising strictly: every kink of both nets, and one beyond on either side."""

    relation: Literal["equal"]
    kind: Literal["polyline"]
    points: Annotated[list[Text], Field(min_length=2)]
