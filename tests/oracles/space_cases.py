"""Small spaces of every kind, nets with many ties on them, and the truth about orbits by the whole group.

Shared by the tests and by benchmarks/acceptance/orbits_on_spaces.py. Nothing here is the product's: the group is written out as
gathers of the flat weight vector.
"""

from __future__ import annotations

from functools import cache
from itertools import permutations, product

import numpy as np

from orbitcheck.harness.weights.space import WeightSpace, mlp
from orbitcheck.harness.weights.spaces import conv_net, recurrent, residual_mlp, transformer_block


def made(tensors: dict[str, str], sizes: dict[str, int], permuted: str) -> WeightSpace:
    """A space that no constructor makes, axes being letters."""
    return WeightSpace(
        tuple((name, tuple(axes)) for name, axes in tensors.items()), tuple(sizes.items()), tuple(permuted)
    )


SPACES = {
    "mlp": mlp(1, 3, 3, 1),
    "conv": conv_net(1, 2, 3, 1, kernel=1),
    "conv, wide": conv_net(1, 4, 4, 1, kernel=1),
    "conv, kernels": conv_net(1, 2, 2, 1),
    "residual": residual_mlp(1, 3, (2, 2), 1),
    "residual, wide": residual_mlp(1, 4, (4,), 1),
    "recurrent": recurrent(1, 4, 1),
    "recurrent, six": recurrent(1, 6, 1),
    "recurrent, two": recurrent(1, 2, 3, 1),
    "block": transformer_block(1, 2, 2, 2, 2),
    "block, wide": transformer_block(1, 3, 3, 2, 1),
    "three axes": made({"T": "abc"}, {"a": 2, "b": 3, "c": 3}, "abc"),
    "one axis thrice": made({"T": "aaa"}, {"a": 4}, "a"),
    "axis twice": made({"T": "aba", "S": "a"}, {"a": 3, "b": 2}, "ab"),
    "twice beside fixed": made({"T": "aax", "s": "", "U": "xx"}, {"a": 4, "x": 2}, "a"),
    "mixed": made({"T": "abc", "S": "ab", "U": "ca", "V": "ax", "b": "b"}, {"a": 2, "b": 3, "c": 2, "x": 2}, "abc"),
}
SPLIT = [
    name for name, space in SPACES.items() if all(sum(a in space.permuted for a in t) < 3 for _, t in space.tensors)
]
HEADS = (transformer_block(1, 2, 2, 2, 1), {"key": "head", "value": "head"})
"""A space whose keys and values lie within heads."""

Vector = dict[str, np.ndarray]


def flat(v: Vector) -> np.ndarray:
    return np.concatenate([np.asarray(a, dtype=float).ravel() for a in v.values()])


def shaped(space: WeightSpace, entries: np.ndarray) -> Vector:
    found, start = {}, 0
    for name, shape in space.shapes.items():
        size = int(np.prod(shape, dtype=int))
        found[name] = entries[start : start + size].reshape(shape).copy()
        start += size
    return found


@cache
def group(space: WeightSpace) -> np.ndarray:
    """`[elements, entries]`: where every entry of the moved vector comes from."""
    every = shaped(space, np.arange(space.parameters))
    rows = []
    for images in product(*(permutations(range(space.size[axis])) for axis in space.permuted)):
        source = dict(zip(space.permuted, images, strict=True))
        rows.append(
            np.concatenate(
                [
                    every[name][np.ix_(*(source.get(axis, range(space.size[axis])) for axis in axes))].ravel()
                    if axes
                    else every[name].ravel()
                    for name, axes in space.tensors
                ]
            )
        )
    return np.array(rows, dtype=int)


@cache
def heads_group() -> np.ndarray:
    """As `group`, of `HEADS`: heads exchanged, keys and values of each head permuted apart."""
    space, size = HEADS[0], HEADS[0].size
    every, rows = shaped(space, np.arange(space.parameters)), []
    inner = [list(product(permutations(range(size[axis])), repeat=size["head"])) for axis in ("key", "value")]
    hidden = list(permutations(range(size["hidden"])))
    for heads, keys, values, units in product(permutations(range(size["head"])), *inner, hidden):
        parts = []
        for name, axes in space.tensors:
            array = every[name]
            for axis, apart in (("key", keys), ("value", values)):
                if axis in axes:
                    array = np.moveaxis(array, [axes.index("head"), axes.index(axis)], [0, 1])
                    array = np.stack([array[h][list(apart[h])] for h in range(size["head"])])
                    array = np.moveaxis(array, [0, 1], [axes.index("head"), axes.index(axis)])
            for axis, source in (("head", heads), ("hidden", units)):
                if axis in axes:
                    array = np.take(array, source, axis=axes.index(axis))
            parts.append(array.ravel())
        rows.append(np.concatenate(parts))
    return np.array(rows, dtype=int)


def in_one_orbit(gathers: np.ndarray, v: Vector, w: Vector) -> bool:
    """By every element of the group."""
    return bool((flat(v)[gathers] == flat(w)).all(axis=1).any())


def drawn(space: WeightSpace, nets: int, rng: np.random.Generator) -> Vector:
    """`[nets, *shape]`: small integers with ties everywhere; all nets are copies of two, some with one entry changed."""
    base = [{n: rng.integers(0, 2, s) * (rng.random() < 0.6) for n, s in space.shapes.items()} for _ in range(2)]
    found = []
    for net in range(nets):
        v = moved_by(space, base[net % 2 if rng.random() < 0.5 else 0], rng)
        found.append(changed(v, rng) if rng.random() < 0.4 else v)
    return {n: np.stack([v[n] for v in found]) for n in space.axes}


def moved_by(space: WeightSpace, v: Vector, rng: np.random.Generator) -> Vector:
    images = {axis: rng.permutation(space.size[axis]) for axis in space.permuted}
    return {
        n: np.array(v[n], dtype=float)[np.ix_(*(images.get(axis, np.arange(space.size[axis])) for axis in axes))]
        if axes
        else np.array(v[n], dtype=float)
        for n, axes in space.tensors
    }


def changed(v: Vector, rng: np.random.Generator) -> Vector:
    """One entry changed, or two entries of one tensor exchanged: the latter keeps all that counting sees."""
    v = {n: a.copy() for n, a in v.items()}
    name = max(v, key=lambda n: v[n].size) if rng.random() < 0.7 else list(v)[rng.integers(len(v))]
    entries = v[name].reshape(-1)
    i, j = rng.integers(entries.size, size=2)
    if rng.random() < 0.6:
        entries[[i, j]] = entries[[j, i]]
    else:
        entries[i] = 1 - entries[i]
    return v


def regular(space: WeightSpace, rng: np.random.Generator, name: str = "", sums: int = 0) -> Vector:
    """All entries constant but for one tensor that is a sum of permutations where its places allow it: refinement sees little."""
    v = {n: np.zeros(s) for n, s in space.shapes.items()}
    names = [n for n, axes in space.tensors if sum(axis in space.permuted for axis in axes) >= 2]
    name = name or names[rng.integers(len(names))]
    shape = space.shapes[name]
    for _ in range(sums or int(rng.integers(1, 3))):
        n = min(s for s, axis in zip(shape, space.axes[name], strict=True) if axis in space.permuted)
        ways = [
            rng.permutation(s)[:n] if axis in space.permuted else np.full(n, rng.integers(s))
            for s, axis in zip(shape, space.axes[name], strict=True)
        ]
        v[name][tuple(ways)] = 1
    return v


def circulant(size: int, *steps: int) -> np.ndarray:
    return sum(np.roll(np.eye(size), step, axis=1) for step in steps)


def directed(*lengths: int) -> np.ndarray:
    found, start = np.zeros((sum(lengths),) * 2), 0
    for n in lengths:
        found[start : start + n, start : start + n] = circulant(n, 1)
        start += n
    return found


def rook_and_shrikhande() -> list[np.ndarray]:
    cells = [(i, j) for i in range(4) for j in range(4)]
    rook = [[float(a != b and (a[0] == b[0] or a[1] == b[1])) for b in cells] for a in cells]
    steps = {(0, 1), (0, 3), (1, 0), (3, 0), (1, 1), (3, 3)}
    shrikhande = [[float(((b[0] - a[0]) % 4, (b[1] - a[1]) % 4) in steps) for b in cells] for a in cells]
    return [np.array(rook), np.array(shrikhande)]


def ones(space: WeightSpace, **given: np.ndarray) -> dict[str, np.ndarray]:
    return {name: given.get(name, np.ones(shape)) for name, shape in space.shapes.items()}


def hard_pairs() -> list[tuple[WeightSpace, dict, dict]]:
    cycle, two = circulant(4, 0, 1), np.kron(np.eye(2), np.ones((2, 2)))
    swaps, hexagon, triangles = directed(2, 2), directed(6) + directed(6).T, directed(3, 3) + directed(3, 3).T
    conv = conv_net(1, 4, 4, 1, kernel=1)
    residual, long = residual_mlp(1, 4, (4,), 1), residual_mlp(1, 6, (6,), 1)
    square = recurrent(1, 4, 1)
    latin = [np.add.outer(np.arange(4), np.arange(4)) % 4, np.bitwise_xor.outer(np.arange(4), np.arange(4))]
    cubes = [(square[..., None] == np.arange(4)).astype(float) for square in latin]
    three, (rook, shrikhande) = made({"T": "abc"}, {"a": 4, "b": 4, "c": 4}, "abc"), rook_and_shrikhande()
    given = [
        (conv, {"C2": cycle[..., None, None]}, {"C2": two[..., None, None]}),
        (residual, {"B1": cycle}, {"B1": two}),
        (residual, {"A1": np.eye(4), "B1": directed(4)}, {"A1": np.eye(4), "B1": swaps}),
        (long, {"A1": np.eye(6), "B1": hexagon}, {"A1": np.eye(6), "B1": triangles}),
        (square, {"R1": directed(4)}, {"R1": swaps}),
        (recurrent(1, 6, 1), {"R1": hexagon}, {"R1": triangles}),
        (recurrent(1, 6, 1), {"R1": directed(6)}, {"R1": directed(3, 3)}),
        (recurrent(1, 16, 1), {"R1": rook}, {"R1": shrikhande}),
        (three, {"T": cubes[0]}, {"T": cubes[1]}),
    ]
    return [(space, ones(space, **v), ones(space, **w)) for space, v, w in given]
