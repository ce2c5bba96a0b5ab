"""Theorem 5.2 and proposition 5.3: networks of the power of 1-WL part the same vectors and come to the same errors.

Partitions come first. Where the declaration of a network predicts what it parts, the rows of pairs and banks say by certificate
whether it does: one that parts less than the others, or more, refutes the claim. Errors come second: by two one-sided tests, at three
capacities and more, within a factor of each other, on targets whose floors for bags of entries and for messages forward alone lie
above that factor, so that neither could pass. Training that lags refutes nothing (protocol.md, section 5). Equal partitions are what the
theorem rests on, so a suite may ask for these alone; errors alone prove no equality.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

from ...checks.approximation.evidence import ApproximationEvidence
from ...checks.approximation.verdict import FLOOR_SLACK
from ...checks.prediction import SEPARATED
from ...checks.separation.evidence import SeparationEvidence
from ...core.outcomes import MEASURED, PREDICTED, Outcome
from ...core.result import Result
from ...learning.equivalence import two_one_sided, within_factor
from .finding import Concluded, Descriptions, Finding
from .measured import MET, checks_of, errors_of, fit_of, fits, of_power, place, reached_by, unmet

FACTOR = 2.0
"""Errors that differ by less than this, either way, are equal."""
CAPACITIES, SEEDS = 3, 5
"""At least so many of each, or the errors of a check are not compared."""
PARTS = ("separation", "exhaustive")
"""Check kinds whose rows are about partitions."""
BLIND = ("bag", "forward")
"""What sees less: on a target that is to tell networks of the power of 1-WL from these, their floors are held against the errors."""


def equal_architectures(rows: Sequence[Result], descriptions: Descriptions, margin: float) -> Finding:
    """Networks of the power of 1-WL part the same vectors, and come to the same errors at the largest of their capacities."""
    predicted = f"the same partitions by certificate, and errors within a factor {FACTOR:g} at the largest size"
    names = [name for name in of_power(descriptions, "1-wl") if any(row.architecture == name for row in rows)]
    if len(names) < 2:
        return Finding(Concluded.NOT_APPLICABLE, "needs two architectures of power 1-wl", predicted, "")
    own = [row for row in rows if row.architecture in names]
    wrong = [row for row in own if row.outcome == Outcome.FAIL]
    if wrong:
        what = "not the partition of the others, or an error below a floor"
        return Finding(Concluded.FAIL, f"{place(wrong[0])}: {wrong[0].reason}", predicted, what)
    parted, open_parts = _partitions(own)
    pairs, left_out = [], {}
    for check in checks_of(own):
        compared, why = _compared(check, own, names)
        pairs += compared
        if why:
            left_out[check] = why
    equal = [pair for pair in pairs if pair["verdict"] == "equal"]
    observed = f"{parted} rows of partitions agree; {len(equal)} of {len(pairs)} pairs within the factor"
    evidence = {"partitions": parted, "pairs": pairs, "left out": left_out}
    reason = ""
    if open_parts:
        reason = f"{len(open_parts)} rows of partitions are open, the first: {place(open_parts[0])}"
    elif not parted:
        reason = "no row asks for partitions; errors alone prove no equality"
    elif left_out:
        reason = "; ".join(f"{check} is not compared: {why}" for check, why in left_out.items())
    elif len(equal) < len(pairs):
        worst = max(
            (pair for pair in pairs if pair not in equal), key=lambda pair: max(pair["ratio"], 1 / pair["ratio"])
        )
        reason = (
            f"{len(pairs) - len(equal)} of {len(pairs)} pairs are open when the budget ended, the widest: {worst['check']}, "
            f"{worst['left']} against {worst['right']}: a factor {worst['ratio']:.3g} "
            f"({worst['interval'][0]:.3g} to {worst['interval'][1]:.3g})"
        )
    outcome = Concluded.UNDECIDED if reason else Concluded.PASS
    return Finding(outcome, reason, predicted, observed, evidence)


def _partitions(rows: Sequence[Result]) -> tuple[int, list[Result]]:
    """Rows of partitions that are as predicted, and those that are open; a pair that is beyond a network's rounds is neither."""
    asked = [row for row in rows if row.kind in PARTS and row.outcome in PREDICTED]
    open_ = [row for row in asked if row.outcome != Outcome.PASS]
    return len(asked) - len(open_), open_


def _compared(check: str, rows: Sequence[Result], names: Sequence[str]) -> tuple[list[dict[str, Any]], str]:
    """The pairs of architectures on one check that trains, and why the check is left out where it is."""
    seeds, capacities = errors_of(rows, check), reached_by(rows, check)
    present = [name for name in names if name in seeds]
    asked = [{size for networks, size in seeds[name] if networks == 1} for name in present]
    sizes = sorted(set.intersection(*asked)) if asked else []
    missed = unmet([row for row in rows if row.check == check])
    met = [size for size in sizes if size not in {size for _, size in missed}]
    if any(len(found) < SEEDS for name in present for found in seeds[name].values()):
        return [], f"fewer than {SEEDS} seeds"
    if len(present) < 2 or len(met) < CAPACITIES:
        names_missed = sorted({f"{name} at {size}" for name, size in missed})
        beyond = f" ({', '.join(names_missed)} not met within {MET:.0%})" if missed else ""
        return [], f"{len(met)} capacities that all meet{beyond}, at least {CAPACITIES} are compared"
    worst = max(capacities[name][1, met[-1]].high for name in present)
    found = [fit for row, fit in fits(rows, check) if row.architecture in present]
    floors = {name: min((fit.coarse[name].floor for fit in found if name in fit.coarse), default=0.0) for name in BLIND}
    low = {name: floor for name, floor in floors.items() if floor <= FACTOR * worst}
    if low:
        said = ", ".join(f"{name} {floor:.3g}" for name, floor in low.items())
        return (
            [],
            f"the floor of what sees less ({said}) is not beyond the factor {FACTOR:g} of the errors (to {worst:.3g})",
        )
    pairs = []
    for left, right in combinations(present, 2):
        tests = [within_factor(seeds[left][1, size], seeds[right][1, size], FACTOR) for size in met]
        pairs.append(
            {
                "check": check, "left": left, "right": right, "sizes": met, "ratio": tests[-1].ratio,
                "interval": [tests[-1].low, tests[-1].high], "ratios": [test.ratio for test in tests],
                "verdict": tests[-1].verdict, "floors": floors,
            }
        )  # fmt: skip
    return pairs, ""


def one_apart(rows: Sequence[Result], descriptions: Descriptions, margin: float) -> Finding:
    """Networks of 2-FWL's or of unknown power separate what 1-WL cannot, and in general position come to the same errors.

    Refuted by a row of theirs that fails: one of the power of 1-WL that parts what 1-WL merges, or one of the power of 2-FWL that merges
    what 2-FWL parts within its rounds.
    """
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
    wrong = [row for row in rows if row.architecture in (*peers, *others) and row.outcome == Outcome.FAIL]
    if wrong:
        what = "not the partitions that they declare, or an error below a floor"
        return Finding(Concluded.FAIL, f"{place(wrong[0])}: {wrong[0].reason}", predicted, what)
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
    """All pairs equal at their largest capacity: equal. A gap at the end of a budget may be the budget's, and refutes nothing."""
    ends = [pair for pair in pairs if len(pair["sizes"]) > 1]
    evidence = {"pairs": list(pairs)}
    if not ends:
        reason = f"needs errors of two architectures at two sizes at least, each met within {MET:.0%}"
        return Finding(Concluded.UNDECIDED, reason, predicted, "", evidence)
    closed = [pair for pair in ends if pair["verdicts"][-1] == "equal"]
    observed = f"{len(closed)} of {len(ends)} pairs equal at the largest size"
    if len(closed) == len(ends):
        return Finding(Concluded.PASS, "", predicted, observed, evidence)
    worst = max(ends, key=lambda pair: abs(pair["differences"][-1]) if pair not in closed else -1.0)
    reason = (
        f"{len(ends) - len(closed)} of {len(ends)} pairs are open when the budget ended, the widest: {worst['check']}, "
        f"{worst['left']} against {worst['right']}: {worst['differences'][-1]:+.3g}"
    )
    return Finding(Concluded.UNDECIDED, reason, predicted, observed, evidence)


def _pairs(check: str, rows: Sequence[Result], names: Sequence[str], margin: float) -> Iterable[dict[str, Any]]:
    """Per pair of architectures the differences along the sizes that both meet, at the same number of networks."""
    reached, missed = reached_by(rows, check), unmet([row for row in rows if row.check == check])
    for left, right in combinations([name for name in names if name in reached], 2):
        both = sorted(reached[left].keys() & reached[right].keys())
        for networks in dict.fromkeys(k for k, _ in both):
            sizes = [s for k, s in both if k == networks and not {(left, s), (right, s)} & {*missed}]
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
