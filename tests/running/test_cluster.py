"""Rows on a cluster of two workers of this machine: those of the own pool, also when a worker is killed in the middle."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from orbitcheck.harness.core.cache_folder import VARIABLE, cache_folder
from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.core.result import digest
from orbitcheck.harness.language.reading import load_suite
from orbitcheck.harness.plugins.discovery import SHIPPED, parse_name
from orbitcheck.harness.running import run as running
from orbitcheck.harness.running.elsewhere import sent as sent_along
from orbitcheck.harness.running.elsewhere import there
from orbitcheck.harness.running.elsewhere.sent import Files, files_under, plugin_folder
from orbitcheck.harness.running.executors import Answer, Lost, NoExecutor, Task, open_executor
from orbitcheck.harness.running.isolation.task import Loss
from orbitcheck.harness.running.plan import plan
from orbitcheck.harness.running.provenance import measured, zoo_kept
from orbitcheck.harness.running.request import RunRequest
from orbitcheck.harness.running.run import carry_out
from orbitcheck.harness.running.tasks import prepare_zoo, zoo_is_kept
from orbitcheck.harness.zoo.recipe import ZOOS

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


def test_zoos_reach_workers_by_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A zoo that is in the caller's cache and not in the worker's is there when the task begins."""
    name = "digits-inr"
    for end, content in ((".safetensors", b"weights"), (".json", b'{"sha256": "told"}')):
        monkeypatch.setenv(VARIABLE, str(tmp_path / "here"))
        (cache_folder() / "zoo").mkdir(parents=True, exist_ok=True)
        (cache_folder() / "zoo" / f"{ZOOS[name].stem}{end}").write_bytes(content)
    parameters = {"zoo": name}
    cell = Cell("suite", "check", "equivariance", parameters, "", None, "stats")
    monkeypatch.setattr(sent_along, "zoos_kept", lambda cell: {cell.parameters["zoo"]: "told"})
    ((label, read),) = sent_along.along(Task(measured, (cell,), plugin="stats"))
    files = read()
    assert label == f"zoo {name}" and set(files.zoo.values()) == {b"weights", b'{"sha256": "told"}'}
    monkeypatch.setenv(VARIABLE, str(tmp_path / "there"))
    monkeypatch.setattr(there, "_home", lambda: tmp_path / "scratch")
    monkeypatch.setenv(SHIPPED, "")
    monkeypatch.chdir(tmp_path)
    try:
        answer = there.carry_out(Task(zoo_kept, (name,), 60), there.Caller(there.versions(), str(tmp_path), 1), files)
    finally:
        there.put_down()
    assert isinstance(answer, Answer) and answer.value == "told"


class Local:
    """An executor of one task, which says that a zoo is not kept."""

    def __init__(self) -> None:
        self.tasks: list[Task] = []

    def submit(self, task: Task) -> int:
        self.tasks.append(task)
        return 1

    def results(self) -> Iterator[tuple[int, Answer]]:
        yield 1, Answer(False)


def test_of_a_zoo_that_is_kept_whole_no_process_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """That it is there says its record and its SHA-256; of one that is damaged, not there or a stranger's the local executor is asked."""
    name = "digits-inr"
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    folder, stem = cache_folder() / "zoo", ZOOS[name].stem
    folder.mkdir(parents=True)
    record = {"sha256": hashlib.sha256(b"weights").hexdigest()}
    (folder / f"{stem}.json").write_text(json.dumps({**record, "record_sha256": digest(record)}))
    (folder / f"{stem}.safetensors").write_bytes(b"weights")
    asked = Task(zoo_is_kept, (name,))
    assert sent_along.about_zoo(asked, local := Local()) == Answer(True) and not local.tasks
    for task in (Task(prepare_zoo, (name,)), Task(zoo_is_kept, ("a-stranger",))):
        assert sent_along.about_zoo(task, local := Local()) == Answer(False) and local.tasks == [task]
    (folder / f"{stem}.safetensors").write_bytes(b"weightz")
    assert sent_along.about_zoo(asked, local := Local()) == Answer(False) and local.tasks == [asked]


def test_a_worker_of_another_version_or_with_threads_is_refused_by_name_before_the_first_row(monkeypatch):
    own = {"python": "3.11", "torch": "2.0"}
    assert there.refusal(own, {"tcp://a:1": own}, {"tcp://a:1": 1}) == ""
    other = {"tcp://a:1": own, "tcp://b:1": {**own, "torch": "1.0"}}
    assert there.refusal(own, other, {}) == "the worker tcp://b:1 has torch 1.0, not 2.0"
    assert "has 4 threads; start it with" in there.refusal(own, {"tcp://a:1": own}, {"tcp://a:1": 4})
    asked = []

    class Client:
        status = "running"

        def __init__(self, *_: object, **__: object): ...
        def wait_for_workers(self, *_: object, **__: object): ...
        def nthreads(self):
            return {"tcp://b:1": 1}

        def run(self, function, **_: object):
            asked.append(function)
            return {"tcp://b:1": {**there.versions(), "torch": "1.0"}}

        def close(self, **_: object): ...

    monkeypatch.setattr("distributed.Client", Client)
    with pytest.raises(NoExecutor, match=r"the worker tcp://b:1 has torch 1\.0, not "):
        open_executor("cluster@tcp://b:8786", 1, None)
    assert asked == [there.versions], "nothing was submitted"


def test_what_dask_gives_up_is_an_error_of_the_row_in_words_of_ours():
    class KilledWorker(Exception): ...

    class Future:
        def __init__(self, error: Exception):
            self.error = error

        def result(self, timeout: float):
            raise self.error

    killed = there.answered(Future(KilledWorker("orbitcheck-140-3 and addresses")), 1)
    assert killed == Lost("crashed: every worker that carried it out died, one after the other", Loss.CRASHED)
    assert there.answered(Future(ValueError("a\nb")), 1) == Lost("ValueError: a b", Loss.RAISED)
    assert there.answered(Answer(1), 1) == Answer(1)


KILLS_ITS_WORKER = """\
import os, signal

def parent(pid):
    return int(open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[1])

def kill(path):
    with open(path, "a") as out:
        out.write("x")
    os.kill(parent(os.getppid()), signal.SIGKILL)
"""


@pytest.mark.long
def test_a_task_that_kills_its_worker_three_times_is_lost_alone_and_what_runs_is_shown(tmp_path: Path, monkeypatch):
    """On one worker, which has the next task beside it whenever it dies; that one is blamed for nothing."""
    (tmp_path / "killing.py").write_text(KILLS_ITS_WORKER)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(tmp_path)
    import killing  # type: ignore[import-not-found]

    seen = set[str]()
    with closing(open_executor("cluster@local:1", 1, tmp_path / "log")) as executor:
        number = executor.submit(Task(killing.kill, (str(tmp_path / "tries"),), 60))
        others = [executor.submit(Task(time.sleep, (1 + each / 10,), 60)) for each in range(3)]
        ended = threading.Event()

        def look() -> None:
            while not ended.wait(0.1):
                seen.update(task.title for task, _ in executor.running())

        watching = threading.Thread(target=look)
        watching.start()
        answers = dict(executor.results())
        ended.set()
        watching.join()
        assert executor.running() == []
    assert (tmp_path / "tries").read_text() == "xxx"
    assert isinstance(answers[number], Lost) and answers[number].why is Loss.CRASHED
    assert all(isinstance(answers[each], Answer) for each in others)
    assert seen, "what is running is told"


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
    from orbitcheck.harness.running.elsewhere import opening

    monkeypatch.setattr(opening, "PATIENCE", 0.2)
    for address in ("tcp://127.0.0.1:1", "local:many", "nowhere"):
        with pytest.raises(NoExecutor, match=f"cluster {address}: .+"):
            open_executor(f"cluster@{address}", 1, None)
