"""Executors: what a run asks of the place where its tasks are carried out, and the registry of such places.

A run hands tasks over, takes the answers as they come, and closes; it knows nothing of processes or machines. A new executor is one
file and one line, which enters `module:factory` under a name in `EXECUTORS`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol

from ..core.cleaning import BorderError, cleaned, cleaned_text, one_line
from ..core.registry import Registry
from .isolation.task import Answer, Lost, Task


class Executor(Protocol):
    """Carries tasks out, each once and on one thread, in whatever order and place; what one of them breaks harms no other."""

    def submit(self, task: Task) -> int:
        """Take a task; returns the number that its answer will carry, unique to it."""
        ...

    def results(self) -> Iterator[tuple[int, Answer | Lost]]:
        """Number and answer of every task that was submitted and is not answered yet, in the order in which they finish."""
        ...

    def running(self) -> Sequence[tuple[Task, float]]:
        """Tasks that are being carried out now and the seconds since each began, as far as it is known; asked from another thread."""
        ...

    def close(self) -> None:
        """Stop at once, whatever is still going on; nothing is submitted afterwards."""
        ...


class NoExecutor(Exception):
    """An executor that cannot be opened; the message is one line."""


EXECUTORS: Registry[str] = Registry("executor")
"""Name -> `module:factory` of `factory(jobs, log) -> Executor`, imported once it is chosen; of one that is named with an address,
as `name@address`, of `factory(jobs, log, address)`.

`jobs` is how many tasks are carried out at a time; `log` the file that gets what they write to their standard output and error,
or None to let it through to standard error.
"""


def open_executor(name: str, jobs: int, log: Path | None) -> Executor:
    """The executor of that name, ready for tasks; whoever opens it closes it.

    Raises:
        UnknownName: there is none.
        NoExecutor: it cannot be used here, or nobody answers at its address.
    """
    name, _, address = name.partition("@")
    module, _, factory = EXECUTORS[name].partition(":")
    try:
        return getattr(import_module(module), factory)(jobs, log, *([address] if address else []))
    except OSError as error:  # somebody took the folder of the log away
        raise NoExecutor(f"{log or name} cannot be used ({error.strerror or error})") from None


class Witnessed:
    """An executor that remembers which processes answered for which plug-in."""

    def __init__(self, executor: Executor):
        self._executor = executor
        self._plugins: dict[int, str] = {}
        self._processes: dict[str, dict[str, None]] = {}

    def submit(self, task: Task) -> int:
        number = self._executor.submit(task)
        self._plugins[number] = task.plugin
        return number

    def results(self) -> Iterator[tuple[int, Answer | Lost]]:
        for number, answer in self._executor.results():
            plugin = self._plugins.pop(number, "")
            if isinstance(answer, Answer) and answer.process:
                self._processes.setdefault(plugin, {}).setdefault(answer.process)
            yield number, answer

    def running(self) -> Sequence[tuple[Task, float]]:
        return self._executor.running()

    def close(self) -> None:
        self._executor.close()

    def processes(self) -> dict[str, list[str]]:
        """Plug-in -> the processes that answered for it, in that order; under `OWN` those that no plug-in had a part in."""
        return {plugin or OWN: list(found) for plugin, found in self._processes.items()}


OWN = "no plug-in"


def now(executor: Executor) -> str:
    """What is being carried out, longest first, as far as it fits a line."""
    listed = sorted(executor.running(), key=lambda pair: -pair[1])
    said = [f"{one_line(task.title, 60)}, {seconds:.0f} s" for task, seconds in listed[:2]]
    return "; ".join(said) + (f"; and {len(listed) - 2} more" if len(listed) > 2 else "")


def carried_out(executor: Executor, tasks: Iterable[Task]) -> Iterator[tuple[int, Answer | Lost]]:
    """`(position, answer)` of every task, in the order in which they finish; the executor must have no other tasks.

    Answers are plain JSON data, cleaned as all that crosses the border is; one that is not is lost.
    """
    positions = {executor.submit(task): position for position, task in enumerate(tasks)}
    for number, answer in executor.results():
        yield positions.pop(number), _cleaned(answer)


def _cleaned(answer: Answer | Lost) -> Answer | Lost:
    if isinstance(answer, Lost):
        return Lost(cleaned_text(answer.reason), answer.why)
    try:
        return Answer(cleaned(answer.value), answer.process)
    except BorderError as error:
        return Lost(f"its answer is no plain data: {error}")


def available_cpus() -> int:
    """CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
