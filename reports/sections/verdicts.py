"""One sentence for each architecture, beside what it declares."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...harness.checks.equivariance.evidence import EquivarianceEvidence
from ...harness.checks.prediction import NOT_SEPARATED, SEPARATED
from ...harness.core.result import Result, Run
from ..reading.outcomes import Tally, tally
from ..reading.subjects import architecture_names, declarations, grouped, measured
from ..reading.values import compact, one_line, plural, shown
from . import kinds
from .section import Column, report_section


@dataclass(frozen=True)
class Verdict:
    """One architecture in one sentence, with what it declares as the run tells it."""

    architecture: str
    status: str
    sentence: str
    rows: Tally
    declares: str
    options: str
    symmetry: Any = None
    power: Any = None
    domain: Any = None
    parameters: Any = None
    paper: Any = None


@report_section(
    "verdicts",
    "Verdicts",
    (
        Column("architecture", kind=kinds.CODE),
        Column("parameters", kind=kinds.ANY, place=kinds.BENEATH, forms=kinds.ALL_BUT_MARKDOWN, optional=True),
        Column("status", "outcome", kinds.BADGE),
        Column("sentence", "verdict", brief=400),
        Column("declares", forms=(kinds.HTML,)),
        Column("paper", kind=kinds.ANY, place=kinds.BENEATH, forms=(kinds.HTML,), optional=True),
        Column("options", kind=kinds.CODE, place=kinds.BENEATH, forms=(kinds.HTML,), optional=True),
        Column("symmetry", kind=kinds.ANY, forms=kinds.DATA),
        Column("power", kind=kinds.ANY, forms=kinds.DATA),
        Column("domain", kind=kinds.ANY, forms=kinds.DATA),
        Column("rows", kind=kinds.TALLY, forms=kinds.FORMS),
    ),
    place=10,
    share=8_000,
)
def verdicts(run: Run) -> tuple[Verdict, ...]:
    """One verdict for each architecture of the run."""
    rows = grouped(run.results, lambda row: row.architecture)
    declared = declarations(run)
    return tuple(_verdict(name, rows.get(name, []), declared.get(name, {})) for name in architecture_names(run))


def _verdict(name: str, rows: Sequence[Result], declared: Mapping[str, Any]) -> Verdict:
    counted = tally(rows)
    if declared.get("error"):
        sentence, status = f"could not be loaded: {one_line(declared['error'])}.", "error"
    elif not rows:
        sentence, status = "no row was run.", "not-applicable"
    elif not counted.applicable:
        sentence, status = f"claims nothing that was checked: {counted.words}.", "not-applicable"
    else:
        sentence, status = f"{_agreement(counted)}{_findings(rows, counted)}.", counted.worst
    options = declared.get("options")
    told = sorted(options.items()) if isinstance(options, Mapping) else ()
    return Verdict(
        name, status, sentence, counted, _declares(declared), ", ".join(f"{key}={shown(value, 40)}" for key, value in told),
        **{key: declared.get(key) for key in ("symmetry", "power", "domain", "parameters", "paper")},
    )  # fmt: skip


def _declares(told: Mapping[str, Any]) -> str:
    """The declaration in a line."""
    if told.get("error"):
        return "nothing known"
    if not told:
        return ""
    rounds = told.get("rounds")
    power = f"power {shown(told.get('power'))}"
    parts = [
        shown(told.get("symmetry")),
        f"{power}, rounds {' to '.join(map(shown, rounds))}" if isinstance(rounds, list | tuple) and rounds else power,
        f"{shown(told.get('domain'))} only" if told.get("domain", "all") != "all" else "",
        "not continuous" if told.get("continuous") is False else "",
        "of unknown power only soundness is predicted" if told.get("power") == "unknown" else "",
    ]
    return "; ".join(part for part in parts if part)


def _agreement(counted: Tally) -> str:
    count = counted.counts
    red = [
        text
        for number, text in (
            (count["fail"], f"{count['fail']:,} of {plural(counted.applicable, 'applicable row')} "
             f"{'contradicts' if count['fail'] == 1 else 'contradict'} the prediction"),
            (count["error"], f"{plural(count['error'], 'row')} could not be measured"),
            (count["unexpected-pass"], f"{plural(count['unexpected-pass'], 'declared failure')} did not fail"),
            (count["undecided"], f"{plural(count['undecided'], 'row')} undecided"),
        )
        if number
    ]  # fmt: skip
    if red:
        return ", ".join(red)
    if count["expected"]:
        return f"as predicted, with {plural(count['expected'], 'declared failure')} among {counted.applicable:,} rows"
    return (
        f"all {plural(counted.applicable, 'applicable row')} as predicted" if counted.applicable > 1 else "as predicted"
    )


def _findings(rows: Sequence[Result], counted: Tally) -> str:
    """What was seen, kind by kind, as clauses."""
    clauses = []
    law = [row for row in rows if row.kind == "equivariance" and row.outcome in ("pass", "fail")]
    if law:
        held = [row for row in law if row.outcome == "pass"]
        found = [errors.error64 for row in held if (errors := measured(row, EquivarianceEvidence)) is not None]
        errors = [error for error in found if math.isfinite(error)]
        worst = f" (worst error {compact(max(errors))})" if errors else ""
        clauses.append(f"equivariant in {len(held):,} of {plural(len(law), 'case')}{worst}")
    pairs = [row for row in rows if row.kind == "separation" and row.observed in (SEPARATED, NOT_SEPARATED)]
    if pairs:
        parted = sum(row.observed == SEPARATED for row in pairs)
        clauses.append(f"tells apart {parted:,} of {plural(len(pairs), 'pair')}")
    if counted.counts["not-applicable"]:
        clauses.append(f"{counted.counts['not-applicable']:,} not applicable")
    return "".join(f"; {clause}" for clause in clauses)
