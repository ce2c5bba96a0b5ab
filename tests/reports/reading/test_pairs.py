"""The separation table: digits, colour and words of a cell, and where a row without evidence belongs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from orbitcheck.harness.core.evidence import Evidence
from orbitcheck.harness.core.result import Result, Run
from orbitcheck.harness.judging.controls import round_ladder
from orbitcheck.reports.figures.ladder import ladder_figures
from orbitcheck.reports.reading.climbs import rungs
from orbitcheck.reports.reading.pairs import pair_table

Row = Callable[..., Result]


def run_of(*rows: Result) -> Run:
    return Run("0", {}, [], [], list(rows))


def pair(make_row: Row, digits: float | None, observed: str) -> Result:
    return make_row(
        "separation",
        case=f"{digits}",
        observed=observed,
        evidence={"family": "f", "relation": "r", "round": 2, "digits": digits},
    )


def test_what_an_error_measured_is_no_gap(make_row: Row) -> None:
    """Nor a want of one: neither the table nor the ladder of rounds shows a number of it."""
    error = replace(pair(make_row, 0.0, ""), outcome="error")
    (row,) = pair_table(run_of(error))
    assert (row.cells["dws"].digits, row.cells["dws"].word) == ("", "error")

    def rung(t: int, outcome: str, observed: str, digits: float) -> Result:
        evidence = {"family": "round-ladder", "round": t, "digits": digits}
        return make_row("separation", evidence, case=f"{t}", outcome=outcome, observed=observed)

    found = (
        rung(1, "pass", "separated", 9.0), rung(2, "observed", "unclear", 5.9), rung(3, "observed", "no gap", 0.1),
        rung(4, "error", "", 0.0),
    )  # fmt: skip
    described = [{"name": "dws", "options": {}}]
    run = replace(run_of(*found), architectures=described, round_ladder=round_ladder(found, described))
    climbed = rungs(run)["dws"]
    assert [(each.round, each.separated, each.unclear) for each in climbed] == [
        (1, True, False), (2, False, True), (3, False, False),
    ]  # fmt: skip
    panel, _ = (figure.drawing for figure in ladder_figures(run))
    assert [mark.part for mark in panel.marks] == ["separated", "undecided", "not-separated"]


def test_separation_cells(make_row: Row) -> None:
    def cell(*rows: Result) -> tuple[str, int, str]:
        (row,) = pair_table(run_of(*rows))
        found = row.cells["dws"]
        return found.digits, found.heat, found.word

    assert cell(pair(make_row, 6.24, "separated"), pair(make_row, 9.0, "separated")) == ("6.2 to 9.0", 2, "separated")
    assert cell(pair(make_row, 12.0, "separated")) == ("12.0", 5, "separated")
    assert cell(pair(make_row, 1.0, "separated")) == ("1.0", 1, "separated")
    assert cell(pair(make_row, -0.01, "not separated")) == ("0.0", 0, "not separated")
    assert cell(pair(make_row, float("inf"), "separated")) == ("inf", 5, "separated")
    assert cell(pair(make_row, float("nan"), "unclear")) == ("", 0, "unclear")
    assert cell(replace(pair(make_row, 2.0, "unclear"), outcome="undecided"))[2] == "undecided"
    assert cell(replace(pair(make_row, 0.0, "no gap"), outcome="undecided"))[2] == "no gap"
    assert cell(pair(make_row, 0.0, "no gap"))[2] == "no gap"
    assert cell(pair(make_row, 0.0, "no gap"), pair(make_row, 0.1, "not separated"))[2] == "no gap"
    assert cell(pair(make_row, -300, "not separated")) == ("<-9", 0, "not separated")
    assert cell(pair(make_row, 5.0, "separated"), pair(make_row, 0.5, "unclear")) == (
        "0.5 to 5.0",
        0,
        "1 of 2 separated",
    )


def test_an_error_joins_the_relation_of_its_case(make_row: Row) -> None:
    seen = pair(make_row, 5.0, "separated")
    crashed = replace(seen, architecture="other", outcome="error", observed="", evidence=Evidence())
    (row,) = pair_table(run_of(seen, crashed))
    assert (row.relation, row.cells["other"].word) == ("r", "error")


def test_rounds_of_a_ladder_ascend(small_run: Run) -> None:
    rounds = [row.round for row in pair_table(small_run) if row.check == "ladder"]
    assert rounds == [1, 2]
