"""A row whose long parts lie in a file is the row: in every field, in every report, and wherever it goes."""

from __future__ import annotations

import copy
import json
import os
import pickle
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest

from orbitcheck.harness.checks.equivariance.evidence import EquivarianceEvidence
from orbitcheck.harness.checks.separation.evidence import SeparationEvidence
from orbitcheck.harness.core.outcomes import Fault
from orbitcheck.harness.core.result import Result, Run, members, plain
from orbitcheck.harness.judging.controls import controls, round_ladder
from orbitcheck.harness.judging.gate import settle
from orbitcheck.harness.judging.order import separation_order
from orbitcheck.harness.running.border import read_row
from orbitcheck.harness.running.keeping.spool import Spool, SpooledRow
from orbitcheck.harness.running.store import render
from orbitcheck.reports.forms import row_files


def spooled(run: Run) -> Run:
    """The run, of which every row lies in a file."""
    spool = Spool(whole=0)
    return replace(run, results=[spool.keep(row) for row in run.results])


def test_a_spooled_row_is_the_row(any_run: Run) -> None:
    for row, kept in zip(any_run.results, spooled(any_run).results, strict=True):
        assert isinstance(kept, SpooledRow)
        assert repr(members(kept)) == repr(members(row))
        if "nan" not in repr(members(row)):  # what is no number equals nothing
            assert (kept == row) and (row == kept)
        assert kept.to_json() == row.to_json() and repr(kept).partition("(")[2] == repr(row).partition("(")[2]
        for kind in (EquivarianceEvidence, SeparationEvidence):
            wanted = row.evidence if isinstance(row.evidence, kind) else None
            assert repr(kept.measured(kind)) == repr(row.measured(kind)) == repr(wanted)
        assert kept != replace(row, seed=row.seed + 1) and kept != replace(row, reason=f"{row.reason}!")


def test_changed_copied_and_sent_to_another_process_it_stays_so(any_run: Run) -> None:
    changes = (
        {"root": "r", "declared": "d"},
        {"reason": "r"},
        {"reason": ""},
        {"outcome": "error", "fault": Fault.LOST},
    )
    for row, kept in zip(any_run.results, spooled(any_run).results, strict=True):
        for each in changes:
            wanted = replace(row, **each).to_json()
            assert kept.but(**each).to_json() == replace(kept, **each).to_json() == wanted
            assert kept.but(**each).but(root="x").to_json() == {**wanted, "root": "x"}
        assert kept.but(root=row.root) is kept
        for sent in (pickle.loads(pickle.dumps(kept)), copy.deepcopy(kept), copy.copy(kept)):
            assert type(sent) is Result and sent.to_json() == row.to_json()


@pytest.mark.parametrize("form", ["html", "markdown", "junit", "json"])
def test_reports_are_the_same_byte_for_byte(any_run: Run, form: str) -> None:
    try:
        wanted = render(any_run, form)
    except UnicodeEncodeError:  # text that the border lets in nowhere
        pytest.skip("holds text that no file can hold")
    assert render(spooled(any_run), form) == wanted


def test_lists_and_all_that_follows_from_the_rows_are_the_same(any_run: Run) -> None:
    lying = spooled(any_run)
    assert list(row_files(lying)) == list(row_files(any_run))
    assert separation_order(lying.results) == separation_order(any_run.results)
    for whole, again in zip(settle(any_run.results, [], []), settle(lying.results, [], []), strict=True):
        assert plain(again) == plain(whole)
    for told in (controls, round_ladder):
        assert plain(told(lying.results, any_run.architectures)) == plain(told(any_run.results, any_run.architectures))


def test_equal_options_of_two_types_are_two(small_run: Run) -> None:
    row, spool = small_run.results[0], Spool(whole=0)
    listed = [{"a": 1}, {"a": True}, {"a": 1.0}, {"a": "1"}, {"a": 1}]
    kept = [spool.keep(row, options=each) for each in listed]
    assert [repr(each.options) for each in kept] == list(map(repr, listed))
    assert kept[0].options is kept[-1].options


def test_long_rows_and_many(small_run: Run) -> None:
    row, spool = small_run.results[0], Spool(whole=3)
    kept = [spool.keep(row, printed="é" * size, seed=size) for size in (*range(1000), 2040, 4096, 100_000)]
    assert [each.printed for each in reversed(kept)] == ["é" * each.seed for each in reversed(kept)]
    assert [type(each) for each in kept[:4]] == [Result, Result, Result, SpooledRow]


def test_without_room_for_the_file_rows_are_held(
    small_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = small_run.results[0]
    assert Spool(tmp_path / "gone", whole=0).keep(row, printed="p").printed == "p"
    full = Spool(tmp_path, whole=0)
    kept = [full.keep(row, printed="first")]
    monkeypatch.setattr(os, "pwrite", lambda *_: 3)  # the disk is full in the middle of a row
    kept.append(full.keep(row, printed="second"))
    monkeypatch.undo()
    kept.append(full.keep(row, printed="third"))
    assert [each.printed for each in kept] == ["first", "second", "third"]
    assert not list(tmp_path.iterdir())


def bytes_a_row(row: Result, whole: int) -> float:
    spool = Spool(whole=whole)
    listed = [json.dumps(row.to_json()) for _ in range(500)]  # texts of its own for each
    tracemalloc.start()
    try:
        kept = [spool.keep(read_row(json.loads(text)), seed=2**40 + at) for at, text in enumerate(listed)]
        return tracemalloc.get_traced_memory()[0] / len(kept)
    finally:
        tracemalloc.stop()


def test_a_row_that_lies_in_a_file_takes_a_few_hundred_bytes(small_run: Run) -> None:
    row = max(small_run.results, key=lambda each: len(str(each.to_json())))
    assert bytes_a_row(row, 0) < 700 < 2000 < bytes_a_row(row, 500)
