"""What refinement leaves open, on cases small enough for exact values, and the law of the groups of interchangeable neurons."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from orbitcheck.harness.oracles.orbit import equal, moved
from orbitcheck.harness.oracles.refinement import refine
from orbitcheck.harness.oracles.remainder import Remainder, _block_ranks, interchangeable, remainder
from orbitcheck.harness.weights.space import WeightSpace, mlp
from orbitcheck.harness.weights.symmetry import GroupElement, identity


def left_open(space: WeightSpace, v) -> Remainder:
    return remainder(space, v, [layer[0] for layer in refine(space, [v]).stable])


def ones(space: WeightSpace) -> dict[str, np.ndarray]:
    return {name: np.ones(shape) for name, shape in space.shapes.items()}


def groups(rest: Remainder) -> dict[int, list[int]]:
    return {layer: numbers.tolist() for layer, numbers in rest.groups.items()}


def test_twins_share_a_vertex():
    """Two complete blocks of three by two: each side of a block is one vertex, and one edge joins the two."""
    space = mlp(1, 4, 6, 1)
    v = ones(space) | {"W2": np.kron(np.eye(2), np.ones((3, 2)))}
    rest = left_open(space, v)
    assert groups(rest) == {1: [1, 1, 0, 0], 2: [1, 1, 1, 0, 0, 0]}
    assert rest.vertices == ((1, 0), (1, 1), (2, 0), (2, 1))
    assert rest.graph.edges == [(2, 0), (3, 1)]
    assert rest.graph.colours == [0, 0, 1, 1]
    assert interchangeable(rest) == [2, 2, 3, 3]


@pytest.mark.parametrize("size", [4, 5])
def test_the_bits_of_a_rank_are_spread_over_copies_of_the_vertices(size: int):
    """A circulant matrix of other values: rank 0, of the least one, is no edge; rank r is one in each copy j with bit j of r."""
    space = mlp(1, size, size, 2, 1)
    places = range(size)
    v = ones(space) | {"W2": np.array([[5.0 + (j - i) % size for j in places] for i in places])}
    rest = left_open(space, v)
    # Groups are numbered in the order of the ranks that their neurons see.
    assert groups(rest) == {1: list(places), 2: [-i % size for i in places], 3: [0, 0]}
    assert rest.vertices == tuple((layer, group) for layer in (1, 2) for group in places)
    assert interchangeable(rest) == [1] * 2 * size + [2]
    count, copies = 2 * size, 2 if size == 4 else 3
    wanted = [
        (copy * count + vertex, (copy + 1) * count + vertex) for copy in range(copies - 1) for vertex in range(count)
    ]
    for i in places:
        for j in places:
            bits = {0: "", 1: "0", 2: "1", 3: "01", 4: "2"}[(j - i) % size]
            wanted += [(int(bit) * count + size + -i % size, int(bit) * count + j) for bit in bits]
    assert sorted(rest.graph.edges) == sorted(wanted)
    assert rest.graph.colours == [colour for colour in range(2 * copies) for _ in places]


def test_the_most_frequent_weight_of_a_block_is_no_edge():
    space = mlp(1, 3, 3, 1)
    for value, other in ((1.0, 0.0), (0.0, 1.0), (-2.0, 5.0)):
        rest = left_open(space, ones(space) | {"W2": np.where(np.eye(3) == 1, other, value)})
        assert sorted(rest.graph.edges) == sorted(
            zip((3 + rest.groups[2]).tolist(), rest.groups[1].tolist(), strict=True)
        )
        assert rest.graph.colours == [0] * 3 + [1] * 3


def test_vertices_are_coloured_by_layer_neuron_and_size(tools):
    """Cycles of 4, 6 and 6, the last one with biases of its own: the neurons of the first are two pairs of twins."""
    space, v = tools.embedded(tools.cycles(2, 3, 3))
    v["b1"] = v["b2"] = np.array([0.0, 0, 0, 0, 0, 1, 1, 1])
    rest = left_open(space, v)
    members = [np.flatnonzero(rest.groups[layer] == group) for layer, group in rest.vertices]
    kinds = [
        (layer, v["b1"][neurons[0]], len(neurons)) for (layer, _), neurons in zip(rest.vertices, members, strict=True)
    ]
    assert set(kinds) == {(layer, *kind) for layer in (1, 2) for kind in ((0, 1), (0, 2), (1, 1))}
    assert rest.graph.colours == [sorted(set(kinds)).index(kind) for kind in kinds]


def test_without_anything_left_open_there_is_no_graph():
    space = mlp(2, 3, 2, 1)
    rest = left_open(space, ones(space))
    assert groups(rest) == {1: [0, 0, 0], 2: [0, 0]}
    assert (rest.vertices, rest.graph.edges, rest.graph.colours) == ((), [], [])
    assert interchangeable(rest) == [3, 2]
    rest = left_open(
        mlp(1, 3, 1), {"W1": np.eye(3)[:, :1], "b1": np.zeros(3), "W2": np.ones((1, 3)), "b2": np.zeros(1)}
    )
    assert groups(rest) == {1: [1, 0, 0]} and interchangeable(rest) == [1, 2]


@pytest.mark.parametrize("widths", [(1, 4, 1), (2, 4, 4, 1), (1, 3, 3, 3, 1)])
def test_neurons_are_in_one_group_iff_exchanging_them_changes_nothing(tools, widths: tuple[int, ...]):
    space, rng = mlp(*widths), np.random.default_rng(widths)
    for number in range(12):
        v = tools.tied(space, rng, (0.0, 1.0) if number % 2 else (0.0, 0.0, 0.0, 1.0))
        rest = left_open(space, v)
        assert interchangeable(rest) == [
            size for layer in rest.groups.values() for _, size in Counter(layer.tolist()).items()
        ]
        for layer, width in enumerate(space.widths[1:-1], 1):
            for i in range(width):
                for j in range(i):
                    images = list(range(width))
                    images[i], images[j] = j, i
                    moves = identity(space).to_json() | {f"n{layer}": images}
                    exchanged = moved(space, GroupElement(tuple((a, tuple(to)) for a, to in moves.items())), v)
                    assert (rest.groups[layer][i] == rest.groups[layer][j]) == equal(space, exchanged, v)


def slow_ranks(weights: np.ndarray, rows, columns) -> np.ndarray:
    found = np.empty(weights.shape, dtype=int)
    for i, j in np.ndindex(weights.shape):
        block = [
            weights[k, m]
            for k in range(len(rows))
            for m in range(len(columns))
            if (rows[k], columns[m]) == (rows[i], columns[j])
        ]
        ordered = sorted(set(block), key=lambda value: (-block.count(value), value))
        found[i, j] = ordered.index(weights[i, j])
    return found


def test_a_rank_is_by_falling_frequency_within_its_block_then_by_value():
    rng = np.random.default_rng(0)
    for _ in range(20):
        shape = tuple(rng.integers(1, 6, 2))
        weights = rng.choice([-1.0, 0.0, 0.5, 2.0], shape)
        rows, columns = rng.integers(0, 3, shape[0]), rng.integers(0, 2, shape[1])
        ranks = _block_ranks(weights, rows, columns)
        assert ranks.dtype == np.int64 and np.array_equal(ranks, slow_ranks(weights, rows, columns))
