"""A run and later runs of rows of it, put together: of every row the latest, and all that follows from the rows together drawn anew.

What the later runs are for: rows that a change has moved, checks that were left out (`--only`), conclusions that a suite asks since. The
suites are as the last run that has them holds them, and what they ask no more falls away. Rows may have been measured by other code,
on another day or device; of what they are is part of the environment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...core.cell import Cell
from ...core.patterns import parse_pattern
from ...core.records import PlantRecord
from ...core.result import Result, Run
from ...language.suite import Expectation, Suite
from ...plugins.discovery import parse_name
from ..dealing.chosen import only
from ..keeping.files import StoreError
from ..plan import plan
from ..planted import wanted_by
from ..provenance import VERSION
from ..run import following, reproducer
from .composed import SOURCE, environment_of
from .describing import MEASURED, described
from .false_claims import killers, names_of, patterns_of


def joined(parts: Mapping[Path, Run], directory: Path) -> Run:
    """The run of all rows; a pure function of its parts, the later of which come later, and of the folder that it is reproduced from.

    Raises:
        StoreError: a part stopped early, is a shard or of another version; two expect other failures, or declare two things of one
            network; a row, a planted defect or a false claim that the suites ask is in none of them.
    """
    for folder, run in parts.items():
        _refuse_other(folder, run, *next(iter(parts.items())))
    runs = list(parts.values())
    last = runs[-1]
    held = {str(suite["name"]): suite for run in runs for suite in run.suites}
    names = list(dict.fromkeys(name for run in runs for name in names_of(run)))
    patterns = _patterns(runs)
    try:
        suites = [Suite.from_json(suite) for suite in held.values()]
        planned = plan(suites, list(map(parse_name, names)))
        cells = only(planned, list(map(parse_pattern, patterns)))
    except (ValueError, LookupError, TypeError) as error:
        raise StoreError(f"{', '.join(map(str, parts))}: {' '.join(str(error).split())}") from None
    rows = _latest(runs)
    missing = [cell for cell in cells if _key(cell) not in rows]
    if missing:
        place = f"{missing[0].architecture} / {missing[0].check} / {missing[0].case}"
        raise StoreError(
            f"{len(missing)} of {len(cells)} rows that the suites ask are in none of these runs; `--only {place!r}` runs the first"
        )
    whole = len(cells) == len(planned)
    ordered = [
        rows[_key(cell)][0].but(declared=None, root=None, reproduce=reproducer(directory, cell)) for cell in cells
    ]
    descriptions = described(_loaded(parts), names, (*MEASURED, SOURCE))
    planted = _planted(runs, ordered, descriptions, whole)
    put_through = killers(runs, suites, cells, whole)
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
        put_through,
        () if whole else patterns,
    )
    several = replace(
        last,
        environment=environment_of(runs, [rows[_key(cell)] for cell in cells]),
        suites=list(held.values()),
        architectures=descriptions,
        planted=planted,
        killers=put_through,
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


def _patterns(runs: Iterable[Run]) -> list[str]:
    """What all parts were asked for together; nothing, where one was asked for all."""
    asked = [patterns_of(run) for run in runs]
    return list(dict.fromkeys(text for own in asked for text in own)) if all(asked) else []


def _key(cell: Cell | Result) -> tuple[str, str, str]:
    return cell.suite, cell.check, cell.id


def _latest(runs: Iterable[Run]) -> dict[tuple[str, str, str], tuple[Result, Run]]:
    """Every row as the last part has it, with that part."""
    return {_key(row): (row, run) for run in runs for row in run.results}


def _loaded(parts: Mapping[Path, Run]) -> list[tuple[Path, Run]]:
    """The parts, without the line of a network that did not load in one and did in another: it declares nothing there."""
    loads = {entry["name"] for run in parts.values() for entry in run.architectures if not entry.get("error")}
    return [
        (
            folder,
            replace(
                run,
                architectures=[
                    entry for entry in run.architectures if not entry.get("error") or entry["name"] not in loads
                ],
            ),
        )
        for folder, run in parts.items()
    ]


def _planted(
    runs: Iterable[Run], rows: Sequence[Result], descriptions: Sequence[Mapping[str, Any]], whole: bool
) -> list[PlantRecord]:
    """What became of the planted defects of these rows' kinds, each as the last part that has it says."""
    found = {(each["name"], each["kind"], each["wanted"]): each for run in runs for each in run.planted}
    wanted = [(each.name, each.red.kind, each.wanted) for each in wanted_by({row.kind for row in rows}, descriptions)]
    lost = [key for key in wanted if key not in found]
    if lost and whole:
        raise StoreError(f"planted defect {lost[0][0]}: in none of these runs; run any row of {lost[0][1]} again")
    return [found[key] for key in wanted if key in found]
