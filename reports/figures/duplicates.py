"""How far networks of a set lie from each other: the nearest other network of each, in shares of the population's median distance."""

from __future__ import annotations

from collections.abc import Sequence

from .axes import Axis, Frame, linear
from .drawing import COLUMN, Drawing, Item, Line, Mark, Text

LEAST = 1e-9
"""What is nearer is drawn here."""
TICKS = ((LEAST, "0"), *((10.0**exponent, f"1e{exponent}") for exponent in range(-8, 2)))
"""The least place is that of copies: what a distance of rounding alone comes to."""


def nearest_figure(nearest: Sequence[tuple[str, float]], near: float, title: str) -> Drawing | None:
    """A mark a network, sorted by distance, above a line at the share that is near; None without networks."""
    if not nearest:
        return None
    ordered = sorted(nearest, key=lambda item: item[1])
    count = len(ordered)
    frame = Frame(
        linear(0, max(count, 1), 50.0, 304.0, sorted({0, count // 2, count})),
        Axis(LEAST, 10.0, 210.0, 14.0, True, TICKS),
        "networks, by distance",
        "nearest other / median distance",
    )
    line = frame.y(near)
    items: list[Item] = [
        *frame.background,
        Line(((50.0, line), (304.0, line)), "threshold"),
        Text(300.0, line - 5, f"near: {100 * near:g} %", "label", "end"),
    ]
    drawn: set[tuple[int, int, bool]] = set()
    for place, (name, share) in enumerate(ordered):
        x, y = frame.x(place + 0.5), frame.y(max(share, LEAST))
        cell = (round(x / 2), round(y / 2), share <= near)
        if cell not in drawn:
            drawn.add(cell)
            part = "fail" if share <= near else "pass"
            items.append(Mark(x, y, part, part, f"{name}: {share:.2g}"))
    return Drawing("duplicates", title, COLUMN, 252.0, tuple(items))
