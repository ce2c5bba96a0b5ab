"""Verdicts of the smaller kinds, word by word, and stored evidence judged again: what is derived in it is derived anew."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from orbitcheck.harness.checks.approximation import verdict as approximation
from orbitcheck.harness.checks.approximation.evidence import ApproximationEvidence, CoarseEvidence, SeedEvidence
from orbitcheck.harness.checks.approximation.verdict import Floor, Measured
from orbitcheck.harness.checks.completeness import verdict as completeness
from orbitcheck.harness.checks.completeness.evidence import CompletenessEvidence
from orbitcheck.harness.checks.detection import verdict as detection
from orbitcheck.harness.checks.detection.evidence import DetectionEvidence
from orbitcheck.harness.checks.exhaustive import verdict as exhaustive
from orbitcheck.harness.checks.exhaustive.evidence import ExhaustiveEvidence, RoundCount
from orbitcheck.harness.checks.exhaustive.verdict import Predicted, Shown
from orbitcheck.harness.checks.general_position import verdict as general_position
from orbitcheck.harness.checks.general_position.evidence import GeneralPositionEvidence
from orbitcheck.harness.checks.prediction import predict
from orbitcheck.harness.checks.resolution import verdict as resolution
from orbitcheck.harness.checks.resolution.evidence import ResolutionEvidence, StepEvidence
from orbitcheck.harness.checks.separation.evidence import RungEvidence
from orbitcheck.harness.checks.stored import Stored
from orbitcheck.harness.core.evidence import Evidence
from orbitcheck.harness.core.outcomes import Fault
from orbitcheck.harness.core.result import Verdict
from orbitcheck.harness.oracles.audit import Audit
from orbitcheck.harness.plugins.traits import Traits
from orbitcheck.harness.targets.target import LABEL
from orbitcheck.harness.weights.space import mlp

REJUDGES = (approximation, completeness, detection, exhaustive, general_position, resolution)


@pytest.mark.parametrize("kind", REJUDGES, ids=lambda kind: kind.__name__.split(".")[-2])
def test_evidence_of_another_kind_is_not_judged(kind):
    assert kind.rejudge(Stored(Evidence(), {}, "a case")) is None


# Resolution.

SHOWN, HIDDEN, HARDLY = (
    StepEvidence(4, 4, 0, 0, 50.0, 4),
    StepEvidence(6, 5, 2, 0, 0.5, 3),
    StepEvidence(6, 4, 0, 3, 5.0, 2),
)
UNASKED = StepEvidence(4, 0, 0, 0, None, 3)


@pytest.mark.parametrize(
    ("float64", "float32", "told"),
    [
        ({"W1": SHOWN}, {"W1": SHOWN}, Verdict("pass", "", "every entry shows", "every entry shows")),
        (
            {"W1": UNASKED},
            {},
            Verdict("observed", "nothing is predicted of any entry", "any", "some entries do not show"),
        ),
        (
            {"W1": HIDDEN, "b1": SHOWN, "b2": replace(HIDDEN, hidden=1)},
            {"W1": SHOWN, "W2": HIDDEN},
            Verdict(
                "fail",
                "a step of one entry does not show: float64: W1 (2 of 5 entries), b2 (1 of 5 entries); float32: W2 (2 of 5 entries)",
                "every entry shows",
                "some entries do not show",
            ),
        ),
        (
            {"W1": HARDLY},
            {"W1": SHOWN},
            Verdict(
                "undecided",
                "a step of one entry hardly shows above rounding: float64: W1 (3 of 4 entries)",
                "every entry shows",
                "some entries do not show",
            ),
        ),
        (
            {"W1": HARDLY},
            {"W1": HIDDEN},
            Verdict(
                "fail",
                "a step of one entry does not show: float32: W1 (2 of 5 entries)",
                "every entry shows",
                "some entries do not show",
            ),
        ),
    ],
)
def test_resolution_in_full(float64, float32, told):
    measured = ResolutionEvidence("a space", 4, float64, float32)
    assert resolution.judge(measured) == told
    again = resolution.rejudge(Stored(measured, {}, "a case"))
    assert again is not None and again.evidence is measured
    assert Verdict(again.outcome, again.reason, again.predicted, again.observed, again.fault) == told


def test_a_network_that_was_shown_no_step_is_not_judged():
    for parts in ({"float64": {}}, {"float32": {}}, {}):
        assert resolution.rejudge(Stored(ResolutionEvidence("a space", 0, **parts), {}, "")) is None
    assert resolution.judge(ResolutionEvidence("a space")).outcome == "observed"


# Detection.

OF_MLPS = {"spaces": {"a case": mlp(1, 4, 3, 1).to_json()}}

LADDER = {1: RungEvidence(1e12), 2: RungEvidence(1e4, trained=1e6), 3: RungEvidence(5.0)}


@pytest.mark.parametrize(
    ("exponent", "power", "low", "rungs", "told"),
    [
        (
            -9,
            "unknown",
            None,
            LADDER,
            Verdict("observed", "power unknown: nothing is predicted", "any", "sees changes of 1e-9, t_res = 2"),
        ),
        (
            None,
            "1-wl",
            3,
            {},
            Verdict(
                "undecided",
                "shows no change of 1e-1; every 'not separated' of this network is void",
                "sees a change and every round to 3",
                "nothing seen",
            ),
        ),
        (-9, "complete", None, {}, Verdict("pass", "", "sees a change", "sees changes of 1e-9, t_res = 0")),
        (
            -9,
            "1-wl",
            2,
            LADDER,
            Verdict("pass", "", "sees a change and every round to 2", "sees changes of 1e-9, t_res = 2"),
        ),
        (
            -9,
            "1-wl",
            3,
            LADDER,
            Verdict(
                "undecided",
                "declared to round 3, shown to 2; declare rounds that it can show",
                "sees a change and every round to 3",
                "sees changes of 1e-9, t_res = 2",
            ),
        ),
        (
            -9,
            "1-wl",
            3,
            {**LADDER, 3: RungEvidence(0.0, equal=True)},
            Verdict(
                "fail",
                "declared to round 3, shown to 2: equal to the bit in round 3",
                "sees a change and every round to 3",
                "sees changes of 1e-9, t_res = 2",
            ),
        ),
        (
            -9,
            "1-wl",
            3,
            {1: RungEvidence(1e12), 2: RungEvidence(5.0)},
            Verdict(
                "fail",
                "declared to round 3, shown to 1, where its own rungs say that round 3 shows",
                "sees a change and every round to 3",
                "sees changes of 1e-9, t_res = 3",
            ),
        ),
    ],
)
def test_detection_in_full(exponent, power, low, rungs, told):
    assert detection.judge(exponent, power, low, rungs) == told
    measured = detection.evidence(exponent, power, low, rungs)
    declared = {"power": power, "symmetry": "permutation", **({"rounds": [low, low]} if low else {})}
    forged = replace(measured, t_res=99, shown=99, power="", declared=None, ladder={})
    again = detection.rejudge(Stored(forged, OF_MLPS, "a case", declared))
    assert again is not None and again.evidence == measured
    assert Verdict(again.outcome, again.reason, again.predicted, again.observed, again.fault) == told


def test_what_detection_stores():
    assert detection.evidence(-9, "1-wl", 3, LADDER) == DetectionEvidence(
        1e-9, 9, 2, {"1": 12.0, "2": 6.0, "3": pytest.approx(0.699, abs=1e-3)}, "1-wl", 3, 2,
        {"1": LADDER[1], "2": LADDER[2], "3": LADDER[3]},
    )  # fmt: skip
    assert detection.evidence(None, "unknown", None, {1: RungEvidence(0.5)}) == DetectionEvidence(
        None, 0, 0, {"1": 0.0}, "unknown", None, 0, {"1": RungEvidence(0.5)}
    )


def test_rounds_are_asked_where_the_declaration_holds_everywhere():
    found = detection.evidence(-9, "1-wl", 3, LADDER)
    declared = {"power": "1-wl", "symmetry": "permutation", "rounds": [3, 4], "domain": "general-position"}
    again = detection.rejudge(Stored(found, OF_MLPS, "a case", declared))
    assert again is not None and again.outcome == "pass" and again.predicted == "sees a change"


# Exhaustive.

NAMES = ["0, 1", "0, 2", "1, 2"]


def predicted(words: str) -> Predicted:
    """`s`, `n` or `-` a pair."""
    return Predicted(np.array([word == "s" for word in words]), np.array([word == "n" for word in words]))


@pytest.mark.parametrize(
    ("words", "seen", "best", "draws", "told"),
    [
        ("ssn", [2, 3, 0], [1e6, 1e6, 10.0], 4, ("pass", "", "2 of 3 pairs separated, 1 not", "2 of 3 pairs separated")),
        ("---", [2, 0, 0], [1e6, 1.0, 1.0], 4, ("observed", "nothing is predicted of any pair", "any", "1 of 3 pairs separated")),
        (
            "snn", [2, 2, 2], [1e6, 1e6, 1e6], 4,
            ("fail", "2 pairs separated that must not be; the first: 0, 2", "1 of 3 pairs separated, 2 not", "3 of 3 pairs separated"),
        ),
        (
            "ssn", [2, 1, 0], [1e6, 1e6, 0.0], 16,
            ("undecided", "1 pairs not separated in 16 draws; the first: 0, 2; declare what it can show",
             "2 of 3 pairs separated, 1 not", "1 of 3 pairs separated"),
        ),
        (
            "sss", [0, 0, 0], [1.0, 0.0, 0.0], 16,
            ("fail", "3 pairs not separated in 16 draws; the first: 0, 1; 2 of them equal to the bit in all draws, the first: 0, 2",
             "3 of 3 pairs separated, 0 not", "0 of 3 pairs separated"),
        ),
        (
            "snn", [2, 0, 1], [1e6, 10.0, 11.0], 16,
            ("undecided", "1 pairs between noise and gap after 16 draws; the first: 1, 2",
             "1 of 3 pairs separated, 2 not", "1 of 3 pairs separated"),
        ),
        (
            "snn", [2, 0, 0], [1e6, 0.0, 0.0], 3,
            ("undecided", "0 pairs between noise and gap after 3 draws", "1 of 3 pairs separated, 2 not", "1 of 3 pairs separated"),
        ),
    ],
)  # fmt: skip
def test_exhaustive_in_full(words, seen, best, draws, told):
    shown, wanted = Shown(draws, np.array(seen), np.array(best)), predicted(words)
    assert exhaustive.judge(shown, wanted, NAMES) == Verdict(*told)
    named = exhaustive.offender(shown, wanted)
    offends = [name for name in NAMES if f"; the first: {name}" in told[1]]
    assert (None if named is None else [NAMES[named]]) == (offends or None)
    missing = [word == "s" and count < 2 and ratio == 0 for word, count, ratio in zip(words, seen, best, strict=True)]
    assert exhaustive.missing_and_equal(shown, wanted).tolist() == missing


def test_draws_of_a_bank_add_up():
    shown = Shown.nothing(3)
    assert (shown.draws, shown.seen.tolist(), shown.best.tolist()) == (0, [0, 0, 0], [0.0, 0.0, 0.0])
    shown = shown.and_draw(np.array([999.0, 1000.0, 1e6])).and_draw(np.array([5.0, 1e3, 3.0]))
    assert (shown.draws, shown.seen.tolist(), shown.best.tolist()) == (2, [0, 2, 1], [999.0, 1e3, 1e6])
    assert shown.parted.tolist() == [False, True, False]


BANK = ExhaustiveEvidence(
    "a space", 3, 3, 3, draws=17, set_aside=1, smallest_ratio=5.0, largest_null_ratio=2.0,
    by_round={"1": RoundCount(2, 2), "none": RoundCount(1, 0)},
    by_function={"equal": RoundCount(1, 1), "different": RoundCount(1, 1)},
)  # fmt: skip
WL = {"power": "1-wl", "symmetry": "permutation", "rounds": [2, 3]}


@pytest.mark.parametrize(
    ("change", "declared", "told"),
    [
        ({}, WL, ("pass", "", "2 of 3 pairs separated, 1 not", "2 of 3 pairs separated")),
        ({}, {"power": "unknown"}, ("observed", "nothing is predicted of any pair", "any", "2 of 3 pairs separated")),
        (
            {"offender": "0, 1"}, {"power": "function"},
            ("fail", "1 pairs separated that must not be; the first: 0, 1", "1 of 3 pairs separated, 2 not", "2 of 3 pairs separated"),
        ),
        (
            {"offender": "0, 1", "by_round": {"4": RoundCount(2, 1), "3": RoundCount(1, 1)}}, WL,
            ("fail", "1 pairs separated that must not be; the first: 0, 1", "0 of 3 pairs separated, 2 not", "2 of 3 pairs separated"),
        ),
        (
            {"offender": "0, 1", "by_round": {"1": RoundCount(2, 1), "none": RoundCount(1, 0)}}, WL,
            ("undecided", "1 pairs not separated in 16 draws; the first: 0, 1; declare what it can show",
             "2 of 3 pairs separated, 1 not", "1 of 3 pairs separated"),
        ),
        (
            {"offender": "0, 1", "by_round": {"1": RoundCount(3, 0)}, "equal": 2, "first_equal": "0, 2"}, WL,
            ("fail", "3 pairs not separated in 16 draws; the first: 0, 1; 2 of them equal to the bit in all draws, the first: 0, 2",
             "3 of 3 pairs separated, 0 not", "0 of 3 pairs separated"),
        ),
        (
            {"offender": "0, 1", "by_round": {"1": RoundCount(3, 0)}, "equal": 1, "first_equal": "0, 1"}, WL,
            ("fail", "3 pairs not separated in 16 draws; the first: 0, 1; 1 of them equal to the bit in all draws, the first: 0, 1",
             "3 of 3 pairs separated, 0 not", "0 of 3 pairs separated"),
        ),
        (
            {"offender": "0, 1"}, {"power": "complete"},
            ("undecided", "1 pairs not separated in 16 draws; the first: 0, 1; declare what it can show",
             "3 of 3 pairs separated, 0 not", "2 of 3 pairs separated"),
        ),
        (
            {"by_round": {"1": RoundCount(3, 0)}, "equal": 1}, WL,
            ("fail", "3 pairs not separated in 16 draws; the first: ; 1 of them equal to the bit in all draws, the first: ",
             "3 of 3 pairs separated, 0 not", "0 of 3 pairs separated"),
        ),
        (
            {"draws": None, "set_aside": None}, WL,
            ("undecided", "0 pairs between noise and gap after 0 draws", "2 of 3 pairs separated, 1 not", "2 of 3 pairs separated"),
        ),
        (
            {"offender": "1, 2", "largest_null_ratio": 11.0}, WL,
            ("undecided", "1 pairs between noise and gap after 16 draws; the first: 1, 2",
             "2 of 3 pairs separated, 1 not", "2 of 3 pairs separated"),
        ),
        (
            {"draws": 3, "set_aside": None, "largest_null_ratio": None}, WL,
            ("undecided", "0 pairs between noise and gap after 3 draws", "2 of 3 pairs separated, 1 not", "2 of 3 pairs separated"),
        ),
        (
            {"by_round": {"4": RoundCount(3, 0)}, "read_out": True}, WL,
            ("observed", "nothing is predicted of any pair", "any", "0 of 3 pairs separated"),
        ),
        (
            {"by_round": {"1": RoundCount(2, 2), "none": RoundCount(1, 0)}}, {**WL, "symmetry": "permutation+scale"},
            ("pass", "", "0 of 3 pairs separated, 1 not", "2 of 3 pairs separated"),
        ),
    ],
)  # fmt: skip
def test_a_stored_bank_is_judged_again(change, declared, told):
    stored = replace(BANK, **change)
    again = exhaustive.rejudge(Stored(replace(stored, pairs=99), {}, "", {"symmetry": "permutation", **declared}))
    assert again is not None and again.evidence == stored and type(again.evidence.pairs) is int
    assert (again.outcome, again.reason, again.predicted, again.observed, again.fault) == (*told, None)


PAIRS = {"power": "2-fwl", "symmetry": "permutation", "rounds": [1, 2]}


@pytest.mark.parametrize(
    ("rounds", "declared", "told"),
    [
        (  # at round 0 and at `low` separated, past `high` not, and never of what no round of pairs parts
            {"0": (1, 1), "1": (1, 1), "3": (1, 0), "none": (1, 0)}, {},
            ("pass", "", "2 of 4 pairs separated, 2 not", "2 of 4 pairs separated"),
        ),
        (
            {"2": (2, 1), "none": (1, 0)}, {},
            ("pass", "", "0 of 3 pairs separated, 1 not", "1 of 3 pairs separated"),
        ),
        (
            {"2": (3, 1)}, {}, ("observed", "nothing is predicted of any pair", "any", "1 of 3 pairs separated"),
        ),
        (
            {"none": (3, 1)}, {},
            ("fail", "1 pairs separated that must not be; the first: 0, 1", "0 of 3 pairs separated, 3 not", "1 of 3 pairs separated"),
        ),
        (
            {"0": (1, 1), "none": (1, 0)}, {"symmetry": "permutation+scale"},
            ("pass", "", "0 of 2 pairs separated, 1 not", "1 of 2 pairs separated"),
        ),
    ],
)  # fmt: skip
def test_a_stored_bank_of_a_2_fwl_network_is_judged_by_rounds_of_pairs(rounds, declared, told):
    """The rounds of refinement of nodes and the functions, which would predict otherwise, decide nothing then."""
    counts = {name: RoundCount(*each) for name, each in rounds.items()}
    stored = replace(BANK, by_two_fwl=counts, by_round={"1": RoundCount(3, 3)}, offender="0, 1")
    again = exhaustive.rejudge(Stored(stored, {}, "", {**PAIRS, **declared}))
    assert again is not None
    assert (again.outcome, again.reason, again.predicted, again.observed, again.fault) == (*told, None)
    assert exhaustive.rejudge(Stored(replace(stored, by_two_fwl=None), {}, "", {**PAIRS, **declared})) is None


def test_a_bank_of_a_2_fwl_network_is_told_of_pairs_as_a_pair_is():
    """What a bank tells `predict` is what a single pair tells it."""
    for number in (None, -1, 0, 1, 2, 3):
        asked = {"two_fwl": "unknown"} if number is None else {"two_fwl": "different", "two_fwl_round": number}
        asked = {"two_fwl": "equivalent"} if number == -1 else asked
        fixed = {"orbit": "different", "separating_round": 5, "function": "unknown", "power": "2-fwl", "rounds": (1, 2)}
        assert predict(**fixed, **exhaustive.by_two_fwl(number)) == predict(**fixed, **asked)


def test_a_bank_that_was_not_shown_is_not_judged():
    for parts in ({"by_round": None}, {"by_function": None}):
        assert exhaustive.rejudge(Stored(replace(BANK, **parts), {}, "", WL)) is None


# General position.


def test_general_position_in_full():
    found = {"general-position": 0.5, "discrete": 1.0, "one-orbit": 0.25, "more": 0.125}
    expected = {"general-position": [0.75, 1], "discrete": [1, 1], "one-orbit": [0, 0.2], "more": [0.1, 0.2]}
    assert general_position.judge("float", found, expected) == Verdict(
        "fail",
        "general-position 50 %, expected at least 75 %; one-orbit 25 %, expected at most 20 %",
        "float: general-position at least 75 %; discrete exactly 100 %; one-orbit at most 20 %; more 10 % to 20 %",
        "float: general-position 50 %; discrete 100 %; one-orbit 25 %; more 12.5 %",
    )
    assert general_position.judge("float", found, {"discrete": [1, 1]}) == Verdict(
        "pass", "", "float: discrete exactly 100 %", "float: discrete 100 %"
    )
    assert general_position.judge("float", found, {"discrete": [0, 1]}) == Verdict(
        "observed", "every share is expected", "any", "float: discrete 100 %"
    )


def test_an_audit_is_stored_and_judged_again():
    audit = Audit(
        general_position=np.array([True, False, True, True]),
        discrete=np.array([True, True, False, False]),
        rounds=np.array([1, 2, -1, 2]),
        tied=np.array([[0, 1], [2, 1], [0, 2], [2, 0]]),
        one_orbit=np.array([False, False, False, True]),
        classes=3,
        orbits=4,
    )
    shares = {"general-position": 0.75, "discrete": 0.5, "one-orbit": 0.25}
    assert general_position.shares(audit) == shares
    parted = np.array([True, True, True, False])
    assert general_position.shares(audit, parted) == {**shares, "separated": 0.75}
    made = general_position.evidence(audit, "float", shares)
    assert made == GeneralPositionEvidence("float", 4, shares, {"never": 1, "1": 1, "2": 2}, (1.0, 1.0), 3, 4)
    asked = {"forms": {"float": {"discrete": [0.5, 0.75]}, "half": {"discrete": [1, 1]}}}
    again = general_position.rejudge(Stored(replace(made, form="half"), asked, "float"))
    assert again is not None and (again.outcome, again.evidence) == ("pass", made)
    assert again.predicted == "half: discrete 50 % to 75 %"


# Completeness.

LAYER = CompletenessEvidence("a space", ("n1",), True, 5, 5, 2, 2, {})


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, Verdict("pass", "", "complete", "rank 5 of 5, constants 2 of 2")),
        (
            {"hidden": False},
            Verdict("fail", "the layer does not commute with the group that it declares", "complete", "not equivariant"),
        ),
        (
            {"rank": 4, "constant_rank": 1},
            Verdict(
                "fail",
                "rank 4 of 5, constants 1 of 2; every block is there, but their coefficients are tied",
                "complete",
                "rank 4 of 5, constants 1 of 2",
            ),
        ),
        (
            {"constant_rank": 3, "missing": {"W1 -> b1": (1, 2), "b1 -> b1": (0, 2)}},
            Verdict(
                "fail",
                "rank 5 of 5, constants 3 of 2; missing: W1 -> b1 1 of 2; b1 -> b1 0 of 2",
                "complete",
                "rank 5 of 5, constants 3 of 2",
            ),
        ),
    ],
)  # fmt: skip
def test_completeness_in_full(change, told):
    measured = replace(LAYER, **change)
    assert completeness.judge(measured) == told
    again = completeness.rejudge(Stored(measured, {}, "a case"))
    assert again is not None and again.evidence is measured
    assert Verdict(again.outcome, again.reason, again.predicted, again.observed, again.fault) == told


# Approximation.


def promise(power: str, floor: Floor | None, rounds=None, symmetry: str = "permutation") -> tuple[str, str]:
    traits = Traits(power=power, symmetry=symmetry, rounds=(lambda: rounds) if rounds else None)
    made = approximation.predict(traits, rounds, "invariant-functional", floor, 0.05)
    return made.verdict, made.why


def test_every_promise_says_why():
    half = Floor("refinement", 0.5, 3)
    assert promise("unknown", None) == ("any", "no floor is known for power unknown here")
    assert promise("complete", None, symmetry="none") == ("any", "declares no symmetry")
    assert promise("complete", half) == ("impossible", "refinement classes leave 0.5 of the variance")
    assert promise("complete", Floor("capacity", 0.5)) == (
        "impossible",
        "the output's pieces leave 0.5 of the variance, whatever is emitted",
    )
    assert promise("complete", Floor("capacity", 0.01)) == (
        "any",
        "0.01 of the variance at least; which capacity suffices, theory does not say",
    )
    assert promise("unknown", Floor("refinement", 0.0)) == (
        "any",
        "power unknown with symmetry permutation promises nothing here",
    )
    assert promise("1-wl", Floor("refinement", 0.0, 3), (2, 3)) == (
        "any",
        "needs refinement round 3; declared is round 2",
    )
    assert promise("1-wl", Floor("refinement", 0.01, 2), (2, 3)) == (
        "approximable",
        "no two classes that matter are merged (refinement floor 0.01)",
    )


CLASSES = Floor("orbit", 0.5)
IMPOSSIBLE = approximation.Prediction("impossible", "floor", False)
TIGHT = replace(IMPOSSIBLE, tight=True)
POSSIBLE = approximation.Prediction("approximable", "merged nowhere")
ANY = approximation.Prediction("any", "nothing known")


@pytest.mark.parametrize(
    ("measured", "prediction", "floor", "told"),
    [
        (
            Measured((0.5, 0.25), 0, 0.4, 0.6), TIGHT, CLASSES,
            Verdict("fail", "error 0.25 lies below the orbit floor 0.5: it sees more than declared", "impossible", "below the floor"),
        ),
        (
            Measured((0.5,), 0, 0.5, 0.5, leak=1e4), TIGHT, CLASSES,
            Verdict("fail", "outputs inside one orbit class differ by 1.0e+04 times their noise", "impossible", "leak"),
        ),
        (
            Measured((0.5,), 0, 0.5, 0.5, leak=1e4), ANY, None,
            Verdict("fail", "outputs inside one  class differ by 1.0e+04 times their noise", "any", "leak"),
        ),
        (
            Measured((0.5,), 0, 0.5, 0.5, leak=50.0), TIGHT, CLASSES,
            Verdict(
                "undecided", "outputs inside one class differ by 5.0e+01 times their noise (up to 10, a leak from 1000)",
                "impossible", "at the floor",
            ),
        ),
        (Measured((0.5,), 0, 0.5, 0.5), ANY, None, Verdict("observed", "nothing known", "any", "above the threshold")),
        (Measured((0.01,), 0, 0.0, 0.02), POSSIBLE, Floor("orbit", 0.0),
         Verdict("pass", "merged nowhere", "approximable", "approximated")),
        (Measured((0.51,), 0, 0.5, 0.52), TIGHT, CLASSES, Verdict("pass", "floor", "impossible", "at the floor")),
        (Measured((0.7,), 0, 0.6, 0.71), IMPOSSIBLE, CLASSES, Verdict("pass", "floor", "impossible", "above the threshold")),
        (
            Measured((0.99,), 0, 0.9, 1.0), IMPOSSIBLE, CLASSES,
            Verdict(
                "undecided",
                "error 0.99 is that of no training at all, and the orbit floor 0.5 is not tight; more steps or parameters would decide",
                "impossible", "above the threshold",
            ),
        ),
        (
            Measured((0.7,), 0, 0.65, 0.75), TIGHT, CLASSES,
            Verdict(
                "undecided",
                "error 0.7 (0.65 to 0.75) when the budget ended, above the floor 0.5; more steps, samples or parameters would decide",
                "impossible", "above the threshold",
            ),
        ),
        (
            Measured((0.7,), 0, 0.65, 0.75), POSSIBLE, Floor("orbit", 0.0),
            Verdict(
                "undecided",
                "error 0.7 (0.65 to 0.75) when the budget ended, above the threshold 0.05; more steps, samples or parameters would decide",
                "approximable", "above the threshold",
            ),
        ),
        (
            Measured((0.7,), 0, 0.65, 0.75, diverged=((2, 5, None), (3, 1, 1.0))), POSSIBLE, Floor("orbit", 0.0),
            Verdict("error", "seed 2 diverged at step 5; there was no finite loss before", "approximable", "", Fault.DIVERGED),
        ),
        (
            Measured((0.7,), 0, 0.65, 0.75, diverged=((2, 5, 12.5),)), POSSIBLE, Floor("orbit", 0.0),
            Verdict("error", "seed 2 diverged at step 5; the last finite loss was 12.5", "approximable", "", Fault.DIVERGED),
        ),
    ],
)  # fmt: skip
def test_approximation_in_full(measured, prediction, floor, told):
    assert approximation.judge(measured, prediction, floor, 0.05) == told


def seed(number: int, error: float, validation: float | None, diverged: int | None = None) -> SeedEvidence:
    return SeedEvidence(number, error, validation, 10, 20, diverged, None if diverged is None else 2.5)


TRAINED = ApproximationEvidence(
    target="norms", target_kind="invariant-functional", regime="g", space="a space", networks=1, parameters=500,
    asked_parameters=500, options={}, general_position=True, error=0.02, error_low=0.01, error_high=0.03,
    error_range=(0.02, 0.5), mse=0.1, variance=5.0, floor=0.0, floor_kind="refinement", classes=3, samples=8, leak=None,
    threshold=0.05, steps=20, samples_seen=80, together=False, loop_share=0.5, curve=((0, 1.0),), chosen=1,
    seeds=(seed(7, 0.5, 0.4), seed(8, 0.02, 0.03), seed(9, 0.3, 0.03)), floor_rounds=2,
)  # fmt: skip


def judged_again(stored: ApproximationEvidence, sizes: tuple[int, ...] = (500,), **declared):
    given = {"symmetry": "permutation", "power": "1-wl", "rounds": [2, 3], **declared}
    return approximation.rejudge(Stored(stored, {"threshold": 0.05, "parameters": [*sizes]}, "", given))


def test_a_stored_training_is_judged_again_by_the_seed_that_validation_prefers():
    forged = replace(TRAINED, chosen=0, error=0.5, error_range=(0.0, 0.0), threshold=1.0)
    again = judged_again(forged)
    assert again is not None and again.evidence == TRAINED
    assert (again.outcome, again.predicted, again.observed) == ("pass", "approximable", "approximated")


@pytest.mark.parametrize(
    ("change", "outcome", "words"),
    [
        ({"floor_rounds": 3}, "observed", "needs refinement round 3"),
        ({"target_kind": LABEL}, "observed", "how near training comes to a label"),
        ({"floor": None, "floor_kind": None}, "observed", "no floor is known"),
        ({"floor": None}, "observed", "no floor is known"),
        ({"floor_kind": None}, "observed", "no floor is known"),
        ({"floor": 0.1}, "fail", "error 0.02 lies below the refinement floor 0.1"),
        ({"leak": 1e5}, "fail", "refinement class"),
        ({"error_high": 0.06}, "undecided", "error 0.02 (0.01 to 0.06)"),
        ({"seeds": (seed(7, 0.5, None), seed(8, 0.02, 9.0), seed(9, 0.3, None))}, "pass", ""),
        (
            {"seeds": (seed(7, 0.5, 0.1), seed(8, 0.02, 0.2), seed(9, 0.3, 0.01, diverged=4))},
            "error",
            "seed 2 diverged at step 4; the last finite loss was 2.5",
        ),
    ],
)
def test_what_a_stored_training_says_decides(change, outcome, words):
    again = judged_again(replace(TRAINED, **change))
    assert again is not None and again.outcome == outcome
    assert words in again.reason


def test_a_stored_network_that_is_blind_is_refuted_at_the_largest_size_that_is_asked():
    """The size that was asked for counts, not the one that was built."""
    coarse = {"bag-of-entries": CoarseEvidence(0.5, 0.5)}
    for parameters, sizes, outcome in (
        (500, (500,), "fail"),
        (400, (500, 100), "fail"),
        (500, (500, 501), "undecided"),
        (600, (501, 100, 500), "undecided"),
    ):
        again = judged_again(replace(TRAINED, coarse=coarse, parameters=parameters), sizes)
        assert again is not None and (again.outcome, again.observed) == (outcome, "blind")
        assert again.reason.endswith("; the largest size decides") == (outcome == "undecided")


def test_a_diverged_seed_is_preferred_to_none():
    """Validation errors of seeds that diverged do not count against those that did not."""
    seeds = (seed(7, 0.5, 0.001, diverged=1), seed(8, 0.25, 0.2), seed(9, 0.3, 0.3))
    again = judged_again(replace(TRAINED, seeds=seeds))
    assert again is not None and isinstance(again.evidence, ApproximationEvidence)
    assert (again.evidence.chosen, again.evidence.error, again.evidence.error_range) == (1, 0.25, (0.25, 0.5))
    assert (again.outcome, again.fault) == ("error", Fault.DIVERGED)
