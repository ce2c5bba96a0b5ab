"""Statements that nothing is proved."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from .statement import Part, Text, statement


@statement(Part.ORBIT, "unknown", "none")
class UnknownOrbit(TypedDict):
    """Neither one orbit nor two could be proved, and why."""

    relation: Literal["unknown"]
    reason: Text


@statement(Part.FUNCTION, "unknown", "none")
class UnknownFunction(TypedDict):
    """Neither equality nor a difference could be proved."""

    relation: Literal["unknown"]
    kind: Literal["none"]
