"""Rows come back as they were written, or not at all; whatever a disk or a stranger did to the file."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from orbitcheck.harness.running.keeping.files import JOURNAL, RESULTS, StoreError
from orbitcheck.harness.running.keeping.journal import DAMAGED, Kept, journal_copy, open_journal
from orbitcheck.harness.running.keeping.marker import Marker, mark

ROWS = {f"{number:03d}": '{"number": %d, "text": "%s"}' % (number, "x" * (7 * number)) for number in range(60)}  # noqa: UP031
MADE = {"0": {"of": "one"}, "1": {"of": "another"}}


def written(folder: Path) -> bytes:
    """A journal of `ROWS`, closed; the bytes of its file."""
    mark(folder, Marker(False))
    with open_journal(folder, resume=False) as journal:
        for identity, text in ROWS.items():
            journal.add(identity, text, MADE[str(int(identity) % 2)], tries=int(identity))
    assert not (folder / f"{JOURNAL}-wal").exists(), "a journal that was closed is one file"
    return (folder / JOURNAL).read_bytes()


def wanted(identity: str) -> Kept:
    return Kept(ROWS[identity], MADE[str(int(identity) % 2)], int(identity))


def test_rows_come_back_after_a_resume_alone_and_the_last_one_counts(tmp_path):
    written(tmp_path)
    with open_journal(tmp_path, resume=True) as journal:
        assert {identity: journal.get(identity) for identity in ROWS} == {one: wanted(one) for one in ROWS}
        assert journal.get("no such") is None
        journal.add("003", "later", {})
    with open_journal(tmp_path, resume=True) as journal:
        assert journal.get("003") == Kept("later", {}, 1)
        assert len(journal) == len(ROWS)
    with open_journal(tmp_path, resume=False) as journal:
        assert len(journal) == 0 and journal.get("003") is None


def test_one_run_writes_a_journal_at_a_time_and_anybody_reads_it(tmp_path):
    written(tmp_path)
    with open_journal(tmp_path, resume=True) as journal:
        journal.add("new", "{}", {})
        with pytest.raises(StoreError, match="another run"), open_journal(tmp_path, resume=True):
            pass
        before = sorted(path.name for path in tmp_path.iterdir())
        with journal_copy(tmp_path) as copy:
            assert copy is not None
            assert copy.get("new") == Kept("{}", {}, 1)
            assert copy.get("007") == wanted("007")
        assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_file_of_somebody_else_is_left_alone(tmp_path):
    with closing(sqlite3.connect(tmp_path / JOURNAL)) as other:
        other.execute("CREATE TABLE mine (x)")
        other.commit()
    with pytest.raises(StoreError, match="not written by orbitcheck"), open_journal(tmp_path, resume=False):
        pass
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / JOURNAL).write_text("no database at all, but long enough to be looked at as one")
    with pytest.raises(StoreError, match="no journal"), open_journal(tmp_path / "b", resume=False):
        pass
    assert (tmp_path / "b" / JOURNAL).read_text().startswith("no database")


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(StoreError, match="cannot be written") as caught,
        open_journal(tmp_path / "file" / "out", resume=False),
    ):
        pass
    assert "\n" not in str(caught.value)


def test_a_journal_of_another_layout_is_emptied(tmp_path):
    path = tmp_path / JOURNAL
    written(tmp_path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 1")
        connection.execute("DROP TABLE rows")
        connection.execute("CREATE TABLE finished (id TEXT, provenance TEXT, row TEXT)")
        connection.commit()
    with open_journal(tmp_path, resume=True) as journal:
        assert journal.get("003") is None
        journal.add("003", "later", {})
        assert journal.get("003") == Kept("later", {}, 1)


def test_a_row_under_another_id_or_with_another_making_is_none(tmp_path):
    written(tmp_path)
    with closing(sqlite3.connect(tmp_path / JOURNAL)) as connection:
        connection.execute("UPDATE rows SET id = '004' WHERE id = '003'")
        connection.execute("UPDATE rows SET tries = 1 WHERE id = '007'")
        connection.execute("UPDATE made SET record = '{}' WHERE record LIKE '%one%'")
        connection.commit()
    with open_journal(tmp_path, resume=True) as journal:
        assert journal.get("003") is None and journal.get("007") is None
        assert journal.get("008") == Kept(ROWS["008"], None, 8), "what it was made of is lost"


FLIPS = 60
"""A sample; the whole three hundred are a long test."""


@pytest.mark.parametrize("flips", [FLIPS, pytest.param(300, marks=pytest.mark.long)])
def test_of_rows_with_a_flipped_bit_none_is_accepted_and_nothing_raises(tmp_path, flips):
    content = written(tmp_path)
    dice = random.Random(flips)
    lost = 0
    for _ in range(flips):
        place, bit = dice.randrange(len(content)), dice.randrange(8)
        flipped = bytearray(content)
        flipped[place] ^= 1 << bit
        (tmp_path / JOURNAL).write_bytes(flipped)
        with open_journal(tmp_path, resume=True) as journal:
            found = {identity: journal.get(identity) for identity in ROWS}
            journal.add("new", "{}", {})
            assert journal.get("new") == Kept("{}", {}, 1), "the run goes on"
        for identity, kept in found.items():
            lost += kept is None or kept.made is None
            assert kept is None or kept.made is None or kept == wanted(identity), (place, bit)
        assert (tmp_path / JOURNAL).stat().st_size
    assert lost < flips * len(ROWS), "most of them are still there"


def test_of_a_torn_journal_the_rows_that_read_are_kept_and_it_is_set_aside(tmp_path):
    content = bytearray(written(tmp_path))
    content[-8192:-4096] = bytes(4096)  # a page of rows
    (tmp_path / JOURNAL).write_bytes(content)
    with open_journal(tmp_path, resume=True) as journal:
        assert "was damaged" in journal.note and DAMAGED in journal.note
        kept = [identity for identity in ROWS if journal.get(identity) == wanted(identity)]
        assert 0 < len(kept) < len(ROWS)
    assert (tmp_path / DAMAGED).read_bytes()[-8192:] == bytes(content[-8192:])
    with open_journal(tmp_path, resume=True) as journal:
        assert not journal.note
        assert [identity for identity in ROWS if journal.get(identity) == wanted(identity)] == kept


def test_a_journal_that_was_deleted_is_made_again_with_all_its_rows(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    with open_journal(folder, resume=False) as journal:
        journal.add("one", "first", MADE["0"])
        shutil.rmtree(folder)
        journal.add("two", "second", MADE["0"])
        journal.add("three", "third", MADE["1"])
    with open_journal(folder, resume=True) as journal:
        kept = [journal.get(identity) for identity in ("one", "two", "three")]
    assert kept == [Kept("first", MADE["0"], 1), Kept("second", MADE["0"], 1), Kept("third", MADE["1"], 1)]


def test_a_deleted_journal_is_not_put_among_the_files_of_somebody_else(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    with open_journal(folder, resume=False) as journal:
        journal.add("one", "first", MADE["0"])
        shutil.rmtree(folder)
        folder.mkdir()
        (folder / RESULTS).write_text("mine")
        journal.add("two", "second", MADE["0"])
        assert journal.get("one") == Kept("first", MADE["0"], 1)
    assert [path.name for path in folder.iterdir()] == [RESULTS]
