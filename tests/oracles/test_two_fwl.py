"""Folklore 2-WL: the definition on small nets, the arrows to orbits and 1-WL, known pairs, and the table that it starts from."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from space_cases import rook_and_shrikhande

from orbitcheck.harness.oracles.classes import orbit_classes, orbit_entry_classes, refinement_entry_classes
from orbitcheck.harness.oracles.refinement import refine
from orbitcheck.harness.oracles.tuples.colouring import colour
from orbitcheck.harness.oracles.two_fwl import refinement as oracle
from orbitcheck.harness.oracles.two_fwl.classes import needed_rounds, two_fwl_classes, two_fwl_entry_classes
from orbitcheck.harness.oracles.two_fwl.refinement import _refined, refine_mlp_pairs, refine_pairs
from orbitcheck.harness.oracles.two_fwl.spaces import refine_space_pairs
from orbitcheck.harness.oracles.two_fwl.table import Table, mlp_table
from orbitcheck.harness.verification.exact.node_pairs import NodePairs, pairs_differ
from orbitcheck.harness.verification.exact.structure import Structure
from orbitcheck.harness.weights.space import SpaceError, WeightSpace, mlp
from orbitcheck.harness.weights.spaces import recurrent

SPACES = [mlp(1, 3, 1), mlp(1, 3, 3, 1), mlp(2, 3, 2, 1), mlp(1, 2, 3, 2, 2)]


def slow_history(space: WeightSpace, nets) -> list[list[dict]]:
    """Per round, per net: pair of neurons -> colour, straight from the definition in theory.md, section 8."""
    widths, last = space.widths, len(space.widths) - 1
    neurons = [(layer, i) for layer, width in enumerate(widths) for i in range(width)]

    def kind(v, neuron):
        layer, i = neuron
        bias = float(v[f"b{layer}"][i]) + 0.0 if layer else None
        return layer, i if layer in (0, last) else None, bias

    def weight(v, a, b):
        if b[0] == a[0] + 1:
            return "up", float(v[f"W{b[0]}"][b[1], a[1]]) + 0.0
        return ("down", float(v[f"W{a[0]}"][a[1], b[1]]) + 0.0) if a[0] == b[0] + 1 else None

    def renamed(keys):
        names: dict = {}
        return [{pair: names.setdefault(key, len(names)) for pair, key in net.items()} for net in keys]

    start = [
        {(a, b): (kind(v, a), kind(v, b), a == b, weight(v, a, b)) for a in neurons for b in neurons} for v in nets
    ]
    history = [renamed(start)]
    while True:
        finer = renamed(
            {(a, b): (colour, tuple(sorted((net[a, k], net[k, b]) for k in neurons))) for (a, b), colour in net.items()}
            for net in history[-1]
        )
        if sum(len(set(net.values())) for net in finer) == sum(len(set(net.values())) for net in history[-1]) and len(
            {c for net in finer for c in net.values()}
        ) == len({c for net in history[-1] for c in net.values()}):
            return history
        history.append(finer)


def histogram(net: dict) -> tuple:
    return tuple(sorted(net.values()))


def drawn(tools, space: WeightSpace, rng: np.random.Generator) -> list:
    values = ((0.0, 1.0), (-1.0, 0.0, 1.0))[rng.integers(2)]
    nets = [tools.tied(space, rng, values) for _ in range(2)]
    return [w for v in nets for w in (v, tools.relabelled(space, v, rng), tools.near_miss(space, v, rng))]


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_every_round_is_that_of_the_definition(tools, space):
    rng = np.random.default_rng(space.parameters)
    for _ in range(6):
        nets = drawn(tools, space, rng)
        slow, fast = slow_history(space, nets), refine_mlp_pairs(space, nets)
        assert fast.rounds == len(slow) - 1
        for colours, classes, defined in zip(fast.colours, fast.net_classes, slow, strict=True):
            mine = colours.reshape(len(nets), -1).tolist()
            theirs = [list(net.values()) for net in defined]
            matched = {(a, b) for m, t in zip(mine, theirs, strict=True) for a, b in zip(m, t, strict=True)}
            assert len(matched) == len({a for a, _ in matched}) == len({b for _, b in matched})
            alike = {(a, histogram(net)) for a, net in zip(classes.tolist(), defined, strict=True)}
            assert len(alike) == len({a for a, _ in alike}) == len({b for _, b in alike})


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_the_second_opinion_agrees(tools, space):
    rng = np.random.default_rng(space.parameters + 1)
    for _ in range(4):
        v, w, *_ = drawn(tools, space, rng)
        w = tools.near_miss(space, v, rng)
        pairs = NodePairs(Structure(space, [v, w]))
        fast = refine_mlp_pairs(space, [v, w]).round_of_separation(0, 1)
        found = next((t for t in range(9) if pairs_differ(pairs.colours(t))), None)
        assert found == fast
        assert pairs_differ(pairs.colours()) == (fast is not None)


def all_binary(size: int) -> tuple[WeightSpace, dict[str, np.ndarray]]:
    space = mlp(1, size, size, 1)
    middle = np.array(list(product((0.0, 1.0), repeat=size * size))).reshape(-1, size, size)
    return space, {name: np.ones((len(middle), *shape)) for name, shape in space.shapes.items()} | {"W2": middle}


def is_finer(fine, coarse) -> bool:
    return len({*zip(fine, coarse, strict=True)}) == len({*fine})


@pytest.mark.parametrize("size", [2, 3])
def test_all_small_binary_nets_have_the_classes_of_their_orbits(size):
    space, arrays = all_binary(size)
    found, orbits = refine_mlp_pairs(space, arrays).classes(), orbit_classes(space, arrays)
    assert is_finer(orbits, found) and is_finer(found, orbits)


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_orbits_refine_two_fwl_and_its_rounds_refine_those_of_nodes(tools, space):
    rng = np.random.default_rng(space.parameters + 2)
    nets = [w for _ in range(8) for w in drawn(tools, space, rng)]
    arrays = {name: np.stack([v[name] for v in nets]) for name in space.axes}
    pairs, nodes = refine_mlp_pairs(space, arrays), refine(space, arrays)
    assert is_finer(orbit_classes(space, arrays), pairs.classes()) and is_finer(pairs.classes(), nodes.classes())
    for number, classes in enumerate(nodes.net_classes):
        assert is_finer(pairs.net_classes[min(number, pairs.rounds)], classes)
    rounds = pairs.rounds_of_separation()
    some = [(i, j) for i in range(0, len(nets), 5) for j in range(len(nets))]
    assert all((pairs.round_of_separation(i, j) is None) == (rounds[i, j] < 0) for i, j in some)
    assert all(pairs.round_of_separation(i, j) in (None, rounds[i, j]) for i, j in some)


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_entry_classes_lie_between_those_of_orbits_and_of_refinement(tools, space):
    rng = np.random.default_rng(space.parameters + 3)
    nets = [w for _ in range(4) for w in drawn(tools, space, rng)]
    arrays = {name: np.stack([v[name] for v in nets]) for name in space.axes}
    by = [found(space, arrays) for found in (orbit_entry_classes, two_fwl_entry_classes, refinement_entry_classes)]
    assert all(found.keys() == space.axes.keys() for found in by)
    for name in space.axes:
        orbits, pairs, nodes = (found[name].ravel().tolist() for found in by)
        assert is_finer(orbits, pairs) and is_finer(pairs, nodes)


def test_entries_that_no_permutation_of_neurons_moves_but_refinement_merges(tools):
    """A cycle of eight beside two of four: their weights are of one class to refinement, of two to 2-FWL."""
    (space, v), (_, w) = tools.embedded(tools.cycles(4)), tools.embedded(tools.cycles(2, 2))
    arrays = {name: np.stack([v[name], w[name]]) for name in space.axes}
    assert two_fwl_classes(space, arrays).tolist() == [0, 1] or two_fwl_classes(space, arrays).tolist() == [1, 0]
    ones = arrays["W2"] == 1
    seen = [
        {*found["W2"][net][ones[net]].tolist()} for found in (two_fwl_entry_classes(space, arrays),) for net in (0, 1)
    ]
    assert len(seen[0]) == len(seen[1]) == 1 and seen[0] != seen[1]
    merged = refinement_entry_classes(space, arrays)["W2"]
    assert {*merged[0][ones[0]].tolist()} == {*merged[1][ones[1]].tolist()}
    assert needed_rounds(refine_mlp_pairs(space, arrays)) == 1


@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_a_round_is_that_of_the_definition_from_any_colours(nets, nodes, colours, seed):
    """Pairs stay alike exactly if they were, and so were the pairs of colours by way of every third node, as multisets."""
    old = np.random.default_rng(seed).integers(0, colours, (nets, nodes, nodes))
    new = oracle._refined(old)
    by_definition = [
        (old[n, i, j], *sorted((old[n, i, k], old[n, k, j]) for k in range(nodes)))
        for n, i, j in np.ndindex(nets, nodes, nodes)
    ]
    matched = {*zip(by_definition, new.ravel().tolist(), strict=True)}
    assert len(matched) == len({*by_definition}) == len({*new.ravel().tolist()})


def test_rounds_may_be_bounded(tools):
    (space, v), (_, w) = tools.embedded(tools.cycles(6)), tools.embedded(tools.cycles(3, 3))
    table, whole = mlp_table(space, [v, w]), refine_mlp_pairs(space, [v, w])
    for last in range(whole.rounds + 2):
        found = refine_pairs(table, last)
        assert found.is_stable == (last > whole.rounds)
        assert found.rounds == min(last, whole.rounds)
        assert (found.stable == whole.colours[found.rounds]).all()


def test_colours_are_absolute(tools):
    space, rng = mlp(2, 4, 3, 1), np.random.default_rng(5)
    nets = drawn(tools, space, rng)
    moved = [tools.relabelled(space, v, rng) for v in nets][::-1]
    one, other = refine_mlp_pairs(space, nets), refine_mlp_pairs(space, moved)
    for mine, theirs in zip(one.colours, other.colours, strict=True):
        sides = [np.sort(colours.reshape(len(nets), -1), axis=1) for colours in (mine, theirs[::-1])]
        assert (sides[0] == sides[1]).all()


def test_known_pairs(tools):
    """prop-6.2 parts, cycles the later the longer they are; designs and strongly regular graphs never."""

    def parted(first, second):
        (space, v), (_, w) = tools.embedded(first), tools.embedded(second)
        assert refine(space, [v, w]).round_of_separation(0, 1) is None
        return refine_mlp_pairs(space, [v, w]).round_of_separation(0, 1)

    assert [parted(tools.cycles(2 * half), tools.cycles(half, half)) for half in (2, 3, 5, 9)] == [1, 2, 3, 4]
    rook, shrikhande = tools.strongly_regular()
    assert parted(rook + 2 * np.eye(16), shrikhande + 2 * np.eye(16)) is None
    first, second, third = tools.biplanes()
    assert parted(first, second) is parted(second, third) is None


def test_the_ladder_of_nodes_parts_at_once(tools):
    for t, wanted in ((1, 0), (2, 1), (6, 1)):
        (space, v), (_, w) = map(tools.embedded, tools.ladder(t))
        assert refine(space, [v, w]).round_of_separation(0, 1) == t
        assert refine_mlp_pairs(space, [v, w]).round_of_separation(0, 1) == wanted


def test_classes_that_do_not_fit_into_a_chunk_are_seen_as_a_whole(tools, monkeypatch):
    space, rng = mlp(1, 4, 4, 1), np.random.default_rng(6)
    nets = [w for _ in range(4) for w in drawn(tools, space, rng)]
    whole = refine_mlp_pairs(space, nets)
    monkeypatch.setattr(oracle, "CHUNK", 20)
    pieces = refine_mlp_pairs(space, nets)
    assert all((a == b).all() for a, b in zip(whole.colours, pieces.colours, strict=True))


def test_zero_has_one_sign(tools):
    space = mlp(1, 2, 1)
    v = {name: np.zeros(shape) for name, shape in space.shapes.items()}
    assert refine_mlp_pairs(space, [v, {name: -array for name, array in v.items()}]).classes().tolist() == [0, 0]


def test_a_table_of_any_kind():
    """A directed cycle of four against two swaps, a recurrent matrix: kinds alike, labels of ordered pairs."""

    def directed(images):
        return np.eye(4, dtype=int)[images]

    labels = np.stack([directed([1, 2, 3, 0]), directed([1, 0, 3, 2]), directed([2, 3, 1, 0])])
    found = refine_pairs(Table(np.zeros((3, 4), int), labels))
    assert found.round_of_separation(0, 1) == 0  # a label of (i, j) comes with that of (j, i)
    assert found.round_of_separation(0, 2) is None


def test_kinds_tell_layers_inputs_outputs_and_biases_apart():
    space = mlp(2, 2, 2)
    v = {name: np.zeros(shape) for name, shape in space.shapes.items()} | {"b1": np.array([1.0, 1.0])}
    table = mlp_table(space, [v])
    assert table.kinds.tolist() == [[0, 1, 2, 2, 3, 4]]
    assert (table.nets, table.nodes) == (1, 6)


@pytest.mark.parametrize(
    ("kinds", "labels", "said"),
    [
        (np.zeros((0, 2), int), np.zeros((0, 2, 2), int), r"^kinds \(0, 2\) and labels .*allowed"),
        (np.zeros(2, int), np.zeros((1, 2, 2), int), r"^kinds \(2,\) and labels .*allowed"),
        (np.zeros((1, 2), int), np.zeros((1, 2, 3), int), r"and labels \(1, 2, 3\); allowed"),
        (np.zeros((1, 2)), np.zeros((1, 2, 2), int), "^kinds of float64; allowed"),
        (np.zeros((1, 2), int), -np.ones((1, 2, 2), int), "^labels of int64; allowed"),
    ],
)
def test_a_table_that_is_none_is_refused(kinds, labels, said):
    with pytest.raises(ValueError, match=said):
        Table(kinds, labels)


def test_on_spaces_it_lies_between_joint_refinement_and_orbits():
    """Of `recurrent(1, n, 1)` with R alone: a hexagon and two triangles are parted, strongly regular graphs never, copies stay one."""
    rng, (rook, shrikhande) = np.random.default_rng(0), rook_and_shrikhande()
    hexagon, triangles = np.eye(6)[[1, 2, 3, 4, 5, 0]], np.kron(np.eye(2), np.eye(3)[[1, 2, 0]])
    for a, b, parted in ((hexagon, triangles, True), (rook, shrikhande, False)):
        space, order = recurrent(1, len(a), 1), rng.permutation(len(a))
        matrices = np.stack([a, b, a[np.ix_(order, order)]])
        arrays = {n: matrices if n == "R1" else np.ones((3, *s)) for n, s in space.shapes.items()}
        found = refine_space_pairs(space, arrays)
        assert found.round_of_separation(0, 2) is None
        assert (found.round_of_separation(0, 1) is not None) == parted
        assert colour(space, arrays).round_of_separation(0, 1) is None  # joint refinement sees neither
    with pytest.raises(SpaceError, match="joins more than two nodes"):
        refine_space_pairs(WeightSpace((("T", tuple("ijk")),), (("i", 2), ("j", 2), ("k", 2)), tuple("ijk")), [])


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_on_mlps_the_nets_that_are_ever_parted_are_those_of_the_parameter_graph(space):
    rng = np.random.default_rng(1)
    arrays = {name: rng.integers(0, 2, (24, *shape)).astype(float) for name, shape in space.shapes.items()}
    one, other = refine_mlp_pairs(space, arrays), refine_space_pairs(space, arrays)
    assert (one.classes()[:, None] == one.classes()).tolist() == (other.classes()[:, None] == other.classes()).tolist()


def test_what_no_permuted_axis_has_is_a_part_of_the_net():
    space = WeightSpace((("s", ("one",)), ("b", ("n",))), (("one", 1), ("n", 2)), ("n",))
    nets = [
        {"s": np.array([x]), "b": np.array(b)} for x, b in ((1.0, [1.0, 2.0]), (1.0, [2.0, 1.0]), (2.0, [1.0, 2.0]))
    ]
    assert refine_space_pairs(space, nets).classes().tolist() in ([0, 0, 1], [1, 1, 0])


def test_an_axis_without_a_tensor_of_its_own():
    """Recurrent weights alone: a directed cycle of four beside two swaps are parted, as the label of (i, j) comes with that of (j, i)."""
    space = WeightSpace((("R", ("n", "n")),), (("n", 4),), ("n",))
    nets = [{"R": np.eye(4)[list(images)]} for images in ((1, 2, 3, 0), (1, 0, 3, 2), (2, 3, 1, 0))]
    assert refine_space_pairs(space, nets).classes().tolist() in ([0, 1, 0], [1, 0, 1])


def test_ends_of_other_colours_are_never_one():
    """What a pair sees at a node is two colours: 0 and 2 are not 1 and 0, though both make 2 in base 2."""
    old = np.array([[[3, 0], [2, 3]], [[3, 1], [0, 3]]])
    found = _refined(old)
    assert found[0, 0, 0] != found[1, 0, 0] and found[0, 1, 1] != found[1, 1, 1]
