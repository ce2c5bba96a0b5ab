"""A false claim that was put through is not put through again by a run that goes on, unless something that it hangs on has changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.core.records import KillerRecord
from orbitcheck.harness.language.reading import load_suite
from orbitcheck.harness.plugins.discovery import parse_name
from orbitcheck.harness.running import kept_claims, run
from orbitcheck.harness.running.executors import Answer, Lost, Task
from orbitcheck.harness.running.isolation.task import Loss
from orbitcheck.harness.running.keeping.journal import Journal, open_journal
from orbitcheck.harness.running.killing import lost
from orbitcheck.harness.running.plan import plan
from orbitcheck.harness.running.planting.killers import KILLERS
from orbitcheck.harness.running.request import RunRequest


class Told:
    """An executor that says of each false claim that it was killed by the task of that number; of one that its process was lost."""

    def __init__(self, gone: str = ""):
        self.tasks: list[Task] = []
        self._waiting: list[tuple[int, Task]] = []
        self._gone = gone

    def submit(self, task: Task) -> int:
        self.tasks.append(task)
        self._waiting.append((len(self.tasks) - 1, task))
        return len(self.tasks) - 1

    def results(self) -> Iterator[tuple[int, Answer | Lost]]:
        waiting, self._waiting = self._waiting, []
        for number, task in waiting:
            name, suites, seed = task.arguments
            if name == self._gone:
                yield number, Lost("killed", Loss.CRASHED)
            else:
                yield number, Answer({**lost(KILLERS[name], suites, f"seed {seed}"), "killed": True, "kept": True})

    def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def cells() -> list[Cell]:
    suite = load_suite("paper")
    return plan([suite], [parse_name("dws"), parse_name("gmn")])


def through(
    folder: Path, cells: list[Cell], gone: str = "", resume: bool = True
) -> tuple[list[KillerRecord], list[str]]:
    """The records, and the names of those that were put through now."""
    request = RunRequest([load_suite("paper")], [parse_name("dws"), parse_name("gmn")], folder, resume=resume)
    executor = Told(gone)
    with open_journal(folder, resume) as journal:
        found = run._killers(request, cells, journal, executor, lambda *_: None)
    return found, [task.arguments[0] for task in executor.tasks]


def test_what_was_put_through_is_kept_and_what_it_hangs_on_is_looked_at(tmp_path, cells, monkeypatch):
    first, asked = through(tmp_path, cells)
    assert len(first) == len(asked) > 10 and [record["name"] for record in first] == [
        KILLERS[key].name for key in asked
    ]
    again, anew = through(tmp_path, cells)
    assert again == first and anew == []
    fewer, anew = through(tmp_path, cells[:-1])
    assert len(anew) == len(fewer) == len(first), "the seed follows the rows of the run"
    monkeypatch.setattr(kept_claims, "versions_of", lambda name: f"{name} 0.1")
    other, anew = through(tmp_path, cells)
    assert anew == asked and other == first
    monkeypatch.setattr(kept_claims, "source_digest", lambda names: "another")
    assert through(tmp_path, cells)[1] == asked
    assert through(tmp_path, cells)[1] == []
    assert through(tmp_path, cells, resume=False)[1] == asked, "a run that begins keeps nothing of the one before"


def test_one_whose_process_was_lost_is_put_through_again_alone(tmp_path, cells):
    folder = tmp_path / "other"
    folder.mkdir()
    _, asked = through(tmp_path, cells)
    first, _ = through(folder, cells, asked[3])
    assert [record["killed"] for record in first].count(False) == 1 and "killed" in first[3]["reason"]
    again, anew = through(folder, cells)
    assert anew == [asked[3]] and all(record["killed"] for record in again)
    assert [record["name"] for record in again] == [record["name"] for record in first], "in the order of the suite"


def test_a_record_that_is_none_is_not_believed(tmp_path, cells):
    first, asked = through(tmp_path, cells)
    with open_journal(tmp_path, True) as journal:
        key = kept_claims.key_of(asked[0], first[0]["suites"], run.seed_of(cell.id for cell in cells))
        assert kept_claims.kept(journal, key) == first[0]
        spoiled(journal, key, {**first[0], "killed": "yes"})
    assert through(tmp_path, cells)[1] == asked[:1]


def spoiled(journal: Journal, key: str, record: object) -> None:
    journal.add(key, json.dumps(record), kept_claims._made())


def test_a_cell_and_a_false_claim_have_no_place_in_common(cells):
    keys = {kept_claims.key_of(name, ["paper"], 1) for name in KILLERS}
    assert len(keys) == len(KILLERS) and not keys & {cell.content for cell in cells}
    assert kept_claims.key_of("a", ["paper"], 1) != kept_claims.key_of("a", ["paper", "mine"], 1)
