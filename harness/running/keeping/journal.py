"""The journal: finished rows as text, each durable once added and sealed by a digest, with the record of what it was made of.

A row whose seal does not match, which does not read, or which stands in a journal of another layout is no row: its cell is measured
again (protocol.md, section 7). Rows are only ever appended; the last of a cell counts.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...core.cleaning import BorderError, parsed
from ...core.result import canonical_json, digest
from .files import APPLICATION, JOURNAL, StoreError
from .marker import MARKER, claim, is_our_journal

LAYOUT = 2
"""Of the tables; a journal of another is emptied."""
DAMAGED = f"{JOURNAL}.damaged"
SIDES = ("", "-wal", "-shm")
"""Endings of the files that SQLite keeps for one database."""
MISSES = 10_000
"""Row numbers without a row after which a damaged journal is taken to end."""


@dataclass(frozen=True)
class Kept:
    """One row as the journal has it.

    Args:
        text: the row as JSON.
        made: what it was made of; None where that is lost.
        tries: how often the cell was begun, counting only the last tries that a machine's error ended.
    """

    text: str
    made: dict[str, Any] | None
    tries: int


class Journal:
    """Finished rows. One process writes a journal at a time."""

    def __init__(self, connection: sqlite3.Connection, note: str = "", path: Path | None = None):
        self._connection, self.note, self._path = connection, note, path
        """`note`: what was wrong with the journal when it was opened, in one line; empty if nothing."""
        connection.text_factory = bytes
        self._numbers = dict(_index(connection))
        self._made: dict[str, dict[str, Any] | None] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    def __contains__(self, identity: str) -> bool:
        return identity in self._numbers

    def get(self, identity: str) -> Kept | None:
        """The last row of that cell, unless there is none or a bit of it is not as it was written."""
        number = self._numbers.get(identity)
        found = None if number is None else _sealed(self._connection, number)
        if found is None or found[0] != identity:
            return None
        _, made, tries, text = found
        return Kept(text, self._record(made), tries)

    def add(self, identity: str, text: str, made: dict[str, Any], tries: int = 1) -> None:
        """Keep a row, instead of an earlier one of the same cell.

        Raises:
            StoreError: the disk refused.
        """
        self._put_back()
        record = canonical_json(made)
        key = hashlib.sha256(record.encode()).hexdigest()
        try:
            if self._made.get(key) is None:
                self._connection.execute("INSERT INTO made VALUES (?, ?)", (key, record))
                self._made[key] = made
            self._numbers[identity] = _append(self._connection, identity, key, tries, text)
        except sqlite3.Error as error:
            raise StoreError(
                f"the journal {JOURNAL} cannot be written ({error}); finished rows are in it, --resume goes on"
            ) from None

    def close(self) -> None:
        self._connection.close()

    def _put_back(self) -> None:
        """If somebody deleted the file, make it again with all its rows, unless what lies there now is somebody else's."""
        if self._path is None or self._path.exists():
            return
        with contextlib.suppress(OSError, StoreError, sqlite3.Error):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            claim(self._path.parent, False)
            for end in SIDES:
                Path(f"{self._path}{end}").unlink(missing_ok=True)
            self._connection.execute("VACUUM INTO ?", (str(self._path),))
            fresh = _connected(self._path)
            _prepare(fresh, resume=True)
            fresh.text_factory = bytes
            self._connection.close()
            self._connection, self._numbers = fresh, dict(_index(fresh))

    def rescued(self) -> Path | None:
        """A folder beside this one's with all rows, if the file was deleted and cannot be made again where it was; else None."""
        self._put_back()
        if self._path is None or self._path.exists():
            return None
        folder = self._path.parent.absolute()
        try:
            beside = Path(tempfile.mkdtemp(prefix=f"{folder.name}-", dir=folder.parent))
            self._connection.execute("VACUUM INTO ?", (str(beside / JOURNAL),))
        except (OSError, sqlite3.Error):
            return None
        return beside

    def files(self) -> set[str]:
        """Every file by whose content a row was made."""
        records = [parsed(record) for (record,) in self._connection.execute("SELECT record FROM made")]
        return {str(path) for record in records if record is not None for path in record.get("content", ())}

    def contents(self) -> dict[str, str]:
        """Path -> digest of every file by whose content the last row of a cell was made."""
        last = "SELECT DISTINCT made FROM rows WHERE rowid IN (SELECT max(rowid) FROM rows GROUP BY id)"
        found: dict[str, str] = {}
        with contextlib.suppress(sqlite3.Error, AttributeError, UnicodeDecodeError):
            for (key,) in self._connection.execute(last).fetchall():
                record = self._record(key.decode() if isinstance(key, bytes) else str(key)) or {}
                found.update(record.get("content", {}))
        return found

    def _record(self, key: str) -> dict[str, Any] | None:
        if key not in self._made:
            self._made[key] = None
            with contextlib.suppress(sqlite3.Error, BorderError, AttributeError, UnicodeDecodeError):
                for (record,) in self._connection.execute("SELECT record FROM made WHERE key = ?", (key,)):
                    if hashlib.sha256(record).hexdigest() == key:
                        self._made[key] = parsed(record)
        return self._made[key]


@contextlib.contextmanager
def open_journal(directory: Path, resume: bool) -> Iterator[Journal]:
    """The journal of a folder, made if need be, emptied unless `resume`. A damaged one of ours is made anew of the rows that read.

    Raises:
        StoreError: the folder cannot be made or written, its `run.sqlite` is no journal of ours, or another run has it open.
    """
    _check_writable(directory)
    path = directory / JOURNAL
    ours = (directory / MARKER).is_file() or is_our_journal(path)
    foreign = path.exists() and path.stat().st_size > 0 and not ours
    connection, note = _connected(path), ""
    try:
        try:
            if foreign:
                connection.execute("PRAGMA schema_version").fetchone()  # whether it is a database at all
                raise StoreError(f"{path} was not written by orbitcheck; name another folder with -o")
            whole = _prepare(connection, resume)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and ours:
                whole = False
            else:
                busy = error.sqlite_errorcode in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
                held = "another run is writing to it" if busy else str(error)
                raise StoreError(f"{path} cannot be used: {held}") from None
        except sqlite3.DatabaseError as error:
            if not ours:
                raise StoreError(f"{path} is no journal ({error}); name another folder with -o") from None
            whole = False
        if not whole:
            connection.close()
            connection, note = _made_anew(directory, resume)
        journal = Journal(connection, note, path)
        try:
            yield journal
        finally:
            journal.close()
    finally:
        connection.close()


@contextlib.contextmanager
def journal_copy(directory: Path) -> Iterator[Journal | None]:
    """The folder's journal to be read, also while a run writes it: a copy, so that nothing in the folder is touched; None without one."""
    with tempfile.TemporaryDirectory(prefix="orbitcheck-") as place:
        try:
            for end in ("", "-wal"):
                with contextlib.suppress(FileNotFoundError):
                    shutil.copyfile(directory / f"{JOURNAL}{end}", Path(place) / f"{JOURNAL}{end}")
            if not (Path(place) / JOURNAL).is_file():
                yield None
                return
        except OSError:
            yield None
            return
        with closing(_connected(Path(place) / JOURNAL)) as connection:
            yield Journal(connection)


def _connected(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=0.5, isolation_level=None)


def _prepare(connection: sqlite3.Connection, resume: bool) -> bool:
    """Lock the database and lay out its tables; False if what it holds is damaged."""
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    known = connection.execute("PRAGMA application_id").fetchone()[0] in (0, APPLICATION)
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    layout = connection.execute("PRAGMA user_version").fetchone()[0]
    empty = not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if not resume or (layout != LAYOUT and known):
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            connection.execute(f'DROP TABLE "{str(name).replace(chr(34), chr(34) * 2)}"')
        empty = True
    if empty:
        connection.execute("CREATE TABLE rows (id TEXT, made TEXT, tries INTEGER, row TEXT, seal TEXT)")
        connection.execute("CREATE TABLE made (key TEXT, record TEXT)")
        connection.execute(f"PRAGMA user_version = {LAYOUT}")
        return True
    columns = [connection.execute(f"PRAGMA table_info({table})").fetchall() for table in ("rows", "made")]
    return (
        known
        and list(map(len, columns)) == [5, 2]
        and connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
    )


def _made_anew(directory: Path, resume: bool) -> tuple[sqlite3.Connection, str]:
    """A new journal with the rows of a damaged one that are as they were written; the damaged file is set aside."""
    path, aside = directory / JOURNAL, directory / DAMAGED
    try:
        for end in SIDES:
            (directory / f"{DAMAGED}{end}").unlink(missing_ok=True)
            with contextlib.suppress(FileNotFoundError):
                os.replace(f"{path}{end}", f"{aside}{end}")
    except OSError as error:
        raise StoreError(f"{path} is damaged and cannot be set aside ({error.strerror})") from None
    connection = _connected(path)
    _prepare(connection, resume=False)
    saved = 0
    if resume:
        with closing(_connected(aside)) as damaged, contextlib.suppress(sqlite3.Error):
            damaged.text_factory = bytes
            with contextlib.suppress(sqlite3.Error, UnicodeDecodeError):
                for key, record in damaged.execute("SELECT key, record FROM made"):
                    if isinstance(record, bytes) and hashlib.sha256(record).hexdigest().encode() == key:
                        connection.execute("INSERT INTO made VALUES (?, ?)", (key.decode(), record.decode()))
            for found in _all_sealed(damaged):
                _append(connection, *found)
                saved += 1
    return connection, f"{path} was damaged: {saved} rows are as they were written; it was set aside as {aside.name}"


def _all_sealed(connection: sqlite3.Connection) -> Iterator[tuple[str, str, int, str]]:
    """Every row that is as it was written, by number, since a scan ends at the first damaged page."""
    number = misses = 0
    while misses < MISSES:
        number += 1
        found = _sealed(connection, number)
        misses = 0 if found else misses + 1
        if found:
            yield found


def _index(connection: sqlite3.Connection) -> Iterator[tuple[str, int]]:
    """`(id, number)` of the rows, the last of a cell last; as far as they read."""
    with contextlib.suppress(sqlite3.Error):
        for identity, number in connection.execute("SELECT id, rowid FROM rows ORDER BY rowid"):
            if isinstance(identity, bytes) and isinstance(number, int):
                yield identity.decode(errors="replace"), number


def _sealed(connection: sqlite3.Connection, number: int) -> tuple[str, str, int, str] | None:
    """`(id, made, tries, row)` of that number, if its seal is theirs."""
    try:
        row = connection.execute("SELECT id, made, tries, row, seal FROM rows WHERE rowid = ?", (number,)).fetchone()
        if row is None or not isinstance(row[2], int) or not all(isinstance(row[at], bytes) for at in (0, 1, 3, 4)):
            return None
        identity, made, text, seal = (bytes(row[at]).decode() for at in (0, 1, 3, 4))
    except (sqlite3.Error, UnicodeDecodeError):
        return None
    found = (identity, made, int(row[2]), text)
    return found if seal == digest(list(found)) else None


def _append(connection: sqlite3.Connection, identity: str, made: str, tries: int, text: str) -> int:
    seal = digest([identity, made, tries, text])
    return (
        connection.execute("INSERT INTO rows VALUES (?, ?, ?, ?, ?)", (identity, made, tries, text, seal)).lastrowid
        or 0
    )


def _check_writable(directory: Path) -> None:
    probe = directory / f".orbitcheck-{os.getpid()}"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise StoreError(f"output folder {directory} cannot be written ({error.strerror})") from None
