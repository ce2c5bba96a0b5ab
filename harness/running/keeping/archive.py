"""The archive of a run: a zip of `results.json`, and of weight files below `weights/` where they were asked for.

Law: the same content gives the same bytes (with the same zlib). Reading trusts nothing: what is counted, named or unpacked stays below
fixed bounds, nothing is written to disk, and an archive that is anything else is refused in one line.
"""

from __future__ import annotations

import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from .files import RESULTS, StoreError

SUFFIX = ".zip"
WEIGHTS = "weights"
ARCHIVE_BYTES, RESULTS_BYTES, WEIGHT_BYTES = 256 << 20, 64 << 20, 1 << 30
"""Of an archive, of its unpacked results, and of all its unpacked weights."""
MEMBERS = 4096
DIRECTORY_BYTES = 1 << 20
"""Of the list of members."""
PARSED_BYTES = 512 << 20
"""That the results may take as data, estimated from their text."""
RATIO = 200
"""Of unpacked to packed bytes of a member; results of real runs are at 12."""
EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The date of every member: the first that a zip can tell."""
_END = struct.Struct("<4s4H2LH")
_ZIP64 = b"PK\x06\x07"


def is_archive(path: Path) -> bool:
    """Whether a path names an archive, by its ending."""
    return path.suffix == SUFFIX and not path.is_dir()


def archive_bytes(results: bytes, weights: Mapping[str, bytes] | None = None) -> bytes:
    """The archive of a run's `results.json`, and of weight files by their relative paths."""
    made = io.BytesIO()
    members = {RESULTS: results, **{f"{WEIGHTS}/{name}": data for name, data in sorted((weights or {}).items())}}
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in members.items():
            entry = zipfile.ZipInfo(name, EARLIEST)
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, data, compresslevel=9)
    return made.getvalue()


def read_archive(path: Path) -> bytes:
    """The `results.json` of an archive that a stranger may have made; weights are counted, not unpacked.

    Raises:
        StoreError: no such file, no zip, or one that holds anything else, or more, than a submission does; one line with the path.
    """
    try:
        size = path.stat().st_size
        if size > ARCHIVE_BYTES:
            raise StoreError(f"{path}: {size:,} bytes; an archive has at most {ARCHIVE_BYTES:,}")
        with path.open("rb") as file:
            _bounded_directory(path, file, size)
            with zipfile.ZipFile(file) as archive:
                members = archive.infolist()
                for problem in (_wrong(entry) for entry in members):
                    if problem:
                        raise StoreError(f"{path}: {problem}")
                return _results(path, archive, members)
    except OSError as error:
        raise StoreError(f"{path} cannot be read ({error.strerror or error})") from None
    except (zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, RuntimeError, EOFError) as error:
        raise StoreError(f"{path}: no archive of a run ({' '.join(str(error).split())[:200]})") from None


def relative(name: str) -> bool:
    """Whether a name is a plain path below a folder, on every system: no step up, no root, no drive, no stream, nothing unprintable."""
    parts = name.split("/")
    return (
        len(name) <= 240
        and name.isprintable()
        and not re.search(r"[\\:*?\"<>|]", name)
        and all(part not in ("", ".", "..") and part == part.strip() for part in parts)
        and not PurePosixPath(name).is_absolute()
    )


def _bounded_directory(path: Path, file: io.BufferedReader, size: int) -> None:
    """Refuse a list of members that is long, remarked on or of the large kind, before anything reads it."""
    if size < _END.size:
        raise StoreError(f"{path}: no zip archive")
    file.seek(max(0, size - _END.size - 20))
    tail = file.read()
    signature, disk, first, here, count, length, _, remark = _END.unpack(tail[-_END.size :])
    if signature != b"PK\x05\x06" or remark:
        raise StoreError(f"{path}: no zip archive, or one with something behind its end")
    if disk or first or here != count or tail.startswith(_ZIP64):
        raise StoreError(f"{path}: a zip archive of several parts, or of the large kind")
    if count > MEMBERS or length > DIRECTORY_BYTES:
        raise StoreError(
            f"{path}: {count:,} members listed in {length:,} bytes; at most {MEMBERS:,} in {DIRECTORY_BYTES:,}"
        )
    file.seek(0)


def _wrong(entry: zipfile.ZipInfo) -> str:
    """Why a member is none of a submission; nothing if it may be one."""
    name, kind = entry.orig_filename, stat.S_IFMT(entry.external_attr >> 16)
    if name != entry.filename or not relative(name):
        return f"the member {name[:120]!r} does not lie below its folder"
    if kind not in (0, stat.S_IFREG):
        return f"the member {name!r} is a link or no file"
    if entry.flag_bits & 0x1 or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return f"the member {name!r} is encrypted or packed in a way that is not read"
    if name != RESULTS and not name.startswith(f"{WEIGHTS}/"):
        return f"the member {name!r} is none of a submission: {RESULTS}, and files below {WEIGHTS}/"
    if entry.file_size > RATIO * max(entry.compress_size, 1 << 10):
        return f"the member {name!r} unpacks to more than {RATIO} times its size"
    return ""


def _results(path: Path, archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> bytes:
    names = [entry.filename for entry in members]
    twice = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
    if twice is not None:
        raise StoreError(f"{path}: the member {twice!r} is there twice")
    weights = sum(entry.file_size for entry in members if entry.filename != RESULTS)
    if weights > WEIGHT_BYTES:
        raise StoreError(f"{path}: {weights:,} bytes of weights; at most {WEIGHT_BYTES:,}")
    if RESULTS not in names:
        raise StoreError(f"{path}: holds no {RESULTS}")
    entry = archive.getinfo(RESULTS)
    if entry.file_size > RESULTS_BYTES:
        raise StoreError(f"{path}: {RESULTS} of {entry.file_size:,} bytes; at most {RESULTS_BYTES:,}")
    with archive.open(entry) as member:
        text = member.read(RESULTS_BYTES + 1)
    if len(text) != entry.file_size:
        raise StoreError(f"{path}: {RESULTS} is not as long as the archive says")
    as_data = 240 * text.count(b"{") + 90 * text.count(b"[") + 60 * text.count(b",") + 2 * len(text)
    if as_data > PARSED_BYTES:
        raise StoreError(f"{path}: {RESULTS} holds more values than any run has")
    return text
