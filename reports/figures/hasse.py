"""The Hasse picture of the order of separation: who parts every pair that whom else parts."""

from __future__ import annotations

from collections.abc import Sequence

from ...harness.judging.order import REFERENCES, TWO_FWL, Order
from ..reading.values import one_line, plural
from .drawing import COLUMN, Box, Drawing, Item, Line, Text, text_width

LINE_HEIGHT, SIZE, PADDING, GAP = 15.0, 12.0, 10.0, 14.0


def hasse(order: Order, name: str = "separation-order") -> Drawing:
    """More powerful above; rows of boxes for each length of the longest way down from the top, as many as a column of a paper needs."""
    level = [0] * len(order.members)
    for upper, lower in order.covers:  # members come by falling size, so the upper one's level is final
        level[lower] = max(level[lower], level[upper] + 1)
    texts = [
        (*(one_line(name, 30) for name in member.names), plural(member.parted, "pair")) for member in order.members
    ]
    sizes = [
        (max(text_width(line, SIZE) for line in text) + 2 * PADDING, len(text) * LINE_HEIGHT + PADDING)
        for text in texts
    ]
    rows = [
        row
        for depth in range(max(level) + 1)
        for row in _fitting([i for i, own in enumerate(level) if own == depth], [size[0] for size in sizes])
    ]
    width = COLUMN
    places: dict[int, tuple[float, float]] = {}
    top = PADDING
    for row in rows:
        x = (width - sum(sizes[i][0] for i in row) - GAP * (len(row) - 1)) / 2
        height = max(sizes[i][1] for i in row)
        for i in row:
            places[i] = x, top + (height - sizes[i][1]) / 2
            x += sizes[i][0] + GAP
        top += height + 2 * GAP
    items: list[Item] = [
        Line(
            (
                (places[i][0] + sizes[i][0] / 2, places[i][1] + sizes[i][1]),
                (places[j][0] + sizes[j][0] / 2, places[j][1]),
            ),
            "link",
        )
        for i, j in order.covers
    ]
    for i, member in enumerate(order.members):
        reference = any(name in (*REFERENCES, TWO_FWL) for name in member.names)
        (x, y), (wide, high) = places[i], sizes[i]
        items.append(Box(x, y, wide, high, "reference-member" if reference else "member", round=5.0))
        items += [
            Text(x + wide / 2, y + 17 + LINE_HEIGHT * n, line, "aside" if n == len(texts[i]) - 1 else "name", "middle")
            for n, line in enumerate(texts[i])
        ]
    title = f"Hasse picture of the order of separation over {plural(order.pairs, 'pair')}"
    return Drawing(name, title, width, top, tuple(items))


def _fitting(row: Sequence[int], widths: Sequence[float]) -> list[list[int]]:
    """The boxes of a row, in as many rows as the width asks for."""
    rows: list[list[int]] = [[]]
    for i in row:
        if rows[-1] and sum(widths[j] for j in (*rows[-1], i)) + GAP * (len(rows[-1]) + 2) > COLUMN:
            rows.append([])
        rows[-1].append(i)
    return rows
