"""A row is used again only if nothing that it was made of has changed; whatever it is that changed."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.core.outcomes import Fault
from orbitcheck.harness.core.result import Run
from orbitcheck.harness.language.reading import load_suite
from orbitcheck.harness.plugins.discovery import parse_name
from orbitcheck.harness.running import run as running
from orbitcheck.harness.running.executors import Answer, Lost, Task
from orbitcheck.harness.running.keeping import asked as asked_for
from orbitcheck.harness.running.keeping import whose
from orbitcheck.harness.running.keeping.imports import EVALUATION, closure, named_in
from orbitcheck.harness.running.keeping.journal import journal_copy, open_journal
from orbitcheck.harness.running.keeping.watching import ABSENT
from orbitcheck.harness.running.plan import plan
from orbitcheck.harness.running.provenance import Present, completed, loaded, measured
from orbitcheck.harness.running.request import RunRequest
from orbitcheck.harness.running.run import carry_out
from orbitcheck.harness.running.workers import Workers

SUITE = """\
suite: small
version: 1
title: Small
spaces:
  tiny: {mlp: [1, 3, 1], activation: relu}
checks:
  - {id: law, kind: equivariance, spaces: [tiny], outputs: [invariant], inputs: [generic, ties], samples: 2, elements: 1}
"""
NET = """\
import os
from pathlib import Path
import torch
from orbitcheck import register
from helper import SCALE

@register("net", symmetry="none", power="unknown")
class Net(torch.nn.Module):
    def __init__(self, space, output):
        super().__init__()
        self.head = torch.nn.Linear(1, output.dim)

    def forward(self, v):
        import late
        with open(os.path.join(os.path.dirname(__file__), "table.txt")) as table:
            shift = float(table.read()) * float(os.environ.get("NET_SHIFT", "1"))
        if Path(__file__).with_name("absent.txt").exists():
            shift = 0.0
        try:
            from absent_module import shift
        except ImportError:
            pass
        torch.load(f"{Path(__file__).parent}-elsewhere/weights.pt")
        total = sum(tensor.flatten(1).mean(1) for tensor in v.tensors.values())
        return self.head((total * SCALE * late.FACTOR + shift)[:, None])
"""
FILES = {
    "net.py": NET,
    "helper.py": "from deeper import SCALE\n",
    "deeper.py": "SCALE = 1.0\n",
    "late.py": "FACTOR = 1.0\n",
    "table.txt": "0.5\n",
    "unread.txt": "no matter\n",
}


class Counting:
    """Executors in real processes, which count the rows that they are asked for."""

    asked: list[str] = []

    def __init__(self, jobs: int, log: Path | None):
        self._workers = Workers(jobs, log)

    def submit(self, task: Task) -> int:
        if task.function.__name__ == "measured":
            self.asked.append(task.arguments[0].case)
        return self._workers.submit(task)

    def results(self) -> Iterator[tuple[int, Answer | Lost]]:
        return self._workers.results()

    def running(self) -> list[tuple[Task, float]]:
        return []

    def close(self) -> None:
        self._workers.close()


class Here(Counting):
    """The same in this process, where modules once imported stay."""

    def __init__(self, *_: object):
        self._tasks: list[Task] = []

    def submit(self, task: Task) -> int:
        if task.function.__name__ == "measured":
            self.asked.append(task.arguments[0].case)
        self._tasks.append(task)
        return len(self._tasks) - 1

    def results(self) -> Iterator[tuple[int, Answer | Lost]]:
        for number, task in enumerate(self._tasks):
            yield number, Answer(task.function(*task.arguments))
        self._tasks = []

    def running(self) -> list[tuple[Task, float]]:
        return []

    def close(self) -> None:
        pass


@pytest.fixture
def here(counted: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[str]]:
    monkeypatch.setattr(running, "open_executor", Here)
    monkeypatch.setattr(asked_for, "since", [1 << 63])  # the files of a test are younger than its process
    yield counted
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The cases of the rows that are measured."""
    asked: list[str] = []
    monkeypatch.setattr(Counting, "asked", asked)
    monkeypatch.setattr(running, "open_executor", lambda name, jobs, log: Counting(jobs, log))
    monkeypatch.setattr(running, "_planted", lambda *_: [])
    return asked


def written(folder: Path) -> Path:
    for name, text in {**FILES, "small.yaml": SUITE}.items():
        (folder / name).write_text(text)
    elsewhere = folder.with_name(f"{folder.name}-elsewhere")
    elsewhere.mkdir()
    torch.save({"shift": torch.zeros(1)}, elsewhere / "weights.pt")
    return folder


def go_on(folder: Path, said: list[str] | None = None) -> Run:
    request = RunRequest(
        [load_suite(folder / "small.yaml")], [parse_name(f"{folder}/net.py:Net")], folder / "out", jobs=1, resume=True
    )
    lines = [] if said is None else said
    return carry_out(request, lambda stage, done, total: lines.append(stage))[0]


def test_rows_are_measured_again_when_any_file_that_made_them_changed(tmp_path, counted):
    first = go_on(written(tmp_path))
    assert {row.outcome for row in first.results} == {"observed"} or not [row for row in first.results if row.fault], (
        first.results
    )
    assert len(counted) == 2
    assert all(
        row.place is not None and row.place.device.startswith("cpu (") and row.place.machine for row in first.results
    )
    counted.clear()
    (tmp_path / "unread.txt").write_text("changed: of what no row read nothing depends")
    (tmp_path / "new.py").write_text("")
    said: list[str] = []
    again = go_on(tmp_path, said)
    assert not counted, said
    assert [row.to_json() for row in again.results] == [row.to_json() for row in first.results]
    with journal_copy(tmp_path / "out") as journal:
        assert journal is not None
        kept = journal.get(
            plan([load_suite(tmp_path / "small.yaml")], [parse_name(f"{tmp_path}/net.py:Net")])[0].content
        )
    assert kept is not None and kept.made is not None
    wanted = {"net.py", "helper.py", "deeper.py", "late.py", "table.txt", "weights.pt"}
    missed = {"absent.txt", "absent_module.py", "absent_module/__init__.py"}
    told = {path: digest for path, digest in kept.made["content"].items() if digest != ABSENT}
    assert {Path(path).name for path in told} == wanted, "imported late, and read as data wherever it lies, counts too"
    assert {path for path in kept.made["content"] if path not in told} == {str(tmp_path / name) for name in missed}
    assert kept.made["variables"] == {"NET_SHIFT": None}
    assert kept.made["versions"]["absent_module"] == "", "that it comes to be installed counts"
    (tmp_path / "deeper.py").write_text("SCALE = 2.0\n")
    said.clear()
    go_on(tmp_path, said)
    assert len(counted) == 2
    assert f"--resume: 2 rows are measured again: {tmp_path / 'deeper.py'} changed" in said


def test_a_library_of_a_virtual_environment_is_not_pythons_own(monkeypatch):
    """There the folder of installed libraries lies in one of Python's own modules."""
    monkeypatch.setattr(whose, "standard", lambda: ("/v/lib/python3",))
    monkeypatch.setattr(whose, "site", lambda: ("/v/lib/python3/site-packages",))
    told = {file: whose._is_pythons.__wrapped__(file) for file in ("<frozen os>", "/v/lib/python3/os.py", "/me/net.py")}
    assert told == {"<frozen os>": True, "/v/lib/python3/os.py": True, "/me/net.py": False}
    assert not whose._is_pythons.__wrapped__("/v/lib/python3/site-packages/torch/serialization.py")


def test_a_row_with_a_flipped_bit_is_measured_again_and_comes_out_the_same(tmp_path, here):
    first = go_on(written(tmp_path))
    here.clear()
    with open_journal(tmp_path / "out", resume=True) as journal:
        journal._connection.execute("UPDATE rows SET row = replace(row, '\"seed\":', '\"seed\": ') WHERE rowid = 1")
    said: list[str] = []
    again = go_on(tmp_path, said)
    assert len(here) == 1 and any("not as it was written" in line for line in said)
    timed = ("seconds", "model_seconds")
    assert [{**row.to_json(), **dict.fromkeys(timed)} for row in again.results] == [
        {**row.to_json(), **dict.fromkeys(timed)} for row in first.results
    ]


def test_what_a_machine_ended_is_measured_again_at_most_twice_or_if_something_changed(tmp_path, here, monkeypatch):
    written(tmp_path)
    to_row = running.to_row

    def lost(cell: Cell, answer: Any) -> Any:
        return to_row(cell, Lost("crashed: for the test") if "ties" in cell.case else answer)

    monkeypatch.setattr(running, "to_row", lost)
    numbers = []
    for _ in range(5):
        run = go_on(tmp_path)
        assert [row.fault for row in run.results] == [None, Fault.LOST]
        numbers.append(len(here))
        here.clear()
    assert numbers == [2, 1, 1, 0, 0]
    (tmp_path / "deeper.py").write_text("SCALE = 3.0\n")
    go_on(tmp_path)
    assert len(here) == 2


CELL = Cell("s", "c", "equivariance", {"spaces": {}}, "a", None, "net.py:Net")
CONFIGURED = {"python": "3", "torch": {"built": "x"}, "device": "cpu (x)"}


def made(folder: Path, **other: Any) -> dict[str, Any]:
    from orbitcheck.harness.running.keeping.watching import digest_of

    content = {str(folder / "net.py"): digest_of(str(folder / "net.py"))}
    record = {
        **CONFIGURED,
        "folder": "",
        "content": content,
        "tops": ["torch"],
        "roots": [],
        "countless": False,
        **other,
    }
    return completed(record, CELL)


def test_each_thing_that_a_row_depends_on_counts(tmp_path):
    (tmp_path / "net.py").write_text("x = 1\n")
    (tmp_path / "there.py").write_text("")
    told = made(tmp_path, variables={"MODE": None, "SET": "1"})
    there = {**CONFIGURED, "folder": "/here", "content": dict(told["content"]), "variables": {"SET": "1"}}
    now = Present({CELL.architecture: there})
    assert now.why_not(told, CELL, 120.0) == ""
    assert now.why_not({**told, "limit": 60.0}, CELL, 60.0) == ""
    for changed, why in (
        ({"content": {**told["content"], str(tmp_path / "there.py"): ABSENT}}, "there.py is there now"),
        ({"variables": {"MODE": "0"}}, "the environment variable MODE changed"),
        ({"variables": {"SET": None}}, "the environment variable SET changed"),
        ({"folder": "/elsewhere"}, "another working folder"),
        ({"python": "2"}, "another python"),
        ({"torch": {"built": "y"}}, "another torch"),
        ({"device": "cuda (x)"}, "another device"),
        ({"limit": 60.0}, "another limit"),
        ({"versions": {"torch": "torch 1"}}, "another version of torch"),
        ({"harness": "0"}, "orbitcheck changed"),
        ({"roots": ["orbitcheck.harness.oracles.orbit"]}, "orbitcheck changed"),
        ({"zoos": {"digits-inr": "0"}}, "another zoo"),
        ({"content": {str(tmp_path / "net.py"): "0"}}, "net.py changed"),
        ({"content": {}}, "net.py changed"),
        ({"content": {**told["content"], str(tmp_path / "gone.py"): "0"}}, "gone.py changed"),
        ({"content": {**told["content"], str(tmp_path / "gone.py"): "changed while it was in use"}}, "gone.py changed"),
        ({"countless": True}, "not known"),
    ):
        assert why in now.why_not({**told, **changed}, CELL, 120.0), changed
    for key in told:
        assert now.why_not({name: value for name, value in told.items() if name != key}, CELL, 120.0) or key in (
            "tops",
            "countless",
        )
    assert Present({}).why_not(told, CELL)
    assert now.why_not(None, CELL)
    (tmp_path / "net.py").write_text("x = 2\n")
    assert "net.py changed" in Present(now.loaded).why_not(told, CELL, 120.0)


LOOKING = """\
import os, sqlite3, subprocess
from pathlib import Path
import torch
from orbitcheck import register

HOME = Path(__file__).parent / "data"

def maps(path):
    # As a library in C does: nothing of Python sees the file opened.
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
    file = libc.open(os.fsencode(path), 0)
    place = libc.mmap(None, 64, 1, 2, file, 0) if file >= 0 else None
    libc.close(file)
    return place

@register("looking", symmetry="none", power="unknown")
class Net(torch.nn.Module):
    def __init__(self, space, output):
        super().__init__()
        self.head = torch.nn.Linear(1, output.dim)

    def forward(self, v):
        {line}
        return self.head(sum(tensor.flatten(1).mean(1) for tensor in v.tensors.values())[:, None])
"""
LOOKS = (
    ("sorted((HOME / 'ck').glob('*'))[-1].name", lambda data: (data / "ck" / "b").touch(), "ck/ changed"),
    ("os.listdir(HOME / 'listed')", lambda data: (data / "listed" / "b").touch(), "listed/ changed"),
    ("os.path.getsize(HOME / 'sized')", lambda data: (data / "sized").write_text("longer"), "sized changed"),
    ("(HOME / 'flag').exists()", lambda data: (data / "flag").unlink(), "flag changed"),
    ("(HOME / 'sub').is_dir()", lambda data: (data / "sub").rmdir(), "sub changed"),
    ("os.access(HOME / 'stop', os.R_OK)", lambda data: (data / "stop").unlink(), "stop changed"),
    ("os.access(HOME / 'new', os.R_OK)", lambda data: (data / "new").touch(), "new is there now"),
    ("os.readlink(HOME / 'link')", lambda data: (data / "link").unlink(), "link// changed"),
    (
        "self.base = torch.from_file(str(HOME / 'mapped'), size=1)",
        lambda data: (data / "mapped").write_bytes(b"9" * 64),
        "mapped changed",
    ),
    (
        "torch.from_file(str(HOME / 'let_go'), size=1)",
        lambda data: (data / "let_go").write_bytes(b"9" * 64),
        "let_go changed",
    ),
    (
        "self.store = torch.UntypedStorage.from_file(str(HOME / 'stored'), False, 8)",
        lambda data: (data / "stored").write_bytes(b"9" * 64),
        "stored changed",
    ),
    ("self.map = maps(HOME / 'by_c')", lambda data: (data / "by_c").write_bytes(b"9" * 64), "by_c changed"),
    ("sqlite3.connect(HOME / 'base').close()", lambda data: (data / "base").write_text("other"), "base changed"),
    ("open('data/page').close()", lambda data: os.chdir(data), "another working folder, in which it names a file"),
    ("[name for name in os.environ]", lambda data: os.environ.update(NEW_ONE="1"), "the names of the environment"),
)


def test_whatever_a_plug_in_looked_at_counts(tmp_path, monkeypatch):
    asked_for.watch()
    monkeypatch.setattr(asked_for, "since", [1 << 63])  # the files of a test are younger than its process
    monkeypatch.setenv("NEW_ONE", "0")  # as it was, once the test is over
    monkeypatch.delenv("NEW_ONE")
    monkeypatch.chdir(tmp_path)
    for name in ("ck", "listed", "sub"):
        (tmp_path / "data" / name).mkdir(parents=True)
    for name in ("ck/a", "sized", "flag", "stop", "base", "page"):
        (tmp_path / "data" / name).touch()
    for name in ("mapped", "let_go", "stored", "by_c", "deleted"):
        (tmp_path / "data" / name).write_bytes(b"1" * 64)
    (tmp_path / "data" / "link").symlink_to("page")
    (tmp_path / "small.yaml").write_text(SUITE)

    def made_of(*lines: str) -> tuple[str, dict[str, Any], Cell]:
        path = tmp_path / f"looking{len(lines)}.py"
        path.write_text(LOOKING.replace("{line}", "; ".join(lines)))
        cell = plan([load_suite(tmp_path / "small.yaml")], [parse_name(f"{path}:Net")])[0]
        answer = measured(cell, "cpu", tmp_path / "out")
        assert answer["row"]["outcome"] != "error", answer["row"]["reason"]
        return f"{path}:Net", completed(answer["made"], cell), cell

    name, told, cell = made_of(*(line for line, *_ in LOOKS))
    assert Present({name: loaded(name, "cpu")}).why_not(told, cell) == ""
    for line, change, why in LOOKS:
        alone = {path: digest for path, digest in told["content"].items() if path.endswith(why.partition(" ")[0])}
        asked = {**told, "content": alone, "variables": told["variables"] if "environ" in line else {}}
        asked["folder"] = told["folder"] if "page" in line else ""
        own = {**loaded(name, "cpu"), "content": {}}
        assert Present({name: own}).why_not(asked, cell) == "", line
        change(tmp_path / "data")
        assert why in Present({name: {**loaded(name, "cpu"), "content": {}}}).why_not(asked, cell), line
    name, told, cell = made_of("self.gone = maps(HOME / 'deleted')", "(HOME / 'deleted').unlink(missing_ok=True)")
    (tmp_path / "data" / "deleted").write_bytes(b"1" * 64)
    gone = {**told, "content": {path: kept for path, kept in told["content"].items() if path.endswith("deleted")}}
    assert "deleted changed" in Present({name: {**loaded(name, "cpu"), "content": {}}}).why_not(gone, cell)
    name, told, cell = made_of("subprocess.run(['true'])")
    assert Present({name: loaded(name, "cpu")}).why_not(told, cell) == "what it depends on is not known"


def test_a_measurement_depends_on_what_it_imports_and_on_no_front_end():
    law = closure([EVALUATION, "orbitcheck.harness.checks.equivariance.measurement"])
    pairs = closure([EVALUATION, "orbitcheck.harness.checks.separation.measurement"])
    for listed in (law, pairs):
        assert "orbitcheck.harness.weights.symmetry" in listed
        assert not [name for name in listed if name.split(".")[2:3] in (["front"], ["judging"], ["verification"])]
    assert "orbitcheck.harness.oracles.refinement" in pairs and "orbitcheck.harness.oracles.refinement" not in law
    assert "orbitcheck.harness.checks.separation.verdict" in pairs


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("import a.b as c, d", {"a.b", "d"}),
        ("def f():\n    from . import x", {"p.q", "p.q.x"}),
        ("from ..r import (\n    y,  # why\n    z as w,\n)", {"p.r", "p.r.y", "p.r.z"}),
        ("A = 'orbitcheck.harness.core.cell:Cell'", {"orbitcheck.harness.core.cell"}),
        ("x = 1", set()),
    ],
)
def test_what_a_text_imports_is_read(text, names):
    assert named_in(text, "p.q") == names
