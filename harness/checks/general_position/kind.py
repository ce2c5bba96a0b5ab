"""The general-position check: how far trained or drawn weights are from the hard cases of the theory; no architecture.

Question: which share of the nets is in general position, parted by any of several separators, discrete, and alone with its orbit in
its 1-WL class, in the form in which they are stored? Order t: refinement gives every index of a permuted axis a colour of its own in round t; general
position is order 0, of an axis that no tensor has for its only one there is none. The suite says between which shares the answer is expected; the shares themselves are exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from ...core.cell import WEIGHTS
from ...core.parameters import Parameters, SuiteValueError, parse_named
from ...oracles.audit import FORM
from ...regimes import REGIMES
from ...weights.space import NamedSpace
from ..kinds import CheckKind
from ..space_names import known_space
from .evidence import GeneralPositionEvidence
from .verdict import rejudge

Separator = Literal["bias", "incoming-sum", "outgoing-sum", "incoming-squares", "outgoing-squares"]
Share = Annotated[float, Field(ge=0, le=1)]
Measure = Literal["general-position", "order-1", "order-2", "order-3", "order-4", "separated", "discrete", "one-orbit"]
Expected = Annotated[dict[Measure, Annotated[list[Share], Field(min_length=2, max_length=2)]], Field(min_length=1)]


class GeneralPositionParameters(Parameters):
    """What a suite may say under a general-position check."""

    space: Annotated[
        str | None, Field(description="name from the suite's `spaces`; none where the regime has its own")
    ] = None
    regime: Annotated[dict[str, Any], Field(description="name of the regime, and its parameters")]
    seed: Annotated[int, Field(ge=0, description="of the draw")] = 0
    samples: Annotated[int | None, Field(ge=1, description="nets; default: all there are, or 512")] = None
    separators: Annotated[
        list[Separator] | None,
        Field(
            min_length=1,
            description="numbers of a neuron, any of which may part a layer: the share `separated`, wider than general position",
        ),
    ] = None
    forms: Annotated[
        dict[Annotated[str, Field(pattern=f"^({FORM})$")], Expected],
        Field(
            min_length=1, description="float, 8-bit, pruned-50%, ...: what share of the nets is expected, [least, most]"
        ),
    ]


ENDLESS = 512
"""Nets drawn from a regime without a limit."""


def resolve(parameters: GeneralPositionParameters, spaces: Mapping[str, NamedSpace]) -> dict[str, Any]:
    """Plain parameters with space, regime and samples written out; SuiteValueError for what cannot be."""
    named = known_space(parameters.space, spaces)
    regime, settings = parse_named(REGIMES, parameters.regime, "regime")
    space = regime.space(settings, named.space if named else None)
    limit = regime.limit(settings)
    samples = parameters.samples or limit or ENDLESS
    problems: list[tuple[tuple[str | int, ...], str]] = []
    if parameters.separators and not space.is_mlp:
        problems.append((("separators",), f"numbers of the neurons of an MLP, the space is {space}"))
    if limit is not None and samples > limit:
        problems.append((("samples",), f"{samples} samples; regime {regime.name} has {limit}"))
    if parameters.separators and len(set(parameters.separators)) < len(parameters.separators):
        problems.append((("separators",), "one is there twice"))
    for form, expected in parameters.forms.items():
        if "separated" in expected and not parameters.separators:
            problems.append((("forms", form, "separated"), "by which? name separators beside forms"))
        for measure, (least, most) in expected.items():
            if least > most:
                problems.append((("forms", form, measure), f"the least share {least} is above the most {most}"))
    if problems:
        raise SuiteValueError(*problems)
    # What was not asked for is no part of a row: its id and seeds are those from before one could ask.
    asked = {"separators": list(parameters.separators)} if parameters.separators else {}
    return {
        **asked,
        "space": space.to_json(),
        "regime": {"name": regime.name, **settings.model_dump(mode="json")},
        "samples": samples,
        "seed": parameters.seed,
        "forms": {form: {measure: list(ends) for measure, ends in of.items()} for form, of in parameters.forms.items()},
    }


def cases(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """One case a form."""
    return tuple(parameters["forms"])


def needs(parameters: Mapping[str, Any]) -> list[str]:
    """The zoos that the regime reads."""
    regime, settings = parse_named(REGIMES, parameters["regime"], "regime")
    return list(regime.needs(settings))


KIND = CheckKind(
    name="general-position",
    title="the share of trained or drawn weights in general position, discrete, and alone in its 1-WL class up to orbit; no architecture",
    parameters=GeneralPositionParameters,
    resolve=resolve,
    cases=cases,
    evidence=GeneralPositionEvidence,
    measurement="orbitcheck.harness.checks.general_position.measurement:measure_case",
    rejudge=rejudge,
    needs=needs,
    subject=WEIGHTS,
)
