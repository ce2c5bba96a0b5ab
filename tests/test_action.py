"""The GitHub action, the pre-commit hook and the citation: their shell runs what it should, whatever the inputs hold."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

import orbitcheck
from orbitcheck.harness.front.cli import main

ROOT = Path(__file__).parents[1]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}


def called(step: str, folder: Path, inputs: Mapping[str, str]) -> list[list[str]]:
    """The commands that a step calls, each with its words; `orbitcheck`, `python` and `pip` only write down how they were called."""
    log, bin_ = folder / "log", folder / "bin"
    bin_.mkdir(exist_ok=True)
    log.unlink(missing_ok=True)
    for name in ("orbitcheck", "python"):
        stub = bin_ / name
        stub.write_text(f'#!/bin/bash\nprintf "%s\\0" {name} "$@" >> "$LOG"; printf "\\n" >> "$LOG"\n')
        stub.chmod(0o755)
    given = {name.upper(): entry["default"] for name, entry in ACTION["inputs"].items()}
    given |= {"ACTION": "/action", **{name.upper(): value for name, value in inputs.items()}}
    names = set(STEPS[step]["env"])
    environment = {
        "PATH": f"{bin_}:{os.environ['PATH']}",
        "LOG": str(log),
        **{k: v for k, v in given.items() if k in names},
    }
    subprocess.run(
        ["bash", "-eo", "pipefail", "-c", STEPS[step]["run"]], cwd=folder, env=environment, check=True, timeout=60
    )
    lines = log.read_text().split("\0\n") if log.exists() else []
    return [line.split("\0") for line in lines if line]


def test_every_input_reaches_its_step_as_data_and_none_is_pasted_into_a_script() -> None:
    for step in STEPS.values():
        assert "${{" not in step.get("run", "")
        for name, value in step.get("env", {}).items():
            assert value == ("${{ github.action_path }}" if name == "ACTION" else f"${{{{ inputs.{name.lower()} }}}}")


def test_the_run_has_every_suite_and_architecture_as_one_word(tmp_path: Path) -> None:
    inputs = {
        "suites": "quick suites/mine.yaml",
        "architectures": "net.py:Net[depth=2, name=a b]\n$(touch gone)\n",
        "expect": "expect.yaml",
    }
    assert called("Run", tmp_path, inputs) == [
        ["orbitcheck", "run", "quick", "suites/mine.yaml", "-a", "net.py:Net[depth=2, name=a b]", "-a", "$(touch gone)", "--expect",
         "expect.yaml", "-o", "out"],
    ]  # fmt: skip
    assert not (tmp_path / "gone").exists()
    assert called("Run", tmp_path, {}) == [["orbitcheck", "run", "quick", "-o", "out"]]


def test_gate_and_badge_read_the_run_s_folder(tmp_path: Path) -> None:
    assert called("Gate", tmp_path, {"baseline": "base line.json", "output": "o"}) == [
        ["orbitcheck", "gate", "o", "--baseline", "base line.json"]
    ]
    assert called("Badge", tmp_path, {"output": "o"}) == [["orbitcheck", "report", "o", "--format", "badge"]]


def test_what_is_installed_is_a_line_each(tmp_path: Path) -> None:
    assert called("Install", tmp_path, {"install": "-e .[test]\nother==1\n"}) == [
        ["python", "-m", "pip", "install", "-e", ".[test]"], ["python", "-m", "pip", "install", "other==1"],
    ]  # fmt: skip


@pytest.mark.parametrize("step", ["Run", "Gate", "Badge"])
def test_the_commands_of_the_action_and_of_the_hook_are_orbitcheck_s(step: str) -> None:
    words = shlex.split(STEPS[step]["run"].strip().splitlines()[-1])
    assert words[0] == "orbitcheck"
    assert CliRunner().invoke(main, [words[1], "--help"]).exit_code == 0
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    entry = [*shlex.split(hook["entry"]), *hook["args"]]
    assert entry[0] == "orbitcheck" and hook["pass_filenames"] is False
    options = {option for parameter in main.commands[entry[1]].params for option in parameter.opts}
    assert {word for word in entry if word.startswith("-")} <= options


def test_the_citation_is_of_this_version() -> None:
    told = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert told["version"] == orbitcheck.__version__ and json.dumps(told)
