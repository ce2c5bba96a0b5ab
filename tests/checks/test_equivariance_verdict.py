"""The equivariance verdict as a pure function: thresholds, margins, precedence, and the cause that precision names."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitcheck import mlp
from orbitcheck.harness.checks.equivariance import verdict
from orbitcheck.harness.checks.equivariance.evidence import Cause, Grade, Property, Rule
from orbitcheck.harness.checks.equivariance.kind import CONSTRUCTED_INPUTS, EquivarianceParameters, cases, resolve
from orbitcheck.harness.checks.equivariance.verdict import (
    FAIL_ERROR,
    FAIL_FLOORS,
    ILL_CONDITIONED,
    MARGIN,
    PASS_ERROR,
    PASS_FLOORS,
    Measurement,
    broken,
    cause,
    grade,
)
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
        (6e-15, 2e-15, "equal"),
        (7e-15, 2e-15, "undecided"),
        (5e-12, 2e-15, "undecided"),
        (7e-12, 2e-15, "different"),
        (2e-12, 1e-16, "undecided"),
        (4e-12, 1e-16, "different"),
        (5e-11, 1e-10, "undecided"),
        (3e-11, 1e-10, "equal"),
    ],
)
def test_an_error_is_graded_against_its_floor_with_a_margin_of_three(error, floor, wanted):
    assert grade(error, floor) == wanted


@given(st.floats(0, 1), st.floats(1e-16, 1e-9), st.floats(1, 1e6))
@settings(deadline=None, derandomize=True, max_examples=300)
def test_a_larger_error_is_never_graded_more_equal(error, floor, factor):
    order = ["equal", "undecided", "different"]
    assert order.index(grade(error, floor)) <= order.index(grade(error * factor, floor))


def test_a_sound_measurement_passes():
    assert judge(SOUND) == ("pass", "", "equivariant")


@pytest.mark.parametrize(
    ("change", "outcome", "words"),
    [
        ({"error64": 1e-3, "error32": 1e-3}, "fail", "a violation"),
        ({"error64": 1e-7, "error32": 1e-7}, "fail", "float32 somewhere inside"),
        ({"error64": 1e-13}, "undecided", "between the thresholds"),
        ({"modified": True}, "fail", "modified its input"),
        ({"properties": {**QUIET, Rule.REPEATED_CALL: 0.1}, "floor64": 0.1}, "fail", "another answer"),
        ({"properties": {**QUIET, Rule.BATCH_MATES: 0.1}}, "fail", "other samples"),
        ({"properties": {**QUIET, Rule.BATCH_ORDER: 0.1}}, "fail", "order of the batch"),
        ({"properties": {**QUIET, Rule.BATCH_OF_ONE: 0.1}}, "fail", "alone"),
        ({"floor64": 1e-8}, "error", "ill-conditioned"),
        ({"spread": 0.0}, "error", "vacuous"),
        ({"spread": 1e-12}, "error", "vacuous"),
        ({"error32": 5e-3}, "fail", "in float32 alone"),
        ({"error32": 1e-3}, "pass", ""),
        ({"error32": 5e-3, "floor32": 1e-2}, "pass", ""),
    ],
)
def test_every_broken_property_has_its_words(change, outcome, words):
    found, reason, _ = judge(replace(SOUND, **change))
    assert found == outcome
    assert words in reason


@pytest.mark.parametrize(
    ("error64", "error32", "named"),
    [
        (0.0, 0.0, Cause.NONE),
        (1e-2, 1e-2, Cause.VIOLATION),
        (1e-7, 1e-7, Cause.SINGLE_PRECISION),
        (1e-9, 1e-9 * 2**14.5, Cause.SQUARE_ROOT),
        (1e-16, 1e-16 * 2**29, Cause.ROUNDING),
        (0.0, 1e-7, Cause.ROUNDING),
        (1e-12, 1e-10, Cause.UNKNOWN),
    ],
)
def test_two_precisions_name_the_cause(error64, error32, named):
    assert cause(error64, error32) is named


def test_evidence_says_how_float32_compares_with_its_own_noise():
    for error, wanted in ((3e-6, "equal"), (1e-3, "undecided"), (5e-3, "different")):
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
    assert set(CONSTRUCTED_INPUTS) == set(CONSTRUCTED)


SPACES = {"tiny": NamedSpace(mlp(1, 2, 1)), "inr": NamedSpace(mlp(2, 4, 1), zoo="digits-inr")}


def test_cases_are_spaces_by_outputs_by_inputs_by_modes():
    parameters = resolve(EquivarianceParameters(spaces=["tiny", "inr"], modes=["eval", "train"]), SPACES)
    names = cases(parameters)
    assert len(names) == len(set(names)) == 2 * 2 * (len(CONSTRUCTED_INPUTS) + 1)
    assert "inr/equivariant/zoo/train" in names


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
        (PASS_FLOORS / MARGIN * EXACT, EXACT, "equal"),
        (PASS_ERROR / MARGIN, 1.0, "equal"),
        (FAIL_FLOORS * MARGIN * 2.0**-30, 2.0**-30, "undecided"),
        (FAIL_ERROR * MARGIN, 0.0, "undecided"),
    ],
)
def test_a_threshold_belongs_to_the_milder_side(error, floor, wanted):
    assert grade(error, floor) == wanted
    assert grade(error * (1 + 1e-12), floor) != wanted


@pytest.mark.parametrize(
    ("error64", "error32", "text"),
    [
        (0.0, 0.0, "none: both errors are exactly zero"),
        (1.0, 29.9, "a violation: the error is as large in float64 as in float32"),
        (1.0, 30.0, "unclear: the ratio of the precisions fits no known cause"),
        (1e-5, 1e-5, "float32 somewhere inside: float64 gains nothing"),
        (1e-6, 29.9e-6, "float32 somewhere inside: float64 gains nothing"),
        (2.0**-10, 30 * 2.0**-10, "unclear: the ratio of the precisions fits no known cause"),
        (1e-9, 1e-9, "unclear: the ratio of the precisions fits no known cause"),
        (1e-12, 1e-12, "unclear: the ratio of the precisions fits no known cause"),
        (1.0, 2.0**9, "unclear: the ratio of the precisions fits no known cause"),
        (1.0, 2.0**9 + 1, "square root of rounding: a standard deviation or a norm at ties"),
        (1.0, 2.0**20 - 1, "square root of rounding: a standard deviation or a norm at ties"),
        (1.0, 2.0**20, "unclear: the ratio of the precisions fits no known cause"),
        (1.0, 2.0**20 + 1, "unclear: the ratio of the precisions fits no known cause"),
        (1.0, 2.0**23, "rounding"),
    ],
)
def test_each_cause_begins_and_ends_where_it_says(error64, error32, text):
    assert verdict._CAUSES[cause(error64, error32)] == text


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        ({}, ()),
        ({"modified": True, "error64": 1.0}, (Rule.UNMODIFIED_INPUT,)),
        ({"properties": {**QUIET, Rule.REPEATED_CALL: 0.1, Rule.BATCH_MATES: 1.0}}, (Rule.REPEATED_CALL,)),
        ({"error64": 1e-3, "error32": 1e-3}, (Rule.LAW,)),
        ({"error64": 1e-3, "properties": {**QUIET, Rule.BATCH_ORDER: 0.1}}, (Rule.LAW, Rule.BATCH_ORDER)),
        ({"error32": 5e-3}, (Rule.LAW_IN_FLOAT32,)),
        ({"error64": 1e-13}, ()),
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
            ("fail", "the same call gave another answer: 1.0e-01 of the output's scale", "not repeatable"),
        ),
        (
            {"floor64": 1e-8},
            (
                "error",
                "ill-conditioned: one unit in the last place of the input moves the output by 1.0e-08 of its scale "
                "(a jump is declared with continuous=False)",
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
                "the answer alone differs from the answer in a batch: 2.0e-01, the noise is 2.0e-15",
                "depends on batch mates, depends on batch size",
            ),
        ),
        (
            {"error64": 1e-13, "error32": 1e-13 * 100},
            (
                "undecided",
                "equivariance: error 1.0e-13 against noise 2.0e-15 lies between the thresholds; "
                "unclear: the ratio of the precisions fits no known cause; a better conditioned input would decide",
                "undecided",
            ),
        ),
        ({"floor64": ILL_CONDITIONED, "spread": 1.0}, ("pass", "", "equivariant")),
        ({"properties": {**QUIET, Rule.REPEATED_CALL: FAIL_ERROR}}, ("pass", "", "equivariant")),
    ],
)
def test_a_verdict_is_told_in_full(change, judged):
    assert judge(replace(SOUND, **change)) == judged


def test_evidence_is_told_in_full():
    told = evidence(SOUND)
    assert told.ratio == SOUND.error32 / SOUND.error64
    assert told.cause is Cause.ROUNDING
    assert told.properties[Rule.BATCH_MATES] == Property(1e-16, 10 * SOUND.floor64, Grade.EQUAL)
    assert (told.space, told.output, told.input, told.mode) == ("a space", "invariant", "generic", "eval")
    assert (told.error64, told.error32, told.floor64, told.floor32) == (1e-15, 3e-7, 2e-15, 1e-6)
    assert (told.spread, told.modified, told.counterexample) == (0.5, False, None)
    assert evidence(replace(SOUND, error64=0.0)).ratio is None
    assert evidence(replace(SOUND, error64=1.0, error32=1.0)).cause is Cause.VIOLATION
