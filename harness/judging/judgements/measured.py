"""What judgements read off rows: who was measured on which check, and the errors of training at each size."""

from __future__ import annotations

from collections.abc import Sequence

from ...checks.approximation.evidence import ApproximationEvidence
from ...checks.approximation.task import read_case
from ...core.outcomes import MEASURED
from ...core.result import Result
from ...learning.equivalence import Estimate
from .finding import Descriptions

MET = 0.25
"""A capacity counts as met where the network has so many parameters as were asked for, give or take this share."""

Errors = dict[str, dict[tuple[int, int], list[float]]]
"""Architecture -> (networks, size asked for) -> the seeds' errors."""


def of_power(descriptions: Descriptions, *powers: str) -> list[str]:
    """The architectures that keep the permutation symmetry and declare one of these powers."""
    return [
        entry["name"]
        for entry in descriptions
        if not entry.get("error") and entry["power"] in powers and entry["symmetry"] == "permutation"
    ]


def spoken_of(rows: Sequence[Result], descriptions: Descriptions) -> set[str]:
    """The architectures that a theorem on operators speaks of: those of power 1-wl, or all where the run has none of them."""
    present = {row.architecture for row in rows}
    return present & set(of_power(descriptions, "1-wl")) or present


def checks_of(rows: Sequence[Result]) -> list[str]:
    """The checks that train, in the order of their rows."""
    return list(dict.fromkeys(row.check for row in rows if row.kind == "approximation"))


def fit_of(row: Result) -> ApproximationEvidence | None:
    """What training came to in a row in which it was measured; None in any other."""
    return row.measured(ApproximationEvidence) if row.outcome in MEASURED else None


def fits(rows: Sequence[Result], check: str) -> list[tuple[Result, ApproximationEvidence]]:
    """The rows of a check that trains in which something was measured."""
    return [(row, fit) for row in rows if row.check == check and (fit := fit_of(row))]


def reached_by(rows: Sequence[Result], check: str) -> dict[str, dict[tuple[int, int], Estimate]]:
    """Architecture -> (networks, size asked for) -> the error of the seed that validation prefers."""
    found: dict[str, dict[tuple[int, int], Estimate]] = {}
    for row, fit in fits(rows, check):
        estimate = Estimate(fit.error, fit.error_low, fit.error_high)
        found.setdefault(row.architecture, {})[read_case(row.case)] = estimate
    return found


def errors_of(rows: Sequence[Result], check: str) -> Errors:
    """The errors of all seeds."""
    found: Errors = {}
    for row, fit in fits(rows, check):
        found.setdefault(row.architecture, {})[read_case(row.case)] = [seed.error for seed in fit.seeds]
    return found


def place(row: Result) -> str:
    """`architecture / check / case`."""
    return f"{row.architecture} / {row.check} / {row.case}"


def unmet(rows: Sequence[Result]) -> list[tuple[str, int]]:
    """(architecture, size asked for) of the rows whose network is not of that size: said, and not compared (protocol.md, section 5)."""
    return [(row.architecture, fit.asked_parameters) for row in rows if (fit := fit_of(row)) and not is_met(fit)]


def is_met(fit: ApproximationEvidence) -> bool:
    """Whether the network has so many parameters as were asked for, give or take `MET`."""
    return abs(fit.parameters - fit.asked_parameters) <= MET * fit.asked_parameters
