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
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ..isolation.variables import OURS
from . import asked
from .asked import NAMES, RELATIVE, SYSTEM, TARGET, environment_now, told_by
from .imports import PACKAGE, ROOT, named_in
from .whose import site, standard, under

UNSEEN = {"safetensors": (".safetensors",), "h5py": (".h5", ".hdf5")}
"""Readers that open files where Python does not see it -> the endings of what they read: such files beside a plug-in all count."""
NUMERIC = ("ATEN_", "CUBLAS_", "DNNL_", "MKL_", "NVIDIA_TF32", "ONEDNN_", "PYTORCH_", "TORCH_")
"""Beginnings of the environment variables that change what torch computes."""
HARNESS = str(ROOT / "harness")
ARCHITECTURES = f"{PACKAGE}.architectures."
CHANGED = "changed while it was in use"
"""Stands where a content's digest stands that nobody knows."""
ABSENT = "not there"
"""Stands where the digest of a file stands that was looked for."""
FOLDER = "a folder"
"""Stands where the digest of a file stands, of what is none."""

_seen: dict[str, tuple[tuple[int, ...], str]] = {}
_sorted: dict[str, tuple[object, tuple[str, str] | None]] = {}
_configured: dict[str, dict[str, Any]] = {}


def made_of(kind_of_device: str, besides: tuple[str, ...]) -> dict[str, Any]:
    """What a row of this process is made of so far, as plain JSON.

    Args:
        kind_of_device: where networks run.
        besides: folders of the run itself, whose files count for nothing.
    """
    imported = _imported()
    found = {path: _content(path) for path in imported.files}
    folders = imported.folders
    elsewhere = (*besides, *site(), *standard(), *SYSTEM, HARNESS)
    for path in sorted(asked.opened):
        beside = under(path, folders) and os.path.isfile(path)
        far = path in asked.by_plugin and not under(path, elsewhere)
        if (beside or far) and not under(path, besides) and not path.endswith(".pyc"):
            found[path] = _content(path)
    for path in sorted(asked.mapped()):
        here = path.removesuffix(" (deleted)")
        if not under(here, elsewhere):
            found[here] = _content(here) if here == path else CHANGED
    for path in sorted(asked.missing()):
        if not under(path, elsewhere):
            found.setdefault(path, CHANGED if os.path.exists(path) else ABSENT)
    for key, told in list(asked.first.items()):
        if not under(key.rstrip("/"), elsewhere):
            found[key] = told if told_by(key) == told else CHANGED
    for path in _unseen(folders, besides):
        found[path] = _content(path)
    here = environment_now()
    return {
        "content": found,
        "tops": sorted({*imported.tops, *asked.uninstalled()}),
        "roots": list(imported.roots),
        "countless": asked.countless(),
        "variables": {name: here.get(name) for name in sorted(asked.variables)},
        "folder": os.getcwd() if RELATIVE in asked.beyond else "",
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
    if under(path, (HARNESS,)):
        return None  # the program that began this process has names that do not begin with ours
    ours = name == PACKAGE or name.startswith(f"{PACKAGE}.")
    if ours and not name.startswith(ARCHITECTURES):
        return None
    top = name.partition(".")[0]
    if ours or not any(under(path, (place,)) for place in (*site(), *standard())):
        return "content", path
    place = next((place for place in site() if under(path, (place,))), None)
    if place is None:
        return None
    if top.startswith("__editable__"):
        return None  # what it leads to counts
    return ("content", path) if top in _by_url(place) else ("version", top)


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
        if str(folder) not in site():
            found.add(str(folder))
    return tuple(sorted(found))


def _unseen(folders: tuple[str, ...], besides: tuple[str, ...]) -> Iterator[str]:
    endings = tuple(end for reader, ends in UNSEEN.items() if reader in sys.modules for end in ends)
    for folder in folders:
        if endings and not folder.startswith(os.path.abspath(str(Path(__file__).parents[3]))):
            for path in sorted(Path(folder).glob("*")) + sorted(Path(folder).glob("*/*")):
                if path.suffix in endings and not under(str(path), besides) and path.is_file():
                    yield str(path)


def _content(path: str) -> str:
    """SHA-256 of a file as this process first met it; `CHANGED` if it is not known to have been the same ever since."""
    try:
        told = os.stat(path)
    except FileNotFoundError:
        return CHANGED if path in _seen else ABSENT
    except OSError:
        return CHANGED
    if stat.S_ISDIR(told.st_mode):
        return FOLDER
    stamp = (told.st_mtime_ns, told.st_size, told.st_ino)
    if path not in _seen:
        fresh = not asked.since or told.st_mtime_ns > asked.since[0]
        _seen[path] = (stamp, CHANGED if fresh else digest_of(path))
    before, digest = _seen[path]
    return digest if before == stamp else CHANGED


def digest_of(path: str) -> str:
    """SHA-256 of a file's content; of one that is not there, or cannot be read, a text that no digest is; of listings and links theirs."""
    if path.endswith((NAMES, TARGET)):
        return told_by(path)
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (FileNotFoundError, NotADirectoryError):
        return ABSENT
    except IsADirectoryError:
        return FOLDER
    except OSError:
        return "unreadable"


def configuration(device: str) -> dict[str, Any]:
    """Python, torch as it is built and set, and the device; as they were when this was first asked in the process."""
    if device not in _configured:
        import torch

        environment = {
            name: value for name, value in os.environ.items() if name.startswith(NUMERIC) and name not in OURS
        }
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
