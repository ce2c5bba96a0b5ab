"""A symmetry declared by a function is held to the group that it gives: by its factors, never by the function's name."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from orbitcheck import Invariant, Unsupported, group, mlp, register
from orbitcheck.extending import Group
from orbitcheck.harness.judging.gate import settle
from orbitcheck.harness.language.reading import load_suite
from orbitcheck.harness.plugins.architecture import InvalidPlugin
from orbitcheck.harness.plugins.discovery import load, parse_name
from orbitcheck.harness.plugins.traits import Traits
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.running.plan import plan

SPACE = mlp(2, 5, 1)


class Bag(nn.Module):
    """Every entry alone: it tells no wiring from another."""

    def __init__(self, space, output):
        super().__init__()
        if not isinstance(output, Invariant):
            raise Unsupported("invariant outputs alone")
        self.features = nn.ModuleDict({name: nn.Sequential(nn.Linear(1, 4), nn.Tanh()) for name in space.axes})
        self.head = nn.Linear(4 * len(space.axes), output.dim)

    def forward(self, v):
        return self.head(torch.cat([self.features[name](t).flatten(1, -2).mean(1) for name, t in v.items()], -1))


@register("bag-by-function", power="complete", symmetry=lambda space: group(space, "permutation"))
class BagByFunction(Bag):
    pass


@register("bag-modulo-scale", power="complete", symmetry="permutation+scale")
class BagModuloScale(Bag):
    """Reads the last biases alone, which no rescaling of hidden neurons moves: the law holds, and the power is false."""

    def forward(self, v):
        return self.head(self.features[list(v.tensors)[-1]](v.biases[-1]).mean(1).repeat(1, len(v.tensors)))


def asked(network: str, check: str):
    suite, name = load_suite("quick"), parse_name(f"{__file__}:{network}")
    cell = next(each for each in plan([suite], [name]) if each.check == check)
    architecture = load(name)
    row = evaluate(cell, architecture)
    entry = {"name": row.architecture, "power": "complete", "symmetry": architecture.traits.symmetry}
    return settle([row], [cell], [suite], descriptions=[entry])[:2]


def test_a_function_that_gives_permutations_is_predicted_as_permutations_are():
    (row,), _ = asked("BagByFunction", "perturbation")
    assert row.predicted == "separated" and row.outcome != "observed"
    assert row.evidence.symmetry == "permutation"


def test_a_power_that_no_row_can_refute_makes_the_run_red():
    (row,), problems = asked("BagModuloScale", "prop-6.2")
    assert row.outcome == "observed"
    assert [str(each.kind) for each in problems if "which no row can refute" in each.text] == ["unrefuted-power"]


def test_groups_are_compared_by_their_factors():
    def scaled(space):
        return group(space, "permutation+scale")

    assert Traits(symmetry=scaled).symmetry_on(SPACE) == "permutation+scale"
    assert Traits(symmetry="permutation+sign").symmetry_on(SPACE) == "permutation+sign"


def test_a_group_of_one_element_is_refused():
    with pytest.raises(InvalidPlugin, match="a group of one element"):
        Traits(symmetry=lambda space: Group(space, ())).group(SPACE)
