"""The same function, by equal normal forms of the outputs."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from .statement import Part, statement


@statement(Part.FUNCTION, "equal", "normal-form")
class EqualNormalForms(TypedDict):
    """The verifier makes both normal forms itself."""

    relation: Literal["equal"]
    kind: Literal["normal-form"]
