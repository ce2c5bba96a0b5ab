"""A run made ready for others: names and texts that lead into no folder of the machine that made it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...core.result import Run, digest
from ...plugins.discovery import parse_name
from ...zoo.entries import ZooError
from ...zoo.manifest import is_manifest, labels_of, named_files, read_manifest, split_reference
from .. import border
from ..keeping.archive import WEIGHT_BYTES, relative
from ..keeping.files import StoreError

FOLDER = "out"
"""The folder in the commands of a run that lies in an archive."""
_ABSOLUTE = re.compile(r"(?<![\w.~/:*?-])(?:[A-Za-z]:[\\/]|~?/)(?:[\w.+~@-]*\w[\\/]+)*([\w.+~@-]*\w)")
"""A path from the root, from a home folder or of a drive, at the beginning of a word; its last part is kept. A pattern of
cases (`*/invariant/large/*`) is none."""


def portable(run: Run) -> Run:
    """The run with relative paths only: of a path in a text the file's name is kept, commands read the folder `out`.

    Raises:
        StoreError: an architecture or a suite names a file by a path that is not below the folder it was run in.
    """
    for name in (str(entry["name"]) for entry in run.architectures):
        file, colon, _ = parse_name(name).reference.rpartition(":")
        if colon and file.endswith(".py") and not relative(file.replace("\\", "/")):
            raise StoreError(
                f"architecture {name}: not below the folder that the run was made in; run again in its folder, by a relative path"
            )
    for reference in zoos_of(run):
        if not relative(split_reference(reference)[0]):
            raise StoreError(
                f"zoo {reference}: not below the folder that the run was made in; run again in its folder, by a relative path"
            )
    data = run.to_json()
    rows = [{**_told(row), "reproduce": f"orbitcheck reproduce {FOLDER} {row['id']}"} for row in data["results"]]
    head = {
        key: value if key == "suites" else _told(value)
        for key, value in data.items()
        if key not in ("results", "sha256")
    }
    made = {**head, "results": rows}
    return border.read_run(json.dumps({**made, "sha256": digest(made)}, ensure_ascii=False))


def _told(value: Any) -> Any:
    if isinstance(value, str):
        return _ABSOLUTE.sub(r"\1", value) if "/" in value or "\\" in value else value
    if isinstance(value, dict):
        return {key: _told(entry) for key, entry in value.items()}
    return [_told(entry) for entry in value] if isinstance(value, list) else value


def zoos_of(run: Run) -> list[str]:
    """The manifests that the run's suites name."""
    found = (text for suite in run.suites for text in _texts(suite) if is_manifest(split_reference(text)[0]))
    return list(dict.fromkeys(split_reference(text)[0] for text in found))


def weights_of(run: Run) -> dict[str, bytes]:
    """Relative path -> content of every manifest that the run's suites name, and of every file that these name; from here.

    Raises:
        StoreError: none is named, or a file is not there, not below this folder, or all are too many bytes.
    """
    zoos = zoos_of(run)
    if not zoos:
        raise StoreError("the run reads no weights of your own: --with-weights has nothing to pack")
    found: dict[str, bytes] = {}
    for zoo in zoos:
        folder = Path(zoo).parent
        try:
            manifest = read_manifest(zoo)
            weights, _ = named_files(folder, manifest)
        except ZooError as error:
            raise StoreError(str(error)) from None
        beside = [manifest.splits, *(each.file for each in labels_of(manifest))]
        for name in (zoo, *map(_plain, weights), *((folder / each).as_posix() for each in beside if each)):
            if not relative(name):
                raise StoreError(f"{name}: not below the folder that the run was made in")
            try:
                found[name] = Path(name).read_bytes()
            except OSError as error:
                raise StoreError(f"{name} cannot be read ({error.strerror})") from None
    size = sum(map(len, found.values()))
    if size > WEIGHT_BYTES:
        raise StoreError(f"{size:,} bytes of weights; an archive has at most {WEIGHT_BYTES:,}")
    return found


def _plain(path: str) -> str:
    """A path below this folder as it is written from here."""
    here = Path.cwd()
    return Path(path).relative_to(here).as_posix() if Path(path).is_relative_to(here) else Path(path).as_posix()


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, entry in value.items():
            yield from _texts(entry) if key not in ("title", "reason") else ()
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from _texts(entry)
