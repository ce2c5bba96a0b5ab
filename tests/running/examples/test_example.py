"""The folder of a counter-example: a plain `python example.py` shows the failure and ends with 1; mended, it ends with 0."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from orbitcheck.harness.front.cli import main
from orbitcheck.harness.front.cli.rows import described
from orbitcheck.harness.language.reading import load_suite
from orbitcheck.harness.plugins.discovery import parse_name
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.running.examples.example import NoExample, write_example
from orbitcheck.harness.running.plan import plan

NETWORKS = Path(__file__).with_name("located_networks.py")
pytestmark = pytest.mark.usefixtures("few_plants")

SUITE = """\
suite: shown
version: 1
title: The law, for counter-examples
spaces:
  small: {mlp: [2, 4, 3, 1], activation: relu}
checks:
  - {id: law, kind: equivariance, spaces: [small], inputs: [generic], asks: [law, steps, redraw, calls, gradients]}
  - {id: pairs, kind: separation, space: small, pairs: {family: generic, count: 1}}
"""
FLAT = """\
suite: flat
version: 1
title: One hidden layer
spaces:
  flat: {mlp: [2, 4, 1], activation: relu}
checks:
  - {id: calls, kind: equivariance, spaces: [flat], outputs: [invariant], inputs: [generic], asks: [calls]}
"""
PLUGIN = """\
import torch
from located_networks import Net, index
from orbitcheck import Invariant, Unsupported, register


@register("grad-mode-only", power="unknown")
class GradModeOnly(Net):
    def between(self, states):
        return [s * (1 + 0.1 * index(s)) for s in states] if torch.is_grad_enabled() else states


@register("input-wants-gradient", power="unknown")
class InputWantsGradient(Net):
    def forward(self, v):
        self.wants = any(tensor.requires_grad for _, tensor in v.items())
        return super().forward(v)

    def between(self, states):
        return [s * (1 + 0.1 * index(s)) for s in states] if self.wants else states


@register("strided", power="unknown")
class Strided(Net):
    def forward(self, v):
        bad = {n: t if t.is_contiguous() else t.as_strided(t.shape, torch.empty(t.shape).stride(), t.storage_offset())
               for n, t in v.items()}
        return super().forward(type(v)(v.space, bad))


@register("single-only", power="unknown")
class SingleOnly(Net):
    def between(self, states):
        return [s * (1 + 0.1 * index(s)) for s in states] if states[0].dtype is torch.float32 else states


@register("one-number", power="unknown")
class OneNumber(Net):
    def __init__(self, space, output):
        super().__init__(space, output)
        self.one = 1 in (getattr(output, "dim", 0), getattr(output, "channels", 0))

    def between(self, states):
        return [s * (1 + 0.1 * index(s)) for s in states] if self.one else states


@register("binned", power="unknown")
class Binned(Net):
    def between(self, states):
        return [s + (s > 0.137).to(s.dtype).mean(1, keepdim=True) for s in states]


@register("silent-numbers", power="unknown")
class SilentNumbers(Net):
    def __init__(self, space, output, *, depth: int = 2):
        if not isinstance(output, Invariant):
            raise Unsupported("invariant only")
        super().__init__(space, output, depth=depth)
        torch.nn.init.zeros_(self.head.net[-1].weight)
        torch.nn.init.zeros_(self.head.net[-1].bias)

    def between(self, states):
        return [s * (1 + 0.1 * index(s)) for s in states]


@register("late-when-deep", power="unknown")
class LateWhenDeep(Net):
    calls = 0

    def between(self, states):
        self.calls += 1
        return [s * (1 + 0.1 * (self.calls % 3)) for s in states] if self.deep else states

    def __init__(self, space, output, *, depth: int = 2):
        super().__init__(space, output, depth=depth)
        self.deep = len(space.widths) > 3


@register("batch-mates", power="unknown")
class BatchMates(Net):
    def between(self, states):
        return [s - 1e-3 * s.mean(0, keepdim=True) for s in states]


@register("long-batches", power="unknown")
class LongBatches(Net):
    def between(self, states):
        return [s * 1.01 if len(s) > 200 else s for s in states]


@register("two-in-turn", power="unknown")
class TwoInTurn(Net):
    calls = 0

    def between(self, states):
        self.calls += 1
        return [s * (1 + 1e-5 * (self.calls % 2)) for s in states]


@register("drops", power="unknown")
class Drops(Net):
    def between(self, states):
        return [torch.nn.functional.dropout(s, 0.2) for s in states]


@register("late", power="unknown")
class Late(Net):
    calls = 0

    def between(self, states):
        self.calls += 1
        return [s + 0.01 for s in states] if self.calls > 90 else states


@register("drawn-table", power="unknown")
class DrawnTable(Net):
    def __init__(self, space, output, *, depth: int = 2):
        super().__init__(space, output, depth=depth)
        self.table = torch.nn.Parameter(torch.zeros(max(space.widths), 1))

    def redraw_(self, generator):
        with torch.no_grad():
            self.table.normal_(generator=generator)

    def between(self, states):
        return [s + self.table[: s.shape[1]] for s in states]


@register("train-mean", power="unknown")
class TrainMean(Net):
    def __init__(self, space, output, *, depth: int = 2):
        super().__init__(space, output, depth=depth)
        self.register_buffer("kept", torch.zeros(max(space.widths), 1))

    def between(self, states):
        if self.training:
            with torch.no_grad():
                self.kept[: states[0].shape[1]] += states[0].mean((0, 2)).unsqueeze(1)
        return [s + self.kept[: s.shape[1]] for s in states]


class Weighed(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        return gradient * (1 + index(gradient))


@register("wrong-backward", power="unknown")
class WrongBackward(Net):
    def between(self, states):
        return [Weighed.apply(s) for s in states]


class Half(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, scale):
        ctx.save_for_backward(x, scale)
        return x * scale

    @staticmethod
    def backward(ctx, gradient):
        x, scale = ctx.saved_tensors
        return gradient * scale, (gradient * x)[:, :1].sum((0, 1))


@register("wrong-parameter", power="unknown")
class WrongParameter(Net):
    def __init__(self, space, output, *, depth: int = 2):
        super().__init__(space, output, depth=depth)
        self.scale = torch.nn.Parameter(torch.ones(12))

    def between(self, states):
        return [Half.apply(s, self.scale) for s in states]


@register("boaster", power="1-wl", rounds=lambda depth: (2, 2))
class Boaster(Net):
    def __init__(self, space, output, *, depth: int = 2):
        if not isinstance(output, Invariant):
            raise Unsupported("invariant only")
        super().__init__(space, output, depth=depth)

    def forward(self, v):
        return super().forward(v) * 0 + 1 + self.head.net[0].bias.sum()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    made = tmp_path_factory.mktemp("shown")
    (made / "suite.yaml").write_text(SUITE, encoding="utf-8")
    (made / "located_networks.py").write_text(NETWORKS.read_text(encoding="utf-8"), encoding="utf-8")
    (made / "nets.py").write_text(PLUGIN, encoding="utf-8")
    sys.path.insert(0, str(made))
    yield made
    sys.path.remove(str(made))
    for name in [name for name, module in sys.modules.items() if str(made) in str(getattr(module, "__file__", None))]:
        del sys.modules[name]  # what later tests of this process keep rows by


def failed(folder: Path, name: str, ask: str):
    reference = parse_name(f"{folder / name}")
    for cell in plan([load_suite(folder / "suite.yaml", [reference])], [reference]):
        if cell.check == ask or cell.case.endswith("/" + ask):
            row = evaluate(cell)
            if row.outcome == "fail":
                return row, cell
    raise AssertionError("nothing fails")


SETTINGS = {**os.environ, "OMP_NUM_THREADS": "1"}


def run_afresh(script: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, script.name], cwd=script.parent, capture_output=True, text=True, timeout=120, env=SETTINGS
    )


@pytest.fixture(scope="module")
def run():
    """Script -> what it ends with and prints, run in a child of one process that has torch already (`warm.py`)."""
    program = [sys.executable, str(Path(__file__).with_name("warm.py"))]
    with subprocess.Popen(program, env=SETTINGS, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as warm:
        assert warm.stdin is not None and warm.stdout is not None

        def told(script: Path) -> subprocess.CompletedProcess[str]:
            out, error = (script.parent.parent / name for name in ("printed", "complained"))
            print(
                json.dumps({"script": str(script), "out": str(out), "error": str(error)}), file=warm.stdin, flush=True
            )
            code = int(warm.stdout.readline())
            return subprocess.CompletedProcess([script], code, out.read_text("utf-8"), error.read_text("utf-8"))

        yield told
        warm.stdin.close()


def test_a_script_says_afresh_what_it_says_beside_others(folder, tmp_path, run):
    script = write_example(*failed(folder, "located_networks.py:leaky_encode", "eval"), tmp_path / "shown").files[0]
    afresh, beside = run_afresh(script), run(script)
    assert (afresh.returncode, afresh.stdout, afresh.stderr) == (beside.returncode, beside.stdout, beside.stderr)
    assert afresh.returncode == 1


@pytest.mark.parametrize(
    ("name", "ask", "words"),
    [
        ("located_networks.py:leaky_encode", "eval", r"the initialisation in float64"),
        ("located_networks.py:edge_numbers", "eval", r"W1: phi\(g v\)"),
        ("located_networks.py:ZeroTable", "steps", r"parameters: \d+ steps of \w+, rate .* in float64"),
        ("nets.py:SingleOnly", "eval", r"the initialisation in float32"),
        ("nets.py:GradModeOnly", "calls", r"phi\(v\), gradients recorded"),
        ("nets.py:InputWantsGradient", "calls", r"phi\(v\), gradients recorded"),
        pytest.param("nets.py:Strided", "calls", r"phi\(v\), the input strided", marks=pytest.mark.long),
        ("nets.py:DrawnTable", "redraw", r"parameters: draw \d in float64"),
        ("nets.py:TrainMean", "calls", r"parameters: 3 calls in train mode in float64"),
        pytest.param(
            "nets.py:OneNumber", "calls", r"parameters: an output of size one in float64", marks=pytest.mark.long
        ),
        ("nets.py:Binned", "eval", r"v and w differ by \d\.\de-1\d at most"),
        pytest.param("nets.py:SilentNumbers", "eval", r"parameters: a few first steps of Adam", marks=pytest.mark.long),
        ("nets.py:BatchMates", "eval", r"phi of 2 weight vectors, that of number \d"),
        pytest.param(
            "nets.py:LongBatches", "calls", r"phi of \d+ weight vectors, that of number \d", marks=pytest.mark.long
        ),
        pytest.param("nets.py:Drops", "eval", r"phi\(v\), call \d", marks=pytest.mark.long),
        ("nets.py:Late", "calls", r"phi\(v\), call \d+"),
        ("nets.py:WrongBackward", "gradients", r"gradient of <g c, phi> at g v"),
        pytest.param(
            "nets.py:WrongParameter", "gradients", r"scale: gradient of <c, phi\(v\)>", marks=pytest.mark.long
        ),
    ],
)
def test_the_script_shows_the_failure_and_ends_with_1(folder, tmp_path, run, name, ask, words):
    written = write_example(*failed(folder, name, ask), tmp_path / "shown")
    assert sorted(file.name for file in written.files) == sorted(os.listdir(tmp_path / "shown"))
    script = written.files[0]
    text = script.read_text(encoding="utf-8")
    assert "harness" not in text
    answer = run(script)
    assert answer.returncode == 1, answer.stderr
    assert re.search(words, answer.stdout), answer.stdout
    error = float(re.search(r"^e = (\S+), limit", answer.stdout, re.MULTILINE)[1])
    assert error > 1e-9


@pytest.mark.parametrize(
    ("name", "ask"),
    [
        ("located_networks.py:leaky_encode", "eval"),
        pytest.param("nets.py:BatchMates", "eval", marks=pytest.mark.long),
        pytest.param("nets.py:Drops", "eval", marks=pytest.mark.long),
        pytest.param("nets.py:WrongBackward", "gradients", marks=pytest.mark.long),
        pytest.param("nets.py:WrongParameter", "gradients", marks=pytest.mark.long),
    ],
)
def test_a_mended_network_ends_with_0(folder, tmp_path, run, name, ask):
    row, cell = failed(folder, name, ask)
    script = write_example(row, cell, tmp_path / "shown").files[0]
    text = script.read_text(encoding="utf-8")
    broken = name.rpartition(":")[2]
    assert f"{broken} as Network" in text
    script.write_text(text.replace(f"{broken} as Network", "Net as Network"), encoding="utf-8")
    answer = run(script)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_a_separation_that_is_missing_is_shown(folder, tmp_path, run):
    row, cell = failed(folder, "nets.py:Boaster", "pairs")
    answer = run(write_example(row, cell, tmp_path / "shown").files[0])
    assert answer.returncode == 1, answer.stderr
    assert "not separated; predicted: separated" in answer.stdout


def test_what_has_no_counter_example_is_refused(folder, tmp_path):
    reference = parse_name("stats")
    cell = plan([load_suite(folder / "suite.yaml", [reference])], [reference])[0]
    with pytest.raises(NoExample, match="the row is pass; a failed row has a counter-example"):
        write_example(evaluate(cell), cell, tmp_path / "shown")
    assert not (tmp_path / "shown").exists()


def test_evidence_is_told_a_line_each():
    told = {"a": 1.23456e-9, "b": {"c": [1, 2], "d": None, "e": ""}, "f": [{"g": True}], "h": [], "i": "x"}
    assert list(described(told)) == ["a: 1.23e-09", "b.c: 1, 2", "f[0].g: True", "i: x"]


def test_the_commands_say_what_they_did(folder, tmp_path):
    out = tmp_path / "out"
    call = lambda *words: CliRunner().invoke(main, [str(word) for word in words])  # noqa: E731
    plugin = f"{folder / 'located_networks.py'}:first_only"
    call("run", folder / "suite.yaml", "-a", plugin, "-o", out, "-j", 1)
    rows = json.loads((out / "results.json").read_text(encoding="utf-8"))["results"]
    red = next(row for row in rows if row["outcome"] == "fail" and row["kind"] == "equivariance")
    told = call("reproduce", out, red["id"])
    assert told.exit_code == 1 and "the same outcome as in the run" in told.output and "{" not in told.output
    again = json.loads(call("reproduce", out, red["id"], "--json").output)
    assert (again["id"], again["outcome"]) == (red["id"], "fail")
    written = call("reproduce", out, red["id"], "--script", tmp_path / "shown")
    assert written.exit_code == 0 and "run it: python" in written.output
    located = call("locate", out, red["id"])
    assert located.exit_code == 0 and located.output.startswith("pool (FirstOnly): its output breaks the law first")
    green = next(row for row in rows if row["outcome"] != "fail")
    for command in (("locate", out, green["id"]), ("reproduce", out, green["id"], "--script", tmp_path / "no")):
        answer = call(*command)
        assert answer.exit_code == 2 and "a failed row has a counter-example" in answer.output


def test_what_only_a_deeper_space_shows_is_shown_there(folder, tmp_path, run):
    (folder / "flat.yaml").write_text(FLAT, encoding="utf-8")
    reference = parse_name(f"{folder / 'nets.py'}:LateWhenDeep")
    cell = plan([load_suite(folder / "flat.yaml", [reference])], [reference])[0]
    row = evaluate(cell)
    assert row.outcome == "fail"
    assert "on mlp(2, 4, 3, 2, 1" in row.reason
    assert len(row.evidence.counterexample.widths) > 3  # the fault needs two hidden layers, and so do the scripts
    answer = run(write_example(row, cell, tmp_path / "shown").files[0])
    assert answer.returncode == 1, answer.stderr
