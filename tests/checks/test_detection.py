"""The limit of detection is graded, never guessed: a finer network scores more digits, a blind one is not passed."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from orbitcheck import Weights, mlp, register
from orbitcheck.harness.checks.detection.kind import KIND
from orbitcheck.harness.checks.detection.verdict import judge
from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.core.parameters import SuiteValueError, parse_parameters
from orbitcheck.harness.plugins.architecture import as_architecture
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.weights.space import NamedSpace

SPACES = {"tiny": NamedSpace(mlp(1, 4, 3, 1))}
PARAMETERS = KIND.resolve(parse_parameters(KIND.parameters, {"spaces": ["tiny"]}), SPACES)


class Moments(nn.Module):
    """Mean and mean square of every tensor, added to a constant of size `bulk` that hides small changes."""

    def __init__(self, space, output, *, bulk: float = 0.0):
        super().__init__()
        self.bulk = bulk
        self.read = nn.Linear(2 * len(space.tensors), output.dim)

    def forward(self, v: Weights) -> torch.Tensor:
        moments = [power.flatten(1).mean(1) for _, t in v.items() for power in (t, t.square())]
        return self.bulk + self.read(torch.stack(moments, 1))


def row(**options):
    architecture = as_architecture(register("moments", power="below-1-wl")(Moments)).with_options(options)
    return evaluate(Cell("s", "detection", "detection", PARAMETERS, "tiny", None, "moments"), architecture)


def test_a_network_that_hides_changes_in_bulk_scores_fewer_digits():
    fine, coarse = row(), row(bulk=1e6)
    assert fine.outcome == coarse.outcome == "pass"
    assert fine.evidence.digits >= 10
    assert 2 <= coarse.evidence.digits <= fine.evidence.digits - 4


def test_a_blind_network_is_not_passed():
    blind = row(bulk=1e20)
    assert blind.outcome == "undecided"
    assert blind.evidence.smallest_change is None


@pytest.mark.parametrize(("exponent", "outcome"), [(None, "undecided"), (-1, "pass"), (-13, "pass")])
def test_only_nothing_at_all_is_undecided(exponent, outcome):
    assert judge(exponent, 3).outcome == outcome


def test_an_unknown_space_has_its_place():
    with pytest.raises(SuiteValueError, match=r'spaces\.0: unknown space "tinny"; did you mean "tiny"'):
        KIND.resolve(parse_parameters(KIND.parameters, {"spaces": ["tinny"]}), SPACES)
