"""Two functions, by an input at which they differ."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from .statement import Index, Part, Text, statement

Ends = Annotated[list[Text], Field(min_length=2, max_length=2)]


@statement(Part.FUNCTION, "different", "input")
class DifferAtInput(TypedDict):
    """At the input `x` the intervals `v` and `w` around the values of output number `output` are disjoint."""

    relation: Literal["different"]
    kind: Literal["input"]
    x: list[Text]
    output: Index
    v: Ends
    w: Ends
