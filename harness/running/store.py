"""What a run leaves on disk: the journal of finished rows, and the files that people and other tools read.

Every file is whole or absent at any moment, and only files that orbitcheck itself writes are ever replaced.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

from ...reports.forms import FILES, TEXTS
from ..core.cleaning import BorderError, parsed
from ..core.result import Result, Run, canonical_json
from ..plugins.extensions import ExtensionError, load_extensions
from . import border
from .border import read_row

RESULTS = "results.json"
JOURNAL = "run.sqlite"
PLUGIN_OUTPUT = "plugin-output.log"
FOLDERS = tuple(sorted(FILES))
WRITTEN = ".orbitcheck"
"""In such a folder: the names of the files that orbitcheck wrote there, a line each."""
CHECKPOINTS = "checkpoints"
"""Folder with the states of trainings that are going on, or were interrupted."""
REPORTS = {"html": "report.html", "markdown": "report.md", "junit": "junit.xml"}
_APPLICATION = 0x6F726274
"""Marks the journal as ours in the header of the SQLite file."""


COLUMNS = ["id", "provenance", "row"]
"""Of the journal's table; one of another layout is emptied."""


class StoreError(Exception):
    """A file or folder that cannot be read or written; the message is one line with the path."""


class Journal:
    """Finished rows, each durable once added. One process writes a journal at a time.

    A row is found again under its cell's id and `provenance`: a text that names all that the row depends on beside the cell
    (versions, device, the plug-in's source).
    """

    def __init__(self, connection: sqlite3.Connection):
        self._connection = connection

    def get(self, identity: str, provenance: str) -> Result | None:
        """The row, unless there is none, it is damaged, or it is another cell's."""
        asked = "SELECT row FROM finished WHERE id = ? AND provenance = ?"
        try:
            text = self._connection.execute(asked, (identity, provenance)).fetchone()
            row = read_row(parsed(text[0])) if text else None
        except (BorderError, sqlite3.Error):
            return None
        return row if row is not None and row.id == identity else None

    def add(self, row: Result, provenance: str) -> None:
        """Keep a row, instead of an earlier one of the same cell.

        Raises:
            StoreError: the disk refused.
        """
        try:
            self._connection.execute(
                "INSERT OR REPLACE INTO finished VALUES (?, ?, ?)", (row.id, provenance, canonical_json(row.to_json()))
            )
        except sqlite3.Error as error:
            raise StoreError(f"the journal {JOURNAL} cannot be written ({error})") from None


@contextlib.contextmanager
def open_journal(directory: Path | None, resume: bool) -> Iterator[Journal]:
    """The journal of a folder, made if need be, emptied unless `resume`; None keeps it in memory.

    Raises:
        StoreError: the folder cannot be made or written, its `run.sqlite` is no journal of ours, or another run has it open.
    """
    if directory is not None:
        _check_writable(directory)
    path = directory / JOURNAL if directory else Path(":memory:")
    foreign = directory is not None and path.exists() and path.stat().st_size > 0
    connection = sqlite3.connect(path, timeout=0.5, isolation_level=None)
    try:
        try:
            if foreign and connection.execute("PRAGMA application_id").fetchone()[0] != _APPLICATION:
                raise StoreError(f"{path} was not written by orbitcheck; name another folder with -o")
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(f"PRAGMA application_id = {_APPLICATION}")
            layout = [column[1] for column in connection.execute("PRAGMA table_info(finished)")]
            if not resume or layout != COLUMNS:
                connection.execute("DROP TABLE IF EXISTS finished")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS finished (id TEXT, provenance TEXT, row TEXT NOT NULL, PRIMARY KEY (id, provenance))"
            )
            if foreign and connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise StoreError(f"{path} is damaged; remove it, or name another folder with -o")
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
            held = "another run is writing to it" if busy else str(error)
            raise StoreError(f"{path} cannot be used: {held}") from None
        except sqlite3.DatabaseError as error:
            raise StoreError(f"{path} is no journal ({error}); name another folder with -o") from None
        yield Journal(connection)
    finally:
        connection.close()


def _check_writable(directory: Path) -> None:
    probe = directory / f".orbitcheck-{os.getpid()}"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise StoreError(f"output folder {directory} cannot be written ({error.strerror})") from None
    for name in (RESULTS, JOURNAL, PLUGIN_OUTPUT, *REPORTS.values()):
        if (directory / name).is_dir():
            raise StoreError(f"{directory / name} is a folder; orbitcheck writes a file of that name")


def clear_checkpoints(directory: Path) -> None:
    """Forget the trainings that were interrupted, or are done.

    Raises:
        StoreError: the file system refused.
    """
    try:
        for file in (directory / CHECKPOINTS).glob("*.pt"):
            file.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # not there, or not ours alone
            (directory / CHECKPOINTS).rmdir()
    except OSError as error:
        raise StoreError(f"{directory / CHECKPOINTS} cannot be emptied ({error.strerror})") from None


def write_atomically(path: Path, content: str | bytes) -> None:
    """The whole content or what was there before, also when the machine stops in between; text is written as UTF-8.

    Raises:
        StoreError: the file system refused.
    """
    passing = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        try:
            with passing.open("wb") as file:
                file.write(content.encode() if isinstance(content, str) else content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(passing, path)
        except BaseException:
            passing.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise StoreError(f"{path} cannot be written ({error.strerror})") from None


def save(run: Run, directory: Path) -> None:
    """Write `results.json`, then the reports made of it.

    Raises:
        StoreError: the file system refused.
    """
    write_atomically(directory / RESULTS, results_text(run))
    save_reports(run, directory)


def save_reports(run: Run, directory: Path) -> None:
    """Write every report beside `results.json`."""
    for form, name in REPORTS.items():
        write_atomically(directory / name, render(run, form))


def save_folder(run: Run, directory: Path, form: str) -> Path:
    """Write the `figures` (SVG, PDF) or the `tables` (CSV, LaTeX) of a run into a folder of that name, for papers.

    Afterwards the folder holds this run's files and whatever a user put there; those of an earlier run are gone. Everything is
    made before anything is written.

    Raises:
        StoreError: the file system refused, or a file cannot be made for want of an optional package; all that can be made
            is written before.
    """
    folder, files, missing = directory / form, {}, None
    try:
        for name, content in FILES[form](run):
            files[name] = content
    except ImportError as error:
        missing = StoreError(f"{folder}: {error}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder} cannot be made ({error.strerror})") from None
    _replace_files(folder, files)
    if missing:
        raise missing
    return folder


def _replace_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Put these files into a folder in place of those that an earlier call put there.

    The list of names is written before the files, so that one that was interrupted is made good by the next.
    """
    listing = folder / WRITTEN
    try:
        listed = listing.read_text(encoding="utf-8").splitlines() if listing.is_file() else []
    except (OSError, ValueError) as error:
        raise StoreError(f"{listing} cannot be read ({error})") from None
    before = {name for name in listed if name == Path(name).name and (folder / name).is_file()}
    write_atomically(listing, "".join(f"{name}\n" for name in sorted({*before, *files})))
    for name, content in files.items():
        write_atomically(folder / name, content)
    for name in before - set(files):
        try:
            (folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{folder / name} cannot be removed ({error.strerror})") from None
    write_atomically(listing, "".join(f"{name}\n" for name in sorted(files)))


def results_text(run: Run) -> str:
    """`results.json`."""
    return json.dumps(run.to_json(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def render(run: Run, form: str) -> str:
    """The run as `html`, `markdown`, `junit` or `json`."""
    if form == "json":
        return results_text(run)
    return TEXTS[form](run)


def read_run(path: Path) -> Run:
    """The run in a folder, or in a `results.json` named directly.

    Raises:
        StoreError: none there, unreadable, changed by hand, or of another schema version; or an installed extension fails,
            whose kinds the run may have.
    """
    try:
        load_extensions()
    except ExtensionError as error:
        raise StoreError(str(error)) from None
    file = path / RESULTS if path.is_dir() else path
    try:
        return border.read_run(file.read_bytes())
    except FileNotFoundError:
        unfinished = path / JOURNAL
        hint = "; the run did not finish: `orbitcheck run ... --resume` goes on" if unfinished.exists() else ""
        raise StoreError(f"{file}: no such file or folder{hint}") from None
    except OSError as error:
        raise StoreError(f"{file} cannot be read ({error.strerror})") from None
    except BorderError as error:
        raise StoreError(f"{file} holds no run: {error}") from None
