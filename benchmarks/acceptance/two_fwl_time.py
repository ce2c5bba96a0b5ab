"""What folklore 2-WL costs: pairs of large networks, and many small ones grouped.

    python benchmarks/acceptance/two_fwl_time.py JOURNAL [--count N] [--keep FILE]

Processor seconds of one thread, of all rounds until stable. Pairs of widths (16, 64, 64, 10): random weights, weights of three values
without biases, one network beside itself in other numbering, and a cycle of 128 beside two of 64 as middle matrices, each of three
draws. A thousand networks of widths (2, 32, 32, 1): weights of two values, a tenth of the networks copies of others in other numbering.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from journal import Item, Measured, face

from orbitcheck.harness.oracles.orbit import moved
from orbitcheck.harness.oracles.two_fwl.classes import two_fwl_classes
from orbitcheck.harness.oracles.two_fwl.refinement import refine_mlp_pairs
from orbitcheck.harness.pairs.cycles import cycle, disjoint_union
from orbitcheck.harness.weights.space import WeightSpace, mlp
from orbitcheck.harness.weights.symmetry import random_elements

LARGE, SMALL, NETS, COPIES = (16, 64, 64, 10), (2, 32, 32, 1), 1000, 100
KINDS = ("floats", "three values", "other numbering", "cycles")
Arrays = dict[str, np.ndarray]


def drawn(space: WeightSpace, kind: str, rng: np.random.Generator) -> Arrays:
    if kind == "three values":
        arrays = {name: rng.integers(-1, 2, shape).astype(float) for name, shape in space.shapes.items()}
        return {name: array * (not name.startswith("b")) for name, array in arrays.items()}
    return {name: rng.normal(size=shape) for name, shape in space.shapes.items()}


def pair(kind: str, draw: int) -> Measured:
    """One pair: the round in which it parts, and what that took."""
    space, rng = mlp(*LARGE), np.random.default_rng([draw, KINDS.index(kind)])
    if kind == "cycles":
        v, w = (
            {name: np.ones(shape) for name, shape in space.shapes.items()}
            | {"W2": disjoint_union(*map(cycle, side))[rng.permutation(LARGE[1])]}
            for side in ((LARGE[1],), (LARGE[1] // 2,) * 2)
        )
        return refined(space, v, w)
    v = drawn(space, "three values" if kind == "other numbering" else kind, rng)
    (element,) = random_elements(space, 1, rng)
    w = dict(moved(space, element, v)) if kind == "other numbering" else drawn(space, kind, rng)
    return refined(space, v, w)


def refined(space: WeightSpace, v: Arrays, w: Arrays) -> Measured:
    """Processor seconds of 2-FWL on two networks, the round that parts them, and how many there were."""
    began = time.process_time()
    found = refine_mlp_pairs(space, [v, w])
    return {
        "seconds": round(time.process_time() - began, 2),
        "round": found.round_of_separation(0, 1),
        "rounds": found.rounds,
    }


def population(draw: int) -> Measured:
    """A thousand networks: their classes, and what these took."""
    space, rng = mlp(*SMALL), np.random.default_rng([draw, 9])
    nets = [
        {name: rng.integers(0, 2, shape).astype(float) for name, shape in space.shapes.items()}
        for _ in range(NETS - COPIES)
    ]
    elements = random_elements(space, COPIES, rng)
    nets += [dict(moved(space, element, net)) for element, net in zip(elements, nets, strict=False)]
    arrays = {name: np.stack([net[name] for net in nets]) for name in space.axes}
    began = time.process_time()
    classes = two_fwl_classes(space, arrays)
    return {
        "seconds": round(time.process_time() - began, 2),
        "classes": len(np.unique(classes)),
        "copies found": int((classes[:COPIES] == classes[NETS - COPIES :]).sum()),
    }


def items(count: int) -> list[Item]:
    """`count` draws of each kind of pair, and one population."""
    pairs = [
        Item(f"pair, {kind} #{draw}", lambda kind=kind, draw=draw: pair(kind, draw))
        for draw in range(count)
        for kind in KINDS
    ]
    return [*pairs, Item("population", lambda: population(0))]


def summary(found: Mapping[str, Measured]) -> dict[str, Any]:
    """The longest of each kind."""
    pairs = {key: entry for key, entry in found.items() if key.startswith("pair")}
    return {
        "widths of pairs": list(LARGE),
        "pairs": len(pairs),
        "longest pair, seconds": max((entry["seconds"] for entry in pairs.values()), default=None),
        "wrong": [key for key, entry in pairs.items() if (entry["round"] is None) != ("other numbering" in key)],
        "widths of the population": list(SMALL),
        "population": found.get("population"),
    }


if __name__ == "__main__":
    face(__doc__, items, summary, 3)
