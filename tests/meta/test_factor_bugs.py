"""Published and likely bugs of networks on factor pairs and transformer blocks are red rows, with the cause that they have."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from orbitcheck import transformer_block
from orbitcheck.extending import lora
from orbitcheck.harness.checks import CHECK_KINDS
from orbitcheck.harness.checks.equivariance.evidence import Cause
from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.core.outcomes import Outcome
from orbitcheck.harness.core.parameters import parse_parameters
from orbitcheck.harness.plugins.discovery import load, parse_name
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.weights.space import NamedSpace

SPACES = {"pair": NamedSpace(lora((4, 3), rank=2).space), "block": NamedSpace(transformer_block(2, 2, 2, 2, 1))}
FILE = Path(__file__).parent / "factor_bugs.py"


@cache
def law(name: str, space: str, input: str = "generic"):
    """The row of the law of the invariant output."""
    kind = CHECK_KINDS["equivariance"]
    asked = {"spaces": [space], "inputs": [input], "outputs": ["invariant"], "samples": 2, "elements": 2}
    parameters = kind.resolve(parse_parameters(kind.parameters, asked), SPACES)
    (case,) = kind.cases(parameters)
    architecture = replace(load(parse_name(f"{FILE}:{name}")), name=name)
    return evaluate(Cell("bugs", name, "equivariance", parameters, case, None, f"bugs-{name}"), architecture)


@pytest.mark.parametrize(
    ("name", "space"),
    [
        *((name, "pair") for name in ("SoundPairs", "MixedFactorsUnderRotations")),
        ("SoundBlock", "block"),
    ],
)
def test_what_is_right_passes(name, space):
    found = law(name, space)
    assert found.outcome == Outcome.PASS, found.reason


# Some generators keep a law that is broken by the kind of map that was forgotten: a leak; a bias or a gate breaks all.
@pytest.mark.parametrize(
    ("name", "space", "cause", "broken_by"),
    [
        ("MixedFactors", "pair", Cause.LEAK, "generators of r1"),
        ("TransposeForInverse", "pair", Cause.LEAK, "generators of r1"),
        ("BiasedLayer", "pair", Cause.VIOLATION, "generators of r1"),
        ("GateByRows", "pair", Cause.VIOLATION, "generators of r1"),
        ("OneSidedSigns", "pair", Cause.LEAK, "generators of r1"),
        ("QueriesSquared", "block", Cause.LEAK, "generators of key"),
        ("BiasesOfKeys", "block", Cause.LEAK, "key"),
        ("BiasesStayBehind", "block", Cause.LEAK, "generators of head, key"),
        ("KeysOfTheOtherHead", "block", Cause.LEAK, "generators of key"),
        ("ReluOnQueries", "block", Cause.LEAK, "generators of key"),
    ],
)
def test_each_bug_is_a_red_row_with_its_cause(name, space, cause, broken_by):
    found = law(name, space)
    assert found.outcome == Outcome.FAIL, found.reason
    assert found.evidence.cause == cause and broken_by in found.reason, (found.evidence.cause, found.reason)


def test_a_gate_that_jumps_is_a_red_row_where_continuity_is_declared():
    found = law("GateCalledSmooth", "pair")
    assert found.outcome == Outcome.FAIL and "the output jumps between inputs" in found.reason, found.reason
    assert found.evidence.cause == Cause.NONE, "the jump is its own cause"


def test_ties_of_singular_values_are_a_red_row_where_no_domain_is_declared():
    found = law("W2TEverywhere", "pair", "ties")
    assert found.outcome == Outcome.FAIL, found.reason
    assert law("W2TEverywhere", "pair").outcome == Outcome.PASS


@cache
def pair(name: str, space: str, family: str, label: str):
    """The row of the pair of a family of that label."""
    kind = CHECK_KINDS["separation"]
    pairs = {"family": family, "count": 1}
    parameters = kind.resolve(parse_parameters(kind.parameters, {"space": space, "pairs": pairs}), SPACES)
    (case,) = (case for case in kind.cases(parameters) if case.startswith(label))
    architecture = replace(load(parse_name(f"{FILE}:{name}")), name=name)
    return evaluate(Cell("bugs", name, "separation", parameters, case, None, f"bugs-{name}"), architecture)


def test_a_zero_update_has_one_answer():
    found = pair("NullDirections", "pair", "same-update", "none written")
    assert (found.outcome, found.observed) == (Outcome.FAIL, "separated"), found.reason
    found = pair("UpdateAlone", "pair", "same-update", "none written")
    assert (found.outcome, found.predicted) == (Outcome.PASS, "not separated"), found.reason
