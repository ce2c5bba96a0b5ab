"""A shipped suite asks of one's own networks what it asks of its zoos', and expects none of their numbers."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from orbitcheck import mlp
from orbitcheck.harness.front.selection import SelectionError, select
from orbitcheck.harness.language.shipped import shipped_suites


@pytest.fixture
def manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("ORBITCHECK_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    Path("nets").mkdir()
    for seed in range(12):
        torch.manual_seed(seed)
        torch.save(nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2)).state_dict(), f"nets/{seed}.pt")
    Path("zoo.yaml").write_text("files: nets/*.pt\nactivation: tanh\n")
    return "zoo.yaml"


def test_every_zoo_of_a_suite_is_replaced_and_nothing_else(manifest: str):
    own, shipped = (
        {check.id: check for check in select(["quick"], ["stats"], zoo=zoo).suites["quick"].checks}
        for zoo in (manifest, None)
    )
    assert shipped.keys() - own.keys() == {"real-classifier"}  # asks the same now as "real-inr"
    space = mlp(3, 5, 2, activation="tanh")
    moved = {name for name in own if own[name].parameters != shipped[name].parameters}
    assert moved == {"equivariance-real", "real-inr"}
    assert own["real-inr"].parameters["pairs"]["zoo"] == manifest
    assert str(space.to_json()) in str(own["equivariance-real"].parameters)


def test_expectations_of_another_population_are_left_out(manifest: str):
    checks = select(["audit"], ["stats"], zoo=manifest).suites["audit"].checks
    assert all(
        tuple(ends) == (0, 1)
        for check in checks
        for expected in check.parameters["forms"].values()
        for ends in expected.values()
    )
    assert {check.claim for check in checks} == {None}
    paper = select(["paper"], ["stats"], zoo=manifest).suites["paper"]
    assert "gp-audit" not in {conclusion.claim for conclusion in paper.conclusions}


def test_a_suite_without_a_zoo_says_so(manifest: str):
    assert "completeness" in shipped_suites()
    with pytest.raises(SelectionError, match="completeness: uses no zoo"):
        select(["completeness"], ["stats"], zoo=manifest)
