"""Input beyond all bounds is one line and exit code 2, before it costs time or memory."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.core.cleaning import DIGITS, LONGEST_LINE, one_line
from orbitcheck.harness.core.result import Judgement, Run
from orbitcheck.harness.front.cli import main
from orbitcheck.harness.front.cli.summary import print_summary
from orbitcheck.harness.running.store import save
from orbitcheck.harness.weights.readers import sources

DIGITS_BEYOND = "9" * 5000
NAME = "a" * 10_000
SUITE = """\
suite: s
version: 1
title: t
spaces:
  small: {space}
checks:
  - {{id: law, kind: equivariance, spaces: [small], elements: {elements}}}
"""


def refusal(*arguments: object) -> str:
    """The one line of a call that is refused."""
    result = CliRunner().invoke(main, list(map(str, arguments)))
    assert result.exit_code == 2, result.output
    assert result.output.count("\n") == 1 and len(result.output) < LONGEST_LINE + 20
    return result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "quick", "-a", "stats", "--memory-limit", "nan"), "'nan' is no number"),
        (("run", "quick", "-a", "stats", "--time-limit", "nan"), "'nan' is no number"),
        (("run", "quick", "-a", "stats", "--time-limit", "1e-300"), "is not in the range"),
        (("run", "quick", "-a", "stats", "--only", "* / none / *", "--cluster", "local:0"), "none"),
        (("verify", "/dev/zero"), "a device, and no file"),
    ],
)
def test_numbers_and_files_that_are_none(tmp_path: Path, monkeypatch, arguments: tuple[str, ...], words: str):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, list(arguments))
    assert result.exit_code == 2 and words in result.output


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_output_that_no_disk_takes_is_one_line():
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-c", "from orbitcheck.harness.front.cli import main; main()", "list", "suites"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1) and "cannot be written (No space left" in done.stderr


def test_a_baseline_without_an_end_and_one_that_is_none(tmp_path: Path):
    save(Run("0", {}, [], [], []), tmp_path)
    assert "a device, and no file" in refusal("gate", tmp_path, "--baseline", "/dev/zero")
    mine = tmp_path / "suite.yaml"
    mine.write_text("suite: mine\n")
    assert "is no baseline and would be overwritten" in refusal("gate", tmp_path, "--baseline", mine, "--update")
    assert mine.read_text() == "suite: mine\n"


@pytest.mark.parametrize(
    ("space", "elements", "words"),
    [
        (f"{{mlp: [2, {DIGITS_BEYOND}, 1]}}", "8", "5:20: a number of 5000 characters"),
        ("{mlp: [2, 100000000000000000000, 1]}", "8", "no machine holds one"),
        (f"{{mlp: [2, {'9' * DIGITS}, 1]}}", "8", "no machine holds one"),
        ("{mlp: [2, 4000, 4000, 1]}", "8", "16020001 entries; a suite takes at most 10000000"),
        ("{mlp: [2, " + "3, " * 2000 + "1]}", "8", "at most 500 items"),
        ("{conv_net: {channels: [1, 2, 3], kernel: 1000001}}", "8", "no machine holds one"),
        ("{mlp: [2, 3, 1]}", DIGITS_BEYOND, "a number of 5000 characters"),
        ("{mlp: [2, 3, 1]}", "9" * 300, "less than or equal to"),
        ("{mlp: [2, 3, 1]}", f"{DIGITS_BEYOND}.5e1", "a number of 5004 characters"),
        (NAME, "8", "valid dictionary"),
    ],
)
def test_a_suite_of_impossible_numbers(tmp_path: Path, space: str, elements: str, words: str):
    path = tmp_path / "s.yaml"
    path.write_text(SUITE.format(space=space, elements=elements))
    assert words in refusal("run", path, "-a", "stats", "-o", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("place", ["suite: s", "id: law"])
def test_a_suite_of_long_names(tmp_path: Path, place: str):
    path = tmp_path / "s.yaml"
    text = SUITE.format(space="{mlp: [2, 3, 1]}", elements="8")
    path.write_text(text.replace(place, f"{place.partition(':')[0]}: {NAME}"))
    assert "at most 200 characters" in refusal("run", path, "-a", "stats", "-o", tmp_path / "out")


def test_of_many_mistakes_in_a_file_the_first_are_said(tmp_path: Path):
    """Ten thousand aliases are a screen of lines, from the command line as from pytest, and no name in them commands a job's runner."""
    (tmp_path / "bomb.yaml").write_text("a: [" + ", ".join(["*b"] * 10_000) + "]\n")
    done = CliRunner().invoke(main, ["run", str(tmp_path / "bomb.yaml"), "-a", "stats", "-o", str(tmp_path / "out")])
    lines = done.output.splitlines()
    assert done.exit_code == 2 and len(lines) == 20
    assert re.fullmatch(r"orbitcheck: and 99\d\d more errors", lines[-1])
    asked = ["--orbitcheck", "bomb.yaml", "--architecture", "s##[error]"]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *asked]
    tested = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    told = (tested.stdout + tested.stderr).strip()
    assert tested.returncode == 4 and told.count("\n") <= 21
    assert "option 'error' does not read" in told and "##[" not in told


def test_a_suite_or_a_file_of_expectations_without_an_end(tmp_path: Path):
    path = tmp_path / "s.yaml"
    path.write_text(SUITE.format(space="{mlp: [2, 3, 1]}", elements="8"))
    assert "a suite has at most" in refusal("run", "/dev/zero", "-a", "stats", "-o", tmp_path / "out")
    assert "a suite has at most" in refusal("run", path, "-a", "stats", "--expect", "/dev/zero", "-o", tmp_path / "out")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "quick", "-a", NAME), "has 10000 characters; a name has at most"),
        (("run", "quick", "-a", f"dws[channels={'9' * 500}]"), "is a number of 500 characters"),
        (("run", "quick", "-a", f"{'x/' * 400}f.py:Net"), "no file"),
        (("run", NAME), "unknown suite"),
        (("run", f"{NAME}.yaml"), "File name too long"),
        (("run", "quick", "-a", "stats", "--expect", NAME), "File name too long"),
        (("run", "quick", "-a", "stats", "-o", NAME), "File name too long"),
        (("run", "quick", "-a", "stats", "-j", DIGITS_BEYOND[:50]), "is not in the range"),
        (("run", "quick", "-a", "stats", "--time-limit", DIGITS_BEYOND), "is not in the range"),
        (("audit", f"{NAME}.pt"), "cannot be read"),
        (("zoo", "build", NAME), "unknown zoo"),
        (("new", "architecture", NAME), ""),
    ],
)
def test_names_and_numbers_beyond_all_bounds(tmp_path: Path, monkeypatch, arguments: tuple[str, ...], words: str):
    monkeypatch.chdir(tmp_path)
    assert words in refusal(*arguments)
    assert not list(tmp_path.iterdir())


def zeros(path: Path) -> None:
    """Eight megabytes of zeros a stored kilobyte, 160 of them."""
    header = np.lib.format.magic(1, 0) + b"v\0" + f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({20 << 20},)}}".ljust(117).encode() + b"\n"  # fmt: skip
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("0.weight.npy", "w") as file:
        file.write(header)
        for _ in range(20):
            file.write(bytes(8 << 20))


def expanded(path: Path) -> None:
    """Ten billion entries, one of them stored."""
    torch.save({"0.weight": torch.zeros(1).expand(10**5, 10**5), "0.bias": torch.zeros(1).expand(10**5)}, path)


@pytest.mark.parametrize(("name", "make"), [("a.npz", zeros), ("a.pt", zeros), ("a.pt", expanded)])
def test_a_file_that_unpacks_to_many_times_its_size(tmp_path: Path, name: str, make):
    make(tmp_path / name)
    assert (tmp_path / name).stat().st_size < 1 << 20
    assert "bytes that unpack to" in refusal("audit", tmp_path / name)


def test_a_large_network_that_is_as_large_as_its_file_is_read(tmp_path: Path, monkeypatch):
    """The bound speaks of what a file unpacks to beside its size, not of large networks."""
    monkeypatch.setattr(sources, "UNPACKED", 1000)
    torch.manual_seed(0)
    state = {"0.weight": torch.randn(30, 20), "0.bias": torch.randn(30), "2.weight": torch.randn(1, 30), "2.bias": torch.zeros(1)}  # fmt: skip
    torch.save(state, tmp_path / "a.pt")
    np.savez_compressed(tmp_path / "a.npz", **{key: value.numpy() for key, value in state.items()})
    result = CliRunner().invoke(main, ["audit", str(tmp_path / "a.pt"), str(tmp_path / "a.npz")])
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    "text",
    [
        "a\nb\r\nc",
        "x" * 10_000,
        "red \x1b[31m",
        "##[error]no",
        "a ##[group]b",
        "\ud800",
        "",
        "plain words, (with) marks: 1.5e-3",
    ],
)
def test_a_line_is_one_line_anywhere(text: str):
    line = one_line(text)
    assert line.isprintable() or "\N{WORD JOINER}" in line
    assert len(line) <= LONGEST_LINE and "##[" not in line
    assert re.sub("[\N{WORD JOINER}\N{REPLACEMENT CHARACTER}]", "", line)[:100] == re.sub(r"[\x1b\ud800]", "", " ".join(text.splitlines()))[:100]  # fmt: skip


def test_a_summary_is_one_line_an_architecture_whatever_its_file_is_called(capsys):
    name = "odd\n::error::\x1b[31m ##[group]/net.py:Net"
    row = Cell("s", "law", "equivariance", {}, "a", None, name).row(Judgement("pass"))
    print_summary(Run("0", {}, [], [], [row]), Path("out\n::error::"))
    head, line, _, path = capsys.readouterr().out.splitlines()
    assert head.index("pass") + len("pass") == line.index(" 1 ") + 2, "columns stand under their heads"
    assert "::error::" in path and "\x1b" not in line and "##[" not in line
