"""Archives of submissions: the same content gives the same bytes, and whatever a stranger made else is refused in a line, cheaply."""

from __future__ import annotations

import io
import stat
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from orbitcheck.harness.running.keeping.archive import MEMBERS, RESULTS_BYTES, archive_bytes, read_archive, relative
from orbitcheck.harness.running.keeping.files import StoreError

RESULTS = b'{"schema_version": 3}'
SECONDS, BYTES = 5.0, 1 << 30


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", how) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return made.getvalue()


def link() -> bytes:
    entry = zipfile.ZipInfo("weights/link")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return zipped(("results.json", RESULTS), (entry, b"/etc/passwd"))


def twice() -> bytes:
    with pytest.warns(UserWarning, match="Duplicate name"):
        return zipped(("results.json", RESULTS), ("results.json", RESULTS))


def lying() -> bytes:
    """Its results unpack to a hundred times what both of its lists say."""
    honest = zipped(("results.json", b"0123456789" * 1000))
    return honest.replace(struct.pack("<L", 10_000), struct.pack("<L", 100))


def damaged() -> bytes:
    content = bytearray(zipped(("results.json", bytes(range(256)) * 8), how=zipfile.ZIP_STORED))
    content[100] ^= 0xFF
    return bytes(content)


def encrypted() -> bytes:
    content = bytearray(zipped(("results.json", RESULTS)))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def many() -> bytes:
    return zipped(("results.json", RESULTS), *((f"weights/{number}", b"") for number in range(MEMBERS)))


def large() -> bytes:
    """An end of the large kind before the usual one."""
    content = zipped(("results.json", RESULTS))
    return content[:-22] + b"PK\x06\x07" + bytes(16) + content[-22:]


def named(name: str) -> Callable[[], bytes]:
    return lambda: zipped(("results.json", RESULTS), (name, b"x"))


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "no zip archive"),
    "no zip": (lambda: b"\x1f\x8b" + bytes(4000), "no zip archive"),
    "trailing": (lambda: zipped(("results.json", RESULTS)) + b"more", "no zip archive"),
    "no results": (lambda: zipped(("weights/a.pt", b"x")), "holds no results.json"),
    "up": (named("../results.json"), "below its folder"),
    "up within": (named("weights/../../evil"), "below its folder"),
    "root": (named("/etc/cron.d/evil"), "below its folder"),
    "drive": (named("C:/evil"), "below its folder"),
    "backslash": (named("weights\\..\\evil"), "below its folder"),
    "folder": (named("weights/"), "below its folder"),
    "control": (named("weights/a\x1b[31m"), "below its folder"),
    "nul": (lambda: zipped(("results.json", RESULTS), ("weights/aX.pt", b"x")).replace(b"aX.pt", b"a\0.pt"), "below its folder"),
    "page": (named("report.html"), "none of a submission"),
    "link": (link, "is a link"),
    "twice": (twice, "is there twice"),
    "bomb": (lambda: zipped(("results.json", bytes(RESULTS_BYTES // 2))), "times its size"),
    "bomb of weights": (lambda: zipped(("results.json", RESULTS), ("weights/a", bytes(1 << 24))), "times its size"),
    "huge": (lambda: zipped(("results.json", b"0" * (RESULTS_BYTES + 1)), how=zipfile.ZIP_STORED), "at most 67,108,864"),
    "lying": (lying, "no archive of a run"),
    "damaged": (damaged, "no archive of a run"),
    "encrypted": (encrypted, "encrypted"),
    "many": (many, "4,097 members"),
    "large": (large, "of the large kind"),
    "values": (lambda: zipped(("results.json", b"[" + b"{}," * (4 << 20) + b"0]"), how=zipfile.ZIP_STORED), "more values than any run"),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_archive_is_refused_in_a_line_within_its_bounds(kind: str, tmp_path: Path) -> None:
    make, told = HOSTILE[kind]
    path = tmp_path / "entry.zip"
    path.write_bytes(make())
    before = time.process_time()
    tracemalloc.start()
    try:
        with pytest.raises(StoreError) as refusal:
            read_archive(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert told in str(refusal.value) and "\n" not in str(refusal.value) and "entry.zip" in str(refusal.value)
    assert time.process_time() - before < SECONDS and peak < BYTES
    assert [each.name for each in tmp_path.iterdir()] == ["entry.zip"], "nothing is unpacked to disk"


def test_the_same_content_gives_the_same_bytes_and_is_read_back(tmp_path: Path) -> None:
    weights = {"pop/b.npz": b"b", "pop/a.npz": b"a"}
    content = archive_bytes(RESULTS, weights)
    assert content == archive_bytes(RESULTS, dict(reversed(weights.items())))
    (tmp_path / "entry.zip").write_bytes(content)
    assert read_archive(tmp_path / "entry.zip") == RESULTS
    with zipfile.ZipFile(tmp_path / "entry.zip") as archive:
        assert archive.namelist() == ["results.json", "weights/pop/a.npz", "weights/pop/b.npz"]


def test_a_folder_or_nothing_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent.zip"):
        with pytest.raises(StoreError, match=r"cannot be read|no zip"):
            read_archive(path)


@pytest.mark.parametrize(
    ("name", "good"),
    [("a", True), ("pop/a b.npz", True), (".hidden", True), ("ü/x", True), ("", False), ("a//b", False), ("./a", False),
     ("a/..", False), ("/a", False), ("~", True), ("a:b", False), ("a\\b", False), ("a\n", False), ("a ", False), ("x" * 241, False)],
)  # fmt: skip
def test_a_relative_path_is_one_on_every_system(name: str, good: bool) -> None:
    assert relative(name) is good
