"""What executors are given and give back."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class Task:
    """One call to be made by an executor.

    Args:
        function: a module's own, so that it can be named to another process.
        arguments: picklable; the answer is plain JSON data.
        time_limit: seconds after which it counts as hung (protocol.md, section 7); None is no limit.
        memory: bytes that its processes may have resident together; None is what the machine has for each worker.
        plugin: the one plug-in that its process serves, and has ever served; empty for tasks that no plug-in has a part in.
        group: rows of one architecture in one check. After `GIVEN_UP` of a group that hung or crashed in all their tries the later ones
            are not carried out.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()
    time_limit: float | None = None
    plugin: str = ""
    group: str = ""
    memory: int | None = None

    @property
    def title(self) -> str:
        """What it is, for people: architecture and check of a row, else the function and what it is about."""
        if self.group:
            _, check, architecture = self.group.split("\n", 2)
            return f"{architecture} / {check}"
        about = str(self.arguments[0]) if self.arguments else self.plugin
        return f"{self.function.__name__.replace('_', ' ')} {about}"


GIVEN_UP = 2


class Loss(StrEnum):
    """Why a task has no answer."""

    RAISED = "raised"
    CRASHED = "crashed"
    HUNG = "hung"
    MEMORY = "memory"
    PROCESSES = "processes"
    FILES = "files"
    NOT_RUN = "not-run"


@dataclass(frozen=True)
class Answer:
    """What a task returned, and the process that it ran in, as an executor may say it: `pid`, or `machine:pid`."""

    value: Any
    process: str = field(default="", compare=False)


@dataclass(frozen=True)
class Lost:
    """A task without an answer; `reason` is the line that its row shows."""

    reason: str
    why: Loss = Loss.RAISED


NOT_RUN = Lost(f"not run, after {GIVEN_UP} that hung or crashed", Loss.NOT_RUN)
FATAL = (Loss.CRASHED, Loss.HUNG, Loss.MEMORY, Loss.PROCESSES, Loss.FILES)
"""Losses that took the process with them."""


class Waiting:
    """Tasks that nobody carries out yet, by plug-in: whoever served a plug-in goes on with it, so that few processes begin."""

    def __init__(self) -> None:
        self._queues: dict[str, deque[int]] = {}

    def add(self, number: int, plugin: str) -> None:
        self._queues.setdefault(plugin, deque()).append(number)

    def next(self, served: Collection[str], at_work: Iterable[str]) -> int | None:
        """Of a plug-in that is served by who asks; else of the one that the fewest of the others are at work on; in order of coming."""
        if not self._queues:
            return None
        counts = Counter(at_work)
        plugin = min(self._queues, key=lambda each: (each not in served, counts[each]))
        queue = self._queues[plugin]
        number = queue.popleft()
        if not queue:
            del self._queues[plugin]
        return number
