"""The round ladder as the run tells it: what each architecture saw of the pairs that one refinement round parts."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...harness.checks.detection.evidence import DetectionEvidence
from ...harness.core.records import LadderRecord
from ...harness.core.result import Result, Run
from .subjects import architecture_names, grouped, measured

LONGEST = 6
"""No number of a round has as many digits."""
THRESHOLD = 3.0
"""Digits from which a gap counts as separation."""


@dataclass(frozen=True)
class Rung:
    """The pairs of one round on one architecture: the lowest digits, and whether all were told apart."""

    architecture: str
    round: int
    digits: float
    separated: bool
    words: str


def rungs(run: Run) -> dict[str, tuple[Rung, ...]]:
    """Architecture -> its rungs by round: the pairs of the round ladder, else the ladder of a detection row. Empty unless
    there are two rounds."""
    found = {ladder["name"]: _climbed(ladder) for ladder in run.round_ladder}
    for row in run.results:
        detected = _detected(row)
        if not found.get(row.architecture) and len(detected) > 1:
            found[row.architecture] = detected
    several = {rung.round for climbed in found.values() for rung in climbed}
    return {name: found[name] for name in architecture_names(run) if found.get(name)} if len(several) > 1 else {}


def _climbed(ladder: LadderRecord) -> tuple[Rung, ...]:
    climbed = []
    for point in sorted(ladder["points"], key=lambda point: point["round"]):
        digits, whole = point["digits"], point["separated"] == point["pairs"]
        if digits is not None and not math.isnan(digits):
            words = "separated" if whole else f"{point['separated']} of {point['pairs']} separated"
            climbed.append(Rung(ladder["name"], point["round"], digits, whole, words))
    return tuple(climbed)


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
