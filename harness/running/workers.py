"""Plug-ins run in worker processes: what hangs, crashes or eats all memory loses its own answer and nothing else.

The process that calls this never imports torch. Workers are forked from a server that has imported it once, compute on
one thread (so that numbers are bit-equal however many workers there are), write what plug-ins print to a file, and end
when their caller does.
"""

from __future__ import annotations

import contextlib
import faulthandler
import hashlib
import inspect
import json
import multiprocessing
import os
import signal
import sys
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import forkserver
from pathlib import Path
from typing import Any, TypeVar

from pebble import ProcessExpired, ProcessPool

from ..core.cell import Cell
from ..core.registry import UnknownName
from ..plugins.discovery import ArchitectureName

T = TypeVar("T")
PRELOADED = ["orbitcheck.harness.running.evaluate", "orbitcheck.harness.running.workers"]
TRIES = 3
"""How often a task is handed out again when its worker died before taking it."""


@dataclass(frozen=True)
class Lost:
    """A task without an answer; `reason` is the line that its row shows."""

    reason: str


def available_cpus() -> int:
    """CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Workers:
    """A pool of worker processes, as a context; leaving it by an exception stops them at once.

    Args:
        jobs: how many.
        log: file that gets what plug-ins write to their standard output and error; None lets it through to standard error.
    """

    def __init__(self, jobs: int, log: Path | None):
        self.jobs, self.log = jobs, log
        self._pool: ProcessPool | None = None

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop()

    def map(
        self,
        function: Callable[..., T],
        arguments: Sequence[tuple[Any, ...]],
        time_limit: float | Sequence[float | None] | None,
    ) -> Iterator[tuple[int, T | Lost]]:
        """`(position, answer)` of every task, in the order in which they finish.

        Args:
            function: a module's own; it is called in a worker, and its answer must pickle.
            arguments: per task.
            time_limit: seconds a task, from the moment when a worker takes it, for all or for each; None is no limit.
        """
        limits = list(time_limit) if isinstance(time_limit, Sequence) else [time_limit] * len(arguments)
        waiting, tries = deque(range(len(arguments))), Counter[int]()
        pending: dict[Future[T], int] = {}
        while waiting or pending:
            pool = self._running()
            while waiting and len(pending) < 2 * self.jobs:  # few at a time, so that stopping has little to undo
                position = waiting.popleft()
                pending[pool.schedule(function, args=arguments[position], timeout=limits[position])] = position
            done = wait(pending, timeout=0.5, return_when=FIRST_COMPLETED).done
            for future in [each for each in done if not _abandoned(each)]:
                position = pending.pop(future)
                yield position, _answer(future, limits[position])
            if not pool.active:  # a worker died between two tasks; nobody knows who had which
                for position in pending.values():
                    tries[position] += 1
                    if tries[position] < TRIES:
                        waiting.append(position)
                    else:
                        yield position, Lost("crashed: its worker process ended before it could answer")
                pending.clear()
                self._stop()

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

    def _stop(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.stop()
            pool.join()


def _abandoned(future: Future[Any]) -> bool:
    return isinstance(future.exception(), BrokenProcessPool)


def _answer(future: Future[T], time_limit: float | None) -> T | Lost:
    error = future.exception()
    if error is None:
        return future.result()
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


@contextlib.contextmanager
def _no_silent_exit() -> Iterator[None]:
    """A process that ends itself with code 0 inside a task must be seen to have died: the pool takes 0 for a normal end."""
    leave = os._exit
    os._exit = lambda status: leave(status or 70)  # type: ignore[assignment]
    try:
        yield
    finally:
        os._exit = leave


def evaluate_cell(cell: Cell, device: str, checkpoints: Path | None = None, made_by: str = "") -> dict[str, Any]:
    """In a worker: one row as plain JSON, just as a journal gives it back.

    Args:
        checkpoints: folder where a training keeps its state while it lasts.
        made_by: what the row depends on beside the cell.
    """
    from ..core.result import canonical_json
    from ..learning.checkpoint import Checkpoint
    from .evaluate import evaluate

    kept = Checkpoint(checkpoints / f"{cell.id}.pt", f"{cell.id} {made_by}") if checkpoints is not None else None
    with _no_silent_exit():
        return json.loads(canonical_json(evaluate(cell, device=device, checkpoint=kept).to_json()))


def describe_architecture(name: ArchitectureName) -> dict[str, Any]:
    """In a worker: what a plug-in declares, with the SHA-256 of its source file.

    What went wrong comes under `refused` (the user named what is not there, or options that it does not take) or under
    `error` (the plug-in does not load), one line each.
    """
    from ..plugins.architecture import OptionError
    from ..plugins.discovery import PluginImportError, load
    from ..plugins.subject import describe_error
    from .evaluate import describe

    known = {"name": str(name), "options": dict(name.options)}
    with _no_silent_exit():
        try:
            source = _source_sha256(load(name).factory)
            return {**json.loads(json.dumps(describe(name))), "source_sha256": source}
        except (UnknownName, OptionError) as error:
            return {**known, "refused": str(error)}
        except PluginImportError as error:
            return {**known, "error": " ".join(str(error).split())}
        except (Exception, SystemExit) as error:
            return {
                **known,
                "error": f'architecture "{name.reference}" fails to declare itself: {describe_error(error)}',
            }


def architecture_cost(name: ArchitectureName) -> dict[str, Any] | None:
    """In a worker: what a forward pass costs, or None where the plug-in takes no reference task or fails at it."""
    from ..plugins.cost import cost
    from ..plugins.discovery import load

    with _no_silent_exit():
        try:
            return json.loads(json.dumps(cost(load(name))))
        except (Exception, SystemExit):
            return None


def _source_sha256(factory: Callable[..., Any]) -> str | None:
    try:
        file = inspect.getsourcefile(inspect.unwrap(factory))
        return hashlib.sha256(Path(file).read_bytes()).hexdigest() if file else None
    except (TypeError, OSError):
        return None


def check_device(device: str) -> str | None:
    """In a worker: why nothing can run on a device, or None."""
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        return f"device cuda: torch {torch.__version__} finds none here"
    return None


def prepare_zoo(name: str) -> None:
    """In a worker: train a zoo, unless it is there."""
    from ..zoo.population import build

    build(name)


def described(answer: Mapping[str, Any] | Lost, name: ArchitectureName) -> Mapping[str, Any]:
    """A description also where the plug-in's import took its process down."""
    if isinstance(answer, Lost):
        line = f'architecture "{name.reference}" failed to import: {answer.reason}'
        return {"name": str(name), "options": dict(name.options), "error": line}
    return answer
