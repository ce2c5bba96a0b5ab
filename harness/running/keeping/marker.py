"""The marker of a run's folder: whether what lies there is the whole of the run that was asked for last.

A run marks its folder unfinished before anything else, and finished once all its files are there; so results of an earlier run pass
for nothing (protocol.md, section 7). A folder with a marker of any version, or with a journal or results of ours, is ours to write in.
"""

from __future__ import annotations

import json
import re
import sqlite3
import stat
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ....reports.places import ROWS
from ...core.cleaning import BorderError, content_of, parsed
from .files import APPLICATION, CHECKPOINTS, JOURNAL, PLUGIN_OUTPUT, REPORTS, RESULTS, StoreError, write_atomically

MARKER = ".orbitcheck-run.json"
LAYOUT = 1
STATE = "[0-9a-f]" * 12 + ".pt"
"""Files of ours in the folder of checkpoints, as a pattern: the id of a row."""
_OURS = re.compile(r'\s*\{\s*"schema_version": ?\d+,\s*"orbitcheck": ?"')


@dataclass(frozen=True)
class Marker:
    """What a marker says.

    Args:
        finished: whether every file of the run was written.
        rows: how many the run is to have.
        suites, architectures: their names.
        command: what was asked, to be gone on with; empty where nobody typed it.
        run: the run without rows, as plain JSON, from when its architectures are described until it is finished; else None.
    """

    finished: bool
    rows: int = 0
    suites: Sequence[str] = ()
    architectures: Sequence[str] = ()
    command: str = ""
    run: Mapping[str, Any] | None = None


def read_marker(folder: Path) -> Marker | None:
    """What the folder's marker says; None if there is none. One that cannot be read, or is of another layout, says unfinished."""
    try:
        if not stat.S_ISREG((folder / MARKER).stat().st_mode):
            return Marker(False)
        told = parsed(content_of(folder / MARKER))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return Marker(False)
    except BorderError:
        return Marker(False)
    if not isinstance(told, dict) or told.get("layout") != LAYOUT:
        return Marker(False)
    names = {
        key: tuple(map(str, value)) for key in ("suites", "architectures") if isinstance(value := told.get(key), list)
    }
    rows, run = told.get("rows"), told.get("run")
    return Marker(
        told.get("finished") is True,
        rows if isinstance(rows, int) and not isinstance(rows, bool) else 0,
        command=str(told.get("command") or ""),
        run=run if isinstance(run, dict) else None,
        **names,
    )


def mark(folder: Path, marker: Marker) -> None:
    """Write the marker.

    Raises:
        StoreError: the file system refused.
    """
    write_atomically(folder / MARKER, json.dumps({"layout": LAYOUT, **asdict(marker)}, allow_nan=False) + "\n")


def begin(folder: Path) -> None:
    """Mark a folder of ours unfinished, before it is even known whether anything can be run; another's is left alone.

    Raises:
        StoreError: it cannot be written.
    """
    try:
        ours = is_ours(folder)
    except OSError as error:  # a name that no folder can have
        raise StoreError(f"output folder {folder} cannot be written ({error.strerror})") from None
    if ours:
        mark(folder, replace(read_marker(folder) or Marker(False), finished=False))


def take(folder: Path, force: bool) -> None:
    """Claim the folder and mark it unfinished, made if need be; before any other file is there, so that whatever ends the run leaves it ours.

    Raises:
        StoreError: as `claim`; or it cannot be written.
    """
    claim(folder, force)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"output folder {folder} cannot be written ({error.strerror})") from None
    mark(folder, replace(read_marker(folder) or Marker(False), finished=False))


def is_ours(folder: Path) -> bool:
    """Whether a run of any version of orbitcheck wrote in the folder."""
    return (folder / MARKER).is_file() or is_our_journal(folder / JOURNAL) or _are_our_results(folder / RESULTS)


def claim(folder: Path, force: bool) -> None:
    """Make sure that nothing of somebody else's is overwritten in the folder.

    Args:
        force: overwrite it all the same.

    Raises:
        StoreError: a file under a name that a run writes, in a folder in which none has written.
    """
    if (folder / MARKER).is_file():
        return
    if force:
        if (folder / JOURNAL).is_file() and not is_our_journal(folder / JOURNAL):
            for end in ("", "-wal", "-shm"):
                (folder / f"{JOURNAL}{end}").unlink(missing_ok=True)
        return
    if not is_ours(folder):
        names = (RESULTS, JOURNAL, PLUGIN_OUTPUT, ROWS, *REPORTS.values())
        taken = [name for name in names if (folder / name).exists()]
        taken += [str(path.relative_to(folder)) for path in sorted((folder / CHECKPOINTS).glob(STATE))]
        if taken:
            raise StoreError(
                f"{folder / taken[0]} was not written by orbitcheck and would be overwritten; "
                "name another folder with -o, or say --force"
            )


def is_our_journal(path: Path) -> bool:
    try:
        if not path.is_file() or not path.stat().st_size:
            return False
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
            return connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION
    except (OSError, sqlite3.Error):
        return False


def _are_our_results(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8") as file:
            return _OURS.match(file.read(200)) is not None
    except (OSError, ValueError):
        return False
