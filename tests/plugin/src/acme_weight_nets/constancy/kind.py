"""The check kind `acme-constancy`: its parameters and cases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from orbitcheck.extending import NamedSpace, Parameters, check_kind, known_spaces

from .evidence import ConstancyEvidence


class ConstancyParameters(Parameters):
    """What a suite may say under the check."""

    spaces: Annotated[list[str], Field(min_length=1, description="names from the suite's `spaces`")]
    vectors: Annotated[int, Field(ge=2, le=256, description="weight vectors that are shown")] = 8


def resolve(parameters: ConstancyParameters, spaces: Mapping[str, NamedSpace]) -> dict[str, Any]:
    named = known_spaces(parameters.spaces, spaces)
    return {"spaces": {name: each.space.to_json() for name, each in named.items()}, "vectors": parameters.vectors}


def cases(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(parameters["spaces"])


CONSTANCY = check_kind(
    "acme-constancy",
    "the answer of a network depends on its input",
    parameters=ConstancyParameters,
    resolve=resolve,
    cases=cases,
    evidence=ConstancyEvidence,
    measurement="acme_weight_nets.constancy.measurement:measure",
)
