"""What breaks in use on deeper networks, under signs or on factors alone is a red row of `quick`."""

from __future__ import annotations

from pathlib import Path

import pytest

from orbitcheck.harness.language.reading import load_suite
from orbitcheck.harness.plugins.discovery import load, parse_name
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.running.plan import plan

FILE = Path(__file__).parent / "away_from_shallow.py"
STEPS, GRADIENTS = "equivariance after optimiser steps", "gradient in the input"


@pytest.mark.parametrize(
    ("network", "check", "case", "rule"),
    [
        ("TableBetween", "equivariance-in-use-elsewhere", "deep/invariant/generic/eval/steps", STEPS),
        ("NormOfLaterBiases", "equivariance-in-use-elsewhere", "deep/invariant/generic/eval/steps", STEPS),
        ("BiasedUnderSigns", "equivariance-in-use-elsewhere", "deep/equivariant/generic/eval/steps", STEPS),
        ("BiasedUnderSigns", "equivariance-in-use-elsewhere", "sines/equivariant/generic/eval/steps", STEPS),
        ("NormOfFactors", "equivariance-in-use-elsewhere", "adapters/invariant/generic/eval/steps", STEPS),
        (
            "BackwardOfFactors",
            "equivariance-gradients-elsewhere",
            "adapters/invariant/generic/eval/gradients",
            GRADIENTS,
        ),
    ],
)
def test_what_breaks_away_from_shallow_is_caught(network: str, check: str, case: str, rule: str) -> None:
    name = parse_name(f"{FILE}:{network}")
    (cell,) = [each for each in plan([load_suite("quick")], [name]) if (each.check, each.case) == (check, case)]
    row = evaluate(cell, load(name))
    assert row.outcome == "fail", row.reason
    assert rule in [str(broken) for broken in row.evidence.broken]
