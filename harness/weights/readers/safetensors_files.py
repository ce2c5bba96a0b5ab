"""`.safetensors`, and `.safetensors.index.json`, which names the files that the tensors of one network lie in."""

from __future__ import annotations

import json
from pathlib import Path

from . import torch_files
from .records import Cause, ReadError
from .sources import check_unpacked
from .values import Tensors

LONGEST_INDEX = 1 << 26
"""Bytes of an index."""


def read(path: Path) -> dict[str, Tensors]:
    """The tensors of the one network of a file, names in the order of their numbers: the format keeps no other.

    Raises:
        ReadError: more tensors than the bounds allow.
    """
    from safetensors import safe_open

    with safe_open(path, "pt") as stored:
        sizes = {name: stored.get_slice(name).get_shape() for name in stored.keys()}  # noqa: SIM118
        check_unpacked(path, sum(8 * _size(shape) for shape in sizes.values()))
        return {"": {name: stored.get_tensor(name) for name in sizes}}


def read_index(path: Path) -> dict[str, Tensors]:
    """The tensors of a network that lies in several files of one folder.

    Raises:
        ReadError: no index, or a tensor that is not in the file that it is said to be in.
    """
    if path.stat().st_size > LONGEST_INDEX:
        raise ReadError(Cause.TOO_LARGE, f"an index of more than {LONGEST_INDEX} bytes; give the files that it names")
    index = json.loads(path.read_bytes())
    places = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(places, dict) or not places or not all(isinstance(file, str) for file in places.values()):
        raise ReadError(Cause.CONTENT, 'holds no "weight_map" of tensors to files; save_pretrained writes one')
    tensors: Tensors = {}
    for file in dict.fromkeys(places.values()):
        if Path(file).name != file:
            raise ReadError(
                Cause.CONTENT, f"names the file {file}, which is not beside it; name files of the index's own folder"
            )
        part = path.parent / file
        if not part.is_file():
            raise ReadError(
                Cause.MISSING, f"names the file {file}, which is not there; fetch it, or give the files that are"
            )
        (found,) = (torch_files.read(part).networks if part.suffix == ".bin" else read(part)).values()
        absent = next((name for name, where in places.items() if where == file and name not in found), None)
        if absent is not None:
            raise ReadError(Cause.CONTENT, f"says that {absent} is in {file}, where it is not; fetch the files anew")
        tensors |= {name: tensor for name, tensor in found.items() if places.get(name) == file}
    return {"": tensors}


def _size(shape: list[int]) -> int:
    size = 1
    for extent in shape:
        size *= extent
    return size
