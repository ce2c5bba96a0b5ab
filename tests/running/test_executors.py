"""The executor protocol: every implementation gives the same rows, and the process that submits needs no torch."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from orbitcheck.harness.core.cache_folder import cache_folder
from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.core.registry import UnknownName
from orbitcheck.harness.running.executors import (
    EXECUTORS,
    OWN,
    Answer,
    Lost,
    NoExecutor,
    Task,
    Witnessed,
    carried_out,
    open_executor,
)
from orbitcheck.harness.running.isolation.pool import running_server
from orbitcheck.harness.running.isolation.task import Loss
from orbitcheck.harness.running.isolation.variables import CACHES, variables
from orbitcheck.harness.running.run import hopeless
from orbitcheck.harness.running.workers import PRELOADED, clear

STRANGERS = Path(__file__).parent / "strangers"
SUITE = """\
suite: small
version: 1
title: Small
spaces:
  tiny: {mlp: [1, 3, 1], activation: relu}
checks:
  - {id: law, kind: equivariance, spaces: [tiny], outputs: [invariant], inputs: [generic, ties]}
"""
ALONE = """
import json, sys
from pathlib import Path
from orbitcheck.harness.language.reading import load_suite
from orbitcheck.harness.plugins.discovery import parse_name
from orbitcheck.harness.running import planted
from orbitcheck.harness.running.executors import EXECUTORS
from orbitcheck.harness.running.request import RunRequest
from orbitcheck.harness.running.run import carry_out

planted.PLANTS = dict(list(planted.PLANTS.items())[:18])
EXECUTORS.add("one-child", "one_child:OneChild")
folder, *executors = sys.argv[1:]
names = [parse_name(name) for name in ("stats", "flat-mlp")]
found = {}
for executor in executors:
    request = RunRequest([load_suite(f"{folder}/small.yaml")], names, Path(folder) / executor, executor=executor)
    run, code = carry_out(request)
    found[executor] = {
        "code": code,
        "rows": [{**row.to_json(), "seconds": 0, "model_seconds": 0, "reproduce": ""} for row in run.results],
        "architectures": [{**entry, "cost": None} for entry in run.architectures],
        "planted": run.planted,
        "problems": [problem.text for problem in run.problems],
    }
heavy = sorted({"torch", "scipy"} & {name.partition(".")[0] for name in sys.modules})
print(json.dumps([found, heavy]))
"""


def test_another_executor_gives_the_same_run_and_the_caller_imports_no_torch(tmp_path):
    (tmp_path / "small.yaml").write_text(SUITE)
    temporary, here = tmp_path / "temporary", tmp_path / "here"
    temporary.mkdir()
    here.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(tmp_path), "local", "one-child"],
        capture_output=True,
        text=True,
        check=False,
        cwd=here,
        env={**os.environ, "PYTHONPATH": str(STRANGERS), "TMPDIR": str(temporary)},
    )
    assert done.returncode == 0, done.stderr
    assert [*temporary.iterdir(), *here.iterdir()] == [], "nothing is left beside the output folder"
    found, heavy = json.loads(done.stdout)
    assert not heavy
    assert found["local"] == found["one-child"]
    assert [row["outcome"] for row in found["local"]["rows"]].count("fail") == 2, "the rows say something"
    planted = found["local"]["planted"]
    assert len(planted) > 7 and all(each["caught"] for each in planted), [e for e in planted if not e["caught"]]


@pytest.fixture(params=["local", "one-child"])
def executor(request, monkeypatch):
    monkeypatch.syspath_prepend(STRANGERS)
    monkeypatch.setenv("PYTHONPATH", str(STRANGERS))
    monkeypatch.setattr(EXECUTORS, "_entries", {**dict(EXECUTORS.items()), "one-child": "one_child:OneChild"})
    with closing(open_executor(request.param, 2, None)) as opened:
        yield opened


def test_every_task_is_answered_once_whenever_it_was_submitted(executor):
    numbers = [executor.submit(Task(pow, (number, 7))) for number in range(5)]
    assert len(set(numbers)) == 5
    answers = executor.results()
    first, answer = next(answers)
    assert answer == Answer(numbers.index(first) ** 7)
    late = executor.submit(Task(pow, (100, 7)))
    rest = dict(executor.results())
    assert rest == {
        **{number: Answer(place**7) for place, number in enumerate(numbers) if number != first},
        late: Answer(100**7),
    }
    assert list(executor.results()) == []
    assert dict(carried_out(executor, [Task(abs, (-1,)), Task(abs, (-2,))])) == {0: Answer(1), 1: Answer(2)}
    assert list(carried_out(executor, [])) == []


def test_what_breaks_a_local_worker_loses_its_own_answer_alone():
    tasks = [
        Task(abs, (-1,)),
        Task(eval, ("__import__('os')._exit(0)",), 60),
        Task(time.sleep, (60,), 0.5),
        Task(divmod, (1, 0)),
        Task(abs, (-2,)),
        Task(eval, ("__import__('os').closerange(3, 256) or __import__('time').sleep(60)",), 60),
        Task(eval, ("[bytearray(1 << 30), __import__('time').sleep(60)]",), 60, memory=1 << 29),
    ]
    with closing(open_executor("local", 2, None)) as executor:
        answers = dict(carried_out(executor, tasks))
    closed = "crashed: it closed the descriptors over which it answers, and it was ended for that"
    assert answers[5] == Lost(closed, Loss.CRASHED)
    assert answers[6].why is Loss.MEMORY and "the limit is 0.5 GiB" in answers[6].reason
    assert (answers[0], answers[4]) == (Answer(1), Answer(2))
    assert answers[1] == Lost("crashed: its process ended itself with exit code 0", Loss.CRASHED)
    assert answers[2] == Lost("hung: idle and without progress for 0.5 s", Loss.HUNG)
    assert isinstance(answers[3], Lost) and answers[3].reason.startswith("ZeroDivisionError: ")


def test_a_file_in_the_place_of_a_runs_folder_loses_no_answer(tmp_path):
    """Workers of before and new ones go on, with their passing files in the cache, where nothing of them is left."""
    out, before = tmp_path / "out", sorted(cache_folder().glob("passing/*"))
    out.mkdir()
    with closing(open_executor("local", 2, out / "log")) as executor:
        assert dict(carried_out(executor, [Task(abs, (-1,))])) == {0: Answer(1)}
        shutil.rmtree(out)
        out.write_text("mine")
        named = Task(eval, ("__import__('os').environ['XDG_CACHE_HOME']",), plugin="another")
        answers = dict(carried_out(executor, [Task(abs, (-2,)), named]))
    assert answers[0] == Answer(2) and isinstance(answers[1], Answer), answers
    assert answers[1].value.startswith(str(cache_folder())) and out.read_text() == "mine"
    assert sorted(cache_folder().glob("passing/*")) == before


def test_what_killed_programs_left_in_the_cache_is_removed_once_it_is_old(tmp_path):
    mine, gone = f"{os.getpid()}-1", "999999999-1"
    for name in (mine, gone, "888888888-1", "somebody's"):
        (tmp_path / name / "1").mkdir(parents=True)
    for name in (mine, gone, "somebody's"):
        os.utime(tmp_path / name, (0, 0))
    clear(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([mine, "888888888-1", "somebody's"])
    clear(tmp_path / "nowhere")


ORPHANS = """
import os, sys, time
from orbitcheck.harness.running.isolation import processes
processes.adopt_orphans()
mine = os.spawnv(os.P_NOWAIT, "/bin/sleep", ["sleep", "60"])
before = processes.children()
read, write = os.pipe()
if os.fork() == 0:
    os.setsid()
    pid = os.fork()
    if pid == 0:
        os.execve("/bin/sleep", ["sleep", "60"], {})
    os.write(write, str(pid).encode())
    os._exit(0)
orphan = int(os.read(read, 20))
os.wait()
while orphan not in processes.children():
    time.sleep(0.01)
processes.end_orphans(before)
assert processes.children() == before and mine in before and processes.read_process(orphan) is None
processes.end_families([mine])
"""


def test_what_a_dead_server_leaves_is_ended_and_nothing_else():
    """A process without a variable, in a session of its own, whose parents are gone."""
    subprocess.run([sys.executable, "-c", ORPHANS], check=True, timeout=60)


def test_tasks_in_flight_are_carried_out_again_when_the_server_of_their_processes_dies():
    with closing(open_executor("local", 2, None)) as executor:
        numbers = [executor.submit(Task(eval, (f"__import__('time').sleep(0.3) or {each}",), 60)) for each in range(4)]
        answers = executor.results()
        number, answer = next(answers)
        running_server(PRELOADED).process.kill()
        found = {number: answer, **dict(answers)}
    assert found == {number: Answer(each, found[number].process) for each, number in enumerate(numbers)}


def test_what_libraries_keep_is_kept_in_the_run_and_what_was_downloaded_stays_where_it_is(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", "/models")
    told = variables(tmp_path / "7", "token")
    assert all(Path(told[name]).is_relative_to(tmp_path) for name in CACHES) and told["HF_HOME"] == "/models"
    assert {"XDG_CACHE_HOME", "HYPOTHESIS_STORAGE_DIRECTORY", "TORCHINDUCTOR_CACHE_DIR"} <= CACHES.keys()


def test_a_process_answers_for_one_plug_in_and_says_so():
    executor = Witnessed(open_executor("local", 1, None))
    with closing(executor):
        tasks = [Task(os.getpid, (), plugin=name) for name in ("", "a (declaration)", "a", "b", "a")]
        answers = dict(carried_out(executor, tasks))
        seen = executor.processes()
    assert list(seen) == [OWN, "a (declaration)", "a", "b"] and executor.running() == []
    assert seen["a"] == [str(answers[2].value)] == [str(answers[4].value)]
    assert len({pid for pids in seen.values() for pid in pids}) == 4 and str(os.getpid()) not in seen[OWN]


def test_what_comes_after_two_lost_rows_of_a_check_is_not_run_in_the_order_of_the_plan():
    def cell(architecture: str, check: str, case: int) -> Cell:
        return Cell("suite", check, "equivariance", {}, str(case), None, architecture)

    cells = [cell(name, check, case) for check in ("one", "two") for case in range(4) for name in ("bad", "good")]
    at = {(each.architecture, each.check, int(each.case)): position for position, each in enumerate(cells)}
    lost = {at["bad", "one", 0], at["bad", "one", 1], at["bad", "one", 3], at["bad", "two", 2], at["good", "two", 0]}
    assert hopeless(cells, lost) == {at["bad", "one", 2], at["bad", "one", 3]}
    assert hopeless(cells, lost - {at["bad", "one", 1]}) == set()


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("a\udcff\x1b[31m", Answer("a\ufffd\ufffd[31m")),
        ((1, 2), Answer([1, 2])),
        ({1, 2}, Lost("its answer is no plain data: set is no JSON data")),
    ],
)
def test_what_comes_back_is_plain_data_or_lost(value, read):
    class Echo:
        def submit(self, task: Task) -> int:
            return 1

        def results(self):
            yield 1, Answer(value)

        def running(self) -> list[tuple[Task, float]]:
            return []

        def close(self) -> None: ...

    assert list(carried_out(Echo(), [Task(abs, (1,))])) == [(0, read)]


def test_a_log_whose_folder_is_gone_is_one_line(tmp_path):
    with pytest.raises(NoExecutor, match=r"gone/plugin-output.log cannot be used \(No such file or directory\)"):
        open_executor("local", 1, tmp_path / "gone" / "plugin-output.log")


def test_an_unknown_executor_is_answered_with_those_there_are():
    with pytest.raises(UnknownName, match='unknown executor "lokal"; did you mean "local"'):
        open_executor("lokal", 1, None)
