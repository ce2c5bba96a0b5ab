"""`locate` on twenty-four planted networks: the planted module in at least twenty, never a wrong one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from orbitcheck.harness.language.reading import load_suite
from orbitcheck.harness.plugins.discovery import parse_name
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.running.examples.example import NoExample, locate_row
from orbitcheck.harness.running.plan import plan

FILE = Path(__file__).with_name("located_networks.py")
SUITE = """\
suite: where
version: 1
title: The law, for counter-examples
spaces:
  small: {mlp: [2, 5, 4, 2], activation: relu}
checks:
  - {id: law, kind: equivariance, spaces: [small], inputs: [generic], asks: [law, steps]}
"""
PLANTED = {
    "leaky_encode": "encode.0",
    "tiny_leak": "encode.0",
    "table": "encode.0",
    "neighbours": "encode.0",
    "cumulated": "update.0",
    "late_cumulated": "update.1",
    "first_only": "pool",
    "half": "pool",
    "weighted": "pool",
    "convolved": "update.0.over",
    "recurrent": "update.1.along",
    "normalised": "update.1",
    "odd_rows": "up.0",
    "last_source": "up.1",
    "faded_down": "down.0",
    "faded_up": "up.0",
    "single_message": "up.0",
    "ends_pooled": "pool",
    "edge_numbers": "edges",
    "flipped_edges": "edges",
    "numbered_nodes": "nodes",
    "BetweenLayers": "",
    "FrozenTable": "table",
    "ZeroTable": "table",
}
"""Network -> the module that breaks the law, the innermost one."""
OUTPUTS = {"edge_numbers": "equivariant", "flipped_edges": "equivariant", "numbered_nodes": "equivariant"}


@pytest.fixture(scope="module")
def suite(tmp_path_factory):
    file = tmp_path_factory.mktemp("located") / "where.yaml"
    file.write_text(SUITE, encoding="utf-8")
    return file


@cache
def found(file: Path, name: str):
    """What `locate` says of the first failed row of a network, and that row."""
    reference = parse_name(f"{FILE}:{name}")
    cells = plan([load_suite(file, [reference])], [reference])
    for cell in cells:
        if f"/{OUTPUTS.get(name, 'invariant')}/" in cell.case:
            row = evaluate(cell)
            if row.outcome == "fail":
                return row, locate_row(row, cell)
    raise AssertionError("the plant breaks the law")


@pytest.mark.parametrize("name", PLANTED)
def test_the_planted_module_is_named_and_no_other(suite, name):
    _, located = found(suite, name)
    assert located.module in (None, PLANTED[name]), located
    if located.module is None:
        assert located.told.startswith("cannot tell")


def test_at_least_twenty_of_twenty_four_are_named(suite):
    silent = [name for name in PLANTED if found(suite, name)[1].module is None]
    assert len(PLANTED) == 24 and len(silent) <= 4, silent


def test_what_breaks_the_law_first_is_not_named_where_it_is_taken_off_again(suite):
    _, located = found(suite, "CodedAndUncoded")
    assert located.module is None and "put right the law is broken still" in located.told


def test_rows_without_a_breach_of_the_law_are_refused(suite):
    reference = parse_name("stats")
    cell = plan([load_suite(suite, [reference])], [reference])[0]
    row = evaluate(cell)
    assert row.outcome == "pass"
    with pytest.raises(NoExample, match="the row is pass; a failed row has a counter-example"):
        locate_row(row, cell)
