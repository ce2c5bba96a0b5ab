"""A stranger's package (tests/plugin) that adds one of each: seen by every front end, run by its own suite, in the reports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
import yaml

PACKAGE = Path(__file__).parents[1] / "plugin"
SUITE = PACKAGE / "src" / "acme_weight_nets" / "acme.yaml"
COMMAND = [sys.executable, "-c", "from orbitcheck.harness.front.cli import main; main()"]
ADDED = {
    "pairs": "acme-bias-shift",
    "targets": "acme-mean-bias",
    "regimes": "acme-grid",
    "checks": "acme-constancy",
    "zoos": "acme-lines",
}


@pytest.fixture(scope="module")
def orbitcheck(tmp_path_factory) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command line in a process where the package is installed, or is not with `installed=False`."""
    site, elsewhere = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("elsewhere")
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = site / "acme_weight_nets-2.0.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-weight-nets\nVersion: 2.0.1\n", encoding="utf-8")
    groups = (
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in points.items())
        for group, points in project["entry-points"].items()
    )
    (info / "entry_points.txt").write_text("\n".join(groups), encoding="utf-8")

    def call(*arguments: object, installed: bool = True) -> subprocess.CompletedProcess[str]:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("GITHUB_")}
        environment |= {"ORBITCHECK_CACHE": str(site / "cache")}
        if installed:
            environment["PYTHONPATH"] = os.pathsep.join([str(site), str(PACKAGE / "src")])
        command = [*COMMAND, *map(str, arguments)]
        return subprocess.run(command, cwd=elsewhere, env=environment, capture_output=True, text=True, check=False)

    return call


@pytest.fixture(scope="module")
def folder(orbitcheck, tmp_path_factory) -> Path:
    """A run of the package's own suite over one built-in architecture."""
    out = tmp_path_factory.mktemp("out")
    done = orbitcheck("run", SUITE, "-a", "stats", "-j", 1, "-o", out)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


@pytest.fixture(scope="module")
def rows(folder) -> dict[str, dict]:
    """Check -> its first row."""
    listed = json.loads((folder / "results.json").read_text(encoding="utf-8"))["results"]
    return {row["check"]: row for row in reversed(listed)}


@pytest.mark.long  # tests/plugins/test_plugin_install.py lists a stranger's extensions at each run of the tests
def test_what_it_adds_is_listed_with_ours(orbitcheck):
    for what, name in ADDED.items():
        names = [entry["name"] for entry in json.loads(orbitcheck("list", what, "--json").stdout)]
        assert name in names and len(names) > 1


def test_the_schemas_know_it(orbitcheck, folder):
    suite = json.loads(orbitcheck("schema").stdout)
    content = yaml.safe_load(SUITE.read_text(encoding="utf-8"))
    jsonschema.validate(content, suite)
    content["checks"][0]["vectors"] = "many"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content, suite)
    assert "acme-mean-bias" in json.dumps(suite) and "acme-grid" in json.dumps(suite)


def test_its_suite_asks_with_all_of_them(rows):
    constancy = rows["constancy"]
    assert (constancy["kind"], constancy["outcome"]) == ("acme-constancy", "pass")
    assert constancy["evidence"]["vectors"] == 6 and constancy["evidence"]["spread"] > 0
    pair = rows["bias-shift"]
    assert (pair["outcome"], pair["evidence"]["family"]) == ("observed", "acme-bias-shift")
    assert pair["certificate"]["orbit"]["relation"] == "different"
    learned = rows["mean-bias"]
    assert learned["outcome"] == "observed", learned["reason"]
    assert (learned["evidence"]["target"], learned["evidence"]["regime"]) == ("acme-mean-bias", "acme-grid")
    assert rows["equivariance"]["outcome"] == "pass"
    drawn = rows["lines-in-general-position"]
    assert (drawn["outcome"], drawn["evidence"]["nets"]) == ("pass", 24)


def test_its_runs_are_read_where_it_is_installed_and_refused_in_a_line_where_it_is_not(orbitcheck, folder):
    assert ", 0 refuted, " in orbitcheck("verify", folder).stdout
    there = orbitcheck("report", folder, "--format", "markdown")
    assert there.returncode == 0 and "n/a" in there.stdout
    elsewhere = orbitcheck("report", folder, installed=False)
    assert elsewhere.returncode == 2
    (line,) = elsewhere.stderr.splitlines()
    assert "'acme-constancy', which this installation has not" in line


def test_its_section_stands_in_every_form_of_the_report(orbitcheck, folder):
    title = "How far answers lie apart"
    assert title in (folder / "report.html").read_text(encoding="utf-8")
    assert title in (folder / "report.md").read_text(encoding="utf-8")
    done = orbitcheck("report", folder, "--format", "tables")
    assert done.returncode == 0, done.stderr
    heads, row = (folder / "tables" / "acme-constancy.csv").read_text(encoding="utf-8").splitlines()
    assert heads == "architecture,space,largest difference,vectors,outcome"
    assert row.startswith("stats,small,0.") and row.endswith(",6,pass")
    latex = (folder / "tables" / "acme-constancy.tex").read_text(encoding="utf-8")
    assert title in latex and "largest difference" in latex


def test_a_typo_in_its_parameters_is_reported_at_its_line(orbitcheck, tmp_path):
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(SUITE.read_text(encoding="utf-8").replace("layer: 2", "layer: 7").replace("vectors:", "vektors:"))
    done = orbitcheck("run", wrong, "-a", "stats")
    assert done.returncode == 2
    lines = {line.rpartition("/")[2] for line in done.stderr.splitlines()}
    assert any(line.startswith("wrong.yaml:12:") and 'did you mean "vectors"' in line for line in lines)
    assert any(line.startswith("wrong.yaml:16:") and "there are 2 hidden layers, got 7" in line for line in lines)
