"""`orbitcheck submit` and `leaderboard`: a run packed for others, and a page of the runs of many."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from . import completing
from .base import extend, main, refuse, say


@main.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The archive; default: the folder's name with .zip.",
)
@click.option(
    "--with-weights",
    is_flag=True,
    help="Pack the weight files that the run's suites read, too; they are left out otherwise.",
)
def submit(directory: Path, output: Path | None, with_weights: bool) -> None:
    """Pack a finished run into an archive for a leaderboard: its results alone, with relative paths only.

    The run is verified first. The same run gives the same archive.

    Exit code: 0, or 2 if the run is unfinished, was changed, does not hold, or names files that are not below its folder.
    """
    from zipfile import is_zipfile

    from ...running.keeping.archive import archive_bytes
    from ...running.store import StoreError, read_run, results_text, write_atomically
    from ...running.submitting.packing import portable, weights_of
    from ...running.verifying.verified import verified
    from ..progress_bar import shown_progress

    extend()
    try:
        run = portable(read_run(directory))
        weights = weights_of(run) if with_weights else {}
        with shown_progress() as progress:
            found = verified(run, progress)
        problems = [
            f"{each.row.architecture} / {each.row.check} / {each.row.case}: {each.problem}"
            for each in found.rows
            if each.problem
        ]
        problems += found.problems
        if problems:
            more = f" (and {len(problems) - 1} more; `orbitcheck verify` lists them)" if len(problems) > 1 else ""
            refuse(f"{directory} does not hold: {problems[0]}{more}")
        archive = output or Path(f"{directory.resolve().name}.zip")
        if archive.exists() and not is_zipfile(archive):
            refuse(f"{archive} is no archive and would be overwritten; name another file with -o")
        content = archive_bytes(results_text(run).encode(), weights)
        write_atomically(archive, content)
    except (StoreError, ValueError, LookupError) as error:
        refuse(str(error))
    packed = f"{len(run.results):,} rows" + (f" and {len(weights):,} files of weights" if weights else ", no weights")
    say(f"{archive}: {len(content):,} bytes, {packed}")


@main.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN...")
@click.option("-o", "--output", "site", required=True, type=click.Path(path_type=Path), help="Folder of the page.")
@click.option(
    "--reruns",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Records that `orbitcheck verify RUN --rerun K --record FOLDER` kept; a rank is given by them alone.",
)
@click.option(
    "--suite",
    "suites",
    multiple=True,
    shell_complete=completing.suites,
    help="A suite that has a board; default: the shipped versions that are frozen.",
)
def leaderboard(runs: tuple[Path, ...], site: Path, reruns: Path | None, suites: tuple[str, ...]) -> None:
    """Make a static page of runs, folders or archives: a board for each version of a suite.

    Every run is verified, and one that does not hold is refused by name while the others go on. Networks are ranked of which at least
    20 rows were measured again by whoever makes the page.

    Exit code: 0; 1 if a run was refused; 2 if none was admitted, and no page is made.
    """
    from ...running.keeping.files import StoreError
    from ...running.submitting.admitting import admit
    from ...running.submitting.record import read_records
    from ...running.submitting.site import PAGE, write_site
    from ..progress_bar import shown_progress

    extend()
    known = _boards(suites)
    admitted, refused = [], []
    try:
        records = read_records(reruns) if reruns is not None else []
        kept = {name: (reruns / name).read_bytes() for name, _ in records} if reruns is not None else {}
        for path in runs:
            with shown_progress() as progress:
                one, without = admit(path, known, records, progress)
            admitted += [one] if one is not None else []
            refused += without
            for each in without:
                click.echo(f"orbitcheck: refused {each.name}: {each.reason}", err=True)
        if not admitted:
            refuse("no run was admitted; no page is made")
        told = write_site(site, admitted, refused, kept)
    except (StoreError, OSError) as error:
        refuse(str(error))
    say(told)
    say(str((site / PAGE).resolve()))
    sys.exit(int(bool(refused)))


def _boards(suites: tuple[str, ...]) -> dict[str, str]:
    """`NAME@VERSION` -> digest of what it asks."""
    from ...core.result import plain
    from ...language.reading import SuiteError, load_suite
    from ...language.shipped import asked, frozen, version_of

    if not suites:
        return frozen()
    try:
        read = [plain(load_suite(suite).to_json()) for suite in suites]
    except SuiteError as error:
        refuse(*error.errors)
    return {version_of(suite): asked(suite) for suite in read}
