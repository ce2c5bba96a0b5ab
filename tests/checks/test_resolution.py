"""What a network resolves is kept for its own factory alone: one that takes its place, even in memory, is measured itself."""

from __future__ import annotations

import gc
import weakref

import pytest

from orbitcheck.harness.checks.separation import resolution
from orbitcheck.harness.checks.separation.evidence import RungEvidence
from orbitcheck.harness.checks.separation.resolution import ladder_ratios
from orbitcheck.harness.learning.workbench import Workbench
from orbitcheck.harness.plugins.architecture import Architecture, Traits

BENCH = Workbench()


class Factory:
    """Stands for a plug-in whose every gap is `ratio` times the noise."""

    def __init__(self, ratio: float):
        self.ratio = ratio

    def __call__(self, space, output):
        raise NotImplementedError


@pytest.fixture
def measured(monkeypatch) -> list[float]:
    """The ratios that were measured, one entry a call."""
    found: list[float] = []

    def rung(architecture, pair, seed, bench, declared):
        found.append(architecture.factory.ratio)
        return RungEvidence(architecture.factory.ratio)

    monkeypatch.setattr(resolution, "rung", rung)
    return found


def ratio_of(factory: object) -> float:
    return ladder_ratios(Architecture("net", factory, Traits()), BENCH)[1]  # type: ignore[arg-type]


def test_a_factory_at_the_place_of_one_that_is_gone_is_given_its_own_resolution(measured):
    first = [Factory(1.0) for _ in range(200)]
    assert {ratio_of(factory) for factory in first} == {1.0}
    places, gone = {id(factory) for factory in first}, [weakref.ref(factory) for factory in first]
    del first
    gc.collect()
    assert not any(reference() for reference in gone)
    kept = []
    while id(second := Factory(2.0)) not in places:
        kept.append(second)  # so that the next one lies elsewhere
        assert len(kept) < 1_000_000
    assert ratio_of(second) == 2.0


def test_a_factory_is_measured_once_for_each_of_its_options_however_often_it_is_loaded(measured):
    factory = Factory(1.0)
    for options in ({}, {"depth": 2}, {}, {"depth": 2}):
        ladder_ratios(Architecture("net", factory, Traits(), options), BENCH)
    assert len(measured) == 2 * 2  # two pairs on the first rung, where it stops


def test_a_factory_that_cannot_be_a_key_is_measured_each_time(measured):
    class Unhashable(Factory):
        __hash__ = None  # type: ignore[assignment]

    factory = Unhashable(3.0)
    assert ratio_of(factory) == ratio_of(factory) == 3.0
