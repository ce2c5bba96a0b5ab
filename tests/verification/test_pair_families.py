"""Certificates of pairs that refinement tells late, or not at all: made, verified, and tampered with; regular, CFI, counting, attachment."""

from __future__ import annotations

import copy
import json
import time
from functools import cache

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from orbitcheck.harness.core.certificates import Certificate, Part
from orbitcheck.harness.core.parameters import parse_named
from orbitcheck.harness.core.result import digest
from orbitcheck.harness.oracles.relation import certify
from orbitcheck.harness.oracles.two_fwl.relation import with_two_fwl
from orbitcheck.harness.pairs import PAIR_FAMILIES
from orbitcheck.harness.verification.certificate import problem_of, row_of
from orbitcheck.harness.weights.pair import Pair
from orbitcheck.harness.weights.space import mlp

FAMILIES = {
    "regular": ({"family": "regular-bipartite"}, ["different", None, "equal", "different", 1]),
    "regular, large": (
        {"family": "regular-bipartite", "size": 12, "degree": 3},
        ["different", None, "equal", "different", 1],
    ),
    "regular, in general position": (
        {"family": "regular-bipartite", "general_position": "both"},
        ["different", 1, "equal", "different", 0],
    ),
    "strongly regular": ({"family": "strongly-regular"}, ["different", None, "equal", "equivalent", None]),
    "biplanes": ({"family": "biplanes"}, ["different", None, "equal", "equivalent", None]),
    "CFI": ({"family": "cai-furer-immerman"}, ["different", None, "equal", "equivalent", None]),
    "counting, direction": ({"family": "direction", "size": 4}, ["different", 1, "equal", "different", 1]),
    "counting, multiplicity": (
        {"family": "multiplicity", "size": 6, "degrees": [2, 3]},
        ["different", 1, "different", "different", 0],
    ),
    "attachment, re-pairing": ({"family": "re-pairing"}, ["different", 1, "different", "different", 0]),
    "attachment, biases": ({"family": "bias-reattachment"}, ["different", 1, "different", "different", 0]),
}
"""What is asked, and the truth of the first draw: orbit, refinement round, function, 2-FWL and its round; by construction and by evaluation, not by oracles."""
TAMPERINGS = 30
SECONDS = 5.0


@cache
def pair_of(name: str) -> Pair:
    asked, _ = FAMILIES[name]
    family, settings = parse_named(
        PAIR_FAMILIES, {"name": asked["family"], **{k: asked[k] for k in asked if k != "family"}}, "pairs"
    )
    space = mlp(2, 5, 4, 2) if name.startswith("attachment") else None
    return family.make(settings, space, family.cases(settings, space)[0], np.random.default_rng(3))


@cache
def certified(name: str) -> dict:
    pair = pair_of(name)
    return json.loads(json.dumps(with_two_fwl(pair, certify(pair)).certificate))


def problem(pair: Pair, certificate: dict) -> str | None:
    """As the border and the verifier, after sealing the certificate anew, as a forger would."""
    content = {key: value for key, value in certificate.items() if key != "sha256"}
    start = time.process_time()
    try:
        told = row_of(content)
    except (KeyError, TypeError, AttributeError):
        told = [None, None, None]
    sealed = json.loads(json.dumps({**content, "sha256": digest(content)}))
    try:
        read = TypeAdapter(Certificate).validate_json(json.dumps(sealed), strict=True, extra="forbid")
        found = problem_of(read, pair, told)
    except ValidationError as error:
        found = str(error)
    assert time.process_time() - start < SECONDS
    return found


@pytest.mark.parametrize("name", FAMILIES)
def test_certificates_say_what_the_family_is_made_for_and_hold(name):
    certificate = certified(name)
    assert row_of(certificate) == FAMILIES[name][1]
    assert (largest_gap(pair_of(name)) > 1e-6) == (FAMILIES[name][1][2] == "different")
    assert problem(pair_of(name), certificate) is None


def largest_gap(pair: Pair) -> float:
    """Of the two functions, at many inputs near and far: an ordinary forward pass."""
    x = np.random.default_rng(0).standard_normal((4000, pair.space.widths[0])) * np.geomspace(0.1, 10, 4000)[:, None]
    values = []
    for net in (pair.v, pair.w):
        out = x
        for layer in range(1, len(pair.space.widths)):
            z = out @ net[f"W{layer}"].T + net[f"b{layer}"]
            out = np.maximum(z, 0)
        values.append(z)
    return float(np.abs(values[0] - values[1]).max())


FLIPS = {
    Part.ORBIT: ("same", "different", "unknown"),
    Part.REFINEMENT: ("equivalent", "different", "unknown"),
    Part.FUNCTION: ("equal", "different", "unknown"),
    Part.TWO_FWL: ("equivalent", "different", "unknown"),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_another_relation_is_refuted_with_the_old_proof_and_with_none(name):
    pair, whole = pair_of(name), certified(name)
    for part, relations in FLIPS.items():
        honest = whole if part is Part.TWO_FWL else {key: value for key, value in whole.items() if key != Part.TWO_FWL}
        for relation in {*relations} - {honest[part]["relation"]}:
            for statement in ({**honest[part], "relation": relation}, {"relation": relation, "kind": "none"}):
                told = problem(pair, {**honest, part: statement})
                assert told is not None, (part, statement)
        without = {key: value for key, value in honest.items() if key != part}
        assert problem(pair, without) is not None or part is Part.TWO_FWL  # which a row of another power does not ask


@pytest.mark.parametrize("name", FAMILIES)
def test_other_rounds_and_other_vectors_are_refuted(name):
    pair, whole = pair_of(name), certified(name)
    honest = {key: value for key, value in whole.items() if key != Part.TWO_FWL}
    said = honest[Part.REFINEMENT]
    for step in (-1, 1):
        other = {**honest, Part.REFINEMENT: {**said, "round": (said.get("round") or 1) + step}}
        assert problem(pair, other) is not None, "by the border, where a statement has no round"
    first = next(name for name in pair.space.axes if name.startswith("W"))
    moved = {**pair.v, first: pair.v[first] * 2 + 1}
    assert problem(Pair(pair.space, moved, pair.w), honest) is not None
    assert problem(Pair(pair.space, pair.v, pair.v), honest) is not None
    other = certified("CFI" if name != "CFI" else "biplanes")
    for part in Part:
        if other[part] != whole[part]:
            assert (
                problem(pair, {**honest, part: other[part]}) is not None
                or other[part]["relation"] == whole[part]["relation"]
            )


def places(value, path=()):
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, entry in inner:
        yield (*path, key)
        yield from places(entry, (*path, key))


def tampered(statement: dict, rng: np.random.Generator) -> dict:
    """One entry of a statement changed, removed, or put in the place of another."""
    forged = copy.deepcopy(statement)
    everywhere = list(places(forged))
    *path, last = everywhere[rng.integers(len(everywhere))]
    at = forged
    for key in path:
        at = at[key]
    old, how = at[last], int(rng.integers(4))
    if how == 0:
        at.pop(last)
    elif how == 1 and isinstance(old, int):
        at[last] = old + int(rng.choice((-1, 1)))
    elif how == 2:
        at[last] = [None, True, -1, "", [], {}, 10**18, "different", "equal"][rng.integers(9)]
    else:
        *others, end = everywhere[rng.integers(len(everywhere))]
        source = statement
        for key in (*others, end):
            source = source[key]
        at[last] = copy.deepcopy(source)
    return forged


@pytest.mark.parametrize("name", [name for name in FAMILIES if name not in ("strongly regular", "biplanes", "CFI")])
def test_random_tamperings_are_noticed_or_still_true(name):
    pair, honest, rng = pair_of(name), certified(name), np.random.default_rng(len(name))
    noticed = 0
    for number in range(TAMPERINGS):
        part = list(Part)[number % len(Part)]
        forged = {**honest, part: tampered(honest[part], rng)}
        if forged == honest:
            continue
        found = problem(pair, forged)
        noticed += found is not None
        assert found is not None or row_of(forged) == FAMILIES[name][1], forged[part]
    assert noticed > TAMPERINGS / 3
