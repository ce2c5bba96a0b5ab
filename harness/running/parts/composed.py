"""Of what runs a run is composed: of how many rows each is the latest, and which networks are of more than one source. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...core.result import Result, Run

SOURCE = "source_sha256"
SEVERAL = "of more than one: "
OWN = ("date", "processes", "shards", "parts", "sources")
"""What is no matter of a common setting: each run's own, or told here."""


def environment_of(parts: Sequence[Run], rows: Iterable[tuple[Result, Run]]) -> dict[str, Any]:
    """The parts' settings, those that differ one beside the other; the date of the last, and of what the rows are.

    A part that was put together before is told as what it was put together of: rows stay as old as they are.

    Args:
        parts: the later come later.
        rows: every row that stands, with the part that has it.
    """
    told: dict[str, Any] = {"date": max(str(run.environment.get("date")) for run in parts)}
    for key in dict.fromkeys(key for run in parts for key in run.environment if key not in OWN):
        values = list(dict.fromkeys(run.environment.get(key) for run in parts))
        texts = dict.fromkeys(text for value in values for text in str(value).split(", "))
        told[key] = values[0] if len(values) == 1 else ", ".join(texts)
    standing = list(rows)
    counts = Counter(id(run) for _, run in standing)
    told["parts"] = ", ".join(_part(run, counts[id(run)]) for run in parts if counts[id(run)])
    several = _of_several_sources(standing)
    return {**told, **({"sources": SEVERAL + ", ".join(several)} if several else {})}


def _part(run: Run, count: int) -> str:
    before = run.environment.get("parts")
    if before is None:
        return f"{_rows(count)} of {run.environment.get('date')}"
    return str(before) if count == len(run.results) else f"{_rows(count)} out of ({before})"


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"


def _of_several_sources(rows: Iterable[tuple[Result, Run]]) -> list[str]:
    """The networks some of whose rows were measured by other code than others, as far as their descriptions say."""
    declared: dict[int, Mapping[str, Any]] = {}
    sources: dict[str, set[Any]] = {}
    several = dict[str, None]()
    for row, run in rows:
        if id(run) not in declared:
            declared[id(run)] = {entry["name"]: entry.get(SOURCE) for entry in run.architectures}
        if row.architecture not in declared[id(run)]:
            continue
        known = sources.setdefault(row.architecture, set())
        known.add(declared[id(run)][row.architecture])
        listed = str(run.environment.get("sources", "")).removeprefix(SEVERAL)
        if len(known) > 1 or f", {row.architecture}, " in f", {listed}, ":
            several[row.architecture] = None
    return list(several)
