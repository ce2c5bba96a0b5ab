"""What a run holds beside its rows, as plain data with declared keys: architectures, controls, ladders, plants, conclusions.

`results.json` is checked against these at the border, and its schema is made of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired

from typing_extensions import TypedDict  # pydantic takes no other below Python 3.12

from .evidence import Number
from .outcomes import Outcome

Scalar = bool | int | Number | str | None
Processes = Mapping[str, Sequence[str]]
"""Plug-in -> the processes that answered for it."""


class Cost(TypedDict):
    """What one forward pass costs: `of` which batch and `head`, operations counted, bytes alive at once, seconds."""

    of: str
    head: str
    parameters: int
    operations: int
    bytes: int
    seconds: Number


class ArchitectureRecord(TypedDict):
    """Name, options and declared traits; or `error`, the line that says why it did not load. `changed` are the settings that its import changed."""

    name: str
    options: Mapping[str, Scalar]
    error: NotRequired[str | None]
    symmetry: NotRequired[str]
    power: NotRequired[str]
    rounds: NotRequired[Sequence[int] | None]
    refinement: NotRequired[str]
    blind: NotRequired[Sequence[str]]
    own_group: NotRequired[bool]
    domain: NotRequired[str]
    continuous: NotRequired[bool]
    law: NotRequired[str]
    modes: NotRequired[Sequence[str]]
    paper: NotRequired[str]
    shapes: NotRequired[str]
    source_sha256: NotRequired[str | None]
    cost: NotRequired[Cost | None]
    changed: NotRequired[Sequence[str]]


class Digits(TypedDict):
    """Digits by which pairs were separated."""

    lowest: Number
    median: Number


class ControlRecord(TypedDict):
    """Per architecture the tool's false positives with their bound, and how far the network sees (`judging/controls.py`)."""

    name: str
    nulls: int
    false_positives: int
    bound: Number
    separated: int
    digits: Digits | None
    smallest_effect: Number | None
    digits_of_change: int | None
    t_res: int | None
    forwards: int


class Rung(TypedDict):
    """One refinement round of the ladder: pairs, those separated and predicted to be, digits of the least."""

    round: int
    pairs: int
    separated: int
    predicted: int
    digits: Number | None


class LadderRecord(TypedDict):
    """What one architecture saw of the round ladder, with its depth, declared rounds and resolution."""

    name: str
    architecture: str
    depth: int | None
    declared: Sequence[int] | None
    t_res: int | None
    reach: int
    points: Sequence[Rung]


class PlantRecord(TypedDict):
    """What became of one planted defect."""

    name: str
    rule: str
    kind: str
    wanted: Outcome
    outcome: Outcome
    reason: str
    caught: bool


class KillerRecord(TypedDict):
    """What became of one false claim and of its mended twin (`running/killing.py`).

    `suites`: for whose conclusions it stands; `kind`: the check by whose rows the claim must fall; `wanted`, `outcome`: how the
    judgement must end on the rows of the false claim, and how it ended; `killed`: so, by its sign, and not by the law or a control;
    `kept`: the judgement came to a pass on the rows of the twin.
    """

    name: str
    claim: str
    suites: Sequence[str]
    rule: str
    kind: str
    wanted: str
    outcome: str
    reason: str
    killed: bool
    mended: str
    mended_outcome: str
    mended_reason: str
    kept: bool


class KillRate(TypedDict):
    """Of the false claims that a conclusion's checks were shown, those that they turned red while the mended twin stayed green."""

    killed: int
    planted: int


class MemberRecord(TypedDict):
    """Architectures and oracles that separate the same pairs; `parted` says how many."""

    names: Sequence[str]
    parted: int


class LeftOut(TypedDict):
    """An architecture to which only so many of the pairs applied."""

    name: str
    pairs: int


class OrderRecord(TypedDict):
    """The partial order of separation (`judging/order.py`); `covers` are (upper, lower) positions of members."""

    pairs: int
    members: Sequence[MemberRecord]
    covers: Sequence[tuple[int, int]]
    left_out: Sequence[LeftOut]


class RequestRecord(TypedDict):
    """What the user asked beside the suites: own expected failures, and the power that every architecture must declare."""

    expected_failures: Sequence[Mapping[str, str]]
    require_power: str | None


class SelectionRecord(TypedDict):
    """Which rows of the plan a run was asked for: patterns, whether it stopped at the first red row, and `[index, count]` of a shard;
    `architectures` are all that the plan is of."""

    only: Sequence[str]
    fail_fast: bool
    shard: tuple[int, int] | None
    architectures: Sequence[str]


class ConclusionRecord(TypedDict):
    """One claim, concluded (`judging/conclusions.py`)."""

    suite: str
    claim: str
    title: str
    checks: Sequence[str]
    outcome: str
    reason: str
    predicted: str
    observed: str
    refuted_by: NotRequired[str]
    declared: str | None
    evidence: Mapping[str, Any]
    killers: NotRequired[KillRate]
