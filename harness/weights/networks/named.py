"""Constructors whose spaces say by which call they were made; an argument that is none of its kind is refused in one line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, wraps
from inspect import Parameter, signature
from typing import Any, Literal, ParamSpec, get_args, get_origin, get_type_hints

from ...core.registry import did_you_mean
from ..function import Realisation
from ..space import Network, SpaceError

P = ParamSpec("P")


def named(constructor: Callable[P, Realisation]) -> Callable[P, Realisation]:
    """The same constructor; the spaces that it makes carry its name and those arguments that are not at their defaults."""
    taken = signature(constructor).parameters

    @wraps(constructor)
    def made(*args: P.args, **options: P.kwargs) -> Realisation:
        given = signature(constructor).bind(*args, **options).arguments
        for name, value in given.items():
            kind = _kinds(constructor)[name]
            if not _fits(kind, value):
                one_of = get_args(kind) if get_origin(kind) is Literal else None
                told = did_you_mean(str(value), one_of) if one_of else f"; allowed: {_told(kind)}"
                raise SpaceError(f"{constructor.__name__}: {name}={value!r}{told}")
        found = constructor(*args, **options)
        told = {name: value for name, value in given.items() if _tuple(value) != _tuple(taken[name].default)}
        return replace(found, space=replace(found.space, network=Network.of(constructor.__name__, told)))

    return made


@lru_cache
def _kinds(constructor: Callable[..., Realisation]) -> dict[str, Any]:
    """Argument -> its type; of those that take the rest of the places a tuple."""
    hints = get_type_hints(constructor)
    taken = signature(constructor).parameters
    return {
        name: tuple[hints[name], ...] if told.kind is Parameter.VAR_POSITIONAL else hints[name]
        for name, told in taken.items()
    }


def _fits(kind: Any, value: object) -> bool:
    """Whether a value is of a kind of argument: a plain type, one of some names, lists and tuples of those, or None where it may be."""
    origin, within = get_origin(kind), get_args(kind)
    if origin is Literal:
        return any(value == each for each in within)
    if type(None) in within:
        return value is None or _fits(within[0], value)
    if origin is None:
        return type(value) is kind
    if not isinstance(value, list | tuple):
        return False
    if origin is tuple and Ellipsis not in within:
        return len(value) == len(within) and all(map(_fits, within, value))
    return all(_fits(within[0], each) for each in value)


def _told(kind: Any) -> str:
    """What fits, in words."""
    if kind in _WORDS:
        return _WORDS[kind]
    return _told(get_args(kind)[0]) if type(None) in get_args(kind) else f"a list of {_several(get_args(kind))}"


_WORDS = {int: "an integer", bool: "True or False", str: "a name"}


def _several(within: tuple[Any, ...]) -> str:
    inner = get_args(within[0])
    return f"pairs of {_several(inner)}" if inner else {int: "integers", str: "names"}[within[0]]


def _tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value
