"""The table of certified relations against declared power, row by row and column by column."""

from __future__ import annotations

import pytest

from orbitcheck.harness.checks.prediction import ANY, NOT_SEPARATED, SEPARATED, predict

ONE_ORBIT = {"orbit": "same", "separating_round": None, "function": "equal"}
TWINS = {"orbit": "different", "separating_round": None, "function": "equal"}
ROUND_3_SAME = {"orbit": "different", "separating_round": 3, "function": "equal"}
ROUND_3_DIFFERENT = {"orbit": "different", "separating_round": 3, "function": "different"}
ROUND_3_UNKNOWN = {"orbit": "different", "separating_round": 3, "function": "unknown"}
ORBIT_UNKNOWN = {"orbit": "unknown", "separating_round": None, "function": "equal"}

POWERS = ["below-1-wl", "1-wl", "complete", "function", "unknown"]
TABLE = [
    (ONE_ORBIT, [NOT_SEPARATED] * 5),
    (TWINS, [NOT_SEPARATED, NOT_SEPARATED, SEPARATED, NOT_SEPARATED, ANY]),
    (ROUND_3_SAME, [ANY, SEPARATED, SEPARATED, NOT_SEPARATED, ANY]),
    (ROUND_3_DIFFERENT, [ANY, SEPARATED, SEPARATED, SEPARATED, ANY]),
    (ROUND_3_UNKNOWN, [ANY, SEPARATED, SEPARATED, ANY, ANY]),
    (ORBIT_UNKNOWN, [NOT_SEPARATED, NOT_SEPARATED, ANY, NOT_SEPARATED, ANY]),
]


@pytest.mark.parametrize(("relation", "row"), TABLE)
def test_the_table_is_what_the_protocol_says(relation, row):
    for power, wanted in zip(POWERS, row, strict=True):
        rounds = (4, 5) if power == "1-wl" else None
        assert predict(**relation, power=power, rounds=rounds).verdict == wanted, power


@pytest.mark.parametrize(
    ("rounds", "wanted"),
    [((3, 3), SEPARATED), ((4, 5), SEPARATED), ((2, 3), ANY), ((2, 4), ANY), ((1, 2), NOT_SEPARATED)],
)
def test_declared_rounds_bound_what_a_network_sees(rounds, wanted):
    assert predict(**ROUND_3_DIFFERENT, power="1-wl", rounds=rounds).verdict == wanted


@pytest.mark.parametrize("power", POWERS)
def test_a_pair_of_one_orbit_of_a_larger_declared_symmetry_must_not_be_parted(power):
    rounds = (4, 5) if power == "1-wl" else None
    assert predict(**ROUND_3_SAME, power=power, rounds=rounds, related=True).verdict == NOT_SEPARATED


def test_only_a_predicted_equality_makes_no_gap_conclusive():
    assert predict(**TWINS, power="1-wl", rounds=(4, 5)).equal
    assert not predict(**TWINS, power="unknown", rounds=None).equal
    assert not predict(**ROUND_3_SAME, power="1-wl", rounds=(4, 5)).equal


@pytest.mark.parametrize(
    ("relation", "power", "more", "why"),
    [
        (ONE_ORBIT, "complete", {}, "one orbit"),
        (ROUND_3_SAME, "complete", {"related": True}, "one orbit of the declared symmetry"),
        (TWINS, "unknown", {}, "power unknown: only soundness is predicted"),
        (TWINS, "function", {}, "the same function"),
        (ROUND_3_DIFFERENT, "function", {}, "different functions"),
        (ROUND_3_UNKNOWN, "function", {}, "function equality unknown"),
        (TWINS, "complete", {}, "two orbits"),
        (ORBIT_UNKNOWN, "complete", {}, "orbit equality unknown"),
        (TWINS, "below-1-wl", {}, "1-WL-equivalent"),
        (ROUND_3_SAME, "below-1-wl", {}, "weaker than 1-WL: may or may not see it"),
        (ROUND_3_SAME, "1-wl", {"rounds": (3, 4)}, "parts in round 3, sees all to round 3"),
        (ROUND_3_SAME, "1-wl", {"rounds": (1, 2)}, "parts in round 3, sees none past round 2"),
        (ROUND_3_SAME, "1-wl", {"rounds": (2, 3)}, "parts in round 3, between the declared rounds 2 and 3"),
    ],
)
def test_every_prediction_says_why(relation, power, more, why):
    """Reports print the reason; it has to be the one that decided."""
    assert predict(**{**relation, "power": power, "rounds": None, **more}).why == why
