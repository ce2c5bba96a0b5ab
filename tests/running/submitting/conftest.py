"""One small finished run, made once: the first command of docs/leaderboard.md on a suite of seconds."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "leaderboard.md"
SUITE = """\
suite: tiny
version: 1
title: The law on one space, and copies and other networks told apart
spaces: {tiny: {mlp: [2, 3, 1], activation: relu}}
checks:
  - {id: law, kind: equivariance, claim: equivariance, spaces: [tiny], outputs: [invariant], inputs: [generic]}
  - {id: copies, kind: separation, space: tiny, pairs: {family: same-orbit, count: 12}}
  - {id: others, kind: separation, space: tiny, pairs: {family: generic, count: 12}}
"""
CODE = "import sys; from orbitcheck.harness.front.cli import main; main(prog_name='orbitcheck')"


def commands() -> list[list[str]]:
    """The commands of the page, on the suite of seconds in place of `quick`."""
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    lines = [shlex.split(line) for block in blocks for line in block.splitlines()]
    small = [["tiny.yaml" if word == "quick" else word for word in words] for words in lines]
    return [[*words, "--suite", "tiny.yaml"] if words[1] == "leaderboard" else words for words in small]


@dataclass(frozen=True)
class Place:
    """A folder with the suite and the run `out`."""

    folder: Path

    def call(self, words: Sequence[str], code: int = 0) -> str:
        """What a command prints, ended by that code."""
        process = [sys.executable, "-P", "-c", CODE, *words]
        answer = subprocess.run(process, cwd=self.folder, capture_output=True, text=True, timeout=280)
        assert answer.returncode == code, f"{words}: {answer.stdout}\n{answer.stderr}"
        return answer.stdout + answer.stderr


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    made = Place(tmp_path_factory.mktemp("submitting"))
    (made.folder / "tiny.yaml").write_text(SUITE, encoding="utf-8")
    made.call([*commands()[0][1:], "-j", "1"])
    return made
