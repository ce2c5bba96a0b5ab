"""A task on a worker of a cluster: carried out by a pool of its own, with the caller's files; its words name the caller's paths.

A worker keeps one pool, whose processes each serve one plug-in, and carries out one task at a time.
"""

from __future__ import annotations

import json
import os
import platform
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from ...core.cache_folder import cache_folder
from ...core.cleaning import one_line
from ...plugins.discovery import SHIPPED
from ..isolation.limits import memory_limit
from ..isolation.processes import memory_of_machine
from ..isolation.task import Answer, Loss, Lost, Task
from ..keeping.files import PLUGIN_OUTPUT, write_atomically
from ..keeping.imports import EVALUATION, source_digest
from ..provenance import LIBRARIES, VERSION, environment
from ..workers import Workers
from .sent import Files

BEGUN = "orbitcheck-begun"
"""Under this dask tells who asks for it the keys of tasks as workers begin them."""

KILLED = Lost("crashed: every worker that carried it out died, one after the other", Loss.CRASHED)


@dataclass(frozen=True)
class Caller:
    """What a worker must know of who asks: its versions, its working folder, and how many workers one machine has at most."""

    versions: Mapping[str, str]
    folder: str
    beside: int


@cache
def versions() -> dict[str, str]:
    """What must be the same on both sides: orbitcheck, by its version and its measuring modules, Python and the libraries."""
    told = environment("cpu", 1, None)
    return {
        "orbitcheck": f"{VERSION} ({source_digest((EVALUATION,))[:12]})",
        **{name: str(told[name]) for name in ("python", *LIBRARIES)},
    }


def refusal(own: Mapping[str, str], found: Mapping[str, Mapping[str, str]], threads: Mapping[str, int]) -> str:
    """Why a worker cannot measure for this caller, in one line; empty if all can.

    Args:
        own: the caller's `versions`.
        found: worker -> its versions.
        threads: worker -> how many tasks it would carry out at a time.
    """
    for worker, theirs in found.items():
        other = [f"{name} {theirs.get(name)}, not {told}" for name, told in own.items() if theirs.get(name) != told]
        if threads.get(worker, 1) != 1:
            other.append(f"{threads[worker]} threads; start it with --nthreads 1")
        if other:
            return f"the worker {worker} has {other[0]}"
    return ""


def answered(future: Any, patience: float) -> Answer | Lost:
    """What became of a task; of one that killed its workers, or that the cluster lost, it says so."""
    if isinstance(future, Answer | Lost):
        return future
    try:
        return future.result(timeout=patience)
    except Exception as error:
        if type(error).__name__ == "KilledWorker":
            return KILLED
        return Lost(f"{type(error).__name__}: {one_line(str(error))}", Loss.RAISED)


_one = threading.Lock()
_pools: dict[Path, Workers] = {}


def carry_out(task: Task, caller: Caller, *sent: Files) -> Answer | Lost:
    """The answer to one task, as the pool of the caller's own machine would give it."""
    if versions() != caller.versions:  # of a worker that came later
        return Lost(f"a worker of the cluster, {platform.node()}, has other versions than the caller")
    with _one:
        root = _home()
        _tell_begun()
        for files in sent:
            _write({root / path.lstrip(os.sep): content for path, content in files.plugin.items()})
            _write({cache_folder() / "zoo" / name: content for name, content in files.zoo.items()})
        folder = root / caller.folder.lstrip(os.sep)
        folder.mkdir(parents=True, exist_ok=True)
        os.chdir(folder)
        os.environ[SHIPPED] = str(root)
        pool = _pools.get(root) or _pools.setdefault(root, Workers(1, root / PLUGIN_OUTPUT))
        arguments = tuple(root / "run" if isinstance(each, Path) else each for each in task.arguments)
        memory = memory_limit(memory_of_machine(), caller.beside, task.memory)
        pool.submit(replace(task, arguments=arguments, memory=memory, group=""))
        ((_, answer),) = pool.results()
    # The files lie deeper here than there.
    if isinstance(answer, Lost):
        return replace(answer, reason=answer.reason.replace(str(root), ""))
    text = json.dumps(answer.value).replace(json.dumps(str(root))[1:-1], "")
    return Answer(json.loads(text), f"{platform.node()}:{answer.process}")


def put_down() -> None:
    """End the pool, unless it is at work; a task that is going on ends by itself."""
    if _one.acquire(blocking=False):
        try:
            while _pools:
                _pools.popitem()[1].close()
        finally:
            _one.release()


def _home() -> Path:
    """The worker's own scratch folder, which is removed with it."""
    from distributed import get_worker

    place: Any = get_worker()
    return Path(place.local_directory).resolve() / "orbitcheck"


def _tell_begun() -> None:
    """To whoever asked, that this task is no longer waiting; nobody hears it outside a cluster."""
    from distributed import get_worker

    with suppress(ValueError):
        place: Any = get_worker()
        place.log_event(BEGUN, place.get_current_task())


def _write(files: Mapping[Path, bytes]) -> None:
    for path, content in files.items():
        if not path.is_file() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, content)
