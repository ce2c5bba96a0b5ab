"""Theorems 6.1, 6.3 and 7.4: every row agrees, and the error falls with capacity.

One threshold says little: a target may be so easy that a constant is near it. So where a network is predicted to come arbitrarily near,
the upper bound of its error is under the threshold *and* lower at the largest capacity than at the smallest (protocol.md, section 5).
What refutes is a certificate: a pair not parted, an error below a floor, outputs constant on classes whose floor lies above.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...checks.approximation.verdict import APPROXIMABLE
from ...core.result import Result
from .finding import Concluded, Descriptions, Finding
from .measured import fit_of
from .tally import tally


def approximable(rows: Sequence[Result], descriptions: Descriptions, margin: float) -> Finding:
    """As `tally`, and each error falls from the smallest capacity to the largest."""
    found = tally(rows, descriptions, margin)
    curves: dict[str, list[tuple[int, float]]] = {}
    for row in rows:
        fit = fit_of(row)
        if fit is not None and row.predicted == APPROXIMABLE:
            curves.setdefault(f"{row.architecture} / {row.check}", []).append((fit.parameters, fit.error_high))
    ends = {name: (min(points), max(points)) for name, points in curves.items()}
    evidence = {**found.evidence, "falls": {name: [list(first), list(last)] for name, (first, last) in ends.items()}}
    if found.outcome != Concluded.PASS:
        return Finding(found.outcome, found.reason, found.predicted, found.observed, evidence)
    single = [name for name, (first, last) in ends.items() if first[0] == last[0]]
    level = [name for name, (first, last) in ends.items() if not last[1] < first[1] and name not in single]
    falling = len(ends) - len(single) - len(level)
    observed = (
        f"{found.observed}; the error falls with capacity in {falling} of {len(ends)}" if ends else found.observed
    )
    reason, outcome = found.reason, Concluded.PASS
    if single or level:
        outcome = Concluded.UNDECIDED
        if level:
            first, last = ends[level[0]]
            bounds = f"{first[1]:.3g} at {first[0]} parameters and {last[1]:.3g} at {last[0]}"
            reason = f"{level[0]}: the error's upper bound is {bounds}"
        else:
            reason = f"{single[0]}: one capacity shows no fall"
    return Finding(outcome, reason, found.predicted, observed, evidence)
