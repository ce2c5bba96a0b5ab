"""A sample of benchmarks/acceptance/two_fwl.py: pairs that no suite holds, on which oracle and `nft` have to agree."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "acceptance" / "two_fwl.py"


@pytest.fixture(scope="module")
def acceptance():
    spec = importlib.util.spec_from_file_location("two_fwl_acceptance", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_there_are_forty(acceptance):
    assert len(acceptance.PAIRS) == 40


@pytest.mark.parametrize(
    ("name", "two_fwl"),
    [("cycles (6,) (4, 2)", "different"), ("CFI theta", "different"), ("CFI K4", "equivalent")],
)
def test_oracle_and_network_agree(acceptance, name, two_fwl):
    row = acceptance.asked(name)
    assert (row["2-FWL"], row["certificate"], row["outcome"]) == (two_fwl, "holds", "pass")
    assert row["1-WL round"] is None and row["orbit"] == "different"
