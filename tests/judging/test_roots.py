"""One root, its echoes under it; and shapes that are refused though their like is served."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from orbitcheck.harness.checks.equivariance.evidence import Cause, Rule
from orbitcheck.harness.checks.equivariance.verdict import Measurement, evidence
from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.core.outcomes import OUTCOMES, Fault, Refusal
from orbitcheck.harness.core.result import AskedFor, Judgement, Result
from orbitcheck.harness.judging.gate import is_red, settle
from orbitcheck.harness.judging.roots import hold_to_shapes, rooted, with_roots

TINY, WIDE = "mlp(1, 2, 1)", "mlp(1, 64, 1)"
SOUND = evidence("a space", "invariant", "generic", "eval", Measurement(1e-15, 3e-7, 2e-15, 1e-6, dict.fromkeys(list(Rule)[1:5], 0.0), 0.5, modified=False), None)  # fmt: skip


def row(
    case: str, outcome: str, kind="separation", output="invariant", space=TINY, family="mlp/relu", name="net", **more
):
    cell = Cell("s", kind, kind, {}, case, None, name)
    made = cell.row(Judgement(outcome), asked=AskedFor(output, family, space))
    return replace(made, **more)


def law(case: str, *rules: Rule, cause: Cause = Cause.VIOLATION, **more) -> Result:
    found = replace(SOUND, broken=rules, cause=cause)
    return row(case, "fail" if rules else "pass", kind="equivariance", evidence=found, **more)


def roots(*rows: Result) -> list[int | None]:
    """For each row the position of its root."""
    places = {one.id: place for place, one in enumerate(rows)}
    return [places.get(one.root or "") for one in with_roots(rows)]


def test_a_broken_law_is_the_root_of_its_like_and_of_invalid_pairs_of_its_network_alone():
    invalid = {"outcome": "error", "fault": Fault.INVALID}
    assert roots(
        row("a", **invalid),
        law("b", Rule.LAW, output="equivariant"),
        law("c", Rule.LAW),
        law("d", Rule.LAW, space=WIDE),
        law("e", Rule.BATCH_MATES),
        law("f", Rule.LAW, cause=Cause.UNKNOWN),
        law("g"),
        row("h", **invalid),
        row("i", **invalid, name="other"),
        row("j", "fail"),
    ) == [2, None, None, 2, None, None, None, 2, None, None]


def test_a_law_that_did_not_fail_or_of_which_no_rule_is_broken_is_the_root_of_nothing():
    """Neither of its like, nor of the invalid pairs of its network; so is a failure of another kind of check."""
    invalid = {"outcome": "error", "fault": Fault.INVALID}
    for outcome in sorted({*OUTCOMES} - {"fail"}):
        open_ = [replace(law(case, Rule.LAW), outcome=outcome) for case in "ab"]
        assert roots(*open_, row("c", **invalid)) == [None, None, None]
    whole = [replace(law(case), outcome="fail") for case in "ab"]
    assert roots(*whole, row("c", **invalid)) == [None, None, None]
    assert roots(row("a", "fail"), row("b", "fail"), row("c", **invalid)) == [None, None, None]


def test_rows_that_were_not_run_follow_from_the_first_that_was_lost():
    lost, not_run = {"outcome": "error", "fault": Fault.LOST}, {"outcome": "error", "fault": Fault.NOT_RUN}
    assert roots(
        row("a", **lost),
        row("b", **lost),
        row("c", **not_run),
        row("d", **not_run, name="other"),
        row("e", **not_run),
        row("f", **not_run, kind="detection"),
    ) == [None, None, 0, None, 0, None]


def test_one_exception_on_forty_rows_is_one_root():
    rows = [row(str(n), "error", fault=Fault.RAISED, origin="E at a.py:3", reason=f"size {n}") for n in range(40)]
    other = row("x", "error", fault=Fault.RAISED, origin="E at a.py:4")
    lost = [row(f"lost{n}", "error", fault=Fault.LOST) for n in range(2)]
    assert roots(*rows, other, *lost) == [None, *[0] * 39, None, None, None]
    (head, second, *alone) = rooted(with_roots([*rows, other, *lost]))
    assert (head.head.id, len(head.followers), second.followers, len(alone)) == (rows[0].id, 39, (), 2)


@pytest.mark.parametrize("fault", [Fault.VACUOUS, Fault.NOT_LOADED, Fault.CONTRACT, Fault.NON_FINITE])
def test_what_ends_many_rows_at_once_has_one_root_an_output(fault):
    pair = [row(f"{output}{n}", "error", output=output, fault=fault, origin="O") for output in ("invariant", "equivariant") for n in range(2)]  # fmt: skip
    assert roots(*pair) == ([None, 0, 0, 0] if fault is Fault.NOT_LOADED else [None, 0, None, 2])


def test_every_red_row_stands_under_exactly_one_root_and_a_root_follows_from_nothing():
    rows = with_roots([
        row(f"{outcome}{fault}{n}", outcome, fault=fault, origin="O")
        for outcome, fault, n in itertools.product(OUTCOMES, (None, *Fault), range(2))
    ])  # fmt: skip
    red = [one for one in rows if is_red(one)]
    listed = [each.id for group in rooted(red) for each in (group.head, *group.followers)]
    assert sorted(listed) == sorted(one.id for one in red)
    by_id = {one.id: one for one in rows}
    assert all(by_id[one.root].root is None for one in rows if one.root)
    assert not any(one.root for one in rows if one.outcome in ("pass", "observed", "not-applicable"))


REFUSED = {"outcome": "not-applicable", "refusal": Refusal.UNSUPPORTED, "space": WIDE}


@pytest.mark.parametrize("served", OUTCOMES)
def test_a_shape_that_is_refused_though_its_like_is_served_is_an_error(served):
    before = row("a", served)
    found = hold_to_shapes([row("b", **REFUSED), before])
    red = served in ("pass", "fail", "undecided", "observed")
    assert (found[0].outcome, found[0].fault) == (("error", Fault.REFUSED_SHAPE) if red else ("not-applicable", None))
    assert found[1] == before


@pytest.mark.parametrize(
    "change",
    [
        {"output": "equivariant"},
        {"family": "mlp/tanh"},
        {"name": "other"},
        {"space": TINY},
        {"refusal": Refusal.OTHER_SHAPE},
        {"refusal": Refusal.OUTSIDE_DOMAIN},
    ],
)
def test_another_output_or_kind_of_space_may_be_refused_and_so_may_a_shape_that_is_named(change):
    asked = row("b", **{**REFUSED, **change})
    assert hold_to_shapes([row("a", "pass"), asked])[1] == asked


def test_a_network_that_refuses_what_it_would_fail_is_red_by_one_root():
    rows = [row("a", "pass"), *(row(str(n), **REFUSED) for n in range(5))]
    settled, problems, code = settle(rows, [], [])
    assert (problems, code) == ([], 1)
    (group,) = rooted([one for one in settled if is_red(one)])
    assert len(group.followers) == 4
    assert WIDE in group.head.reason and TINY in group.head.reason
