"""Named things that strangers may add to: one registry class, one error text, one 'did you mean'."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class UnknownName(LookupError):
    """A name that no registry entry has; the message lists what there is and the nearest match."""


class DuplicateName(ValueError):
    """A name that is taken; choose another one, or stop importing the module that registered it first."""


def nearest(name: str, available: Iterable[str]) -> str | None:
    """What `name` may have been meant to be, or None where nothing is near."""
    return next(iter(difflib.get_close_matches(name, sorted(available), n=1, cutoff=0.6)), None)


def did_you_mean(name: str, available: Iterable[str], at_most: int | None = None) -> str:
    """`; did you mean "x"?` when something near is available, else the list of what is, cut off after `at_most`."""
    listed = sorted(available)
    near = nearest(name, listed)
    if near:
        return f'; did you mean "{near}"?'
    more = f" and {len(listed) - at_most} more" if at_most is not None and len(listed) > at_most else ""
    return f"; available: {', '.join(listed[:at_most]) or 'none'}{more}"


class WrongSignature(TypeError):
    """A function that cannot be called as it will be; both forms are shown."""


def demand_signature(what: str, function: Callable[..., Any], arguments: str) -> None:
    """Refuse, when it is registered, a function that does not take these arguments.

    Args:
        what: whose function it is, as in `target "my-target"`.
        arguments: as the call passes them, in order: "parameters, space".

    Raises:
        WrongSignature: it does not.
    """
    try:
        signature = inspect.signature(function)
    except ValueError:  # some built-in functions do not say
        return
    try:
        signature.bind(*arguments.split(", "))
    except TypeError:
        name = getattr(function, "__name__", repr(function))
        raise WrongSignature(f"{what}: {name}{signature} cannot be called as {name}({arguments})") from None


class Registry(Generic[T]):
    """An ordered map name -> entry; adding a taken name is an error, as is asking for an unknown one.

    Args:
        what: the singular that error messages use, as in "pair family".
    """

    def __init__(self, what: str):
        self.what = what
        self._entries: dict[str, T] = {}

    def add(self, name: str, entry: T) -> None:
        """Enter `entry` under `name`.

        Raises:
            DuplicateName: the name is taken.
        """
        if name in self._entries:
            raise DuplicateName(f"{self.what} {name!r} is registered already")
        self._entries[name] = entry

    def __getitem__(self, name: str) -> T:
        if name not in self._entries:
            raise UnknownName(f'unknown {self.what} "{name}"{did_you_mean(name, self._entries)}')
        return self._entries[name]

    def get(self, name: str, default: T) -> T:
        """The entry of `name`, or `default` if there is none."""
        return self._entries.get(name, default)

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def items(self) -> Iterable[tuple[str, T]]:
        return self._entries.items()
