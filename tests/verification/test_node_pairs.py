"""Folklore 2-WL, statement by statement: what holds by hand is taken, and each way in which it does not is told."""

from __future__ import annotations

import numpy as np
import pytest

from orbitcheck.harness.core.certificates import Part
from orbitcheck.harness.oracles.relation import certify
from orbitcheck.harness.oracles.two_fwl import relation as oracle
from orbitcheck.harness.oracles.two_fwl.relation import with_two_fwl
from orbitcheck.harness.verification.certificate import arrows, problem_of
from orbitcheck.harness.verification.exact import node_pairs
from orbitcheck.harness.verification.exact.node_pairs import NodePairs, pairs_differ
from orbitcheck.harness.verification.exact.refuted import Refuted
from orbitcheck.harness.verification.exact.structure import Structure
from orbitcheck.harness.verification.exact.subject import Subject
from orbitcheck.harness.verification.proofs import CHECKS
from orbitcheck.harness.weights.pair import Pair
from orbitcheck.harness.weights.space import mlp


def said(part: Part, relation: str, kind: str, subject: Subject, **statement) -> str:
    """Empty where the statement is taken, else why it is not."""
    try:
        CHECKS[part, relation, kind](subject, {"relation": relation, "kind": kind, **statement})
    except Refuted as error:
        return str(error).removeprefix("does not hold: ")
    return ""


def net(matrix) -> dict[str, np.ndarray]:
    """The net (1, n, n, 1) with that middle matrix and ones elsewhere."""
    matrix = np.array(matrix, dtype=float)
    space = mlp(1, *matrix.shape, 1)
    return {name: np.ones(shape) for name, shape in space.shapes.items()} | {"W2": matrix}


def by_pairs(v, w, **relations: str) -> Subject:
    return Subject(mlp(1, *v["W2"].shape, 1), [v, w], {Part[name.upper()]: said for name, said in relations.items()})


CYCLE_8 = np.eye(4) + np.roll(np.eye(4), 1, axis=1)
CYCLES_4_4 = np.kron(np.eye(2), np.ones((2, 2)))


def test_the_round_in_which_pairs_part():
    subject = by_pairs(net(CYCLE_8), net(CYCLES_4_4))
    # Pairs of neurons of one hidden layer that share two neighbours: 0 of 8-cycle, 2 x 4 ordered ones of two 4-cycles.
    good = {"round": 1, "pair": [1, 1, 2], "counts": [0, 4]}

    def told(**changed):
        return said(Part.TWO_FWL, "different", "pair-round", subject, **good | changed)

    assert told() == ""
    assert told(round=2) == "not parted before round 2"
    assert told(round=0) == "the counts of a colour of pairs in round 0"
    assert told(round=-1) == told(round=1.0) == told(round=10**9) == "the round is one that refinement can need"
    assert told(counts=[0, 8]) == told(counts=[4, 0]) == "the counts of a colour of pairs in round 1"
    assert told(pair=[0, 0, 0], counts=[1, 1]) == "the counts of a colour of pairs in round 1"
    assert told(pair=[2, 1, 2]) == "the net of a pair is an integer from 0 to 1"
    assert told(pair=[1, 1, 10]) == told(pair=[1, -1, 2]) == "a neuron is an integer from 0 to 9"


def test_a_stable_colouring_of_pairs(monkeypatch):
    """A net against itself in other numbers, each pair of neurons with a colour of what they are: the first net's rows and columns."""
    v, w = net([[1, 0], [0, 2]]), net([[0, 1], [2, 0]])
    subject = by_pairs(v, w)
    one = np.arange(36).reshape(6, 6)
    moved = [0, 2, 1, 3, 4, 5]
    good = [one.tolist(), one[np.ix_(moved, moved)].tolist()]

    def told(colours):
        return said(Part.TWO_FWL, "equivalent", "pair-colouring", subject, colours=colours)

    assert told(good) == ""
    assert told([good[0], good[0]]) == "pairs of one stated colour are alike in round 0"
    assert told([good[0], good[1][:5]]) == "a colour for each pair of neurons"
    assert told([good[0], (np.array(good[1]) + 36).tolist()]) == "2-FWL-equivalent: equal histograms"
    assert told([good[0], (np.array(good[1]) + 0.0).tolist()]) == "colours are integers"
    cycles = by_pairs(net(CYCLE_8), net(CYCLES_4_4))
    start = [[[cycles.node_pairs.start[i, j] for j in nodes] for i in nodes] for nodes in cycles.node_pairs.nodes]
    stated = {"relation": "equivalent", "kind": "pair-colouring", "colours": start}
    with pytest.raises(Refuted, match=r"pairs of one stated colour are alike after one more round$"):
        CHECKS[Part.TWO_FWL, "equivalent", "pair-colouring"](cycles, stated)
    monkeypatch.setattr(node_pairs, "TRIPLES", 2 * 6**3 - 1)
    assert told(good) == "few enough pairs of neurons to be refined here"


def test_colours_of_every_round_and_stable_ones(monkeypatch):
    """A cycle of twelve beside two of six: alike to round 1, parted in round 2; beside itself never, and then it is stable."""
    ring = np.roll(np.eye(6), 1, axis=1) + np.eye(6)
    split = np.kron(np.eye(2), np.roll(np.eye(3), 1, axis=1) + np.eye(3))
    space = mlp(1, 6, 6, 1)
    pairs = NodePairs(Structure(space, [net(ring), net(split)]))
    assert [pairs_differ(pairs.colours(rounds)) for rounds in range(4)] == [False, False, True, True]
    assert pairs_differ(pairs.colours()) and len({*pairs.colours(0).values()}) < len({*pairs.colours(1).values()})
    alone = NodePairs(Structure(space, [net(ring), net(ring)]))
    assert not pairs_differ(alone.colours()) and alone.colours() == alone.colours(9)
    monkeypatch.setattr(node_pairs, "TRIPLES", 2 * pairs.triples)
    assert pairs_differ(pairs.colours(2)) and pairs.affordable == 2
    with pytest.raises(Refuted, match=r"does not hold: few enough pairs of neurons to be refined here$"):
        pairs.colours(3)


def test_two_fwl_is_unknown_only_past_the_budget(monkeypatch):
    parted, alike = by_pairs(net(CYCLE_8), net(CYCLES_4_4)), by_pairs(net(CYCLE_8), net(CYCLE_8))

    def told(subject):
        return said(Part.TWO_FWL, "unknown", "none", subject, reason="")

    assert told(parted) == "2-FWL is unknown, though it parts the two"
    assert told(alike) == "2-FWL is unknown, though it parts the two never"
    monkeypatch.setattr(node_pairs, "TRIPLES", 1999)  # ten neurons a net
    assert told(by_pairs(net(CYCLE_8), net(CYCLES_4_4))) == ""
    monkeypatch.setattr(node_pairs, "TRIPLES", 2000)
    assert told(by_pairs(net(CYCLE_8), net(CYCLES_4_4))) == "2-FWL is unknown, though it parts the two"
    late = by_pairs(net(CYCLE_8), net(CYCLE_8))
    assert told(late) == ""


def test_two_fwl_lies_between_orbits_and_refinement():
    def holds(orbit, by_nodes, by_pairs):
        refinement = {"relation": "equivalent"} if by_nodes is None else {"relation": "different", "round": by_nodes}
        words = by_pairs if isinstance(by_pairs, str) else "different"
        parts = {Part.ORBIT: {"relation": orbit}, Part.REFINEMENT: refinement}
        return arrows(parts | {Part.TWO_FWL: {"relation": words, "round": by_pairs}})

    assert holds("same", None, "equivalent") and holds("different", None, "equivalent") and holds("different", None, 2)
    assert holds("different", 2, 2) and holds("different", 2, 0) and holds("different", 2, "unknown")
    assert not holds("same", None, 1) and not holds("different", 2, 3) and not holds("different", 1, "equivalent")
    assert arrows({Part.ORBIT: {"relation": "same"}, Part.REFINEMENT: {"relation": "equivalent"}})


def test_certificates_of_the_oracle_hold_and_others_do_not(monkeypatch):
    space = mlp(1, 4, 4, 1)
    v, w = net(CYCLE_8), net(CYCLES_4_4)
    moved = {**v, "W2": v["W2"][[1, 0, 2, 3]]}
    reached = {}
    for name, other in (("parted", w), ("one orbit", moved)):
        pair = Pair(space, v, other)
        found = with_two_fwl(pair, certify(pair))
        says = [found.orbit, found.round, found.function, found.two_fwl, found.two_fwl_round]
        assert problem_of(found.certificate, pair, says) is None
        assert problem_of(found.certificate, pair, says[:3]) is not None
        reached[name] = found.two_fwl, found.two_fwl_round
    assert reached == {"parted": ("different", 1), "one orbit": ("equivalent", None)}
    monkeypatch.setattr(oracle, "TRIPLES", 2000)  # one round of ten neurons a net
    pair = Pair(space, v, w)
    assert with_two_fwl(pair, certify(pair)).two_fwl_round == 1
    monkeypatch.setattr(oracle, "TRIPLES", 1999)
    found = with_two_fwl(pair, certify(pair))
    says = [found.orbit, found.round, found.function, "unknown", None]
    assert found.certificate["two_fwl"] == {"relation": "unknown", "reason": "10 neurons, refined for 0 rounds only"}
    assert "though it parts the two" in str(problem_of(found.certificate, pair, says))


def on_a_torus(*steps: tuple[int, int]) -> np.ndarray:
    """Two times the identity, and ones where places of the 4 x 4 torus differ by such a step."""
    places = [(i, j) for i in range(4) for j in range(4)]
    near = {*steps, *((-i % 4, -j % 4) for i, j in steps)}
    return np.array([[2 * (p == q) + (((p[0] - q[0]) % 4, (p[1] - q[1]) % 4) in near) for q in places] for p in places])


def test_certificates_of_pairs_that_two_fwl_never_parts():
    """The rook's graph and Shrikhande's are two orbits; the colouring of the certificate says what 2-FWL sees of both."""
    rook, shrikhande = on_a_torus((0, 1), (0, 2), (1, 0), (2, 0)), on_a_torus((0, 1), (1, 0), (1, 1))
    v, w = net(rook), net(shrikhande)
    pair = Pair(mlp(1, 16, 16, 1), v, w)
    found = with_two_fwl(pair, certify(pair))
    stated = found.certificate["two_fwl"]
    assert [found.orbit, found.round, found.two_fwl, found.two_fwl_round] == ["different", None, "equivalent", None]
    assert stated.keys() == {"relation", "kind", "colours"}
    assert (stated["relation"], stated["kind"], np.shape(stated["colours"])) == (
        "equivalent",
        "pair-colouring",
        (2, 34, 34),
    )
    assert problem_of(found.certificate, pair, [found.orbit, None, found.function, "equivalent", None]) is None
    same = Pair(pair.space, v, net(rook[[1, 0, *range(2, 16)]]))
    moved = with_two_fwl(same, certify(same))
    assert moved.orbit == "same" and moved.certificate["two_fwl"] == {"relation": "equivalent", "kind": "orbit"}


def test_colours_that_only_one_net_has_are_counted():
    """The largest colours of round 0 are of the second net alone: output biases 2 in place of 1."""
    v = net(CYCLE_8)
    pair = Pair(mlp(1, 4, 4, 1), v, {**v, "b3": np.array([2.0])})
    found = with_two_fwl(pair, certify(pair))
    stated = found.certificate["two_fwl"]
    assert (stated["relation"], stated["round"]) == ("different", 0)
    assert min(stated["counts"]) == 0 < max(stated["counts"])
    says = [found.orbit, found.round, found.function, "different", 0]
    assert problem_of(found.certificate, pair, says) is None
