"""A manifest's networks: read, wired as it says, with their labels, as the groups of a zoo.

Law: a zoo of one's own is its content. Its digest is of the manifest's settings and the bytes of all files that it names, never of where
they lie; networks of one space are one group, called by its widths, or by its number where it has none.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..core.progress import Progress, unwatched
from ..weights.activations import canonical, unknown
from ..weights.batch import Weights
from ..weights.readers.loading import Described, Reading, read_each
from ..weights.readers.records import CERTAIN, Network, Proof, Unread
from ..weights.readers.values import product
from ..weights.readers.wiring import Wired
from ..weights.space import WeightSpace
from .entries import ZooError
from .labels import Column, read_columns, read_labels
from .manifest import Manifest, is_manifest, labels_of, named_files, read_manifest, split_reference
from .trainer import Trained


@dataclass(frozen=True)
class Imported:
    """What a manifest came to.

    Args:
        manifest: as read.
        groups: group -> its networks.
        labels: label -> of all networks, in the order of `networks`.
        networks: all, group after group.
        unread: files that gave none.
        rounded: entries that float32 does not hold, of all networks.
        lacking: column that is no label -> why.
        notes: what is to be said of the labels, in lines.
        sha256: of the settings and of the content of the files.
    """

    manifest: Manifest
    groups: Mapping[str, tuple[Network, ...]]
    labels: Mapping[str, Column]
    networks: tuple[Network, ...]
    unread: tuple[Unread, ...]
    rounded: int
    lacking: Mapping[str, str]
    notes: tuple[str, ...]
    sha256: str

    @property
    def spaces(self) -> dict[str, WeightSpace]:
        return {group: networks[0].space for group, networks in self.groups.items()}

    @property
    def uncertain(self) -> int:
        """How many networks' wiring rests on names, or on what was said."""
        return sum(network.proof not in CERTAIN for network in self.networks)

    @property
    def assumed(self) -> dict[str, int]:
        """What neither files nor manifest say -> for how many networks."""
        counted: dict[str, int] = {}
        for network in self.networks:
            for line in network.assumed:
                counted[line] = counted.get(line, 0) + 1
        return counted


def imported(path: str, progress: Progress = unwatched) -> Imported:
    """Read what a manifest names.

    Raises:
        ZooError: a manifest or labels that make no sense, or no network at all; one line.
    """
    manifest, folder = read_manifest(path), Path(path).parent
    return _imported(path, folder, manifest, _reading(path, folder, manifest), progress)


def imported_files(paths: Sequence[str], settings: Mapping[str, Any], wired: Wired | None = None) -> Imported:
    """Read files as a manifest would that names them and says the same.

    Args:
        settings: keys of a manifest.
        wired: of the networks, as a module gives it.

    Raises:
        ZooError: no network at all; one line.
    """
    manifest, where = Manifest.model_validate({"files": list(paths), **settings}), ", ".join(paths)
    return _imported(where, Path(), manifest, replace(_reading(where, Path(), manifest), wired=wired), unwatched)


def _imported(path: str, folder: Path, manifest: Manifest, reading: Reading, progress: Progress) -> Imported:
    files, given = named_files(folder, manifest)
    networks: list[Network] = []
    unread: list[Unread] = []
    silent = set() if manifest.ignore else {"ignore"}  # a manifest that does not say it keeps the digest that it had
    hashed = hashlib.sha256(json.dumps(manifest.model_dump(mode="json", exclude=silent), sort_keys=True).encode())
    for number, file in enumerate(files):
        progress(path, number, len(files))
        content = Path(file)
        if content.is_file():
            hashed.update(Path(file).relative_to(folder).as_posix().encode() if content.is_relative_to(folder) else b"")
            hashed.update(hashlib.sha256(content.read_bytes()).digest())
        for found in read_each([file], reading):
            if isinstance(found, Network):
                networks.append(_shown(found, folder, manifest))
            else:
                unread.append(found)
    if not networks:
        told = f"; {unread[0].line}" if unread else ""
        raise ZooError(f"{path}: no network was read of {len(files)} file{'s' * (len(files) != 1)}{told}")
    grouped: dict[WeightSpace, list[Network]] = {}
    for network in networks:
        grouped.setdefault(network.space, []).append(network)
    groups = {_called(space, number): tuple(own) for number, (space, own) in enumerate(grouped.items(), 1)}
    ordered = tuple(network for own in groups.values() for network in own)
    names = [network.name for network in ordered]
    labels: dict[str, Column] = {}
    lacking: dict[str, str] = {}
    notes: list[str] = []
    for asked in labels_of(manifest):
        read = read_labels(folder, names, asked)
        labels |= read.columns
        lacking |= read.lacking
        notes += read.notes
    of_splits, empty = read_columns(
        names, {label: _from_files(names, values) for label, values in given.items()}, notes
    )
    labels, lacking = labels | of_splits, lacking | empty
    for label, column in sorted(labels.items()):
        hashed.update(f"{label} {column.values} {column.words}".encode())
    rounded = sum(
        int((array.astype(np.float32) != array).sum()) for network in ordered for array in network.arrays.values()
    )
    return Imported(
        manifest, groups, labels, ordered, tuple(unread), rounded, lacking, tuple(notes), hashed.hexdigest()
    )


def networks_of(path: str) -> Iterator[Network | Unread]:
    """The networks that a manifest names, one after the other, under the paths of their files; labels are not read.

    Raises:
        ZooError: a manifest that makes no sense; one line.
    """
    manifest = read_manifest(path)
    folder = Path(path).parent
    for found in read_each(named_files(folder, manifest)[0], _reading(path, folder, manifest)):
        yield _scaled(found, manifest) if isinstance(found, Network) else found


def networks_at(paths: Iterable[str], reading: Reading | None = None) -> Iterator[Network | Unread]:
    """The networks that paths lead to, one after the other, and a record of each file that gave none.

    Args:
        reading: of files that no manifest names; what a manifest says of its own is said there alone.

    Raises:
        ZooError: a manifest that makes no sense, or with a group behind it.
        SpaceError: an activation that is none.
        ValueError: something said of files where all come from manifests.
    """
    listed = list(paths)
    named = [path for path in listed if is_manifest(split_reference(path)[0])]
    if named and len(named) == len(listed) and reading not in (None, Reading()):
        raise ValueError(
            f"{named[0]}: a manifest says how its files are read; write there what the options say, as in activation: tanh"
        )
    return _each(listed, reading)


def _each(listed: Sequence[str], reading: Reading | None) -> Iterator[Network | Unread]:
    for described, own in groupby(listed, lambda path: is_manifest(split_reference(path)[0])):
        if not described:
            yield from read_each(own, reading)
            continue
        for path in own:
            manifest, group = split_reference(path)
            if group is not None and not os.path.isfile(path):
                raise ValueError(f"{path}: all groups are read here; name the manifest alone, {manifest}")
            yield from networks_of(manifest)


def trained(found: Imported) -> dict[str, Trained]:
    """The groups as a zoo keeps them: float32, labels as one number a network."""
    made: dict[str, Trained] = {}
    start = 0
    for group, networks in found.groups.items():
        weights = Weights.from_arrays(networks[0].space, [network.arrays for network in networks], dtype=torch.float32)
        end = start + len(networks)
        metadata = {
            name: torch.tensor(column.values[start:end], dtype=torch.float64) for name, column in found.labels.items()
        }
        whole = {
            name: one.long() if bool(((one == one.round()) & (one.abs() < 2.0**53)).all()) else one
            for name, one in metadata.items()
        }
        made[group] = Trained(weights, whole)
        start = end
    return made


def train(zoo: Any, progress: Progress) -> dict[str, Trained]:
    """The trainer of a zoo that a manifest describes.

    Raises:
        ZooError: as `imported`, or files that changed since the zoo was described.
    """
    found = imported(zoo.name, progress)
    if found.sha256 != zoo.recipe["content"]:
        raise ZooError(f"{zoo.name}: its files changed since it was described; start anew")
    return trained(found)


def _from_files(names: list[str], values: Mapping[str, Any]) -> list[Any]:
    missing = next((name for name in names if name not in values), None)
    if missing is not None:
        raise ZooError(f"splits: {missing} is in no split")
    return [values[name] for name in names]


def _reading(path: str, folder: Path, manifest: Manifest) -> Reading:
    activation = None if manifest.activation is None else canonical(manifest.activation)
    if manifest.activation is not None and activation is None:
        raise ZooError(f"{path}: {unknown(manifest.activation)}")
    layout = None if manifest.layout is None else folder / manifest.layout
    order = None if manifest.order is None else tuple(manifest.order)
    described = None
    if manifest.tensors is not None:
        tensors = {name: (one.entry, tuple(one.axes)) for name, one in manifest.tensors.items()}
        described = Described(tensors, tuple(manifest.permuted or ()), dict(manifest.sizes or {}))
    return Reading(
        activation, order, manifest.orientation, manifest.key, layout,
        described=described, any_suffix=True, ignore=tuple(manifest.ignore or ()),
    )  # fmt: skip


def _shown(network: Network, folder: Path, manifest: Manifest) -> Network:
    """The network under its path below the folder, as the manifest says it is."""
    file = Path(network.file)
    name = file.relative_to(folder).as_posix() if file.is_relative_to(folder) else network.file
    return _scaled(replace(network, file=name), manifest)


def _scaled(network: Network, manifest: Manifest) -> Network:
    """The network with omega in its weights, and with what says how it is wired.

    Raises:
        ZooError: omega for another network than an MLP.
    """
    arrays = dict(network.arrays)
    if manifest.omega is not None:
        last = len(network.space.widths) - 1 if network.space.is_mlp else 0
        if not last:
            raise ZooError(f"{network.name}: omega goes with MLPs, not with {network.space}")
        for layer in range(1, last):
            for tensor in (f"W{layer}", f"b{layer}"):
                arrays[tensor] = product(arrays[tensor], np.asarray(float(manifest.omega)), tensor)
    proof = Proof.MANIFEST if manifest.order or manifest.tensors else network.proof
    return replace(network, arrays=arrays, proof=proof)


def _called(space: WeightSpace, number: int) -> str:
    return "-".join(map(str, space.widths)) if space.is_mlp else f"space-{number}"
