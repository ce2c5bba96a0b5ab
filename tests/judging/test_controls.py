"""What a run says of the tool itself: nulls and false positives, the ladder against depth, and planted defects."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from orbitcheck.harness.checks.detection.evidence import DetectionEvidence
from orbitcheck.harness.checks.prediction import Ground
from orbitcheck.harness.checks.separation.evidence import SeparationEvidence
from orbitcheck.harness.core.outcomes import Outcome
from orbitcheck.harness.core.result import Result, Run
from orbitcheck.harness.judging.controls import controls, is_null, round_ladder, upper_bound
from orbitcheck.harness.running.border import read_run
from orbitcheck.harness.running.planted import report
from orbitcheck.harness.running.planting.plants import PLANTS
from orbitcheck.harness.running.store import results_text


def row(name="net", observed="not separated", predicted="not separated", kind="separation", outcome="pass", **evidence):
    return Result(
        "0", "s", "c", kind, "#0", None, name, {}, outcome, "", predicted, observed,
        evidence_of(kind, evidence), None, 0, "float64", 0.0, 0.0, "", forwards=100,
    )  # fmt: skip


def evidence_of(kind, facts):
    if kind == "detection":
        return DetectionEvidence(**{"smallest_change": 1e-3, "digits": 3, "ladder": {}, **facts})
    pair = SeparationEvidence(
        family="generic", space="a space", relation="a relation", round=None, orbit="same", function="equal"
    )
    return replace(pair, **facts)


NET = [{"name": "net", "options": {"depth": 4}, "rounds": [3, 5]}]


@pytest.mark.parametrize(
    ("one", "null"),
    [
        (row(), True),
        (row(observed="separated"), True),
        (row(observed="undecided"), False),
        (row(orbit="different"), True),
        (row(orbit="different", predicted="separated"), False),
        (row(orbit="different", predicted="any"), False),
        (row(orbit="different", round=2), False),  # it shows after a round that the network declares not to reach
        (row(orbit="different", round=2, ground=Ground.DECLARED_SYMMETRY), True),
        (row(predicted="", observed=""), False),
    ],
)
def test_a_null_is_one_by_certificate(one, null):
    assert is_null(one) == null


def test_false_positives_carry_their_bound():
    rows = [row() for _ in range(149)] + [row(observed="separated", digits=4.0)]
    rows += [
        row(predicted="separated", observed="separated", digits=digits, orbit="different", effect=10 ** (digits - 13))
        for digits in (9.0, 6.0)
    ]
    rows += [row(kind="detection", t_res=t_res, digits=t_res + 1) for t_res in (5, 7)]
    (found,) = controls(rows, [*NET, {"name": "stranger"}])
    assert found == {
        "name": "net",
        "nulls": 150,
        "false_positives": 1,
        "bound": pytest.approx(beta.ppf(0.95, 2, 149)),
        "separated": 3,
        "digits": {"lowest": 4.0, "median": 6.0},
        "smallest_effect": 1e-7,
        "digits_of_change": 6,
        "t_res": 5,
        "forwards": 100 * len(rows),
    }


def test_detection_alone_is_told_and_the_least_t_res_counts():
    """Of several spaces, and of what a separation row measured for itself, the worst."""
    rows = [row(kind="detection", t_res=t_res, digits=digits) for t_res, digits in ((5, 11), (3, 9))]
    (found,) = controls(rows, NET)
    assert (found["nulls"], found["bound"], found["t_res"], found["digits_of_change"]) == (0, 1.0, 3, 9)
    (found,) = controls([*rows, row(t_res=2), row(t_res=None)], NET)
    assert found["t_res"] == 2


@pytest.mark.parametrize(("wrong", "trials"), [(0, 1), (0, 150), (3, 20), (19, 20)])
def test_the_bound_is_clopper_and_pearsons(wrong, trials):
    assert upper_bound(wrong, trials) == pytest.approx(beta.ppf(0.95, wrong + 1, trials - wrong), rel=1e-9)
    assert upper_bound(0, 0) == upper_bound(5, 5) == 1.0


@settings(derandomize=True, deadline=None, max_examples=40)
@given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n - 1), st.just(n))))
def test_the_bound_leaves_five_per_cent(case):
    """Exactly, in fractions."""
    successes, trials = case
    rate = Fraction(upper_bound(successes, trials))
    tail = sum(math.comb(trials, k) * rate**k * (1 - rate) ** (trials - k) for k in range(successes + 1))
    assert float(tail) == pytest.approx(0.05, rel=1e-6)


def test_the_ladder_is_told_round_by_round():
    def rung(t, observed, digits, predicted="separated"):
        return row(observed=observed, predicted=predicted, round=t, family="round-ladder", digits=digits)

    rows = [
        rung(1, "separated", 12.0),
        rung(1, "separated", 11.0),
        rung(3, "separated", 4.0, "any"),
        rung(2, "separated", 8.0),
        rung(2, "undecided", 1.0),
        replace(rung(1, "", 0.0), outcome="not-applicable"),
        row(kind="detection", t_res=4),
        row(observed="separated", round=9, family="direction", digits=3.0),
    ]
    (found,) = round_ladder(rows, [*NET, {"name": "other"}])
    points = found.pop("points")
    assert found == {"name": "net", "architecture": "net", "depth": 4, "declared": [3, 5], "t_res": 4, "reach": 1}
    assert points == [
        {"round": 1, "pairs": 2, "separated": 2, "predicted": 2, "digits": 11.0},
        {"round": 2, "pairs": 2, "separated": 1, "predicted": 2, "digits": 1.0},
        {"round": 3, "pairs": 1, "separated": 1, "predicted": 0, "digits": 4.0},
    ]


def test_a_run_keeps_its_controls():
    kept = {
        "controls": controls([row()], NET),
        "round_ladder": round_ladder([row(family="round-ladder", round=1, digits=4.0)], NET),
        "planted": [report(PLANTS["sound"], Outcome.PASS, "")],
    }
    assert all(kept.values())
    run = Run("0", {}, [], NET, [row()], **kept)
    again = read_run(results_text(run))
    assert (again.controls, again.round_ladder, again.planted) == (run.controls, run.round_ladder, run.planted)
