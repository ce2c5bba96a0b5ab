"""The equivariance table: the worst error of each architecture in two precisions, beside its noise floor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..harness.core.result import Result, Run
from .outcomes import Tally, tally
from .summary import architecture_names, grouped
from .values import finite, one_line


@dataclass(frozen=True)
class Errors:
    """One architecture: the case with the largest float64 error, and what the two precisions say of its cause."""

    architecture: str
    tally: Tally
    error64: float | None
    floor64: float | None
    error32: float | None
    ratio: float | None
    cause: str
    case: str


def error_table(run: Run) -> tuple[Errors, ...]:
    """One line for each architecture with equivariance rows."""
    rows = grouped((row for row in run.results if row.kind == "equivariance"), lambda row: row.architecture)
    return tuple(_errors(name, rows[name]) for name in architecture_names(run) if name in rows)


def _errors(name: str, rows: Sequence[Result]) -> Errors:
    measured = [row for row in rows if finite(row.evidence.get("error64")) is not None]
    if not measured:
        return Errors(name, tally(rows), None, None, None, None, "", "")
    worst = max(measured, key=lambda row: finite(row.evidence.get("error64")) or 0.0)
    evidence = worst.evidence
    return Errors(
        architecture=name,
        tally=tally(rows),
        error64=finite(evidence.get("error64")),
        floor64=finite(evidence.get("floor64")),
        error32=finite(evidence.get("error32")),
        ratio=finite(evidence.get("ratio")),
        cause=one_line(evidence.get("cause") or ""),
        case=one_line(f"{worst.check} / {worst.case}"),
    )
