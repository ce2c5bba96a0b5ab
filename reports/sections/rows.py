"""Every row, for other programs."""

from __future__ import annotations

from typing import Any

from ...harness.checks.equivariance.evidence import EquivarianceEvidence
from ...harness.core.result import Result, Run
from ..reading.precisions import error32
from ..reading.subjects import measured
from ..reading.values import finite
from . import kinds
from .section import Column, report_section

ROW = (
    "id",
    "suite",
    "check",
    "kind",
    "case",
    "claim",
    "architecture",
    "outcome",
    "declared",
    "predicted",
    "observed",
    "reason",
    "root",
)
EVIDENCE = (
    "error64", "error32", "floor64", "digits", "ratio", "p", "effect", "round", "family", "relation", "t_res",
    "smallest_change", "rank", "dimension", "target", "regime", "networks", "parameters", "error", "floor",
)  # fmt: skip
"""Fields of evidence that have a column, of whatever kind."""


@report_section(
    "rows",
    "All rows",
    (
        *(Column(key, key, kinds.CODE) for key in ROW),
        Column("seed", kind=kinds.CODE),
        Column("dtype", kind=kinds.CODE),
        *(Column(key, key, kinds.NUMBER) for key in ("seconds", "model_seconds", "forwards")),
        *(Column(key, key, kinds.ANY) for key in EVIDENCE),
    ),
    forms=(kinds.CSV,),  # data rather than reading matter
    template="rows.jinja",  # the page reads them from files beside it (row_files.py)
    short="All rows, compare two",
    place=910,
)
def rows(run: Run) -> list[dict[str, Any]]:
    return [
        {
            **{key: getattr(row, key) for key in (*ROW, "dtype", "forwards")},
            "seed": str(row.seed),
            "seconds": finite(row.seconds),
            "model_seconds": finite(row.model_seconds),
            **{key: getattr(row.evidence, key, None) for key in EVIDENCE},
            **_precisions(row),
        }
        for row in run.results
    ]


def _precisions(row: Result) -> dict[str, Any]:
    """No number for a precision that was not asked."""
    found = measured(row, EquivarianceEvidence)
    return {"error32": None, "ratio": None} if found is not None and error32(found) is None else {}
