"""A small step of any one entry shows, unless a lower precision swallows it; the tensor is named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from orbitcheck.harness.checks.resolution.evidence import ResolutionEvidence, StepEvidence
from orbitcheck.harness.checks.resolution.kind import KIND
from orbitcheck.harness.checks.resolution.measurement import chosen, predicted_moves, stepped, turned, unmoved
from orbitcheck.harness.checks.resolution.verdict import Shows, judge
from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.core.parameters import parse_parameters
from orbitcheck.harness.plugins.discovery import load, parse_name
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.weights.space import NamedSpace, mlp
from orbitcheck.harness.weights.spaces import conv_net

from .nets import Editor, Float16Biases, Float32Inside, Net, ScaledFloat32, claims

SPACE = mlp(2, 6, 5, 4, 3, activation="tanh")
SPACES = {"deep": NamedSpace(SPACE)}
PARAMETERS = KIND.resolve(parse_parameters(KIND.parameters, {"spaces": ["deep"]}), SPACES)


def row(architecture):
    return evaluate(Cell("s", "resolution", "resolution", PARAMETERS, "deep", None, architecture.name), architecture)


@pytest.mark.parametrize(
    ("network", "hidden"),
    [
        (Float32Inside, {"W1", "W2", "W3", "W4"}),
        (Float16Biases, {"b1", "b2", "b3", "b4"}),
        (ScaledFloat32, {"W4"}),
    ],
)
def test_a_lower_precision_inside_fails_and_its_tensors_are_named(network, hidden):
    found = row(claims(network, over=1))
    assert found.outcome == "fail", found.reason
    assert {name for name, step in found.evidence.float64.items() if step.hidden} == hidden
    assert all(f"{name} (" in found.reason for name in hidden)


@pytest.mark.parametrize("network", [Net, Editor])
def test_a_network_in_its_own_precision_passes(network):
    found = row(claims(network, over=1))
    assert found.outcome == "pass", found.reason
    assert min(step.least for step in found.evidence.float64.values()) > 50


@pytest.mark.parametrize(
    ("name", "outcome"), [("canonical-mlp", "pass"), ("sorted-mlp", "pass"), ("probe", "pass"), ("stats", "observed")]
)
def test_controls_are_as_predicted(name, outcome):
    found = row(load(parse_name(name)))
    assert found.outcome == outcome, found.reason


def test_every_entry_of_a_generic_vector_is_predicted_for_1_wl_and_none_for_less():
    rng = np.random.default_rng(0)
    entries = chosen(SPACE, rng)
    assert len(entries) == 12 + 6 + 12 + 5 + 12 + 4 + 12 + 3
    v = unmoved(SPACE, rng)
    moved = [stepped(v, entry, 2.0**-30) for entry in entries] + [w for _, w in turned(SPACE, v, rng)]
    assert predicted_moves(claims(Net), SPACE, v, moved).all()
    assert not predicted_moves(claims(Net, power="below-1-wl", rounds=None), SPACE, v, moved).any()


def test_what_is_turned_leaves_every_bag_of_sizes_as_it_is():
    v = unmoved(SPACE, np.random.default_rng(0))
    found = turned(SPACE, v, np.random.default_rng(1))
    names = [name for name, _ in found]
    assert len(names) == 8 * 3 + 4 * 3 + 2
    for name, w in found:
        assert any((v[each] != w[each]).any() for each in v)
        for each in v:
            same = np.sort(v[each], None) == np.sort(w[each], None)
            assert same.all() or (
                name == f"sign:{each}" and (np.sort(abs(v[each]), None) == np.sort(abs(w[each]), None)).all()
            )
    inputs = dict(found)[f"indices:{SPACE.axes['W1'][1]}"]
    assert (inputs["W1"] == v["W1"][:, ::-1]).all() and inputs["b1"] is v["b1"]


def test_a_step_moves_one_entry():
    v = {"W1": np.arange(6.0).reshape(2, 3), "b1": np.ones(2)}
    moved = stepped(v, ("W1", 4), 2.0**-30)
    assert (moved["W1"] != v["W1"]).sum() == 1 and moved["W1"][1, 1] == 4 * (1 + 2.0**-30)
    assert moved["b1"] is v["b1"]


class Anonymous(Net):
    """Does not know its inputs apart."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        self.ends_of[0] = nn.Parameter(torch.zeros(1, channels))


class Sizes(Net):
    """Reads the sizes of weights."""

    def inputs(self, v):
        return [w.abs() for w in v.weights], list(v.biases)


class Graph(Net):
    """Passes messages along weights, whatever they are, and reads the weights of each tensor as a bag."""

    def inputs(self, v):
        self.bag = torch.stack([(w * k).sin().flatten(1).mean(1) for w in v.weights for k in (1, 2)], 1)
        return [(w != 0).to(w) for w in v.weights], list(v.biases)

    def finish(self, result):
        return result + self.bag.sum(1, keepdim=True)


@pytest.mark.parametrize(
    ("network", "hidden"),
    [
        (Anonymous, {"indices:n0"}),
        (Sizes, {f"sign:W{i}" for i in (1, 2, 3, 4)}),
        (Graph, {f"entries:W{i}" for i in (1, 2, 3, 4)} | {"indices:n0"}),
    ],
)
def test_what_sees_every_step_and_not_where_entries_stand_fails(network, hidden):
    """One bag of entries for each tensor sees every step of this check, and so does a sum of sizes."""
    found = row(claims(network, over=1))
    assert (found.outcome, found.observed) == ("fail", Shows.SOME), found.reason
    assert not any(step.hidden for step in found.evidence.float64.values())
    assert {name for name, step in found.evidence.turned.items() if step.hidden} == hidden
    assert "exchanged or negated does not show" in found.reason


STEP = StepEvidence(entries=4, predicted=4, hidden=0, unclear=0, least=50.0, seen=4)


@pytest.mark.parametrize(
    ("float64", "float32", "outcome", "observed"),
    [
        (STEP, STEP, "pass", Shows.ALL),
        (StepEvidence(4, 4, 1, 0, 0.0, 3), STEP, "fail", Shows.SOME),
        (STEP, StepEvidence(4, 4, 1, 0, 0.0, 3), "fail", Shows.SOME),
        (StepEvidence(4, 4, 0, 1, 5.0, 3), STEP, "undecided", Shows.SOME),
        (StepEvidence(4, 4, 0, 1, 5.0, 3), StepEvidence(4, 4, 1, 0, 0.0, 3), "fail", Shows.SOME),
        (StepEvidence(4, 0, 0, 0, None, 2), StepEvidence(4, 0, 0, 0, None, 4), "observed", Shows.SOME),
        (StepEvidence(4, 3, 0, 0, 50.0, 3), STEP, "pass", Shows.SOME),
    ],
)
def test_the_verdict_is_of_predicted_moves_alone(float64, float32, outcome, observed):
    found = judge(ResolutionEvidence("a space", 4, {"W1": float64}, {"W1": float32}))
    assert (found.outcome, found.observed) == (outcome, observed)


@pytest.mark.parametrize(
    ("turned", "outcome"),
    [
        (STEP, "pass"),
        (StepEvidence(4, 4, 1, 1, 0.0, 3), "fail"),
        (StepEvidence(4, 4, 0, 1, 5.0, 3), "undecided"),
        (StepEvidence(4, 3, 0, 0, 50.0, 0), "pass"),
    ],
)
def test_what_is_turned_is_judged_as_a_step_is(turned, outcome):
    found = judge(ResolutionEvidence("a space", 4, {"W1": STEP}, {"W1": STEP}, {"entries:W1": turned}))
    assert (found.outcome, found.observed) == (outcome, Shows.ALL if outcome == "pass" else Shows.SOME)
    assert ("entries:W1" in found.reason) == (outcome != "pass")
    alone = ResolutionEvidence("a space", 4, {}, {}, {"entries:W1": replace(turned, predicted=0)})
    assert judge(alone).outcome == "observed"
    hidden = ResolutionEvidence(
        "a space", 4, {"W1": StepEvidence(4, 4, 0, 1, 5.0, 3)}, {}, {"n0": StepEvidence(1, 1, 1, 0, 0.0, 0)}
    )
    assert judge(hidden).outcome == "fail"


def test_spaces_beyond_mlps_are_taken():
    parameters = KIND.resolve(
        parse_parameters(KIND.parameters, {"spaces": ["c"]}), {"c": NamedSpace(conv_net(1, 2, 2))}
    )
    assert len(KIND.cases(parameters)) == 1


class Float16InFloat32(Net):
    """Its biases lose digits only where the network runs in float32."""

    def inputs(self, v):
        weights, biases = super().inputs(v)
        return weights, [b.half().float() if b.dtype == torch.float32 else b for b in biases]


class ForgetsOneEntry(Net):
    """Of the largest entry of W2 only the sign is read."""

    def inputs(self, v):
        weights, biases = super().inputs(v)
        largest = weights[1].abs().flatten(1).amax(1).view(-1, 1, 1, 1)
        weights[1] = torch.where(weights[1].abs() == largest, weights[1].sign(), weights[1])
        return weights, biases


def test_one_vector_in_all_draws_so_that_what_is_hidden_stays_hidden():
    found = row(claims(Float16InFloat32, over=1))
    assert found.outcome == "fail"
    assert {name for name, step in found.evidence.float32.items() if step.hidden} == {"b1", "b2", "b3", "b4"}


def test_a_single_entry_that_is_not_read_fails():
    space = mlp(1, 3, 3, 1, activation="tanh")  # few enough entries that all are asked
    parameters = KIND.resolve(parse_parameters(KIND.parameters, {"spaces": ["small"]}), {"small": NamedSpace(space)})
    network = claims(ForgetsOneEntry, over=1)
    found = evaluate(Cell("s", "resolution", "resolution", parameters, "small", None, network.name), network)
    step = found.evidence.float64["W2"]
    assert (found.outcome, step.hidden) == ("fail", 1)
