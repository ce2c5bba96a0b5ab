"""pytest collects the rows of a suite as items: the usual options work, and the verdicts are those of the command line."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest
from click.testing import CliRunner

from orbitcheck.harness.front.cli import main

pytestmark = pytest.mark.usefixtures("few_plants")

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
STALE = EXPECTED.replace("flat-mlp", "stats")
EDITOR = """\
from orbitcheck import Unsupported, register
from orbitcheck.architectures.stats import Stats

@register("editor", power="unknown")
class Editor(Stats):
    def __init__(self, space, output):
        raise Unsupported("no invariant output")
"""
WARNING_NET = """\
import warnings
from orbitcheck.architectures.stats import Stats

class Net(Stats):
    def forward(self, v):
        warnings.warn("soon to change", DeprecationWarning)
        return super().forward(v)
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "small.yaml").write_text(SUITE.replace("EXPECTED", ""))
    (tmp_path / "declared.yaml").write_text(SUITE.replace("EXPECTED", EXPECTED))
    return tmp_path


def collect(folder, *arguments, cache=False):
    """pytest in this process, where torch is imported already; with xdist in one of its own."""
    options = ["-q", f"--rootdir={folder}", *(() if cache else ("-p", "no:cacheprovider")), *arguments]
    if "-n" in arguments:
        command = [sys.executable, "-m", "pytest", *options]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    out, error = io.StringIO(), io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
        code = pytest.main(options)
    return subprocess.CompletedProcess(options, int(code), out.getvalue(), error.getvalue())


def collect_afresh(folder, *arguments):
    """pytest in a process of its own, where nothing is imported yet."""
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
    """Though the project turns warnings into errors, and its rows go to two processes."""
    (folder / "warning_net.py").write_text(WARNING_NET)
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    names = ["stats", "flat-mlp", f"{folder}/warning_net.py:Net"]
    arguments = [part for name in names for part in ("-a", name)]
    out = folder / "out"
    CliRunner().invoke(main, ["run", str(folder / "small.yaml"), *arguments, "-o", str(out), "-j", "1"])
    rows = {row["id"]: row for row in json.loads((out / "results.json").read_text())["results"]}
    assert {row["outcome"] for row in rows.values()} == {"pass", "fail", "observed", "not-applicable"}

    arguments = [part for name in names for part in ("--architecture", name)]
    done = collect(folder, "--orbitcheck", "small.yaml", *arguments, "-n", "2", "--junitxml", "junit.xml")
    assert done.returncode == 1
    seen = {}
    for case in ElementTree.parse(folder / "junit.xml").getroot().iter("testcase"):
        properties = {entry.get("name"): entry.get("value") for entry in case.iter("property")}
        row = rows[properties["id"]]
        assert case.get("name") == f"{row['check']}/{row['case']}[{row['architecture']}]"
        seen[row["id"]] = {key: properties[key] for key in ("outcome", "reason", "predicted", "observed")}
    assert seen == {identity: {key: row[key] for key in seen[identity]} for identity, row in rows.items()}


def test_a_failure_names_the_command_that_runs_just_it_again(folder):
    done = collect(folder, "--orbitcheck", "small.yaml", "--architecture", "flat-mlp")
    (line, *_) = re.findall(r"again: pytest (.*)", done.stdout)
    again = collect(folder, *shlex.split(line))
    assert again.returncode == 1
    assert "1 failed" in again.stdout
    assert "passed" not in again.stdout
    assert line in again.stdout


def test_last_failed_runs_the_rows_that_failed(folder):
    arguments = ["--orbitcheck", "small.yaml", "--architecture", "stats", "--architecture", "flat-mlp"]
    assert "2 failed, 3 passed" in collect(folder, *arguments, cache=True).stdout
    again = collect(folder, *arguments, "--lf", cache=True)
    assert "2 failed" in again.stdout
    assert "passed" not in again.stdout


# With xdist ids and verdicts are asked above at each run of the tests, problems of the run in long ones.
@pytest.mark.parametrize("workers", [[], pytest.param(["-n", "2"], marks=pytest.mark.long)], ids=["alone", "xdist"])
def test_problems_of_the_run_fail_it_once_every_row_is_there(folder, workers):
    """An expectation that nothing meets, and a network that claims nothing: in the terminal, in JUnit XML, and in the exit code."""
    (folder / "floor.yaml").write_text(SUITE.replace("EXPECTED", STALE))
    arguments = ["--orbitcheck", "floor.yaml", "--architecture", "stats", *workers, "--junitxml", "junit.xml"]
    done = collect(folder, *arguments)
    assert done.returncode == 1, done.stdout
    assert "1 failed, 3 passed" in done.stdout
    assert 'problem of the run: expected failure "stats / law / *" covers no failure' in done.stdout
    assert "covers no failure" in (folder / "junit.xml").read_text()
    if workers:
        return
    CliRunner().invoke(main, ["run", str(folder / "floor.yaml"), "-a", "stats", "-o", str(folder / "out"), "-j", "1"])
    (problem,) = json.loads((folder / "out" / "results.json").read_text())["problems"]
    assert problem["text"] in done.stdout
    part = collect(folder, *arguments, "-k", "law")
    assert part.returncode == 0, "a part of the rows says nothing of the whole"
    (folder / "editor.py").write_text(EDITOR)
    done = collect(folder, "--orbitcheck", "small.yaml", "--architecture", "editor.py:Editor")
    assert "3 skipped" in done.stdout
    assert "problem of the run: editor.py:Editor: nothing is predicted of any of its rows" in done.stdout


def test_an_entry_that_this_run_does_not_ask_is_a_note(folder):
    done = collect(folder, "--orbitcheck", "declared.yaml", "--architecture", "stats")
    assert done.returncode == 0, done.stdout
    assert done.stdout.count('note: expected failure "flat-mlp / law / *" is not asked in this run') == 1


def test_a_users_own_expectations_count(folder):
    (folder / "expect.yaml").write_text(EXPECTED)
    arguments = ["--orbitcheck", "small.yaml", "--architecture", "flat-mlp", "--orbitcheck-expect", "expect.yaml"]
    done = collect(folder, *arguments)
    assert done.returncode == 0, done.stdout
    assert "2 xfailed" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--orbitcheck", "qick"], 'did you mean "quick"'),
        (["--orbitcheck", "qick", "-n", "2"], 'did you mean "quick"'),
        (["--orbitcheck", "small.yaml", "--architecture", "dwss"], 'did you mean "dws"'),
        (["--orbitcheck", "small.yaml", "--orbitcheck-expect", "none.yaml"], "cannot be read"),
        (["--orbitcheck", "small.yaml", "--orbitcheck", "declared.yaml"], 'two of the suites are called "small"'),
        (["--orbitcheck", "small.yaml", "--orbitcheck-expect", "nobody.yaml"], "nobody.yaml:2:20: "),
    ],
)
def test_a_mistake_is_a_usage_error_of_one_line(folder, arguments, words):
    (folder / "nobody.yaml").write_text(EXPECTED.replace("flat-mlp", "flat-mpl"))
    done = collect(folder, *arguments)
    assert done.returncode == 4
    (line,) = filter(None, (done.stderr + done.stdout).splitlines())
    assert line.startswith("ERROR: ")
    assert words in line


def test_without_the_option_nothing_of_orbitcheck_is_imported(folder):
    (folder / "test_nothing.py").write_text(
        "import sys\ndef test_x():\n    loaded = {'orbitcheck.harness.language.reading', 'orbitcheck.harness.language.suite', 'torch', 'numpy', 'pydantic', 'yaml', 'click'}\n"
        "    assert not loaded & set(sys.modules)\n    assert 'orbitcheck.harness.front.pytest_plugin' in sys.modules\n"
    )
    assert collect_afresh(folder, "test_nothing.py").returncode == 0


def test_collecting_imports_no_torch_either(folder):
    (folder / "conftest.py").write_text(
        "import sys\ndef pytest_collection_finish(session):\n    assert session.items and 'torch' not in sys.modules\n"
    )
    done = collect_afresh(folder, "--orbitcheck", "quick", "--collect-only")
    assert done.returncode == 0, done.stdout
    assert "orbitcheck:quick::prop-6.2/" in done.stdout
