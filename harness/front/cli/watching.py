"""`orbitcheck run --watch`: the run, and once more what depends on a file that changed, until Ctrl-C.

Every round is a process of its own, so that what changed is imported anew; rows that nothing changed are kept, as by `--resume`.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import click

from ...core.cleaning import one_line
from .base import NOTHING

PAUSE = 0.3
"""Seconds between two looks at the files."""
COMMAND = "from orbitcheck.harness.front.cli import main; main()"


@dataclass(frozen=True)
class Watched:
    """A run that is made again and again.

    Args:
        words: the command after `orbitcheck`, as it would be typed, for the first run.
        output: its folder.
        files: what else may be a file: suites, expected failures.
        architectures: as they were named.
    """

    words: tuple[str, ...]
    output: Path
    files: tuple[str, ...]
    architectures: tuple[str, ...]


def run_again_and_again(watched: Watched) -> int:
    """Run, wait for a change, and run again with the rows that still hold; the exit code is the last run's."""
    code, words = NOTHING, watched.words
    for each in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.default_int_handler)  # a scheduler ends it as Ctrl-C does
    try:
        while True:
            before = stamps(depends_on(watched))
            code = ended(subprocess.Popen([sys.executable, "-P", "-c", COMMAND, *words]))
            files = depends_on(watched)
            before = {**stamps(files), **before}  # what changed while the run was made counts, too
            click.echo(f"watching {len(files)} files; Ctrl-C ends", err=True)
            changed = waited_for(before)
            click.echo(one_line(f"changed: {', '.join(map(str, changed))}"), err=True)
            words = watched.words if "--resume" in watched.words else (*watched.words, "--resume")
    except KeyboardInterrupt:
        return code


def ended(process: subprocess.Popen[bytes]) -> int:
    """The exit code of a run; one that Ctrl-C meets ends in its own order, and its rows are kept."""
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.send_signal(signal.SIGINT)
        process.wait()
        raise


def depends_on(watched: Watched) -> set[Path]:
    """Suites, files of plug-ins with all Python files beside them, and what the rows of the run so far were made of."""
    from ...core.cleaning import BorderError
    from ...plugins.discovery import NameSyntaxError, parse_name
    from ...running.keeping.journal import journal_copy

    named = list(watched.files)
    for text in watched.architectures:
        try:
            file = Path(parse_name(text).reference.rpartition(":")[0])
        except NameSyntaxError:
            continue
        if file.suffix == ".py":
            named += [str(file), *map(str, file.parent.glob("*.py"))]
    with contextlib.suppress(BorderError), journal_copy(watched.output) as journal:
        named += journal.files() if journal is not None else ()
    return {Path(name).resolve() for name in named if Path(name).is_file()}


def stamps(files: Iterable[Path]) -> dict[Path, tuple[int, int] | None]:
    """Time and size of each file; None of one that is not there."""
    return {file: stamp(file) for file in files}


def stamp(file: Path) -> tuple[int, int] | None:
    try:
        told = file.stat()
    except OSError:
        return None
    return told.st_mtime_ns, told.st_size


def waited_for(before: dict[Path, tuple[int, int] | None]) -> list[Path]:
    """The files that are not what they were, once there are any."""
    while True:
        changed = [file for file, was in before.items() if stamp(file) != was]
        if changed:
            return sorted(changed)
        time.sleep(PAUSE)
