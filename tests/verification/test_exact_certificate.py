"""A certificate as a whole, by hand: whose vectors it speaks of, whether it agrees with itself and with its row, and its seal."""

from __future__ import annotations

import copy
import hashlib
from itertools import product

import numpy as np
import pytest

from orbitcheck.harness.core.certificates import Part
from orbitcheck.harness.core.result import digest
from orbitcheck.harness.verification import certificate as module
from orbitcheck.harness.verification.certificate import (
    consistent,
    general_position,
    plus_zero,
    problem_of,
    row_of,
)
from orbitcheck.harness.weights.pair import Pair
from orbitcheck.harness.weights.space import mlp

SPACE = mlp(1, 2, 1)
V = {
    "W1": np.array([[1.0], [2.0]]),
    "b1": np.array([0.0, -0.5]),
    "W2": np.array([[3.0, -1.0]]),
    "b2": np.array([0.25]),
}
W = V | {"W1": V["W1"][::-1], "b1": V["b1"][::-1], "W2": V["W2"][:, ::-1]}
PAIR = Pair(SPACE, V, W)
TOLD = ["same", None, "equal"]


def content(v=V, w=W) -> dict:
    """What is written of the two by hand: one orbit."""
    nets = [{name: net[name] + 0.0 for name in SPACE.axes} for net in (v, w)]
    return {
        "version": 1,
        "space": SPACE.to_json(),
        "vectors": [
            {
                "sha256": hashlib.sha256(b"".join(net[name].astype("<f8").tobytes() for name in SPACE.axes)).hexdigest(),
                "entries": {name: [entry.hex() for entry in net[name].ravel().tolist()] for name in SPACE.axes},
            }
            for net in nets
        ],
        "general_position": [True, True],
        "orbit": {"relation": "same", "kind": "permutation", "element": {"n1": [1, 0]}},
        "refinement": {"relation": "equivalent", "kind": "orbit"},
        "function": {"relation": "equal", "kind": "orbit"},
    }  # fmt: skip


def sealed(given: dict) -> dict:
    return {**given, "sha256": digest(given)}


def said(change=None, told=TOLD, pair=PAIR, seal=True) -> str | None:
    given = content()
    if change is not None:
        given = change(copy.deepcopy(given)) or given
    return problem_of(sealed(given) if seal else given, pair, told)


def test_what_is_written_by_hand_holds():
    assert said() is None
    assert said(told=tuple(TOLD)) is None


def edit(*path, value=None):
    """A change of one place; `None` takes it out."""

    def change(given: dict) -> dict:
        at = given
        for key in path[:-1]:
            at = at[key]
        if value is None:
            del at[path[-1]]
        else:
            at[path[-1]] = value
        return given

    return change


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (edit("version", value=2), "the version and the space"),
        (edit("space", "activation", value="tanh"), "the version and the space"),
        (edit("version"), "a certificate has its keys"),
        (edit("more", value=1), "a certificate has its keys"),
        (edit("vectors", 0, "sha256", value="0"), "the vectors are those of the row"),
        (edit("vectors", 1, "sha256", value="0"), "the vectors are those of the row"),
        (edit("vectors", 1, "entries", "b1", value=["0x0.0p+0"]), "the entries of b1"),
        (edit("vectors", 0, "entries", "W2", 0, value="0x1.0p+0"), "the entries of W2"),
        (edit("general_position", value=[True, False]), "general position"),
        (edit("general_position", value=[1, True]), "general position"),
        (edit("general_position", value=[True]), "general position"),
        (edit("orbit", "relation", value="different"), "the row says what its certificate says"),
        (edit("function", "relation", value="different"), "the row says what its certificate says"),
        (edit("refinement", "round", value=1), "the row says what its certificate says"),
        (edit("refinement", "relation", value="different"), "one orbit => 1-WL-equivalent => the same function"),
        (edit("orbit", "kind", value="nonsense"), "a known kind of orbit statement"),
        (edit("function", "kind", value="nonsense"), "a known kind of function statement"),
        (edit("refinement", "kind", value="nonsense"), "a known kind of refinement statement"),
        (edit("orbit", "element", "n1", value=[0, 1]), "the permutation maps W1 of v to that of w"),
    ],
)
def test_each_part_is_looked_at(change, problem):
    assert said(change) == f"does not hold: {problem}"


def test_entries_need_not_be_printed_and_vectors_are_two():
    assert said(edit("vectors", 0, "entries")) is None
    assert str(said(edit("vectors", 1))).startswith("malformed: ValueError")
    assert str(said(edit("orbit", "element"))) == "malformed: KeyError 'element'"
    long = edit("orbit", "element", value={"n1": "x" * 500})
    assert len(str(said(long))) <= 230


@pytest.mark.parametrize("error", module.MALFORMED)
def test_what_reading_raises_is_told_in_one_short_line(error, monkeypatch):
    def broken(*given):
        raise error("one\n  two " + "x" * 300)

    monkeypatch.setitem(module.CHECKS, (Part.ORBIT, "same", "permutation"), broken)
    told = str(said())
    assert told.startswith(f"malformed: {error.__name__} one two xxx")
    assert len(told.removeprefix(f"malformed: {error.__name__} ")) == 200 and "\n" not in told


def test_the_seal_is_that_of_the_content():
    assert said(seal=False) == "does not hold: a certificate has its keys"
    given = sealed(content())
    for wrong in ({**given, "sha256": given["sha256"][::-1]}, {**given, "version": True}, {**given, "sha256": ""}):
        assert problem_of(wrong, PAIR, TOLD) == "does not hold: the digest is that of the content"


def test_parts_that_contradict_each_other_are_told_before_their_proofs():
    """An unknown function of nets that no round parts is one of other spaces alone; 2-FWL parts no orbit."""

    orbit, function = {"relation": "different", "kind": "no"}, {"relation": "unknown", "kind": "no"}
    told = said(lambda given: {**given, "orbit": orbit, "function": function}, ["different", None, "unknown"])
    assert told == "does not hold: one orbit => 1-WL-equivalent => the same function"
    parted = {"relation": "different", "kind": "no", "round": 1}
    told = said(lambda given: {**given, "two_fwl": parted}, [*TOLD, "different", 1])
    assert told == (
        "does not hold: one orbit => 2-FWL-equivalent => 1-WL-equivalent, and 2-FWL parts no later than 1-WL"
    )


def test_the_row_has_orbit_round_and_function():
    for told in (["different", None, "equal"], ["same", 1, "equal"], ["same", None, "different"], ["same", None], []):
        assert said(told=told) == "does not hold: the row says what its certificate says"
    parts = {Part.ORBIT: {"relation": "different"}, Part.REFINEMENT: {"round": 3}, Part.FUNCTION: {"relation": "equal"}}
    assert row_of(parts) == ["different", 3, "equal"]
    assert row_of({**parts, Part.REFINEMENT: {}}) == ["different", None, "equal"]


def test_a_negative_zero_is_the_same_weight_as_zero():
    minus = V | {"b1": np.array([-0.0, -0.5])}
    assert said(pair=Pair(SPACE, minus, W)) is None
    made = plus_zero(SPACE, minus)
    assert [*made] == [*SPACE.axes] and np.signbit(made["b1"]).tolist() == [False, True]
    assert all(
        array.dtype == np.float64 for array in plus_zero(SPACE, {n: a.astype("f4") for n, a in V.items()}).values()
    )
    assert said(pair=Pair(SPACE, V | {"b2": np.array([0.5])}, W)) == "does not hold: the vectors are those of the row"


def test_inexact_vectors_are_refused():
    told = str(said(pair=Pair(SPACE, V | {"b2": np.array([0.25 + 0j])}, W)))
    assert told.startswith("malformed: ") and "b2" in told


CONSISTENT = {
    ("same", "equivalent", "equal"),
    ("different", "equivalent", "equal"),
    ("unknown", "equivalent", "equal"),
    ("different", "different", "equal"),
    ("different", "different", "different"),
    ("different", "different", "unknown"),
}


def test_parts_that_contradict_each_other_are_told():
    for orbit, refinement, function in product(
        ("same", "different", "unknown"), ("equivalent", "different"), ("equal", "different", "unknown")
    ):
        relations = {Part.ORBIT: orbit, Part.REFINEMENT: refinement, Part.FUNCTION: function}
        assert consistent(relations) == ((orbit, refinement, function) in CONSISTENT), relations


BEYOND_MLPS = {*CONSISTENT, ("different", "equivalent", "unknown"), ("unknown", "equivalent", "unknown")}


def test_beyond_mlps_the_function_of_what_refinement_never_parts_may_be_unknown():
    for orbit, refinement, function in product(
        ("same", "different", "unknown"), ("equivalent", "different"), ("equal", "different", "unknown")
    ):
        relations = {Part.ORBIT: orbit, Part.REFINEMENT: refinement, Part.FUNCTION: function}
        assert consistent(relations, of_mlps=False) == ((orbit, refinement, function) in BEYOND_MLPS), relations


def test_general_position_is_that_of_hidden_biases():
    space = mlp(1, 2, 3, 2)
    net = {"b1": np.array([0.0, 1.0]), "b2": np.array([0.0, 1.0, 2.0]), "b3": np.array([5.0, 5.0])}
    assert general_position(space, net) is True
    assert general_position(space, net | {"b1": np.array([1.0, 1.0])}) is False
    assert general_position(space, net | {"b2": np.array([0.0, 1.0, 0.0])}) is False
