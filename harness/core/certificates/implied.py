"""Statements that follow from another part of the certificate."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from .statement import Part, statement


@statement(Part.REFINEMENT, "equivalent", "orbit")
class EquivalentByOrbit(TypedDict):
    """1-WL-equivalent, since in one orbit."""

    relation: Literal["equivalent"]
    kind: Literal["orbit"]


@statement(Part.ORBIT, "different", "refinement")
class TwoOrbitsByRefinement(TypedDict):
    """Two orbits, since refinement parts the two."""

    relation: Literal["different"]
    kind: Literal["refinement"]


@statement(Part.FUNCTION, "equal", "orbit")
class EqualByOrbit(TypedDict):
    """The same function, since in one orbit."""

    relation: Literal["equal"]
    kind: Literal["orbit"]
