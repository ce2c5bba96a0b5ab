"""The equivariance check: its parameters, its cases, and the verdict as a pure function of what was measured.

Law: `phi(g v) = phi(v)` for invariant outputs, `phi(g v) = g phi(v)` for equivariant ones, for the generators and for
random elements of the group (theory.md section 1). Beside the law stand the properties without which it means nothing: the
same call gives the same answer, no sample depends on its batch, the input is left alone, the output depends on it.

Measured in `measurement.py`, judged here (protocol.md, equivariance). No torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

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
