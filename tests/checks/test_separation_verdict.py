"""The separation verdict as a pure function: thresholds, schedule, faults, resolution, and the printed p-value."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from math import isclose

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitcheck.harness.checks.prediction import (
    ANY,
    NO_GAP,
    NOT_SEPARATED,
    OPEN,
    SEPARATED,
    UNCLEAR,
    Ground,
    Prediction,
)
from orbitcheck.harness.checks.separation import verdict
from orbitcheck.harness.checks.separation.evidence import SeparationEvidence
from orbitcheck.harness.checks.separation.verdict import (
    COMPARISONS,
    CONTROLS,
    CROSSES,
    FINAL,
    LAST,
    UNPREDICTED,
    Draw,
    fatal,
    observe,
    resolved_rounds,
    says_all,
    wants_more,
)
from orbitcheck.harness.core.outcomes import Fault

SEES = Prediction(SEPARATED, Ground.WITHIN_ROUNDS, "sees")
BLIND = Prediction(NOT_SEPARATED, Ground.WL_EQUIVALENT, "blind")
NOTHING = Prediction(ANY, Ground.UNKNOWN_POWER, "nothing")
PAIR = SeparationEvidence("a family", "a space", "a relation", 1, "different", "equal")


def judge(*measured):
    """The verdict as a tuple."""
    found = verdict.judge(*measured)
    assert (found.fault is not None) == (found.outcome == "error")
    return found.outcome, found.reason, found.predicted, found.observed


def evidence(draws, trained, ladder):
    return verdict.evidence(PAIR, draws, ladder, trained)


def draw(
    ratio: float, gain: float = 3.0, confirmed: float | None = None, ratio32: float | None = None, **changes
) -> Draw:
    """A draw with noise 1e-15 and the gap that the ratio asks for."""
    noise = 1e-15
    changes = {"generic": 1.0, **changes}
    return Draw(
        gain=gain,
        controls=(noise,) * CONTROLS,
        crosses=(ratio * noise,) * CROSSES,
        jitter=noise / 2,
        norm=1.0,
        confirmed=confirmed,
        ratio32=ratio32,
        gap32=None if ratio32 is None else ratio * noise,
        **changes,
    )


CLEAR = draw(1e6, confirmed=1e6, ratio32=20.0)


def test_a_draw_costs_eighty_forwards_and_twenty_more():
    from orbitcheck.harness.checks.separation.verdict import GENERIC, JITTERS

    assert 2 * CONTROLS + 2 * CROSSES == 80
    assert JITTERS + GENERIC == 20


def test_a_confirmed_gap_in_both_precisions_separates():
    assert observe([CLEAR], SEES) == SEPARATED
    assert judge([CLEAR], SEES, 1, None, None)[0] == "pass"
    assert judge([CLEAR], BLIND, None, None, None)[0] == "fail"
    assert judge([CLEAR], NOTHING, 1, None, None)[::3] == ("observed", SEPARATED)


@pytest.mark.parametrize(
    "weak",
    [
        draw(999.0),
        draw(1e6, confirmed=999.0, ratio32=20.0),
        draw(1e6, confirmed=1e6, ratio32=0.9),
        replace(CLEAR, gap32=CLEAR.gap * 1e3),
    ],
)
def test_one_gap_that_is_small_unconfirmed_or_gone_in_float32_does_not_separate(weak):
    assert observe([weak], SEES) == UNCLEAR


def test_two_calm_draws_separate_without_float32():
    calm = draw(1e6, gain=1.0, confirmed=1e6, ratio32=0.1)
    assert observe([calm], SEES) == UNCLEAR
    assert observe([calm, calm], SEES) == SEPARATED
    assert observe([draw(1e6, gain=3.0, confirmed=1e6, ratio32=0.1)] * 2, SEES) == UNCLEAR


def test_no_gap_is_final_after_four_draws_for_a_certified_pair_only():
    quiet = draw(0.5)
    assert observe([quiet] * (FINAL - 1), BLIND) == NO_GAP
    assert observe([quiet] * FINAL, BLIND) == NOT_SEPARATED
    assert observe([quiet] * LAST, SEES) == NO_GAP
    assert observe([quiet] * 3 + [draw(11.0)], BLIND) == UNCLEAR


def test_the_schedule_is_2_4_16():
    quiet = draw(0.5)
    assert wants_more([], SEES)
    assert not wants_more([CLEAR], SEES)
    assert next(count for count in range(1, 20) if not wants_more([quiet] * count, BLIND)) == FINAL
    assert next(count for count in range(1, 20) if not wants_more([quiet] * count, NOTHING)) == UNPREDICTED
    assert next(count for count in range(1, 20) if not wants_more([quiet] * count, SEES)) == LAST


def test_a_network_that_is_not_invariant_is_invalid_and_an_unstable_one_ill_conditioned():
    wild = replace(CLEAR, controls=(1e-3,) * CONTROLS)
    assert judge([wild], SEES, 1, None, None)[:2][0] == "error"
    assert "invalid" in judge([wild], SEES, 1, None, None)[1]
    shaky = replace(CLEAR, gain=1.0, controls=(1e-8,) * CONTROLS, jitter=1e-8)
    assert "ill-conditioned" in judge([shaky], SEES, 1, None, None)[1]


def test_a_draw_that_its_gain_makes_ill_conditioned_is_set_aside():
    shaky = replace(CLEAR, gain=10.0, controls=(1e-8,) * CONTROLS, jitter=1e-8)
    quiet = draw(0.5)
    assert judge([CLEAR, shaky], SEES, 1, None, None)[0] == "pass"
    assert judge([shaky, *[quiet] * FINAL], BLIND, None, None, None)[0] == "pass"
    assert wants_more([shaky, *[quiet] * (FINAL - 1)], BLIND)
    assert judge([shaky] * LAST, BLIND, None, None, None)[0] == "error"
    wild = replace(CLEAR, gain=10.0, controls=(1e-3,) * CONTROLS)
    assert judge([*[quiet] * FINAL, wild], BLIND, None, None, None)[0] == "error"


def test_jitter_is_no_noise_of_a_map_that_declares_jumps():
    jumping = replace(CLEAR, jitter=1.0, continuous=False)
    assert jumping.fault is None
    assert observe([jumping], SEES) == SEPARATED
    assert replace(jumping, continuous=True).fault is not None


@given(
    gain=st.sampled_from([1.0, 3.0, 10.0]),
    ratio=st.floats(0.0, 1e4),
    control=st.floats(0.0, 1e-6),
    jitter=st.floats(0.0, 1e-3),
)
@settings(deadline=None, derandomize=True, max_examples=60)
def test_a_draw_that_says_all_without_jitter_never_shows_a_gap_with_it(gain, ratio, control, jitter):
    bare = replace(exact(ratio, gain=gain), controls=(control,) * CONTROLS, jitter=None, generic=None)
    bare = replace(bare, crosses=(ratio * bare.noise,) * CROSSES)
    assert says_all(bare) == (gain > 1 and control <= 1e-9 and bare.ratio <= 10)
    if says_all(bare):
        full = replace(bare, jitter=jitter, generic=1.0)
        assert full.ratio <= bare.ratio and observe([full] * LAST, SEES) in OPEN
        assert not fatal(full) and full.fault is not Fault.INVALID


def test_a_draw_says_all_up_to_ten_noises():
    assert says_all(exact(10.0)) and not says_all(exact(10.5))
    assert not says_all(exact(10.0, gain=1.0))


TO_3 = {1: 1e14, 2: 1e9, 3: 1e4, 4: 2.0}
"""The ladder of a network that shows three rounds, with five digits less each: its t_res is 3."""


def test_a_missing_gap_convicts_only_within_the_resolution_and_is_never_excused():
    quiet = [draw(0.5)] * LAST
    assert judge(quiet, SEES, 3, TO_3, 0.5)[0] == "fail"
    assert judge(quiet, SEES, 4, TO_3, None)[::2] == ("undecided", SEPARATED)
    assert "declared further than shown (round 3)" in judge(quiet, SEES, 4, TO_3, None)[1]
    assert judge(quiet, SEES, 1, {1: 2.0}, 0.5)[0] == "undecided"
    assert judge([*quiet[1:], draw(50.0)], SEES, 3, TO_3, 0.5)[0] == "undecided"
    assert judge(quiet, SEES, 3, TO_3, 1e5)[0] == "pass"


def test_outputs_that_are_equal_to_the_bit_convict_at_any_round():
    same = replace(draw(0.0), controls=(0.0,) * CONTROLS)
    assert same.equal and not draw(0.0).equal and not replace(same, crosses=(0.0, 1e-16)).equal
    assert judge([same] * LAST, SEES, 4, TO_3, None)[0] == "fail"
    assert judge([same] * LAST, SEES, None, None, 0.0)[0] == "fail"
    assert judge([*[same] * (LAST - 1), draw(0.5)], SEES, 4, TO_3, None)[0] == "undecided"
    assert judge([same] * FINAL, BLIND, None, None, None)[0] == "pass"


def test_a_row_that_keeps_its_draws_is_judged_alike():
    quiet, same = draw(0.5), replace(draw(0.0), controls=(0.0,) * CONTROLS)
    wild = replace(CLEAR, controls=(1e-3,) * CONTROLS)
    for draws in ([CLEAR], [quiet] * LAST, [same] * LAST, [wild]):
        for ladder in (None, TO_3):
            kept = evidence(draws, 0.5, ladder).measured
            assert judge(kept, SEES, 3, ladder, 0.5) == judge(draws, SEES, 3, ladder, 0.5)


def test_a_constant_in_front_hides_no_difference_between_copies():
    leak = replace(CLEAR, gain=1.0, controls=(1e-11,) * CONTROLS, generic=1e-3)
    assert leak.fault is Fault.INVALID
    assert replace(leak, generic=1.0).fault is None
    assert replace(leak, jitter=1e-13).fault is None  # one ulp of the input does as much


def test_jumps_under_one_ulp_excuse_no_difference_between_copies():
    leak = replace(CLEAR, gain=1.0, controls=(1e-3,) * CONTROLS, jitter=1.0)
    assert leak.fault is Fault.ILL_CONDITIONED
    assert replace(leak, continuous=False).fault is Fault.INVALID


def test_a_complete_network_without_a_gap_stays_undecided():
    assert judge([draw(0.5)] * LAST, SEES, None, None, 0.5)[0] == "undecided"


@pytest.mark.parametrize(
    ("ratios", "wanted"),
    [
        ({}, 0),
        ({1: 10.0}, 0),
        ({1: 1e3}, 1),
        ({1: 1e14}, 3),
        ({1: 1e14, 2: 1e10}, 3),
        ({1: 1e14, 2: 1e12, 3: 1e12}, 5),
        ({1: 1e14, 3: 1e12}, 3),
        ({1: 1e14, 2: 1e9}, 3),
        ({1: 1e14, 2: 1e8}, 2),
        ({1: 1e15, 2: 1e6, 3: 1e6, 4: 1e6, 5: 1e6}, 5),
        ({1: 1e15, 2: 1e14, 3: 1e13, 4: 1e12, 5: 1e11}, 7),
    ],
)
def test_resolution_grants_four_digits_a_round(ratios, wanted):
    assert resolved_rounds(ratios) == wanted


def slow_p(gap: float, controls: list[float], crosses: int) -> float:
    """Share of all orders of controls and crosses in which the crosses are the largest but for the controls above."""
    above = sum(control >= gap for control in controls)
    items = ["x"] * crosses + ["c"] * len(controls)
    orders = set(permutations(items))
    return sum(all(item == "c" for item in order[crosses + above :]) for order in orders) / len(orders)


@given(st.lists(st.sampled_from([0.5, 1.0, 2.0]), min_size=4, max_size=4), st.integers(1, 3))
@settings(deadline=None, derandomize=True, max_examples=30)
def test_the_p_value_counts_orders(controls, crosses):
    measured = Draw(1.0, tuple(controls), (1.0,) * crosses, 0.0, 1.0, 1.0)
    assert isclose(measured.p, min(1.0, COMPARISONS * slow_p(1.0, controls, crosses)))


EXACT = 2.0**-50
"""A noise of which every multiple below is exact."""


def exact(ratio: float, **changes) -> Draw:
    """A draw whose ratio is exactly this."""
    made = draw(1.0, **changes)
    return replace(made, controls=(EXACT,) * CONTROLS, crosses=(ratio * EXACT,) * CROSSES, jitter=EXACT / 2)


@pytest.mark.parametrize(
    ("ratio", "confirmed", "ratio32", "drop", "wanted"),
    [
        (1000.0, 1000.0, 2.0, 1.0, SEPARATED),
        (999.0, 1e6, 2.0, 1.0, UNCLEAR),
        (1000.0, 999.0, 2.0, 1.0, UNCLEAR),
        (1000.0, 1000.0, 1.5, 1.0, SEPARATED),
        (1000.0, 1000.0, 1.0, 1.0, UNCLEAR),
        (1000.0, 1000.0, 2.0, 999.0, SEPARATED),
        (1000.0, 1000.0, 2.0, 1000.0, UNCLEAR),
    ],
)
def test_a_gap_counts_from_its_thresholds_on(ratio, confirmed, ratio32, drop, wanted):
    one = replace(exact(ratio, confirmed=confirmed, ratio32=ratio32), gap32=ratio * EXACT * drop)
    assert observe([one], SEES) == wanted


def test_a_gap_that_was_not_confirmed_is_none():
    assert observe([exact(1e6)], SEES) == UNCLEAR
    assert observe([exact(1e6), exact(1e6)], SEES) == UNCLEAR


def test_calm_draws_are_those_of_gain_one_and_count_from_the_threshold_on():
    unseen = {"ratio32": 0.5, "confirmed": 1000.0}
    assert observe([exact(1000.0, gain=1.0, **unseen)] * 2, SEES) == SEPARATED
    assert observe([exact(1000.0, gain=1.5, **unseen)] * 2, SEES) == UNCLEAR
    assert observe([exact(1000.0, gain=1.0)] * 2, SEES) == UNCLEAR


def test_no_gap_ends_at_ten_noises():
    assert observe([exact(10.0)] * FINAL, BLIND) == NOT_SEPARATED
    assert observe([exact(10.5)] * FINAL, BLIND) == UNCLEAR


def test_faults_at_gain_one_are_fatal_and_others_are_not():
    calm = replace(exact(1.0, gain=1.0), norm=EXACT, jitter=EXACT)
    assert calm.fault is Fault.ILL_CONDITIONED
    assert fatal(calm) and not fatal(replace(calm, gain=1.5))
    assert fatal(replace(calm, gain=1.5, controls=(1e6 * EXACT,) * CONTROLS))


@pytest.mark.parametrize(
    ("change", "observed"),
    [({"controls": (1.0,) * CONTROLS}, "invalid"), ({"jitter": 1e-3}, "ill-conditioned")],
)
def test_a_fault_is_observed_by_its_name(change, observed):
    bad = replace(exact(1.0, gain=1.0), **change)
    outcome, reason, predicted, seen = judge([bad], SEES, 1, None, None)
    assert (outcome, predicted, seen) == ("error", SEPARATED, observed)
    assert reason == bad.fault_text


QUIET = [exact(1.0)] * LAST
TO_2 = {1: 1e12, 2: 1e4}
NAMED = "predicted separated (sees), but no gap in 16 draws (noise up to 10, a gap from 1000), where its own ladder, shown to round 2, "


@pytest.mark.parametrize(
    ("draws", "prediction", "parted", "ladder", "trained", "judged"),
    [
        ([exact(10.0)] * LAST, SEES, 2, TO_2, None, ("fail", NAMED + "says that a gap shows to 2", NO_GAP)),
        (QUIET, SEES, 2, TO_2, 10.0, ("fail", NAMED + "says that a gap shows to 2", NO_GAP)),
        (QUIET, SEES, 2, TO_2, 10.5, ("undecided", None, UNCLEAR)),
        (QUIET, SEES, 2, TO_2, 1000.0, ("pass", "sees", SEPARATED)),
        (QUIET, SEES, 2, None, None, ("undecided", None, NO_GAP)),
        (QUIET, SEES, None, TO_2, None, ("undecided", None, NO_GAP)),
        (QUIET, SEES, 3, TO_2, None, ("undecided", None, NO_GAP)),
        (QUIET, SEES, 4, {1: 7.9e12, 2: 1.7e10, 3: 1.3e6, 4: 2.3e4, 5: 0.5}, 0.2, ("undecided", None, NO_GAP)),
        (QUIET, SEES, 4, {1: 7.9e12, 2: 1.7e11, 3: 1.3e8, 4: 2.3e4, 5: 0.5}, 0.2, ("fail", None, NO_GAP)),
        (QUIET, SEES, 1, {1: 1e4, 2: 0.5}, 0.2, ("fail", None, NO_GAP)),
        (QUIET, NOTHING, 3, None, None, ("observed", "nothing", NO_GAP)),
        ([exact(20.0)] * 2, NOTHING, 3, None, None, ("observed", "nothing", UNCLEAR)),
        ([exact(1000.0, confirmed=1000.0, ratio32=2.0)], SEES, 3, TO_2, None, ("pass", "sees", SEPARATED)),
        (QUIET, BLIND, 3, TO_2, None, ("pass", "blind", NOT_SEPARATED)),
    ],
)
def test_a_missing_gap_is_judged_by_what_would_have_shown(draws, prediction, parted, ladder, trained, judged):
    outcome, reason, _, observed = judge(draws, prediction, parted, ladder, trained)
    assert (outcome, observed) == (judged[0], judged[2])
    assert judged[1] is None or reason == judged[1]


@pytest.mark.parametrize(
    ("prediction", "parted", "ladder", "advice"),
    [
        (SEES, 1, {1: 2.0}, ", and not even one changed weight shows"),
        (SEES, 4, TO_2, "; declared further than shown (round 2): declare rounds that it can show"),
        (
            SEES,
            None,
            None,
            "; 1-WL-equivalent, so no width or depth helps a network of at most 1-WL power: declare less",
        ),
        (SEES, 1, None, "; declare what it can show"),
        (BLIND, None, None, "; it may see more than it declares, or be noisier than one ulp of its input shows"),
    ],
)
def test_an_undecided_row_gives_advice_that_is_true(prediction, parted, ladder, advice):
    told = judge([exact(20.0)] * LAST, prediction, parted, ladder, None)[1]
    assert told == f"{prediction.why}; best ratio 2.0e+01 in 16 draws (noise up to 10, a gap from 1000){advice}"


def test_evidence_is_that_of_the_best_readable_draw():
    worse = exact(20.0, gain=1.0)
    better = replace(exact(2e3, gain=5.0, confirmed=2e3, ratio32=3.0), generic=4.0)
    bad = replace(exact(1e6), jitter=1.0)
    told = evidence([worse, bad, better], 7.0, {1: 1e14, 2: 1e11})
    assert {
        key: getattr(told, key) for key in ("draws", "ratio", "gap", "floor", "norm", "gain", "trained_ratio", "t_res")
    } == {
        "draws": 3,
        "ratio": 2e3,
        "gap": 2e3 * EXACT,
        "floor": EXACT,
        "norm": 1.0,
        "gain": 5.0,
        "trained_ratio": 7.0,
        "t_res": 4,
    }
    assert isclose(told.digits, 3.30103, rel_tol=1e-5)
    assert told.effect == 2e3 * EXACT / 4 and told.p == better.p
    first = told.measured[0]
    assert (first.gap, first.noise, first.ratio, first.p) == (20 * EXACT, EXACT, 20.0, worse.p)
    assert [each.fault for each in told.measured] == [None, Fault.ILL_CONDITIONED, None]
    assert (told.shown, told.ladder) == (2, {"1": 1e14, "2": 1e11})
    assert (told.family, told.round, told.orbit) == (PAIR.family, PAIR.round, PAIR.orbit)
    assert len(told.measured) == 3
    assert evidence([replace(worse, generic=0.0)], None, None).effect is None
    assert evidence([exact(0.25)], None, None).digits == 0.0
    assert evidence([bad], None, None).ratio == bad.ratio


QUIET, SAME = draw(0.5), replace(draw(0.0), controls=(0.0,) * CONTROLS)
WILD = replace(CLEAR, controls=(1e-3,) * CONTROLS, norm=2.0)
SHAKY = replace(CLEAR, gain=1.0, controls=(1e-8,) * CONTROLS, jitter=1e-8, norm=2.0)
IN_16 = "in 16 draws (noise up to 10, a gap from 1000)"


@pytest.mark.parametrize(
    ("measured", "told"),
    [
        (([CLEAR], SEES, 1), ("pass", "sees", "separated", "separated")),
        (([QUIET] * 4, BLIND, None), ("pass", "blind", "not separated", "not separated")),
        (([CLEAR], NOTHING, 1), ("observed", "nothing", "any", "separated")),
        (([QUIET] * 2, NOTHING, 1), ("observed", "nothing", "any", "no gap")),
        (
            ([WILD], SEES, 1),
            ("error", "invalid: copies of one orbit differ by 5.0e-04 of the output; see equivariance", "separated", "invalid"),
        ),
        (
            ([SHAKY], SEES, 1),
            ("error", "ill-conditioned: the noise is 5.0e-09 of the output", "separated", "ill-conditioned"),
        ),
        (
            ([CLEAR], BLIND, None),
            ("fail", "predicted not separated (blind), but separated", "not separated", "separated"),
        ),
        (
            ([SAME] * 16, SEES, 1),
            ("fail", "predicted separated (sees), but no gap: equal to the bit in all 16 draws", "separated", "no gap"),
        ),
        (
            ([QUIET] * 16, SEES, 3, TO_3, 0.5),
            (
                "fail",
                f"predicted separated (sees), but no gap {IN_16}, where its own ladder, shown to round 3, says that a gap shows to 3",
                "separated",
                "no gap",
            ),
        ),
        (
            ([QUIET] * 16, SEES, 4, TO_3, None),
            (
                "undecided",
                f"sees; best ratio 5.0e-01 {IN_16}; declared further than shown (round 3): declare rounds that it can show",
                "separated",
                "no gap",
            ),
        ),
        (
            ([QUIET] * 16, SEES, 4, {}, None),
            ("undecided", f"sees; best ratio 5.0e-01 {IN_16}, and not even one changed weight shows", "separated", "no gap"),
        ),
        (
            ([QUIET] * 16, SEES, None, None, 0.5),
            (
                "undecided",
                f"sees; best ratio 5.0e-01 {IN_16}; 1-WL-equivalent, so no width or depth helps a network of at most 1-WL power: "
                "declare less",
                "separated",
                "no gap",
            ),
        ),
        (
            ([QUIET] * 15 + [draw(50.0)], SEES, 2, None, 0.5),
            ("undecided", f"sees; best ratio 5.0e+01 {IN_16}; declare what it can show", "separated", "unclear"),
        ),
        (
            ([QUIET] * 15 + [draw(50.0)], BLIND, None),
            (
                "undecided",
                f"blind; best ratio 5.0e+01 {IN_16}; it may see more than it declares, or be noisier than one ulp of its input shows",
                "not separated",
                "unclear",
            ),
        ),
        (([QUIET] * 16, SEES, 3, TO_3, 1e3), ("pass", "sees", "separated", "separated")),
        (
            ([QUIET] * 16, SEES, 4, TO_3, 999.0),
            (
                "undecided",
                f"sees; best ratio 5.0e-01 {IN_16}; declared further than shown (round 3): declare rounds that it can show",
                "separated",
                "unclear",
            ),
        ),
    ],
)  # fmt: skip
def test_every_verdict_is_told_in_full(measured, told):
    assert judge(*measured) == told


def test_a_fault_is_told_by_its_own_draw():
    assert WILD.fault_text == "invalid: copies of one orbit differ by 5.0e-04 of the output; see equivariance"
    assert SHAKY.fault_text == "ill-conditioned: the noise is 5.0e-09 of the output"
    assert CLEAR.fault_text == ""
    set_aside = replace(SHAKY, gain=3.0, norm=1.0)
    assert (
        judge([set_aside, replace(set_aside, norm=0.5)], SEES, 1)[1]
        == "ill-conditioned: the noise is 1.0e-08 of the output"
    )


def test_evidence_is_that_of_the_best_draw_that_can_be_read():
    far = replace(SHAKY, crosses=(1.0,) * CROSSES)
    told = verdict.evidence(PAIR, [QUIET, far, draw(50.0, generic=None)], TO_3, 0.25)
    assert (told.draws, told.ratio, told.effect) == (3, draw(50.0).ratio, None)
    assert told.digits == pytest.approx(1.699, abs=1e-3)
    assert (told.t_res, told.shown, told.trained_ratio) == (3, 3, 0.25)
    assert told.ladder == {"1": 1e14, "2": 1e9, "3": 1e4, "4": 2.0}
    assert (told.gap, told.floor, told.norm, told.gain, told.p) == (
        draw(50.0).gap, draw(50.0).noise, 1.0, 3.0, draw(50.0).p,
    )  # fmt: skip
    assert len(told.measured) == 3 and told.measured[1].fault is Fault.ILL_CONDITIONED
    assert (told.family, told.space) == ("a family", "a space")
    quiet = verdict.evidence(PAIR, [QUIET])
    assert (quiet.digits, quiet.effect) == (0.0, QUIET.gap)
    assert (quiet.t_res, quiet.shown, quiet.ladder, quiet.trained_ratio) == (None, None, None, None)
    assert verdict.evidence(PAIR, [SHAKY]).gap == SHAKY.gap


def test_numbers_that_are_none_are_neither_least_nor_largest():
    nan = float("nan")
    assert (verdict.least((2.0, 1.0)), verdict.largest((2.0, 1.0))) == (1.0, 2.0)
    for numbers in ((nan, 1.0), (1.0, nan), (1.0, nan, 2.0)):
        assert verdict.least(numbers) != verdict.least(numbers)
        assert verdict.largest(numbers) != verdict.largest(numbers)
