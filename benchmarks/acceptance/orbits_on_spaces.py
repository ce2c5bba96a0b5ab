"""Whether orbits on every kind of space are decided as the whole group decides them.

    python benchmarks/acceptance/orbits_on_spaces.py orbits.jsonl [--count 4] [--seconds 600] [--keep results/orbits_on_spaces.json]

`--count` blocks for each kind of tests/oracles/space_cases.py and for heads. A block has 24 pairs, and 15 sets of 12 nets, 66 pairs
each, whose orbits are asked at once (a third of them of sums of two permutations, which refinement hardly parts): small nets with ties everywhere, moved copies of one another, or of one with an entry changed
or two exchanged, or drawn apart. The truth is a loop over the group. Wrong is an answer that the group refutes, a witness that
does not map one to the other, a canonical form that differs on a moved copy, or forms that agree though the orbits do not.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from itertools import combinations
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
from orbitcheck.harness.oracles.tuples.colouring import colour
from orbitcheck.harness.oracles.tuples.nested import Nested, same_nested_orbit
from orbitcheck.harness.oracles.tuples.orbits import (
    canonical_form,
    orbit_classes,
    same_orbit,
)

PAIRS, SETS, NETS = 24, 15, 12
FORMS = 4
"""Of so many pairs one is asked for its canonical forms, too."""
CASES = PAIRS + SETS * NETS * (NETS - 1) // 2


def measure(name: str, seed: int) -> Measured:
    rng = np.random.default_rng([seed, len(name), *name.encode()])
    space, within = HEADS if name == "heads" else (SPACES[name], None)
    gathers = heads_group() if within else group(space)
    counts: Counter[str] = Counter()

    def base() -> dict[str, np.ndarray]:
        return regular(space, rng) if rng.random() < 0.5 else {n: a[0] for n, a in drawn(space, 1, rng).items()}

    def mate(v: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        w = shaped(space, flat(v)[gathers[rng.integers(len(gathers))]])
        return changed(w, rng) if rng.random() < 0.6 else w

    for number in range(PAIRS):
        v = base()
        w = mate(v) if rng.random() < 0.8 else base()
        truth = in_one_orbit(gathers, v, w)
        counts["one orbit" if truth else "two orbits"] += 1
        found = same_nested_orbit(space, within, v, w) if within else same_orbit(space, v, w)
        counts["unknown"] += found.answer == "unknown"
        counts["wrong"] += found.answer == ("different" if truth else "same")
        if found.element is not None and not within:
            counts["wrong"] += not equal(space, moved(space, found.element, v), w)
        if number % FORMS == 0 and not within:
            forms = [canonical_form(space, u) for u in (v, moved_by(space, v, rng), w)]
            counts["forms"] += 1
            counts["wrong forms"] += not equal(space, forms[0], forms[1]) or equal(space, forms[0], forms[2]) != truth
    nested = Nested(*HEADS) if within else None
    joined = [n for n, axes in space.tensors if sum(axis in space.permuted for axis in axes) >= 2]
    for number in range(SETS):
        if number % 3:
            nets = [base() for _ in range(3)]
            nets += [mate(nets[rng.integers(len(nets))]) for _ in range(NETS - len(nets))]
        else:
            tensor = joined[rng.integers(len(joined))]
            nets = [regular(space, rng, tensor, 2) for _ in range(NETS)]
        least = [min(row.tobytes() for row in flat(v)[gathers]) for v in nets]
        asked = [nested.unfold(v) for v in nets] if nested else nets
        arrays = {n: np.stack([v[n] for v in asked]) for n in asked[0]}
        within_space = nested.unfolded if nested else space
        orbits, elements = orbit_classes(within_space, arrays)
        counts["unknown"] += sum(g is None for g in elements)
        classes = colour(within_space, arrays).classes()
        forms = [moved(within_space, g, v) for g, v in zip(elements, asked, strict=True) if g]
        for i, j in combinations(range(NETS), 2):
            truth = least[i] == least[j]
            counts["one orbit" if truth else "two orbits"] += 1
            counts["by forms alone"] += not truth and classes[i] == classes[j]
            counts["wrong"] += (orbits[i] == orbits[j]) != truth
            counts["wrong forms"] += truth and not equal(within_space, forms[i], forms[j])
    return {key: int(count) for key, count in counts.items()}


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
    face(__doc__, items, summary, 4)
