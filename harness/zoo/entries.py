"""Entries of the cache as bytes: believed only if the record is whole and its SHA-256 is that of the file. Nothing here imports torch."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.cache_folder import cache_folder
from ..core.result import digest

logger = logging.getLogger("orbitcheck.zoo")


class ZooError(RuntimeError):
    """A zoo could not be built, kept or read; the message is one line with the remedy."""


@dataclass(frozen=True)
class Kept:
    """What is on disk of an entry: the tensors' file, its hash, its record and its bytes."""

    path: Path
    sha256: str
    record: Mapping[str, Any]
    data: bytes


def directory() -> Path:
    """Where zoos are kept: `$ORBITCHECK_CACHE/zoo`, or the user's cache directory."""
    return cache_folder() / "zoo"


def read_bytes(stem: str) -> Kept | None:
    """The entry of that name, or None if there is none or it is damaged; damage is logged in one line.

    Raises:
        ZooError: the file system refused.
    """
    path = directory() / f"{stem}.safetensors"
    try:
        data = path.read_bytes()
        record = json.loads(path.with_suffix(".json").read_bytes())
        if record.pop("record_sha256") != digest(record):
            raise ValueError("changed after it was written")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ZooError(f"cache file {path} cannot be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        logger.warning("%s: damaged; the zoo is built anew", path.with_suffix(".json"))
        return None
    sha256 = hashlib.sha256(data).hexdigest()
    if sha256 != record["sha256"]:
        logger.warning("%s: damaged (its SHA-256 is not the recorded one); the zoo is built anew", path)
        return None
    return Kept(path, sha256, record, data)
