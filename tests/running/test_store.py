"""What a run leaves on disk is whole or absent, found again under what made it, and never somebody else's."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import pytest

from orbitcheck.harness.checks.equivariance.evidence import Rule
from orbitcheck.harness.checks.equivariance.verdict import Measurement, evidence
from orbitcheck.harness.core.evidence import Evidence
from orbitcheck.harness.core.result import AskedFor, Result, Run
from orbitcheck.harness.running import store
from orbitcheck.harness.running.keeping.journal import open_journal
from orbitcheck.harness.running.store import (
    RESULTS,
    WRITTEN,
    StoreError,
    read_run,
    save,
    save_folder,
    write_atomically,
)

SOUND = Measurement(1e-15, 3e-7, 2e-15, 1e-6, dict.fromkeys(list(Rule)[1:5], 0.0), 0.5, modified=False)
ROW = Result(
    **{
        **dict.fromkeys(Result.__dataclass_fields__, ""),
        "refusal": None,
        "fault": None,
        "asked": AskedFor("invariant", "mlp/relu", "mlp(1, 2, 1)"),
        "origin": None,
        "root": None,
        "place": None,
        "forwards": 3,
        "id": "abc",
        "outcome": "pass",
        "options": {},
        "changed": (),
        "evidence": evidence("a space", "invariant", "generic", "eval", SOUND, None),
        "certificate": None,
        "seed": 1,
        "seconds": 0.5,
        "model_seconds": 0.25,
        "claim": None,
        "declared": None,
        "architecture": "net",
        "suite": "s",
        "check": "c",
        "kind": "equivariance",
        "case": "a",
    }
)
RUN = Run("0", {}, [], [{"name": "net", "options": {}}], [ROW])


def test_a_failed_write_leaves_what_was_there(tmp_path):
    path = tmp_path / "x"
    path.write_text("before")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "after \ud800")
    assert path.read_text() == "before"
    assert [file.name for file in tmp_path.iterdir()] == ["x"]


def test_a_saved_run_is_read_back_and_any_changed_byte_is_noticed(tmp_path):
    save(RUN, tmp_path)
    assert read_run(tmp_path).to_json() == RUN.to_json()
    assert read_run(tmp_path / RESULTS).to_json() == RUN.to_json()
    data = json.loads((tmp_path / RESULTS).read_text())
    for change in (
        lambda d: d["results"][0].update(outcome="fail"),
        lambda d: d.update(schema_version=4),
        lambda d: d.pop("counts"),
    ):
        forged = json.loads(json.dumps(data))
        change(forged)
        (tmp_path / RESULTS).write_text(json.dumps(forged))
        with pytest.raises(StoreError, match="holds no run"):
            read_run(tmp_path)


def test_a_run_that_did_not_finish_says_how_to_go_on(tmp_path):
    with pytest.raises(StoreError, match=r"results\.json: no such file or folder$"):
        read_run(tmp_path)
    with open_journal(tmp_path, resume=False):
        pass
    with pytest.raises(StoreError, match="--resume"):
        read_run(tmp_path)


@pytest.mark.parametrize(("form", "ends"), [("figures", {".svg", ".pdf"}), ("tables", {".csv", ".tex"})])
def test_figures_and_tables_stand_in_folders_of_their_own(tmp_path, form, ends):
    run = Run("0", {}, [], [], [ROW])
    folder = save_folder(run, tmp_path, form)
    assert folder == tmp_path / form
    written = [path for path in folder.iterdir() if path.name != WRITTEN]
    assert {path.suffix for path in written} == ends
    assert all(path.stat().st_size > 0 for path in written)


def test_a_folder_holds_the_files_of_the_last_run_and_what_is_not_ours(tmp_path):
    law = Run("0", {}, [], [], [ROW])
    folder = save_folder(law, tmp_path, "tables")
    assert (folder / "equivariance.csv").exists()
    (folder / "mine.csv").write_text("mine")
    (tmp_path / "outside.csv").write_text("mine")
    with (folder / WRITTEN).open("a") as listing:
        listing.write("../outside.csv\n..\n\n")
    other = Run("0", {}, [], [], [replace(ROW, kind="other", evidence=Evidence())])
    save_folder(other, tmp_path, "tables")
    assert not (folder / "equivariance.csv").exists()
    fresh = save_folder(other, tmp_path / "fresh", "tables")
    assert {path.name for path in folder.iterdir()} == {path.name for path in fresh.iterdir()} | {"mine.csv"}
    assert (folder / "mine.csv").read_text() == (tmp_path / "outside.csv").read_text() == "mine"


def test_a_replacement_that_was_cut_off_is_made_good_by_the_next(tmp_path, monkeypatch):
    law = Run("0", {}, [], [], [ROW])
    other = Run("0", {}, [], [], [replace(ROW, kind="other", evidence=Evidence())])

    def cut_off(path, content):
        if path.name == "equivariance.csv":
            raise StoreError("disk full")
        write_atomically(path, content)

    monkeypatch.setattr(store, "write_atomically", cut_off)
    with pytest.raises(StoreError, match="disk full"):
        save_folder(law, tmp_path, "tables")
    monkeypatch.undo()
    folder = save_folder(other, tmp_path, "tables")
    fresh = save_folder(other, tmp_path / "fresh", "tables")
    assert {path.name for path in folder.iterdir()} == {path.name for path in fresh.iterdir()}


def test_without_matplotlib_a_folder_still_gets_what_needs_nothing(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    law = Run("0", {}, [], [], [ROW])
    with pytest.raises(StoreError, match="matplotlib"):
        save_folder(law, tmp_path, "figures")
    assert {path.suffix for path in (tmp_path / "figures").iterdir() if path.name != WRITTEN} == {".svg"}


def test_a_file_in_the_place_of_a_folder_is_one_line(tmp_path):
    (tmp_path / "tables").write_text("mine")
    with pytest.raises(StoreError, match="tables cannot be made"):
        save_folder(RUN, tmp_path, "tables")
    assert (tmp_path / "tables").read_text() == "mine"
