"""`orbitcheck predict`: a label of one's own networks, by several architectures, with floors beside the errors."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from . import completing
from .base import extend, is_files, main, refuse, say
from .reading import Asked, needs_labels, reading_options

USUAL = ("stats", "deep-sets", "dws", "gmn")
"""Networks that are asked where none is named: entries alone, bags of neurons, linear layers, messages."""


@main.command()
@click.argument("population", metavar="ZOO|FILE...", nargs=-1, required=True)
@click.option("--label", required=True, help="What is to be predicted, by its name in the table or the zoo.")
@click.option("--labels", "table", type=click.Path(path_type=Path, dir_okay=False), help="The table of your own FILEs.")
@click.option("--by", help="The table's column that names a row's file; without it row i is of network i.")
@reading_options
@click.option("--classes", is_flag=True, help="The label's numbers name classes; words and truth values do anyway.")
@click.option("--split", metavar="LABEL", help="The column that says train, validation or test; default: by chance.")
@click.option("--together", metavar="LABEL", help="Networks of one value stay in one part, as checkpoints of one run.")
@click.option(
    "-a", "--architecture", "architectures", multiple=True, shell_complete=completing.architectures,
    help=f"As `orbitcheck run` takes them; default: {', '.join(USUAL)}.",
)  # fmt: skip
@click.option(
    "--parameters", type=click.IntRange(50, 10_000_000), default=5000, show_default=True, help="Of each network."
)
@click.option("--steps", type=click.IntRange(1, 1_000_000), default=400, show_default=True, help="Of training.")
@click.option("--seeds", type=click.IntRange(1, 64), default=2, show_default=True, help="Trainings of each network.")
@click.option(
    "-o", "--output", default="out", type=click.Path(path_type=Path), show_default=True, help="Folder of the run."
)
@click.option("-j", "--jobs", type=click.IntRange(1, 256), help="Worker processes; default: the CPUs at hand.")
@click.option("--json", "as_json", is_flag=True)
def predict(
    population: tuple[str, ...],
    label: str,
    table: Path | None,
    by: str | None,
    asked: Asked,
    classes: bool,
    split: str | None,
    together: str | None,
    architectures: tuple[str, ...],
    parameters: int,
    steps: int,
    seeds: int,
    output: Path,
    jobs: int | None,
    as_json: bool,
) -> None:
    """Train networks to predict a label from weights, with the floors of their powers beside the errors.

    ZOO is a manifest or a zoo; FILEs, folders and patterns are taken with --labels. Parts share no copies. The folder holds the
    suite, so `orbitcheck run` asks the same again.

    Exit code: 0 if nothing is wrong, 1 if a network breaks the law or goes below its floor, 2 if there is no such population or label.
    """
    from ...core.registry import UnknownName
    from ...zoo.entries import ZooError
    from ..predicting.planning import SUITE, Question, planned
    from ..predicting.population import WRITTEN, manifest_of

    extend()
    try:
        if table is None:
            zoo, *others = population
            if others or is_files(zoo) or by or asked.given:
                refuse(needs_labels(zoo, asked))
        else:
            zoo = str(written(output / WRITTEN, manifest_of(population, table, by, asked.settings())))
        question = Question(zoo, label, classes, split, together, steps, seeds, (parameters,))
        plan = planned(question)
    except (UnknownName, ZooError, ValueError) as error:
        refuse(str(error))
    suite = written(output / f"{SUITE}.yaml", plan.text)
    for line in plan.lines:
        click.echo(line, err=as_json)
    carry_out_and_tell(suite, plan, architectures or USUAL, output, jobs, as_json)


def written(file: Path, text: str) -> Path:
    """A file of ours in the folder of a run; another's is left alone."""
    from ...running.keeping.marker import is_ours
    from ...running.store import StoreError, write_atomically

    try:
        if file.exists() and not is_ours(file.parent) and file.read_bytes() != text.encode():
            refuse(f"{file} was not written by orbitcheck and would be overwritten; name another folder with -o")
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, text)
    except (StoreError, OSError) as error:
        refuse(f"{file}: {error.strerror}; name another folder with -o" if isinstance(error, OSError) else str(error))
    return file


def carry_out_and_tell(
    suite: Path, asked: Any, architectures: tuple[str, ...], output: Path, jobs: int | None, as_json: bool
) -> None:
    """Run the suite, print the table, and end with the exit code that follows."""
    from ....reports.reading.outcomes import headline
    from ..predicting.planning import constant, near_copies
    from ..predicting.table import data, told
    from .running import Asked as AskedOfRun
    from .running import carried_out, requested

    options = AskedOfRun(
        suites=(str(suite),), architectures=architectures, output=output, jobs=jobs, resume=False, time_limit=None,
        memory_limit=None, expect=None, require_power=None, device="cpu", force=False, patterns=(), fail_fast=False,
        shard=None, cluster=None, zoo=None, dry_run=False,
    )  # fmt: skip
    request = requested(options)
    (loaded,) = request.suites
    for line in near_copies(loaded, asked.checks):
        click.echo(line, err=True)
    result, code = carried_out(options, request)
    constants = {check: constant(loaded, check) for check in asked.checks}
    if as_json:
        click.echo(json.dumps(data(result, asked.checks, constants), indent=1))
        sys.exit(code)
    for line in told(result, asked.checks, constants):
        say(line)
    from .summary import red_lines

    for place, line in red_lines(result):
        say(f"{place}: {line}")
    click.echo(headline(result))
    click.echo(str((output / "report.html").resolve()))
    sys.exit(code)
