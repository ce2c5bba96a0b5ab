"""Every family keeps its promise: the relation of its pairs, exact numbers, seeds, names and shapes."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from orbitcheck import Weights, WeightSpace, act, mlp
from orbitcheck.harness.core.parameters import parse_parameters
from orbitcheck.harness.oracles.relation import certify
from orbitcheck.harness.pairs import PAIR_FAMILIES, Pair, vectors

SEEDS = range(3)
ANY = "any"


@dataclass(frozen=True)
class Promise:
    """What a family at some parameters promises: an orbit, the round in which pairs part (None: never), the function.

    `ANY` is no promise.
    """

    family: str
    parameters: dict[str, Any]
    space: WeightSpace | None
    orbit: bool | str
    round: int | str | None
    function: bool | str

    def __str__(self) -> str:
        return f"{self.family} {self.parameters} {self.space or ''}"


SPACES = (mlp(1, 3, 1), mlp(2, 5, 4, 1), mlp(2, 3, 1, 4, 2, activation="sine"), mlp(1, 6, 3, activation="tanh"))
ONE, DEEP = mlp(1, 3, 2), mlp(2, 5, 1, 4, 1)


def _middles(family: str, **parameters: Any) -> list[Promise]:
    """A family of middle matrices: 1-WL-equivalent, but for a layer in general position beside the matrix."""
    return [
        Promise(family, parameters, None, False, None, True),
        *(
            Promise(family, {**parameters, "general_position": where}, None, False, 1, ANY)
            for where in ("first", "second", "both")
        ),
        Promise(family, {**parameters, "general_position": "both", "bits": 2, "count": 2}, None, False, ANY, ANY),
    ]


PROMISES = [
    *(
        Promise("same-orbit", {"ties": ties}, space, True, None, True)
        for space in SPACES
        for ties in ("none", "biases", "all")
    ),
    *(Promise("generic", {}, space, False, 0, False) for space in SPACES),
    *(
        Promise("perturbation", {"sizes": [1, 0.75, "2^-6", 2.0**-22], "count": 2}, space, False, 1, ANY)
        for space in SPACES
    ),
    *(Promise("re-pairing", {}, space, False, 1, ANY) for space in SPACES),
    *(Promise("bias-reattachment", {}, space, False, 1, ANY) for space in (*SPACES, mlp(1, 2, 1))),
    *_middles("bipartite-cycles"),
    *_middles("bipartite-cycles", cycles=[[3, 4], [5, 2]], count=2),
    *_middles("regular-bipartite"),
    *_middles("regular-bipartite", size=9, degree=4, count=2),
    *_middles("strongly-regular", count=2),
    *_middles("biplanes", count=1),
    *_middles("cai-furer-immerman", count=2),
    *(
        Promise("round-ladder", {"rounds": [t], "layers": layers, "count": 2}, None, False, t, t > 1)
        for t in range(1, 9)
        for layers in (0, 2)
    ),
    *(
        Promise("factors", {"count": 2}, space, ANY, ANY, True)
        for space in (mlp(1, 3, 1), mlp(2, 3, 2, activation="tanh"))
    ),
    *(Promise("direction", {"size": size}, None, False, 1, True) for size in (2, 3, 7)),
    *(
        Promise("multiplicity", {"size": size, "degrees": degrees}, None, False, 1, False)
        for size, degrees in ((3, [1, 2]), (4, [1, 2]), (6, [5, 2]))
    ),
    *(
        Promise("relu-rescaling", {}, mlp(2, 5, 3, 1, activation=activation), False, ANY, True)
        for activation in ("relu", "leaky-relu", "abs", "identity")
    ),
    *(
        Promise("sign-flip", {}, mlp(2, 5, 3, 1, activation=activation), False, ANY, True)
        for activation in ("tanh", "sine", "identity")
    ),
    *(
        Promise("dead-neuron", {"dead": dead}, space, False, 1, True)
        for dead in ("unread", "silent")
        for space in (*SPACES, mlp(1, 1, 1))
    ),
    *(
        Promise("split-neuron", {"w": how}, space, False, 1, True)
        for how in ("split", "merged")
        for space in (*SPACES, mlp(1, 2, 1))
    ),
]


def cases_of(promise: Promise) -> tuple[str, ...]:
    family = PAIR_FAMILIES[promise.family]
    return family.cases(parse_parameters(family.parameters, promise.parameters), promise.space)


def make(promise: Promise, case: str, seed: int) -> Pair:
    family = PAIR_FAMILIES[promise.family]
    parameters = parse_parameters(family.parameters, promise.parameters)
    return family.make(parameters, promise.space, case, np.random.default_rng([seed, zlib.crc32(case.encode())]))


def flat(vector: Any) -> np.ndarray:
    return np.concatenate([value.reshape(-1) for value in vector.values()])


over_promises = pytest.mark.parametrize("promise", PROMISES, ids=str)


def test_every_constructed_family_is_held_to_a_promise():
    from_real_networks = {"trained"}
    elsewhere = {
        "beyond-mlps",
        "blindness",
        "same-update",
        "ladder-of-space",
    }  # test_beyond_mlps.py, test_unseen.py, test_ladders.py
    assert {promise.family for promise in PROMISES} == set(PAIR_FAMILIES) - from_real_networks - elsewhere


@over_promises
@pytest.mark.parametrize("seeds", [SEEDS[:1], pytest.param(SEEDS[1:], marks=pytest.mark.long)], ids=["first", "others"])
def test_pairs_are_related_as_promised(promise, seeds, slow):
    for case in cases_of(promise):
        for seed in seeds:
            pair = make(promise, case, seed)
            orbit, parted = slow.same_orbit(pair), slow.parting_round(pair)
            if promise.orbit != ANY:
                assert orbit == promise.orbit, (case, seed)
            if promise.round != ANY:
                assert parted == promise.round, (case, seed)
            if promise.function != ANY:
                assert slow.same_function(pair) == promise.function, (case, seed)


@over_promises
def test_the_oracles_certify_what_is_promised(promise):
    for case in cases_of(promise):
        relation = certify(make(promise, case, 0))
        assert promise.orbit in (ANY, relation.orbit == "same")
        assert relation.orbit != "unknown"
        assert promise.round == ANY or relation.round == promise.round
        assert promise.function == ANY or relation.function == ("equal" if promise.function else "different")


@over_promises
def test_hints_are_true(promise, slow):
    for case in cases_of(promise):
        pair = make(promise, case, 0)
        assert (pair.element is not None) == (promise.family == "same-orbit")
        if pair.element is not None:
            moved = act(pair.element, Weights.from_arrays(pair.space, [pair.v])).arrays()
            assert all(np.array_equal(moved[name], pair.w[name]) for name in pair.space.axes)
        if pair.function_equal is not None:
            assert slow.same_function(pair)
        elif promise.family != "same-orbit":
            assert promise.function is not True


@over_promises
def test_entries_are_small_dyadic_numbers_of_the_right_shapes(promise):
    for case in cases_of(promise):
        pair = make(promise, case, 0)
        if promise.space is not None:
            assert pair.space == promise.space
        for vector in (pair.v, pair.w):
            assert {name: value.shape for name, value in vector.items()} == pair.space.shapes
            assert list(vector) == list(pair.space.axes)
            entries = flat(vector)
            assert entries.dtype == np.float64
            assert np.array_equal(entries, entries.astype(np.float32))
            assert np.array_equal(entries * 2**22, np.rint(entries * 2**22)) and np.abs(entries).max() <= 16


@over_promises
def test_seeds_reproduce_and_cases_differ(promise):
    cases = cases_of(promise)
    assert len(set(cases)) == len(cases)
    drawn = [make(promise, case, 0) for case in cases]
    for case, pair in zip(cases, drawn, strict=True):
        again = make(promise, case, 0)
        assert np.array_equal(flat(pair.v), flat(again.v)) and np.array_equal(flat(pair.w), flat(again.w))
        assert not np.array_equal(flat(pair.v), flat(pair.w)) or "ties" in promise.parameters
    seen = {flat(pair.v).tobytes() + flat(pair.w).tobytes() for pair in drawn}
    assert len(seen) == len(drawn)


def test_no_family_touches_the_global_generator():
    np.random.seed(0)
    before = np.random.get_state()[1].copy()
    for promise in PROMISES:
        make(promise, cases_of(promise)[0], 0)
    assert np.array_equal(before, np.random.get_state()[1])


def test_ladder_and_direction_never_part_forward_only(slow):
    for promise in PROMISES:
        if promise.family == "direction" or (promise.family == "round-ladder" and promise.round != 1):
            assert slow.parting_round(make(promise, cases_of(promise)[0], 0), forward_only=True) is None


def test_multiplicity_is_invisible_to_sets(slow):
    for promise in PROMISES:
        if promise.family == "multiplicity":
            assert slow.parting_round(make(promise, cases_of(promise)[0], 0), as_sets=True) is None


def test_case_names_are_readable():
    def names(family: str, space: WeightSpace | None = None, **parameters: Any) -> tuple[str, ...]:
        return cases_of(Promise(family, parameters, space, ANY, ANY, ANY))

    assert names("bipartite-cycles", count=2) == ("#0", "#1")
    assert names("round-ladder", rounds=[3, 1], count=2) == ("t=3 #0", "t=3 #1", "t=1 #0", "t=1 #1")
    assert names("perturbation", ONE, sizes=[1, "2^-4", 0.75], count=1) == ("size=1 #0", "size=2^-4 #0", "size=0.75 #0")
    assert names("biplanes", count=1) == ("rank 6 and 7 #0", "rank 6 and 8 #0", "rank 7 and 8 #0")


def test_a_perturbation_changes_one_weight_by_its_size():
    promise = Promise("perturbation", {"sizes": [0.5], "count": 20}, DEEP, ANY, ANY, ANY)
    for case in cases_of(promise):
        pair = make(promise, case, 0)
        changed = {
            name: pair.w[name] - pair.v[name] for name in pair.v if not np.array_equal(pair.w[name], pair.v[name])
        }
        ((name, change),) = changed.items()
        assert name.startswith("W")
        assert np.abs(change[change != 0]).tolist() == [0.5]


@pytest.mark.parametrize("ties", ["biases", "all"])
def test_ties_are_ties(ties):
    promise = Promise("same-orbit", {"ties": ties, "count": 20}, mlp(2, 4, 2, 1), ANY, ANY, ANY)
    for case in cases_of(promise):
        pair = make(promise, case, 0)
        assert all(len(set(pair.v[name].tolist())) < pair.v[name].size for name in ("b1", "b2"))
        if ties == "all":
            assert set(flat({name: pair.v[name] for name in ("W1", "W2", "W3", "b3")})) <= {-0.5, 0.0, 0.5}


@pytest.mark.parametrize("family", ["generic", "perturbation", "re-pairing", "bias-reattachment"])
def test_random_vectors_lie_in_general_position(family):
    promise = Promise(family, {"count": 5}, mlp(2, 100, 40, 1), ANY, ANY, ANY)
    for case in cases_of(promise)[:5]:
        pair = make(promise, case, 0)
        for vector in (pair.v, pair.w):
            assert all(len(set(vector[name].tolist())) == vector[name].size for name in ("b1", "b2"))


def test_one_part_is_moved_and_the_rest_stays():
    for family, tensors in (("re-pairing", {"W2", "W3"}), ("bias-reattachment", {"b1", "b2"})):
        promise = Promise(family, {"count": 10}, mlp(2, 4, 3, 1), ANY, ANY, ANY)
        for case in cases_of(promise):
            pair = make(promise, case, 0)
            (changed,) = (name for name in pair.v if not np.array_equal(pair.v[name], pair.w[name]))
            assert changed in tensors
            assert sorted(map(tuple, pair.v[changed].T.reshape(pair.v[changed].shape[-1], -1))) == sorted(
                map(tuple, pair.w[changed].T.reshape(pair.w[changed].shape[-1], -1))
            )


def test_relabellings_move_something():
    promise = Promise("same-orbit", {"count": 20}, mlp(1, 2, 1), ANY, ANY, ANY)
    for case in cases_of(promise):
        pair = make(promise, case, 0)
        assert not np.array_equal(flat(pair.v), flat(pair.w))


@pytest.mark.parametrize(
    ("family", "space"), [("relu-rescaling", mlp(1, 1, 1)), ("sign-flip", mlp(1, 1, 1, activation="tanh"))]
)
def test_rescalings_rescale_something(family, space):
    promise = Promise(family, {"count": 20}, space, ANY, ANY, ANY)
    for case in cases_of(promise):
        pair = make(promise, case, 0)
        assert not np.array_equal(flat(pair.v), flat(pair.w))


def test_merged_twins_leave_one_unread():
    promise = Promise("split-neuron", {"w": "merged"}, DEEP, ANY, ANY, ANY)
    for case in cases_of(promise):
        pair = make(promise, case, 0)
        unread = [not column.any() for name in ("W2", "W3", "W4") for column in pair.w[name].T]
        assert sum(unread) == 1


def test_no_random_entry_is_zero():
    v = vectors.random_vector(mlp(3, 200, 70, 2), np.random.default_rng(0))
    assert (flat(v) != 0).all()
    assert np.array_equal(flat(v) * 64, np.rint(flat(v) * 64))


def test_neurons_of_both_nets_come_in_random_order():
    promise = Promise("bipartite-cycles", {}, None, ANY, ANY, ANY)
    pairs = [make(promise, "#0", seed) for seed in range(20)]
    assert len({pair.v["W2"].tobytes() for pair in pairs}) > 10
    assert len({pair.w["W2"].tobytes() for pair in pairs}) > 5


def test_a_middle_matrix_takes_every_place():
    promise = Promise("round-ladder", {"rounds": [2], "layers": 2}, None, ANY, ANY, ANY)
    pairs = [make(promise, "t=2 #0", seed) for seed in range(20)]
    places = {name for pair in pairs for name in ("W2", "W3", "W4") if not pair.v[name].all()}
    assert places == {"W2", "W3", "W4"}


@pytest.mark.parametrize("where", ["none", "first", "second", "both"])
def test_general_position_is_restored_where_asked(where):
    promise = Promise("cai-furer-immerman", {"general_position": where}, None, ANY, ANY, ANY)
    restored = {"none": (), "first": ("b1",), "second": ("b2",), "both": ("b1", "b2")}[where]
    for case in cases_of(promise):
        pair = make(promise, case, 0)
        assert pair.space.widths == (1, 16, 12, 1)
        for name in ("b1", "b2"):
            values = sorted(pair.v[name].tolist())
            assert values == sorted(pair.w[name].tolist())
            assert len(set(values)) == (len(values) if name in restored else 1)


def test_few_bits_leave_few_biases():
    pair = make(Promise("strongly-regular", {"general_position": "both", "bits": 3}, None, ANY, ANY, ANY), "#0", 0)
    for name in ("b1", "b2"):
        assert 1 < len(set(pair.v[name].tolist())) <= 8


def test_a_middle_matrix_fits_any_ends_and_activation():
    space = mlp(2, 4, 4, 3, activation="sine")
    pair = make(Promise("bipartite-cycles", {}, space, ANY, ANY, ANY), "#0", 0)
    assert pair.space == space
    assert np.array_equal(pair.v["W1"], np.ones((4, 2))) and np.array_equal(pair.w["W3"], np.ones((3, 4)))


def test_action_on_arrays_is_the_group_action():
    space = WeightSpace((("A", ("x", "y", "x")), ("B", ("y",))), (("x", 3), ("y", 4)), ("x", "y"))
    rng = np.random.default_rng(0)
    v = vectors.random_vector(space, rng)
    for g in vectors.random_elements(space, 10, rng):
        expected = act(g, Weights.from_arrays(space, [v])).arrays()
        assert all(np.array_equal(value, expected[name]) for name, value in vectors.moved(space, g, v).items())


def test_spaces_that_are_no_mlp_have_orbits_and_perturbations(slow):
    space = WeightSpace((("A", ("x", "y")), ("B", ("y",)), ("C", ("y", "z"))), (("x", 2), ("y", 4), ("z", 1)), ("y",))
    for family in ("same-orbit", "generic", "perturbation"):
        promise = Promise(family, {}, space, ANY, ANY, ANY)
        pair = make(promise, cases_of(promise)[0], 0)
        assert not np.array_equal(flat(pair.v), flat(pair.w))
