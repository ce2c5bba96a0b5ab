"""What is predicted of an approximation row, and how it is judged: pure functions of a declaration and of numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from orbitcheck.harness.checks.approximation.evidence import CoarseEvidence
from orbitcheck.harness.checks.approximation.verdict import (
    ABOVE,
    ANY,
    APPROXIMABLE,
    APPROXIMATED,
    AT_FLOOR,
    BELOW_FLOOR,
    BLIND,
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
from orbitcheck.harness.core.result import Verdict
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


WHY = "some reason"
OPEN_FLOOR = Floor("orbit", 0.25)
AT = Floor("refinement", 0.5)


def told(prediction: str, measured: Measured, floor: Floor | None, tight: bool = False) -> Callable[[], Verdict]:
    """Judged when the test runs, not when it is collected: what mutation testing changes is not there before."""
    return lambda: judge(measured, Prediction(prediction, WHY, tight), floor, 0.05)


def seen(*errors: float, chosen: int = 0, low: float = 0.0, high: float | None = None, **more) -> Measured:
    return Measured(errors, chosen, low, errors[chosen] if high is None else high, **more)


COARSE = {
    "bag": CoarseEvidence(0.04, 0.0),
    "forward": CoarseEvidence(0.5, 10.0),
    "all": CoarseEvidence(0.75, 2.0),
}


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (
            told(ANY, seen(0.5, diverged=((2, 7, 0.125), (3, 1, None))), None),
            Verdict("error", "seed 2 diverged at step 7; the last finite loss was 0.125", ANY, "", Fault.DIVERGED),
        ),
        (
            told(ANY, seen(0.5, diverged=((3, 1, None),)), None),
            Verdict("error", "seed 3 diverged at step 1; there was no finite loss before", ANY, "", Fault.DIVERGED),
        ),
        (
            told(IMPOSSIBLE, seen(0.5, 0.4999, chosen=0), AT),
            Verdict(
                "fail",
                "error 0.4999 lies below the refinement floor 0.5: it sees more than declared",
                IMPOSSIBLE,
                BELOW_FLOOR,
            ),
        ),
        (
            told(IMPOSSIBLE, seen(0.5 - 5e-10), AT, tight=True),
            Verdict("pass", WHY, IMPOSSIBLE, AT_FLOOR),
        ),
        (
            told(ANY, seen(4 - 3e-9), Floor("capacity", 4.0)),
            Verdict("observed", WHY, ANY, AT_FLOOR),
        ),
        (
            told(ANY, seen(0.25, sup=(0.75, 1.0)), None),
            Verdict(
                "fail",
                "the largest error 0.75 lies below the sup-norm floor 1 of the output's pieces",
                ANY,
                BELOW_FLOOR,
            ),
        ),
        (
            told(ANY, seen(0.25, sup=(4 - 3e-9, 4.0)), None),
            Verdict("observed", WHY, ANY, ABOVE),
        ),
        (
            told(ANY, seen(0.25, leak=1000.0), Floor("orbit", 0.125)),
            Verdict("fail", "outputs inside one orbit class differ by 1.0e+03 times their noise", ANY, LEAK),
        ),
        (
            told(ANY, seen(0.25, leak=1500.0), None),
            Verdict("fail", "outputs inside one  class differ by 1.5e+03 times their noise", ANY, LEAK),
        ),
        (
            told(APPROXIMABLE, seen(0.01, leak=20.0), NONE),
            Verdict(
                "undecided",
                "outputs inside one class differ by 2.0e+01 times their noise (up to 10, a leak from 1000)",
                APPROXIMABLE,
                APPROXIMATED,
            ),
        ),
        (told(APPROXIMABLE, seen(0.01, leak=10.0), NONE), Verdict("pass", WHY, APPROXIMABLE, APPROXIMATED)),
        (told(ANY, seen(0.25, leak=20.0), OPEN_FLOOR), Verdict("observed", WHY, ANY, AT_FLOOR)),
        (
            told(APPROXIMABLE, seen(0.25, coarse=COARSE), NONE),
            Verdict(
                "fail",
                "constant on forward classes (spread 10 of their noise), which leave 0.5 of the variance whatever the budget",
                APPROXIMABLE,
                BLIND,
            ),
        ),
        (
            told(APPROXIMABLE, seen(0.04, coarse={"bag": COARSE["bag"]}), NONE),
            Verdict("pass", WHY, APPROXIMABLE, APPROXIMATED),
        ),
        (
            told(IMPOSSIBLE, seen(0.98), AT),
            Verdict(
                "undecided",
                "error 0.98 is that of no training at all, and the refinement floor 0.5 is not tight; more steps or parameters would decide",
                IMPOSSIBLE,
                ABOVE,
            ),
        ),
        (told(IMPOSSIBLE, seen(0.9), AT), Verdict("pass", WHY, IMPOSSIBLE, ABOVE)),
        (told(IMPOSSIBLE, seen(0.52), AT, tight=True), Verdict("pass", WHY, IMPOSSIBLE, AT_FLOOR)),
        (told(IMPOSSIBLE, seen(0.75, high=1.0), AT, tight=True), Verdict("pass", WHY, IMPOSSIBLE, AT_FLOOR)),
        (
            told(IMPOSSIBLE, seen(0.75, low=0.625, high=0.875), AT, tight=True),
            Verdict(
                "undecided",
                "error 0.75 (0.625 to 0.875) when the budget ended, above the floor 0.5; more steps, samples or parameters would decide",
                IMPOSSIBLE,
                ABOVE,
            ),
        ),
        (
            told(APPROXIMABLE, seen(0.04, high=0.05), NONE),
            Verdict(
                "undecided",
                "error 0.04 (0 to 0.05) when the budget ended, above the threshold 0.05; more steps, samples or parameters would decide",
                APPROXIMABLE,
                ABOVE,
            ),
        ),
    ],
)
def test_every_verdict_is_told_in_full(found, wanted):
    assert found() == wanted


@pytest.mark.parametrize(
    ("traits", "floor", "rounds", "wanted"),
    [
        (Traits(symmetry="none", power="complete"), None, None, Prediction(ANY, "declares no symmetry")),
        (Traits(power="unknown"), None, None, Prediction(ANY, "no floor is known for power unknown here")),
        (ONE_WL, HALF, (2, 3), Prediction(IMPOSSIBLE, "refinement classes leave 0.5 of the variance", True)),
        (ONE_WL, HALF, (1, 3), Prediction(IMPOSSIBLE, "refinement classes leave 0.5 of the variance", False)),
        (
            ONE_WL,
            Floor("capacity", 0.5),
            (2, 3),
            Prediction(IMPOSSIBLE, "the output's pieces leave 0.5 of the variance, whatever is emitted", False),
        ),
        (
            ONE_WL,
            Floor("capacity", 0.05),
            (2, 3),
            Prediction(ANY, "0.05 of the variance at least; which capacity suffices, theory does not say"),
        ),
        (
            Traits(power="unknown"),
            NONE,
            None,
            Prediction(ANY, "power unknown with symmetry permutation promises nothing here"),
        ),
        (ONE_WL, NONE, (1, 3), Prediction(ANY, "needs refinement round 2; declared is round 1")),
        (
            Traits(power="2-fwl", rounds=lambda depth: (1, 2)),
            Floor("2-fwl", 0.0, rounds=2),
            (1, 2),
            Prediction(ANY, "needs 2-FWL round 2; declared is round 1"),
        ),
        (ONE_WL, NONE, (2, 3), Prediction(APPROXIMABLE, "no two classes that matter are merged (refinement floor 0)")),
        (
            Traits(power="complete", continuous=False),
            Floor("orbit", 0.0),
            None,
            Prediction(ANY, "power complete with symmetry permutation promises nothing here"),
        ),
    ],
)
def test_every_prediction_is_told_in_full(traits, floor, rounds, wanted):
    assert predict(traits, rounds, INVARIANT_FUNCTIONAL, floor, 0.05) == wanted
