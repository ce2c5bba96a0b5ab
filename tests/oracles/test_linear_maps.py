"""The dimension count against orbits enumerated by hand (union-find under the generators) and published numbers."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitcheck import SpaceError, WeightSpace, generators, mlp
from orbitcheck.harness.oracles.linear_maps import Dimension, dimension


def entries_moved(space: WeightSpace) -> list[np.ndarray]:
    """Per generator the permutation that it makes of all entries of the space, numbered tensor by tensor."""
    entries = [(name, place) for name, shape in space.shapes.items() for place in product(*map(range, shape))]
    number = {entry: position for position, entry in enumerate(entries)}
    moves = []
    for g in generators(space):
        images = dict(g.permutations)
        moves.append(
            np.array(
                [
                    number[
                        name,
                        tuple(
                            images[axis][i] if axis in images else i
                            for axis, i in zip(space.axes[name], place, strict=True)
                        ),
                    ]
                    for name, place in entries
                ]
            )
        )
    return moves


def orbits(count: int, moves: list[np.ndarray]) -> int:
    """Number of orbits on `0..count-1` under the permutations: every point carries the least number it can reach."""
    label = np.arange(count)
    while True:
        before = label.copy()
        for move in moves:
            label = np.minimum(label, label[move])
            label[move] = np.minimum(label[move], label)
        if (label == before).all():
            return len(np.unique(label))


def by_enumeration(space: WeightSpace) -> Dimension:
    moves = entries_moved(space)
    n = space.parameters
    pairs = [(move[:, None] * n + move[None, :]).ravel() for move in moves]
    return Dimension(linear=orbits(n * n, pairs), constants=orbits(n, moves))


def with_permuted(space: WeightSpace, permuted: tuple[str, ...]) -> WeightSpace:
    return WeightSpace(space.tensors, space.sizes, permuted, space.activation)


@pytest.mark.parametrize(
    ("widths", "hidden_only", "ends_too"),
    [
        ((3, 5, 4, 6, 2), 196, 100),
        ((1, 4, 4, 1), 55, 55),
        ((3, 5, 2), 100, 32),
        ((3, 5, 4, 2), 142, 62),
        ((2, 1, 3, 1), 58, 46),
    ],
)
def test_known_dimensions(widths: tuple[int, ...], hidden_only: int, ends_too: int) -> None:
    space = mlp(*widths)
    assert dimension(space).linear == hidden_only
    assert dimension(space, group=space.size).linear == ends_too
    assert dimension(space) == by_enumeration(space)
    assert dimension(space, group=space.size) == by_enumeration(with_permuted(space, tuple(space.size)))


def test_constants_of_the_published_example() -> None:
    space = mlp(3, 5, 4, 6, 2)
    assert dimension(space).constants == 12
    assert dimension(space, group=space.size).constants == 8


@settings(derandomize=True, deadline=None, max_examples=25)
@given(widths=st.lists(st.integers(1, 4), min_size=3, max_size=5), data=st.data())
def test_count_is_enumeration_on_mlps(widths: list[int], data: st.DataObject) -> None:
    space = mlp(*widths)
    permuted = tuple(data.draw(st.lists(st.sampled_from(list(space.size)), unique=True)))
    assert dimension(space, permuted) == by_enumeration(with_permuted(space, permuted))


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_count_is_enumeration_where_an_axis_stands_twice(size: int) -> None:
    recurrent = WeightSpace(
        tensors=(("U", ("h", "x")), ("W", ("h", "h")), ("b", ("h",)), ("V", ("y", "h"))),
        sizes=(("x", 2), ("h", size), ("y", 1)),
        permuted=("h",),
    )
    assert dimension(recurrent) == by_enumeration(recurrent)
    if size >= 4:
        square = WeightSpace((("W", ("h", "h")),), (("h", size),), ("h",))
        assert dimension(square) == Dimension(15, 2)  # Bell numbers (Maron et al. 2019, arXiv 1812.09902)


def test_nothing_permuted_means_every_matrix() -> None:
    space = mlp(2, 3, 1)
    assert dimension(space, group=()) == Dimension(space.parameters**2, space.parameters)


def test_unknown_axis_is_refused_with_what_there_is() -> None:
    with pytest.raises(SpaceError, match='no axis "m1"; available: n0, n1, n2'):
        dimension(mlp(2, 3, 1), group=["m1"])
