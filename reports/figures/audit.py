"""What coarser forms do to a population: the shares of its networks that are in general position, discrete, alone with their orbit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..reading.values import one_line
from .axes import Axis, Entry, Frame, legend, linear
from .drawing import COLUMN, Drawing, Item, Line, Mark, Text, series

BASE = 210.0

MEASURES = {"general_position": "general position", "discrete": "discrete", "one_orbit": "one orbit"}
TICKS = tuple((share / 100, f"{share} %") for share in (0, 25, 50, 75, 100))


def audit_figure(forms: Sequence[str], shares: Mapping[str, Sequence[float]], title: str) -> Drawing:
    """A line a measure over the forms, in their order.

    Args:
        shares: measure, as in `MEASURES` -> one a form, from 0 to 1.
    """
    places = linear(0, max(len(forms), 1), 50.0, 308.0, [])
    frame = Frame(places, Axis(0.0, 1.0, BASE, 14.0, False, TICKS), "form", "share of the networks")
    items: list[Item] = list(frame.background)
    room = max(1, int(258 / max(len(forms), 1) / 6.6))
    for place, form in enumerate(forms):
        items.append(Text(frame.x(place + 0.5), BASE + 16, one_line(form, room), "tick", "middle"))
    entries = []
    for number, (measure, values) in enumerate(shares.items(), 1):
        (glyph, part), name = series(number - 1), MEASURES[measure]
        points = tuple((frame.x(place + 0.5), frame.y(share)) for place, share in enumerate(values))
        if len(points) > 1:
            items.append(Line(points, f"curve-{number}"))
        items += [
            Mark(x, y, glyph, part, f"{name}, {form}: {100 * share:.4g} %")
            for (x, y), form, share in zip(points, forms, values, strict=True)
        ]
        entries.append(Entry(glyph, part, name))
    below, high = legend(entries, 10.0, BASE + 52)
    return Drawing("audit", title, COLUMN, BASE + 48 + high, (*items, *below))
