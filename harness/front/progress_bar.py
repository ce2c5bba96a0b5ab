"""Progress of long work on standard error: a bar for people; for logs a line every tenth, and every half minute at the least."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def shown_progress() -> Iterator[Callable[[str, int, int], None]]:
    """A callback `(stage, done, total)` that shows itself while the context lasts."""
    if not sys.stderr.isatty():
        lines = Lines()
        ended = threading.Event()
        threading.Thread(target=lines.keep_saying, args=(ended,), daemon=True).start()
        try:
            yield lines
        finally:
            ended.set()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Now(ProgressColumn):
        """What is going on at this moment, beside the bar that is not full."""

        max_refresh = 0.5

        def render(self, task: Any) -> Text:
            return Text("" if task.finished else shown.now(), style="dim", overflow="ellipsis", no_wrap=True)

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), Now())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        shown = Bars(bars)
        try:
            yield shown
        finally:
            shown.watch(nothing)


def nothing() -> str:
    """What is going on, as long as nobody says."""
    return ""


class Bars:
    """Progress as bars of rich."""

    def __init__(self, bars: Any):
        self._bars, self._tasks = bars, dict[str, Any]()
        self.now = nothing

    def __call__(self, stage: str, done: int, total: int) -> None:
        if not total:
            self._bars.console.print(stage, markup=False, highlight=False)
            return
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(stage, total=total)
        self._bars.update(self._tasks[stage], completed=done, total=total)

    def watch(self, now: Callable[[], str]) -> None:
        self.now = now


SILENCE = 30.0
"""Seconds after which a line is said again."""


class Lines:
    """Progress as lines: one every tenth of a stage, and the last one again after each `silence` seconds without one."""

    def __init__(self, silence: float = SILENCE):
        self._silence, self._tenths = silence, dict[str, int]()
        self._now: tuple[str, int, int] | None = None
        self._going_on = nothing
        self._said = self._began = time.monotonic()

    def __call__(self, stage: str, done: int, total: int) -> None:
        if not total:
            self._say(stage)
            return
        self._now = (stage, done, total)
        tenth = 10 * done // total
        if self._tenths.get(stage) != tenth:
            self._tenths[stage] = tenth
            self._say(f"{stage}: {done} of {total}")

    def watch(self, now: Callable[[], str]) -> None:
        self._going_on = now

    def keep_saying(self, ended: threading.Event) -> None:
        """In a thread of its own, until the work has ended."""
        while not ended.wait(self._silence / 10):
            if time.monotonic() - self._said >= self._silence:
                minutes = (time.monotonic() - self._began) / 60
                now, counted = self._going_on(), "beginning" if self._now is None else "{}: {} of {}".format(*self._now)
                self._say(f"{counted}, after {minutes:.1f} minutes{f'; now {now}' if now else ''}")

    def _say(self, line: str) -> None:
        self._said = time.monotonic()
        print(line, file=sys.stderr, flush=True)
