"""The rows of a run, checked again: every certificate for the pair of its row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..checks.separation.evidence import SeparationEvidence
from ..core.result import Result, Run, digest
from ..weights.pair import Pair
from .certificate import MALFORMED, problem_of

Make = Callable[[Mapping[str, Any], str], Pair]
"""The pair of a row: from a check's parameters and a case. No oracle; a certificate that carried its vectors would not say that they
are the row's."""


def verify(run: Run, make: Make) -> Iterator[tuple[Result, str | None]]:
    """Every row that carries a certificate, with what is wrong with it, or None."""
    checks = {(suite["name"], check["id"]): check for suite in run.suites for check in suite["checks"]}
    known: dict[tuple[str, str, str, str], str | None] = {}
    for row in run.results:
        if row.certificate is None:
            continue
        pair = row.evidence
        row_says = [pair.orbit, pair.round, pair.function] if isinstance(pair, SeparationEvidence) else []
        key = (row.suite, row.check, row.case, digest([row.certificate, row_says]))
        check = checks.get((row.suite, row.check))
        if check is None or row.case not in check["cases"]:
            known[key] = "the run's suites have no such check and case"
        elif key not in known:
            try:
                made = make(check["parameters"], row.case)
            except MALFORMED as error:
                known[key] = f"no pair: {type(error).__name__} {' '.join(str(error).split())[:200]}"
            else:
                known[key] = problem_of(row.certificate, made, row_says)
        yield row, known[key]
