"""The executor on a dask cluster: every task is carried out by some worker of it, isolated there as it would be here.

Files of plug-ins, with all that lies beside them, and trained zoos go to the workers by content; zoos are trained here. A worker
that dies loses nothing: dask has its tasks carried out by others. What is pickled between client and workers is ours, never a plug-in's.
"""

from __future__ import annotations

import logging
import os
import queue
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...core.cleaning import one_line
from ..executors import NoExecutor
from ..isolation.task import FATAL, GIVEN_UP, NOT_RUN, Answer, Lost, Task
from ..tasks import prepare_zoo, zoo_is_kept
from ..workers import PASSING, TRIES, Workers
from .sent import Files, along
from .there import BEGUN, Caller, answered, carry_out, put_down, refusal, versions

PATIENCE = 60
"""Seconds for a scheduler and its first worker to answer, and for a scheduler that is gone to come back."""


class Cluster:
    """Tasks on the workers of a dask scheduler; as many at a time as it has workers.

    Args:
        log: as for workers here; what plug-ins print on the cluster stays there.
        address: `tcp://HOST:PORT` of a scheduler, or `local:N` for N workers that are started here.

    Raises:
        NoExecutor: dask is not installed, nobody answers, or a worker has other versions, or more than one thread.
    """

    def __init__(self, jobs: int, log: Path | None, address: str = "local:2"):
        try:
            import distributed
        except ImportError:
            raise NoExecutor("a cluster needs the extra `cluster`, which is dask's package distributed") from None
        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what is lost is said by its row
        self._address, self._local = address, Workers(1, log)
        self._started, self._client = None, None
        self._tasks, self._open = dict[int, Task](), dict[int, Any]()
        self._submitted, self._plugins = 0, dict[str, int]()
        self._sent, self._fatal, self._since = dict[str, Any](), dict[str, list[int]](), dict[int, float]()
        self._done: queue.SimpleQueue[int] = queue.SimpleQueue()
        try:
            kind, _, count = address.partition(":")
            if kind == "local":
                scratch = str((log.absolute().parent if log else Path.cwd()) / PASSING / "dask")
                settings: Any = {"threads_per_worker": 1, "memory_limit": 0, "dashboard_address": None}
                settings["scheduler_kwargs"] = {"allowed_failures": TRIES - 1}  # as often as a task is tried here
                self._started = distributed.LocalCluster(n_workers=int(count), local_directory=scratch, **settings)
            self._client: Any = distributed.Client(self._started or address, timeout=PATIENCE, set_as_default=False)
            self._client.wait_for_workers(1, timeout=PATIENCE)
            threads: dict[str, int] = self._client.nthreads()
            if refused := refusal(versions(), self._client.run(versions), threads):
                raise NoExecutor(refused)
            self._client.subscribe_topic(BEGUN, self._begun)
        except (OSError, TimeoutError, ValueError, RuntimeError, NoExecutor) as error:
            self.close()
            raise NoExecutor(f"cluster {address}: {one_line(str(error)) or 'nobody answers'}") from None
        hosts = [worker.rpartition(":")[0] for worker in threads]
        self._caller = Caller(versions(), os.getcwd(), max(map(hosts.count, hosts)))

    def submit(self, task: Task) -> int:
        self._submitted += 1
        number, self._tasks[self._submitted] = self._submitted, task
        if task.function in (zoo_is_kept, prepare_zoo):
            self._local.submit(task)
            ((_, self._open[number]),) = self._local.results()
            self._done.put(number)
            return number
        order = self._plugins.setdefault(task.plugin, len(self._plugins))  # one after the other: each is imported once
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that files are large
            sent = [self._send(name, files) for name, files in along(task)]
            future = self._client.submit(carry_out, task, self._caller, *sent, key=self._key(number), priority=-order)
        self._open[number] = future
        future.add_done_callback(lambda _: self._done.put(number))
        return number

    def _key(self, what: object) -> str:
        return f"orbitcheck-{id(self)}-{what}"

    def _send(self, name: str, files: Files) -> Any:
        """As a future, which dask makes again where the worker that holds it dies."""
        if name not in self._sent:
            self._sent[name] = self._client.submit(_same, files, key=self._key(name), priority=1)
        return self._sent[name]

    def results(self) -> Iterator[tuple[int, Answer | Lost]]:
        silent = 0
        while self._open:
            try:
                number = self._done.get(timeout=1)
            except queue.Empty:
                silent = 0 if self._client.status == "running" else silent + 1
                if silent > PATIENCE:
                    raise NoExecutor(f"cluster {self._address}: its scheduler is gone; go on with --resume") from None
                continue
            future = self._open.pop(number, None)
            if future is None:
                continue  # of a group that was given up
            answer, task = answered(future, PATIENCE), self._tasks.pop(number)
            self._since.pop(number, None)
            yield number, answer
            if isinstance(answer, Lost) and answer.why in FATAL and task.group:
                yield from self._after(task.group, number)

    def _after(self, group: str, number: int) -> Iterator[tuple[int, Lost]]:
        lost = self._fatal[group] = sorted([*self._fatal.get(group, []), number])
        for later in [each for each in self._open if self._tasks[each].group == group]:
            if len(lost) >= GIVEN_UP and later > lost[GIVEN_UP - 1]:
                self._open.pop(later).cancel()
                del self._tasks[later]
                self._since.pop(later, None)
                yield later, NOT_RUN

    def _begun(self, event: tuple[float, str]) -> None:
        number = event[1].removeprefix(self._key(""))
        if number.isdigit() and int(number) in self._open:
            self._since[int(number)] = time.monotonic()

    def running(self) -> list[tuple[Task, float]]:
        now, tasks = time.monotonic(), dict(self._tasks)
        return [(tasks[number], now - since) for number, since in list(self._since.items()) if number in tasks]

    def close(self) -> None:
        if self._client is not None:
            for future in self._open.values():
                if hasattr(future, "cancel"):
                    future.cancel()
            if self._client.status == "running":
                self._client.run(put_down, on_error="ignore")
            self._client.close(timeout=PATIENCE)
        if self._started is not None:
            self._started.close(timeout=PATIENCE)
        self._local.close()


def _same(files: Files) -> Files:
    return files
