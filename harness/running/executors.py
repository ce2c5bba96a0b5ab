"""Executors: what a run asks of the place where its tasks are carried out, and the registry of such places.

A run hands tasks over, takes the answers as they come, and closes; it knows nothing of processes or machines. A new executor is one
file and one line, which enters `module:factory` under a name in `EXECUTORS`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol

from ..core.cleaning import BorderError, cleaned, cleaned_text
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

    def close(self) -> None:
        """Stop at once, whatever is still going on; nothing is submitted afterwards."""
        ...


EXECUTORS: Registry[str] = Registry("executor")
"""Name -> `module:factory` of `factory(jobs, log) -> Executor`, imported once it is chosen.

`jobs` is how many tasks are carried out at a time; `log` the file that gets what they write to their standard output and error,
or None to let it through to standard error.
"""


def open_executor(name: str, jobs: int, log: Path | None) -> Executor:
    """The executor of that name, ready for tasks; whoever opens it closes it.

    Raises:
        UnknownName: there is none.
    """
    module, _, factory = EXECUTORS[name].partition(":")
    return getattr(import_module(module), factory)(jobs, log)


def carried_out(executor: Executor, tasks: Sequence[Task]) -> Iterator[tuple[int, Answer | Lost]]:
    """`(position, answer)` of every task, in the order in which they finish; the executor must have no other tasks.

    Answers are plain JSON data, cleaned as all that crosses the border is; one that is not is lost.
    """
    positions = {executor.submit(task): position for position, task in enumerate(tasks)}
    for number, answer in executor.results():
        yield positions[number], _cleaned(answer)


def _cleaned(answer: Answer | Lost) -> Answer | Lost:
    if isinstance(answer, Lost):
        return Lost(cleaned_text(answer.reason), answer.why)
    try:
        return Answer(cleaned(answer.value))
    except BorderError as error:
        return Lost(f"its answer is no plain data: {error}")


def available_cpus() -> int:
    """CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
