"""The round ladder: digits of separation by the refinement round that parts the pair, for each architecture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ...harness.core.records import LadderRecord
from ...harness.core.result import Run
from ..reading.climbs import THRESHOLD, Rung, rungs
from ..reading.values import digits_text, one_line
from .axes import Axis, Frame, linear
from .drawing import Box, Drawing, Figure, Item, Line, Mark, Text

CEILING = 16.0
"""Digits at the top of a panel: what float64 holds."""
LABEL = 50.0
"""Room that a label takes in a panel."""


def ladder_figures(run: Run) -> tuple[Figure, ...]:
    """A panel for each architecture, all on one scale, for the page; all on one sheet, for a file. None unless pairs of at least
    two rounds were measured.

    The line joins the lowest digits of each round; a filled mark is separated, an open one is not; the rounds that the
    architecture declares to see are shaded, and `t_res` is a dotted line.
    """
    climbed = rungs(run)
    rounds = [rung.round for own in climbed.values() for rung in own]
    if not rounds:
        return ()
    told = {ladder["name"]: ladder for ladder in run.round_ladder}
    panels = {
        name: _panel(index, name, own, min(rounds), max(rounds), told.get(name))
        for index, (name, own) in enumerate(climbed.items(), 1)
    }
    shown = (Figure(panel, one_line(name, 60), look="small", file=False) for name, panel in panels.items())
    return (*shown, Figure(_sheet(panels), page=False))


def _panel(index: int, name: str, own: Sequence[Rung], low: int, high: int, told: LadderRecord | None) -> Drawing:
    step = max(1, math.ceil((high - low + 1) / 8))
    frame = Frame(
        linear(low - 0.5, high + 0.5, 26.0, 226.0, range(low, high + 1, step)),
        linear(0.0, CEILING, 112.0, 10.0, (0, 5, 10, 15)),
        vertical=False,
    )
    items: list[Item] = []
    sure = told["declared"][0] if told and told["declared"] else None
    resolved = told["t_res"] if told else None
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


def _sheet(panels: Mapping[str, Drawing], columns: int = 4) -> Drawing:
    """All panels, each under its architecture's name; for a paper."""
    items: list[Item] = []
    first = next(iter(panels.values()))
    across, down = first.width + 14, first.height + 26
    for place, (name, panel) in enumerate(panels.items()):
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
