"""The floor check: what no network of a power can go below on the labels of a population; no architecture.

Question: how much of a label's variance lies inside orbits, 2-FWL and 1-WL classes by round and classes of functions, in the form
in which weights are stored? The suite says between which floors the answer is expected; the floors themselves are exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from ...core.cell import WEIGHTS
from ...core.parameters import Parameters, SuiteValueError, parse_named
from ...core.registry import did_you_mean
from ...oracles.audit import FORM
from ...regimes import REGIMES
from ...targets import TARGETS
from ...targets.target import FUNCTION_FUNCTIONAL, INVARIANT_FUNCTIONAL, LABEL
from ...weights.networks.forms import has_function
from ...weights.space import NamedSpace
from ..kinds import CheckKind
from ..space_names import known_space
from .evidence import FloorEvidence
from .verdict import rejudge

LEVEL = r"orbit|(1-wl|2-fwl)(-[0-9]{1,3})?|function"
Share = Annotated[float, Field(ge=0, le=1)]
Expected = Annotated[
    dict[Annotated[str, Field(pattern=f"^({LEVEL})$")], Annotated[list[Share], Field(min_length=2, max_length=2)]],
    Field(min_length=1),
]
ENDLESS = 512
"""Networks drawn from a regime without a limit."""


class FloorParameters(Parameters):
    """What a suite may say under a floor check."""

    space: Annotated[
        str | None, Field(description="name from the suite's `spaces`; none where the regime has its own")
    ] = None
    regime: Annotated[dict[str, Any], Field(description="name of the regime, and its parameters")]
    seed: Annotated[int, Field(ge=0, description="of the draw")] = 0
    samples: Annotated[int | None, Field(ge=1, description="networks; default: all there are, or 512")] = None
    label: Annotated[str | None, Field(description="name of what the regime knows of its networks")] = None
    target: Annotated[
        dict[str, Any] | None, Field(description="in place of a label: name of a functional, and its parameters")
    ] = None
    classes: Annotated[
        bool,
        Field(
            description="whether the label's numbers name classes; words, truth values and what a zoo says do anyway"
        ),
    ] = False
    forms: Annotated[
        dict[Annotated[str, Field(pattern=f"^({FORM})$")], Expected],
        Field(
            min_length=1,
            description="float, 8-bit, pruned-50%, ...: which least error over variance is expected at a level, [least, most]",
        ),
    ]


def resolve(parameters: FloorParameters, spaces: Mapping[str, NamedSpace]) -> dict[str, Any]:
    """Plain parameters with space, regime, target and samples written out; SuiteValueError for what cannot be."""
    named = known_space(parameters.space, spaces)
    regime, settings = parse_named(REGIMES, parameters.regime, "regime")
    space = regime.space(settings, named.space if named else None)
    limit = regime.limit(settings)
    samples = parameters.samples or limit or ENDLESS
    problems: list[tuple[tuple[str | int, ...], str]] = []
    for form, expected in parameters.forms.items():
        for level in expected if not space.is_mlp else ():
            if level.startswith("2-fwl") or (level == "function" and not has_function(space)):
                problems.append((("forms", form, level), f"nothing is known of {level} in {space}"))
    if limit is not None and samples > limit:
        problems.append((("samples",), f"{samples} samples; regime {regime.name} has {limit}"))
    if (parameters.label is None) == (parameters.target is None):
        problems.append(((), "a floor is that of a `label` or of a `target`: give one of the two"))
    if parameters.label is not None and parameters.label not in regime.metadata:
        problems.append(
            (
                ("label",),
                f'regime {regime.name} knows no "{parameters.label}"{did_you_mean(parameters.label, regime.metadata)}',
            )
        )
    target = None
    if parameters.target is not None:
        target, target_settings = parse_named(TARGETS, parameters.target, "target")
        refused = target.refusal(target_settings, space)
        missing = [name for name in target.needs if name not in regime.metadata]
        if target.kind not in (FUNCTION_FUNCTIONAL, INVARIANT_FUNCTIONAL, LABEL):
            problems.append((("target",), f"target {target.name} is no functional: it has no label a network"))
        elif refused is not None or missing:
            problems.append((("target",), refused or f'needs "{missing[0]}", which regime {regime.name} does not know'))
        target = {"name": target.name, **target_settings.model_dump(mode="json")}
    for form, expected in parameters.forms.items():
        for level, (least, most) in expected.items():
            if least > most:
                problems.append((("forms", form, level), f"the least floor {least} is above the most {most}"))
    if problems:
        raise SuiteValueError(*problems)
    return {
        "space": space.to_json(),
        "regime": {"name": regime.name, **settings.model_dump(mode="json")},
        "samples": samples,
        "seed": parameters.seed,
        "label": parameters.label,
        "target": target,
        "classes": parameters.classes or parameters.label in regime.classes(settings),
        "forms": {form: {level: list(ends) for level, ends in of.items()} for form, of in parameters.forms.items()},
    }


def cases(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """One case a form."""
    return tuple(parameters["forms"])


def needs(parameters: Mapping[str, Any]) -> list[str]:
    """The zoos that the regime reads."""
    regime, settings = parse_named(REGIMES, parameters["regime"], "regime")
    return list(regime.needs(settings))


KIND = CheckKind(
    name="floor",
    title="what no network of a power can go below on the labels of a population, at orbits, 2-FWL and 1-WL by round and functions; no architecture",
    parameters=FloorParameters,
    resolve=resolve,
    cases=cases,
    evidence=FloorEvidence,
    measurement="orbitcheck.harness.checks.floor.measurement:measure_case",
    rejudge=rejudge,
    needs=needs,
    subject=WEIGHTS,
)
