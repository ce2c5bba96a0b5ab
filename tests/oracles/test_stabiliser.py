"""The stabiliser against brute force over small groups, its generators, the orbits of entries, and the edges of the budget."""

from __future__ import annotations

from itertools import permutations, product
from math import factorial

import numpy as np
import pytest

from orbitcheck.harness.oracles import stabiliser as module
from orbitcheck.harness.oracles.orbit import equal, moved
from orbitcheck.harness.oracles.stabiliser import Stabiliser, entry_orbits, stabiliser
from orbitcheck.harness.weights.space import WeightSpace, mlp
from orbitcheck.harness.weights.symmetry import GroupElement, compose, identity


def whole_group(space: WeightSpace) -> list[GroupElement]:
    size = space.size
    images = [list(permutations(range(size[axis]))) for axis in space.permuted]
    return [GroupElement(tuple(zip(space.permuted, choice, strict=True))) for choice in product(*images)]


def generated(space: WeightSpace, generators) -> set[GroupElement]:
    """Every product of the generators."""
    found, fresh = {identity(space)}, [identity(space)]
    while fresh:
        fresh = list({compose(g, h) for g in generators for h in fresh} - found)
        found.update(fresh)
    return found


def ones(space: WeightSpace) -> dict[str, np.ndarray]:
    return {name: np.ones(shape) for name, shape in space.shapes.items()}


def least_images(space: WeightSpace, group) -> dict[str, list]:
    """Tensor -> for every entry the least place that an element of the group moves it to."""
    places = {name: np.arange(np.prod(shape)).reshape(shape) for name, shape in space.shapes.items()}
    moves = [moved(space, g, places) for g in group]  # the group holds every inverse
    return {name: np.min([move[name] for move in moves], axis=0).tolist() for name in places}


def size(space: WeightSpace, v) -> int | None:
    found = stabiliser(space, v)
    return None if found is None else found.order


@pytest.mark.parametrize("widths", [(1, 3, 1), (1, 3, 3, 1), (2, 2, 3, 2, 1), (1, 4, 2, 2)])
def test_the_generators_generate_what_brute_force_finds(tools, widths: tuple[int, ...]):
    space, rng = mlp(*widths), np.random.default_rng(widths)
    group = whole_group(space)
    nets = [tools.tied(space, rng) for _ in range(6)] + [ones(space)]
    if widths == (1, 3, 3, 1):
        nets.append(ones(space) | {"W2": np.array([[0.0, 5, 7], [7, 0, 5], [5, 7, 0]])})
    for v in nets:
        wanted = {g for g in group if equal(space, moved(space, g, v), v)}
        found = stabiliser(space, v)
        assert found is not None and found.order == len(wanted)
        assert generated(space, found.generators) == wanted
        orbits = entry_orbits(space, found.generators)
        assert {name: labels.tolist() for name, labels in orbits.items()} == least_images(space, wanted)


def test_interchangeable_neurons_give_adjacent_transpositions():
    space = mlp(1, 3, 2, 1)
    assert stabiliser(space, ones(space)) == Stabiliser(
        12,
        (
            GroupElement((("n1", (1, 0, 2)), ("n2", (0, 1)))),
            GroupElement((("n1", (0, 2, 1)), ("n2", (0, 1)))),
            GroupElement((("n1", (0, 1, 2)), ("n2", (1, 0)))),
        ),
    )
    b1 = np.array([0.0, 1.0, 0.0])
    assert stabiliser(mlp(1, 3, 1), ones(mlp(1, 3, 1)) | {"b1": b1}) == Stabiliser(
        2, (GroupElement((("n1", (2, 1, 0)),)),)
    )
    assert stabiliser(mlp(1, 1, 1), ones(mlp(1, 1, 1))) == Stabiliser(1, ())


@pytest.mark.parametrize(
    ("halves", "order"),
    [((4,), 8), ((5,), 10), ((2, 2), 2**4 * 2), ((3, 3), 6 * 6 * 2), ((2, 3), 2**2 * 6), ((3, 4), 6 * 8)],
)
def test_cycles_have_dihedral_groups_and_are_exchanged(tools, halves: tuple[int, ...], order: int):
    """A cycle of 2n with its two sides kept has 2n symmetries; one of 4 is two pairs of twins."""
    rng = np.random.default_rng(0)
    space, v = tools.embedded(tools.cycles(*halves))
    for _ in range(4):
        v = tools.relabelled(space, v, rng)
        found = stabiliser(space, v)
        assert found is not None and found.order == order
        assert all(equal(space, moved(space, g, v), v) for g in found.generators)
        assert len(generated(space, found.generators)) == order


def test_images_that_look_alike_are_told_apart_by_their_forms(tools):
    """Rook's and Shrikhande graph, one in the places 0, 2, ..., one between: no single mark shows which of the two it is in."""
    space, v = tools.embedded(np.zeros((32, 32)))
    for start, graph in enumerate(tools.strongly_regular()):
        v["W2"][start::2, start::2] = graph + 2 * np.eye(16)
    found = stabiliser(space, v)
    assert found is not None and found.order == 1152 * 192
    assert all(equal(space, moved(space, g, v), v) for g in found.generators)


def test_stabilisers_of_many_twins_are_counted_not_listed():
    space = mlp(1, 30, 1)
    found = stabiliser(space, ones(space))
    assert found is not None and found.order == factorial(30) and len(found.generators) == 29


def test_a_negative_zero_is_no_difference():
    space = mlp(1, 2, 1)
    v = {name: np.zeros(shape) for name, shape in space.shapes.items()}
    assert size(space, v | {"b1": np.array([0.0, -0.0])}) == 2


def test_the_work_of_a_level_is_bounded(tools, monkeypatch: pytest.MonkeyPatch):
    """Images times parameters: the first level of a cycle of 8 has 4 images of a neuron."""
    space, v = tools.embedded(tools.cycles(4))
    assert space.parameters == 33
    monkeypatch.setattr(module, "MAX_WORK", 4 * 33)
    assert size(space, v) == 8
    monkeypatch.setattr(module, "MAX_WORK", 4 * 33 - 1)
    assert stabiliser(space, v) is None


def test_past_the_budget_of_a_labelling_there_is_no_answer(tools, monkeypatch: pytest.MonkeyPatch):
    asked: list[float] = []
    monkeypatch.setattr(module, "canonical_elements", lambda *arguments, seconds: asked.append(seconds))
    space, v = tools.embedded(tools.cycles(4))
    assert stabiliser(space, v, seconds=0.5) is None
    assert stabiliser(space, v) is None
    assert asked == [0.5, 20.0]


def test_images_that_are_not_alike_are_not_labelled(tools, monkeypatch: pytest.MonkeyPatch):
    """Of seven neurons of one colour in cycles of 6 and 8 the three of the first remain; then 2, then 4 and 2 of the other."""
    labelled: list[int] = []
    canonical_elements = module.canonical_elements

    def counted(space, vectors, refinement, *, seconds):
        labelled.append(len(vectors))
        assert len(refinement.classes()) == len(vectors)
        return canonical_elements(space, vectors, refinement, seconds=seconds)

    monkeypatch.setattr(module, "canonical_elements", counted)
    space, v = tools.embedded(tools.cycles(3, 4))
    assert size(space, v) == 6 * 8
    assert labelled == [3, 2, 4, 2]


def test_orbits_of_entries_worked_by_hand():
    """n1 turned by one step, n2 exchanged."""
    space = mlp(1, 3, 2, 1)
    g = GroupElement((("n1", (1, 2, 0)), ("n2", (1, 0))))
    orbits = entry_orbits(space, [g])
    assert {name: labels.tolist() for name, labels in orbits.items()} == {
        "W1": [[0], [0], [0]],
        "b1": [0, 0, 0],
        "W2": [[0, 0, 0], [0, 0, 0]],
        "b2": [0, 0],
        "W3": [[0, 0]],
        "b3": [0],
    }
    swap = GroupElement((("n1", (0, 2, 1)), ("n2", (0, 1))))
    assert entry_orbits(space, [swap])["W2"].tolist() == [[0, 1, 1], [3, 4, 4]]
    assert entry_orbits(space, iter([swap]))["b1"].tolist() == [0, 1, 1]
    assert entry_orbits(space, [])["W2"].tolist() == [[0, 1, 2], [3, 4, 5]]
