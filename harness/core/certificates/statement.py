"""Statements of a certificate by part, relation and kind of proof, each a typed dictionary that registers itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from pydantic import Field


class Part(StrEnum):
    """What a statement is about."""

    REFINEMENT = "refinement"
    ORBIT = "orbit"
    FUNCTION = "function"
    TWO_FWL = "two_fwl"


Key = tuple[Part, str, str]
"""Part, relation, and kind of proof ("none" where nothing is proved)."""

Statement = Mapping[str, Any]
"""Some statement: `relation`, mostly `kind`, and what the proof needs."""

STATEMENTS: dict[Key, type[Any]] = {}
"""Which typed dictionary a statement is of."""

Index = Annotated[int, Field(ge=0, le=2**31)]
"""Of a layer, a neuron, an output; whether there is such a one is for the verifier to say."""

Text = Annotated[str, Field(max_length=9000)]
"""A number in writing."""

T = TypeVar("T", bound=type[Any])


def statement(part: Part, relation: str, kind: str) -> Callable[[T], T]:
    """Register a typed dictionary for the statements that part, relation and kind name."""

    def registered(of: T) -> T:
        if (part, relation, kind) in STATEMENTS:
            raise ValueError(f"two types for {part} {relation} by {kind}")
        STATEMENTS[part, relation, kind] = of
        return of

    return registered


def key_of(part: Part, said: Statement) -> Key:
    """Where the type and the verifier of a statement are found."""
    return part, str(said.get("relation")), str(said.get("kind", "none"))
