"""The executor on a dask cluster: every task is carried out by some worker of it, isolated there as it would be here.

Files of plug-ins, with all that lies beside them, and zoos, which are trained here, go to the workers by content. A worker that dies
loses nothing: others carry its tasks out. What is pickled between client and workers is ours, never a plug-in's.
"""

from __future__ import annotations

import os
import queue
import time
import warnings
from collections import Counter, deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..executors import NoExecutor
from ..isolation.task import FATAL, GIVEN_UP, NOT_RUN, Answer, Lost, Task, Waiting
from ..tasks import prepare_zoo, zoo_is_kept
from ..workers import PASSING, Workers
from .loads import Loads
from .opening import PATIENCE, opened
from .sent import Sent, about_zoo, along
from .there import KILLED, Caller, answered, carry_out, put_down, versions

AHEAD = 2  # tasks that a worker has at a time, so that it need not wait for the next one


class Cluster:
    """Tasks on the workers of a dask scheduler; as many at a time as it has workers.

    Args:
        log: as for workers here; what plug-ins print on the cluster stays there.
        address: as for `opened`, which says what is raised.
    """

    def __init__(self, jobs: int, log: Path | None, address: str = "local:2"):
        self._address, self._local = address, Workers(1, log)
        self._tasks, self._open = dict[int, Task](), dict[int, Any]()
        self._submitted, self._waiting = 0, Waiting()
        self._alone, self._tries, self._given = deque[int](), Counter[int](), 0
        self._fatal, self._since = dict[str, list[int]](), dict[int, float]()
        self._done: queue.SimpleQueue[int] = queue.SimpleQueue()
        try:
            scratch = (log.absolute().parent if log else Path.cwd()) / PASSING / "dask"
            self._opened = opened(address, scratch, self._begun)
        except NoExecutor:
            self._local.close()
            raise
        self._client = self._opened.client
        self._sent, self._loads = Sent(self._client, self._key), Loads(self._client, AHEAD)
        hosts = [worker.rpartition(":")[0] for worker in self._client.nthreads()]
        self._caller = Caller(versions(), os.getcwd(), max(map(hosts.count, hosts), default=1))

    def submit(self, task: Task) -> int:
        self._submitted += 1
        self._tasks[self._submitted] = task
        if task.function in (zoo_is_kept, prepare_zoo):
            self._open[self._submitted] = about_zoo(task, self._local)
            self._done.put(self._submitted)
        else:
            self._waiting.add(self._submitted, task.plugin)
        return self._submitted

    def _hand_out(self) -> None:
        """To each worker what comes next of its plug-in; what a dead one had, alone at one that has nothing else: no neighbour kills it."""
        for number in self._loads.look(self._open):
            self._open.pop(number).cancel()
            self._loads.put_down(number)
            self._alone.append(number)
        emptied = self._loads.emptied() if self._alone else None
        if emptied is not None and self._loads.idle(emptied):
            self._give(self._alone.popleft(), emptied, alone=True)
        serves = self._loads.serves
        for worker in self._loads.free(emptied):
            if (number := self._waiting.next({serves.get(worker, "")}, serves.values())) is None:
                return
            if number in self._tasks:  # else of a group that was given up
                self._give(number, worker)

    def _give(self, number: int, worker: str, alone: bool = False) -> None:
        task = self._tasks[number]
        self._loads.give(number, worker, task.plugin, alone)
        self._given += 1
        where: Any = {"workers": [worker], "allow_other_workers": True, "key": self._key(f"{number}-{self._given}")}
        with warnings.catch_warnings(action="ignore"):  # that files are large
            sent = [self._sent.future(name, files) for name, files in along(task)]
            self._open[number] = self._client.submit(carry_out, task, self._caller, *sent, **where)
        self._open[number].add_done_callback(lambda _: self._done.put(number))

    def _key(self, what: object) -> str:
        return f"orbitcheck-{id(self)}-{what}"

    def results(self) -> Iterator[tuple[int, Answer | Lost]]:
        silent = 0
        while self._tasks:
            self._hand_out()
            try:
                number = self._done.get(timeout=1)
            except queue.Empty:
                silent = 0 if self._client.status == "running" else silent + 1
                if silent > PATIENCE:
                    raise NoExecutor(f"cluster {self._address}: its scheduler is gone; go on with --resume") from None
                continue
            if number in self._open:  # else of a group that was given up
                answer, task = answered(self._open.pop(number), PATIENCE), self._tasks[number]
                self._loads.put_down(number)
                self._since.pop(number, None)
                if answer == KILLED:
                    self._tries[number] += 1
                    self._loads.look_soon()
                    if self._tries[number] < self._opened.tries:
                        self._alone.append(number)
                        continue
                del self._tasks[number]
                yield number, answer
                if isinstance(answer, Lost) and answer.why in FATAL and task.group:
                    yield from self._after(task.group, number)

    def _after(self, group: str, number: int) -> Iterator[tuple[int, Lost]]:
        lost = self._fatal[group] = sorted([*self._fatal.get(group, []), number])
        for later in [each for each, task in self._tasks.items() if task.group == group]:
            if len(lost) >= GIVEN_UP and later > lost[GIVEN_UP - 1]:
                if later in self._open:
                    self._open.pop(later).cancel()
                self._loads.put_down(later)
                self._since.pop(later, None)
                if later in self._alone:
                    self._alone.remove(later)
                del self._tasks[later]
                yield later, NOT_RUN

    def _begun(self, event: tuple[float, str]) -> None:
        number = event[1].removeprefix(self._key("")).partition("-")[0]
        if number.isdigit() and int(number) in self._open:
            self._since[int(number)] = time.monotonic()

    def running(self) -> list[tuple[Task, float]]:
        now, tasks = time.monotonic(), dict(self._tasks)
        return [(tasks[number], now - since) for number, since in list(self._since.items()) if number in tasks]

    def close(self) -> None:
        for future in (each for each in self._open.values() if not isinstance(each, Answer | Lost)):
            future.cancel()
        if self._client.status == "running":
            self._client.run(put_down, on_error="ignore")
        self._opened.close()
        self._local.close()
