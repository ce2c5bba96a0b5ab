"""A network that writes into its input is told so, also on inputs that its writing leaves as they were; one that does not is not."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from orbitcheck import Invariant, Weights, mlp
from orbitcheck.harness.checks.equivariance.controls import measure_controls
from orbitcheck.harness.checks.equivariance.task import Task
from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.language.reading import load_suite
from orbitcheck.harness.learning.workbench import Workbench
from orbitcheck.harness.plugins.architecture import as_architecture
from orbitcheck.harness.plugins.discovery import parse_name
from orbitcheck.harness.plugins.subject import Subject
from orbitcheck.harness.running.plan import plan
from orbitcheck.harness.weights.inputs import constructed

SPACE = mlp(2, 3, 1)


class Reads(nn.Module):
    """A mean of sines of the entries."""

    def __init__(self, space, output):
        super().__init__()
        self.head = nn.Linear(1, output.dim)

    def spoil(self, v: Weights) -> None:
        pass

    def forward(self, v):
        self.spoil(v)
        return self.head(torch.sin(v.flat()).mean(1, keepdim=True))


class Scales(Reads):
    def spoil(self, v):
        v.weights[0].mul_(1.5)


class CutsOff(Reads):
    def spoil(self, v):
        torch.relu_(v.biases[0])


class Shifts(Reads):
    def spoil(self, v):
        v.biases[0].add_(1e-3)


def law_row() -> Cell:
    return next(cell for cell in plan([load_suite("quick")], [parse_name("stats")]) if cell.kind == "equivariance")


@pytest.mark.parametrize("kind", ["generic", "zeros", "ties"])
@pytest.mark.parametrize(("network", "spoils"), [(Reads, False), (Scales, True), (CutsOff, True), (Shifts, True)])
def test_writing_into_the_input_shows_on_every_kind_of_input(network, spoils, kind):
    rng = np.random.default_rng(0)
    subject = Subject(as_architecture(network), SPACE, Invariant(2), seed=0, dtype=torch.float64, bench=Workbench())
    found = measure_controls(
        subject, Task.of(law_row()), constructed(kind, SPACE, 4, rng), constructed("generic", SPACE, 4, rng)
    )
    assert found.modified is spoils
