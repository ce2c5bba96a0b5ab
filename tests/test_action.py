"""The GitHub action, the pre-commit hook and the citation: their shell runs what it should, whatever the inputs hold."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
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


SUITE = """\
suite: mine
version: 1
title: The law on one space, and copies
spaces: {tiny: {mlp: [2, 3, 1], activation: relu}}
checks:
  - {id: law, kind: equivariance, claim: equivariance, spaces: [tiny], inputs: [generic]}
  - {id: copies, kind: separation, space: tiny, pairs: {family: same-orbit, count: 2}}
"""
NETWORK = """\
import torch
from orbitcheck import Invariant, Unsupported, Weights, register


@register("net", power="unknown")
class Net(torch.nn.Module):
    def __init__(self, space, output):
        super().__init__()
        if not isinstance(output, Invariant):
            raise Unsupported("reads out only")
        self.head = torch.nn.Linear(2, output.dim)

    def forward(self, v: Weights):
        own = v.biases[0][..., 0]
        return self.head(torch.stack([{first}, own.square().sum(1)], 1))
"""
SOUND, BROKEN = NETWORK.replace("{first}", "own.sum(1)"), NETWORK.replace("{first}", "own[:, 0]")


@dataclass(frozen=True)
class Job:
    """A throw-away repository, and the steps of the action in it as GitHub's runner carries them out."""

    folder: Path

    def run(self, inputs: Mapping[str, str]) -> dict[str, tuple[int | None, str]]:
        """Step -> its exit code and what it wrote; no code where it is left out. `uses` is the runner's own."""
        given = {name: entry["default"] for name, entry in ACTION["inputs"].items()} | dict(inputs)
        (self.folder / "summary.md").unlink(missing_ok=True)
        failed, found = False, {}
        for name, step in STEPS.items():
            if (failed and "always()" not in step.get("if", "")) or (name == "Gate" and not given["baseline"]):
                found[name] = (None, "")
                continue
            if "uses" in step:
                assert step["with"]["path"] == "${{ inputs.output }}"
                found[name] = (0, " ".join(sorted(path.name for path in (self.folder / given["output"]).iterdir())))
                continue
            own = {key: given.get(key.lower(), str(ROOT)) for key in step["env"]}
            script = self.folder.parent / "step.sh"
            script.write_text(step["run"], encoding="utf-8")
            answer = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)], cwd=self.folder, timeout=280,
                env={**os.environ, **self.environment, **own}, capture_output=True, text=True,
            )  # fmt: skip
            failed = failed or answer.returncode != 0
            found[name] = (answer.returncode, answer.stdout + answer.stderr)
        return found

    @property
    def environment(self) -> dict[str, str]:
        """What the runner sets, and orbitcheck as an installed command."""
        bin_ = self.folder.parent / "bin"
        bin_.mkdir(exist_ok=True)
        command = bin_ / "orbitcheck"
        code = "from orbitcheck.harness.front.cli import main; main()"
        command.write_text(f'#!/bin/bash\nexec {shlex.quote(sys.executable)} -c "{code}" "$@"\n', encoding="utf-8")
        command.chmod(0o755)
        return {
            "PATH": f"{bin_}:{os.environ['PATH']}",
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(self.folder),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary.md"),
        }

    @property
    def summary(self) -> str:
        path = self.folder / "summary.md"
        return path.read_text(encoding="utf-8") if path.exists() else ""


def test_a_sound_network_is_green_and_a_broken_one_red_in_every_place_that_github_shows(tmp_path: Path) -> None:
    """Exit codes, annotations, summary, badge and artifact of the whole action; a baseline made of the first run gates the second."""
    job = Job(tmp_path / "repository")
    job.folder.mkdir()
    (job.folder / "mine.yaml").write_text(SUITE, encoding="utf-8")
    (job.folder / "net.py").write_text(SOUND, encoding="utf-8")
    inputs = {"suites": "mine.yaml", "architectures": "net.py:Net\n"}
    found = job.run(inputs)
    assert {name: code for name, (code, _) in found.items()} == {
        "Install": 0, "Run": 0, "Gate": None, "Badge": 0, "Report": 0,
    }, found  # fmt: skip
    assert "::error" not in "".join(text for _, text in found.values())
    assert "All that was predicted holds" in job.summary
    assert {"results.json", "report.html", "report.md", "junit.xml", "badge"} <= set(found["Report"][1].split())
    badge = json.loads((job.folder / "out" / "badge" / "badge.json").read_text(encoding="utf-8"))
    assert badge["message"].endswith("as predicted") and "not" not in badge["message"]
    kept = ["orbitcheck", "gate", "out", "--baseline", "baseline.json", "--update"]
    subprocess.run(kept, cwd=job.folder, env={**os.environ, **job.environment}, check=True, timeout=120)

    (job.folder / "net.py").write_text(BROKEN, encoding="utf-8")
    found = job.run({**inputs, "baseline": "baseline.json"})
    assert {name: code for name, (code, _) in found.items()} == {
        "Install": 0, "Run": 1, "Gate": 1, "Badge": 0, "Report": 0,
    }, found  # fmt: skip
    for step in ("Run", "Gate"):
        annotations = [line for line in found[step][1].splitlines() if line.startswith("::error title=")]
        assert 1 <= len(annotations) <= 10 and "net.py" in "".join(annotations), found[step]
    assert "Not as predicted" in job.summary and "regressions" in found["Gate"][1]
    badge = json.loads((job.folder / "out" / "badge" / "badge.json").read_text(encoding="utf-8"))
    assert "not as predicted" in badge["message"]

    (job.folder / "net.py").write_text("def broken(:\n", encoding="utf-8")
    shutil.rmtree(job.folder / "out")
    found = job.run(inputs)
    assert found["Run"][0] in (1, 2) and found["Report"][0] == 0, found


def test_the_citation_is_of_this_version() -> None:
    told = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert told["version"] == orbitcheck.__version__ and json.dumps(told)
