"""A second verdict of the law, as tables written from protocol.md, section 2, alone, against the product's.

Numbers and order stand here a second time on purpose: the two agree on random evidence, and at, above and below every threshold.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from math import inf, nan, nextafter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitcheck.harness.checks.equivariance import verdict
from orbitcheck.harness.checks.equivariance.evidence import Ask, Cause, Grade, Rule, Station
from orbitcheck.harness.checks.equivariance.verdict import Measurement
from orbitcheck.harness.core.outcomes import Fault

LIMITS = {
    # precision: (pass up to so many floors, and up to; fail above so many floors, and above)
    "float64": (10.0, 1e-10, 1e3, 1e-12),
    "float32": (10.0, inf, 1e3, 2.0**29 * 1e-12),
}
NOISE = {"float64": 1e-9, "float32": 1e-3}
"""Floors above are ill-conditioned."""
LEAST = 16 * 2.0**-53
STATIONS = {Rule.LAW_AFTER_STEPS, Rule.LAW_AT_REDRAW, Rule.LAW_AFTER_TRAIN_CALLS}


def band(error: float, floor: float, precision: str) -> str:
    pass_floors, pass_error, fail_floors, fail_error = LIMITS[precision]
    if error <= pass_floors * floor and error <= pass_error:
        return "equal"
    return "different" if error > fail_floors * floor and error > fail_error else "undecided"


def bands(measured: Measurement) -> list[tuple[Rule, str]]:
    """Of everything that has an error of its own: what is asked, and where its error lies."""
    found = [(Rule.LAW, band(measured.error64, measured.floor64, "float64"))]
    found += [(rule, band(error, measured.floor64, "float64")) for rule, error in measured.properties.items()]
    found += [(Rule.LAW_IN_FLOAT32, band(measured.error32, measured.floor32, "float32"))]
    for each in measured.stations:
        found += [(each.rule, band(each.error64, each.floor64, "float64"))]
        found += [(each.rule, band(each.error32, each.floor32, "float32"))]
    return found


def unowned_redraw_alone(measured: Measurement) -> bool:
    """Broken at the re-draw of a plug-in without its own `redraw_`, and nowhere else."""
    broken = {rule for rule, where in bands(measured) if where == "different"}
    jumps = measured.jump is not None and measured.continuous
    owned = any(
        "different" in (band(each.error64, each.floor64, "float64"), band(each.error32, each.floor32, "float32"))
        for each in measured.stations
        if each.rule is Rule.LAW_AT_REDRAW and each.own
    )
    return broken == {Rule.LAW_AT_REDRAW} and not jumps and not owned


TABLE = (
    ("modified input", lambda m: m.modified, ("fail", None)),
    ("repeated calls differ", lambda m: m.properties.get(Rule.REPEATED_CALL, 0) > 1e-12, ("fail", None)),
    ("noise", lambda m: m.floor64 > NOISE["float64"], ("error", Fault.ILL_CONDITIONED)),
    ("constant", lambda m: not m.spread > 1e3 * m.floor64, ("error", Fault.VACUOUS)),
    ("no parameter matters", lambda m: not m.moves, ("error", Fault.VACUOUS)),
    ("redraw", unowned_redraw_alone, ("undecided", None)),
    ("broken", lambda m: any(where == "different" for _, where in bands(m)), ("fail", None)),
    ("jump", lambda m: m.jump is not None and m.continuous, ("fail", None)),
    (
        "no other parameters to ask at",
        lambda m: m.ask in (Ask.STEPS, Ask.REDRAW) and not m.stations,
        ("error", Fault.ILL_CONDITIONED),
    ),
    ("noise in float32", lambda m: m.floor32 > NOISE["float32"], ("error", Fault.ILL_CONDITIONED)),
    ("between", lambda m: any(where == "undecided" for _, where in bands(m)), ("undecided", None)),
    ("right", lambda m: True, ("pass", None)),
)
"""The first line that holds decides."""


def second(measured: Measurement) -> tuple[str, Fault | None]:
    return next(wanted for _, holds, wanted in TABLE if holds(measured))


def agree(measured: Measurement) -> None:
    found = verdict.judge(measured)
    assert (found.outcome, found.fault) == second(measured), measured
    stored = verdict.evidence("", "", "", "", measured, None)
    assert verdict.judge(verdict.measurement(stored)) == found
    different = {rule for rule, where in bands(measured) if where == "different"}
    alone = {rule for rule in (Rule.UNMODIFIED_INPUT, Rule.REPEATED_CALL) if rule in stored.broken}
    if alone:
        assert {*stored.broken} == alone
    else:
        assert {*stored.broken} - {Rule.LAW_IN_FLOAT32, Rule.CONTINUITY} == different - {Rule.LAW_IN_FLOAT32}
    assert len({*stored.broken}) == len(stored.broken)
    for rule, held in stored.properties.items():
        assert held.verdict == band(measured.properties[rule], measured.floor64, "float64")
        assert (held.value, held.limit) == (measured.properties[rule], 10 * measured.floor64)
    assert stored.float32 == band(measured.error32, measured.floor32, "float32")
    if found.outcome == "pass":
        assert stored.cause is Cause.NONE and not stored.broken


SOUND = Measurement(
    error64=1e-15,
    error32=3e-7,
    floor64=2.0**-48,
    floor32=2.0**-20,
    properties={Rule.REPEATED_CALL: 0.0, Rule.BATCH_ORDER: 0.0, Rule.BATCH_MATES: 1e-16},
    spread=0.5,
    modified=False,
    pairs=64,
)
STATION = Station("3 steps", Rule.LAW_AFTER_STEPS, 1e-15, 2.0**-48, 0.0, 2.0**-20)
FLOORS = {"float64": [LEAST, 2.0**-40, 2.0**-34, 2.0**-30, 1e-9], "float32": [2.0**-20, 2.0**-12, 1e-3, 2.0**-9]}


def around(*values: float) -> list[float]:
    """Each value, and its neighbours among the floats."""
    return [x for value in values for x in (nextafter(value, -inf), value, nextafter(value, inf)) if x >= 0]


def edges(precision: str) -> list[tuple[float, float]]:
    """Errors and floors at, above and below every threshold."""
    found = []
    for floor in FLOORS[precision]:
        pass_floors, pass_error, fail_floors, fail_error = LIMITS[precision]
        limits = (pass_floors * floor, fail_floors * floor, pass_error, fail_error)
        found += [(error, floor) for error in (0.0, 1.0, *around(*(limit for limit in limits if limit < inf)))]
    return found


def test_each_line_of_the_table_decides_somewhere():
    said = {
        name: next(line for line, holds, _ in TABLE if holds(measured))
        for name, measured in {
            "modified input": replace(SOUND, modified=True),
            "repeated calls differ": replace(SOUND, properties={Rule.REPEATED_CALL: 1.0}),
            "noise": replace(SOUND, floor64=1e-8),
            "constant": replace(SOUND, spread=0.0),
            "no parameter matters": replace(SOUND, moves=False),
            "redraw": replace(SOUND, stations=(replace(STATION, rule=Rule.LAW_AT_REDRAW, error64=1.0),)),
            "broken": replace(SOUND, error64=1.0),
            "jump": replace(SOUND, jump=1.0),
            "no other parameters to ask at": replace(SOUND, ask=Ask.STEPS),
            "noise in float32": replace(SOUND, floor32=1.0),
            "between": replace(SOUND, error64=1e-13),
            "right": SOUND,
        }.items()
    }
    assert said == {name: name for name, _, _ in TABLE}


@pytest.mark.parametrize(("precision", "unit"), [("float64", 1.0), ("float32", verdict.SINGLE)])
def test_errors_at_every_threshold_lie_in_the_same_band(precision, unit):
    for error, floor in edges(precision):
        assert verdict.grade(error, floor, unit) is Grade(band(error, floor, precision)), (error, floor)


def test_the_two_agree_at_every_threshold():
    for error, floor in edges("float64"):
        agree(replace(SOUND, error64=error, floor64=floor))
        agree(replace(SOUND, properties={Rule.BATCH_MATES: error}, floor64=floor))
        agree(replace(SOUND, properties={Rule.REPEATED_CALL: error}, floor64=floor))
        agree(replace(SOUND, stations=(STATION, replace(STATION, error64=error, floor64=floor))))
    for error, floor in edges("float32"):
        agree(replace(SOUND, error32=error, floor32=floor))
        agree(replace(SOUND, error32=error, floor32=floor, floor64=1e-12))
        agree(replace(SOUND, stations=(replace(STATION, error32=error, floor32=floor), STATION)))
    for floor in around(*NOISE.values(), 1e-12):
        agree(replace(SOUND, floor64=floor, spread=1e9))
        for at in around(1e-3, 2.0**29 * floor):
            agree(replace(SOUND, floor64=floor, floor32=at, error64=0.0, error32=0.0, spread=1e9))
    for spread in around(1e3 * SOUND.floor64):
        agree(replace(SOUND, spread=spread))


KINDS = [Rule.LAW_AFTER_STEPS, Rule.LAW_AT_REDRAW, Rule.LAW_AFTER_TRAIN_CALLS]
errors = st.sampled_from([0.0, 1e-16, 1e-15, 1e-13, 1e-12, 1e-11, 1e-10, 1e-9, 1e-6, 1e-4, 1e-2, 1.0])
floors = st.sampled_from([LEAST, 1e-14, 1e-13, 1e-12, 1e-10, 1e-9, 1.1e-9, 1e-6])
floors32 = st.sampled_from([2.0**-24, 1e-6, 1e-4, 1e-3, 1.1e-3, 1e-2, 1.0])
stations = st.builds(
    Station, st.just("there"), st.sampled_from(KINDS), errors, floors, errors, floors32, st.just(""), st.booleans()
)
measurements = st.builds(
    Measurement,
    error64=errors,
    error32=errors,
    floor64=floors,
    floor32=floors32,
    properties=st.dictionaries(
        st.sampled_from([Rule.REPEATED_CALL, Rule.BATCH_ORDER, Rule.BATCH_SIZE, Rule.GRADIENT_IN_INPUT]),
        errors,
        max_size=3,
    ),
    spread=st.sampled_from([0.0, 1e-12, 1e-6, 1.0, 1.0]),
    modified=st.sampled_from([False] * 9 + [True]),
    pairs=st.sampled_from([0, 6, 64]),
    exhaustive=st.booleans(),
    jump=st.sampled_from([None, None, None, 1e-6]),
    continuous=st.booleans(),
    moves=st.sampled_from([True] * 9 + [False]),
    ask=st.sampled_from([*Ask]),
    stations=st.lists(stations, max_size=2).map(tuple),
)


@given(measurements)
@settings(deadline=None, derandomize=True, max_examples=300, database=None)
def test_the_two_agree_on_random_evidence(measured):
    agree(measured)


@given(measurements)
@settings(deadline=None, derandomize=True, max_examples=150, database=None)
def test_the_two_agree_where_little_is_wrong(measured):
    """Random evidence is mostly wrong in several ways; here one thing alone is as drawn."""
    for name in ("error64", "error32", "properties", "jump", "stations"):
        agree(replace(SOUND, ask=Ask.LAW, continuous=measured.continuous, **{name: getattr(measured, name)}))


def test_stations_of_every_kind_are_alike_but_for_redraws_without_a_rule_of_their_own():
    for rule, own, error64, error32 in itertools.product(KINDS, (False, True), (0.0, 1e-13, 1.0), (0.0, 1e-4, 1.0)):
        station = replace(STATION, rule=rule, own=own, error64=error64, error32=error32)
        for start in (SOUND, replace(SOUND, error64=1.0), replace(SOUND, error32=1.0), replace(SOUND, jump=1.0)):
            agree(replace(start, stations=(STATION, station)))
            agree(replace(start, stations=(station, replace(station, own=not own))))


@pytest.mark.parametrize("name", ["error64", "error32", "floor64", "floor32", "spread", "jump"])
def test_a_number_that_is_none_never_passes(name):
    assert verdict.judge(replace(SOUND, **{name: nan})).outcome != "pass"


def test_the_bound_is_that_of_so_many_clean_pairs():
    """What is broken on a share b of the pairs shows none of n with probability (1 - b)^n = 5 %."""
    for pairs in (1, 6, 64, 256):
        bound = replace(SOUND, pairs=pairs).bound
        assert bound is not None and abs((1 - bound) ** pairs - 0.05) < 1e-12
        assert replace(SOUND, pairs=pairs, exhaustive=True).bound == 0
    assert replace(SOUND, pairs=0).bound is None
