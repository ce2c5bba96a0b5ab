"""The floors of a label as a figure: least error over variance by power, one line a form of the weights."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ...harness.oracles.levels.floors import LabelFloors, LevelFloor
from ..reading.values import compact, finite, one_line, plural
from .axes import Axis, Entry, Frame, legend, linear
from .drawing import COLUMN, SERIES, Drawing, Item, Line, Mark, Text, series, text_width

LEFT, RIGHT, TOP, BASE = 50.0, 308.0, 14.0, 210.0
ROUND = re.compile(r"(1-wl|2-fwl)-[0-9]{1,4}")
STABLE = ("1-wl", "2-fwl")


def floor_figure(found: Sequence[LabelFloors], name: str = "floors") -> Drawing:
    """Weakest power on the left; a bar reaches up to the upper value where equality could not be decided for all.

    What refines each other is joined: the rounds of 1-WL with all stable levels, and those of 2-FWL with their own; functions stand
    apart, since no early round refines them.
    """
    names = _names(found) or ["orbit"]
    across = Axis(-0.4, len(names) - 0.6, LEFT, RIGHT, False, ())
    frame = Frame(across, linear(0, 1, BASE, TOP, (0, 0.25, 0.5, 0.75, 1)), "", "least error / variance")
    items: list[Item] = [*frame.background]
    items += [Text(across(place) + 4, BASE + 8, each, "tick", "end", -90) for place, each in enumerate(names)]
    under = BASE + 14 + max(text_width(each, 11.0) for each in names)
    items.append(Text((LEFT + RIGHT) / 2, under + 10, "a map may depend on", "axis", "middle"))
    for number, each in enumerate(found):
        items += _curve(number, each, _marks(each, frame, names), frame)
    entries = [
        Entry(*series(number), f"{each.form}: says nothing" if each.silent else each.form)
        for number, each in enumerate(found)
    ]
    below, high = legend(entries, LEFT - 40, under + 28)
    first = found[0]
    title = f"{first.label} on {first.population}: what no network of a power can go below"
    return Drawing(name, one_line(title), COLUMN, under + 24 + high, (*items, *below))


def _names(found: Iterable[LabelFloors]) -> list[str]:
    """Every level that any form has, the weakest power first: of 1-WL and of 2-FWL all rounds in order, then the stable classes."""
    names = {level.level for each in found for level in each.levels}
    rounds = sorted((name for name in names if ROUND.fullmatch(name)), key=lambda name: int(name.rpartition("-")[2]))
    by_power = [[*(name for name in rounds if _stable(name) == stable), stable] for stable in STABLE]
    return [name for name in ("function", *by_power[0], *by_power[1], "orbit") if name in names]


def _stable(name: str) -> str:
    """The level that the rounds of this one's power come to."""
    return name.rpartition("-")[0] if ROUND.fullmatch(name) else name


def _marks(found: LabelFloors, frame: Frame, names: Sequence[str]) -> list[tuple[float, float, LevelFloor]]:
    """Where the floors of one form are drawn; a round that it does not need is the stable one's."""
    by_name = {level.level: level for level in found.levels}
    levels = [by_name.get(name) or by_name.get(_stable(name)) for name in names]
    return [
        (frame.x(place), frame.y(level.relative), level)
        for place, level in enumerate(levels)
        if level is not None and finite(level.relative) is not None
    ]


def _curve(
    number: int, found: LabelFloors, marks: Sequence[tuple[float, float, LevelFloor]], frame: Frame
) -> Iterable[Item]:
    color, (glyph, part) = number % SERIES + 1, series(number)
    for apart in ("function", "2-fwl-"), ("function", "1-wl", "orbit"):
        joined = tuple((x, y) for x, y, level in marks if not level.level.startswith(apart))
        if len(joined) > 1:
            yield Line(joined, f"curve-{color}")
    for x, y, level in marks:
        upper = finite(level.upper)
        if upper is not None and upper > level.relative:
            yield Line(((x, y), (x, frame.y(upper))), f"range-{color}")
        words = (
            f"{found.form}, {level.level}: {compact(level.relative)}, {plural(level.shared, 'class', 'classes')} shared"
        )
        yield Mark(x, y, glyph, part, one_line(words))
