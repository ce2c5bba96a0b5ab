"""Pairs beyond MLPs: related as the family's table says, and judged by the refinement that a network declares."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from orbitcheck.harness.checks.separation.measurement import measure_case
from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.core.outcomes import Outcome
from orbitcheck.harness.core.parameters import SuiteValueError, parse_parameters
from orbitcheck.harness.learning.workbench import Workbench
from orbitcheck.harness.oracles.tuples.nested import same_nested_orbit
from orbitcheck.harness.oracles.tuples.relation import certify, round_of
from orbitcheck.harness.pairs import PAIR_FAMILIES
from orbitcheck.harness.plugins.architecture import Traits
from orbitcheck.harness.plugins.discovery import load, parse_name
from orbitcheck.harness.plugins.traits import InvalidPlugin
from orbitcheck.harness.weights.pair import Pair

FAMILY = PAIR_FAMILIES["beyond-mlps"]
PARTED = {"directed": (1, None), "conv-place-alone": (1, 1), "parity": (1, None)}
"""Case -> the rounds of joint and split refinement, where one parts the pair."""
CASES = (
    *(
        "conv",
        "conv-places",
        "conv-place-alone",
        "residual",
        "glued-directed",
        "glued",
        "directed",
        "directed-triangles",
    ),
    *("hexagon", "rook", "attention", "attention-both", "attention-glued", "parity", "latin"),
)
THREE_AXES = ("parity", "latin")


def pair_of(case: str) -> Pair:
    return FAMILY.make(parse_parameters(FAMILY.parameters, {}), None, case, np.random.default_rng(0))


def test_the_cases_are_those_of_the_table():
    assert FAMILY.cases(parse_parameters(FAMILY.parameters, {}), None) == CASES
    assert FAMILY.cases(parse_parameters(FAMILY.parameters, {"only": ["rook"]}), None) == ("rook",)
    with pytest.raises(SuiteValueError, match="is no case"):
        FAMILY.cases(parse_parameters(FAMILY.parameters, {"only": ["bishop"]}), None)


@pytest.mark.parametrize("case", CASES)
def test_pairs_are_two_orbits_and_parted_as_the_table_says(case):
    pair = pair_of(case)
    relation = certify(pair)
    assert relation.orbit == "different"
    joint, split = PARTED.get(case, (None, None))
    assert relation.round == joint
    if case not in THREE_AXES:
        assert round_of(pair, "split") == split
        assert relation.function == ("equal" if joint is None else "unknown")


def test_the_first_pair_of_heads_is_one_orbit_where_keys_are_permuted_within_each():
    """With it 1-WL is complete on a block: keys, then heads, are sorted."""
    pair = pair_of("attention")
    assert same_nested_orbit(pair.space, {"key": "head", "value": "head"}, pair.v, pair.w).answer == "same"


def judged(name: str, case: str, **traits: str):
    parameters = {"space": None, "pairs": {"family": "beyond-mlps", "only": [case]}}
    architecture = load(parse_name(name))
    architecture = replace(architecture, traits=replace(architecture.traits, **traits))
    cell = Cell("s", "c", "separation", parameters, case, None, name)
    return measure_case(cell, architecture, Workbench())


def test_unf_sees_the_smallest_pair_and_gmn_is_not_asked_to():
    seen = judged("unf", "directed")
    assert (seen.outcome, seen.predicted, seen.observed) == (Outcome.PASS, "separated", "separated")
    assert seen.evidence.refinement is None
    blind = judged("gmn", "directed")
    assert (blind.outcome, blind.predicted) == (Outcome.PASS, "not separated")
    assert (blind.evidence.round, blind.evidence.refinement, blind.evidence.own_round) == (1, "split", None)


def test_gmn_refuses_what_no_edge_joins():
    assert judged("gmn", "latin").outcome == Outcome.NOT_APPLICABLE


def test_a_refinement_that_is_none_is_refused():
    with pytest.raises(InvalidPlugin, match="refinement='jiont'"):
        Traits(refinement="jiont")
