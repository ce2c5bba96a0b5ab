"""What is predicted of an approximation row, and how it is judged: pure functions of a declaration and of numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orbitcheck.harness.checks.approximation.verdict import (
    ABOVE,
    ANY,
    APPROXIMABLE,
    APPROXIMATED,
    AT_FLOOR,
    BELOW_FLOOR,
    IMPOSSIBLE,
    LEAK,
    Floor,
    Measured,
    Prediction,
    classes_of,
    judge,
    predict,
)
from orbitcheck.harness.core.outcomes import Fault
from orbitcheck.harness.plugins.architecture import Traits
from orbitcheck.harness.targets import EQUIVARIANT_OPERATOR, FUNCTION_FUNCTIONAL, INVARIANT_FUNCTIONAL

ONE_WL = Traits(power="1-wl", rounds=lambda depth: (depth, depth))
NONE, HALF = Floor("refinement", 0.0, rounds=2), Floor("refinement", 0.5, rounds=2)
THRESHOLD = 0.05


def verdict(traits: Traits, floor: Floor | None, kind: str = INVARIANT_FUNCTIONAL, rounds=(4, 6)) -> str:
    return predict(traits, rounds if traits.power == "1-wl" else None, kind, floor, THRESHOLD).verdict


@pytest.mark.parametrize(
    ("power", "symmetry", "general_position", "classes"),
    [
        ("below-1-wl", "permutation", False, "refinement"),
        ("complete", "permutation", False, "orbit"),
        ("function", "permutation", True, "function"),
        ("unknown", "permutation", False, None),
        ("unknown", "permutation", True, "refinement"),
        ("unknown", "none", True, None),
        ("complete", "none", True, None),
    ],
)
def test_the_classes_follow_from_the_declaration(power, symmetry, general_position, classes):
    assert classes_of(Traits(power=power, symmetry=symmetry), general_position) == classes
    assert classes_of(ONE_WL, general_position) == "refinement"


def test_full_power_finds_what_its_classes_allow_and_nothing_else():
    for traits in (ONE_WL, Traits(power="complete"), Traits(power="function")):
        assert verdict(traits, NONE) == APPROXIMABLE
        assert verdict(traits, HALF) == IMPOSSIBLE
        assert predict(traits, None, INVARIANT_FUNCTIONAL, HALF, THRESHOLD).tight


def test_less_than_full_power_is_bounded_by_the_floor_and_promises_nothing():
    weak = [Traits(power="below-1-wl"), Traits(), Traits(power="complete", continuous=False)]
    for traits in [*weak, replace(ONE_WL, symmetry="permutation+scale")]:
        assert verdict(traits, NONE) == ANY
        assert verdict(traits, HALF) == IMPOSSIBLE
        assert not predict(traits, (4, 6), INVARIANT_FUNCTIONAL, HALF, THRESHOLD).tight
    assert verdict(replace(ONE_WL, symmetry="permutation+scale"), NONE, FUNCTION_FUNCTIONAL) == APPROXIMABLE
    assert verdict(Traits(symmetry="none"), None) == ANY


def test_a_network_too_shallow_for_the_classes_promises_nothing():
    deep = Floor("refinement", 0.0, rounds=5)
    assert verdict(ONE_WL, deep, rounds=(4, 6)) == ANY
    assert verdict(ONE_WL, deep, rounds=(5, 6)) == APPROXIMABLE


def test_the_capacity_of_an_output_binds_every_network_and_promises_nothing():
    for traits in (ONE_WL, Traits(), Traits(symmetry="none")):
        assert verdict(traits, Floor("capacity", 0.3), EQUIVARIANT_OPERATOR) == IMPOSSIBLE
        assert verdict(traits, Floor("capacity", 0.0), EQUIVARIANT_OPERATOR) == ANY


TIGHT = Prediction(IMPOSSIBLE, "", tight=True)
LOOSE = Prediction(IMPOSSIBLE, "")
YES, MAYBE = Prediction(APPROXIMABLE, ""), Prediction(ANY, "")


@pytest.mark.parametrize(
    ("error", "high", "prediction", "floor", "outcome", "observed"),
    [
        (0.02, 0.03, YES, NONE, "pass", APPROXIMATED),
        (0.04, 0.06, YES, NONE, "undecided", ABOVE),
        (0.9, 0.95, YES, NONE, "undecided", ABOVE),
        (0.9, 0.95, MAYBE, None, "observed", ABOVE),
        (0.02, 0.03, MAYBE, None, "observed", APPROXIMATED),
        (0.5, 0.51, TIGHT, HALF, "pass", AT_FLOOR),
        (0.519, 0.52, TIGHT, HALF, "pass", AT_FLOOR),
        (0.53, 0.54, TIGHT, HALF, "undecided", ABOVE),
        (0.53, 0.57, TIGHT, HALF, "pass", AT_FLOOR),
        (0.9, 0.95, LOOSE, HALF, "pass", ABOVE),
        (0.99, 1.01, LOOSE, HALF, "undecided", ABOVE),
        (0.99, 1.01, LOOSE, Floor("capacity", 0.98), "undecided", AT_FLOOR),
        (0.99, 1.01, TIGHT, Floor("orbit", 0.98), "pass", AT_FLOOR),
        (0.979, 0.98, LOOSE, Floor("capacity", 0.97), "pass", AT_FLOOR),
        (0.5 - 1e-10, 0.51, TIGHT, HALF, "pass", AT_FLOOR),
        (0.5 - 1e-8, 0.51, TIGHT, HALF, "fail", BELOW_FLOOR),
        (0.01, 0.02, LOOSE, HALF, "fail", BELOW_FLOOR),
        (0.01, 0.02, YES, Floor("refinement", 0.015), "fail", BELOW_FLOOR),
        (0.02, 0.03, YES, Floor("refinement", 0.015), "pass", APPROXIMATED),
    ],
)
def test_the_table_of_verdicts(error, high, prediction, floor, outcome, observed):
    found = judge(Measured((error, error), 0, error - 0.01, high), prediction, floor, THRESHOLD)
    assert (found.outcome, found.predicted, found.observed) == (outcome, prediction.verdict, observed)


def test_one_seed_below_the_floor_is_enough():
    assert judge(Measured((0.7, 0.4), 0, 0.65, 0.75), TIGHT, HALF, THRESHOLD).outcome == "fail"


def test_a_seed_in_a_poor_minimum_refutes_nothing():
    """That some network approximates is shown by the one that validation prefers."""
    for chosen, outcome in ((0, "pass"), (1, "undecided")):
        assert (
            judge(Measured((0.01, 0.4), chosen, 0.005, (0.02, 0.45)[chosen]), YES, NONE, THRESHOLD).outcome == outcome
        )


def test_a_spread_inside_a_class_is_a_leak_whatever_the_error():
    for prediction, floor in ((TIGHT, HALF), (YES, NONE), (MAYBE, NONE)):
        error = 0.5 if floor is HALF else 0.01
        at = Measured((error,), 0, error, error, leak=1e3)
        assert (judge(at, prediction, floor, THRESHOLD).outcome, judge(at, prediction, floor, THRESHOLD).observed) == (
            "fail",
            LEAK,
        )
        fine = "observed" if prediction is MAYBE else "pass"
        assert judge(replace(at, leak=10.0), prediction, floor, THRESHOLD).outcome == fine
    between = Measured((0.5,), 0, 0.5, 0.5, leak=50.0)
    assert judge(between, TIGHT, HALF, THRESHOLD).outcome == "undecided"


def test_a_diverged_seed_is_an_error_with_its_step_and_last_loss():
    fallen = Measured((0.5, 0.5), 0, 0.4, 0.6, diverged=((1, 37, 2.5e4),))
    found = judge(fallen, YES, NONE, THRESHOLD)
    assert (found.outcome, found.observed, found.fault) == ("error", "", Fault.DIVERGED)
    assert found.reason == "seed 1 diverged at step 37; the last finite loss was 2.5e+04"
