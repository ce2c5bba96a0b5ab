"""A finished run of predictions as a table: errors beside floors, and whether the law was kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ...checks.approximation.evidence import ApproximationEvidence
from ...core.outcomes import Outcome
from ...core.result import Result, Run


def told(run: Run, checks: Sequence[str], constants: Mapping[str, float]) -> Iterator[str]:
    """The lines of the table of each check; `constants`: check -> the error of the mean of the training labels."""
    for check in checks:
        rows = [row for row in run.results if row.check == check]
        fits = [row.evidence for row in rows if isinstance(row.evidence, ApproximationEvidence)]
        classes = any(fit.wrong is not None for fit in fits)
        head = [
            "network",
            "parameters",
            "error",
            "95 %",
            "floor",
            "of classes of",
            *["wrong", "least"] * classes,
            "law",
        ]
        table = [head, _constant(constants[check], fits, classes)]
        table += [_row(row, run, check, classes) for row in sorted(rows, key=_place)]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        if len(checks) > 1:
            yield f"{check.removeprefix('label-')}:"
        for line in table:
            yield "  ".join(f"{text:{width}}" for text, width in zip(line, widths, strict=True)).rstrip()
    yield "error: squared, over the variance of the label on the test networks; floor: what no network of that power goes below on them"


def data(run: Run, checks: Sequence[str], constants: Mapping[str, float]) -> list[dict[str, Any]]:
    """The same as plain data, one entry a network and check."""
    made = []
    for row in run.results:
        if row.check in checks:
            fit = row.evidence if isinstance(row.evidence, ApproximationEvidence) else None
            wrong = None if fit is None or fit.wrong is None else asdict(fit.wrong)
            made.append({
                "check": row.check, "architecture": row.architecture, "outcome": row.outcome, "reason": row.reason,
                "parameters": fit and fit.parameters, "error": fit and fit.error,
                "low": fit and fit.error_low, "high": fit and fit.error_high, "floor": fit and fit.floor,
                "floor_kind": fit and fit.floor_kind, "wrong": wrong, "constant": constants[row.check],
                "law": _law(run, row.architecture, row.check),
            })  # fmt: skip
    return made


def _place(row: Result) -> float:
    return row.evidence.error if isinstance(row.evidence, ApproximationEvidence) else float("inf")


def _constant(error: float, fits: Sequence[ApproximationEvidence], classes: bool) -> list[str]:
    wrong = next((f"{fit.wrong.constant:.1%}" for fit in fits if fit.wrong is not None), "-")
    return ["(mean of training)", "-", f"{error:.3g}", "-", "-", "-", *[wrong, "-"] * classes, "-"]


def _row(row: Result, run: Run, check: str, classes: bool) -> list[str]:
    law = _law(run, row.architecture, check)
    fit = row.evidence
    if not isinstance(fit, ApproximationEvidence):
        return [row.architecture, "-", row.outcome, "-", "-", "-", *["-", "-"] * classes, law]
    floor = "-" if fit.floor is None else f"{fit.floor:.3g}"
    known: list[str] = []
    if classes:
        least = None if fit.wrong is None else fit.wrong.least
        known = ["-" if fit.wrong is None else f"{fit.wrong.share:.1%}", "-" if least is None else f"{least:.1%}"]
    span = f"{fit.error_low:.3g} to {fit.error_high:.3g}"
    error = f"{fit.error:.3g}" if row.outcome != Outcome.FAIL else f"{fit.error:.3g} ({row.observed})"
    return [row.architecture, str(fit.parameters), error, span, floor, fit.floor_kind or "-", *known, law]


def _law(run: Run, architecture: str, check: str) -> str:
    """How the law came out in the networks' own space, in a word."""
    law = "law" + check.removeprefix("label")
    own = [row for row in run.results if (row.architecture, row.check) == (architecture, law)]
    outcomes = {row.outcome for row in own if row.outcome != Outcome.NOT_APPLICABLE}
    if Outcome.FAIL in outcomes:
        return "broken"
    return "holds" if outcomes == {Outcome.PASS} else ", ".join(sorted(outcomes)) or Outcome.NOT_APPLICABLE
