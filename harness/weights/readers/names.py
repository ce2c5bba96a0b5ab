"""Names of a network's entries as layers: which are weights, which are biases, and what number a layer has."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ...core.registry import nearest
from .records import Cause, ReadError, State

WEIGHTS = ("weight", "kernel", "weights", "kernels", "W", "w", "Ws")
BIASES = ("bias", "biases", "b", "bs")
KERNELS = ("kernel", "kernels")
"""What Flax and Keras call a weight, which they store as [inputs, outputs]."""
TORCH = ("weight",)
"""What torch calls one, which it stores as [outputs, inputs]."""
_WORDS = "|".join(sorted((*WEIGHTS, *BIASES), key=len, reverse=True))
_LAST = re.compile(rf"(?:(?P<path>.*)[./_])?(?P<word>{_WORDS})(?::0)?")
_NUMBERED = re.compile(rf"(?:(?P<path>.*)[./])?(?P<word>{_WORDS})[._]?(?P<number>[0-9]+)(?::0)?")
LONGEST_STEP = 4
"""Between the numbers of dense layers stand at most an activation, a normalisation and a dropout."""
LONGEST_LIST = 4


@dataclass(frozen=True)
class Named:
    """A layer, as entries name it.

    Args:
        path: what its entries' names share.
        weight, bias: names of its entries; a layer may have no bias.
        word: what the weight is called.
    """

    path: str
    weight: str
    bias: str | None
    word: str


def positional(state: State) -> list[Named] | None:
    """The layers of arrays without names (`arr_0`, `arr_1`, ... or `0`, `1`, ...): a weight, its bias, the next weight; else None."""
    matches = [re.fullmatch(r"(?:arr_)?([0-9]+)", name) for name in state]
    if not state or len(state) % 2 or any(match is None for match in matches):
        return None
    ordered = [
        name for _, name in sorted((int(match[1]), name) for match, name in zip(matches, state, strict=True) if match)
    ]
    pairs = list(zip(ordered[::2], ordered[1::2], strict=True))
    if any(state[weight].ndim < 2 or state[bias].ndim != 1 for weight, bias in pairs):
        return None
    return [Named(str(number), weight, bias, "") for number, (weight, bias) in enumerate(pairs)]


def layers_in(state: State) -> list[Named]:
    """The layers whose weights and biases the entries are, in the order of the entries.

    Raises:
        ReadError: an entry of another name, or a bias without a weight.
    """
    unnamed = positional(state)
    if unnamed is not None:
        return unnamed
    found: dict[str, dict[str, str]] = {}
    words: dict[str, str] = {}
    for name in state:
        match = _LAST.fullmatch(name)
        path = match["path"] or "" if match else ""
        if match is None:
            match = _NUMBERED.fullmatch(name)
            if match is None:
                raise ReadError(Cause.AMBIGUOUS, _stranger(name, state[name]))
            path = f"{match['path']}.{match['number']}" if match["path"] else match["number"]
        kind = "bias" if match["word"] in BIASES else "weight"
        layer = found.setdefault(path, {})
        if kind in layer:
            raise ReadError(
                Cause.AMBIGUOUS,
                f"{layer[kind]} and {name} are both the {kind} of one layer; leave one out with --ignore, or write a manifest",
            )
        layer[kind] = name
        words[path] = match["word"] if kind == "weight" else words.get(path, "")
    lonely = next((path for path, layer in found.items() if "weight" not in layer), None)
    if lonely is not None:
        bias = found[lonely]["bias"]
        raise ReadError(
            Cause.AMBIGUOUS,
            f"{bias} belongs to no weight; a manifest says what it is, or leave it out with --ignore {bias} if it is no weight of the network",
        )
    return [Named(path, layer["weight"], layer.get("bias"), words[path]) for path, layer in found.items()]


def _stranger(name: str, array: np.ndarray) -> str:
    if re.fullmatch(r"(arr_)?[0-9]+", name):
        return (
            f"{name} of shape {array.shape} has no name, and arrays without names are read as a weight, its bias, the next weight and so on; "
            f"a manifest says what each is, as in tensors: {{W1: {{entry: '{name}', axes: [n1, n0]}}}}"
        )
    if re.search(r"(weight_[gv]|parametrizations\.weight\.original[01])$", name):
        return f"{name} is half of a weight that is normalised; remove_weight_norm (or remove_parametrizations) before saving makes it one"
    if re.search(r"(^|\.)weight_(orig|u|v)$", name):
        return f"{name} is part of a weight that is normalised by its spectrum; remove_spectral_norm before saving makes it one"
    if re.search(r"(^|[._/])(running_(mean|var)|moving_(mean|variance)|gamma|beta)(:0)?$", name):
        return f"{name} belongs to a normalisation, of which names do not say where it stands; give the module (--module), a graph (ONNX) or a manifest"
    if re.search(r"(^|[._/])(weight|bias)_[ih]h(_l\d+)?(_reverse)?$", name):
        return (
            f"{name} belongs to a recurrence, whose gates names do not part; give the module (--module) or a manifest"
        )
    if re.search(r"(^|[._/])(\w+_)?(scale|zero_point|_packed_params|scales|zeros)$", name):
        return f"{name} of shape {array.shape} is a scale or a zero point that belongs to no weight by its name; save the weights as floats, or as weight and weight_scale"
    return (
        f"{name} of shape {array.shape} is no weight or bias of a dense or convolutional layer; leave it out with --ignore {name} if it is "
        "no weight of the network, or give the module (--module), a graph (ONNX) or a manifest"
    )


LAYERS = (
    "l", "fc", "lin", "linear", "dense", "layer", "conv", "hidden", "h", "affine", "full", "fullyconnected", "fully_connected", "ip", "mlp",
    "convolution", "conv1d", "conv2d", "conv3d", "innerproduct", "inner_product", "feature", "weight", "kernel", "param", "theta",
)  # fmt: skip
"""What people call layers that they number: one feeds the next."""
BESIDE = (
    "head", "expert", "branch", "tower", "member", "estimator", "block", "stream", "view", "column", "replica", "ensemble", "parallel", "residual",
    "skip", "shortcut", "task", "committee", "modality", "lateral", "gate", "router", "mixture", "moe", "siamese",
)  # fmt: skip
"""What they call things of which one does not feed the next, also where a container holds them."""


def numbered(layers: list[Named], state: State | None = None) -> list[Named]:
    """The layers in the order of their numbers, if these make one chain without a gap.

    One chain: all names agree up to one number that no two share, and what is numbered is no plural but of layers. Without a gap: the
    numbers are evenly spaced, as layers of one `Sequential` with one and the same things between them are; two layers in a row are at most
    `LONGEST_STEP` apart.

    Raises:
        ReadError: no numbers, several chains, or a gap; with the candidates for `--order`.
    """
    if len(layers) < 2:
        return layers
    split = {layer.path: _parts(layer.path) for layer in layers}
    split = _counted_from_zero(split)
    shortest = min(map(len, split.values()))
    same = next((k for k in range(shortest) if len({parts[k] for parts in split.values()}) > 1), shortest)
    at_number = same < shortest and all(isinstance(parts[same], int) for parts in split.values())
    ordered = sorted(layers, key=lambda layer: _natural(split[layer.path]))
    if not at_number:
        raise _ambiguous("their names are no chain of numbers", layers)
    stem = str(split[ordered[0].path][same - 1]) if same else ""
    if not is_row(stem):
        raise _ambiguous(f'by their names, "{stem}", they may lie beside each other or within skips', ordered)
    numbers = [int(split[layer.path][same]) for layer in ordered]
    if len(set(numbers)) < len(numbers):
        raise _ambiguous("several of them have one number", ordered)
    steps = {b - a for a, b in pairwise(numbers)}
    if len(steps) > 1 or max(steps) > LONGEST_STEP:
        raise _ambiguous(f"their numbers {', '.join(map(str, numbers))} have a gap", ordered)
    if state is not None:
        _demand_plain(ordered, state, stem)
    return ordered


def is_row(stem: str) -> bool:
    """Whether what stands before a number, a container's name and a dot or the start of a layer's own name, is of layers in a row.

    A container is one, unless it is called by what lies beside each other, or by a plural that is none of layers.
    """
    contained = stem[-1:] in (".", "/")
    word = re.split(r"[./~]", stem.rstrip("./_-~ ").lower())[-1]
    last = word.rpartition("_")[2]
    single = last.removesuffix("s")
    if not word or single in LAYERS or word.removesuffix("s") in LAYERS:
        return True
    if single in BESIDE or last.removesuffix("es") in BESIDE:
        return False
    return contained and (single == last or last.endswith("ss"))


PARTS = (
    *(one for one in LAYERS if one != "mlp"),
    "head",
    "expert",
    "branch",
    "block",
    "tower",
    "stream",
    "stage",
    "unit",
)
"""What people call the parts of one network, where each is a mapping of its own."""


def are_parts(named: Iterable[str]) -> bool:
    """Whether entries beside each other are the numbered parts of one network by their names, as `block_0`, `block_1` and `ResBlock_0`."""
    words = {re.split(r"[./]", re.sub(r"[._\-/ ]*[0-9]+$", "", name))[-1] for name in named}
    last = {re.split(r"[._\- ]|(?<=[a-z])(?=[A-Z])", word)[-1].lower().removesuffix("s") for word in words}
    return len(words) == 1 and last <= {*PARTS, *(f"res{part}" for part in PARTS)}


def _demand_plain(ordered: list[Named], state: State, stem: str) -> None:
    """Refuse what is numbered as a chain is and is known not to be one.

    Raises:
        ReadError: a gate beside a layer (`w1`, `w2`, `w3` without biases), or a first table that may be an embedding.
    """
    shapes = [state[layer.weight].shape for layer in ordered]
    bare = [layer.bias is None for layer in ordered]
    words = {layer.word.lower() for layer in ordered} | {stem.rstrip("._-/").rpartition(".")[2].lower()}
    if len(ordered) == 3 and all(bare) and "w" in words and shapes[0] == shapes[2] == shapes[1][::-1]:
        raise _ambiguous("their third may be the gate beside the first, as in gated layers", ordered)
    if bare[0] and not any(bare[1:]) and len(shapes[0]) == 2 and len(ordered) > 1:
        raise _ambiguous("their first, which has no bias as the others have, may be an embedding", ordered)


def _parts(path: str) -> list[str | int]:
    return [int(part) if part.isdigit() else part for part in re.split(r"([0-9]+)", path)]


def _counted_from_zero(split: dict[str, list[str | int]]) -> dict[str, list[str | int]]:
    """Names such as `dense`, `dense_1`, `dense_2`, of which the first counts as number 0."""
    for stem in split:
        if all(re.fullmatch(re.escape(stem) + r"_[0-9]+", path) for path in split if path != stem):
            return {path: [f"{stem}_", int(path[len(stem) + 1 :] or 0), ""] for path in split}
    return split


def _natural(parts: list[str | int]) -> list[tuple[int, str]]:
    return [(part, "") if isinstance(part, int) else (-1, part) for part in parts]


def _ambiguous(why: str, layers: list[Named]) -> ReadError:
    candidate = ",".join(layer.path for layer in layers)
    parts = _parted(layers)
    alone = f", --key {parts[0]} if one of {_some(parts)} is meant" if parts else ""
    return ReadError(
        Cause.AMBIGUOUS,
        f"how its layers are wired is not certain: {why}; say so with --order {candidate} if that is one chain{alone}, or give "
        "the module (--module FILE.py:FUNCTION), a graph (ONNX) or a manifest",
        (candidate, *parts),
    )


def _parted(layers: list[Named]) -> list[str]:
    """What may be several networks: the starts of names, where at least two have several layers each."""
    split = [re.split(r"[./]", layer.path) for layer in layers]
    same = next((k for k, parts in enumerate(zip(*split, strict=False)) if len(set(parts)) > 1), 0)
    counted = Counter(".".join(parts[: same + 1]) for parts in split)
    several = [start for start, count in counted.items() if count > 1]
    return several if len(several) > 1 else []


def given(layers: list[Named], order: Iterable[str]) -> list[Named]:
    """The layers in the order that was given, by their names.

    Raises:
        ReadError: a name that is none, or a layer that is not named.
    """
    by_path = {layer.path: layer for layer in layers}
    wanted = list(order)
    unknown = next((path for path in wanted if path not in by_path), None)
    missing = [path for path in by_path if path not in wanted]
    every = (",".join(by_path),)
    if unknown is not None:
        near = nearest(unknown, by_path)
        told = f'; did you mean "{near}"?' if near else f"; its layers are {_some(by_path)}"
        raise ReadError(Cause.AMBIGUOUS, f'--order names "{unknown}", which it has not{told}', every)
    if missing:
        raise ReadError(
            Cause.AMBIGUOUS,
            f"--order does not name {_some(missing)}; name every layer once, or leave out what is none with --ignore '{missing[0]}*'",
            every,
        )
    if len(set(wanted)) < len(wanted):
        twice = next(path for path in wanted if wanted.count(path) > 1)
        raise ReadError(
            Cause.AMBIGUOUS,
            f'--order names "{twice}" twice; a layer that is used twice needs the module or a manifest',
            every,
        )
    return [by_path[path] for path in wanted]


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - LONGEST_LIST} more" if len(listed) > LONGEST_LIST else ""
    return ", ".join(listed[:LONGEST_LIST]) + more
