"""What was approximated: rows as measurements, a fit for each that measured an error at a parameter count."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ...harness.checks.approximation.evidence import ApproximationEvidence
from ...harness.core.result import Result, Run
from .outcomes import status_of
from .subjects import measured
from .values import NOTHING, finite, one_line


@dataclass(frozen=True)
class Fit:
    """One capacity of one architecture on one target: error and floor over the variance of the target.

    Args:
        parameters: as counted; `asked` is what the suite asked for.
        low, high: interval of the error of the seed chosen by validation, by bootstrap over test samples; None if not finite.
        seeds: the least and the largest error of the seeds, where both are finite.
        floor: the exact floor of the test set, None where there is none.
        largest: error at a point, in standard deviations of the target, of function-space operators; `largest_floor` of it.
    """

    row: Result
    status: str
    target: str
    regime: str
    networks: int
    parameters: int
    asked: int
    error: float
    low: float | None
    high: float | None
    seeds: tuple[float, float] | None
    floor: float | None
    floor_kind: str
    threshold: float | None
    largest: float | None
    largest_floor: float | None


def approximation_rows(run: Run) -> list[Result]:
    return [row for row in run.results if row.kind == "approximation"]


def fits(run: Run) -> tuple[Fit, ...]:
    """The rows that measured an error at a parameter count."""
    return tuple(fit for row in approximation_rows(run) if (fit := fit_of(row)) is not None)


def fit_of(row: Result) -> Fit | None:
    """The row as a fit; None without a finite error that is not negative, and a positive parameter count."""
    found = measured(row, ApproximationEvidence)
    if found is None or not 0 <= found.error < math.inf or found.parameters <= 0:
        return None
    return Fit(
        row=row,
        status=status_of(row),
        target=one_line(found.target, 60),
        regime=one_line(found.regime, 60),
        networks=max(1, found.networks),
        parameters=found.parameters,
        asked=found.asked_parameters if found.asked_parameters > 0 else found.parameters,
        error=found.error,
        low=finite(found.error_low),
        high=finite(found.error_high),
        seeds=found.error_range if all(map(math.isfinite, found.error_range)) else None,
        floor=finite(found.floor),
        floor_kind=one_line(found.floor_kind or "", 40),
        threshold=finite(found.threshold),
        largest=finite(found.emitted.sup_error) if found.emitted else None,
        largest_floor=finite(found.emitted.sup_floor) if found.emitted else None,
    )


def networks_of(row: Result) -> int:
    """How many networks the output is read as: as measured, else as the case `k=4/...` says, else one."""
    found = measured(row, ApproximationEvidence)
    if found is not None:
        return max(1, found.networks)
    head = row.case.partition("/")[0].removeprefix("k=")
    return int(head) if row.case.startswith("k=") and head.isdecimal() and len(head) < 6 else 1


def place_of(rows: Sequence[Result]) -> tuple[str, str, str]:
    """Target, its kind and regime of the rows of one check, from any that ran far enough to know them."""
    found = next((found for row in rows if (found := measured(row, ApproximationEvidence)) is not None), None)
    if found is None:
        return one_line(rows[0].check, 60), "", NOTHING
    return one_line(found.target, 60), one_line(found.target_kind, 40), one_line(found.regime, 60)
