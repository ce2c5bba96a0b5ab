"""Rows of the floor check: floors between their ends, labels and targets, and what makes no sense."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orbitcheck.harness.checks.floor.evidence import FloorEvidence
from orbitcheck.harness.checks.floor.kind import KIND
from orbitcheck.harness.checks.floor.verdict import judge
from orbitcheck.harness.checks.stored import Stored
from orbitcheck.harness.core.cell import WEIGHTS, Cell
from orbitcheck.harness.core.parameters import SuiteValueError, parse_parameters
from orbitcheck.harness.core.result import Verdict
from orbitcheck.harness.oracles.levels.floors import LevelFloor, Says
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.weights.space import NamedSpace, mlp

SPACES = {"small": NamedSpace(mlp(1, 2, 1))}
TWINS = {"regime": {"name": "prop-6.2-twins"}, "samples": 24}


def resolved(**given):
    return KIND.resolve(parse_parameters(KIND.parameters, given), SPACES)


def row(parameters, case="float"):
    return evaluate(Cell("s", "c", "floor", parameters, case, None, WEIGHTS))


def test_the_rank_of_the_twins_has_a_floor_from_1_wl_on():
    ends = {"orbit": [0, 0], "2-fwl": [0, 0], "1-wl": [1, 1], "1-wl-3": [1, 1], "function": [1, 1]}
    found = row(resolved(**TWINS, target={"name": "middle-rank"}, forms={"float": ends}))
    assert found.outcome == "pass", found.reason
    alone = row(resolved(**TWINS, target={"name": "middle-rank"}, forms={"float": {"orbit": [0, 0], "2-fwl": [0, 0]}}))
    assert alone.outcome == "observed", "no orbit of the twins has two networks: no label could miss exactly 0"
    evidence = found.evidence
    assert (evidence.label, evidence.nets, evidence.at("1-wl").shared) == ("middle-rank", 24, 12)
    low = row(resolved(**TWINS, target={"name": "middle-rank"}, forms={"float": {"1-wl": [0, 0.5]}}))
    assert (low.outcome, low.reason) == ("fail", "1-wl 1, expected at most 0.5")


def test_a_label_of_the_regime_and_forms_a_row_each():
    given = {"regime": {"name": "digits-classifiers", "group": "16-16-10"}, "label": "test_accuracy"}
    parameters = resolved(**given, forms={"float": {"orbit": [0, 0]}, "8-bit": {"function": [0, 1]}})
    assert KIND.cases(parameters) == ("float", "8-bit") and list(KIND.needs(parameters)) == [
        "digits-classifiers/16-16-10"
    ]
    found = row(parameters)
    assert (found.outcome, found.evidence.nets) == ("observed", 128)
    assert "says nothing at this precision" in found.reason


def test_stored_evidence_is_judged_again():
    parameters = resolved(**TWINS, target={"name": "middle-rank"}, forms={"float": {"1-wl": [0.9, 1]}})
    found = row(parameters)
    levels = tuple(replace(level, relative=0.5) for level in found.evidence.levels)

    def again(evidence):
        stored = Stored(evidence, parameters, "float")
        return KIND.rejudge(stored)

    assert again(replace(found.evidence, levels=levels)).evidence == found.evidence
    assert again(found.evidence).outcome == "pass"
    halved = replace(found.evidence, levels=tuple(replace(level, mse=level.mse / 2) for level in found.evidence.levels))
    assert again(halved).outcome == "fail"


def test_a_floor_that_is_known_to_an_interval_is_undecided_where_one_end_lies_outside():
    found = row(resolved(**TWINS, target={"name": "middle-rank"}, forms={"float": {"function": [1, 1]}})).evidence
    open_ = replace(
        found,
        levels=tuple(
            replace(level, relative=0.2, upper=0.8) if level.level == "function" else level for level in found.levels
        ),
    )
    outcomes = [
        judge(open_, {"function": ends}).outcome for ends in ([0, 0.1], [0.1, 0.9], [0.5, 1], [0, 0.5], [0.9, 1])
    ]
    assert outcomes == ["fail", "pass", "undecided", "undecided", "fail"]


def floors(**relative: float | tuple[float, float]) -> FloorEvidence:
    """Floors by hand, in variances of 2; of a pair the second is what the floor may be at most, None a level that says nothing."""
    levels = tuple(
        LevelFloor(name, 1, 2, 3, Says.NOTHING if given is None else Says.VARIES, 2 * low, low, high, None, ())
        for name, given in relative.items()
        for low, high in [given if isinstance(given, tuple) else (given or 0.0, None)]
    )
    return FloorEvidence("bank", ("mlp(1, 2, 1)",), 3, "rank", None, "8-bit", 2.0, levels)


@pytest.mark.parametrize(
    ("found", "expected", "told"),
    [
        (
            {"orbit": 0.25, "function": 0.5},
            {"orbit": [0.25, 0.25], "function": [0.5, 1]},
            Verdict("pass", "", "8-bit: orbit exactly 0.25; function at least 0.5", "8-bit: orbit 0.25; function 0.5"),
        ),
        (
            {"orbit": 0.25, "function": 0.5, "other": 0.75},
            {"orbit": [0, 0.125], "function": [0.625, 0.75], "other": [0, 1]},
            Verdict(
                "fail",
                "orbit 0.25, expected at most 0.125; function 0.5, expected 0.625 to 0.75",
                "8-bit: orbit at most 0.125; function 0.625 to 0.75; other at least 0",
                "8-bit: orbit 0.25; function 0.5; other 0.75",
            ),
        ),
        (
            {"orbit": (0.25, 0.5), "function": (0.5, 0.75)},
            {"orbit": [0, 0.25], "function": [0.75, 1]},
            Verdict(
                "undecided",
                "orbit lies between 0.25 and 0.5, expected at most 0.25; function lies between 0.5 and 0.75, "
                "expected at least 0.75: equality could not be decided for all networks",
                "8-bit: orbit at most 0.25; function at least 0.75",
                "8-bit: orbit 0.25; function 0.5",
            ),
        ),
        (
            {"orbit": (0.5, 0.25)},  # what rounding makes of one number is no interval
            {"orbit": [0.5, 0.625]},
            Verdict("pass", "", "8-bit: orbit 0.5 to 0.625", "8-bit: orbit 0.5"),
        ),
        (
            {"orbit": None, "function": None},
            {"orbit": [0, 0], "function": [0, 0.5]},
            Verdict(
                "observed",
                "no class has two networks at orbit, function: says nothing at this precision",
                "any",
                "8-bit: orbit 0; function 0",
            ),
        ),
        (
            {"orbit": None, "function": 0.5},
            {"orbit": [0, 0], "function": [0, 1]},
            Verdict(
                "observed",
                "no class has two networks at orbit, function: says nothing at this precision",
                "any",
                "8-bit: orbit 0; function 0.5",
            ),
        ),
        (
            {"function": 0.5},
            {"function": [0, 1]},
            Verdict("observed", "every floor is expected", "any", "8-bit: function 0.5"),
        ),
        (
            {"function": 1.0},
            {"function": [0.5, 1]},
            Verdict("pass", "", "8-bit: function at least 0.5", "8-bit: function 1"),
        ),
    ],
)
def test_the_verdict_in_full(found, expected, told):
    assert judge(floors(**found), expected) == told
    again = KIND.rejudge(Stored(floors(**found), {"forms": {"8-bit": expected}}, "8-bit"))
    assert again is not None
    assert Verdict(again.outcome, again.reason, again.predicted, again.observed, again.fault) == told


def test_what_is_stored_is_judged_by_its_own_numbers_and_form():
    stored = replace(floors(orbit=0.25), form="float", levels=(replace(floors(orbit=0.25).levels[0], relative=9.0),))
    again = KIND.rejudge(Stored(stored, {"forms": {"8-bit": {"orbit": [0.25, 0.25]}, "float": {}}}, "8-bit"))
    assert again is not None and again.evidence == floors(orbit=0.25) and again.outcome == "pass"
    assert KIND.rejudge(Stored(replace(stored, levels=()), {"forms": {"8-bit": {}}}, "8-bit")) is None
    assert KIND.rejudge(Stored(None, {"forms": {"8-bit": {}}}, "8-bit")) is None


@pytest.mark.parametrize(
    ("changes", "place", "words"),
    [
        ({"label": "rank"}, "label", "available: none"),
        ({"target": None, "label": None}, "", "give one of the two"),
        ({"target": {"name": "loss-gradient"}}, "target", "no functional"),
        ({"target": {"name": "inr-class"}}, "target", "implicit image"),
        ({"forms": {"float": {"1-wl": [0.5, 0.2]}}}, "forms.float.1-wl", "above the most"),
        ({"forms": {"float": {"3-wl": [0, 1]}}}, "forms.float.3-wl", ""),
        ({"forms": {"9-bits": {"orbit": [0, 1]}}}, "forms", ""),
    ],
)
def test_what_makes_no_sense_is_refused(changes, place, words):
    given = {**TWINS, "target": {"name": "middle-rank"}, "forms": {"float": {"orbit": [0, 1]}}, **changes}
    if "label" in changes and "target" not in changes:
        given["target"] = None
    with pytest.raises(SuiteValueError) as raised:
        resolved(**given)
    assert any(".".join(map(str, where)).startswith(place) and words in said for where, said in raised.value.problems)


def test_a_constant_label_is_vacuous():
    given = {"space": "small", "regime": {"name": "ties"}, "samples": 8, "label": None}
    found = row(resolved(**given, target={"name": "weight-norms"}, forms={"float": {"orbit": [0, 1]}}))
    assert found.outcome == "observed"
    twins = resolved(**{**TWINS, "samples": 2}, target={"name": "value-at-point"}, forms={"float": {"1-wl": [0, 1]}})
    assert row(twins).outcome == "error" and "vacuous" in row(twins).reason
