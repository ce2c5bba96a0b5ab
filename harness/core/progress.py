"""How long work says how far it is; whoever watches passes a function of this kind."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and of how much."""


def unwatched(stage: str, done: int, total: int) -> None:
    """Nobody watches."""
