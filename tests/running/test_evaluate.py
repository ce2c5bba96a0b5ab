"""What a row says that its plug-in was asked for."""

from __future__ import annotations

import pytest

from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.language.reading import load_suite
from orbitcheck.harness.plugins.discovery import parse_name
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.running.plan import plan


def cell(name: str, check: str, case: str) -> Cell:
    cells = plan([load_suite("quick")], [parse_name(name)])
    return next(each for each in cells if (each.check, each.case) == (check, case))


@pytest.mark.parametrize(
    ("name", "check", "case", "output"),
    [
        ("oce", "generic", "#0", "equivariant"),  # refused for invariant outputs first, then asked through a read-out
        ("oce", "equivariance-constructed", "shallow/invariant/zeros/eval", "invariant"),  # refused
        ("stats", "generic", "#0", "invariant"),
    ],
)
def test_a_row_names_the_output_that_was_served_or_the_first_that_was_refused(name, check, case, output):
    row = evaluate(cell(name, check, case))
    assert row.asked is not None
    assert row.asked.output == output
    assert (row.outcome == "not-applicable") == (name == "oce" and output == "invariant")


def test_a_canonical_form_that_jumps_where_entries_are_pruned_is_not_called_ill_conditioned():
    """The jump grows by a factor of 12 from one ulp of jitter to 2^22 of them, since more neighbours change places."""
    row = evaluate(cell("canonical-mlp", "equivariance-constructed", "shallow/invariant/pruned/train"))
    assert row.outcome == "pass", row.reason
    assert row.evidence.jump > 1e-3


def test_the_shape_that_ended_a_row_is_told_though_others_were_served():
    """The ladder of the limits of detection has spaces of its own; the space that is asked about is refused."""
    row = evaluate(cell("scale-gmn[channels=4,depth=1]", "detection", "deep"))
    assert row.outcome == "not-applicable"
    assert row.asked is not None and "tanh" in row.asked.space
