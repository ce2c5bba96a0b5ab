"""The equivariance check: its parameters, its cases, and the verdict as a pure function of what was measured.

Law: `phi(g v) = phi(v)` for invariant outputs, `phi(g v) = g phi(v)` for equivariant ones, for the generators and for
random elements of the group (theory.md section 1). Beside the law stand the properties without which it means nothing: the
same call gives the same answer, no sample depends on its batch, the input is left alone, the output depends on it.

Measured in `equivariance_measurement.py`, judged here (protocol.md, equivariance). No torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from ..architecture import Architecture
from ..cell import Cell
from ..parameters import Parameters, SuiteValueError
from ..registry import did_you_mean
from ..result import Judgement
from ..space import NamedSpace
from ..workbench import Workbench
from .kinds import CheckKind

CONSTRUCTED_INPUTS = (
    "generic",
    "ties",
    "zeros",
    "equal-biases",
    "duplicated-neurons",
    "large",
    "small",
    "pruned",
)
ZOO_INPUT = "zoo"

PASS_FLOORS, PASS_ERROR = 10.0, 1e-10
FAIL_FLOORS, FAIL_ERROR = 1e3, 1e-12
MARGIN = 3.0
"""A decision within this factor of a threshold is undecided."""
ILL_CONDITIONED = 1e-9
NOT_EQUIVARIANT = "not equivariant"
ROUNDING = 16 * 2.0**-53
"""No floor lies below this: the rounding of the sums inside, which jitter does not show where the output is flat."""
SINGLE = 2.0**29
"""Rounding in float32 over rounding in float64: thresholds for errors in float32 are so many times as large."""
NOT_EQUIVARIANT_IN_FLOAT32 = "not equivariant in float32"

Name = Annotated[str, Field(min_length=1)]


class EquivarianceParameters(Parameters):
    """What a suite may say under an equivariance check."""

    spaces: Annotated[list[Name], Field(min_length=1, description="names from the suite's `spaces`")]
    outputs: Annotated[list[Literal["invariant", "equivariant"]], Field(min_length=1)] = ["invariant", "equivariant"]
    inputs: (
        Annotated[
            list[
                Literal[
                    "generic", "ties", "zeros", "equal-biases", "duplicated-neurons", "large", "small", "pruned", "zoo"
                ]
            ],
            Field(min_length=1, description="default: every constructed kind, or `zoo` for the space of a zoo"),
        ]
        | None
    ) = None
    modes: Annotated[list[Literal["eval", "train"]], Field(min_length=1)] = ["eval"]
    samples: Annotated[int, Field(ge=2, le=64, description="weight vectors an input kind")] = 4
    elements: Annotated[int, Field(ge=1, le=256, description="random group elements, beside all generators")] = 8


def resolve(parameters: EquivarianceParameters, spaces: Mapping[str, NamedSpace]) -> dict[str, Any]:
    """Plain parameters with every space written out; SuiteValueError for a space or an input that cannot be."""
    problems: list[tuple[tuple[str | int, ...], str]] = []
    inputs: dict[str, list[str]] = {}
    for position, name in enumerate(parameters.spaces):
        if name not in spaces:
            problems.append((("spaces", position), f'unknown space "{name}"{did_you_mean(name, spaces)}'))
            continue
        from_zoo = spaces[name].zoo is not None
        inputs[name] = list(parameters.inputs or ()) or ([ZOO_INPUT] if from_zoo else list(CONSTRUCTED_INPUTS))
        if ZOO_INPUT in inputs[name] and not from_zoo:
            problems.append(
                (("inputs",), f'space "{name}" has no zoo; the input "zoo" needs one, as in {{zoo: digits-inr}}')
            )
    if problems:
        raise SuiteValueError(*problems)
    return {
        **parameters.model_dump(exclude={"spaces", "inputs"}),
        "spaces": {name: {**spaces[name].to_json(), "inputs": inputs[name]} for name in parameters.spaces},
    }


def cases(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """`space/output/input/mode`."""
    return tuple(
        f"{name}/{output}/{kind}/{mode}"
        for name, space in parameters["spaces"].items()
        for output in parameters["outputs"]
        for kind in space["inputs"]
        for mode in parameters["modes"]
    )


@dataclass(frozen=True)
class Measurement:
    """What was measured; every error is relative to the scale of the outputs.

    Args:
        error64, error32: largest `|phi(g v) - g phi(v)|` over samples and group elements, in two precisions.
        floor64: how far one-ulp jitter of the input or of the parameters moves the output, in float64, at least
            `ROUNDING`; the input jittered is a generic one where the plug-in declares that it is not continuous, since a canonical form may jump at ties.
        floor32: the same in float32, one ulp of float32 there, at least `ROUNDING * SINGLE`.
        properties: name -> largest difference between outputs that must be equal.
        spread: median difference between outputs on different orbits.
        modified: whether the call changed its input.
    """

    error64: float
    error32: float
    floor64: float
    floor32: float
    properties: Mapping[str, float]
    spread: float
    modified: bool


def cause(error64: float, error32: float) -> str:
    """What the two precisions say of where an error comes from; it names, it does not decide (protocol.md)."""
    if error64 == 0 and error32 == 0:
        return "none: both errors are exactly zero"
    ratio = error32 / error64 if error64 else float("inf")
    if ratio < 30 and error64 > 1e-5:
        return "a violation: the error is as large in float64 as in float32"
    if ratio < 30 and error64 > 1e-9:
        return "float32 somewhere inside: float64 gains nothing"
    if 2**9 < ratio < 2**20:
        return "square root of rounding: a standard deviation or a norm at ties"
    if ratio >= 2**23:
        return "rounding"
    return "unclear: the ratio of the precisions fits no known cause"


def grade(error: float, floor: float, unit: float = 1.0) -> str:
    """`equal`, `different` or `undecided`: one error against its noise floor (protocol.md, equivariance).

    Args:
        unit: 1 for float64, `SINGLE` for float32.
    """
    if error <= PASS_FLOORS / MARGIN * floor and error <= PASS_ERROR / MARGIN * unit:
        return "equal"
    if error > FAIL_FLOORS * MARGIN * floor and error > FAIL_ERROR * MARGIN * unit:
        return "different"
    return "undecided"


def judge(measured: Measurement) -> tuple[str, str, str]:
    """`(outcome, reason, observed)`: a pure function of the measurement and the thresholds above.

    Float64 decides. Float32 can only convict: an error there that no rounding explains is a violation, whatever float64
    says; one near its floor is no more than what the row's evidence tells.
    """
    floor = measured.floor64
    if measured.modified:
        return "fail", "the call modified its input", "input modified"
    repeat = measured.properties["repeated call"]
    if repeat > FAIL_ERROR:
        return "fail", f"the same call gave another answer: {repeat:.1e} of the output's scale", "not repeatable"
    if floor > ILL_CONDITIONED:
        return (
            "error",
            f"ill-conditioned: one unit in the last place of the input moves the output by {floor:.1e} of its scale "
            f"(a jump is declared with continuous=False)",
            "ill-conditioned",
        )
    floor = max(floor, repeat)
    if measured.spread <= FAIL_FLOORS * floor:
        return (
            "error",
            f"vacuous: outputs on different orbits differ by {measured.spread:.1e}, the noise is {floor:.1e}",
            "constant output",
        )
    grades = {"equivariance": grade(measured.error64, floor)}
    grades |= {name: grade(value, floor) for name, value in measured.properties.items()}
    values = {"equivariance": measured.error64, **measured.properties}
    broken = [name for name, verdict in grades.items() if verdict == "different"]
    if broken:
        texts = [f"{_BROKEN[name]}: {values[name]:.1e}, the noise is {floor:.1e}" for name in broken]
        if broken == ["equivariance"]:
            texts.append(cause(measured.error64, measured.error32))
        return "fail", "; ".join(texts), ", ".join(_OBSERVED[name] for name in broken)
    if grade(measured.error32, measured.floor32, SINGLE) == "different":
        error, noise = measured.error32, measured.floor32
        return (
            "fail",
            f"phi(g v) differs from g phi(v) in float32 alone: {error:.1e}, the noise is {noise:.1e}",
            NOT_EQUIVARIANT_IN_FLOAT32,
        )
    open_questions = [name for name, verdict in grades.items() if verdict == "undecided"]
    if open_questions:
        name = open_questions[0]
        return (
            "undecided",
            f"{name}: error {values[name]:.1e} against noise {floor:.1e} lies between the thresholds; "
            f"{cause(measured.error64, measured.error32)}; a better conditioned input would decide",
            "undecided",
        )
    return "pass", "", "equivariant"


_BROKEN = {
    "equivariance": "phi(g v) differs from g phi(v)",
    "repeated call": "the same call gave another answer",
    "batch order": "the answer depends on the order of the batch",
    "batch mates": "the answer depends on the other samples of the batch",
    "batch of one": "the answer alone differs from the answer in a batch",
}
_OBSERVED = {
    "equivariance": NOT_EQUIVARIANT,
    "repeated call": "not repeatable",
    "batch order": "depends on batch order",
    "batch mates": "depends on batch mates",
    "batch of one": "depends on batch size",
}


def evidence(measured: Measurement) -> dict[str, Any]:
    """The measurement as plain JSON, each property with its verdict."""
    data = asdict(measured)
    data["ratio"] = measured.error32 / measured.error64 if measured.error64 else None
    data["cause"] = cause(measured.error64, measured.error32)
    data["float32"] = grade(measured.error32, measured.floor32, SINGLE)
    data["properties"] = {
        name: {"value": value, "limit": PASS_FLOORS * measured.floor64, "verdict": grade(value, measured.floor64)}
        for name, value in measured.properties.items()
    }
    return data


def evaluate(cell: Cell, architecture: Architecture, bench: Workbench) -> Judgement:
    """Measure one case and judge it."""
    from .equivariance_measurement import measure_case  # needs torch, which planning must not pay for

    return measure_case(cell, architecture, bench)


KIND = CheckKind(
    name="equivariance",
    title="phi(g v) = g phi(v) for generators and random group elements, against a measured noise floor",
    parameters=EquivarianceParameters,
    resolve=resolve,
    cases=cases,
    evaluate=evaluate,
)
