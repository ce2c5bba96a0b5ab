"""One row in words: what a reader of a red row needs stands in it."""

from __future__ import annotations

from orbitcheck.harness.checks.equivariance.evidence import EquivarianceEvidence
from orbitcheck.harness.core.result import Run
from orbitcheck.reports.reading.explaining import explained


def test_a_row_that_breaks_the_law_tells_its_smallest_counter_example(small_run: Run) -> None:
    told = 0
    for row in small_run.results:
        lines = [line for line in explained(small_run, row) if "counter-example: " in line]
        found = row.evidence.counterexample if isinstance(row.evidence, EquivarianceEvidence) else None
        assert len(lines) == (found is not None)
        if found is not None:
            (line,) = lines
            assert found.space in line and found.element in line and line.startswith("smallest ") == found.shrunk
            told += 1
    assert told > 1
