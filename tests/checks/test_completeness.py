"""A complete layer passes, and every block that is taken out of one is named."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from orbitcheck import Weights, mlp, register
from orbitcheck.harness.checks.completeness.kind import KIND, LARGEST
from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.core.parameters import SuiteValueError, parse_parameters
from orbitcheck.harness.plugins.architecture import as_architecture
from orbitcheck.harness.plugins.discovery import load, parse_name
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.weights.space import NamedSpace

SPACES = {
    "small": NamedSpace(mlp(1, 4, 4, 1)),
    "deep": NamedSpace(mlp(3, 5, 4, 6, 2)),
    "narrow": NamedSpace(mlp(2, 1, 3, 1)),
    "large": NamedSpace(mlp(2, 32, 32, 1)),
}


def row(architecture, case: str):
    parameters = KIND.resolve(parse_parameters(KIND.parameters, {"spaces": [case]}), SPACES)
    return evaluate(Cell("s", "completeness", "completeness", parameters, case, None, "under test"), architecture)


@pytest.mark.parametrize("name", ["dws", "nfn-hnp", "nfn-np"])
@pytest.mark.parametrize("case", ["small", "deep", "narrow"])
def test_the_published_layers_are_complete_for_their_group(name, case):
    found = row(load(parse_name(name)), case)
    assert found.outcome == "pass", found.reason
    ends = {"n0", f"n{len(SPACES[case].space.widths) - 1}"}
    wide = {axis for axis in ends if SPACES[case].space.size[axis] > 1}
    assert (name == "nfn-np") == (ends <= set(found.evidence.axes)) or not wide


def test_the_published_count_is_met():
    assert row(load(parse_name("dws")), "deep").observed == "rank 196 of 196, constants 12 of 12"
    assert row(load(parse_name("nfn-np")), "deep").observed == "rank 100 of 100, constants 8 of 8"


class Cut(nn.Module):
    """A complete layer of which the maps from one tensor to another are taken out."""

    source, target = "b1", "W2"

    def __init__(self, space):
        super().__init__()
        self.layer = load(parse_name("dws")).factory.linear_layer(space, 1, 1)  # type: ignore[attr-defined]

    def forward(self, v: Weights) -> Weights:
        whole = self.layer(v)
        without = Weights(v.space, {**v.tensors, self.source: torch.zeros_like(v.tensors[self.source])})
        return Weights(v.space, {**whole.tensors, self.target: self.layer(without).tensors[self.target]})


class Uneven(nn.Module):
    """Commutes with nothing: every entry has a factor of its own."""

    def __init__(self, space):
        super().__init__()
        self.factors = nn.ParameterDict(
            {name: nn.Parameter(torch.rand(*shape, 1)) for name, shape in space.shapes.items()}
        )

    def forward(self, v: Weights) -> Weights:
        return Weights(v.space, {name: tensor * self.factors[name] for name, tensor in v.items()})


class Bent(Cut):
    def forward(self, v: Weights) -> Weights:
        return super().forward(v).map(torch.tanh)


def plug_in(layer):
    @register("under-test", linear_layer="linear_layer")
    class Network(nn.Module):
        def __init__(self, space, output):
            super().__init__()

        @staticmethod
        def linear_layer(space, in_channels, out_channels):
            return layer(space)

    return as_architecture(Network)


def test_a_missing_block_is_named():
    found = row(plug_in(Cut), "small")
    assert found.outcome == "fail"
    assert list(found.evidence.missing) == ["b1 -> W2"]
    assert "b1 -> W2 0 of" in found.reason


def test_tied_blocks_are_said_to_be_tied():
    class Tied(Cut):
        def forward(self, v):
            return v.map(lambda tensor: tensor * self.layer.linear.r[0])

    found = row(plug_in(Tied), "small")
    assert found.outcome == "fail"
    assert found.evidence.rank == 1


def test_a_layer_that_is_not_equivariant_fails_and_one_that_is_not_affine_is_an_error():
    assert row(plug_in(Uneven), "small").observed == "not equivariant"
    assert row(plug_in(Bent), "small").outcome == "error"


def test_a_network_without_a_linear_layer_is_not_applicable():
    assert row(load(parse_name("stats")), "small").outcome == "not-applicable"


def test_a_space_too_large_to_write_out_is_refused_at_its_place():
    with pytest.raises(SuiteValueError, match=f"at most {LARGEST}"):
        row(load(parse_name("dws")), "large")
