"""`.h5`, `.hdf5` and `.keras`: the data sets of a file under their paths (extra `hdf5`)."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from .graphs.keras import Model, described
from .numpy_files import as_tensor
from .records import Cause, ReadError
from .sources import MOST_ENTRIES, check_archive, check_unpacked
from .values import Stored, Tensors, no_key

INNER = "model.weights.h5"
DEEPEST = 32
SKIPPED = re.compile(
    r"(^|/)(optimizer_weights|optimizer|top_level_model_weights|metrics|_layer_checkpoint_dependencies)(/|$)"
)


def read(path: Path, key: str | None = None) -> Stored:
    """The tensors of a file; several groups at its top that hold the same entries are several networks.

    What Keras keeps is under `model_weights`, its layers' names twice in each path; the order of the layers and what is applied between
    them is what the model's own description says, where it is that of a chain.

    Raises:
        ReadError: links to other files, nothing under the key, or more than the bounds allow.
    """
    import h5py

    if zipfile.is_zipfile(path):
        check_archive(path)
        with zipfile.ZipFile(path) as archive:
            if INNER not in archive.namelist():
                raise ReadError(
                    Cause.CONTENT,
                    f"is an archive without {INNER}, which Keras puts there; save it with model.save, or model.save_weights",
                )
            config = archive.read("config.json") if "config.json" in archive.namelist() else None
            with h5py.File(io.BytesIO(archive.read(INNER)), "r") as stored:
                return _said(Stored({"": _tensors(path, stored, key)}), described(config))
    with h5py.File(path, "r") as stored:
        root = (
            stored["model_weights"] if key is None and isinstance(stored.get("model_weights"), h5py.Group) else stored
        )
        tensors = _tensors(path, root, key)
        model = described(stored.attrs.get("model_config"))
        if model.order and not model.problem:
            named: Tensors = {}
            for number, layer in enumerate(model.order):
                for name, tensor in tensors.items():
                    if name.partition("/")[0] == layer:
                        named[f"layers.{number}/{name.rpartition('/')[2]}"] = tensor
            if len(named) == len(tensors):
                return _said(Stored({"": named}), model)
        return _said(Stored({"": tensors} if model.order else _networks(tensors)), model)


def _said(stored: Stored, model: Model) -> Stored:
    return replace(stored, activation=model.activation, problem=model.problem, mixed=model.mixed)


def _tensors(path: Path, root: Any, key: str | None) -> Tensors:
    import h5py

    found: dict[str, Any] = {}

    def walk(group: Any, prefix: str, depth: int) -> None:
        if depth > DEEPEST:
            raise ReadError(
                Cause.TOO_LARGE,
                f"has groups in more than {DEEPEST} levels; say with --key below which its network lies",
            )
        for name in group:
            if isinstance(group.get(name, getlink=True), h5py.ExternalLink):
                raise ReadError(
                    Cause.CONTENT,
                    f"{name} is a link to another file, which is not followed; copy what it leads to into the file",
                )
            item = group[name]
            place = f"{prefix}{name}"
            if SKIPPED.search(place):
                continue
            if isinstance(item, h5py.Group):
                walk(item, f"{place}/", depth + 1)
            elif item.external or item.is_virtual:
                raise ReadError(
                    Cause.CONTENT, f"{place} lies in another file, which is not read; copy it into the file"
                )
            elif item.dtype.kind in "biuf":
                found[place] = item
            if len(found) > MOST_ENTRIES:
                raise ReadError(
                    Cause.TOO_LARGE,
                    f"has more than {MOST_ENTRIES} data sets; say with --key below which its network lies",
                )

    place = None if key is None else next((one for one in (key, key.replace(".", "/")) if one in root), None)
    if key is not None and not isinstance(place and root[place], h5py.Group):
        raise no_key(key, root)
    walk(root if place is None else root[place], "", 0)
    check_unpacked(path, sum(8 * prod(item.shape) for item in found.values()))
    made = {name: as_tensor(np.asarray(item[()]), name) for name, item in found.items()}
    return _named(made)


def _named(tensors: Tensors) -> Tensors:
    """Keras names a layer twice, and Keras 3 numbers its variables: of a dense or convolutional layer first the kernel, then the bias."""
    twice = {name: re.fullmatch(r"([^/]+)/\1/([^/]+)", name) for name in tensors}
    if tensors and all(twice.values()):
        return {f"{match[1]}/{match[2]}": tensors[name] for name, match in twice.items() if match}
    plain = {}
    for name, tensor in tensors.items():
        match = re.fullmatch(r"(?:_?layers/)?(.+)/vars/([01])", name)
        kernel = tensors.get(f"{name[:-1]}0")
        if match is None or kernel is None or kernel.ndim < 2 or (match[2] == "1") != (tensor.ndim == 1):
            return tensors
        plain[f"{match[1]}/{('kernel', 'bias')[int(match[2])]}"] = tensor
    return plain


def _networks(tensors: Tensors) -> dict[str, Tensors]:
    """Groups at the top that hold the same entries of the same shapes, as several networks."""
    groups: dict[str, Tensors] = {}
    for name, tensor in tensors.items():
        head, _, rest = name.partition("/")
        groups.setdefault(head, {})[rest] = tensor
    shapes = [{name: tuple(one.shape) for name, one in group.items()} for group in groups.values()]
    if len(shapes) > 1 and all(each == shapes[0] for each in shapes) and len(shapes[0]) > 3:
        return groups
    return {"": tensors}
