"""A manifest as a zoo's description: its groups and the digest of its content, kept so that planning reads no weights twice. No torch
where it is kept.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..core.cache_folder import cache_folder
from ..core.result import digest
from ..weights.readers.records import rests_on
from ..weights.space import WeightSpace
from .entries import ZooError
from .manifest import named_files, read_manifest

FORMAT = 3
"""Of what is kept; raised when it holds something else."""


@dataclass(frozen=True)
class Told:
    """What a manifest's files say of its networks beside their weights.

    Args:
        names: group -> paths of its networks, in order.
        words: label that names classes -> its words, in the order of their numbers.
        lacking: column that is no label -> why.
        notes: what was assumed of the networks, and what is to be said of the labels, in lines.
    """

    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lacking: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def describe(path: str) -> tuple[str, dict[str, WeightSpace], dict[str, Any], Told]:
    """Title, groups and recipe of a manifest's zoo, and what is told of its networks.

    Raises:
        ZooError: as `imported.imported`.
    """
    manifest = read_manifest(path)
    folder = Path(path).parent
    files, _ = named_files(folder, manifest)
    tables = sorted(str(file) for file in folder.iterdir() if file.is_file()) if folder.is_dir() else []
    print_of = digest(
        [FORMAT, str(folder.resolve()), manifest.model_dump(mode="json"), [_stamp(file) for file in (*files, *tables)]]
    )
    record = _kept(path, print_of)
    spaces = {group: WeightSpace.from_json(space) for group, space in record["spaces"].items()}
    told = Told(
        {group: tuple(names) for group, names in record["names"].items()},
        {label: tuple(words) for label, words in record["words"].items()},
        record["lacking"],
        tuple(record["notes"]),
    )
    return manifest.title, spaces, {key: record[key] for key in ("content", "counts", "labels")}, told


@lru_cache(maxsize=32)
def _kept(path: str, print_of: str) -> dict[str, Any]:
    """What was read of files with these stamps, in this process, in another one, or now."""
    kept = cache_folder() / "zoo" / f"manifest-{print_of[:32]}.json"
    try:
        record = json.loads(kept.read_bytes())
        if record["print"] == print_of:
            return record
    except (OSError, ValueError, KeyError, TypeError):
        pass
    from .imported import imported  # reads the weights, with torch

    found = imported(path)
    record = {
        "print": print_of,
        "content": found.sha256,
        "spaces": {group: space.to_json() for group, space in found.spaces.items()},
        "labels": list(found.labels),
        "counts": {group: len(networks) for group, networks in found.groups.items()},
        "names": {group: [network.name for network in networks] for group, networks in found.groups.items()},
        "words": {label: column.words for label, column in found.labels.items() if column.words is not None},
        "lacking": dict(found.lacking),
        "notes": [*rests_on(found.assumed, found.uncertain), *found.notes],
    }
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        passing = kept.with_name(f"{kept.name}.{os.getpid()}")
        passing.write_text(json.dumps(record))
        passing.replace(kept)
    except OSError as error:
        raise ZooError(f"cache directory {kept.parent} cannot be written ({error.strerror})") from None
    return record


def _stamp(file: str) -> list[Any]:
    try:
        stat = os.stat(file)
    except OSError:
        return [file]
    return [Path(file).name, stat.st_size, stat.st_mtime_ns]
