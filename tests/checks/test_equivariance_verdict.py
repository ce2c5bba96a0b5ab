"""The equivariance verdict as a pure function: thresholds, precedence, words, and evidence that can be judged again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitcheck import mlp
from orbitcheck.harness.checks.equivariance import verdict
from orbitcheck.harness.checks.equivariance.evidence import (
    Ask,
    Cause,
    CounterExample,
    Grade,
    HeldTo,
    Optimiser,
    Property,
    Reached,
    Rule,
    State,
    Station,
    Symptoms,
)
from orbitcheck.harness.checks.equivariance.kind import (
    CONSTRUCTED_INPUTS,
    MORE_INPUTS,
    EquivarianceParameters,
    cases,
    resolve,
)
from orbitcheck.harness.checks.equivariance.verdict import (
    FAIL_ERROR,
    FAIL_FLOORS,
    ILL_CONDITIONED,
    ILL_CONDITIONED32,
    PASS_ERROR,
    PASS_FLOORS,
    SINGLE,
    Measurement,
    broken,
    grade,
)
from orbitcheck.harness.checks.stored import Stored
from orbitcheck.harness.core.evidence import Evidence
from orbitcheck.harness.core.parameters import SuiteValueError, parse_parameters
from orbitcheck.harness.weights.inputs import CONSTRUCTED
from orbitcheck.harness.weights.space import NamedSpace

QUIET = {Rule.REPEATED_CALL: 0.0, Rule.BATCH_ORDER: 0.0, Rule.BATCH_MATES: 1e-16, Rule.BATCH_OF_ONE: 1e-16}


def judge(measured):
    """The verdict as a tuple."""
    found = verdict.judge(measured)
    assert found.predicted == "equivariant"
    assert (found.fault is not None) == (found.outcome == "error")
    return found.outcome, found.reason, found.observed


def evidence(measured):
    return verdict.evidence("a space", "invariant", "generic", "eval", measured, None)


SOUND = Measurement(
    error64=1e-15, error32=3e-7, floor64=2e-15, floor32=1e-6, properties=QUIET, spread=0.5, modified=False
)


@pytest.mark.parametrize(
    ("error", "floor", "wanted"),
    [
        (0.0, 2e-15, "equal"),
        (1.9e-14, 2e-15, "equal"),
        (2.1e-14, 2e-15, "undecided"),
        (1.9e-12, 2e-15, "undecided"),
        (2.1e-12, 2e-15, "different"),
        (0.9e-12, 1e-16, "undecided"),
        (1.1e-12, 1e-16, "different"),
        (2e-10, 1e-10, "undecided"),
        (0.9e-10, 1e-10, "equal"),
    ],
)
def test_an_error_is_graded_against_its_floor(error, floor, wanted):
    assert grade(error, floor) == wanted


@pytest.mark.parametrize(
    ("error", "floor", "wanted"),
    [
        (0.9e-5, 1e-6, "equal"),
        (1.1e-5, 1e-6, "undecided"),
        (0.9e-3, 1e-6, "undecided"),
        (1.1e-3, 1e-6, "different"),
        (5e-4, 1e-7, "undecided"),
        (6e-4, 1e-7, "different"),
        (9e-3, 1e-3, "equal"),
    ],
)
def test_float32_is_graded_against_its_own_floor(error, floor, wanted):
    assert grade(error, floor, SINGLE) == wanted


@given(st.floats(0, 1), st.floats(1e-16, 1e-9), st.floats(1, 1e6))
@settings(deadline=None, derandomize=True, max_examples=300)
def test_a_larger_error_is_never_graded_more_equal(error, floor, factor):
    order = ["equal", "undecided", "different"]
    assert order.index(grade(error, floor)) <= order.index(grade(error * factor, floor))


def test_a_sound_measurement_passes():
    assert judge(SOUND) == ("pass", "", "equivariant")


def test_a_clean_row_says_what_it_has_shown():
    outcome, reason, _ = judge(replace(SOUND, pairs=64))
    assert outcome == "pass"
    assert reason == "64 pairs: violated on at most 4.6 % of them (95 %); a violation of 2.0e-12 would have failed"
    assert judge(replace(SOUND, pairs=6))[1].startswith("6 pairs: violated on at most 39 % of them (95 %)")
    assert judge(replace(SOUND, pairs=6, exhaustive=True))[1].startswith("all 6 pairs; a violation of")
    told = evidence(replace(SOUND, pairs=64))
    assert told.bound == pytest.approx(0.0457, abs=1e-4)
    assert told.smallest == 1e3 * SOUND.floor64


def test_the_smallest_violation_that_fails_fails():
    smallest = replace(SOUND, pairs=64).smallest
    assert judge(replace(SOUND, error64=1.001 * smallest))[0] == "fail"
    assert judge(replace(SOUND, error64=0.999 * smallest))[0] == "undecided"


@pytest.mark.parametrize(
    ("change", "outcome", "words"),
    [
        ({"error64": 1e-3, "error32": 1e-3}, "fail", "cause unknown"),
        ({"error64": 1e-13}, "undecided", "between the thresholds"),
        ({"modified": True}, "fail", "modified its input"),
        ({"properties": {**QUIET, Rule.REPEATED_CALL: 0.1}, "floor64": 0.1}, "fail", "another answer"),
        ({"properties": {**QUIET, Rule.BATCH_MATES: 0.1}}, "fail", "other samples"),
        ({"properties": {**QUIET, Rule.BATCH_ORDER: 0.1}}, "fail", "order of the batch"),
        ({"properties": {**QUIET, Rule.BATCH_OF_ONE: 0.1}}, "fail", "alone"),
        ({"floor64": 1e-8}, "error", "ill-conditioned"),
        ({"spread": 0.0}, "error", "vacuous"),
        ({"spread": 1e-12}, "error", "vacuous"),
        ({"error32": 1.1e-3}, "fail", "in float32 alone"),
        ({"error32": 1e-4}, "undecided", "equivariance in float32"),
        ({"error32": 5e-3, "floor32": 9e-4}, "pass", ""),
        ({"error32": 5e-3, "floor32": 2e-3}, "error", "ill-conditioned in float32"),
        ({"error32": 5e-3, "floor32": 2e-3, "floor64": 1e-12, "pairs": 64}, "error", "ill-conditioned in float32"),
        ({"moves": False}, "error", "vacuous: the output moves with none"),
        ({"jump": 0.1}, "fail", "though continuity is claimed"),
        ({"jump": 0.1, "continuous": False}, "pass", ""),
        ({"ask": Ask.STEPS}, "error", "ill-conditioned at all other parameters"),
    ],
)
def test_every_broken_property_has_its_words(change, outcome, words):
    found, reason, _ = judge(replace(SOUND, **change))
    assert found == outcome
    assert words in reason


LONG, SHORT = State(Reached.STEPS, 20, Optimiser.ADAM, 0.01), State(Reached.STEPS, 3, Optimiser.SGD, -0.01)
STATION = Station("20 steps", Rule.LAW_AFTER_STEPS, 1e-15, 2e-15, 0.0, 1e-6, state=LONG)


@pytest.mark.parametrize(
    ("change", "outcome", "words"),
    [
        ({}, "pass", ""),
        ({"error64": 0.1}, "fail", "after optimiser steps (20 steps): 1.0e-01, the noise is 2.0e-15"),
        ({"error32": 0.1}, "fail", "after optimiser steps (20 steps): 1.0e-01, the noise is 1.0e-06"),
        ({"error64": 1e-13}, "undecided", "20 steps: error 1.0e-13"),
        ({"error32": 1e-4}, "undecided", "20 steps, float32"),
        ({"rule": Rule.LAW_AT_REDRAW, "error64": 0.1, "own": True}, "fail", "re-drawn parameters"),
        ({"rule": Rule.LAW_AT_REDRAW, "error64": 0.1, "parameter": "table"}, "undecided", '"table" is drawn anew'),
        ({"rule": Rule.LAW_AT_REDRAW, "error64": 0.1}, "undecided", "several parameters together"),
    ],
)
def test_a_station_is_judged_by_its_own_floors(change, outcome, words):
    found, reason, _ = judge(replace(SOUND, ask=Ask.STEPS, stations=(STATION, replace(STATION, **change))))
    assert found == outcome
    assert words in reason


def test_a_row_broken_at_the_initialisation_too_is_no_matter_of_redraws():
    station = replace(STATION, rule=Rule.LAW_AT_REDRAW, error64=0.1)
    assert judge(replace(SOUND, error64=0.1, ask=Ask.REDRAW, stations=(station,)))[0] == "fail"


def test_a_failure_names_axes_and_tensors():
    seen = Symptoms(
        slope=1e-6, roughness=1e-16, kept=("n2",), broken=("n1",), kept_generators=2, broken_generators=1,
        least_broken=1e-3, most_broken=1e-3, tensors=("W2",),
    )  # fmt: skip
    reason = judge(replace(SOUND, error64=1e-3, error32=1e-3, symptoms=seen))[1]
    assert reason.endswith(
        "a leak: smooth in the input, and some generators keep the law; generators of n1 break it; wrong tensors: W2"
    )


def test_evidence_says_how_float32_compares_with_its_own_noise():
    for error, wanted in ((3e-6, "equal"), (1e-4, "undecided"), (5e-3, "different")):
        assert evidence(replace(SOUND, error32=error)).float32 == wanted


def test_evidence_carries_every_property_with_its_verdict():
    told = evidence(replace(SOUND, properties={**QUIET, Rule.BATCH_MATES: 1.0})).properties
    assert {name: entry.verdict for name, entry in told.items()} == {
        Rule.REPEATED_CALL: "equal",
        Rule.BATCH_ORDER: "equal",
        Rule.BATCH_MATES: "different",
        Rule.BATCH_OF_ONE: "equal",
    }


def test_the_inputs_that_a_suite_may_name_are_those_that_exist():
    assert {*CONSTRUCTED_INPUTS, *MORE_INPUTS} == set(CONSTRUCTED)


SPACES = {"tiny": NamedSpace(mlp(1, 2, 1)), "inr": NamedSpace(mlp(2, 4, 1), zoo="digits-inr")}


def test_cases_are_spaces_by_outputs_by_inputs_by_modes():
    parameters = resolve(EquivarianceParameters(spaces=["tiny", "inr"], modes=["eval", "train"]), SPACES)
    names = cases(parameters)
    assert len(names) == len(set(names)) == 2 * 2 * (len(CONSTRUCTED_INPUTS) + 1)
    assert "inr/equivariant/zoo/train" in names


def test_what_else_is_asked_adds_cases_and_changes_none():
    law = resolve(EquivarianceParameters(spaces=["tiny"]), SPACES)
    assert "asks" not in law
    more = resolve(EquivarianceParameters(spaces=["tiny"], inputs=["generic"], asks=["law", "steps"]), SPACES)
    assert cases(more)[:2] == ("tiny/invariant/generic/eval", "tiny/invariant/generic/eval/steps")
    assert resolve(EquivarianceParameters(spaces=["tiny"], asks=["law"]), SPACES) == law


def test_a_zoo_input_needs_a_zoo_and_a_space_must_exist():
    with pytest.raises(SuiteValueError, match="no zoo"):
        resolve(EquivarianceParameters(spaces=["tiny"], inputs=["zoo"]), SPACES)
    with pytest.raises(SuiteValueError, match='did you mean "tiny"'):
        resolve(EquivarianceParameters(spaces=["tinny"]), SPACES)


@pytest.mark.parametrize(
    "wrong",
    [
        {"spaces": []},
        {"spaces": ["tiny"], "samples": 1},
        {"spaces": ["tiny"], "modes": ["test"]},
        {"spaces": "tiny"},
        {},
    ],
)
def test_impossible_parameters_are_refused(wrong):
    with pytest.raises(SuiteValueError):
        parse_parameters(EquivarianceParameters, wrong)


EXACT = 2.0**-50
"""A floor of which every multiple below is exact."""


@pytest.mark.parametrize(
    ("error", "floor", "wanted"),
    [
        (PASS_FLOORS * EXACT, EXACT, "equal"),
        (PASS_ERROR, 1.0, "equal"),
        (FAIL_FLOORS * 2.0**-30, 2.0**-30, "undecided"),
        (FAIL_ERROR, 0.0, "undecided"),
    ],
)
def test_a_threshold_belongs_to_the_milder_side(error, floor, wanted):
    assert grade(error, floor) == wanted
    assert grade(error * (1 + 1e-12), floor) != wanted


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        ({}, ()),
        ({"modified": True, "error64": 1.0}, (Rule.UNMODIFIED_INPUT,)),
        ({"properties": {**QUIET, Rule.REPEATED_CALL: 0.1, Rule.BATCH_MATES: 1.0}}, (Rule.REPEATED_CALL,)),
        ({"error64": 1e-3, "error32": 1e-3}, (Rule.LAW,)),
        ({"error64": 1e-3, "properties": {**QUIET, Rule.BATCH_ORDER: 0.1}}, (Rule.LAW, Rule.BATCH_ORDER)),
        ({"error32": 5e-3}, (Rule.LAW_IN_FLOAT32,)),
        ({"error64": 1e-3, "error32": 5e-3}, (Rule.LAW,)),
        ({"error64": 1e-13}, ()),
        ({"jump": 0.5}, (Rule.CONTINUITY,)),
        ({"jump": 0.5, "error64": 0.1}, (Rule.LAW,)),
    ],
)
def test_what_is_broken_is_named(change, rules):
    assert broken(replace(SOUND, **change)) == rules
    assert evidence(replace(SOUND, **change)).broken == rules


@pytest.mark.parametrize(
    ("change", "judged"),
    [
        ({"modified": True}, ("fail", "the call modified its input", "input modified")),
        (
            {"properties": {**QUIET, Rule.REPEATED_CALL: 0.1}},
            (
                "fail",
                "the same call gave another answer: 1.0e-01 of the output's scale; cause unknown",
                "not repeatable",
            ),
        ),
        (
            {"floor64": 1e-8},
            (
                "error",
                "ill-conditioned: one unit in the last place moves the output by 1.0e-08 of its scale; cause unknown",
                "ill-conditioned",
            ),
        ),
        (
            {"spread": FAIL_FLOORS * SOUND.floor64},
            (
                "error",
                "vacuous: outputs on different orbits differ by 2.0e-12, the noise is 2.0e-15",
                "constant output",
            ),
        ),
        (
            {"properties": {**QUIET, Rule.BATCH_MATES: 0.1, Rule.BATCH_OF_ONE: 0.2}},
            (
                "fail",
                "the answer depends on the other samples of the batch: 1.0e-01, the noise is 2.0e-15; "
                "the answer alone differs from the answer in a batch: 2.0e-01, the noise is 2.0e-15; the batch",
                "depends on batch mates, depends on batch size",
            ),
        ),
        (
            {"error64": 1e-13, "error32": 1e-13 * 100},
            (
                "undecided",
                "equivariance: error 1.0e-13 against noise 2.0e-15 lies between the thresholds; "
                "cause unknown; a better conditioned input would decide",
                "undecided",
            ),
        ),
        ({"floor64": ILL_CONDITIONED, "spread": 1.0}, ("pass", "", "equivariant")),
        ({"floor32": ILL_CONDITIONED32}, ("pass", "", "equivariant")),
        (
            {"properties": {**QUIET, Rule.REPEATED_CALL: FAIL_ERROR}},
            (
                "undecided",
                "repeated call: error 1.0e-12 against noise 2.0e-15 lies between the thresholds; "
                "cause unknown; a better conditioned input would decide",
                "undecided",
            ),
        ),
    ],
)
def test_a_verdict_is_told_in_full(change, judged):
    assert judge(replace(SOUND, **change)) == judged


def test_evidence_is_told_in_full():
    told = evidence(SOUND)
    assert told.ratio == SOUND.error32 / SOUND.error64
    assert told.cause is Cause.NONE
    assert told.properties[Rule.BATCH_MATES] == Property(1e-16, 10 * SOUND.floor64, Grade.EQUAL)
    assert (told.space, told.output, told.input, told.mode) == ("a space", "invariant", "generic", "eval")
    assert (told.error64, told.error32, told.floor64, told.floor32) == (1e-15, 3e-7, 2e-15, 1e-6)
    assert (told.spread, told.modified, told.counterexample) == (0.5, False, None)
    assert evidence(replace(SOUND, error64=0.0)).ratio is None
    assert evidence(replace(SOUND, error64=1.0, error32=1.0)).cause is Cause.UNKNOWN


@given(st.floats(0, 1), st.floats(1e-15, 1e-8), st.floats(0, 1), st.booleans(), st.sampled_from([None, 0.1]))
@settings(deadline=None, derandomize=True, max_examples=200)
def test_evidence_can_be_judged_again(error64, floor64, error32, continuous, jump):
    """What a row stores is all that its verdict rests on."""
    measured = replace(SOUND, error64=error64, floor64=floor64, error32=error32, continuous=continuous, jump=jump)
    measured = replace(measured, ask=Ask.STEPS, stations=(STATION,), pairs=64)
    assert verdict.judge(verdict.measurement(evidence(measured))) == verdict.judge(measured)


LEAKS = Symptoms(
    slope=1e-6, roughness=1e-16, kept=("n2",), broken=("n1", "n3"), kept_generators=2, broken_generators=1,
    least_broken=1e-3, most_broken=1e-3, tensors=("W2", "b1"),
)  # fmt: skip
REDRAWN = replace(STATION, name="draw 1", rule=Rule.LAW_AT_REDRAW, error64=0.25)
LEAKED = "a leak: smooth in the input, and some generators keep the law; generators of n1, n3 break it; wrong tensors: W2, b1"
LATER = "phi(g v) differs from g phi(v) after optimiser steps"
ANEW = (
    "the law holds at the initialisation and breaks (2.5e-01, the noise is 2.0e-15) where {} is drawn anew: a table by index, or "
    "a parameter with a constraint; give the network a redraw_(generator) that keeps it"
)


@pytest.mark.parametrize(
    ("change", "judged"),
    [
        (
            {"error64": 1e-3, "error32": 1e-3, "symptoms": LEAKS},
            (
                "fail",
                f"phi(g v) differs from g phi(v): 1.0e-03, the noise is 2.0e-15; {LEAKED}",
                "not equivariant",
            ),
        ),
        (
            {"modified": True, "symptoms": LEAKS},
            ("fail", "the call modified its input; wrong tensors: W2, b1", "input modified"),
        ),
        (
            {"moves": False},
            ("error", "vacuous: the output moves with none of the parameters", "no parameter matters"),
        ),
        (
            {"error32": 1.1e-3},
            (
                "fail",
                "phi(g v) differs from g phi(v) in float32 alone: 1.1e-03, the noise is 1.0e-06",
                "not equivariant in float32",
            ),
        ),
        (
            {"jump": 0.1},
            (
                "fail",
                "the output jumps where inputs tie, though continuity is claimed: by 1.0e-01 (a jump is declared with "
                "continuous=False); cause unknown",
                "not continuous",
            ),
        ),
        (
            {"error32": 5e-3, "floor32": 2e-3},
            (
                "error",
                "ill-conditioned in float32: one unit in the last place moves the output by 2.0e-03 of its scale",
                "ill-conditioned",
            ),
        ),
        (
            {"ask": Ask.STEPS, "notes": ("3 steps: not finite", "and more")},
            (
                "error",
                "ill-conditioned at all other parameters; 3 steps: not finite; and more",
                "ill-conditioned",
            ),
        ),
        (
            {"ask": Ask.REDRAW},
            ("error", "ill-conditioned at all other parameters", "ill-conditioned"),
        ),
        (
            {"pairs": 64, "jump": 0.1, "continuous": False, "notes": ("moved torch",)},
            (
                "pass",
                "64 pairs: violated on at most 4.6 % of them (95 %); a violation of 2.0e-12 would have failed; one ulp moves the "
                "output by 1.0e-01 where inputs tie; moved torch",
                "equivariant",
            ),
        ),
        (
            {"pairs": 6, "exhaustive": True, "floor64": 1e-12},
            ("pass", "all 6 pairs; a violation of 1.0e-09 would have failed", "equivariant"),
        ),
        (
            {"stations": (replace(STATION, error64=0.25), replace(STATION, name="3 steps", error64=0.5, parameter="w"))},
            ("fail", f"{LATER} (3 steps, w): 5.0e-01, the noise is 2.0e-15; cause unknown", "not equivariant after steps"),
        ),
        (
            {"stations": (replace(STATION, error32=0.5),)},
            ("fail", f"{LATER} (20 steps): 5.0e-01, the noise is 1.0e-06; cause unknown", "not equivariant after steps"),
        ),
        (
            {"stations": (replace(STATION, error64=0.25), REDRAWN)},
            (
                "fail",
                f"{LATER} (20 steps): 2.5e-01, the noise is 2.0e-15; phi(g v) differs from g phi(v) at re-drawn parameters "
                "(draw 1): 2.5e-01, the noise is 2.0e-15; cause unknown",
                "not equivariant after steps, not equivariant at other parameters",
            ),
        ),
        ({"stations": (REDRAWN,)}, ("undecided", ANEW.format("several parameters together"), "not equivariant at other parameters")),
        (
            {"stations": (replace(REDRAWN, error64=0.125), replace(REDRAWN, parameter="table"))},
            ("undecided", ANEW.format('"table"'), "not equivariant at other parameters"),
        ),
        (
            {"stations": (REDRAWN,), "error32": 0.5},
            (
                "fail",
                "phi(g v) differs from g phi(v) in float32 alone: 5.0e-01, the noise is 1.0e-06; "
                "phi(g v) differs from g phi(v) at re-drawn parameters (draw 1): 2.5e-01, the noise is 2.0e-15; cause unknown",
                "not equivariant in float32, not equivariant at other parameters",
            ),
        ),
        (
            {"stations": (REDRAWN,), "jump": 0.5},
            (
                "fail",
                "the output jumps where inputs tie, though continuity is claimed: by 5.0e-01 (a jump is declared with "
                "continuous=False); phi(g v) differs from g phi(v) at re-drawn parameters (draw 1): 2.5e-01, the noise is "
                "2.0e-15; cause unknown",
                "not continuous, not equivariant at other parameters",
            ),
        ),
        (
            {"error32": 1e-4},
            (
                "undecided",
                "equivariance in float32: error 1.0e-04 against noise 1.0e-06 lies between the thresholds; cause unknown; a better "
                "conditioned input would decide",
                "undecided",
            ),
        ),
        (
            {"stations": (replace(STATION, error32=1e-4),)},
            (
                "undecided",
                "20 steps, float32: error 1.0e-04 against noise 1.0e-06 lies between the thresholds; cause unknown; a better "
                "conditioned input would decide",
                "undecided",
            ),
        ),
        (
            {"stations": (replace(STATION, error64=1e-13),)},
            (
                "undecided",
                "20 steps: error 1.0e-13 against noise 2.0e-15 lies between the thresholds; cause unknown; a better conditioned "
                "input would decide",
                "undecided",
            ),
        ),
    ],
)  # fmt: skip
def test_every_verdict_is_told_in_full(change, judged):
    assert judge(replace(SOUND, **change)) == judged


@pytest.mark.parametrize(
    ("change", "error", "state"),
    [
        ({}, 1e-15, State()),
        ({"error64": 0.5, "properties": {**QUIET, Rule.BATCH_MATES: 1.0}}, 0.5, State()),
        ({"properties": {**QUIET, Rule.BATCH_MATES: 0.5, Rule.BATCH_ORDER: 0.25}}, 0.5, State()),
        ({"error32": 0.5}, 0.5, State()),
        ({"modified": True}, 0.0, State()),
        ({"jump": 0.5}, 0.0, State()),
        (
            {"stations": (replace(STATION, error64=0.5, error32=0.75), replace(STATION, name="3 steps", state=SHORT, error64=0.625), STATION)},
            0.75,
            LONG,
        ),
        ({"stations": (replace(STATION, error64=0.5), replace(STATION, name="3 steps", state=SHORT, error32=0.625))}, 0.625, SHORT),
        ({"stations": (replace(STATION, name="3 steps", state=SHORT, error64=0.5), replace(STATION, error64=1e-9))}, 0.5, SHORT),
    ],
)  # fmt: skip
def test_the_error_that_convicts_is_the_worst_of_where_the_law_breaks(change, error, state):
    measured = replace(SOUND, **change)
    assert verdict.convicting_error(measured) == error
    assert verdict.reached(measured) == state


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"error64": 1e-13}, Cause.UNKNOWN),
        ({"floor64": 1e-8}, Cause.UNKNOWN),
        ({"floor64": ILL_CONDITIONED, "spread": 1.0}, Cause.NONE),
        ({"properties": {**QUIET, Rule.BATCH_SIZE: 0.5}}, Cause.BATCH),
        ({"stations": (REDRAWN,)}, Cause.REDRAW),
        ({"error64": 1e-3, "error32": 1e-3, "symptoms": LEAKS}, Cause.LEAK),
        ({"stations": (replace(STATION, error64=1e-3, error32=1e-3),), "symptoms": LEAKS}, Cause.LEAK),
        # of two stations the worse in float64 says the cause: below, its error is as small as the noise
        (
            {
                "stations": (
                    replace(STATION, error64=1e-3, error32=1e-3),
                    replace(STATION, error64=1e-13, error32=0.5),
                ),
                "symptoms": LEAKS,
            },
            Cause.LEAK,
        ),
        (
            {
                "stations": (replace(STATION, error64=1e-3, error32=10.0, floor32=1e-6),),
                "symptoms": replace(LEAKS, kept=(), kept_generators=0),
            },
            Cause.UNKNOWN,
        ),
        (
            {
                "stations": (replace(STATION, error64=1e-3, error32=1e-3, floor32=1e-7),),
                "error32": 10.0,
                "floor32": 1e-1,
                "symptoms": replace(LEAKS, kept=(), kept_generators=0),
            },
            Cause.VIOLATION,
        ),
        # rounding: smooth, no more than 1e3 floors, and 2^20 times as large in float32
        ({"error64": 1e-13, "error32": 1e-4, "symptoms": replace(LEAKS, broken=(), broken_generators=0)}, Cause.ROUNDING),
        (
            {"error64": 1e-13, "error32": 1e-4, "floor32": 1e-8, "symptoms": replace(LEAKS, broken=(), broken_generators=0)},
            Cause.UNKNOWN,
        ),
        (
            {"error64": 1e-13, "error32": 1e-4, "floor64": 1e-17, "symptoms": replace(LEAKS, broken=(), broken_generators=0)},
            Cause.UNKNOWN,
        ),
    ],
)  # fmt: skip
def test_the_cause_is_asked_of_what_convicts(change, cause):
    assert verdict.cause(replace(SOUND, **change)) is cause


@pytest.mark.parametrize(
    ("stays", "wide", "cause"),
    [
        # as measured: softmax in bfloat16 on generic, small and square inputs
        (0.53, 0.41, Cause.SINGLE_PRECISION),
        (1.01, 0.10, Cause.SINGLE_PRECISION),
        (0.45, 0.59, Cause.SINGLE_PRECISION),
        # a norm with an epsilon of 1e-5 close to zero: smooth, and bent within a few steps
        (0.32, 0.082, Cause.UNKNOWN),
        (0.97, 0.05, Cause.UNKNOWN),
    ],
)
def test_what_bends_at_one_place_is_no_coarse_grid(stays, wide, cause):
    seen = replace(LEAKS, slope=2e-5, roughness=0.087, stays=stays, wide=wide)
    assert verdict.cause(replace(SOUND, error64=9.9e-3, error32=8.8e-6, symptoms=seen)) is cause


@pytest.mark.parametrize(
    ("rules", "backward", "cause"),
    [
        ((Rule.GRADIENT_IN_PARAMETERS,), 1e-9, Cause.PARAMETER),
        ((Rule.GRADIENT_IN_PARAMETERS,), 1e-3, Cause.BACKWARD),
        ((Rule.GRADIENT_IN_PARAMETERS,), None, Cause.UNKNOWN),
        # the values keep the law and so does their derivative: this gradient is wrong, and the quotients do not say so
        ((Rule.GRADIENT_IN_INPUT,), 1e-9, Cause.UNKNOWN),
        ((Rule.GRADIENT_IN_INPUT, Rule.GRADIENT_IN_PARAMETERS), 1e-9, Cause.UNKNOWN),
        ((Rule.GRADIENT_IN_INPUT, Rule.GRADIENT_IN_PARAMETERS), 1e-3, Cause.BACKWARD),
    ],
)
def test_a_gradient_that_is_that_of_the_values_accuses_the_parameter(rules, backward, cause):
    stations = tuple(replace(STATION, rule=rule, error64=0.5, floor64=1e-14) for rule in rules)
    measured = replace(SOUND, stations=stations, symptoms=Symptoms(backward=backward, recorded=0.0))
    assert verdict.cause(measured) is cause


@pytest.mark.parametrize(
    ("slope", "roughness", "cause"),
    [
        # as measured: every third edge left out, on inputs of 1e-3, where a step of 1e-10 is a few units in the last place
        (1.52e-2, 3.47e-15, Cause.VIOLATION),
        (0.5, 2e-14, Cause.VIOLATION),
        # jumps above the rounding; a map that stands still over the small step; steps that tell nothing
        (1.52e-2, 2.1e-14, Cause.UNKNOWN),
        (1.0, 0.0, Cause.UNKNOWN),
        (float("inf"), 0.0, Cause.UNKNOWN),
    ],
)
def test_a_slope_that_rounding_alone_shakes_is_smooth(slope, roughness, cause):
    seen = replace(LEAKS, slope=slope, roughness=roughness, kept=(), kept_generators=0)
    assert verdict.cause(replace(SOUND, error64=2.2e-5, error32=2.2e-5, symptoms=seen)) is cause


@pytest.mark.parametrize(
    ("floor64", "floor32", "cause"),
    [
        # as measured: distances of all pairs of neurons by |x|^2 + |y|^2 - 2 x y, whose diagonal is the root of rounding
        (6.0e-9, 1.5e-4, Cause.SQUARE_ROOT),
        (4.0e-8, 2.2e-4, Cause.SQUARE_ROOT),
        # rounding, a jump, and noise that is none
        (6.0e-9, 3.2, Cause.UNKNOWN),
        (6.0e-9, 6.0e-9, Cause.UNKNOWN),
        (1.0e-9, 3.0e-5, Cause.NONE),
    ],
)
def test_noise_that_grows_by_the_root_of_the_precisions_is_a_square_root(floor64, floor32, cause):
    seen = replace(LEAKS, slope=8.7, roughness=8e-9, broken=(), broken_generators=0)
    assert verdict.cause(replace(SOUND, floor64=floor64, floor32=floor32, symptoms=seen)) is cause


def test_of_a_broken_law_the_noise_does_not_say_the_cause():
    seen = replace(LEAKS, slope=8.7, roughness=8e-9)
    assert (
        verdict.cause(replace(SOUND, error64=1.0, error32=1.0, floor64=6e-9, floor32=1.5e-4, symptoms=seen))
        is Cause.UNKNOWN
    )


@pytest.mark.parametrize(
    ("law", "batch", "jump", "cause"),
    [
        # as measured: where the largest feature stands, among features that tie; the order of the batch rounds their sums otherwise
        (7.1e-4, 1.8e-4, 1.57e-4, Cause.LEAK),
        (1e-15, 1.8e-4, 1.57e-4, Cause.TIES),
        (1e-15, 1.4e-3, 1.57e-4, Cause.TIES),
        # more than ten times as far as one ulp: the batch is read
        (1e-15, 1.8e-3, 1.57e-4, Cause.BATCH),
        (7.1e-4, 1.8e-3, 1.57e-4, Cause.BATCH),
        # no jump: nothing else than the batch moves the output
        (1e-15, 1.8e-4, None, Cause.BATCH),
    ],
)
def test_what_one_ulp_decides_where_inputs_tie_does_not_accuse_the_batch(law, batch, jump, cause):
    seen = replace(LEAKS, near_ties=law, near_floor=1e-15)
    properties = {**QUIET, Rule.BATCH_ORDER: batch}
    assert (
        verdict.cause(replace(SOUND, error64=law, error32=law, properties=properties, jump=jump, symptoms=seen))
        is cause
    )


def test_of_two_rules_of_the_batch_the_one_that_rounding_does_not_explain_accuses_it():
    properties = {**QUIET, Rule.BATCH_ORDER: 1e-4, Rule.BATCH_MATES: 0.5}
    assert verdict.cause(replace(SOUND, properties=properties, jump=1e-4, symptoms=LEAKS)) is Cause.BATCH


QUASI = replace(SOUND, law=HeldTo.FUNCTIONAL)


@pytest.mark.parametrize(
    ("tensors", "more"),
    [
        (None, ""),
        (0.0, "; the tensors move as declared, too"),
        (2e-14, "; the tensors move as declared, too"),
        (2.1e-14, "; as tensors phi(g v) and g phi(v) differ by 2.1e-14, as this law allows"),
        (0.25, "; as tensors phi(g v) and g phi(v) differ by 2.5e-01, as this law allows"),
    ],
)
def test_edits_that_keep_the_law_of_functions_are_quasi_equivariant_and_say_what_their_tensors_do(tensors, more):
    exact = verdict.judge(SOUND)
    found = verdict.judge(replace(QUASI, tensors=tensors))
    assert (found.outcome, found.fault) == ("pass", None)
    assert (found.predicted, found.observed) == ("quasi-equivariant", "quasi-equivariant")
    assert found.reason == exact.reason + more


def test_edits_that_break_the_law_of_functions_are_told_by_their_functions():
    exact = verdict.judge(replace(SOUND, error64=1.0, error32=1.0))
    found = verdict.judge(replace(QUASI, error64=1.0, error32=1.0, tensors=0.25))
    assert (found.outcome, exact.outcome) == ("fail", "fail")
    assert (found.predicted, found.observed) == ("quasi-equivariant", "not quasi-equivariant")
    assert (
        found.reason == "phi(g v) and phi(v) compute different functions: 1.0e+00, the noise is 2.0e-15; cause unknown"
    )
    assert exact.reason == "phi(g v) differs from g phi(v): 1.0e+00, the noise is 2.0e-15; cause unknown"


@pytest.mark.parametrize(
    ("change", "observed"),
    [
        ({"modified": True}, "input modified"),
        ({"floor64": 1e-8}, "ill-conditioned"),
        ({"error64": 1e-13}, "undecided"),
        ({"properties": {**QUIET, Rule.BATCH_ORDER: 0.1}}, "depends on batch order"),
    ],
)
def test_what_is_no_breach_of_the_law_is_said_alike_of_either(change, observed):
    exact, found = verdict.judge(replace(SOUND, **change)), verdict.judge(replace(QUASI, **change, tensors=0.25))
    assert found == replace(exact, predicted="quasi-equivariant")
    assert found.observed == observed


def test_an_error_that_is_no_number_is_undecided_and_said_to_be_none():
    """A gradient of NaN, as of a root at zero, neither passes nor lies between two thresholds."""
    nan = replace(STATION, name="gradient in the input", rule=Rule.GRADIENT_IN_INPUT, error64=float("nan"))
    outcome, reason, observed = judge(replace(SOUND, ask=Ask.GRADIENTS, stations=(nan,)))
    assert (outcome, observed) == ("undecided", "undecided")
    assert reason == (
        "gradient in the input: the error is no number, as of a root or a quotient whose gradient is taken at zero; cause unknown"
    )


def test_a_call_that_writes_into_its_input_is_its_own_cause():
    for symptoms in (None, LEAKS):
        assert verdict.cause(replace(SOUND, modified=True, symptoms=symptoms)) is Cause.NONE


def test_stored_evidence_is_judged_again_whatever_it_says_of_itself():
    """What follows from errors and floors is derived anew, and what was asked is kept."""
    measured = replace(SOUND, error64=1e-3, error32=1e-3, symptoms=LEAKS, pairs=64)
    example = CounterExample("a space", "generic", 0, "(0 1)", {}, 1e-3, True)
    honest = verdict.evidence("a space", "equivariant", "ties", "train", measured, example)
    assert honest.counterexample == example
    forged = replace(honest, cause=Cause.NONE, broken=(), ratio=7.0, float32=Grade.EQUAL, bound=1.0, smallest=0.0)
    again = verdict.rejudge(Stored(forged, {}, "a case"))
    assert again is not None and again.evidence == honest
    assert (again.outcome, again.reason, again.observed) == judge(measured)
    assert verdict.rejudge(Stored(Evidence(), {}, "a case")) is None
