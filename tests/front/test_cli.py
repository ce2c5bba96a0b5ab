"""The command line as a user meets it: exit codes, one line for every mistake, and no torch before it is needed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from orbitcheck.harness.front.cli import main
from orbitcheck.harness.front.cli.listing import LISTS

pytestmark = pytest.mark.usefixtures("few_plants")

SUITE = """\
suite: small
version: 1
title: Small
spaces:
  tiny: {mlp: [1, 3, 1], activation: relu}
checks:
  - {id: law, kind: equivariance, spaces: [tiny], outputs: [invariant], inputs: [generic, ties]}
"""
EXPECTED = "expected_failures:\n  - {architecture: flat-mlp, check: law, case: '*', outcome: fail, reason: by design}\n"
BROKEN = "raise RuntimeError('no such library')\n"
HANGS = """\
import os, time
import torch
from orbitcheck import register

class Net(torch.nn.Module):
    def __init__(self, space, output):
        super().__init__()

class Hangs(Net):
    def forward(self, v):
        time.sleep(60)

class Crashes(Net):
    def forward(self, v):
        os.abort()
"""


def call(*arguments: object):
    return CliRunner().invoke(main, list(map(str, arguments)))


@pytest.fixture
def suite(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(SUITE)
    return path


LIGHT = [
    ["--help"],
    ["run", "--help"],
    ["schema"],
    *(["list", what, *json_] for what in LISTS for json_ in ([], ["--json"])),
]
MISTAKES = [
    (["run", "qick"], 'did you mean "quick"'),
    (["run", "quick", "-a", "dwss"], 'did you mean "dws"'),
    (["run", "quick", "-a", "dws[channels"], "does not read as NAME"),
    (["run", "quick", "-a", "no.py:Net"], "no file no.py"),
    (["run", "quick", "--expect", "none.yaml"], "cannot be read"),
    (["run", "quick", "-o", "/proc/none"], "cannot be written"),
    (["run", "quick", "--require-power", "2-wl"], "'1-wl'"),
    (["run", "quick", "--time-limit", "0"], "0.001<=x<="),
    (["run", "quick", "-j", "many"], "not a valid integer"),
    (["run"], "Missing argument 'SUITE...'"),
    (["rnu", "quick"], "No such command 'rnu'"),
    (["run", "quick", "--ouptut", "x"], "--output"),
    (["list", "architecture"], "'architectures'"),
    (["list", "spases"], 'did you mean "spaces"?'),
    (["report", "nowhere"], "nowhere: no such file or folder"),
    (["report", "nowhere", "--format", "pdf"], "'html'"),
    (["gate", "nowhere", "--baseline", "none.json"], "nowhere: no such file or folder"),
    (["gate", "nowhere"], "Missing option '--baseline'"),
    (["diff", "nowhere", "elsewhere"], "nowhere: no such file or folder"),
    (["reproduce", "nowhere", "abc"], "nowhere: no such file or folder"),
    (["verify", "nowhere"], "nowhere: no such file or folder"),
    (["new", "architecture", "Net"], 'did you mean "net"'),
    (["zoo", "build", "digits"], "unknown zoo"),
    (["run", "quick", "--colour"], "No such option"),
]
"""Told without torch, since no plug-in need be asked."""
ALONE = """
import json, sys
from click.testing import CliRunner
from orbitcheck.harness.front.cli import main
for arguments in json.loads(sys.argv[1]):
    CliRunner().invoke(main, arguments)
    assert "torch" not in sys.modules, arguments
"""


def test_front_ends_and_mistakes_do_without_torch(tmp_path):
    """In one process: what one of them had imported, the next would find."""
    calls = json.dumps([*LIGHT, *(arguments for arguments, _ in MISTAKES)])
    done = subprocess.run(
        [sys.executable, "-c", ALONE, calls], check=False, capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("arguments", LIGHT)
def test_what_can_be_listed_is(arguments):
    result = call(*arguments)
    assert result.exit_code == 0
    if "--json" in arguments:
        rows = json.loads(result.output)
        assert rows and all(next(iter(row.values())) for row in rows)


@pytest.mark.parametrize(
    ("arguments", "words"), [*MISTAKES, (["run", "quick", "-a", "dws[chanels=3]"], 'did you mean "channels"')]
)
def test_a_mistake_is_a_line_and_exit_code_2(arguments, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = call(*arguments)
    assert result.exit_code == 2
    (line,) = result.output.splitlines()
    assert line.startswith("orbitcheck: ")
    assert words in line


def test_a_run_is_as_predicted_or_red_and_its_rows_reproduce(suite, tmp_path):
    out = tmp_path / "out"
    red = call("run", suite, "-a", "stats", "-a", "flat-mlp", "-o", out, "-j", 1)
    assert red.exit_code == 1
    data = json.loads((out / "results.json").read_text())
    assert data["counts"]["fail"] == 2
    row = next(row for row in data["results"] if row["outcome"] == "fail")
    again = call(*row["reproduce"].split()[1:])
    assert again.exit_code == 1
    assert "the same outcome" in again.output
    unknown, several = call("reproduce", out, "zz"), call("explain", out, "")
    assert (unknown.exit_code, several.exit_code) == (2, 2)
    assert (
        'no row has an id that starts with "zz"' in unknown.output and "rows have an id that starts" in several.output
    )
    for name in ("report.html", "report.md", "junit.xml"):
        assert (out / name).stat().st_size > 0
    for form, name in (("figures", "equivariance-error.pdf"), ("tables", "rows.csv")):
        written = call("report", out, "--format", form)
        assert written.exit_code == 0 and written.output == f"{(out / form).resolve()}\n"
        assert (out / form / name).stat().st_size > 0
    suite.write_text(SUITE + EXPECTED)
    resumed = call("run", suite, "-a", "stats", "-a", "flat-mlp", "-o", out, "-j", 1, "--resume")
    assert resumed.exit_code == 0, resumed.output


def test_rows_do_not_depend_on_the_number_of_workers_or_the_order_of_architectures(suite, tmp_path):
    def rows(name: str, *arguments: object) -> dict:
        assert call("run", suite, "-o", tmp_path / name, *arguments).exit_code in (0, 1)
        data = json.loads((tmp_path / name / "results.json").read_text())["results"]
        local = ("seconds", "model_seconds", "reproduce")
        return {row["id"]: {key: value for key, value in row.items() if key not in local} for row in data}

    one = rows("one", "-a", "stats", "-a", "dws", "-a", "flat-mlp", "-j", 1)
    two = rows("two", "-a", "flat-mlp", "-a", "dws", "-a", "stats", "-j", 2)
    alone = rows("alone", "-a", "dws", "-j", 1)
    assert one == two
    assert alone.items() <= one.items()


def test_plug_ins_that_hang_crash_or_do_not_load_lose_their_own_rows_only(suite, tmp_path):
    (tmp_path / "bad.py").write_text(BROKEN)
    (tmp_path / "worse.py").write_text(HANGS)
    names = [f"{tmp_path}/bad.py:Net", f"{tmp_path}/worse.py:Hangs", f"{tmp_path}/worse.py:Crashes", "stats"]
    arguments = [part for name in names for part in ("-a", name)]
    result = call("run", suite, *arguments, "-o", tmp_path / "out", "-j", 2, "--time-limit", 3)
    assert result.exit_code == 1
    rows = json.loads((tmp_path / "out" / "results.json").read_text())["results"]
    reasons = {row["architecture"].rpartition("/")[2]: (row["outcome"], row["reason"]) for row in rows}
    assert "no such library" in reasons["bad.py:Net"][1]
    assert reasons["worse.py:Hangs"] == ("error", "hung: idle and without progress for 3 s")
    assert reasons["worse.py:Crashes"][1].startswith("crashed")
    assert reasons["stats"][0] == "pass"
    alone = call("run", suite, "-a", names[0], "-o", tmp_path / "out")
    assert alone.exit_code == 2
    assert "no such library" in alone.output


def test_a_gate_is_green_on_its_own_run_and_red_on_a_worse_one(suite, tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    out, kept = tmp_path / "out", tmp_path / "baseline.json"
    call("run", suite, "-a", "stats", "-a", "deep-sets", "-o", out, "-j", 1)
    missing = call("gate", out, "--baseline", kept)
    assert (missing.exit_code, len(missing.output.splitlines())) == (2, 1)
    assert "--update` writes one" in missing.output
    assert call("gate", out, "--baseline", kept, "--update").exit_code == 0
    before = kept.read_text()
    green = call("gate", out, "--baseline", kept)
    assert (green.exit_code, green.output) == (0, "0 differences in 4 rows, 0 regressions\n")
    assert call("gate", out, "--baseline", kept, "--update").exit_code == 0
    assert kept.read_text() == before

    run = call("run", suite, "-a", "stats", "-a", "flat-mlp", "-o", tmp_path / "worse", "-j", 1)
    assert "::error title=flat-mlp / law::fail%3A" not in run.output, "a message keeps its colons"
    assert "::error title=flat-mlp / law::fail: tiny/invariant/generic/eval: phi(g v)" in run.output
    assert "and 1 more that follow" in run.output
    red = call("gate", tmp_path / "worse", "--baseline", kept)
    assert red.exit_code == 1
    lines = red.output.splitlines()
    assert sum(line.startswith("MISSING deep-sets / small / law / tiny") for line in lines) == 2
    assert sum(line.startswith("NEW     flat-mlp / small / law / tiny") for line in lines) == 2
    assert "::error title=MISSING small / law::2 x, the first: MISSING deep-sets" in red.output
    summary = (tmp_path / "summary.md").read_text()
    assert "# ✗ orbitcheck: " in summary
    assert "## ✗ orbitcheck gate: 4 differences in 4 rows, 4 regressions" in summary
    assert "NEW     flat-mlp / small / law" in call("diff", out, tmp_path / "worse").output
    monkeypatch.delenv("GITHUB_ACTIONS")
    assert "::error" not in call("gate", tmp_path / "worse", "--baseline", kept).output

    part = call("gate", tmp_path / "worse", "--baseline", kept, "-a", "stats")
    assert (part.exit_code, part.output) == (0, "0 differences in 2 rows, 0 regressions\n")
    gone = call("gate", tmp_path / "worse", "--baseline", kept, "-a", "stats", "-a", "deep-sets")
    assert (gone.exit_code, gone.output.splitlines()[-1]) == (1, "2 differences in 2 rows, 2 regressions")
    nobody = call("gate", tmp_path / "worse", "--baseline", kept, "-a", "stat")
    assert nobody.exit_code == 2 and 'did you mean "stats"?' in nobody.output
    refused = call("gate", out, "--baseline", kept, "-a", "stats", "--update")
    assert refused.exit_code == 2 and kept.read_text() == before


def test_without_a_command_the_help_is_shown():
    result = call()
    assert result.exit_code == 2
    assert "Read a run:" in result.output and "Usage:" in result.output


def test_two_suites_of_one_name_are_refused(suite, tmp_path):
    other = tmp_path / "other.yaml"
    other.write_text(suite.read_text())
    result = call("run", suite, other, "-a", "stats", "-o", tmp_path / "out")
    assert result.exit_code == 2
    assert result.output == 'orbitcheck: two of the suites are called "small"; rows are told apart by that name\n'
