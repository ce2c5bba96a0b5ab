"""A run and later runs of rows of it, put together: of every row the latest, and all that follows from the rows together drawn anew.

What the later runs are for: rows that a change has moved, checks that were left out (`--only`), conclusions that a suite asks since. The
suites are as the last run that has them holds them, and what they ask no more falls away. Rows may have been measured by other code,
on another day or device; of what they are is part of the environment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from ...core.cell import Cell
from ...core.patterns import parse_pattern
from ...core.records import KillerRecord, PlantRecord
from ...core.result import Result, Run
from ...language.suite import Expectation, Suite
from ...plugins.discovery import parse_name
from ..dealing.chosen import only
from ..keeping.files import StoreError
from ..plan import plan
from ..planted import wanted_by
from ..planting.killers import KILLERS, killers_of
from ..planting.own import own_killers_of
from ..provenance import VERSION
from ..run import following, reproducer
from .describing import MEASURED, described

SOURCE = "source_sha256"
Key = TypeVar("Key", bound=tuple[str, ...])
Record = TypeVar("Record")


def joined(parts: Mapping[Path, Run], directory: Path) -> Run:
    """The run of all rows; a pure function of its parts, the later of which come later, and of the folder that it is reproduced from.

    Raises:
        StoreError: a part stopped early, is a shard or of another version; two expect other failures, or declare two things of one
            network; a row, a planted defect or a false claim that the suites ask is in none of them.
    """
    for folder, run in parts.items():
        _refuse_other(folder, run, *next(iter(parts.items())))
    last = list(parts.values())[-1]
    held = {str(suite["name"]): suite for run in parts.values() for suite in run.suites}
    names = list(dict.fromkeys(name for run in parts.values() for name in _names(run)))
    suites = [Suite.from_json(suite) for suite in held.values()]
    planned = plan(suites, list(map(parse_name, names)))
    patterns = _patterns(parts.values())
    cells = only(planned, list(map(parse_pattern, patterns)))
    rows, dates = _latest(parts), {}
    missing = [cell for cell in cells if _key(cell) not in rows]
    if missing:
        place = f"{missing[0].architecture} / {missing[0].check} / {missing[0].case}"
        raise StoreError(
            f"{len(missing)} of {len(cells)} rows that the suites ask are in none of these runs; `--only {place!r}` runs the first"
        )
    whole = len(cells) == len(planned)
    ordered = []
    for cell in cells:
        row, date = rows[_key(cell)]
        dates[date] = dates.get(date, 0) + 1
        ordered.append(row.but(declared=None, root=None, reproduce=reproducer(directory, cell)))
    descriptions = described(list(parts.items()), names, (*MEASURED, SOURCE))
    planted = _planted(parts.values(), ordered, descriptions, whole)
    killers = _killers(parts.values(), suites, planned, whole)
    request = last.request or {"expected_failures": [], "require_power": None}
    kept = None if whole else {"only": patterns, "fail_fast": False, "shard": None, "architectures": names}
    told = following(
        ordered,
        planned,
        suites,
        [Expectation(**entry) for entry in request["expected_failures"]],
        descriptions,
        request["require_power"],
        planted,
        killers,
        () if whole else patterns,
    )
    several = replace(
        last,
        environment=_environment(parts, dates),
        suites=list(held.values()),
        architectures=descriptions,
        planted=planted,
        killers=killers,
        selection=kept,
    )
    return replace(several, **told)


def _refuse_other(folder: Path, run: Run, first: Path, of_first: Run) -> None:
    if run.orbitcheck != VERSION:
        raise StoreError(f"{folder}: was made by orbitcheck {run.orbitcheck}; this is {VERSION}")
    if run.selection and run.selection["fail_fast"]:
        raise StoreError(
            f"{folder}: stopped at its first red row (--fail-fast), so that it does not say what it was asked"
        )
    if run.request != of_first.request:
        raise StoreError(f"{folder} and {first} expect other failures, or require another power")


def _names(run: Run) -> Iterable[str]:
    return run.selection["architectures"] if run.selection else [entry["name"] for entry in run.architectures]


def _patterns(runs: Iterable[Run]) -> list[str]:
    """What all parts were asked for together; nothing, where one was asked for all."""
    asked = [list(run.selection["only"]) if run.selection else [] for run in runs]
    return list(dict.fromkeys(text for own in asked for text in own)) if all(asked) else []


def _key(cell: Cell | Result) -> tuple[str, str, str]:
    return cell.suite, cell.check, cell.id


def _latest(parts: Mapping[Path, Run]) -> dict[tuple[str, str, str], tuple[Result, str]]:
    """Every row as the last part has it, with that part's date."""
    return {_key(row): (row, str(run.environment.get("date"))) for run in parts.values() for row in run.results}


def _planted(
    runs: Iterable[Run], rows: Sequence[Result], descriptions: Sequence[Mapping[str, Any]], whole: bool
) -> list[PlantRecord]:
    """What became of the planted defects of these rows' kinds, each as the last part that has it says."""
    found = {(each["name"], each["kind"], each["wanted"]): each for run in runs for each in run.planted}
    wanted = [(each.name, each.red.kind, each.wanted) for each in wanted_by({row.kind for row in rows}, descriptions)]
    return list(_all_of(found, wanted, whole, "planted defect"))


def _killers(runs: Iterable[Run], suites: Sequence[Suite], cells: Sequence[Cell], whole: bool) -> list[KillerRecord]:
    """What became of the false claims of the suites' conclusions, each as the last part that has it says."""
    found = {(each["name"], each["claim"]): each for run in runs for each in run.killers}
    shipped, own = killers_of(suites, cells), own_killers_of(suites, cells)
    standing = {(name, KILLERS[name].claim): list(of) for name, of in shipped.items()}
    standing |= {(each.name, each.claim): [each.suite] for each in own}
    told = _all_of(found, list(standing), whole, "false claim")
    return [{**each, "suites": standing[each["name"], each["claim"]]} for each in told]


def _all_of(found: Mapping[Key, Record], wanted: Iterable[Key], whole: bool, what: str) -> Iterator[Record]:
    for key in wanted:
        if key in found:
            yield found[key]
        elif whole:
            raise StoreError(f"{what} {key[0]}: in none of these runs; run any row of {key[1]} again")


def _environment(parts: Mapping[Path, Run], dates: Mapping[str, int]) -> dict[str, Any]:
    """The last part's, with what differs beside it, and of how many rows each part is the latest."""
    runs = list(parts.values())
    told = {}
    for key in dict.fromkeys(
        key for run in runs for key in run.environment if key not in ("processes", "parts", "sources")
    ):
        values = list(dict.fromkeys(run.environment.get(key) for run in runs))
        told[key] = values[0] if len(values) == 1 else ", ".join(str(value) for value in values)
    told["date"] = max(str(run.environment.get("date")) for run in runs)
    told["parts"] = ", ".join(f"{count:,} rows of {date}" for date, count in dates.items())
    sources: dict[str, set[Any]] = {}
    for run in runs:
        for entry in run.architectures:
            sources.setdefault(entry["name"], set()).add(entry.get(SOURCE))
    several = [name for name, known in sources.items() if len(known) > 1]
    return {**told, **({"sources": f"of more than one: {', '.join(several)}"} if several else {})}
