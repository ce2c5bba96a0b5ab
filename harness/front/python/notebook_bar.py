"""Progress of long work in a notebook: one display, rewritten in place, a bar for each stage.

IPython is asked for only where a notebook has loaded it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from typing import Any

from ..progress_bar import shown_progress

PAUSE = 0.2
"""Seconds between two updates, so that short rows do not flood the page."""


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook: it has a shell, and that shell has a kernel."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


class NotebookBars:
    """A callback `(stage, done, total)` that draws bars.

    Args:
        show: puts HTML where the bars are to stand, and in place of what it put there before.
    """

    def __init__(self, show: Callable[[str], Any]):
        self._show, self._stages = show, dict[str, tuple[int, int]]()
        self._notes: list[str] = []
        self._now: Callable[[], str] = str
        self._shown = -PAUSE

    def __call__(self, stage: str, done: int, total: int) -> None:
        if total:
            self._stages[stage] = (done, total)
        else:
            self._notes.append(stage)
        if done == total or time.monotonic() - self._shown >= PAUSE:
            self._draw()

    def watch(self, now: Callable[[], str]) -> None:
        self._now = now

    def close(self) -> None:
        """Draw the last state, with nothing going on any more."""
        self._now = str
        self._draw()

    def _draw(self) -> None:
        self._shown = time.monotonic()
        self._show(self.html())

    def html(self) -> str:
        """The notes, then a bar for each stage, then what is going on; names stay text."""
        notes = "".join(f"<div>{escape(note)}</div>" for note in self._notes)
        bars = "".join(
            f'<div><label>{escape(stage)} <progress max="{total}" value="{done}"></progress> {done} of {total}</label></div>'
            for stage, (done, total) in self._stages.items()
        )
        now = self._now()
        return f"<div>{notes}{bars}{f'<small>{escape(now)}</small>' if now else ''}</div>"


def opened() -> NotebookBars:
    """Bars in the output of the cell that runs."""
    from IPython.display import HTML, display  # pyright: ignore[reportMissingImports]

    place = display(HTML(""), display_id=True)
    return NotebookBars(lambda text: place.update(HTML(text)))


@contextmanager
def shown_here() -> Iterator[Callable[[str, int, int], None]]:
    """As `shown_progress`, but as bars below the cell where this process is the kernel of a notebook."""
    if not in_notebook():
        with shown_progress() as progress:
            yield progress
        return
    bars = opened()
    try:
        yield bars
    finally:
        bars.close()
