"""A stranger's package beside ours in a fresh environment: found by its entry point, built, run, listed, and gated on."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NO_SOURCE = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__", "*venv*", "out", "tests")

USE = """
import pathlib, sys
import orbitcheck, acme_weight_nets
for module in (orbitcheck, acme_weight_nets):
    assert pathlib.Path(module.__file__).is_relative_to(sys.prefix), module.__file__

import torch
from orbitcheck import Equivariant, Invariant, Unsupported, Weights, mlp
from orbitcheck.harness.plugins.discovery import load, parse_name

acme = load(parse_name("acme-net[channels=8]"))
assert acme.name == "acme-net" and dict(acme.options) == {"channels": 8} and acme.traits.power == "below-1-wl"
space = mlp(2, 5, 4, 1)
net = acme.build(space, Invariant(3), seed=0)
assert net.neurons[0][0].out_features == 8
v = Weights(space, {name: torch.randn(6, *shape, 1) for name, shape in space.shapes.items()})
print(tuple(net(v).shape), bool(torch.isfinite(net(v)).all()))
try:
    acme.build(space, Equivariant(1), seed=0)
except Unsupported as reason:
    print(reason)
"""


def outcome(*command: str | Path, cwd: Path) -> tuple[int, str]:
    """Exit code and output of a command, away from the repository and from this process's settings."""
    hidden = {
        "PYTHONPATH",
        "PYTHONHOME",
        "VIRTUAL_ENV",
        "COVERAGE_PROCESS_START",
        "GITHUB_ACTIONS",
        "GITHUB_STEP_SUMMARY",
    }
    hidden |= {key for key in os.environ if key.startswith("PYTEST_")}
    environment = {key: value for key, value in os.environ.items() if key not in hidden}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout if done.returncode == 0 else f"{command}\n{done.stdout}\n{done.stderr}"


def run(*command: str | Path, cwd: Path) -> str:
    """Standard output of a command that must succeed."""
    code, output = outcome(*command, cwd=cwd)
    assert code == 0, output
    return output


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> Path:
    """The `bin` folder of a fresh environment with wheels of orbitcheck and of the plug-in.

    Only these two are installed: what they depend on (torch, hundreds of megabytes) is lent by the environment that runs
    the tests, through a `.pth` file written after the installs, so that pip never sees it. What is installed here comes
    first on the path, and a `.pth` does not execute the `.pth` of the folders it names: an editable install is not lent.
    """
    home = tmp_path_factory.mktemp("fresh")
    shutil.copytree(ROOT, home / "orbitcheck", ignore=NO_SOURCE)
    shutil.copytree(ROOT / "tests" / "plugin", home / "plugin", ignore=NO_SOURCE)
    for source in ("orbitcheck", "plugin"):
        run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", home / "dist", source, cwd=home)
    venv.create(home / "env", with_pip=True, symlinks=os.name != "nt")
    scripts = home / "env" / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / "python"
    run(python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", *(home / "dist").glob("*.whl"), cwd=home)
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=home).strip())
    # The setuptools that comes with an older Python cannot build a generated package; the lent one can.
    run(python, "-m", "pip", "uninstall", "--quiet", "--yes", "setuptools", cwd=home)
    lent = [path for path in sys.path if path.endswith("site-packages")]
    (site / "lent.pth").write_text("\n".join(lent) + "\n", encoding="utf-8")
    return scripts


@pytest.mark.install
def test_a_strangers_architecture_is_found_built_and_run(environment, tmp_path):
    shape, reason = run(environment / "python", "-c", USE, cwd=tmp_path).splitlines()
    assert shape == "(6, 3) True"
    assert reason == "gives one vector for a network, not one for each of its weights"


@pytest.mark.install
def test_a_strangers_architecture_is_listed_beside_ours(environment, tmp_path):
    listed = run(environment / "orbitcheck", "list", "architectures", cwd=tmp_path)
    assert "acme-net" in listed and "sorted-mlp" in listed


@pytest.mark.install
def test_a_strangers_extensions_are_listed_beside_ours_and_its_suite_comes_with_it(environment, tmp_path, monkeypatch):
    monkeypatch.setenv("ORBITCHECK_CACHE", str(tmp_path / "cache"))
    for what, theirs, ours in (
        ("pairs", "acme-bias-shift", "re-pairing"),
        ("targets", "acme-mean-bias", "weight-norms"),
        ("regimes", "acme-grid", "ties"),
        ("checks", "acme-constancy", "separation"),
        ("zoos", "acme-lines", "digits-inr"),
    ):
        listed = run(environment / "orbitcheck", "list", what, cwd=tmp_path)
        assert theirs in listed and ours in listed
    where = "import acme_weight_nets, pathlib; print(pathlib.Path(acme_weight_nets.__file__).parent / 'acme.yaml')"
    suite = run(environment / "python", "-c", where, cwd=tmp_path).strip()
    printed = run(environment / "orbitcheck", "run", suite, "-a", "acme-net", "-j", "1", cwd=tmp_path)
    assert "All that was predicted holds: 3 as predicted, 2 observed, 1 n/a" in printed


def told(text: str) -> str:
    """What is said, numbers and ids apart."""
    return " ".join(re.sub(r"\b[0-9a-f]{12}\b|\d[\d.e+-]*", "#", text).split())


@pytest.mark.install
def test_a_generated_package_is_green_red_once_its_network_is_broken_and_green_when_mended(environment, tmp_path):
    """By the commands of its own tox.ini, pytest's and the command line's alike."""
    home = tmp_path / "bright-net"
    run(environment / "orbitcheck", "new", "architecture", "bright-net", cwd=tmp_path)
    python = environment / "python"
    # Its requirement on orbitcheck is the wheel that `environment` installed; an index would be asked for nothing.
    run(python, "-m", "pip", "install", "-q", "--no-index", "--no-build-isolation", "-e", f"{home}[test]", cwd=home)
    tox = configparser.ConfigParser()
    tox.read(home / "tox.ini")
    in_pytest, on_the_command_line = (
        [environment / "orbitcheck" if word == "orbitcheck" else word for word in shlex.split(command)]
        for command in (
            tox[f"testenv:{name}"]["commands"].replace("{posargs}", more)
            for name, more in (("tests", "-x"), ("suite", ""))
        )
    )
    assert in_pytest[:1] == ["pytest"]
    in_pytest = [python, "-m", *in_pytest]

    network = home / "src" / "bright_net" / "network.py"
    sound = network.read_text(encoding="utf-8")
    after = "            neurons = step(neurons, v.weights)\n"
    (line,) = [line for line in (home / "README.md").read_text(encoding="utf-8").splitlines() if "torch.arange" in line]
    assert after in sound
    # Each command is asked of each text once: what is mended is the first text again, of which pytest keeps nothing and the folder of
    # a run may. No worker of pytest's need come up to find a network broken.
    for text, green, commands in (
        (sound, True, (in_pytest,)),
        (sound.replace(after, f"{after}{line}\n"), False, ([*in_pytest, "-n", "0"], on_the_command_line)),
        (sound, True, (on_the_command_line,)),
    ):
        network.write_text(text, encoding="utf-8")
        for command in commands:
            code, output = outcome(*command, cwd=home)
            assert (code == 0) == green, output
            assert ("differs from g phi(v)" in output) != green, output
            if command is on_the_command_line and not green:
                tutorial = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
                (sample,) = re.findall(r"^```text\n(.*?)^```", tutorial, re.DOTALL | re.MULTILINE)
                assert told(sample) in told(output), output
