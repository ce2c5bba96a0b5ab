"""Two orbits, by the numbers of closed walks in the graph of one value of an inner weight matrix."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from .statement import Part, Text, statement


@statement(Part.ORBIT, "different", "walks")
class OtherWalks(TypedDict):
    """Traces of `(B B^T)^length`, B being 1 where `tensor` has the value `entry` and else 0; `values` are v's and w's."""

    relation: Literal["different"]
    kind: Literal["walks"]
    tensor: str
    entry: Text
    length: Annotated[int, Field(ge=1, le=12)]
    values: Annotated[list[Annotated[int, Field(ge=0, lt=2**62)]], Field(min_length=2, max_length=2)]
