"""Zoos as weights: built on first use, read from the cache ever after."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import torch

from ..core.progress import Progress, unwatched
from ..weights.batch import Weights
from ..weights.space import WeightSpace
from . import cache
from .cache import ZooError
from .manifest import split_reference
from .recipe import ZOOS, Zoo, parse_reference
from .trainer import Trained, training_settings

__all__ = ["BuiltZoo", "Population", "ZooError", "build", "load", "population", "populations"]


@dataclass(frozen=True)
class Population:
    """One group of a zoo.

    Args:
        space: the weight space.
        weights: a float32 batch with one channel, on the CPU; every caller gets tensors of its own.
        metadata: per network what is known of it, each `[batch]`; the names are the trainer's.
        sha256: of the weights' bytes, tensor by tensor in the space's order.
    """

    space: WeightSpace
    weights: Weights
    metadata: Mapping[str, torch.Tensor]
    sha256: str


@dataclass(frozen=True)
class BuiltZoo:
    """A zoo on disk.

    Args:
        path: the safetensors file; its record is beside it, with the suffix `.json`.
        sha256: of that file, weights and metadata of all groups.
        seconds: what the training took, when it was done.
        counts: group name -> number of networks.
        trained: whether this very call trained it.
    """

    path: Path
    sha256: str
    seconds: float
    counts: Mapping[str, int]
    trained: bool


def population(reference: str) -> Population:
    """The weights that a suite calls `digits-inr` or `digits-classifiers/64-16-10`; built when missing.

    Raises:
        UnknownName: no such zoo or group.
        ZooError: see `build`.
    """
    zoo, group = parse_reference(reference)
    return load(zoo, group)


def populations(reference: str) -> tuple[Population, ...]:
    """As `population`; where no group is named, all groups, in the zoo's order.

    Raises:
        UnknownName, ZooError: as `population`.
    """
    name, named = split_reference(reference)
    zoo = ZOOS[name]
    return tuple(load(name, group) for group in (zoo.spaces if named is None else [zoo.group(named)]))


def load(zoo: str | Zoo, group: str | None = None, progress: Progress = unwatched) -> Population:
    """One group of a zoo (may be left out if there is one only); built when missing or damaged.

    Raises:
        UnknownName: no such zoo or group.
        ZooError: see `build`.
    """
    zoo = ZOOS[zoo] if isinstance(zoo, str) else zoo
    group = zoo.group(group)
    entry, _ = _entry(zoo, progress, force=False)
    trained = _unpack(zoo, entry)[group]
    return Population(trained.weights.space, trained.weights, trained.metadata, _sha256(trained.weights))


def build(zoo: str | Zoo, *, progress: Progress = unwatched, force: bool = False) -> BuiltZoo:
    """Train a zoo and keep it, unless it is kept already; `force` trains it all the same.

    The same recipe gives the same bits on the same machine with the same torch. Several processes may ask at once: one
    trains, the others wait. Takes some seconds on one core and less than 1 GB, torch included.

    Args:
        progress: called with a line, how much is done, and how much there is.

    Raises:
        UnknownName: no such zoo.
        ZooError: the cache cannot be written, or the training diverged.
    """
    zoo = ZOOS[zoo] if isinstance(zoo, str) else zoo
    entry, trained = _entry(zoo, progress, force)
    counts = {group: kept["count"] for group, kept in entry.record["groups"].items()}
    return BuiltZoo(entry.path, entry.sha256, entry.record["seconds"], counts, trained)


def is_kept(zoo: str) -> bool:
    """Whether a zoo is on disk, whole; asks for no training."""
    found = ZOOS[zoo]
    return cache.read(found.stem) is not None


def _entry(zoo: Zoo, progress: Progress, force: bool) -> tuple[cache.Entry, bool]:
    """The zoo's entry, and whether it was trained just now."""
    stem = zoo.stem
    if not force and (found := cache.read(stem)):
        return found, False
    with cache.building(stem, lambda: progress(f"{zoo.name}: another process is building it", 0, 1)):
        if not force and (found := cache.read(stem)):
            return found, False
        return cache.write(stem, *_train(zoo, progress)), True


def _train(zoo: Zoo, progress: Progress) -> tuple[dict[str, torch.Tensor], dict[str, object]]:
    """Tensors and record of a zoo, as the cache keeps them."""
    module, _, function = zoo.trainer.partition(":")
    trainer = getattr(import_module(module), function)
    threads = zoo.recipe.get("threads", 1)
    started = time.perf_counter()
    with training_settings(threads):
        groups: dict[str, Trained] = trainer(zoo, progress)
    seconds = time.perf_counter() - started
    made = {group: trained.weights.space for group, trained in groups.items()}
    if made != dict(zoo.spaces):
        given = {group: str(space) for group, space in made.items()}
        raise ZooError(f"{zoo.name}: the trainer gave {given}; the zoo has the groups {', '.join(zoo.spaces)}")
    tensors: dict[str, torch.Tensor] = {}
    for group, trained in groups.items():
        finite = torch.isfinite(trained.weights.flat()).all(dim=1)
        if not finite.all():
            lost = int((~finite).sum())
            raise ZooError(
                f"{zoo.name}/{group}: {lost} of {len(finite)} networks diverged; lower the recipe's learning rate"
            )
        tensors |= {f"{group}/weights/{name}": tensor for name, tensor in trained.weights.items()}
        tensors |= {f"{group}/metadata/{name}": tensor for name, tensor in trained.metadata.items()}
    record = {
        "zoo": zoo.name,
        "version": zoo.version,
        "digest": zoo.digest,
        "recipe": dict(zoo.recipe),
        "groups": {
            group: {
                "space": trained.weights.space.to_json(),
                "count": trained.weights.batch,
                "weights_sha256": _sha256(trained.weights),
                "metadata": list(trained.metadata),
            }
            for group, trained in groups.items()
        },
        "torch": torch.__version__,
        "cpu": torch.backends.cpu.get_cpu_capability(),
        "threads": threads,
        "seconds": round(seconds, 3),
    }
    return tensors, record


def _unpack(zoo: Zoo, entry: cache.Entry) -> dict[str, Trained]:
    """The inverse of how `_train` names tensors."""
    groups = {}
    for group, space in zoo.spaces.items():
        kept = {
            name.removeprefix(f"{group}/"): tensor
            for name, tensor in entry.tensors.items()
            if name.startswith(f"{group}/")
        }
        weights = Weights(space, {name: kept[f"weights/{name}"] for name in space.axes})
        metadata = {name: kept[f"metadata/{name}"] for name in entry.record["groups"][group]["metadata"]}
        groups[group] = Trained(weights, metadata)
    return groups


def _sha256(v: Weights) -> str:
    hashed = hashlib.sha256()
    for _, tensor in v.items():
        hashed.update(tensor.contiguous().numpy().tobytes())
    return hashed.hexdigest()
