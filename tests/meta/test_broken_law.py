"""Every way of breaking a correct network is caught by the equivariance check, and the correct one never accused."""

from __future__ import annotations

import pytest

from orbitcheck import mlp
from orbitcheck.harness.checks import CHECK_KINDS
from orbitcheck.harness.checks.equivariance.evidence import Cause
from orbitcheck.harness.checks.equivariance.kind import CONSTRUCTED_INPUTS as EVERY
from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.core.parameters import parse_parameters
from orbitcheck.harness.core.result import Result
from orbitcheck.harness.plugins.architecture import Architecture
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.weights.space import NamedSpace

KIND = CHECK_KINDS["equivariance"]
SPACES = {
    "shallow": NamedSpace(mlp(1, 5, 1)),
    "tiny": NamedSpace(mlp(2, 4, 3, 1)),
    "wide": NamedSpace(mlp(2, 9, 8, 2, activation="sine")),
}


FEW = ("generic", "ties")
"""Kinds of input that each run of the tests asks, on all spaces but the smallest; all of them where `-m long` does."""
KEPT: dict[tuple[str, tuple[str, ...]], list[Result]] = {}


def default_rows(architecture: Architecture, inputs: tuple[str, ...]) -> list[Result]:
    """`rows` at its defaults but for the kinds of input, measured once a session."""
    key = architecture.name, inputs
    if key not in KEPT:
        modes = ["eval", "train"] if "TrainMode" in architecture.name else ["eval"]
        spaces = ["tiny", "wide"] if inputs == FEW else list(SPACES)
        KEPT[key] = rows(architecture, spaces=spaces, modes=modes, inputs=list(inputs))
    return KEPT[key]


def rows(architecture: Architecture, seeds: int = 1, only: str = "", **parameters) -> list[Result]:
    """Every row of an equivariance check, failures not shrunk; other seeds come from other numbers of random elements.

    Args:
        only: one case, whose failure is shrunk.
    """
    results = []
    for extra in range(seeds):
        given = {"spaces": list(SPACES), "modes": ["eval", "train"], "elements": 4 + extra, **parameters}
        resolved = KIND.resolve(parse_parameters(KIND.parameters, given), SPACES)
        results += [
            evaluate(
                Cell("meta", "law", "equivariance", resolved, case, None, architecture.name.rpartition(":")[2]),
                architecture,
                shrinks=bool(only),
            )
            for case in KIND.cases(resolved)
            if only in ("", case)
        ]
    return results


BROKEN = {
    "UnpermutedAxis": "differs from g phi",
    "PositionalLeak": "differs from g phi",
    "FixedStatistics": "differs from g phi",
    "BatchStatistic": "other samples of the batch",
    "BatchPosition": "order of the batch",
    "DropoutLeftOn": "another answer",
    "TrainModeDropout": "another answer",
    "TrainModeLeak": "differs from g phi",
    "Float32Inside": "",
    "Float32Only": "in float32 alone",
    "ConstantOutput": "vacuous",
    "InPlaceEdit": "modified its input",
    "HiddenState": "another answer",
    "RandomFeatures": "another answer",
    "WideOnly": "differs from g phi",
    "LastHiddenLayer": "differs from g phi",
    "EqualBiasesOnly": "differs from g phi",
    "EqualBiasesJump": "differs from g phi",
    "OneGenerator": "differs from g phi",
    "SmallLeak": "differs from g phi",
    "SqueezedBatch": "alone differs",
    "UnmovedOutput": "differs from g phi",
    "PrunedOnly": "differs from g phi",
}


NEAR_THE_NOISE = ("SmallLeak", "Float32Only")
"""Defects that some inputs hide between the thresholds: too small, or under the noise of float32; others must still convict."""


def test_the_list_of_defects_is_long_enough_and_complete(network):
    import sys

    networks = sys.modules[network("Sound").factory.__module__]
    assert {entry.__name__ for entry in networks.BROKEN_LAW} == set(BROKEN)
    assert len(BROKEN) >= 15


def asked(number: int, entry: tuple) -> list:
    """A network with the few kinds of input, every sixth at each run of the tests, and where `-m long` asks for it with all kinds."""
    few = [pytest.param(*entry, FEW, id=f"{entry[0]}")] if number % 6 == 0 else []
    return [*few, pytest.param(*entry, EVERY, id=f"{entry[0]}-every-kind", marks=pytest.mark.long)]


@pytest.mark.parametrize(
    ("name", "inputs"), [one for number, name in enumerate(BROKEN) for one in asked(number, (name,))]
)
def test_every_broken_rule_is_caught(network, name, inputs):
    red = [row for row in default_rows(network(name), inputs) if row.outcome not in ("pass", "not-applicable")]
    assert red
    assert any(row.outcome in ("fail", "error") and BROKEN[name] in row.reason for row in red), {
        row.reason for row in red
    }
    assert all(row.outcome != "undecided" for row in red) or name in NEAR_THE_NOISE


WHERE = [
    ("TrainModeDropout", lambda row: "/train" in row.case),
    ("TrainModeLeak", lambda row: "/train" in row.case),
    ("WideOnly", lambda row: row.case.startswith("wide/")),
    ("UnmovedOutput", lambda row: "/equivariant/" in row.case),
]


@pytest.mark.parametrize(("name", "only", "inputs"), [one for entry in WHERE for one in asked(0, entry)])
def test_a_defect_is_red_only_where_it_is(network, name, only, inputs):
    red = [row for row in default_rows(network(name), inputs) if row.outcome == "fail"]
    assert red
    assert all(only(row) for row in red)


TINY = {"spaces": ["tiny"], "modes": ["eval"], "outputs": ["invariant"]}


def test_equal_biases_are_what_breaks_a_ranking_by_bias(network):
    outcome = {row.case: row.outcome for row in rows(network("EqualBiasesJump"), **TINY)}
    assert outcome["tiny/invariant/equal-biases/eval"] == "fail"
    assert outcome["tiny/invariant/ties/eval"] == "fail"
    assert outcome["tiny/invariant/generic/eval"] == "pass"


@pytest.mark.parametrize("seeds", [1, pytest.param(2, marks=pytest.mark.long)])
def test_a_correct_network_is_never_accused_on_five_thousand_pairs_a_seed(network, seeds):
    """More seeds and more networks: benchmarks/acceptance/false_alarms.py."""
    results = rows(network("Sound"), seeds=seeds)
    assert sum(row.evidence.pairs for row in results) >= 5_000 * seeds
    assert {row.outcome for row in results} == {"pass"}


def test_the_counterexample_is_the_smallest_and_reproduces(network):
    """A positional leak needs one hidden layer of two neurons, and one transposition."""
    row = rows(network("PositionalLeak"), only="wide/invariant/generic/eval")[0]
    found = row.evidence.counterexample
    assert found.shrunk
    assert found.widths == (1, 2, 1)
    assert found.element == "n1: (0 1)"


def test_the_counterexample_of_a_width_bug_is_as_wide_as_the_bug(network):
    row = rows(network("WideOnly"), only="wide/invariant/generic/eval")[0]
    found = row.evidence.counterexample
    assert max(found.widths) == 8


def test_the_precision_ratio_names_the_cause(network):
    generic = {"inputs": ["generic"], "outputs": ["invariant"], "modes": ["eval"]}
    (leak,) = rows(network("PositionalLeak"), spaces=["tiny"], **generic)
    assert leak.evidence.cause is Cause.VIOLATION
    (cast,) = rows(network("Float32Inside"), spaces=["wide"], **generic)
    assert cast.evidence.cause is Cause.SINGLE_PRECISION


@pytest.mark.parametrize(
    "name", ["Raises", "Exits", "BadConstructor", "WrongShape", "WrongType", "WrongDtype", "NotFinite", "no_module"]
)
def test_a_broken_call_is_an_error_row_with_one_line(network, name):
    for row in rows(network(name), spaces=["tiny"], modes=["eval"], inputs=["generic"]):
        assert row.outcome == "error"
        assert row.reason
        assert "\n" not in row.reason


def test_a_talkative_network_passes_and_its_words_are_kept(network):
    row = rows(network("Prints"), spaces=["tiny"], modes=["eval"], inputs=["generic"])[0]
    assert row.outcome == "pass"
    assert row.printed.startswith("hello from the network")


def test_a_mode_that_is_not_claimed_is_not_applicable(network):
    outcomes = {row.outcome for row in rows(network("Prints"), spaces=["tiny"], modes=["train"])}
    assert outcomes == {"not-applicable"}


@pytest.mark.parametrize("inputs", [FEW, pytest.param(EVERY, marks=pytest.mark.long)])
def test_a_row_is_the_same_however_often_it_is_evaluated(network, inputs):
    def stable(row: Result) -> dict:
        return {key: value for key, value in row.to_json().items() if "seconds" not in key}

    first = [stable(row) for row in rows(network("PositionalLeak"), spaces=["tiny"], inputs=list(inputs))]
    second = [stable(row) for row in reversed(rows(network("PositionalLeak"), spaces=["tiny"], inputs=list(inputs)))]
    assert first == second[::-1]
