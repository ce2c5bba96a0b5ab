"""Labels of networks: from tables with a row each, from names, from a file beside each. No torch.

Law: every network gets the one row that is its own, or the whole table is refused; a label is a number, or a word out of a list.
"""

from __future__ import annotations

import csv
import gzip
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import ZooError
from .manifest import Labels

LARGEST = 1 << 28
"""Bytes of a table, unpacked."""
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Column:
    """One label of all networks: numbers, or places in `words`."""

    values: tuple[float, ...]
    words: tuple[str, ...] | None = None


def read_labels(folder: Path, names: Sequence[str], asked: Labels) -> dict[str, Column]:
    """The labels of networks, by their paths below the folder.

    Raises:
        ZooError: no such file, a network without a row or with two, or a column that is none.
    """
    if asked.name is not None:
        rows = _by_name(names, asked.name)
    elif asked.each is not None:
        rows = [_beside(folder, name, asked.each) for name in names]
    else:
        rows = _by_table(folder, names, asked)
    columns = asked.columns or [
        key for key in dict.fromkeys(key for row in rows for key in row) if key != asked.by and _plain(rows, key)
    ]
    for column in columns:
        missing = next((name for name, row in zip(names, rows, strict=True) if column not in row), None)
        if missing is not None:
            raise ZooError(f"labels: {missing} has no {column}; columns: {', '.join(map(str, list(rows[0])[:12]))}")
    return {str(column): _column([row[column] for row in rows]) for column in columns}


def _plain(rows: Sequence[Row], key: str) -> bool:
    return all(isinstance(row.get(key), str | int | float | bool) for row in rows)


def _column(values: Sequence[Any]) -> Column:
    """Numbers where all are; else places in the sorted list of words."""
    try:
        numbers = tuple(float(value) for value in values)
        if all(math.isfinite(number) for number in numbers):
            return Column(numbers)
    except (TypeError, ValueError):
        pass
    words = tuple(sorted({str(value) for value in values}))
    places = {word: float(place) for place, word in enumerate(words)}
    return Column(tuple(places[str(value)] for value in values), words)


def _by_name(names: Sequence[str], pattern: str) -> list[Row]:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise ZooError(f"labels: name: {pattern!r} is no regular expression ({error})") from None
    if not compiled.groupindex:
        raise ZooError(f"labels: name: {pattern!r} has no named group, as in (?P<label>[0-9]+)")
    rows: list[Row] = []
    for name in names:
        match = compiled.search(name)
        if match is None:
            raise ZooError(f"labels: {name} does not fit {pattern!r}")
        rows.append(match.groupdict(""))
    return rows


def _beside(folder: Path, name: str, wanted: str) -> Row:
    """The last line of a file in the network's folder, or in the nearest above it."""
    place = (folder / name).parent
    while True:
        if (place / wanted).is_file():
            rows = rows_of(place / wanted, by_line=True)
            if not rows:
                raise ZooError(f"labels: {place / wanted} is empty")
            epoch = re.search(r"checkpoint_0*(\d+)", name)
            own = [row for row in rows if epoch and str(row.get("training_iteration")) == epoch[1]]
            return (own or rows)[-1]
        if place in (folder, place.parent):
            raise ZooError(f"labels: {name} has no {wanted} beside or above it")
        place = place.parent


def _by_table(folder: Path, names: Sequence[str], asked: Labels) -> list[Row]:
    table = folder / str(asked.file)
    rows = rows_of(table)
    if asked.by is None:
        if len(rows) != len(names):
            raise ZooError(
                f"labels: {asked.file} has {len(rows)} rows, and there are {len(names)} networks; name a column with by:"
            )
        return rows
    found: dict[str, list[Row]] = {}
    for row in rows:
        if asked.by not in row:
            raise ZooError(
                f"labels: {asked.file} has no column {asked.by}; columns: {', '.join(map(str, list(row)[:12]))}"
            )
        found.setdefault(str(row[asked.by]), []).append(row)
    matched: list[Row] = []
    for name in names:
        bare = re.sub(r"\[[^\]]*\]$", "", name)
        keys = dict.fromkeys(
            (name, bare, f"./{bare}", Path(bare).name, Path(bare).stem, str(Path(bare).with_suffix("")))
        )
        own = next((found[key] for key in keys if key in found), [])
        if len(own) != 1:
            raise ZooError(f"labels: {asked.file} has {len(own) or 'no'} rows for {name} in its column {asked.by}")
        matched.append(own[0])
    return matched


def rows_of(table: Path, by_line: bool = False) -> list[Row]:
    """The rows of `.csv`, `.json` and `.jsonl` files, packed with gzip or not.

    A JSON file is a list of rows, a mapping of names to rows or to labels (the columns are `name`, and `label` or the row's), or a row a line.

    Args:
        by_line: the file has a row a line, whatever it is called.

    Raises:
        ZooError: no such file, or one that makes no rows.
    """
    kind = table.name.removesuffix(".gz").rpartition(".")[2].lower()
    try:
        with gzip.open(table, "rb") if table.name.endswith(".gz") else table.open("rb") as stream:
            data = stream.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise ZooError(f"labels: {table.name} has more than {LARGEST} bytes")
        text = data.decode()
        if kind in ("csv", "tsv"):
            return list(csv.DictReader(text.splitlines(), delimiter="\t" if kind == "tsv" else ","))
        by_line = by_line or kind in ("jsonl", "ndjson")
        made: Any = [json.loads(line) for line in text.splitlines() if line.strip()] if by_line else json.loads(text)
    except (OSError, EOFError, UnicodeDecodeError, ValueError, csv.Error, RecursionError) as error:
        raise ZooError(f"labels: {table.name} cannot be read ({type(error).__name__})") from None
    if isinstance(made, dict):
        made = [
            {"name": name, **row} if isinstance(row, dict) else {"name": name, "label": row}
            for name, row in made.items()
        ]
    if not isinstance(made, list) or not all(isinstance(row, dict) for row in made):
        raise ZooError(f"labels: {table.name} is no table: a list of rows, a mapping of names, or a row a line")
    return made
