"""Labels of networks: from tables with a row each, from names, from a file beside each. No torch.

Law: every network gets the one row that is its own, or the whole table is refused; a label is a number, or a word out of a list. An
empty cell is no value, as a row that is missing is none: a column that is asked for is refused with it, any other is no label.
"""

from __future__ import annotations

import csv
import gzip
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from ..core.registry import did_you_mean
from .entries import ZooError
from .manifest import Labels

LARGEST = 1 << 28
"""Bytes of a table, unpacked."""
LISTED = 8
"""Names of rows that are listed."""
SHOWN = 40
"""Characters of a value that a line shows."""
KINDS = ("csv", "tsv", "json", "jsonl", "ndjson")
"""Suffixes of tables."""
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Column:
    """One label of all networks: numbers, or places in `words`."""

    values: tuple[float, ...]
    words: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Read:
    """What places of labels say.

    Args:
        columns: label -> its values, of all networks.
        lacking: column that is no label -> why, in a line.
        notes: what of the tables was passed over, or taken for words, in a line each.
    """

    columns: Mapping[str, Column]
    lacking: Mapping[str, str]
    notes: tuple[str, ...] = ()


def read_labels(folder: Path, names: Sequence[str], asked: Labels) -> Read:
    """The labels of networks, by their paths below the folder.

    Raises:
        ZooError: no such file, a network without a row or with two, a column that is none, or one that was asked for and is empty
            somewhere.
    """
    notes: list[str] = []
    if asked.name is not None:
        rows = _by_name(names, asked.name)
    elif asked.each is not None:
        rows = [_beside(folder, name, asked.each) for name in names]
    else:
        rows = _by_table(folder, names, asked, notes)
    keys = [key for key in dict.fromkeys(key for row in rows for key in row) if key != asked.by and _plain(rows, key)]
    for column in asked.columns or ():
        if all(row.get(column) is None for row in rows):
            raise ZooError(f"labels: {names[0]} has no {column}{did_you_mean(column, map(str, rows[0]), 12)}")
    columns, lacking = read_columns(
        names, {key: [row.get(key) for row in rows] for key in asked.columns or keys}, notes
    )
    if asked.columns and lacking:
        raise ZooError(f"labels: {next(iter(lacking.values()))}")
    return Read(columns, lacking, tuple(notes))


def _plain(rows: Sequence[Row], key: str) -> bool:
    return all(isinstance(row.get(key), str | int | float | bool | None) for row in rows)


def read_columns(
    names: Sequence[str], given: Mapping[str, Sequence[Any]], notes: list[str]
) -> tuple[dict[str, Column], dict[str, str]]:
    """Label -> its column, and label -> why it is none; `notes` gets a line for each that mixes numbers and words.

    Numbers where all values are, each the very one that is written, but for digits of fractions; else places in the sorted list of words. Truth values are words.
    """
    columns: dict[str, Column] = {}
    lacking: dict[str, str] = {}
    for label, values in given.items():
        numbers = [_number(value) for value in values]
        finite = [at for at, number in enumerate(numbers) if number is not None and math.isfinite(number)]
        empty = [at for at, value in enumerate(values) if value is None or not str(value).strip()]
        if finite or None not in numbers:
            empty += [at for at, number in enumerate(numbers) if number is not None and not math.isfinite(number)]
        if empty:
            at, more = empty[0], len(empty) - 1
            said = "" if values[at] is None or not str(values[at]).strip() else f" (it has {_cut(values[at])})"
            lacking[label] = f"no value for {names[at]} in column {label}{said}{f', and for {more} more' * bool(more)}"
        elif (
            len(finite) == len(values)
            and (at := next(filter(lambda at: _rounded(values[at], numbers[at]), finite), None)) is not None
        ):
            lacking[label] = (
                f"{names[at]} has {_cut(values[at])} in column {label}, an integer that a float64 would round; write it with a letter "
                f"if it is a name, as in n{_cut(values[at])}, or in larger units if it is an amount"
            )
        elif len(finite) == len(values):
            columns[label] = Column(tuple(number for number in numbers if number is not None))
        else:
            words = tuple(sorted({str(value).strip() for value in values}))
            places = {word: float(place) for place, word in enumerate(words)}
            columns[label] = Column(tuple(places[str(value).strip()] for value in values), words)
            if finite:
                other = next(at for at in range(len(values)) if at not in set(finite))
                notes.append(
                    f"label {label} mixes numbers and words, and is taken for words: {values[finite[0]]} of {names[finite[0]]}, "
                    f"{values[other]} of {names[other]}"
                )
    return columns, lacking


def _number(value: Any) -> float | None:
    """What is a number, not finite perhaps; truth values are none."""
    try:
        return None if isinstance(value, bool) else float(value)
    except OverflowError:  # an integer beyond all floats
        return math.inf
    except (TypeError, ValueError):
        return None


def _rounded(value: Any, number: float | None) -> bool:
    """Whether an integer is another one as a float64."""
    match = re.fullmatch(r"\s*([+-]?[0-9]{1,400})(\.0*)?\s*", str(value)) if isinstance(value, str | int) else None
    return match is not None and number is not None and int(match[1]) != int(number)


def _cut(value: Any) -> str:
    text = (
        str(value)
        if not isinstance(value, int) or abs(value) < 10**SHOWN
        else f"an integer of more than {SHOWN} digits"
    )
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


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


def _by_table(folder: Path, names: Sequence[str], asked: Labels, notes: list[str]) -> list[Row]:
    table = folder / str(asked.file)
    rows = rows_of(table)
    if asked.by is None:
        if len(rows) != len(names):
            raise ZooError(
                f"labels: {asked.file} has {len(rows)} rows, and there are {len(names)} networks; name the column that has their files with --by (by: in a manifest)"
            )
        _demand_order(str(asked.file), names, rows)
        return rows
    found: dict[str, list[Row]] = {}
    for row in rows:
        if asked.by not in row:
            raise ZooError(f"labels: {asked.file} has no column {asked.by}{did_you_mean(asked.by, map(str, row), 12)}")
        found.setdefault(str(row[asked.by]), []).append(row)
    longer = _longer({_bare(name) for name in names}, found)
    matched: list[Row] = []
    used: dict[str, str] = {}
    for name in names:
        bare = _bare(name)
        keys = (*_paths(name), Path(bare).stem, str(Path(bare).with_suffix("")))
        key = next((key for key in keys if key in found), longer.get(bare, ""))
        own = found.get(key, [])
        if len(own) != 1:
            raise ZooError(f"labels: {asked.file} has {len(own) or 'no'} rows for {name} in its column {asked.by}")
        if used.setdefault(key, bare) != bare:
            raise ZooError(
                f"labels: the row {key} of {asked.file} may be of {used[key]} and of {bare}; give paths in its column {asked.by}"
            )
        matched.append(own[0])
    others = [key for key in found if key not in used]
    if others:
        listed = f"{', '.join(others[:LISTED])}{' ...' if len(others) > LISTED else ''}"
        notes.append(f"{asked.file} names {len(others)} for which there is no network: {listed}")
    return matched


def _paths(name: str) -> tuple[str, ...]:
    """What a table may call a network's file, the longest first."""
    bare = _bare(name)
    parts = Path(bare).parts
    return (name, bare, f"./{bare}", *("/".join(parts[start:]) for start in range(1, len(parts))))


def _demand_order(table: str, names: Sequence[str], rows: Sequence[Row]) -> None:
    """Row by row is right only where no column says otherwise.

    Raises:
        ZooError: a column that names the networks' files in another order.
    """
    for column in rows[0] if rows else ():
        places = {str(row.get(column)): place for place, row in enumerate(rows)}
        longer = _longer({_bare(name) for name in names}, places)
        short = {re.split(r"[\\/]", key)[-1]: place for key, place in places.items()}
        own = [
            next((places[key] for key in (*_paths(name), longer.get(_bare(name), "")) if key in places), None)
            for name in names
        ]
        last = [short.get(Path(_bare(name)).name) for name in names]
        told = next((found for found in (own, last) if None not in found and len(set(found)) == len(rows)), None)
        if told is not None and told != list(range(len(rows))):
            raise ZooError(
                f"labels: {table} names the networks in another order, in its column {column}; say by: {column}"
            )


def _bare(name: str) -> str:
    """The network's file, without its entry there."""
    return re.sub(r"\[[^\]]*\]$", "", name)


def _longer(files: set[str], keys: Iterable[str]) -> dict[str, str]:
    """File -> the one key that is a longer path to it, as of the machine that trained it; a file to which several lead has none."""
    made: dict[str, list[str]] = {}
    for key in keys:
        parts = key.replace("\\", "/").split("/")
        for start in range(len(parts)):
            end = "/".join(parts[start:])
            if end in files:
                made.setdefault(end, []).append(key)
                break
    return {file: own[0] for file, own in made.items() if len(own) == 1}


def rows_of(table: Path, by_line: bool = False) -> list[Row]:
    """The rows of `.csv`, `.json` and `.jsonl` files, packed with gzip or not.

    A JSON file is a list of rows, a mapping of names to rows or to labels (the columns are `name`, and `label` or the row's), or a row a line.

    Args:
        by_line: the file has a row a line, whatever it is called.

    Raises:
        ZooError: no such file, or one that makes no rows.
    """
    kind = table.name.removesuffix(".gz").rpartition(".")[2].lower()
    if not by_line and kind not in KINDS:
        raise ZooError(
            f"labels: {table.name} is no table of a suffix that is read: {', '.join(KINDS)}, each with .gz or not"
        )
    try:
        with gzip.open(table, "rb") if table.name.endswith(".gz") else table.open("rb") as stream:
            data = stream.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise ZooError(f"labels: {table.name} has more than {LARGEST} bytes")
        text = data.decode("utf-8-sig")
        if kind in ("csv", "tsv"):
            return _cells(table.name, _lines(text, kind))
        by_line = by_line or kind in ("jsonl", "ndjson")
        made: Any = [json.loads(line) for line in text.splitlines() if line.strip()] if by_line else json.loads(text)
    except (OSError, EOFError, ValueError, csv.Error, RecursionError) as error:
        raise ZooError(f"labels: {table.name} cannot be read ({_why(error)})") from None
    if isinstance(made, dict):
        made = [
            {"name": name, **row} if isinstance(row, dict) else {"name": name, "label": row}
            for name, row in made.items()
        ]
    if not isinstance(made, list) or not all(isinstance(row, dict) for row in made):
        raise ZooError(f"labels: {table.name} is no table: a list of rows, a mapping of names, or a row a line")
    return made


def _why(error: Exception) -> str:
    """What is wrong with a table, in words where a user can mend it."""
    if isinstance(error, UnicodeDecodeError):
        return "it is not in UTF-8; save it so"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__


def _lines(text: str, kind: str) -> Iterable[list[str]]:
    """The cells of each line; where the header has no comma, semicolons or tabs part them, and a comma between digits is a decimal point."""
    lines = text.splitlines()
    header = lines[0] if lines else ""
    if kind == "tsv" or ("\t" in header and not {",", ";"} & set(header)):
        return csv.reader(lines, delimiter="\t")
    if "," in header or ";" not in header:
        return csv.reader(lines)
    return [
        [re.sub(r"^(\s*[-+]?\d+),(\d+(?:[eE][-+]?\d+)?\s*)$", r"\1.\2", cell) for cell in line]
        for line in csv.reader(lines, delimiter=";")
    ]


def _cells(name: str, lines: Iterable[list[str]]) -> list[Row]:
    """The rows of a table whose first line is its header, without the spaces around cells; a cell that is not there is None."""
    header, *rows = [[cell.strip() for cell in line] for line in lines if line] or [[]]
    doubled = next((column for column in header if header.count(column) > 1), None)
    if doubled is not None:
        raise ZooError(f'labels: {name} has two columns "{doubled}"')
    for number, row in enumerate(rows, 1):
        if len(row) > len(header):
            raise ZooError(f"labels: {name}: row {number} has {len(row)} cells, and the header {len(header)}")
    return [dict(zip_longest(header, row)) for row in rows]
