"""A check names the zoos that its rows read, no more and no less, so that they are trained before any row's time runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from orbitcheck.harness.checks import CHECK_KINDS
from orbitcheck.harness.checks.equivariance.task import Task, draw_inputs
from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.core.parameters import parse_named
from orbitcheck.harness.language.reading import load_suite
from orbitcheck.harness.language.shipped import shipped_suites
from orbitcheck.harness.language.suite import Suite
from orbitcheck.harness.pairs.making import make_pair
from orbitcheck.harness.regimes import REGIMES
from orbitcheck.harness.weights.space import NamedSpace, WeightSpace
from orbitcheck.harness.zoo import population
from orbitcheck.harness.zoo.recipe import Zoo, parse_reference


class Read(Exception):
    """A zoo is about to be read."""


@pytest.fixture
def read(monkeypatch) -> set[str]:
    """The names of the zoos that anybody asks for; whoever does is stopped there."""
    names: set[str] = set()

    def entry(zoo: Zoo, progress: Any, force: bool) -> None:
        names.add(zoo.name)
        raise Read

    monkeypatch.setattr(population, "_entry", entry)
    return names


def draw(kind: str, parameters: Mapping[str, Any], case: str) -> None:
    """What the measurement of a row draws first: its weights. Exhaustive, detection and completeness draw none of a zoo."""
    rng = np.random.default_rng(0)
    if kind == "equivariance":
        task = Task.of(Cell("s", "c", kind, parameters, case, None, "stats"))
        draw_inputs(task, task.named.space, 2, rng)
    elif kind == "separation":
        make_pair(parameters, case)
    elif kind in ("approximation", "general-position", "floor"):
        regime, settings = parse_named(REGIMES, parameters["regime"], "regime")
        regime.draw(settings, WeightSpace.from_json(parameters["space"]), [2], rng)


@pytest.mark.parametrize("name", shipped_suites())
def test_every_check_of_a_shipped_suite_needs_what_its_rows_read(name, read):
    suite: Suite = load_suite(name)
    for check in suite.checks:
        read.clear()
        for case in check.cases:
            try:
                draw(check.kind, check.parameters, case)
            except Read:
                continue
        needed = {parse_reference(reference)[0].name for reference in CHECK_KINDS[check.kind].needs(check.parameters)}
        assert needed == read, check.id


def test_some_shipped_suite_needs_a_zoo_behind_a_regime_a_family_and_a_space():
    """Without such rows the law above would say nothing."""
    needing = {
        check.kind
        for name in shipped_suites()
        for check in load_suite(name).checks
        if CHECK_KINDS[check.kind].needs(check.parameters)
    }
    assert needing == {"approximation", "general-position", "separation", "equivariance"}


def test_the_space_of_a_zoo_with_constructed_inputs_needs_no_training():
    kind = CHECK_KINDS["equivariance"]
    zoo, group = parse_reference("digits-inr")
    spaces = {"siren": NamedSpace(zoo.spaces[group], "digits-inr")}
    for inputs, needed in ((["generic"], []), (["generic", "zoo"], ["digits-inr"]), (None, ["digits-inr"])):
        parameters = kind.resolve(kind.parameters.model_validate({"spaces": ["siren"], "inputs": inputs}), spaces)
        assert list(kind.needs(parameters)) == needed
