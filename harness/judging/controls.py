"""Controls: the tool's own false positives, and how far each network sees; pure functions of the separation rows.

*False positives.* A null is a pair that is one to the network by certificate: one orbit, an orbit of the declared symmetry, or,
for a network of at most 1-WL power 1-WL-equivalent, for one of 2-FWL power 2-FWL-equivalent. Whether it is depends on nothing that was measured, so the share of nulls
that were separated is the tool's own error rate, with its exact one-sided 95 % bound (protocol.md, section 4).

*Ladder.* For each round t of the round ladder how many pairs showed, and by how many digits; beside it depth, declared rounds
and t_res, so that runs of one architecture at several depths make a curve.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..checks.detection.evidence import DetectionEvidence
from ..checks.prediction import NOT_SEPARATED, SEPARATED, Ground
from ..checks.separation.evidence import SeparationEvidence
from ..core.records import ControlRecord, LadderRecord, Rung
from ..core.result import Result, by_architecture

CONFIDENCE = 0.95
LADDER = "round-ladder"
MEASURED = ("separation", "detection")
"""Check kinds whose rows say how far a network sees."""


def controls(rows: Sequence[Result], described: Sequence[Mapping[str, Any]]) -> list[ControlRecord]:
    """Per architecture with separation or detection rows: nulls, false positives and bound, digits, effect, smallest change,
    t_res, forwards.

    Args:
        described: the architectures of the run, as `results.json` holds them.
    """
    found = by_architecture(rows)
    by_name = {str(entry["name"]): found.get(entry["name"], []) for entry in described}
    return [_controls(name, own) for name, own in by_name.items() if any(row.kind in MEASURED for row in own)]


def _controls(name: str, rows: Sequence[Result]) -> ControlRecord:
    pairs = [row for row in rows if row.kind == "separation"]
    nulls = [row for row in pairs if is_null(row)]
    wrong = sum(row.observed == SEPARATED for row in nulls)
    parted = [
        (evidence.digits, evidence.effect) for row in pairs if row.observed == SEPARATED and (evidence := of_pair(row))
    ]
    digits = [each for each, _ in parted if each is not None]
    effects = [each for _, each in parted if each is not None]
    changes = [evidence.digits for row in rows if (evidence := row.measured(DetectionEvidence))]
    return {
        "name": name,
        "nulls": len(nulls),
        "false_positives": wrong,
        "bound": upper_bound(wrong, len(nulls)),
        "separated": len(digits),
        "digits": {"lowest": min(digits), "median": sorted(digits)[len(digits) // 2]} if digits else None,
        "smallest_effect": min(effects) if effects else None,
        "digits_of_change": min(changes) if changes else None,
        "t_res": _resolution(rows),
        "forwards": sum(row.forwards for row in rows),
    }


def _resolution(rows: Sequence[Result]) -> int | None:
    """`t_res`: the smallest that a row of one architecture measured, in whatever space."""
    known = (row.measured(SeparationEvidence) or row.measured(DetectionEvidence) for row in rows)
    return min((seen.t_res for seen in known if seen and seen.t_res is not None), default=None)


def of_pair(row: Result) -> SeparationEvidence | None:
    """The evidence of a separation row."""
    return row.measured(SeparationEvidence)


def is_null(row: Result) -> bool:
    """Whether a decided row is of a pair that is one to the network by certificate."""
    pair = of_pair(row)
    if pair is None or row.predicted != NOT_SEPARATED or row.observed not in (SEPARATED, NOT_SEPARATED):
        return False
    equivalent = pair.round is None if pair.two_fwl is None else pair.two_fwl == "equivalent"
    return pair.orbit == "same" or equivalent or pair.ground in (Ground.DECLARED_SYMMETRY, Ground.DECLARED_BLINDNESS)


def round_ladder(rows: Sequence[Result], described: Sequence[Mapping[str, Any]]) -> list[LadderRecord]:
    """Per architecture that climbed: its depth and declared rounds, `t_res`, and a point for each round of the ladder.

    `reach` is the last round up to which every pair of every round was separated. A point holds the number of pairs, how many
    were separated and predicted to be, and the digits of the pair that showed least.
    """
    ladders, found = [], by_architecture(rows)
    for entry in described:
        own = found.get(entry["name"], [])
        climbed = [
            (pair.round, row, pair)
            for row in own
            if row.outcome != "not-applicable" and (pair := of_pair(row)) and pair.family == LADDER and pair.round
        ]
        if not climbed:
            continue
        rounds = sorted({t for t, _, _ in climbed})
        points = [_point(t, [(row, pair) for rung, row, pair in climbed if rung == t]) for t in rounds]
        seen = [point["round"] for point in points if point["separated"] == point["pairs"]]
        missed = [t for t in rounds if t not in seen]
        ladders.append(
            {
                "name": entry["name"],
                "architecture": str(entry["name"]).partition("[")[0],
                "depth": (entry.get("options") or {}).get("depth"),
                "declared": entry.get("rounds"),
                "t_res": _resolution(own),
                "reach": max((t for t in seen if not missed or t < missed[0]), default=0),
                "points": points,
            }
        )
    return ladders


def _point(t: int, rows: Sequence[tuple[Result, SeparationEvidence]]) -> Rung:
    return {
        "round": t,
        "pairs": len(rows),
        "separated": sum(row.observed == SEPARATED for row, _ in rows),
        "predicted": sum(row.predicted == SEPARATED for row, _ in rows),
        "digits": min((pair.digits for _, pair in rows if pair.digits is not None), default=None),
    }


def upper_bound(successes: int, trials: int) -> float:
    """One-sided exact (Clopper-Pearson) 95 % upper bound on a rate: 0 of 150 gives 1.98 %; 1 without a trial.

    Bisection on the binomial tail, so that a front end need not import scipy.
    """
    if successes >= trials:
        return 1.0
    low, high = successes / trials, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _at_most(successes, trials, middle) > 1 - CONFIDENCE else (low, middle)
    return high


def _at_most(successes: int, trials: int, rate: float) -> float:
    """Chance of at most that many successes; every term in logarithms, so that none underflows."""
    if rate <= 0:
        return 1.0
    if rate >= 1:
        return float(successes >= trials)
    return math.fsum(
        math.exp(
            math.lgamma(trials + 1) - math.lgamma(k + 1) - math.lgamma(trials - k + 1)
            + k * math.log(rate) + (trials - k) * math.log1p(-rate)
        )
        for k in range(successes + 1)
    )  # fmt: skip
