"""pytest collects the rows of a suite as items: the usual options work, and the verdicts are those of the command line."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest
from click.testing import CliRunner

from orbitcheck.harness.cli import main

SUITE = """\
suite: small
version: 1
title: Small
spaces:
  tiny: {mlp: [1, 3, 1], activation: relu}
checks:
  - {id: law, kind: equivariance, spaces: [tiny], outputs: [invariant], inputs: [generic, ties]}
  - {id: twins, kind: separation, pairs: {family: bipartite-cycles, cycles: [[4], [2, 2]], count: 1}}
EXPECTED"""
EXPECTED = "expected_failures:\n  - {architecture: flat-mlp, check: law, case: '*', outcome: fail, reason: by design}\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "small.yaml").write_text(SUITE.replace("EXPECTED", ""))
    (tmp_path / "declared.yaml").write_text(SUITE.replace("EXPECTED", EXPECTED))
    return tmp_path


def collect(folder, *arguments):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_rows_are_items_and_red_rows_fail_with_their_reason(folder):
    done = collect(folder, "--orbitcheck", "small.yaml", "--architecture", "stats", "--architecture", "flat-mlp")
    assert done.returncode == 1
    assert "3 passed" in done.stdout
    assert "2 failed" in done.stdout
    assert "1 skipped" in done.stdout
    assert "smallest counter-example" in done.stdout
    assert "Traceback" not in done.stdout


def test_expected_failures_are_strict_xfails_and_k_chooses(folder):
    done = collect(folder, "--orbitcheck", "declared.yaml", "--architecture", "flat-mlp", "-k", "law", "-rx")
    assert done.returncode == 0
    assert "2 xfailed" in done.stdout
    assert "by design" in done.stdout


def test_ids_and_verdicts_are_those_of_the_command_line_also_under_xdist(folder):
    out = folder / "out"
    CliRunner().invoke(
        main, ["run", str(folder / "small.yaml"), "-a", "stats", "-a", "flat-mlp", "-o", str(out), "-j", "1"]
    )
    rows = {row["id"]: row["outcome"] for row in json.loads((out / "results.json").read_text())["results"]}
    names = ["--architecture", "stats", "--architecture", "flat-mlp"]
    done = collect(folder, "--orbitcheck", "small.yaml", *names, "-n", "2", "--junitxml", "junit.xml")
    assert done.returncode == 1
    seen = {}
    for case in ElementTree.parse(folder / "junit.xml").getroot().iter("testcase"):
        properties = {entry.get("name"): entry.get("value") for entry in case.iter("property")}
        seen[properties["id"]] = properties["outcome"]
    assert seen == rows


def test_a_wrong_name_is_a_usage_error_of_one_line(folder):
    done = collect(folder, "--orbitcheck", "qick")
    assert done.returncode == 4
    assert 'did you mean "quick"' in done.stderr + done.stdout


def test_without_the_option_nothing_of_orbitcheck_is_imported(folder):
    (folder / "test_nothing.py").write_text(
        "import sys\ndef test_x():\n    assert 'orbitcheck.harness.suite' not in sys.modules\n    assert 'torch' not in sys.modules\n"
    )
    assert collect(folder, "test_nothing.py").returncode == 0
