"""One row in words: what was asked, what was predicted and by what right, what was seen, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...harness.checks.equivariance.evidence import EquivarianceEvidence
from ...harness.core.claims import CLAIMS
from ...harness.core.outcomes import Outcome
from ...harness.core.result import Result, Run
from .outcomes import STATUSES, status_of
from .subjects import declarations, measured, suite_name
from .values import compact, finite, one_line, seconds_text, shown

LONGEST_LINE = 3_000


def explained(run: Run, row: Result) -> Iterator[str]:
    """The lines, for people; the evidence itself comes after them."""
    for line in _lines(run, row):
        yield ("  " if line.startswith("  ") else "") + one_line(line, LONGEST_LINE)


def _lines(run: Run, row: Result) -> Iterator[str]:
    status = STATUSES[status_of(row)]
    yield f"{status.symbol} {status.word}: {one_line(row.architecture, 120)} / {one_line(row.check, 80)} / {one_line(row.case, 160)}"
    yield f"  which means: {status.meaning}"
    check = _check(run, row)
    if check.get("title"):
        yield f"asked: {one_line(check['title'])}"
    if row.asked is not None:
        space = (
            getattr(row.evidence, "space", "") or row.asked.space
        )  # what was asked last may be a smaller counter-example's
        yield f"of: an {row.asked.output} network on {one_line(space)}, in {row.dtype}, seed {row.seed}"
    claim = CLAIMS.get(row.claim or "")
    if claim is not None:
        yield f"claim {claim.id}: {claim.statement} ({claim.regime}; {claim.source})"
    yield f"declared: {_declared(run, row)}"
    yield (
        f"predicted: {shown(row.predicted)}"
        if row.predicted and row.outcome != Outcome.OBSERVED
        else "predicted: nothing, so the row could not fail"
    )
    yield f"observed: {shown(row.observed)}"
    if row.reason:
        yield f"why: {one_line(row.reason, 2000)}"
    law = measured(row, EquivarianceEvidence)
    if law is not None and law.counterexample is not None:
        found = law.counterexample
        reached = f", {one_line(found.reached)}" if found.reached else ""
        yield f"{'smallest ' * found.shrunk}counter-example: {found.space}, {found.input} weights{reached}: {found.element} moves the output by {compact(found.error)}"
    if row.declared is not None:
        yield f"the suite says: {one_line(row.declared)}"
    root = next((other for other in run.results if other.id == row.root), None) if row.root else None
    if root is not None:
        yield f"follows from: {root.id} {one_line(root.check, 80)} / {one_line(root.case, 160)}: {one_line(root.reason, 400)}"
    followers = [other for other in run.results if other.root == row.id]
    if followers:
        yield f"rows that follow from it: {len(followers):,}"
    if row.certificate is not None:
        yield "certificate: what is said of the weights is proved; orbitcheck verify derives it again"
    yield f"cost: {row.forwards:,} weight vectors shown, {seconds_text(finite(row.seconds))}"
    if row.reproduce:
        yield f"again: {one_line(row.reproduce, 2000)}"


def _check(run: Run, row: Result) -> dict[str, Any]:
    """The check as its suite states it."""
    for suite in run.suites:
        if suite_name(suite) == row.suite:
            for check in suite.get("checks", ()):
                if check.get("id") == row.check:
                    return dict(check)
    return {}


def _declared(run: Run, row: Result) -> str:
    told = declarations(run).get(row.architecture)
    if told is None or "symmetry" not in told:
        return "nothing known"
    rounds = told.get("rounds")
    power = f"power {shown(told.get('power'))}" + (f", rounds {' to '.join(map(str, rounds))}" if rounds else "")
    return one_line(f"symmetry {shown(told.get('symmetry'))}; {power}; domain {shown(told.get('domain'))}")
