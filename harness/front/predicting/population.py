"""Files and a table of labels as a manifest, so that what is asked of a zoo can be asked of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from ...weights.readers.sources import files_of
from ...zoo.entries import ZooError
from ...zoo.manifest import is_manifest

WRITTEN = "population.yaml"


def manifest_of(paths: Sequence[str], table: Path, by: str | None, settings: Mapping[str, Any]) -> str:
    """The text of a manifest that names these files and that table by whole paths, so that it may lie anywhere.

    Args:
        settings: how the files are read, as keys of a manifest.

    Raises:
        ZooError: no file is there, no table, or a manifest among them.
    """
    described = next((path for path in paths if is_manifest(path)), None)
    if described is not None:
        raise ZooError(
            f"{described}: a manifest names its labels itself, as in labels: {{file: {table.name}}}; leave --labels out"
        )
    files = [str(Path(file).resolve()) for file in files_of(paths)]
    if not files:
        raise ZooError(f"{paths[0]}: no file is there")
    if not table.is_file():
        raise ZooError(f"{table}: no table is there")
    labels = {"file": str(table.resolve()), **({"by": by} if by else {})}
    made: dict[str, Any] = {"files": files, "labels": labels}
    made |= settings
    return yaml.safe_dump(made, sort_keys=False, allow_unicode=True)
