"""Shared by all tests: one thread a process, since small matrices on many threads only wait for each other; one cache of real zoos."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from orbitcheck.harness.running import planted
from orbitcheck.harness.running.keeping import asked
from orbitcheck.harness.running.planting.plants import PLANTS
from orbitcheck.harness.zoo import population as store
from orbitcheck.harness.zoo.cache import VARIABLE
from orbitcheck.harness.zoo.population import Population

torch.set_num_threads(1)

# Nothing is left in the user's own cache, and nothing found there; workers of xdist and processes of tests have this one, too. A short
# name, since sockets lie under it.
if VARIABLE not in os.environ:
    os.environ[VARIABLE] = tempfile.mkdtemp(prefix="oc-")
    atexit.register(shutil.rmtree, os.environ[VARIABLE], ignore_errors=True)

# Runs inside tests are no news to the job that runs the tests: it gets no annotations and no summary of theirs.
for _name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
    os.environ.pop(_name, None)


@pytest.fixture(autouse=True)
def nothing_asked_before() -> None:
    """What earlier tests of this process opened and looked for is none of this one's: a process that asked for too much keeps no row."""
    asked.forget()


@pytest.fixture(scope="module")
def few_plants() -> Iterator[None]:
    """Runs of this process plant two networks of each check kind; all of them cost six processor seconds, and tests/running plants all."""
    few = {(plant.red.kind, plant.wanted == "pass"): name for name, plant in reversed(PLANTS.items())}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planted, "PLANTS", {name: PLANTS[name] for name in few.values()})
        yield


@pytest.fixture(scope="session")
def real_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "real-zoos"


@pytest.fixture
def real(real_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Population]]:
    """`population` on a cache that all tests share, so that each real zoo is trained once."""
    monkeypatch.setenv(VARIABLE, str(real_cache))
    return store.population
