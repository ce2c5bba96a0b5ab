"""The rows of `compiled: true`: a network that is wrong only when compiled fails, a correct one passes, and the default asks none."""

from __future__ import annotations

from pathlib import Path

import pytest

from orbitcheck.harness.checks.equivariance import calls
from orbitcheck.harness.checks.equivariance.evidence import Cause, EquivarianceEvidence, Rule
from orbitcheck.harness.language.reading import load_suite
from orbitcheck.harness.learning import compiling
from orbitcheck.harness.plugins.discovery import parse_name
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.running.plan import plan

SUITE = """\
suite: compiled
version: 1
title: The compiled network
spaces:
  small: {{mlp: [1, 3, 1], activation: tanh}}
checks:
  - {{id: law, kind: equivariance, spaces: [small], inputs: [generic], outputs: [invariant]{more}}}
"""
NETS = """\
import torch
from torch import nn
from orbitcheck import Invariant, Unsupported, register


@register("pooled", power="unknown")
class Pooled(nn.Module):
    def __init__(self, space, output):
        super().__init__()
        if not isinstance(output, Invariant) or not space.is_mlp:
            raise Unsupported("invariant outputs of MLPs only")
        self.lift, self.head = nn.Linear(1, 4), nn.Linear(4, output.dim)

    def pool(self, x):
        return x.mean(1)

    def forward(self, v):
        return self.head(self.pool(torch.tanh(self.lift(v.tensors["b1"]))))


@register("other-when-compiled", power="unknown")
class OtherWhenCompiled(Pooled):
    def pool(self, x):
        return x[:, 0] if torch.compiler.is_compiling() else super().pool(x)

"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    made = tmp_path_factory.mktemp("compiled")
    (made / "compiled_nets.py").write_text(NETS, encoding="utf-8")
    (made / "suite.yaml").write_text(SUITE.format(more=", compiled: true"), encoding="utf-8")
    (made / "plain.yaml").write_text(SUITE.format(more=""), encoding="utf-8")
    return made


def cells(folder: Path, name: str, suite: str = "suite.yaml"):
    reference = parse_name(f"{folder / 'compiled_nets.py'}:{name}")
    return plan([load_suite(folder / suite, [reference])], [reference])


def row(folder: Path, name: str):
    return evaluate(cells(folder, name)[-1])


def test_one_more_row_an_output_and_none_by_default(folder):
    asked, plain = cells(folder, "Pooled"), cells(folder, "Pooled", "plain.yaml")
    assert [cell.case for cell in asked] == ["small/invariant/generic/eval", "small/invariant/generic/eval/compiled"]
    assert [cell.case for cell in plain] == ["small/invariant/generic/eval"]
    assert "compiled" not in plain[0].parameters


def test_without_a_compiler_the_row_does_not_apply(folder, monkeypatch):
    monkeypatch.setattr(calls, "compiler", lambda: None)
    found = row(folder, "Pooled")
    assert (found.outcome, found.refusal) == ("not-applicable", "no-compiler")
    assert "C++ compiler" in found.reason and "\n" not in found.reason


@pytest.mark.long
@pytest.mark.skipif(compiling.compiler() is None, reason="needs a C++ compiler")
def test_a_correct_network_passes_compiled(folder):
    found = row(folder, "Pooled")
    assert found.outcome == "pass", found.reason


@pytest.mark.long
@pytest.mark.skipif(compiling.compiler() is None, reason="needs a C++ compiler")
def test_a_network_that_is_wrong_only_when_compiled_fails(folder, tmp_path):
    from orbitcheck.harness.running.examples.example import write_example

    asked = cells(folder, "OtherWhenCompiled")
    assert evaluate(asked[0]).outcome == "pass"
    found = evaluate(asked[1])
    assert found.outcome == "fail", found.reason
    assert isinstance(found.evidence, EquivarianceEvidence)
    assert set(found.evidence.broken) == {Rule.COMPILED_ANSWER, Rule.LAW_COMPILED}
    assert found.evidence.cause is Cause.COMPILER
    written = write_example(found, asked[1], tmp_path / "shown")
    assert "torch.compile(network)" in written.files[0].read_text(encoding="utf-8")


@pytest.mark.skipif(compiling.compiler() is None, reason="needs a C++ compiler")
def test_a_graph_that_fails_is_an_error_with_its_first_line(folder, monkeypatch):
    def refuses(graph, inputs):
        raise RuntimeError("this graph is refused\nwith a long explanation")

    monkeypatch.setattr(compiling, "BACKEND", refuses)
    found = row(folder, "Pooled")
    assert found.outcome == "error"
    assert "this graph is refused" in found.reason and "long explanation" not in found.reason


def test_the_law_of_the_compiled_network_without_a_backend(folder, monkeypatch):
    """The same rows with torch's backend that only traces: what is judged is the same, and no C++ is compiled."""
    monkeypatch.setattr(compiling, "BACKEND", "eager")
    monkeypatch.setattr(calls, "compiler", lambda: "g++")
    good, bad = row(folder, "Pooled"), row(folder, "OtherWhenCompiled")
    assert good.outcome == "pass", good.reason
    assert bad.outcome == "fail" and set(bad.evidence.broken) == {Rule.COMPILED_ANSWER, Rule.LAW_COMPILED}
    assert bad.evidence.cause is Cause.COMPILER
