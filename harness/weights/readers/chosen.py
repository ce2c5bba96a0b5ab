"""Several state dicts beside each other in one file -> the one that is its network, or the option that says which.

Law: none is taken without a word. Under a name of `WRAPPERS` lies the network; what lies beside it with the same entries and shapes is an
average or an earlier state of it, which is said. Beside another network nothing is taken until `--key` says which.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import torch

from ...core.registry import nearest
from .records import Cause, ReadError
from .sources import MOST_ENTRIES
from .values import Tensors, without_prefixes

WRAPPERS = ("state_dict", "model_state_dict", "model", "model_state", "net", "network", "params", "module")
"""Keys of a checkpoint under which its state dict lies."""
DEEPEST = 32
LONGEST_LIST = 8
HOLDERS = (torch.Tensor, Mapping, list, tuple)
Shapes = dict[str, tuple[int, ...]]


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


def under(tensors: Tensors, key: str | None) -> Tensors:
    """The entries below a path, in names parted by dots or slashes; all of them, where none is asked for.

    Raises:
        ReadError: nothing lies below it.
    """
    if key is None:
        return tensors
    for parting in (".", "/"):
        start = f"{key.replace('.', parting)}{parting}"
        found = {name.removeprefix(start): one for name, one in tensors.items() if name.startswith(start)}
        if found:
            return found
    raise no_key(key, dict.fromkeys(name.replace("/", ".").partition(".")[0] for name in tensors))


def no_key(key: str, there: Iterable[Any]) -> ReadError:
    """That nothing lies under a key."""
    names = [str(name) for name in there]
    near = nearest(key, names)
    more = f" and {len(names) - LONGEST_LIST} more" if len(names) > LONGEST_LIST else ""
    told = f'; did you mean "{near}"?' if near else f"; there: {', '.join(names[:LONGEST_LIST]) or 'nothing'}{more}"
    return ReadError(Cause.CONTENT, f"has nothing under --key {key}{told}")
