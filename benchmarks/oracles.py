"""What the exact oracles cost, on the sizes that they are meant for. Run as `python benchmarks/oracles.py`.

Each line: what is decided, the answer, seconds (the best of three), and what is asked where something is.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from orbitcheck.harness.oracles import classes
from orbitcheck.harness.oracles.capacity import l2_floor
from orbitcheck.harness.oracles.function import function_relation
from orbitcheck.harness.oracles.orbit import moved, same_orbit
from orbitcheck.harness.oracles.refinement import refine
from orbitcheck.harness.oracles.relation import certify
from orbitcheck.harness.oracles.stabiliser import stabiliser
from orbitcheck.harness.weights.pair import Pair
from orbitcheck.harness.weights.space import WeightSpace, mlp
from orbitcheck.harness.weights.symmetry import random_elements

T = TypeVar("T")
Vector = dict[str, np.ndarray]


def best(function: Callable[[], T], repeats: int = 3) -> tuple[T, float]:
    """The result, and the seconds of the fastest run."""
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        result = function()
        seconds.append(time.perf_counter() - started)
    return result, min(seconds)


def line(what: str, answer: object, seconds: float, asked: str = "") -> None:
    print(f"{what:62} {answer!s:28} {seconds:9.4f} s  {asked}", flush=True)


def drawn(space: WeightSpace, rng: np.random.Generator, values: tuple[float, ...] = ()) -> Vector:
    """Normal entries, or entries of a few values."""
    return {
        name: rng.choice(values, shape) if values else rng.standard_normal(shape)
        for name, shape in space.shapes.items()
    }


def embedded(matrix: np.ndarray) -> tuple[WeightSpace, Vector]:
    rows, columns = matrix.shape
    space = mlp(1, columns, rows, 1)
    vector = {name: np.ones(shape) for name, shape in space.shapes.items()}
    return space, vector | {"W2": matrix}


def cycles(*halves: int) -> np.ndarray:
    blocks = [np.eye(half) + np.roll(np.eye(half), 1, axis=1) for half in halves]
    size, start = sum(halves), 0
    matrix = np.zeros((size, size))
    for block in blocks:
        matrix[start : start + len(block), start : start + len(block)] = block
        start += len(block)
    return matrix


def regular(size: int, degree: int, rng: np.random.Generator) -> np.ndarray:
    """A random regular bipartite graph: shifts of a cycle, rows and columns permuted."""
    shifts = rng.choice(size, degree, replace=False)
    matrix = sum(np.roll(np.eye(size), int(shift), axis=1) for shift in shifts)
    return np.asarray(matrix)[rng.permutation(size)][:, rng.permutation(size)]


def refinement(rng: np.random.Generator) -> None:
    space = mlp(16, 64, 64, 10)
    for label, values in (("normal", ()), ("three values", (-1.0, 0.0, 1.0)), ("all zero", (0.0,))):
        nets = [drawn(space, rng, values) for _ in range(2)]
        found, seconds = best(lambda nets=nets: refine(space, nets))
        line(f"refine two (16,64,64,10), {label}", f"round {found.round_of_separation(0, 1)}", seconds, "<= 0.02")
        nets[1] = moved(space, random_elements(space, 1, rng)[0], nets[0] | {"b1": np.zeros(64), "b2": np.zeros(64)})
        nets[0] = moved(space, random_elements(space, 1, rng)[0], nets[1])
        found, seconds = best(lambda nets=nets: refine(space, nets))
        answer = f"round {found.round_of_separation(0, 1)}, {found.rounds} rounds"
        line(f"refine two (16,64,64,10), {label}, one orbit, zero biases", answer, seconds, "<= 0.02")
    space, count = mlp(2, 32, 32, 1), 10_000
    banks = {
        "normal": {name: rng.standard_normal((count, *shape)) for name, shape in space.shapes.items()},
        "three values": {name: rng.integers(-1, 2, (count, *shape)) * 0.5 for name, shape in space.shapes.items()},
        "2-regular middles": {name: np.ones((count, *shape)) for name, shape in space.shapes.items()},
        "100 orbits": {},
    }
    for net in range(count):
        banks["2-regular middles"]["W2"][net] = np.eye(32)[rng.permutation(32)] + np.eye(32)[rng.permutation(32)]
    originals = [drawn(space, rng) for _ in range(100)]
    elements = random_elements(space, count, rng)
    copies = [moved(space, g, originals[net % 100]) for net, g in enumerate(elements)]
    banks["100 orbits"] = {name: np.stack([copy[name] for copy in copies]) for name in space.axes}
    for label, bank in banks.items():
        found, seconds = best(lambda bank=bank: refine(space, bank), repeats=1)
        classes = len(set(found.classes().tolist()))
        line(f"group 10,000 (2,32,32,1), {label}", f"{classes} classes, {found.rounds} rounds", seconds, "< 60")


def orbits(rng: np.random.Generator) -> None:
    pairs = {
        "128-cycle / 2 x 64-cycle": (cycles(64), cycles(32, 32), "< 1"),
        "800-cycle / 2 x 400-cycle": (cycles(400), cycles(200, 200), ""),
        "100 x 8-cycle / 200 x 4-cycle": (cycles(*[4] * 100), cycles(*[2] * 200), ""),
        "random cubic, 2 x 64": (regular(64, 3, rng), regular(64, 3, rng), ""),
        "random 20-regular, 2 x 400": (regular(400, 20, rng), regular(400, 20, rng), ""),
    }
    for label, (left, right, asked) in pairs.items():
        space, v = embedded(left)
        w = embedded(right)[1]
        for name, other in (("", w), (", relabelled", v)):
            image = moved(space, random_elements(space, 1, rng)[0], other)
            decision, seconds = best(lambda space=space, v=v, image=image: same_orbit(space, v, image))
            line(label.split(" / ")[0] + name if name else label, decision.answer, seconds, asked)
    space = mlp(100, 400, 400, 100)
    for label, values in (("normal", ()), ("three values", (-1.0, 0.0, 1.0)), ("99 % zero", (0.0,) * 99 + (1.0,))):
        v = drawn(space, rng, values)
        w = moved(space, random_elements(space, 1, rng)[0], v)
        decision, seconds = best(lambda v=v, w=w: same_orbit(space, v, w))
        line(f"(100,400,400,100), {label}, relabelled", decision.answer, seconds, "< 2")
        w["W2"][0, 0] += 0.5
        decision, seconds = best(lambda v=v, w=w: same_orbit(space, v, w))
        line(f"(100,400,400,100), {label}, one entry changed", decision.answer, seconds, "< 2")
    space, v = embedded(cycles(64))
    found, seconds = best(lambda: stabiliser(space, v), repeats=1)
    line("order of the stabiliser of the 128-cycle", found and found.order, seconds)


def functions(rng: np.random.Generator) -> None:
    for activation in ("relu", "gelu", "sine"):
        for widths in ((2, 32, 32, 1), (16, 64, 64, 10)):
            space = mlp(*widths, activation=activation)
            v = drawn(space, rng)
            w = v | {"W2": v["W2"].copy()}
            w["W2"][0, 0] += 2.0**-40
            decision, seconds = best(lambda space=space, v=v, w=w: function_relation(space, v, w))
            line(f"function of {space}, an entry + 2^-40", decision.answer, seconds)
            v["W2"][:, 0] = 0.0
            w = v | {"b1": v["b1"] + np.eye(widths[1])[0]}
            decision, seconds = best(lambda space=space, v=v, w=w: function_relation(space, v, w))
            line(f"function of {space}, a dead neuron moved", f"{decision.answer}, {decision.kind}", seconds)


def relations(rng: np.random.Generator) -> None:
    for label, left, right in (
        ("prop-6.2", cycles(4), cycles(2, 2)),
        ("128-cycle / 2 x 64-cycle", cycles(64), cycles(32, 32)),
        ("random cubic, 2 x 64", regular(64, 3, rng), regular(64, 3, rng)),
    ):
        space, v = embedded(left)
        pair = Pair(space, v, moved(space, random_elements(space, 1, rng)[0], embedded(right)[1]))
        found, seconds = best(lambda pair=pair: certify(pair))
        line(f"certify {label}", f"{found.orbit}, {found.certificate['orbit'].get('kind')}", seconds)


def floors(rng: np.random.Generator) -> None:
    """Classes of whole test sets: random nets, and halves of one 1-WL class each in two orbits."""
    space = mlp(1, 8, 8, 1)
    apart = {name: rng.normal(size=(2048, *shape)) for name, shape in space.shapes.items()}
    twins = {
        name: np.repeat(rng.integers(1, 9, 1024) / 4, 2).reshape(-1, *[1] * len(shape)) * np.ones((2048, *shape))
        for name, shape in space.shapes.items()
    }
    twins["W2"] *= np.tile(np.stack([cycles(8), cycles(4, 4)]), (1024, 1, 1))
    for label, arrays in (("random", apart), ("twins", twins)):
        for name in ("refinement_classes", "orbit_classes", "function_classes"):
            found, seconds = best(lambda name=name, arrays=arrays: getattr(classes, name)(space, arrays), repeats=1)
            line(f"{name} of 2048 nets {space}, {label}", len(np.unique(found)), seconds)
        for name in ("refinement_entry_classes", "orbit_entry_classes"):
            found, seconds = best(lambda name=name, arrays=arrays: getattr(classes, name)(space, arrays), repeats=1)
            line(f"{name} of 2048 nets, {label}", sum(len(np.unique(array)) for array in found.values()), seconds)
    x, y = np.linspace(-2, 2, 64), rng.normal(size=(512, 64)).cumsum(axis=1)
    for allowed in (5, 17):
        found, seconds = best(lambda allowed=allowed: l2_floor(x, y, allowed))
        line(f"mean square floor of 512 functions at 64 points, {allowed} pieces", f"{found:.4f}", seconds)


if __name__ == "__main__":
    generator = np.random.default_rng(0)
    for part in (refinement, orbits, functions, relations, floors):
        part(generator)
