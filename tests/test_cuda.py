"""The same verdicts on a GPU as on the CPU."""

from __future__ import annotations

import pytest
import torch

from orbitcheck import mlp, recurrent
from orbitcheck.harness.cell import Cell
from orbitcheck.harness.checks import CHECK_KINDS
from orbitcheck.harness.discovery import built_in
from orbitcheck.harness.evaluate import evaluate
from orbitcheck.harness.parameters import parse_parameters
from orbitcheck.harness.space import NamedSpace

pytestmark = [pytest.mark.cuda, pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")]

SPACES = {"tiny": NamedSpace(mlp(1, 4, 4, 1)), "recurrent": NamedSpace(recurrent(1, 4, 1))}
CHECKS = {
    "equivariance": {"spaces": ["tiny", "recurrent"]},
    "separation": {"pairs": {"family": "bipartite-cycles", "cycles": [[4], [2, 2]], "count": 1}},
    "detection": {"spaces": ["tiny"]},
}


@pytest.mark.parametrize("architecture", built_in())
@pytest.mark.parametrize("kind", CHECKS)
def test_outcomes_do_not_depend_on_the_device(architecture, kind):
    declared = CHECK_KINDS[kind]
    parameters = declared.resolve(parse_parameters(declared.parameters, CHECKS[kind]), SPACES)
    for case in declared.cases(parameters):
        cell = Cell("cuda", kind, kind, parameters, case, None, architecture)
        assert evaluate(cell, device="cuda").outcome == evaluate(cell, device="cpu").outcome
