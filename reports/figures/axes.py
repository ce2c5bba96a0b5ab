"""Axes of a figure: where a value lies, and which ticks it is read by."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ..reading.values import one_line
from .drawing import COLUMN, Item, Line, Mark, Text, text_width


@dataclass(frozen=True)
class Axis:
    """A scale from `low` to `high`, drawn from `start` to `end` in view box units; `log` scales take positive values.

    Args:
        ticks: `(value, label)`.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool
    ticks: tuple[tuple[float, str], ...]

    def __call__(self, value: float) -> float:
        """Where the value is drawn; what lies outside is drawn at the end."""
        if self.log:
            low, high = math.log(self.low), math.log(self.high)
            share = (math.log(value) - low) / (high - low) if value > 0 else 0.0
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)


def decades(values: Iterable[float], low: int, high: int, start: float, end: float, most: int = 9) -> Axis:
    """A logarithmic axis over all positive values, and at least from 10^`low` to 10^`high`; about `most` ticks at powers of ten.

    Where a value is zero the axis begins with a place of its own for it, a tenth before the least decade.
    """
    found = list(values)
    exponents = [math.log10(value) for value in found if value > 0]
    bottom = max(min(math.floor(min(exponents, default=low)), low), -307)
    top = min(max(math.ceil(max(exponents, default=high)), high), 307)
    step = max(1, math.ceil((top - bottom) / most))
    ticks = tuple((10.0**exponent, f"1e{exponent}") for exponent in range(bottom, top + 1, step))
    if all(found):
        return Axis(10.0**bottom, 10.0**top, start, end, True, ticks)
    zero = 10.0 ** max(bottom - (top - bottom) / 9, -320)
    return Axis(zero, 10.0**top, start, end, True, ((zero, "0"), *ticks))


def points_on(values: Iterable[float], start: float, end: float, label: Callable[[float], str]) -> Axis:
    """A logarithmic axis with ticks at the given positive values themselves, some air at both ends; labels that would
    touch are left out."""
    found = sorted(set(values))
    low, high = math.log(found[0]), math.log(found[-1])
    air = max(0.08 * (high - low), math.log(1.15))
    axis = Axis(math.exp(max(low - air, -700.0)), math.exp(min(high + air, 700.0)), start, end, True, ())
    ticks: list[tuple[float, str]] = []
    for value in found:
        text = label(value)
        if not ticks or abs(axis(value) - axis(ticks[-1][0])) > 7.0 * (len(text) + len(ticks[-1][1])) / 2 + 6:
            ticks.append((value, text))
    return Axis(axis.low, axis.high, start, end, True, tuple(ticks))


def linear(low: float, high: float, start: float, end: float, at: Sequence[float]) -> Axis:
    """A linear axis with ticks at the given values."""
    return Axis(low, high, start, end, False, tuple((value, f"{value:g}") for value in at))


@dataclass(frozen=True)
class Frame:
    """Two axes; y is drawn from the bottom up, so its `start` is the larger one."""

    x: Axis
    y: Axis
    title_x: str = ""
    title_y: str = ""
    vertical: bool = True

    @property
    def background(self) -> tuple[Item, ...]:
        """Grid, ticks and titles."""
        left, right, bottom, top = self.x.start, self.x.end, self.y.start, self.y.end
        items: list[Item] = []
        for value, label in self.x.ticks:
            place = self.x(value)
            if self.vertical:
                items.append(Line(((place, top), (place, bottom)), "grid"))
            items.append(Text(place, bottom + 15, label, "tick", "middle"))
        for value, label in self.y.ticks:
            place = self.y(value)
            items.append(Line(((left, place), (right, place)), "grid"))
            items.append(Text(left - 6, place + 4, label, "tick", "end"))
        if self.title_x:
            items.append(Text((left + right) / 2, bottom + 34, self.title_x, "axis", "middle"))
        if self.title_y:
            items.append(Text(13, (top + bottom) / 2, self.title_y, "axis", "middle", -90))
        return tuple(items)


@dataclass(frozen=True)
class Entry:
    """A line of a legend."""

    glyph: str
    part: str
    words: str
    architectures: tuple[int, ...] = ()


def legend(entries: Sequence[Entry], left: float, top: float) -> tuple[tuple[Item, ...], float]:
    """The legend below a figure, in as many columns as its words allow, and how high it is."""
    wide = max((text_width(entry.words, 10.7) for entry in entries), default=0.0) + 24
    columns = max(1, int((COLUMN - left) // wide))
    items: list[Item] = []
    for place, entry in enumerate(entries):
        x, y = left + place % columns * (COLUMN - left) / columns, top + place // columns * 14.0
        items.append(Mark(x + 6, y, entry.glyph, entry.part, entry.words, entry.architectures))
        items.append(Text(x + 15, y + 4, one_line(entry.words, 42), "small", architectures=entry.architectures))
    return tuple(items), 14.0 * math.ceil(len(entries) / columns)
