"""How trained populations are kept: once, whole, the same bits, whatever happens around them."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from orbitcheck import Weights
from orbitcheck.harness.zoo import cache, inrs
from orbitcheck.harness.zoo.population import ZooError, build, load
from orbitcheck.harness.zoo.recipe import Zoo
from orbitcheck.harness.zoo.trainer import Progress, Trained


def test_zoo_is_trained_once(small: Zoo, empty_cache: Path):
    first = build(small)
    stamps = {path: path.stat().st_mtime_ns for path in empty_cache.iterdir()}
    again = build(small)
    assert first.trained and not again.trained
    assert replace(again, trained=True) == first
    assert {path: path.stat().st_mtime_ns for path in empty_cache.iterdir()} == stamps


def test_same_recipe_gives_the_same_bits_whatever_the_caller_has_set(small: Zoo, empty_cache: Path):
    first = build(small)
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    torch.set_num_threads(threads + 1)
    torch.manual_seed(5)
    during = torch.get_rng_state()
    try:
        with torch.inference_mode():
            second = build(small, force=True)
        assert torch.get_num_threads() == threads + 1
        assert torch.equal(torch.get_rng_state(), during)
    finally:
        torch.set_num_threads(threads)
        torch.set_rng_state(state)
    assert second.trained
    assert second.sha256 == first.sha256


def test_what_is_read_is_what_was_trained(small: Zoo, empty_cache: Path, monkeypatch: pytest.MonkeyPatch):
    build(small)
    monkeypatch.setattr(cache, "write", None)  # from here on everything comes from the disk
    for group, space in small.spaces.items():
        kept = load(small, group)
        assert kept.space == kept.weights.space == space
        assert kept.weights.dtype == torch.float32 and kept.weights.channels == 1
        assert kept.weights.batch == small.recipe.get("images", small.recipe.get("nets"))
        assert all(len(values) == kept.weights.batch for values in kept.metadata.values())
        assert not any(tensor.requires_grad for _, tensor in kept.weights.items())


def test_every_caller_gets_tensors_of_its_own(small_inrs: Zoo, empty_cache: Path):
    first = load(small_inrs)
    first.weights.tensors["W1"].zero_()
    again = load(small_inrs)
    assert again.sha256 == first.sha256
    assert again.weights.tensors["W1"].abs().max() > 0


def test_record_tells_recipe_and_hash(small: Zoo, empty_cache: Path):
    built = build(small)
    record = json.loads(built.path.with_suffix(".json").read_text())
    assert record["recipe"] == small.recipe and record["digest"] == small.digest
    assert record["sha256"] == built.sha256
    assert record["torch"] == torch.__version__ and record["threads"] == small.recipe["threads"]
    assert {group: kept["count"] for group, kept in record["groups"].items()} == built.counts
    assert {group: kept["weights_sha256"] for group, kept in record["groups"].items()} == {
        group: load(small, group).sha256 for group in small.spaces
    }


def test_another_recipe_never_reads_old_weights(small_inrs: Zoo, empty_cache: Path):
    other = replace(small_inrs, recipe={**small_inrs.recipe, "seed": 2})
    first, second = build(small_inrs), build(other)
    assert second.trained and first.path != second.path and first.sha256 != second.sha256
    assert not build(small_inrs).trained


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)


def _retell(path: Path) -> None:
    record = json.loads(path.with_suffix(".json").read_text())
    record["groups"] = {}
    path.with_suffix(".json").write_text(json.dumps(record))


DAMAGE: dict[str, Callable[[Path], object]] = {
    "truncated": _truncate,
    "one bit flipped": _flip,
    "empty": lambda path: path.write_bytes(b""),
    "record truncated": lambda path: _truncate(path.with_suffix(".json")),
    "record is a list": lambda path: path.with_suffix(".json").write_text("[]"),
    "record is no text": lambda path: path.with_suffix(".json").write_bytes(b"\xff\xfe"),
    "record edited": _retell,
}


@pytest.mark.parametrize("damage", list(DAMAGE))
def test_damage_is_noticed_logged_and_repaired(
    damage: str, small_inrs: Zoo, empty_cache: Path, caplog: pytest.LogCaptureFixture
):
    built = build(small_inrs)
    DAMAGE[damage](built.path)
    with caplog.at_level(logging.WARNING, logger="orbitcheck.zoo"):
        repaired = build(small_inrs)
    assert repaired.trained and repaired.sha256 == built.sha256
    assert caplog.messages and all("built anew" in line and "\n" not in line for line in caplog.messages)
    assert not build(small_inrs).trained


@pytest.mark.parametrize("missing", [".safetensors", ".json"])
def test_half_an_entry_is_none(missing: str, small_inrs: Zoo, empty_cache: Path):
    built = build(small_inrs)
    built.path.with_suffix(missing).unlink()
    assert build(small_inrs).trained


def test_cache_that_cannot_be_written_is_one_clear_line(
    small_inrs: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "file"))
    with pytest.raises(ZooError) as caught:
        build(small_inrs)
    line = str(caught.value)
    assert str(tmp_path / "file") in line and cache.VARIABLE in line and "\n" not in line


def test_full_disk_leaves_the_old_entry_and_no_scraps(
    small_inrs: Zoo, empty_cache: Path, monkeypatch: pytest.MonkeyPatch
):
    built = build(small_inrs)
    before = sorted(empty_cache.iterdir())

    def refuse(handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(cache.os, "fsync", refuse)
        with pytest.raises(ZooError, match="No space left on device"):
            build(small_inrs, force=True)
    assert sorted(empty_cache.iterdir()) == before
    assert build(small_inrs).sha256 == built.sha256


def test_kept_zoo_is_read_while_another_process_rebuilds_it(small_inrs: Zoo, empty_cache: Path):
    built = build(small_inrs)
    with cache.building(built.path.stem, lambda: None):
        assert not build(small_inrs).trained


def test_second_builder_waits_says_so_and_does_not_train(small_inrs: Zoo, empty_cache: Path):
    entry = cache.read(build(small_inrs).path.stem)
    assert entry is not None
    entry.path.unlink()
    waiting, lines, built = threading.Event(), [], []

    def progress(line: str, done: int, total: int) -> None:
        lines.append(line)
        waiting.set()

    second = threading.Thread(target=lambda: built.append(build(small_inrs, progress=progress)))
    with cache.building(entry.path.stem, lambda: None):
        second.start()
        assert waiting.wait(10)
        record = {key: value for key, value in entry.record.items() if key != "sha256"}
        cache.write(entry.path.stem, entry.tensors, record)
    second.join(10)
    assert lines == ["digits-inr: another process is building it"]
    assert not built[0].trained and built[0].sha256 == entry.sha256


def test_of_several_processes_one_trains(empty_cache: Path):
    code = (
        "from dataclasses import replace\n"
        "from orbitcheck.harness.zoo.recipe import ZOOS\n"
        "from orbitcheck.harness.zoo.population import build\n"
        "zoo = ZOOS['digits-inr']\n"
        "built = build(replace(zoo, recipe={**zoo.recipe, 'images': 200, 'steps': 40}))\n"
        "print(built.trained, built.sha256)\n"
    )
    command = [sys.executable, "-W", "error", "-c", code]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = [process.communicate(timeout=60)[0].split() for process in processes]
    assert sorted(trained for trained, _ in said) == ["False", "False", "True"]
    assert len({sha256 for _, sha256 in said}) == 1


def test_progress_counts_from_nothing_to_all(small: Zoo, empty_cache: Path):
    seen: dict[str, list[tuple[int, int]]] = {}
    build(small, progress=lambda stage, done, total: seen.setdefault(stage, []).append((done, total)))
    assert seen
    for steps in seen.values():
        done, totals = [step[0] for step in steps], {step[1] for step in steps}
        assert done == sorted(done) and done[0] == 0 and {done[-1]} == totals


def test_diverged_networks_are_refused(small_inrs: Zoo, empty_cache: Path, monkeypatch: pytest.MonkeyPatch):
    train = inrs.train

    def diverging(zoo: Zoo, progress: Progress) -> dict[str, Trained]:
        [(group, trained)] = train(zoo, progress).items()
        spoilt: Weights = trained.weights.clone()
        spoilt.tensors["b1"][3, 0] = float("nan")
        return {group: Trained(spoilt, trained.metadata)}

    monkeypatch.setattr(inrs, "train", diverging)
    with pytest.raises(ZooError, match="digits-inr/2-32-32-1: 1 of 10 networks diverged"):
        build(small_inrs)
    assert not list(empty_cache.glob("*.safetensors"))
