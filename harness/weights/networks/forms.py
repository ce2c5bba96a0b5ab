"""The networks that can be named, by their constructors; and the function of a space that one of them made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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


def has_function(space: WeightSpace) -> bool:
    """Whether a constructor made the space, so that the function of its weights is known."""
    if space.network is None:
        return constructor(space) is not None
    try:
        return bool(made(space))
    except SpaceError:
        return False
