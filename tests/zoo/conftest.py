"""Small zoos for how things are kept, and one cache with the real ones for the whole test session."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from orbitcheck.harness.zoo import store
from orbitcheck.harness.zoo.cache import VARIABLE
from orbitcheck.harness.zoo.catalogue import ZOOS, Zoo
from orbitcheck.harness.zoo.store import Population

INRS, CLASSIFIERS = ZOOS["digits-inr"], ZOOS["digits-classifiers"]
SMALL = {
    "digits-inr": replace(INRS, recipe={**INRS.recipe, "images": 10, "steps": 5, "nets_at_once": 4}),
    "digits-classifiers": replace(CLASSIFIERS, recipe={**CLASSIFIERS.recipe, "nets": 3, "epochs": [1, 2]}),
}


@pytest.fixture(params=list(SMALL))
def small(request: pytest.FixtureRequest) -> Zoo:
    return SMALL[request.param]


@pytest.fixture
def small_inrs() -> Zoo:
    return SMALL["digits-inr"]


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    return tmp_path / "zoo"


@pytest.fixture(scope="session")
def real_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "real-zoos"


@pytest.fixture
def real(real_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Population]]:
    """`population` on a cache that all tests share, so that each real zoo is trained once."""
    monkeypatch.setenv(VARIABLE, str(real_cache))
    return store.population
