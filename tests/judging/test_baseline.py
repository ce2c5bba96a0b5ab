"""A part of a run renews a baseline: what becomes of each row, written out, and what is said of parts that may not. What is said of
differences is held in full, too."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orbitcheck.harness.core.cell import WEIGHTS, Cell
from orbitcheck.harness.core.cleaning import BorderError
from orbitcheck.harness.core.outcomes import Trouble
from orbitcheck.harness.core.result import Judgement, Problem, Result, Run
from orbitcheck.harness.judging.baseline import (
    Baseline,
    Difference,
    baseline_of,
    compare,
    listing,
    parse_baseline,
    renewed,
)

REFUSED = "a part of a baseline is renewed by a run of --only alone, without --fail-fast and --shard"


def row(architecture: str, suite: str, check: str, case: str, outcome: str, observed: str = "") -> Result:
    made = Cell(suite, check, "separation", {}, case, None, architecture).row(Judgement(outcome))
    return replace(made, observed=observed)


def a_suite(name: str, **checks: int) -> dict:
    """A suite whose checks ask for so much."""
    return {
        "name": name,
        "checks": [{"id": each, "kind": "separation", "parameters": {"size": size}} for each, size in checks.items()],
    }


def a_part(*rows: Result, only=("* / pair",), suites=None, problems=(), **more) -> Run:
    selection = {"only": list(only), "fail_fast": False, "shard": None, "architectures": ["net"], **more}
    asked = suites or [a_suite("s", law=1, pair=1)]
    return Run("0", {}, asked, [], list(rows), list(problems), selection=selection)


NOW = baseline_of(a_part()).contents
LAW, PAIR, ELSEWHERE = (NOW["s", "law"], NOW["s", "pair"], "of another suite")
BEFORE = Baseline(
    {
        ("net", "s", "law", "a"): "pass",
        ("net", "s", "pair", "a"): "observed",
        ("net", "s", "pair", "b"): "observed",
        ("net", "t", "pair", "a"): "observed",
        ("other", "s", "pair", "a"): "observed",
        ("net", "s", "values", "a"): "fail",
        (WEIGHTS, "s", "pair", "a"): "pass",
        (WEIGHTS, "t", "pair", "a"): "pass",
    },
    {("s", "law"): LAW, ("s", "pair"): PAIR, ("t", "pair"): ELSEWHERE, ("s", "values"): "ddd"},
    (("planted", "x"), ("decided-share", "net / invariant"), ("missing-rows", "s / law / net")),
    {
        ("net", "s", "pair", "a"): "separated",
        ("net", "s", "pair", "b"): "no gap",
        ("net", "t", "pair", "a"): "no gap",
        ("other", "s", "pair", "a"): "separated",
    },
)
GONE = replace(
    BEFORE,
    outcomes={place: outcome for place, outcome in BEFORE.outcomes.items() if place[2] != "values"},
    contents={key: content for key, content in BEFORE.contents.items() if key[1] != "values"},
)
"""The baseline before `values` was asked."""


def test_of_each_row_it_is_written_out_whether_it_stays_or_is_renewed():
    part = a_part(
        row("net", "s", "pair", "b", "observed", "separated"),
        row("net", "s", "pair", "c", "observed", "unclear"),
        row(WEIGHTS, "s", "pair", "a", "fail"),
        problems=[
            Problem(Trouble.PLANTED, "y", "one of its own"),
            Problem(Trouble.MISSING_ROWS, "s / pair / net", "counts all rows"),
            Problem(Trouble.EXPECTED_FAILURE, "net / law / a: pass", "another of its own"),
        ],
    )
    assert renewed(GONE, part) == Baseline(
        {
            ("net", "s", "law", "a"): "pass",
            ("net", "t", "pair", "a"): "observed",
            ("other", "s", "pair", "a"): "observed",
            (WEIGHTS, "t", "pair", "a"): "pass",
            ("net", "s", "pair", "b"): "observed",
            ("net", "s", "pair", "c"): "observed",
            (WEIGHTS, "s", "pair", "a"): "fail",
        },
        {("t", "pair"): ELSEWHERE, ("s", "law"): LAW, ("s", "pair"): PAIR},
        (
            ("decided-share", "net / invariant"),
            ("missing-rows", "s / law / net"),
            ("planted", "y"),
            ("expected-failure", "net / law / a: pass"),
        ),
        {
            ("net", "t", "pair", "a"): "no gap",
            ("other", "s", "pair", "a"): "separated",
            ("net", "s", "pair", "b"): "separated",
            ("net", "s", "pair", "c"): "unclear",
        },
    )


def test_a_part_of_all_patterns_or_of_several_suites_renews_all_that_it_is_of():
    both = a_part(suites=[a_suite("s", law=1, pair=1), a_suite("t", pair=1)], only=["*"])
    assert renewed(GONE, both).outcomes == {("other", "s", "pair", "a"): "observed"}
    assert renewed(GONE, both).contents == baseline_of(both).contents, "of suites that the part is of, today's"
    named = a_part(only=["net / pair"])
    assert set(GONE.outcomes) - set(renewed(GONE, named).outcomes) == {
        ("net", "s", "pair", "a"),
        ("net", "s", "pair", "b"),
    }
    empty = Baseline({}, {}, ())
    only_row = row("net", "s", "pair", "a", "pass")
    assert renewed(empty, a_part(only_row)) == baseline_of(a_part(only_row))


def test_a_part_may_not_renew_where_rows_that_stay_were_asked_something_else():
    """The first such check is named; one all of whose rows are renewed, or of another suite, may ask what it likes."""
    asks = "asks something else than in the baseline; run all rows of it"
    for suites, only, wrong in (
        ([a_suite("s", law=2, pair=1)], "* / pair", "s / law"),
        ([a_suite("s", law=1, pair=2)], "* / pair", "s / pair"),
        ([a_suite("s", law=2, pair=2)], "* / pair", "s / law"),
        ([a_suite("s", pair=1)], "* / pair", "s / law"),
        ([a_suite("t", pair=1), a_suite("s", law=1, pair=1)], "net / pair", "t / pair"),
    ):
        with pytest.raises(ValueError, match="baseline") as refused:
            renewed(GONE, a_part(suites=suites, only=[only]))
        assert str(refused.value) == f"{wrong} {asks}"
    with pytest.raises(ValueError, match=f"^s / values {asks}$"):
        renewed(BEFORE, a_part())
    alone = replace(GONE, outcomes={place: each for place, each in GONE.outcomes.items() if place[0] != "other"})
    other = a_part(suites=[a_suite("s", law=1, pair=2)])
    assert renewed(alone, other).contents == {**alone.contents, **baseline_of(other).contents}
    dropped = replace(alone, contents={**alone.contents, ("s", "values"): "ddd"})
    assert renewed(dropped, other) == renewed(alone, other), "a check that its suite no longer has is forgotten"


@pytest.mark.parametrize("wrong", [{"fail_fast": True}, {"shard": (1, 2)}, {"shard": (0, 1)}, None])
def test_a_run_that_stopped_early_is_a_shard_or_is_whole_renews_nothing(wrong):
    part = a_part(**(wrong or {}))
    with pytest.raises(ValueError, match="baseline") as refused:
        renewed(GONE, part if wrong else replace(part, selection=None))
    assert str(refused.value) == REFUSED


def test_an_observed_pair_that_looks_otherwise_is_told_in_full():
    """A pair that turned is a regression; where the check asks something else now, it is said so."""
    was = baseline_of(a_part(row("net", "s", "pair", "a", "observed", "separated")))
    for seen, turned in (("no gap", True), ("unclear", False)):
        now = replace(row("net", "s", "pair", "a", "observed", seen), reason="a gap of 0")
        found = Difference("CHANGED", ("net", "s", "pair", "a"), "separated", seen, "a gap of 0", turned)
        assert compare(a_part(now), was) == [found]
        assert str(found) == f"CHANGED net / s / pair / a  separated -> {seen}: a gap of 0"
        elsewhere = a_part(now, suites=[a_suite("s", law=1, pair=2)])
        assert compare(elsewhere, was) == [replace(found, status="STALE")]
    assert compare(a_part(row("net", "s", "pair", "a", "observed", "separated")), was) == []


def test_a_difference_that_is_alone_in_its_group_is_told_by_itself():
    """Others are counted, by check and change, however many regressions are told one by one."""
    alone = Difference("FIXED", ("net", "s", "law", "a"), "fail", "pass", "held", False)
    also = replace(alone, place=("net", "s", "law", "b"))
    new = Difference("NEW", ("net", "s", "pair", "a"), None, "observed", "why", False)
    lost = Difference("MISSING", ("net", "s", "pair", "b"), "pass", None, "", True)
    assert listing([alone], 5) == ["FIXED   net / s / law / a  fail -> pass: held"]
    assert listing([lost, alone, also, new], 1) == [
        "MISSING net / s / pair / b  pass -> absent",
        "FIXED   s / law  fail -> pass, 2 rows of net",
        "NEW     net / s / pair / a  absent -> observed: why",
    ]
    assert listing([lost], 0) == ["MISSING net / s / pair / b  pass -> absent"]


def test_a_line_of_a_baseline_that_is_too_short_is_told_in_full():
    with pytest.raises(BorderError) as refused:
        parse_baseline('{"schema_version": 2, "checks": [], "rows": [["net", "s"]]}')
    assert str(refused.value) == '["net", "s"] is not a list of 5 or 6 strings'
    with pytest.raises(BorderError) as refused:
        parse_baseline('{"schema_version": 2, "checks": [["s", "law"]], "rows": []}')
    assert str(refused.value) == '["s", "law"] is not a list of 3 strings'
