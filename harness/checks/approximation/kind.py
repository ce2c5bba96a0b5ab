"""The approximation check: its parameters and its cases. No torch.

Question: does training find the target map, and if not, is that the theory or the budget? The error is the squared error on a
test set over the variance of the target there, so that 1 is the mean. Beside it stands the exact floor: what no map can
undercut that is constant on the classes which the architecture cannot separate (theory.md, section 7).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from ...core.parameters import Parameters, SuiteValueError, parse_named
from ...pairs.function_preserving import SIGN_FLIP
from ...regimes import REGIMES
from ...targets import TARGETS
from ...targets.target import FUNCTION_FUNCTIONAL, FUNCTION_OPERATOR
from ...weights.activations import ODD
from ...weights.space import NamedSpace
from ..kinds import CheckKind
from ..space_names import known_space
from .evidence import ApproximationEvidence
from .task import read
from .verdict import rejudge


class Sizes(Parameters):
    """How many samples are drawn for each purpose."""

    train: Annotated[int, Field(ge=2)] = 4096
    validation: Annotated[int, Field(ge=2)] = 256
    test: Annotated[int, Field(ge=2)] = 512


class ApproximationParameters(Parameters):
    """What a suite may say under an approximation check."""

    space: Annotated[
        str | None, Field(description="name from the suite's `spaces`; none where the regime has its own")
    ] = None
    target: Annotated[dict[str, Any], Field(description="name of the target map, and its parameters")]
    regime: Annotated[dict[str, Any], Field(description="name of the regime, and its parameters")]
    sizes: Sizes = Sizes()
    steps: Annotated[int, Field(ge=1, description="optimiser steps")] = 400
    batch: Annotated[int, Field(ge=1)] = 64
    rate: Annotated[float, Field(gt=0, le=1, description="peak learning rate")] = 1e-2
    seeds: Annotated[int, Field(ge=1, le=64, description="networks a row, each from its own initialisation")] = 2
    parameters: Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1, description="sizes; a row each")] = [
        20000
    ]
    networks: Annotated[
        list[Annotated[int, Field(ge=1)]],
        Field(min_length=1, description="networks emitted and averaged; function-space operators only"),
    ] = [1]
    points: Annotated[int, Field(ge=1, description="inputs at which functions are compared")] = 64
    reach: Annotated[
        float,
        Field(
            gt=0,
            allow_inf_nan=False,
            description="how far an output of one moves an emitted network, in root mean squares",
        ),
    ] = 1.0
    step: Annotated[
        Literal["fixed", "learned"],
        Field(
            description="whether a factor of `reach` is learned, as `s` of `v + s delta`; function-space operators only"
        ),
    ] = "fixed"
    augmentation: Annotated[
        Literal["none", "sign-flip"],
        Field(
            description="whether networks are trained on a batch's vectors with hidden neurons negated at random; for odd "
            "activations, and targets that see the function alone"
        ),
    ] = "none"
    threshold: Annotated[float, Field(gt=0, lt=1, description="error over variance that counts as approximated")] = 0.05


def resolve(parameters: ApproximationParameters, spaces: Mapping[str, NamedSpace]) -> dict[str, Any]:
    """Plain parameters with the space written out, the target's and the regime's own parameters checked and completed."""
    named = known_space(parameters.space, spaces)
    target, target_settings = parse_named(TARGETS, parameters.target, "target")
    regime, regime_settings = parse_named(REGIMES, parameters.regime, "regime")
    space = regime.space(regime_settings, named.space if named else None)
    problems: list[tuple[tuple[str | int, ...], str]] = []
    if target.kind != FUNCTION_OPERATOR and parameters.networks != [1]:
        problems.append((("networks",), f"target {target.name} emits no function; only function-space operators do"))
    if target.kind != FUNCTION_OPERATOR and parameters.step != "fixed":
        problems.append((("step",), f"target {target.name} emits no network; only function-space operators do"))
    for key in ("parameters", "networks"):
        if len(set(getattr(parameters, key))) < len(getattr(parameters, key)):
            problems.append(((key,), "a value is there twice"))
    if parameters.augmentation == SIGN_FLIP.name:
        if target.kind not in (FUNCTION_FUNCTIONAL, FUNCTION_OPERATOR):
            problems.append((("augmentation",), f"target {target.name} sees signs that the function does not"))
        if not space.is_mlp or space.activation not in ODD:
            problems.append((("augmentation",), f"keeps the function for MLPs of {', '.join(ODD)} only, not {space}"))
    limit, wanted = regime.limit(regime_settings), sum(parameters.sizes.model_dump().values())
    if limit is not None and wanted > limit:
        problems.append((("sizes",), f"{wanted} samples in all; regime {regime.name} has {limit}"))
    if problems:
        raise SuiteValueError(*problems)
    # What was not asked for is no part of a row: its id and seeds are those from before one could ask.
    unasked = {"augmentation"} if parameters.augmentation == "none" else set()
    unasked |= {"step"} if parameters.step == "fixed" else set()
    return {
        **parameters.model_dump(mode="json", exclude=unasked),
        "space": space.to_json(),
        "target": {"name": target.name, **target_settings.model_dump(mode="json")},
        "regime": {"name": regime.name, **regime_settings.model_dump(mode="json")},
    }


def cases(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """One case a size, and a number of networks where the target is a function-space operator."""
    if TARGETS[parameters["target"]["name"]].kind != FUNCTION_OPERATOR:
        return tuple(str(size) for size in parameters["parameters"])
    return tuple(f"k={k}/{size}" for size in parameters["parameters"] for k in parameters["networks"])


def time_limit(parameters: Mapping[str, Any]) -> float:
    """Seconds that a row may take before it counts as hung: far more than any network of the wanted size needs."""
    largest = max(parameters["parameters"])
    return 600 + parameters["seeds"] * parameters["steps"] * max(0.5, largest / 2e5)


def needs(parameters: Mapping[str, Any]) -> list[str]:
    """The zoos that the regime reads."""
    _, _, regime, settings, _ = read(parameters)
    return list(regime.needs(settings))


KIND = CheckKind(
    name="approximation",
    title="how near training comes to a target map, against the exact floor of the test set",
    parameters=ApproximationParameters,
    resolve=resolve,
    cases=cases,
    evidence=ApproximationEvidence,
    measurement="orbitcheck.harness.checks.approximation.measurement:measure_case",
    refusal="orbitcheck.harness.checks.approximation.measurement:refusal",
    rejudge=rejudge,
    needs=needs,
    time_limit=time_limit,
)
