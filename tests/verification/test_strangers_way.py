"""A stranger's whole way: her space in ten lines, her network in twenty, the suite of docs/spaces.md; all as predicted, and derived again."""

from __future__ import annotations

import re
from pathlib import Path

from orbitcheck.harness.checks import CHECK_KINDS
from orbitcheck.harness.core.result import Run
from orbitcheck.harness.language.reading import load_suite
from orbitcheck.harness.pairs.making import make_pair
from orbitcheck.harness.plugins.discovery import parse_name
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.running.plan import plan
from orbitcheck.harness.verification.rows import verify

DOCS = Path(__file__).parents[2] / "docs"
NETWORK = '''
import torch
from orbitcheck import Equivariant, Invariant, Weights, register


@register("mine", power="{power}")
class Mine(torch.nn.Module):
    """Entries by networks of their tensors, and their sums; nothing else is known of a tensor than its name."""

    def __init__(self, space, output):
        super().__init__()
        size = output.dim if isinstance(output, Invariant) else output.channels
        self.entry = torch.nn.ModuleDict({{name: torch.nn.Linear(1, 4) for name in space.axes}})
        self.read, self.output = torch.nn.Linear(4 * len(space.axes), size), output

    def forward(self, v):
        pooled = [self.entry[name](tensor).tanh().flatten(1, -2).mean(1) for name, tensor in v.items()]
        told = self.read(torch.cat(pooled, -1))
        if isinstance(self.output, Invariant):
            return told
        return Weights(v.space, {{n: torch.tanh(t + told.view(v.batch, *[1] * (t.ndim - 2), -1)) for n, t in v.items()}})
'''


def rows(tmp_path: Path, power: str, only: str = ""):
    """What became of every row of her suite but the costly one, or of one check's, and of `verify`."""
    text = next(
        block for block in re.findall(r"```yaml\n(.*?)```", (DOCS / "spaces.md").read_text(), re.S) if "own:" in block
    )
    (tmp_path / "mine.yaml").write_text(re.sub(r".*kind: detection.*\n", "", text))
    (tmp_path / "net.py").write_text(NETWORK.format(power=power))
    suite, name = load_suite(tmp_path / "mine.yaml"), parse_name(f"{tmp_path / 'net.py'}:Mine")
    results = [evaluate(cell) for cell in plan([suite], [name]) if only in cell.check]
    declared = {"name": str(name), "symmetry": "permutation", "power": power, "rounds": None}
    run = Run("0", {}, [suite.to_json()], [declared], results)  # type: ignore[list-item]
    return results, list(verify(run, make_pair, CHECK_KINDS))


def test_all_is_as_predicted_and_derived_again(tmp_path):
    results, found = rows(tmp_path, "below-1-wl")
    kinds = {row.kind for row in results}
    assert kinds == {"equivariance", "separation", "general-position"}
    assert all(row.outcome in ("pass", "observed") for row in results), [(r.check, r.case, r.reason) for r in results]
    assert sum(row.outcome == "pass" for row in results) >= 7
    assert [each.problem for each in found if each.problem] == []
    assert sum(each.proved for each in found) >= 4 and all(each.proved or each.judged for each in found)


def test_a_claim_that_is_too_much_does_not_pass(tmp_path):
    """Sums over entries are not complete: of the ladder's pairs they part the first alone."""
    results, found = rows(tmp_path, "complete", "rounds")
    assert {row.case: (row.predicted, row.outcome) for row in results} == {
        "t=1 #0": ("separated", "pass"),
        "t=2 #0": ("separated", "undecided"),
    }
    assert [each.problem for each in found if each.problem] == []
