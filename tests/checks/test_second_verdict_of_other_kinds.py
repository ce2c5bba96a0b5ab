"""Second verdicts of the other kinds, as tables: protocol.md, section 3, protocol.md, section 4, protocol.md, section 5."""

from __future__ import annotations

import itertools
from dataclasses import replace
from math import inf, nan, nextafter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitcheck.harness.checks.approximation import verdict as approximation
from orbitcheck.harness.checks.approximation.evidence import CoarseEvidence
from orbitcheck.harness.checks.approximation.verdict import Floor, Measured, Prediction
from orbitcheck.harness.checks.completeness import verdict as completeness
from orbitcheck.harness.checks.completeness.evidence import CompletenessEvidence
from orbitcheck.harness.checks.detection import verdict as detection
from orbitcheck.harness.checks.exhaustive import verdict as exhaustive
from orbitcheck.harness.checks.exhaustive.verdict import Predicted, Shown
from orbitcheck.harness.checks.general_position import verdict as general_position
from orbitcheck.harness.checks.resolution import verdict as resolution
from orbitcheck.harness.checks.resolution.evidence import ResolutionEvidence, StepEvidence
from orbitcheck.harness.checks.separation.evidence import RungEvidence
from orbitcheck.harness.core.outcomes import Fault
from orbitcheck.harness.plugins.traits import Traits
from orbitcheck.harness.targets.target import EQUIVARIANT_OPERATOR, FUNCTION_FUNCTIONAL, INVARIANT_FUNCTIONAL, LABEL


def first(table) -> str:
    """The line that decides."""
    return next(said for holds, said in table if holds)


def around(*values: float) -> list[float]:
    return [x for value in values for x in (nextafter(value, -inf), value, nextafter(value, inf))]


# Resolution: a step of every entry shows.


def step(predicted: int, hidden: int, unclear: int, entries: int = 6, seen: int | None = None) -> StepEvidence:
    shown = predicted - hidden - unclear if seen is None else seen
    return StepEvidence(entries, predicted, hidden, unclear, 20.0 if predicted else None, shown)


STEPS = [
    step(predicted, hidden, unclear)
    for predicted, hidden, unclear in itertools.product((0, 1, 6), (0, 1, 3), (0, 1, 3))
    if hidden + unclear <= predicted
] + [step(0, 0, 0, seen=6), step(3, 0, 0, seen=6)]


def test_resolution_fails_by_one_hidden_entry_of_either_precision():
    met = set()
    for here, there in itertools.product(STEPS, STEPS):
        for parts in (
            {"float64": {"W1": here, "b1": there}, "float32": {}},
            {"float64": {"W1": here}, "float32": {"W1": there}},
            {"float64": {}, "float32": {"W1": here, "b1": there}},
        ):
            steps = [each for tensors in parts.values() for each in tensors.values()]
            wanted = first(
                (
                    (sum(each.predicted for each in steps) == 0, "observed"),
                    (sum(each.hidden for each in steps) > 0, "fail"),
                    (sum(each.unclear for each in steps) > 0, "undecided"),
                    (True, "pass"),
                )
            )
            found = resolution.judge(ResolutionEvidence("a space", 4, **parts))
            assert (found.outcome, found.fault) == (wanted, None)
            everything = all(each.seen == each.entries for each in steps)
            assert found.observed == ("every entry shows" if everything else "some entries do not show")
            met.add(wanted)
    assert met == {"observed", "fail", "undecided", "pass"}


# Detection: changes show, and every declared round.


def test_detection_owes_every_round_that_is_declared():
    met = set()
    for power, exponent, low in itertools.product(
        ("1-wl", "complete", "function", "below-1-wl", "unknown"), (None, -1, -9), (None, 1, 2, 3)
    ):
        for ratios in ((), (5.0,), (1e4,), (1e4, 5.0), (1e12, 5.0), (1e12, 50.0), (1e12, 1e7, 5.0), (1e12, 1e11, 1e10)):
            for equal, trained in itertools.product((False, True), (None, *around(10.0, 1000.0))):
                rungs = {t: RungEvidence(ratio) for t, ratio in enumerate(ratios, 1)}
                if ratios:
                    rungs[len(ratios)] = RungEvidence(ratios[-1], equal, trained)
                best = [max(rung.ratio, rung.trained or 0) for rung in rungs.values()]
                shown = next((t for t, ratio in enumerate(best) if ratio < 1000), len(best))
                left, loss = (
                    (best[shown - 1], max([1e4, *map(lambda a, b: a / b, best[:shown], best[1:shown])]))
                    if shown
                    else (0, 1)
                )
                resolved = shown + sum(left / loss**n >= 1000 for n in range(1, 9)) if shown else 0
                missing = rungs.get(shown + 1)
                gone = missing is not None and best[shown] <= 10
                wanted = first(
                    (
                        (power in ("below-1-wl", "unknown"), "observed"),
                        (exponent is None, "undecided"),
                        (low is None or shown >= low, "pass"),
                        (gone and missing.equal, "fail"),
                        (gone and resolved > shown, "fail"),
                        (True, "undecided"),
                    )
                )  # fmt: skip
                assert detection.judge(exponent, power, low, rungs).outcome == wanted, (power, exponent, low, rungs)
                met.add(wanted)
    assert met == {"observed", "fail", "undecided", "pass"}


# Exhaustive: every pair of a bank.

WISHES = ("separated", "not", "any")


def second_exhaustive(draws: int, pairs: list[tuple[str, int, float]]) -> str:
    """Of pairs as (what is predicted, draws that showed its gap, best ratio)."""
    apart = [(wish, seen >= 2, best) for wish, seen, best in pairs]
    missing = [best for wish, parted, best in apart if wish == "separated" and not parted]
    return first(
        (
            (any(wish == "not" and parted for wish, parted, _ in apart), "fail"),
            (0.0 in missing and draws >= 4, "fail"),
            (bool(missing), "undecided"),
            (any(wish == "not" and best > 10 for wish, _, best in apart), "undecided"),
            (draws < 4, "undecided"),
            (all(wish == "any" for wish, _, _ in apart), "observed"),
            (True, "pass"),
        )
    )


pair = st.sampled_from(
    [
        (wish, seen, best)
        for wish in WISHES
        for seen, best in ((0, 0.0), (0, 5.0), (0, 10.0), (0, nextafter(10.0, 11)), (1, 1e4), (2, 1e4), (16, 1e9))
    ]
)


@given(st.sampled_from([1, 3, 4, 5, 16]), st.lists(pair, min_size=1, max_size=4))
@settings(deadline=None, derandomize=True, max_examples=400, database=None)
def test_a_bank_is_judged_pair_by_pair(draws, pairs):
    shown = Shown(draws, np.array([seen for _, seen, _ in pairs]), np.array([best for _, _, best in pairs]))
    wishes = np.array([wish for wish, _, _ in pairs], dtype=object)
    predicted = Predicted(wishes == "separated", wishes == "not")
    wanted = second_exhaustive(draws, pairs)
    names = [str(number) for number in range(len(pairs))]
    assert exhaustive.judge(shown, predicted, names).outcome == wanted
    waiting = any(
        (wish == "separated" and seen < 2) or (wish == "not" and best > 10 and seen < 2) for wish, seen, best in pairs
    )
    refuted = any(wish == "not" and seen >= 2 for wish, seen, _ in pairs)
    for taken in (draws, draws + 3, 15, 16, 17):
        more = not refuted and taken < 16 and (draws < 4 or waiting)
        assert exhaustive.wants_more(shown, predicted, taken) == more


# Approximation: floors refute, training does not.


def second_promise(traits: Traits, rounds, kind: str, floor: Floor | None, threshold: float) -> tuple[str, bool]:
    """What is predicted, and whether the floor is tight."""
    if floor is None or kind == LABEL:
        return "any", False
    alone = traits.symmetry == "permutation" or (kind == FUNCTION_FUNCTIONAL and traits.symmetry != "none")
    promises = traits.power in ("1-wl", "complete", "function") and alone and traits.continuous
    enough = rounds is None or floor.rounds is None or rounds[0] >= floor.rounds
    reached = promises and enough and floor.kind != "capacity"
    return first(
        (
            (floor.relative > threshold, ("impossible", reached)),
            (reached, ("approximable", False)),
            (True, ("any", False)),
        )
    )


def test_what_is_promised_follows_from_floor_and_declaration():
    met = set()
    for power, symmetry, continuous in itertools.product(
        ("below-1-wl", "1-wl", "complete", "function", "unknown"),
        ("permutation", "permutation+scale", "permutation+sign", "none"),
        (True, False),
    ):
        rounds = (3, 4) if power == "1-wl" else None
        traits = Traits(
            power=power, symmetry=symmetry, continuous=continuous, rounds=(lambda: (3, 4)) if rounds else None
        )
        for kind in (INVARIANT_FUNCTIONAL, FUNCTION_FUNCTIONAL, EQUIVARIANT_OPERATOR, LABEL):
            for relative, needs, name in itertools.product(
                (0.0, *around(0.05), 0.9), (None, 2, 3, 4), ("refinement", "orbit", "capacity")
            ):
                for floor in (None, Floor(name, relative, needs)):
                    made = approximation.predict(traits, rounds, kind, floor, 0.05)
                    wanted = second_promise(traits, rounds, kind, floor, 0.05)
                    assert (made.verdict, made.tight) == wanted, (traits, kind, floor)
                    met.add(wanted)
    assert met == {("any", False), ("impossible", True), ("impossible", False), ("approximable", False)}


def second_approximation(m: Measured, promise: str, tight: bool, floor: Floor | None, threshold: float) -> str:
    least = 0.0 if floor is None else floor.relative
    beside = m.error <= least + max(0.02, m.high - m.error)
    return first(
        (
            (bool(m.diverged), "error"),
            (floor is not None and min(m.errors) < least - 1e-9 * max(1.0, least), "fail"),
            (m.sup is not None and m.sup[0] < m.sup[1] - 1e-9 * max(1.0, m.sup[1]), "fail"),
            (m.leak is not None and m.leak >= 1000, "fail"),
            (m.leak is not None and not m.leak <= 10 and promise != "any", "undecided"),
            (promise == "any", "observed"),
            (promise == "approximable" and blind(m, threshold), "undecided" if m.larger else "fail"),
            (promise == "approximable", "pass" if m.high < threshold else "undecided"),
            (not tight, "pass" if m.error < 0.98 else "undecided"),
            (beside, "pass"),
            (True, "undecided"),
        )
    )


def blind(m: Measured, threshold: float) -> bool:
    return any(c.floor > threshold and c.spread is not None and not c.spread > 10 for c in m.coarse.values())


def test_what_is_constant_on_classes_with_a_floor_is_refuted_and_so_is_a_kink_too_many():
    met = set()
    for promise, error in itertools.product(("approximable", "impossible", "any"), (0.01, 0.3)):
        floor = Floor("refinement", 0.3 if promise == "impossible" else 0.0)
        for least, spread in itertools.product((*around(0.05), 0.9), (None, 0.0, *around(10.0), 1e9)):
            for sup in (None, (1.0, 0.5), (0.5, 0.5), (0.5 - 1e-6, 0.5)):
                coarse = {"constant": CoarseEvidence(1.0, 1e9), "bag": CoarseEvidence(least, spread)}
                for larger in (False, True):
                    measured = Measured((error,), 0, error, error, coarse=coarse, sup=sup, larger=larger)
                    made = approximation.judge(measured, Prediction(promise, "why", True), floor, 0.05)
                    wanted = second_approximation(measured, promise, True, floor, 0.05)
                    assert made.outcome == wanted, (measured, promise)
                    met.add((made.outcome, made.observed, larger))
    assert {("fail", "blind", False), ("undecided", "blind", True), ("fail", "below the floor", True)} <= met
    assert ("fail", "blind", True) not in met


def test_an_error_is_judged_alike_at_every_threshold():
    met = set()
    floors = (None, 0.0, 0.5, 0.97, 2.0)
    leaks = (None, 0.0, *around(10.0, 1000.0), nan)
    for least, promise, tight in itertools.product(floors, ("approximable", "impossible", "any"), (False, True)):
        if least is None and promise != "any":
            continue
        floor = None if least is None else Floor("orbit", least)
        low = least or 0.0
        below = low - 1e-9 * max(1.0, low)
        for error in (0.01, low + 0.3, *around(below, low, low + 0.02, 0.98)):
            for other, high in itertools.product((error, below - 1e-6, 3.0), (error, 0.05, error + 0.05)):
                for leak in leaks if other == error and high == error else (None,):
                    for chosen, errors in ((0, (error, other)), (1, (other, error))):
                        measured = Measured(errors, chosen, error, high, leak)
                        made = approximation.judge(measured, Prediction(promise, "why", tight), floor, 0.05)
                        wanted = second_approximation(measured, promise, tight, floor, 0.05)
                        assert made.outcome == wanted, (measured, promise, tight, floor)
                        met.add(made.outcome)
    assert met == {"pass", "fail", "undecided", "observed"}


def test_a_seed_that_diverged_is_an_error_whatever_else_was_seen():
    for error, leak in itertools.product((0.0, 1.0, nan), (None, 1e9)):
        measured = Measured((error,), 0, error, error, leak, ((0, 3, None),))
        found = approximation.judge(measured, Prediction("approximable", ""), Floor("orbit", 0.5), 0.05)
        assert (found.outcome, found.fault) == ("error", Fault.DIVERGED)


@pytest.mark.parametrize("promise", ["approximable", "impossible"])
def test_an_error_that_is_no_number_never_passes(promise):
    floor = Floor("orbit", 0.0 if promise == "approximable" else 0.5)
    good = Measured((0.01 if promise == "approximable" else 0.51,), 0, 0.01, 0.02)
    for tight in (False, True):
        assert approximation.judge(good, Prediction(promise, "", tight), floor, 0.05).outcome == "pass"
        for change in ({"errors": (nan,), "high": nan}, {"leak": nan}):
            found = approximation.judge(replace(good, **change), Prediction(promise, "", tight), floor, 0.05)
            assert found.outcome == "undecided"


# General position and completeness: numbers that are counted.


def test_a_share_lies_between_its_ends():
    met = set()
    for (least, most), share in itertools.product(
        ((0, 1), (1, 1), (0, 0), (0.25, 0.75), (0.25, 1), (0, 0.75)), (0.0, *around(0.25, 0.75), 1.0, nan)
    ):
        for other in ([0, 1], [0.5, 1]):
            expected = {"discrete": [least, most], "one-orbit": other}
            found = general_position.judge("float", {"discrete": share, "one-orbit": 0.5}, expected)
            wanted = first(
                (
                    ((least, most) == (0, 1) and other == [0, 1], "observed"),
                    (least <= share <= most, "pass"),
                    (True, "fail"),
                )
            )
            assert found.outcome == wanted
            met.add(wanted)
    assert met == {"observed", "pass", "fail"}


def test_a_layer_is_complete_by_both_ranks_alone():
    for hidden, rank, constant in itertools.product((False, True), (4, 5, 6), (1, 2, 3)):
        found = completeness.judge(CompletenessEvidence("", ("n1",), hidden, rank, 5, constant, 2, {}))
        assert found.outcome == ("pass" if hidden and rank == 5 and constant == 2 else "fail")
