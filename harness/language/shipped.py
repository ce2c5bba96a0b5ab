"""The suites that come with orbitcheck, by name; listing them reads no more than the line of their title."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from pathlib import Path


@cache
def shipped_suites() -> dict[str, Path]:
    """Name -> file."""
    folder = files("orbitcheck") / "suites"
    found = {Path(str(entry)).stem: Path(str(entry)) for entry in folder.iterdir() if entry.name.endswith(".yaml")}
    return dict(sorted(found.items()))


def shipped_titles() -> dict[str, str]:
    """Name -> title, off the line of the file that begins with `title:`."""
    texts = {name: path.read_text(encoding="utf-8") for name, path in shipped_suites().items()}
    return {name: line[1] for name, text in texts.items() if (line := re.search(r"^title: (.+)$", text, re.MULTILINE))}
