"""Progress in a log: a line every tenth, and again where nothing was said for long."""

from __future__ import annotations

import threading

from orbitcheck.harness.front.progress_bar import Lines


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
    lines._say = lambda line: (say(line), said.set())[0]  # type: ignore[method-assign]
    thread = threading.Thread(target=lines.keep_saying, args=(ended,))
    thread.start()
    assert said.wait(60)
    ended.set()
    thread.join()
    assert "rows: 1 of 4, after " in capsys.readouterr().err
