"""What refinement and orbits cost on every shipped kind of space. Run as `python benchmarks/spaces.py [FILE.json]`.

Processor seconds of one thread. Three questions: 1,000 nets of about 10,000 parameters refined jointly (20 s asked); two nets of about
100,000 parameters decided (10 s asked), generic ones with a moved copy, and ones of three values; and the general refinement of an MLP
(`tuples/colouring.py`) against the one of MLPs alone that it runs (1.1 times asked).
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from subprocess import run
from typing import Any

import numpy as np

from orbitcheck.extending import convolutional, lora, recurrence, residual, transformer
from orbitcheck.harness.oracles.orbit import moved
from orbitcheck.harness.oracles.refinement import refine
from orbitcheck.harness.oracles.tuples.colouring import colour
from orbitcheck.harness.oracles.tuples.orbits import same_orbit
from orbitcheck.harness.weights.space import WeightSpace, mlp
from orbitcheck.harness.weights.spaces import conv_net, recurrent, residual_mlp, transformer_block
from orbitcheck.harness.weights.symmetry import random_elements

SPACES: dict[str, tuple[Callable[[int], WeightSpace], int, int]] = {
    "mlp": (lambda n: mlp(8, n, n, 4), 94, 310),
    "conv_net": (lambda n: conv_net(3, n, n, 10), 31, 103),
    "residual_mlp": (lambda n: residual_mlp(8, n, (n, n), 4), 48, 156),
    "recurrent": (lambda n: recurrent(8, n, 4), 94, 310),
    "transformer_block": (lambda n: transformer_block(n, 4, n // 4, n // 4, 2 * n), 35, 110),
    "convolutional, batch_norm": (lambda n: convolutional(3, n, n, 10, image=(8, 8), batch_norm=True).space, 31, 103),
    "residual, rms": (lambda n: residual(8, n, (n, n), 4, norm="rms").space, 48, 156),
    "recurrence, gru": (lambda n: recurrence(8, n, 4, cell="gru").space, 52, 178),
    "recurrence, lstm": (lambda n: recurrence(8, n, 4, cell="lstm").space, 45, 154),
    "transformer": (lambda n: transformer(4, n, 4, n // 4, n // 4, 2 * n, 4).space, 35, 110),
    "lora": (lambda n: lora((n, n), (n, n), rank=8).space, 312, 3125),
}
"""Name -> the space of a width, and the widths at about 10,000 and 100,000 parameters."""


def seconds(deed: Callable[[], Any]) -> tuple[Any, float]:
    """The result, and the processor seconds that it took."""
    started = time.process_time()
    found = deed()
    return found, time.process_time() - started


def drawn(space: WeightSpace, count: int, rng: np.random.Generator, three: bool = False) -> dict[str, np.ndarray]:
    shapes = space.shapes.items()
    if three:
        return {name: rng.integers(-1, 2, (count, *shape)) * 0.5 for name, shape in shapes}
    return {name: rng.standard_normal((count, *shape)) for name, shape in shapes}


def measured(name: str, rng: np.random.Generator) -> dict[str, Any]:
    """Processor seconds of refinement and orbits on one kind of space; on MLPs also beside the code of MLPs alone."""
    make, small, large = SPACES[name]
    space, big = make(small), make(large)
    told: dict[str, Any] = {"parameters": [space.parameters, big.parameters]}
    found, took = seconds(lambda: colour(space, drawn(space, 1000, rng)))
    told["1,000 nets refined"] = {"seconds": round(took, 2), "classes": int(found.classes().max()) + 1}
    for kind in ("generic", "three values"):
        nets = drawn(big, 2, rng, kind == "three values")
        v = {key: array[0] for key, array in nets.items()}
        copy = moved(big, random_elements(big, 1, rng)[0], v)
        for other, w in (("a moved copy", copy), ("another net", {key: array[1] for key, array in nets.items()})):
            answer, took = seconds(lambda v=v, w=w: same_orbit(big, v, w).answer)
            told[f"two nets, {kind}, {other}"] = {"seconds": round(took, 2), "answer": answer}
    if space.is_mlp:
        told["general over special"] = {
            kind: over_special(space, drawn(space, 60, rng, kind == "three values"))
            for kind in ("generic", "three values")
        }
    return told


def over_special(space: WeightSpace, nets: dict[str, np.ndarray]) -> dict[str, float]:
    """The least of six over the least, and all over all; by turns, each first every other time, after one that is not counted."""
    codes = {"special": lambda: refine(space, nets), "general": lambda: colour(space, nets)}
    took: dict[str, list[float]] = {name: [] for name in codes}
    refine(space, nets)
    for turn in range(6):
        for name in sorted(codes, reverse=bool(turn % 2)):
            took[name].append(seconds(codes[name])[1])
    return {
        "least": round(min(took["general"]) / min(took["special"]), 3),
        "all": round(sum(took["general"]) / sum(took["special"]), 3),
    }


if __name__ == "__main__":
    kept: dict[str, Any] = {}
    for each in SPACES:
        kept[each] = measured(each, np.random.default_rng(0))
        print(each, json.dumps(kept[each]), flush=True)
        if len(sys.argv) > 1:
            commit = run(
                ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short=10", "HEAD"],
                capture_output=True,
                text=True,
                check=True,
            )
            origin = {"date": date.today().isoformat(), "commit": commit.stdout.strip()}
            Path(sys.argv[1]).write_text(json.dumps({"origin": origin, "result": kept}, indent=1) + "\n")
