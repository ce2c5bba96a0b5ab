"""How much a file may unpack to, asked before any of it is unpacked."""

from __future__ import annotations

import zipfile
from pathlib import Path

from .records import Cause, ReadError

UNPACKED, TIMES = 1 << 27, 16
"""Bytes in float64 that a file may unpack to whatever its size; beyond these at most `TIMES` its size."""
MOST_ENTRIES = 200_000
"""Tensors of one file."""


def check_unpacked(path: Path, unpacked: int) -> None:
    """Refuse what would take the memory of a network many times the size of its file.

    Raises:
        ReadError: more than `UNPACKED` and more than `TIMES` the file's size.
    """
    size = path.stat().st_size
    if unpacked > max(UNPACKED, TIMES * size):
        raise ReadError(
            Cause.TOO_LARGE,
            f"{size} bytes that unpack to {unpacked}; allowed: {UNPACKED}, or {TIMES} times the file's size",
        )


def check_archive(path: Path) -> None:
    """The same for the entries of an archive, by what they say they hold; a file that is no archive passes."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            listed = archive.infolist()
            if len(listed) > MOST_ENTRIES:
                raise ReadError(Cause.TOO_LARGE, f"{len(listed)} entries; allowed: {MOST_ENTRIES}")
            check_unpacked(path, sum(entry.file_size for entry in listed))
