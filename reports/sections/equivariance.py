"""The equivariance table: the worst error of each architecture in two precisions, beside its noise floor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ...harness.checks.equivariance.evidence import Cause, EquivarianceEvidence
from ...harness.core.result import Result, Run
from ..figures.drawing import Figure
from ..figures.scatter import PAPER, scatter
from ..reading.outcomes import Tally, tally
from ..reading.precisions import error32
from ..reading.subjects import architecture_names, grouped, measured
from ..reading.values import one_line, plural
from . import kinds
from .section import Column, report_section

CAUSES = {
    Cause.NONE: "",
    Cause.VIOLATION: "a violation: smooth in the input",
    Cause.LEAK: "a leak: some generators keep the law",
    Cause.SINGLE_PRECISION: "low precision inside",
    Cause.SQUARE_ROOT: "square root of rounding",
    Cause.ROUNDING: "rounding",
    Cause.TIES: "only where inputs tie",
    Cause.BATCH: "the batch",
    Cause.HISTORY: "earlier calls",
    Cause.RANDOMNESS: "randomness",
    Cause.REDRAW: "parameters drawn anew",
    Cause.STRIDES: "how the input lies in memory",
    Cause.RECORDING: "whether gradients are recorded",
    Cause.BACKWARD: "a backward pass that is not that of the output",
    Cause.PARAMETER: "a parameter that moves",
    Cause.COMPILER: "the compiler",
    Cause.UNKNOWN: "cause unknown",
}


@dataclass(frozen=True)
class Errors:
    """One architecture: the case with the largest float64 error, and what the two precisions say of its cause; without a float32
    error where that case was asked in float64 alone."""

    architecture: str
    rows: Tally
    error64: float | None
    floor64: float | None
    error32: float | None
    ratio: float | None
    cause: str
    case: str


def _figures(run: Run) -> list[Figure]:
    found = scatter(run)
    if found is None:
        return []
    caption = f"{plural(found.rows, 'row')}; points nearer than their own size are drawn as one."
    if found.left_out:
        caption += (
            f" {plural(found.left_out, 'row')} without two finite errors, as those asked in float64 alone, not drawn."
        )
    paper = scatter(run, PAPER)
    files = [Figure(paper.drawing, page=False)] if paper else []
    return [Figure(found.drawing, caption, look="beside", file=False), *files]


@report_section(
    "equivariance",
    "Equivariance error",
    (
        Column("architecture", kind=kinds.CODE),
        Column("case", kind=kinds.CODE, place=kinds.BENEATH),
        Column("error64", "worst e64", kinds.NUMBER),
        Column("floor64", "floor", kinds.NUMBER),
        Column("error32", "e32", kinds.NUMBER),
        Column("ratio", "e32 / e64", kinds.NUMBER),
        Column("cause", brief=60),
        Column("rows", kind=kinds.TALLY),
    ),
    figures=_figures,
    note="The largest |phi(g v) − g phi(v)| in units of each output tensor, in two precisions, beside the noise of one unit in the "
    "last place. Rounding alone lies near e32 = 2^29 e64. Causes are measured: how the output answers small steps, which "
    "generators and tensors are wrong, what neighbours without ties say; where no test says, the cause is unknown.",
    short="Equivariance",
    place=200,
)
def error_table(run: Run) -> tuple[Errors, ...]:
    """One line for each architecture with equivariance rows."""
    rows = grouped((row for row in run.results if row.kind == "equivariance"), lambda row: row.architecture)
    return tuple(_errors(name, rows[name]) for name in architecture_names(run) if name in rows)


def _errors(name: str, rows: Sequence[Result]) -> Errors:
    found = [(row, errors) for row in rows if (errors := measured(row, EquivarianceEvidence)) is not None]
    if not found:
        return Errors(name, tally(rows), None, None, None, None, "", "")
    row, worst = max(found, key=lambda pair: -math.inf if math.isnan(pair[1].error64) else pair[1].error64)
    case = one_line(f"{row.check} / {row.case}")
    single = error32(worst)
    ratio = worst.ratio if single is not None else None
    return Errors(name, tally(rows), worst.error64, worst.floor64, single, ratio, CAUSES[worst.cause], case)
