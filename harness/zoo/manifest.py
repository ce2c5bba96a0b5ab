"""A manifest: one page of YAML that says what a population of your own is. No torch.

Law: a manifest is data. It names files, how their tensors are wired, what activation stands between them, and where labels and splits
are written; nothing in it is run. What it does not say is not guessed: a file that leaves a question is refused with it.
"""

from __future__ import annotations

import gzip
import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from ..core.registry import did_you_mean
from ..weights.readers.sources import files_of
from .entries import ZooError

SUFFIXES = (".yaml", ".yml")
LONGEST = 1 << 16
"""Bytes of a manifest."""
Name = Annotated[str, Field(min_length=1, max_length=1000)]


def _as_names(value: Any) -> Any:
    """Names of layers are numbers as often as not, and YAML takes them for such."""
    return [str(one) if type(one) is int else one for one in value] if isinstance(value, list) else value


Many = Annotated[list[Name], Field(min_length=1, max_length=100_000), BeforeValidator(_as_names)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Tensor(_Model):
    """A tensor of the space: the entry it is stored in, and a name for each of its axes; two that share a name are permuted together.

    `head*key` is an axis that holds two, the later changing faster; `sizes` says how many indices all but one of them have.
    """

    entry: Name
    axes: Annotated[list[Name], Field(min_length=1, max_length=8)]


class Labels(_Model):
    """Where labels are: a table with a row a network, or the network's own name.

    Args:
        file: `.csv`, `.csv.gz`, `.json` or `.jsonl`, below the manifest's folder.
        by: the column that names a row's network: its path or an end of it, its file's name, or that without suffix; left out, row i is of network i.
        columns: which are labels; left out, all.
        name: a regular expression that is looked for in a network's path; its named groups are labels.
        each: a file beside each network, or above it, whose last line is its row (as `result.json` of Ray).
    """

    file: Name | None = None
    by: Name | None = None
    columns: Many | None = None
    name: Name | None = None
    each: Name | None = None


class Manifest(_Model):
    """A population, described.

    Args:
        files: what is read, below the manifest's folder: files, folders or patterns.
        preset: a published layout, whose settings are taken where the manifest is silent; see `PRESETS`.
        activation: one of `activations.ACTIVATIONS`.
        omega: that every hidden layer's sum is multiplied by before the activation; weights and biases are multiplied by it.
        order: names of the layers, first to last, as entries have them.
        orientation: whether weights are stored as [outputs, inputs] or [inputs, outputs].
        key: under which files hold their networks.
        layout: the table of an `.npy` file.
        tensors: tensor -> entry and axes; with it nothing else of the wiring is asked.
        permuted: axes of `tensors` that are permuted.
        sizes: of axes that the shapes of tensors do not say.
        ignore: entries of the files that are no weights of the network, as a counter or a temperature of its training.
        labels: one place, or several.
        splits: a JSON file with `{split: [paths]}` or `{split: {"path": [...], "label": [...]}}`.
    """

    title: Name = "a population of your own"
    files: Name | Many | None = None
    preset: Name | None = None
    activation: Name | None = None
    omega: Annotated[float, Field(gt=0, le=1e6)] | Annotated[int, Field(gt=0, le=1_000_000)] | None = None
    order: Many | None = None
    orientation: Literal["out-in", "in-out"] | None = None
    key: Name | None = None
    layout: Name | None = None
    tensors: Annotated[dict[Name, Tensor], Field(min_length=1, max_length=10_000)] | None = None
    permuted: Many | None = None
    sizes: dict[Name, Annotated[int, Field(ge=1, le=1_000_000)]] | None = None
    ignore: Many | None = None
    labels: Labels | Annotated[list[Labels], Field(min_length=1, max_length=20)] | None = None
    splits: Name | None = None


def _transformer(layers: int, heads: int, embedded: bool) -> dict[str, Any]:
    """The tensors of a small transformer: where it is `embedded` patches and places, then blocks, two dense layers. Streams are held
    fixed, which is right with and without skips; heads, keys inside heads (one order for all of a block), values and hidden neurons are permuted.
    """
    tensors: dict[str, tuple[str, list[str]]] = {} if not embedded else {
        "E": ("embedding.conv1.weight", ["model", "channel", "y", "x"]), "bE": ("embedding.conv1.bias", ["model"]),
        "P": ("embedding.pos_embedding", ["place", "model"]),
    }  # fmt: skip
    permuted = []
    for n in range(layers):
        stem, key, value, hidden = f"encoder.{n}", f"head{n}*key{n}", f"head{n}*value{n}", f"hidden{n}"
        tensors |= {
            f"Q{n}": (f"{stem}.attention.queries.weight", [key, "model"]), f"K{n}": (f"{stem}.attention.keys.weight", [key, "model"]),
            f"V{n}": (f"{stem}.attention.values.weight", [value, "model"]),
            f"O{n}": (f"{stem}.attention.out_projection.weight", ["model", value]),
            f"A{n}": (f"{stem}.fc1.weight", [hidden, "model"]), f"bA{n}": (f"{stem}.fc1.bias", [hidden]),
            f"B{n}": (f"{stem}.fc2.weight", ["model", hidden]), f"bB{n}": (f"{stem}.fc2.bias", ["model"]),
        }  # fmt: skip
        permuted += [f"head{n}", f"key{n}", f"value{n}", hidden]
    tensors |= {
        "C": ("classifier.fc1.weight", ["inner", "model"]), "bC": ("classifier.fc1.bias", ["inner"]),
        "D": ("classifier.fc2.weight", ["class", "inner"]), "bD": ("classifier.fc2.bias", ["class"]),
    }  # fmt: skip
    named = {name: {"entry": entry, "axes": axes} for name, (entry, axes) in tensors.items()}
    return {"tensors": named, "permuted": [*permuted, "inner"], "sizes": {f"head{n}": heads for n in range(layers)}}


PRESETS: dict[str, dict[str, Any]] = {
    # Navon et al. 2023 (DWS): implicit images, state dicts of SIRENs, a JSON file with paths and labels of three splits
    "dws-inr": {"splits": "mnist_splits.json", "activation": "sine", "omega": 30},
    # Zhou et al. 2023 (NFN): implicit images, net<i>.pth in a folder a label
    "nfn-inr": {"files": "*/net*.pth", "activation": "sine", "omega": 30, "labels": {"name": r"(?P<label>[^/]+)/net(?P<index>\d+)\.pth$"}},
    # Unterthiner et al. 2020: one array a data set, a table of its columns, a table of accuracies
    "small-cnn-zoo": {
        "files": "weights.npy", "layout": "layout.csv", "activation": "relu", "orientation": "in-out",
        "order": ["sequential/conv2d", "sequential/conv2d_1", "sequential/conv2d_2", "sequential/dense"],
        "labels": {"file": "metrics.csv.gz"},
    },
    # Schuerholt et al. 2022 (ModelZoos): folders of Ray, a checkpoint an epoch, a line of JSON an epoch
    "model-zoos": {"files": "**/checkpoint_*/checkpoints", "labels": {"each": "result.json"}},
    # Tran et al. 2025 (Small-Transformer-Zoo), its half on images: <run>_<epoch>_<accuracy in ten-thousandths>.pt in a folder a data set
    "small-transformer-zoo": {
        "files": "mnist/*_*.pt", "activation": "relu", **_transformer(layers=2, heads=2, embedded=True),
        "labels": {"name": r"(?P<run>[^/_]+)_(?P<epoch>[^_]+)_(?P<accuracy>\d+)\.pt$"},
    },
    # Its half on text: the embedding of words is one for all, frozen, and lies in a file of its own (embedding.pt)
    "small-transformer-zoo-text": {
        "files": "ag_news/*_*.pt", "activation": "relu", **_transformer(layers=2, heads=2, embedded=False),
        "labels": {"name": r"(?P<run>[^/_]+)_(?P<epoch>[^_]+)_(?P<accuracy>\d+)\.pt$"},
    },
    # Hu et al. 2022 as PEFT saves it: a folder an adapter, whose halves are named; the folder is its name
    "peft": {"files": "**/adapter_model.safetensors", "labels": {"name": r"(?P<adapter>[^/]+)/adapter_model\.safetensors$"}},
}  # fmt: skip
"""Published layouts."""


def is_manifest(name: str) -> bool:
    """Whether a zoo's name is a path to a manifest."""
    return name.endswith(SUFFIXES)


def split_reference(reference: str) -> tuple[str, str | None]:
    """Zoo and group of `name`, `name/group`, or of the path of a manifest, with a group behind it or none."""
    for suffix in SUFFIXES:
        head, found, group = reference.partition(f"{suffix}/")
        if found:
            return f"{head}{suffix}", group
    if is_manifest(reference):
        return reference, None
    name, slash, group = reference.partition("/")
    return name, group if slash else None


def read_manifest(path: str) -> Manifest:
    """The manifest of a file, with its preset's settings.

    Raises:
        ZooError: no such file, no YAML, or something that a manifest does not say; one line.
    """
    try:
        text = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        raise ZooError(f"{path}: cannot be read ({getattr(error, 'strerror', error)})") from None
    if len(text) > LONGEST:
        raise ZooError(f"{path}: {len(text)} bytes; a manifest has at most {LONGEST}")
    try:
        data = yaml.safe_load(text) if b"&" not in text and b"*&" not in text else _without_anchors(text)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise ZooError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    if twice := _twice(yaml.compose(text, Loader=yaml.SafeLoader)):
        raise ZooError(f"{path}: {twice}")
    if not isinstance(data, dict):
        raise ZooError(f"{path}: a manifest is a mapping, as in files: nets/*.pt")
    preset = data.get("preset")
    if preset is not None and preset not in PRESETS:
        raise ZooError(f"{path}: preset: {preset!r} is none; allowed: {', '.join(PRESETS)}")
    try:
        made = Manifest.model_validate({**PRESETS.get(preset or "", {}), **data})
    except ValidationError as error:
        raise ZooError(f"{path}: {_wrong(error)}") from None
    _demand_sense(path, made)
    return made


def _wrong(error: ValidationError) -> str:
    """The first thing that is wrong with a manifest, in a line."""
    told = error.errors()
    # Of the kinds that a key may have, the one that the value is of says more than those that it is not of.
    first = next((one for one in told if not one["type"].endswith("_type")), told[0])
    place = [
        str(part)
        for part in first["loc"]
        if not re.search(r"^constrained-|[\[(]|^(list|float|int|str|Labels)$", str(part))
    ]
    model = {"labels": Labels, "tensors": Tensor}.get(place[0], Manifest) if len(place) > 1 else Manifest
    if first["type"] == "extra_forbidden":
        inside = f" in {'.'.join(place[:-1])}" if place[:-1] else ""
        return f"unknown key {place[-1]!r}{inside}{did_you_mean(place[-1], model.model_fields)}"
    return f"{'.'.join(place) or 'manifest'}: {first['msg'].replace('Input should', 'it should')}"


def _twice(node: yaml.Node | None) -> str:
    """A key that a mapping has twice, of which YAML would keep the last without a word; nothing if there is none."""
    if isinstance(node, yaml.SequenceNode):
        return next(filter(None, map(_twice, node.value)), "")
    if not isinstance(node, yaml.MappingNode):
        return ""
    keys = [key.value for key, _ in node.value]
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode) and keys.count(key.value) > 1:
            return f"the key {key.value!r} stands there twice"
    return next(filter(None, (_twice(value) for _, value in node.value)), "")


def _without_anchors(text: bytes) -> Any:
    """Refuse what expands; a plain ampersand in a value passes."""
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise ValueError("anchors and aliases are not allowed, write it out")
    return yaml.safe_load(text)


def _demand_sense(path: str, manifest: Manifest) -> None:
    if manifest.files is None and manifest.splits is None:
        raise ZooError(f"{path}: files: is missing; give files, folders or patterns, as in files: nets/*.pt")
    if (manifest.permuted is None) != (manifest.tensors is None):
        raise ZooError(f"{path}: tensors and permuted go together")
    if manifest.sizes is not None and manifest.tensors is None:
        raise ZooError(f"{path}: sizes go with tensors")
    if manifest.omega is not None and not math.isfinite(manifest.omega):
        raise ZooError(f"{path}: omega: {manifest.omega} is no number")
    if manifest.omega is not None and manifest.tensors is not None:
        raise ZooError(f"{path}: omega goes with a chain of layers, not with tensors")
    for labels in labels_of(manifest):
        given = [key for key in ("file", "name", "each") if getattr(labels, key) is not None]
        if len(given) != 1:
            raise ZooError(f"{path}: labels: give one of file, name and each")


def labels_of(manifest: Manifest) -> list[Labels]:
    """The places of labels."""
    if manifest.labels is None:
        return []
    return manifest.labels if isinstance(manifest.labels, list) else [manifest.labels]


def named_files(folder: Path, manifest: Manifest) -> tuple[list[str], dict[str, dict[str, Any]]]:
    """The files in order, and what a file of splits says: label -> path below the folder -> value.

    Raises:
        ZooError: a file of splits that is none.
    """
    given: dict[str, dict[str, Any]] = {}
    if manifest.splits is not None:
        source = folder / manifest.splits
        try:
            data = json.loads(gzip.decompress(source.read_bytes()) if source.suffix == ".gz" else source.read_bytes())
            for split, listed in data.items():
                columns: Mapping[str, Any] = listed if isinstance(listed, dict) else {"path": listed}
                paths = [_below(folder, str(path)) for path in columns["path"]]
                other = given.get("split", {})
                twice = next((path for path in paths if other.get(path, split) != split), None)
                if twice is not None:
                    raise ZooError(f"splits: {twice} is in {other[twice]} and in {split}")
                given.setdefault("split", {}).update(dict.fromkeys(paths, split))
                for column, values in columns.items():
                    if column != "path":
                        given.setdefault(column, {}).update(dict(zip(paths, values, strict=True)))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ZooError(
                f"splits: {manifest.splits} is no mapping of splits to paths ({type(error).__name__})"
            ) from None
    if manifest.files is None:
        return [str(folder / name) for name in given["split"]], given
    listed = [manifest.files] if isinstance(manifest.files, str) else manifest.files
    return list(files_of(str(folder / pattern) for pattern in listed)), given


def _below(folder: Path, path: str) -> str:
    """A path as it is below the manifest's folder: as written, or its longest end that is there."""
    parts = Path(path).parts
    for start in range(len(parts)):
        own = Path(*parts[start:])
        if not own.is_absolute() and (folder / own).is_file():
            return own.as_posix()
    return Path(path).as_posix()
