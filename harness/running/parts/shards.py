"""Shards of one run, put together: every row as it was measured, and all that follows from the rows together made of the whole."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from ...core.patterns import RowPattern
from ...core.result import Result, Run
from ...language.suite import Expectation, Suite
from ...plugins.discovery import parse_name
from ..dealing.chosen import deal, only
from ..keeping.files import RESULTS, StoreError
from ..keeping.journal import journal_copy
from ..plan import plan
from ..provenance import VERSION
from ..run import following, reproducer
from .describing import described


def merged(parts: dict[Path, Run], directory: Path) -> Run:
    """The whole run; a pure function of its parts, and of the folder that its rows are to be reproduced from.

    Raises:
        StoreError: a shard is missing, there twice, of another version of orbitcheck or another run, or holds what was not dealt to it,
            by name.
    """
    by_index = _in_order(parts)
    (name, first), *_ = by_index
    selection = first.selection
    assert selection is not None
    for other, part in by_index[1:]:
        for what, mine, theirs in (
            ("suites", first.suites, part.suites),
            ("architectures", selection["architectures"], (part.selection or selection)["architectures"]),
            ("patterns", selection["only"], (part.selection or selection)["only"]),
            ("expectations", first.request, part.request),
        ):
            if mine != theirs:
                raise StoreError(f"{other} and {name} are shards of two runs: they have other {what}")
    try:
        suites = [Suite.from_json(suite) for suite in first.suites]
        planned = plan(suites, list(map(parse_name, selection["architectures"])))
        expectations = [
            Expectation(**entry) for entry in (first.request or {"expected_failures": []})["expected_failures"]
        ]
        patterns = [RowPattern(*place.split(" / ", 2)) for place in selection["only"]]
    except (ValueError, LookupError, TypeError) as error:
        raise StoreError(f"{name}: {' '.join(str(error).split())}") from None
    cells = only(planned, patterns)
    rows: dict[int, Result] = {}
    for (folder, part), dealt in zip(by_index, deal(cells, len(by_index)), strict=True):
        own = {(cells[at].suite, cells[at].check, cells[at].id): at for at in dealt.rows}
        for row in part.results:
            at = own.pop((row.suite, row.check, row.id), None)
            if at is None:
                raise StoreError(f"{folder}: the row {row.id} was not dealt to this shard, or is there twice")
            rows[at] = row.but(declared=None, root=None, reproduce=reproducer(directory, cells[at]))
        if (part.planted or part.killers) and not dealt.planted:
            raise StoreError(f"{folder}: planted defects were not dealt to this shard")
    ordered = [rows[at] for at in sorted(rows)]
    planted = [each for _, part in by_index for each in part.planted]
    killers = [each for _, part in by_index for each in part.killers]
    descriptions = described(by_index, selection["architectures"])
    power = first.request["require_power"] if first.request else None
    asked = {"only": selection["only"], "fail_fast": selection["fail_fast"]}
    told = following(ordered, planned, suites, expectations, descriptions, power, planted, killers, **asked)
    environment = {
        **{key: value for key, value in first.environment.items() if key != "processes"},  # each shard's are its own
        "date": max(str(part.environment.get("date")) for _, part in by_index),
        "shards": len(by_index),
    }
    kept = None if not selection["only"] and not selection["fail_fast"] else {**selection, "shard": None}
    whole = replace(
        first, environment=environment, architectures=descriptions, planted=planted, killers=killers, selection=kept
    )
    return replace(whole, **told)


def refuse_two_contents(folders: Iterable[Path]) -> None:
    """Where the journals lie beside the results: no two shards were made of two contents of one file.

    Raises:
        StoreError: they were.
    """
    known: dict[str, tuple[str, Path]] = {}
    for folder in folders:
        with journal_copy(folder.parent if folder.name == RESULTS else folder) as journal:
            for path, digest in ({} if journal is None else journal.contents()).items():
                before, other = known.setdefault(path, (digest, folder))
                if before != digest:
                    raise StoreError(f"{other} and {folder} are shards of two runs: {path} changed in between")


def _in_order(parts: dict[Path, Run]) -> list[tuple[Path, Run]]:
    """Every shard of the run once, by index."""
    found: dict[int, Path] = {}
    counts: dict[int, Path] = {}
    for folder, run in parts.items():
        if run.orbitcheck != VERSION:
            raise StoreError(f"{folder}: was made by orbitcheck {run.orbitcheck}; this is {VERSION}")
        shard = run.selection["shard"] if run.selection else None
        if shard is None:
            raise StoreError(f"{folder}: is no shard of a run, but a run of its own")
        index, count = shard
        counts.setdefault(count, folder)
        if len(counts) > 1:
            (one, here), (two, there) = counts.items()
            raise StoreError(f"{here} is one of {one} shards, {there} one of {two}")
        if index in found:
            raise StoreError(f"{found[index]} and {folder} are both shard {index}/{count}")
        found[index] = folder
    (count,) = counts
    missing = [index for index in range(1, count + 1) if index not in found]
    if missing:
        listed = ", ".join(f"{index}/{count}" for index in missing[:8])
        raise StoreError(f"shard {listed} is missing" if len(missing) == 1 else f"shards {listed} are missing")
    if set(found) != set(range(1, count + 1)):
        raise StoreError(f"{found[max(found)]}: shard {max(found)} of {count}")
    return [(found[index], parts[found[index]]) for index in sorted(found)]
