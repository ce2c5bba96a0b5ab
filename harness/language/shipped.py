"""The suites that come with orbitcheck, by name and by version; listing them reads no more than lines of their files.

Law: a version of a suite that is frozen asks the same for ever. `suites/frozen.json` holds the digest of what each asks; a suite that
comes to ask something else gets the next version, and its file of before stays in `suites/older`, named after its name and version, so
that `orbitcheck run NAME@VERSION` goes on running it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

FROZEN = "frozen.json"
OLDER = "older"
NOT_ASKED = ("title", "architectures")
"""Of a suite and of its checks: words, and whom it is asked of where the user names nobody."""


@cache
def shipped_suites() -> dict[str, Path]:
    """Name -> file."""
    found = {path.stem: path for path in _folder().iterdir() if path.suffix == ".yaml"}
    return dict(sorted(found.items()))


def shipped_titles() -> dict[str, str]:
    """Name -> title, off the line of the file that begins with `title:`."""
    return _lines("title")


@cache
def shipped_versions() -> dict[str, Path]:
    """`NAME@VERSION` -> file: every shipped suite as it is, and the older versions that are kept."""
    current = {f"{name}@{number}": shipped_suites()[name] for name, number in _lines("version").items()}
    older = _folder() / OLDER
    kept = {path.stem: path for path in sorted(older.glob("*@*.yaml"))} if older.is_dir() else {}
    return {**kept, **current}


def frozen() -> dict[str, str]:
    """`NAME@VERSION` -> digest of what it asks, of the versions that are frozen."""
    return dict(json.loads((_folder() / FROZEN).read_text(encoding="utf-8")))


def version_of(suite: Mapping[str, Any]) -> str:
    """`NAME@VERSION` of a suite as data."""
    return f"{suite['name']}@{suite['version']}"


def asked(suite: Mapping[str, Any]) -> str:
    """Digest of what a suite as data asks and excuses: all but its words, and the architectures of who names none."""
    from ..core.result import digest  # names alone are completed at every key press

    checks = [{key: value for key, value in check.items() if key not in NOT_ASKED} for check in suite["checks"]]
    return digest({**{key: value for key, value in suite.items() if key not in NOT_ASKED}, "checks": checks})


def not_as_frozen(suites: Iterable[Mapping[str, Any]]) -> list[str]:
    """One line for each suite as data that bears the name and version of a frozen one and asks or excuses something else."""
    known = frozen()
    return [
        f"{version_of(suite)}: not the suite that is frozen under this name; it asks or excuses something else, as with --zoo"
        for suite in suites
        if version_of(suite) in known and known[version_of(suite)] != asked(suite)
    ]


def _folder() -> Path:
    return Path(str(files("orbitcheck") / "suites"))


def _lines(key: str) -> dict[str, str]:
    """Name -> what stands behind `key:` at the beginning of a line of its file."""
    texts = {name: path.read_text(encoding="utf-8") for name, path in shipped_suites().items()}
    found = {name: re.search(rf"^{key}: (.+)$", text, re.MULTILINE) for name, text in texts.items()}
    return {name: line[1] for name, line in found.items() if line}
