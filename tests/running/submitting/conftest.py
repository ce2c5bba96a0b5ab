"""One small finished run, made once in this process; the commands of docs/leaderboard.md on its suite of seconds."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from orbitcheck.harness.core.result import Run
from orbitcheck.harness.front.cli import main
from orbitcheck.harness.language.reading import load_suite
from orbitcheck.harness.plugins.discovery import parse_name
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.running.plan import plan
from orbitcheck.harness.running.planted import report, wanted_by
from orbitcheck.harness.running.provenance import VERSION
from orbitcheck.harness.running.run import following
from orbitcheck.harness.running.store import results_text
from orbitcheck.harness.running.tasks import describe_architecture

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
        with chdir(self.folder):
            answer = CliRunner().invoke(main, list(words))
        assert answer.exit_code == code, f"{words}: {answer.output} {answer.exception!r}"
        return answer.output


def finished(file: Path, *architectures: str) -> Run:
    """The run of the suite, made in this process; plants count as caught, as a run of the command line has them."""
    suites, names = [load_suite(file)], [parse_name(name) for name in architectures]
    cells = plan(suites, names)
    described = [describe_architecture(name) for name in names]
    planted = [
        report(each, each.wanted, "", (each.sign,)) for each in wanted_by({cell.kind for cell in cells}, described)
    ]
    follows = following([evaluate(cell) for cell in cells], cells, suites, [], described, None, planted, ())
    asked = {"expected_failures": [], "require_power": None}
    return Run(VERSION, {}, [suites[0].to_json()], described, planted=planted, request=asked, **follows)


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    made = Place(tmp_path_factory.mktemp("submitting"))
    (made.folder / "tiny.yaml").write_text(SUITE, encoding="utf-8")
    (made.folder / "out").mkdir()
    text = results_text(finished(made.folder / "tiny.yaml", "stats"))
    (made.folder / "out" / "results.json").write_text(text, encoding="utf-8")
    return made


@pytest.fixture(scope="session")
def built_in_entries(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A folder with the suite and the run `out-builtin`, of some built-in networks."""
    made = Place(tmp_path_factory.mktemp("first-entries"))
    (made.folder / "tiny.yaml").write_text(SUITE, encoding="utf-8")
    (made.folder / "out-builtin").mkdir()
    text = results_text(finished(made.folder / "tiny.yaml", "stats", "dws", "sorted-mlp"))
    (made.folder / "out-builtin" / "results.json").write_text(text, encoding="utf-8")
    return made
