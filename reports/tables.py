"""Every section of a run as the files that spreadsheets and papers read: CSV, and LaTeX where people read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..harness.core.result import Run
from .reading.outcomes import STATUSES
from .sections.kinds import BADGE, CELL, CODE, CSV, LATEX, TALLY, TEXT
from .sections.section import Column, Sheet, sheets
from .table_text import Cell, csv, latex


def files(run: Run) -> Iterator[tuple[str, bytes]]:
    """`(name, content)` of every section that has a row."""
    for sheet in sheets(run, CSV):
        yield f"{sheet.section.name}.csv", csv(header(sheet), cells(sheet)).encode()
    for sheet in sheets(run, LATEX):
        yield (
            f"{sheet.section.name}.tex",
            latex(sheet.section.title, *_telling(header(sheet), cells(sheet, _for_paper))).encode(),
        )


def _telling(
    heads: tuple[str, ...], rows: tuple[tuple[Cell, ...], ...]
) -> tuple[tuple[str, ...], list[tuple[Cell, ...]]]:
    """What a paper has room for: no counts of an outcome that no row has, no name of the one suite of all rows."""
    kept = [
        k
        for k, head in enumerate(heads)
        if not (head in STATUSES and all(row[k] == 0 for row in rows))
        and not (head == "suite" and len({row[k] for row in rows}) == 1)
    ]
    return tuple(heads[k] for k in kept), [tuple(row[k] for k in kept) for row in rows]


def header(sheet: Sheet) -> tuple[str, ...]:
    """The heads of the columns, with the units of their numbers; a column for each status in place of a tally."""
    names: list[str] = []
    for column in sheet.columns:
        names += (
            STATUSES if column.kind is TALLY else [f"{column.head} [{column.unit}]" if column.unit else column.head]
        )
    return tuple(names)


def _in_words(column: Column, value: Any) -> str:
    return column.kind.words(value)


def _for_paper(column: Column, value: Any) -> str:
    """A paper has room for the number of a cell alone; the CSV beside it has what was observed."""
    return value.figure if column.kind is CELL else column.kind.words(value)


def cells(sheet: Sheet, words: Callable[[Column, Any], str] = _in_words) -> tuple[tuple[Cell, ...], ...]:
    """The rows, as wide as the header: numbers as they are, the rest in words."""
    return tuple(
        tuple(cell for column, value in zip(sheet.columns, row, strict=True) for cell in _cells(column, value, words))
        for row in sheet.rows
    )


def _cells(column: Column, value: Any, words: Callable[[Column, Any], str]) -> tuple[Cell, ...]:
    if column.kind is TALLY:
        return tuple(value.counts[name] for name in STATUSES)
    if value is None or (isinstance(value, bool | int | float) and column.kind not in (TEXT, CODE)):
        return (value,)
    whole = column.kind in (TEXT, CODE) or (column.kind is BADGE and isinstance(value, str))
    return (str(value) if whole else words(column, value),)
