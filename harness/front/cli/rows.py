"""`orbitcheck reproduce`, `explain` and `locate`: one row of a finished run."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from . import completing
from .base import main, refuse, say


@main.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.argument("identity", metavar="ID", shell_complete=completing.rows)
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
    from ...core.outcomes import Outcome
    from ...running.executors import Lost
    from ...running.request import NothingToRun
    from ...running.run import found_cell
    from ...running.run import reproduce as again
    from ...running.store import StoreError, read_run

    try:
        run = read_run(directory)
        if script is not None:
            from ...running.examples.example import NoExample, write_example

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
@click.argument("identity", metavar="ID", shell_complete=completing.rows)
@click.option("--all", "everything", is_flag=True, help="All that was measured, too, a line each value.")
def explain(directory: Path, identity: str, everything: bool) -> None:
    """Tell one row of a run in words: what was asked, what was predicted and why, what was seen, and what follows.

    Exit code: 0, or 2 if there is no such row.
    """
    from ....reports.reading.explaining import explained
    from ...running.request import NothingToRun
    from ...running.run import found_cell
    from ...running.store import StoreError, read_run

    try:
        run = read_run(directory)
        row, _ = found_cell(run, identity)
    except (StoreError, NothingToRun) as error:
        refuse(str(error))
    for line in explained(run, row):
        click.echo(line)
    evidence = list(described(row.to_json()["evidence"]))
    click.echo("evidence:" if everything else f"evidence: {len(evidence)} values; --all lists them")
    for line in evidence if everything else ():
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
@click.argument("identity", metavar="ID", shell_complete=completing.rows)
@click.option("--json", "as_json", is_flag=True)
def locate(directory: Path, identity: str, as_json: bool) -> None:
    """Name the first submodule whose output breaks the law, for a failed row of an equivariance check.

    Measured by hooks, on outputs that are laid out over known axes; "cannot tell" where that does not say.

    Exit code: 0 if a module is named, 1 if not, 2 if there is no such row or it has no counter-example.
    """
    from ...running.examples.example import NoExample, locate_row
    from ...running.request import NothingToRun
    from ...running.run import found_cell
    from ...running.store import StoreError, read_run

    try:
        found = locate_row(*found_cell(read_run(directory), identity))
    except (StoreError, NothingToRun, NoExample) as error:
        refuse(str(error))
    if as_json:
        click.echo(json.dumps(found.to_json(), indent=1, ensure_ascii=False))
    else:
        say(found.told)
        if found.module is None:
            script = shlex.join(["orbitcheck", "reproduce", str(directory), identity, "--script", "example"])
            say(
                "what happens inside one forward is not seen: split it into submodules and ask again, or look into it with"
            )
            say(f"    {script}")
    sys.exit(int(found.module is None))
