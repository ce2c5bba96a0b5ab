"""Runs in Python are the runs of the command line: same rows, same exit code, the same files."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

import orbitcheck
from orbitcheck.harness.front.cli import main
from orbitcheck.harness.front.python.finished import FinishedRun, named
from orbitcheck.harness.front.selection import SelectionError
from orbitcheck.harness.running.keeping.files import StoreError

SUITE = """
suite: tiny
version: 1
title: copies of one network
spaces: {tiny: {mlp: [2, 3, 1], activation: relu}}
checks:
  - id: copies
    kind: separation
    space: tiny
    pairs: {family: same-orbit, count: 2}
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    folder = tmp_path_factory.mktemp("finished")
    (folder / "tiny.yaml").write_text(SUITE, encoding="utf-8")
    return orbitcheck.run(str(folder / "tiny.yaml"), ["stats"], folder / "out", jobs=1)


def test_a_run_in_python_is_the_one_that_its_folder_holds(finished: FinishedRun) -> None:
    again = orbitcheck.load(finished.directory)
    assert [row.to_json() for row in again.rows] == [row.to_json() for row in finished.rows]
    assert finished.passed and finished.failures == () and len(finished.rows) >= 2
    assert json.loads((finished.directory / "results.json").read_text())["results"]


def test_what_is_not_run_passes_for_nothing(finished: FinishedRun, tmp_path: Path) -> None:
    """Whatever stops a run in Python, the results that its folder held before are not those of what was asked for last."""
    suite, folder = str(finished.directory.parent / "tiny.yaml"), tmp_path / "out"
    shutil.copytree(finished.directory, folder)
    assert orbitcheck.load(folder).passed
    with pytest.raises(SelectionError, match="no-such"):
        orbitcheck.run(suite, ["no-such"], folder)
    with pytest.raises(StoreError, match="unfinished"):
        orbitcheck.load(folder)


@pytest.mark.parametrize("jobs", [0, -3, 10**40])
def test_a_number_of_tasks_that_is_none_is_refused(tmp_path: Path, jobs: int) -> None:
    with pytest.raises(ValueError, match=r"^jobs=.{1,60}; a run has 1 to 256 tasks at a time$"):
        orbitcheck.run("quick", ["stats"], tmp_path / "out", jobs=jobs)
    assert not (tmp_path / "out").exists()


def test_it_shows_itself_in_words_and_as_a_table(finished: FinishedRun) -> None:
    assert "All that was predicted holds" in repr(finished)
    open_tags: list[str] = []

    class Balanced(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            open_tags.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert open_tags.pop() == tag

    page = finished._repr_html_()
    Balanced().feed(page)
    assert open_tags == [] and "stats" in page and "<script" not in page


def test_the_frame_has_a_line_a_row(finished: FinishedRun) -> None:
    pytest.importorskip("pandas")
    frame = finished.to_frame()
    assert list(frame["id"]) == [row.id for row in finished.rows] and set(frame["status"]) == {"pass"}


def test_compare_and_explain_on_the_command_line(finished: FinishedRun, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(finished.directory)
    assert exit_code(["compare", folder, "stats", "stats"]) == 0
    assert "agree in 2 cases and differ in 0" in capsys.readouterr().out
    assert exit_code(["compare", folder, "stats", "dws"]) == 2
    assert "no rows of 'dws' in this run" in capsys.readouterr().err
    assert exit_code(["explain", folder, finished.rows[0].id]) == 0
    told = capsys.readouterr().out
    assert "predicted: not separated" in told and "values; --all lists them" in told.splitlines()[-1]
    assert exit_code(["explain", folder, finished.rows[0].id, "--all"]) == 0
    assert len(capsys.readouterr().out.splitlines()) > len(told.splitlines())
    assert exit_code(["explain", folder, "nobody"]) == 2


def exit_code(words: list[str]) -> int:
    with pytest.raises(SystemExit) as ended:
        main(words)
    return int(ended.value.code or 0)


def test_a_class_is_named_by_its_file_and_one_without_a_file_is_refused(tmp_path: Path) -> None:
    class Local:
        pass

    with pytest.raises(ValueError, match="is defined in no file, so worker processes cannot import it"):
        named(Local)
    assert named("dws[depth=2]") == "dws[depth=2]"
    assert named(FinishedRun).endswith("finished.py:FinishedRun")


def test_the_face_costs_no_torch() -> None:
    code = "import orbitcheck, sys; orbitcheck.load; orbitcheck.run; print('torch' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"
