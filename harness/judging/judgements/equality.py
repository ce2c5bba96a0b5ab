"""Theorem 5.2 and proposition 5.3: networks of the power of 1-WL come to the same errors, and others do where 1-WL sees all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

from ...checks.approximation.evidence import ApproximationEvidence
from ...checks.approximation.verdict import FLOOR_SLACK
from ...checks.prediction import SEPARATED
from ...checks.separation.evidence import SeparationEvidence
from ...core.outcomes import MEASURED
from ...core.result import Result
from ...learning.equivalence import two_one_sided
from .finding import Concluded, Descriptions, Finding
from .measured import checks_of, fit_of, of_power, place, reached_by


def equal_architectures(rows: Sequence[Result], descriptions: Descriptions, margin: float) -> Finding:
    """Networks of the power of 1-WL come to the same error on every check, as their capacity grows."""
    predicted = f"errors within {margin:g} of the variance of each other at the largest size"
    names = [name for name in of_power(descriptions, "1-wl") if any(row.architecture == name for row in rows)]
    if len(names) < 2:
        return Finding(Concluded.NOT_APPLICABLE, "needs two architectures of power 1-wl", predicted, "")
    leaks = [row for row in rows if row.architecture in names and row.outcome == "fail"]
    if leaks:
        return Finding(
            Concluded.FAIL, f"{place(leaks[0])}: {leaks[0].reason}", predicted, "one sees more than the others"
        )
    pairs = [pair for check in checks_of(rows) for pair in _pairs(check, rows, names, margin)]
    return _equality(pairs, predicted)


def one_apart(rows: Sequence[Result], descriptions: Descriptions, margin: float) -> Finding:
    """Networks of 2-FWL's or of unknown power separate what 1-WL cannot, and in general position come to the same errors."""
    predicted = "apart on all of V, equal in general position"
    peers, others = of_power(descriptions, "1-wl"), of_power(descriptions, "2-fwl", "unknown")
    others = [name for name in others if any(row.architecture == name for row in rows)]
    if not others or not peers:
        return Finding(
            Concluded.NOT_APPLICABLE,
            "needs an architecture of power 2-fwl or unknown and one of power 1-wl",
            predicted,
            "",
        )
    apart = {name: _parted(name, rows, peers) for name in others}
    pairs = [
        pair
        for check in checks_of(rows)
        if all((fit := fit_of(row)) and fit.general_position for row in rows if row.check == check)
        for pair in _pairs(check, rows, [*peers, *others], margin)
        if {pair["left"], pair["right"]} & set(others) and not {pair["left"], pair["right"]} <= set(others)
    ]
    equal = _equality(pairs, predicted)
    evidence = {"parted": apart, **equal.evidence}
    missing = [name for name, places in apart.items() if not places]
    observed = f"parted: {', '.join(f'{name} {len(places)}' for name, places in apart.items())}; {equal.observed}"
    if missing:
        reason = f"nothing that 1-WL merges was parted by {', '.join(missing)}; this proves nothing"
        return Finding(Concluded.UNDECIDED, reason, predicted, observed, evidence)
    return Finding(equal.outcome, equal.reason, predicted, observed, evidence)


def _parted(name: str, rows: Sequence[Result], peers: Sequence[str]) -> list[str]:
    """Where an architecture separated what refinement does not: pairs, or errors below the floor of the others."""
    floors = {
        (row.check, row.case): fit.floor
        for row in rows
        if row.architecture in peers
        and (fit := fit_of(row))
        and fit.floor_kind == "refinement"
        and fit.floor is not None
    }
    places = []
    for row in rows:
        if row.architecture != name or row.outcome not in MEASURED:
            continue
        facts, floor = row.evidence, floors.get((row.check, row.case), 0.0)
        if isinstance(facts, SeparationEvidence):
            parted = row.observed == SEPARATED and facts.round is None
        else:
            parted = isinstance(facts, ApproximationEvidence) and facts.error_high < floor - FLOOR_SLACK
        if parted:
            places.append(place(row))
    return places


def _equality(pairs: Sequence[Mapping[str, Any]], predicted: str) -> Finding:
    """All pairs equal at their largest capacity: equal. One different at each of three capacities and more, not closing: not.

    A gap at the end of a budget may be the budget's, so fewer capacities refute nothing.
    """
    ends = [pair for pair in pairs if len(pair["sizes"]) > 1]
    evidence = {"pairs": list(pairs)}
    if not ends:
        return Finding(
            Concluded.UNDECIDED, "needs errors of two architectures at two sizes at least", predicted, "", evidence
        )
    closed = [pair for pair in ends if pair["verdicts"][-1] == "equal"]
    observed = f"{len(closed)} of {len(ends)} pairs equal at the largest size"
    for pair in ends:
        gaps = [abs(gap) for gap in pair["differences"]]
        if len(gaps) > 2 and set(pair["verdicts"]) == {"different"} and gaps[-1] >= max(gaps[:-1]):
            reason = f"{pair['check']}: {pair['left']} and {pair['right']} differ by {gaps[-1]:.3g} and do not close in"
            return Finding(Concluded.FAIL, reason, predicted, observed, evidence)
    if len(closed) == len(ends):
        return Finding(Concluded.PASS, "", predicted, observed, evidence)
    worst = max(ends, key=lambda pair: abs(pair["differences"][-1]) if pair not in closed else -1.0)
    reason = (
        f"{len(ends) - len(closed)} of {len(ends)} pairs are open when the budget ended, the widest: {worst['check']}, "
        f"{worst['left']} against {worst['right']}: {worst['differences'][-1]:+.3g}"
    )
    return Finding(Concluded.UNDECIDED, reason, predicted, observed, evidence)


def _pairs(check: str, rows: Sequence[Result], names: Sequence[str], margin: float) -> Iterable[dict[str, Any]]:
    """Per pair of architectures the differences along the sizes that both have, at the same number of networks."""
    reached = reached_by(rows, check)
    for left, right in combinations([name for name in names if name in reached], 2):
        both = sorted(reached[left].keys() & reached[right].keys())
        for networks in dict.fromkeys(k for k, _ in both):
            sizes = [size for k, size in both if k == networks]
            tests = [two_one_sided(reached[left][networks, s], reached[right][networks, s], margin) for s in sizes]
            yield {
                "check": check,
                "left": left,
                "right": right,
                "networks": networks,
                "sizes": sizes,
                "differences": [test.difference for test in tests],
                "intervals": [[test.low, test.high] for test in tests],
                "verdicts": [test.verdict for test in tests],
            }
