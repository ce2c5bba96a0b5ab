"""Statements that rest on colour refinement."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from .statement import Index, Part, Text, statement


@statement(Part.REFINEMENT, "equivalent", "colouring")
class EquivalentByColouring(TypedDict):
    """A stable colouring with equal histograms: `colours` of every neuron, per net and layer (beyond MLPs: permuted axis)."""

    relation: Literal["equivalent"]
    kind: Literal["colouring"]
    colours: Annotated[list[list[list[Index]]], Field(min_length=2, max_length=2)]


@statement(Part.REFINEMENT, "different", "round")
class PartedByRound(TypedDict):
    """Histograms agree before `round`; then the colour of `neuron` (net, layer or permuted axis, index) has these `counts` in v and w."""

    relation: Literal["different"]
    kind: Literal["round"]
    round: Index
    neuron: Annotated[list[Index], Field(min_length=3, max_length=3)]
    counts: Annotated[list[Index], Field(min_length=2, max_length=2)]


@statement(Part.REFINEMENT, "different", "fixed-tensor")
class PartedByFixedTensor(TypedDict):
    """Beyond MLPs: a `tensor` without a permuted axis differs, which counts from `round` on; nothing parts the two before."""

    relation: Literal["different"]
    kind: Literal["fixed-tensor"]
    round: Literal[0, 1]
    tensor: Text


@statement(Part.FUNCTION, "equal", "refinement")
class EqualByRefinement(TypedDict):
    """The same function, since not parted by round L; beyond MLPs, since never parted."""

    relation: Literal["equal"]
    kind: Literal["refinement"]


@statement(Part.FUNCTION, "equal", "forward-refinement")
class EqualByForwardRefinement(TypedDict):
    """Equal colours of the outputs when only incoming edges count."""

    relation: Literal["equal"]
    kind: Literal["forward-refinement"]
