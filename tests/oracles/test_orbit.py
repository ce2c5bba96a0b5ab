"""The orbit decision against brute force over the whole group, against igraph, and on the hard matrices of theory.md, section 5."""

from __future__ import annotations

import time
from itertools import pairwise
from math import factorial

import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitcheck.harness.oracles import orbit
from orbitcheck.harness.oracles.orbit import canonical_form, moved, same_orbit
from orbitcheck.harness.oracles.refinement import refine
from orbitcheck.harness.oracles.stabiliser import stabiliser
from orbitcheck.harness.weights.space import SpaceError, WeightSpace, mlp
from orbitcheck.harness.weights.symmetry import order

SPACES = [mlp(1, 3, 1), mlp(1, 3, 3, 1), mlp(2, 3, 4, 1), mlp(1, 4, 4, 1), mlp(1, 3, 2, 3, 1), mlp(1, 2, 3, 2, 2)]


def stabiliser_size(space: WeightSpace, v, **limits) -> int | None:
    found = stabiliser(space, v, **limits)
    return None if found is None else found.order


def same_bits(space: WeightSpace, left, right) -> bool:
    return all(np.array_equal(left[name], right[name]) for name in space.axes)


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_the_decision_is_the_one_of_brute_force(tools, all_permutations, space: WeightSpace):
    """400 pairs a space, 2,400 in all, of nets with few values: relabelled copies, half of them with two entries exchanged."""
    rng = np.random.default_rng(list(map(ord, str(space))))
    seen = {"same": 0, "different": 0}
    for number in range(400):
        v = tools.tied(space, rng, ((0.0, 1.0), (-1.0, 0.0, 1.0))[number % 2])
        w = tools.near_miss(space, v, rng)
        images = all_permutations(space, v)
        key = all_permutations(space, w)[0]
        decision = same_orbit(space, v, w)
        assert decision.answer == ("same" if key in set(images) else "different")
        if decision.element is not None:
            assert same_bits(space, moved(space, decision.element, v), w)
        seen[decision.answer] += 1
        if number % 4 == 0:
            assert stabiliser_size(space, v) == images.count(images[0])
            assert order(space) == len(images)
    assert min(seen.values()) >= 30


@pytest.mark.parametrize("widths", [(1, 5, 5, 1), (2, 6, 5, 2), (1, 4, 4, 4, 1), (1, 3, 3, 3, 3, 1)])
def test_igraph_is_of_the_same_opinion(tools, widths: tuple[int, ...]):
    """300 pairs a space, 1,200 in all, beyond the reach of brute force."""
    space = mlp(*widths)
    rng = np.random.default_rng(widths)
    answers = []
    for _ in range(300):
        v = tools.tied(space, rng)
        w = tools.near_miss(space, v, rng)
        answers.append(same_orbit(space, v, w).answer)
        assert answers[-1] == ("same" if tools.igraph_same(space, v, w) else "different")
    assert min(answers.count("same"), answers.count("different")) >= 20


def regular_graphs() -> list[networkx.Graph]:
    """Every connected cubic graph on 8 and 10 vertices that a seeded draw meets, up to isomorphism."""
    rng = np.random.default_rng(0)
    kept: list[networkx.Graph] = []
    for _ in range(120):
        graph = networkx.random_regular_graph(3, 8, seed=int(rng.integers(2**31)))
        if not any(networkx.is_isomorphic(graph, other) for other in kept):
            kept.append(graph)
    return kept


def test_regular_graphs_with_a_labelled_diagonal_agree_with_networkx(tools):
    """A + 2I remembers the graph: nets that refinement cannot tell apart, one orbit iff the graphs are isomorphic."""
    rng = np.random.default_rng(1)
    graphs = regular_graphs()
    assert len(graphs) == 6  # cubic graphs on 8 vertices: five connected ones, and two K4
    nets = [tools.embedded(networkx.to_numpy_array(graph) + 2 * np.eye(8)) for graph in graphs]
    for i, (space, v) in enumerate(nets):
        for j, (_, w) in enumerate(nets):
            w = tools.relabelled(space, w, rng)
            assert refine(space, [v, w]).round_of_separation(0, 1) is None
            assert same_orbit(space, v, w).answer == ("same" if i == j else "different")
        automorphisms = networkx.isomorphism.GraphMatcher(graphs[i], graphs[i]).isomorphisms_iter()
        assert stabiliser_size(space, v) == sum(1 for _ in automorphisms)


@given(seed=st.integers(0, 2**32 - 1), kind=st.sampled_from(["few", "twins", "weights", "zeros"]))
@settings(derandomize=True, deadline=None, max_examples=150)
def test_the_canonical_form_names_the_orbit(tools, seed: int, kind: str):
    rng = np.random.default_rng(seed)
    space = mlp(1, 6, 8, 6, 1)
    v = tools.tied(space, rng, {"few": (0.0, 1.0), "weights": (-1.0, 0.0, 0.5, 1.0, 2.0)}.get(kind, (0.0, 1.0)))
    if kind == "twins":
        v = {name: np.ones(shape) for name, shape in space.shapes.items()}
        v["W2"] = np.kron(tools.cycles(2, 2), np.ones((2, 2)))[:, :6]
        v["W3"] = np.kron(rng.integers(0, 2, (3, 4)), np.ones((2, 2))).astype(float)
    if kind == "zeros":
        v = {name: np.zeros(shape) for name, shape in space.shapes.items()}
    w = tools.relabelled(space, v, rng)
    forms = [canonical_form(space, vector) for vector in (v, w)]
    assert forms[0] is not None and forms[1] is not None
    assert same_bits(space, forms[0], forms[1])
    assert same_orbit(space, v, forms[0]).answer == "same"
    assert stabiliser_size(space, v) == stabiliser_size(space, w)


@pytest.mark.parametrize(
    ("left", "right"), [((4,), (2, 2)), ((3, 3), (6,)), ((5, 3), (4, 4)), ((64,), (32, 32)), ((2,) * 9, (6, 6, 6))]
)
def test_cycles_of_other_lengths_are_other_orbits(tools, left, right):
    rng = np.random.default_rng(0)
    space, v = tools.embedded(tools.cycles(*left))
    w = tools.embedded(tools.cycles(*right))[1]
    assert refine(space, [v, w]).round_of_separation(0, 1) is None
    assert same_orbit(space, v, tools.relabelled(space, w, rng)).answer == "different"
    assert same_orbit(space, v, tools.relabelled(space, v, rng)).answer == "same"


def test_a_cycle_has_the_dihedral_group(tools):
    assert stabiliser_size(*tools.embedded(tools.cycles(7))) == 14
    # Nothing may exchange the two layers: of the 28 symmetries of a 14-cycle half remain.
    assert stabiliser_size(*tools.embedded(tools.cycles(5, 5))) == 10 * 10 * 2


def test_strongly_regular_graphs(tools):
    """Plain double covers of the rook's and the Shrikhande graph are one orbit; with a labelled diagonal they are two."""
    rook, shrikhande = tools.strongly_regular()
    (space, v), (_, w) = tools.embedded(rook), tools.embedded(shrikhande)
    assert same_orbit(space, v, w).answer == "same"
    (space, v), (_, w) = tools.embedded(rook + 2 * np.eye(16)), tools.embedded(shrikhande + 2 * np.eye(16))
    assert refine(space, [v, w]).round_of_separation(0, 1) is None
    assert same_orbit(space, v, w).answer == "different"
    assert (stabiliser_size(space, v), stabiliser_size(space, w)) == (1152, 192)


def test_the_three_biplanes_are_three_orbits_in_one_refinement_class(tools):
    nets = [tools.embedded(matrix) for matrix in tools.biplanes()]
    space = nets[0][0]
    assert len(set(refine(space, [v for _, v in nets]).classes().tolist())) == 1
    assert all(same_orbit(space, v, w).answer == "different" for (_, v), (_, w) in pairwise([*nets, nets[0]]))
    assert sorted(stabiliser_size(space, v) or 0 for _, v in nets) == [384, 768, 11520]


def test_twins_do_not_blow_up():
    space = mlp(3, 400, 400, 2)
    v = {name: np.zeros(shape) for name, shape in space.shapes.items()}
    v["W2"][:200, :100] = v["W2"][200:, 100:200] = 1.0
    w = {name: np.flip(array, 0) if array.shape[0] == 400 else array for name, array in v.items()}
    started = time.perf_counter()
    assert same_orbit(space, v, w).answer == "same"
    assert time.perf_counter() - started < 10
    assert stabiliser_size(space, v) == factorial(100) ** 2 * factorial(200) ** 3 * 2


def test_negative_zero_is_no_difference():
    space = mlp(1, 3, 1)
    v = {name: np.zeros(shape) for name, shape in space.shapes.items()}
    assert same_orbit(space, v, {name: -array for name, array in v.items()}).answer == "same"


def test_past_the_budget_the_answer_is_unknown(tools, monkeypatch: pytest.MonkeyPatch):
    space, v = tools.embedded(tools.cycles(64))
    w = tools.relabelled(space, v, np.random.default_rng(0))
    decision = same_orbit(space, v, w, seconds=1e-4)
    assert (decision.answer, decision.element) == ("unknown", None)
    assert canonical_form(space, v, seconds=1e-4) is None
    assert stabiliser_size(space, v, seconds=1e-4) is None
    monkeypatch.setattr(orbit, "MAX_EDGES", 10)
    assert same_orbit(space, v, w).answer == "unknown"
    assert "10 edges" in same_orbit(space, v, w).reason
    assert stabiliser_size(space, v) is None


def test_a_labelling_that_is_not_canonical_gives_no_answer(tools, monkeypatch: pytest.MonkeyPatch):
    """Were the labelling to keep the given order, equal orbits would look different: the self-check says unknown."""
    space, v = tools.embedded(tools.cycles(5))
    w = tools.relabelled(space, v, np.random.default_rng(0))
    monkeypatch.setattr(
        orbit, "canonical_orders", lambda graphs, seconds: [list(range(len(g.colours))) for g in graphs]
    )
    decision = same_orbit(space, v, w)
    assert (decision.answer, decision.element) == ("unknown", None)


def test_bad_weights_are_refused():
    space = mlp(1, 2, 1)
    v = {name: np.zeros(shape) for name, shape in space.shapes.items()}
    with pytest.raises(SpaceError, match="weights are finite"):
        same_orbit(space, v, {**v, "b1": np.array([0.0, np.nan])})
