"""Edits that are held to their functions: how far those are from the law, and beside them the tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...harness.checks.equivariance.evidence import EquivarianceEvidence, HeldTo
from ...harness.core.result import Result, Run
from ..reading.outcomes import Tally, tally
from ..reading.subjects import architecture_names, grouped, measured
from ..reading.values import one_line
from . import kinds
from .section import Column, report_section


@dataclass(frozen=True)
class BothLaws:
    """One architecture: the case in which functions are furthest from their law, and the furthest of tensors from theirs."""

    architecture: str
    rows: Tally
    functions: float
    floor: float
    tensors: float | None
    case: str


@report_section(
    "quasi-equivariance",
    "Quasi-equivariance",
    (
        Column("architecture", kind=kinds.CODE),
        Column("case", kind=kinds.CODE, place=kinds.BENEATH),
        Column("functions", "worst e64 of functions", kinds.NUMBER),
        Column("floor", kind=kinds.NUMBER),
        Column("tensors", "worst e64 of tensors", kinds.NUMBER),
        Column("rows", kind=kinds.TALLY),
    ),
    note="Networks that declare the law of functions: phi(g v) and phi(v) must compute one function, compared at fixed dyadic inputs, and "
    "may differ as tensors. The law of tensors, |phi(g v) − g phi(v)|, stands beside and decides nothing: it sees what functions "
    "do not show, neurons that no input wakes among them.",
    part_of="equivariance",
    place=201,
)
def both_laws(run: Run) -> tuple[BothLaws, ...]:
    """One line for each architecture with rows of the law of functions."""
    found = [(row, said) for row in run.results if (said := measured(row, EquivarianceEvidence)) and said.law is HeldTo.FUNCTIONAL]  # fmt: skip
    lines = grouped(found, lambda pair: pair[0].architecture)
    return tuple(_line(name, lines[name]) for name in architecture_names(run) if name in lines)


def _line(name: str, found: Sequence[tuple[Result, EquivarianceEvidence]]) -> BothLaws:
    row, worst = max(found, key=lambda pair: pair[1].error64)
    tensors = [said.tensors for _, said in found if said.tensors is not None]
    return BothLaws(
        name,
        tally([row for row, _ in found]),
        worst.error64,
        worst.floor64,
        max(tensors, default=None),
        one_line(f"{row.check} / {row.case}"),
    )
