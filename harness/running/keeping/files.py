"""Files that are whole or absent at any moment, the names that a run writes under, and the one error of all that is stored."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

RESULTS = "results.json"
JOURNAL = "run.sqlite"
PLUGIN_OUTPUT = "plugin-output.log"
REPORTS = {"html": "report.html", "markdown": "report.md", "junit": "junit.xml"}
CHECKPOINTS = "checkpoints"
"""Folder with the states of trainings that are going on, or were interrupted."""
APPLICATION = 0x6F726274
"""Marks the journal as ours in the header of the SQLite file."""


class StoreError(Exception):
    """A file or folder that cannot be read or written; the message is one line with the path."""


def write_atomically(path: Path, content: str | bytes | Iterable[str]) -> None:
    """The whole content or what was there before, also when the machine stops in between; text, whole or in pieces, as UTF-8.

    Raises:
        StoreError: the file system refused.
    """
    passing = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        try:
            with passing.open("wb") as file:
                if isinstance(content, bytes):
                    file.write(content)
                else:
                    file.writelines(piece.encode() for piece in ([content] if isinstance(content, str) else content))
                file.flush()
                os.fsync(file.fileno())
            os.replace(passing, path)
        except BaseException:
            passing.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise StoreError(f"{path} cannot be written ({error.strerror})") from None
