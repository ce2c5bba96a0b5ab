"""The equivariance verdict as a pure function: thresholds, margins, precedence, and the cause that precision names."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitcheck import mlp
from orbitcheck.harness.checks.equivariance import (
    CONSTRUCTED_INPUTS,
    EquivarianceParameters,
    Measurement,
    cases,
    cause,
    evidence,
    grade,
    judge,
    resolve,
)
from orbitcheck.harness.inputs import CONSTRUCTED
from orbitcheck.harness.parameters import SuiteValueError, parse_parameters
from orbitcheck.harness.space import NamedSpace

QUIET = {"repeated call": 0.0, "batch order": 0.0, "batch mates": 1e-16, "batch of one": 1e-16}
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
        ({"properties": {**QUIET, "repeated call": 0.1}, "floor64": 0.1}, "fail", "another answer"),
        ({"properties": {**QUIET, "batch mates": 0.1}}, "fail", "other samples"),
        ({"properties": {**QUIET, "batch order": 0.1}}, "fail", "order of the batch"),
        ({"properties": {**QUIET, "batch of one": 0.1}}, "fail", "alone"),
        ({"floor64": 1e-8}, "error", "ill-conditioned"),
        ({"spread": 0.0}, "error", "vacuous"),
        ({"spread": 1e-12}, "error", "vacuous"),
        ({"error32": 5e-3}, "fail", "in float32 alone"),
        ({"error32": 1e-3}, "pass", ""),
        ({"error32": 5e-3, "floor32": 1e-2}, "pass", ""),
    ],
)
def test_every_broken_property_has_its_words(change, outcome, words):
    verdict, reason, _ = judge(replace(SOUND, **change))
    assert verdict == outcome
    assert words in reason


@pytest.mark.parametrize(
    ("error64", "error32", "words"),
    [
        (0.0, 0.0, "exactly zero"),
        (1e-2, 1e-2, "a violation"),
        (1e-7, 1e-7, "float32 somewhere inside"),
        (1e-9, 1e-9 * 2**14.5, "square root of rounding"),
        (1e-16, 1e-16 * 2**29, "rounding"),
        (0.0, 1e-7, "rounding"),
        (1e-12, 1e-10, "unclear"),
    ],
)
def test_two_precisions_name_the_cause(error64, error32, words):
    assert words in cause(error64, error32)


def test_evidence_says_how_float32_compares_with_its_own_noise():
    for error, wanted in ((3e-6, "equal"), (1e-3, "undecided"), (5e-3, "different")):
        assert evidence(replace(SOUND, error32=error))["float32"] == wanted


def test_evidence_carries_every_property_with_its_verdict():
    told = evidence(replace(SOUND, properties={**QUIET, "batch mates": 1.0}))["properties"]
    assert {name: entry["verdict"] for name, entry in told.items()} == {
        "repeated call": "equal",
        "batch order": "equal",
        "batch mates": "different",
        "batch of one": "equal",
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
