"""Which worker of a cluster has which tasks, as far as whoever hands them out knows."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

LOOKED = 5
"""Seconds between looks at which workers there are."""


class Loads:
    """The workers of a client's cluster, and the tasks that were given to each.

    Args:
        client: of the cluster.
        ahead: tasks that a worker has at a time.
    """

    def __init__(self, client: Any, ahead: int):
        self._client, self._ahead, self._looked = client, ahead, -LOOKED
        self.workers = list[str]()
        self.serves = dict[str, str]()
        self._load, self._stray = Counter[str](), set[int]()
        self._at = dict[int, tuple[str, int]]()

    def look(self, open_: Mapping[int, Any]) -> set[int]:
        """See who is there, if that was long ago. Of the tasks that are open those that no worker has, twice: dask forgets what was meant
        for a worker that is gone."""
        if time.monotonic() <= self._looked + LOOKED:
            return set()
        self.workers, self._looked = list(self._client.nthreads()), time.monotonic()
        had = {key for keys in self._client.processing().values() for key in keys}
        waiting = {number for number in self._at if open_[number].status == "pending" and open_[number].key not in had}
        lost = waiting & self._stray
        self._stray = waiting - lost
        return lost

    def look_soon(self) -> None:
        """A worker is gone."""
        self._looked = -LOOKED

    def emptied(self) -> str | None:
        """The worker that has least to do."""
        return min(self.workers, key=lambda worker: self._load[worker], default=None)

    def idle(self, worker: str) -> bool:
        return not self._load[worker]

    def free(self, but: str | None) -> list[str]:
        """Workers that can take a task, each as often as it can, without that one."""
        others = [each for each in self.workers if each != but]
        return [each for turn in range(self._ahead) for each in others if self._load[each] + turn < self._ahead]

    def give(self, number: int, worker: str, plugin: str, alone: bool) -> None:
        """The worker has that task, and no room for others if it is to be alone."""
        weight = self._ahead if alone else 1
        self._at[number], self.serves[worker] = (worker, weight), plugin
        self._load[worker] += weight

    def put_down(self, number: int) -> None:
        """No worker has it any more."""
        worker, weight = self._at.pop(number, ("", 0))
        self._load[worker] -= weight
