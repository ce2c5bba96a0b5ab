"""The orbit decision on nets of few neurons: exact canonical forms, exact reasons, and the edges of the budget.

Mutation testing runs these alone (`tests/mutation/mutate.py`), so together they take about a second.
"""

from __future__ import annotations

import numpy as np
import pytest

from orbitcheck.harness.oracles import orbit
from orbitcheck.harness.oracles.orbit import OrbitDecision, canonical_elements, canonical_form, equal, moved, same_orbit
from orbitcheck.harness.oracles.refinement import refine
from orbitcheck.harness.weights.space import WeightSpace, mlp
from orbitcheck.harness.weights.symmetry import GroupElement, identity
from orbitcheck.harness.weights.symmetry import random_elements as drawn


def numbered(space: WeightSpace) -> dict[str, np.ndarray]:
    """Entries 1, 2, 3, ... in every tensor."""
    return {name: 1.0 + np.arange(np.prod(shape)).reshape(shape) for name, shape in space.shapes.items()}


def same_bits(space: WeightSpace, left, right) -> bool:
    return all(np.array_equal(left[name], right[name]) for name in space.axes)


def test_entries_go_where_the_element_says():
    space = mlp(1, 3, 2, 1)
    v = numbered(space) | {"b3": np.array([-0.0])}
    image = moved(space, GroupElement((("n1", (1, 2, 0)), ("n2", (1, 0)))), v)
    assert {name: array.tolist() for name, array in image.items()} == {
        "W1": [[3], [1], [2]],
        "b1": [3, 1, 2],
        "W2": [[6, 4, 5], [3, 1, 2]],
        "b2": [2, 1],
        "W3": [[2, 1]],
        "b3": [0],
    }
    assert not np.signbit(image["b3"]).any()
    rested = moved(space, identity(space), {name: array.astype(np.float32) for name, array in v.items()})
    assert all(array.dtype == np.float64 for array in rested.values())
    kept = moved(space, identity(space), v)
    kept["W1"][0, 0] = 9.0
    assert v["W1"][0, 0] == 1.0


def test_a_tensor_that_is_not_exact_is_named():
    space = mlp(1, 3, 2, 1)
    with pytest.raises(ValueError, match=r"\bW2\b"):
        moved(space, identity(space), numbered(space) | {"W2": np.full((2, 3), 2**53 + 1)})


def test_vectors_are_equal_iff_every_entry_is():
    space = mlp(1, 2, 1)
    v = {name: np.zeros(shape) for name, shape in space.shapes.items()}
    assert equal(space, v, {name: -array for name, array in v.items()})
    for name in space.axes:
        assert not equal(space, v, v | {name: v[name] + 1})
        assert not equal(space, v | {name: v[name] + 1}, v)


def test_the_canonical_form_sorts_neurons_by_colour():
    space = mlp(1, 3, 1)
    v = numbered(space) | {"b1": np.array([2.0, 0.0, 1.0])}
    refinement = refine(space, [v, v])
    assert refinement.stable[1].tolist() == [[2, 0, 1]] * 2
    g = GroupElement((("n1", (2, 0, 1)),))
    assert canonical_elements(space, [v], refinement) == [g]
    assert canonical_elements(space, [v, v], refinement) == [g, g]
    form = canonical_form(space, v)
    assert form is not None and {name: array.tolist() for name, array in form.items()} == {
        "W1": [[2], [3], [1]],
        "b1": [0, 1, 2],
        "W2": [[2, 3, 1]],
        "b2": [1],
    }


def alike(tools) -> list[np.ndarray]:
    """Matrices whose rows refinement leaves alike: cycles, twins in a cycle of 4, and a circulant of four values."""
    circulant = np.array([[0.0, 5, 7, 9], [9, 0, 5, 7], [7, 9, 0, 5], [5, 7, 9, 0]])
    return [tools.cycles(4), tools.cycles(2, 2), tools.cycles(2, 3), circulant]


@pytest.mark.parametrize("which", range(4))
def test_all_images_have_one_canonical_form(tools, which: int):
    rng = np.random.default_rng(0)
    space, v = tools.embedded(alike(tools)[which])
    form = canonical_form(space, v)
    assert form is not None and same_orbit(space, v, form).answer == "same"
    for _ in range(5):
        assert same_bits(space, form, canonical_form(space, tools.relabelled(space, v, rng)))


def test_every_vector_gets_its_own_element(tools):
    """In one call: the same form for a net and an image, another one for another orbit."""
    rng = np.random.default_rng(1)
    space, v = tools.embedded(tools.cycles(2, 3, 3))
    other = tools.embedded(tools.cycles(2, 2, 4))[1]
    nets = [v, tools.relabelled(space, v, rng), other]
    elements = canonical_elements(space, nets, refine(space, nets))
    assert elements is not None
    forms = [moved(space, g, net) for g, net in zip(elements, nets, strict=True)]
    assert same_bits(space, forms[0], forms[1]) and not same_bits(space, forms[0], forms[2])


def test_what_decided_is_said(tools):
    space = mlp(1, 3, 1)
    v = numbered(space)
    g = GroupElement((("n1", (1, 2, 0)),))
    assert same_orbit(space, v, moved(space, g, v)) == OrbitDecision(
        "same", g, "refinement gives every hidden neuron its own colour"
    )
    w = v | {"b1": np.zeros(3)}
    assert same_orbit(space, v, w) == OrbitDecision("different", None, "refinement parts them in round 0")
    w = v | {"W2": v["W2"][:, ::-1]}
    assert same_orbit(space, v, w) == OrbitDecision("different", None, "refinement parts them in round 1")

    space, v = tools.embedded(tools.cycles(4))
    _, w = tools.embedded(tools.cycles(2, 2))
    assert same_orbit(space, v, w) == OrbitDecision("different", None, "the canonical forms differ")
    image = tools.relabelled(space, v, np.random.default_rng(0))
    decision = same_orbit(space, v, image)
    assert (decision.answer, decision.reason) == ("same", "the canonical forms coincide")
    assert decision.element is not None and same_bits(space, moved(space, decision.element, v), image)


def test_one_layer_of_two_alike_is_left_to_the_labelling():
    """Layer 2 has colours of its own, layer 1 two zeros."""
    space = mlp(1, 2, 2, 1)
    v = {name: np.zeros(shape) for name, shape in space.shapes.items()} | {"b2": np.array([0.0, 1.0])}
    assert same_orbit(space, v, v) == OrbitDecision("same", identity(space), "the canonical forms coincide")


def test_a_refinement_at_hand_is_used(tools, monkeypatch: pytest.MonkeyPatch):
    space, v = tools.embedded(tools.cycles(3))
    refinement = refine(space, [v, v])
    monkeypatch.setattr(orbit, "refine", None)
    assert same_orbit(space, v, v, refinement=refinement).answer == "same"


def test_both_nets_take_part_in_the_budget(tools, monkeypatch: pytest.MonkeyPatch):
    """Two cycles of 8 edges each: 16 edges are within a budget of 16, and not within one of 15."""
    space, v = tools.embedded(tools.cycles(4))
    monkeypatch.setattr(orbit, "MAX_EDGES", 16)
    assert same_orbit(space, v, v).answer == "same"
    monkeypatch.setattr(orbit, "MAX_EDGES", 15)
    unknown = OrbitDecision("unknown", None, "no canonical labelling within 2.5 s and 15 edges")
    assert same_orbit(space, v, v, seconds=2.5) == unknown
    assert canonical_form(space, v) is not None
    monkeypatch.setattr(orbit, "MAX_EDGES", 7)
    assert canonical_form(space, v) is None


def test_labelling_is_given_the_seconds_asked_for(tools, monkeypatch: pytest.MonkeyPatch):
    asked: list[float] = []
    monkeypatch.setattr(orbit, "canonical_orders", lambda graphs, seconds: asked.append(seconds))
    space, v = tools.embedded(tools.cycles(4))
    decision = same_orbit(space, v, v, seconds=0.25)
    assert decision == OrbitDecision("unknown", None, "no canonical labelling within 0.25 s and 2000000 edges")
    assert same_orbit(space, v, v).reason == "no canonical labelling within 20 s and 2000000 edges"
    assert canonical_form(space, v, seconds=0.75) is None and canonical_form(space, v) is None
    assert canonical_elements(space, [v], refine(space, [v]), seconds=1.5) is None
    assert canonical_elements(space, [v], refine(space, [v])) is None
    assert asked == [0.25, 20.0, 0.75, 20.0, 1.5, 20.0]


class Labelling:
    """A canonical labelling, `wrong` from some call on: it then keeps the order given (True) or gives up (None)."""

    def __init__(self, calls: list, wrong: bool | None, since: int) -> None:
        self.calls, self.wrong, self.since, self.right = calls, wrong, since, orbit.canonical_orders

    def __call__(self, graphs, seconds: float):
        self.calls.append((len(graphs), seconds))
        if len(self.calls) < self.since:
            return self.right(graphs, seconds)
        return [list(range(len(graph.colours))) for graph in graphs] if self.wrong else None


@pytest.mark.parametrize(("wrong", "since"), [(True, 1), (True, 2), (None, 2)])
def test_before_it_says_different_a_labelling_has_to_know_the_first_net_again(
    tools, monkeypatch: pytest.MonkeyPatch, wrong: bool | None, since: int
):
    space, v = tools.embedded(tools.cycles(4))
    w = tools.embedded(tools.cycles(2, 2))[1]
    calls: list[tuple[int, float]] = []
    monkeypatch.setattr(orbit, "canonical_orders", Labelling(calls, wrong, since))
    assert same_orbit(space, v, w, seconds=3.0) == OrbitDecision(
        "unknown", None, "the canonical labelling does not know the first vector again"
    )
    assert calls == [(2, 3.0), (1, 3.0)]


def test_what_it_has_to_know_again_is_the_same_copy_every_time(tools, monkeypatch: pytest.MonkeyPatch):
    space, v = tools.embedded(tools.cycles(4))
    w = tools.embedded(tools.cycles(2, 2))[1]
    elements: list[GroupElement] = []

    def random_elements(*arguments):
        found = drawn(*arguments)
        elements.extend(found)
        return found

    monkeypatch.setattr(orbit, "random_elements", random_elements)
    for _ in range(2):
        assert same_orbit(space, v, w).answer == "different"
    assert elements == 2 * list(drawn(space, 1, np.random.default_rng(0)))
