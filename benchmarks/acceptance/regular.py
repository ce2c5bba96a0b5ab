"""Random regular bipartite graphs as middle matrices, up to 256 + 256 neurons: is the orbit relation of every pair known, and when?

    python benchmarks/acceptance/regular.py [--draws 20] [--out benchmarks/acceptance/regular.json]

Two graphs drawn alike are no relabelling of each other; a relabelled copy is one. Both certificates are verified. Draws that the
results hold already are not made again; the last line says how many pairs are unknown and what the slowest took.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

import numpy as np

from orbitcheck.harness.oracles.orbit import moved
from orbitcheck.harness.oracles.relation import certify
from orbitcheck.harness.pairs.regular import random_margins
from orbitcheck.harness.verification.certificate import problem_of
from orbitcheck.harness.weights.pair import Pair
from orbitcheck.harness.weights.space import mlp
from orbitcheck.harness.weights.symmetry import random_elements

SHAPES = [(size, degree) for size in (64, 128, 256) for degree in (3, 4, 8)]


def spent() -> float:
    """CPU seconds of this process and of those that it waited for: other work on the machine does not count."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def measured(size: int, degree: int, draw: int) -> list[dict[str, object]]:
    """One pair of two orbits and one of one."""
    rng = np.random.default_rng([size, degree, draw])
    space = mlp(1, size, size, 1)
    ones = {name: np.ones(shape) for name, shape in space.shapes.items()}
    margins = np.full(size, degree)
    v, w = (ones | {"W2": random_margins(margins, margins, rng).astype(float)} for _ in range(2))
    (element,) = random_elements(space, 1, rng)
    rows = []
    for wanted, other in (("different", w), ("same", v)):
        pair = Pair(space, v, moved(space, element, other))
        started = spent()
        found = certify(pair)
        seconds = spent() - started
        problem = problem_of(found.certificate, pair, [found.orbit, found.round, found.function])
        kind = found.certificate["orbit"].get("kind")
        row = {"wanted": wanted, "found": found.orbit, "kind": kind, "seconds": round(seconds, 2), "problem": problem}
        rows.append({"size": size, "degree": degree, "draw": draw, **row})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description="the orbits of random regular bipartite pairs")
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".json"))
    asked = parser.parse_args()
    rows = json.loads(asked.out.read_text(encoding="utf-8")) if asked.out.exists() else []
    known = {(row["size"], row["degree"], row["draw"]) for row in rows}
    for draw in range(asked.draws):
        for size, degree in SHAPES:
            if (size, degree, draw) not in known:
                rows += measured(size, degree, draw)
                asked.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    wrong = [row for row in rows if row["found"] != row["wanted"] or row["problem"]]
    print(f"{len(rows)} pairs, {len(wrong)} unknown or not verified, at most {max(row['seconds'] for row in rows)} s")


if __name__ == "__main__":
    main()
