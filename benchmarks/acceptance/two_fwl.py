"""Forty pairs that no suite holds: do folklore 2-WL, as the oracle has it, and the built-in `nft` agree on every one?

    python benchmarks/acceptance/two_fwl.py [--only NAME ...] [--journal two_fwl.jsonl]

Cycles, regular graphs, strongly regular graphs (rook and Shrikhande, T(8) and the three Chang graphs), graphs of Cai, Fürer and Immerman
over four bases, designs (biplanes, Steiner triple systems of thirteen points), and random matrices of equal margins, as middle matrices
of widths (1, n, m, 1). Of every pair stands the certified relation, its certificate verified, what is predicted of `nft` from its
declaration, and the verdict of the separation check. A pair that the declaration leaves open is explained by its certificate: the
round of 2-FWL that parts it lies between the declared ones. Pairs that the journal holds are not made again.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from orbitcheck.harness.checks.prediction import ANY, predict
from orbitcheck.harness.checks.separation import verdict
from orbitcheck.harness.checks.separation.draws import take_draws
from orbitcheck.harness.learning.workbench import Workbench
from orbitcheck.harness.oracles.orbit import moved
from orbitcheck.harness.oracles.relation import certify
from orbitcheck.harness.oracles.two_fwl.relation import with_two_fwl
from orbitcheck.harness.pairs.cycles import cycle, disjoint_union
from orbitcheck.harness.pairs.regular import random_margins
from orbitcheck.harness.plugins.discovery import load, parse_name
from orbitcheck.harness.verification.certificate import problem_of
from orbitcheck.harness.weights.pair import Pair
from orbitcheck.harness.weights.space import mlp
from orbitcheck.harness.weights.symmetry import random_elements

Matrices = tuple[np.ndarray, np.ndarray]
Edge = tuple[int, int]


def cycles(*sides: tuple[int, ...]) -> Matrices:
    first, second = (disjoint_union(*map(cycle, side)) for side in sides)
    return first, second


def regular(size: int, degree: int, draw: int) -> Matrices:
    rng = np.random.default_rng([size, degree, draw, 77])
    margins = np.full(size, degree)
    first, second = (random_margins(margins, margins, rng).astype(float) for _ in range(2))
    return first, second


def random(size: int, draw: int) -> Matrices:
    """A binary matrix, and one of the same row and column sums."""
    rng = np.random.default_rng([size, draw, 78])
    first = rng.integers(0, 2, (size, size)).astype(float)
    return first, random_margins(first.sum(1).astype(int), first.sum(0).astype(int), rng).astype(float)


def with_diagonal(adjacency: np.ndarray) -> np.ndarray:
    """`A + 2I`: a plain double cover forgets the graph."""
    return adjacency + 2 * np.eye(len(adjacency))


def squares() -> Matrices:
    """The 4 x 4 rook's graph and the Shrikhande graph."""
    places = [(a, b) for a in range(4) for b in range(4)]
    steps = {(0, 1), (0, 3), (1, 0), (3, 0), (1, 1), (3, 3)}
    rook = [[p != q and (p[0] == q[0] or p[1] == q[1]) for q in places] for p in places]
    shrikhande = [[((p[0] - q[0]) % 4, (p[1] - q[1]) % 4) in steps for q in places] for p in places]
    return with_diagonal(np.array(rook, float)), with_diagonal(np.array(shrikhande, float))


def chang(number: int) -> np.ndarray:
    """T(8), and its Seidel switchings by four disjoint edges, a cycle of eight, or cycles of three and five: srg(28, 12, 6, 4)."""
    edges = list(combinations(range(8), 2))
    graph = np.array([[float(len({*e} & {*f}) == 1) for f in edges] for e in edges])
    around: tuple[list[Edge], ...] = (
        [],
        [(0, 1), (2, 3), (4, 5), (6, 7)],
        [(i, (i + 1) % 8) for i in range(8)],
        [(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 6), (6, 7), (7, 3)],
    )
    chosen = np.array([e in {(min(f), max(f)) for f in around[number]} for e in edges])
    across = chosen[:, None] != chosen[None, :]
    return np.where(across, 1 - graph, graph)


BASES: dict[str, list[Edge]] = {
    "K4": list(combinations(range(4), 2)),
    "K33": [(i, j) for i in range(3) for j in range(3, 6)],
    "prism": [(0, 1), (1, 2), (0, 2), (3, 4), (4, 5), (3, 5), (0, 3), (1, 4), (2, 5)],
    "theta": [(0, 1), (0, 2), (0, 3), (1, 4), (2, 4), (3, 4)],
}
"""K4, K33 and the prism have treewidth three; the theta graph has two, and 2-FWL sees whether its twist is there."""


def immerman(edges: list[Edge], twisted: bool) -> np.ndarray:
    """Inner vertices (a vertex of the base with an even set of its edges, odd at vertex 0 if twisted) against two of each edge."""
    rows = []
    for vertex in sorted({v for e in edges for v in e}):
        own = [number for number, e in enumerate(edges) if vertex in e]
        odd = int(twisted and vertex == 0)
        for size in range(odd, len(own) + 1, 2):
            for chosen in combinations(own, size):
                row = np.zeros(2 * len(edges))
                row[[2 * number + (number in chosen) for number in own]] = 1
                rows.append(row)
    return np.array(rows)


def biplane(number: int) -> np.ndarray:
    """2-(16,6,2) by a difference set, of GF(2)-rank 6, 7 or 8."""

    def quasidihedral(g: int, h: int) -> int:
        (a, b), (c, d) = divmod(g, 2), divmod(h, 2)
        return 2 * ((a + c * 3**b) % 8) + (b + d) % 2

    def abelian(g: int, h: int) -> int:
        return 8 * ((g // 8 + h // 8) % 2) + (g + h) % 8

    def quaternion(g: int, h: int) -> int:
        a, b, c, d = g // 4, g // 2 % 2, h // 4, h // 2 % 2
        return 4 * ((a + (c if b == 0 else -c) + (2 if b and d else 0)) % 4) + 2 * ((b + d) % 2) + (g + h) % 2

    product, block = (
        (quasidihedral, (0, 1, 2, 5, 6, 8)),
        (abelian, (0, 1, 2, 4, 9, 14)),
        (quaternion, (0, 1, 2, 4, 6, 9)),
    )[number]
    matrix = np.zeros((16, 16))
    for g in range(16):
        matrix[g, [product(g, d) for d in block]] = 1
    return matrix


def steiner(switches: int) -> np.ndarray:
    """The cyclic Steiner triple system of thirteen points, and the other one, by trading a Pasch configuration."""
    blocks = {frozenset((i + d) % 13 for d in base) for base in ((0, 1, 4), (0, 2, 7)) for i in range(13)}
    for _ in range(switches):
        four = next(
            four
            for four in combinations(sorted(map(sorted, blocks)), 4)
            if len({p for b in four for p in b}) == 6 and all(len({*b} & {*c}) == 1 for b, c in combinations(four, 2))
        )
        points = {p for b in four for p in b}
        blocks = blocks - {frozenset(b) for b in four} | {frozenset(points - {*b}) for b in four}
    matrix = np.zeros((26, 13))
    for row, block in enumerate(sorted(map(sorted, blocks))):
        matrix[row, block] = 1
    return matrix


PAIRS: dict[str, Callable[[], Matrices]] = {
    **{
        f"cycles {left} {right}": lambda left=left, right=right: cycles(left, right)
        for left, right in (
            ((6,), (4, 2)), ((6,), (2, 2, 2)), ((7,), (4, 3)), ((7,), (5, 2)), ((8,), (5, 3)), ((9,), (3, 3, 3)), ((9,), (6, 3)),
            ((10,), (5, 5)),
        )
    },
    **{
        f"regular {size} {degree} #{draw}": lambda size=size, degree=degree, draw=draw: regular(size, degree, draw)
        for size, degree, draw in (
            (7, 3, 0), (8, 3, 0), (9, 3, 0), (9, 4, 0), (10, 3, 0), (10, 4, 0), (12, 3, 0), (12, 5, 0),
        )
    },
    "rook and Shrikhande": squares,
    **{
        f"Chang {i} {j}": lambda i=i, j=j: (with_diagonal(chang(i)), with_diagonal(chang(j)))
        for i, j in combinations(range(4), 2)
    },
    **{f"CFI {name}": lambda base=base: (immerman(base, False), immerman(base, True)) for name, base in BASES.items()},
    **{f"biplanes {i} {j}": lambda i=i, j=j: (biplane(i), biplane(j)) for i, j in combinations(range(3), 2)},
    "Steiner": lambda: (steiner(0), steiner(1)),
    "Steiner, other way": lambda: (steiner(0).T, steiner(1).T),
    **{f"random {size} #{draw}": lambda size=size, draw=draw: random(size, draw) for size in (5, 6, 7, 8) for draw in (0, 1)},
}  # fmt: skip


def pair_of(name: str) -> Pair:
    """The pair of that name; w in another numbering."""
    first, second = PAIRS[name]()
    space = mlp(1, first.shape[1], first.shape[0], 1)
    ones = {tensor: np.ones(shape) for tensor, shape in space.shapes.items()}
    (element,) = random_elements(space, 1, np.random.default_rng(crc32(name.encode())))
    return Pair(space, ones | {"W2": first}, moved(space, element, ones | {"W2": second}))


def asked(name: str, architecture: str = "nft") -> dict[str, Any]:
    """One pair: certified, verified, predicted and measured."""
    pair, network = pair_of(name), load(parse_name(architecture))
    relation = with_two_fwl(pair, certify(pair))
    says = [relation.orbit, relation.round, relation.function, relation.two_fwl, relation.two_fwl_round]
    prediction = predict(
        orbit=relation.orbit,
        separating_round=relation.round,
        function=relation.function,
        power=network.traits.power,
        rounds=network.rounds,
        two_fwl=str(relation.two_fwl),
        two_fwl_round=relation.two_fwl_round,
    )
    draws = take_draws(network, pair, prediction, crc32(name.encode()), Workbench("cpu"))
    found = verdict.judge(draws, prediction, relation.two_fwl_round)
    return {
        "pair": name,
        "orbit": relation.orbit,
        "1-WL round": relation.round,
        "2-FWL": relation.two_fwl,
        "2-FWL round": relation.two_fwl_round,
        "certificate": problem_of(relation.certificate, pair, says) or "holds",
        "predicted": prediction.verdict,
        "why": prediction.why,
        "observed": found.observed,
        "outcome": found.outcome,
        "ratio": max(draw.ratio for draw in draws),
    }


def is_open(row: dict[str, Any]) -> bool:
    """Whether neither agreement nor a contradiction was seen."""
    return row["predicted"] == ANY or row["outcome"] == "undecided"


def remembered(journal: Path) -> Iterator[dict[str, Any]]:
    if journal.exists():
        yield from map(json.loads, journal.read_text(encoding="utf-8").splitlines())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", default=list(PAIRS), choices=list(PAIRS), metavar="NAME")
    parser.add_argument("--journal", type=Path, default=Path(__file__).with_name("two_fwl.jsonl"))
    arguments = parser.parse_args()
    rows = {row["pair"]: row for row in remembered(arguments.journal)}
    for name in arguments.only:
        if name not in rows:
            rows[name] = asked(name)
            with arguments.journal.open("a", encoding="utf-8") as journal:
                journal.write(json.dumps(rows[name]) + "\n")
        print(json.dumps(rows[name]), flush=True)
    mine = [rows[name] for name in arguments.only]
    print(
        f"{len(mine)} pairs: {dict(Counter(row['outcome'] for row in mine))}; open: {[r['pair'] for r in mine if is_open(r)]}"
    )


if __name__ == "__main__":
    main()
