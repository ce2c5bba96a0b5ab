"""Certificates of pairs of any space: written by the oracles, checked by the second opinion, refused where one word is another."""

from __future__ import annotations

import copy
import sys
from pathlib import Path

import numpy as np
import pytest

from orbitcheck.extending import lora
from orbitcheck.harness.core.result import digest
from orbitcheck.harness.oracles.tuples.relation import certify, order_zero
from orbitcheck.harness.verification.certificate import general_position, problem_of
from orbitcheck.harness.weights.pair import Pair

sys.path.insert(0, str(Path(__file__).parents[1] / "oracles"))

from space_cases import SPACES, changed, drawn, hard_pairs, moved_by

CASES = [(name, seed) for name in SPACES if name not in ("mlp", "block, wide", "residual, wide") for seed in range(2)]


def said(relation) -> list:
    return [relation.orbit, relation.round, relation.function]


@pytest.mark.parametrize(("name", "seed"), CASES)
def test_certificates_of_small_pairs_hold(name, seed):
    space, rng = SPACES[name], np.random.default_rng(seed)
    v = {n: a[0] for n, a in drawn(space, 1, rng).items()}
    w = moved_by(space, v, rng)
    pair = Pair(space, v, changed(w, rng) if seed else w)
    relation = certify(pair)
    assert problem_of(relation.certificate, pair, said(relation)) is None
    assert list(relation.general_position) == [general_position(space, u) for u in (v, pair.w)]
    assert order_zero(space, v) == relation.general_position[0]


@pytest.mark.parametrize("number", range(len(hard_pairs())))
def test_certificates_of_hard_pairs_hold(number):
    pair = Pair(*hard_pairs()[number])
    relation = certify(pair)
    assert relation.orbit == "different"
    if pair.space.parameters < 60:  # by the definition, in seconds
        assert problem_of(relation.certificate, pair, said(relation)) is None


def forged(certificate: dict, part: str, **words) -> dict:
    content = {k: v for k, v in copy.deepcopy(certificate).items() if k != "sha256"}
    content[part] = {**content[part], **words}
    return {**content, "sha256": digest(content)}


def test_forgeries_are_refused():
    pairs = [Pair(*each) for each in hard_pairs() if each[0].parameters < 60]
    refused = 0
    for pair in pairs:
        relation = certify(pair)
        own = dict(relation.certificate)
        said_of = said(relation)
        forgeries = [(forged(own, "orbit", relation="same"), ["same", *said_of[1:]])]
        if relation.round is None:
            colours = copy.deepcopy(own["refinement"]["colours"])
            colours[0][0][0] += 7
            forgeries.append((forged(own, "refinement", colours=colours), said_of))
        else:
            counts = [n + 1 for n in own["refinement"]["counts"]]
            forgeries.append((forged(own, "refinement", counts=counts), said_of))
            later = {"round": relation.round + 1}
            forgeries.append((forged(own, "refinement", **later), [said_of[0], relation.round + 1, said_of[2]]))
        if own["orbit"]["kind"] == "individualisation":
            forgeries.append((forged(own, "orbit", neurons=own["orbit"]["neurons"] * 2), said_of))
        unknown = {**{k: v for k, v in own.items() if k != "sha256"}, "orbit": {"relation": "unknown", "reason": "?"}}
        forgeries.append(({**unknown, "sha256": digest(unknown)}, ["unknown", *said_of[1:]]))
        unknown = {**unknown, "orbit": own["orbit"], "function": {"relation": "different", "kind": "input"}}
        forgeries.append(({**unknown, "sha256": digest(unknown)}, [*said_of[:2], "different"]))
        for certificate, says in forgeries:
            assert problem_of(certificate, pair, says) is not None
            refused += 1
    assert refused > 15


def test_factor_pairs_compute_their_products():
    """Equal where every product is, in two orbits too; else different at the stated entry, and no other statement is accepted."""
    space = lora((3, 2), (2, 2), rank=2).space
    rng = np.random.default_rng(5)
    v = {name: rng.integers(-4, 5, shape) / 4 for name, shape in space.shapes.items()} | {
        "A1": np.eye(2),
        "B2": np.zeros((2, 2)),
    }
    doubled = {**v, "A1": 2 * v["A1"], "B1": v["B1"] / 2, "A2": v["A2"] + 1}
    moved = {**v, "B1": v["B1"] + np.eye(3, 2) / 4}
    for w, relation in ((doubled, "equal"), (moved, "different")):
        pair = Pair(space, v, w)
        found = certify(pair)
        says = [found.orbit, found.round, found.function]
        assert (found.function, found.certificate["function"]["kind"]) == (relation, "products")
        assert problem_of(found.certificate, pair, says) is None
        for function in (
            {"relation": "unknown", "kind": "none"},
            {
                "relation": "equal" if relation == "different" else "different",
                "kind": "products",
                "layer": 1,
                "row": 0,
                "column": 1,
            },
            {"relation": "different", "kind": "products", "layer": 0, "row": 0, "column": 0},
            {"relation": "different", "kind": "products", "layer": 3, "row": 0, "column": 0},
            {"relation": "different", "kind": "products", "layer": 1, "row": 3, "column": 0},
        ):
            forged = {**found.certificate, "function": function}
            forged["sha256"] = digest({key: value for key, value in forged.items() if key != "sha256"})
            assert problem_of(forged, pair, [found.orbit, found.round, function["relation"]]) is not None
