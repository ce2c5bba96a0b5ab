"""`.msgpack`: what Flax serialised (extra `msgpack`). Arrays are `(shape, dtype, bytes)`; no other type makes an object."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from .numpy_files import as_tensor
from .records import Cause, ReadError
from .sources import MOST_ENTRIES, check_unpacked
from .values import Tensors

ARRAY, SCALAR = 1, 3
"""Flax's types of extension: an array, and a scalar of numpy."""
LARGEST = 1 << 32
"""Bytes of a file."""
DEEPEST = 32
BFLOAT = "bfloat16"


def read(path: Path) -> dict[str, Tensors]:
    """The arrays of a tree, by their paths.

    Raises:
        ReadError: no tree of arrays, or more than the bounds allow.
    """
    import msgpack

    size = path.stat().st_size
    if size > LARGEST:
        raise ReadError(
            Cause.TOO_LARGE, f"{size} bytes; allowed: {LARGEST}; save the parameters without the state of the optimiser"
        )
    tree = msgpack.unpackb(path.read_bytes(), ext_hook=_unpacked, raw=False, strict_map_key=False)
    found: Tensors = {}
    _walk(tree, "", found, 0)
    check_unpacked(path, sum(8 * tensor.numel() for tensor in found.values()))
    return {"": found}


def _unpacked(kind: int, data: bytes) -> Any:
    import msgpack

    if kind not in (ARRAY, SCALAR):
        raise ReadError(
            Cause.CONTENT,
            f"holds an extension of type {kind}, which is no array; save flax.serialization.to_bytes(params)",
        )
    shape, dtype, content = msgpack.unpackb(data, raw=True)
    name = dtype.decode()
    stored = np.dtype("V2" if name == BFLOAT else name)
    if stored.hasobject or prod(shape) * stored.itemsize != len(content):
        raise ReadError(
            Cause.DAMAGED, f"is damaged: an array of shape {tuple(shape)} in {len(content)} bytes; save it anew"
        )
    return np.frombuffer(content, dtype=stored).reshape(shape)


def _walk(tree: Any, place: str, found: Tensors, depth: int) -> None:
    if depth > DEEPEST or len(found) > MOST_ENTRIES:
        raise ReadError(
            Cause.TOO_LARGE, f"has more than {DEEPEST} levels, or {MOST_ENTRIES} arrays; save the parameters alone"
        )
    if isinstance(tree, np.ndarray):
        if tree.ndim or place.rpartition("/")[2] not in ("step", "count"):
            found[place] = as_tensor(tree, place)
    elif isinstance(tree, dict):
        for name, inner in tree.items():
            if str(name) not in ("opt_state",):
                _walk(inner, f"{place}/{name}" if place else str(name), found, depth + 1)
