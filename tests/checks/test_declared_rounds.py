"""What is declared is shown, or a row of quick is not green; no network is excused by its own resolution."""

from __future__ import annotations

import pytest

from orbitcheck.harness.checks import CHECK_KINDS
from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.core.parameters import parse_parameters
from orbitcheck.harness.plugins.architecture import Architecture
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.weights.space import NamedSpace, mlp

from .nets import BlindOutput, Editor, IndexedEditor, Liar, Net, Shallow, ShallowEditor, claims

SPACES = {"deep": NamedSpace(mlp(2, 6, 5, 4, 3, activation="tanh"))}


def rows(architecture: Architecture, kind: str, given: dict):
    """The rows of one check, as a suite asks it."""
    resolved = CHECK_KINDS[kind].resolve(parse_parameters(CHECK_KINDS[kind].parameters, given), SPACES)
    cells = [Cell("s", "c", kind, resolved, case, None, "net") for case in CHECK_KINDS[kind].cases(resolved)]
    return [evaluate(cell, architecture) for cell in cells]


def detection(architecture: Architecture):
    (row,) = rows(architecture, "detection", {"spaces": ["deep"]})
    return row


def pairs(architecture: Architecture, family: str, **parameters):
    given = {"pairs": {"family": family, "count": 1, **parameters}}
    needs = family in ("generic", "same-orbit")
    return rows(architecture, "separation", {**given, "space": "deep"} if needs else given)


@pytest.mark.parametrize(
    ("network", "shown"), [(Shallow, 3), (Liar, 2), (ShallowEditor, 3)], ids=["depth 3", "liar", "editor"]
)
def test_six_rounds_declared_and_fewer_shown_are_not_green(network, shown):
    row = detection(claims(network))
    assert row.outcome in ("fail", "undecided")
    assert row.reason.startswith(f"declared to round 6, shown to {shown}")
    assert (row.evidence.declared, row.evidence.shown) == (6, shown)


@pytest.mark.parametrize("network", [Net, Editor])
def test_three_rounds_declared_and_shown_are_green(network):
    row = detection(claims(network))
    assert row.outcome == "pass", row.reason
    assert row.predicted == "sees a change and every round to 3"


def test_a_bag_of_entries_is_no_1_wl():
    assert detection(claims(BlindOutput)).outcome == "fail"
    outcomes = [row.outcome for row in pairs(claims(BlindOutput), "round-ladder", rounds=[1, 2, 4])]
    assert outcomes[:2] == ["pass", "fail"] and outcomes[2] in ("fail", "undecided")


def test_a_pair_past_the_resolution_is_undecided_and_says_what_was_shown():
    (row,) = pairs(claims(Shallow), "round-ladder", rounds=[5])
    assert (row.outcome, row.observed) == ("undecided", "no gap")
    assert "declared further than shown (round 3): declare rounds that it can show" in row.reason
    assert row.evidence.shown == 3


def test_an_editor_is_separated_through_its_read_out():
    editor = claims(Editor)
    cycles = {"cycles": [[4], [2, 2]]}
    asked = [
        ("generic", {}, "separated"),
        ("same-orbit", {"ties": "all"}, "not separated"),
        ("bipartite-cycles", cycles, "not separated"),
        ("direction", {}, "separated"),
        ("multiplicity", {}, "separated"),
    ]
    for family, parameters, wanted in asked:
        (row,) = pairs(editor, family, **parameters)
        assert (row.outcome, row.observed, row.evidence.read_out) == ("pass", wanted, True), row.reason


def test_entries_of_an_editor_know_one_round_more():
    three, four, five = pairs(claims(Editor), "round-ladder", rounds=[3, 4, 5])
    assert (three.outcome, three.observed) == ("pass", "separated")
    assert four.outcome == "observed" and "between the declared rounds 3 and 4" in four.reason
    assert (five.outcome, five.observed) == ("pass", "not separated")


def test_an_editor_of_unknown_power_is_observed():
    (row,) = pairs(claims(Editor, power="unknown", rounds=None), "generic")
    assert (row.outcome, row.predicted, row.observed) == ("observed", "any", "separated")


def test_an_editor_that_breaks_the_law_is_invalid():
    (row,) = pairs(claims(IndexedEditor), "same-orbit", ties="none")
    assert (row.outcome, row.fault) == ("error", "invalid")


def test_a_network_with_both_outputs_is_asked_for_the_invariant_one():
    (row,) = pairs(claims(Net), "generic")
    assert row.outcome == "pass" and not row.evidence.read_out
