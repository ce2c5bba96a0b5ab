"""Progress in a log: a line every tenth, and again where nothing was said for long."""

from __future__ import annotations

import io
import sys
import threading
from types import SimpleNamespace

from orbitcheck.harness.core.progress import Showing
from orbitcheck.harness.front.progress_bar import Lines, shown_progress
from orbitcheck.harness.front.python import notebook_bar
from orbitcheck.harness.front.python.notebook_bar import NotebookBars, in_notebook, shown_here
from orbitcheck.harness.running.executors import Task, now


def test_a_line_every_tenth_and_notes_at_once(capsys):
    lines = Lines()
    for done in range(101):
        lines("rows", done, 100)
    lines("a note", 0, 0)
    said = capsys.readouterr().err.splitlines()
    assert said == [*(f"rows: {10 * tenth} of 100" for tenth in range(11)), "a note"]


def test_silence_is_broken(capsys):
    lines, ended, said = Lines(silence=0.01), threading.Event(), threading.Event()
    say = lines._say
    lines("rows", 1, 4)
    lines.watch(lambda: "stats / law, 12 s")
    lines._say = lambda line: (say(line), said.set())[0]  # type: ignore[method-assign]
    thread = threading.Thread(target=lines.keep_saying, args=(ended,))
    thread.start()
    assert said.wait(60)
    ended.set()
    thread.join()
    said_last = capsys.readouterr().err
    assert "rows: 1 of 4, after " in said_last and "minutes; now stats / law, 12 s\n" in said_last


def test_a_terminal_shows_what_is_running_now(monkeypatch):
    out = io.StringIO()
    out.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stderr", out)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with shown_progress() as progress:
        assert isinstance(progress, Showing)
        progress.watch(lambda: "stats / law, 12 s")
        progress("rows", 1, 4)
    assert "stats / law, 12 s" in out.getvalue()


def test_now_is_said_in_a_line_longest_first():
    rows = [Task(abs, (-1,), group=f"suite\n{check}\nstats") for check in ("law", "twins", "ladder")]

    class Busy:
        def running(self):
            return [*zip(rows, (1.2, 12.4, 3.0), strict=True), (Task(abs, (-1,)), 0.0)]

    assert now(Busy()) == "stats / twins, 12 s; stats / ladder, 3 s; and 2 more"  # type: ignore[arg-type]


def test_a_notebook_shows_bars_in_one_place_and_what_is_called_stays_text():
    shown: list[str] = []
    bars = NotebookBars(shown.append)
    assert isinstance(bars, Showing)
    bars("a note <b>", 0, 0)
    bars.watch(lambda: "stats / law, 12 s")
    for done in range(1000):
        bars("rows", done, 1000)
    bars("rows", 1000, 1000)
    assert "12 s" in shown[-1] and "a note &lt;b&gt;" in shown[-1]
    bars.close()
    assert '<progress max="1000" value="1000"></progress> 1000 of 1000' in shown[-1] and "12 s" not in shown[-1]
    assert len(shown) < 500


def test_bars_are_drawn_in_the_kernel_of_a_notebook_alone(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    assert not in_notebook()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=1)))
    assert in_notebook()
    drawn = NotebookBars(lambda text: None)
    monkeypatch.setattr(notebook_bar, "opened", lambda: drawn)
    with shown_here() as progress:
        assert progress is drawn
