"""The controls of a run: how often the tool is wrong, how far each architecture is seen to resolve, which defects it catches."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..harness.result import Result, Run
from .outcomes import status_of
from .separation import round_of, separation_rows
from .summary import architecture_names, grouped, subjects
from .values import finite, mapping, one_line

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Controls:
    """The controls of one architecture: how often it tells apart what is one, and how far up the ladder it sees.

    Args:
        trials: null pairs that were decided.
        separated: of these, the ones told apart: false positives.
        bound: one-sided 95 % upper bound on the false-positive rate.
        source: which pairs were counted.
        ladder: the last round, without a break from the lowest of the run, whose pairs were all separated.
        resolution: `t_res`: the smallest that a detection row measured, else the largest that a separation row did.
        change: the smallest relative change of the weights that showed, in the worst space of the detection rows.
        effect: smallest effect size (D over the distance of generic vectors) that was seen as separated.
    """

    architecture: str
    trials: int
    separated: int
    bound: float | None
    source: str
    ladder: int | None
    resolution: int | None
    change: float | None
    effect: float | None


def ladder_rows(run: Run) -> list[Result]:
    """The pairs of those checks that climb: pairs of at least two refinement rounds."""
    rows = [row for row in separation_rows(run) if round_of(row) is not None]
    checks = grouped(rows, lambda row: (row.suite, row.check))
    climbing = {key for key, found in checks.items() if len({round_of(row) for row in found}) > 1}
    return [row for row in rows if (row.suite, row.check) in climbing]


def controls(run: Run) -> tuple[Controls, ...]:
    """One entry for each architecture with separation or detection rows."""
    rows = grouped(separation_rows(run), lambda row: row.architecture)
    climbed = grouped(ladder_rows(run), lambda row: row.architecture)
    detected = grouped((row for row in run.results if row.kind == "detection"), lambda row: row.architecture)
    return tuple(
        _controls(name, rows.get(name, []), climbed.get(name, []), detected.get(name, []))
        for name in architecture_names(run)
        if name in rows or name in detected
    )


def _controls(name: str, rows: Sequence[Result], climbed: Sequence[Result], detected: Sequence[Result]) -> Controls:
    banks = [bank for row in rows if (bank := mapping(row.evidence.get("false_positive")))]
    reported = [(finite(bank.get("trials")), finite(bank.get("separated"))) for bank in banks]
    counted = [(int(trials), int(wrong)) for trials, wrong in reported if trials is not None and wrong is not None]
    if counted:
        trials, separated = max(counted)
        source = "null bank"
    else:
        nulls = [row for row in rows if is_one_orbit(row) and row.observed in ("separated", "not separated")]
        trials, separated = len(nulls), sum(row.observed == "separated" for row in nulls)
        source = "one-orbit pairs of this run"
    limits = _measured(detected, "t_res")
    resolution = min(limits) if limits else max(_measured(rows, "t_res"), default=None)
    parted = [row for row in rows if row.observed == "separated"]
    return Controls(
        architecture=name,
        trials=trials,
        separated=separated,
        bound=upper_bound(separated, trials) if 0 <= separated <= trials and trials else None,
        source=source,
        ladder=ladder_reach(climbed),
        resolution=None if resolution is None else int(resolution),
        change=max(_measured(detected, "smallest_change"), default=None),
        effect=min(_measured(parted, "effect"), default=None),
    )


def _measured(rows: Sequence[Result], key: str) -> list[float]:
    return [value for row in rows if (value := finite(row.evidence.get(key))) is not None]


def is_one_orbit(row: Result) -> bool:
    """Whether the pair is certified to be one orbit: nothing may tell it apart."""
    return row.evidence.get("orbit") == "same" or row.evidence.get("relation") == "one orbit"


def ladder_reach(rows: Sequence[Result]) -> int | None:
    """The last round up to which every pair of every round present is separated; None if no row is applicable."""
    rounds = grouped((row for row in rows if row.outcome != "not-applicable"), round_of)
    reach = 0
    for parted in sorted(rounds):
        if any(row.observed != "separated" for row in rounds[parted]):
            break
        reach = parted
    return reach if rounds else None


def upper_bound(successes: int, trials: int) -> float:
    """One-sided exact (Clopper-Pearson) 95 % upper bound on a rate: 0 of 150 gives 1.98 %.

    Bisection on the binomial tail, so that a report need not import scipy.
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


@dataclass(frozen=True)
class Planted:
    """A defect that the suite declares: `caught` says whether every row that it should turn red did fail."""

    architecture: str
    defect: str
    caught: bool
    rows: int


def planted(run: Run) -> tuple[Planted, ...]:
    """The declared failures by architecture and reason: a tool that lets one pass is blind to that defect."""
    rows = [row for row in run.results if row.declared is not None]
    places = {name: place for place, name in enumerate(subjects(run))}
    groups = grouped(rows, lambda row: (row.architecture, row.declared))
    return tuple(
        Planted(name, one_line(reason), all(status_of(row) == "expected" for row in found), len(found))
        for (name, reason), found in sorted(groups.items(), key=lambda item: places[item[0][0]])
    )
