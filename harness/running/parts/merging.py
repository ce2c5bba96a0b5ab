"""Runs put together in a folder: the shards of one, or a run and later runs of rows of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ...core.result import Run
from ...judging.gate import exit_code
from ..keeping.files import RESULTS, StoreError
from ..keeping.marker import Marker, begin, mark, take
from ..store import read_run, save
from .joining import joined
from .shards import merged, refuse_two_contents


def merge(folders: Sequence[Path], directory: Path, force: bool = False, command: str = "") -> tuple[Run, int]:
    """The run that these shards are of, or that a run and later ones of rows of it make together, written to a folder; and its exit code.

    Raises:
        StoreError: a part is there twice, unfinished, of another version of orbitcheck, or not of one run with the others (`shards.py`,
            `joining.py`), by name; or the folder cannot be written.
    """
    places = [(part.parent if part.name == RESULTS else part).resolve() for part in folders]
    if directory.resolve() in places:
        raise StoreError(f"{directory} is one of the parts; name another folder with -o")
    for folder, place in zip(folders, places, strict=True):
        if places.count(place) > 1:
            raise StoreError(f"{folder} is named twice")
    begin(directory)
    parts = {folder: read_run(folder) for folder in folders}
    if any(run.selection and run.selection["shard"] for run in parts.values()):
        run = merged(parts, directory)
        refuse_two_contents(parts)
    else:
        run = joined(parts, directory)
    take(directory, force)
    suites = tuple(str(suite["name"]) for suite in run.suites)
    marker = Marker(False, len(run.results), suites, tuple(entry["name"] for entry in run.architectures), command)
    mark(directory, marker)
    save(run, directory)
    mark(directory, replace(marker, finished=True))
    return run, exit_code(run)
