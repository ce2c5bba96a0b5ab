"""What the README shows works as written."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from orbitcheck.harness.core.outcomes import OUTCOMES
from orbitcheck.harness.front.cli import main
from orbitcheck.harness.language.reading import load_expectations, load_suite
from orbitcheck.harness.plugins.discovery import parse_name

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)
SAID = {"as predicted": "pass", "observed": "observed", "n/a": "not-applicable"}
SMALL = """\
suite: small
version: 1
title: Small
spaces: {tiny: {mlp: [1, 3, 1], activation: relu}}
checks:
  - {id: law, kind: equivariance, spaces: [tiny]}
"""


def block(language: str, words: str) -> str:
    found = [text for kind, text in BLOCKS if kind == language and words in text]
    assert len(found) == 1, (language, words)
    return found[0]


@pytest.mark.usefixtures("few_plants")
def test_the_network_of_the_readme_keeps_the_law(tmp_path):
    (tmp_path / "my_net.py").write_text(block("python", "class MyNet"))
    (tmp_path / "small.yaml").write_text(SMALL)
    name, suite = f"{tmp_path}/my_net.py:MyNet", str(tmp_path / "small.yaml")
    result = CliRunner().invoke(main, ["run", suite, "-a", name, "-o", str(tmp_path / "out"), "-j", "1"])
    assert result.exit_code == 0, result.output


def test_the_suite_of_the_readme_loads(tmp_path):
    (tmp_path / "suite.yaml").write_text(block("yaml", "suite: my-suite"))
    assert [check.id for check in load_suite(tmp_path / "suite.yaml").checks] == ["law", "twins"]


def test_the_expectations_of_the_readme_load(tmp_path):
    (tmp_path / "expect.yaml").write_text(block("yaml", "expected_failures:"))
    (expected,) = load_expectations(tmp_path / "expect.yaml", [load_suite("quick")], [parse_name("my-net")])
    assert expected.architecture == "my-net"


def test_the_output_that_the_readme_shows_is_that_of_the_published_run():
    """A table of outcomes by architecture, but for the last column, and the headline; all counts are those of `reports/reference`."""
    rows = json.loads((ROOT / "reports" / "reference" / "quick.json").read_text(encoding="utf-8"))["rows"]
    head, *lines, _, headline = block("text", "All that was predicted holds").splitlines()
    assert head.split()[1:] == [*OUTCOMES, "declared"] and len(lines) == 6
    for line in lines:
        name, *numbers = line.split()
        assert [int(number) for number in numbers[:-1]] == [
            sum(row[0] == name and row[4] == outcome for row in rows) for outcome in OUTCOMES
        ], name
    told = re.findall(r"([\d,]+) (as predicted|observed|n/a)", headline)
    counted = {word: sum(row[4] == outcome for row in rows) for word, outcome in SAID.items()}
    assert {word: int(number.replace(",", "")) for number, word in told} == counted
