"""Training, validation and test that share an orbit or a function are refused, before anything is measured."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from orbitcheck.extending import (
    INVARIANT_FUNCTIONAL,
    REGIMES,
    TARGETS,
    ZOOS,
    Samples,
    regime,
    stacked,
    target,
    zoo_regime,
)
from orbitcheck.harness.checks.approximation.data import problem, samples_of
from orbitcheck.harness.checks.approximation.kind import KIND
from orbitcheck.harness.checks.approximation.measurement import refusal
from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.core.outcomes import Fault
from orbitcheck.harness.core.parameters import Parameters, SuiteValueError, parse_parameters
from orbitcheck.harness.oracles.levels.partitions import Power
from orbitcheck.harness.oracles.levels.splits import split
from orbitcheck.harness.pairs.vectors import random_vector, relabelled
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.weights.space import NamedSpace, mlp
from orbitcheck.harness.zoo import population
from orbitcheck.harness.zoo.recipe import Zoo

TINY, HINGE = mlp(1, 3, 1), mlp(1, 1, 1)
SPACES = {"tiny": NamedSpace(TINY), "hinge": NamedSpace(HINGE)}
SIZES = {"train": 60, "validation": 10, "test": 30}


@pytest.fixture
def copies():
    """20 networks with random labels, each five times in other numbering, dealt at random; and the label as a target."""
    kept = [(registry, dict(registry.items())) for registry in (REGIMES, TARGETS, ZOOS)]

    @regime(
        "copies",
        "twenty networks five times",
        space=lambda parameters, space: space,
        metadata=("label",),
        limit=lambda p: 100,
    )
    def draw(parameters, space, sizes, rng):
        nets = [random_vector(space, rng) for _ in range(20)]
        labels = torch.from_numpy(rng.normal(size=20))
        order = rng.permutation(100)
        parts = np.split(order[: sum(sizes)], np.cumsum(sizes)[:-1])
        return tuple(
            Samples(
                stacked(space, [relabelled(space, nets[net % 20], rng) for net in part]).weights,
                {"label": labels[part % 20]},
            )
            for part in parts
        )

    @target("own-label", "the label", kind=INVARIANT_FUNCTIONAL, size=lambda parameters, space: 1, needs=("label",))
    def value(parameters, samples):
        return samples.metadata["label"].unsqueeze(1)

    yield
    for registry, entries in kept:
        registry._entries.clear()
        registry._entries.update(entries)


def resolved(regime: str, target: str = "weight-norms", space: str | None = "tiny", sizes=SIZES, **more):
    given = {
        "target": {"name": target},
        "regime": {"name": regime, **more},
        "sizes": sizes,
        "steps": 2,
        "parameters": [300],
    }
    return KIND.resolve(parse_parameters(KIND.parameters, {**given, **({"space": space} if space else {})}), SPACES)


def test_copies_in_other_numbering_are_refused_with_their_number_and_an_example(copies):
    parameters = resolved("copies", "own-label")
    said = refusal(parameters)
    parts, _ = samples_of(parameters)
    labels = [value for part in parts.values() for value in set(part.metadata["label"].tolist())]
    several = sum(labels.count(value) > 1 for value in set(labels))
    assert several > 10, "so that the number says something"
    assert said is not None and said.startswith(
        f"training, validation and test must share nothing: {several} orbits with "
    )
    assert "are one up to the numbering of hidden neurons" in said
    row = evaluate(Cell("s", "c", "approximation", parameters, KIND.cases(parameters)[0], None, "stats"))
    assert (row.outcome, row.fault, row.reason) == ("error", Fault.SHARED, said)


SUITE = """\
suite: copied
version: 1
title: copies
spaces: {{hinge: {{mlp: [1, 1, 1]}}}}
checks:
  - id: constant
    kind: approximation
    space: hinge
    target: {{name: value-at-point}}
    regime: {{name: ties, ties: quantised, bits: 1}}
    sizes: {{train: {train}, validation: 4, test: 8}}
    parameters: [300]
    steps: 2
"""


def test_a_run_is_refused_before_its_first_row(tmp_path):
    """One bit an entry: sixteen vectors of ten functions and fewer, all of them among sixty-four training samples."""
    from orbitcheck.harness.front.cli import main

    (tmp_path / "suite.yaml").write_text(SUITE.format(train=64))
    out = tmp_path / "out"
    answer = CliRunner().invoke(main, ["run", str(tmp_path / "suite.yaml"), "-a", "stats", "-j", "1", "-o", str(out)])
    assert answer.exit_code == 2, answer.output
    [line] = [line for line in answer.stderr.splitlines() if "share nothing" in line]
    assert line.startswith("orbitcheck: copied: constant: training, validation and test must share nothing: ")
    assert "functions with" in line and "compute one function" in line
    assert not (out / "results.json").exists()


def test_samples_that_an_earlier_part_holds_are_drawn_anew_and_no_others():
    parameters = resolved(
        "ties", "value-at-point", "tiny", {"train": 400, "validation": 20, "test": 60}, ties="quantised", bits=2
    )
    parts, shared = samples_of(parameters)
    assert shared is None
    flat = {part: {name: t[..., 0].numpy() for name, t in each.weights.items()} for part, each in parts.items()}
    assert split(TINY, flat, Power.FUNCTION).shared is None
    by_orbit, _ = samples_of({**parameters, "target": resolved("ties", ties="quantised")["target"]})
    assert torch.equal(parts["train"].weights.flat(), by_orbit["train"].weights.flat())
    same = (parts["test"].weights.flat() == by_orbit["test"].weights.flat()).all(1)
    assert 0 < int((~same).sum()) < 30, "functions are shared where orbits are not"
    problem(parameters)


def test_a_zoo_with_copies_deals_them_whole(copies, monkeypatch):
    zoo = Zoo("copied", "", {"1-3-1": TINY}, {"nets": 100}, "nobody:train")
    ZOOS.add("copied", zoo)
    rng = np.random.default_rng(0)
    nets = [random_vector(TINY, rng) for _ in range(20)]
    weights = stacked(TINY, [relabelled(TINY, nets[number % 20], rng) for number in range(100)]).weights
    own = population.Population(TINY, weights, {"label": torch.arange(100) % 20}, "")
    monkeypatch.setattr(population, "load", lambda name, group=None: own)
    REGIMES.add("copied", zoo_regime("copied", "", Parameters, lambda parameters: "1-3-1", 100, ("label",)))
    parameters = resolved("copied", "own-label", None)
    assert refusal(parameters) is None
    parts, _ = samples_of(parameters)
    labels = [set(part.metadata["label"].tolist()) for part in parts.values()]
    assert (
        list(map(len, labels)) == [12, 2, 6] and not labels[0] & labels[1] and not (labels[0] | labels[1]) & labels[2]
    )
    with pytest.raises(SuiteValueError, match="20 different networks of 100"):
        samples_of(resolved("copied", "own-label", None, {"train": 96, "validation": 2, "test": 2}))


def test_zoos_in_which_every_network_is_alone_are_dealt_as_before():
    parameters = resolved(
        "digits-classifiers", "test-accuracy", None, {"train": 64, "validation": 16, "test": 32}, group="16-16-10"
    )
    parts, shared = samples_of(parameters)
    assert shared is None
    from orbitcheck.harness.core.result import digest

    seed = int(digest([parameters[key] for key in ("regime", "space", "sizes")])[:12], 16)
    order = torch.from_numpy(np.random.default_rng(seed).permutation(128))
    whole = population.load("digits-classifiers", "16-16-10")
    assert torch.equal(parts["test"].weights.flat(), whole.weights[order[80:112]].to(torch.float64).flat())
    json.dumps(parameters)
