"""The limit of detection: how small a change, and how late a refinement round, a network still shows. No torch.

A control beside the separation check: a tool that says 'not separated' has to say what it would have seen. Two ladders,
`w = v + delta z` for ever smaller delta, and pairs that exactly round t separates (protocol.md, section 4). The result is
a graded score in digits and rounds; a network that declares rounds has to show every one of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from ...core.parameters import Parameters
from ...weights.space import NamedSpace
from ..kinds import CheckKind
from ..space_names import one_a_space, spaces_json
from .evidence import DetectionEvidence
from .verdict import rejudge


class DetectionParameters(Parameters):
    """What a suite may say under a detection check."""

    spaces: Annotated[list[str], Field(min_length=1, description="names from the suite's `spaces`")]


def resolve(parameters: DetectionParameters, spaces: Mapping[str, NamedSpace]) -> dict[str, Any]:
    """Plain parameters with every space written out; SuiteValueError for an unknown space."""
    return spaces_json(parameters.spaces, spaces)


KIND = CheckKind(
    name="detection",
    title="limit of detection: the smallest change and the latest refinement round that the network still shows",
    parameters=DetectionParameters,
    resolve=resolve,
    cases=one_a_space,
    evidence=DetectionEvidence,
    measurement="orbitcheck.harness.checks.detection.measurement:measure_case",
    rejudge=rejudge,
)
