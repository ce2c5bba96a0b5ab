"""Statements that rest on folklore 2-WL, refinement of the colours of pairs of nodes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from .statement import Index, Part, Text, statement

TRIPLES = 60_000_000
"""Of nodes, over all rounds and both nets, that a proof may take; about a minute, step by step."""

Two = Field(min_length=2, max_length=2)


@statement(Part.TWO_FWL, "equivalent", "orbit")
class PairsEquivalentByOrbit(TypedDict):
    """2-FWL-equivalent, since in one orbit."""

    relation: Literal["equivalent"]
    kind: Literal["orbit"]


@statement(Part.TWO_FWL, "equivalent", "pair-colouring")
class EquivalentByPairColouring(TypedDict):
    """A stable colouring of all ordered pairs of nodes with equal histograms: `colours[net][i][j]`, nodes axis by axis."""

    relation: Literal["equivalent"]
    kind: Literal["pair-colouring"]
    colours: Annotated[list[list[list[Index]]], Two]


@statement(Part.TWO_FWL, "different", "pair-round")
class PartedByPairRound(TypedDict):
    """Histograms agree before `round`; then the colour of `pair` (net, node, node) has these `counts` in v and w."""

    relation: Literal["different"]
    kind: Literal["pair-round"]
    round: Index
    pair: Annotated[list[Index], Field(min_length=3, max_length=3)]
    counts: Annotated[list[Index], Two]


@statement(Part.TWO_FWL, "unknown", "none")
class UnknownTwoFwl(TypedDict):
    """Not refined, and why."""

    relation: Literal["unknown"]
    reason: Text
