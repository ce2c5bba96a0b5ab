"""Plug-ins that change global settings: a problem of the run, since in one process with others they would change their rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..core.outcomes import Trouble
from ..core.result import Problem, Result


def problems(rows: Sequence[Result], descriptions: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    """One for every architecture and setting, at its import or at its first row that left it changed."""
    seen = set()
    for entry in descriptions:
        for name in entry.get("changed", ()):
            seen.add((entry["name"], name))
            yield _problem(entry["name"], name, "when it is imported")
    for row in rows:
        for name in row.changed:
            if (row.architecture, name) not in seen:
                seen.add((row.architecture, name))
                yield _problem(row.architecture, name, f"in {row.check} / {row.case}")


def _problem(architecture: str, setting: str, where: str) -> Problem:
    text = f"{architecture} changes {setting} {where}, and leaves it so; it was put back"
    return Problem(Trouble.SETTINGS, f"{architecture} / {setting}", text)
