"""The resolution check: a small relative step of any one entry shows. No torch.

Law: where the oracle says that v and v with one entry e replaced by e (1 + s) differ for the declared power, the outputs differ by more than
rounding; s = 2^-30 in float64 and 2^-12 in float32, v generic (protocol.md, section 3). A network that puts weights through a lower
precision inside keeps every law and loses every digit below it. So does what leaves the bag of entries of every tensor as it is, or as it is
but for signs: two entries of a matrix exchanged, one negated, two inputs or two outputs exchanged. A network that passes messages along a
graph without its weights, reads sizes alone, or does not know its inputs apart, sees every single step.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from ...core.parameters import Parameters
from ...weights.space import NamedSpace
from ..kinds import CheckKind
from ..space_names import one_a_space, spaces_json
from .evidence import ResolutionEvidence
from .verdict import rejudge


class ResolutionParameters(Parameters):
    """What a suite may say under a resolution check."""

    spaces: Annotated[list[str], Field(min_length=1, description="names from the suite's `spaces`")]


def resolve(parameters: ResolutionParameters, spaces: Mapping[str, NamedSpace]) -> dict[str, Any]:
    """Plain parameters with every space written out; SuiteValueError for an unknown space."""
    return spaces_json(parameters.spaces, spaces)


KIND = CheckKind(
    name="resolution",
    title="a small relative step of any one entry shows, in float64 and in float32",
    parameters=ResolutionParameters,
    resolve=resolve,
    cases=one_a_space,
    evidence=ResolutionEvidence,
    measurement="orbitcheck.harness.checks.resolution.measurement:measure_case",
    rejudge=rejudge,
)
