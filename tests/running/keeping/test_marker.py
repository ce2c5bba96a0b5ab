"""A folder says whether what lies there is whole, and whose it is."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest

from orbitcheck.harness.core.result import Run
from orbitcheck.harness.running.keeping.files import CHECKPOINTS, JOURNAL, REPORTS, RESULTS, StoreError
from orbitcheck.harness.running.keeping.journal import open_journal
from orbitcheck.harness.running.keeping.marker import (
    LAYOUT,
    MARKER,
    Marker,
    begin,
    claim,
    is_ours,
    mark,
    read_marker,
    take,
)
from orbitcheck.harness.running.store import read_run, save, unfinished

TOLD = Marker(True, 3, ("quick",), ("stats", "gmn"), "orbitcheck run quick", {"results": []})


def test_a_marker_is_read_as_it_was_written(tmp_path):
    assert read_marker(tmp_path) is None
    mark(tmp_path, TOLD)
    assert read_marker(tmp_path) == TOLD


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"finished": true}',
        json.dumps({"layout": LAYOUT + 1, "finished": True}),
        '{"layout": 1, "finished": 1}',
        "\xff",
    ],
)
def test_a_marker_that_does_not_read_or_is_of_another_version_says_unfinished_and_ours(tmp_path, text):
    (tmp_path / MARKER).write_bytes(text.encode("latin-1"))
    assert read_marker(tmp_path) == Marker(False)
    assert is_ours(tmp_path)
    claim(tmp_path, force=False)


def test_results_of_yesterday_pass_for_nothing_once_a_run_has_begun(tmp_path):
    save(Run("0", {}, [], [], []), tmp_path)
    mark(tmp_path, TOLD)
    read_run(tmp_path)
    begin(tmp_path)
    (tmp_path / "copy.json").write_bytes((tmp_path / RESULTS).read_bytes())
    other = tmp_path.with_name(f"{tmp_path.name}-link.json")
    other.symlink_to(tmp_path / RESULTS)
    for path in (tmp_path, tmp_path / RESULTS, tmp_path / "copy.json", other):
        with pytest.raises(StoreError, match="unfinished: 0 of 3 rows; `orbitcheck run quick --resume` goes on"):
            read_run(path)


def test_results_of_a_version_without_a_marker_pass_for_nothing_either(tmp_path):
    save(Run("0", {}, [], [], []), tmp_path)
    read_run(tmp_path)
    begin(tmp_path)
    with pytest.raises(StoreError, match="did not start"):
        read_run(tmp_path)


def test_a_folder_is_marked_before_anything_else_is_in_it(tmp_path):
    """Whatever ends the run right after this, it is ours."""
    take(tmp_path / "out", force=False)
    assert not read_marker(tmp_path / "out").finished  # type: ignore[union-attr]
    (tmp_path / "out" / JOURNAL).write_text("what no run has written yet")
    take(tmp_path / "out", force=False)
    mark(tmp_path / "out", TOLD)
    take(tmp_path / "out", force=False)
    assert read_marker(tmp_path / "out") == replace(TOLD, finished=False)


def test_a_pipe_is_no_marker_and_nobody_waits_for_it(tmp_path):
    os.mkfifo(tmp_path / MARKER)
    assert read_marker(tmp_path) == Marker(False)


def test_nothing_is_written_into_a_folder_of_somebody_else(tmp_path):
    begin(tmp_path)
    begin(tmp_path / "none")
    (tmp_path / RESULTS).write_text("{}")
    begin(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [RESULTS]


@pytest.mark.parametrize("name", [RESULTS, JOURNAL, *REPORTS.values(), f"{CHECKPOINTS}/0123456789ab.pt"])
def test_a_file_of_the_users_is_not_overwritten_but_by_force(tmp_path, name):
    mine = tmp_path / name
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("mine")
    with pytest.raises(StoreError, match=f"{name} was not written by orbitcheck .*--force") as caught:
        claim(tmp_path, force=False)
    assert "\n" not in str(caught.value) and mine.read_text() == "mine"
    claim(tmp_path, force=True)
    with open_journal(tmp_path, resume=True) as journal:
        assert len(journal) == 0


def test_files_under_other_names_are_no_matter(tmp_path):
    (tmp_path / CHECKPOINTS).mkdir()
    (tmp_path / CHECKPOINTS / "best.pt").write_text("mine")
    (tmp_path / "notes.txt").write_text("mine")
    claim(tmp_path, force=False)


def test_a_journal_alone_makes_a_folder_ours(tmp_path):
    with open_journal(tmp_path, resume=False):
        pass
    (tmp_path / RESULTS).write_text("{}")
    assert is_ours(tmp_path)
    claim(tmp_path, force=False)


def test_what_goes_on_with_a_folder_is_a_command_that_there_is(tmp_path):
    run = unfinished(Marker(False, 2, ("s",), ("stats",), "orbitcheck run s -o out"), tmp_path)
    assert run == "unfinished: 0 of 2 rows; `orbitcheck run s -o out --resume` goes on"
    merged = unfinished(Marker(False, 2, ("s",), ("stats",), "orbitcheck merge a b -o out"), tmp_path)
    assert "`orbitcheck merge a b -o out`" in merged and "--resume" not in merged, "only `run` can be gone on with"
