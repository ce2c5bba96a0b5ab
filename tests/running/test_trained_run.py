"""A run of training rows, from the suite's file to `results.json`: conclusions, allowances, checkpoints, time limits."""

from __future__ import annotations

from pathlib import Path

import pytest

from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.language.reading import load_suite
from orbitcheck.harness.plugins.discovery import parse_name
from orbitcheck.harness.running.keeping.marker import Marker, mark
from orbitcheck.harness.running.plan import plan
from orbitcheck.harness.running.request import RunRequest
from orbitcheck.harness.running.run import carry_out, time_limit
from orbitcheck.harness.running.store import CHECKPOINTS, clear_checkpoints, read_run

pytestmark = pytest.mark.usefixtures("few_plants")

SUITE = """\
suite: trained
version: 1
title: Training rows in seconds
architectures: ["dws[channels=2,depth=2]"]
spaces:
  line: {{mlp: [1, 2, 1]}}
checks:
  - {{id: law, kind: equivariance, spaces: [line], inputs: [generic, ties, zeros, pruned], samples: 2, elements: 1}}
  - id: norms
    kind: approximation
    space: line
    target: {{name: weight-norms}}
    regime: {{name: general-position}}
    sizes: {{train: 32, validation: 8, test: 8}}
    parameters: [200]
    steps: 3
  - id: shift
    kind: approximation
    space: line
    target: {{name: output-shift}}
    regime: {{name: general-position}}
    sizes: {{train: 32, validation: 8, test: 8}}
    points: 8
    networks: [1, 2]
    parameters: [200]
    steps: 3
allow:
  - {{architecture: "*", check: norms, reason: three steps}}
conclusions:
  - {{claim: thm-7.2, checks: [shift], killers: [one-hinge, rescaled]}}
  - {{claim: thm-6.3, checks: [norms], {allowed}, killers: [norms-of-biases]}}
"""


@pytest.mark.parametrize(("allowed", "code"), [("allow: three steps", 0), ("margin: 0.1", 1)])
def test_what_a_conclusion_leaves_open_is_red_unless_allowed(tmp_path, allowed, code):
    path = tmp_path / "x.yaml"
    path.write_text(SUITE.format(allowed=allowed))
    suite = load_suite(path)
    out = tmp_path / "out"
    (out / CHECKPOINTS).mkdir(parents=True)
    mark(out, Marker(False))
    (out / CHECKPOINTS / "0123456789ab.pt").touch()
    run, found = carry_out(RunRequest([suite], [parse_name(name) for name in suite.architectures], out, jobs=1))
    wanted = ["pass"] * 8 + ["undecided", "observed", "observed"]
    assert [row.outcome for row in run.results] == wanted, [row.reason for row in run.results]
    assert found == code, run.problems
    seen, open_ = read_run(out).conclusions
    assert (seen["claim"], seen["outcome"]) == ("thm-7.2", "observed")
    assert (open_["claim"], open_["outcome"]) == ("thm-6.3", "undecided")
    assert bool(run.problems) == bool(code)
    assert not (out / CHECKPOINTS).exists()


def test_a_training_may_take_longer_than_other_rows(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text(SUITE.format(allowed="margin: 0.1"))
    cell = plan([load_suite(path)], [parse_name("flat-mlp")])[-1]
    longer = Cell("s", "c", cell.kind, {**cell.parameters, "steps": 10000}, cell.case, None, "flat-mlp")
    assert 120 < time_limit(cell) < time_limit(longer)
    (law, *_) = plan([load_suite("quick")], [parse_name("flat-mlp")])
    assert time_limit(law) == 120


def test_only_files_of_ours_are_cleared(tmp_path: Path):
    clear_checkpoints(tmp_path)  # none there
    (tmp_path / CHECKPOINTS).mkdir()
    for name in ("0123456789ab.pt", "mine.pt", "mine.txt"):
        (tmp_path / CHECKPOINTS / name).touch()
    clear_checkpoints(tmp_path)
    assert {file.name for file in (tmp_path / CHECKPOINTS).iterdir()} == {"mine.pt", "mine.txt"}
