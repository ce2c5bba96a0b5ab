"""The claims ledger: what the theory says, what was predicted from it, and what was observed."""

from __future__ import annotations

from dataclasses import dataclass

from ...harness.core.claims import CLAIMS
from ...harness.core.result import Run
from ..reading.outcomes import Tally, tally
from ..reading.subjects import grouped
from ..reading.values import NOTHING, one_line
from . import kinds
from .section import Column, report_section

ALL_BUT_LATEX = (kinds.HTML, kinds.MARKDOWN, kinds.CSV)
"""A paper states its claims itself, and a sentence in every row leaves no room for the numbers."""


@dataclass(frozen=True)
class Finding:
    """How often one prediction of one claim met one observation. `statement` is empty for an id that the ledger does not have."""

    claim: str
    regime: str
    statement: str
    source: str
    predicted: str
    observed: str
    rows: Tally


@report_section(
    "claims",
    "Claims ledger",
    (
        Column("claim", kind=kinds.CODE, place=kinds.SPAN),
        Column("regime", place=kinds.BENEATH, forms=kinds.ALL_BUT_MARKDOWN, optional=True),
        Column("statement", place=kinds.SPAN, forms=ALL_BUT_LATEX),
        Column("source", place=kinds.BENEATH, forms=(kinds.HTML, kinds.CSV), optional=True),
        Column("predicted", brief=40),
        Column("observed", brief=40),
        Column("rows", kind=kinds.TALLY),
    ),
    short="Claims",
    note="What the theory says, what was predicted from it and from each declaration, and what was observed.",
    place=30,
    share=4_000,
)
def ledger(run: Run) -> tuple[Finding, ...]:
    """The claims that rows serve, in the ledger's own order, then any others by appearance; the commonest finding first."""
    groups = grouped((row for row in run.results if row.claim), lambda row: str(row.claim))
    findings = []
    for name in (*(name for name in CLAIMS if name in groups), *(name for name in groups if name not in CLAIMS)):
        known = CLAIMS.get(name)
        told = (known.regime, known.statement, known.source) if known else ("", "", "")
        met = grouped(groups[name], lambda row: (row.predicted, row.observed or row.outcome))
        findings += [
            Finding(name, *told, one_line(predicted) or NOTHING, one_line(observed), tally(rows))
            for (predicted, observed), rows in sorted(met.items(), key=lambda item: -len(item[1]))
        ]
    return tuple(findings)
