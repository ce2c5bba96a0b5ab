"""An archive is a run like any other: every command that reads a run says of it what it says of the folder it was packed from."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from orbitcheck.harness.core.result import Run, plain
from orbitcheck.harness.front.python.finished import load
from orbitcheck.harness.running.keeping.archive import archive_bytes
from orbitcheck.harness.running.store import StoreError, read_run, results_text

from .conftest import Place


@pytest.fixture(scope="module")
def packed(built_in_entries: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The run as the folder `out`, and its archive."""
    made = Place(tmp_path_factory.mktemp("packed"))
    shutil.copytree(built_in_entries.folder / "out-builtin", made.folder / "out")
    made.call(["submit", "out", "-o", "kept/run.zip"], 2)  # no such folder
    made.call(["submit", "out", "-o", "run.zip"])
    return made


def row(place: Place) -> str:
    return read_run(place.folder / "out").results[-1].id


def test_commands_say_of_the_archive_what_they_say_of_the_folder(packed: Place) -> None:
    packed.call(["gate", "out", "--baseline", "kept.json", "--update"])
    for words in (
        ["report", "RUN", "--format", "markdown"],
        ["report", "RUN", "--format", "junit"],
        ["gate", "RUN", "--baseline", "kept.json"],
        ["compare", "RUN", "stats", "dws", "--json"],
        ["diff", "RUN", "RUN"],
        ["explain", "RUN", row(packed)],
        ["verify", "RUN", "--rerun", "1", "--seed", "3"],
    ):
        of_folder, of_archive = (
            packed.call([name if word == "RUN" else word for word in words]).replace("run.zip", "out").splitlines()
            for name in ("out", "run.zip")
        )
        # The run of the tests was made without commands to reproduce its rows; packing writes them.
        of_archive = [line for line in of_archive if not line.startswith("again: ")]
        assert of_folder == of_archive != [], words
    of_folder, of_archive = (load(packed.folder / name).rows for name in ("out", "run.zip"))
    assert [{**plain(one.to_json()), "reproduce": ""} for one in of_folder] == [
        {**plain(one.to_json()), "reproduce": ""} for one in of_archive
    ]


def test_what_is_made_of_an_archive_goes_where_it_is_told_to(packed: Place, tmp_path: Path) -> None:
    said = packed.call(["report", "run.zip"], 2)
    assert "run.zip is an archive; say with -o FOLDER where its reports go" in said
    for form in ("figures", "tables", "badge"):
        assert "say with -o" in packed.call(["report", "run.zip", "--format", form], 2)
        packed.call(["report", "run.zip", "--format", form, "-o", str(tmp_path / "papers")])
        assert any((tmp_path / "papers" / form).iterdir())
    assert "is printed" in packed.call(["report", "out", "--format", "html", "-o", str(tmp_path)], 2)
    made = tmp_path / "deep" / "made"
    for _ in range(2):  # the second time over its own files
        packed.call(["report", "run.zip", "-o", str(made)])
    assert read_run(made).to_json() == read_run(packed.folder / "run.zip").to_json()
    assert {"report.html", "report.md", "junit.xml", "results.json"} <= {file.name for file in made.iterdir()}
    packed.call(["report", str(made)])
    assert sorted(file.name for file in packed.folder.iterdir()) == ["kept.json", "out", "run.zip"]


def test_files_of_somebody_elses_stay(packed: Place, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("mine")
    assert "was not written by orbitcheck" in packed.call(["report", "run.zip", "-o", str(tmp_path)], 2)
    assert (tmp_path / "report.html").read_text() == "mine"
    packed.call(["report", "run.zip", "-o", str(tmp_path), "--force"])
    assert read_run(tmp_path).results


def test_an_archive_beside_a_run_that_goes_on_is_whole(packed: Place, tmp_path: Path) -> None:
    """The marker of a folder speaks of the folder's own run."""
    shutil.copy(packed.folder / "run.zip", tmp_path)
    (tmp_path / ".orbitcheck-run.json").write_text('{"layout": 1, "finished": false, "rows": 25}')
    assert read_run(tmp_path / "run.zip").results
    with pytest.raises(StoreError, match="unfinished"):
        read_run(tmp_path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no zip archive"),
        (archive_bytes(b"{}"), "holds no run"),
        (archive_bytes(b"not data"), "holds no run"),
    ],
)
def test_what_is_no_archive_of_a_run_is_refused_in_a_line(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "run.zip").write_bytes(content)
    with pytest.raises(StoreError) as refused:
        read_run(tmp_path / "run.zip")
    assert str(refused.value).startswith(str(tmp_path / "run.zip")) and told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_one_that_was_changed_is_refused(packed: Place, tmp_path: Path) -> None:
    run: Run = read_run(packed.folder / "out")
    told = json.loads(results_text(run))
    told["results"][0]["outcome"] = "fail"
    (tmp_path / "run.zip").write_bytes(archive_bytes(json.dumps(told).encode()))
    with pytest.raises(StoreError, match="digest does not match"):
        read_run(tmp_path / "run.zip")
