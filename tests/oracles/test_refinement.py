"""Joint exact refinement against the definition written out, and against what is proved of it (theory.md, section 4)."""

from __future__ import annotations

from collections import Counter
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitcheck.harness.oracles.refinement import rank_rows, refine
from orbitcheck.harness.weights.space import SpaceError, WeightSpace, mlp

SPACES = [mlp(1, 2, 1), mlp(2, 3, 2), mlp(1, 3, 3, 1), mlp(2, 4, 3, 2), mlp(1, 2, 3, 2, 1), mlp(1, 5, 5, 1)]


def partition(colours) -> set[frozenset]:
    """Net, neuron pairs by colour."""
    cells: dict = {}
    for net, nodes in enumerate(colours):
        for node, colour in nodes.items():
            cells.setdefault((node[0], colour), set()).add((net, node))
    return {frozenset(cell) for cell in cells.values()}


def as_nodes(layers) -> list[dict]:
    return [
        {(layer, i): int(colours[net, i]) for layer, colours in enumerate(layers) for i in range(colours.shape[1])}
        for net in range(len(layers[0]))
    ]


def histograms(colours) -> list[Counter]:
    return [Counter((node[0], colour) for node, colour in nodes.items()) for nodes in colours]


@pytest.mark.parametrize("count", [60, pytest.param(200, marks=pytest.mark.long)])
@pytest.mark.parametrize("direction", ["both", "forward"])
@pytest.mark.parametrize("space", SPACES, ids=str)
def test_every_round_is_the_one_of_the_definition(tools, space: WeightSpace, direction: str, count: int):
    """60 joint refinements of 4 nets a space and direction, in long runs 200: 2,400 in all (14,400 pairs), every round's cells and counts."""
    rng = np.random.default_rng(list(map(ord, str(space) + direction)))
    for _ in range(count):
        values = ((0.0, 1.0), (-1.0, 0.0, 1.0), (-0.0, 0.0, 0.5))[rng.integers(3)]
        nets = [tools.tied(space, rng, values)]
        nets += [tools.near_miss(space, nets[0], rng) for _ in range(2)]
        nets += [tools.tied(space, rng, values)]
        got = refine(space, nets, direction=direction)
        wanted = tools.slow_rounds(space, nets, got.rounds + 2, direction)
        for number, slow in enumerate(wanted):
            fast = as_nodes(got.colours[min(number, got.rounds)])
            assert partition(fast) == partition(slow)
            classes = got.net_classes[min(number, got.rounds)]
            bags = histograms(slow)
            assert all((classes[i] == classes[j]) == (bags[i] == bags[j]) for i, j in product(range(4), repeat=2))
        if got.rounds:
            assert partition(as_nodes(got.colours[-2])) != partition(as_nodes(got.colours[-1]))  # no round too many


@given(seed=st.integers(0, 2**32 - 1), which=st.integers(0, len(SPACES) - 1))
@settings(derandomize=True, deadline=None, max_examples=100)
def test_refinement_commutes_with_relabelling(tools, seed: int, which: int):
    space, rng = SPACES[which], np.random.default_rng(seed)
    nets = [tools.tied(space, rng, (-1.0, 0.0, 1.0)) for _ in range(5)]
    copies = [tools.relabelled(space, v, rng) for v in nets]
    joint = refine(space, nets + copies)
    assert np.array_equal(joint.classes()[:5], joint.classes()[5:])
    alone, moved = refine(space, nets), refine(space, copies)
    assert alone.rounds == moved.rounds
    for before, after in zip(alone.stable, moved.stable, strict=True):
        assert np.array_equal(np.sort(before), np.sort(after))  # colours do not depend on the numbering
    order = rng.permutation(5)
    shuffled = refine(space, [nets[i] for i in order])
    for before, after in zip(alone.stable, shuffled.stable, strict=True):
        assert np.array_equal(before[order], after)  # nor on the order of the nets


def test_a_stack_of_nets_is_refined_as_their_list(tools):
    space, rng = mlp(2, 4, 3, 2), np.random.default_rng(0)
    nets = [tools.tied(space, rng) for _ in range(7)]
    listed, stacked = (
        refine(space, nets),
        refine(space, {name: np.stack([v[name] for v in nets]) for name in space.axes}),
    )
    assert np.array_equal(listed.classes(), stacked.classes())
    assert all(np.array_equal(a, b) for a, b in zip(listed.stable, stacked.stable, strict=True))


def test_negative_zero_is_zero():
    space = mlp(1, 2, 1)
    v = {name: np.zeros(shape) for name, shape in space.shapes.items()}
    w = {name: -np.zeros(shape) for name, shape in space.shapes.items()}
    assert refine(space, [v, w]).round_of_separation(0, 1) is None
    w["b1"][1] = 5e-324  # and nothing else is
    assert refine(space, [v, w]).round_of_separation(0, 1) == 0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_non_finite_weights_are_refused_by_name(bad: float):
    space = mlp(1, 2, 1)
    vectors = [{name: np.zeros(shape) for name, shape in space.shapes.items()} for _ in range(2)]
    vectors[1]["W2"][0, 1] = bad
    with pytest.raises(SpaceError, match=r"weight vector 1: W2\[0, 1\] is -?(nan|inf); weights are finite"):
        refine(space, vectors)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: v.pop("b1"), "missing: b1; unknown: none"),
        (lambda v: v.update(W9=np.zeros(1)), "missing: none; unknown: W9"),
        (lambda v: v.update(W1=np.zeros((1, 2))), r"W1 has shape \(1, 2\), in .* it is \(2, 1\)"),
    ],
)
def test_vectors_that_do_not_fit_are_refused(change, message: str):
    space = mlp(1, 2, 1)
    vector = {name: np.zeros(shape) for name, shape in space.shapes.items()}
    change(vector)
    with pytest.raises(SpaceError, match=message):
        refine(space, [vector])


def test_other_spaces_and_empty_batches_are_refused():
    with pytest.raises(SpaceError, match="MLP spaces only"):
        refine(WeightSpace((("A", ("n", "n")),), (("n", 3),), ("n",)), [{"A": np.zeros((3, 3))}])
    with pytest.raises(SpaceError, match="at least one"):
        refine(mlp(1, 2, 1), [])


def test_rows_are_ranked_in_lexicographic_order():
    rng = np.random.default_rng(0)
    for high in (3, 300, 2**40):
        rows = rng.integers(0, high, (200, 3))
        ordered = sorted({tuple(row) for row in rows.tolist()})
        assert rank_rows(rows).tolist() == [ordered.index(tuple(row)) for row in rows.tolist()]
    assert rank_rows(np.zeros((0, 3), dtype=np.int64)).shape == (0,)


@pytest.mark.parametrize("t", range(2, 9))
@pytest.mark.parametrize("extra", [0, 2])
def test_the_ladder_parts_exactly_in_round_t(tools, t: int, extra: int):
    """Extra hidden layers of ones leave t unchanged; incoming edges alone never part it."""
    matrices = tools.ladder(t)
    n = len(matrices[0])
    space = mlp(1, *[n] * (2 + extra), 1)
    nets = []
    for matrix in matrices:
        v = {name: np.ones(shape) for name, shape in space.shapes.items()}
        v["W2"] = matrix
        nets.append(v)
    assert refine(space, nets).round_of_separation(0, 1) == t
    assert refine(space, nets, direction="forward").round_of_separation(0, 1) is None


def test_the_direction_pair_needs_outgoing_edges():
    space = mlp(1, 2, 2, 1)
    nets = [{name: np.ones(shape) for name, shape in space.shapes.items()} for _ in range(2)]
    nets[0]["W2"], nets[1]["W2"] = np.array([[1.0, 0.0], [1.0, 0.0]]), np.eye(2)
    assert refine(space, nets).round_of_separation(0, 1) == 1
    assert refine(space, nets, direction="forward").round_of_separation(0, 1) is None


def test_of_317_classes_of_binary_matrices_refinement_sees_316():
    """Every 4x4 binary W_2, in one joint refinement of 65,536 nets; orbits counted by brute force over 576 permutations."""
    space = mlp(1, 4, 4, 1)
    bits = (np.arange(2**16)[:, None] >> np.arange(16)) & 1
    matrices = bits.reshape(-1, 4, 4)
    stack = {name: np.ones((2**16, *shape)) for name, shape in space.shapes.items()}
    stack["W2"] = matrices.astype(np.float64)
    classes = refine(space, stack).classes()

    smallest, entries, cells = np.full(2**16, 2**16), bits.T.copy(), np.arange(16).reshape(4, 4)
    for rows in permutations(range(4)):
        for columns in permutations(range(4)):
            moved = cells[np.ix_(rows, columns)].ravel()
            smallest = np.minimum(smallest, sum(entries[old] << new for new, old in enumerate(moved)))
    assert len(set(smallest.tolist())) == 317
    assert len(set(classes.tolist())) == 316
    assert len(set(zip(smallest.tolist(), classes.tolist(), strict=True))) == 317  # an orbit lies in one class
    orbits_of: dict = {}
    for orbit, number in zip(smallest.tolist(), classes.tolist(), strict=True):
        orbits_of.setdefault(number, set()).add(orbit)
    (shared,) = [orbits for orbits in orbits_of.values() if len(orbits) > 1]
    ranks = sorted(np.linalg.matrix_rank(matrices[orbit]) for orbit in shared)
    assert ranks == [2, 3]  # the pair of prop-6.2


def test_discreteness_is_a_colour_of_its_own_for_every_hidden_neuron(tools):
    space, rng = mlp(1, 3, 3, 1), np.random.default_rng(5)
    nets = [tools.tied(space, rng, (0.0, 1.0, 2.0)) for _ in range(300)]
    got = refine(space, nets)
    wanted = [
        [len({colours[net, i] for i in range(3)}) == 3 for colours in got.stable[1:-1]] for net in range(len(nets))
    ]
    assert got.is_discrete.tolist() == wanted
    assert 0 < got.is_discrete.mean() < 1


def test_marks_individualise_neurons(tools):
    space, v = tools.embedded(tools.cycles(4))
    _, w = tools.embedded(tools.cycles(2, 2))
    marks = [np.zeros((2, width), dtype=int) for width in space.widths]
    assert refine(space, [v, w], marks=marks).round_of_separation(0, 1) is None
    marks[1][:, 0] = 1
    assert refine(space, [v, w], marks=marks).round_of_separation(0, 1) is not None


def test_a_difference_of_the_last_round_counts(tools):
    """All weights apart: every neuron is alone from round 1 on, which is the round that parts the two."""
    space = mlp(1, 1, 1)
    v = {name: np.ones(shape) for name, shape in space.shapes.items()}
    refinement = refine(space, [v, {**v, "W1": np.zeros((1, 1)), "W2": np.zeros((1, 1))}])
    assert refinement.round_of_separation(0, 1) == 1 == len(refinement.net_classes) - 1
    assert refinement.classes()[0] != refinement.classes()[1]


def test_some_of_the_nets_keep_their_stable_colours(tools):
    space = mlp(2, 4, 3, 1)
    rng = np.random.default_rng(4)
    joint = refine(space, [tools.tied(space, rng) for _ in range(6)])
    chosen = np.array([4, 1, 2])
    some = joint.restricted(chosen)
    assert some.space == space and len(some.colours) == len(some.net_classes) == 1
    assert all(np.array_equal(part, whole[chosen]) for part, whole in zip(some.stable, joint.stable, strict=True))
    assert np.array_equal(some.classes(), joint.classes()[chosen])
    assert np.array_equal(some.is_discrete, joint.is_discrete[chosen])
