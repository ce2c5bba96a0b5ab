"""Progress of long work on standard error: a bar for people, a line every tenth for logs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def shown_progress() -> Iterator[Callable[[str, int, int], None]]:
    """A callback `(stage, done, total)` that shows itself while the context lasts."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, int] = {}

        def show(stage: str, done: int, total: int) -> None:
            if not total:
                bars.console.print(stage, markup=False, highlight=False)
                return
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done, total=total)  # type: ignore[arg-type]

        yield show


def _lines() -> Callable[[str, int, int], None]:
    said: dict[str, int] = {}

    def show(stage: str, done: int, total: int) -> None:
        if not total:
            print(stage, file=sys.stderr, flush=True)
            return
        tenth = 10 * done // max(total, 1)
        if said.get(stage) != tenth:
            said[stage] = tenth
            print(f"{stage}: {done} of {total}", file=sys.stderr, flush=True)

    return show
