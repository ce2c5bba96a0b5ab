"""Rows on a cluster of two workers of this machine: those of the own pool, also when a worker is killed in the middle."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path

import pytest

from orbitcheck.harness.language.reading import load_suite
from orbitcheck.harness.plugins.discovery import SHIPPED, parse_name
from orbitcheck.harness.running import run as running
from orbitcheck.harness.running.elsewhere import sent as sent_along
from orbitcheck.harness.running.elsewhere import there
from orbitcheck.harness.running.elsewhere.sent import Files, files_under, plugin_folder
from orbitcheck.harness.running.executors import Answer, NoExecutor, Task, open_executor
from orbitcheck.harness.running.plan import plan
from orbitcheck.harness.running.provenance import measured
from orbitcheck.harness.running.request import RunRequest
from orbitcheck.harness.running.run import carry_out

pytest.importorskip("distributed")
pytestmark = pytest.mark.filterwarnings("ignore")  # of dask's own, in its threads

SUITE = """\
suite: small
version: 1
title: Small
spaces:
  tiny: {mlp: [1, 3, 1], activation: relu}
checks:
  - {id: law, kind: equivariance, spaces: [tiny], outputs: [invariant], inputs: [generic, ties], samples: 2, elements: 1}
"""
MINE = """\
from orbitcheck.architectures.stats import Stats
from beside import FACTOR

class Net(Stats):
    def forward(self, v):
        return FACTOR * super().forward(v)

class Broken(Stats):
    def forward(self, v):
        raise ValueError(__file__)
"""


@pytest.mark.long
def test_rows_are_those_of_the_own_pool_and_a_killed_worker_loses_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "small.yaml").write_text(SUITE)
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "beside.py").write_text("FACTOR = 2.0\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(running, "_planted", lambda *_: [])
    names = [parse_name(name) for name in ("flat-mlp", "mine.py:Net", f"{tmp_path}/mine.py:Broken")]
    found, processes, opened, killed = {}, {}, [], []

    def recorded(*arguments):
        opened.append(open_executor(*arguments))
        return opened[-1]

    def kills(stage: str, done: int, total: int) -> None:
        if stage == "rows" and done and not killed and hasattr(opened[-1], "_client"):
            killed.append(next(iter(opened[-1]._client.run(os.getpid).values())))
            os.kill(killed[0], signal.SIGKILL)

    monkeypatch.setattr(running, "open_executor", recorded)
    for executor in ("local", "cluster@local:2"):
        out = tmp_path / executor.partition("@")[0]
        run, _ = carry_out(RunRequest([load_suite("small.yaml")], names, out, jobs=2, executor=executor), kills)
        untimed = {"seconds": 0, "model_seconds": 0, "reproduce": ""}
        found[out.name] = [{**row.to_json(), **untimed} for row in run.results]
        processes[out.name] = run.environment["processes"]
        assert not (out / ".passing").exists()
    assert found["cluster"] == found["local"] and len(found["local"]) == 6 and killed
    assert {row["outcome"] for row in found["local"]} == {"pass", "fail", "error"}
    assert processes["cluster"].keys() == processes["local"].keys()
    assert all(":" in each for listed in processes["cluster"].values() for each in listed)


def test_a_task_there_finds_the_files_of_here_and_names_them_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """In this process: what a worker does with a row, whose plug-in's file is nowhere but in what was sent along."""
    home, mine = tmp_path / "scratch", tmp_path / "mine"
    mine.mkdir()
    (mine / "mine.py").write_text(MINE)
    (mine / "beside.py").write_text("FACTOR = 2.0\n")
    (mine / "small.yaml").write_text(SUITE)
    monkeypatch.setattr(there, "_home", lambda: home)
    monkeypatch.setenv(SHIPPED, "")
    name = parse_name(f"{mine}/mine.py:Broken")
    cell = plan([load_suite(mine / "small.yaml")], [name])[0]
    folder = plugin_folder(str(name))
    assert folder == mine
    sent = Files(files_under(mine), {})
    shutil.rmtree(mine)
    monkeypatch.chdir(tmp_path)
    caller = there.Caller(there.versions(), str(mine), 1)
    task = Task(measured, (cell, "cpu", tmp_path / "out"), 60, str(name), "of a check")
    try:
        answer = there.carry_out(task, caller, sent)
    finally:
        there.put_down()
    assert isinstance(answer, Answer) and answer.process
    assert f"ValueError: {mine}/mine.py" in answer.value["row"]["reason"]
    assert {str(mine / "mine.py"), str(mine / "beside.py")} <= answer.value["made"]["content"].keys()
    assert str(home) not in json.dumps(answer.value) and not (tmp_path / "out").exists()
    other = there.Caller({**caller.versions, "torch": "1.0"}, str(mine), 1)
    assert "other versions" in there.carry_out(task, other, sent).reason  # type: ignore[union-attr]


def test_what_is_sent_along_is_bounded_and_leaves_runs_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in (
        "net.py",
        "parts/a.py",
        ".git/x",
        "__pycache__/net.pyc",
        "out/results.json",
        "out/.orbitcheck-run.json",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1")
    assert sorted(files_under(tmp_path)) == [str(tmp_path / "net.py"), str(tmp_path / "parts" / "a.py")]
    assert plugin_folder("stats") is plugin_folder("package.module:Net[depth=2]") is None
    files_under.cache_clear()
    monkeypatch.setattr(sent_along, "MOST", 1)
    with pytest.raises(NoExecutor, match="more than 1 files"):
        files_under(tmp_path)


def test_what_cannot_be_a_cluster_is_one_line(monkeypatch: pytest.MonkeyPatch):
    from orbitcheck.harness.running.elsewhere import cluster

    monkeypatch.setattr(cluster, "PATIENCE", 0.2)
    for address in ("tcp://127.0.0.1:1", "local:many", "nowhere"):
        with pytest.raises(NoExecutor, match=f"cluster {address}: .+"):
            open_executor(f"cluster@{address}", 1, None)
