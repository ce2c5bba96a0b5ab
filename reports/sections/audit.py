"""The audit of weights: the share in general position, discrete, and told apart by orbit, by the form that they are stored in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...harness.checks.general_position.evidence import GeneralPositionEvidence
from ...harness.core.result import Result, Run
from ..reading.climbs import LONGEST
from ..reading.outcomes import status_of
from ..reading.subjects import measured
from ..reading.values import finite, one_line
from . import kinds
from .section import Column, report_section

MEASURES = ("general-position", "discrete", "one-orbit")


@report_section(
    "audit",
    "How far weights are from the hard cases",
    (
        Column("suite", kind=kinds.CODE),
        Column("check", "population", kinds.CODE),
        Column("form", kind=kinds.CODE),
        Column("nets", "networks", kinds.INTEGER),
        *(Column(measure, measure.replace("-", " "), kinds.SHARE) for measure in MEASURES),
        Column("rounds", kind=kinds.INTEGER),
        Column("classes", kind=kinds.INTEGER),
        Column("orbits", kind=kinds.INTEGER),
        Column("status", "outcome", kinds.BADGE),
    ),
    note="Exact shares of a population of networks, by the form that their weights are stored in. General position: in every "
    "hidden layer the biases are pairwise distinct. Discrete: refinement tells every hidden neuron apart; rounds: the most "
    "that one needs. One orbit: every network that is 1-WL-equivalent to another one is a relabelling of it, which is all "
    "that a 1-WL network needs.",
    short="Audit of weights",
    place=400,
)
def audit_forms(run: Run) -> list[dict[str, Any]]:
    """Every general-position row, in the order of the run."""
    return [_form(row) for row in run.results if row.kind == "general-position"]


def _form(row: Result) -> dict[str, Any]:
    audit = measured(row, GeneralPositionEvidence)
    shares: Mapping[str, float] = audit.shares if audit else {}
    needed = [int(name) for name in (audit.rounds if audit else ()) if name.isdecimal() and len(name) < LONGEST]
    return {
        "suite": row.suite,
        "check": row.check,
        "form": one_line(audit.form if audit else row.case, 40),
        "nets": audit and audit.nets,
        **{measure: finite(shares.get(measure)) for measure in MEASURES},
        "rounds": max(needed, default=None),
        "classes": audit and audit.classes,
        "orbits": audit and audit.orbits,
        "status": status_of(row),
    }
