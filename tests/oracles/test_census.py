"""Twenty thousand small nets, ties included: canonical forms and refinement classes of batches against brute force and igraph.

Every batch is sorted into orbits twice: by canonical form, and by the least image under all elements of the group, written out as
one number. Agreement of the two partitions is agreement on every pair of the batch, `400 * 399 / 2` of them.
igraph is asked of one pair a net, 20,000 in all: the net and the next one of its refinement class, so that only ties are left.
"""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitcheck.harness.oracles.orbit import canonical_elements, moved
from orbitcheck.harness.oracles.refinement import refine
from orbitcheck.harness.weights.space import WeightSpace, mlp

BATCH, BATCHES = 400, 10
SPACES = [mlp(1, 3, 1), mlp(2, 3, 2, 1), mlp(1, 3, 3, 1), mlp(1, 2, 3, 2, 1), mlp(1, 4, 3, 1)]
assert BATCH * BATCHES * len(SPACES) == 20_000


def sources(space: WeightSpace) -> np.ndarray:
    """`[elements, entries]`: for each group element where every entry of the flattened vector comes from."""
    hidden = space.widths[1:-1]
    starts = np.cumsum([0, *(int(np.prod(shape)) for shape in space.shapes.values())])
    places = {
        name: np.arange(start, start + np.prod(shape)).reshape(shape)
        for (name, shape), start in zip(space.shapes.items(), starts, strict=False)
    }
    listed = []
    for element in product(*(permutations(range(width)) for width in hidden)):
        orders = [list(range(space.widths[0])), *map(list, element), list(range(space.widths[-1]))]
        listed.append(
            np.concatenate(
                [
                    (place[orders[int(name[1:])]] if place.ndim == 1 else
                     place[np.ix_(orders[int(name[1:])], orders[int(name[1:]) - 1])]).ravel()
                    for name, place in places.items()
                ]
            )
        )  # fmt: skip
    return np.array(listed)


def least_images(space: WeightSpace, codes: np.ndarray) -> np.ndarray:
    """`[nets]`: the least of all images of a net, each read as a number in base 3."""
    powers = 3 ** np.arange(codes.shape[1], dtype=np.int64)
    assert 3.0 ** codes.shape[1] < 2**62
    return np.min([codes[:, source] @ powers for source in sources(space)], axis=0)


def same_partition(left: np.ndarray, right: np.ndarray) -> bool:
    pairs = len({*zip(left.tolist(), right.tolist(), strict=True)})
    return pairs == len(set(left.tolist())) == len(set(right.tolist()))


@pytest.mark.parametrize("space", SPACES, ids=str)
@given(seed=st.integers(0, 2**32 - 1), values=st.sampled_from([(0, 1), (0, 1, 2)]), biases=st.sampled_from([1, 2, 3]))
@settings(derandomize=True, deadline=None, max_examples=BATCHES, database=None)
def test_canonical_forms_name_the_orbits_of_brute_force_and_of_igraph(tools, space, seed, values, biases):
    rng = np.random.default_rng(seed)
    shapes = space.shapes
    # Few distinct nets, many copies under other numbers: orbits of every size, and values that repeat.
    kinds = {
        name: rng.choice(values, (BATCH // 4, *shape))
        if name[0] == "W"
        else rng.integers(0, biases, (BATCH // 4, *shape))
        for name, shape in shapes.items()
    }
    flat = np.concatenate([kinds[name].reshape(BATCH // 4, -1) for name in shapes], axis=1)
    elements = sources(space)
    chosen = rng.integers(0, len(flat), BATCH)
    codes = np.take_along_axis(flat[chosen], elements[rng.integers(0, len(elements), BATCH)], axis=1)
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes.values()])[:-1]
    parts = np.split(codes - 1.0, ends, axis=1)  # -1, 0 and 1
    arrays = {name: part.reshape(BATCH, *shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}
    nets = [{name: array[net] for name, array in arrays.items()} for net in range(BATCH)]

    refinement = refine(space, arrays)
    found = canonical_elements(space, nets, refinement)
    assert found is not None
    forms = [
        b"".join(array.tobytes() for array in moved(space, g, v).values()) for g, v in zip(found, nets, strict=True)
    ]
    mine = np.unique(np.array(forms, dtype=object), return_inverse=True)[1]
    least = least_images(space, codes)
    assert same_partition(mine, least)
    # An orbit lies in one refinement class, and with one hidden layer it is the class (theory.md, section 4).
    classes = refinement.classes()
    assert len({*zip(least.tolist(), classes.tolist(), strict=True)}) == len(set(least.tolist()))
    if len(space.widths) == 3:
        assert same_partition(classes, least)
    following = np.argsort(classes, kind="stable")
    for net, other in zip(following, np.roll(following, 1), strict=True):
        assert tools.igraph_same(space, nets[net], nets[other]) == (mine[net] == mine[other])
