"""The networks that can be named, by their constructors; and the function of a space that one of them made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from inspect import Parameter, signature
from typing import Any

from ..function import Realisation
from ..space import Network, SpaceError, WeightSpace
from ..spaces import constructor
from .convolutional import convolutional
from .dense import dense, lora, residual
from .recurrences import recurrence
from .transformers import transformer

NETWORKS: Mapping[str, Callable[..., Realisation]] = {
    made.__name__: made for made in (dense, convolutional, residual, recurrence, transformer, lora)
}
"""As suites and `WeightSpace.network` name them."""


def network(name: str, options: Mapping[str, Any]) -> Realisation:
    """The network of that name, its arguments given by their names.

    Raises:
        SpaceError: no such network, arguments that it does not take, or sizes that make no space.
    """
    if name not in NETWORKS:
        raise SpaceError(f"no network is called {name!r}; allowed: {', '.join(NETWORKS)}")
    taken, given = signature(NETWORKS[name]).parameters, dict(options)
    listed = [each for each, told in taken.items() if told.kind is Parameter.VAR_POSITIONAL]
    try:
        sizes = [size for each in listed for size in given.pop(each)]
        return NETWORKS[name](*sizes, **given)
    except (TypeError, KeyError) as error:
        raise SpaceError(f"{name} of {dict(options)}: {error}; it takes {', '.join(taken)}") from None


@lru_cache(maxsize=256)
def _called(call: Network) -> Realisation:
    return network(call.name, dict(call.options))


def made(space: WeightSpace) -> Realisation:
    """The network whose call a space names.

    Raises:
        SpaceError: the space names none, or is not what the call makes.
    """
    if space.network is None:
        raise SpaceError(f"{space} names no network")
    found = _called(space.network)
    if found.space != space:
        raise SpaceError(f"{space.network} makes other tensors, axes or roles than this space has")
    return found


def resized(space: WeightSpace, sizes: Mapping[str, int]) -> WeightSpace:
    """The space with some axes of other sizes, made by the same network of other sizes where one makes it.

    Axes to which a network gives one size, as the hidden layers of all blocks, go together.

    Raises:
        SpaceError: a size that is no positive integer.
    """
    if space.network is None:
        return space.resized(sizes)
    name, options = space.network.name, dict(space.network.options)
    if name in _ONE_SIZE:
        given = {_ONE_SIZE[name](axis): size for axis, size in sizes.items()}
        sizes = {axis: given[_ONE_SIZE[name](axis)] for axis in space.size if _ONE_SIZE[name](axis) in given}
    plain = space.resized(sizes)
    try:
        again = network(name, options | _SIZES[name](plain.size, options)).space
    except (SpaceError, KeyError):
        return plain
    return again if replace(again, network=None) == plain else plain


def _widths(size: Mapping[str, int]) -> list[int]:
    return [size[f"n{n}"] for n in range(sum(axis[0] == "n" and axis[1:].isdigit() for axis in size))]


_SIZES: Mapping[str, Callable[[Mapping[str, int], Mapping[str, Any]], dict[str, Any]]] = {
    "dense": lambda size, _: {"widths": _widths(size)},
    "convolutional": lambda size, _: {"channels": _widths(size)},
    "recurrence": lambda size, _: {"widths": _widths(size)},
    "residual": lambda size, _: {
        "inputs": size["n0"], "stream": size["r"], "hidden": _widths(size)[1:], "outputs": size["m"]
    },
    "transformer": lambda size, given: {
        "inputs": size["n0"], "model": size["model"], "outputs": size["m"], "heads": size["head1"], "key": size["key1"],
        "value": size["value1"], "hidden": size["hidden1"],
        **({"per_group": size["member1"]} if "per_group" in given else {}),
    },
    "lora": lambda size, given: {
        "layers": [(size[f"out{k}"], size[f"in{k}"]) for k in range(1, len(given["layers"]) + 1)], "rank": size["r1"]
    },
}  # fmt: skip
"""Network -> the arguments that are sizes, from sizes of axes and the arguments as they were."""
_ONE_SIZE: Mapping[str, Callable[[str], str]] = {
    "transformer": lambda axis: axis if axis == "n0" else axis.rstrip("0123456789"),
    "lora": lambda axis: "r" if axis[0] == "r" else axis,
}
"""Network -> axis -> what names its size."""


def has_function(space: WeightSpace) -> bool:
    """Whether a constructor made the space, so that the function of its weights is known."""
    if space.network is None:
        return constructor(space) is not None
    try:
        return bool(made(space))
    except SpaceError:
        return False
