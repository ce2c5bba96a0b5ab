"""In the process that measures: what the code of a plug-in asked of its surroundings, so that what has changed since is known.

Remembered are files that were opened, looked at, or looked for and not found, folders that were listed, links that were read, and
environment variables. What a library reads without Python (`safetensors`, HDF5) is found by `watching.py`, in the plug-in's own folders;
what another process reads is not known. Files that compiled code maps into memory are known as long as they are mapped, and those of
`torch.from_file` in any case.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, ParamSpec, TypeVar

from ..isolation.variables import OURS
from . import whose

LARGEST = 10_000
"""Files that are remembered as opened or missed; a process that asks for more keeps no row."""
SYSTEM = ("/proc", "/sys", "/dev")
PROCESSES = {"os.fork", "os.forkpty", "os.posix_spawn", "os.exec", "os.spawn", "os.system", "subprocess.Popen"}
"""Events of Python by which another process begins."""
EVERY = "*"
"""Stands among the variables where the names of all were asked for."""
NAMES, TARGET = "/", "//"
"""Ends of a path under which a folder's listing, or a link's target, is known; no path of a file has one."""

opened = set[str]()
"""Files that this process opened for reading, or tried to."""
by_plugin = set[str]()
"""Those of them that the code of a plug-in asked for, directly or through a library; and files and folders that it looked at."""
missed = set[str]()
"""Files that the code of a plug-in looked for when they were not there."""
imports = set[tuple[str, str]]()
"""Folder of the code of a plug-in, and what it imported, with success or without."""
variables = set[str]()
"""Environment variables that the code of a plug-in read, set or not."""
first = dict[str, str]()
"""Path with `NAMES` or `TARGET` -> digest of what was listed or read there, when that was asked for first."""
mapped_before = set[str]()
"""Files that were mapped into memory when this process began to watch."""
beyond = set[str]()
"""What the code of a plug-in did of which nobody knows what it read; `relative` where it named a file relative to the working folder."""
since: list[int] = []
"""When this process began to watch, in nanoseconds."""
RELATIVE = "relative"
P = ParamSpec("P")
T = TypeVar("T")
_own = threading.local()


def watch() -> None:
    """From now on all this is remembered; once a process, before any plug-in is imported."""
    if since:
        return
    since.append(time.time_ns())
    mapped_before.update(_mapped())
    sys.addaudithook(_audit)
    for name in ("stat", "lstat"):
        told = _told_of_files(getattr(os, name))
        for able in (
            os.supports_dir_fd,
            os.supports_fd,
            os.supports_follow_symlinks,
        ):  # by which `shutil` chooses its ways
            if getattr(os, name) in able:
                able.add(told)
        setattr(os, name, told)
    access = _told_of_access(os.access)
    for able in (os.supports_dir_fd, os.supports_effective_ids, os.supports_follow_symlinks):
        if os.access in able:
            able.add(access)
    os.access = access
    os.readlink = _told_of_links(os.readlink)
    _watch_torch()
    environment: Any = type(os.environ)
    environment.__getitem__ = _told_of_variables(environment.__getitem__)
    environment.__iter__ = _told_of_all_variables(environment.__iter__)


def forget() -> None:
    """Nothing was asked for yet."""
    for remembered in (opened, by_plugin, missed, imports, variables, first, beyond):
        remembered.clear()
    mapped_before.update(_mapped())


def countless() -> bool:
    """Whether more was asked for than is remembered, or in a way of which nothing is known."""
    return max(len(opened), len(missed), len(imports), len(first)) > LARGEST or bool(beyond - {RELATIVE})


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if countless() or getattr(_own, "asks", False):
        return
    try:
        if event == "import":
            importer = _nearest(sys._getframe(1))
            if importer is not None:
                imports.add((os.path.dirname(os.path.abspath(importer)), str(arguments[0])))
        elif event in ("open", "sqlite3.connect"):
            path, *rest = arguments
            if isinstance(path, str | bytes | os.PathLike) and (not rest or rest[1] & os.O_ACCMODE != os.O_WRONLY):
                here = os.path.abspath(os.fsdecode(path))
                opened.add(here)
                if (here not in by_plugin or not os.path.isabs(path)) and _any_plugin(sys._getframe(1)):
                    by_plugin.add(here)
                    _noted_relative(path)
        elif event in ("os.listdir", "os.scandir"):
            frame = sys._getframe(1)
            if not frame.f_code.co_filename.startswith("<frozen importlib") and _any_plugin(frame):
                _note(os.path.abspath(os.fsdecode(arguments[0] or ".")) + NAMES, arguments[0] or ".")
        elif event in PROCESSES and _any_plugin(sys._getframe(1)):
            beyond.add(event)
    except Exception:  # whatever a plug-in opens, opening it is not stopped by us
        return


def _unwatched(look: Callable[P, T]) -> Callable[P, T]:
    """What we look at ourselves is none of a plug-in's doing."""

    @functools.wraps(look)
    def looks(*arguments: P.args, **named: P.kwargs) -> T:
        before, _own.asks = getattr(_own, "asks", False), True
        try:
            return look(*arguments, **named)
        finally:
            _own.asks = before

    return looks


_any_plugin, _nearest = _unwatched(whose.any_plugin), _unwatched(whose.nearest)


def _note(key: str, path: Any) -> None:
    """What a listing or a link says now, unless it is known what it said before."""
    _noted_relative(path)
    if key not in first:
        first[key] = told_by(key)


def _noted_relative(path: Any) -> None:
    if not os.path.isabs(os.fsdecode(path)):
        beyond.add(RELATIVE)


@_unwatched
def told_by(key: str) -> str:
    """Digest of the names in a folder, or of a link's target; nothing where there is none. Folders of runs, and what Python keeps of
    modules that it compiled, are no names."""
    try:
        if key.endswith(TARGET):
            return hashlib.sha256(os.fsencode(_readlink(key.removesuffix(TARGET)))).hexdigest()
        names = [each.name for each in os.scandir(key) if each.name != "__pycache__" and not _of_a_run(each)]
    except OSError:
        return ""
    return hashlib.sha256("\0".join(sorted(names)).encode("utf-8", "surrogateescape")).hexdigest()


def _of_a_run(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir() and os.path.exists(os.path.join(entry.path, ".orbitcheck-run.json"))


_readlink = os.readlink


def _watch_torch() -> None:
    """What maps a file in compiled code, of which Python hears nothing and which may be let go before the row ends."""
    torch = sys.modules.get("torch")
    for owner in (torch, getattr(torch, "UntypedStorage", None)):
        if owner is not None:
            owner.from_file = _told_of_mapping(owner.from_file)  # type: ignore[attr-defined]


def _told_of_mapping(made: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(made)
    def told(filename: Any, *arguments: Any, **named: Any) -> Any:
        _looked(filename, os.path.exists(filename))
        return made(filename, *arguments, **named)

    return told


def mapped() -> set[str]:
    """Files of data that were mapped into this process since it began to watch, by whatever code, and still are; ` (deleted)` stands
    behind one that is there no more. Asked anew if there is more or less memory than at the last row: a mapping is some."""
    size = _pages()
    if not size or _last_mapped[0] != size:
        _last_mapped[:] = size, _mapped()
    return _last_mapped[1] - mapped_before


def _pages() -> bytes:
    try:
        with open("/proc/self/statm", "rb") as file:
            return file.read().partition(b" ")[0]
    except OSError:  # not on this system
        return b""


def _mapped() -> set[str]:
    """Paths that memory is mapped from, without libraries: of these some part can be executed."""
    try:
        with open("/proc/self/maps", "rb") as file:
            found = _MAPPING.findall(file.read())
    except OSError:
        return set()
    code = {path for flags, path in found if b"x" in flags}
    return {os.fsdecode(path) for _, path in found if path not in code and not path.startswith(_NO_FILES)}


_last_mapped: list[Any] = [b"", set()]
_MAPPING = re.compile(rb"^\S+ (\S+) \S+ \S+ [1-9]\d* +(/.*)$", re.MULTILINE)
_NO_FILES = (b"/dev/", b"/memfd:", b"/SYSV", b"/anon_hugepage", b"/proc/", b"/sys/")


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


def _looked(path: Any, there: bool) -> None:
    """The code of a plug-in looked whether a file is there, or what it is."""
    if isinstance(path, str | bytes | os.PathLike) and not countless() and not getattr(_own, "asks", False):
        here = os.path.abspath(os.fsdecode(path))
        if here not in (by_plugin if there else missed) and _any_plugin(sys._getframe(2)):
            _noted_relative(path)
            if there:
                opened.add(here)
                by_plugin.add(here)
            else:
                missed.add(here)


def _told_of_files(stat: Callable[..., os.stat_result]) -> Callable[..., os.stat_result]:
    @functools.wraps(stat)
    def told(path: Any, *arguments: Any, **named: Any) -> os.stat_result:
        try:
            found = stat(path, *arguments, **named)
        except (FileNotFoundError, NotADirectoryError):
            _looked(path, False)
            raise
        _looked(path, True)
        return found

    return told


def _told_of_access(access: Callable[..., bool]) -> Callable[..., bool]:
    @functools.wraps(access)
    def told(path: Any, *arguments: Any, **named: Any) -> bool:
        found = access(path, *arguments, **named)
        _looked(path, found)
        return found

    return told


def _told_of_links(readlink: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(readlink)
    def told(path: Any, *arguments: Any, **named: Any) -> Any:
        found = readlink(path, *arguments, **named)
        if not countless() and not getattr(_own, "asks", False) and _any_plugin(sys._getframe(1)):
            _note(os.path.abspath(os.fsdecode(path)) + TARGET, path)
        return found

    return told


def _told_of_variables(item: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    @functools.wraps(item)
    def told(environment: Any, name: Any) -> Any:
        if isinstance(name, str | bytes) and os.fsdecode(name) not in OURS and _nearest(sys._getframe(1)) is not None:
            variables.add(os.fsdecode(name))
        return item(environment, name)

    return told


def _told_of_all_variables(names: Callable[[Any], Iterator[Any]]) -> Callable[[Any], Iterator[Any]]:
    @functools.wraps(names)
    def told(environment: Any) -> Iterator[Any]:
        if _nearest(sys._getframe(1)) is not None:
            variables.add(EVERY)
        return names(environment)

    return told


def environment_now() -> dict[str, str]:
    """Environment variable -> digest of its value, of all that are set; under `EVERY` that of their names."""
    found = {name: hashlib.sha256(os.fsencode(value)).hexdigest()[:16] for name, value in dict(os.environ).items()}
    names = "\0".join(sorted(found.keys() - OURS))
    return {**found, EVERY: hashlib.sha256(os.fsencode(names)).hexdigest()[:16]}
