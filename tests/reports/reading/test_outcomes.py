"""How rows count: as the gate counts them (protocol.md, section 1)."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

from orbitcheck.harness.core.outcomes import Fault, Trouble
from orbitcheck.harness.core.result import OUTCOMES, Problem, Result, Run
from orbitcheck.harness.judging import gate
from orbitcheck.reports.reading.outcomes import SEVERITY, STATUSES, headline, is_red, problems_of, sign, status_of

Row = Callable[..., Result]


def run_of(*rows: Result, **changes: object) -> Run:
    return replace(Run("0", {}, [], [], list(rows)), **changes)  # type: ignore[arg-type]


def test_a_row_is_red_exactly_where_the_gate_says(make_row: Row) -> None:
    for outcome, declared, fault in itertools.product(OUTCOMES, (None, "known"), (None, *Fault)):
        row = make_row(outcome=outcome, declared=declared, fault=fault if outcome == "error" else None)
        assert STATUSES[status_of(row)].red == gate.is_red(row)


def test_a_run_is_red_exactly_where_the_gate_says(small_run: Run, make_row: Row) -> None:
    for run in (
        small_run,
        run_of(make_row()),
        run_of(make_row(), problems=[Problem(Trouble.DECIDED_SHARE, "a", "too few rows")]),
    ):
        assert is_red(run) == bool(gate.exit_code(run))


def test_severity_orders_every_status() -> None:
    assert sorted(SEVERITY) == sorted(STATUSES)


def test_headlines(make_row: Row) -> None:
    assert headline(run_of(make_row())) == "All that was predicted holds: 1 as predicted, 0 observed, 0 n/a."
    mixed = [make_row(), make_row(outcome="fail", declared="d"), make_row(outcome="not-applicable")]
    mixed += [make_row(outcome="observed")] * 2
    told = "1 as predicted, 2 observed, 1 n/a, 1 declared by the suites"
    assert headline(run_of(*mixed)) == f"All that was predicted holds: {told}."
    assert headline(
        run_of(make_row(outcome="fail"), make_row(), problems=[Problem(Trouble.DECIDED_SHARE, "a", "p")])
    ) == ("Not as predicted: 1 failure, 1 problem of the run; 1 as predicted, 0 observed, 0 n/a.")
    assert headline(run_of()) == "Not as predicted: 1 problem of the run; 0 as predicted, 0 observed, 0 n/a."
    assert problems_of(run_of()) == ("no row was run",)


def test_a_part_of_a_run_is_called_one_where_nothing_else_is_wrong(make_row: Row) -> None:
    asked = {"only": ["a / * / *"], "fail_fast": False, "shard": None, "architectures": ["a"]}
    missing = Problem(Trouble.MISSING_ROWS, "a", "3 of 4 declared rows are missing")
    thin = Problem(Trouble.DECIDED_SHARE, "a", "1 of 4 rows is decided")
    part = run_of(make_row(), selection=asked, problems=[missing, thin])
    assert (sign(part), headline(part)) == (
        "?",
        "A part of the run, and no row of it red: 1 as predicted, 0 observed, 0 n/a. No verdict on the whole.",
    )
    assert is_red(part) and gate.exit_code(part) == 1
    changed = Problem(Trouble.SETTINGS, "a", "changes the dtype")
    for other in (
        replace(part, selection=None),
        replace(part, problems=[missing, changed]),
        replace(part, problems=[thin]),
        replace(part, results=[make_row(outcome="fail"), make_row()]),
        replace(part, results=[make_row(outcome="undecided")]),
        replace(part, results=[]),
        replace(part, architectures=[{"name": "b", "error": "no such module"}]),
    ):
        assert sign(other) == "✗" and headline(other).startswith("Not as predicted"), other
    whole = replace(part, problems=[])
    assert sign(whole) == "✓" and headline(whole).startswith("All that was predicted holds")
