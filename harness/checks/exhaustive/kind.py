"""The exhaustive check: all pairs of all small nets of a kind at once, each net evaluated once a draw. No torch.

Question: which pairs of nets that are not in one orbit does `phi` separate? Where the separation check shows one pair in
many copies, this one shows every net in one fresh copy a draw (a second one for some, as controls), so a bank of 317 nets and
50,086 pairs costs no more than four pairs do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from ...core.parameters import Parameters
from ...weights.space import NamedSpace
from ..kinds import CheckKind
from .evidence import ExhaustiveEvidence
from .verdict import rejudge


class ExhaustiveParameters(Parameters):
    """What a suite may say under an exhaustive check."""

    sizes: Annotated[
        list[Annotated[int, Field(ge=2, le=4)]],
        Field(min_length=1, description="all binary middle matrices of these sizes, at widths (1, size, size, 1)"),
    ] = [4]


def resolve(parameters: ExhaustiveParameters, spaces: Mapping[str, NamedSpace]) -> dict[str, Any]:
    return {"sizes": sorted(set(parameters.sizes))}


def cases(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """One case a size."""
    return tuple(f"{size}x{size}" for size in parameters["sizes"])


KIND = CheckKind(
    name="exhaustive",
    title="every pair of all small nets of a kind at once, each net evaluated once a draw",
    parameters=ExhaustiveParameters,
    resolve=resolve,
    cases=cases,
    evidence=ExhaustiveEvidence,
    measurement="orbitcheck.harness.checks.exhaustive.measurement:measure_case",
    rejudge=rejudge,
)
