"""The executor on this machine: worker processes; what hangs, crashes or eats all memory loses its own answer and nothing else.

The process that submits never imports torch. Workers are forked from a server that has imported it once, compute on
one thread (so that numbers are bit-equal however many workers there are), write what plug-ins print to a file, and end
when their caller does.
"""

from __future__ import annotations

import contextlib
import faulthandler
import multiprocessing
import os
import signal
import sys
import threading
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

from pebble import ProcessExpired, ProcessPool

from ..learning.workbench import keep_memory
from .executors import Answer, Lost, Task

PRELOADED = [f"orbitcheck.harness.running.{module}" for module in ("evaluate", "tasks", "workers")]
TRIES = 3
"""How often a task is handed out again when its worker died before taking it."""


class Workers:
    """A pool of worker processes.

    Args:
        jobs: how many.
        log: file that gets what plug-ins write to their standard output and error; None lets it through to standard error.
    """

    def __init__(self, jobs: int, log: Path | None):
        self.jobs, self.log = jobs, log
        self._pool: ProcessPool | None = None
        self._submitted = 0
        self._waiting: deque[tuple[int, Task]] = deque()
        self._pending: dict[Future[Any], tuple[int, Task]] = {}
        self._tries = Counter[int]()

    def submit(self, task: Task) -> int:
        self._submitted += 1
        self._waiting.append((self._submitted, task))
        return self._submitted

    def results(self) -> Iterator[tuple[int, Answer | Lost]]:
        pending = self._pending
        while self._waiting or pending:
            pool = self._running()
            while self._waiting and len(pending) < 2 * self.jobs:  # few at a time, so that stopping has little to undo
                number, task = self._waiting.popleft()
                pending[pool.schedule(_carry_out, args=(task,), timeout=task.time_limit)] = number, task
            done = wait(pending, timeout=0.5, return_when=FIRST_COMPLETED).done
            for future in [each for each in done if not _abandoned(each)]:
                number, task = pending.pop(future)
                yield number, _answer(future, task.time_limit)
            if not pool.active:  # a worker died between two tasks; nobody knows who had which
                for number, task in pending.values():
                    self._tries[number] += 1
                    if self._tries[number] < TRIES:
                        self._waiting.append((number, task))
                    else:
                        yield number, Lost("crashed: its worker process ended before it could answer")
                pending.clear()
                self.close()

    def close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.stop()
            pool.join()

    def _running(self) -> ProcessPool:
        if self._pool is None:
            _start_server()
            self._pool = ProcessPool(
                max_workers=self.jobs,
                initializer=_prepare_worker,
                initargs=(self.log,),
                context=multiprocessing.get_context("forkserver"),  # type: ignore[arg-type]
            )
        return self._pool


def _abandoned(future: Future[Any]) -> bool:
    return isinstance(future.exception(), BrokenProcessPool)


def _answer(future: Future[Any], time_limit: float | None) -> Answer | Lost:
    error = future.exception()
    if error is None:
        return Answer(future.result())
    if isinstance(error, ProcessExpired):
        return Lost(f"crashed: {_cause_of_death(error.exitcode)}")
    if isinstance(error, TimeoutError):
        return Lost(f"hung: no answer within {time_limit:g} s")
    return Lost(f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else 'no message'}")


def _cause_of_death(exitcode: int | None) -> str:
    if exitcode is None or exitcode >= 0:
        return f"its process ended itself with exit code {exitcode}"
    name = signal.Signals(-exitcode).name if -exitcode in set(signal.Signals) else f"signal {-exitcode}"
    return f"its process was killed by {name}{' (out of memory?)' if name == 'SIGKILL' else ''}"


def _start_server() -> None:
    """Start the fork server deaf to Ctrl-C: it is ours to end, and it would print a traceback while it imports."""
    forkserver.set_forkserver_preload(PRELOADED)
    if threading.current_thread() is not threading.main_thread():
        forkserver.ensure_running()
        return
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        forkserver.ensure_running()
    finally:
        signal.signal(signal.SIGINT, handler)


def _prepare_worker(log: Path | None) -> None:
    """Runs first in every worker."""
    import torch

    torch.set_num_threads(1)
    keep_memory()
    if log is not None:
        target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        os.dup2(target, 1)
        os.dup2(target, 2)
    else:
        os.dup2(2, 1)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):
            stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    faulthandler.enable()
    threading.Thread(target=_end_with_caller, daemon=True).start()


def _end_with_caller() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _carry_out(task: Task) -> Any:
    """In a worker. A process that ends itself with code 0 must be seen to have died: the pool takes 0 for a normal end."""
    leave = os._exit
    os._exit = lambda status: leave(status or 70)  # type: ignore[assignment]
    try:
        return task.function(*task.arguments)
    finally:
        os._exit = leave
