"""Whose code it is that asks for something, as Python's stack says: a plug-in's, an installed library's, Python's own, or ours."""

from __future__ import annotations

import os
import sys
import sysconfig
import threading
from functools import cache
from pathlib import Path
from types import FrameType

from .imports import ROOT, TOPS

BORDER = tuple(str(ROOT / "harness" / "running" / name) for name in ("provenance.py", "tasks.py"))
"""What calls plug-ins: beyond a frame of these nothing is a plug-in's doing, and what stands on none of them is no plug-in's."""


def any_plugin(frame: FrameType | None) -> bool:
    """Whether code of a plug-in is among those that wait for this, called by what calls plug-ins, or in a thread of its own."""
    found = False
    while frame is not None:
        file = frame.f_code.co_filename
        if _is_border(file):
            return found
        found = found or is_plugins(file)
        frame = frame.f_back
    return found and threading.get_ident() != threading.main_thread().ident


def nearest(frame: FrameType | None) -> str | None:
    """The file of the nearest code that is not Python's own, if it is a plug-in's: what libraries read of the environment is theirs."""
    while frame is not None and _is_pythons(frame.f_code.co_filename):
        frame = frame.f_back
    file = "" if frame is None else frame.f_code.co_filename
    return file if file and not _is_border(file) and is_plugins(file) and any_plugin(frame) else None


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
