"""Paths as people give them -> the files that hold networks: files, folders, patterns; and how much a file may unpack to."""

from __future__ import annotations

import glob
import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from .records import Cause, ReadError

INDEX = ".safetensors.index.json"
TORCH_INDEX = ".bin.index.json"
TORCH = (".pt", ".pth", ".ckpt", ".bin")
HDF5 = (".h5", ".hdf5", ".keras")
SUFFIXES = (".safetensors", INDEX, TORCH_INDEX, *TORCH, ".npz", ".npy", ".onnx", *HDF5, ".msgpack")
"""What is looked for in folders, and read."""
BESIDE = re.compile(r"(optimizer|scheduler|rng_state|training_args|scaler)(_\d+)?\.(pt|pth|bin)$")
"""What trainers put into a folder of checkpoints beside the networks."""
UNPACKED, TIMES = 1 << 27, 16
"""Bytes in float64 that a file may unpack to whatever its size; beyond these at most `TIMES` its size."""
MOST_ENTRIES = 200_000
"""Tensors of one file."""


def files_of(paths: Iterable[str]) -> Iterator[str]:
    """The files that the paths lead to, each once, in the order given; within a folder or a pattern in the order of their numbers.

    A folder gives the files below it with one of `SUFFIXES`; a path that names no file comes back as it is, to be told of. Files that an
    index beside them names are parts of one network, and given as the index alone.
    """
    seen: set[str] = set()
    for path in paths:
        for file in _of(path):
            if file not in seen:
                seen.add(file)
                yield file


def _of(path: str) -> list[str]:
    if not path:  # which would be the working folder
        return [path]
    try:
        if Path(path).is_dir():
            every = (file for file in Path(path).rglob("*") if suffix_of(str(file)))
            inside = [str(file) for file in every if file.is_file() or (file.is_symlink() and not file.exists())]
            found = _without_parts(sorted(inside, key=natural))
            return [file for file in found if not BESIDE.search(file)] or [path]
        if not Path(path).exists() and glob.has_magic(path):
            matched = sorted(glob.glob(path, recursive=True), key=natural)
            found = _without_parts(
                [file for each in matched for file in (_of(each) if Path(each).is_dir() else [each])]
            )
            return found or [path]
    except (OSError, ValueError):
        pass
    return [path]


def _without_parts(files: list[str]) -> list[str]:
    """The files without those that an index among them names."""
    parts: set[str] = set()
    for file in files:
        if file.endswith((INDEX, TORCH_INDEX)):
            try:
                named = json.loads(Path(file).read_bytes())["weight_map"].values()
                parts |= {str(Path(file).parent / part) for part in named}
            except (OSError, ValueError, KeyError, TypeError, AttributeError):
                continue  # told of when it is read
    return [file for file in files if file not in parts]


def suffix_of(file: str) -> str | None:
    """Which of `SUFFIXES` the file has."""
    low = file.lower()
    return next((suffix for suffix in sorted(SUFFIXES, key=len, reverse=True) if low.endswith(suffix)), None)


def natural(name: str) -> list[tuple[int, str]]:
    """`layers.10.bias` after `layers.2.bias`."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"([0-9]+)", name)]


def check_unpacked(path: Path, unpacked: int) -> None:
    """Refuse what would take the memory of a network many times the size of its file.

    Raises:
        ReadError: more than `UNPACKED` and more than `TIMES` the file's size.
    """
    size = path.stat().st_size
    if unpacked > max(UNPACKED, TIMES * size):
        raise ReadError(
            Cause.TOO_LARGE,
            f"{size} bytes that unpack to {unpacked}; allowed: {UNPACKED}, or {TIMES} times the file's size; save the weights alone",
        )


def check_archive(path: Path) -> None:
    """The same for the entries of an archive, by what they say they hold; a file that is no archive passes."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            listed = archive.infolist()
            if len(listed) > MOST_ENTRIES:
                raise ReadError(
                    Cause.TOO_LARGE, f"{len(listed)} entries; allowed: {MOST_ENTRIES}; save the weights alone"
                )
            check_unpacked(path, sum(entry.file_size for entry in listed))
