"""Rows of pairs whose verdict rests on more than orbits: kinds of refinement, folklore 2-WL, larger groups, several pairs a run.

The pair beyond MLPs is known by hand: a directed cycle of four against two swaps. Every index has one entry of 1 in its row and one
in its column, so that `split` refinement, which takes rows and columns apart, never parts the two. `joint` refinement sees both entries of
an ordered pair at once, and a swap has 1 both ways: it parts them in round 1.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from orbitcheck.harness.checks import CHECK_KINDS
from orbitcheck.harness.checks.separation import verdict as separation
from orbitcheck.harness.checks.separation.evidence import SeparationEvidence, in_words
from orbitcheck.harness.checks.stored import Stored
from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.core.outcomes import Fault
from orbitcheck.harness.core.result import Judgement, Result, Run
from orbitcheck.harness.oracles.relation import certify as certify_mlps
from orbitcheck.harness.oracles.tuples.relation import certify
from orbitcheck.harness.oracles.two_fwl.relation import with_two_fwl
from orbitcheck.harness.verification.rows import Rows
from orbitcheck.harness.weights.pair import Pair
from orbitcheck.harness.weights.space import WeightSpace, mlp

GRAPHS = WeightSpace((("A", ("n", "n")),), (("n", 4),), ("n",))
CYCLE = np.roll(np.eye(4), 1, axis=1)
SWAPS = np.kron(np.eye(2), 1 - np.eye(2))
NETS = mlp(1, 4, 4, 1)
ONES = {name: np.ones(shape) for name, shape in NETS.shapes.items()}
EIGHT = ONES | {"W2": np.eye(4) + CYCLE}
FOURS = ONES | {"W2": np.kron(np.eye(2), np.ones((2, 2)))}
ENDS = {"W1": np.array([[1.0], [2.0], [3.0], [4.0]]), "W3": np.array([[1.0, 2.0, 3.0, 4.0]])}
LINE = mlp(1, 2, 1, activation="relu")
V = {"W1": np.array([[1.0], [2.0]]), "b1": np.array([1.0, 2.0]), "W2": np.array([[3.0, -1.0]]), "b2": np.array([0.25])}
SCALED = V | {"W1": V["W1"] * [[2], [1]], "b1": V["b1"] * [2, 1], "W2": V["W2"] / [2, 1]}
PAIRS = {
    "graphs": Pair(GRAPHS, {"A": CYCLE}, {"A": SWAPS}),
    "one": Pair(GRAPHS, {"A": CYCLE}, {"A": CYCLE.T.copy()}),
    "nets": Pair(NETS, EIGHT, FOURS),
    "within": Pair(NETS, EIGHT | ENDS, FOURS | ENDS),
    "scaled": Pair(LINE, V, SCALED, symmetry="permutation+scale"),
}
CERTIFIED = {
    name: certify(pair) if pair.space is GRAPHS else with_two_fwl(pair, certify_mlps(pair)) if name == "nets" else certify_mlps(pair)
    for name, pair in PAIRS.items()
}  # fmt: skip
CHECKS = {
    name: {
        "id": name,
        "kind": "separation",
        "parameters": {"space": pair.space.to_json(), "pairs": {"family": name}},
        "cases": ["first", "second"],
        "claim": None,
    }
    for name, pair in PAIRS.items()
}
WL = {"symmetry": "permutation", "power": "1-wl", "rounds": [1, 2]}
DECLARED = {
    "joint": WL,
    "split": {**WL, "refinement": "split"},
    "pairs": {**WL, "power": "2-fwl"},
    "scale": {"symmetry": "permutation+scale", "power": "function"},
    "all": {"symmetry": "permutation", "power": "function"},
    "blind": {"symmetry": "permutation", "power": "function", "blind": ["incidence"]},
}


def row(check: str, architecture: str, case: str = "first", **facts) -> Result:
    """An honest row of a network that raised, with what was known of the pair before; or one with other facts."""
    asked, found = CHECKS[check], CERTIFIED[check]
    evidence = SeparationEvidence(
        check,
        str(PAIRS[check].space),
        in_words(found.orbit, found.round, found.function),
        found.round,
        found.orbit,
        found.function,
        **facts,
    )
    stored = Stored(evidence, asked["parameters"], case, {"name": architecture, **DECLARED[architecture]})
    related = check == "scaled" and architecture == "scale"
    hidden = "incidence" if architecture == "blind" else ""
    prediction = separation.prediction_of(replace(stored, related=related, unseen=hidden))
    evidence = replace(evidence, ground=prediction.ground, prediction=prediction.why)
    cell = Cell("s", check, "separation", asked["parameters"], case, None, architecture)
    return cell.row(
        Judgement("error", "forward raised", prediction.verdict, "", evidence, found.certificate, fault=Fault.RAISED)
    )


def problems(*rows: Result) -> list[str]:
    declared = [{"name": name, **each} for name, each in DECLARED.items()]
    run = Run("0", {}, [{"name": "s", "checks": [*CHECKS.values()]}], declared, rows)  # type: ignore[arg-type]
    made = Rows(run, lambda parameters, case: PAIRS[parameters["pairs"]["family"]], CHECK_KINDS)
    return [str(each.problem or "").removeprefix("does not hold: ") for each in made]


SPLIT = {"refinement": "split"}
BY_PAIRS = {"two_fwl": "different", "two_fwl_round": 1}


def test_the_pair_is_what_it_is_said_to_be():
    assert (CERTIFIED["graphs"].orbit, CERTIFIED["graphs"].round) == ("different", 1)
    assert (CERTIFIED["nets"].orbit, CERTIFIED["nets"].two_fwl, CERTIFIED["nets"].two_fwl_round) == (
        "different",
        "different",
        1,
    )
    assert CERTIFIED["scaled"].orbit == "different" and CERTIFIED["scaled"].function == "equal"


@pytest.mark.parametrize(
    ("honest", "predicted"),
    [
        (row("graphs", "joint"), "separated"),
        (row("graphs", "split", **SPLIT, own_round=None), "not separated"),
        (row("nets", "pairs", **BY_PAIRS), "separated"),
        (row("scaled", "scale"), "not separated"),
    ],
    ids=["joint", "split", "2-fwl", "a larger group"],
)
def test_honest_rows_hold(honest, predicted):
    assert problems(honest) == [""]
    assert honest.predicted == predicted


@pytest.mark.parametrize(
    ("false", "told"),
    [
        (row("graphs", "split"), "the refinement is that of the declaration, split"),
        (row("graphs", "joint", **SPLIT), "the refinement is that of the declaration, joint"),
        (row("nets", "joint", **SPLIT), "2-FWL is asked of MLPs, for networks of that power"),
        (row("graphs", "joint", own_round=1), "a round of its own is one of a kind of refinement"),
        (row("graphs", "split", **SPLIT, own_round=1), "the round in which refinement of kind split parts the two"),
        (row("nets", "pairs"), "2-FWL is asked of MLPs, for networks of that power"),
        (row("graphs", "joint", **BY_PAIRS), "2-FWL is asked of MLPs, for networks of that power"),
    ],
)  # fmt: skip
def test_what_the_declaration_asks_is_what_the_row_says(false, told):
    if told.startswith("2-FWL") and false.evidence.refinement:
        false = replace(false, evidence=replace(false.evidence, two_fwl="different"))
    assert problems(false) == [told]


def test_every_pair_of_a_run_is_made_and_refined_for_itself():
    """Kinds, rounds and certificates are kept from row to row, by check and case: none is taken for another one's."""
    first, other = row("graphs", "split", **SPLIT), row("one", "split", **SPLIT)
    later = row("graphs", "split", "second", **SPLIT)
    wrong = row("one", "split", "second", **SPLIT, own_round=1)
    told = "the round in which refinement of kind split parts the two"
    assert problems(first, other, later, wrong, row("nets", "pairs", **BY_PAIRS)) == ["", "", "", told, ""]
    assert problems(wrong, first) == [told, ""]


def test_a_larger_group_relates_a_pair_by_the_pair_alone(monkeypatch):
    """The same row of a pair that the group does not relate, as it is made again, is told."""
    honest = row("scaled", "scale")
    assert problems(honest) == [""] and honest.evidence.prediction == "one orbit of the declared symmetry"
    monkeypatch.setitem(PAIRS, "scaled", replace(PAIRS["scaled"], symmetry=None))
    assert "by relation and declaration" in problems(honest)[0]


def test_what_a_network_does_not_see_is_asked_of_both_vectors(monkeypatch):
    """Both have eight ones in the layer within, and all else is equal: who does not see what they join sees one network, whose functions
    differ. Twice as large they are another, whatever the row says."""
    seen, honest = row("within", "all"), row("within", "blind")
    assert problems(seen, honest) == ["", ""]
    assert (seen.predicted, honest.predicted) == ("separated", "not separated")
    assert honest.evidence.prediction == "declared blind to incidence"
    changed = Pair(NETS, EIGHT | ENDS, FOURS | ENDS | {"W2": 2 * FOURS["W2"]})
    monkeypatch.setitem(PAIRS, "within", changed)
    monkeypatch.setitem(CERTIFIED, "within", certify_mlps(changed))
    assert problems(row("within", "all")) == [""]
    assert "by relation and declaration" in problems(row("within", "blind"))[0]
