"""One orbit, by the permutation that maps v to w."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from .statement import Index, Part, statement


@statement(Part.ORBIT, "same", "permutation")
class OneOrbit(TypedDict):
    """`element`: permuted axis -> images of its indices."""

    relation: Literal["same"]
    kind: Literal["permutation"]
    element: dict[str, list[Index]]
