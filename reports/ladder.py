"""The round ladder: digits of separation by the refinement round that parts the pair, for each architecture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..harness.result import Result, Run
from .axes import Axis, Frame, linear
from .controls import controls, ladder_rows
from .drawing import Box, Drawing, Item, Line, Mark, Text
from .outcomes import status_of
from .separation import round_of
from .summary import architecture_names, declarations, grouped
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


def rungs(run: Run) -> dict[str, tuple[Rung, ...]]:
    """Architecture -> its rungs by round: the pairs of the checks that climb several rounds, else the ladder of a detection
    row. Empty unless some architecture has two rounds."""
    rows = [row for row in ladder_rows(run) if _digits(row) is not None]
    found = {
        name: tuple(_rung(parted, same) for parted, same in sorted(grouped(own, round_of).items()))
        for name, own in grouped(rows, lambda row: row.architecture).items()
    }
    for row in run.results:
        if row.kind == "detection" and row.architecture not in found:
            climbed = tuple(sorted(_detected(row), key=lambda rung: rung.round))
            if len(climbed) > 1:
                found[row.architecture] = climbed
    several = {rung.round for climbed in found.values() for rung in climbed}
    return {name: found[name] for name in architecture_names(run) if name in found} if len(several) > 1 else {}


def _digits(row: Result) -> float | None:
    value = number(row.evidence.get("digits"))
    return None if value is None or math.isnan(value) else value


def _rung(parted: int, rows: Sequence[Result]) -> Rung:
    digits = min(value for row in rows if (value := _digits(row)) is not None)
    words = ", ".join(dict.fromkeys(row.observed or status_of(row) for row in rows))
    return Rung(parted, digits, all(row.observed == "separated" for row in rows), words)


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
    resolved = {entry.architecture: entry.resolution for entry in controls(run)}
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
    rounds = traits.get("rounds")
    sure = finite(rounds[0]) if isinstance(rounds, list | tuple) and rounds else None
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
