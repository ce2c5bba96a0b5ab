"""In the process that measures: what the code of a plug-in asked of its surroundings, so that what has changed since is known.

Remembered are files that were opened for reading, files that were looked for and not found, and environment variables; by whom, Python's
stack says. What a library reads without Python (`safetensors`, HDF5) is found by `watching.py`, in the plug-in's own folders.
"""

from __future__ import annotations

import functools
import hashlib
import os
import sys
import sysconfig
import threading
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

from .imports import ROOT, TOPS

LARGEST = 10_000
"""Files that are remembered as opened or missed; a process that asks for more keeps no row."""
BORDER = tuple(str(ROOT / "harness" / "running" / name) for name in ("provenance.py", "tasks.py"))
"""What calls plug-ins: beyond a frame of these nothing is a plug-in's doing, and what stands on none of them is no plug-in's."""
SYSTEM = ("/proc", "/sys", "/dev")

opened = set[str]()
"""Files that this process opened for reading, or tried to."""
by_plugin = set[str]()
"""Those of them that the code of a plug-in asked for, directly or through a library."""
missed = set[str]()
"""Files that the code of a plug-in looked for when they were not there."""
imports = set[tuple[str, str]]()
"""Folder of the code of a plug-in, and what it imported, with success or without."""
variables = set[str]()
"""Environment variables that the code of a plug-in read, set or not."""
since: list[int] = []
"""When this process began to watch, in nanoseconds."""


def watch() -> None:
    """From now on all this is remembered; once a process, before any plug-in is imported."""
    if since:
        return
    since.append(time.time_ns())
    sys.addaudithook(_audit)
    told = _told_of_missing(os.stat)
    for able in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks):  # by which `shutil` chooses its ways
        if os.stat in able:
            able.add(told)
    os.stat = told
    environment: Any = type(os.environ)
    environment.__getitem__ = _told_of_variables(environment.__getitem__)


def countless() -> bool:
    """Whether more was asked for than is remembered."""
    return max(len(opened), len(missed), len(imports)) > LARGEST


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in ("open", "import") or countless():
        return
    try:
        if event == "import":
            importer = _nearest(sys._getframe(1))
            if importer is not None:
                imports.add((os.path.dirname(os.path.abspath(importer)), str(arguments[0])))
            return
        path, _, flags = arguments
        if isinstance(path, str | bytes) and flags & os.O_ACCMODE != os.O_WRONLY:
            here = os.path.abspath(os.fsdecode(path))
            opened.add(here)
            if here not in by_plugin and _any_plugin(sys._getframe(1)):
                by_plugin.add(here)
    except Exception:  # whatever a plug-in opens, opening it is not stopped by us
        return


def uninstalled() -> set[str]:
    """Top names of the modules that the code of a plug-in could not import."""
    return {module.partition(".")[0] for _, module in imports if module not in sys.modules}


def missing() -> set[str]:
    """Files that the code of a plug-in looked for when they were not there; of a module that it could not import, where it would lie."""
    found = set(missed)
    for folder, module in imports:
        if module not in sys.modules:
            beside = os.path.join(folder, module.replace(".", os.sep))
            found |= {f"{beside}.py", os.path.join(beside, "__init__.py")}
    return found


def _told_of_missing(stat: Callable[..., os.stat_result]) -> Callable[..., os.stat_result]:
    @functools.wraps(stat)
    def told(path: Any, *arguments: Any, **named: Any) -> os.stat_result:
        try:
            return stat(path, *arguments, **named)
        except (FileNotFoundError, NotADirectoryError):
            if isinstance(path, str | bytes | os.PathLike) and not countless() and _any_plugin(sys._getframe(1)):
                missed.add(os.path.abspath(os.fsdecode(path)))
            raise

    return told


def _told_of_variables(item: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    @functools.wraps(item)
    def told(environment: Any, name: Any) -> Any:
        if isinstance(name, str | bytes) and _nearest(sys._getframe(1)) is not None:
            variables.add(os.fsdecode(name))
        return item(environment, name)

    return told


def _any_plugin(frame: FrameType | None) -> bool:
    """Whether code of a plug-in is among those that wait for this, called by what calls plug-ins, or in a thread of its own."""
    found = False
    while frame is not None:
        file = frame.f_code.co_filename
        if _is_border(file):
            return found
        found = found or is_plugins(file)
        frame = frame.f_back
    return found and threading.get_ident() != threading.main_thread().ident


def _nearest(frame: FrameType | None) -> str | None:
    """The file of the nearest code that is not Python's own, if it is a plug-in's: what libraries read of the environment is theirs."""
    while frame is not None and _is_pythons(frame.f_code.co_filename):
        frame = frame.f_back
    file = "" if frame is None else frame.f_code.co_filename
    return file if file and not _is_border(file) and is_plugins(file) and _any_plugin(frame) else None


@cache
def _is_border(file: str) -> bool:
    return os.path.realpath(file) in BORDER


@cache
def _is_pythons(file: str) -> bool:
    return file.startswith("<frozen") or (under(file, standard()) and not under(file, site()))  # one lies in the other


@cache
def is_plugins(file: str) -> bool:
    """Whether a file of code is neither Python's, nor an installed library's, nor ours."""
    path = os.path.abspath(file)
    own = tuple(str(ROOT / top) for top in (*TOPS, "reports"))
    return not file.startswith("<") and not under(path, (*standard(), *site(), *own))


@cache
def standard() -> tuple[str, ...]:
    """Folders of Python's own modules."""
    return tuple({os.path.abspath(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")})


@cache
def site() -> tuple[str, ...]:
    """Folders of installed distributions on this process's path."""
    return tuple(os.path.abspath(entry) for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages"))


def under(path: str, folders: tuple[str, ...]) -> bool:
    """Whether a path is one of these or lies in one."""
    return any(path == folder or path.startswith(folder + os.sep) for folder in folders)


def environment_now() -> dict[str, str]:
    """Environment variable -> digest of its value, of all that are set."""
    return {name: hashlib.sha256(os.fsencode(value)).hexdigest()[:16] for name, value in dict(os.environ).items()}
