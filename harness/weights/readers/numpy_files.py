"""`.npz`, and `.npy` with a table that says where in each row the tensors lie; no pickled objects."""

from __future__ import annotations

import csv
import re
import zipfile
from math import prod
from pathlib import Path

import numpy as np
import torch

from ..exact import exact
from ..space import SpaceError
from .records import Cause, ReadError
from .sources import check_archive, check_unpacked
from .values import Tensors

LAYOUT = "layout.csv"
"""The table beside an `.npy` file, unless another is named."""
LONGEST_TABLE = 1 << 24


def read_npz(path: Path) -> dict[str, Tensors]:
    """The arrays of an archive, in its order.

    Raises:
        ReadError: no archive, objects, or more than the bounds allow.
    """
    if not zipfile.is_zipfile(path):
        raise ReadError(
            Cause.DAMAGED, "is damaged, or holds more than plain tensors (it is no archive); save it with numpy.savez"
        )
    check_archive(path)
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            with archive.open(entry) as stream:
                _check_header(path, stream, entry.file_size)
    with np.load(path, allow_pickle=False) as stored:
        return {"": {name: as_tensor(stored[name], name) for name in stored.files}}


def read_npy(path: Path, layout: Path | None = None) -> dict[str, Tensors]:
    """The rows of an array `[networks, parameters]`, or its one row, cut into tensors by a table.

    Args:
        layout: a CSV file with a line for each tensor, in the columns `varname`, `start_idx`, `end_idx` and `shape` (as in
            `(3, 3, 1, 16)`); the one called "layout.csv" in the folder of the array if left out.

    Raises:
        ReadError: no table, or one that does not cover every row from end to end.
    """
    table = layout or path.parent / LAYOUT
    if not table.is_file():
        raise ReadError(
            Cause.CONTENT,
            f"is an array without names; a table {table.name} beside it, or --layout, says what lies where",
        )
    with path.open("rb") as stream:
        _check_header(path, stream, path.stat().st_size)
    rows = np.load(path, mmap_mode="r", allow_pickle=False)
    if rows.ndim not in (1, 2):
        raise ReadError(
            Cause.SHAPES,
            f"has the shape {rows.shape}; allowed: [networks, parameters], or [parameters]; reshape it so, a row a network",
        )
    places = read_layout(table)
    covered = sorted((start, end) for start, end, _ in places.values())
    ends = [0, *(end for _, end in covered)]
    if any(start != before for (start, _), before in zip(covered, ends, strict=False)) or ends[-1] != rows.shape[-1]:
        raise ReadError(
            Cause.SHAPES,
            f"has rows of {rows.shape[-1]} numbers, which {table.name} does not cover from end to end; give each number to one tensor",
        )
    check_unpacked(path, 8 * rows.size)
    stacked = rows if rows.ndim == 2 else rows[None]
    several = rows.ndim == 2 and len(rows) > 1
    return {
        (str(number) if several else ""): {
            name: as_tensor(np.array(row[start:end]).reshape(shape), name)
            for name, (start, end, shape) in places.items()
        }
        for number, row in enumerate(stacked)
    }


def read_layout(table: Path) -> dict[str, tuple[int, int, tuple[int, ...]]]:
    """Tensor -> where it starts and ends, and its shape.

    Raises:
        ReadError: a column that is missing, or a line that makes no sense.
    """
    if table.stat().st_size > LONGEST_TABLE:
        raise ReadError(
            Cause.TOO_LARGE, f"{table.name} has more than {LONGEST_TABLE} bytes; name another table with --layout"
        )
    with table.open(encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream))
    places: dict[str, tuple[int, int, tuple[int, ...]]] = {}
    for number, line in enumerate(lines, 2):
        try:
            name, start, end = line["varname"], int(line["start_idx"]), int(line["end_idx"])
            shape = tuple(int(size) for size in re.findall(r"\d+", line["shape"]))
        except (KeyError, TypeError, ValueError):
            raise ReadError(
                Cause.CONTENT,
                f'{table.name}, line {number}: has no varname, start_idx, end_idx and shape, as in dense/kernel:0,0,12,"(3, 4)"',
            ) from None
        if name in places or not 0 <= start < end or prod(shape) != end - start:
            raise ReadError(
                Cause.SHAPES,
                f"{table.name}, line {number}: {name} from {start} to {end} is no {shape}, or is named twice; the numbers from the first up to the last are as many as the shape says",
            )
        places[name] = (start, end, shape)
    if not places:
        raise ReadError(
            Cause.CONTENT,
            f"{table.name} names no tensor; it has a line for each, under varname,start_idx,end_idx,shape",
        )
    return places


def as_tensor(array: np.ndarray, name: str) -> torch.Tensor:
    """The array's numbers as float64, or as the integers that they are.

    Raises:
        ReadError: numbers that float64 would round, or another dtype.
    """
    if array.dtype.kind == "V" and array.dtype.itemsize == 2 and array.dtype.names is None:
        # how numpy stores bfloat16 of other packages
        return torch.from_numpy(array.view(np.int16).copy()).view(torch.bfloat16)
    try:
        held = exact(array, name)
        if array.dtype.kind in "iub":
            held = array.astype(array.dtype.newbyteorder("="))
        return torch.from_numpy(np.ascontiguousarray(held).reshape(array.shape))
    except SpaceError as error:
        raise ReadError(Cause.NUMBERS, str(error)) from None


def _check_header(path: Path, stream: object, stored: int) -> None:
    """Refuse an array whose header says more than its bytes hold, before it is made."""
    version = np.lib.format.read_magic(stream)  # type: ignore[arg-type]
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(stream)  # type: ignore[arg-type]
    if dtype.hasobject:
        raise ReadError(Cause.CONTENT, "holds pickled objects, which are not read; save plain arrays")
    if prod(shape) * dtype.itemsize > stored:
        raise ReadError(Cause.DAMAGED, f"is damaged: an array of shape {shape} in {stored} bytes; save it anew")
    check_unpacked(path, 8 * prod(shape))
