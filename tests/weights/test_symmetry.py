"""The group and its action: group laws over any space, an obvious per-entry loop beside the gather, and uniform draws."""

from __future__ import annotations

from collections import Counter
from itertools import permutations, product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from orbitcheck import (
    GroupElement,
    SpaceError,
    Weights,
    WeightSpace,
    act,
    compose,
    generators,
    identity,
    inverse,
    mlp,
    random_elements,
)
from orbitcheck.harness.weights.symmetry import order

RECURRENT = WeightSpace(
    tensors=(("U", ("h", "i")), ("W", ("h", "h")), ("b", ("h",)), ("V", ("o", "h")), ("c", ())),
    sizes=(("h", 4), ("i", 2), ("o", 3)),
    permuted=("h",),
)
RESIDUAL = WeightSpace(
    tensors=(("A", ("h", "s")), ("B", ("s", "h")), ("C", ("k", "s")), ("D", ("s", "k", "s"))),
    sizes=(("s", 3), ("h", 2), ("k", 3)),
    permuted=("s", "h", "k"),
)


@st.composite
def spaces(draw) -> WeightSpace:
    """Any space of up to four tensors over up to three axes; an axis may occur twice in a tensor, or in several."""
    tensors = draw(st.lists(st.lists(st.sampled_from("hio"), max_size=3), min_size=1, max_size=4))
    used = sorted({axis for axes in tensors for axis in axes})
    return WeightSpace(
        tensors=tuple((f"T{number}", tuple(axes)) for number, axes in enumerate(tensors)),
        sizes=tuple((axis, draw(st.integers(1, 4))) for axis in draw(st.permutations(used))),
        permuted=tuple(axis for axis in used if draw(st.integers(0, 3))),
    )


ANY_SPACE = st.one_of(spaces(), st.sampled_from([RECURRENT, RESIDUAL, mlp(2, 4, 3, 1), mlp(1, 1, 1)]))
SEEDS = st.integers(0, 2**32 - 1)
LAW = settings(deadline=None, derandomize=True, max_examples=150)


def drawn(space: WeightSpace, rng: np.random.Generator, batch: int = 2, channels: int = 2) -> Weights:
    """Normal entries, with a few zeros of both signs among them so that bits, not just values, are seen to be kept."""

    def tensor(shape):
        values = rng.standard_normal((batch, *shape, channels))
        return torch.from_numpy(np.where(rng.random(values.shape) < 0.1, np.copysign(0.0, values), values))

    return Weights(space, {name: tensor(shape) for name, shape in space.shapes.items()})


def same_bits(v: Weights, w: Weights) -> bool:
    return v.space == w.space and all(
        torch.equal(a.view(torch.int64), w.tensors[name].view(torch.int64)) for name, a in v.items()
    )


def act_entry_by_entry(elements: list[GroupElement], v: Weights) -> Weights:
    """The definition: the entry at (i, j, ...) goes to (images[i], images[j], ...), axes at rest stay."""
    moved = v.clone()
    for name, axes in v.space.tensors:
        for sample, g in enumerate(elements):
            images = dict(g.permutations)
            for index in np.ndindex(*v.space.shapes[name]):
                goal = tuple(images[axis][i] if axis in images else i for axis, i in zip(axes, index, strict=True))
                moved.tensors[name][(sample, *goal)] = v.tensors[name][(sample, *index)]
    return moved


@given(ANY_SPACE, SEEDS)
@LAW
def test_the_identity_moves_nothing(space, seed):
    v = drawn(space, np.random.default_rng(seed))
    assert same_bits(act(identity(space), v), v)


@given(ANY_SPACE, SEEDS)
@LAW
def test_action_is_a_homomorphism(space, seed):
    rng = np.random.default_rng(seed)
    v = drawn(space, rng)
    g, h = random_elements(space, 2, rng)
    assert same_bits(act(g, act(h, v)), act(compose(g, h), v))


@given(ANY_SPACE, SEEDS)
@LAW
def test_the_inverse_undoes_on_both_sides(space, seed):
    rng = np.random.default_rng(seed)
    v = drawn(space, rng)
    (g,) = random_elements(space, 1, rng)
    assert compose(g, inverse(g)) == compose(inverse(g), g) == identity(space)
    assert same_bits(act(inverse(g), act(g, v)), v)


@given(ANY_SPACE, SEEDS)
@LAW
def test_composition_is_associative_with_identity(space, seed):
    g, h, k = random_elements(space, 3, np.random.default_rng(seed))
    assert compose(compose(g, h), k) == compose(g, compose(h, k))
    assert compose(g, identity(space)) == compose(identity(space), g) == g


@given(ANY_SPACE, SEEDS)
@LAW
def test_the_action_moves_each_entry_where_the_definition_says(space, seed):
    rng = np.random.default_rng(seed)
    v = drawn(space, rng, batch=3)
    elements = list(random_elements(space, 3, rng))
    assert same_bits(act(elements, v), act_entry_by_entry(elements, v))
    assert same_bits(act(elements[0], v), act_entry_by_entry(elements[:1] * 3, v))


def test_the_action_on_an_mlp_is_the_one_by_permutation_matrices():
    space = mlp(2, 4, 3, 2)
    rng = np.random.default_rng(0)
    v = drawn(space, rng, batch=1, channels=1)
    (g,) = random_elements(space, 1, rng)
    images = dict(g.permutations)
    matrices = [np.eye(2), *(np.eye(n)[:, np.argsort(images[f"n{i}"])] for i, n in ((1, 4), (2, 3))), np.eye(2)]
    moved, before = act(g, v).arrays(), v.arrays()
    for layer in (1, 2, 3):
        after, inner = matrices[layer], matrices[layer - 1]
        assert np.array_equal(moved[f"W{layer}"], after @ before[f"W{layer}"] @ inner.T)
        assert np.array_equal(moved[f"b{layer}"], after @ before[f"b{layer}"])


@given(ANY_SPACE, SEEDS)
@LAW
def test_the_result_shares_no_memory_and_the_input_stays(space, seed):
    rng = np.random.default_rng(seed)
    v = drawn(space, rng)
    before = v.clone()
    for g in (identity(space), *random_elements(space, 1, rng)):
        for _, tensor in act(g, v).items():
            tensor.fill_(7.0)
    assert same_bits(v, before)


@pytest.mark.parametrize("space", [RECURRENT, RESIDUAL, mlp(1, 4, 3, 1), mlp(2, 1, 3, 1), mlp(1, 5, 1)], ids=str)
def test_the_generators_generate_the_group(space):
    reached, frontier = {identity(space)}, [identity(space)]
    while frontier:
        frontier = [new for g in frontier for s in generators(space) if (new := compose(s, g)) not in reached]
        frontier = list(dict.fromkeys(frontier))
        reached.update(frontier)
    everything = product(*(permutations(range(space.size[axis])) for axis in space.permuted))
    assert reached == {GroupElement(tuple(zip(space.permuted, images, strict=True))) for images in everything}
    assert len(reached) == order(space)


@pytest.mark.parametrize("space", [RECURRENT, RESIDUAL, mlp(1, 4, 3, 1), mlp(2, 1, 3, 1)], ids=str)
def test_generators_are_the_adjacent_transpositions(space):
    listed = generators(space)
    assert len(set(listed)) == len(listed) == sum(space.size[axis] - 1 for axis in space.permuted)
    for g in listed:
        assert g != identity(space) and compose(g, g) == identity(space)
        assert str(g).count("(") == 1


def test_random_elements_are_uniform_and_independent_across_axes():
    space = mlp(1, 3, 2, 1)
    counts = Counter(random_elements(space, 12_000, np.random.default_rng(20240117)))
    assert len(counts) == order(space) == 12
    assert chisquare(list(counts.values())).pvalue > 1e-3


def test_successive_random_elements_are_independent():
    listed = random_elements(mlp(1, 3, 1), 12_000, np.random.default_rng(1))
    counts = Counter(zip(listed[::2], listed[1::2], strict=True))
    assert len(counts) == 36
    assert chisquare(list(counts.values())).pvalue > 1e-3


def test_random_elements_depend_on_the_generator_alone():
    space = mlp(2, 8, 8, 1)
    first = random_elements(space, 5, np.random.default_rng(3))
    torch.manual_seed(0)
    assert first == random_elements(space, 5, np.random.default_rng(3))
    assert first != random_elements(space, 5, np.random.default_rng(4))


def test_elements_are_printed_as_cycles_and_told_as_images():
    g = GroupElement((("n1", (2, 3, 0, 1)), ("n2", (0, 1)), ("n3", (1, 2, 0))))
    assert str(g) == "n1: (0 2)(1 3), n3: (0 1 2)"
    assert g.to_json() == {"n1": [2, 3, 0, 1], "n2": [0, 1], "n3": [1, 2, 0]}
    assert str(identity(mlp(1, 3, 1))) == "identity"


@pytest.mark.parametrize("images", [(0, 0, 1), (1, 2, 3), (0, 2)])
def test_images_that_are_no_permutation_are_refused(images):
    with pytest.raises(SpaceError, match=r"axis 'n1': .* is no permutation of 0\.\."):
        GroupElement((("n1", images),))


def test_an_element_of_another_group_or_a_wrong_count_is_refused():
    v = drawn(mlp(2, 3, 2, 1), np.random.default_rng(0), batch=2)
    with pytest.raises(SpaceError, match=r"on \{'n1': 3\} cannot act on mlp\(2, 3, 2, 1"):
        act(identity(mlp(2, 3, 1)), v)
    with pytest.raises(SpaceError, match=r"on \{'n1': 2, 'n2': 3\} cannot act"):
        act(identity(mlp(2, 2, 3, 1)), v)
    with pytest.raises(SpaceError, match="3 group elements for a batch of 2; give one, or one for each"):
        act([identity(v.space)] * 3, v)
