"""The two tiers of the separation suite hold what they promise: pairs, nulls, widths, families, claims."""

from __future__ import annotations

import pytest

from orbitcheck.harness.pairs import PAIR_FAMILIES
from orbitcheck.harness.pairs.making import make_pair
from orbitcheck.harness.suite import load_suite

TIERS = {"separation": 100, "separation-full": 400}


def separation_checks(name: str):
    return [check for check in load_suite(name).checks if check.kind == "separation"]


def family_of(check) -> str:
    return check.parameters["pairs"]["family"]


@pytest.mark.parametrize(("name", "pairs"), TIERS.items())
def test_a_tier_has_its_number_of_pairs_and_states_its_claims(name, pairs):
    suite = load_suite(name)
    assert sum(len(check.cases) for check in separation_checks(name)) == pairs
    assert {check.claim for check in suite.checks} >= {"thm-5.2", "prop-5.3", "prop-6.2", "thm-6.3"}
    assert {check.kind for check in suite.checks} == {"separation", "exhaustive", "detection"}


def test_the_quick_tier_is_narrow_and_needs_no_training():
    for check in separation_checks("separation"):
        assert family_of(check) != "trained"
        assert max(make_pair(check.parameters, check.cases[0]).space.widths) <= 10


def test_the_full_tier_has_every_family_and_150_pairs_of_one_orbit():
    checks = separation_checks("separation-full")
    assert {family_of(check) for check in checks} == set(PAIR_FAMILIES)
    cases = [(family_of(check), case) for check in checks for case in check.cases]
    assert sum(family == "same-orbit" or "same-orbit" in case for family, case in cases) == 150


@pytest.mark.parametrize("name", TIERS)
def test_the_ladder_is_climbed_at_several_depths(name):
    ladders = [check.parameters["pairs"] for check in separation_checks(name) if family_of(check) == "round-ladder"]
    assert len({pairs["layers"] for pairs in ladders}) >= 3
    assert all(pairs["rounds"] == list(range(1, 9)) for pairs in ladders)
