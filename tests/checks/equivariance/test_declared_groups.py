"""The law under groups beyond permutations, scales and signs: right networks at the floor, faults of one in a million far above it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from orbitcheck import Equivariant, Invariant, Unsupported, mlp, transformer_block
from orbitcheck.extending import transformer
from orbitcheck.harness.checks.equivariance.declaration.beside import blind_to, undeclared
from orbitcheck.harness.checks.equivariance.declaration.reach import UNIT, spoiled
from orbitcheck.harness.checks.kinds import CHECK_KINDS
from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.core.outcomes import Outcome
from orbitcheck.harness.core.parameters import parse_parameters
from orbitcheck.harness.plugins.architecture import Architecture, InvalidPlugin, as_architecture, register
from orbitcheck.harness.plugins.discovery import load, parse_name
from orbitcheck.harness.plugins.traits import Traits
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.running.planting.functions import Reading
from orbitcheck.harness.running.planting.networks import Flaw
from orbitcheck.harness.running.planting.plants import OF_FUNCTION, SPACES, Row, law
from orbitcheck.harness.weights.algebra.kinds import FactorKind
from orbitcheck.harness.weights.groups import Factor, Group, group
from orbitcheck.harness.weights.space import NamedSpace
from orbitcheck.harness.weights.symmetry import random_elements


class Slightly(Reading):
    """One output tensor is off by one in a million, for all alike: no largest entry hides it."""

    flaw = Flaw(size=1e-6)

    def finish(self, result, v):
        return result * (1 + 1e-6 * next(iter(v.tensors.values())).flatten(1)[:, :1].tanh())

    def finish_weights(self, tensors, v):
        name = next(iter(tensors))
        return {
            **tensors,
            name: tensors[name]
            * (1 + 1e-6 * v.tensors[name].flatten(1)[:, :1].tanh().view(-1, *[1] * (tensors[name].ndim - 1))),
        }


def asked(network, symmetry, row: Row, **traits):
    declared = Architecture(network.__name__, network, Traits(symmetry=symmetry, **traits))
    return evaluate(row.cell("asked"), declared, shrinks=False)


@pytest.mark.parametrize("symmetry", ["permutation+sign+phase", "full"])
def test_one_in_a_million_in_one_tensor_stands_a_thousand_floors_above_a_right_network(symmetry):
    for output in ("invariant", "equivariant"):
        row = law(output, space=OF_FUNCTION[symmetry])
        right, wrong = asked(Reading, symmetry, row), asked(Slightly, symmetry, row)
        assert right.outcome == Outcome.PASS and wrong.outcome == Outcome.FAIL, (right.reason, wrong.reason)
        assert right.evidence.error64 <= 10 * right.evidence.floor64
        assert wrong.evidence.error64 >= 1e3 * wrong.evidence.floor64


class Kinds(nn.Module):
    """Its answer is the weights themselves: a point under every group, a vector or covector under those that do not tell them apart."""

    def __init__(self, space, output):
        super().__init__()
        self.output, self.gain = output, nn.Parameter(torch.zeros(()))
        if isinstance(output, Invariant):
            raise Unsupported("an editor")

    def forward(self, v):
        return v.map(lambda tensor: (tensor * (1 + 0 * self.gain)).expand(*tensor.shape[:-1], self.output.channels))


@pytest.mark.parametrize(
    ("symmetry", "space", "right"),
    [
        ("permutation", "tiny", {"point", "vector", "covector"}),
        ("permutation+sign", "odd", {"point", "vector", "covector"}),
        ("orth", "stream", {"point", "vector", "covector"}),
        ("permutation+scale", "tiny", {"point", "vector"}),
        ("permutation+sign+phase", "waves", {"point"}),
        ("gl", "stream", {"point", "vector"}),
    ],
)
def test_kinds_of_outputs_are_told_apart_exactly_by_the_groups_that_can(symmetry, space, right):
    found = {}
    for output in ("point", "equivariant", "covector"):
        row = asked(Kinds, symmetry, law(output, space=space))
        found["vector" if output == "equivariant" else output] = not row.evidence.broken
    assert {kind for kind, kept in found.items() if kept} == right


def signs(space):
    return Group(space, tuple(Factor(axis, FactorKind.PERM_SIGN) for axis in space.permuted))


class Squares(nn.Module):
    """Reads squares alone: blind to signs, whatever the activation."""

    def __init__(self, space, output):
        super().__init__()
        if isinstance(output, Equivariant):
            raise Unsupported("no editor")
        self.read = nn.Linear(2, output.dim)

    def forward(self, v):
        b, w = v.biases[0].square().mean((1, 2)), v.weights[-1].square().mean((1, 2, 3))
        return self.read(torch.stack([b, w], 1)).tanh()


def test_a_group_that_does_not_keep_the_function_is_allowed_and_said():
    row = asked(Squares, signs, law())
    assert row.outcome == Outcome.PASS and "blind to perm+sign on n1; blind to perm+sign on n2" in row.reason
    assert row.evidence.notes[:2] == ("blind to perm+sign on n1", "blind to perm+sign on n2")
    assert not any(
        note.startswith("blind") for note in asked(Squares, "permutation+sign", law(space="odd")).evidence.notes
    )
    assert blind_to(signs(mlp(2, 3, 1, activation="tanh"))) == ()
    assert blind_to(Group(mlp(2, 3, 1, activation="gelu"), (Factor("n1", FactorKind.PHASE),))) == ("phase on n1",)
    assert blind_to(group(SPACES["block"].space, "gl+shift")) == ()


def test_what_is_not_declared_and_kept_all_the_same_is_a_note():
    row = asked(Squares, "permutation", law(space="odd"))
    assert row.outcome == Outcome.PASS and "respects more than it declares: sign on n1 and n2" in row.evidence.notes
    assert not asked(Reading, "full", law(space="stream")).evidence.notes
    found = asked(Reading, "permutation", law(space="waves")).evidence.notes
    assert found == ("respects more than it declares: sign on n1, phase on n1",)
    assert [str(each) for each in undeclared(group(mlp(1, 2, 1)))] == ["n1: scale"]
    assert undeclared(group(mlp(1, 2, 1, activation="gelu"))) == ()


def test_a_declared_function_of_the_space_is_a_symmetry_of_its_name():
    declared = as_architecture(register("squares", symmetry=signs)(type("Named", (Squares,), {})))
    assert (declared.traits.symmetry, declared.traits.group_of) == ("signs", signs)
    assert declared.with_options({}).traits.group(mlp(1, 2, 1)) == signs(mlp(1, 2, 1))
    with pytest.raises(InvalidPlugin, match="gave None; allowed: a Group of the space"):
        Traits(symmetry=lambda space: None).group(mlp(1, 2, 1))
    with pytest.raises(InvalidPlugin, match="symmetry='hedas'"):
        Traits(symmetry="hedas")


def test_reach_names_what_lifts_the_floor():
    rng = np.random.default_rng(0)
    far = random_elements(group(mlp(1, 4, 1), "permutation+scale"), 1, rng, reach=20)
    (sheared,) = random_elements(group(mlp(1, 4, 1, activation="identity"), "gl"), 1, rng, reach=30)
    turned = random_elements(group(mlp(1, 4, 1, activation="sine"), "permutation+sign+phase"), 1, rng, reach=1000)
    told = [spoiled(gs, [16 * UNIT], [1e6 * UNIT]) for gs in (far, (sheared,), turned)]
    assert [each.by for each in told] == ["factors", "condition number", "half turns"]
    assert told[0].factor >= 2**10 and told[1].condition > 10 and told[2].half_turns > 100
    assert "by factors up to" in str(told[0]) and "16 without" in str(told[0])
    assert spoiled(far, [9e5 * UNIT], [1e6 * UNIT]).by == "input" and "by the input itself" in str(
        spoiled(far, [1e-9], [1e-9])
    )


class Loud(nn.Module):
    """Right, and much noisier than its weights, whichever element moved them."""

    def __init__(self, space, output):
        super().__init__()
        if isinstance(output, Equivariant):
            raise Unsupported("no editor")
        self.read = nn.Linear(1, output.dim)

    def forward(self, v):
        paths = v.weights[0].square().sum((2, 3)) * v.weights[-1].square().sum((1, 3))
        return self.read((30 * paths.sum(1, keepdim=True)).sin())


def test_what_spoils_a_floor_is_said_in_both_precisions():
    row = asked(Loud, "permutation+scale", law(space="least"))
    assert row.outcome == Outcome.PASS, row.reason
    for reach, floor in (
        (row.evidence.reach, row.evidence.floor64),
        (row.evidence.reach32, row.evidence.floor32 / 2**29),
    ):
        assert reach is not None and reach.by in ("factors", "input")
        assert max(reach.floor, reach.still) > 100 and floor > 100 * UNIT
    assert str(row.evidence.reach) in row.evidence.notes
    quiet = asked(Reading, "permutation+scale", law()).evidence
    assert quiet.reach is None and quiet.reach32 is None


@pytest.mark.parametrize(
    "space",
    [transformer_block(1, 2, 1, 1, 1), transformer(1, 2, 2, 2, 1, 1, 1, rotary=True).space],
    ids=["one key and value", "one value, turning keys"],
)
def test_one_index_within_heads_has_no_permutations_to_respect(space):
    kind = CHECK_KINDS["equivariance"]
    for output in ("invariant", "equivariant"):
        given = {"spaces": ["own"], "inputs": ["generic"], "outputs": [output], "samples": 2, "elements": 2}
        asked_of = kind.resolve(parse_parameters(kind.parameters, given), {"own": NamedSpace(space)})
        cell = Cell("own", "own", "equivariance", asked_of, kind.cases(asked_of)[0], None, "unf")
        row = evaluate(cell, load(parse_name("unf")), shrinks=False)
        assert row.outcome == Outcome.PASS, row.reason
        assert not any("perm on" in note for note in row.evidence.notes)
