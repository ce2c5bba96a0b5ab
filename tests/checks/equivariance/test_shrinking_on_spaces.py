"""Failures beyond MLPs are shrunk: to axes of one and two indices and one generator of the declared group, and replayed there."""

from __future__ import annotations

import pytest

from orbitcheck import recurrent
from orbitcheck.architectures.flat_mlp import FlatMLP
from orbitcheck.extending import lora
from orbitcheck.harness.checks import CHECK_KINDS
from orbitcheck.harness.checks.equivariance.shrinking import SEARCH, candidates
from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.core.parameters import parse_parameters
from orbitcheck.harness.learning.workbench import Workbench
from orbitcheck.harness.plugins.architecture import Architecture, Traits
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.running.examples.replay import replayed
from orbitcheck.harness.weights.space import NamedSpace

KIND = CHECK_KINDS["equivariance"]
SPACES = {"memory": NamedSpace(recurrent(2, 4, 2)), "factors": NamedSpace(lora((5, 4), rank=3).space)}


@pytest.mark.parametrize(("space", "symmetry"), [("memory", "permutation"), ("factors", "gl")])
def test_a_broken_law_is_shrunk_to_one_generator_on_the_smallest_axes(space, symmetry):
    settings = {"spaces": [space], "outputs": ["invariant"], "inputs": ["generic"], "samples": 2, "elements": 4}
    parameters = KIND.resolve(parse_parameters(KIND.parameters, settings), SPACES)
    (case,) = KIND.cases(parameters)
    architecture = Architecture("flat", FlatMLP, Traits(symmetry=symmetry))
    cell = Cell("s", "law", "equivariance", parameters, case, None, "flat")
    row = evaluate(cell, architecture)
    found = row.evidence.counterexample
    assert row.outcome == "fail" and found is not None and found.shrunk
    (axis,) = SPACES[space].space.permuted
    assert found.sizes == {name: 1 + (name == axis) for name in SPACES[space].space.size}
    assert found.widths is None and found.space == str(SPACES[space].space.resized(found.sizes))
    failing = replayed(architecture, cell, row.evidence, Workbench())
    assert failing.v.space.size == found.sizes and failing.error > failing.limit


def test_candidates_are_few_and_the_smallest_come_first():
    space = recurrent(2, 30, 30, 2)
    listed = list(candidates(Architecture("flat", FlatMLP, Traits(symmetry="permutation")), space, True))
    assert len(listed) <= SEARCH
    sizes = [each.parameters for each, _ in listed]
    assert sizes == sorted(sizes) and listed[-1][0] == space
    ((alone, element),) = candidates(Architecture("flat", FlatMLP, Traits(symmetry="permutation")), space, False)
    assert set(alone.size.values()) == {1} and element.permutes_alone
