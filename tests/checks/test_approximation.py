"""Approximation rows end to end, on budgets of seconds: sound networks pass, cheats are caught, numbers repeat."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from orbitcheck import Equivariant, Invariant, Weights, mlp, recurrent
from orbitcheck.harness.checks.approximation.data import problem
from orbitcheck.harness.checks.approximation.kind import KIND
from orbitcheck.harness.checks.approximation.learner import Learner, tensor_scales
from orbitcheck.harness.checks.approximation.reference import leak, reference
from orbitcheck.harness.checks.approximation.task import read_case
from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.core.parameters import SuiteValueError, parse_parameters
from orbitcheck.harness.core.result import members
from orbitcheck.harness.learning.checkpoint import Checkpoint
from orbitcheck.harness.oracles.floors import equivariant_floor, functional_floor
from orbitcheck.harness.plugins.architecture import Traits, Unsupported, as_architecture
from orbitcheck.harness.plugins.discovery import load, parse_name
from orbitcheck.harness.regimes import Samples
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.weights.realisation import realise
from orbitcheck.harness.weights.realisation.expansion import mean_function
from orbitcheck.harness.weights.space import NamedSpace
from orbitcheck.harness.weights.symmetry import act, random_elements

SPACES = {
    "tiny": NamedSpace(mlp(1, 4, 4, 1)),
    "line": NamedSpace(mlp(1, 3, 1)),
    "hinge": NamedSpace(mlp(1, 1, 1)),
    "two": NamedSpace(mlp(2, 3, 2, activation="tanh")),
    "memory": NamedSpace(recurrent(1, 4, 1)),
}
SIZES = {"train": 256, "validation": 64, "test": 64}
GENERAL = {"name": "general-position"}
TWINS = {"name": "prop-6.2-twins"}


def resolved(target: str | dict, regime=GENERAL, **changes):
    given = {
        "target": {"name": target} if isinstance(target, str) else target,
        "regime": regime,
        "sizes": SIZES,
        "steps": 30,
        "parameters": [2000],
        **({} if regime is TWINS or "space" in changes else {"space": "tiny"}),
        **changes,
    }
    return KIND.resolve(parse_parameters(KIND.parameters, given), SPACES)


def row(parameters, architecture="sorted-mlp", case: str | None = None, checkpoint=None):
    named = architecture if isinstance(architecture, str) else "under-test"
    cell = Cell("s", "c", "approximation", parameters, case or KIND.cases(parameters)[0], None, named)
    return evaluate(cell, None if isinstance(architecture, str) else architecture, checkpoint=checkpoint)


def facts(found) -> dict:
    """The evidence but for the one number that is a time."""
    return {key: value for key, value in members(found.evidence).items() if key != "loop_share"}


EVIDENCE = {
    *("target", "target_kind", "regime", "networks", "parameters", "asked_parameters", "options", "steps"),
    *("samples_seen", "error", "error_low", "error_high", "error_range", "seeds", "mse", "variance"),
    *("samples", "threshold", "curve", "loop_share"),
}


@pytest.mark.parametrize(
    ("target", "changes"),
    [
        ("weight-norms", {}),
        ("neuron-statistics", {}),
        ("value-at-point", {"space": "two"}),
        ("negation", {"space": "line", "networks": [1, 2]}),
    ],
)
def test_a_row_of_every_kind_holds_its_evidence_and_repeats_to_the_bit(target, changes):
    parameters = resolved(target, **changes)
    first, again = row(parameters), row(parameters)
    assert first.outcome in ("pass", "undecided", "observed"), first.reason
    assert {key for key, value in members(first.evidence).items() if value is not None} >= EVIDENCE
    assert facts(first) == facts(again)
    json.dumps(first.to_json(), allow_nan=False)
    evidence = first.evidence
    assert abs(evidence.parameters - 2000) <= 200
    chosen = min(evidence.seeds, key=lambda seed: seed.validation_error)
    assert evidence.seeds[evidence.chosen] == chosen
    assert evidence.error == chosen.error
    assert evidence.error_low <= evidence.error <= evidence.error_high
    assert evidence.error == pytest.approx(evidence.mse / evidence.variance)
    assert evidence.curve[-1][0] == evidence.steps == 30
    assert evidence.samples_seen == 30 * 64


def test_training_is_learning():
    found = row(resolved("neuron-statistics", steps=300, sizes={**SIZES, "train": 1024}, seeds=1), "dws")
    assert found.evidence.error < 0.2
    assert found.evidence.curve[0][1] > 2 * found.evidence.curve[-1][1]


def test_sign_flips_change_what_is_learned_from_and_no_more():
    plain, flipped = (resolved("value-at-point", space="two", **more) for more in ({}, {"augmentation": "sign-flip"}))
    assert resolved("value-at-point", space="two", augmentation="none") == plain  # so that older rows keep their ids
    assert flipped == {**plain, "augmentation": "sign-flip"}
    emitted, learned = (resolved("negation", space="line", step=step) for step in ("fixed", "learned"))
    assert "step" not in emitted and learned == {**emitted, "step": "learned"}
    assert problem(plain) is problem(flipped)
    first, again, other = row(flipped), row(flipped), row(plain)
    assert facts(first) == facts(again)
    assert first.evidence.error != other.evidence.error
    assert (first.evidence.variance, first.evidence.floor) == (
        other.evidence.variance,
        other.evidence.floor,
    )


def test_sign_flips_keep_a_network_from_learning_its_samples_by_heart():
    """Sixty vectors of functions of a tanh network, by a network that sees weights."""
    asked = {
        "space": "two",
        "sizes": {"train": 60, "validation": 64, "test": 256},
        "steps": 400,
        "batch": 16,
        "seeds": 1,
    }
    plain, flipped = (
        row(resolved("value-at-point", **asked, **more), "dws").evidence.error
        for more in ({}, {"augmentation": "sign-flip"})
    )
    assert flipped < 0.8 * plain


def test_cases_name_sizes_and_networks():
    assert KIND.cases(resolved("weight-norms", parameters=[500, 2000])) == ("500", "2000")
    networks = KIND.cases(resolved("negation", space="line", networks=[1, 4]))
    assert networks == ("k=1/2000", "k=4/2000")
    assert [read_case(case) for case in ("500", *networks)] == [(1, 500), (1, 2000), (4, 2000)]


@pytest.mark.parametrize(
    ("changes", "place", "words"),
    [
        ({"target": {"name": "weight-norm"}}, "target.name", 'did you mean "weight-norms"'),
        ({"target": {}}, "target.name", "required"),
        ({"target": {"name": "weight-norms", "powr": 2}}, "target.powr", "did you mean"),
        ({"regime": {"name": "general"}}, "regime.name", "unknown regime"),
        ({"regime": {"name": "digits-inr"}, "sizes": {"train": 5000}}, "", "digits-inr"),
        ({"space": "tny"}, "space", 'did you mean "tiny"'),
        ({"networks": [1, 2]}, "networks", "emits no function"),
        ({"parameters": [10, 10]}, "parameters", "twice"),
        ({"threshold": 1.5}, "threshold", "less than 1"),
        ({"augmentation": "sign-flips"}, "augmentation", "sign-flip"),
        ({"step": "learned"}, "step", "emits no network"),
        ({"augmentation": "sign-flip", "space": "two"}, "augmentation", "weight-norms sees signs"),
        ({"augmentation": "sign-flip", "target": {"name": "mean"}}, "augmentation", "tanh, sine only"),
        ({"steps": 0}, "steps", "greater than or equal to 1"),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_place(changes, place, words):
    with pytest.raises(SuiteValueError) as caught:
        resolved(**{"target": "weight-norms", **changes})
    assert any(
        words in message and ".".join(map(str, path)).startswith(place) for path, message in caught.value.problems
    )


def test_a_target_that_makes_no_sense_and_an_undeclared_domain_are_not_applicable():
    for parameters, architecture, words in (
        (resolved("middle-rank", space="line"), "sorted-mlp", "L >= 3"),
        (resolved("test-accuracy", space="line"), "sorted-mlp", ""),
        (resolved("weight-norms", TWINS), "sorted-mlp", "general position"),
        (resolved("neuron-statistics"), "probe", "unsupported"),
    ):
        found = row(parameters, architecture)
        assert found.outcome == "not-applicable", found.reason
        assert words in found.reason and found.reason


def test_the_data_are_the_same_for_every_architecture_and_size():
    one, other = problem(resolved("weight-norms")), problem(resolved("weight-norms", parameters=[9], steps=3, seeds=5))
    assert one is other
    norms, statistics = (problem(resolved(name)) for name in ("weight-norms", "neuron-statistics"))
    assert torch.equal(norms.inputs("test"), statistics.inputs("test"))
    assert not torch.equal(norms.inputs("test"), norms.inputs("validation"))


@pytest.mark.parametrize("target", ["weight-norms", "neuron-statistics", "negation"])
def test_units_keep_equivariance_and_functions(target):
    data = problem(resolved(target, space="line" if target == "negation" else "tiny"))
    scale, size = data.units.scale, data.size
    if target == "weight-norms":
        values = data.targets["train"]
        assert torch.allclose(values.mean(0), torch.zeros(size).double(), atol=1e-9)
        assert torch.allclose(values.std(0, correction=0), torch.ones(size).double())
    elif target == "negation":
        assert scale.unique().numel() == 1 and data.units.shift.unique().numel() == 1
    else:  # one number a tensor and channel
        by_tensor = Weights(data.space, {k: torch.from_numpy(v) for k, v in data.entries(scale[None]).items()})
        for _, tensor in by_tensor.items():
            flat = tensor.flatten(1, -2)
            assert (flat == flat[:, :1]).all()


def test_variances_are_those_that_floors_are_held_against():
    functional = problem(resolved("weight-norms"))
    values = functional.targets["test"].numpy()
    assert functional.variance == pytest.approx(functional_floor(np.zeros(len(values), int), values).variance)
    operator = problem(resolved("neuron-statistics"))
    entries = operator.entries(operator.targets["test"])
    none = {name: np.zeros(array.shape[:-1], int) for name, array in entries.items()}
    assert operator.variance == pytest.approx(equivariant_floor(none, entries).variance)


def test_a_learner_keeps_the_law_of_its_network():
    data = problem(resolved("neuron-statistics"))
    network = load(parse_name("dws[channels=4]")).build(data.space, data.output(1), seed=0, dtype=torch.float64)
    learner = Learner(network, data, raw=False, reach=1.0).double()
    v = data.samples["test"].weights
    (g,) = random_elements(data.space, 1, np.random.default_rng(0))

    def answer(of: Weights) -> Weights:
        flat = learner(of.flat())
        return Weights(data.space, {name: torch.from_numpy(part) for name, part in data.entries(flat.detach()).items()})

    torch.testing.assert_close(answer(act(g, v)).flat(), act(g, answer(v)).flat(), rtol=1e-12, atol=1e-12)


def test_emitted_networks_start_at_the_input_and_are_averaged():
    data = problem(resolved("negation", space="line", networks=[3]))

    class Nothing(nn.Module):
        def forward(self, v):
            return v.map(lambda tensor: torch.zeros_like(tensor).repeat_interleave(3, -1))

    v = data.samples["test"].weights
    answer = Learner(Nothing(), data, raw=False, reach=1.0).double()(v.flat())
    assert torch.allclose(answer * data.units.scale + data.units.shift, realise(v, data.x)[..., 0])
    three = v.map(lambda tensor: torch.cat([tensor, 2 * tensor, -tensor], -1))
    one_by_one = torch.stack([realise(v.map(lambda t, f=f: f * t), data.x) for f in (1, 2, -1)]).mean(0)
    assert torch.allclose(mean_function(three, data.x), one_by_one)


def test_a_learned_step_starts_at_one_and_is_trained():
    data = problem(resolved("negation", space="line", networks=[2]))

    class Moves(nn.Module):
        def forward(self, v):
            return v.map(lambda tensor: tensor.repeat_interleave(2, -1) / 8)

    v = data.samples["test"].weights
    fixed, learned = (Learner(Moves(), data, raw=False, reach=0.5, learns_step=each).double() for each in (False, True))
    assert torch.equal(fixed(v.flat()), learned(v.flat())) and not list(fixed.parameters())
    (step,) = learned.parameters()
    learned(v.flat()).square().sum().backward()
    assert step.shape == () and step.grad is not None and step.grad != 0
    with torch.no_grad():
        step.fill_(2.0)
    twice = Learner(Moves(), data, raw=False, reach=1.0).double()
    assert torch.equal(learned(v.flat()), twice(v.flat()))


def test_scales_of_tensors_of_zeros_are_one():
    data = problem(resolved("negation", {"name": "ties", "ties": "zero-biases"}, space="line"))
    scales = Weights.from_flat(data.space, tensor_scales(data)[None])
    assert (scales.tensors["b1"] == 1).all() and (scales.tensors["W1"] != 1).all()


class Cheat(nn.Module):
    """Reads the rank of W_2, which no network of the declared power can; else a learned constant."""

    def __init__(self, space, output, *, channels: int = 1, blunt: float = 1.0):
        super().__init__()
        self.scale, self.shift = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(1))
        self.blunt = blunt

    def forward(self, v: Weights) -> torch.Tensor:
        rank = torch.linalg.matrix_rank(v.weights[1].squeeze(-1).double()).to(v.dtype)
        return (self.shift + self.blunt * self.scale.sum() * (rank - 2.5)).unsqueeze(-1)


ONE_WL = Traits(power="1-wl", rounds=lambda: (4, 4))


def test_a_network_that_sees_more_than_it_declares_is_below_the_floor_or_a_leak():
    below = row(resolved("middle-rank", TWINS, steps=200, rate=0.05), as_architecture(Cheat, "cheat", ONE_WL))
    assert (below.outcome, below.observed) == ("fail", "below the floor")
    assert below.evidence.floor == pytest.approx(1.0)

    def faint(space, output):
        return Cheat(space, output, blunt=1e-9)

    found = row(resolved("value-at-point", TWINS), as_architecture(faint, "faint", ONE_WL))
    assert (found.outcome, found.observed) == ("fail", "leak"), found.reason
    unknown = row(resolved("middle-rank", TWINS, steps=200, rate=0.05), as_architecture(Cheat, "cheat", Traits()))
    assert unknown.outcome == "observed"


def test_on_the_twins_the_error_sits_at_the_floor_and_never_below():
    for target, steps, floor in (("middle-rank", 60, 1.0), ("cycle-weights", 400, None)):
        sizes = {**SIZES, "train": 1024}
        found = row(resolved(target, TWINS, steps=steps, seeds=1, sizes=sizes, parameters=[8000]), "dws")
        assert (found.outcome, found.observed) == ("pass", "at the floor"), found.reason
        assert found.evidence.floor == pytest.approx(floor) if floor else found.evidence.floor > 0.3
        assert found.evidence.error >= found.evidence.floor - 1e-9
        assert found.evidence.leak <= 10


def test_the_spread_inside_a_class_over_its_noise():
    outputs = torch.tensor([[0.0], [1.0], [1.0 + 3e-6], [5.0]], dtype=torch.float64)
    noise = torch.full((4, 1), 1e-6, dtype=torch.float64)
    assert leak(outputs, noise, np.array([0, 1, 1, 2]), 1) == pytest.approx(3.0)
    assert leak(outputs, noise, np.array([0, 1, 2, 3]), 1) is None
    entries = torch.tensor([[0.0, 1.0, 0.0, 7.0]], dtype=torch.float64)  # two entries of two channels
    assert leak(entries, torch.full_like(entries, 1e-6), np.array([[4, 4]]), 2) == pytest.approx(6e6)


@pytest.mark.parametrize("leaking", range(8))
@pytest.mark.parametrize("noisy", ["noise", "huge", "none"])
def test_a_leak_in_any_class_is_seen_beside_any_noisy_sample(leaking, noisy):
    """The slow obvious version beside it: a class at a time, by its own members alone."""
    rng = np.random.default_rng(leaking)
    members = np.concatenate([np.repeat(np.arange(8), 2), [8, 9, 10]])
    outputs = rng.normal(size=8)[np.r_[members[:16], [0, 1, 2]]][:, None] * (1, 2)
    noise = np.abs(rng.normal(size=outputs.shape)) * 1e-15 + 1e-16
    outputs[2 * leaking + 1, 0] += 1e-9
    if noisy != "none":
        for at in (2 * ((leaking + 1) % 8), 17):  # a member of another class, and a sample that is alone
            noise[at] = 1e-3 if noisy == "noise" else noise[at]
            outputs[at - at % 2 : at - at % 2 + 2 if at < 16 else at + 1] += 1e14 if noisy == "huge" else 0
    order = rng.permutation(len(members))
    found = leak(torch.tensor(outputs[order]), torch.tensor(noise[order]), members[order], 2)
    slow = [
        np.ptp(outputs[members == number], axis=0).max()
        / max(noise[members == number].max(), 2.0**-51 * np.abs(outputs[members == number]).max())
        for number in range(8)
    ]
    assert found == pytest.approx(max(slow)) and found == slow[leaking]
    assert found > 1e4


class NoisyAtOne(nn.Module):
    """Leaks the rank of W_2 by a billionth, and is rough at the samples whose last bias is the largest."""

    def __init__(self, space, output, *, channels: int = 1, leaks: float = 1e-9):
        super().__init__()
        self.scale, self.shift, self.leaks = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(1)), leaks

    def forward(self, v: Weights) -> torch.Tensor:
        bias = v.tensors["b3"].flatten()
        rank = torch.linalg.matrix_rank(v.tensors["W2"].squeeze(-1).double()).to(v.tensors["W2"].dtype)
        rough = torch.where(bias >= 1, torch.sin(2.0**46 * bias), torch.zeros_like(bias))
        return (self.shift + self.scale.sum() * (1e-3 * rough + self.leaks * (rank - 2.5))).unsqueeze(-1)


def test_a_network_that_is_noisy_at_one_sample_hides_no_leak():
    def honest(space, output):
        return NoisyAtOne(space, output, leaks=0.0)

    asked = resolved("value-at-point", TWINS, seeds=1)
    test = problem(asked).samples["test"].weights.tensors["b3"]
    assert 0 < int((test >= 1).sum()) <= 8
    found = row(asked, as_architecture(NoisyAtOne, "noisy", ONE_WL))
    assert (found.outcome, found.observed) == ("fail", "leak"), found.reason
    mended = row(asked, as_architecture(honest, "honest", ONE_WL))
    assert mended.observed != "leak" and mended.evidence.leak <= 10


def test_capacity_floors_fall_with_the_number_of_networks():
    parameters = resolved("tooth-doubling", {"name": "ties", "ties": "zero-biases"}, space="hinge", points=64)
    data = problem(parameters)
    floors = [reference(data, None, networks).floor for networks in (1, 2, 4)]
    assert [floor.kind for floor in floors] == ["capacity"] * 3
    assert floors[0].relative > floors[1].relative > floors[2].relative == pytest.approx(0, abs=1e-12)
    assert (
        reference(problem(resolved("negation", space="two")), None, 1).floor is None
    )  # two inputs, not piecewise linear
    found = row(parameters, "flat-mlp")
    assert (found.predicted, found.outcome) == ("impossible", "pass")


def test_a_diverging_network_is_an_error_row_with_its_step():
    def explosive(space, output):
        network = nn.Linear(space.parameters, output.dim)

        class Explosive(nn.Module):
            def __init__(self):
                super().__init__()
                self.inner = network
                self.start = nn.Parameter(network.bias.detach().clone(), requires_grad=False)

            def forward(self, v):
                moved = (self.inner.bias - self.start).abs().max() > 0.05
                return self.inner(v.flat()) / torch.where(moved, 0.0, 1.0)

        return Explosive()

    found = row(resolved("weight-norms", rate=0.1), as_architecture(explosive))
    assert found.outcome == "error"
    assert "diverged at step" in found.reason and "last finite loss was" in found.reason
    assert found.evidence.seeds[0].diverged_at < 30
    json.dumps(found.to_json(), allow_nan=False)


def test_an_interrupted_row_goes_on_and_ends_with_the_same_numbers(tmp_path):
    calls = {"left": 10**9}

    def network(space, output, *, channels: int = 8):
        class Network(nn.Module):
            def __init__(self):
                super().__init__()
                self.inner = nn.Linear(space.parameters, channels)
                self.outer = nn.Linear(channels, output.dim)

            def forward(self, v):
                calls["left"] -= 1
                if calls["left"] == 0:
                    raise KeyboardInterrupt
                return self.outer(torch.tanh(self.inner(v.flat())))

        return Network()

    architecture = as_architecture(network)
    parameters = resolved("weight-norms", steps=60)
    whole = row(parameters, architecture)
    kept = Checkpoint(tmp_path / "a.pt", "x", interval=0.0)
    calls["left"] = 70
    with pytest.raises(KeyboardInterrupt):
        row(parameters, architecture, checkpoint=kept)
    assert kept.read()["step"] > 10
    calls["left"] = 10**9
    again = row(parameters, architecture, checkpoint=kept)
    assert facts(whole) == facts(again)
    assert not kept.path.exists()


def test_a_broken_contract_is_an_error_and_a_refusal_is_not():
    def wrong_shape(space, output):
        return nn.Sequential(nn.Flatten())

    def refuses(space, output):
        if isinstance(output, Equivariant):
            raise Unsupported("invariants only")
        return Cheat(space, output)

    assert row(resolved("weight-norms"), as_architecture(wrong_shape)).outcome == "error"
    assert row(resolved("neuron-statistics"), as_architecture(refuses)).outcome == "not-applicable"
    assert Invariant(6) == problem(resolved("weight-norms")).output(1)


def recurrences(kind: str) -> dict[str, np.ndarray]:
    """Twelve networks of `recurrent(1, 4, 1)` that differ in R alone: six times the directed 4-cycle, and two swaps; each renumbered."""
    rng, space = np.random.default_rng(0), SPACES["memory"].space
    cycle, swaps = np.eye(4)[[1, 2, 3, 0]], np.eye(4)[[1, 0, 3, 2]]
    nets = []
    for number in range(12):
        order = rng.permutation(4)
        matrix = (cycle if number % 2 else swaps)[np.ix_(order, order)] / 2
        nets.append({name: matrix if name == "R1" else np.full(shape, 0.5) for name, shape in space.shapes.items()})
    return {name: np.stack([net[name] for net in nets]) for name in space.axes}


@pytest.mark.parametrize(("kind", "refinement", "classes"), [("refinement", "joint", 2), ("refinement", "split", 1), ("orbit", "joint", 2), ("function", "joint", 2), ("2-fwl", "joint", 2)])  # fmt: skip
def test_floors_beyond_mlps_are_those_of_exact_classes(kind, refinement, classes):
    """`split` never parts the directed 4-cycle from two swaps, `joint` does in round 1: only one of the two has a floor."""
    data = problem(resolved("mean", space="memory", sizes={"train": 16, "validation": 4, "test": 12}))
    arrays = recurrences(kind)
    weights = Weights(data.space, {name: torch.from_numpy(array)[..., None] for name, array in arrays.items()})
    values = torch.arange(12.0).double().remainder(2)[:, None]
    asked = replace(data, samples={**data.samples, "test": Samples(weights)}, targets={**data.targets, "test": values})
    found = reference(asked, kind, 1, refinement)
    assert found.classes == classes
    assert found.floor.relative == (1.0 if classes == 1 else 0.0)
    rounds = {"refinement": {"joint": 1, "split": 0}[refinement], "2-fwl": 0}
    assert found.floor.rounds == rounds.get(kind)


def test_a_network_learns_a_map_of_functions_of_recurrences():
    parameters = resolved("mean", space="memory", sizes={"train": 64, "validation": 16, "test": 16}, steps=10, seeds=1)
    found = row(parameters, "gmn")
    assert found.outcome in ("pass", "observed", "undecided") and found.evidence.floor == 0.0
    assert found.evidence.classes == 16 and found.evidence.floor_kind == "refinement"
