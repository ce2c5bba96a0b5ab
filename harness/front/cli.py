"""The command line: parse, call, print. Nothing here imports torch."""

from __future__ import annotations

import contextlib
import json
import shlex
import signal
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any, NoReturn

import click

from ..core.cleaning import one_line
from . import github

NOTHING = 2
"""Exit code: nothing could be run."""
LONGEST_LIMIT = 30 * 86400
"""Seconds that a row may be given."""


def refuse(*lines: str) -> NoReturn:
    """Say why nothing can be done, a line each, and end."""
    for line in lines:
        click.echo(f"orbitcheck: {one_line(line)}", err=True)
    sys.exit(NOTHING)


def say(line: str) -> None:
    """One line on standard output; what a plug-in wrote into it starts no second one."""
    click.echo(one_line(line))


def tell_github(lines: Iterable[tuple[str, str]], summary: str) -> None:
    """Annotate the job, one line a group, and append to the step's summary."""
    for line in github.workflow_commands(lines):
        click.echo(line)
    problem = github.add_to_summary(summary)
    if problem:
        click.echo(f"orbitcheck: {one_line(problem)}", err=True)


def begin_misspelt(error: click.ClickException, words: Sequence[str]) -> None:
    """A run whose options do not read has not run: what an earlier one left in its folder passes for nothing, either."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is None or context.command is not run:
        return
    from ..running.keeping.marker import begin
    from ..running.store import StoreError

    folder = "out"
    for number, word in enumerate(words):
        if word in ("-o", "--output"):
            folder = words[number + 1] if number + 1 < len(words) else folder
        elif word.startswith(("-o", "--output=")):
            folder = word.removeprefix("--output=").removeprefix("-o")
    with contextlib.suppress(StoreError):
        begin(Path(folder))


class OneLine(click.Group):
    """A group whose every error of usage is one line, as all other errors are; click's own take four."""

    def main(self, *args: Any, standalone_mode: bool = True, **more: Any) -> Any:
        if not standalone_mode:
            return super().main(*args, standalone_mode=False, **more)
        try:
            sys.exit(super().main(*args, standalone_mode=False, **more))
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            sys.exit(NOTHING)
        except click.ClickException as error:
            begin_misspelt(error, more.get("args") or (args and args[0]) or sys.argv[1:])
            asked = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "orbitcheck"
            refuse(" ".join(f"{error.format_message()} (see {asked} --help)".split()))
        except click.Abort:
            sys.exit(130)


@click.group(cls=OneLine, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="orbitcheck")
def main() -> None:
    """Formal-property tests for permutation-equivariant weight-space networks."""


@main.command()
@click.argument("suites", nargs=-1, required=True, metavar="SUITE...")
@click.option(
    "-a",
    "--architecture",
    "architectures",
    multiple=True,
    help="Name, name[option=value], module:Class or file.py:Class; default: those that the suite names, or all built-in.",
)
@click.option(
    "-o",
    "--output",
    default="out",
    type=click.Path(path_type=Path),
    show_default=True,
    help="Folder for results and reports.",
)
@click.option("-j", "--jobs", type=click.IntRange(1, 256), help="Worker processes; default: the CPUs at hand.")
@click.option("--resume", is_flag=True, help="Go on with the run that the folder holds.")
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0, min_open=True, max=LONGEST_LIMIT),
    help="Seconds a row; default: 120, more for training.",
)
@click.option(
    "--memory-limit",
    type=click.FloatRange(min=0, min_open=True, max=1 << 20),
    metavar="GIB",
    help="GiB of memory that a row may have; default: the machine's, less two, over the workers.",
)
@click.option("--expect", "expect", type=click.Path(), help="A file of your own expected failures.")
@click.option(
    "--require-power",
    type=click.Choice(["below-1-wl", "function", "1-wl", "2-fwl", "complete"]),
    help="Red if an architecture declares less.",
)
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True)
@click.option("--force", is_flag=True, help="Overwrite files in a folder in which no run has written before.")
@click.option(
    "--only",
    "patterns",
    multiple=True,
    metavar="PATTERN",
    help="Only rows that fit ARCHITECTURE / CHECK / CASE, with * and ?; parts left out at the end are any.",
)
@click.option("--fail-fast", is_flag=True, help="Stop at the first red row.")
@click.option(
    "--shard", metavar="I/N", help="Only part I of N of the rows, dealt by expected cost; see `orbitcheck merge`."
)
@click.option(
    "--cluster",
    metavar="ADDRESS",
    help="Measure rows on a dask cluster: tcp://HOST:PORT of its scheduler, or local:N to start N workers here.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be run, and write nothing.")
def run(
    suites: tuple[str, ...],
    architectures: tuple[str, ...],
    output: Path,
    jobs: int | None,
    resume: bool,
    time_limit: float | None,
    memory_limit: float | None,
    expect: str | None,
    require_power: str | None,
    device: str,
    force: bool,
    patterns: tuple[str, ...],
    fail_fast: bool,
    shard: str | None,
    cluster: str | None,
    dry_run: bool,
) -> None:
    """Run suites (shipped names or files) over architectures, and write the report."""
    from ..core.patterns import parse_pattern
    from ..running.dealing.chosen import Shard
    from ..running.executors import NoExecutor, available_cpus
    from ..running.isolation.limits import GIB
    from ..running.isolation.pool import end_server
    from ..running.keeping.marker import begin
    from ..running.request import NothingToRun, RunRequest
    from ..running.run import Interrupted, carry_out
    from ..running.store import StoreError
    from .progress_bar import shown_progress
    from .selection import SelectionError, select

    try:
        if not dry_run:
            begin(output)
        only = tuple(map(parse_pattern, patterns))
        part = Shard.of(shard) if shard is not None else None
        chosen = select(suites, architectures, expect)
    except StoreError as error:
        refuse(str(error))
    except SelectionError as error:
        refuse(*error.errors)
    except ValueError as error:
        refuse(str(error))

    def again(folder: Path) -> str:
        return typed(
            suites,
            {"-a": architectures, "-o": folder, "-j": jobs, "--time-limit": time_limit, "--memory-limit": memory_limit},
            {"--expect": expect, "--require-power": require_power, "--device": None if device == "cpu" else device},
            {"--only": patterns, "--shard": shard, "--cluster": cluster},
        ) + (" --fail-fast" if fail_fast else "")

    command = again(output)
    request = RunRequest(
        list(chosen.suites.values()),
        chosen.architectures,
        output,
        jobs or available_cpus(),
        resume,
        time_limit,
        device,
        chosen.expectations,
        require_power,
        force=force,
        command=command,
        only=only,
        fail_fast=fail_fast,
        shard=part,
        memory_limit=None if memory_limit is None else int(memory_limit * GIB),
        executor="local" if cluster is None else clustered(cluster),
    )
    if dry_run:
        try:
            tell_plan(request)
        except NothingToRun as error:
            refuse(*error.errors)
        return
    stopped: list[int] = []
    try:
        with shown_progress() as progress, ended_in_order(stopped):
            result, code = carry_out(request, progress)
    except NothingToRun as error:
        refuse(*error.errors)
    except (StoreError, NoExecutor) as error:
        refuse(str(error))
    except KeyboardInterrupt as interruption:
        if isinstance(interruption, Interrupted):
            command = again(interruption.folder)
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # who is impatient sees no traceback of the end
        click.echo(f"stopped; finished rows are kept, go on with: {command} --resume", err=True)
        end_server(at_once=True)
        signal.signal(signal.SIGINT, before)
        sys.exit(128 + (stopped[0] if stopped else signal.SIGINT))
    print_summary(result, output)
    if github.on_github():
        from ..running.store import render

        tell_github(red_lines(result), render(result, "markdown"))
    sys.exit(code)


def clustered(address: str) -> str:
    """The name of the executor on the cluster at an address."""
    from ..running import elsewhere  # noqa: F401 - enters it

    return f"cluster@{address}"


@contextlib.contextmanager
def ended_in_order(stopped: list[int]) -> Iterator[None]:
    """What a scheduler or a closed terminal sends ends a run as Ctrl-C does, noting its number; sent again it kills."""

    def stop(number: int, _: object) -> NoReturn:
        signal.signal(number, signal.SIG_DFL)
        stopped.append(number)
        raise KeyboardInterrupt

    heard = [each for each in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(each) is signal.SIG_DFL]
    try:
        for each in heard:
            signal.signal(each, stop)
        yield
    finally:
        for each in heard:
            signal.signal(each, signal.SIG_DFL)


def tell_plan(request: Any) -> None:
    """Rows, expected minutes and memory, and the zoos that are not trained yet, of a run that is not made."""
    from ..running.dealing.costs import PLANTED, memory, total
    from ..running.plan import plan
    from ..running.provenance import zoo_kept
    from ..running.run import chosen, zoos_of

    planned = plan(request.suites, request.architectures)
    cells, plants = chosen(request, planned)
    for name in dict.fromkeys(cell.architecture for cell in cells):
        own = [cell for cell in cells if cell.architecture == name]
        say(f"{name}: {len(own)} rows of {len(dict.fromkeys(cell.check for cell in own))} checks")
    seconds = total(cells) - (0.0 if plants else PLANTED)
    whole = f" of {len(planned)}" if len(cells) < len(planned) else ""
    alone = ", which are those of the planted defects" if plants and not cells else ""
    say(
        f"{len(cells)} rows{whole}, about {seconds / 60 / request.jobs:.1f} minutes on {request.jobs} workers "
        f"and {memory(request.jobs):.1f} GiB{alone or (f'; {PLANTED:g} s of it for the planted defects' if plants and whole else '')}"
    )
    missing = [name for name in zoos_of(cells) if zoo_kept(name) is None]
    say(f"zoos to train: {', '.join(missing) or 'none'}")


def typed(suites: Iterable[str], *options: Mapping[str, Any]) -> str:
    """The command that asks for the same run."""
    parts = ["orbitcheck", "run", *suites]
    for name, value in (pair for given in options for pair in given.items()):
        for each in value if isinstance(value, tuple) else () if value is None else (value,):
            parts += [name, str(each)]
    return shlex.join(parts)


def red_lines(result: Any) -> Iterable[tuple[str, str]]:
    """`(architecture and check, line)` of every root of red rows, and the problems of the run."""
    from ..judging.gate import is_red
    from ..judging.roots import rooted

    for problem in result.problems:
        yield "problem of the run", problem.text
    for root in rooted(list(filter(is_red, result.results))):
        row = root.head
        follow = f", and {len(root.followers)} more that follow" if root.followers else ""
        said = f"{row.outcome}: {row.case}: {row.reason or 'passes, though declared to fail'} ({row.reproduce}){follow}"
        yield f"{row.architecture} / {row.check}", said


def print_summary(result: Any, output: Path) -> None:
    """Architectures by outcome, the roots of the rows that are red, conclusions, problems and notes of the run, and where the report is."""
    from ...reports.reading.outcomes import headline
    from ..core.outcomes import OUTCOMES
    from ..judging.gate import is_red
    from ..judging.roots import rooted

    names = list(dict.fromkeys(row.architecture for row in result.results))
    width = max(map(len, [*names, "architecture"]))
    click.echo(f"{'architecture':{width}}  " + "  ".join(f"{outcome:>14}" for outcome in (*OUTCOMES, "declared")))
    for name in names:
        own = [row for row in result.results if row.architecture == name]
        counts = [sum(row.outcome == outcome for row in own) for outcome in OUTCOMES]
        declared = sum(row.declared is not None for row in own)
        click.echo(f"{name:{width}}  " + "  ".join(f"{count:14d}" for count in (*counts, declared)))
    roots = rooted(list(filter(is_red, result.results)))
    for root in roots[:10]:
        row, more = root.head, len(root.followers)
        reason = row.reason or "passes, though declared to fail"
        say(f"{row.outcome}: {row.architecture} / {row.check} / {row.case}: {reason}")
        follow = f"    and {more} row{'s that follow' if more > 1 else ' that follows'}" if more else ""
        say(f"    {row.reproduce}{follow}")
    if len(roots) > 10:
        rest = sum(1 + len(root.followers) for root in roots[10:])
        click.echo(f"... and {rest} more red rows, of {len(roots) - 10} roots")
    for each in result.conclusions:
        rate = each.get("killers", {"killed": 0, "planted": 0})
        killed = f"{rate['killed']} of {rate['planted']} false claims killed"
        say(f"conclusion: {each['suite']} / {each['claim']}: {each['outcome']} ({killed})")
    for problem in result.problems:
        say(f"problem: {problem}")
    for note in result.notes:
        say(f"note: {note}")
    click.echo(headline(result))
    click.echo(str((output / "report.html").resolve()))


LISTS = ["architectures", "suites", "checks", "pairs", "targets", "regimes", "claims", "zoos", "sections"]


@main.command(name="list")
@click.argument("what", type=click.Choice(LISTS))
@click.option("--json", "as_json", is_flag=True)
def list_(what: str, as_json: bool) -> None:
    """List what there is."""
    rows = listed(what)
    if as_json:
        click.echo(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    keys = list(dict.fromkeys(key for row in rows for key in row))
    widths = {key: max(len(key), *(len(str(row.get(key, ""))) for row in rows)) for key in keys}
    for row in [{key: key for key in keys}, *rows]:
        click.echo("  ".join(f"{row.get(key, '')!s:{widths[key]}}" for key in keys).rstrip())


def extend() -> None:
    """Import the installed extensions, whose families, targets and kinds are listed beside ours."""
    from ..plugins.extensions import ExtensionError, load_extensions

    try:
        load_extensions()
    except ExtensionError as error:
        refuse(str(error))


def listed(what: str) -> list[dict[str, Any]]:
    """The entries of one list as plain data; no architecture is imported, and no extension that could add nothing to it."""
    if what == "architectures":
        from ..plugins.static_traits import declared_traits

        shown = ("symmetry", "power", "domain", "paper")
        return [{"name": name, **{key: traits[key] for key in shown}} for name, traits in declared_traits().items()]
    if what == "suites":
        from ..language.shipped import shipped_titles

        return [{"name": name, "title": title} for name, title in shipped_titles().items()]
    extend()
    if what == "sections":
        from ...reports.sections.section import in_order

        return [{"name": section.name, "title": section.title} for section in in_order()]
    if what == "checks":
        from ..checks import CHECK_KINDS

        return [{"name": name, "title": kind.title} for name, kind in CHECK_KINDS.items()]
    if what == "pairs":
        from ..pairs import PAIR_FAMILIES

        return [
            {"name": name, "claim": family.claim or "", "title": family.title} for name, family in PAIR_FAMILIES.items()
        ]
    if what == "targets":
        from ..targets import TARGETS

        return [
            {"name": name, "kind": target.kind, "claim": target.claim, "title": target.title}
            for name, target in TARGETS.items()
        ]
    if what == "regimes":
        from ..regimes import REGIMES

        return [
            {"name": name, "metadata": ", ".join(regime.metadata), "title": regime.title}
            for name, regime in REGIMES.items()
        ]
    if what == "claims":
        from ..core.claims import CLAIMS

        return [
            {"name": claim.id, "regime": claim.regime, "statement": claim.statement, "refuted by": claim.refuted_by}
            for claim in CLAIMS.values()
        ]
    from ..zoo.recipe import ZOOS

    return [{"name": name, "groups": ", ".join(zoo.spaces), "title": zoo.title} for name, zoo in ZOOS.items()]


@main.command()
@click.argument("what", type=click.Choice(["suite", "results"]), default="suite")
def schema(what: str) -> None:
    """Print the JSON schema of suite files, or of results.json."""
    extend()
    if what == "results":
        from ..running.border import results_schema as made
    else:
        from ..language.schema import json_schema as made
    click.echo(json.dumps(made(), indent=1, ensure_ascii=False))


@main.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["html", "markdown", "junit", "json", "figures", "tables", "badge"]),
    help="Print one form; figures (SVG, PDF), tables (CSV, LaTeX) and a badge (SVG, JSON) are written to folders. Default: write all files again.",
)
def report(directory: Path, form: str | None) -> None:
    """Make the reports of a run again, print one, or write its figures and tables for a paper."""
    from ..running.parts.unfinished import read_so_far
    from ..running.store import FOLDERS, StoreError, render, save_folder, save_reports

    try:
        stored = read_so_far(directory)
        tell_unfinished(directory, stored)
        if form in FOLDERS:
            click.echo(str(save_folder(stored, directory if directory.is_dir() else directory.parent, form).resolve()))
        elif form:
            click.echo(render(stored, form), nl=False)
        else:
            save_reports(stored, directory)
            click.echo(str((directory / "report.html").resolve()))
    except StoreError as error:
        refuse(str(error))


def tell_unfinished(directory: Path, run: Any) -> None:
    """The banner over what is shown of a run that did not finish."""
    from ...reports.reading.outcomes import unfinished_banner

    banner = unfinished_banner(run)
    if banner:
        click.echo(f"orbitcheck: {directory}: {banner} rows", err=True)


@main.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--baseline", required=True, type=click.Path(path_type=Path))
@click.option("--update", is_flag=True, help="Write the baseline from this run.")
def gate(directory: Path, baseline: Path, update: bool) -> None:
    """Compare a run with a baseline, row by row; red on a regression or a row that vanished."""
    from ..judging.baseline import baseline_of, baseline_text, compare, listing, parse_baseline
    from ..running.store import StoreError, read_run, write_atomically

    try:
        stored = read_run(directory)
        if update and stored.selection is not None:
            refuse(f"{directory} holds a part of a run; a baseline is made of the whole")
        if update:
            write_atomically(baseline, baseline_text(baseline_of(stored)))
            click.echo(f"{baseline}: {len(stored.results)} rows")
            return
        kept = parse_baseline(baseline.read_text(encoding="utf-8"))
    except StoreError as error:
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
        from ...reports.differences import differences_markdown

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
    """Put the shards of a run together (`run --shard I/N`); what follows from the rows is made of the whole.

    Exit code: as of the run in one piece; 2 if a shard is missing, doubled, unfinished, of another version or of another run.
    """
    from ..running.parts.merging import merge as merged
    from ..running.store import StoreError

    try:
        result, code = merged(
            parts, output, force, shlex.join(["orbitcheck", "merge", *map(str, parts), "-o", str(output)])
        )
    except StoreError as error:
        refuse(str(error))
    print_summary(result, output)
    if github.on_github():
        from ..running.store import render

        tell_github(red_lines(result), render(result, "markdown"))
    sys.exit(code)


@main.command()
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
def diff(before: Path, after: Path) -> None:
    """What differs between two runs."""
    from ..judging.baseline import baseline_of, compare
    from ..running.parts.unfinished import read_so_far
    from ..running.store import StoreError

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
@click.argument("identity", metavar="ID")
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The row as it is now, as in results.json.")
@click.option(
    "--script",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write the counter-example of a failed row as a folder: a script, weights and parameters.",
)
def reproduce(directory: Path, identity: str, device: str, as_json: bool, script: Path | None) -> None:
    """Run just one row of a finished run again (an id's beginning is enough), or write its counter-example.

    Exit code: 0 if the row passes, is observed or not applicable, or the folder was written; 1 if not; 2 if there is no such row, or
    no counter-example that shows by itself.
    """
    from ..core.outcomes import Outcome
    from ..running.executors import Lost
    from ..running.request import NothingToRun
    from ..running.run import found_cell
    from ..running.run import reproduce as again
    from ..running.store import StoreError, read_run

    try:
        run = read_run(directory)
        if script is not None:
            from ..running.examples.example import NoExample, write_example

            try:
                written = write_example(*found_cell(run, identity), script)
            except NoExample as error:
                refuse(str(error))
            say(f"{written.files[0]}: {written.shows}")
            say(f"run it: python {shlex.quote(str(written.files[0]))}")
            return
        row, answer = again(run, identity, device)
    except (StoreError, NothingToRun) as error:
        refuse(str(error))
    if isinstance(answer, Lost):
        say(f"error: {answer.reason}")
        sys.exit(1)
    if as_json:
        click.echo(json.dumps(answer.to_json(), indent=1, ensure_ascii=False))
    else:
        say(f"{row.architecture} / {row.check} / {row.case}")
        say(f"{answer.outcome}: {answer.reason or answer.observed} (predicted: {answer.predicted})")
        for line in described(answer.to_json()["evidence"]):
            say(f"  {line}")
        same = answer.outcome == row.outcome
        say(
            "the same outcome as in the run" if same else f"another outcome than in the run, where it was {row.outcome}"
        )
    sys.exit(int(answer.outcome not in (Outcome.PASS, Outcome.OBSERVED, Outcome.NOT_APPLICABLE)))


@main.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.argument("first")
@click.argument("second")
@click.option("--json", "as_json", is_flag=True)
def compare(directory: Path, first: str, second: str, as_json: bool) -> None:
    """Show the cases in which two architectures of a run differ.

    Exit code: 0 if they agree everywhere, 1 if they differ, 2 if there is no such run or architecture.
    """
    from ...reports.reading.comparing import comparison
    from ..running.store import StoreError, read_run

    try:
        found = comparison(read_run(directory), first, second)
    except (StoreError, ValueError) as error:
        refuse(str(error))
    if as_json:
        click.echo(json.dumps(asdict(found), indent=1, ensure_ascii=False))
    else:
        say(f"{first} and {second} agree in {found.agreeing:,} cases and differ in {len(found.differing):,}")
        for check, cases in groupby(found.differing, key=lambda case: (case.suite, case.check)):
            say(" / ".join(check))
            for case in cases:
                click.echo(f"  {one_line(case.case)}{f' ({one_line(case.relation)})' if case.relation else ''}")
                for name, told in ((first, case.first), (second, case.second)):
                    click.echo(f"    {name:{max(len(first), len(second))}}  {told}")
    sys.exit(int(bool(found.differing)))


@main.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.argument("identity", metavar="ID")
def explain(directory: Path, identity: str) -> None:
    """Tell one row of a run in words: what was asked, what was predicted and why, what was seen, and what follows.

    Exit code: 0, or 2 if there is no such row.
    """
    from ...reports.reading.explaining import explained
    from ..running.request import NothingToRun
    from ..running.run import found_cell
    from ..running.store import StoreError, read_run

    try:
        run = read_run(directory)
        row, _ = found_cell(run, identity)
    except (StoreError, NothingToRun) as error:
        refuse(str(error))
    for line in explained(run, row):
        click.echo(line)
    for line in described(row.to_json()["evidence"]):
        click.echo(f"  {line}")


def described(evidence: Any, name: str = "") -> Iterator[str]:
    """Evidence for people: a line each value, `part.part: value`, three digits, without what was not measured."""
    if isinstance(evidence, dict):
        for key, value in evidence.items():
            yield from described(value, f"{name}.{key}" if name else str(key))
    elif isinstance(evidence, list) and any(isinstance(part, dict | list) for part in evidence):
        for number, part in enumerate(evidence):
            yield from described(part, f"{name}[{number}]")
    elif isinstance(evidence, list):
        if evidence:
            yield f"{name}: {', '.join(map(str, evidence))}"
    elif evidence is not None and evidence != "":
        yield f"{name}: {f'{evidence:.3g}' if isinstance(evidence, float) else evidence}"


@main.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.argument("identity", metavar="ID")
@click.option("--json", "as_json", is_flag=True)
def locate(directory: Path, identity: str, as_json: bool) -> None:
    """Name the first submodule whose output breaks the law, for a failed row of an equivariance check.

    Measured by hooks, on outputs that are laid out over known axes; "cannot tell" where that does not say.

    Exit code: 0 if a module is named, 1 if not, 2 if there is no such row or it has no counter-example.
    """
    from ..running.examples.example import NoExample, locate_row
    from ..running.request import NothingToRun
    from ..running.run import found_cell
    from ..running.store import StoreError, read_run

    try:
        found = locate_row(*found_cell(read_run(directory), identity))
    except (StoreError, NothingToRun, NoExample) as error:
        refuse(str(error))
    if as_json:
        click.echo(json.dumps(found.to_json(), indent=1, ensure_ascii=False))
    else:
        say(found.told)
    sys.exit(int(found.module is None))


@main.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option(
    "--rerun", type=click.IntRange(min=0), default=0, metavar="K", help="Measure K rows again, drawn by --seed."
)
@click.option("--seed", type=int, help="Of the draw; a fresh one by default, which is printed.")
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True)
@click.option("-j", "--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Rows at a time.")
def verify(directory: Path, rerun: int, seed: int | None, device: str, jobs: int) -> None:
    """Derive again all that a run says: certificates and predictions, verdicts, counts and conclusions.

    Certificates are checked by code that shares nothing with the oracles; verdicts are judged again from the stored evidence.
    Measured numbers are what a run reports: --rerun measures some again.

    Exit code: 0 if all holds, 1 if something does not, 2 if there is no run, or not the one that was written.
    """
    import secrets

    from ..running.store import StoreError, read_run
    from ..running.verifying.verified import measured_again, verified

    extend()
    try:
        run = read_run(directory)
        found = verified(run)
    except (StoreError, ValueError, LookupError) as error:
        refuse(str(error))
    for each in found.rows:
        if each.problem:
            say(f"{each.row.architecture} / {each.row.check} / {each.row.case}: {each.problem}")
    problems = list(found.problems)
    counted = found.count()
    if rerun:
        seed = secrets.randbits(32) if seed is None else seed
        again = measured_again(run, rerun, seed, device, jobs)
        problems += again.problems
        click.echo(f"{again.again} rows measured again (--seed {seed}): {len(again.problems)} differ")
    for problem in problems:
        say(problem)
    click.echo(", ".join([f"{counted.pop('rows')} rows", *(f"{number} {what}" for what, number in counted.items())]))
    click.echo("refuted" if problems or found.refuted else "all that can be derived again holds")
    sys.exit(int(bool(problems) or found.refuted))


@main.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATHS...")
@click.option(
    "--form",
    "forms",
    multiple=True,
    help="As stored (float), or as 8-bit, 4-bit, pruned-50%, bf16, fp8, ...; several with commas, or the option again.",
)
@click.option("--order", help="Names of the layers, first to last, with commas; where their numbers do not say it.")
@click.option("--orientation", type=click.Choice(["out-in", "in-out"]), help="Of weights that fit both ways.")
@click.option("--activation", help="Of networks whose files name none.")
@click.option("--key", help="Under which a file holds its network, as in ema or model.net.")
@click.option("--layout", type=click.Path(path_type=Path), help="The table of an .npy file.")
@click.option(
    "--module",
    metavar="FILE.py:FUNCTION",
    help="Runs your function, which returns the networks' module and an example of its input: their order and wiring, proved.",
)
@click.option("--strict", is_flag=True, help="Exit code 2 if a single file cannot be read.")
@click.option("--all", "everything", is_flag=True, help="A line for every network, however many.")
@click.option("--json", "as_json", is_flag=True)
def audit(
    paths: tuple[str, ...],
    forms: tuple[str, ...],
    order: str | None,
    orientation: Any,
    activation: str | None,
    key: str | None,
    layout: Path | None,
    module: str | None,
    strict: bool,
    everything: bool,
    as_json: bool,
) -> None:
    """Say of networks in files, folders and patterns whether they are in general position, and what refinement makes of them.

    Exit code: 0 if nothing was found, 1 if some are not in general position, 2 if nothing could be read (with --strict: not everything).
    """
    from ..oracles.audit import check_form

    chosen = tuple(dict.fromkeys(form for given in forms for form in given.split(",") if form)) or ("float",)
    try:
        for form in chosen:
            check_form(form)
    except ValueError as error:
        refuse(str(error))
    from ..weights.readers.loading import Reading
    from .audit_files import audit_files

    named = None if order is None else tuple(part.strip() for part in order.split(","))
    try:
        wired = None
        if module is not None:
            from .user_modules import wired_by

            wired = wired_by(module)
        audited = audit_files(paths, chosen, Reading(activation, named, orientation, key, layout, wired))
    except ValueError as error:
        refuse(str(error))
    if as_json:
        click.echo(json.dumps(audited.to_json(), indent=1, ensure_ascii=False))
    elif audited.found:
        from .audit_lines import audit_lines

        for line in audit_lines(audited, everything):
            say(line)
    for unread in audited.unread:
        click.echo(f"orbitcheck: {one_line(unread.line)}", err=True)
    if not audited.found or (strict and audited.unread):
        sys.exit(NOTHING)
    sys.exit(int(not all(entry.general_position for entry in audited.found)))


@main.command()
@click.argument("files", nargs=-1, required=True, metavar="FILES...")
@click.option(
    "--against", "against", multiple=True, metavar="FILES", help="A second set: what leaks from one into the other."
)
@click.option("--activation", help="Of networks whose files do not say it; default: relu. It bears on functions alone.")
@click.option(
    "--near",
    type=click.FloatRange(min=0, max=100),
    default=1.0,
    show_default=True,
    metavar="PERCENT",
    help="Of the population's median matched distance: what is nearer is a near copy.",
)
@click.option("--figure", type=click.Path(path_type=Path), metavar="FILE.svg", help="Draw how near the nearest is.")
@click.option("--strict", is_flag=True, help="Exit code 2 if any file cannot be read.")
@click.option("--json", "as_json", is_flag=True)
def duplicates(
    files: tuple[str, ...],
    against: tuple[str, ...],
    activation: str | None,
    near: float,
    figure: Path | None,
    strict: bool,
    as_json: bool,
) -> None:
    """Find networks that are identical, permuted, of one function, or near copies; in files, folders and patterns.

    Every finding has its witness: the permutation, the factors, the neurons that are dead or doubled, or a distance.

    Exit code: 0 if nothing is found, 1 if something is, 2 if nothing can be read.
    """
    from ..weights.space import SpaceError
    from .duplicates import duplicates as found_in

    try:
        found = found_in(
            list(files), list(against) or None, activation=activation, near=near / 100, spread=figure is not None
        )
    except SpaceError as error:
        refuse(str(error))
    if as_json:
        click.echo(json.dumps(found.to_json(), indent=1, ensure_ascii=False))
    elif found.names:
        for line in (*found.notes, *found.lines, found.summary):
            say(line)
    for line in found.unread:
        click.echo(f"orbitcheck: {one_line(line)}", err=True)
    if found.unread and found.names:
        count = len(found.unread)
        click.echo(f"orbitcheck: {count} file{'s' * (count > 1)} could not be read", err=True)
    if not found.names or (against and not found.second):
        sys.exit(NOTHING)
    if figure is not None:
        draw_nearest(found, near / 100, figure)
    sys.exit(NOTHING if strict and found.unread else int(bool(found)))


def draw_nearest(found: Any, near: float, file: Path) -> None:
    """The figure of the distances as an SVG file."""
    from ...reports.figures.duplicates import nearest_figure
    from ...reports.figures.svg import svg
    from ..running.store import StoreError, write_atomically

    drawing = nearest_figure(found.nearest, near, f"nearest other network: {found.summary}")
    if drawing is None:
        click.echo("orbitcheck: no figure: no two networks of one space that are no copies", err=True)
        return
    try:
        write_atomically(file, svg(drawing))
    except StoreError as error:
        refuse(str(error))
    click.echo(str(file.resolve()), err=True)


@main.command()
@click.argument("population", metavar="ZOO")
@click.option("--label", required=True, help="What is known of the networks, by its name there.")
@click.option(
    "--form", "forms", multiple=True, help="As stored, or as 8-bit, 4-bit, pruned-50%, ...; several times for several."
)
@click.option("--classes", is_flag=True, default=None, help="The label's numbers name classes; texts do anyway.")
@click.option("--figure", type=click.Path(path_type=Path, dir_okay=False), help="Draw the floors, as .svg or .pdf.")
@click.option("--json", "as_json", is_flag=True)
def floor(
    population: str, label: str, forms: tuple[str, ...], classes: bool | None, figure: Path | None, as_json: bool
) -> None:
    """Say what no network of a power can go below on a population: the least error of a label over its variance.

    At orbits, 2-FWL, 1-WL by round, and functions. ZOO is one as suites name it, with its group or all groups.

    Exit code: 0, or 2 if there is no such population, label or form.
    """
    from ..core.registry import UnknownName
    from ..oracles.audit import check_form

    forms = forms or ("float",)
    extend()
    if figure is not None and figure.suffix not in (".svg", ".pdf"):
        refuse(f'{figure}: suffix "{figure.suffix}"; allowed: .svg, .pdf')
    try:
        for form in forms:
            check_form(form)
        from ..checks.floor.asked import floors, told
        from ..zoo.cache import ZooError
    except ValueError as error:
        refuse(str(error))
    try:
        found = floors(population, label, forms=forms, classes=classes)
    except (UnknownName, ValueError, ZooError) as error:
        refuse(str(error))
    if as_json:
        click.echo(json.dumps([asdict(each) for each in found], indent=1, ensure_ascii=False))
    else:
        for each in found:
            for line in told(each):
                say(line)
    if figure is not None:
        draw_floors(found, figure)


def draw_floors(found: Any, figure: Path) -> None:
    """Write the figure of floors."""
    from ...reports.figures.floors import floor_figure
    from ...reports.figures.pdf import MissingMatplotlib, pdf
    from ...reports.figures.svg import svg

    drawing = floor_figure(found)
    try:
        figure.write_bytes(svg(drawing).encode() if figure.suffix == ".svg" else pdf(drawing))
    except (MissingMatplotlib, OSError) as error:
        refuse(f"{figure}: {error.strerror if isinstance(error, OSError) else error}")
    click.echo(str(figure), err=True)


@main.group()
def new() -> None:
    """Write the beginnings of something of your own."""


@new.command()
@click.argument("name")
@click.option("--directory", type=click.Path(path_type=Path), help="Where to write it; default: ./NAME.")
@click.option(
    "--ci-shards",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    help="Parts that its CI job deals the run into.",
)
def architecture(name: str, directory: Path | None, ci_shards: int) -> None:
    """Write a package with an architecture, its tests, suite, tox.ini and CI job, that passes as it stands."""
    from ..plugins.scaffold import ScaffoldError, new_architecture

    home = directory or Path(name)
    try:
        written = new_architecture(name, home, ci_shards)
    except ScaffoldError as error:
        refuse(str(error))
    for path in written:
        click.echo(str(path))
    click.echo(f"next: cd {shlex.quote(str(home))} && pip install -e '.[test]' && pytest")


@main.group()
def zoo() -> None:
    """Real weights: populations of trained networks."""


@zoo.command()
@click.argument("name")
@click.option("--force", is_flag=True, help="Train again even if it is kept.")
def build(name: str, force: bool) -> None:
    """Train a zoo and keep it."""
    keep_zoo(name, force, "trained")


def keep_zoo(name: str, force: bool, made: str) -> None:
    """Make a zoo and keep it, unless it is kept; `made` is how: trained, or read."""
    from ..core.registry import UnknownName
    from ..zoo.errors import ZooError
    from ..zoo.recipe import ZOOS
    from .progress_bar import shown_progress

    extend()
    try:
        recipe = ZOOS[name]
    except (UnknownName, ZooError) as error:
        refuse(str(error))
    from ..zoo.population import build as build_zoo

    try:
        with shown_progress() as progress:
            built = build_zoo(recipe, progress=progress, force=force)
    except ZooError as error:
        refuse(str(error))
    how = f"{made} in {built.seconds:.1f} s" if built.trained else "kept from before"
    click.echo(f"{name}: {built.counts} networks, {how}, sha256 {built.sha256}\n{built.path}")


@zoo.command("check")
@click.argument("path", metavar="FILE")
@click.option("--json", "as_json", is_flag=True)
def check_zoo(path: str, as_json: bool) -> None:
    """Say what a manifest of your own networks was understood to be: spaces, counts, labels, copies.

    Exit code: 0 if all is read, 1 if some files are not or some networks are copies, 2 if nothing is.
    """
    from ..zoo.errors import ZooError
    from .zoo_lines import checked

    try:
        found = checked(path)
    except ZooError as error:
        refuse(str(error))
    if as_json:
        click.echo(json.dumps(found.data, indent=1, ensure_ascii=False))
    else:
        for line in found.lines:
            say(line)
    sys.exit(int(found.wanting))


@zoo.command("import")
@click.argument("path", metavar="FILE")
@click.option("--force", is_flag=True, help="Read again even if it is kept.")
def import_zoo(path: str, force: bool) -> None:
    """Read the networks of a manifest and keep them, as `zoo build` keeps trained ones; suites do it by themselves."""
    keep_zoo(path, force, "read")
