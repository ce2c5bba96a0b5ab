"""Every command that reads files of one's own takes the same options, and a manifest wherever it takes files."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest
import torch
import yaml
from click.testing import CliRunner
from torch import nn

from orbitcheck import duplicates, load_weights, mlp
from orbitcheck.harness.front.cli import main

READERS = {("audit",): (), ("duplicates",): (), ("floor",): ("--labels", "t.csv", "--label", "y"), ("zoo", "check"): ()}
"""Command -> what it needs beside files."""
OPTIONS = ("activation", "order", "ignore", "key", "orientation", "layout", "module")


def invoke(*arguments: str):
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Networks that no name says how to read: layers without numbers, one that is none, two state dicts in a file; one of them twice."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ORBITCHECK_CACHE", str(tmp_path / "cache"))
    Path("nets").mkdir()
    for number in range(6):
        torch.manual_seed(min(number, 4))
        state = nn.ModuleDict({"out": nn.Linear(4, 1), "into": nn.Linear(2, 4), "spare": nn.Linear(3, 3)}).state_dict()
        torch.save({"g": state, "d": {"0.weight": torch.ones(7, 7)}, "epoch": number}, f"nets/{number}.pt")
    with open("t.csv", "w", newline="") as stream:
        csv.writer(stream).writerows([["file", "y"], *([f"{number}.pt", number] for number in range(6))])
    Path("zoo.yaml").write_text(
        "files: nets\nkey: g\norder: [into, out]\nignore: ['spare.*']\nactivation: tanh\nlabels: {file: t.csv}\n"
    )
    return tmp_path


TYPED = ("--key", "g", "--order", "into,out", "--ignore", "spare.*", "--activation", "tanh")


@pytest.mark.parametrize("command", READERS)
def test_options_say_how_files_are_read_and_a_manifest_says_the_same(folder: Path, command: tuple[str, ...]):
    more = READERS[command]
    refused = invoke(*command, "nets", *more)
    assert refused.exit_code == 2 and "--key g" in refused.output
    typed = invoke(*command, "nets", *more, *TYPED)
    assert typed.exit_code in (0, 1) and "not read" not in typed.output.replace("0 files not read", ""), typed.output
    described = invoke(
        *command, "zoo.yaml", *(() if command == ("floor",) else more), *(("--label", "y") if more else ())
    )
    assert described.exit_code == typed.exit_code, described.output
    lines = [
        [line for line in one.stdout.splitlines() if "label" not in line and "as a manifest" not in line]
        for one in (typed, described)
    ]
    if command != ("zoo", "check"):
        assert lines[0][-1].replace("nets", "zoo.yaml") == lines[1][-1].replace("nets", "zoo.yaml")
    both = invoke(*command, "zoo.yaml", *(("--label", "y") if more else ()), "--key", "g")
    assert both.exit_code == 2 and "a manifest says" in both.output and len(both.output.splitlines()) == 1


@pytest.mark.parametrize("command", [*READERS, ("predict",)])
def test_every_command_has_every_option(command: tuple[str, ...]):
    told = invoke(*command, "--help").output
    assert all(f"--{option} " in told for option in OPTIONS)


def test_a_manifest_stands_beside_files_and_on_either_side(folder: Path):
    result = invoke("duplicates", "zoo.yaml", "nets/0.pt", *TYPED, "--json")
    told = json.loads(result.stdout)
    assert told["networks"] == 7 and [sorted(group["members"]) for group in told["groups"]] == [
        ["nets/0.pt", "nets/0.pt'"],
        ["nets/4.pt", "nets/5.pt"],
    ]
    assert invoke("duplicates", "zoo.yaml", "--against", "zoo.yaml").exit_code == 1
    assert duplicates(["zoo.yaml"]).groups == (("nets/4.pt", "nets/5.pt"),)
    assert load_weights("zoo.yaml").space == mlp(2, 4, 1, activation="tanh")
    assert load_weights("nets/0.pt", key="g", order=["into", "out"], ignore=["spare.*"]).batch == 1
    assert "name the manifest alone" in invoke("audit", "zoo.yaml/2-4-1").output


def test_what_was_assumed_is_said_by_every_command(folder: Path):
    typed = ("--key", "g", "--order", "into,out", "--ignore", "spare.*")
    for command, more in READERS.items():
        assert "activation relu" in invoke(*command, "nets", *more, *typed).output


def test_a_check_of_files_tells_the_manifest_that_says_the_same(folder: Path):
    told = invoke("zoo", "check", "nets", *TYPED).stdout.splitlines()[-1]
    data = yaml.safe_load(told.removeprefix("as a manifest: "))
    assert data == {
        "files": ["nets"],
        "activation": "tanh",
        "key": "g",
        "order": ["into", "out"],
        "ignore": ["spare.*"],
    }
    Path("again.yaml").write_text(told.removeprefix("as a manifest: "))
    assert invoke("zoo", "check", "again.yaml").exit_code == 1  # two are identical
    assert "one manifest at a time" in invoke("zoo", "check", "zoo.yaml", "nets").output


def test_a_folder_in_place_of_a_zoo_is_told_what_it_needs(folder: Path):
    result = invoke("run", "quick", "-a", "stats", "--zoo", "nets", "--dry-run")
    assert result.exit_code == 2 and "orbitcheck zoo check nets" in result.output


def test_a_prediction_takes_the_same_options(folder: Path):
    result = invoke("predict", "nets", "--labels", "t.csv", "--by", "file", "--label", "y", *TYPED, "-o", "run")
    assert result.exit_code == 2 and "too few" in result.output  # of six
    assert re.search(r"training \d, validation \d, test \d", result.output), "which part is short is said"
    settings = yaml.safe_load(Path("run/population.yaml").read_text())
    assert settings["key"] == "g" and settings["order"] == ["into", "out"] and settings["ignore"] == ["spare.*"]
    refused = invoke("predict", "nets", "--labels", "t.csv", "--label", "y", "--module", "m.py:make")
    assert refused.exit_code == 2 and "a manifest names no code" in refused.output
    assert "names its labels itself" in invoke("predict", "zoo.yaml", "--labels", "t.csv", "--label", "y").output
