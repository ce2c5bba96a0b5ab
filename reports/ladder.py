"""The round ladder: digits of separation by the refinement round that parts the pair, for each architecture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..harness.core.result import Result, Run
from .axes import Axis, Frame, linear
from .drawing import Box, Drawing, Item, Line, Mark, Text
from .summary import architecture_names, declarations
from .values import digits_text, finite, mapping, number, one_line

CEILING = 16.0
"""Digits at the top of a panel: what float64 holds."""
LABEL = 50.0
"""Room that a label takes in a panel."""
THRESHOLD = 3.0
"""Digits from which a gap counts as separation."""


@dataclass(frozen=True)
class Rung:
    """The pairs of one round on one architecture: the lowest digits, and whether all were told apart."""

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
    found = [_rung(mapping(point)) for point in (points if isinstance(points, list | tuple) else ())]
    resolution = finite(entry.get("t_res"))
    return Climb(
        architecture=name,
        family=str(entry.get("architecture", name)),
        depth=finite(entry.get("depth")),
        sure=_sure(entry.get("declared")),
        resolution=None if resolution is None else int(resolution),
        reach=int(finite(entry.get("reach")) or 0),
        rungs=tuple(sorted((rung for rung in found if rung), key=lambda rung: rung.round)),
    )


def _sure(rounds: object) -> float | None:
    return finite(rounds[0]) if isinstance(rounds, list | tuple) and rounds else None


def _rung(point: Mapping[str, Any]) -> Rung | None:
    parted, digits = finite(point.get("round")), number(point.get("digits"))
    pairs, separated = finite(point.get("pairs")), finite(point.get("separated"))
    if parted is None or digits is None or math.isnan(digits) or pairs is None or separated is None:
        return None
    whole = separated == pairs
    return Rung(int(parted), digits, whole, "separated" if whole else f"{separated:g} of {pairs:g} separated")


def rungs(run: Run) -> dict[str, tuple[Rung, ...]]:
    """Architecture -> its rungs by round: the pairs of the round ladder, else the ladder of a detection row. Empty unless
    there are two rounds."""
    found = {climb.architecture: climb.rungs for climb in climbs(run) if climb.rungs}
    for row in run.results:
        if row.kind == "detection" and row.architecture not in found:
            climbed = tuple(sorted(_detected(row), key=lambda rung: rung.round))
            if len(climbed) > 1:
                found[row.architecture] = climbed
    several = {rung.round for climbed in found.values() for rung in climbed}
    return {name: found[name] for name in architecture_names(run) if name in found} if len(several) > 1 else {}


def _detected(row: Result) -> list[Rung]:
    climbed = []
    for parted, value in mapping(row.evidence.get("ladder")).items():
        digits = finite(value)
        if digits is not None and str(parted).isdecimal():
            seen = digits >= THRESHOLD
            climbed.append(Rung(int(parted), digits, seen, "limit of detection"))
    return climbed


def ladders(run: Run) -> tuple[Drawing, ...]:
    """A panel for each architecture, all on one scale; none unless pairs of at least two rounds were measured.

    The line joins the lowest digits of each round; a filled mark is separated, an open one is not; the rounds that the
    architecture declares to see are shaded, and `t_res` is a dotted line.
    """
    climbed = rungs(run)
    rounds = [rung.round for own in climbed.values() for rung in own]
    if not rounds:
        return ()
    declared = declarations(run)
    resolved = {climb.architecture: climb.resolution for climb in climbs(run)}
    return tuple(
        _panel(index, name, own, min(rounds), max(rounds), declared.get(name, {}), resolved.get(name))
        for index, (name, own) in enumerate(climbed.items(), 1)
    )


def _panel(
    index: int, name: str, own: Sequence[Rung], low: int, high: int, traits: Mapping[str, object], resolved: int | None
) -> Drawing:
    step = max(1, math.ceil((high - low + 1) / 8))
    frame = Frame(
        linear(low - 0.5, high + 0.5, 26.0, 226.0, range(low, high + 1, step)),
        linear(0.0, CEILING, 112.0, 10.0, (0, 5, 10, 15)),
        vertical=False,
    )
    items: list[Item] = []
    sure = _sure(traits.get("rounds"))
    if sure is not None and sure >= low:
        end = frame.x(sure + 0.5)
        items.append(Box(frame.x.start, frame.y.end, end - frame.x.start, frame.y.start - frame.y.end, "sure"))
    items += frame.background
    items.append(_level(frame.x, frame.y(THRESHOLD), "threshold"))
    if resolved is not None and low <= resolved:
        place = frame.x(resolved + 0.5)
        items.append(Line(((place, frame.y.end), (place, frame.y.start)), "resolution"))
        high_near = any(rung.digits > 11 for rung in own if abs(frame.x(rung.round) - place) < LABEL)
        y = frame.y(THRESHOLD) - 6 if high_near else frame.y.end + 9
        beside = (place + 4, y, "start") if place - frame.x.start < LABEL else (place - 4, y, "end")
        items.append(Text(beside[0], beside[1], f"t_res {resolved}", "label", beside[2]))
    places = [(frame.x(rung.round), frame.y(rung.digits)) for rung in own]
    items.append(Line(tuple(places), "trace"))
    for rung, (x, y) in zip(own, places, strict=True):
        text = f"{name}: round {rung.round}, {digits_text(rung.digits)} digits, {rung.words}"
        items.append(Mark(x, y, "dot", "separated" if rung.separated else "not-separated", text))
    return Drawing(f"round-ladder-{index:02d}", f"Round ladder of {one_line(name, 80)}", 236.0, 138.0, tuple(items))


def _level(across: Axis, place: float, part: str) -> Line:
    return Line(((across.start, place), (across.end, place)), part)


def ladder_sheet(run: Run, columns: int = 4) -> Drawing | None:
    """All panels on one sheet, each under its architecture's name; for a paper."""
    climbed, panels = rungs(run), ladders(run)
    if not panels:
        return None
    items: list[Item] = []
    across, down = panels[0].width + 14, panels[0].height + 26
    for place, (name, panel) in enumerate(zip(climbed, panels, strict=True)):
        x, y = place % columns * across + 4, place // columns * down + 20
        items.append(Text(x + 26, y - 4, one_line(name, 34), "name"))
        items += [_moved(item, x, y) for item in panel.items]
    rows = math.ceil(len(panels) / columns)
    title = "Digits of separation by the refinement round that parts the pair"
    return Drawing("round-ladder", title, min(len(panels), columns) * across, rows * down + 8, tuple(items))


def _moved(item: Item, x: float, y: float) -> Item:
    if isinstance(item, Line):
        return replace(item, points=tuple((a + x, b + y) for a, b in item.points))
    return replace(item, x=item.x + x, y=item.y + y)
