"""One sentence for each architecture, beside what it declares."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ...harness.checks.equivariance.evidence import EquivarianceEvidence, HeldTo
from ...harness.checks.prediction import SEPARATED
from ...harness.core.outcomes import Outcome
from ...harness.core.records import ArchitectureRecord
from ...harness.core.result import Result, Run
from ..reading.outcomes import Tally, tally
from ..reading.pairs import in_one_orbit
from ..reading.patterns import breaks_where
from ..reading.subjects import architecture_names, declarations, grouped, measured
from ..reading.values import compact, one_line, plural, shown
from . import kinds
from .section import Column, report_section


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
def verdicts(run: Run) -> list[dict[str, Any]]:
    """One verdict for each architecture of the run, beside what it declares."""
    rows, declared = grouped(run.results, lambda row: row.architecture), declarations(run)
    return [
        {"architecture": name, **_declared(declared.get(name)), **_verdict(rows.get(name, []), declared.get(name))}
        for name in architecture_names(run)
    ]


def _verdict(rows: Sequence[Result], told: ArchitectureRecord | None) -> dict[str, Any]:
    counted = tally(rows)
    if told and told.get("error"):
        status, sentence = "error", f"could not be loaded: {one_line(told.get('error'))}."
    elif not rows:
        status, sentence = "not-applicable", "no row was run."
    elif not counted.predicted:
        status, sentence = counted.worst, f"claims nothing that was checked: {counted.words}."
    else:
        status, sentence = counted.worst, f"{agreement(counted)}{_findings(rows, counted)}."
    return {"status": status, "sentence": sentence, "rows": counted}


def _declared(told: ArchitectureRecord | None) -> dict[str, Any]:
    """Traits, options and size as they are told; in words what the traits come to."""
    traits: Mapping[str, Any] = told or {"options": {}}
    rounds, power, domain, cost = (traits.get(key) for key in ("rounds", "power", "domain", "cost"))
    parts = (
        shown(traits.get("symmetry")),
        f"power {shown(power)}" + (f", rounds {' to '.join(map(str, rounds))}" if rounds else ""),
        f"{domain} only" if domain and domain != "all" else "",
        f"serves {shown(traits.get('shapes'))} only" if traits.get("shapes") else "",
        "edits held to their functions" if traits.get("law") == "functional" else "",
        "not continuous" if traits.get("continuous") is False else "",
        "of unknown power only soundness is predicted" if power == "unknown" else "",
    )
    return {
        **{key: traits.get(key) for key in ("symmetry", "power", "domain", "paper")},
        "parameters": cost and cost["parameters"],
        "options": ", ".join(f"{key}={shown(value, 40)}" for key, value in sorted(traits["options"].items())),
        "declares": "; ".join(part for part in parts if part) if "symmetry" in traits else "nothing known",
    }


def agreement(counted: Tally) -> str:
    """Whether the rows are as predicted, in words."""
    count = counted.counts
    red = [
        text
        for number, text in (
            (count["fail"], f"{count['fail']:,} of {plural(counted.predicted, 'predicted row')} "
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
        return (
            f"as predicted, with {plural(count['expected'], 'row')} that the suites declare among {counted.predicted:,}"
        )
    return f"all {plural(counted.predicted, 'predicted row')} as predicted" if counted.predicted > 1 else "as predicted"


def _of_functions(rows: Sequence[Result]) -> str:
    """How many of the cases of the law are held to the functions of edits, and how far their tensors are from the exact law."""
    said = [found for row in rows if row.outcome in ("pass", "fail") and (found := measured(row, EquivarianceEvidence))]
    said = [found for found in said if found.law is HeldTo.FUNCTIONAL]
    if not said:
        return ""
    worst = max((found.tensors for found in said if found.tensors is not None), default=None)
    tensors = "" if worst is None else f", whose tensors are off by up to {compact(worst)}"
    return f", {len(said):,} of them by the functions of edits{tensors}"


def _findings(rows: Sequence[Result], counted: Tally) -> str:
    """What was seen, kind by kind, as clauses."""
    clauses = []
    law = [row for row in rows if row.kind == "equivariance" and row.outcome in ("pass", "fail")]
    if law:
        held = [row for row in law if row.outcome == "pass"]
        every = (row for row in rows if row.kind == "equivariance")
        found = [errors.error64 for row in every if (errors := measured(row, EquivarianceEvidence)) is not None]
        errors = [error for error in found if math.isfinite(error)]
        worst = f" (worst error {compact(max(errors))})" if errors else ""
        clauses.append(f"equivariant in {len(held):,} of {plural(len(law), 'case')}{worst}{_of_functions(rows)}")
        clauses += filter(None, (breaks_where(law),))
    pairs = [row for row in rows if row.kind == "separation" and row.outcome != Outcome.NOT_APPLICABLE]
    pairs = [row for row in pairs if not in_one_orbit(row)]
    if pairs:
        parted = sum(row.observed == SEPARATED for row in pairs)
        clauses.append(f"tells apart {parted:,} of {plural(len(pairs), 'pair')} that it was asked")
    if counted.counts["observed"]:
        clauses.append(f"{counted.counts['observed']:,} observed")
    if counted.counts["not-applicable"]:
        clauses.append(f"{counted.counts['not-applicable']:,} not applicable")
    return "".join(f"; {clause}" for clause in clauses)
