"""A leaderboard on disk: one page, the same as data, and for every run on it its report, its archive and the host's records."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ....reports.forms import row_files
from ....reports.leaderboard.entries import Admitted, Refused, boards
from ....reports.leaderboard.page import data, headline, page
from ....reports.places import ROWS
from ..keeping.archive import archive_bytes
from ..keeping.files import StoreError, write_atomically
from ..provenance import VERSION
from ..store import WRITTEN, render, results_text

PAGE, DATA = "index.html", "leaderboard.json"


def write_site(
    site: Path, admitted: Sequence[Admitted], refused: Sequence[Refused], records: Mapping[str, bytes]
) -> str:
    """Write the whole leaderboard, in place of the one that was there; a line that says how many stand on it.

    Args:
        records: file of a record -> its content.

    Raises:
        StoreError: the folder holds a page that is not ours, or the file system refused.
    """
    made, twice = boards(admitted)
    standing = {entry.source.folder: entry.source for board in made for entry in board.entries}
    told = (*refused, *twice)
    before = _own(site)
    written = []
    for name, content in _files(list(standing.values()), records):
        write_atomically(_made(site / name), content)
        written.append(name)
    for name, content in ((DATA, data(made, told, VERSION)), (PAGE, page(made, told, VERSION))):
        write_atomically(site / name, content)
        written.append(name)
    write_atomically(site / WRITTEN, "".join(f"{name}\n" for name in sorted(written)))
    for name in before - set(written):
        (site / name).unlink(missing_ok=True)
    for name in before - set(written):
        for folder in list((site / name).parents)[: len(Path(name).parents) - 1]:
            if folder.is_dir() and not any(folder.iterdir()):
                shutil.rmtree(folder, ignore_errors=True)
    return headline(made, told)


def _files(
    runs: Iterator[Admitted] | Sequence[Admitted], records: Mapping[str, bytes]
) -> Iterator[tuple[str, bytes | str]]:
    for one in runs:
        yield f"{one.folder}/report.html", render(one.run, "html")
        for name, content in row_files(one.run):
            yield f"{one.folder}/{ROWS}/{name}", content
        yield f"{one.folder}/run.zip", archive_bytes(results_text(one.run).encode())
        for name in one.reruns:
            yield f"{one.folder}/{name}", records[name]


def _own(site: Path) -> set[str]:
    """The files of ours that lie in the folder; a page that is not ours is not written over."""
    try:
        site.mkdir(parents=True, exist_ok=True)
        listing = site / WRITTEN
        listed = listing.read_text(encoding="utf-8").splitlines() if listing.is_file() else []
    except (OSError, ValueError) as error:
        raise StoreError(f"{site} cannot be used ({error})") from None
    own = {
        name
        for name in listed
        if not Path(name).is_absolute() and ".." not in Path(name).parts and (site / name).is_file()
    }
    if (site / PAGE).exists() and PAGE not in own:
        raise StoreError(f"{site / PAGE} is no leaderboard of ours; name another folder")
    return own


def _made(path: Path) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{path.parent} cannot be made ({error.strerror})") from None
    return path
