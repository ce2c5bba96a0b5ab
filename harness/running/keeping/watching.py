"""In the process that measures: which modules and files a row was made of, with the content that they had when it was made.

Modules and files of a plug-in count by content, as do those of distributions that were installed from a folder or another direct URL
(PEP 610); all other distributions count by version. A file that changed after this process began counts as never the same, since
nobody knows which of its contents was read (protocol.md, section 7).
"""

from __future__ import annotations

import hashlib
import json
import operator
import os
import platform
import re
import sys
import sysconfig
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from .imports import PACKAGE, ROOT, named_in

LARGEST = 10_000
"""Files that are remembered as opened; a process that opens more keeps no row."""
UNSEEN = {"safetensors": (".safetensors",), "h5py": (".h5", ".hdf5")}
"""Readers that open files where Python does not see it -> the endings of what they read: such files beside a plug-in all count."""
NUMERIC = ("ATEN_", "CUBLAS_", "DNNL_", "MKL_", "NVIDIA_TF32", "ONEDNN_", "PYTORCH_", "TORCH_")
"""Beginnings of the environment variables that change what torch computes."""
HARNESS = str(ROOT / "harness")
ARCHITECTURES = f"{PACKAGE}.architectures."
CHANGED = "changed while it was in use"
"""Stands where a content's digest stands that nobody knows."""

_opened: set[str] = set()
_since: list[int] = []
_seen: dict[str, tuple[tuple[int, ...], str]] = {}
_sorted: dict[str, tuple[object, tuple[str, str] | None]] = {}
_configured: dict[str, dict[str, Any]] = {}


def watch() -> None:
    """From now on every file that this process opens for reading is remembered; once a process, before any plug-in is imported."""
    if not _since:
        _since.append(time.time_ns())
        sys.addaudithook(_audit)


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "open" or len(_opened) > LARGEST:
        return
    try:
        path, _, flags = arguments
        if isinstance(path, str | bytes) and flags & os.O_ACCMODE != os.O_WRONLY:
            _opened.add(os.path.abspath(os.fsdecode(path)))
    except Exception:  # whatever a plug-in opens, opening it is not stopped by us
        return


def made_of(kind_of_device: str, besides: tuple[str, ...]) -> dict[str, Any]:
    """What a row of this process is made of so far, as plain JSON.

    Args:
        kind_of_device: where networks run.
        besides: folders of the run itself, whose files count for nothing.
    """
    imported = _imported()
    found = {path: _content(path) for path in imported.files}
    folders = imported.folders
    for path in sorted(_opened):
        if _under(path, folders) and not _under(path, besides) and not path.endswith(".pyc") and os.path.isfile(path):
            found[path] = _content(path)
    for path in _unseen(folders, besides):
        found[path] = _content(path)
    return {
        "content": found,
        "tops": list(imported.tops),
        "roots": list(imported.roots),
        "countless": len(_opened) > LARGEST,
        **configuration(kind_of_device),
    }


@dataclass(frozen=True)
class _Imported:
    """What the modules of this process come to: files that count by content with their folders, top names that count by version, and
    modules of orbitcheck that plug-ins name."""

    modules: Mapping[str, object]
    files: tuple[str, ...]
    folders: tuple[str, ...]
    tops: tuple[str, ...]
    roots: tuple[str, ...]


def _imported() -> _Imported:
    """Found anew only if a module has come, gone or been replaced since the last row: there are thousands."""
    global _last
    modules = dict(sys.modules)
    known = _last.modules if _last else {}
    if _last is None or list(modules) != list(known) or any(map(operator.is_not, modules.values(), known.values())):
        files, tops, roots = dict[str, None](), set[str](), set[str]()
        for name, module in modules.items():
            file = getattr(module, "__file__", None)
            if name not in _sorted or _sorted[name][0] != file:
                _sorted[name] = (file, _place(name, file))
            kind, where = _sorted[name][1] or ("", "")
            if kind == "version":
                tops.add(where)
            elif kind:
                files[where] = None
                roots |= _asked_of_us(where, name)
        _last = _Imported(modules, tuple(files), plugin_folders(files), tuple(sorted(tops)), tuple(sorted(roots)))
    return _last


_last: _Imported | None = None


def imported_by(path: str) -> dict[str, str]:
    """Path -> digest of a plug-in's file and of what it imports, at first or later hand, as far as those count by content."""
    places = {name: place for name, (_, place) in list(_sorted.items()) if place is not None and place[0] == "content"}
    by_path = {path: name for name, (_, path) in places.items()}
    found: dict[str, str] = {}
    waiting = [path]
    while waiting:
        here = waiting.pop()
        if here in found:
            continue
        found[here] = _content(here)
        name = by_path.get(here, "")
        package = name if here.endswith("__init__.py") else name.rpartition(".")[0]
        for each in named_in(_text(here), package):
            if each in places:
                waiting.append(places[each][1])
    return found


@cache
def _text(path: str) -> str:
    if not path.endswith(".py"):
        return ""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _asked_of_us(path: str, name: str) -> set[str]:
    """Modules of orbitcheck that a plug-in's module names."""
    named = named_in(_text(path), name.rpartition(".")[0])
    return {each for each in named if each.startswith((f"{PACKAGE}.harness.", ARCHITECTURES))}


def _place(name: str, file: object) -> tuple[str, str] | None:
    """("content", file) or ("version", top name) of a module; None for the standard library, for orbitcheck and for what has no file."""
    if not isinstance(file, str) or not os.path.isfile(file):
        return None  # torch has modules that only say that they have a file
    path = os.path.abspath(file)
    if _under(path, (HARNESS,)):
        return None  # the program that began this process has names that do not begin with ours
    ours = name == PACKAGE or name.startswith(f"{PACKAGE}.")
    if ours and not name.startswith(ARCHITECTURES):
        return None
    top = name.partition(".")[0]
    if ours or not any(_under(path, (place,)) for place in (*_site(), *_standard())):
        return "content", path
    site = next((place for place in _site() if _under(path, (place,))), None)
    if site is None:
        return None
    if top.startswith("__editable__"):
        return None  # what it leads to counts
    return ("content", path) if top in _by_url(site) else ("version", top)


@cache
def _standard() -> tuple[str, ...]:
    return tuple({os.path.abspath(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")})


@cache
def _site() -> tuple[str, ...]:
    """Folders of installed distributions on this process's path."""
    return tuple(os.path.abspath(entry) for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages"))


@cache
def _by_url(site: str) -> frozenset[str]:
    """Top names of the distributions in a folder that came from a direct URL."""
    found = set()
    for record in Path(site).glob("*.dist-info/direct_url.json"):
        try:
            listed = (record.parent / "RECORD").read_text(encoding="utf-8").splitlines()
        except OSError:
            continue
        found |= {line.partition("/")[0].partition(",")[0].removesuffix(".py") for line in listed}
    return frozenset(found)


def plugin_folders(content: Iterable[str]) -> tuple[str, ...]:
    """The folders of the modules that count by content: of a package's the package's own, of a lone file's the one that it lies in."""
    found = set()
    for path in content:
        folder = Path(path).parent
        while (folder / "__init__.py").exists() and folder.parent != folder:
            if folder.parent == ROOT or not (folder.parent / "__init__.py").exists():
                break  # of ours the architectures alone are plug-ins
            folder = folder.parent
        if str(folder) not in _site():
            found.add(str(folder))
    return tuple(sorted(found))


def _unseen(folders: tuple[str, ...], besides: tuple[str, ...]) -> Iterator[str]:
    endings = tuple(end for reader, ends in UNSEEN.items() if reader in sys.modules for end in ends)
    for folder in folders:
        if endings and not folder.startswith(os.path.abspath(str(Path(__file__).parents[3]))):
            for path in sorted(Path(folder).glob("*")) + sorted(Path(folder).glob("*/*")):
                if path.suffix in endings and not _under(str(path), besides) and path.is_file():
                    yield str(path)


def _under(path: str, folders: tuple[str, ...]) -> bool:
    return any(path == folder or path.startswith(folder + os.sep) for folder in folders)


def _content(path: str) -> str:
    """SHA-256 of a file as this process first met it; `CHANGED` if it is not known to have been the same ever since."""
    try:
        told = os.stat(path)
    except OSError:
        return CHANGED
    stamp = (told.st_mtime_ns, told.st_size, told.st_ino)
    if path not in _seen:
        fresh = not _since or told.st_mtime_ns > _since[0]
        _seen[path] = (stamp, CHANGED if fresh else digest_of(path))
    before, digest = _seen[path]
    return digest if before == stamp else CHANGED


def digest_of(path: str) -> str:
    """SHA-256 of a file's content; of one that cannot be read a text that no digest is."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return "unreadable"


def configuration(device: str) -> dict[str, Any]:
    """Python, torch as it is built and set, and the device; as they were when this was first asked in the process."""
    if device not in _configured:
        import torch

        environment = {name: value for name, value in os.environ.items() if name.startswith(NUMERIC)}
        name = torch.cuda.get_device_name(0) if device == "cuda" and torch.cuda.is_available() else _processor()
        _configured[device] = {
            "python": platform.python_version(),
            "torch": {
                "built": hashlib.sha256(torch.__config__.show().encode()).hexdigest(),
                "instructions": torch.backends.cpu.get_cpu_capability(),
                "environment": environment,
            },
            "device": f"{device} ({name})",
        }
    return json.loads(json.dumps(_configured[device]))


@cache
def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    named = re.search(r"^model name\s*:\s*(\S.*?)\s*$", text, re.MULTILINE)
    return named[1] if named else platform.processor() or platform.machine()
