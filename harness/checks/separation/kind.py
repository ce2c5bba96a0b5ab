"""The separation check: its parameters and its cases. No torch.

Question: does `phi` separate `v` and `w`? A gap that stands out of the noise between copies of one orbit decides; its absence
decides nothing unless the pair is certified to be one to every network of the declared power, or the network is shown to
resolve pairs as hard as this one (theory.md, section 6).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from ...core.parameters import Parameters, SuiteValueError, parse_parameters
from ...core.registry import UnknownName
from ...pairs import PAIR_FAMILIES
from ...pairs.making import read_pairs
from ...weights.space import NamedSpace
from ..kinds import CheckKind
from ..space_names import known_space
from .evidence import SeparationEvidence
from .verdict import rejudge


class SeparationParameters(Parameters):
    """What a suite may say under a separation check."""

    space: Annotated[str | None, Field(description="name from the suite's `spaces`, for families that take one")] = None
    pairs: Annotated[dict[str, Any], Field(description="the pair family and its parameters")]
    output: Annotated[
        Literal["invariant", "equivariant"],
        Field(
            description="which output is asked: the invariant one (of a network that has none, the equivariant one), or the "
            "equivariant one through the read-out of protocol.md, section 3"
        ),
    ] = "invariant"


def resolve(parameters: SeparationParameters, spaces: Mapping[str, NamedSpace]) -> dict[str, Any]:
    """Plain parameters with the space written out and the family's own parameters checked and completed."""
    named = known_space(parameters.space, spaces)
    given = dict(parameters.pairs)
    name = given.pop("family", None)
    if not isinstance(name, str):
        raise SuiteValueError((("pairs", "family"), f"required, one of: {', '.join(PAIR_FAMILIES)}"))
    try:
        family = PAIR_FAMILIES[name]
    except UnknownName as error:
        raise SuiteValueError((("pairs", "family"), str(error))) from None
    settings = parse_parameters(family.parameters, given, ("pairs",))
    resolved = {
        "space": named.to_json() if named else None,
        "pairs": {"family": name, **settings.model_dump(mode="json")},
    }
    if parameters.output != "invariant":
        resolved["output"] = parameters.output  # the default stays out of digests
    cases(resolved)  # impossible parameters surface here, at the suite's own line
    return resolved


def cases(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """The cases that the pair family lists."""
    family, settings, space = read_pairs(parameters)
    return family.cases(settings, space)


def needs(parameters: Mapping[str, Any]) -> list[str]:
    """The zoos that the family reads."""
    family, settings, _ = read_pairs(parameters)
    return list(family.needs(settings))


KIND = CheckKind(
    name="separation",
    title="which certified pairs of weight vectors the network separates, against orbit-controlled noise",
    parameters=SeparationParameters,
    resolve=resolve,
    cases=cases,
    evidence=SeparationEvidence,
    measurement="orbitcheck.harness.checks.separation.measurement:measure_case",
    rejudge=rejudge,
    needs=needs,
)
