"""A function that gives one built network is a plug-in: asked as it is, for the space and the output that it serves."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from orbitcheck import Equivariant, Invariant, SpaceError, Unsupported, Weights, mlp, register
from orbitcheck.architectures.stats import Stats
from orbitcheck.harness.language.reading import load_suite
from orbitcheck.harness.plugins.architecture import ITS_OWN, InvalidPlugin, as_architecture
from orbitcheck.harness.plugins.discovery import load, parse_name
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.running.plan import plan
from orbitcheck.testing import assert_equivariant, assert_separates, pipeline

SPACE = mlp(1, 3, 2, 1)
FILE = """
import torch
from orbitcheck import Invariant, mlp
from orbitcheck.architectures.stats import Stats

class Leaky(torch.nn.Module):
    space = mlp(1, 3, 1)
    def __init__(self):
        super().__init__()
        self.leak = torch.nn.Parameter(torch.zeros(()))
    def forward(self, v):
        return (v.biases[0][:, :1, 0] * self.leak + v.biases[0][..., 0].sum(1, keepdim=True)).sin()

def untrained():
    return Leaky()

def trained():
    network = Leaky()
    with torch.no_grad():
        network.leak.fill_(1e-3)
    return network
"""
SUITE = """
suite: s
version: 1
title: T
spaces: {tiny: {mlp: [1, 3, 1]}, other: {mlp: [1, 4, 1]}}
checks: [{id: law, kind: equivariance, spaces: [tiny, other], outputs: [invariant], inputs: [generic], modes: [eval]}]
"""


class Sum(torch.nn.Module):
    """Invariant, with a weight that tells when it was drawn anew."""

    space = SPACE

    def __init__(self, size: int = 1):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.full((size,), 0.5))

    def forward(self, v):
        return torch.tanh(v.flat().sum(1, keepdim=True) * self.scale)


def weights(count: int = 5) -> Weights:
    return Weights.from_flat(SPACE, torch.randn(count, SPACE.parameters, generator=torch.Generator().manual_seed(1)))


@pytest.mark.parametrize(("size", "asked"), [(1, 1), (1, 3), (4, 3)])
def test_it_is_asked_with_its_own_parameters_for_any_size(size, asked):
    architecture = as_architecture(lambda: Sum(size))
    assert architecture.traits.shapes == ITS_OWN
    built = architecture.build(SPACE, Invariant(asked), seed=5)
    assert built(weights()).shape == (5, asked)
    built.redraw_(torch.Generator())
    assert torch.equal(built.network.scale, torch.full((size,), 0.5))
    for space, output, told in (
        (mlp(1, 4, 1), Invariant(1), "serves"),
        (SPACE, Equivariant(1), "answers with a tensor"),
    ):
        with pytest.raises(Unsupported, match=told):
            architecture.build(space, output, seed=0)


def test_what_is_no_network_of_a_space_breaks_the_contract():
    for given, told in ((lambda: 3, "gave a int"), (lambda: torch.nn.Linear(1, 1), "without `space`")):
        with pytest.raises(InvalidPlugin, match=told):
            as_architecture(given).build(SPACE, Invariant(1), seed=0)


def test_what_it_declares_is_kept():
    declared = register("mine", power="below-1-wl")(lambda: Sum())
    assert as_architecture(declared).traits.power == "below-1-wl" and as_architecture(declared).traits.shapes == ITS_OWN


def test_the_very_parameters_decide_and_other_spaces_do_not_apply(tmp_path):
    (tmp_path / "nets.py").write_text(FILE)
    (tmp_path / "s.yaml").write_text(SUITE)
    outcomes = {}
    for name in ("untrained", "trained"):
        named = parse_name(f"{tmp_path}/nets.py:{name}")
        rows = plan([load_suite(tmp_path / "s.yaml", [named])], [named])
        for row in (evaluate(cell, load(named)) for cell in rows if cell.case.endswith("invariant/generic/eval")):
            outcomes[name, row.case.split("/")[0]] = row.outcome
    assert outcomes == {
        ("untrained", "tiny"): "pass",
        ("untrained", "other"): "not-applicable",
        ("trained", "tiny"): "fail",
        ("trained", "other"): "not-applicable",
    }


def test_inputs_may_be_weights_of_ones_own():
    measured = assert_equivariant(Stats, SPACE, inputs=weights(1))
    assert list(measured) == ["invariant/given/eval", "equivariant/given/eval"] or list(measured) == [
        "invariant/given/eval"
    ]
    with pytest.raises(SpaceError, match="inputs are weights of"):
        assert_equivariant(Stats, mlp(1, 4, 1), inputs=weights())
    with pytest.raises(SpaceError, match="2 channels"):
        assert_equivariant(Stats, SPACE, inputs=weights().map(lambda t: t.expand(*t.shape[:-1], 2)))


class SeesPadding(Sum):
    """Breaks the law on networks that are nearly all zero, as a padded batch is; not on others."""

    def forward(self, v):
        padded = (v.biases[0][..., 0] == 0).double().mean(1, keepdim=True) > 0.5
        return super().forward(v) + padded * v.weights[0][:, :1, 0, 0]


def test_weights_of_ones_own_show_what_constructed_ones_do_not():
    padded = weights(8).map(torch.clone)
    padded.tensors["b1"][:, 1:] = 0.0
    assert_equivariant(SeesPadding(), SPACE, inputs=["generic"])
    with pytest.raises(AssertionError, match="given/eval"):
        assert_equivariant(SeesPadding(), SPACE, inputs=padded)


def test_a_pipeline_is_asked_as_a_whole_and_its_modules_follow():
    def signs(v):
        return v.map(torch.sign)

    whole = pipeline(signs, Sum())
    assert next(iter(whole.double().parameters())).dtype is torch.float64
    assert_equivariant(whole, SPACE, inputs=weights())
    v = weights(1)
    assert_separates(whole, v, v.map(lambda tensor: 2 * tensor), separates=False)
    with pytest.raises(AssertionError, match="differs"):
        assert_equivariant(pipeline(lambda v: v.flat(), torch.nn.Linear(SPACE.parameters, 2)), SPACE, inputs=weights())


def test_two_vectors_are_asked_of_a_loaded_network():
    v = weights(2)
    assert assert_separates(lambda: Sum(), v[0], v[1])
    shuffled = dict(v.arrays(0))
    shuffled["b1"] = shuffled["b1"][np.array([1, 2, 0])]
    assert assert_separates(lambda: Sum(), v.arrays(0), shuffled, SPACE, separates=False)


def test_nothing_is_drawn_anew_so_the_row_that_draws_does_not_apply(tmp_path):
    (tmp_path / "nets.py").write_text(FILE)
    (tmp_path / "s.yaml").write_text(SUITE.replace("modes: [eval]", "modes: [eval], asks: [redraw]"))
    named = parse_name(f"{tmp_path}/nets.py:untrained")
    rows = plan([load_suite(tmp_path / "s.yaml", [named])], [named])
    found = [evaluate(cell, load(named)) for cell in rows if "tiny/invariant" in cell.case]
    assert [(row.outcome, str(row.refusal)) for row in found] == [("not-applicable", "no-parameters")]
    assert "none is drawn anew" in found[0].reason
