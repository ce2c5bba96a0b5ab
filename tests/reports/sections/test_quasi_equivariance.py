"""The table of edits that are held to their functions: both laws of each architecture that declares it, and of no other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orbitcheck.harness.core.result import Run
from orbitcheck.harness.plugins.discovery import load, parse_name
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.running.planting.plants import law
from orbitcheck.harness.running.tasks import describe_architecture
from orbitcheck.reports.html import html
from orbitcheck.reports.markdown import markdown
from orbitcheck.reports.sections.quasi_equivariance import both_laws
from orbitcheck.reports.sections.verdicts import verdicts

NAMES = ("magep", "magep[normalised=true]")


@pytest.fixture(scope="module")
def run() -> Run:
    rows = []
    for name in NAMES:
        for row in (law("equivariant"), law("equivariant", "ties"), law()):
            cell = replace(row.cell(name), architecture=name)
            rows.append(evaluate(cell, load(parse_name(name))))
    return Run("0", {}, [], [describe_architecture(parse_name(name)) for name in NAMES], rows)  # type: ignore[arg-type]


def test_both_laws_stand_beside_each_other(run):
    (line,) = both_laws(run)
    evidence = [row.evidence for row in run.results[3:5]]
    assert line.architecture == NAMES[1] and line.rows.predicted == 2
    assert line.functions == max(each.error64 for each in evidence) < 1e-12
    assert line.tensors == max(each.tensors for each in evidence) > 1
    assert all(row.evidence.tensors is None for row in (*run.results[:3], run.results[5]))


def test_it_is_told_in_its_own_words(run):
    plain, quasi = verdicts(run)
    assert "by the functions of edits, whose tensors are off by up to" in quasi["sentence"]
    assert "edits held to their functions" in quasi["declares"]
    assert "functions" not in plain["sentence"] + plain["declares"]
    assert "Quasi-equivariance" in markdown(run) and 'id="quasi-equivariance"' in html(run)
