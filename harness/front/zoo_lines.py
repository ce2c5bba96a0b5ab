"""What a manifest was understood to be, as lines and as data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import yaml

from ..weights.readers.records import rests_on, shortened
from ..weights.readers.wiring import Wired
from ..zoo.imported import Imported, imported, imported_files
from ..zoo.labels import Column

MOST = 8
"""Words of a label, and files, that are listed."""


@dataclass(frozen=True)
class Checked:
    """Lines for people, data for tools, and whether something is wanting: unread files or identical networks."""

    lines: tuple[str, ...]
    data: dict[str, Any]
    wanting: bool


def checked(path: str) -> Checked:
    """Read a manifest's networks and tell what they are.

    Raises:
        ZooError: as `imported`.
    """
    return _told(path, imported(path))


def checked_files(paths: Sequence[str], settings: Mapping[str, Any], wired: Wired | None = None) -> Checked:
    """Read files and tell what they are, and the manifest that says the same.

    Args:
        settings, wired: as `imported_files`.

    Raises:
        ZooError: as `imported_files`.
    """
    shown = paths[0] if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"
    found = _told(shown, imported_files(paths, settings, wired))
    if wired is not None:
        return found
    text = yaml.safe_dump({"files": list(paths), **settings}, default_flow_style=True, sort_keys=False, width=10_000)
    return replace(found, lines=(*found.lines, f"as a manifest: {text.strip()}"))


def _told(path: str, found: Imported) -> Checked:
    copies = _copies(found)
    lines = [f"{path}: {found.manifest.title}: {len(found.networks)} networks, content {found.sha256[:16]}"]
    lines += rests_on(found.assumed, found.uncertain)
    lines += [f"group {group}: {len(networks)} of {networks[0].space}" for group, networks in found.groups.items()]
    lines += [f"label {name}: {_shown(column)}" for name, column in found.labels.items()]
    lines += [f"no label: {line}" for line in list(found.lacking.values())[:MOST]]
    lines += found.notes
    if found.rounded:
        lines.append(f"{found.rounded} entries are rounded to float32 where the zoo is used")
    lines += [f"identical: {', '.join(group[:MOST])}{' ...' if len(group) > MOST else ''}" for group in copies]
    lines += shortened(unread.line for unread in found.unread)[:MOST]
    lines.append(
        f"{len(found.unread)} file{'s' * (len(found.unread) != 1)} not read, {len(copies)} group{'s' * (len(copies) != 1)} of identical networks"
    )
    data = {
        "title": found.manifest.title,
        "content": found.sha256,
        "groups": {group: {"count": len(own), "space": own[0].space.to_json()} for group, own in found.groups.items()},
        "labels": {name: _data(column) for name, column in found.labels.items()},
        "lacking": dict(found.lacking),
        "notes": list(found.notes),
        "assumed": found.assumed,
        "rounded": found.rounded,
        "identical": copies,
        "unread": [unread.line for unread in found.unread],
    }
    return Checked(tuple(lines), data, bool(copies or found.unread))


def _copies(found: Imported) -> list[list[str]]:
    """Groups of networks whose every entry is the same."""
    same: dict[tuple[str, bytes], list[str]] = {}
    for network in found.networks:
        content = b"".join((array + 0.0).tobytes() for array in network.arrays.values())
        same.setdefault((str(network.space), content), []).append(network.name)
    return [names for names in same.values() if len(names) > 1]


def _shown(column: Column) -> str:
    data = _data(column)
    if "words" in data:
        counts = [f"{word} {count}" for word, count in list(data["words"].items())[:MOST]]
        return f"{len(data['words'])} words: {', '.join(counts)}{' ...' if len(data['words']) > MOST else ''}"
    return f"{data['least']:g} to {data['largest']:g}, mean {data['mean']:.4g}, {data['different']} different"


def _data(column: Column) -> dict[str, Any]:
    if column.words is not None:
        return {"words": dict(Counter(column.words[int(place)] for place in column.values))}
    values = np.asarray(column.values)
    return {
        "least": float(values.min()),
        "largest": float(values.max()),
        "mean": float(values.mean()),
        "different": len(np.unique(values)),
    }
