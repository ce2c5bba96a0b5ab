"""The audit of weights: the share in general position, discrete, and told apart by orbit, by the form that they are stored in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..harness.core.result import Result, Run
from .outcomes import status_of
from .values import compact, finite, mapping, one_line

MEASURES = ("general-position", "discrete", "one-orbit")


@dataclass(frozen=True)
class Form:
    """One population in one form: `shares` by measure, `None` where a row does not say.

    Args:
        rounds: the most refinement rounds that a discrete net needs, "never" aside.
        orbits: classes under refinement and orbits, as counts.
    """

    row: Result
    status: str
    form: str
    nets: str
    shares: Mapping[str, float | None]
    rounds: str
    classes: str
    orbits: str


def audit_forms(run: Run) -> tuple[Form, ...]:
    """Every general-position row, in the order of the run."""
    return tuple(_form(row) for row in run.results if row.kind == "general-position")


def _form(row: Result) -> Form:
    evidence, shares = row.evidence, mapping(row.evidence.get("shares"))
    needed = [int(name) for name in mapping(evidence.get("rounds")) if str(name).isdecimal()]
    return Form(
        row=row,
        status=status_of(row),
        form=one_line(evidence.get("form") or row.case, 40),
        nets=compact(evidence.get("nets")),
        shares={measure: finite(shares.get(measure)) for measure in MEASURES},
        rounds=str(max(needed)) if needed else "–",
        classes=compact(evidence.get("classes")),
        orbits=compact(evidence.get("orbits")),
    )
