"""Files and a table of labels as a manifest, so that what is asked of a zoo can be asked of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from ...weights.readers.sources import files_of
from ...zoo.errors import ZooError

WRITTEN = "population.yaml"


def manifest_of(
    paths: Sequence[str], table: Path, by: str | None, activation: str | None, order: Sequence[str] | None = None
) -> str:
    """The text of a manifest that names these files and that table by whole paths, so that it may lie anywhere.

    Raises:
        ZooError: no file is there, or no table.
    """
    files = [str(Path(file).resolve()) for file in files_of(paths)]
    if not files:
        raise ZooError(f"{paths[0]}: no file is there")
    if not table.is_file():
        raise ZooError(f"{table}: no table is there")
    labels = {"file": str(table.resolve()), **({"by": by} if by else {})}
    made: dict[str, Any] = {"files": files, "labels": labels}
    made |= {"activation": activation} if activation else {}
    made |= {"order": list(order)} if order else {}
    return yaml.safe_dump(made, sort_keys=False, allow_unicode=True)
