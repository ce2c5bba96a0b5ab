"""What is sent to another machine along with a task, by content: files of plug-ins, and trained zoos."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from ...core.cache_folder import cache_folder
from ...core.cell import Cell
from ...core.registry import UnknownName
from ...plugins.discovery import parse_name
from ...zoo.entries import ZooError, read_bytes
from ...zoo.recipe import ZOOS
from ..executors import Executor, NoExecutor
from ..isolation.task import Answer, Lost, Task
from ..keeping.marker import is_ours
from ..provenance import zoos_kept
from ..tasks import zoo_is_kept

MOST, LARGEST = 5_000, 64 << 20
"""Files, and bytes of them, that are sent along with a plug-in."""


@dataclass(frozen=True)
class Files:
    """Of a plug-in under their absolute paths, of zoos under their names in the cache."""

    plugin: Mapping[str, bytes]
    zoo: Mapping[str, bytes]


def same(files: Files) -> Files:
    """What dask keeps under a name of its own, and makes again where the worker that holds it dies."""
    return files


class Sent:
    """What is there already: sent once, as a future, which dask makes again where the worker that holds it dies.

    Args:
        client: of the cluster.
        key: a name within it of what is called so.
    """

    def __init__(self, client: Any, key: Callable[[str], str]):
        self._client, self._key = client, key
        self._futures, self._copies = dict[str, Any](), Counter[str]()

    def future(self, name: str, files: Callable[[], Files]) -> Any:
        """Of the files of that name; anew where the worker that took them died."""
        if name not in self._futures or self._futures[name].status == "error":
            self._copies[name] += 1
            key = self._key(f"{name}-{self._copies[name]}")
            self._futures[name] = self._client.submit(same, files(), key=key, priority=1)
        return self._futures[name]


def along(task: Task) -> Iterator[tuple[str, Callable[[], Files]]]:
    """What goes along with a task, each part under a name of its own and read once it is called: the zoos that it reads, and the folder of
    its plug-in."""
    cell = next((each for each in task.arguments if isinstance(each, Cell)), None)
    for name in zoos_kept(cell) if cell else ():
        yield f"zoo {name}", partial(of_zoo, name)
    if task.plugin and (folder := plugin_folder(task.plugin)):
        yield f"folder {folder}", lambda: Files(files_under(folder), {})


def of_zoo(name: str) -> Files:
    """A trained zoo, with the page of a population of the user's own."""
    page = Path(name).absolute()
    return Files({str(page): page.read_bytes()} if page.is_file() else {}, zoo_files(name))


def about_zoo(task: Task, local: Executor) -> Answer | Lost:
    """The answer to a task about a zoo: here, where zoos are trained; one that is kept whole needs no process that imports torch."""
    with suppress(
        UnknownName, ZooError, OSError, ValueError
    ):  # a stranger's, which only a process with extensions knows; or damaged
        if task.function is zoo_is_kept and read_bytes(ZOOS[task.arguments[0]].stem) is not None:
            return Answer(True)
    local.submit(task)
    ((_, answer),) = local.results()
    return answer


def zoo_files(name: str) -> dict[str, bytes]:
    """The files of a trained zoo by their names; none if it is not trained."""
    found = [cache_folder() / "zoo" / f"{ZOOS[name].stem}{end}" for end in (".safetensors", ".json")]
    return {path.name: path.read_bytes() for path in found if path.is_file()}


def plugin_folder(plugin: str) -> Path | None:
    """The folder of a plug-in that is named by its file."""
    target, _, _ = parse_name(plugin.removesuffix(" (declaration)")).reference.rpartition(":")
    return Path(target).absolute().parent if target.endswith(".py") else None


@cache
def files_under(folder: Path) -> dict[str, bytes]:
    """The files of a folder by their absolute paths, without what is hidden, compiled, or a run's own.

    Raises:
        NoExecutor: they are more, or larger, than is sent.
    """
    found: dict[str, bytes] = {}
    size = 0
    for where, folders, names in os.walk(folder):
        folders[:] = [
            each for each in folders if each[0] != "." and each != "__pycache__" and not is_ours(Path(where, each))
        ]
        for path in (Path(where, name) for name in names if name[0] != "."):
            if path.is_file():
                found[str(path)] = path.read_bytes()
                size += len(found[str(path)])
        if len(found) > MOST or size > LARGEST:
            raise NoExecutor(
                f"{folder} has more than {MOST} files or {LARGEST >> 20} MiB to be sent along; move the plug-in's file"
            )
    return found
