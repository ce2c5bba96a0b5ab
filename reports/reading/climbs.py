"""The round ladder as the run tells it: what each architecture saw of the pairs that one refinement round parts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...harness.checks.detection.evidence import DetectionEvidence
from ...harness.checks.prediction import NO_GAP, NOT_SEPARATED, SEPARATED
from ...harness.checks.separation.evidence import SeparationEvidence
from ...harness.core.outcomes import Outcome
from ...harness.core.records import LadderRecord
from ...harness.core.result import Result, Run
from ...harness.judging.controls import LADDER
from .subjects import architecture_names, grouped, measured

LONGEST = 6
"""No number of a round has as many digits."""
THRESHOLD = 3.0
"""Digits from which a gap counts as separation."""


@dataclass(frozen=True)
class Rung:
    """The pairs of one round on one architecture: the lowest digits, whether all were told apart, and whether it is open if not."""

    architecture: str
    round: int
    digits: float
    separated: bool
    words: str
    unclear: bool = False


def rungs(run: Run) -> dict[str, tuple[Rung, ...]]:
    """Architecture -> its rungs by round: the pairs of the round ladder, else the ladder of a detection row. Empty unless
    there are two rounds."""
    seen = _seen(run)
    found = {ladder["name"]: _climbed(ladder, seen) for ladder in run.round_ladder}
    for row in run.results:
        detected = _detected(row)
        if not found.get(row.architecture) and len(detected) > 1:
            found[row.architecture] = detected
    several = {rung.round for climbed in found.values() for rung in climbed}
    return {name: found[name] for name in architecture_names(run) if found.get(name)} if len(several) > 1 else {}


def _seen(run: Run) -> dict[tuple[str, int], list[Result]]:
    """Architecture and round -> the rows of the ladder that say something of it; none where all of them went wrong."""
    told = (row for row in run.results if row.outcome != Outcome.NOT_APPLICABLE)
    climbed = ((row, found) for row in told if (found := measured(row, SeparationEvidence)) is not None)
    rungs = ((row, found.round) for row, found in climbed if found.family == LADDER and found.round)
    seen: dict[tuple[str, int], list[Result]] = {}
    for row, parted in rungs:
        said = seen.setdefault((row.architecture, parted), [])
        if row.outcome != Outcome.ERROR:
            said.append(row)
    return seen


def _climbed(ladder: LadderRecord, seen: Mapping[tuple[str, int], Sequence[Result]]) -> tuple[Rung, ...]:
    climbed = []
    for point in sorted(ladder["points"], key=lambda point: point["round"]):
        rows = seen.get((ladder["name"], point["round"]))
        digits, parted, unclear = _told(rows) if rows is not None else (point["digits"], point["separated"], False)
        if digits is not None and not math.isnan(digits):
            whole = parted == point["pairs"]
            words = "separated" if whole else f"{parted} of {point['pairs']} separated"
            climbed.append(Rung(ladder["name"], point["round"], digits, whole, words, unclear))
    return tuple(climbed)


def _told(rows: Sequence[Result]) -> tuple[float | None, int, bool]:
    """The lowest digits of the pairs of a round, how many were told apart, and whether it is open of any whether it was."""
    found = [pair.digits for row in rows if (pair := measured(row, SeparationEvidence)) is not None]
    digits = [each for each in found if each is not None and not math.isnan(each)]
    parted = sum(row.observed == SEPARATED for row in rows)
    merged = sum(row.observed in (NOT_SEPARATED, NO_GAP) for row in rows)
    return min(digits, default=None), parted, parted + merged < len(rows)


def _detected(row: Result) -> tuple[Rung, ...]:
    found = measured(row, DetectionEvidence)
    if found is not None and found.power == "2-fwl":
        return ()  # its rounds are those of pairs of nodes, no points of the same axis
    climbed = [
        Rung(row.architecture, int(parted), digits, digits >= THRESHOLD, "limit of detection")
        for parted, digits in (found.ladder.items() if found else ())
        if math.isfinite(digits) and parted.isdecimal() and len(parted) < LONGEST
    ]
    return tuple(sorted(climbed, key=lambda rung: rung.round))


def depths(run: Run) -> dict[str, tuple[tuple[int, LadderRecord], ...]]:
    """Family (the name without its options) -> `(depth, ladder)`, ascending, where at least two depths were measured."""
    known = architecture_names(run)
    ladders = [ladder for ladder in run.round_ladder if ladder["name"] in known]
    found = [(ladder["depth"], ladder) for ladder in ladders if ladder["depth"] is not None]
    families = grouped(found, lambda point: point[1]["architecture"])
    return {
        family: tuple(sorted(own, key=lambda point: point[0]))
        for family, own in families.items()
        if len({depth for depth, _ in own}) > 1
    }
