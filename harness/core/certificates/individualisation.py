"""Two orbits, by neurons of v that no choice of neurons of w matches."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from .statement import Index, Part, statement


@statement(Part.ORBIT, "different", "individualisation")
class Unmatched(TypedDict):
    """`neurons`: hidden layer and index of each."""

    relation: Literal["different"]
    kind: Literal["individualisation"]
    neurons: Annotated[list[Annotated[list[Index], Field(min_length=2, max_length=2)]], Field(min_length=1)]
