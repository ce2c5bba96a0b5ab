"""`run --watch`: what depends on a changed file is run again, Ctrl-C ends with the last run's exit code."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from orbitcheck.harness.front.cli.watching import stamps, waited_for

COMMAND = [sys.executable, "-P", "-c", "from orbitcheck.harness.front.cli import main; main()"]
SUITE = """\
suite: small
version: 1
title: Small
spaces:
  tiny: {mlp: [1, 3, 1], activation: relu}
checks:
  - {id: law, kind: equivariance, spaces: [tiny], outputs: [invariant], inputs: [generic], samples: 2, elements: 1}
"""
NET = """\
import torch
from orbitcheck import register
import helper

@register("NAME", symmetry="permutation", power="unknown")
class Net(torch.nn.Module):
    def __init__(self, space, output):
        super().__init__()
        self.head = torch.nn.Linear(1, output.dim)

    def forward(self, v):
        first = v.tensors["W1"].flatten(1)
        return self.head(first.sum(1, keepdim=True)READ)
"""


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "small.yaml").write_text(SUITE, encoding="utf-8")
    (tmp_path / "helper.py").write_text("SHARE = 0.0\n", encoding="utf-8")
    (tmp_path / "net.py").write_text(
        NET.replace("NAME", "net").replace("READ", " + helper.SHARE * first[:, :1]"), encoding="utf-8"
    )
    return tmp_path


def hears_interruptions() -> None:
    """Where the tests run in the background SIGINT is ignored, and children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def outcome(folder: Path) -> str:
    [row] = json.loads((folder / "out" / "results.json").read_text(encoding="utf-8"))["results"]
    return row["outcome"]


def test_a_changed_helper_turns_its_network_red(folder):
    words = ["run", "small.yaml", "-a", "net.py:Net", "-o", "out", "-j", "1", "--watch"]
    words += ["--only", "*"]  # a part of the rows, of which no planted defects are asked
    process = subprocess.Popen(
        [*COMMAND, *words],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=hears_interruptions,
    )
    assert process.stderr is not None
    try:
        told = next(line for line in process.stderr if line.startswith("watching"))
        before = outcome(folder)
        (folder / "helper.py").write_text("SHARE = 1.0\n", encoding="utf-8")
        changed = next(line for line in process.stderr if line.startswith("changed"))
        again = next(line for line in process.stderr if line.startswith("watching"))
        after = outcome(folder)
        os.killpg(process.pid, signal.SIGINT)
        _, rest = process.communicate(timeout=60)
        code = process.returncode
    finally:
        process.stderr.close()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert "3 files" in told and "3 files" in again
    assert changed.strip().endswith("helper.py")
    assert (before, after) == ("pass", "fail")
    assert code == 1 and "Traceback" not in rest


def test_a_file_that_comes_or_goes_is_a_change(tmp_path):
    there, absent = tmp_path / "there", tmp_path / "absent"
    there.write_text("1", encoding="utf-8")
    before = stamps([there, absent])
    absent.write_text("1", encoding="utf-8")
    assert waited_for(before) == [absent]
    there.unlink()
    assert waited_for(before) == [absent, there]
