"""Small zoos for how things are kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orbitcheck.harness.zoo.cache import VARIABLE
from orbitcheck.harness.zoo.recipe import ZOOS, Zoo

INRS, CLASSIFIERS, REGRESSORS = ZOOS["digits-inr"], ZOOS["digits-classifiers"], ZOOS["diabetes-regressors"]
SMALL = {
    "digits-inr": replace(INRS, recipe={**INRS.recipe, "images": 10, "steps": 5, "nets_at_once": 4}),
    "digits-classifiers": replace(CLASSIFIERS, recipe={**CLASSIFIERS.recipe, "nets": 3, "epochs": [1, 2]}),
    "diabetes-regressors": replace(REGRESSORS, recipe={**REGRESSORS.recipe, "nets": 3, "epochs": [1, 6]}),
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
