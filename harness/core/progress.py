"""Reports of progress: long work calls a function `(stage, done, total)` that its caller passes; a process at work leaves marks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and of how much; of nothing where it is a line to be read and no work."""


@runtime_checkable
class Showing(Protocol):
    """A progress that also shows what is going on between its calls."""

    def __call__(self, stage: str, done: int, total: int, /) -> None: ...

    def watch(self, now: Callable[[], str]) -> None:
        """Have it ask, whenever it shows itself, what is going on now; from a thread of its own."""
        ...


def unwatched(stage: str, done: int, total: int) -> None:
    """Progress that is shown to nobody."""


listener: Callable[[], None] | None = None
"""Of this process's marks; a worker's tells its caller."""


def mark() -> None:
    """Something that was asked of a network is done: who waits for this process knows that it has not hung."""
    if listener is not None:
        listener()
