"""The statistics of benchmarks/acceptance/dilation.py, against scipy's paired test; the trainings themselves are long."""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks" / "acceptance"


@pytest.fixture(scope="module")
def dilation():
    spec = importlib.util.spec_from_file_location("dilation_acceptance", FOLDER / "dilation.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = list(sys.path)
    sys.path.insert(0, str(FOLDER))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path[:] = before
    return module


def test_a_fall_is_what_the_paired_one_sided_test_calls_one(dilation):
    from scipy.stats import ttest_rel

    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(40):
        before = np.exp(rng.normal(0, 0.3, 5))
        after = before * np.exp(rng.normal(-0.1, 0.1, 5))
        found = dilation.paired(before.tolist(), after.tolist())
        wanted = ttest_rel(np.log(before), np.log(after), alternative="greater").pvalue < 0.05
        assert found["falls"] == wanted
        assert found["factor"] == pytest.approx(math.exp(np.mean(np.log(after) - np.log(before))))
        assert (found["at most"] < 1) == wanted
        seen.add(bool(wanted))
    assert seen == {True, False}


@pytest.mark.parametrize(("before", "after"), [([1.0], [0.5]), ([1.0, 2.0], [0.5]), ([1.0, 1.0], [0.5, math.nan])])
def test_what_is_no_pair_is_refused(dilation, before, after):
    with pytest.raises(ValueError, match=r"pairs|argument"):
        dilation.paired(before, after)


def test_doublings_pair_seeds_and_budgets_are_not_mixed(dilation):
    found = {}
    for k, scale in ((1, 1.0), (2, 0.5), (4, 0.6)):
        for seed in range(3):
            found[f"gmn k={k} #{seed} (100 parameters, 5 steps)"] = {"error": scale * (1 + 0.01 * seed), "seconds": 1.0}
    found["gmn k=1 #0 (100 parameters, 9 steps)"] = {"error": 0.1, "seconds": 1.0}
    del found["gmn k=2 #0 (100 parameters, 5 steps)"]
    told = dilation.summary(found)
    first = told["doublings"]["gmn (100 parameters, 5 steps)"]
    assert (
        first["1 to 2"]["pairs"] == 2 and first["1 to 2"]["falls"] and first["1 to 2"]["factor"] == pytest.approx(0.5)
    )
    assert not first["2 to 4"]["falls"] and first["2 to 4"]["factor"] == pytest.approx(1.2)
    assert told["doublings"]["gmn (100 parameters, 9 steps)"] == {}
    assert told["trained"] == 9 and told["seconds"] == 9


def test_items_come_seed_by_seed_with_what_was_asked_in_their_keys(dilation):
    keys = [item.key for item in dilation.items(["gmn", "dws"], 100, 5, 2)]
    assert len(keys) == len(set(keys)) == 16
    assert all("#0" in key for key in keys[:8]) and keys[0] == "gmn k=1 #0 (100 parameters, 5 steps)"
