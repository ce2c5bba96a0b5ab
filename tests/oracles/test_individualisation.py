"""Which neurons are marked, in which order, and the budget: on nets whose refinements can be followed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from orbitcheck.harness.oracles import individualisation
from orbitcheck.harness.oracles.individualisation import individualising_neurons, next_neuron
from orbitcheck.harness.oracles.refinement import Refinement
from orbitcheck.harness.weights.space import mlp


def coloured(*layers) -> Refinement:
    """The refinement of net 0 with these colours in its hidden layers; net 1 has other ones, which must not matter."""
    widths = [len(layer) for layer in layers]
    ends = np.zeros((2, 1), int)
    stable = (ends, *(np.array([layer, range(len(layer))]) for layer in layers), ends)
    return Refinement(mlp(1, *widths, 1), (stable,), (np.array([0, 1]),))


@pytest.mark.parametrize(
    ("layers", "neuron"),
    [
        (([0, 1, 2],), None),
        (([0], [0]), None),
        (([1, 0, 1],), (1, 0)),
        (([2, 0, 0, 0, 1, 1],), (1, 4)),  # the smaller class, though the other one comes first
        (([0, 0, 0], [3, 1, 1]), (2, 1)),  # also where it is in a later layer
        (([3, 1, 1], [0, 0]), (1, 1)),  # of two as small the one of the earlier layer,
        (([5, 2, 1, 1, 2],), (1, 1)),  # then the one that begins first, whatever its colour is
        (([0, 0, 0, 1], [0, 0, 0]), (1, 0)),
    ],
)
def test_the_next_neuron_is_the_first_of_the_smallest_class(layers, neuron):
    found = next_neuron(coloured(*layers))
    assert found == neuron
    assert found is None or all(type(number) is int for number in found)  # it goes into JSON


def test_one_neuron_tells_one_cycle_from_two(tools):
    """The pair of prop-6.2: a cycle of 8 and two of 4."""
    space, v = tools.embedded(tools.cycles(4))
    _, w = tools.embedded(tools.cycles(2, 2))
    assert individualising_neurons(space, v, w) == {"kind": "individualisation", "neurons": [[1, 0]]}
    assert individualising_neurons(space, w, v) == {"kind": "individualisation", "neurons": [[1, 0]]}
    later = tools.relabelled(space, w, np.random.default_rng(0))
    assert individualising_neurons(space, v, later) == {"kind": "individualisation", "neurons": [[1, 0]]}


def two_places(tools, first, second) -> tuple:
    """A net with two independent blocks of cycles, the second with biases of 1."""
    blocks = [tools.cycles(*first), tools.cycles(*second)]
    size = len(blocks[0]) + len(blocks[1])
    space, v = tools.embedded(np.zeros((size, size)))
    v["W2"][: len(blocks[0]), : len(blocks[0])], v["W2"][len(blocks[0]) :, len(blocks[0]) :] = blocks
    for name in ("b1", "b2"):
        v[name][len(blocks[0]) :] = 2.0
    return space, v


def test_choices_that_survive_are_followed(tools):
    """First comes the smaller block, cycles of 4 and 6 in both nets, then the other one: a cycle of 12, or two of 6."""
    space, v = two_places(tools, (6,), (2, 3))
    w = tools.relabelled(space, two_places(tools, (3, 3), (2, 3))[1], np.random.default_rng(3))
    # Of the five neurons 6 to 10, one of the cycle of 4, then one of the two on its other side, then one of the cycle of 6,
    # and one of the two that are left there; in w twice two, three, and two choices survive. The cycle of 12 decides.
    neurons = [[1, 6], [2, 6], [1, 8], [1, 9], [1, 0]]
    assert individualising_neurons(space, v, w) == {"kind": "individualisation", "neurons": neurons}


def test_strongly_regular_graphs_take_two_neurons(tools):
    rook, shrikhande = tools.strongly_regular()
    space, v = tools.embedded(rook + 2 * np.eye(16))
    _, w = tools.embedded(shrikhande + 2 * np.eye(16))
    assert individualising_neurons(space, v, w) == {"kind": "individualisation", "neurons": [[1, 0], [1, 1]]}


def test_nets_of_one_orbit_have_no_such_neurons(tools):
    rng = np.random.default_rng(0)
    for halves in ((4,), (2, 3), (3, 3)):
        space, v = tools.embedded(tools.cycles(*halves))
        assert individualising_neurons(space, v, tools.relabelled(space, v, rng)) is None
    space = mlp(1, 1, 1)
    v = {name: np.ones(shape) for name, shape in space.shapes.items()}
    assert individualising_neurons(space, v, v) is None


def test_the_work_is_bounded_by_all_marked_nets_together(tools, monkeypatch: pytest.MonkeyPatch):
    """A cycle of 8 against two of 4: one net for the marked neuron and four for its images, of 33 parameters each."""
    space, v = tools.embedded(tools.cycles(4))
    _, w = tools.embedded(tools.cycles(2, 2))
    monkeypatch.setattr(individualisation, "MAX_WORK", 5 * 33)
    assert individualising_neurons(space, v, w) is not None
    monkeypatch.setattr(individualisation, "MAX_WORK", 5 * 33 - 1)
    assert individualising_neurons(space, v, w) is None


def test_the_work_of_all_levels_counts(tools, monkeypatch: pytest.MonkeyPatch):
    """Rook's against Shrikhande graph: 16 images of the first neuron; of the 16 nets that survive, as many images of the second."""
    rook, shrikhande = tools.strongly_regular()
    space, v = tools.embedded(rook + 2 * np.eye(16))
    _, w = tools.embedded(shrikhande + 2 * np.eye(16))
    rounds: list[int] = []
    refine_marked = individualisation._refine_marked

    def counted(space, arrays, neurons):
        rounds.append(len(neurons))
        return refine_marked(space, arrays, neurons)

    monkeypatch.setattr(individualisation, "_refine_marked", counted)
    assert individualising_neurons(space, v, w) is not None
    assert len(rounds) == 2 and rounds[0] == 17 and (rounds[1] - 1) % 16 == 0
    work = sum(rounds) * space.parameters
    monkeypatch.setattr(individualisation, "MAX_WORK", work)
    assert individualising_neurons(space, v, w) is not None
    monkeypatch.setattr(individualisation, "MAX_WORK", work - 1)
    assert individualising_neurons(space, v, w) is None
