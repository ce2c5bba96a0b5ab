"""Refinement on cases small enough for exact values: worked by hand, or from the definition with its colours numbered.

Mutation testing runs these alone (`tests/mutation/mutate.py`), so together they take well under a second.
"""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest

from orbitcheck.harness.oracles.refinement import Refinement, rank_rows, refine, stacked
from orbitcheck.harness.weights.space import SpaceError, mlp


def numbered_rounds(space, nets, rounds: int, direction: str = "both", marks=None) -> list[list[list[list[int]]]]:
    """Per round, layer and net the colours: a neuron's is the rank of (colour, incoming, outgoing) among all nets' in its layer."""
    widths, last = space.widths, len(space.widths) - 1
    everyone = range(len(nets))

    def ranks(keys: list[list]) -> list[list[int]]:
        ordered = sorted({key for row in keys for key in row})
        return [[ordered.index(key) for key in row] for row in keys]

    def start(layer: int, net: int, index: int) -> tuple:
        fixed = index if layer in (0, last) else 0
        bias = float(nets[net][f"b{layer}"][index]) if layer else 0.0
        return fixed, bias, int(marks[layer][net, index]) if marks else 0

    def edges(layer: int, net: int, index: int, side: int, colours) -> tuple:
        matrix = nets[net][f"W{max(layer, layer + side)}"]
        weights = matrix[index] if side < 0 else matrix[:, index]
        return tuple(sorted(zip(weights.tolist(), colours[layer + side][net], strict=True)))

    def key(layer: int, net: int, index: int, colours) -> tuple:
        incoming = edges(layer, net, index, -1, colours) if layer else ()
        outgoing = edges(layer, net, index, 1, colours) if layer < last and direction == "both" else ()
        return colours[layer][net][index], incoming, outgoing

    history = [
        [
            ranks([[start(layer, net, i) for i in range(width)] for net in everyone])
            for layer, width in enumerate(widths)
        ]
    ]
    for _ in range(rounds):
        old = history[-1]
        history.append(
            [ranks([[key(layer, net, i, old) for i in range(w)] for net in everyone]) for layer, w in enumerate(widths)]
        )
    return history


def as_lists(rounds) -> list:
    return [[layer.tolist() for layer in colours] for colours in rounds]


@pytest.mark.parametrize("direction", ["both", "forward"])
@pytest.mark.parametrize("widths", [(1, 2, 1), (2, 3, 2), (1, 3, 3, 1), (2, 2, 3, 2, 2)])
def test_a_colour_is_the_rank_of_its_triple(tools, widths: tuple[int, ...], direction: str):
    space, rng = mlp(*widths), np.random.default_rng(widths)
    for values in ((0.0, 1.0), (-1.0, 0.0, 1.0)):
        v = tools.tied(space, rng, values)
        nets = [v, tools.near_miss(space, v, rng), tools.tied(space, rng, values), tools.tied(space, rng, values)]
        got = refine(space, nets, direction=direction)
        assert got.space is space
        assert as_lists(got.colours) == numbered_rounds(space, nets, got.rounds, direction)
        more = numbered_rounds(space, nets, got.rounds + 1, direction)
        assert more[-1] == more[-2]  # stable
        assert all(before != after for before, after in pairwise(more[:-1]))
        for layers, classes in zip(more, got.net_classes, strict=False):
            bags = [tuple(tuple(sorted(layer[net])) for layer in layers) for net in range(4)]
            assert classes.tolist() == [sorted(set(bags)).index(bag) for bag in bags]


def test_marks_come_after_the_bias_in_a_colour(tools):
    space, rng = mlp(2, 3, 3, 2), np.random.default_rng(0)
    nets = [tools.tied(space, rng) for _ in range(3)]
    marks = [rng.integers(0, 3, (3, width)) for width in space.widths]
    got = refine(space, nets, marks=marks)
    assert as_lists(got.colours) == numbered_rounds(space, nets, got.rounds, marks=marks)


def zeros(space) -> dict[str, np.ndarray]:
    return {name: np.zeros(shape) for name, shape in space.shapes.items()}


def test_refinement_worked_by_hand():
    """Biases 0, 0, 1 and outgoing weights 5, 4, 4: round 0 sees the bias, round 1 the weight, and that is all."""
    space = mlp(1, 3, 1)
    v = zeros(space) | {"b1": np.array([0.0, 0.0, 1.0]), "W2": np.array([[5.0, 4.0, 4.0]])}
    w = v | {"b1": np.array([0.0, 1.0, 0.0]), "W2": np.array([[4.0, 5.0, 4.0]])}
    got = refine(space, [v, w])
    assert [layer.tolist() for layer in got.colours[0]] == [[[0], [0]], [[0, 0, 1], [0, 1, 0]], [[0], [0]]]
    # In round 1 neurons see a 4 or a 5 above them; the two outputs see the same colours below, but with other weights.
    # In round 2 the input sees the hidden colours 0, 1, 2 or 0, 0, 3, and a hidden neuron its own output.
    assert [layer.tolist() for layer in got.colours[1]] == [[[0], [0]], [[1, 0, 2], [0, 3, 0]], [[1], [0]]]
    assert [layer.tolist() for layer in got.colours[2]] == [[[1], [0]], [[2, 1, 3], [0, 4, 0]], [[1], [0]]]
    assert got.rounds == 2
    assert [classes.tolist() for classes in got.net_classes] == [[0, 0], [1, 0], [1, 0]]
    assert got.round_of_separation(0, 1) == 1
    assert got.is_discrete.tolist() == [[True], [False]]
    assert refine(space, [v]).rounds == 1
    assert refine(space, [zeros(space)]).rounds == 0


def test_what_a_refinement_says_of_its_nets():
    space = mlp(1, 2, 3, 1)
    first = (np.zeros((3, 1), int), np.zeros((3, 2), int), np.zeros((3, 3), int), np.zeros((3, 1), int))
    last = (first[0], np.array([[0, 1], [1, 1], [2, 0]]), np.array([[0, 2, 1], [0, 1, 2], [1, 2, 1]]), first[3])
    got = Refinement(space, (first, last), (np.array([0, 0, 0]), np.array([0, 1, 2])))
    assert got.rounds == 1 and got.stable is last
    assert got.classes().tolist() == [0, 1, 2]
    assert (got.round_of_separation(0, 1), got.round_of_separation(1, 1)) == (1, None)
    assert got.is_discrete.tolist() == [[True, True], [False, True], [True, False]]
    some = got.restricted(np.array([2, 0]))
    assert some.space is space and some.rounds == 0
    assert [layer.tolist() for layer in some.stable] == [
        [[0], [0]],
        [[2, 0], [0, 1]],
        [[1, 2, 1], [0, 2, 1]],
        [[0], [0]],
    ]
    assert some.classes().tolist() == [2, 0] and some.round_of_separation(0, 1) == 0


@pytest.mark.parametrize(
    ("rows", "ranks"),
    [
        ([[3], [0], [3], [1]], [2, 0, 2, 1]),
        ([[1, 10], [1, 9], [0, 300], [1, 9]], [2, 1, 0, 1]),
        ([[0, 2**32], [0, 2**32 - 1], [0, 0], [1, 0]], [2, 1, 0, 3]),
        ([[2**32 - 1, 1], [2**32 - 1, 0]], [1, 0]),
        ([[2**40, 0], [0, 2**40], [2**40, 0]], [1, 0, 1]),
    ],
)
def test_rows_are_ranked_as_sequences_of_numbers(rows: list[list[int]], ranks: list[int]):
    assert rank_rows(np.array(rows)).tolist() == ranks


def test_no_rows_have_no_ranks():
    assert rank_rows(np.zeros((0, 3), dtype=np.int64)).tolist() == []
    assert rank_rows(np.zeros((0, 1), dtype=np.int64)).tolist() == []


def test_vectors_are_stacked_in_double_precision_without_negative_zeros():
    space = mlp(1, 2, 1)
    v = {name: np.full(shape, -0.0, dtype=np.float32) for name, shape in space.shapes.items()}
    w = {name: np.full(shape, 0.1).tolist() for name, shape in space.shapes.items()}
    listed = stacked(space, [v, w])
    assert list(listed) == ["W1", "b1", "W2", "b2"]
    for name, array in listed.items():
        assert array.dtype == np.float64 and array.shape == (2, *space.shapes[name])
        assert (array[0] == 0.0).all() and not np.signbit(array).any() and (array[1] == 0.1).all()
    given = {name: array.astype(np.float32) for name, array in listed.items()}
    nets = [{name: array[net] for name, array in given.items()} for net in range(2)]
    for again in (stacked(space, given), stacked(space, nets)):
        for name, array in again.items():
            assert array.dtype == np.float64 and np.array_equal(array, given[name])


def changed(**tensors) -> dict[str, np.ndarray]:
    made = zeros(mlp(1, 2, 1)) | tensors
    return {name: array for name, array in made.items() if array is not None}


IN_ALL = "mlp(1, 2, 1, activation='relu') has the tensors W1, b1, W2, b2; "


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        ([], "refinement needs at least one weight vector"),
        ([changed(), changed(b1=None, W2=None)], f"weight vector 1: {IN_ALL}missing: W2, b1; unknown: none"),
        ([changed(x=0, a=0)], f"weight vector 0: {IN_ALL}missing: none; unknown: a, x"),
        (
            [changed(W1=np.zeros((1, 2)))],
            "weight vector 0: W1 has shape (1, 2), in mlp(1, 2, 1, activation='relu') it is (2, 1)",
        ),
        (
            {name: np.zeros((3, 2, 1)) for name in ("W1", "b1", "W2", "b2")},
            "weight vector 0: b1 has shape (3, 2, 1), in mlp(1, 2, 1, activation='relu') it is (3, 2)",
        ),
        (
            {"W1": np.zeros((2, 2, 1)), "b1": np.zeros((3, 2)), "W2": np.zeros((2, 1, 2)), "b2": np.zeros((2, 1))},
            "weight vector 0: b1 has shape (3, 2), in mlp(1, 2, 1, activation='relu') it is (2, 2)",
        ),
        (
            {"W1": np.zeros((0, 2, 1)), "b1": np.zeros((0, 2)), "W2": np.zeros((0, 1, 2)), "b2": np.zeros((0, 1))},
            "refinement needs at least one weight vector",
        ),
        (
            [changed(), changed(W2=np.array([[0.0, np.nan]]))],
            "weight vector 1: W2[0, 1] is nan; weights are finite",
        ),
        ([changed(b1=np.array([-np.inf, np.nan]))], "weight vector 0: b1[0] is -inf; weights are finite"),
    ],
)
def test_what_is_no_stack_of_weight_vectors_is_refused(vectors, message: str):
    with pytest.raises(SpaceError, match=f"^{re.escape(message)}$"):
        stacked(mlp(1, 2, 1), vectors)
    with pytest.raises(SpaceError, match=f"^{re.escape(message)}$"):
        refine(mlp(1, 2, 1), vectors)
