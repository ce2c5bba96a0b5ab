"""Constructors whose spaces say by which call they were made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from inspect import signature
from typing import ParamSpec

from ..function import Realisation
from ..space import Network

P = ParamSpec("P")


def named(constructor: Callable[P, Realisation]) -> Callable[P, Realisation]:
    """The same constructor; the spaces that it makes carry its name and those arguments that are not at their defaults."""
    taken = signature(constructor).parameters

    @wraps(constructor)
    def made(*args: P.args, **options: P.kwargs) -> Realisation:
        found = constructor(*args, **options)
        given = signature(constructor).bind(*args, **options).arguments
        told = {name: value for name, value in given.items() if _tuple(value) != _tuple(taken[name].default)}
        return replace(found, space=replace(found.space, network=Network.of(constructor.__name__, told)))

    return made


def _tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value
