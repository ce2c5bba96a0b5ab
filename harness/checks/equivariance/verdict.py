"""The verdict of the equivariance check: a pure function of what was measured (protocol.md, section 2). No torch."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from math import isnan

from ...core.outcomes import Fault, Outcome
from ...core.result import Judgement, Verdict
from ..stored import Stored
from .causes import KEPT, RULES_OF_BATCHES
from .causes import cause as cause_of
from .declaration.reach import Reach
from .evidence import (
    Ask,
    Cause,
    CounterExample,
    EquivarianceEvidence,
    Grade,
    HeldTo,
    Property,
    Rule,
    State,
    Station,
    Symptoms,
)

ZOO_INPUT = "zoo"
PASS_FLOORS, PASS_ERROR = 10.0, 1e-10
FAIL_FLOORS, FAIL_ERROR = 1e3, 1e-12
ILL_CONDITIONED, ILL_CONDITIONED32 = 1e-9, 1e-3
"""No error is judged by a floor above: `float64`, `float32`."""
ROUNDING = 16 * 2.0**-53
"""No floor lies below this: the rounding of the sums inside, which jitter does not show where the output is flat."""
SINGLE = 2.0**29
"""Rounding in float32 over rounding in float64: thresholds for errors in float32 are so many times as large."""
JUMPS = 1e-12
"""A floor above this is looked at: is it rounding, or a jump where inputs tie?"""
JUMP_GROWTH = 45.0
"""A jump grows by no more than this from one ulp of jitter to 2^22 of them, as more neighbours change places; a square root by 2^11."""
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Measurement:
    """What was measured; every error is in the units of `weights/units.py`.

    Args:
        error64, error32: largest `|phi(g v) - g phi(v)|` over weight vectors and group elements, in two precisions.
        floor64: how far one-ulp jitter of the input and of the parameters moves the output, in float64, at least
            `ROUNDING`; where inputs tie and the output jumps there, that of neighbours which do not tie (`jump`).
        floor32: the same in float32, one ulp of float32 there, at least `ROUNDING * SINGLE`.
        properties: rule -> largest difference between outputs that must be equal.
        spread: median difference between outputs on different orbits.
        modified: whether the call changed its input.
        pairs: independent draws of vector and element, or all that there are (`exhaustive`).
        jump: how far one ulp moves the output, where that is a jump and no rounding.
        continuous: whether the plug-in claims continuity.
        moves: false for a network with parameters whose output moves with none of them when they are drawn anew.
        ask: what the row asks; where it is not `law`, errors and floors are those of the worst station.
        stations: the law with other parameters.
        symptoms: what tells causes apart; None for rows that pass.
        notes: what was seen and decides nothing.
        reach, reach32: what lifts the floor, where it is large and elements may be far from one, in either precision.
        law: that the output is held to; by the law of functions errors are those of the functions of edits.
        tensors: `|phi(g v) - g phi(v)|` of such edits, which decides nothing.
        woken: whether all this is of a network whose output starts as a constant, after a few steps of Adam.
        beside: the space on which all this was measured, where it is asked beside the row's own; empty for the row's own.
    """

    error64: float
    error32: float
    floor64: float
    floor32: float
    properties: Mapping[Rule, float]
    spread: float
    modified: bool
    pairs: int = 0
    exhaustive: bool = False
    jump: float | None = None
    continuous: bool = True
    moves: bool = True
    ask: Ask = Ask.LAW
    stations: tuple[Station, ...] = ()
    symptoms: Symptoms | None = None
    notes: tuple[str, ...] = ()
    reach: Reach | None = None
    reach32: Reach | None = None
    law: HeldTo = HeldTo.EXACT
    tensors: float | None = None
    woken: bool = False
    beside: str = ""

    @property
    def bound(self) -> float | None:
        """The share of pairs, of this row's distribution, on which the law may be broken unseen, with 95 %; 0 if all were asked."""
        if not self.pairs:
            return None
        return 0.0 if self.exhaustive else 1 - (1 - CONFIDENCE) ** (1 / self.pairs)

    @property
    def smallest(self) -> float:
        """The smallest violation that the row would have failed."""
        return max(FAIL_FLOORS * self.floor64, FAIL_ERROR)


def grade(error: float, floor: float, unit: float = 1.0) -> Grade:
    """One error against its noise floor (protocol.md, section 2).

    Args:
        unit: 1 for float64, `SINGLE` for float32, where no bound but the floor's holds an error that is equal.
    """
    if error <= PASS_FLOORS * floor and (error <= PASS_ERROR or unit != 1):
        return Grade.EQUAL
    if error > FAIL_FLOORS * floor and error > FAIL_ERROR * unit:
        return Grade.DIFFERENT
    return Grade.UNDECIDED


def values(measured: Measurement) -> dict[Rule, float]:
    """The error of every rule that float64 decides at the floor of the row."""
    return {Rule.LAW: measured.error64, **measured.properties}


def broken(measured: Measurement) -> tuple[Rule, ...]:
    """The broken rules; a changed input, or repeated calls that differ, stand alone, since nothing else can be asked then."""
    if measured.modified:
        return (Rule.UNMODIFIED_INPUT,)
    if measured.properties.get(Rule.REPEATED_CALL, 0.0) > FAIL_ERROR:
        return (Rule.REPEATED_CALL,)
    found = [rule for rule, value in values(measured).items() if grade(value, measured.floor64) is Grade.DIFFERENT]
    if not found and grade(measured.error32, measured.floor32, SINGLE) is Grade.DIFFERENT:
        found = [Rule.LAW_IN_FLOAT32]
    if not found and measured.jump is not None and measured.continuous:
        found = [Rule.CONTINUITY]
    found += [station.rule for station in _broken_stations(measured)]
    return tuple(dict.fromkeys(found))


def judge(measured: Measurement) -> Verdict:
    """The verdict: a pure function of the measurement and the thresholds above, in the words of its law."""
    found = _judged(measured)
    if measured.law is HeldTo.EXACT:
        return found
    reason = found.reason.replace(DIFFERS, OTHER_FUNCTIONS)
    predicted, observed = (
        text.replace("equivariant", "quasi-equivariant") for text in (found.predicted, found.observed)
    )
    if found.outcome == Outcome.PASS:
        reason += _of_tensors(measured)
    return replace(found, reason=reason, predicted=predicted, observed=observed)


def _of_tensors(measured: Measurement) -> str:
    """What the exact law says of edits that are held to their functions."""
    if measured.tensors is None:
        return ""
    if grade(measured.tensors, measured.floor64) is Grade.EQUAL:
        return "; the tensors move as declared, too"
    return f"; as tensors phi(g v) and g phi(v) differ by {measured.tensors:.1e}, as this law allows"


def _judged(measured: Measurement) -> Verdict:
    rules, floor = broken(measured), measured.floor64
    if rules in ((Rule.UNMODIFIED_INPUT,), (Rule.REPEATED_CALL,)):
        more = f": {measured.properties[rules[0]]:.1e} of the output's scale" if rules[0] in measured.properties else ""
        return Verdict(Outcome.FAIL, _BROKEN[rules[0]] + more + _said(measured), PREDICTED, _OBSERVED[rules[0]])
    if floor > ILL_CONDITIONED:
        reason = (
            f"ill-conditioned: one unit in the last place moves the output by {floor:.1e} of its scale{_said(measured)}"
        )
        return Verdict(Outcome.ERROR, reason, PREDICTED, "ill-conditioned", Fault.ILL_CONDITIONED)
    if not measured.spread > FAIL_FLOORS * floor:  # nor does a spread that is no number pass
        reason = f"vacuous: outputs on different orbits differ by {measured.spread:.1e}, the noise is {floor:.1e}"
        return Verdict(Outcome.ERROR, reason, PREDICTED, "constant output", Fault.VACUOUS)
    if not measured.moves:
        reason = "vacuous: the output moves with none of the parameters"
        return Verdict(Outcome.ERROR, reason, PREDICTED, "no parameter matters", Fault.VACUOUS)
    if rules:
        observed = ", ".join(_OBSERVED[rule] for rule in rules)
        if rules == (Rule.LAW_AT_REDRAW,) and not any(station.own for station in _broken_stations(measured)):
            return Verdict(Outcome.UNDECIDED, _of_redraw(measured), PREDICTED, observed)
        return Verdict(Outcome.FAIL, _why(measured, rules), PREDICTED, observed)
    if measured.ask in (Ask.STEPS, Ask.REDRAW) and not measured.stations:
        reason = f"ill-conditioned at all other parameters{_noted(measured)}"
        return Verdict(Outcome.ERROR, reason, PREDICTED, "ill-conditioned", Fault.ILL_CONDITIONED)
    if measured.floor32 > ILL_CONDITIONED32:
        reason = f"ill-conditioned in float32: one unit in the last place moves the output by {measured.floor32:.1e} of its scale"
        return Verdict(Outcome.ERROR, reason, PREDICTED, "ill-conditioned", Fault.ILL_CONDITIONED)
    return _near(measured) or Verdict(Outcome.PASS, told(measured), PREDICTED, PREDICTED)


def _between(measured: Measurement) -> tuple[str, float, float] | None:
    """The first error that lies between the thresholds, as `(of what, error, floor)`."""
    near = [(str(rule), value, measured.floor64, 1.0) for rule, value in values(measured).items()]
    near.append((Rule.LAW_IN_FLOAT32.value, measured.error32, measured.floor32, SINGLE))
    near += [(each.name, each.error64, each.floor64, 1.0) for each in measured.stations]
    near += [(f"{each.name}, float32", each.error32, each.floor32, SINGLE) for each in measured.stations]
    for name, value, floor, unit in near:
        if grade(value, floor, unit) is Grade.UNDECIDED:
            return name, value, floor
    return None


def _near(measured: Measurement) -> Verdict | None:
    """Undecided, where an error lies between the thresholds."""
    found = _between(measured)
    if found is None:
        return None
    if isnan(found[1]):
        reason = f"{found[0]}: the error is no number, as of a root or a quotient whose gradient is taken at zero{_said(measured)}"
        return Verdict(Outcome.UNDECIDED, reason, PREDICTED, "undecided")
    reason = (
        f"{found[0]}: error {found[1]:.1e} against noise {found[2]:.1e} lies between the thresholds"
        f"{_said(measured)}; a better conditioned input would decide"
    )
    return Verdict(Outcome.UNDECIDED, reason, PREDICTED, "undecided")


def convicting_error(measured: Measurement) -> float:
    """The error that convicts: of the worst broken station or property, in float32 if that is where the law fails."""
    stations = _broken_stations(measured)
    if stations:
        return max(max(each.error64, each.error32) for each in stations)
    rules = broken(measured)
    if rules == (Rule.LAW_IN_FLOAT32,):
        return measured.error32
    if Rule.LAW in rules or not rules:
        return measured.error64
    return max(measured.properties.get(rule, 0.0) for rule in rules)


def reached(measured: Measurement) -> State:
    """How the parameters of the worst broken station came to be."""
    stations = _broken_stations(measured)
    if not stations:
        return State(woken=measured.woken)
    return max(stations, key=lambda each: max(each.error64, each.error32)).state


def _broken_stations(measured: Measurement) -> list[Station]:
    return [
        each
        for each in measured.stations
        if Grade.DIFFERENT in (grade(each.error64, each.floor64), grade(each.error32, each.floor32, SINGLE))
    ]


def told(measured: Measurement) -> str:
    """What a clean row has shown, in one line; empty where no pairs were drawn."""
    if measured.bound is None:
        return ""
    asked = (
        f"all {measured.pairs} pairs"
        if measured.exhaustive
        else f"{measured.pairs} pairs: violated on at most {100 * measured.bound:.2g} % of them (95 %)"
    )
    jump = "" if measured.jump is None else f"; one ulp moves the output by {measured.jump:.1e} where inputs tie"
    return f"{asked}; a violation of {measured.smallest:.1e} would have failed{jump}{_noted(measured)}"


def _noted(measured: Measurement) -> str:
    return "".join(f"; {note}" for note in measured.notes)


def _of_redraw(measured: Measurement) -> str:
    worst = max(_broken_stations(measured), key=lambda each: each.error64)
    name = f'"{worst.parameter}"' if worst.parameter else "several parameters together"
    return (
        f"the law holds at the initialisation and breaks ({worst.error64:.1e}, the noise is {worst.floor64:.1e}) where {name} "
        "is drawn anew: a table by index, or a parameter with a constraint; give the network a redraw_(generator) that keeps it"
    )


def _why(measured: Measurement, rules: tuple[Rule, ...]) -> str:
    """What is broken and by how much, in words."""
    if rules == (Rule.LAW_IN_FLOAT32,):
        return _of_float32(measured)
    if rules == (Rule.CONTINUITY,):
        return _of_a_jump(measured) + _said(measured)
    found, texts = values(measured), []
    for rule in rules:
        if rule in found:
            texts.append(f"{_BROKEN[rule]}: {found[rule]:.1e}, the noise is {measured.floor64:.1e}")
            continue
        if rule in (Rule.LAW_IN_FLOAT32, Rule.CONTINUITY):
            texts.append(_of_float32(measured) if rule is Rule.LAW_IN_FLOAT32 else _of_a_jump(measured))
            continue
        worst = max((each for each in _broken_stations(measured) if each.rule is rule), key=lambda each: each.error64)
        single = grade(worst.error64, worst.floor64) is not Grade.DIFFERENT
        error, floor = (worst.error32, worst.floor32) if single else (worst.error64, worst.floor64)
        where = f"{worst.name}, {worst.parameter}" if worst.parameter else worst.name
        texts.append(f"{_BROKEN[rule]} ({where}): {error:.1e}, the noise is {floor:.1e}")
    return "; ".join(texts) + _said(measured)


def _of_float32(measured: Measurement) -> str:
    return f"{_BROKEN[Rule.LAW_IN_FLOAT32]}: {measured.error32:.1e}, the noise is {measured.floor32:.1e}"


def _of_a_jump(measured: Measurement) -> str:
    advice = "" if cause(measured) is Cause.SQUARE_ROOT else " (a jump is declared with continuous=False)"
    return f"{_BROKEN[Rule.CONTINUITY]}: by {measured.jump:.1e}{advice}"


def cause(measured: Measurement) -> Cause:
    """Of a row that does not pass; a row that passes has none."""
    rules = broken(measured)
    if not rules and _between(measured) is None and measured.floor64 <= ILL_CONDITIONED:
        return Cause.NONE
    by_rounding = _decided_by_rounding(measured, rules)
    if by_rounding and by_rounding == {*rules}:
        return Cause.TIES
    stations = _broken_stations(measured)
    worst = max(stations, key=lambda each: each.error64) if stations else measured
    left = [rule for rule in rules if rule not in by_rounding]
    return cause_of(left, measured.symptoms, worst.error64, worst.error32, worst.floor64, worst.floor32)


def _decided_by_rounding(measured: Measurement, rules: Collection[Rule]) -> set[Rule]:
    """Rules of batches that are broken by no more than the output jumps by where inputs tie: sums of another batch are rounded otherwise."""
    if measured.jump is None:
        return set()
    return {rule for rule in RULES_OF_BATCHES.intersection(rules) if measured.properties[rule] <= KEPT * measured.jump}


def _said(measured: Measurement) -> str:
    """The cause, with what it names."""
    found, seen = cause(measured), measured.symptoms
    parts = [_CAUSES[found]] if found is not Cause.NONE else []
    if seen is not None and seen.broken and found in (Cause.LEAK, Cause.VIOLATION):
        parts.append(f"generators of {', '.join(seen.broken)} break it")
    parts += [f"on {measured.beside}, which is asked beside the row's space"] if measured.beside else []
    if seen is not None and seen.tensors:
        parts.append(f"wrong tensors: {', '.join(seen.tensors)}")
    return "".join(f"; {part}" for part in parts)


PREDICTED = "equivariant"
DIFFERS, OTHER_FUNCTIONS = "phi(g v) differs from g phi(v)", "phi(g v) and phi(v) compute different functions"
"""A breach of the law of tensors, and of that of functions."""
_BROKEN = {
    Rule.LAW: "phi(g v) differs from g phi(v)",
    Rule.LAW_IN_FLOAT32: "phi(g v) differs from g phi(v) in float32 alone",
    Rule.REPEATED_CALL: "the same call gave another answer",
    Rule.BATCH_ORDER: "the answer depends on the order of the batch",
    Rule.BATCH_MATES: "the answer depends on the other samples of the batch",
    Rule.BATCH_OF_ONE: "the answer alone differs from the answer in a batch",
    Rule.UNMODIFIED_INPUT: "the call modified its input",
    Rule.CONTINUITY: "the output jumps where inputs tie, though continuity is claimed",
    Rule.LAW_AFTER_STEPS: "phi(g v) differs from g phi(v) after optimiser steps",
    Rule.LAW_AT_REDRAW: "phi(g v) differs from g phi(v) at re-drawn parameters",
    Rule.LAW_AFTER_TRAIN_CALLS: "phi(g v) differs from g phi(v) in eval mode after calls in train mode",
    Rule.GRADIENTS_RECORDED: "the answer differs where gradients are recorded",
    Rule.STRIDED_INPUT: "the answer differs for inputs that are not contiguous in memory",
    Rule.BATCH_SIZE: "the answer depends on the size of the batch",
    Rule.MANY_CALLS: "one of a hundred calls on other inputs gave another answer than in a batch",
    Rule.GRADIENT_IN_INPUT: "the gradient in the input does not move as g does",
    Rule.GRADIENT_IN_PARAMETERS: "the gradient in the parameters differs between v and g v",
    Rule.COMPILED_ANSWER: "the compiled network answers otherwise",
    Rule.LAW_COMPILED: "phi(g v) differs from g phi(v) when compiled",
    Rule.LAW_AT_ONE: "phi(g v) differs from g phi(v) for outputs of one number or one channel",
    Rule.LAW_AT_MANY: "phi(g v) differs from g phi(v) for outputs of many numbers or channels",
    Rule.JUMP: "the output jumps between inputs that do not tie, though continuous=True is claimed",
}
_OBSERVED = {
    Rule.LAW: "not equivariant",
    Rule.LAW_IN_FLOAT32: "not equivariant in float32",
    Rule.REPEATED_CALL: "not repeatable",
    Rule.BATCH_ORDER: "depends on batch order",
    Rule.BATCH_MATES: "depends on batch mates",
    Rule.BATCH_OF_ONE: "depends on batch size",
    Rule.UNMODIFIED_INPUT: "input modified",
    Rule.CONTINUITY: "not continuous",
    Rule.LAW_AFTER_STEPS: "not equivariant after steps",
    Rule.LAW_AT_REDRAW: "not equivariant at other parameters",
    Rule.LAW_AFTER_TRAIN_CALLS: "not equivariant after train-mode calls",
    Rule.GRADIENTS_RECORDED: "depends on grad mode",
    Rule.STRIDED_INPUT: "depends on strides",
    Rule.BATCH_SIZE: "depends on batch size",
    Rule.MANY_CALLS: "depends on earlier calls",
    Rule.GRADIENT_IN_INPUT: "gradient not equivariant",
    Rule.GRADIENT_IN_PARAMETERS: "gradient not invariant",
    Rule.COMPILED_ANSWER: "depends on compilation",
    Rule.LAW_COMPILED: "not equivariant when compiled",
    Rule.LAW_AT_ONE: "not equivariant at size one",
    Rule.LAW_AT_MANY: "not equivariant at large outputs",
    Rule.JUMP: "not continuous",
}
_CAUSES = {
    Cause.NONE: "",
    Cause.VIOLATION: "a violation: smooth in the input, as large in both precisions",
    Cause.LEAK: "a leak: smooth in the input, and some generators keep the law",
    Cause.SINGLE_PRECISION: "low precision inside, or rounding to a grid: the output answers small steps in jumps",
    Cause.SQUARE_ROOT: "a square root of rounding: a standard deviation or a norm at ties",
    Cause.ROUNDING: "rounding",
    Cause.TIES: "only where inputs tie: neighbours that do not tie keep the law",
    Cause.BATCH: "the batch",
    Cause.HISTORY: "history: no random state brings the answer of a fresh network back",
    Cause.RANDOMNESS: "randomness: the same random state brings the answer back",
    Cause.REDRAW: "parameters drawn anew",
    Cause.STRIDES: "the layout of the input in memory",
    Cause.RECORDING: "whether gradients are recorded",
    Cause.BACKWARD: "the backward pass: the gradient differs from difference quotients of the output",
    Cause.PARAMETER: "the parameter: the law breaks as soon as it moves",
    Cause.COMPILER: "compilation",
    Cause.UNKNOWN: "cause unknown",
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
        cause=cause(measured),
        float32=grade(measured.error32, measured.floor32, SINGLE),
        broken=broken(measured),
        bound=measured.bound,
        smallest=measured.smallest,
        counterexample=counterexample,
    )


def measurement(evidence: EquivarianceEvidence) -> Measurement:
    """What a row's evidence says was measured, so that anyone can judge it again."""
    names = [name for name in Measurement.__dataclass_fields__ if name != "properties"]
    return Measurement(
        **{name: getattr(evidence, name) for name in names},
        properties={rule: found.value for rule, found in evidence.properties.items()},
    )


def rejudge(stored: Stored) -> Judgement | None:
    """The verdict on stored evidence."""
    found = stored.evidence
    if not isinstance(found, EquivarianceEvidence):
        return None
    law = HeldTo.EXACT if found.output == "invariant" else HeldTo(stored.declared.get("law", HeldTo.EXACT))
    measured = replace(measurement(found), law=law)
    again = evidence(found.space, found.output, found.input, found.mode, measured, found.counterexample)
    return Judgement.of(judge(measured), again)
