"""An executor as a stranger would write it: one child process that carries the tasks out one after the other."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from orbitcheck.harness.running.executors import Answer, Lost, Task

CHILD = """
import os, pickle, sys, torch
torch.set_num_threads(1)
answers, sys.stdout = os.fdopen(os.dup(1), "wb"), sys.stderr
os.dup2(2, 1)
while True:
    try:
        task = pickle.load(sys.stdin.buffer)
    except EOFError:
        break
    pickle.dump(task.function(*task.arguments), answers)
    answers.flush()
"""


class OneChild:
    def __init__(self, jobs: int, log: Path | None):
        self._child = subprocess.Popen(
            [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._waiting: deque[tuple[int, Task]] = deque()
        self._submitted = 0

    def submit(self, task: Task) -> int:
        self._submitted += 1
        self._waiting.appendleft((self._submitted, task))  # the last first: no order is promised
        return self._submitted

    def results(self) -> Iterator[tuple[int, Answer | Lost]]:
        stdin: Any = self._child.stdin
        while self._waiting:
            number, task = self._waiting.popleft()
            stdin.write(pickle.dumps(task))
            stdin.flush()
            try:
                yield number, Answer(pickle.load(self._child.stdout))  # type: ignore[arg-type]
            except EOFError:
                yield number, Lost("its process ended")

    def running(self) -> list[tuple[Task, float]]:
        return []

    def close(self) -> None:
        self._child.communicate()
