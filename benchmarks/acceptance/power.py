"""What share of small, and of rare, violations the law's rows catch.

    python benchmarks/acceptance/power.py power.jsonl [--count 200] [--seconds 600] [--keep results/power.json]

Rare: a network that is broken on 5 % of all pairs of one kind of input, `--count` seeds; caught with 95 % where 64 pairs are
drawn (1 - 0.95^64 = 96.2 %). Small: a network broken by a part s of its output, s from 1e-13 to 1e-6, `--count` seeds in all; a
violation is to be caught where the error that the row measured reaches max(1e-11, 2e3 floors).
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from functools import partial
from math import sqrt
from typing import Any

from journal import Item, Measured, face
from meta_nets import asking

from orbitcheck.harness.running.evaluate import evaluate

RARE_CASES = ("shallow/invariant/generic/eval", "deep/equivariant/generic/eval", "deep/invariant/generic/eval")
SIZES = tuple(10.0**-exponent for exponent in (13, 12.5, 12, 11.5, 11, 10.5, 10, 9, 8, 7, 6))
CASES = ("shallow/invariant/generic/eval", "shallow/equivariant/generic/eval", "deep/equivariant/generic/eval")


def measure(reference: str, case: str) -> Measured:
    cell = next(cell for cell in asking.quick(reference) if asking.named(cell) == f"equivariance-constructed {case}")
    row = evaluate(cell, asking.architecture(reference))
    told = row.evidence
    return {
        "outcome": row.outcome,
        "error": float(getattr(told, "error64", "nan")),
        "floor": float(getattr(told, "floor64", "nan")),
    }


def items(count: int) -> list[Item]:
    listed, draw = [], random.Random(5)
    for number in range(count):
        channels, depth = 8 + number // 4 % 50, 1 + number % 4
        rare = f"meta_nets.sized:Sometimes[channels={channels},depth={depth}]"
        case = RARE_CASES[number % len(RARE_CASES)]
        listed.append(Item(f"rare {rare} {case}", partial(measure, rare, case)))
        size = draw.choice(SIZES)
        small = f"meta_nets.sized:Sized[channels={channels},depth={depth},size={size:.3g}]"
        case = CASES[number % len(CASES)]
        listed.append(Item(f"small {small} {case}", partial(measure, small, case)))
    return listed


def summary(measured: Mapping[str, Measured]) -> dict[str, Any]:
    rare = [row["outcome"] for key, row in measured.items() if key.startswith("rare")]
    small = {key: row for key, row in measured.items() if key.startswith("small")}
    due = {key: row for key, row in small.items() if row["error"] >= max(1e-11, 2e3 * row["floor"])}
    caught = sum(outcome == "fail" for outcome in rare)
    return {
        "rare": len(rare),
        "rare_caught": caught,
        "rare_share": round(caught / max(1, len(rare)), 4),
        "rare_share_95": [round(bound, 4) for bound in wilson(caught, len(rare))],
        "small": len(small),
        "small_due": len(due),
        "small_due_caught": sum(row["outcome"] == "fail" for row in due.values()),
        "small_due_missed": {key: row for key, row in due.items() if row["outcome"] != "fail"},
        "small_below_caught": sum(row["outcome"] == "fail" for key, row in small.items() if key not in due),
    }


def wilson(hits: int, trials: int, z: float = 1.96) -> tuple[float, float]:
    """The interval of a share, 95 %."""
    if not trials:
        return 0.0, 1.0
    share, spread = hits / trials, z * z / trials
    middle = (share + spread / 2) / (1 + spread)
    half = z * sqrt(share * (1 - share) / trials + spread / (4 * trials)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


if __name__ == "__main__":
    face(__doc__, items, summary, 200)
