"""The cost of a forward pass: counted by hand here, and the same in every process."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from orbitcheck import Equivariant, Unsupported, Weights, register
from orbitcheck.harness.plugins.architecture import as_architecture
from orbitcheck.harness.plugins.cost import BATCH, Meter, cost
from orbitcheck.harness.plugins.discovery import load, parse_name

ENTRIES = 2 * 32 + 32 + 32 * 32 + 32 + 32 + 1
"""Weights and biases of the reference widths."""


def test_the_peak_is_what_is_alive_at_once():
    with Meter() as meter:
        kept = torch.zeros(1000)  # 4,000 bytes
        for _ in range(5):
            passing = kept + 1  # at most two more alive: the new one and the one it replaces
        del passing
        kept[:10] += 1  # a view and an operation in place make no bytes
    assert meter.peak == 3 * 4000


@pytest.mark.parametrize(
    ("shapes", "wanted"), [(((3, 4), (4, 5)), 2 * 3 * 4 * 5), (((7, 3, 4), (7, 4, 5)), 2 * 7 * 3 * 4 * 5)]
)
def test_operations_are_those_of_the_matrix_products(shapes, wanted):
    first, second = (torch.ones(shape) for shape in shapes)
    with Meter() as meter:
        (first @ second).tanh()
    assert meter.operations == wanted


@register("linear-on-all", power="unknown")
class LinearOnAll(torch.nn.Module):
    def __init__(self, space, output):
        super().__init__()
        self.read = torch.nn.Linear(ENTRIES, 1)

    def forward(self, v: Weights) -> torch.Tensor:
        return self.read(v.flat())


def test_a_network_of_one_layer_costs_its_one_product():
    found = cost(as_architecture(LinearOnAll))
    assert found["parameters"] == ENTRIES + 1
    assert found["operations"] == 2 * BATCH * ENTRIES
    assert 4 * BATCH * (ENTRIES + 1) <= found["bytes"] <= 4 * BATCH * (3 * ENTRIES + 1)
    assert found["head"] == "invariant" and found["seconds"] > 0


def test_a_plug_in_chooses_its_head_and_activation():
    class Operator(LinearOnAll):
        def __init__(self, space, output):
            if not isinstance(output, Equivariant) or space.activation != "relu":
                raise Unsupported("no")
            super().__init__(space, output)

    assert cost(register("operator", power="unknown")(Operator).__orbitcheck__)["head"] == "equivariant"


def test_a_plug_in_that_takes_no_reference_task_says_so():
    class Nothing(LinearOnAll):
        def __init__(self, space, output):
            raise Unsupported("nothing")

    with pytest.raises(Unsupported, match="nothing"):
        cost(register("nothing", power="unknown")(Nothing).__orbitcheck__)


def test_counts_are_the_same_in_another_process():
    code = (
        "from orbitcheck.harness.plugins.cost import cost; from orbitcheck.harness.plugins.discovery import load, parse_name; "
        "found = cost(load(parse_name('stats'))); print([found[key] for key in ('parameters', 'operations', 'bytes')])"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    here = cost(load(parse_name("stats")))
    assert other.stdout.strip() == str([here[key] for key in ("parameters", "operations", "bytes")])
    assert np.isfinite(here["seconds"])
