"""Evidence of the law stands in the row that it was measured for, and a pass has asked everything: what is left out or put in is refused."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from orbitcheck import mlp
from orbitcheck.harness.checks.equivariance import verdict
from orbitcheck.harness.checks.equivariance.elsewhere.optimisers import Optimiser
from orbitcheck.harness.checks.equivariance.evidence import Ask, Reached, Rule, State, Station
from orbitcheck.harness.checks.equivariance.parameters import RATE, WALKS
from orbitcheck.harness.checks.equivariance.prepared import FEW_DRAWS
from orbitcheck.harness.checks.equivariance.task import PAIRS
from orbitcheck.harness.checks.stored import Stored
from orbitcheck.harness.verification.exact.refuted import Refuted
from orbitcheck.harness.verification.law import DRAWS, FEW, Case, of_the_law

SPACES = {"tiny": mlp(1, 3, 1), "other": mlp(1, 4, 1)}
PARAMETERS = {"spaces": {name: {"space": space.to_json(), "zoo": None} for name, space in SPACES.items()}}
QUIET = dict.fromkeys((Rule.REPEATED_CALL, Rule.BATCH_ORDER, Rule.BATCH_MATES, Rule.BATCH_OF_ONE), 0.0)
CALLED = QUIET | dict.fromkeys((Rule.MANY_CALLS, Rule.GRADIENTS_RECORDED, Rule.BATCH_SIZE, Rule.STRIDED_INPUT), 0.0)


def station(state: State, rule: Rule) -> Station:
    return Station(str(state), rule, 1e-16, 2e-15, 1e-8, 1e-6, state=state)


WALKED = tuple(
    station(State(Reached.STEPS, count, optimiser, sign * RATE), Rule.LAW_AFTER_STEPS)
    for optimiser, sign, counts in WALKS
    for count in counts
)
REDRAWN = tuple(station(State(Reached.REDRAW, draw), Rule.LAW_AT_REDRAW) for draw in (1, 2))
MORE = {
    Ask.LAW: {"properties": QUIET},
    Ask.CALLS: {"properties": CALLED},
    Ask.STEPS: {"stations": WALKED},
    Ask.REDRAW: {"stations": REDRAWN},
    Ask.GRADIENTS: {},
    Ask.COMPILED: {"properties": {Rule.COMPILED_ANSWER: 0.0}},
}


def asked(
    ask: Ask = Ask.LAW, /, outcome: str = "pass", case: str = "tiny/invariant/generic/eval", declared=None, **change
):
    """Ask whether evidence like this may stand in a row of the case."""
    told = {"space": str(SPACES["tiny"]), "output": "invariant", "input": "generic", "mode": "eval"}
    about = {name: change.pop(name, value) for name, value in told.items()}
    sound = verdict.Measurement(
        error64=1e-16, error32=1e-8, floor64=2e-15, floor32=1e-6, properties={}, spread=0.5, modified=False,
        pairs=DRAWS if ask is Ask.LAW else FEW, ask=ask,
    )  # fmt: skip
    measured = replace(sound, **MORE[ask] | change)
    said = verdict.evidence(about["space"], about["output"], about["input"], about["mode"], measured, None)
    row = SimpleNamespace(case=case if ask is Ask.LAW else f"{case}/{ask}", outcome=outcome)
    declared = {"continuous": True} if declared is None else declared
    of_the_law(row, Stored(said, PARAMETERS, row.case, declared))  # type: ignore[arg-type]


@pytest.mark.parametrize("ask", list(Ask))
def test_evidence_of_its_own_case_stands(ask):
    asked(ask)


def test_the_numbers_are_those_that_are_measured():
    assert (DRAWS, FEW) == (PAIRS, FEW_DRAWS)


def test_a_case_is_read_off_its_text():
    assert Case.of("a/b/point/zoo/train") == ("a/b", "point", "zoo", "train", Ask.LAW)
    assert Case.of("tiny/equivariant/generic/eval/steps") == ("tiny", "equivariant", "generic", "eval", Ask.STEPS)


@pytest.mark.parametrize(
    "change",
    [
        {"output": "equivariant"},
        {"input": "ties"},
        {"mode": "train"},
        {"space": str(SPACES["other"])},
        {"continuous": False},
    ],
    ids=str,
)
@pytest.mark.parametrize("outcome", ["pass", "fail", "undecided"])
def test_evidence_of_another_case_is_refused_whatever_it_says(change, outcome):
    with pytest.raises(Refuted, match=r"is of the case's|as declared"):
        asked(outcome=outcome, **change)


def test_evidence_of_another_ask_is_refused():
    with pytest.raises(Refuted, match="the case's ask, steps"):
        asked(Ask.STEPS, **{**MORE[Ask.LAW], "ask": Ask.LAW})


def test_what_is_declared_not_to_be_continuous_is_measured_so():
    asked(declared={"continuous": False}, continuous=False)
    with pytest.raises(Refuted, match="as declared"):
        asked(declared={"continuous": False})
    asked(declared={})  # a run that says nothing of it


def test_another_space_is_named_where_the_law_fails_there_alone():
    other = str(SPACES["other"])
    asked(outcome="fail", space=other, beside=other)
    with pytest.raises(Refuted, match="where the law fails there"):
        asked(space=other, beside=other)
    with pytest.raises(Refuted, match="the case's space"):
        asked(outcome="fail", beside=other)


@pytest.mark.parametrize("pairs", [0, 1, 16, 63, 65, 10**9])
def test_a_pass_has_asked_all_pairs(pairs):
    with pytest.raises(Refuted, match="64 pairs"):
        asked(pairs=pairs)
    asked(pairs=pairs, outcome="fail")  # of a failure those are kept that break it


def test_fewer_pairs_are_all_that_there_are_at_zeros_alone():
    zeros = {"case": "tiny/invariant/zeros/eval", "input": "zeros"}
    asked(**zeros, pairs=6, exhaustive=True)
    asked(**zeros, pairs=64, exhaustive=True)
    for pairs, exhaustive, about in ((6, False, zeros), (0, True, zeros), (65, True, zeros), (6, True, {})):
        with pytest.raises(Refuted, match="64 pairs"):
            asked(**about, pairs=pairs, exhaustive=exhaustive)


@pytest.mark.parametrize("ask", [Ask.LAW, Ask.CALLS, Ask.COMPILED])
def test_a_rule_that_was_not_asked_is_missed(ask):
    whole = MORE[ask]["properties"]
    for rule in whole:
        kept = {each: value for each, value in whole.items() if each != rule}
        if rule is Rule.STRIDED_INPUT:  # may be refused
            asked(ask, properties=kept)
            continue
        with pytest.raises(Refuted, match=f"a pass has asked {rule}"):
            asked(ask, properties=kept)
        asked(ask, properties=kept, outcome="fail")  # the first that breaks ends a row


@pytest.mark.parametrize("ask", [Ask.STEPS, Ask.REDRAW])
def test_a_station_that_is_gone_is_missed_unless_a_note_says_why(ask):
    whole = MORE[ask]["stations"]
    for gone in whole:
        kept = tuple(each for each in whole if each is not gone)
        with pytest.raises(Refuted, match=f"after {gone.name}"):
            asked(ask, stations=kept)
        for why in ("not finite", "ill-conditioned, the noise is 1.0e-07"):
            asked(ask, stations=kept, notes=(f"{gone.name}: {why}",))
        asked(ask, stations=kept, outcome="fail")


def test_a_walk_that_ended_early_says_so_for_what_lies_further_along_it_alone():
    adam = tuple(each for each in WALKED if each.state.optimiser is Optimiser.ADAM and each.state.rate > 0)
    assert [each.state.count for each in adam] == [3, 20]
    kept = tuple(each for each in WALKED if each not in adam)
    asked(Ask.STEPS, stations=kept, notes=(f"{adam[0].name}: parameters not finite",))
    with pytest.raises(Refuted, match="after 3 steps of SGD"):
        asked(Ask.STEPS, stations=kept[1:], notes=(f"{adam[0].name}: parameters not finite",))


def test_networks_that_are_woken_first_say_so_in_their_stations():
    asked(Ask.STEPS, stations=tuple(replace(each, name=str(replace(each.state, woken=True))) for each in WALKED))
