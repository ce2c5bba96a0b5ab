"""Boards: who has a rank and why, what counts, and that two versions of a suite never meet; of rows of a real small run."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from orbitcheck.harness.core.result import Run
from orbitcheck.reports.leaderboard.entries import ENOUGH, Admitted, Standing, boards, entries, ranked
from orbitcheck.reports.leaderboard.page import data, page


@pytest.fixture(scope="module")
def admitted(small_run: Run) -> Admitted:
    names = [entry["name"] for entry in small_run.architectures]
    untrained = [row for row in small_run.results if row.kind != "approximation"]  # of which some are undecided
    run = replace(small_run, results=untrained)
    return Admitted("small", run, "ab" * 32, dict.fromkeys(names, ENOUGH), "runs/abab")


def by_name(admitted: Admitted) -> dict:
    (board,), _ = boards([admitted])
    return {entry.architecture: entry for entry in board.entries}


def test_red_and_missing_rows_have_no_rank_however_much_was_measured_again(admitted: Admitted) -> None:
    found = by_name(admitted)
    assert found["stats"].rank is not None
    assert found["broken.py:FirstNeuron"].standing is Standing.NOT_AS_PREDICTED
    assert found["broken.py:Raises"].standing is Standing.ROWS_MISSING
    assert "missing" in found["broken.py:Raises"].words and found["broken.py:Raises"].rank is None


def test_a_control_that_has_to_fail_is_no_competitor(admitted: Admitted) -> None:
    """A network that breaks the law in rows that the suite declares is as predicted, and has no rank."""
    rows = [
        replace(row, declared="a control")
        if row.architecture == "broken.py:FirstNeuron" and row.outcome != "pass"
        else row
        for row in admitted.run.results
        if row.architecture != "broken.py:FirstNeuron" or row.outcome != "error"
    ]
    found = by_name(replace(admitted, run=replace(admitted.run, results=rows)))["broken.py:FirstNeuron"]
    assert found.score.rows.red == 0 and found.rank is None
    assert found.standing is Standing.BREAKS_THE_LAW and found.words == "breaks the law"


def test_pairs_are_of_all_that_the_suite_asks(admitted: Admitted) -> None:
    (board,), _ = boards([admitted])
    told = [(entry.score.apart, entry.apart) for entry in board.entries if entry.score.apart is not None]
    assert told and all(bar.words == f"{apart:.0f} of {board.pairs}" for bar, apart in told)
    assert all(sum(part.size for part in bar.parts) == board.pairs for bar, _ in told)


def test_a_rank_needs_enough_rows_that_were_measured_again(admitted: Admitted) -> None:
    name = "stats"
    entry = by_name(replace(admitted, again={**admitted.again, name: ENOUGH - 1}))[name]
    assert entry.standing is Standing.SELF_REPORTED and entry.rank is None
    assert entry.words == f"self-reported ({ENOUGH - 1} of {ENOUGH})"
    nobody = by_name(replace(admitted, again={}))
    assert all(each.rank is None for each in nobody.values())


def test_ranks_go_by_law_then_pairs_then_claims_then_cost_and_equals_are_equal(admitted: Admitted) -> None:
    base = by_name(admitted)["stats"]
    bar = base.score.apart
    assert bar is not None

    def made(name: str, apart: float, operations: int | None) -> object:
        return replace(
            base, architecture=name, score=replace(base.score, apart=replace(bar, share=apart)), operations=operations
        )

    given = [
        made("dear", 5, 200),
        made("blind", 4, 1),
        made("cheap", 5, 100),
        made("same", 5, 100),
        made("uncounted", 5, None),
    ]
    told = [(entry.architecture, entry.rank) for entry in ranked(given)]
    assert told == [("cheap", 1), ("same", 1), ("dear", 3), ("uncounted", 4), ("blind", 5)]


def test_a_row_that_is_left_out_of_the_pairs_never_helps(admitted: Admitted) -> None:
    whole = by_name(admitted)["stats"]
    without = [
        row
        for row in admitted.run.results
        if not (row.architecture == "stats" and row.kind == "separation" and row.observed != "separated")
    ]
    fewer = by_name(replace(admitted, run=replace(admitted.run, results=without)))["stats"]
    assert fewer.apart == whole.apart
    parts = fewer.score.apart.parts
    assert sum(part.size for part in parts) == sum(part.size for part in whole.score.apart.parts), (
        "of all pairs, not of those left"
    )


def test_two_versions_never_meet_and_the_same_network_stands_once(admitted: Admitted) -> None:
    other = replace(
        admitted, name="newer", run=replace(admitted.run, suites=[{**admitted.run.suites[0], "version": 2}])
    )
    made, refused = boards([admitted, other, replace(admitted, name="again")])
    assert [(board.suite, board.version) for board in made] == [("small", 1), ("small", 2)]
    assert {entry.source.name for entry in made[0].entries} == {"small"} and {
        entry.source.name for entry in made[1].entries
    } == {"newer"}
    assert {each.name for each in refused} == {f"again: {entry.architecture}" for entry in made[0].entries}


def test_the_page_says_every_entry_and_every_refusal_and_asks_nothing_of_the_network(admitted: Admitted) -> None:
    made, refused = boards([admitted, replace(admitted, name='<script>alert(1)</script>"')])
    text = page(made, refused, "0.1.0")
    assert text == page(made, refused, "0.1.0") and "<script>alert" not in text and "&lt;script&gt;" in text
    assert "http:" not in text and "https:" not in text and "default-src 'none'" in text
    for entry in made[0].entries:
        assert entry.architecture in text and f"{entry.source.folder}/report.html" in text
    told = json.loads(data(made, refused, "0.1.0"))
    assert len(told["boards"][0]["entries"]) == len(made[0].entries) and len(told["refused"]) == len(refused)


def test_claims_hold_where_every_row_that_could_fail_is_as_predicted(admitted: Admitted) -> None:
    listed = {entry.architecture: entry for entry in entries(admitted, "small")}
    assert all(each.holds for each in listed["stats"].claims)
    assert not all(each.holds for each in listed["broken.py:FirstNeuron"].claims)
