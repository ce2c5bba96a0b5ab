"""The separation table as figures: digits by check and architecture on one colour scale, each in one column of a paper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from ...harness.core.result import Run
from ..reading.pairs import PairCell, PairRow, pair_table, separation_rows
from ..reading.subjects import architecture_names
from ..reading.values import one_line, plural
from .drawing import COLUMN, Box, Drawing, Item, Text, short, text_width

Part = TypeVar("Part")
HIGH, WIDE, LEFT, SMALL = 25.0, 16.2, 136.0, 10.7
ABREAST, ROWS = 11, 24
"""Architectures and rows of one figure at most."""
HEAD = 18
"""Letters of a name."""
SIGNS = {"not separated": "=", "no gap": "≈", "not applicable": "–", "error": "!"}
"""What stands for digits where nothing was told apart; `?` for what is open."""
KEY = (
    "Number: digits of the gap above the noise,",
    "the lowest of the pairs. = not separated, by",
    "certificate. ≈ no gap seen. p: some of the pairs.",
    "? unclear. – not applicable. ! error. Framed:",
    "not as predicted.",
)
SHORT = (
    ("parts in round", "round"), ("different functions", "f differs"), ("same function", "same f"), ("functions unknown", "f unknown"),
    ("1-WL-equivalent, two orbits", "1-WL-equivalent"), ("1-WL-equivalent, orbits unknown", "1-WL-eq., unknown"),
)  # fmt: skip
"""Relations in as few letters as a column has room for; f is the function that the weights realise."""


def heat(run: Run) -> tuple[Drawing, ...]:
    """One row for each check, family and relation, one column for each architecture, in as many figures as one column of a paper
    needs; a thick edge where a row is not as predicted."""
    table = pair_table(run)
    seen = {row.architecture for row in separation_rows(run)}
    names = [name for name in architecture_names(run) if name in seen]
    parts = [(rows, some) for rows in _parts(table, ROWS) for some in _parts(names, ABREAST)]
    return tuple(
        _drawing("separation" if number == 1 else f"separation-{number}", rows, some)
        for number, (rows, some) in enumerate(parts, 1)
    )


def _parts(found: Sequence[Part], most: int) -> list[Sequence[Part]]:
    """Runs of at most `most`, as long as each other."""
    count = -(-len(found) // most)
    each = -(-len(found) // count) if count else 1
    return [found[first : first + each] for first in range(0, len(found), each)]


def _drawing(name: str, table: Sequence[PairRow], names: Sequence[str]) -> Drawing:
    top = max(text_width(short(each, HEAD), 12.0) for each in names) + 8
    items: list[Item] = [
        Text(LEFT + WIDE * (column + 0.5) + 4, top - 5, short(each, HEAD), "name", "start", -90)
        for column, each in enumerate(names)
    ]
    alarms: list[Item] = []
    for place, row in enumerate(table):
        y = top + HIGH * place
        items += [
            Text(LEFT - 5, y + 11, one_line(row.check, 22), "small", "end"),
            Text(LEFT - 5, y + 22, _relation(row.relation), "label", "end"),
        ]
        for column, each in enumerate(names):
            cell = row.cells.get(each)
            if cell is None:
                continue
            x = LEFT + WIDE * column
            title = (
                f"{each}, {row.family}, {row.relation}: {cell.word}, {cell.digits or 'no'} digits; {cell.tally.words}"
            )
            items.append(Box(x, y, WIDE, HIGH, f"heat-{cell.heat}", title, group=(each, row.suite, row.check)))
            items.append(Text(x + WIDE / 2, y + 16, _sign(cell), "small", "middle"))
            if cell.tally.red:
                alarms.append(Box(x + 1, y + 1, WIDE - 2, HIGH - 2, "alarm"))
    base = top + HIGH * len(table)
    key = (Text(4, base + 15 + 14 * line, words, "small") for line, words in enumerate(KEY))
    title = f"Digits of separation: {plural(len(table), 'kind')} of pairs, {plural(len(names), 'architecture')}"
    return Drawing(name, title, COLUMN, base + 10 + 14 * len(KEY), (*items, *alarms, *key))


def _relation(words: str) -> str:
    for long, few in SHORT:
        words = words.replace(long, few)
    return one_line(words, 20)


def _sign(cell: PairCell) -> str:
    """What a cell of two letters says: whole digits of what was told apart, else a sign."""
    if cell.partly:
        return "p"
    if cell.word == "separated":
        return cell.digits.partition(" to ")[0].partition(".")[0] or "+"
    return SIGNS.get(cell.word, "?")
