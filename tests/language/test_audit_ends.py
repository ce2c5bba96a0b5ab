"""What suites expect of shares of the shipped zoos follows from exact counts of these, by one rule."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from orbitcheck.harness.language.reading import load_suite

ACCEPTANCE = Path(__file__).parents[2] / "benchmarks" / "acceptance"
spec = importlib.util.spec_from_file_location("audit_ends", ACCEPTANCE / "audit_ends.py")
assert spec is not None and spec.loader is not None
rule = importlib.util.module_from_spec(spec)
spec.loader.exec_module(rule)
COUNTED = json.loads((ACCEPTANCE / "results" / "audit.json").read_text(encoding="utf-8"))
CHECKS = {check.id: check for check in load_suite("audit").checks}


def test_every_check_of_the_suite_was_counted():
    assert set(CHECKS) == set(COUNTED) == set(rule.ZOOS)


@pytest.mark.parametrize("check", COUNTED)
def test_ends_are_those_of_the_counts(check: str):
    given = {
        form: {share: [float(end) for end in ends] for share, ends in expected.items()}
        for form, expected in CHECKS[check].parameters["forms"].items()
    }
    assert given == {form: rule.expected(held) for form, held in COUNTED[check].items()}


WIDER = json.loads((ACCEPTANCE / "results" / "audit_wider.json").read_text(encoding="utf-8"))
PUBLISHED = {
    ("paper", "audit"): COUNTED["general-position-inrs"],
    ("paper", "audit-wider"): WIDER,
    ("paper-full", "audit-inrs"): COUNTED["general-position-inrs"],
}
"""Checks of other suites whose rows are published with ends that were there before the rule -> the counts of their zoo."""


@pytest.mark.parametrize(("suite", "check"), PUBLISHED)
def test_published_ends_are_wider_than_those_of_the_counts_and_expect_something(suite: str, check: str):
    (own,) = (one for one in load_suite(suite).checks if one.id == check)
    for form, asked in own.parameters["forms"].items():
        held = PUBLISHED[suite, check][form]
        for share, (low, high) in asked.items():
            least, most = (1.0, 1.0) if share == "one-orbit" else rule.ends(held[share], held["networks"])
            assert low <= least and most <= high and (low, high) != (0, 1), (form, share)


def test_no_other_suite_expects_shares_of_a_zoo():
    suites = sorted(path.stem for path in (Path(__file__).parents[2] / "suites").glob("*.yaml"))
    asking = {
        (suite, check.id) for suite in suites for check in load_suite(suite).checks
        if check.kind == "general-position" and check.parameters["regime"]["name"] in ("digits-inr", "digits-classifiers", "diabetes-regressors", "zoo")
    }  # fmt: skip
    assert asking == set(PUBLISHED) | {("audit", check) for check in COUNTED}


def test_the_rule_by_hand():
    assert rule.ends(100, 100) == [0.96, 1.0] and rule.ends(0, 100) == [0.0, 0.04]
    assert rule.ends(50, 100) == [0.26, 0.74]  # 4 * 0.05 and 4 of 100


@pytest.mark.long
@pytest.mark.parametrize("check", COUNTED)
def test_counts_of_this_machine_lie_within_the_ends(check: str):
    for form, held in rule.counts(rule.ZOOS[check]).items():
        for share, (low, high) in rule.expected(COUNTED[check][form]).items():
            assert low <= held[share] / held["networks"] <= high
