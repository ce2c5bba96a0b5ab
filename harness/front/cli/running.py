"""`orbitcheck run`, and what is printed at the end of a run."""

from __future__ import annotations

import contextlib
import shlex
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from .. import github
from . import completing
from .base import main, refuse, say, tell_github
from .summary import print_summary, red_lines

if TYPE_CHECKING:
    from ...running.request import RunRequest

LONGEST_LIMIT = 30 * 86400
"""Seconds that a row may be given."""


class Limit(click.FloatRange):
    """A number in a range; `nan`, which no comparison finds outside, is in none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if number != number:
            self.fail(f"{value!r} is no number.", param, ctx)
        return number


@main.command()
@click.argument("suites", nargs=-1, required=True, metavar="SUITE...", shell_complete=completing.suites)
@click.option(
    "-a",
    "--architecture",
    "architectures",
    multiple=True,
    shell_complete=completing.architectures,
    help="Name, name[option=value], module:Class or file.py:Class; default: those that the suite names, or all built-in whose group its spaces carry.",
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
    type=Limit(min=1e-3, max=LONGEST_LIMIT),
    help="Seconds a row; default: 120, more for training.",
)
@click.option(
    "--memory-limit",
    type=Limit(min=1e-3, max=1 << 20),
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
@click.option(
    "--zoo",
    metavar="ZOO",
    help="Your own population in place of the suites' zoos: the path of a manifest, with /GROUP behind it if it has several.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be run, and write nothing.")
@click.option(
    "--watch", is_flag=True, help="When done, wait for a change of the files that rows hang on, and run those again."
)
def run(watch: bool, **options: Any) -> None:
    """Run suites (shipped names or files) over architectures, and write the report."""
    asked = Asked(**options)
    if watch:
        from .watching import Watched, run_again_and_again

        words = (*shlex.split(typed(asked, asked.output))[1:], *["--resume"] * asked.resume, *["--force"] * asked.force)
        files = (*asked.suites, *([asked.expect] if asked.expect else []))
        sys.exit(run_again_and_again(Watched(words, asked.output, files, asked.architectures)))
    carry_out_once(asked)


def carry_out_once(asked: Asked) -> NoReturn:
    """The run that is asked for, its summary, and the exit code that follows from it."""
    from ...running.request import NothingToRun
    from ...running.store import render

    request = requested(asked)
    if asked.dry_run:
        try:
            tell_plan(request)
        except NothingToRun as error:
            refuse(*error.errors)
        sys.exit(0)
    result, code = carried_out(asked, request)
    print_summary(result, asked.output)
    if github.on_github():
        tell_github(red_lines(result), render(result, "markdown"))
    sys.exit(code)


def carried_out(asked: Asked, request: RunRequest) -> tuple[Any, int]:
    """The run, finished, and its exit code; or the end of the command, with what is wrong or how to go on."""
    from ...running.executors import NoExecutor
    from ...running.isolation.pool import adopt, end_server
    from ...running.request import NothingToRun
    from ...running.run import Interrupted, carry_out
    from ...running.store import StoreError
    from ..progress_bar import shown_progress

    stopped: list[int] = []
    if asked.cluster is None:
        adopt()
    try:
        with shown_progress() as progress, ended_in_order(stopped):
            return carry_out(request, progress)
    except NothingToRun as error:
        refuse(*error.errors)
    except (StoreError, NoExecutor) as error:
        refuse(str(error))
    except KeyboardInterrupt as interruption:
        command = typed(asked, interruption.folder if isinstance(interruption, Interrupted) else asked.output)
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # who is impatient sees no traceback of the end
        click.echo(f"stopped; finished rows are kept, go on with: {command} --resume", err=True)
        end_server(at_once=True)
        signal.signal(signal.SIGINT, before)
        sys.exit(128 + (stopped[0] if stopped else signal.SIGINT))


@dataclass(frozen=True)
class Asked:
    """The options of `orbitcheck run`, as they were typed."""

    suites: tuple[str, ...]
    architectures: tuple[str, ...]
    output: Path
    jobs: int | None
    resume: bool
    time_limit: float | None
    memory_limit: float | None
    expect: str | None
    require_power: str | None
    device: str
    force: bool
    patterns: tuple[str, ...]
    fail_fast: bool
    shard: str | None
    cluster: str | None
    zoo: str | None
    dry_run: bool


def requested(asked: Asked) -> RunRequest:
    """The run that is asked for, its folder marked as unfinished; or the end of the command, with what is wrong."""
    from ...core.patterns import parse_pattern
    from ...running.dealing.chosen import Shard
    from ...running.executors import available_cpus
    from ...running.isolation.limits import GIB
    from ...running.keeping.marker import begin
    from ...running.request import RunRequest
    from ...running.store import StoreError
    from ..selection import SelectionError, select

    try:
        if not asked.dry_run:
            begin(asked.output)
        only = tuple(map(parse_pattern, asked.patterns))
        part = Shard.of(asked.shard) if asked.shard is not None else None
        chosen = select(asked.suites, asked.architectures, asked.expect, asked.zoo)
    except SelectionError as error:
        refuse(*error.errors)
    except (StoreError, ValueError) as error:
        refuse(str(error))
    return RunRequest(
        list(chosen.suites.values()),
        chosen.architectures,
        asked.output,
        asked.jobs or available_cpus(),
        asked.resume,
        asked.time_limit,
        asked.device,
        chosen.expectations,
        asked.require_power,
        force=asked.force,
        command=typed(asked, asked.output),
        only=only,
        fail_fast=asked.fail_fast,
        shard=part,
        memory_limit=None if asked.memory_limit is None else int(asked.memory_limit * GIB),
        executor="local" if asked.cluster is None else clustered(asked.cluster),
    )


def clustered(address: str) -> str:
    """The name of the executor on the cluster at an address."""
    from ...running import elsewhere  # noqa: F401 - enters it

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
    from ...running.dealing.chosen import only
    from ...running.dealing.costs import PLANTED, memory, total
    from ...running.plan import plan
    from ...running.provenance import zoo_kept
    from ...running.run import chosen, zoos_of

    planned = plan(request.suites, request.architectures)
    cells, plants = chosen(request, planned)
    counted, checks = Counter(cell.architecture for cell in cells), Counter[str]()
    checks.update(name for name, _ in {(cell.architecture, (cell.suite, cell.check)) for cell in cells})
    for name, rows in counted.items():
        say(f"{name}: {rows} rows of {checks[name]} checks")
    whole = f" of {len(planned)}" if len(cells) < len(planned) else ""
    say(
        f"{len(cells)} rows{whole}, about {total(cells, plants) / 60 / request.jobs:.1f} minutes on {request.jobs} workers "
        f"and {memory(cells, request.jobs):.1f} GiB"
    )
    if plants and (whole or not cells):
        say(f"of these minutes, {PLANTED / 60 / request.jobs:.1f} are for the planted defects")
    if request.shard:
        rest = total(only(planned, request.only), True)
        say(f"all {request.shard.count} shards together: about {rest / 60:.1f} minutes of one processor")
    missing = [name for name in zoos_of(cells) if zoo_kept(name) is None]
    say(f"zoos to train: {', '.join(missing) or 'none'}")


def typed(asked: Asked, folder: Path) -> str:
    """The command that asks for the same run, into a folder."""
    options: dict[str, Any] = {
        "-a": asked.architectures,
        "-o": folder,
        "-j": asked.jobs,
        "--time-limit": asked.time_limit,
        "--memory-limit": asked.memory_limit,
        "--expect": asked.expect,
        "--require-power": asked.require_power,
        "--device": None if asked.device == "cpu" else asked.device,
        "--only": asked.patterns,
        "--shard": asked.shard,
        "--cluster": asked.cluster,
        "--zoo": asked.zoo,
    }
    parts = ["orbitcheck", "run", *asked.suites]
    for name, value in options.items():
        for each in value if isinstance(value, tuple) else () if value is None else (value,):
            parts += [name, str(each)]
    return shlex.join(parts) + " --fail-fast" * asked.fail_fast
