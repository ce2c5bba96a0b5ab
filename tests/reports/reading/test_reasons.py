"""Reasons: one for all networks, spaces and numbers, and never one for two that say different things."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from orbitcheck.harness.core.result import Result
from orbitcheck.harness.weights.space import WeightSpace, mlp
from orbitcheck.reports.reading.reasons import reason_of

Row = Callable[..., Result]
SPACES = [
    mlp(2, 5, 1), mlp(2, 6, 5, 4, 3, activation="tanh"), mlp(1, 1, 1, activation="sine"),
    WeightSpace((("A", ("r", "in")), ("B", ("out", "r"))), (("r", 4), ("in", 6), ("out", 5)), ("r",)),
]  # fmt: skip
SAID = (
    "unsupported: {name} reads the weights of MLPs only, not {space}",
    "unsupported: {name} reads the weights of MLPs only, not {space}; read out: {name} reads no {space}",
    "{space} is none; the law is off by {number} there",
)


@pytest.mark.parametrize("said", SAID)
def test_networks_spaces_and_numbers_make_no_reason(said: str, make_row: Row) -> None:
    names = ("dws", "dws[depth=2]", "file.py:My.Net+")
    numbers = ("2.0e+00", "9.4e-17", "0.5", "3e-9")
    told = {
        reason_of(
            make_row(architecture=name, reason=said.format(name=name.partition("[")[0], space=space, number=number))
        )
        for name, space, number in itertools.product(names, SPACES, numbers)
    }
    (reason,) = told
    assert not any(word in reason for word in ("dws", "My.Net", "mlp(", "WeightSpace(", "e-"))


def test_what_says_something_else_stays(make_row: Row) -> None:
    """Names within other names, whole numbers, powers, functions and lists in brackets are the reason's own."""
    reasons = [
        "permutation+sign: relu does not commute with signs", "permutation+sign: tanh does not commute with signs",
        "power below-1-wl: nothing is predicted", "needs an activation (relu, leaky-relu), not tanh", "phi(g v) is not asked",
        "dws-like networks have 2 layers", "dws-like networks have 3 layers", "the law fails (mlp)", "v1.2 of it",
    ]  # fmt: skip
    assert [reason_of(make_row(architecture="dws", reason=reason)) for reason in reasons] == reasons


def test_what_a_suite_declares_is_told_as_it_is_written(make_row: Row) -> None:
    assert reason_of(make_row(architecture="dws", declared="dws on mlp(2, 3, 1) is off by 1.5e-3", reason="r")) == (
        "dws on mlp(2, 3, 1) is off by 1.5e-3"
    )
