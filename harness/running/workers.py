"""The executor on this machine: one plug-in a process; what hangs, crashes or eats all memory loses its own answer and nothing else.

The process that submits never imports torch. Workers are forked from a server that has imported it once, compute on one thread (so
that numbers are bit-equal however many workers there are), serve one plug-in each, and leave nothing behind. A task whose worker died is
carried out again, alone, so that a neighbour cannot have killed it; one that took too much memory, too.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ..core.cache_folder import cache_folder
from .isolation.limits import GIB, memory_limit, too_much
from .isolation.log import Log
from .isolation.pool import Answered, Ended, Event, Pool, Worker
from .isolation.processes import memory_of_machine
from .isolation.task import FATAL, GIVEN_UP, NOT_RUN, Answer, Loss, Lost, Task, Waiting

PRELOADED = [
    *(f"orbitcheck.harness.running.{module}" for module in ("evaluate", "tasks", "planted")),
    "orbitcheck.harness.running.evaluate:import_measurements",
    "orbitcheck.harness.plugins.extensions:load_extensions",
    *("hypothesis", "canonaut", "numpy.random", "numpy.ma", "mpmath", "filelock", "platformdirs"),
]
"""Imported once, before workers are forked."""
TRIES = 3
"""How often a task is carried out whose worker died; all but the first time alone."""
ABANDONED = 7 * 86400
"""Seconds after which nobody comes back to a folder of passing files."""
PASSING = ".passing"
"""Folder for passing files beside the log, while a run lasts."""


class Workers:
    """A pool of worker processes.

    Args:
        jobs: how many.
        log: file that gets what plug-ins write to their standard output and error; None lets it through to standard error.
    """

    def __init__(self, jobs: int, log: Path | None):
        self.jobs = jobs
        self._folders = [cache_folder().absolute() / "passing" / f"{os.getpid()}-{id(self):x}"]
        clear(self._folders[0].parent)
        if log is not None:
            self._folders.insert(0, log.absolute().parent / PASSING)
            shutil.rmtree(self._folders[0], ignore_errors=True)  # of a run that was killed
        self._log = Log(log)
        self._pool = Pool(PRELOADED, self._log, self._folders)
        self.machine = memory_of_machine()
        self._submitted = 0
        self._tasks: dict[int, Task] = {}
        self._waiting = Waiting()
        self._alone: deque[int] = deque()
        self._idle: list[Worker] = []
        self._busy: dict[Worker, int] = {}
        self._since: dict[int, float] = {}
        self._by_itself: int | None = None
        self._given_up: dict[Worker, Lost] = {}
        self._tries = Counter[int]()
        self._memory_tries = set[int]()
        self._fatal: dict[str, list[int]] = {}
        self._finished: deque[tuple[int, Answer | Lost]] = deque()

    def submit(self, task: Task) -> int:
        self._submitted += 1
        self._tasks[self._submitted] = task
        self._waiting.add(self._submitted, task.plugin)
        return self._submitted

    def results(self) -> Iterator[tuple[int, Answer | Lost]]:
        while self._tasks or self._finished:
            self._hand_out()
            if not self._finished:
                self._listen()
                self._hand_out()
            while self._finished:
                yield self._finished.popleft()

    def running(self) -> list[tuple[Task, float]]:
        now, tasks = time.monotonic(), self._tasks
        return [
            (tasks[number], now - self._since.get(number, now))
            for number in list(self._busy.values())
            if number in tasks
        ]

    def close(self) -> None:
        self._pool.close()
        self._log.close()
        for folder in self._folders:
            shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            self._folders[-1].parent.rmdir()

    # Handing out.

    def _hand_out(self) -> None:
        if self._alone:
            if not self._busy:
                self._by_itself = self._alone.popleft()
                self._give(self._by_itself)
            return
        if self._by_itself is not None:
            return
        while len(self._busy) < self.jobs:
            served, at_work = {worker.plugin for worker in self._idle}, [worker.plugin for worker in self._busy]
            if (number := self._waiting.next(served, at_work)) is None:
                return
            self._give(number)

    def _give(self, number: int) -> None:
        task = self._tasks[number]
        if self._hopeless(number):
            self._finish(number, NOT_RUN)
            self._by_itself = None if self._by_itself == number else self._by_itself
            return
        worker = next((each for each in self._idle if each.plugin == task.plugin), None)
        if worker is None:
            while len(self._idle) + len(self._busy) >= self.jobs and self._idle:
                self._pool.stop(self._idle.pop(0))
            worker = self._pool.start(task.plugin)
        else:
            self._idle.remove(worker)
        self._busy[worker] = number
        self._since[number] = time.monotonic()
        self._pool.give(worker, number, task)

    def _hopeless(self, number: int) -> bool:
        """Whether enough tasks of its group before it hung or crashed."""
        before = [each for each in self._fatal.get(self._tasks[number].group, ()) if each < number]
        return len(before) >= GIVEN_UP

    # Listening.

    def _listen(self) -> None:
        for event in self._pool.heard(0.1):
            self._take(event)
        for worker in self._pool.sampled():
            number = self._busy.get(worker)
            if number is None or worker.watch is None or worker in self._given_up:
                continue
            lost = worker.watch.hung(self._pool.beats, worker.usage) or self._too_much(worker)
            if lost is None and self._hopeless(number):
                lost = NOT_RUN
            if lost is not None:
                self._given_up[worker] = lost
                self._pool.stop(worker)

    def _too_much(self, worker: Worker) -> Lost | None:
        alone = self._busy.get(worker) == self._by_itself
        number = self._busy.get(worker)
        asked = self._tasks[number].memory if number is not None else None
        limit = memory_limit(self.machine, 1 if alone else self.jobs, asked)
        lost = too_much(worker.usage, limit)
        if lost is None or lost.why is not Loss.MEMORY:
            return lost
        usage = replace(worker.usage, resident=self._pool.shared_once(worker))
        lost = too_much(usage, limit)
        if lost is not None and alone and lost.why is Loss.MEMORY:
            return replace(lost, reason=f"{lost.reason}, alone on this machine")
        return lost

    def _take(self, event: Event) -> None:
        worker = event.worker
        if isinstance(event, Answered):
            if self._busy.get(worker) == event.task:
                del self._busy[worker]
                if worker not in self._given_up and worker.stopped is None:
                    self._idle.append(worker)
                self._finish(event.task, event.answer)
            return
        if worker in self._idle:
            self._idle.remove(worker)
        given_up = self._given_up.pop(worker, None)
        number = self._busy.pop(worker, None)
        if number is not None:
            self._lost(number, given_up or Lost(f"crashed: {cause_of_death(event)}", Loss.CRASHED))

    def _lost(self, number: int, lost: Lost) -> None:
        """Try again what may not have been its own fault; else that is its answer."""
        alone = self._by_itself == number
        if alone:
            self._by_itself = None
        self._tries[number] += 1
        again = (lost.why is Loss.CRASHED and self._tries[number] < TRIES) or (lost.why is Loss.MEMORY and not alone)
        if again:
            self._alone.append(number)
            return
        if lost.why in FATAL and self._tasks[number].group:
            self._fatal.setdefault(self._tasks[number].group, []).append(number)
        self._finish(number, lost)

    def _finish(self, number: int, answer: Answer | Lost) -> None:
        if self._by_itself == number:
            self._by_itself = None
        del self._tasks[number]
        self._since.pop(number, None)
        self._tries.pop(number, None)
        self._finished.append((number, answer))


def clear(passing: Path) -> None:
    """Remove what programs left that were killed: folders named by a process that is not here, and as old as no run of another machine."""
    for folder in passing.glob("*-*"):
        pid = folder.name.partition("-")[0]
        with suppress(OSError):
            old = time.time() - folder.stat().st_mtime > ABANDONED
            if old and pid.isdigit() and not Path(f"/proc/{pid}").exists():
                shutil.rmtree(folder, ignore_errors=True)


def cause_of_death(end: Ended) -> str:
    """How a process ended, in words."""
    if end.status is None:
        return "its process ended with the server of all processes"
    if end.status >= 0:
        return f"its process ended itself with exit code {end.status}"
    if end.worker.muted and end.status == -signal.SIGKILL:
        return f"{end.worker.muted}, and it was ended for that"
    name = signal.Signals(-end.status).name if -end.status in set(signal.Signals) else f"signal {-end.status}"
    peak = end.worker.peak
    held = f" (out of memory? it held {peak / GIB:.1f} GiB)" if name == "SIGKILL" and peak > GIB else ""
    return f"its process was killed by {name}{held}"
