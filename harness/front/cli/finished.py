"""`orbitcheck report`, `gate`, `merge`, `diff`, `compare` and `verify`: what is done with finished runs."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...core.cleaning import one_line
from ...core.registry import did_you_mean
from .. import github
from . import completing
from .base import extend, main, refuse, say, tell_github
from .summary import print_summary, red_lines, tell_unfinished

if TYPE_CHECKING:
    from ...core.result import Run


@main.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["html", "markdown", "junit", "json", "figures", "tables", "badge"]),
    help="Print one form; figures (SVG, PDF), tables (CSV, LaTeX) and a badge (SVG, JSON) are written to folders. Default: write all files again.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Another folder for what is written, the results with it; default: that of the run.",
)
@click.option("--force", is_flag=True, help="Overwrite files in a folder in which no run has written before.")
def report(directory: Path, form: str | None, output: Path | None, force: bool) -> None:
    """Make the reports of a run again, print one, or write its figures and tables for a paper.

    The run is a folder, its results.json, or an archive that `orbitcheck submit` packed; what is made of an archive needs -o.
    """
    from ...running.keeping.archive import is_archive
    from ...running.parts.unfinished import read_so_far
    from ...running.store import FOLDERS, StoreError, render, save_elsewhere, save_folder, save_reports

    printed = form is not None and form not in FOLDERS
    if printed and output is not None:
        refuse(f"--output: --format {form} is printed; leave -o out, or write all files")
    if not printed and output is None and is_archive(directory):
        refuse(f"{directory} is an archive; say with -o FOLDER where its reports go")
    folder = output or (directory if directory.is_dir() else directory.parent)
    try:
        stored = read_so_far(directory)
        tell_unfinished(directory, stored)
        if form in FOLDERS:
            click.echo(str(save_folder(stored, folder, form).resolve()))
        elif form:
            click.echo(render(stored, form), nl=False)
        else:
            if output is None:
                save_reports(stored, folder)
            else:
                save_elsewhere(stored, folder, force)
            click.echo(str((folder / "report.html").resolve()))
    except StoreError as error:
        refuse(str(error))


BASELINE_BYTES = 1 << 28
"""A row of a baseline takes some hundred bytes, and a run has at most 300,000."""


def is_baseline(path: Path) -> bool:
    """Whether a file is a baseline of any version, a whole one or an empty file, so that a new one may take its place."""
    from ...core.cleaning import BorderError, content_of, parsed

    try:
        content = content_of(path, BASELINE_BYTES)
        told = parsed(content) if content.strip() else {"checks": [], "rows": []}
    except (OSError, BorderError):
        return False
    return isinstance(told, dict) and {"checks", "rows"} <= told.keys()


@main.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--baseline", required=True, type=click.Path(path_type=Path))
@click.option("--update", is_flag=True, help="Write the baseline from this run.")
@click.option(
    "-a",
    "--architecture",
    "architectures",
    multiple=True,
    metavar="NAME",
    help="Compare only the rows of this one, as the run names it; may be given several times.",
)
def gate(directory: Path, baseline: Path, update: bool, architectures: tuple[str, ...]) -> None:
    """Compare a run with a baseline, row by row; red on a regression or a row that vanished.

    A run of `--only` is compared with those rows of the baseline that it was asked for, and --update renews those alone.
    """
    from ...core.cleaning import content_of
    from ...core.registry import UnknownName
    from ...judging.baseline import baseline_of, baseline_text, compare, listing, parse_baseline, part_asked, renewed
    from ...plugins.discovery import NameSyntaxError, parse_name
    from ...running.store import StoreError, read_run, write_atomically

    try:
        names = [str(parse_name(name)) for name in architectures]
        if update and names:
            refuse("--update writes the whole of a run; leave -a out")
        stored = read_run(directory)
        if update and baseline.exists() and not is_baseline(baseline):
            refuse(f"{baseline} is no baseline and would be overwritten; name another file")
        if update and stored.selection is None:
            write_atomically(baseline, baseline_text(baseline_of(stored)))
            click.echo(f"{baseline}: {len(stored.results)} rows")
            return
        kept = parse_baseline(content_of(baseline, BASELINE_BYTES).decode())
        if update:
            write_atomically(baseline, baseline_text(renewed(kept, stored)))
            click.echo(f"{baseline}: {len(stored.results)} rows renewed")
            return
        stored, kept = part_asked(stored, kept, names)
    except (StoreError, NameSyntaxError, UnknownName) as error:
        refuse(str(error))
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        refuse(f"{baseline}: {said}; `orbitcheck gate DIR --baseline FILE --update` writes one")
    differences = compare(stored, kept)
    regressions = [difference for difference in differences if difference.regression]
    for line in listing(differences, 50):
        say(line)
    say(f"{len(differences)} differences in {len(stored.results)} rows, {len(regressions)} regressions")
    if github.on_github():
        from ....reports.differences import differences_markdown

        grouped = ((f"{entry.status} {entry.place[1]} / {entry.place[2]}", str(entry)) for entry in regressions)
        tell_github(grouped, differences_markdown(differences, len(stored.results)))
    sys.exit(int(bool(regressions)))


@main.command()
@click.argument("parts", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PART...")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    help="Folder for the results and reports of the whole.",
)
@click.option("--force", is_flag=True, help="Overwrite files in a folder in which no run has written before.")
def merge(parts: tuple[Path, ...], output: Path, force: bool) -> None:
    """Put the shards of a run together (`run --shard I/N`), or a run and later runs of rows of it (`run --only`), the latest last: of every
    row the latest stands. What follows from the rows is made of the whole, by the suites as the last run has them.

    Exit code: as of the run in one piece; 2 if a part is missing, doubled, unfinished, of another version or of another run.
    """
    from ...running.parts.merging import merge as merged
    from ...running.store import StoreError

    try:
        result, code = merged(
            parts, output, force, shlex.join(["orbitcheck", "merge", *map(str, parts), "-o", str(output)])
        )
    except StoreError as error:
        refuse(str(error))
    print_summary(result, output)
    if github.on_github():
        from ...running.store import render

        tell_github(red_lines(result), render(result, "markdown"))
    sys.exit(code)


@main.command()
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
def diff(before: Path, after: Path) -> None:
    """What differs between two runs."""
    from ...judging.baseline import baseline_of, compare
    from ...running.parts.unfinished import read_so_far
    from ...running.store import StoreError

    try:
        old, new_run = read_so_far(before), read_so_far(after)
    except StoreError as error:
        refuse(str(error))
    tell_unfinished(before, old)
    tell_unfinished(after, new_run)
    differences = compare(new_run, baseline_of(old))
    for difference in differences:
        say(str(difference))
    say(f"{len(differences)} differences in {len(new_run.results)} rows")


@main.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.argument("first", shell_complete=completing.compared)
@click.argument("second", shell_complete=completing.compared)
@click.option("--json", "as_json", is_flag=True)
def compare(directory: Path, first: str, second: str, as_json: bool) -> None:
    """Show the cases in which two architectures of a run differ.

    Exit code: 0 if they agree everywhere, 1 if they differ, 2 if there is no such run or architecture.
    """
    from ....reports.reading.comparing import comparison
    from ...running.store import StoreError, read_run

    try:
        found = comparison(read_run(directory), first, second)
    except (StoreError, ValueError) as error:
        refuse(str(error))
    if as_json:
        click.echo(json.dumps(asdict(found), indent=1, ensure_ascii=False))
    else:
        say(found.words)
        for (alone, *check), cases in groupby(found.differing, key=lambda case: (case.alone, case.suite, case.check)):
            say(" / ".join(check) + (", asked of one alone" if alone else ""))
            for case in cases:
                click.echo(f"  {one_line(case.case)}{f' ({one_line(case.relation)})' if case.relation else ''}")
                for name, told in ((first, case.first), (second, case.second)):
                    click.echo(f"    {name:{max(len(first), len(second))}}  {told}")
    sys.exit(int(bool(found.differing)))


@main.command()
@click.argument("directory", metavar="RUN", type=click.Path(path_type=Path))
@click.option(
    "--rerun", type=click.IntRange(min=0), default=0, metavar="K", help="Measure K rows again, drawn by --seed."
)
@click.option(
    "-a",
    "--architecture",
    "architectures",
    multiple=True,
    shell_complete=completing.compared,
    metavar="PATTERN",
    help="With --rerun: K rows of each that fits, instead of K of all; * and ? stand for any letters.",
)
@click.option(
    "--record",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="With --rerun: keep there what was measured again, as `orbitcheck leaderboard --reruns` reads it.",
)
@click.option("--seed", type=int, help="Of the draw; a fresh one by default, which is printed.")
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True)
@click.option("-j", "--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Rows at a time.")
def verify(
    directory: Path,
    rerun: int,
    architectures: tuple[str, ...],
    record: Path | None,
    seed: int | None,
    device: str,
    jobs: int,
) -> None:
    """Derive again all that a run says: certificates and predictions, verdicts, counts and conclusions.

    RUN is a folder, or an archive that `orbitcheck submit` packed. Certificates are checked by code that shares nothing with the
    oracles; verdicts are judged again from the stored evidence. Measured numbers are what a run reports: --rerun measures some again.

    Exit code: 0 if all holds, 1 if something does not, 2 if there is no run, or not the one that was written.
    """
    import secrets

    from ...running.store import StoreError, read_run
    from ...running.submitting.record import rerun_of, write_record
    from ...running.verifying.verified import measured_again, verified
    from ..progress_bar import shown_progress

    extend()
    try:
        run = read_run(directory)
        architectures = fitting(run, architectures)
        if record is not None and not rerun:
            refuse("--record keeps what --rerun measures again; give --rerun K too")
        with shown_progress() as progress:
            found = verified(run, progress)
    except (StoreError, ValueError, LookupError) as error:
        refuse(str(error))
    for each in found.rows:
        if each.problem:
            say(f"{each.row.architecture} / {each.row.check} / {each.row.case}: {each.problem}")
    problems = list(found.problems)
    counted = found.count()
    if rerun:
        seed = secrets.randbits(32) if seed is None else seed
        with shown_progress() as progress:
            again = measured_again(run, rerun, seed, device, jobs, progress, architectures)
        problems += again.problems
        click.echo(f"{again.again} rows measured again (--seed {seed}): {len(again.problems)} differ")
        if record is not None:
            try:
                click.echo(str(write_record(rerun_of(run, again, rerun, seed, architectures, device), record)))
            except StoreError as error:
                refuse(str(error))
    for problem in problems:
        say(problem)
    click.echo(", ".join([f"{counted.pop('rows')} rows", *(f"{number} {what}" for what, number in counted.items())]))
    from ...language.shipped import not_as_frozen

    other = not_as_frozen(run.suites)
    for line in other:
        say(line)
    of_its_own = " of a suite of its own" if other else ""
    click.echo("refuted" if problems or found.refuted else f"all that can be derived again holds{of_its_own}")
    sys.exit(int(bool(problems) or found.refuted))


def fitting(run: Run, patterns: tuple[str, ...]) -> tuple[str, ...]:
    """The run's architectures that fit, in its order; a pattern that none fits ends here, with those that there are."""
    from ...core.patterns import fits_architecture

    known = [str(entry["name"]) for entry in run.architectures]
    unknown = next((each for each in patterns if not any(fits_architecture(each, name) for name in known)), None)
    if unknown is not None:
        refuse(f'the run has no architecture "{unknown}"{did_you_mean(unknown, known)}')
    return tuple(name for name in known if any(fits_architecture(each, name) for each in patterns))
