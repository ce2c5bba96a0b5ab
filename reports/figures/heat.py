"""The separation table as a figure: digits by pair family and architecture on one colour scale."""

from __future__ import annotations

from ...harness.core.result import Run
from ..reading.pairs import pair_table, separation_rows
from ..reading.subjects import architecture_names
from ..reading.values import one_line, plural
from .drawing import Box, Drawing, Item, Text, text_width

HIGH, WIDE, SMALL = 30.0, 74.0, 10.5


def heat(run: Run) -> Drawing | None:
    """One row for each check, family and relation, one column for each architecture; a red edge where a row is not as
    predicted; n/a where nothing is claimed."""
    table = pair_table(run)
    seen = {row.architecture for row in separation_rows(run)}
    names = [name for name in architecture_names(run) if name in seen]
    if not table or not names:
        return None
    labels = [(one_line(row.family, 40), f"{plural(row.pairs, 'pair')}, {one_line(row.relation, 60)}") for row in table]
    left = max(max(text_width(first, 12.0), text_width(second, SMALL)) for first, second in labels) + 14
    slant = max(text_width(one_line(name, 30), 12.0) for name in names)
    top = 0.71 * slant + 22
    items: list[Item] = [
        Text(left + WIDE * column + WIDE / 2, top - 8, one_line(name, 30), "name", "start", -45)
        for column, name in enumerate(names)
    ]
    alarms: list[Item] = []
    for place, (row, (first, second)) in enumerate(zip(table, labels, strict=True)):
        y = top + HIGH * place
        items += [Text(left - 8, y + 13, first, "name", "end"), Text(left - 8, y + 25, second, "label", "end")]
        for column, name in enumerate(names):
            x = left + WIDE * column
            cell = row.cells.get(name)
            if cell is None:
                continue
            unclaimed = cell.tally.worst == "not-applicable"
            text = "n/a" if unclaimed else cell.digits or cell.word
            title = (
                f"{name}, {row.family}, {row.relation}: {cell.word}, {cell.digits or 'no'} digits; {cell.tally.words}"
            )
            items.append(Box(x, y, WIDE, HIGH, f"heat-{cell.heat}", title, group=(name, row.suite, row.check)))
            items.append(Text(x + WIDE / 2, y + 19, one_line(text, 14), "label" if unclaimed else "small", "middle"))
            if cell.tally.red:
                alarms.append(Box(x + 1, y + 1, WIDE - 2, HIGH - 2, "alarm"))
    width = left + WIDE * len(names) + 0.71 * slant + 6
    title = f"Digits of separation: {plural(len(table), 'kind')} of pairs, {plural(len(names), 'architecture')}"
    return Drawing("separation", title, width, top + HIGH * len(table) + 6, (*items, *alarms))
