"""Two architectures side by side: every case they share or do not share is counted once, and what is said is what was seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from orbitcheck.harness.checks.prediction import NO_GAP, SEPARATED
from orbitcheck.harness.core.result import Result, Run
from orbitcheck.reports.reading.comparing import NO_ROW, comparison, told
from orbitcheck.reports.reading.explaining import explained

Row = Callable[..., Result]


def pair(make_row: Row, name: str, case: str, seen: str, **changes: object) -> Result:
    return make_row("separation", architecture=name, case=case, observed=seen, **changes)


def test_only_what_was_seen_differently_is_told(make_row: Row) -> None:
    rows = [
        pair(make_row, "a", "same", SEPARATED), pair(make_row, "b", "same", SEPARATED, outcome="observed"),
        pair(make_row, "a", "other", SEPARATED), pair(make_row, "b", "other", NO_GAP),
        pair(make_row, "a", "alone", SEPARATED),
        pair(make_row, "a", "red", SEPARATED), pair(make_row, "b", "red", SEPARATED, outcome="fail"),
    ]  # fmt: skip
    found = comparison(Run("0", {}, [], [], rows), "a", "b")
    assert [case.case for case in found.differing] == ["other", "red", "alone"] and found.agreeing == 1
    assert [case.alone for case in found.differing] == [False, False, True] and found.differing[2].second == NO_ROW
    assert found.apart == (1, 0)  # the pair that b was not asked says nothing of its power
    assert found.words == (
        "a and b agree in 1 case and differ in 3, 1 of them asked of one alone; "
        "a alone tells apart 1 of the pairs that both were asked, b alone 0"
    )
    assert found.differing[0].first.startswith("pass: separated, ") and found.differing[0].first.endswith(" digits")


def test_comparing_the_other_way_round_swaps_the_sides(small_run: Run) -> None:
    one, other = comparison(small_run, "stats", "sorted-mlp"), comparison(small_run, "sorted-mlp", "stats")
    assert (
        one.apart == other.apart[::-1] and one.agreeing == other.agreeing and len(one.differing) == len(other.differing)
    )
    assert {(case.case, case.first, case.second) for case in one.differing} == {
        (case.case, case.second, case.first) for case in other.differing
    }
    cases = {
        (row.suite, row.check, row.case) for row in small_run.results if row.architecture in ("stats", "sorted-mlp")
    }
    assert one.agreeing + len(one.differing) == len(cases)
    assert comparison(small_run, "stats", "stats").differing == ()


def test_an_architecture_without_rows_is_refused_by_name(small_run: Run) -> None:
    with pytest.raises(ValueError, match="no rows of 'dvs' in this run; there are those of "):
        comparison(small_run, "dvs", "stats")


def test_every_row_can_be_told_in_words(small_run: Run, hostile_run: Run) -> None:
    for run in (small_run, hostile_run):
        for row in run.results[:: max(1, len(run.results) // 60)]:
            lines = list(explained(run, row))
            assert all("\n" not in line for line in lines)
            assert any(line.startswith("predicted: ") for line in lines)
    red = next(row for row in small_run.results if row.outcome == "fail")
    assert any(red.reason[:60] in line for line in explained(small_run, red))
    follower = replace(red, id="follower", root=red.id)
    run = replace(small_run, results=[*small_run.results, follower])
    assert any(line.startswith(f"follows from: {red.id} ") for line in explained(run, follower))
    assert told(None) == NO_ROW
