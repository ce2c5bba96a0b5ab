"""The exhaustive check: its schedule and verdict as pure functions, and networks of known power on whole banks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from orbitcheck import register
from orbitcheck.harness.checks.exhaustive.evidence import RoundCount
from orbitcheck.harness.checks.exhaustive.kind import KIND
from orbitcheck.harness.checks.exhaustive.verdict import Predicted, Shown, judge, wants_more
from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.core.parameters import SuiteValueError, parse_parameters
from orbitcheck.harness.core.result import Verdict
from orbitcheck.harness.plugins.architecture import as_architecture
from orbitcheck.harness.plugins.discovery import load, parse_name
from orbitcheck.harness.running.evaluate import evaluate

PREDICTED = Predicted(np.array([True, True, False, False]), np.array([False, False, True, False]))
NAMES = ("a", "b", "c", "d")


def shown(*draws) -> Shown:
    result = Shown.nothing(4)
    for ratios in draws:
        result = result.and_draw(np.array(ratios, dtype=float))
    return result


GOOD = (1e6, 1e6, 1.0, 1.0)


def test_all_as_predicted_passes_after_four_draws():
    assert judge(shown(*[GOOD] * 4), PREDICTED, NAMES) == Verdict("pass", "", PREDICTED.words, "2 of 4 pairs separated")
    assert judge(shown(*[GOOD] * 3), PREDICTED, NAMES).outcome == "undecided"
    assert not wants_more(shown(*[GOOD] * 4), PREDICTED, 4)
    assert wants_more(shown(*[GOOD] * 3), PREDICTED, 3)
    assert not wants_more(shown(*[GOOD] * 3), PREDICTED, 16)


def test_one_gap_is_no_gap_and_two_are_one():
    once = shown(GOOD, (1e6, 1.0, 1.0, 1.0), (1e6, 999.0, 1.0, 1.0), (1e6, 1.0, 1.0, 1.0))
    found = judge(once, PREDICTED, NAMES)
    assert (found.outcome, found.observed) == ("undecided", "1 of 4 pairs separated")
    assert "1 pairs not separated in 4 draws; the first: b" in found.reason
    assert wants_more(once, PREDICTED, 4)
    assert judge(once.and_draw(np.array(GOOD)), PREDICTED, NAMES).outcome == "pass"


def test_a_pair_that_must_not_be_parted_fails_and_one_in_between_is_undecided():
    parted = shown(*[(1e6, 1e6, 1e3, 1.0)] * 2)
    assert not wants_more(parted, PREDICTED, 2)
    found = judge(parted, PREDICTED, NAMES)
    assert found.outcome == "fail" and found.reason.endswith("1 pairs separated that must not be; the first: c")
    between = shown(*[GOOD] * 3, (1e6, 1e6, 11.0, 1.0))
    assert wants_more(between, PREDICTED, 4)
    assert judge(between, PREDICTED, NAMES).outcome == "undecided"


def test_a_pair_without_a_prediction_may_do_as_it_likes():
    assert judge(shown(*[(1e6, 1e6, 1.0, 1e6)] * 4), PREDICTED, NAMES).outcome == "pass"


def test_pairs_that_are_equal_to_the_bit_in_all_draws_convict():
    found = judge(shown(*[(1e6, 0.0, 1.0, 1.0)] * 16), PREDICTED, NAMES)
    assert found.outcome == "fail" and found.reason.endswith("1 of them equal to the bit in all draws, the first: b")
    assert judge(shown(*[(1e6, 0.0, 1.0, 1.0)] * 15, (1e6, 0.1, 1.0, 1.0)), PREDICTED, NAMES).outcome == "undecided"


def test_a_bank_without_a_prediction_is_observed():
    nothing = Predicted(np.zeros(4, dtype=bool), np.zeros(4, dtype=bool))
    found = judge(shown(*[GOOD] * 4), nothing, NAMES)
    assert (found.outcome, found.predicted, found.observed) == ("observed", "any", "2 of 4 pairs separated")


def row(architecture, size: int = 3):
    name = architecture if isinstance(architecture, str) else "test"
    cell = Cell("s", "c", "exhaustive", {"sizes": [size]}, f"{size}x{size}", None, name)
    return evaluate(cell, load(parse_name(name)) if isinstance(architecture, str) else as_architecture(architecture))


NETWORKS = Path(__file__).parents[1] / "meta" / "networks.py"


def test_a_network_of_declared_power_parts_all_but_the_pair_of_prop_6_2():
    result = row(f"{NETWORKS}:Sound", 4)
    assert result.outcome == "pass", result.reason
    assert result.observed == "50085 of 50086 pairs separated"
    assert result.evidence.by_round["none"] == RoundCount(1, 0)
    assert result.forwards == (317 + 32 + 12) * result.evidence.draws


def simple(name: str, read, **traits):
    @register(name, **{"power": "1-wl", "rounds": lambda depth: (3, 3), **traits})
    class Simple(nn.Module):
        def __init__(self, space, output, *, depth: int = 3):
            super().__init__()
            self.last = nn.Linear(2, output.dim)

        def forward(self, v):
            return self.last(read(v))

    return Simple


def ranks(v):
    middle = v.weights[1].squeeze(-1)
    return torch.stack([middle.sum((1, 2)), torch.linalg.matrix_rank(middle).to(middle.dtype)], 1)


def sums(v):
    return torch.stack([tensor.flatten(1).square().sum(1) for tensor in (v.weights[0], v.weights[1])], 1)


@pytest.mark.parametrize(
    ("network", "size", "outcome", "words"),
    [
        (simple("ranks", ranks, power="below-1-wl", rounds=None), 4, "fail", "the first: "),
        (simple("sums", sums), 3, "fail", "equal to the bit in all draws"),
        (simple("sums-below", sums, power="below-1-wl", rounds=None), 3, "observed", "nothing is predicted"),
        (simple("corner", lambda v: v.weights[1][:, :2, 0, 0]), 3, "error", "invalid: copies of one orbit differ"),
    ],
    ids=lambda value: value if isinstance(value, str) else getattr(value, "__name__", ""),
)
def test_false_declarations_are_caught_and_true_ones_pass(network, size, outcome, words):
    result = row(network, size)
    assert result.outcome == outcome, result.reason
    assert words in result.reason


def test_networks_outside_the_question_are_not_applicable():
    assert row("flat-mlp").outcome == "not-applicable"
    assert row("sorted-mlp").reason.startswith("outside the declared domain")


def test_impossible_sizes_are_refused():
    with pytest.raises(SuiteValueError):
        parse_parameters(KIND.parameters, {"sizes": [5]}, ())
    assert KIND.cases(KIND.resolve(parse_parameters(KIND.parameters, {}, ()), {})) == ("4x4",)
