"""The round ladder as the run tells it: what each architecture saw of the pairs that one refinement round parts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...harness.checks.detection.evidence import DetectionEvidence
from ...harness.core.result import Result, Run
from .subjects import architecture_names, grouped, measured
from .values import finite, mapping, number

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


@dataclass(frozen=True)
class Climb:
    """How far one architecture climbed the round ladder, as `harness/judging/controls.py` put it into the run.

    Args:
        family: its name without options.
        depth: the option of that name.
        sure: the round that it declares to see in any case.
        resolution: `t_res`.
        reach: the last round up to which all pairs were told apart.
        rungs: by round, those with a measured gap.
    """

    architecture: str
    family: str
    depth: float | None
    sure: float | None
    resolution: int | None
    reach: int
    rungs: tuple[Rung, ...]


def climbs(run: Run) -> tuple[Climb, ...]:
    """One entry for each architecture of the run that was shown the round ladder."""
    known = architecture_names(run)
    entries = {str(entry.get("name", "?")): entry for entry in map(mapping, run.round_ladder)}
    return tuple(_climb(name, entries[name]) for name in known if name in entries)


def _climb(name: str, entry: Mapping[str, Any]) -> Climb:
    points = entry.get("points")
    found = [_rung(name, mapping(point)) for point in (points if isinstance(points, list | tuple) else ())]
    resolution = finite(entry.get("t_res"))
    return Climb(
        architecture=name,
        family=str(entry.get("architecture", name)),
        depth=finite(entry.get("depth")),
        sure=declared_rounds(entry.get("declared")),
        resolution=None if resolution is None else int(resolution),
        reach=int(finite(entry.get("reach")) or 0),
        rungs=tuple(sorted((rung for rung in found if rung), key=lambda rung: rung.round)),
    )


def declared_rounds(rounds: object) -> float | None:
    """The round that an architecture declares to see in any case."""
    return finite(rounds[0]) if isinstance(rounds, list | tuple) and rounds else None


def _rung(name: str, point: Mapping[str, Any]) -> Rung | None:
    parted, digits = finite(point.get("round")), number(point.get("digits"))
    pairs, separated = finite(point.get("pairs")), finite(point.get("separated"))
    if parted is None or digits is None or math.isnan(digits) or pairs is None or separated is None:
        return None
    whole = separated == pairs
    return Rung(name, int(parted), digits, whole, "separated" if whole else f"{separated:g} of {pairs:g} separated")


def rungs(run: Run) -> dict[str, tuple[Rung, ...]]:
    """Architecture -> its rungs by round: the pairs of the round ladder, else the ladder of a detection row. Empty unless
    there are two rounds."""
    found = {climb.architecture: climb.rungs for climb in climbs(run) if climb.rungs}
    for row in run.results:
        if row.architecture not in found:
            climbed = tuple(sorted(_detected(row), key=lambda rung: rung.round))
            if len(climbed) > 1:
                found[row.architecture] = climbed
    several = {rung.round for climbed in found.values() for rung in climbed}
    return {name: found[name] for name in architecture_names(run) if name in found} if len(several) > 1 else {}


def _detected(row: Result) -> list[Rung]:
    found = measured(row, DetectionEvidence)
    return [
        Rung(row.architecture, int(parted), digits, digits >= THRESHOLD, "limit of detection")
        for parted, digits in (found.ladder.items() if found else ())
        if math.isfinite(digits) and parted.isdecimal()
    ]


def depths(run: Run) -> dict[str, tuple[tuple[float, Climb], ...]]:
    """Family (the name without its options) -> `(depth, climb)`, ascending, where at least two depths were measured."""
    found = [(climb.depth, climb) for climb in climbs(run) if climb.depth is not None]
    families = grouped(found, lambda point: point[1].family)
    return {
        family: tuple(sorted(own, key=lambda point: point[0]))
        for family, own in families.items()
        if len({depth for depth, _ in own}) > 1
    }
