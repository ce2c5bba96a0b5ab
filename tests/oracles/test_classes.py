"""Classes of nets and of entries against brute force over the whole group, the slow refinement, and pairwise function decisions."""

from __future__ import annotations

from itertools import combinations, permutations, product

import numpy as np
import pytest

from orbitcheck.harness.oracles import classes as oracle
from orbitcheck.harness.oracles.function import function_relation
from orbitcheck.harness.oracles.functions.normal_form import FeatureTable
from orbitcheck.harness.oracles.orbit import moved
from orbitcheck.harness.oracles.stabiliser import stabiliser
from orbitcheck.harness.weights.space import SpaceError, WeightSpace, mlp
from orbitcheck.harness.weights.symmetry import GroupElement

SPACES = [mlp(1, 3, 1), mlp(1, 3, 3, 1), mlp(2, 3, 2, 1), mlp(1, 2, 3, 2, 2)]


def stack(space: WeightSpace, vectors) -> dict[str, np.ndarray]:
    return {name: np.stack([v[name] for v in vectors]) for name in space.axes}


def mixed(tools, space: WeightSpace, rng: np.random.Generator, count: int = 4) -> list:
    """Nets with many ties, each beside relabelled copies and near misses."""
    values = ((0.0, 1.0), (-1.0, 0.0, 1.0))[rng.integers(2)]
    nets = [tools.tied(space, rng, values) for _ in range(count)]
    return [w for v in nets for w in (v, tools.relabelled(space, v, rng), tools.near_miss(space, v, rng))]


def group(space: WeightSpace) -> list[GroupElement]:
    images = [list(permutations(range(space.size[axis]))) for axis in space.permuted]
    return [GroupElement(tuple(zip(space.permuted, choice, strict=True))) for choice in product(*images)]


def same_partition(left, right) -> bool:
    """Whether two labellings of the same things put the same things together."""
    pairs = set(zip(left, right, strict=True))
    return len(pairs) == len(set(left)) == len(set(right))


def key(space: WeightSpace, v) -> bytes:
    return b"".join(v[name].tobytes() for name in space.axes)


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_orbits_of_nets_and_entries_are_those_of_brute_force(tools, space: WeightSpace):
    rng = np.random.default_rng(list(map(ord, str(space))))
    elements = group(space)
    for _ in range(8):
        nets = mixed(tools, space, rng, 2)
        arrays = stack(space, nets)
        keys = [[key(space, moved(space, g, v)) for g in elements] for v in nets]
        assert same_partition(oracle.orbit_classes(space, arrays), [min(own) for own in keys])
        found = oracle.orbit_entry_classes(space, arrays)
        assert {name: array.shape for name, array in found.items()} == {name: arrays[name].shape for name in space.axes}
        for name, axes in space.axes.items():
            slow = []
            for own in keys:
                for entry in np.ndindex(space.shapes[name]):
                    slow.append(
                        min(
                            (
                                image,
                                tuple(
                                    dict(g.permutations).get(a, range(9))[i] for a, i in zip(axes, entry, strict=True)
                                ),
                            )
                            for g, image in zip(elements, own, strict=True)
                        )
                    )
            assert same_partition(found[name].reshape(-1).tolist(), slow), name


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_refinement_classes_are_those_of_the_definition(tools, space: WeightSpace):
    rng = np.random.default_rng(list(map(ord, str(space))))
    for _ in range(10):
        nets = mixed(tools, space, rng)
        colours = tools.slow_rounds(space, nets, sum(space.widths))[-1]
        arrays = stack(space, nets)
        bags = [tuple(sorted((node[0], colour) for node, colour in own.items())) for own in colours]
        assert same_partition(oracle.refinement_classes(space, arrays), bags)
        found = oracle.refinement_entry_classes(space, arrays)
        assert {name: array.shape for name, array in found.items()} == {name: arrays[name].shape for name in space.axes}
        for layer in range(1, len(space.widths)):
            edges = [
                (float(v[f"W{layer}"][i, j]) + 0.0, own[layer, i], own[layer - 1, j])
                for v, own in zip(nets, colours, strict=True)
                for i, j in np.ndindex(space.shapes[f"W{layer}"])
            ]
            assert same_partition(found[f"W{layer}"].reshape(-1).tolist(), edges)
            ends = [own[layer, i] for own in colours for i in range(space.widths[layer])]
            assert same_partition(found[f"b{layer}"].reshape(-1).tolist(), ends)


@pytest.mark.parametrize("activation", ["relu", "abs", "tanh"])
def test_function_classes_are_those_of_pairwise_decisions(tools, activation: str):
    """One hidden layer, few values: piecewise-linear pairs are always decided, tanh pairs with ties alike."""
    space = mlp(1, 3, 1, activation=activation)
    rng = np.random.default_rng(5)
    nets = [tools.tied(space, rng, (-1.0, 0.0, 1.0)) for _ in range(24)]
    found = oracle.function_classes(space, stack(space, nets))
    assert len(set(found.tolist())) < len(nets)  # some functions do coincide
    for i, j in combinations(range(len(nets)), 2):
        answer = function_relation(space, nets[i], nets[j]).answer
        assert (found[i] == found[j]) == (answer == "equal"), (i, j, answer)


def test_function_classes_hold_rescaled_and_flipped_copies():
    rng = np.random.default_rng(0)
    relu, tanh = mlp(2, 8, 8, 1), mlp(2, 8, 8, 1, activation="tanh")
    for space in (relu, tanh):
        nets = []
        for _ in range(16):
            v = {name: rng.integers(-128, 129, shape) / 64 for name, shape in space.shapes.items()}
            factor = 2.0 ** rng.integers(-2, 3, 8) if space is relu else rng.choice([-1.0, 1.0], 8)
            w = {**v, "W1": v["W1"] * factor[:, None], "b1": v["b1"] * factor, "W2": v["W2"] / factor}
            nets += [v, w]
        found = oracle.function_classes(space, stack(space, nets)).reshape(-1, 2)
        assert (found[:, 0] == found[:, 1]).all()
        assert len(np.unique(found)) == 16
        assert len(np.unique(oracle.refinement_classes(space, stack(space, nets)))) > 16


def doubled(space: WeightSpace, v, factor: float = 2.0):
    """A net of the same function by a rescaling of one neuron, exact in floats."""
    scale = np.ones(space.widths[1])
    scale[0] = factor
    return {**v, "W1": v["W1"] * scale[:, None], "b1": v["b1"] * scale, "W2": v["W2"] / scale}


def test_floats_that_agree_are_no_proof(tools):
    """A shift of the output by 2^-40 is far below what floats are asked for, and overflow shows nothing at all."""
    space, rng = mlp(1, 3, 1), np.random.default_rng(7)
    v = {name: rng.integers(1, 9, shape) / 4 for name, shape in space.shapes.items()}
    shifted = {**v, "b2": v["b2"] + 2.0**-40}
    found = oracle.function_classes(space, stack(space, [v, shifted, doubled(space, v)]))
    assert found[0] == found[2] != found[1]
    huge = {**v, "W1": v["W1"] * 2.0**1000, "W2": v["W2"] * 2.0**1000}
    found = oracle.function_classes(space, stack(space, [huge, {**huge, "b2": -huge["b2"]}, doubled(space, huge)]))
    assert found[0] == found[2] != found[1]


@pytest.mark.parametrize(("affordable", "proved"), [(0, 0), (1, 0), (2, 1), (3, 1), (4, 2), (20, 2)])
def test_forms_are_made_for_nets_alike_in_floats_as_far_as_the_budget_goes(
    monkeypatch: pytest.MonkeyPatch, affordable: int, proved: int
):
    """Six nets of functions of their own cost nothing; each of two pairs is proved equal by two forms."""
    space, rng = mlp(1, 3, 1), np.random.default_rng(3)
    nets = [{name: rng.integers(1, 99, shape) / 4 for name, shape in space.shapes.items()} for _ in range(8)]
    nets += [doubled(space, nets[0]), doubled(space, nets[1])]
    monkeypatch.setattr(oracle, "MAX_PRODUCTS", affordable * FeatureTable(space).products)
    found = oracle.function_classes(space, stack(space, nets))
    assert len(set(found)) == len(nets) - proved
    assert proved < 2 or (found[0] == found[8] and found[1] == found[9])


def test_where_no_form_is_affordable_forward_refinement_proves(monkeypatch: pytest.MonkeyPatch):
    space = mlp(1, 2, 2, 1)
    v, w = ({name: np.ones(shape) for name, shape in space.shapes.items()} for _ in range(2))
    v["W2"], w["W2"] = np.array([[1.0, 0.0], [1.0, 0.0]]), np.eye(2)
    monkeypatch.setattr("orbitcheck.harness.oracles.functions.normal_form.MAX_PRODUCTS", 0)
    arrays = stack(space, [v, w, doubled(space, v)])
    assert len(set(oracle.refinement_classes(space, arrays))) == 3
    found = oracle.function_classes(space, arrays)
    assert found[0] == found[1] != found[2]


def test_tried_inputs_are_few_fixed_and_of_both_signs(monkeypatch: pytest.MonkeyPatch):
    space, seen = mlp(2, 3, 1), []
    honest = oracle.values_in_floats
    monkeypatch.setattr(
        oracle, "values_in_floats", lambda space, arrays, points: seen.append(points) or honest(space, arrays, points)
    )
    arrays = {name: np.zeros((2, *shape)) for name, shape in space.shapes.items()}
    for _ in range(2):
        oracle.function_classes(space, arrays)
    assert np.array_equal(*seen)
    assert len(np.unique(seen[0], axis=0)) == oracle.TESTED_INPUTS
    assert seen[0].min() < 0 < seen[0].max()


def test_classes_coarsen_from_orbits_to_refinement_to_functions(tools):
    space, left = tools.embedded(tools.cycles(4))
    _, right = tools.embedded(tools.cycles(2, 2))
    rng = np.random.default_rng(1)
    arrays = stack(space, [left, right, tools.relabelled(space, left, rng), tools.relabelled(space, right, rng)])
    assert oracle.orbit_classes(space, arrays).tolist() in ([0, 1, 0, 1], [1, 0, 1, 0])
    assert sorted(oracle.orbit_classes(space, stack(space, [left, right])).tolist()) == [0, 1]
    assert oracle.refinement_classes(space, arrays).tolist() == [0, 0, 0, 0]
    assert oracle.function_classes(space, arrays).tolist() == [0, 0, 0, 0]
    entries, coarse = oracle.orbit_entry_classes(space, arrays), oracle.refinement_entry_classes(space, arrays)
    # Neurons of a layer are one to refinement. The 8-cycle has pairs at distance 1 and 3; two 4-cycles have edges and gaps.
    assert {name: len(np.unique(array)) for name, array in coarse.items()} == dict.fromkeys(space.axes, 1) | {"W2": 2}
    assert {name: len(np.unique(array)) for name, array in entries.items()} == dict.fromkeys(space.axes, 2) | {"W2": 4}


def test_generators_move_nothing_and_generate_the_whole_stabiliser(tools, all_permutations):
    rng = np.random.default_rng(3)
    space = mlp(1, 3, 3, 1)
    for _ in range(60):
        v = tools.tied(space, rng)
        found = stabiliser(space, v)
        assert found is not None
        reached = {tuple(range(3)) * 2}
        frontier = list(reached)
        steps = [tuple(i for _, images in g.permutations for i in images) for g in found.generators]
        while frontier:
            old = frontier.pop()
            for step in steps:
                new = tuple(step[old[i]] for i in range(3)) + tuple(step[3 + old[3 + i]] for i in range(3))
                if new not in reached:
                    reached.add(new)
                    frontier.append(new)
        images = all_permutations(space, v)
        assert len(reached) == found.order == images.count(images[0])
        assert all(
            key(space, moved(space, g, v)) == key(space, {n: a + 0.0 for n, a in v.items()}) for g in found.generators
        )


def test_past_the_budget_classes_are_finer_never_coarser(tools, monkeypatch: pytest.MonkeyPatch):
    space, v = tools.embedded(tools.cycles(6))
    arrays = stack(space, [v, tools.relabelled(space, v, np.random.default_rng(0)), v])
    assert len(set(oracle.orbit_classes(space, arrays))) == 1
    monkeypatch.setattr("orbitcheck.harness.oracles.orbit.MAX_EDGES", 1)
    found = oracle.orbit_classes(space, arrays)
    assert found[0] == found[2] != found[1]
    entries = oracle.orbit_entry_classes(space, arrays)
    assert all((array[0] == array[2]).all() for array in entries.values())
    assert len(np.unique(entries["W2"][0])) == 36


def test_no_time_for_a_graph_that_is_not_small_makes_classes_finer_too(tools):
    """80 neurons of two colours; equal nets stay one, and a stabiliser that is not found counts as trivial."""
    space, v = tools.embedded(tools.cycles(40))
    arrays = stack(space, [v, tools.relabelled(space, v, np.random.default_rng(0)), v])
    assert same_partition(oracle.orbit_classes(space, arrays, seconds=0).tolist(), [0, 1, 0])
    entries = oracle.orbit_entry_classes(space, arrays, seconds=0)
    assert all((array[0] == array[2]).all() and array.max() < 2 * array[0].size for array in entries.values())
    assert len(np.unique(entries["W2"])) == 2 * 40**2


def test_a_thousand_nets_in_general_position_are_classes_of_their_own():
    space = mlp(1, 8, 8, 1)
    rng = np.random.default_rng(0)
    arrays = {name: rng.normal(size=(1024, *shape)) for name, shape in space.shapes.items()}
    assert sorted(oracle.orbit_classes(space, arrays)) == list(range(1024))
    assert sorted(oracle.function_classes(space, arrays)) == list(range(1024))
    for found in (oracle.refinement_entry_classes, oracle.orbit_entry_classes):
        assert all(len(np.unique(array)) == array.size for array in found(space, arrays).values())


def test_arrays_that_do_not_fit_are_refused():
    space = mlp(1, 2, 1)
    arrays = {name: np.zeros((3, *shape)) for name, shape in space.shapes.items()}
    for function in (oracle.refinement_classes, oracle.orbit_entry_classes, oracle.function_classes):
        with pytest.raises(SpaceError, match="b1"):
            function(space, {**arrays, "b1": np.zeros((3, 5))})
