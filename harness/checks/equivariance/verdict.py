"""The verdict of the equivariance check: a pure function of what `law.py` measured (protocol.md, section 2). No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from ...core.outcomes import Fault
from ...core.result import Judgement, Verdict
from ..stored import Stored
from .evidence import Cause, CounterExample, EquivarianceEvidence, Grade, Property, Rule

ZOO_INPUT = "zoo"
PASS_FLOORS, PASS_ERROR = 10.0, 1e-10
FAIL_FLOORS, FAIL_ERROR = 1e3, 1e-12
MARGIN = 3.0
"""A decision within this factor of a threshold is undecided."""
ILL_CONDITIONED = 1e-9
ROUNDING = 16 * 2.0**-53
"""No floor lies below this: the rounding of the sums inside, which jitter does not show where the output is flat."""
SINGLE = 2.0**29
"""Rounding in float32 over rounding in float64: thresholds for errors in float32 are so many times as large."""


@dataclass(frozen=True)
class Measurement:
    """What was measured; every error is relative to the scale of the outputs.

    Args:
        error64, error32: largest `|phi(g v) - g phi(v)|` over samples and group elements, in two precisions.
        floor64: how far one-ulp jitter of the input or of the parameters moves the output, in float64, at least
            `ROUNDING`; the input jittered is a generic one where the plug-in declares that it is not continuous, since a canonical form may jump at ties.
        floor32: the same in float32, one ulp of float32 there, at least `ROUNDING * SINGLE`.
        properties: rule -> largest difference between outputs that must be equal.
        spread: median difference between outputs on different orbits.
        modified: whether the call changed its input.
    """

    error64: float
    error32: float
    floor64: float
    floor32: float
    properties: Mapping[Rule, float]
    spread: float
    modified: bool

    @property
    def noise(self) -> float:
        """The noise of errors in float64: the floor, or how far repeated calls differ."""
        return max(self.floor64, self.properties[Rule.REPEATED_CALL])


def cause(error64: float, error32: float) -> Cause:
    """What the two precisions say of where an error comes from; it names, it does not decide (protocol.md, section 2)."""
    if error64 == 0 and error32 == 0:
        return Cause.NONE
    ratio = error32 / error64 if error64 else float("inf")
    if ratio < 30 and error64 > 1e-5:
        return Cause.VIOLATION
    if ratio < 30 and error64 > 1e-9:
        return Cause.SINGLE_PRECISION
    if 2**9 < ratio < 2**20:
        return Cause.SQUARE_ROOT
    if ratio >= 2**23:
        return Cause.ROUNDING
    return Cause.UNKNOWN


def grade(error: float, floor: float, unit: float = 1.0) -> Grade:
    """One error against its noise floor (protocol.md, section 2).

    Args:
        unit: 1 for float64, `SINGLE` for float32.
    """
    if error <= PASS_FLOORS / MARGIN * floor and error <= PASS_ERROR / MARGIN * unit:
        return Grade.EQUAL
    if error > FAIL_FLOORS * MARGIN * floor and error > FAIL_ERROR * MARGIN * unit:
        return Grade.DIFFERENT
    return Grade.UNDECIDED


def values(measured: Measurement) -> dict[Rule, float]:
    """The error of every rule that float64 decides."""
    return {Rule.LAW: measured.error64, **measured.properties}


def broken(measured: Measurement) -> tuple[Rule, ...]:
    """The broken rules; a changed input, or repeated calls that differ, stand alone, since nothing else can be asked then."""
    if measured.modified:
        return (Rule.UNMODIFIED_INPUT,)
    if measured.properties[Rule.REPEATED_CALL] > FAIL_ERROR:
        return (Rule.REPEATED_CALL,)
    found = tuple(rule for rule, value in values(measured).items() if grade(value, measured.noise) is Grade.DIFFERENT)
    alone = not found and grade(measured.error32, measured.floor32, SINGLE) is Grade.DIFFERENT
    return (Rule.LAW_IN_FLOAT32,) if alone else found


def judge(measured: Measurement) -> Verdict:
    """The verdict: a pure function of the measurement and the thresholds above.

    Float64 decides. Float32 can only convict: an error there that no rounding explains is a violation, whatever float64
    says; one near its floor is no more than what the row's evidence tells.
    """
    rules, noise = broken(measured), measured.noise
    if rules in ((Rule.UNMODIFIED_INPUT,), (Rule.REPEATED_CALL,)):
        more = f": {measured.properties[rules[0]]:.1e} of the output's scale" if rules[0] in measured.properties else ""
        return Verdict("fail", _BROKEN[rules[0]] + more, PREDICTED, _OBSERVED[rules[0]])
    if measured.floor64 > ILL_CONDITIONED:
        reason = (
            f"ill-conditioned: one unit in the last place of the input moves the output by {measured.floor64:.1e} of its "
            "scale (a jump is declared with continuous=False)"
        )
        return Verdict("error", reason, PREDICTED, "ill-conditioned", Fault.ILL_CONDITIONED)
    if measured.spread <= FAIL_FLOORS * noise:
        reason = f"vacuous: outputs on different orbits differ by {measured.spread:.1e}, the noise is {noise:.1e}"
        return Verdict("error", reason, PREDICTED, "constant output", Fault.VACUOUS)
    if rules:
        return Verdict("fail", _why(measured, rules), PREDICTED, ", ".join(_OBSERVED[rule] for rule in rules))
    for rule, value in values(measured).items():
        if grade(value, noise) is Grade.UNDECIDED:
            reason = (
                f"{rule}: error {value:.1e} against noise {noise:.1e} lies between the thresholds; "
                f"{_CAUSES[cause(measured.error64, measured.error32)]}; a better conditioned input would decide"
            )
            return Verdict("undecided", reason, PREDICTED, "undecided")
    return Verdict("pass", "", PREDICTED, PREDICTED)


def _why(measured: Measurement, rules: tuple[Rule, ...]) -> str:
    """What is broken and by how much, in words."""
    if rules == (Rule.LAW_IN_FLOAT32,):
        return f"{_BROKEN[rules[0]]}: {measured.error32:.1e}, the noise is {measured.floor32:.1e}"
    found = values(measured)
    texts = [f"{_BROKEN[rule]}: {found[rule]:.1e}, the noise is {measured.noise:.1e}" for rule in rules]
    if rules == (Rule.LAW,):
        texts.append(_CAUSES[cause(measured.error64, measured.error32)])
    return "; ".join(texts)


PREDICTED = "equivariant"
_BROKEN = {
    Rule.LAW: "phi(g v) differs from g phi(v)",
    Rule.LAW_IN_FLOAT32: "phi(g v) differs from g phi(v) in float32 alone",
    Rule.REPEATED_CALL: "the same call gave another answer",
    Rule.BATCH_ORDER: "the answer depends on the order of the batch",
    Rule.BATCH_MATES: "the answer depends on the other samples of the batch",
    Rule.BATCH_OF_ONE: "the answer alone differs from the answer in a batch",
    Rule.UNMODIFIED_INPUT: "the call modified its input",
}
_OBSERVED = {
    Rule.LAW: "not equivariant",
    Rule.LAW_IN_FLOAT32: "not equivariant in float32",
    Rule.REPEATED_CALL: "not repeatable",
    Rule.BATCH_ORDER: "depends on batch order",
    Rule.BATCH_MATES: "depends on batch mates",
    Rule.BATCH_OF_ONE: "depends on batch size",
    Rule.UNMODIFIED_INPUT: "input modified",
}
_CAUSES = {
    Cause.NONE: "none: both errors are exactly zero",
    Cause.VIOLATION: "a violation: the error is as large in float64 as in float32",
    Cause.SINGLE_PRECISION: "float32 somewhere inside: float64 gains nothing",
    Cause.SQUARE_ROOT: "square root of rounding: a standard deviation or a norm at ties",
    Cause.ROUNDING: "rounding",
    Cause.UNKNOWN: "unclear: the ratio of the precisions fits no known cause",
}


def evidence(
    space: str, output: str, kind: str, mode: str, measured: Measurement, counterexample: CounterExample | None
) -> EquivarianceEvidence:
    """The measurement, each property with its verdict."""
    properties = {
        rule: Property(value, PASS_FLOORS * measured.floor64, grade(value, measured.floor64))
        for rule, value in measured.properties.items()
    }
    return EquivarianceEvidence(
        space=space,
        output=output,
        input=kind,
        mode=mode,
        **{**vars(measured), "properties": properties},
        ratio=measured.error32 / measured.error64 if measured.error64 else None,
        cause=cause(measured.error64, measured.error32),
        float32=grade(measured.error32, measured.floor32, SINGLE),
        broken=broken(measured),
        counterexample=counterexample,
    )


def rejudge(stored: Stored) -> Judgement | None:
    """The verdict on stored evidence."""
    found = stored.evidence
    if not isinstance(found, EquivarianceEvidence):
        return None
    given = {field.name: getattr(found, field.name) for field in fields(Measurement)}
    given["properties"] = {rule: each.value for rule, each in found.properties.items()}
    measured = Measurement(**given)
    again = evidence(found.space, found.output, found.input, found.mode, measured, found.counterexample)
    return Judgement.of(judge(measured), again)
