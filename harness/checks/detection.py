"""The limit of detection: how small a change, and how late a refinement round, a network still shows.

A control beside the separation check: a tool that says 'not separated' has to say what it would have seen. Two ladders,
`w = v + delta z` for ever smaller delta, and pairs that part in exactly round t (protocol.md, controls). The result is a
graded score in digits and rounds; only a network that shows nothing at all is not passed.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import log10
from typing import Annotated, Any

from pydantic import Field

from ..architecture import Architecture
from ..cell import Cell
from ..parameters import Parameters, SuiteValueError
from ..registry import did_you_mean
from ..result import Judgement
from ..space import NamedSpace
from ..workbench import Workbench
from .kinds import CheckKind

LARGEST, SMALLEST = -1, -13
"""Exponents of ten between which the smallest visible change is looked for."""


class DetectionParameters(Parameters):
    """What a suite may say under a detection check."""

    spaces: Annotated[list[str], Field(min_length=1, description="names from the suite's `spaces`")]


def resolve(parameters: DetectionParameters, spaces: Mapping[str, NamedSpace]) -> dict[str, Any]:
    """Plain parameters with every space written out; SuiteValueError for an unknown space or one that is no MLP's."""
    problems = [
        (("spaces", position), f'unknown space "{name}"{did_you_mean(name, spaces)}')
        for position, name in enumerate(parameters.spaces)
        if name not in spaces
    ]
    problems += [
        (("spaces", position), f"detection is defined for MLP spaces only, not for {spaces[name].space}")
        for position, name in enumerate(parameters.spaces)
        if name in spaces and not spaces[name].space.is_mlp
    ]
    if problems:
        raise SuiteValueError(*problems)
    return {"spaces": {name: spaces[name].space.to_json() for name in parameters.spaces}}


def cases(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """One case a space."""
    return tuple(parameters["spaces"])


def judge(exponent: int | None, t_res: int) -> tuple[str, str, str]:
    """`(outcome, reason, observed)` for the smallest change seen (a power of ten, or None) and the last round resolved."""
    if exponent is None:
        return (
            "undecided",
            f"shows no change of 1e{LARGEST}; every 'not separated' of this network is void",
            "nothing seen",
        )
    return "pass", "", f"sees changes of 1e{exponent}, t_res = {t_res}"


def evidence(exponent: int | None, t_res: int, ladder: Mapping[int, float]) -> dict[str, Any]:
    """The two ladders as plain JSON."""
    return {
        "smallest_change": None if exponent is None else 10.0**exponent,
        "digits": 0 if exponent is None else -exponent,
        "t_res": t_res,
        "ladder": {str(rung): log10(max(ratio, 1.0)) for rung, ratio in ladder.items()},
    }


def evaluate(cell: Cell, architecture: Architecture, bench: Workbench) -> Judgement:
    """Measure both ladders for one space."""
    from .detection_measurement import measure_case  # needs torch, which planning must not pay for

    return measure_case(cell, architecture, bench)


KIND = CheckKind(
    name="detection",
    title="limit of detection: the smallest change and the latest refinement round that the network still shows",
    parameters=DetectionParameters,
    resolve=resolve,
    cases=cases,
    evaluate=evaluate,
)
