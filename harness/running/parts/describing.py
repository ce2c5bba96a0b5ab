"""What the architectures of several runs declare, as one list."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...core.records import ArchitectureRecord
from ...core.result import Run
from ..keeping.files import StoreError

MEASURED = ("cost",)
"""What two descriptions of one architecture may differ in: times."""


def described(
    parts: Sequence[tuple[Path, Run]], names: Sequence[str], beside: Sequence[str] = MEASURED
) -> list[ArchitectureRecord]:
    """What the architectures declare, in the order of the plan; the same in every part but for `beside`, of which the last has its say.

    Raises:
        StoreError: two parts declare two things of one network.
    """
    known: dict[str, tuple[Path, ArchitectureRecord]] = {}
    for folder, part in parts:
        for entry in part.architectures:
            before, was = known.get(entry["name"], (folder, entry))
            if _without(was, beside) != _without(entry, beside):
                raise StoreError(f'{before} and {folder}: "{entry["name"]}" declares two things')
            cost = entry.get("cost") or was.get("cost")
            known[entry["name"]] = (folder, {**entry, "cost": cost} if cost else entry)
    return [known[name][1] for name in names if name in known]


def _without(entry: ArchitectureRecord, left_out: Sequence[str]) -> dict[str, object]:
    return {key: value for key, value in entry.items() if key not in left_out}
