"""The general-position check: how far trained or drawn weights are from the hard cases of the theory. It reads no architecture.

Question: which share of the nets is in general position, discrete, and alone with its orbit in its 1-WL class, in the form in
which they are stored? The suite says between which shares the answer is expected; the shares themselves are exact.

Measured by `oracles/audit.py`, judged here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from ..architecture import Architecture
from ..cell import Cell
from ..oracles.audit import FORM, Audit, audit, formed
from ..parameters import Parameters, SuiteValueError, parse_named
from ..regimes import REGIMES
from ..registry import did_you_mean
from ..result import Judgement
from ..space import NamedSpace, WeightSpace
from ..workbench import Workbench
from .kinds import WEIGHTS, CheckKind

Share = Annotated[float, Field(ge=0, le=1)]
Measure = Literal["general-position", "discrete", "one-orbit"]
Expected = Annotated[dict[Measure, Annotated[list[Share], Field(min_length=2, max_length=2)]], Field(min_length=1)]


class GeneralPositionParameters(Parameters):
    """What a suite may say under a general-position check."""

    space: Annotated[
        str | None, Field(description="name from the suite's `spaces`; none where the regime has its own")
    ] = None
    regime: Annotated[dict[str, Any], Field(description="name of the regime, and its parameters")]
    seed: Annotated[int, Field(ge=0, description="of the draw")] = 0
    samples: Annotated[int | None, Field(ge=1, description="nets; default: all there are, or 512")] = None
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
    named = None
    if parameters.space is not None:
        if parameters.space not in spaces:
            raise SuiteValueError(
                (("space",), f'unknown space "{parameters.space}"{did_you_mean(parameters.space, spaces)}')
            )
        named = spaces[parameters.space].space
    regime, settings = parse_named(REGIMES, parameters.regime, "regime")
    space = regime.space(settings, named)
    limit = regime.limit(settings)
    samples = parameters.samples or limit or ENDLESS
    problems: list[tuple[tuple[str | int, ...], str]] = []
    if not space.is_mlp:
        problems.append((("regime",), f"general position is defined for MLP spaces, not for {space}"))
    if limit is not None and samples > limit:
        problems.append((("samples",), f"{samples} samples; regime {regime.name} has {limit}"))
    for form, expected in parameters.forms.items():
        for measure, (least, most) in expected.items():
            if least > most:
                problems.append((("forms", form, measure), f"the least share {least} is above the most {most}"))
    if problems:
        raise SuiteValueError(*problems)
    return {
        "space": space.to_json(),
        "regime": {"name": regime.name, **settings.model_dump(mode="json")},
        "samples": samples,
        "seed": parameters.seed,
        "forms": {form: {measure: list(ends) for measure, ends in of.items()} for form, of in parameters.forms.items()},
    }


def cases(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """One case a form."""
    return tuple(parameters["forms"])


def shares(found: Audit) -> dict[str, float]:
    """Measure -> share of the nets."""
    return {
        "general-position": float(np.mean(found.general_position)),
        "discrete": float(np.mean(found.discrete)),
        "one-orbit": float(np.mean(found.one_orbit)),
    }


def judge(found: Mapping[str, float], expected: Mapping[str, list[float]]) -> tuple[str, str]:
    """`(outcome, reason)`: pass if every expected share lies between its ends, both included."""
    missed = [
        f"{measure} {_percent(found[measure])}, expected {_range(ends)}"
        for measure, ends in expected.items()
        if not ends[0] <= found[measure] <= ends[1]
    ]
    return ("fail", "; ".join(missed)) if missed else ("pass", "")


def _percent(share: float) -> str:
    return f"{100 * share:.4g} %"


def _range(ends: list[float]) -> str:
    least, most = ends
    if least == most:
        return f"exactly {_percent(least)}"
    if most == 1:
        return f"at least {_percent(least)}"
    return f"at most {_percent(most)}" if least == 0 else f"{_percent(least)} to {_percent(most)}"


def evidence(found: Audit, form: str) -> dict[str, Any]:
    """The audit as plain JSON: shares, how many nets are discrete after how many rounds, ties by layer, classes and orbits."""
    numbers, counts = np.unique(found.rounds, return_counts=True)
    after = {
        "never" if number < 0 else str(number): count
        for number, count in zip(numbers.tolist(), counts.tolist(), strict=True)
    }
    return {
        "form": form,
        "nets": len(found.rounds),
        "shares": shares(found),
        "rounds": after,
        "tied_neurons": [float(mean) for mean in found.tied.mean(axis=0)],
        "classes": found.classes,
        "orbits": found.orbits,
    }


def evaluate(cell: Cell, architecture: Architecture, bench: Workbench) -> Judgement:
    """Draw the nets, put them in their form, audit them."""
    regime, settings = parse_named(REGIMES, cell.parameters["regime"], "regime")
    space = WeightSpace.from_json(cell.parameters["space"])
    # The nets do not depend on the form: what changes from row to row is the form alone.
    (samples,) = regime.draw(
        settings, space, [cell.parameters["samples"]], np.random.default_rng(cell.parameters["seed"])
    )
    arrays = {name: tensor[..., 0].double().numpy() for name, tensor in samples.weights.items()}
    found = audit(space, formed(arrays, cell.case))
    expected = cell.parameters["forms"][cell.case]
    outcome, reason = judge(shares(found), expected)
    return Judgement(
        outcome,
        reason,
        predicted=f"{cell.case}: " + "; ".join(f"{measure} {_range(ends)}" for measure, ends in expected.items()),
        observed=f"{cell.case}: " + "; ".join(f"{measure} {_percent(shares(found)[measure])}" for measure in expected),
        evidence=evidence(found, cell.case),
    )


KIND = CheckKind(
    name="general-position",
    title="the share of trained or drawn weights in general position, discrete, and told apart by orbit; no architecture",
    parameters=GeneralPositionParameters,
    resolve=resolve,
    cases=cases,
    evaluate=evaluate,
    subject=WEIGHTS,
)
