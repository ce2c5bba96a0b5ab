"""Any claim that rows decide one by one: it holds if every row that something is predicted of passes, and there is one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ...core.outcomes import PREDICTED, Fault, Outcome
from ...core.result import Result
from .finding import Concluded, Descriptions, Finding
from .measured import place

NAMED = 3
"""Rows that a reason names."""


def tally(rows: Sequence[Result], descriptions: Descriptions, margin: float) -> Finding:
    """Every row agrees with its own prediction; of an approximation that some size decides, the other sizes may stay open.

    An ill-conditioned row contradicts nothing: the noise of the network's own arithmetic hides what it would say, so that it is open.
    """
    counted = Counter(row.outcome for row in rows)
    applicable = [row for row in rows if row.outcome in PREDICTED]
    predicted = ", ".join(
        f"{count} {verdict}" for verdict, count in Counter(r.predicted for r in applicable).items() if verdict
    )
    observed = ", ".join(f"{count} {seen}" for seen, count in Counter(r.observed for r in applicable).items() if seen)
    evidence = {"outcomes": dict(counted)}
    hidden = [row for row in rows if row.fault is Fault.ILL_CONDITIONED]
    wrong = [row for row in rows if row.outcome in ("fail", "error") and row not in hidden]
    if not applicable:
        if counted[Outcome.OBSERVED]:
            return Finding(Concluded.OBSERVED, "nothing is predicted of any row that it reads", "", "", evidence)
        return Finding(Concluded.NOT_APPLICABLE, "no row applies to the architectures of the run", "", "", evidence)
    if wrong:
        reason = (
            f"{len(wrong)} of {len(applicable)} rows contradict it, the first: {place(wrong[0])}: {wrong[0].reason}"
        )
        return Finding(Concluded.FAIL, reason, predicted, observed, evidence)
    settled = {(row.check, row.architecture) for row in rows if row.outcome == "pass" and row.kind == "approximation"}
    left = [place(row) for row in rows if row.outcome == "undecided" and (row.check, row.architecture) not in settled]
    if hidden:
        reason = f"{len(hidden)} of {len(applicable)} rows are ill-conditioned, the first: {place(hidden[0])}"
        return Finding(Concluded.UNDECIDED, reason, predicted, observed, evidence)
    if left:
        named = ", ".join(left[:NAMED]) + (f" and {len(left) - NAMED} more" if len(left) > NAMED else "")
        reason = f"{len(left)} of {len(applicable)} rows are open when the budget ended: {named}"
        return Finding(Concluded.UNDECIDED, reason, predicted, observed, evidence)
    early = f", but for {counted['undecided']} of a smaller size" if counted["undecided"] else ""
    return Finding(Concluded.PASS, f"all of {len(applicable)} rows agree{early}", predicted, observed, evidence)
