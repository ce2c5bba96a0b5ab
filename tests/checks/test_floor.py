"""Rows of the floor check: floors between their ends, labels and targets, and what makes no sense."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orbitcheck.harness.checks.floor.kind import KIND
from orbitcheck.harness.checks.floor.verdict import judge
from orbitcheck.harness.checks.stored import Stored
from orbitcheck.harness.core.cell import WEIGHTS, Cell
from orbitcheck.harness.core.parameters import SuiteValueError, parse_parameters
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
