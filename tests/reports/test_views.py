"""The views that the reports share: counted, sorted and judged as protocol.md, section 1, says."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitcheck.harness.core.cell import WEIGHTS
from orbitcheck.harness.core.result import OUTCOMES, Result, Run, digest
from orbitcheck.harness.judging import gate
from orbitcheck.reports import summary
from orbitcheck.reports.controls import controls, planted
from orbitcheck.reports.details import fair_quota, red_groups
from orbitcheck.reports.drawing import Line
from orbitcheck.reports.equivariance import error_table
from orbitcheck.reports.exhaustive import bank_table
from orbitcheck.reports.html import html
from orbitcheck.reports.ladder import ladders
from orbitcheck.reports.outcomes import SEVERITY, STATUSES, headline, is_red, problems_of, status_of, tally
from orbitcheck.reports.scatter import scatter
from orbitcheck.reports.separation import pair_table
from orbitcheck.reports.values import clean, compact, digits_text, number, one_line, seconds_text, shown

Row = Callable[..., Result]


def run_of(*rows: Result, **changes: object) -> Run:
    return replace(Run("0", {}, [], [], list(rows)), **changes)  # type: ignore[arg-type]


def test_a_row_is_red_exactly_where_the_gate_says(make_row: Row) -> None:
    for outcome, declared in itertools.product(OUTCOMES, (None, "known")):
        row = make_row(outcome=outcome, declared=declared)
        assert STATUSES[status_of(row)].red == gate.is_red(row)


def test_a_run_is_red_exactly_where_the_gate_says(realistic_run: Run, make_row: Row) -> None:
    for run in (realistic_run, run_of(make_row()), run_of(make_row(), problems=["too few rows"])):
        assert is_red(run) == bool(gate.exit_code(run))


def test_severity_orders_every_status() -> None:
    assert sorted(SEVERITY) == sorted(STATUSES)


def test_tallies_count_every_row_once(any_run: Run) -> None:
    whole = tally(any_run.results)
    assert whole.total == len(any_run.results)
    assert whole.counts["expected"] + whole.counts["unexpected-pass"] <= any_run.counts["declared"]
    assert sum(row.tally.total for row in summary.check_rows(any_run)) == whole.total
    alone = sum(row.architecture == WEIGHTS for row in any_run.results)
    assert sum(verdict.tally.total for verdict in summary.verdicts(any_run)) == whole.total - alone
    assert sum(entry.tally.total for entry in summary.ledger(any_run)) == sum(bool(r.claim) for r in any_run.results)
    asides = sum(a.count for status in ("expected", "not-applicable") for a in summary.asides(any_run, status))
    red = sum(group.tally.total for group in red_groups(any_run))
    assert asides + red + whole.counts["pass"] == whole.total
    assert sum(c.tally.total for row in pair_table(any_run) for c in row.cells.values()) == sum(
        row.kind == "separation" for row in any_run.results
    )
    assert sum(c.tally.total for row in bank_table(any_run) for c in row.cells.values()) == sum(
        row.kind == "exhaustive" for row in any_run.results
    )
    assert sum(e.tally.total for e in error_table(any_run)) == sum(r.kind == "equivariance" for r in any_run.results)
    assert sum(cost.rows for cost in summary.costs(any_run)) == whole.total


def test_headlines(make_row: Row) -> None:
    assert headline(run_of(make_row())) == "As predicted: 1 row of 1 pass."
    mixed = run_of(make_row(), make_row(outcome="fail", declared="d"), make_row(outcome="not-applicable"))
    assert headline(mixed) == "As predicted: 1 row of 3 pass (1 expected failure, 1 not applicable)."
    assert headline(run_of(make_row(outcome="fail"), make_row(), problems=["p"])) == (
        "Not as predicted: 1 failure, 1 problem of the run; 1 of 2 rows pass."
    )
    assert headline(run_of()) == "Not as predicted: 1 problem of the run; 0 of 0 rows pass."
    assert problems_of(run_of()) == ("no row was run",)


def test_verdict_sentences(realistic_run: Run) -> None:
    sentences = {verdict.architecture: verdict.sentence for verdict in summary.verdicts(realistic_run)}
    assert sentences["dws"].startswith(
        "all 93 applicable rows as predicted; equivariant in 48 of 48 cases (worst error "
    )
    assert sentences["flat-mlp"].startswith(
        "as predicted, with 48 declared failures among 48 rows; equivariant in 0 of 48"
    )
    assert "3 of 93 applicable rows contradict the prediction, 6 rows could not be measured" in sentences["deep-sets"]


def test_a_declared_check_without_rows_stays_visible() -> None:
    run = run_of(suites=[{"suite": "s", "version": 1, "checks": [{"id": "lost", "kind": "separation", "title": "t"}]}])
    assert [(row.check, row.tally.total) for row in summary.check_rows(run)] == [("lost", 0)]


def test_ledger_meets_predictions_with_observations(make_row: Row) -> None:
    rows = [
        make_row(claim="no-such-claim", predicted="separated", observed=seen) for seen in ("separated",) * 3 + ("",)
    ]
    (entry,) = summary.ledger(run_of(*rows))
    assert [(f.predicted, f.observed, f.tally.total) for f in entry.findings] == [
        ("separated", "separated", 3),
        ("separated", "pass", 1),
    ]
    assert (entry.claim, entry.statement) == ("no-such-claim", "")


def pair(make_row: Row, digits: float | str, observed: str, **evidence: object) -> Result:
    return make_row(
        kind="separation",
        case=f"{digits}{evidence}",
        observed=observed,
        evidence={"family": "f", "relation": "r", "round": 2, "digits": digits, **evidence},
    )


def test_separation_cells(make_row: Row) -> None:
    def cell(*rows: Result) -> tuple[str, int, str]:
        (row,) = pair_table(run_of(*rows))
        found = row.cells["dws"]
        return found.digits, found.heat, found.word

    assert cell(pair(make_row, 6.24, "separated"), pair(make_row, 9.0, "separated")) == ("6.2 to 9.0", 2, "separated")
    assert cell(pair(make_row, 12.0, "separated")) == ("12.0", 5, "separated")
    assert cell(pair(make_row, 1.0, "separated")) == ("1.0", 1, "separated")
    assert cell(pair(make_row, -0.01, "not separated")) == ("0.0", 0, "not separated")
    assert cell(pair(make_row, "inf", "separated")) == ("inf", 5, "separated")
    assert cell(pair(make_row, "nan", "undecided")) == ("", 0, "undecided")
    assert cell(pair(make_row, -300, "not separated")) == ("<-9", 0, "not separated")
    assert cell(pair(make_row, 5.0, "separated"), pair(make_row, 0.5, "undecided")) == (
        "0.5 to 5.0",
        0,
        "1 of 2 separated",
    )


def test_rounds_of_a_ladder_ascend(realistic_run: Run) -> None:
    rounds = [row.round for row in pair_table(realistic_run) if row.check == "ladder"]
    assert rounds == list(range(1, 9))


def test_an_error_joins_the_relation_of_its_case(make_row: Row) -> None:
    seen = pair(make_row, 5.0, "separated")
    crashed = replace(seen, architecture="other", outcome="error", observed="", evidence={})
    (row,) = pair_table(run_of(seen, crashed))
    assert (row.relation, row.cells["other"].word) == ("r", "error")


def test_a_ladder_is_drawn_as_the_run_tells_it() -> None:
    seen = ((1, 2, 9.0), (2, 2, 5.0), (3, 1, 0.5), (4, 2, 4.0))
    points = [{"round": t, "pairs": 2, "separated": parted, "digits": digits} for t, parted, digits in seen]
    entry = {
        "name": "dws",
        "architecture": "dws",
        "depth": 4,
        "declared": [2, 5],
        "t_res": 3,
        "reach": 2,
        "points": points,
    }
    run = run_of(architectures=[{"name": "dws"}], round_ladder=[entry], controls=[{"name": "dws"}])
    (panel,) = ladders(run)
    assert [mark.part for mark in panel.marks] == ["separated", "separated", "not-separated", "separated"]
    assert "round 3, 0.5 digits, 1 of 2 separated" in [mark.title for mark in panel.marks][2]
    assert controls(run)[0].reach == 2
    assert ladders(replace(run, round_ladder=[{**entry, "points": points[:1]}])) == ()
    assert ladders(replace(run, round_ladder=())) == ()


def test_controls_are_those_of_the_run() -> None:
    entry = {
        "name": "dws", "nulls": 150, "false_positives": 1, "bound": 0.031, "separated": 7, "digits": {"lowest": 4.0, "median": 6.5},
        "smallest_effect": 1e-7, "digits_of_change": 9, "t_res": 5, "forwards": 12,
    }  # fmt: skip
    (found,) = controls(run_of(controls=[entry]))
    assert (found.architecture, found.nulls, found.false_positives, found.bound) == ("dws", 150, 1, 0.031)
    assert (found.separated, found.lowest, found.median, found.effect) == (7, 4.0, 6.5, 1e-7)
    assert (found.change, found.resolution, found.reach) == (1e-9, 5, None)
    (found,) = controls(run_of(controls=[{**entry, "nulls": 0, "bound": 1.0, "digits_of_change": 0}]))
    assert (found.bound, found.change) == (None, None)  # no null bounds nothing; nothing seen is no change


def test_a_run_without_controls_still_reads(realistic_run: Run) -> None:
    old = {
        key: value
        for key, value in realistic_run.to_json().items()
        if key not in ("controls", "round_ladder", "planted")
    }
    old["sha256"] = digest({key: value for key, value in old.items() if key != "sha256"})
    run = Run.from_json(old)
    assert (controls(run), ladders(run), planted(run)) == ((), (), ())
    assert 'id="controls"' not in html(run)


def test_planted_defects_are_caught_or_not() -> None:
    entries = [
        {
            "name": name,
            "rule": "r",
            "kind": "k",
            "wanted": wanted,
            "outcome": outcome,
            "reason": "it\nsays",
            "caught": caught,
        }
        for name, wanted, outcome, caught in (
            ("sound", "pass", "pass", True),
            ("sound", "pass", "fail", False),
            ("leak", "fail", "fail", True),
            ("leak", "fail", "pass", False),
        )
    ]
    found = planted(run_of(planted=entries))
    assert [entry.verdict for entry in found] == ["not accused", "accused", "caught", "not caught"]
    assert {entry.words for entry in found} == {"it says"}


def test_a_bank_is_told_once_with_what_each_architecture_parts(realistic_run: Run) -> None:
    (bank,) = bank_table(realistic_run)
    assert (bank.bank, bank.nets, bank.classes, bank.pairs, bank.refined) == ("4x4", 317, 316, 50_086, 50_085)
    parted = {name: (cell.parted, cell.draws, cell.tally.worst) for name, cell in bank.cells.items()}
    assert parted["dws"] == (50_085, 4, "pass")
    assert parted["nfn-np"] == (50_083, 16, "undecided")
    assert parted["stats"] == (40_000, 4, "pass")
    assert parted["flat-mlp"] == (None, None, "not-applicable")
    assert bank.cells["nfn-np"].detail == (
        "round 1: 50,000 of 50,000 pairs; round 2: 83 of 85 pairs; never parted: 0 of 1 pair; "
        "predicted: 50085 of 50086 pairs separated, 1 not"
    )


@settings(derandomize=True, deadline=None, max_examples=200)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=12), st.integers(1, 120))
def test_quotas_are_fair(sizes: list[int], budget: int) -> None:
    quota = fair_quota(sizes, budget)
    slow = max((q for q in range(1, max(sizes) + 1) if sum(min(q, size) for size in sizes) <= budget), default=1)
    assert sum(min(quota, size) for size in sizes) == sum(min(slow, size) for size in sizes)


def test_scatter_draws_or_counts_every_row(make_row: Row) -> None:
    rng = random.Random(0)
    values: list[tuple[object, object]] = [(10 ** rng.uniform(-17, 0), 10 ** rng.uniform(-9, 0)) for _ in range(200)]
    values += [(0.0, 0.0), ("inf", 1.0), ("nan", "nan"), (None, 1e-3)]
    rows = [make_row(case=str(i), evidence={"error64": a, "error32": b}) for i, (a, b) in enumerate(values)]
    figure = scatter(run_of(*rows))
    assert figure is not None
    assert (figure.rows, figure.left_out) == (201, 3)
    marks = list(figure.drawing.marks)
    stands_for = [int(m.title.split(" rows")[0].split(": ")[1]) if " rows" in m.title else 1 for m in marks]
    assert sum(stands_for) == 201
    assert all(0 < m.x < figure.drawing.width and 0 < m.y < figure.drawing.height for m in marks)


@pytest.mark.parametrize("digits", [29, 14.5, 0])
def test_each_cause_lies_on_its_line(make_row: Row, digits: float) -> None:
    rows = [
        make_row(case=str(e), evidence={"error64": e, "error32": e * 2**digits}) for e in (1e-16, 1e-14, 1e-12, 1e-9)
    ]
    figure = scatter(run_of(*rows))
    assert figure is not None
    lines = [item for item in figure.drawing.items if isinstance(item, Line) and item.part == "reference"]
    ((x1, y1), (x2, y2)) = lines[[29, 14.5, 0].index(digits)].points
    inside = [mark for mark in figure.drawing.marks if x1 < mark.x < x2]
    assert len(inside) >= 2
    for mark in inside:
        assert mark.y == pytest.approx(y1 + (y2 - y1) / (x2 - x1) * (mark.x - x1), abs=1e-6)


def test_values_read_as_people_write_them() -> None:
    assert [compact(v) for v in (0.0, 182, 0.0312, 3.14e-15, "inf", "nan", None, "text", True, 10**400)] == [
        "0", "182", "0.0312", "3.1e-15", "inf", "nan", "–", "–", "–", "inf",
    ]  # fmt: skip
    assert [number(v) for v in ("-inf", "3", [], False)] == [-math.inf, None, None, None]
    assert [digits_text(v) for v in (6.249, -0.04, "inf", "nan", -12)] == ["6.2", "0.0", "inf", "–", "<-9"]
    assert [seconds_text(v) for v in (0.04, 12.34, 99.97, 200, 7500, "nan")] == [
        "0.04 s", "12.3 s", "1 min 40 s", "3 min 20 s", "2 h 05 min", "–",
    ]  # fmt: skip
    assert [shown(v) for v in (None, "", [1, 2], {"a": 1}, True, 1e-9)] == [
        "–",
        "–",
        "[1, 2]",
        '{"a": 1}',
        "yes",
        "1.0e-09",
    ]


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.text(max_size=40))
def test_clean_text_is_legal_everywhere(value: str) -> None:
    found = clean(value)
    assert clean(found) == found
    found.encode()
    assert not any(ord(c) < 32 and c not in "\n\t" for c in found)
    assert len(one_line(value, 10)) <= 10


def test_costs_stand_beside_what_the_rows_took(realistic_run: Run) -> None:
    found = {cost.architecture: cost for cost in summary.costs(realistic_run)}
    dws, bare = found["dws"], found["sorted-mlp"]
    assert (dws.parameters, dws.operations, dws.memory, dws.reference_seconds) == (
        48_120,
        124_168_704,
        2_833_408,
        0.0249,
    )
    assert (bare.parameters, bare.operations, bare.memory, bare.reference_seconds) == (None,) * 4
    own = [row for row in realistic_run.results if row.architecture == "dws"]
    assert dws.per_forward == pytest.approx(
        sum(r.model_seconds for r in own) / sum(r.evidence["forwards"] for r in own)
    )
    assert sum(cost.share for cost in found.values()) == pytest.approx(1)
