"""A run on its way to a leaderboard: the commands of docs/leaderboard.md as written, and every run that may not stand there."""

from __future__ import annotations

import configparser
import json
import re
import shlex
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from orbitcheck.harness.core.records import SelectionRecord
from orbitcheck.harness.core.result import Run, plain
from orbitcheck.harness.language.reading import load_suite
from orbitcheck.harness.language.shipped import asked, frozen, shipped_suites
from orbitcheck.harness.running.keeping.archive import archive_bytes
from orbitcheck.harness.running.store import StoreError, read_run, results_text
from orbitcheck.harness.running.submitting.admitting import admit
from orbitcheck.harness.running.submitting.packing import portable, weights_of, zoos_of
from orbitcheck.harness.running.submitting.record import Remeasured, Rerun, digest_of, read_records, write_record
from orbitcheck.harness.running.submitting.site import write_site
from orbitcheck.harness.running.verifying.verified import drawn
from orbitcheck.reports.leaderboard.entries import Refused

from .conftest import ROOT, Place, commands


@pytest.fixture(scope="module")
def run(place: Place) -> Run:
    return read_run(place.folder / "out")


@pytest.fixture(scope="module")
def tiny(place: Place) -> dict[str, str]:
    suite = plain(load_suite(place.folder / "tiny.yaml").to_json())
    return {"tiny@1": asked(suite)}


def entered(run: Run, path: Path) -> Path:
    path.write_bytes(archive_bytes(results_text(run).encode()))
    return path


def record(run: Run, **changes: object) -> Rerun:
    rows = [Remeasured(row.id, "") for row in drawn(run, 20, 7, ["stats"])]
    sources = {entry["name"]: entry.get("source_sha256") for entry in run.architectures}
    return replace(Rerun(digest_of(run), run.orbitcheck, 7, 20, ["stats"], rows, sources, {}), **changes)


def test_the_commands_of_the_page_work_as_written(place: Place) -> None:
    _, submit, verify, leaderboard, *_ = commands()
    assert re.search(r"^out.zip: [\d,]+ bytes, 25 rows, no weights$", place.call(submit[1:]), re.M)
    first = (place.folder / "out.zip").read_bytes()
    assert "20 rows measured again" in place.call(verify[1:])
    assert "1 network on 1 board, 1 with a rank." in place.call(leaderboard[1:])
    site = place.folder / "site"
    told = json.loads((site / "leaderboard.json").read_text())
    (entry,) = told["boards"][0]["entries"]
    assert (entry["rank"], entry["standing"], entry["run_again"], entry["missing"]) == (1, "ranked", 20, 0)
    evidence = site / entry["evidence"]
    assert sorted(path.suffix or path.name for path in evidence.iterdir()) == [".html", ".json", ".zip", "report-rows"]
    assert (evidence / "run.zip").read_bytes() == first, "the same run gives the same archive"
    page = (site / "index.html").read_text()
    for link in re.findall(r'href="([^"#]+)"', page):
        assert (site / link).is_file(), link
    assert not re.search(r"(src|href)=\"(https?:)?//", page) and "url(" not in page
    assert place.folder.as_posix() not in zipfile.ZipFile(evidence / "run.zip").read("results.json").decode()


def test_built_in_networks_become_the_first_entries_by_the_commands_of_the_page(built_in_entries: Place) -> None:
    """`*` asks of each network as many rows as a rank needs; tox carries out the same lines."""
    *_, run, verify, leaderboard = commands()
    assert run == ["orbitcheck", "run", "tiny.yaml", "-o", "out-builtin"]
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini")
    lines = [
        shlex.split(line)
        for line in tox["testenv:leaderboard"]["commands"].replace("{posargs}", "").split("\n")
        if line
    ]
    wanted = [run, verify, leaderboard[:-2]]
    assert [
        [{"quick": "tiny.yaml", "site{/}leaderboard": "site"}.get(word, word) for word in words] for words in lines
    ] == wanted
    built_in_entries.call(verify[1:])
    built_in_entries.call(leaderboard[1:])
    told = json.loads((built_in_entries.folder / "site" / "leaderboard.json").read_text())
    entries = {entry["architecture"]: entry for entry in told["boards"][0]["entries"]}
    assert set(entries) == {"stats", "dws", "sorted-mlp"}
    assert all(entry["standing"] == "ranked" and entry["run_again"] == 20 for entry in entries.values())
    assert {entry["rank"] for entry in entries.values()} == {
        1
    }  # a suite of copies and strangers, which all of them tell alike


def test_a_pattern_that_no_network_fits_is_refused_with_those_there_are(place: Place) -> None:
    told = place.call(["verify", "out", "--rerun", "1", "-a", "stat"], 2)
    assert 'the run has no architecture "stat"' in told and "stats" in told


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda run: replace(run, orbitcheck="0.0.1"), "made by orbitcheck 0.0.1"),
        (lambda run: replace(run, selection=SelectionRecord(only=["* / law"], fail_fast=False, shard=None, architectures=["stats"])), "a part of a run"),
        (lambda run: replace(run, results=run.results[1:]), "is missing"),
        (lambda run: replace(run, results=[replace(run.results[0], outcome="fail"), *run.results[1:]]), "law"),
        (lambda run: replace(run, request={**run.request, "expected_failures": [{"architecture": "*", "check": "*", "case": "*", "outcome": "fail", "reason": "x"}]}), "--expect"),
        (lambda run: replace(run, suites=[{**run.suites[0], "version": 2}]), "tiny@2 has no board"),
        (lambda run: replace(run, suites=[{**run.suites[0], "checks": run.suites[0]["checks"][:2]}]), "asks something else"),
        (lambda run: replace(run, planted=()), "planted defects"),
    ],
    ids=["version", "selection", "rows", "verdict", "expect", "suite version", "suite", "plants"],
)  # fmt: skip
def test_a_run_that_is_not_the_whole_of_a_known_suite_is_refused_by_name(run, tiny, tmp_path, change, told) -> None:
    one, refused = admit(entered(change(run), tmp_path / "theirs.zip"), tiny)
    assert one is None and [each.name for each in refused] == ["theirs.zip"]
    assert told in refused[0].reason and "\n" not in refused[0].reason


def test_a_file_that_was_changed_is_refused_and_the_rest_goes_on(run, tiny, tmp_path) -> None:
    text = results_text(run).replace('"outcome": "pass"', '"outcome": "fail"', 1)
    (tmp_path / "changed.zip").write_bytes(archive_bytes(text.encode()))
    good = entered(run, tmp_path / "good.zip")
    found = [admit(path, tiny) for path in (tmp_path / "changed.zip", tmp_path / "absent.zip", good)]
    assert [one is not None for one, _ in found] == [False, False, True]
    assert "the digest does not match" in found[0][1][0].reason and "no such file" in found[1][1][0].reason.lower()
    admitted = [one for one, _ in found if one is not None]
    refused = [each for _, listed in found for each in listed]
    assert "self-reported" in json.dumps(json.loads(_site(tmp_path / "site", admitted, refused)))
    assert "changed.zip" in (tmp_path / "site" / "index.html").read_text()


def _site(folder: Path, admitted, refused) -> str:
    write_site(folder, admitted, refused, {})
    return (folder / "leaderboard.json").read_text()


def test_shipped_suites_alone_have_a_board_unless_the_host_names_another(run, tmp_path) -> None:
    one, (refused,) = admit(entered(run, tmp_path / "a.zip"), frozen())
    assert one is None and refused.reason.startswith("suite tiny@1 has no board")


def test_a_record_counts_for_the_rows_that_its_seed_draws_of_this_run_and_source(run, tiny, tmp_path) -> None:
    path = entered(run, tmp_path / "a.zip")
    good = record(run)

    def again(one: Rerun) -> tuple[int | None, list[Refused]]:
        admitted, refused = admit(path, tiny, [("r.json", one)])
        return (None if admitted is None else admitted.again.get("stats", 0)), refused

    assert again(good) == (20, [])
    assert again(replace(good, sources={"stats": "0" * 64})) == (0, [])
    assert again(replace(good, sources={})) == (0, [])
    assert again(replace(good, run="0" * 64)) == (0, [])
    assert again(replace(good, seed=8))[1][0].reason == "a record of other rows than its seed draws"
    assert again(replace(good, rows=good.rows[:19]))[1][0].reason == "a record of other rows than its seed draws"
    count, (refused,) = again(replace(good, rows=[replace(good.rows[0], differs="fail, not pass"), *good.rows[1:]]))
    assert count is None and "came out otherwise" in refused.reason
    assert read_records(write_record(good, tmp_path / "reruns").parent)[0][1] == good
    (tmp_path / "reruns" / "x.json").write_text('{"format": 1, "run": 3}')
    with pytest.raises(StoreError, match=r"x\.json"):
        read_records(tmp_path / "reruns")


def test_rows_are_drawn_of_each_network_that_is_named_until_enough_apply(run) -> None:
    rows = drawn(run, 20, 7, ["stats"])
    assert sum(row.outcome != "not-applicable" for row in rows) == 20 and len({row.id for row in rows}) == len(rows)
    assert [row.id for row in rows] != [row.id for row in drawn(run, 20, 8, ["stats"])]
    assert len(drawn(run, 1000, 7, ["stats"])) == len(run.results) and drawn(run, 5, 7, ["absent"]) == []


def test_paths_from_the_root_are_refused_or_told_by_their_file(run) -> None:
    named = [{**run.architectures[0], "name": "/home/me/net.py:Net"}]
    with pytest.raises(StoreError, match="relative path"):
        portable(replace(run, architectures=named))
    text = results_text(portable(replace(run, notes=["see /home/me/x.py"])))
    assert "see x.py" in text and "/home/me" not in text
    suite = {**run.suites[0], "checks": [{**run.suites[0]["checks"][0], "parameters": {"zoo": "/home/me/zoo.yaml"}}]}
    assert zoos_of(replace(run, suites=[suite])) == ["/home/me/zoo.yaml"]
    with pytest.raises(StoreError, match="relative path"):
        portable(replace(run, suites=[suite]))
    with pytest.raises(StoreError, match="nothing to pack"):
        weights_of(run)


def test_what_a_suite_says_of_its_rows_is_no_path(run) -> None:
    """Patterns of cases (`*/equivariant/large/*`) stand in the notes of a run of some architectures, which follow from its suites."""

    def texts(value: object) -> Iterator[str]:
        if isinstance(value, dict | list):
            for entry in value.values() if isinstance(value, dict) else value:
                yield from texts(entry)
        elif isinstance(value, str):
            yield value

    suites = [plain(load_suite(name).to_json()) for name in shipped_suites()]
    notes = [f'allowance "gmn / law / {text}" is not asked in this run' for text in texts(suites)]
    assert len(notes) > 500 and any("*/" in note for note in notes)
    assert list(portable(replace(run, notes=notes)).notes) == notes


def test_weights_that_are_asked_for_are_the_manifest_s_files(run, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pop").mkdir()
    (tmp_path / "pop" / "zoo.yaml").write_text("title: mine\nfiles: '*.npz'\nlabels: {file: scores.csv}\n")
    for name in ("a.npz", "b.npz", "scores.csv"):
        (tmp_path / "pop" / name).write_bytes(name.encode())
    suite = {**run.suites[0], "checks": [{"parameters": {"zoo": "pop/zoo.yaml/group"}}]}
    assert sorted(weights_of(replace(run, suites=[suite]))) == [
        "pop/a.npz",
        "pop/b.npz",
        "pop/scores.csv",
        "pop/zoo.yaml",
    ]


def test_submit_refuses_what_is_unfinished_or_does_not_hold_in_a_line(place: Place, run, tmp_path) -> None:
    folder = tmp_path / "wrong"
    shutil.copytree(place.folder / "out", folder)
    (folder / "results.json").write_text(results_text(replace(run, planted=())))
    told = Place(tmp_path).call(["submit", "wrong"], 2)
    (line,) = [line for line in told.splitlines() if line.startswith("orbitcheck: ")]
    assert line.startswith("orbitcheck: wrong does not hold: planted defects") and not (tmp_path / "wrong.zip").exists()
    (folder / ".orbitcheck-run.json").write_text('{"layout": 1, "finished": false, "rows": 25}')
    with pytest.raises(StoreError, match="unfinished"):
        read_run(folder)


def test_a_page_that_is_not_ours_is_not_written_over_and_files_of_before_go(run, tiny, tmp_path) -> None:
    one, _ = admit(entered(run, tmp_path / "a.zip"), tiny)
    site = tmp_path / "site"
    _site(site, [one], [])
    (site / "mine.txt").write_text("stays")
    assert (site / one.folder / "report.html").is_file()
    other = replace(one, folder="runs/other")
    _site(site, [other], [])
    assert not (site / one.folder).exists() and (site / "mine.txt").exists() and (site / "runs/other/run.zip").exists()
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "index.html").write_text("a page")
    with pytest.raises(StoreError, match="no leaderboard of ours"):
        _site(tmp_path / "theirs", [one], [])
