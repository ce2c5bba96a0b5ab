"""The round ladder: digits of separation by the refinement round that parts the pair, for each architecture."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ...harness.core.records import LadderRecord
from ...harness.core.result import Run
from ..reading.climbs import THRESHOLD, Rung, rungs
from ..reading.values import digits_text, one_line
from .axes import Axis, Entry, Frame, legend, linear
from .drawing import COLUMN, Box, Drawing, Figure, Item, Line, Mark, Text, short

CEILING = 16.0
"""Digits at the top of a panel: what float64 holds."""
LABEL = 50.0
"""Room that a label takes in a panel."""
ABREAST, PANELS = 3, 24
ACROSS, DOWN = 100.0, 86.0


@dataclass(frozen=True)
class Size:
    """Where a panel's frame lies, its ticks, and whether `t_res` is named beside its line."""

    left: float
    right: float
    top: float
    base: float
    rounds: int
    digits: tuple[int, ...]
    named: bool


LARGE, SMALL = Size(26.0, 226.0, 10.0, 112.0, 8, (0, 5, 10, 15), True), Size(20.0, 96.0, 2.0, 52.0, 5, (0, 10), False)


def ladder_figures(run: Run) -> tuple[Figure, ...]:
    """A panel for each architecture, all on one scale, for the page; together on sheets, for files. None unless pairs of at least
    two rounds were measured.

    The line joins the lowest digits of each round; a filled mark is separated, an open one is not, a triangle is unclear; the rounds that the
    architecture declares to see are shaded, and `t_res` is a dotted line.
    """
    climbed = rungs(run)
    rounds = [rung.round for own in climbed.values() for rung in own]
    if not rounds:
        return ()
    told = {ladder["name"]: ladder for ladder in run.round_ladder}
    panels = {
        name: _panel(index, name, own, min(rounds), max(rounds), told.get(name), LARGE)
        for index, (name, own) in enumerate(climbed.items(), 1)
    }
    shown = (Figure(panel, one_line(name, 60), look="small", file=False) for name, panel in panels.items())
    sheets = (Figure(sheet, page=False) for sheet in _sheets(climbed, min(rounds), max(rounds), told))
    return (*shown, *sheets)


def _panel(
    index: int, name: str, own: Sequence[Rung], low: int, high: int, told: LadderRecord | None, size: Size
) -> Drawing:
    step = max(1, math.ceil((high - low + 1) / size.rounds))
    frame = Frame(
        linear(low - 0.5, high + 0.5, size.left, size.right, range(low, high + 1, step)),
        linear(0.0, CEILING, size.base, size.top, size.digits),
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
    if size.named and resolved is not None and low <= resolved:
        place = frame.x(resolved + 0.5)
        high_near = any(rung.digits > 11 for rung in own if abs(frame.x(rung.round) - place) < LABEL)
        y = frame.y(THRESHOLD) - 6 if high_near else frame.y.end + 9
        beside = (place + 4, y, "start") if place - frame.x.start < LABEL else (place - 4, y, "end")
        items.append(Text(beside[0], beside[1], f"t_res {resolved}", "label", beside[2]))
    places = [(frame.x(rung.round), frame.y(rung.digits)) for rung in own]
    items.append(Line(tuple(places), "trace"))
    for rung, (x, y) in zip(own, places, strict=True):
        text = f"{name}: round {rung.round}, {digits_text(rung.digits)} digits, {rung.words}"
        glyph, part = _mark(rung)
        items.append(Mark(x, y, glyph, part, text))
    return Drawing(f"round-ladder-{index:02d}", f"Round ladder of {one_line(name, 80)}", 236.0, 138.0, tuple(items))


def _mark(rung: Rung) -> tuple[str, str]:
    """Glyph and part: an open question is neither filled nor empty."""
    if rung.unclear:
        return "undecided", "undecided"
    return "dot", "separated" if rung.separated else "not-separated"


def _level(across: Axis, place: float, part: str) -> Line:
    return Line(((across.start, place), (across.end, place)), part)


def _sheets(
    climbed: Mapping[str, Sequence[Rung]], low: int, high: int, told: Mapping[str, LadderRecord]
) -> Iterator[Drawing]:
    """All panels under their architectures' names, three abreast in one column of a paper, at most `PANELS` a sheet."""
    sheets = [list(climbed.items())[first : first + PANELS] for first in range(0, len(climbed), PANELS)]
    for number, own in enumerate(sheets, 1):
        items: list[Item] = []
        for place, (name, found) in enumerate(own):
            x, y = 14 + place % ABREAST * ACROSS, place // ABREAST * DOWN
            items.append(Text(x + SMALL.left, y + 11, short(name, 12), "small"))
            items += [
                _moved(item, x, y + 14) for item in _panel(number, name, found, low, high, told.get(name), SMALL).items
            ]
        base = math.ceil(len(own) / ABREAST) * DOWN
        items.append(Text(COLUMN / 2, base + 12, "refinement round that parts the pair", "axis", "middle"))
        items.append(Text(10, base / 2, "digits", "axis", "middle", -90))
        keys = [Entry("dot", "separated", "told apart"), Entry("dot", "not-separated", "not told apart")]
        if any(rung.unclear for _, found in own for rung in found):
            keys.append(Entry("undecided", "undecided", "unclear"))
        below, tall = legend(keys, 14.0, base + 28)
        words = f"dashed: {THRESHOLD:g} digits; dotted: t_res; grey: declared"
        items += [*below, Text(14, base + 28 + tall + 4, words, "small")]
        title = "Digits of separation by the refinement round that parts the pair"
        name = "round-ladder" if number == 1 else f"round-ladder-{number}"
        yield Drawing(name, title, COLUMN, base + tall + 40, tuple(items))


def _moved(item: Item, x: float, y: float) -> Item:
    if isinstance(item, Line):
        return replace(item, points=tuple((a + x, b + y) for a, b in item.points))
    return replace(item, x=item.x + x, y=item.y + y)
