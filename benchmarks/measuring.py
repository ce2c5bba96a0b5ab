"""Time and memory of calls, measured side by side."""

from __future__ import annotations

import random
import statistics
import time
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter

Call = Callable[[], object]


def interleaved(
    calls: Sequence[Call],
    *,
    threads: int,
    budget: float,
    at_least: int,
    at_most: int,
    wait: Callable[[], None] = lambda: None,
) -> list[float]:
    """Median milliseconds of each call, all taken in every round, so that a change of the machine's speed meets them all.

    On one thread the clock is the processor time of this process, which other programs do not lengthen by waiting; on more
    it is the wall clock, as on a GPU. One round of warming up is not counted.

    Args:
        calls: what is compared.
        threads: how many of torch's threads are set; 0 on a GPU.
        budget: seconds after which no new round begins, once there are `at_least` rounds.
        at_least, at_most: number of rounds.
        wait: returns once the device is done.
    """
    clock = time.process_time if threads == 1 else time.perf_counter
    times: list[list[float]] = [[] for _ in calls]
    order, shuffle = list(range(len(calls))), random.Random(0).shuffle
    for call in calls:
        call()
    wait()
    started = time.perf_counter()
    while len(times[0]) < at_most and (len(times[0]) < at_least or time.perf_counter() - started < budget):
        shuffle(order)  # what ran before a call leaves its caches behind
        for number in order:
            begun = clock()
            calls[number]()
            wait()
            times[number].append(1e3 * (clock() - begun))
    return [statistics.median(taken) for taken in times]


class LiveBytes(TorchDispatchMode):
    """Counts the bytes of all tensors made under it, backward pass included; `peak` is the most that lived at one time.

    What a kernel takes for itself and gives back before it returns is not seen. The same on every machine.
    """

    def __init__(self) -> None:
        super().__init__()
        self.live = self.peak = 0
        self.known: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        before = {id(x.untyped_storage()) for x in tree_iter((args, kwargs)) if isinstance(x, torch.Tensor)}
        result = func(*args, **(kwargs or {}))
        for x in tree_iter(result):
            if isinstance(x, torch.Tensor):
                storage = x.untyped_storage()
                if id(storage) not in self.known and id(storage) not in before:
                    self.known.add(id(storage))
                    self.live += storage.nbytes()
                    weakref.finalize(storage, self.free, id(storage), storage.nbytes())
        self.peak = max(self.peak, self.live)
        return result

    def free(self, number: int, size: int) -> None:
        self.known.discard(number)
        self.live -= size


def peak_bytes(call: Call) -> int:
    """The most bytes of tensors, made by the call, that live at one time."""
    with LiveBytes() as counter:
        call()
    return counter.peak
