"""A zoo that an installed extension registers is built by name, and trained before the rows that read it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from orbitcheck.harness.core.cache_folder import VARIABLE
from orbitcheck.harness.front.cli import main
from orbitcheck.harness.plugins import extensions
from orbitcheck.harness.zoo.recipe import ZOOS

ZOO = """\
from orbitcheck import mlp
from orbitcheck.harness.zoo.recipe import ZOOS, Zoo

ZOOS.add("strange", Zoo("strange", "a stranger's", {"only": mlp(1, 2, 1)}, {"threads": 1}, "strange_zoo:train"))


def train(zoo, progress):
    from orbitcheck import Weights
    from orbitcheck.harness.zoo.trainer import Trained, generators, uniform

    space = zoo.spaces["only"]
    weights = Weights(space, uniform(space, dict.fromkeys(space.axes, 1.0), generators(range(8))))
    return {"only": Trained(weights, {})}
"""
SUITE = """\
suite: strange
version: 1
title: A stranger's zoo
spaces:
  real: {zoo: strange}
checks:
  - {id: law, kind: equivariance, spaces: [real], outputs: [invariant]}
"""


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """An extension with a zoo on the path, and an empty cache; all is undone afterwards."""
    (tmp_path / "strange_zoo.py").write_text(ZOO)
    info = tmp_path / "strange_zoo-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strange-zoo\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[{extensions.GROUP}]\nstrange = strange_zoo\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(ZOOS, "_entries", dict(ZOOS.items()))
    extensions.load_extensions.cache_clear()
    yield
    sys.modules.pop("strange_zoo", None)
    extensions.load_extensions.cache_clear()


def test_a_strangers_zoo_is_listed_and_built_by_name(installed):
    assert "strange" in CliRunner().invoke(main, ["list", "zoos"]).output
    first = CliRunner().invoke(main, ["zoo", "build", "strange"])
    assert first.exit_code == 0, first.output
    assert "strange: {'only': 8} networks, trained in" in first.output
    assert "kept from before" in CliRunner().invoke(main, ["zoo", "build", "strange"]).output


def test_a_misspelt_name_is_answered_with_a_strangers(installed):
    result = CliRunner().invoke(main, ["zoo", "build", "strnage"])
    assert result.exit_code == 2
    assert 'did you mean "strange"?' in result.output


def test_it_is_trained_in_a_worker_before_the_rows_that_read_it(installed, tmp_path):
    """In a process of its own: the server that forks workers keeps the environment that it was started in."""
    (tmp_path / "suite.yaml").write_text(SUITE)
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from orbitcheck.harness.front.cli import main; main()",
            "run",
            "suite.yaml",
            "-a",
            "stats",
            "-j",
            "1",
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    said = ["training strange: 0 of 1", "training strange: 1 of 1", "rows: 0 of 1", "rows: 1 of 1"]
    # On a crowded machine the lines that break half a minute of silence stand between; planted defects follow the rows.
    told = [line for line in done.stderr.splitlines() if ", after " not in line]
    assert told[: len(said)] == said
    assert all(line.startswith("planted defects: ") for line in told[len(said) :])
    assert len(list((tmp_path / "cache" / "zoo").glob("strange-*.safetensors"))) == 1
