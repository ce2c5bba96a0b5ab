"""What plug-ins write to their standard output and error: the first 10 MB of each, under its name."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import suppress
from pathlib import Path

from .limits import LOG


class Log:
    """A file, or standard error.

    Raises:
        OSError: the file cannot be written.
    """

    def __init__(self, path: Path | None):
        self._file = 2 if path is None else os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
        self._own = path is not None
        self._kept = Counter[str]()
        self._last: str | None = None

    def add(self, plugin: str, data: bytes) -> None:
        """Keep what a plug-in wrote, as far as it goes."""
        before = self._kept[plugin]
        self._kept[plugin] += len(data)
        kept = data[: max(0, LOG - before)]
        if not kept:
            return
        if self._own and self._last != plugin:
            kept = f"--- {plugin or 'orbitcheck'}\n".encode(errors="replace") + kept
        self._last = plugin
        if self._kept[plugin] > LOG:
            kept += f"\n--- {plugin} wrote more than {LOG >> 20} MB; the rest is not kept\n".encode(errors="replace")
        with suppress(OSError):  # a full disk, a closed terminal
            os.write(self._file, kept)

    def close(self) -> None:
        if self._own:
            os.close(self._file)
