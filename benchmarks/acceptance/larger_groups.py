"""Whether orbits under scales, signs, linear and orthogonal maps are decided exactly, against moved copies and exact invariants.

    python benchmarks/acceptance/larger_groups.py larger.jsonl [--count 50] [--seconds 600] [--keep results/larger_groups.json]

`--count` blocks of 100 moved copies and 100 pairs that an exact invariant parts, for each kind of tests/oracles/larger_cases.py. Missed
is a moved copy that is not recognised, wrong a pair that an invariant parts and that is not told apart; every fiftieth answer is
certified and derived again by `verification`.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from journal import ROOT, Item, Measured, face

sys.path.insert(0, str(Path(ROOT) / "tests" / "oracles"))

from larger_cases import KINDS, changed, drawn, moved

from orbitcheck.harness.oracles.larger.orbits import certify_under, same_orbit_under
from orbitcheck.harness.verification.larger import problem_under

PAIRS, CERTIFIED = 100, 50


def measure(name: str, seed: int) -> Measured:
    """`PAIRS` moved copies and as many pairs that an independent invariant parts, of one kind and seed."""
    kind, rng = KINDS[name], np.random.default_rng([seed, *name.encode()])
    of, counts = kind.group, Counter[str]()
    for number in range(PAIRS):
        v = drawn(kind.space, rng)
        w = moved(kind, v, rng)
        answer = same_orbit_under(of, v, w).answer
        counts["moved"] += 1
        counts["unknown" if answer == "unknown" else "missed"] += answer != "same"
        u = w
        while kind.told(u) == kind.told(v):
            u = moved(kind, changed(v, rng), rng) if rng.random() < 0.8 else drawn(kind.space, rng)
        answer = same_orbit_under(of, v, u).answer
        counts["parted"] += 1
        counts["unknown" if answer == "unknown" else "wrong"] += answer != "different"
        if number % CERTIFIED == 0:
            for other in (w, u):
                counts["certified"] += 1
                counts["refuted"] += problem_under(certify_under(of, v, other), of, v, other) is not None
    return {key: int(count) for key, count in counts.items()}


def items(count: int) -> list[Item]:
    """Every kind with every seed."""
    return [
        Item(f"{name} {seed}", lambda name=name, seed=seed: measure(name, seed))
        for seed in range(count)
        for name in KINDS
    ]


def summary(measured: Mapping[str, Measured]) -> dict[str, Any]:
    """Counts by kind."""
    found: dict[str, Counter[str]] = {}
    for key, counts in measured.items():
        found.setdefault(key.rpartition(" ")[0], Counter()).update(counts)
    keys = ("moved", "missed", "parted", "wrong", "unknown", "certified", "refuted")
    return {name: {key: counts[key] for key in keys} for name, counts in found.items()}


if __name__ == "__main__":
    face(__doc__, items, summary, 50)
