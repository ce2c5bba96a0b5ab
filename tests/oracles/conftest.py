"""What the tests of the exact oracles share: a slow, obvious refinement, small nets with many ties, and known hard matrices."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path

import igraph
import mpmath
import numpy as np
import pytest

from orbitcheck.harness.weights.space import WeightSpace, mlp

sys.path.insert(0, str(Path(__file__).parent))  # small spaces and nets, which benchmarks/acceptance uses, too

Vector = dict[str, np.ndarray]


def slow_rounds(
    space: WeightSpace, vectors: Sequence[Mapping[str, np.ndarray]], rounds: int, direction: str = "both"
) -> list[list[dict[tuple[int, int], int]]]:
    """Per round, per net: neuron (layer, index) -> colour, straight from the definition in theory.md, section 4."""
    widths = space.widths
    last = len(widths) - 1

    def renamed(nets: list[dict]) -> list[dict[tuple[int, int], int]]:
        names: dict = {}
        return [{node: names.setdefault(key, len(names)) for node, key in net.items()} for net in nets]

    def start(v: Mapping[str, np.ndarray]) -> dict:
        return {
            (layer, index): (
                layer,
                index if layer in (0, last) else None,
                float(v[f"b{layer}"][index]) if layer else None,
            )
            for layer, width in enumerate(widths)
            for index in range(width)
        }

    def bag(pairs: list[tuple[float, int]]) -> frozenset:
        return frozenset(Counter(pairs).items())

    def step(v: Mapping[str, np.ndarray], colour: dict[tuple[int, int], int]) -> dict:
        finer = {}
        for layer, index in colour:
            incoming = (
                [(float(v[f"W{layer}"][index, j]), colour[layer - 1, j]) for j in range(widths[layer - 1])]
                if layer
                else []
            )
            outgoing = (
                [(float(v[f"W{layer + 1}"][k, index]), colour[layer + 1, k]) for k in range(widths[layer + 1])]
                if layer < last and direction == "both"
                else []
            )
            finer[layer, index] = (colour[layer, index], bag(incoming), bag(outgoing))
        return finer

    history = [renamed([start(v) for v in vectors])]
    for _ in range(rounds):
        history.append(renamed([step(v, colour) for v, colour in zip(vectors, history[-1], strict=True)]))
    return history


def embedded(matrix: np.ndarray, activation: str = "relu") -> tuple[WeightSpace, Vector]:
    """The net (1, n, m, 1) with `W2 = matrix` and ones elsewhere."""
    rows, columns = matrix.shape
    space = mlp(1, columns, rows, 1, activation=activation)
    vector = {name: np.ones(shape) for name, shape in space.shapes.items()}
    vector["W2"] = np.asarray(matrix, dtype=np.float64)
    return space, vector


def cycles(*halves: int) -> np.ndarray:
    """Biadjacency matrix of disjoint cycles with `2 * half` vertices each."""
    size = sum(halves)
    matrix, start = np.zeros((size, size)), 0
    for half in halves:
        for i in range(half):
            matrix[start + i, start + i] += 1
            matrix[start + i, start + (i + 1) % half] += 1
        start += half
    return matrix


def ladder(t: int) -> tuple[np.ndarray, np.ndarray]:
    """Path P_{2(t-1)} + C_6 against P_{2t} + C_4, which part exactly in round t (theory.md, section 5)."""

    def matrix(path: int, half: int) -> np.ndarray:
        joined = np.zeros((path + half, path + half))
        joined[:path, :path] = np.eye(path) + np.eye(path, k=1)
        joined[path:, path:] = cycles(half)
        return joined

    return matrix(t - 1, 3), matrix(t, 2)


def strongly_regular() -> tuple[np.ndarray, np.ndarray]:
    """Adjacency matrices of the 4x4 rook's graph and of the Shrikhande graph."""
    places = [(a, b) for a in range(4) for b in range(4)]
    steps = {(0, 1), (0, 3), (1, 0), (3, 0), (1, 1), (3, 3)}
    rook = [[p != q and (p[0] == q[0] or p[1] == q[1]) for q in places] for p in places]
    shrikhande = [[((p[0] - q[0]) % 4, (p[1] - q[1]) % 4) in steps for q in places] for p in places]
    return np.array(rook, dtype=float), np.array(shrikhande, dtype=float)


def biplanes() -> list[np.ndarray]:
    """The three 2-(16,6,2) designs by difference sets, of GF(2)-rank 6, 7 and 8 (theory.md, section 5)."""

    def quasidihedral(g: int, h: int) -> int:
        (a, b), (c, d) = divmod(g, 2), divmod(h, 2)
        return 2 * ((a + c * 3**b) % 8) + (b + d) % 2

    def abelian(g: int, h: int) -> int:
        return 8 * ((g // 8 + h // 8) % 2) + (g + h) % 8

    def quaternion(g: int, h: int) -> int:
        a, b, c, d = g // 4, g // 2 % 2, h // 4, h // 2 % 2
        power = a + (c if b == 0 else -c) + (2 if b and d else 0)  # j^2 = i^2
        return 4 * (power % 4) + 2 * ((b + d) % 2) + (g + h) % 2

    sets = ((quasidihedral, (0, 1, 2, 5, 6, 8)), (abelian, (0, 1, 2, 4, 9, 14)), (quaternion, (0, 1, 2, 4, 6, 9)))
    designs = []
    for product, block in sets:
        matrix = np.zeros((16, 16))
        for g in range(16):
            for d in block:
                matrix[g, product(g, d)] = 1
        designs.append(matrix)
    return designs


def relabelled(space: WeightSpace, v: Mapping[str, np.ndarray], rng: np.random.Generator) -> Vector:
    """`g v` for a uniformly random g, by indexing."""
    last = len(space.widths) - 1
    orders = [rng.permutation(w) if 0 < layer < last else np.arange(w) for layer, w in enumerate(space.widths)]
    moved = {}
    for layer in range(1, last + 1):
        moved[f"W{layer}"] = v[f"W{layer}"][orders[layer]][:, orders[layer - 1]]
        moved[f"b{layer}"] = v[f"b{layer}"][orders[layer]]
    return moved


def tied(space: WeightSpace, rng: np.random.Generator, values: Sequence[float] = (0.0, 1.0)) -> Vector:
    """A random vector with few values, hence many ties; biases vary half of the time."""
    vary = rng.random() < 0.5
    return {
        name: rng.choice(values, shape) if name[0] == "W" or vary else np.zeros(shape)
        for name, shape in space.shapes.items()
    }


def near_miss(space: WeightSpace, v: Mapping[str, np.ndarray], rng: np.random.Generator) -> Vector:
    """A relabelled copy in which two entries of one tensor may have been exchanged: all counts of values stay."""
    w = relabelled(space, v, rng)
    if rng.random() < 0.6:
        flat = w[rng.choice(list(space.axes))].reshape(-1)
        i, j = rng.integers(0, len(flat), 2)
        flat[i], flat[j] = flat[j], flat[i]
    return w


def as_graph(space: WeightSpace, v) -> tuple[igraph.Graph, list, list]:
    """Every neuron a vertex, every weight an edge: colours and edge labels as igraph's own matcher takes them."""
    starts = np.cumsum([0, *space.widths])
    last = len(space.widths) - 1
    colours = [
        (layer, index if layer in (0, last) else -1, float(v[f"b{layer}"][index]) if layer else 0.0)
        for layer, width in enumerate(space.widths)
        for index in range(width)
    ]
    edges, labels = [], []
    for layer in range(1, last + 1):
        for (row, column), weight in np.ndenumerate(v[f"W{layer}"]):
            edges.append((int(starts[layer]) + row, int(starts[layer - 1]) + column))
            labels.append(float(weight))
    return igraph.Graph(n=len(colours), edges=edges), colours, labels


def igraph_same(space: WeightSpace, v, w) -> bool:
    (left, left_colours, left_labels), (right, right_colours, right_labels) = as_graph(space, v), as_graph(space, w)
    colours = {colour: number for number, colour in enumerate(dict.fromkeys(left_colours + right_colours))}
    labels = {label: number for number, label in enumerate(dict.fromkeys(left_labels + right_labels))}
    return left.isomorphic_vf2(
        right,
        color1=[colours[c] for c in left_colours],
        color2=[colours[c] for c in right_colours],
        edge_color1=[labels[x] for x in left_labels],
        edge_color2=[labels[x] for x in right_labels],
    )


EXACT = {
    "relu": lambda x: max(x, Fraction(0)),
    "leaky-relu": lambda x: x if x > 0 else x / 64,
    "abs": abs,
    "identity": lambda x: x,
}
PRECISE = {
    "tanh": mpmath.tanh,
    "sine": mpmath.sin,
    "gelu": lambda x: x * mpmath.ncdf(x),
    "silu": lambda x: x / (1 + mpmath.exp(-x)),
}
ACTIVATED = EXACT | PRECISE


def values(space: WeightSpace, v: Mapping[str, np.ndarray], x: Sequence, number: Callable = Fraction) -> list:
    """`f_v(x)` as the definition says, in any kind of number: `Fraction` where the activation allows, else `mpmath.mpf`."""
    state = [number(coordinate) for coordinate in x]
    last = len(space.widths) - 1
    for layer in range(1, last + 1):
        state = [
            sum((number(float(weight)) * value for weight, value in zip(row, state, strict=True)), number(float(bias)))
            for row, bias in zip(v[f"W{layer}"], v[f"b{layer}"], strict=True)
        ]
        if layer < last:
            state = [ACTIVATED[space.activation](value) for value in state]
    return state


IN_FLOATS = {
    "relu": lambda x: np.maximum(x, 0),
    "leaky-relu": lambda x: np.maximum(x, x / 64),
    "abs": np.abs,
    "identity": lambda x: x,
}


def on_line(space: WeightSpace, v: Mapping[str, np.ndarray]) -> np.ndarray:
    """A net (1, n, 1) at -3, -2.5, ..., 3: floats hold every value exactly if all entries are small integers."""
    hidden = v["W1"] * np.arange(-6, 7) / 2 + v["b1"][:, None]
    return (v["W2"] @ IN_FLOATS[space.activation](hidden) + v["b2"])[0]


def inside(value: mpmath.mpf, interval: tuple[Fraction, Fraction]) -> bool:
    """Whether a value lies between two rationals."""
    low, high = (mpmath.mpf(end.numerator) / end.denominator for end in interval)
    return low <= value <= high


class Tools:
    """The functions above, under one fixture."""

    linear = tuple(EXACT)
    activated = ACTIVATED
    values = staticmethod(values)
    inside = staticmethod(inside)
    on_line = staticmethod(on_line)
    slow_rounds = staticmethod(slow_rounds)
    embedded = staticmethod(embedded)
    cycles = staticmethod(cycles)
    ladder = staticmethod(ladder)
    strongly_regular = staticmethod(strongly_regular)
    biplanes = staticmethod(biplanes)
    relabelled = staticmethod(relabelled)
    tied = staticmethod(tied)
    near_miss = staticmethod(near_miss)
    igraph_same = staticmethod(igraph_same)


@pytest.fixture(scope="session")
def tools() -> type[Tools]:
    return Tools


@pytest.fixture(scope="session")
def all_permutations() -> Callable[[WeightSpace, Mapping[str, np.ndarray]], list[bytes]]:
    """Brute force: the entries of `g v` as bytes, for every element g of the group."""
    from itertools import permutations, product

    @cache
    def places(space: WeightSpace) -> np.ndarray:
        """`[elements, entries]`: where each entry of `g v` lies in v, tensors one after the other."""
        last = len(space.widths) - 1
        fixed = ([tuple(range(space.widths[0]))], [tuple(range(space.widths[-1]))])
        orders = [fixed[0], *(list(permutations(range(w))) for w in space.widths[1:-1]), fixed[1]]
        starts = np.cumsum([0, *(int(np.prod(shape)) for shape in space.shapes.values())])
        of = {
            name: np.arange(start, start + int(np.prod(shape))).reshape(shape)
            for (name, shape), start in zip(space.shapes.items(), starts, strict=False)
        }
        found = []
        for order in product(*orders):
            parts = []
            for layer in range(1, last + 1):
                rows, columns = list(order[layer]), list(order[layer - 1])
                parts += [of[f"W{layer}"][rows][:, columns].ravel(), of[f"b{layer}"][rows]]
            found.append(np.concatenate(parts))
        return np.stack(found)

    def images(space: WeightSpace, v: Mapping[str, np.ndarray]) -> list[bytes]:
        flat = np.concatenate([np.ravel(v[name]) for name in space.shapes]) + 0.0
        return [image.tobytes() for image in flat[places(space)]]

    return images
