"""Whether orbits on every kind of space are decided as the whole group decides them.

    python benchmarks/acceptance/orbits_on_spaces.py orbits.jsonl [--count 14] [--seconds 600] [--keep results/orbits_on_spaces.json]

`--count` blocks of 250 cases for each kind of tests/oracles/space_cases.py and for heads: two small nets with ties everywhere, one
a moved copy of the other, or that with an entry changed or two exchanged, or both drawn apart. The truth is a loop over the group.
Wrong is an answer that the group refutes, a witness that does not map one to the other, a canonical form that differs on a moved
copy, or forms that agree though the orbits do not.
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

from space_cases import (
    HEADS,
    SPACES,
    changed,
    drawn,
    flat,
    group,
    heads_group,
    in_one_orbit,
    moved_by,
    regular,
    shaped,
)

from orbitcheck.harness.oracles.orbit import equal, moved
from orbitcheck.harness.oracles.tuples.orbits import canonical_form, same_nested_orbit, same_orbit

CASES = 250
FORMS = 4
"""Of so many cases one is asked for its canonical forms, too."""


def measure(name: str, seed: int) -> Measured:
    rng = np.random.default_rng([seed, len(name), *name.encode()])
    space, within = HEADS if name == "heads" else (SPACES[name], None)
    gathers = heads_group() if within else group(space)
    counts: Counter[str] = Counter()
    for number in range(CASES):
        v = regular(space, rng) if rng.random() < 0.5 else {n: a[0] for n, a in drawn(space, 1, rng).items()}
        w = shaped(space, flat(v)[gathers[rng.integers(len(gathers))]])
        if rng.random() < 0.6:
            w = changed(w, rng)
        if rng.random() < 0.2:
            w = regular(space, rng)
        truth = in_one_orbit(gathers, v, w)
        counts["one orbit" if truth else "two orbits"] += 1
        found = same_nested_orbit(space, within, v, w) if within else same_orbit(space, v, w)
        counts["unknown"] += found.answer == "unknown"
        counts["wrong"] += found.answer == ("different" if truth else "same")
        counts["by forms alone"] += "forms differ" in found.reason
        if found.element is not None and not within:
            counts["wrong"] += not equal(space, moved(space, found.element, v), w)
        if number % FORMS == 0 and not within:
            forms = [canonical_form(space, u) for u in (v, moved_by(space, v, rng), w)]
            counts["forms"] += 1
            counts["wrong forms"] += not equal(space, forms[0], forms[1]) or equal(space, forms[0], forms[2]) != truth
    return dict(counts)


def items(count: int) -> list[Item]:
    """`count` blocks of every kind."""
    return [
        Item(f"{name} {seed}", lambda name=name, seed=seed: measure(name, seed))
        for seed in range(count)
        for name in (*SPACES, "heads")
    ]


def summary(measured: Mapping[str, Measured]) -> dict[str, Any]:
    total: Counter[str] = Counter()
    for found in measured.values():
        total.update(found)
    kinds = {key.rpartition(" ")[0] for key in measured}
    return {
        "kinds": len(kinds),
        "cases": CASES * len(measured),
        **{
            key.replace(" ", "_"): total[key]
            for key in ("one orbit", "two orbits", "by forms alone", "forms", "unknown", "wrong", "wrong forms")
        },
    }


if __name__ == "__main__":
    face(__doc__, items, summary, 14)
