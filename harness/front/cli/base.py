"""What all commands share: the group they enter, one line an error, what is printed."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

from ...core.cleaning import one_line
from .. import github

NOTHING = 2
"""Exit code: nothing could be run."""


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


def extend() -> None:
    """Import the installed extensions, whose families, targets and kinds are listed beside ours."""
    from ...plugins.extensions import ExtensionError, load_extensions

    try:
        load_extensions()
    except ExtensionError as error:
        refuse(str(error))


def begin_misspelt(error: click.ClickException, words: Sequence[str]) -> None:
    """A run whose options do not read has not run: what an earlier one left in its folder passes for nothing, either."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is None or context.command.name != "run":
        return
    from ...running.keeping.marker import begin
    from ...running.store import StoreError

    folder = "out"
    for number, word in enumerate(words):
        if word in ("-o", "--output"):
            folder = words[number + 1] if number + 1 < len(words) else folder
        elif word.startswith(("-o", "--output=")):
            folder = word.removeprefix("--output=").removeprefix("-o")
    with contextlib.suppress(StoreError):
        begin(Path(folder))


def is_files(name: str) -> bool:
    """Whether what stands for a zoo is networks of one's own: a path that is there, and no manifest."""
    from ...zoo.manifest import SUFFIXES
    from ...zoo.recipe import ZOOS

    return os.path.exists(name) and not name.endswith(SUFFIXES) and name.partition("/")[0] not in ZOOS


UNWRITTEN = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""Errors of a disk or a device; with no file's name they are those of standard output."""
SUBJECTS = {
    "Run": ("run", "merge"),
    "Read a run": ("report", "gate", "verify", "diff", "compare"),
    "Share a run": ("submit", "leaderboard"),
    "One row": ("explain", "reproduce", "locate"),
    "Your own weights": ("audit", "duplicates", "floor", "predict", "zoo"),
    "What there is": ("list", "schema", "new"),
}
"""The commands as help lists them."""


class OneLine(click.Group):
    """A group whose every error of usage is one line, as all other errors are; click's own take four.

    Its help lists the commands by subject, each with its first sentence whole.
    """

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands by subject; click's own list cuts their sentences at the edge of the terminal."""
        listed = {name: command.get_short_help_str(limit=1000) for name, command in sorted(self.commands.items())}
        if self.name != "main":
            subjects = {"Commands": tuple(listed)}
        else:
            known = {name for names in SUBJECTS.values() for name in names}
            subjects = {**SUBJECTS, "More": tuple(name for name in listed if name not in known)}
        for subject, names in subjects.items():
            if names:
                with formatter.section(subject):
                    formatter.write_dl([(name, listed[name]) for name in names])

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
        except OSError as error:
            if error.filename is not None or error.errno not in UNWRITTEN:
                raise
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - or Python tries once more as it ends
            refuse(f"what was to be said cannot be written ({error.strerror})")


@click.group(cls=OneLine, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="orbitcheck")
def main() -> None:
    """Formal-property tests for permutation-equivariant weight-space networks."""
