"""Certified relations: the laws between their parts, the known pairs, and every certificate checked again from scratch.

`check` below is a small verifier of its own: it shares nothing with the oracles but the vectors.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections import Counter
from fractions import Fraction
from itertools import product
from typing import Any

import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import block_diag

from orbitcheck.harness.core.result import digest, plain
from orbitcheck.harness.oracles import individualisation, relation
from orbitcheck.harness.oracles.individualisation import individualising_neurons
from orbitcheck.harness.oracles.invariants import components, rank
from orbitcheck.harness.oracles.relation import ContradictedPair, certify, in_general_position, vector_digest
from orbitcheck.harness.weights.pair import Pair
from orbitcheck.harness.weights.space import SpaceError, WeightSpace, mlp
from orbitcheck.harness.weights.symmetry import GroupElement, identity


def bags(nodes: dict) -> Counter:
    return Counter((node[0], colour) for node, colour in nodes.items())


def marked(slow_rounds, space: WeightSpace, nets, marks) -> bool:
    """Whether slow refinement parts two nets, each with a list of marked neurons."""
    # A mark is a bias that nothing else has.
    touched = []
    for net, neurons in zip(nets, marks, strict=True):
        copy = {name: array.copy() for name, array in net.items()}
        for number, (layer, index) in enumerate(neurons, 1):
            copy[f"b{layer}"][index] = 1000.0 + number
        touched.append(copy)
    # Parted in an early round is parted for good.
    ends = (slow_rounds(space, touched, rounds)[-1] for rounds in (3, 2 * sum(space.widths)))
    return any(bags(first) != bags(second) for first, second in ends)


def check(slow_rounds, pair: Pair, certificate: dict[str, Any]) -> None:
    """Every statement of a certificate, from the definitions."""
    certificate = json.loads(json.dumps(plain(certificate), allow_nan=False))
    space, nets = pair.space, (pair.v, pair.w)
    content = {key: value for key, value in certificate.items() if key != "sha256"}
    assert certificate["sha256"] == digest(content)
    assert WeightSpace.from_json(certificate["space"]) == space
    for net, printed in zip(nets, certificate["vectors"], strict=True):
        assert printed["sha256"] == vector_digest(space, net)
        for name, entries in printed.get("entries", {}).items():
            assert np.array_equal([float.fromhex(entry) for entry in entries], net[name].ravel())

    stated = certificate["refinement"]
    if stated["kind"] == "round":
        rounds = slow_rounds(space, nets, stated["round"])
        assert all(bags(before[0]) == bags(before[1]) for before in rounds[:-1])
        net, layer, index = stated["neuron"]
        colour = rounds[-1][net][layer, index]
        counts = [sum(c == colour and node[0] == layer for node, c in nodes.items()) for nodes in rounds[-1]]
        assert counts == stated["counts"]
        assert counts[0] != counts[1]
    elif stated["kind"] == "colouring":
        given_colours = [
            {(layer, i): c for layer, colours in enumerate(net) for i, c in enumerate(colours)}
            for net in stated["colours"]
        ]
        assert bags(given_colours[0]) == bags(given_colours[1])
        check_stable(space, nets, given_colours)

    stated = certificate["orbit"]
    if stated["relation"] == "same":
        images = {axis: np.array(stated["element"][axis]) for axis in space.permuted}
        for name, axes in space.tensors:
            places = [images.get(axis, np.arange(space.size[axis])) for axis in axes]
            moved = np.empty(space.shapes[name])
            moved[np.ix_(*places)] = pair.v[name]
            assert np.array_equal(moved, pair.w[name])
    elif stated["relation"] == "different" and stated["kind"] == "individualisation":
        neurons = [tuple(neuron) for neuron in stated["neurons"]]
        for choice in product(*(range(space.widths[layer]) for layer, _ in neurons)):
            images = [(layer, index) for (layer, _), index in zip(neurons, choice, strict=True)]
            assert marked(slow_rounds, space, nets, (neurons, images))
    elif stated["relation"] == "different" and stated["kind"] == "rank":
        assert [slow_rank(net[stated["tensor"]], stated) for net in nets] == stated["values"]
        assert stated["values"][0] != stated["values"][1]
    elif stated["relation"] == "different" and stated["kind"] == "components":
        assert [slow_components(net[stated["tensor"]], stated) for net in nets] == stated["values"]
        assert stated["values"][0] != stated["values"][1]
    elif stated["relation"] == "different":
        assert certificate["refinement"]["relation"] == "different"

    stated = certificate["function"]
    if stated["kind"] == "input":
        (low, high), (other_low, other_high) = ([Fraction(end) for end in stated[net]] for net in ("v", "w"))
        assert high < other_low or other_high < low
        if space.activation == "relu":
            x = [Fraction(float.fromhex(coordinate)) for coordinate in stated["x"]]
            values = [slow_value(space, net, x)[stated["output"]] for net in nets]
            assert low <= values[0] <= high
            assert other_low <= values[1] <= other_high


def check_stable(space: WeightSpace, nets, colours) -> None:
    """Equal colours mean equal start and equal multisets of neighbours."""
    last = len(space.widths) - 1
    seen: dict = {}
    for net, colour in zip(nets, colours, strict=True):
        for (layer, i), own in colour.items():
            fixed = i if layer in (0, last) else None
            bias = float(net[f"b{layer}"][i]) if layer else None
            before = (
                Counter(
                    zip(
                        net[f"W{layer}"][i], (colour[layer - 1, j] for j in range(space.widths[layer - 1])), strict=True
                    )
                )
                if layer
                else None
            )
            after = (
                Counter(
                    zip(
                        net[f"W{layer + 1}"][:, i],
                        (colour[layer + 1, k] for k in range(space.widths[layer + 1])),
                        strict=True,
                    )
                )
                if layer < last
                else None
            )
            assert seen.setdefault((layer, own), (fixed, bias, before, after)) == (fixed, bias, before, after)


def slow_value(space: WeightSpace, net, x: list[Fraction]) -> list[Fraction]:
    for layer in range(1, len(space.widths)):
        x = [
            sum((Fraction(w) * value for w, value in zip(row, x, strict=True)), Fraction(b))
            for row, b in zip(net[f"W{layer}"].tolist(), net[f"b{layer}"].tolist(), strict=True)
        ]
        if layer < len(space.widths) - 1:
            x = [max(value, Fraction(0)) for value in x]
    return x


def slow_rank(matrix: np.ndarray, stated: dict[str, Any]) -> int:
    """Rank over Q, or over GF(p) of the matrix times the least power of two that makes it integer."""
    if stated["entry"] is not None:
        matrix = (matrix == float.fromhex(stated["entry"])).astype(float)
    rows = [[Fraction(entry) for entry in row] for row in matrix.tolist()]
    field = stated["field"]
    if field != "Q":
        scale = max(entry.denominator for row in rows for entry in row)
        rows = [[Fraction(int(entry * scale) % field) for entry in row] for row in rows]
    found = 0
    for column in range(len(rows[0])):
        pivot = next((r for r in range(found, len(rows)) if rows[r][column]), None)
        if pivot is None:
            continue
        rows[found], rows[pivot] = rows[pivot], rows[found]
        for r in range(found + 1, len(rows)):
            if field == "Q":
                factor = rows[r][column] / rows[found][column]
                rows[r] = [a - factor * b for a, b in zip(rows[r], rows[found], strict=True)]
            else:
                factor = int(rows[r][column]) * pow(int(rows[found][column]), -1, field) % field
                rows[r] = [Fraction(int(a - factor * b) % field) for a, b in zip(rows[r], rows[found], strict=True)]
        found += 1
    return found


def slow_components(matrix: np.ndarray, stated: dict[str, Any]) -> list[int]:
    graph = networkx.Graph()
    graph.add_nodes_from((side, i) for side in (0, 1) for i in range(matrix.shape[side]))
    places = np.argwhere(matrix == float.fromhex(stated["entry"]))
    graph.add_edges_from(((0, i), (1, j)) for i, j in places.tolist())
    return sorted(map(len, networkx.connected_components(graph)))


SPACES = [mlp(1, 3, 1), mlp(2, 3, 3, 1), mlp(1, 4, 4, 1), mlp(1, 2, 3, 2, 1)]


@given(seed=st.integers(0, 2**32 - 1), which=st.integers(0, len(SPACES) - 1))
@settings(derandomize=True, deadline=None, max_examples=400)
def test_relations_obey_their_laws_and_every_certificate_holds(tools, seed: int, which: int):
    """One orbit => 1-WL-equivalent => one function; each statement is proved again by the slow verifier."""
    space, rng = SPACES[which], np.random.default_rng(seed)
    v = tools.tied(space, rng, ((0.0, 1.0), (-1.0, 0.0, 1.0))[seed % 2])
    pair = Pair(space, v, tools.near_miss(space, v, rng))
    got = certify(pair)
    assert got.orbit != "same" or got.round is None
    assert got.round is not None or got.function == "equal"
    assert got.function != "different" or got.round <= len(space.widths) - 1
    assert len(space.widths) > 3 or (got.orbit == "same") == (got.round is None)  # one hidden layer: 1-WL class = orbit
    assert got.orbit != "unknown"
    assert (got.orbit, got.function) == (got.certificate["orbit"]["relation"], got.certificate["function"]["relation"])
    assert (got.round is None) == (got.certificate["refinement"]["relation"] == "equivalent")
    assert got.certificate["refinement"].get("round") == got.round
    check(tools.slow_rounds, pair, got.certificate)


def certified(tools, left: np.ndarray, right: np.ndarray):
    space, v = tools.embedded(left)
    w = tools.relabelled(space, tools.embedded(right)[1], np.random.default_rng(0))
    pair = Pair(space, v, w)
    got = certify(pair)
    check(tools.slow_rounds, pair, got.certificate)
    return got


def test_each_net_has_its_own_colours(tools):
    """A loop beside cycles, last in one net and first in the other."""
    loop = np.full((1, 1), 5.0)
    got = certified(tools, block_diag(tools.cycles(4), loop), block_diag(loop, tools.cycles(2, 2)))
    stated = got.certificate["refinement"]
    assert (stated["kind"], got.orbit) == ("colouring", "different")
    assert stated["colours"][0] != stated["colours"][1]


def test_one_function_is_certified_by_its_kinks():
    """`relu(u + 3) - 3` is `u`, where `u = relu(x + 2) - relu(x)` is never negative."""
    space = mlp(1, 2, 1, 1)
    v, w = (
        {
            "W1": np.ones((2, 1)),
            "b1": np.array([2.0, 0.0]),
            "W2": np.array([[1.0, -1.0]]),
            "b2": np.array([shift]),
            "W3": np.ones((1, 1)),
            "b3": np.array([-shift]),
        }
        for shift in (0.0, 3.0)
    )
    stated = certify(Pair(space, v, w)).certificate["function"]
    assert set(stated) == {"relation", "kind", "points"}
    assert (stated["relation"], stated["kind"]) == ("equal", "polyline")
    assert stated["points"] == ["-3", "-2", "0", "1"]


def test_the_pair_of_proposition_6_2(tools):
    got = certified(tools, tools.cycles(4), tools.cycles(2, 2))
    assert (got.orbit, got.round, got.function) == ("different", None, "equal")
    stated = got.certificate["orbit"]
    assert (stated["kind"], stated["tensor"], stated["field"], stated["values"]) == ("rank", "W2", "Q", [3, 2])
    assert got.general_position == (False, False)
    assert set(got.certificate["vectors"][0]) == {"sha256", "entries"}


def test_cycles_of_one_number_and_rank_differ_in_their_components(tools):
    """{7, 3} against {5, 5}: equal ranks over Q and GF(2)."""
    got = certified(tools, tools.cycles(7, 3), tools.cycles(5, 5))
    assert (got.orbit, got.round) == ("different", None)
    assert got.certificate["orbit"]["kind"] == "components"
    assert got.certificate["orbit"]["values"] == [[6, 14], [10, 10]]


def test_strongly_regular_graphs_need_two_individualised_neurons(tools):
    rook, shrikhande = tools.strongly_regular()
    got = certified(tools, rook + 2 * np.eye(16), shrikhande + 2 * np.eye(16))
    assert (got.orbit, got.round, got.function) == ("different", None, "equal")
    assert got.certificate["orbit"]["kind"] == "individualisation"
    assert len(got.certificate["orbit"]["neurons"]) == 2
    assert certified(tools, rook, shrikhande).orbit == "same"


def test_the_three_biplanes_differ_in_their_rank_over_gf_2(tools):
    designs = tools.biplanes()
    for i, j in ((0, 1), (0, 2), (1, 2)):
        stated = certified(tools, designs[i], designs[j]).certificate["orbit"]
        assert (stated["kind"], stated["field"], stated["values"]) == ("rank", 2, [6 + i, 6 + j])


def furer_graph(graph: networkx.Graph, twisted: bool) -> np.ndarray:
    """Cai-Fürer-Immerman over a cubic graph: rows are inner vertices (even subsets of edges), columns edge vertices."""
    edges = [frozenset(edge) for edge in graph.edges()]
    rows = []
    for vertex in graph.nodes():
        around = [number for number, edge in enumerate(edges) if vertex in edge]
        for subset in product((0, 1), repeat=len(around)):
            if sum(subset) % 2 == (twisted and vertex == 0):
                row = np.zeros(2 * len(edges))
                row[[2 * number + bit for number, bit in zip(around, subset, strict=True)]] = 1
                rows.append(row)
    return np.array(rows)


def test_cai_furer_immerman_over_k4(tools):
    """Widths (1, 16, 12, 1) turned round: inner vertices are the second layer."""
    graph = networkx.complete_graph(4)
    got = certified(tools, furer_graph(graph, False), furer_graph(graph, True))
    assert (got.orbit, got.round, got.function) == ("different", None, "equal")


def test_the_ladder_and_the_direction_pair_compute_one_function_but_part(tools):
    for t in range(2, 9):
        got = certified(tools, *tools.ladder(t))
        assert (got.orbit, got.round, got.function) == ("different", t, "equal")
    got = certified(tools, np.array([[1.0, 0.0], [1.0, 0.0]]), np.eye(2))
    assert (got.round, got.function) == (1, "equal")
    assert got.certificate["function"]["kind"] == "forward-refinement"


def test_the_smallest_pair_of_one_function_that_refinement_parts():
    space = mlp(1, 1, 1)
    v = {name: np.zeros(shape) for name, shape in space.shapes.items()}
    got = certify(Pair(space, v, v | {"W1": np.ones((1, 1))}))
    assert (got.orbit, got.round, got.function) == ("different", 1, "equal")


def test_general_position_is_about_hidden_biases():
    space = mlp(1, 2, 3, 2)
    v = {name: np.zeros(shape) for name, shape in space.shapes.items()}
    v["b1"], v["b2"] = np.array([0.0, 1.0]), np.array([0.0, 2.0, 1.0])
    assert in_general_position(space, v)
    w = v | {"b2": np.array([0.0, -0.0, 1.0])}
    got = certify(Pair(space, v, w))
    assert got.general_position == (True, False)
    assert got.round == 0
    assert not in_general_position(space, v | {"b1": np.zeros(2)})


def test_certificates_have_the_parts_that_the_module_lists(tools):
    space, v = tools.embedded(tools.cycles(4))
    got = certified(tools, tools.cycles(4), tools.cycles(2, 2)).certificate
    parts = {"version", "space", "vectors", "refinement", "orbit", "function", "general_position", "sha256"}
    assert set(got) == parts and got["version"] == 1 and got["general_position"] == [False, False]
    assert set(got["refinement"]) == {"relation", "kind", "colours"}
    assert got["refinement"]["relation"] == "equivalent"
    assert got["function"] == {"relation": "equal", "kind": "refinement"}
    copy = tools.relabelled(space, v, np.random.default_rng(0))
    for pair in (Pair(space, v, copy), Pair(space, v, v, element=identity(space))):
        got = certify(pair).certificate
        assert got["refinement"] == {"relation": "equivalent", "kind": "orbit"}
        assert got["function"] == {"relation": "equal", "kind": "orbit"}
        assert set(got["orbit"]) == {"relation", "kind", "element"} and got["orbit"]["kind"] == "permutation"
    got = certify(Pair(space, v, {**v, "b3": v["b3"] + 1})).certificate
    assert set(got["refinement"]) == {"relation", "kind", "round", "neuron", "counts"}
    assert (got["refinement"]["relation"], got["refinement"]["kind"]) == ("different", "round")
    assert got["orbit"] == {"relation": "different", "kind": "refinement"}
    assert set(got["function"]) == {"relation", "kind", "x", "output", "v", "w"}
    assert (got["function"]["relation"], got["function"]["kind"]) == ("different", "input")


def test_what_a_family_says_is_checked(tools):
    space, v = tools.embedded(tools.cycles(4))
    w = tools.embedded(tools.cycles(2, 2))[1]
    assert certify(Pair(space, v, v, element=identity(space))).orbit == "same"
    with pytest.raises(ContradictedPair, match=r"group element \(identity\) does not map v to w"):
        certify(Pair(space, v, w, element=identity(space)))
    g = GroupElement((("n1", (1, 0, 2, 3)), ("n2", (0, 1, 2, 3))))
    with pytest.raises(ContradictedPair, match=r"\(n1: \(0 1\)\)"):
        certify(Pair(space, v, v, element=g))
    shifted = v | {"b3": v["b3"] + 1}
    with pytest.raises(ContradictedPair, match="the family says that they are equal: a shift"):
        certify(Pair(space, v, shifted, function_equal="a shift"))
    assert certify(Pair(space, v, w, function_equal="row sums agree")).function == "equal"


def test_without_a_proof_the_orbit_is_unknown(tools, monkeypatch: pytest.MonkeyPatch):
    """Two canonical forms that differ are no certificate."""
    rook, shrikhande = tools.strongly_regular()
    monkeypatch.setattr(individualisation, "MAX_WORK", 100)
    got = certified(tools, rook + 2 * np.eye(16), shrikhande + 2 * np.eye(16))
    assert (got.orbit, got.round, got.function) == ("unknown", None, "equal")
    assert got.certificate["orbit"]["reason"].startswith("the canonical forms differ; no invariant")


def test_one_orbit_has_no_individualisation_proof(tools):
    rng = np.random.default_rng(0)
    for halves in ((4,), (2, 2), (3, 5)):
        space, v = tools.embedded(tools.cycles(*halves))
        assert individualising_neurons(space, v, tools.relabelled(space, v, rng)) is None


def test_large_vectors_are_bound_by_digest_alone(monkeypatch: pytest.MonkeyPatch, tools):
    monkeypatch.setattr(relation, "PRINTED", 10)
    pair = tools.cycles(4), tools.cycles(2, 2)
    got = certified(tools, *pair)
    assert [set(printed) for printed in got.certificate["vectors"]] == [{"sha256"}, {"sha256"}]
    monkeypatch.setattr(relation, "PRINTED", tools.embedded(pair[0])[0].parameters)
    assert "entries" in certified(tools, *pair).certificate["vectors"][0]


def test_the_digest_of_a_vector_is_that_of_its_entries_as_little_endian_doubles():
    space = mlp(1, 2, 1)
    v = {"W1": np.array([[1.0], [-2.0]]), "b1": np.array([0.5, -0.0]), "W2": np.array([[3, 4]]), "b2": np.array([7.0])}
    entries = struct.pack("<7d", 1.0, -2.0, 0.5, 0.0, 3.0, 4.0, 7.0)
    assert vector_digest(space, v) == hashlib.sha256(entries).hexdigest()
    with pytest.raises(SpaceError, match=r"\bW2\b"):
        vector_digest(space, v | {"W2": np.array([[3, 2**53 + 1]])})


def test_a_certificate_is_bound_to_its_vectors():
    space = mlp(1, 2, 1)
    v = {name: np.zeros(shape) for name, shape in space.shapes.items()}
    assert vector_digest(space, v) == vector_digest(space, {name: -array for name, array in v.items()})
    digests = {vector_digest(space, v)}
    for name, shape in space.shapes.items():
        for place in np.ndindex(shape):
            changed = {key: array.copy() for key, array in v.items()}
            changed[name][place] = 5e-324
            digests.add(vector_digest(space, changed))
    assert len(digests) == space.parameters + 1


def test_ranks_and_components_are_those_of_the_slow_versions():
    """300 matrices over four fields."""
    rng = np.random.default_rng(0)
    for _ in range(300):
        matrix = rng.integers(-2, 3, rng.integers(1, 7, 2))
        for field in ("Q", 2, 3, 2**31 - 1):
            assert rank(matrix.astype(object), field) == slow_rank(
                matrix.astype(float), {"entry": None, "field": field}
            )
        found = components((matrix == 1).astype(object))
        assert found == slow_components(matrix.astype(float), {"entry": (1.0).hex()})


def test_bad_weights_are_refused():
    space = mlp(1, 2, 1)
    v = {name: np.zeros(shape) for name, shape in space.shapes.items()}
    with pytest.raises(SpaceError, match="weights are finite"):
        certify(Pair(space, v, {**v, "b2": np.array([np.nan])}))
