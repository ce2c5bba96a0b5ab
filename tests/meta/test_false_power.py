"""A network that is weaker or stronger than it declares is caught by separation; one that declares truly is not accused."""

from __future__ import annotations

from functools import cache

import pytest

from orbitcheck import mlp
from orbitcheck.harness.checks import CHECK_KINDS
from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.core.parameters import parse_parameters
from orbitcheck.harness.core.result import Result
from orbitcheck.harness.plugins.architecture import Architecture
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.weights.space import NamedSpace

KIND = CHECK_KINDS["separation"]
SPACES = {"tiny": NamedSpace(mlp(1, 4, 4, 1))}
NULL = [
    {"pairs": {"family": "bipartite-cycles", "cycles": [[4], [2, 2]], "count": 2}},
    {"pairs": {"family": "same-orbit", "ties": "all", "count": 2}, "space": "tiny"},
]
LADDER = [{"pairs": {"family": "round-ladder", "rounds": [1, 2, 3, 4], "count": 1}}]
TELLING = [
    {"pairs": {"family": "direction", "count": 1}},
    {"pairs": {"family": "multiplicity", "count": 1}},
    {"pairs": {"family": "generic", "count": 1}, "space": "tiny"},
]


def rows(architecture: Architecture, checks: list[dict]) -> list[Result]:
    results = []
    for given in checks:
        resolved = KIND.resolve(parse_parameters(KIND.parameters, given), SPACES)
        results += [
            evaluate(
                Cell("meta", "power", "separation", resolved, case, None, architecture.name.rpartition(":")[2]),
                architecture,
            )
            for case in KIND.cases(resolved)
        ]
    return results


@pytest.fixture(scope="module")
def measured(network):
    """Name and pair families -> the rows of their pairs, of all families where none is named; a correct network's measured once."""
    return cache(
        lambda name, *families: rows(
            network(name),
            [given for given in NULL + LADDER + TELLING if not families or given["pairs"]["family"] in families],
        )
    )


def outcomes(results: list[Result], family: str) -> list[tuple[str, str]]:
    return [(row.outcome, row.observed) for row in results if row.evidence.family == family]


def test_a_true_declaration_meets_every_prediction(measured):
    results = measured("Sound")
    assert {row.outcome for row in results} == {"pass"}
    assert outcomes(results, "bipartite-cycles") == [("pass", "not separated")] * 2
    assert outcomes(results, "same-orbit") == [("pass", "not separated")] * 2
    assert outcomes(results, "round-ladder")[:3] == [("pass", "separated")] * 3


def test_one_round_is_caught_by_the_ladder(measured):
    assert outcomes(measured("OneRound", "round-ladder"), "round-ladder")[1] == ("fail", "no gap")


def test_forward_only_is_caught_by_the_direction_pair(measured):
    assert outcomes(measured("ForwardOnly", "direction"), "direction") == [("fail", "no gap")]


def test_max_pooling_is_caught_by_multiplicity(measured):
    assert outcomes(measured("MaxPooling", "multiplicity"), "multiplicity") == [("fail", "no gap")]


def test_seeing_more_than_declared_is_as_red(measured):
    assert ("fail", "separated") in outcomes(measured("OverModest", "round-ladder"), "round-ladder")
    assert outcomes(measured("Gram", "bipartite-cycles"), "bipartite-cycles") == [("fail", "separated")] * 2


def test_a_network_that_is_not_invariant_is_invalid_rather_than_separating(measured):
    results = measured("PositionalLeak")
    assert {row.outcome for row in results} == {"error"}
    assert all(row.reason.startswith("invalid") for row in results)


def test_a_network_that_is_not_finite_is_an_error(measured):
    results = measured("NotFinite")
    assert {row.outcome for row in results} == {"error"}
    assert all("NaN" in row.reason for row in results)


def test_a_decided_pair_costs_at_most_a_hundred_forwards_a_draw(measured):
    for row in measured("Sound"):
        confirmations = sum(draw.confirmed is not None for draw in row.evidence.measured)
        assert row.forwards <= 100 * (row.evidence.draws + confirmations)


def test_no_false_alarm_on_certified_pairs(network):
    """The tool's own false-positive rate: 0 of 100 null pairs, an upper bound of 3 % at 95 % confidence."""
    bank = [
        {"pairs": {"family": "same-orbit", "ties": ties, "count": 25}, "space": "tiny"}
        for ties in ("none", "biases", "all")
    ]
    bank.append({"pairs": {"family": "bipartite-cycles", "cycles": [[4], [2, 2]], "count": 25}})
    results = rows(network("Sound"), bank)
    assert len(results) == 100
    assert {(row.outcome, row.observed) for row in results} == {("pass", "not separated")}
