"""How rows count: as the gate counts them (protocol.md, section 1)."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

from orbitcheck.harness.core.outcomes import Trouble
from orbitcheck.harness.core.result import OUTCOMES, Problem, Result, Run
from orbitcheck.harness.judging import gate
from orbitcheck.reports.reading.outcomes import SEVERITY, STATUSES, headline, is_red, problems_of, status_of

Row = Callable[..., Result]


def run_of(*rows: Result, **changes: object) -> Run:
    return replace(Run("0", {}, [], [], list(rows)), **changes)  # type: ignore[arg-type]


def test_a_row_is_red_exactly_where_the_gate_says(make_row: Row) -> None:
    for outcome, declared in itertools.product(OUTCOMES, (None, "known")):
        row = make_row(outcome=outcome, declared=declared)
        assert STATUSES[status_of(row)].red == gate.is_red(row)


def test_a_run_is_red_exactly_where_the_gate_says(small_run: Run, make_row: Row) -> None:
    for run in (
        small_run,
        run_of(make_row()),
        run_of(make_row(), problems=[Problem(Trouble.MIN_DECIDED, "a", "too few rows")]),
    ):
        assert is_red(run) == bool(gate.exit_code(run))


def test_severity_orders_every_status() -> None:
    assert sorted(SEVERITY) == sorted(STATUSES)


def test_headlines(make_row: Row) -> None:
    assert headline(run_of(make_row())) == "As predicted: 1 row of 1 pass."
    mixed = run_of(make_row(), make_row(outcome="fail", declared="d"), make_row(outcome="not-applicable"))
    assert headline(mixed) == "As predicted: 1 row of 3 pass (1 expected failure, 1 not applicable)."
    assert headline(
        run_of(make_row(outcome="fail"), make_row(), problems=[Problem(Trouble.MIN_DECIDED, "a", "p")])
    ) == ("Not as predicted: 1 failure, 1 problem of the run; 1 of 2 rows pass.")
    assert headline(run_of()) == "Not as predicted: 1 problem of the run; 0 of 0 rows pass."
    assert problems_of(run_of()) == ("no row was run",)
