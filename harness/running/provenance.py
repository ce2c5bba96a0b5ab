"""What a row was made of, taken where it was measured and compared before it is used again (protocol.md, section 7).

A kept row is used again only if its cell, the modules of orbitcheck that its measurement imports, every module and file of its
plug-in, all versions, torch's configuration, the device, the zoos that it reads and, where one ended it, its limit are the same.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from typing import Any

from ..checks import CHECK_KINDS
from ..core.cache_folder import cache_folder
from ..core.cell import WEIGHTS, Cell
from ..core.cleaning import BorderError, parsed
from ..core.registry import UnknownName
from ..core.result import canonical_json
from ..plugins.discovery import load, parse_name
from ..zoo.manifest import split_reference
from ..zoo.recipe import ZOOS
from .keeping.asked import EVERY, environment_now, watch
from .keeping.files import CHECKPOINTS
from .keeping.imports import EVALUATION, source_digest
from .keeping.watching import ABSENT, CHANGED, configuration, digest_of, imported_by, made_of
from .tasks import evaluate_cell

VERSION = version("orbitcheck")
LIBRARIES = ("torch", "numpy", "scipy", "canonaut", "scikit-learn")
Limit = float | list[float] | None
"""Seconds that a row may take; with the bytes that it may have resident, where the user said how many."""
CONFIGURED = ("python", "torch", "device")


def environment(device: str, jobs: int, time_limit: float | None, memory_limit: int | None = None) -> dict[str, Any]:
    """Where and with what a run is made, as plain JSON."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        **{name: _version(name) for name in LIBRARIES},
        "platform": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "jobs": jobs,
        "threads": 1,
        "device": device,
        "time_limit": time_limit,
        "memory_limit": memory_limit,
        "seeds": "SHA-256 of each row's own content",
    }


def measured(cell: Cell, device: str, directory: Path) -> dict[str, Any]:
    """A task: one row as plain JSON, and beside it what it was made of in this process."""
    watch()
    configured = configuration(device)
    besides = (os.path.abspath(directory), os.path.abspath(cache_folder()))
    row = evaluate_cell(cell, device, directory / CHECKPOINTS, Making(cell, device, besides))
    row["place"] = {"device": configured["device"], "machine": platform.node()}
    return {"row": row, "made": made_of(device, besides)}


def loaded(name: str, device: str) -> dict[str, Any]:
    """A task: the plug-in's own files as they would be loaded now, torch's configuration and the device; for `WEIGHTS` these alone."""
    watch()
    found = {"content": {}, "variables": environment_now(), "folder": os.getcwd(), **configuration(device)}
    if name != WEIGHTS:
        made = load(parse_name(name)).factory
        module = sys.modules.get(getattr(made, "__module__", ""))
        file = getattr(module, "__file__", None)
        known = made_of(device, ())["content"]  # sorts the modules that are there
        if isinstance(file, str) and os.path.abspath(file) in known:
            found["content"] = imported_by(os.path.abspath(file))
    return found


class Making:
    """What the state of an interrupted training depends on: as a row does."""

    def __init__(self, cell: Cell, device: str, besides: tuple[str, ...]):
        self._cell, self._device, self._besides = cell, device, besides

    def told(self) -> str:
        """All of it so far, as text."""
        made = made_of(self._device, self._besides)
        return canonical_json({"cell": self._cell.content, **completed(made, self._cell)})

    def believes(self, text: str) -> bool:
        """Whether a state that says so is this training's."""
        try:
            then = parsed(text)
        except BorderError:
            return False
        if not isinstance(then, dict) or then.get("cell") != self._cell.content:
            return False
        now = {**made_of(self._device, self._besides), "variables": environment_now(), "folder": os.getcwd()}
        return not Present({self._cell.architecture: now}).why_not(then, self._cell)


@dataclass
class Present:
    """What rows would be made of now.

    Args:
        loaded: of every architecture what `loaded` says; of one that does not load there is nothing.
    """

    loaded: Mapping[str, Mapping[str, Any]]
    _files: dict[str, str] = field(default_factory=dict)

    def why_not(self, made: Mapping[str, Any] | None, cell: Cell, limit: Limit = None) -> str:
        """The first thing that a row of that cell depends on and that is not what it was; nothing if all is the same.

        Args:
            made: what it was made of.
            limit: the limits that it would have now, if it ended by one.
        """
        now = self.loaded.get(cell.architecture)
        try:
            if made is None or now is None or made.get("countless"):
                return "what it depends on is not known"
            for name in CONFIGURED:
                if made[name] != now[name]:
                    return f"another {name}"
            if made["limit"] is not None and made["limit"] != limit:
                return "another limit"
            for path, digest in {**made["content"], **now["content"]}.items():
                if made["content"].get(path) != digest or digest == CHANGED or self._digest(path) != digest:
                    return f"{path} {'is there now' if made['content'].get(path) == ABSENT else 'changed'}"
            if made["folder"] not in ("", now["folder"]):
                return "another working folder, in which it names a file"
            for name, told in made["variables"].items():
                if now["variables"].get(name) != told:
                    which = "names of the environment variables" if name == EVERY else f"environment variable {name}"
                    return f"the {which} changed"
            if made["zoos"] != zoos_kept(cell):
                return "another zoo"
            for top, told in made["versions"].items():
                if versions_of(top) != told:
                    return f"another version of {top}"
            if made["harness"] != _harness(cell, made["roots"]):
                return "orbitcheck changed"
        except (KeyError, TypeError, AttributeError):
            return "what it depends on is not known"
        return ""

    def _digest(self, path: str) -> str:
        if path not in self._files:
            self._files[path] = digest_of(path)
        return self._files[path]


def completed(made: Mapping[str, Any], cell: Cell, limit: Limit = None) -> dict[str, Any]:
    """What a worker says that a row was made of, with all that need not be asked of a worker."""
    rest = {key: value for key, value in made.items() if key != "tops"}
    return {
        **rest,
        "versions": {top: versions_of(top) for top in made["tops"]},
        "harness": _harness(cell, made["roots"]),
        "zoos": zoos_kept(cell),
        "limit": limit,
    }


def _harness(cell: Cell, roots: Iterable[str]) -> str:
    """The digest of what measures the cell, and of what its plug-in imports of orbitcheck."""
    own = CHECK_KINDS[cell.kind].measurement.partition(":")[0]
    return source_digest((EVALUATION, own, *sorted(map(str, roots))))


def zoos_kept(cell: Cell) -> dict[str, str | None]:
    """The zoos that a row reads -> the SHA-256 of their weights, as they are kept here; None for one that is not."""
    names = {split_reference(reference)[0] for reference in CHECK_KINDS[cell.kind].needs(cell.parameters)}
    return {name: zoo_kept(name) for name in sorted(names)}


def zoo_kept(name: str) -> str | None:
    """The SHA-256 of a zoo's weights as they are kept here; None of one that is not."""
    try:
        zoo = ZOOS[name]
        record = json.loads((cache_folder() / "zoo" / f"{zoo.stem}.json").read_bytes())
        return str(record["sha256"])
    except (UnknownName, OSError, ValueError, KeyError, TypeError):
        return None


@cache
def _installed() -> Mapping[str, list[str]]:
    return packages_distributions()


@cache
def versions_of(top: str) -> str:
    """The distributions that a top name belongs to, with their versions."""
    return ", ".join(f"{name} {_version(name)}" for name in sorted(set(_installed().get(top, ()))))


@cache
def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
