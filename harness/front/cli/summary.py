"""What the command line prints of a run, whole or merged: counts, roots of red rows, conclusions, problems."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from ...core.cleaning import one_line
from ...core.outcomes import OUTCOMES, Outcome
from .base import say

NAME = 80
"""Characters of an architecture's name in a table."""
PATH = 4096


def red_lines(result: Any) -> Iterable[tuple[str, str]]:
    """`(architecture and check, line)` of every root of red rows, and the problems of the run."""
    from ...judging.gate import is_red
    from ...judging.roots import rooted

    for problem in result.problems:
        yield "problem of the run", problem.text
    for root in rooted(list(filter(is_red, result.results))):
        row = root.head
        follow = f", and {len(root.followers)} more that follow" if root.followers else ""
        said = f"{row.outcome}: {row.case}: {row.reason or 'passes, though declared to fail'} ({row.reproduce}){follow}"
        yield f"{row.architecture} / {row.check}", said


def print_summary(result: Any, output: Path) -> None:
    """Architectures by outcome, the roots of the rows that are red, conclusions, problems and notes of the run, and where the report is."""
    from ....reports.reading.outcomes import headline
    from ...core.result import by_architecture
    from ...judging.gate import is_red
    from ...judging.roots import rooted

    found = by_architecture(result.results)
    shown_as = {
        name: one_line(name, NAME) for name in found
    }  # a file's name may hold anything, and long lists of options
    width = max(map(len, [*shown_as.values(), "architecture"]))
    click.echo(f"{'architecture':{width}}  " + "  ".join(f"{outcome:>14}" for outcome in (*OUTCOMES, "declared")))
    for name, own in found.items():
        counts = {outcome: sum(row.outcome == outcome for row in own) for outcome in OUTCOMES}
        red = {outcome: sum(row.outcome == outcome for row in filter(is_red, own)) for outcome in OUTCOMES}
        shown = [in_colour(f"{count:14d}", outcome, count, red[outcome]) for outcome, count in counts.items()]
        declared = sum(row.declared is not None for row in own)
        click.echo(f"{shown_as[name]:{width}}  " + "  ".join([*shown, f"{declared:14d}"]))
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
    click.echo(one_line(str((output / "report.html").resolve()), PATH))


def in_colour(text: str, outcome: str, count: int, red: int) -> str:
    """A count of rows in its outcome's colour, on a terminal; the words stand above it, so that colour alone says nothing."""
    if not count:
        return click.style(text, dim=True)
    if red:
        return click.style(text, fg="red", bold=True)
    return click.style(text, fg="green") if outcome == Outcome.PASS else text


def tell_unfinished(directory: Path, run: Any) -> None:
    """The banner over what is shown of a run that did not finish."""
    from ....reports.reading.outcomes import unfinished_banner

    banner = unfinished_banner(run)
    if banner:
        click.echo(one_line(f"orbitcheck: {directory}: {banner}", PATH), err=True)
