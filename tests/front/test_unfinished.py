"""What did not finish passes for nothing: `run || true; gate` is red whatever lay there before."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from orbitcheck.harness.front.cli import main
from orbitcheck.harness.running import run as running
from orbitcheck.harness.running.executors import Answer, Task
from orbitcheck.harness.running.keeping.files import RESULTS
from orbitcheck.harness.running.keeping.marker import MARKER, read_marker

SUITE = """\
suite: small
version: 1
title: Small
spaces:
  tiny: {mlp: [1, 3, 1], activation: relu}
checks:
  - {id: law, kind: equivariance, spaces: [tiny], outputs: [invariant], inputs: [generic, ties]}
"""


def call(*arguments: object):
    return CliRunner().invoke(main, list(map(str, arguments)))


def no_plants(*_: object) -> list[object]:
    return []


class Here:
    """An executor in this process: it costs no server that imports torch."""

    def __init__(self, *_: object):
        self.tasks: list[Task] = []

    def submit(self, task: Task) -> int:
        self.tasks.append(task)
        return len(self.tasks) - 1

    def results(self) -> Iterator[tuple[int, Answer]]:
        for number, task in enumerate(self.tasks):
            yield number, Answer(task.function(*task.arguments))
        self.tasks = []

    def running(self) -> list[tuple[Task, float]]:
        return []

    def close(self) -> None:
        pass


@pytest.fixture(scope="module", autouse=True)
def unplanted() -> Iterator[None]:
    """Runs of two rows, without the seconds of the planted defects and of a server."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "_planted", no_plants)
        patch.setattr(running, "open_executor", Here)
        yield


@pytest.fixture(scope="module")
def yesterday(unplanted: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """A suite, a folder with a green run of it, and the run's baseline."""
    home = tmp_path_factory.mktemp("yesterday")
    (home / "small.yaml").write_text(SUITE)
    assert call("run", home / "small.yaml", "-a", "stats", "-o", home / "out", "-j", 1).exit_code == 0
    assert call("gate", home / "out", "--baseline", home / "kept.json", "--update").exit_code == 0
    return home / "small.yaml", home / "out", home / "kept.json"


@pytest.fixture
def out(yesterday, tmp_path) -> Path:
    """A copy of yesterday's folder."""
    return Path(shutil.copytree(yesterday[1], tmp_path / "out"))


class Killed(Exception):
    """Stands for a signal."""


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "smal"],
        ["run", "SUITE", "-a", "stat"],
        ["run", "SUITE", "--ouptut"],
        ["run", "SUITE", "-a", "stats", "-j", "many"],
        ["run", "SUITE", "-a", "stats", "--time-limit", "0"],
        ["run", "SUITE", "-a", "stats[no=1]"],
        ["run", "SUITE", "-a", "MISSING:Net"],
    ],
)
def test_a_run_that_did_not_start_leaves_nothing_to_pass(yesterday, out, arguments):
    suite, _, kept = yesterday
    assert call("gate", out, "--baseline", kept).exit_code == 0
    (out.parent / "broken.py").write_text("raise RuntimeError")
    words = {"SUITE": str(suite), "MISSING:Net": f"{out.parent}/broken.py:Net"}
    assert call(*(words.get(word, word) for word in arguments), "-o", out).exit_code == 2
    for refused in (
        call("gate", out, "--baseline", kept),
        call("verify", out),
        call("gate", out / RESULTS, "--baseline", kept),
    ):
        (line,) = refused.output.splitlines()
        assert refused.exit_code == 2 and "unfinished" in line


def test_a_run_that_was_killed_is_shown_under_a_banner_and_goes_on(yesterday, out, monkeypatch):
    suite, before, kept = yesterday

    def killed(*_: object) -> None:
        raise Killed

    monkeypatch.setattr(running, "_planted", killed)
    arguments = ("run", suite, "-a", "stats", "-a", "flat-mlp", "-o", out, "-j", 1)
    assert isinstance(call(*arguments).exception, Killed)
    gate = call("gate", out, "--baseline", kept)
    assert gate.exit_code == 2
    assert (
        f"unfinished: 4 of 4 rows, the controls after them not yet; "
        f"`orbitcheck run {suite} -a stats -a flat-mlp -o {out} -j 1 --resume` goes on" in gate.output
    )
    to_row = running.to_row
    monkeypatch.setattr(running, "to_row", killed)
    assert isinstance(call(*arguments).exception, Killed)
    shown = call("report", out, "--format", "markdown")
    assert shown.exit_code == 0
    assert f"orbitcheck: {out}: unfinished: 0 of 4 rows\n" in shown.output
    monkeypatch.setattr(running, "to_row", to_row)
    call(*arguments)
    call("report", out)
    for name in ("report.html", "report.md", "junit.xml"):
        assert "nfinished: 4 of 4 rows, the controls after them not yet" in (out / name).read_text(), name
    differing = call("diff", before, out)
    assert f"orbitcheck: {out}: unfinished: 4 of 4 rows, the controls after them not yet\n" in differing.output
    assert "NEW     flat-mlp / small / law" in differing.output
    as_json = call("report", out, "--format", "json").output
    elsewhere = out.parent / RESULTS
    elsewhere.write_text(as_json[as_json.index("{\n") :])
    copied = call("gate", elsewhere, "--baseline", kept)
    assert copied.exit_code == 2 and "unfinished: 4 of 4 rows" in copied.output
    monkeypatch.setattr(running, "_planted", no_plants)
    went_on = call(*arguments, "--resume")
    assert went_on.exit_code == 1 and "--resume:" not in went_on.output
    assert call("gate", out, "--baseline", kept).exit_code == 1


def test_going_on_with_another_selection_says_what_it_will_do(yesterday, out):
    suite = yesterday[0]
    result = call("run", suite, "-a", "stats", "-a", "deep-sets", "-o", out, "-j", 1, "--resume")
    assert result.exit_code == 0
    assert "the folder holds a run of small over stats, this one is of small over stats, deep-sets" in result.output
    assert "2 of its 4 rows are there already" in result.output
    told = read_marker(out)
    assert told is not None and told.finished and told.rows == 4


def test_files_of_the_users_are_not_overwritten_but_by_force(yesterday, tmp_path):
    (tmp_path / RESULTS).write_text("mine")
    arguments = ("run", yesterday[0], "-a", "stats", "-o", tmp_path, "-j", 1)
    refused = call(*arguments)
    assert refused.exit_code == 2
    (line,) = refused.output.splitlines()
    assert "--force" in line and (tmp_path / RESULTS).read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == [RESULTS]
    assert call(*arguments, "--force").exit_code == 0
    assert json.loads((tmp_path / RESULTS).read_text())["results"]
    (tmp_path / MARKER).write_text("of a version to come")
    assert call(*arguments).exit_code == 0, "a marker of any version is ours"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_a_scheduler_stops_says_how_it_goes_on(tmp_path, monkeypatch, number):
    monkeypatch.setattr(running, "carry_out", lambda *_: signal.raise_signal(number))
    before = signal.signal(number, signal.SIG_DFL)  # under nohup it is ignored, and stays so
    try:
        stopped = CliRunner().invoke(main, ["run", "quick", "-a", "stats", "-o", str(tmp_path / "out")])
    finally:
        after = signal.signal(number, before)
    assert stopped.exit_code == 128 + number and after is signal.SIG_DFL
    assert f"go on with: orbitcheck run quick -a stats -o {tmp_path / 'out'} --resume" in stopped.output
