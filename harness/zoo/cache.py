"""Trained tensors on disk: a safetensors file and a JSON record beside it, named by the digest of what made them.

An entry is believed only if the record is whole and its SHA-256 is that of the file. Writes are atomic, and one process at a time builds
an entry; readers need no lock and no right to write.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout
from safetensors.torch import load, save

from ..core.cache_folder import VARIABLE
from ..core.result import digest
from .entries import ZooError, directory, read_bytes


@dataclass(frozen=True)
class Entry:
    """What is on disk: the tensors' file, its hash, its record and its content."""

    path: Path
    sha256: str
    record: Mapping[str, Any]
    tensors: Mapping[str, torch.Tensor]


def read(stem: str) -> Entry | None:
    """The entry of that name, or None if there is none or it is damaged; damage is logged in one line."""
    found = read_bytes(stem)
    return None if found is None else Entry(found.path, found.sha256, found.record, load(found.data))


def write(stem: str, tensors: Mapping[str, torch.Tensor], record: Mapping[str, Any]) -> Entry:
    """Put an entry on disk, the record last: until it is there, readers see the old entry or none.

    Raises:
        ZooError: the file system refused.
    """
    path = directory() / f"{stem}.safetensors"
    data = save({name: tensor.contiguous() for name, tensor in tensors.items()})
    sha256 = hashlib.sha256(data).hexdigest()
    record = {**record, "sha256": sha256}
    sealed = {**record, "record_sha256": digest(record)}
    with _refusals():
        _replace(path, data)
        _replace(path.with_suffix(".json"), json.dumps(sealed, indent=1).encode())
    return Entry(path, sha256, record, dict(tensors))


@contextmanager
def building(stem: str, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the right to build the entry; `waiting` is called once if another process has it.

    A lock that is left behind by a killed process is free.

    Raises:
        ZooError: the cache directory cannot be written.
    """
    with _refusals():
        directory().mkdir(parents=True, exist_ok=True)
        lock = FileLock(directory() / f"{stem}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            waiting()
            lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ZooError(
            f"cache directory {directory()} cannot be written ({error.strerror or error}); name another one in {VARIABLE}"
        ) from None


def _replace(path: Path, data: bytes) -> None:
    """The whole file or nothing, also when the machine stops in between."""
    passing = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        with passing.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(passing, path)
    except BaseException:
        passing.unlink(missing_ok=True)
        raise
