"""Shards of a run are dealt alike everywhere and merge to the run in one piece, row by row; what is no whole run is refused by name."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from orbitcheck.harness.core.patterns import RowPattern, parse_pattern
from orbitcheck.harness.front.cli import main
from orbitcheck.harness.language.reading import load_suite
from orbitcheck.harness.plugins.discovery import parse_name
from orbitcheck.harness.plugins.installed import built_in
from orbitcheck.harness.running import run as running
from orbitcheck.harness.running.dealing.chosen import Shard, ShardError, deal
from orbitcheck.harness.running.dealing.costs import PLANTED, expected
from orbitcheck.harness.running.executors import Answer, Task
from orbitcheck.harness.running.keeping.files import StoreError
from orbitcheck.harness.running.keeping.journal import open_journal
from orbitcheck.harness.running.keeping.marker import MARKER
from orbitcheck.harness.running.parts import shards
from orbitcheck.harness.running.plan import plan
from orbitcheck.harness.running.planted import report, wanted_by
from orbitcheck.harness.running.store import read_run, results_text
from orbitcheck.harness.running.tasks import describe_architecture

SUITE = """\
suite: small
version: 1
title: Small
spaces:
  tiny: {mlp: [1, 3, 1], activation: relu}
  deep: {mlp: [1, 2, 2, 1], activation: relu}
checks:
  - {id: law, kind: equivariance, spaces: [tiny], outputs: [invariant], inputs: [generic, ties], samples: 2, elements: 1}
  - {id: deeper, kind: equivariance, spaces: [deep], outputs: [invariant], inputs: [generic], samples: 2, elements: 1}
"""
NAMES = ("stats", "flat-mlp", "deep-sets")
ROWS = 9


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


def planted(cells: object, descriptions: list[dict[str, object]], *_: object) -> list[dict[str, object]]:
    """Stands for the planted defects: a record that says which architectures they were asked for."""
    names = " ".join(sorted(str(entry["name"]) for entry in descriptions))
    return [
        {
            "name": names,
            "rule": "",
            "kind": "equivariance",
            "wanted": "fail",
            "outcome": "fail",
            "reason": "",
            "caught": True,
        }
    ]


def call(*arguments: object):
    return CliRunner().invoke(main, list(map(str, arguments)))


@pytest.fixture(scope="module", autouse=True)
def inline() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "_planted", planted)
        patch.setattr(running, "open_executor", Here)
        yield


@pytest.fixture(scope="module")
def home(inline: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A suite, a run of it in one piece (`whole`), and in four shards, the last ones of which have little to do."""
    place = tmp_path_factory.mktemp("shards")
    (place / "small.yaml").write_text(SUITE)
    asked = ["run", place / "small.yaml", *(word for name in NAMES for word in ("-a", name)), "-j", 1]
    assert call(*asked, "-o", place / "whole").exit_code == 1
    for index in range(1, 5):
        done = call(*asked, "-o", place / f"part-{index}", "--shard", f"{index}/4")
        assert done.exit_code == 1, done.output
        assert f"of {ROWS} declared rows are missing (" in done.output, "fewer rows than planned is red"
        assert " dealt to other shards), the first" in done.output
    return place


def untimed(path: Path) -> dict[str, object]:
    """A run without what differs between two runs of the same."""
    data = json.loads(results_text(read_run(path)))
    rows = [{**row, "seconds": 0, "model_seconds": 0, "reproduce": ""} for row in data["results"]]
    described = [{**entry, "cost": None} for entry in data["architectures"]]
    return {**data, "results": rows, "architectures": described, "environment": None, "sha256": None}


def test_merged_shards_are_the_run_in_one_piece(home, tmp_path):
    order = [3, 1, 4, 2]
    merged = call("merge", *(home / f"part-{index}" for index in order), "-o", tmp_path / "out")
    assert merged.exit_code == 1, merged.output
    assert untimed(tmp_path / "out") == untimed(home / "whole")
    run = read_run(tmp_path / "out")
    assert run.environment["shards"] == 4 and len(run.results) == ROWS
    assert all(row.place is not None for row in run.results)
    assert all(f"{tmp_path / 'out'} " in row.reproduce for row in run.results)
    assert (tmp_path / "out" / "report.html").exists()
    assert call("gate", tmp_path / "out", "--baseline", tmp_path / "kept.json", "--update").exit_code == 0
    assert call("gate", home / "whole", "--baseline", tmp_path / "kept.json").exit_code == 0


def test_a_shard_alone_passes_for_nothing(home, tmp_path):
    assert call("gate", home / "whole", "--baseline", tmp_path / "kept.json", "--update").exit_code == 0
    assert call("gate", home / "part-1", "--baseline", tmp_path / "kept.json").exit_code == 1
    for refused in (
        call("gate", home / "part-1", "--baseline", tmp_path / "x.json", "--update"),
        call("verify", home / "part-1"),
    ):
        assert refused.exit_code == 2 and len(refused.output.splitlines()) == 1


def changed(folder: Path, target: Path, change) -> Path:
    """A copy of a shard whose content is another one, sealed anew."""
    from orbitcheck.harness.core.result import digest

    target.mkdir()
    data = json.loads((folder / "results.json").read_text())
    change(data)
    data["sha256"] = digest({key: value for key, value in data.items() if key != "sha256"})
    (target / "results.json").write_text(json.dumps(data))
    return target


def test_what_is_no_whole_run_is_refused_by_name(home, tmp_path):
    parts = [home / f"part-{index}" for index in range(1, 5)]
    full = next(part for part in parts if len(read_run(part).results) > 1)
    rest = [part for part in parts if part != full]
    index = parts.index(full) + 1
    marked = changed(full, tmp_path / "unfinished", lambda data: None)
    (marked / MARKER).write_text("{}")
    older = changed(full, tmp_path / "older", lambda data: data.update(orbitcheck="0.0.9"))
    other = changed(full, tmp_path / "other", lambda data: data["suites"][0].update(version=2))
    twice = changed(full, tmp_path / "twice", lambda data: data["results"].__setitem__(1, data["results"][0]))
    fifth = changed(full, tmp_path / "fifth", lambda data: data["selection"].update(shard=[index, 5]))
    for given, told in (
        (rest, f"shard {index}/4 is missing"),
        (rest[:1], "are missing"),
        ([*rest, full, changed(full, tmp_path / "copy", lambda data: None)], "are both shard"),
        ([*rest, marked], f"{marked}: unfinished"),
        ([*rest, older], f"{older}: was made by orbitcheck 0.0.9"),
        ([*rest, other], "are shards of two runs: they have other suites"),
        ([*rest, twice], f"{twice}: the row "),
        ([*rest, fifth], "is one of"),
        ([*parts, full / "results.json"], "is named twice"),
        ([*rest, home / "whole"], f"{home / 'whole'}: is no shard of a run"),
        ([*rest, tmp_path / "none"], f"{tmp_path / 'none'}"),
    ):
        refused = call("merge", *given, "-o", tmp_path / "out")
        assert refused.exit_code == 2, told
        (line,) = refused.output.splitlines()
        assert told in line
    assert not (tmp_path / "out").exists()


def test_a_shard_that_is_named_as_the_output_by_mistake_stays_as_it_was(home, tmp_path):
    for index in range(1, 5):
        shutil.copytree(home / f"part-{index}", tmp_path / f"part-{index}")
    parts = [tmp_path / f"part-{index}" for index in range(1, 5)]
    for named in (parts, [parts[0] / "results.json", *parts[1:]]):
        refused = call("merge", *named, "-o", parts[0])
        assert (refused.exit_code, "is one of the parts" in refused.output) == (2, True), refused.output
    assert read_run(parts[0]).selection["shard"] == (1, 4)


@pytest.mark.parametrize("when", ["networks are described", "all rows are there"])
@pytest.mark.parametrize("there", ["nothing", "a file", "a folder of somebody's"])
def test_an_output_folder_that_was_deleted_meanwhile_loses_no_row(home, tmp_path, monkeypatch, there, when):
    out = tmp_path / "out"

    class Deleting(Here):
        def results(self) -> Iterator[tuple[int, Answer]]:
            if when == "networks are described" and describe_architecture in [task.function for task in self.tasks]:
                self.delete()
            yield from super().results()

        def close(self) -> None:
            if when == "all rows are there":
                self.delete()

        def delete(self) -> None:
            shutil.rmtree(out)
            if there == "a file":
                out.write_text("mine")
            elif there != "nothing":
                out.mkdir()
                (out / "results.json").write_text("mine")

    monkeypatch.setattr(running, "open_executor", Deleting)
    done = call("run", home / "small.yaml", "-a", "stats", "-j", 1, "-o", out)
    folders = [path for path in tmp_path.iterdir() if (path / "report.html").exists()]
    assert len(folders) == 1 and len(read_run(folders[0]).results) == 3, done.output
    if there == "nothing":
        assert folders == [out] and done.exit_code != 2
    else:
        assert done.exit_code == 2 and f"the results are in {folders[0]}" in done.output
        assert (out if there == "a file" else out / "results.json").read_text() == "mine"


def test_an_interrupted_run_whose_folder_is_a_file_now_is_gone_on_with_beside(home, tmp_path, monkeypatch):
    out = tmp_path / "out"

    class Interrupted(Here):
        def results(self) -> Iterator[tuple[int, Answer]]:
            for number, answer in super().results():
                yield number, answer
                if "row" in (answer.value or {}):
                    shutil.rmtree(out)
                    out.write_text("mine")
                    raise KeyboardInterrupt

    monkeypatch.setattr(running, "open_executor", Interrupted)
    asked = ("run", home / "small.yaml", "-a", "stats", "-j", 1)
    done = call(*asked, "-o", out)
    (beside,) = tmp_path.glob("out-*")
    assert done.exit_code == 130 and f"-o {beside} -j 1 --resume" in done.output and out.read_text() == "mine"
    monkeypatch.setattr(running, "open_executor", Here)
    measured: list[Task] = []
    monkeypatch.setattr(
        Here, "submit", lambda self, task: measured.append(task) or self.tasks.append(task) or len(self.tasks) - 1
    )
    assert call(*asked, "-o", beside, "--resume").exit_code == 0
    assert sum(bool(task.group) for task in measured) == 2 and len(read_run(beside).results) == 3


def test_shards_whose_files_changed_in_between_are_two_runs(tmp_path):
    for name, digest in (("one", "0"), ("two", "0"), ("three", "1")):
        with open_journal(tmp_path / name, resume=False) as journal:
            journal.add("a row", "{}", {"content": {"/net/helper.py": "old"}})
            journal.add("a row", "{}", {"content": {"/net/helper.py": digest, f"/{name}.py": digest}})
    shards.refuse_two_contents([tmp_path / "one", tmp_path / "two", tmp_path / "none"])
    with pytest.raises(
        StoreError, match=r"one and .*three.* are shards of two runs: .net.helper\.py changed in between"
    ):
        shards.refuse_two_contents([tmp_path / "one", tmp_path / "three" / "results.json"])


def test_a_merged_run_verifies(home, tmp_path, monkeypatch):
    def caught(cells, descriptions, *_):
        return [
            report(each, each.wanted, "", (each.sign,))
            for each in wanted_by({cell.kind for cell in cells}, descriptions)
        ]

    monkeypatch.setattr(running, "_planted", caught)
    for index in (1, 2):
        part = tmp_path / f"part-{index}"
        asked = ("run", home / "small.yaml", "-a", "stats", "-a", "deep-sets", "-j", 1, "-o", part)
        assert call(*asked, "--shard", f"{index}/2").exit_code in (0, 1)
    assert call("merge", tmp_path / "part-1", tmp_path / "part-2", "-o", tmp_path / "out").exit_code == 0
    verified = call("verify", tmp_path / "out")
    assert verified.exit_code == 0, verified.output


def test_a_row_that_a_shard_has_not_is_missing_from_the_whole(home, tmp_path):
    parts = [home / f"part-{index}" for index in range(1, 5)]
    full = next(part for part in parts if len(read_run(part).results) > 1)

    def without(data: dict) -> None:
        gone = data["results"].pop()
        data["counts"][gone["outcome"]] -= 1

    less = changed(full, tmp_path / "less", without)
    merged = call("merge", *(part for part in parts if part != full), less, "-o", tmp_path / "out")
    assert merged.exit_code == 1 and f"1 of {ROWS} declared rows are missing" in merged.output


@pytest.mark.parametrize("count", [1, 2, 4, 7, 500])
def test_every_row_is_dealt_once_by_cost_and_groups_stay_together(count):
    cells = plan([load_suite("quick")], [parse_name(name) for name in built_in()])
    dealt = deal(cells, count)
    assert Counter(at for shard in dealt for at in shard.rows) == Counter(range(len(cells)))
    assert sum(shard.planted for shard in dealt) == 1
    assert dealt == deal(cells, count)
    fair = (sum(map(expected, cells)) + PLANTED) / count
    loads = [sum(expected(cells[at]) for at in shard.rows) + PLANTED * shard.planted for shard in dealt]
    places: dict[tuple[str, str], set[int]] = {}
    costs: Counter[tuple[str, str]] = Counter()
    for number, shard in enumerate(dealt):
        for at in shard.rows:
            places.setdefault((cells[at].check, cells[at].architecture), set()).add(number)
            costs[cells[at].check, cells[at].architecture] += expected(cells[at])  # type: ignore[assignment]
    assert all(len(where) == 1 or costs[group] > fair for group, where in places.items())
    if count <= 7:
        assert max(loads) <= 1.1 * fair


@pytest.mark.parametrize("text", ["", "1", "0/4", "5/4", "1/0", "a/b", "1/4/2", "-1/4", "1/99999", "\u0661/4"])
def test_a_text_that_names_no_shard_is_refused(text):
    with pytest.raises(ShardError):
        Shard.of(text)
    assert Shard.of("2/4") == Shard(2, 4)


def test_patterns_choose_rows_and_a_part_of_the_rows_is_red(home, tmp_path):
    asked = [
        "run",
        home / "small.yaml",
        *(word for name in NAMES for word in ("-a", name)),
        "-j",
        1,
        "-o",
        tmp_path / "out",
    ]
    done = call(*asked, "--only", "stats / law", "--only", "deep-sets")
    assert done.exit_code == 1 and f"4 of {ROWS} declared rows are missing" in done.output
    rows = {(row.architecture, row.check, row.case) for row in read_run(tmp_path / "out").results}
    whole = {(row.architecture, row.check, row.case) for row in read_run(home / "whole").results}
    assert rows == {row for row in whole if row[:2] == ("stats", "law") or row[0] == "deep-sets"}
    assert call("gate", tmp_path / "out", "--baseline", tmp_path / "x.json", "--update").exit_code == 2
    for pattern, told in (
        ("stat", 'did you mean "stats"'),
        ("stats / lw", 'did you mean "law"'),
        ("a / b / c / d", "does not read"),
        (" / x", "does not read"),
    ):
        refused = call(*asked, "--only", pattern)
        assert refused.exit_code == 2 and told in refused.output and len(refused.output.splitlines()) == 1


def test_the_first_red_row_may_be_the_last(home, tmp_path):
    asked = ["run", home / "small.yaml", "-a", "flat-mlp", "-a", "stats", "-j", 1, "-o", tmp_path / "out"]
    done = call(*asked, "--fail-fast")
    assert done.exit_code == 1
    run = read_run(tmp_path / "out")
    assert [row.outcome for row in run.results][-1] == "fail" and len(run.results) < 6
    assert "declared rows are missing" in done.output
    went_on = call(*asked, "--resume")
    assert went_on.exit_code == 1 and len(read_run(tmp_path / "out").results) == 6


def test_a_dry_run_writes_nothing_and_tells_the_plan(home, tmp_path):
    done = call("run", "quick", "-a", "stats", "-a", "gmn", "-o", tmp_path / "out", "-j", 2, "--dry-run")
    assert done.exit_code == 0 and not (tmp_path / "out").exists()
    rows = len(plan([load_suite("quick")], [parse_name("stats"), parse_name("gmn")]))
    assert f"{rows} rows, about " in done.output and " minutes on 2 workers and " in done.output
    assert "zoos to train: " in done.output
    part = call("run", home / "small.yaml", "-a", "stats", "--shard", "1/2", "--dry-run")
    assert part.exit_code == 0 and "are for the planted defects" in part.output
    assert "all 2 shards together: about " in part.output


def test_a_run_whose_results_could_not_be_read_again_does_not_start(home, tmp_path, monkeypatch):
    monkeypatch.setattr(running, "MOST", 5)
    done = call("run", home / "small.yaml", "-a", "flat-mlp", "-a", "stats", "-o", tmp_path / "out")
    assert done.exit_code == 2 and "6 rows, " in done.output and "at most 5" in done.output


@pytest.mark.parametrize(
    ("text", "parts"),
    [("a", ("a", "*", "*")), ("a / b", ("a", "b", "*")), ("a[x=1] / b / c/d*", ("a[x=1]", "b", "c/d*"))],
)
def test_a_pattern_of_rows_is_read(text, parts):
    assert parse_pattern(text) == RowPattern(*parts)
