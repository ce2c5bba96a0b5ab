"""What the shell completes, and what `--help` lists: asked of the command as bash and zsh ask it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from orbitcheck.harness.front.cli import main
from orbitcheck.harness.front.cli.base import SUBJECTS
from orbitcheck.harness.language.shipped import shipped_suites
from orbitcheck.harness.plugins.discovery import built_in

COMMAND = [sys.executable, "-P", "-c", "from orbitcheck.harness.front.cli import main; main(prog_name='orbitcheck')"]


def completed(words: str, folder: Path) -> list[str]:
    """The words that bash would offer for the last of these."""
    parts = f"orbitcheck {words}".split(" ")
    asked = {"_ORBITCHECK_COMPLETE": "bash_complete", "COMP_WORDS": " ".join(parts), "COMP_CWORD": str(len(parts) - 1)}
    told = subprocess.run(COMMAND, env={**os.environ, **asked}, cwd=folder, capture_output=True, text=True, timeout=60)
    assert not told.stderr
    return [line.partition(",")[2] for line in told.stdout.splitlines() if line]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with a run of three rows, of which one is red."""
    place = tmp_path_factory.mktemp("completing")
    rows = [
        {"id": "aa11", "outcome": "pass", "declared": None, "architecture": "dws", "case": "one"},
        {"id": "ab22", "outcome": "fail", "declared": None, "architecture": "gmn", "case": "two"},
        {"id": "ab33", "outcome": "fail", "declared": "known", "architecture": "gmn", "case": "three"},
    ]
    (place / "out").mkdir()
    (place / "out" / "results.json").write_text(json.dumps({"results": rows}), encoding="utf-8")
    return place


def test_suites_and_architectures_are_completed_by_their_beginning(folder):
    assert completed("run ", folder) == list(shipped_suites())
    assert completed("run qui", folder) == [name for name in shipped_suites() if name.startswith("qui")]
    assert completed("run quick -a g", folder) == [name for name in sorted(built_in()) if name.startswith("g")]


def test_rows_and_architectures_of_a_run_are_completed_red_rows_first(folder):
    assert completed("explain out ", folder) == ["ab22"]
    assert completed("explain out aa", folder) == ["aa11"]
    assert completed("compare out dws g", folder) == ["gmn"]


def test_what_cannot_be_read_completes_to_nothing(folder):
    assert completed("explain nowhere ", folder) == []


def test_help_lists_every_command_once_with_its_first_sentence_whole():
    assert sorted(name for names in SUBJECTS.values() for name in names) == sorted(main.commands)
    told = CliRunner().invoke(main, ["--help"]).output
    assert "..." not in told.partition("\n")[2]
    for name, command in main.commands.items():
        first = " ".join((command.help or "").split("\n\n")[0].split()).split(". ")[0].rstrip(".")
        assert first in " ".join(told.split()), name
