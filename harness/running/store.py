"""What a run leaves on disk for people and other tools; the journal of its rows is `keeping/journal.py`.

Every file is whole or absent at any moment, and only files that orbitcheck itself writes are ever replaced.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ...reports.forms import FILES, TEXTS, row_files, row_names
from ...reports.places import ROWS
from ...reports.reading.outcomes import so_far, unfinished_banner
from ..core.cleaning import BorderError, content_of
from ..core.result import Run
from ..plugins.extensions import ExtensionError, load_extensions
from . import border
from .keeping.archive import is_archive, read_archive
from .keeping.files import (
    CHECKPOINTS,
    JOURNAL,
    REPORTS,
    RESULTS,
    StoreError,
    write_atomically,
)
from .keeping.journal import journal_copy
from .keeping.marker import STATE, Marker, mark, read_marker, take

FOLDERS = tuple(sorted(FILES))
WRITTEN = ".orbitcheck"
"""In such a folder: the names of the files that orbitcheck wrote there, a line each."""


def clear_checkpoints(directory: Path) -> None:
    """Forget the trainings that were interrupted, or are done.

    Raises:
        StoreError: the file system refused.
    """
    try:
        for file in (directory / CHECKPOINTS).glob(STATE):
            file.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # not there, or not ours alone
            (directory / CHECKPOINTS).rmdir()
    except OSError as error:
        raise StoreError(f"{directory / CHECKPOINTS} cannot be emptied ({error.strerror})") from None


def save(run: Run, directory: Path) -> None:
    """Write `results.json`, then the reports made of it.

    Raises:
        StoreError: the file system refused.
    """
    write_atomically(directory / RESULTS, _pieces(run))
    save_reports(run, directory)


def save_elsewhere(run: Run, directory: Path, force: bool) -> None:
    """Make a folder that of a run which is finished elsewhere: `results.json` and its reports.

    Args:
        force: overwrite what no run of ours wrote there.

    Raises:
        StoreError: as `take`, or the file system refused.
    """
    take(directory, force)
    save(run, directory)
    names = [str(suite["name"]) for suite in run.suites], [str(entry["name"]) for entry in run.architectures]
    mark(directory, Marker(True, len(run.results), *names))


def save_reports(run: Run, directory: Path) -> None:
    """Write every report beside `results.json`, the lists that the page reads first."""
    _fill(directory / ROWS, row_names(run), row_files(run))
    for form, name in REPORTS.items():
        write_atomically(directory / name, TEXTS[form](run))


def save_folder(run: Run, directory: Path, form: str) -> Path:
    """Write the `figures` (SVG, PDF) or the `tables` (CSV, LaTeX) of a run into a folder of that name, for papers.

    Afterwards the folder holds this run's files and whatever a user put there; those of an earlier run are gone. Everything is
    made before anything is written.

    Raises:
        StoreError: the file system refused, or a file cannot be made for want of an optional package; all that can be made
            is written before.
    """
    folder, files, missing = directory / form, {}, None
    try:
        for name, content in FILES[form](run):
            files[name] = content
    except ImportError as error:
        missing = StoreError(f"{folder}: {error}")
    _fill(folder, list(files), files.items())
    if missing:
        raise missing
    return folder


def _fill(folder: Path, names: Sequence[str], files: Iterable[tuple[str, bytes]]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder} cannot be made ({error.strerror})") from None
    _replace_files(folder, names, files)


def _replace_files(folder: Path, names: Sequence[str], files: Iterable[tuple[str, bytes]]) -> None:
    """Put these files into a folder in place of those that an earlier call put there.

    The list of names is written before the files, so that one that was interrupted is made good by the next.
    """
    listing = folder / WRITTEN
    try:
        listed = listing.read_text(encoding="utf-8").splitlines() if listing.is_file() else []
    except (OSError, ValueError) as error:
        raise StoreError(f"{listing} cannot be read ({error})") from None
    before = {name for name in listed if name == Path(name).name and (folder / name).is_file()}
    write_atomically(listing, "".join(f"{name}\n" for name in sorted({*before, *names})))
    for name, content in files:
        write_atomically(folder / name, content)
    for name in before - set(names):
        try:
            (folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{folder / name} cannot be removed ({error.strerror})") from None
    write_atomically(listing, "".join(f"{name}\n" for name in sorted(names)))


def results_text(run: Run) -> str:
    """`results.json`."""
    return "".join(_pieces(run))


def _pieces(run: Run) -> Iterator[str]:
    yield from run.to_text()
    yield "\n"


def render(run: Run, form: str) -> str:
    """The run as `html`, `markdown`, `junit` or `json`."""
    if form == "json":
        return results_text(run)
    return "".join(TEXTS[form](run))


def read_run(path: Path) -> Run:
    """The run in a folder, in a `results.json` named directly, or in an archive that `orbitcheck submit` packed.

    Raises:
        StoreError: none there, unreadable, changed by hand, or of another schema version; one that did not finish; or an installed
            extension fails, whose kinds the run may have.
    """
    load_all()
    if is_archive(path):
        return _run_of(path, read_archive(path))
    file = path / RESULTS if path.is_dir() else path
    folder = file.resolve().parent if file.is_symlink() else file.parent
    marker = read_marker(folder)
    if marker is not None and not marker.finished:
        raise StoreError(f"{folder}: {unfinished(marker, folder)}")
    try:
        return _run_of(file, content_of(file))
    except FileNotFoundError:
        hint = "; the run did not finish: `orbitcheck run ... --resume` goes on" if (path / JOURNAL).exists() else ""
        raise StoreError(f"{file}: no such file or folder{hint}") from None
    except OSError as error:
        raise StoreError(f"{file} cannot be read ({error.strerror})") from None
    except BorderError as error:
        raise StoreError(f"{file} holds no run: {error}") from None


def _run_of(file: Path, content: bytes) -> Run:
    try:
        run = border.read_run(content)
    except BorderError as error:
        raise StoreError(f"{file} holds no run: {error}") from None
    if run.unfinished_of is not None:
        raise StoreError(f"{file}: {unfinished_banner(run)}")
    return run


def load_all() -> None:
    """Import the installed extensions, whose kinds a run may have.

    Raises:
        StoreError: one of them fails.
    """
    try:
        load_extensions()
    except ExtensionError as error:
        raise StoreError(str(error)) from None


def unfinished(marker: Marker, folder: Path) -> str:
    """One line: how far the run came that was asked for last, and how it is gone on with."""
    if not marker.rows:
        return "unfinished: the run that was asked for last did not start"
    with journal_copy(folder) as journal:
        done = min(len(journal), marker.rows) if journal is not None else 0
    command = marker.command or "orbitcheck run ..."
    if command.startswith("orbitcheck merge"):
        return f"unfinished: what was asked for last has no result; `{command}` puts the shards together again"
    return f"unfinished: {so_far(done, marker.rows)}; `{command} --resume` goes on"
