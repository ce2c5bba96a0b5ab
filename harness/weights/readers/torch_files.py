"""`.pt`, `.pth`, `.ckpt`, `.bin`: what `torch.save` wrote, unpickled by torch's own reader of plain tensors, which runs no code.

Trainers keep objects beside the state dict (arguments, configurations, numbers of numpy). Where torch's reader stops at one, the file is read
again with a blank in the place of every object: its class is never looked up, so nothing of it runs.

Law: of several state dicts beside each other none is taken without a word. Under a name of `WRAPPERS` lies the network; what lies beside it
with the same entries and shapes is an average or an earlier state of it, which is said. Beside another network nothing is taken until
`--key` says which.
"""

from __future__ import annotations

import pickle
import warnings
import zipfile
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from torch._utils import _rebuild_parameter, _rebuild_tensor_v2

from .records import Cause, ReadError
from .sources import MOST_ENTRIES, check_archive, check_unpacked
from .values import LONGEST_LIST, Stored, Tensors, fits, no_key, without_prefixes

WRAPPERS = ("state_dict", "model_state_dict", "model", "model_state", "net", "network", "params", "module")
"""Keys of a checkpoint under which its state dict lies."""
DEEPEST = 32
HOLDERS = (torch.Tensor, Mapping, list, tuple)
Shapes = dict[str, tuple[int, ...]]


def read(path: Path, key: str | None = None, ignore: Sequence[str] = ()) -> Stored:
    """Entry -> the tensors of one network; one entry with an empty name where the file holds one network.

    A checkpoint may hold its state dict under one of `WRAPPERS`, or under `key`; a list or a mapping of state dicts is several networks.

    Args:
        ignore: what is passed over though it is no tensor, as the number of an epoch; names or patterns.

    Raises:
        ReadError: no tensors, or several candidates for the state dict.
    """
    check_archive(path)
    if _is_script(path):
        raise ReadError(Cause.CONTENT, "is a TorchScript archive, which holds code; save model.state_dict()")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of types that torch will drop, and of the file's own version
        try:
            loaded = torch.load(path, map_location="cpu", weights_only=True)
        except pickle.UnpicklingError:
            if not zipfile.is_zipfile(path):
                raise
            loaded = torch.load(path, map_location="cpu", weights_only=False, pickle_module=PLAIN)
    stored = networks_in(loaded, key, ignore)
    check_unpacked(path, sum(8 * tensor.numel() for state in stored.networks.values() for tensor in state.values()))
    return stored


class Blank:
    """Stands for an object of any class: takes whatever a pickle does to one, and does nothing."""

    def __new__(cls, *_: Any, **__: Any) -> Blank:
        return super().__new__(cls)

    def __init__(self, *_: Any, **__: Any): ...

    def nothing(self, *_: Any) -> None: ...

    __setstate__ = __setitem__ = append = extend = add = update = nothing


KNOWN = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor_v2,
    ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
    ("torch", "Size"): torch.Size,
}
"""All that a pickle may call; torch knows its kinds of storage by their names."""


class Plain(pickle._Unpickler):
    """Knows tensors and mappings; every other name of the pickle is a `Blank`.

    The one written in Python: the other makes room for as many notes as the file says.
    """

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        return KNOWN.get((module_name, global_name), Blank)


PLAIN = SimpleNamespace(Unpickler=Plain, load=lambda file, **_: Plain(file).load(), __name__="plain")


def _is_script(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("/constants.pkl") for name in archive.namelist())


def networks_in(loaded: Any, key: str | None = None, ignore: Sequence[str] = ()) -> Stored:
    """The state dicts in what was loaded, by entry."""
    if key is not None:
        loaded = _under(loaded, key)
    said: tuple[str, ...] = ()
    ignored: set[str] = set()
    for _ in range(DEEPEST):
        if not isinstance(loaded, Mapping):
            break
        passed = {
            name for name in loaded if isinstance(name, str) and fits(name, ignore) and not shapes_in(loaded[name])
        }
        ignored |= passed
        loaded = {name: one for name, one in loaded.items() if name not in passed}
        alone = [one for one in loaded.values() if shapes_in(one)]
        if len(alone) == 1 and isinstance(alone[0], list | tuple):  # layers or networks in a row, under a name
            loaded = alone[0]
            break
        inner, more = chosen(loaded)
        if inner is None:
            break
        loaded, said = inner, (*said, *more)
    shapes_in(loaded)  # which refuses what holds itself
    return Stored(_networks(loaded), said, frozenset(ignored))


def _networks(loaded: Any) -> dict[str, Tensors]:
    """Entry -> the tensors of a network."""
    if isinstance(loaded, list | tuple) and loaded and all(_is_pair(one) for one in loaded):
        loaded = [tensor for pair in loaded for tensor in pair]
    if isinstance(loaded, list | tuple) and loaded and all(isinstance(one, torch.Tensor) for one in loaded):
        return {"": {str(number): tensor for number, tensor in enumerate(loaded)}}
    if isinstance(loaded, list | tuple) and len(loaded) > 1 and all(_is_layer(one) for one in loaded):
        return {"": {f"{number}.{name}": one for number, layer in enumerate(loaded) for name, one in layer.items()}}
    if isinstance(loaded, list | tuple) and loaded and all(isinstance(one, Mapping) for one in loaded):
        return {str(number): _flat(one) for number, one in enumerate(loaded)}
    if not isinstance(loaded, Mapping):
        held = "an object" if isinstance(loaded, Blank) else type(loaded).__name__
        raise ReadError(
            Cause.CONTENT, f"holds {held}, not a state dict; save model.state_dict(), or say with --key where one lies"
        )
    if loaded and all(isinstance(one, Mapping) and _is_state(one) for one in loaded.values()):
        shapes = [{name: tuple(tensor.shape) for name, tensor in _flat(one).items()} for one in loaded.values()]
        if len(shapes) > 1 and all(each == shapes[0] for each in shapes) and len(shapes[0]) > 3:
            return {str(name): _flat(one) for name, one in loaded.items()}
    return {"": _flat(loaded)}


def _is_pair(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) == 2 and all(isinstance(one, torch.Tensor) for one in value)


def _is_layer(value: Any) -> bool:
    """Whether it holds one weight, perhaps a bias, and nothing else: no network has so little."""
    if not isinstance(value, Mapping) or not 0 < len(value) < 3:
        return False
    ranks = [one.ndim if isinstance(one, torch.Tensor) and isinstance(key, str) else 0 for key, one in value.items()]
    return max(ranks) > 1 and sorted(ranks)[:-1] in ([], [1])


def _is_state(value: Mapping[Any, Any]) -> bool:
    return bool(value) and all(isinstance(one, torch.Tensor | Mapping) for one in value.values())


def _under(loaded: Any, key: str) -> Any:
    """What lies under a key: in the checkpoint, in its state dict, or where names of entries start so.

    Raises:
        ReadError: nothing.
    """
    here, parts = loaded, [key] if isinstance(loaded, Mapping) and key in loaded else key.split(".")
    for place, part in enumerate(parts):
        if isinstance(here, list | tuple) and part.isdigit() and int(part) < len(here):
            here = here[int(part)]
        elif isinstance(here, Mapping) and part in here:
            here = here[part]
        elif isinstance(here, Mapping) and (found := _starting(here, f"{'.'.join(parts[place:])}.")):
            return found
        else:
            break
    else:
        return here
    if isinstance(loaded, Mapping):
        for wrapper in WRAPPERS:
            if isinstance(loaded.get(wrapper), Mapping) and (found := _starting(loaded[wrapper], f"{key}.")):
                return found
    there = (
        [*loaded] if isinstance(loaded, Mapping) else [*range(len(loaded))] if isinstance(loaded, list | tuple) else []
    )
    if isinstance(loaded, Mapping):
        there += [name for wrapper in WRAPPERS if isinstance(loaded.get(wrapper), Mapping) for name in loaded[wrapper]]
    raise no_key(key, dict.fromkeys(str(name).partition(".")[0] for name in there))


def _starting(state: Mapping[Any, Any], start: str) -> dict[str, Any]:
    return {name[len(start) :]: one for name, one in state.items() if isinstance(name, str) and name.startswith(start)}


def _flat(state: Mapping[Any, Any], depth: int = 0) -> Tensors:
    """Nested mappings with the names joined by dots.

    Raises:
        ReadError: an entry that is no tensor, or nothing at all.
    """
    flat: Tensors = {}
    strangers = []
    for key, value in state.items():
        if isinstance(value, Mapping) and isinstance(key, str) and value and depth < DEEPEST:
            flat |= {f"{key}.{name}": tensor for name, tensor in _flat(value, depth + 1).items()}
        elif isinstance(value, torch.Tensor) and isinstance(key, str):
            flat[key] = value
        elif value is not None and not isinstance(value, Mapping):
            strangers.append(str(key))
        if len(flat) > MOST_ENTRIES:
            raise ReadError(Cause.TOO_LARGE, f"more than {MOST_ENTRIES} tensors")
    if strangers or (not flat and not depth):
        listed = ", ".join(strangers[:3])
        beside = (
            f"{listed} beside its tensors, which is no tensor under a name; save model.state_dict() alone, or pass it over with "
            f"--ignore {strangers[0] if strangers else ''}"
        )
        raise ReadError(
            Cause.CONTENT,
            f"holds {beside}"
            if flat
            else f"holds no state dict of tensors ({listed or 'it is empty'}); save model.state_dict(), or arrays of numpy with numpy.savez",
        )
    return flat


def chosen(loaded: Mapping[Any, Any]) -> tuple[Any, tuple[str, ...]]:
    """What of a checkpoint is its network, and what is to be said of that; None, where its entries are the network's own.

    Several state dicts of the same entries and shapes, none under a name of `WRAPPERS`, are several networks.

    Raises:
        ReadError: several networks, of which no option says which.
    """
    beside = [value for value in loaded.values() if isinstance(value, torch.Tensor)]
    own = [name for name in WRAPPERS if isinstance(loaded.get(name), Mapping) and loaded[name]]
    if any(tensor.ndim > 1 for tensor in beside) or (beside and not own):
        return None, ()
    held = {key: shapes_in(value) for key, value in loaded.items() if isinstance(key, str)}
    parts = {key: shapes for key, shapes in held.items() if _matrices(shapes)}
    own = [name for name in own if name in parts] or own[:1]
    others = [key for key in parts if key not in own]
    if len(own) == 1:
        strange = [key for key in others if not alike(parts[key], parts.get(own[0], {}))]
        if strange:
            raise _which([*own, *others])
        taken = f'the network is the one under "{own[0]}"; of the same shapes and left: {", ".join(others)} (--key takes one)'
        return loaded[own[0]], (taken,) if others else ()
    if own:
        raise _which([*own, *others])
    rest = {key: shapes for key, shapes in held.items() if key not in parts}
    alone = len(rest) < len(loaded) - len(parts) or any(
        value is not None for key, value in loaded.items() if key in rest
    )
    if not parts or not alone or any(shape for shapes in rest.values() for shape in shapes.values()):
        return None, ()  # a tree of layers, perhaps; or nothing
    if len(parts) == 1:
        (only,) = parts
        return loaded[only], (f'the network is the one under "{only}", the only one there',)
    first, *later = parts.values()
    if all(shapes == first for shapes in later) and len(first) > 3:
        return {key: loaded[key] for key in parts}, ()
    if any(_matrices(shapes) > 1 for shapes in parts.values()):
        raise _which(list(parts))
    return None, ()


def _which(keys: list[str]) -> ReadError:
    return ReadError(
        Cause.AMBIGUOUS,
        f"holds several networks, under {', '.join(keys[:LONGEST_LIST])}; say which with --key, as in --key {keys[0]}",
        tuple(keys),
    )


def shapes_in(value: Any) -> Shapes:
    """Name -> shape of all tensors in it, those of an optimiser left out.

    Raises:
        ReadError: more than `MOST_ENTRIES` entries, as of a mapping that holds itself.
    """
    found: Shapes = {}
    open_places: list[tuple[str, Any, int]] = [("", value, 0)]
    met = 0
    while open_places:
        name, one, depth = open_places.pop()
        met += 1
        if met > MOST_ENTRIES:
            raise ReadError(Cause.TOO_LARGE, f"holds more than {MOST_ENTRIES} entries; save model.state_dict() alone")
        if isinstance(one, torch.Tensor):
            found[name] = tuple(one.shape)
        elif depth < DEEPEST and isinstance(one, Mapping) and "param_groups" not in one:
            inside = [(key, inner) for key, inner in one.items() if isinstance(inner, HOLDERS)]
            open_places += [(_joined(name, key), inner, depth + 1) for key, inner in reversed(inside)]
        elif depth < DEEPEST and isinstance(one, list | tuple):
            inside = [(key, inner) for key, inner in enumerate(one) if isinstance(inner, HOLDERS)]
            open_places += [(_joined(name, key), inner, depth + 1) for key, inner in reversed(inside)]
    return found


def _joined(name: str, key: Any) -> str:
    return f"{name}.{key}" if name else str(key)


def _matrices(shapes: Shapes) -> int:
    return sum(len(shape) > 1 for shape in shapes.values())


def alike(one: Shapes, other: Shapes) -> bool:
    """Whether all of the one are entries of the other, and all weights of the other among them: it may lack counters and buffers.

    Entries are told by their names without prefixes; by their shapes alone, where the one is a list.
    """
    if _matrices(one) != _matrices(other):
        return False
    if all(name.rpartition(".")[2].isdigit() for name in one):
        return Counter(one.values()) <= Counter(other.values())
    first, second = (_short(shapes) for shapes in (one, other))
    return all(second.get(name) == shape for name, shape in first.items() if shape)


def _short(shapes: Shapes) -> Shapes:
    """Without the names that all entries share at their start."""
    names = without_prefixes([name for name, shape in shapes.items() if shape])
    while (
        names
        and len({name.partition(".")[0] for name in names.values()}) == 1
        and all("." in name for name in names.values())
    ):
        names = {name: short.partition(".")[2] for name, short in names.items()}
    return {short: shapes[name] for name, short in names.items()}
