"""A second verdict of pairs, as a table written from protocol.md, section 3, alone, against the product's."""

from __future__ import annotations

import itertools
from dataclasses import replace
from math import inf, isclose, nan, nextafter

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from orbitcheck.harness.checks.prediction import Ground, Prediction, Seen
from orbitcheck.harness.checks.separation import verdict
from orbitcheck.harness.checks.separation.evidence import SeparationEvidence
from orbitcheck.harness.checks.separation.verdict import Draw
from orbitcheck.harness.checks.stored import Stored
from orbitcheck.harness.core.evidence import Evidence
from orbitcheck.harness.core.outcomes import Fault

# What was seen, and what follows.


def limits(draw: Draw) -> tuple[float, float]:
    """Gap and noise."""
    noise = [*draw.controls, 4 * 2.0**-53 * draw.norm, 1e-300]
    if draw.continuous and draw.jitter is not None:
        noise.append(draw.jitter)
    return min(draw.crosses), max(noise)


def fault(draw: Draw) -> Fault | None:
    _, noise = limits(draw)
    ulp = max(4 * 2.0**-53 * draw.norm, draw.jitter if draw.continuous and draw.jitter is not None else 0.0)
    spread = draw.norm if draw.generic is None else min(draw.generic, draw.norm)
    if max(draw.controls) > 1000 * ulp and max(draw.controls) > 1e-9 * spread:
        return Fault.INVALID
    return Fault.ILL_CONDITIONED if noise > 1e-9 * draw.norm else None


def seen(draws: list[Draw], certified: bool) -> Seen:
    """Of draws that can be read."""
    ratios = [limits(draw)[0] / limits(draw)[1] for draw in draws]
    confirmed = [
        ratio >= 1000 and draw.confirmed is not None and draw.confirmed >= 1000
        for draw, ratio in zip(draws, ratios, strict=True)
    ]
    in_float32 = [draw.ratio32 is not None and draw.ratio32 > 1 and draw.gap32 / draw.gap < 1000 for draw in draws]
    calm = [each for each, draw in zip(confirmed, draws, strict=True) if draw.gain <= 1]
    if any(map(all, zip(confirmed, in_float32, strict=True))) or sum(calm) >= 2:
        return Seen.SEPARATED
    if not all(ratio <= 10 for ratio in ratios) or not draws:
        return Seen.UNCLEAR
    return Seen.NOT_SEPARATED if certified and len(draws) >= 4 else Seen.NO_GAP


def rounds_shown(ladder: dict[int, float]) -> tuple[int, int]:
    """The last rung that shows without a break, and the last round at which a gap would show."""
    shown = next(t for t in itertools.count() if not ladder.get(t + 1, 0.0) >= 1000)
    if not shown:
        return 0, 0
    last = [ladder[t] for t in range(max(1, shown - 2), shown + 1)]
    loss, left, end = max([1e4, *(a / b for a, b in itertools.pairwise(last))]), ladder[shown], shown
    while left / loss >= 1000:
        left, end = left / loss, end + 1
    return shown, end


def second(
    draws: list[Draw], predicted: Seen, part: int | None, ladder, trained
) -> tuple[str, Fault | None, Seen | str]:
    """Outcome, fault, and what was seen."""
    faults = [fault(draw) for draw in draws]
    for draw, found in zip(draws, faults, strict=True):
        if found is Fault.INVALID or (found and draw.gain <= 1):
            return "error", found, Seen(found.value)
    readable = [draw for draw, found in zip(draws, faults, strict=True) if found is None]
    if not readable:
        return "error", faults[0], Seen(faults[0].value)
    found = seen(readable, predicted is Seen.NOT_SEPARATED)
    if found in (Seen.NO_GAP, Seen.UNCLEAR) and trained is not None and trained > 10:
        found = Seen.SEPARATED if trained >= 1000 else Seen.UNCLEAR
    equal = all(not any((*draw.controls, *draw.crosses)) for draw in readable)
    would_show = bool(ladder) and part is not None
    if would_show:
        below = {rung: ratio for rung, ratio in ladder.items() if rung < part} if part > 1 else {1: ladder.get(1, 0.0)}
        would_show = part <= rounds_shown(below)[1]
    table = (
        (predicted is Seen.ANY, "observed"),
        (found is predicted, "pass"),
        (found in (Seen.SEPARATED, Seen.NOT_SEPARATED), "fail"),
        (predicted is Seen.SEPARATED and found is Seen.NO_GAP and (equal or would_show), "fail"),
        (True, "undecided"),
    )
    return next(outcome for holds, outcome in table if holds), None, found


PREDICTIONS = {
    Seen.SEPARATED: Prediction(Seen.SEPARATED, Ground.WITHIN_ROUNDS, "sees"),
    Seen.NOT_SEPARATED: Prediction(Seen.NOT_SEPARATED, Ground.WL_EQUIVALENT, "blind"),
    Seen.ANY: Prediction(Seen.ANY, Ground.UNKNOWN_POWER, "nothing"),
}


def agree(draws: list[Draw], predicted: Seen, part: int | None = 1, ladder=None, trained=None) -> str:
    made = verdict.judge(draws, PREDICTIONS[predicted], part, ladder, trained)
    wanted = second(draws, predicted, part, ladder, trained)
    assert (made.outcome, made.fault, made.observed) == wanted, (draws, predicted, ladder, trained)
    assert made.predicted == predicted
    stored = verdict.evidence(PAIR, draws, ladder, trained).measured
    assert verdict.judge(stored, PREDICTIONS[predicted], part, ladder, trained) == made
    kept = [verdict.kept(draw) for draw in stored]
    assert verdict.judge(kept, PREDICTIONS[predicted], part, ladder, trained) == made
    return made.outcome


UNIT = 2.0**-50
PAIR = SeparationEvidence("a family", "a space", "a relation", 1, "different", "equal")


def draw(ratio: float, **changes) -> Draw:
    """Noise `UNIT`, and exactly this ratio."""
    given = {
        "gain": 3.0,
        "jitter": UNIT / 2,
        "norm": 1.0,
        "generic": 1.0,
        "confirmed": None,
        "ratio32": None,
        "gap32": None,
    }
    return Draw(controls=(UNIT, 0.0), crosses=(2 * ratio * UNIT, ratio * UNIT), **{**given, **changes})


def gap(ratio: float = 1e6, confirmed: float = 1e6, ratio32: float = 20.0, share32: float = 1.0, **changes) -> Draw:
    return draw(ratio, confirmed=confirmed, ratio32=ratio32, gap32=share32 * ratio * UNIT, **changes)


def around(*values: float) -> list[float]:
    return [x for value in values for x in (nextafter(value, -inf), value, nextafter(value, inf))]


def test_the_two_agree_at_every_threshold_of_a_gap():
    outcomes = set()
    for predicted in PREDICTIONS:
        for x in around(10.0, 1000.0):
            outcomes.add(agree([gap(x)], predicted))
            outcomes.add(agree([gap(x)] * 4, predicted))
            outcomes.add(agree([gap(confirmed=x)], predicted))
            outcomes.add(agree([draw(0.5)] * 3 + [draw(x)], predicted))
            outcomes.add(agree([draw(0.5)] * 16, predicted, trained=x))
            outcomes.add(agree([draw(0.5)] * 15 + [draw(11.0)], predicted, trained=x))
            for y in around(1.0):
                outcomes.add(agree([gap(x, gain=y), gap(gain=1.0)], predicted))
                outcomes.add(agree([gap(x, gain=y, ratio32=0.5), gap(gain=1.0, ratio32=0.5)], predicted))
        for x in around(1.0):
            outcomes.add(agree([gap(ratio32=x)], predicted))
        for x in around(1000.0):
            outcomes.add(agree([gap(share32=x)], predicted))
        for count in range(1, 7):
            outcomes.add(agree([draw(10.0)] * count, predicted))
            outcomes.add(agree([replace(draw(0.0), controls=(0.0,))] * count, predicted))
            outcomes.add(agree([replace(draw(0.0), controls=(0.0,))] * count + [draw(0.0)], predicted))
    assert outcomes == {"pass", "fail", "undecided", "observed"}


def test_the_two_agree_at_every_threshold_of_a_fault():
    found = set()
    for gain, continuous in itertools.product((1.0, 3.0), (True, False)):
        for norm, generic in ((1.0, 1.0), (2.0**20, 1.0), (1.0, 2.0**-20), (1.0, None), (2.0**-20, 4.0)):
            ulp = 4 * 2.0**-53 * norm
            spread = norm if generic is None else min(norm, generic)
            for jitter in (None, 0.0, 2.0**-35, 1e-9 * norm, nextafter(1e-9 * norm, 1)):
                noise = max(ulp, jitter or 0.0)
                for control in (0.0, *around(1000 * ulp, 1000 * noise, 1e-9 * spread, 1e-9 * norm), norm):
                    made = replace(gap(), gain=gain, continuous=continuous, norm=norm, generic=generic, jitter=jitter)
                    made = replace(made, controls=(control, 0.0))
                    assert made.fault is fault(made)
                    found.add(made.fault)
                    if control == norm or jitter == 2.0**-35:
                        agree([made, draw(0.5)], Seen.SEPARATED)
    assert found == {None, Fault.INVALID, Fault.ILL_CONDITIONED}


def test_the_two_agree_on_ladders():
    quiet, same = [draw(0.5)] * 2, [replace(draw(0.0), controls=(0.0,))] * 4
    outcomes = set()
    for ladder in (
        None,
        {},
        {1: 999.0},
        {1: 1000.0},
        {1: 1e14},
        {1: 1e14, 2: 1e9, 3: 1e4, 4: 2.0},
        {1: 1e14, 3: 1e14},
        {1: 1e15, 2: 1e6, 3: 1e6, 4: 1e6, 5: 1e6},
    ):
        for part, draws, trained in itertools.product(
            (None, 1, 2, 3, 4, 6), (quiet, same, [*quiet, draw(11.0)]), (None, 5.0, 1e4)
        ):
            outcomes.add(agree(draws, Seen.SEPARATED, part, ladder, trained))
    assert outcomes == {"pass", "fail", "undecided"}


ladders = st.lists(st.floats(2, 16), max_size=6).map(
    lambda digits: {t: 10.0**digit for t, digit in enumerate(digits, 1)}
)


@given(ladders)
@settings(deadline=None, derandomize=True, max_examples=50, database=None)
def test_rounds_are_extrapolated_alike(ladder):
    shown, end = rounds_shown(ladder)
    assert verdict.last_shown(ladder) == shown
    if shown:
        last = [ladder[t] for t in range(max(1, shown - 2), shown + 1)]
        loss = max([1e4, *(a / b for a, b in itertools.pairwise(last))])
        assume(all(not isclose(ladder[shown] / loss**n, 1000, rel_tol=1e-9) for n in range(1, 6)))
    assert verdict.resolved_rounds(ladder) == end


ratios = st.sampled_from([0.0, 0.5, 1.0, 10.0, 11.0, 999.0, 1000.0, 1e6])
draws = st.builds(
    gap,
    ratio=ratios.filter(bool),
    confirmed=ratios,
    ratio32=st.sampled_from([0.5, 1.0, 1.5, 20.0]),
    share32=st.sampled_from([0.5, 999.0, 1000.0, 2000.0]),
    gain=st.sampled_from([1.0, 1.0, 3.0, 10.0]),
    continuous=st.booleans(),
    jitter=st.sampled_from([None, 0.0, UNIT, UNIT, 1e-10, 1e-8]),
    generic=st.sampled_from([None, 1.0, 1.0, 1e-5]),
) | st.builds(draw, ratio=ratios, gain=st.sampled_from([1.0, 3.0]))


@given(
    st.lists(draws, min_size=1, max_size=5),
    st.sampled_from([*PREDICTIONS]),
    st.sampled_from([None, 1, 2, 4]),
    st.none() | ladders,
    st.sampled_from([None, 5.0, 50.0, 5000.0]),
)
@settings(deadline=None, derandomize=True, max_examples=60, database=None)
def test_the_two_agree_on_random_evidence(measured, predicted, part, ladder, trained):
    agree(measured, predicted, part, ladder, trained)


@pytest.mark.parametrize("name", ["controls", "crosses", "jitter", "norm", "generic", "confirmed", "ratio32", "gap32"])
def test_a_number_that_is_none_never_passes(name):
    none = (nan, nan) if name in ("controls", "crosses") else nan
    for predicted in (Seen.SEPARATED, Seen.NOT_SEPARATED):
        for made in (gap(), draw(0.5), gap(gain=1.0)):
            wrong = replace(made, **{name: none})
            right = verdict.judge([made] * 4, PREDICTIONS[predicted], 1).outcome == "pass"
            read = name not in ("generic", "ratio32", "gap32", "confirmed") or made.confirmed is not None
            if right and read:
                found = verdict.judge([wrong] * 4, PREDICTIONS[predicted], 1, None, None)
                calm = made.gain <= 1 and name in ("ratio32", "gap32")  # two calm draws need no float32
                assert found.outcome != "pass" or calm or name == "generic", (name, predicted, made)


# What was measured: as much as the schedule asks for.


def measured_in_full(say, predicted: Seen, part: int | None, power: str, ladder: dict[int, float], trained: float):
    """Draws, ladder and training as they are taken one after the other; `say(n)` is the n-th draw."""
    taken: list[Draw] = []
    while True:
        taken.append(say(len(taken)))
        if fault(taken[-1]) is Fault.INVALID or (fault(taken[-1]) and taken[-1].gain <= 1):
            return taken, None, None
        found = seen([each for each in taken if fault(each) is None], predicted is Seen.NOT_SEPARATED)
        end = 2 if predicted is Seen.ANY else 16
        if found in (Seen.SEPARATED, Seen.NOT_SEPARATED) or len(taken) >= end:
            break
    if predicted is not Seen.SEPARATED or found is Seen.SEPARATED:
        return taken, None, None
    climbed = ladder if power == "1-wl" else None
    trains = not climbed or part is None or part <= rounds_shown(climbed)[1]
    return taken, climbed, trained if trains else None


SHAKY = replace(gap(), gain=10.0, controls=(1e-8,), jitter=1e-8)
WILD = replace(gap(), controls=(1e-3,))
SAYS = {
    "gap": lambda n: gap(),
    "quiet": lambda n: draw(0.5),
    "late gap": lambda n: gap() if n == 7 else draw(0.5),
    "unclear": lambda n: draw(50.0 if n == 1 else 0.5),
    "gap, unconfirmed": lambda n: draw(1e6, confirmed=5.0),
    "shaky": lambda n: SHAKY if n < 2 else draw(0.5),
    "always shaky": lambda n: SHAKY,
    "shaky at gain one": lambda n: replace(SHAKY, gain=1.0),
    "wild": lambda n: WILD if n == 1 else draw(0.5),
}
DECLARED = {
    # declaration, and the pair that makes its prediction
    "1-wl": ({"symmetry": "permutation", "power": "1-wl", "rounds": [2, 3]}, ("different", 2, "equal"), Seen.SEPARATED),
    "past": ({"symmetry": "permutation", "power": "1-wl", "rounds": [2, 3]}, ("different", 4, "equal"), Seen.NOT_SEPARATED),
    "complete": ({"symmetry": "permutation", "power": "complete"}, ("different", None, "equal"), Seen.SEPARATED),
    "function": ({"symmetry": "permutation", "power": "function"}, ("different", 1, "different"), Seen.SEPARATED),
    "orbit": ({"symmetry": "permutation", "power": "complete"}, ("same", None, "equal"), Seen.NOT_SEPARATED),
    "unknown": ({"symmetry": "permutation", "power": "unknown"}, ("different", 1, "different"), Seen.ANY),
}  # fmt: skip


@pytest.mark.parametrize("how", SAYS)
@pytest.mark.parametrize("name", DECLARED)
def test_stored_rows_are_judged_again_and_short_or_long_ones_are_none(name, how):
    declared, (orbit, part, function), predicted = DECLARED[name]
    for ladder, trained in (({1: 1e14}, 0.5), ({1: 2.0}, 0.5), ({1: 1e4}, 2e3)):
        taken, climbed, after = measured_in_full(SAYS[how], predicted, part, declared["power"], ladder, trained)

        def stored(draws, climbed=climbed, after=after, read_out=False) -> Stored:
            pair = SeparationEvidence("a family", "a space", "", part, orbit, function, read_out=read_out)
            return Stored(verdict.evidence(pair, draws, climbed, after), {}, "a case", declared)

        again = verdict.rejudge(stored(taken))
        assert again is not None
        wanted = second(taken, predicted, part, climbed, after)
        assert (again.outcome, again.fault, again.observed) == wanted
        full = stored(taken).evidence
        assert isinstance(again.evidence, SeparationEvidence) and isinstance(full, SeparationEvidence)
        derived = ("draws", "ratio", "digits", "effect", "gap", "floor", "norm", "gain", "t_res", "shown", "ladder")
        for field in (*derived, "trained_ratio", "p"):
            assert getattr(again.evidence, field) == getattr(full, field), field
        assert again.evidence.prediction and again.evidence.ground is not None
        refused = [taken[:-1], [*taken, taken[-1]], [*taken, draw(0.5)]]
        for draws_ in filter(None, refused):
            found = verdict.rejudge(stored(draws_))
            assert found is not None and (found.outcome, found.fault) == ("error", Fault.CONTRACT)
        for other in (
            (ladder if climbed is None else None, after),
            (climbed, trained if after is None else None),
        ):
            found = verdict.rejudge(stored(taken, *other))
            assert found is not None and (found.outcome, found.fault) == ("error", Fault.CONTRACT), other
    assert verdict.rejudge(Stored(SeparationEvidence("", "", "", None, "same", "equal"), {}, "")) is None
    assert verdict.rejudge(Stored(Evidence(), {}, "")) is None


def test_an_editor_is_predicted_a_round_more_and_a_related_pair_as_one_orbit():
    declared, (orbit, part, function), _ = DECLARED["past"]
    pair = SeparationEvidence("a family", "a space", "", part, orbit, function)
    quiet = verdict.evidence(pair, [draw(0.5)] * 4)
    assert verdict.prediction_of(Stored(quiet, {}, "", declared)).verdict is Seen.NOT_SEPARATED
    assert verdict.prediction_of(Stored(replace(quiet, read_out=True), {}, "", declared)).verdict is Seen.ANY
    assert verdict.prediction_of(Stored(quiet, {}, "", declared, related=True)).ground is Ground.DECLARED_SYMMETRY
    larger = {"symmetry": "permutation+scale", "power": "1-wl", "rounds": [2, 3]}
    assert verdict.prediction_of(Stored(quiet, {}, "", larger)).verdict is Seen.ANY
