"""Orbits under larger groups: moved copies are known again, invariants and whole groups agree, forged certificates are refused."""

from __future__ import annotations

import copy
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from larger_cases import KINDS, by_signs, changed, drawn, moved, signed_group

from orbitcheck import Weights, WeightSpace, act, mlp, random_elements, recurrent
from orbitcheck.extending import AxisRole, Factor, FactorKind, Group, Role, Roles, Standing, lora, transformer
from orbitcheck.harness.core.result import digest
from orbitcheck.harness.oracles.larger import contraction, orbits, rational
from orbitcheck.harness.oracles.larger.orbits import certify_under, normal_form, same_orbit_under
from orbitcheck.harness.oracles.larger.parts import Part, Undecided
from orbitcheck.harness.oracles.tuples.relation import certify
from orbitcheck.harness.verification.larger import problem_under
from orbitcheck.harness.weights.groups import group


@pytest.mark.parametrize("name", KINDS)
def test_moved_copies_are_one_orbit_and_what_an_invariant_parts_is_two(name):
    kind, rng = KINDS[name], np.random.default_rng(0)
    of = kind.group
    for number in range(4):
        v = drawn(kind.space, rng)
        w = moved(kind, v, rng)
        assert kind.told(v) == kind.told(w)
        assert same_orbit_under(of, v, w).answer == "same"
        u = changed(v, rng)
        while kind.told(u) == kind.told(v):
            u = drawn(kind.space, rng)
        assert same_orbit_under(of, v, moved(kind, u, rng)).answer == "different"
        if number == 0:
            for other in (w, u):
                assert problem_under(certify_under(of, v, other), of, v, other) is None


@pytest.mark.parametrize("space", [mlp(1, 2, 2, 1, activation="tanh"), recurrent(1, 3, 1)], ids=["mlp", "recurrent"])
def test_signs_are_those_of_the_whole_group(space):
    of, rng, listed, answers = group(space, "permutation+sign"), np.random.default_rng(1), list(signed_group(space)), []
    for _ in range(16):
        v = {n: rng.choice((-1.0, 0.0, 1.0), s) for n, s in space.shapes.items()}
        w = by_signs(space, v, listed[rng.integers(len(listed))])
        w = changed(w, rng) if rng.random() < 0.6 else w
        truth = any(all((by_signs(space, v, g)[n] == w[n]).all() for n in w) for g in listed)
        answers.append(truth)
        assert same_orbit_under(of, v, w).answer == ("same" if truth else "different")
    assert len(set(answers)) == 2


def test_equal_products_do_not_suffice_where_ranks_fall():
    """`B A = 0` in all of them: the rank of A, its kernel and the image of B part orbits."""
    space = lora((2, 2), rank=2).space
    of, zero, one = group(space, "gl"), np.zeros((2, 2)), np.diag([1.0, 0.0])
    nets = [
        {"A1": a, "B1": b}
        for a, b in ((zero, zero), (one, zero), (one[::-1, ::-1].copy(), zero), (zero, one), (np.eye(2), zero))
    ]
    for i, v in enumerate(nets):
        for j, w in enumerate(nets):
            assert same_orbit_under(of, v, w).answer == ("same" if i == j else "different")
    # A of rank one in another row is the same orbit: M changes rows.
    assert same_orbit_under(of, nets[1], {"A1": one[::-1].copy(), "B1": zero}).answer == "same"


def test_queries_without_keys_are_told_up_to_a_complex_factor():
    """Where all keys of a pair are zero the products say nothing: the projector does."""
    kind, rng = KINDS["attention, rotary"], np.random.default_rng(4)
    v = {n: rng.integers(1, 9, s) / 4 for n, s in kind.space.shapes.items()}
    v["WK1"][0, [0, 2]] = v["bK1"][0, [0, 2]] = 0
    w, u = {n: a.copy() for n, a in v.items()}, {n: a.copy() for n, a in v.items()}
    for n in ("WQ1", "bQ1"):  # by 2i
        w[n][0, [0, 2]] = 2 * v[n][0, [2, 0]]
        w[n][0, 0] *= -1
    u["bQ1"][0, 0] += 0.25
    for other, answer in ((w, "same"), (u, "different")):
        found = certify_under(kind.group, v, other)
        assert found["orbit"]["relation"] == answer and problem_under(found, kind.group, v, other) is None
    assert normal_form(kind.group, v) == normal_form(kind.group, w) != normal_form(kind.group, u)


TWICE = Roles((AxisRole("n", Standing.LINEAR, within="h"),), (("H", (None, Role.IN, Role.OUT)),))


def test_keys_without_queries_are_told_up_to_a_complex_factor():
    """The other side alone: z takes keys to k / conj(z), so that 2i leaves half of them, turned."""
    kind, rng = KINDS["attention, rotary"], np.random.default_rng(5)
    v = {n: rng.integers(1, 9, s) / 4 for n, s in kind.space.shapes.items()}
    v["WQ1"][0, [0, 2]] = v["bQ1"][0, [0, 2]] = 0
    w, u = {n: a.copy() for n, a in v.items()}, {n: a.copy() for n, a in v.items()}
    for n in ("WK1", "bK1"):
        w[n][0, [0, 2]] = v[n][0, [2, 0]] / 2
        w[n][0, 0] *= -1
    u["bK1"][0, 0] += 0.25
    for other, answer in ((w, "same"), (u, "different")):
        found = certify_under(kind.group, v, other)
        assert found["orbit"]["relation"] == answer and problem_under(found, kind.group, v, other) is None


def test_an_entry_from_an_index_to_itself_says_nothing_of_its_size():
    """A unit that is read by itself alone: R[i, i] stays whatever i is scaled by, and the unit is no reason to be undecided."""
    space = recurrent(1, 2, 1, activation="relu")
    of, zero = group(space, "permutation+scale"), {n: np.zeros(s) for n, s in space.shapes.items()}
    v = {**zero, "R1": np.diag([1.0, 2.0])}
    for other, answer in (({**v, "R1": np.diag([2.0, 1.0])}, "same"), ({**v, "R1": np.diag([1.0, 4.0])}, "different")):
        found = certify_under(of, v, other)
        assert found["orbit"]["relation"] == answer and problem_under(found, of, v, other) is None


BILINEAR = WeightSpace(
    (("A", ("a", "x")), ("B", ("b", "x")), ("C", ("y", "c")), ("T", ("c", "a", "b"))),
    (("a", 2), ("b", 2), ("c", 2), ("x", 1), ("y", 1)),
    ("a", "b", "c"),
    "relu",
    Roles(tuple(AxisRole(axis, Standing.HIDDEN) for axis in "abc")),
)
"""A bilinear layer between hidden ones: every axis of T scales."""


def by_logarithms(v, w) -> bool:
    """Whether some permutations leave quotients `w / g v` that are products of one positive factor an index: entries are powers of two up
    to sign, so that this is a linear system of exponents."""
    nodes = [(axis, i) for axis in "abc" for i in range(2)]
    for a, b, c in product(((0, 1), (1, 0)), repeat=3):
        g = {"A": v["A"][[*a]], "B": v["B"][[*b]], "C": v["C"][:, [*c]], "T": v["T"][np.ix_(c, a, b)]}
        if any((np.sign(g[n]) != np.sign(w[n])).any() for n in w):
            continue
        rows, wanted = [], []
        for n, axes in BILINEAR.tensors:
            for place in np.argwhere(g[n] != 0):
                places = [(axis, int(i)) for axis, i in zip(axes, place, strict=True)]
                signs = {at: -1 if n == "C" or (n == "T" and at[0] != "c") else 1 for at in places}
                rows.append([signs.get(node, 0) for node in nodes])
                wanted.append(np.log2(w[n][tuple(place)] / g[n][tuple(place)]))
        matrix, ends = np.array(rows).reshape(-1, 6), np.array(wanted).reshape(-1, 1)
        if np.linalg.matrix_rank(matrix) == np.linalg.matrix_rank(np.concatenate([matrix, ends], axis=1)):
            return True
    return False


def test_entries_with_three_scaled_indices_are_decided_where_two_are_known():
    """Sparse forms: half of them were unknown, since an entry told nothing of an index beside two others."""
    of, rng, told = group(BILINEAR, "permutation+scale"), np.random.default_rng(5), Counter()
    for number in range(60):
        v = {
            n: rng.choice([0.0, 1.0, -1.0, 2.0, 4.0], s, p=[0.3, 0.2, 0.2, 0.2, 0.1])
            for n, s in BILINEAR.shapes.items()
        }
        w = act(random_elements(of, 1, rng)[0], Weights.from_arrays(BILINEAR, [v]))[0].arrays()
        if number % 2:
            name = str(rng.choice([*w]))
            w[name] = w[name] * rng.choice([1.0, 2.0], w[name].shape)
        found = certify_under(of, v, w)
        answer = found["orbit"]["relation"]
        told[answer] += 1
        assert answer == "unknown" or (answer == "same") == by_logarithms(v, w)
        assert number % 6 or problem_under(found, of, v, w) is None
    assert min(told["same"], told["different"]) >= 10 and told["unknown"] <= 12


def test_what_is_beyond_is_unknown_with_its_reason():
    def asked(space, name):
        v = {n: np.ones(s) for n, s in space.shapes.items()}
        return same_orbit_under(group(space, name), v, v).reason

    twice = WeightSpace((("H", ("h", "n", "n")),), (("h", 1), ("n", 2)), ("h", "n"), roles=TWICE)
    assert "twice within an outer axis" in asked(twice, "gl")
    assert asked(twice, "heads") == "H has n twice, which is permuted within h"
    space = mlp(1, 2, 2, 1)
    v = {n: np.zeros(s) for n, s in space.shapes.items()}
    v["W2"] = np.ones((2, 2))
    assert "nothing unscaled reaches" in same_orbit_under(group(space, "permutation+scale"), v, v).reason


GROUPED = WeightSpace(
    (("Q", ("h", "m", "k", "x")), ("K", ("h", "k", "x")), ("O", ("y", "h", "m")), ("d", ("h",))),
    (("h", 2), ("m", 2), ("k", 2), ("x", 1), ("y", 1)),
    ("h", "m", "k"),
    roles=Roles(
        (AxisRole("m", within="h"), AxisRole("k", Standing.LINEAR, within="h")),
        (("Q", (None, None, Role.IN, None)), ("K", (None, Role.OUT, None)), ("O", (None,) * 3)),
    ),
)
"""Members and keys within heads, both in one tensor."""


def carried_along(v, heads, members, keys):
    """Heads exchanged; members permuted, keys mapped (by a matrix and its inverse transpose) in each head apart."""
    w = {n: np.zeros_like(a) for n, a in v.items()}
    for h, (to, order, (m, dual)) in enumerate(zip(heads, members, keys, strict=True)):
        w["d"][to], w["K"][to] = v["d"][h], dual @ v["K"][h]
        for j, k in enumerate(order):
            w["Q"][to, k], w["O"][:, to, k] = m @ v["Q"][h, j], v["O"][:, h, j]
    return w


def test_members_and_keys_within_heads_are_those_of_the_whole_wreath_product():
    of, rng, answers, swap = group(GROUPED, "heads"), np.random.default_rng(5), [], np.eye(2)[::-1]
    orders, maps = ((0, 1), (1, 0)), ((np.eye(2),) * 2, (swap,) * 2)
    every = list(product(orders, product(orders, repeat=2), product(maps, repeat=2)))
    for _ in range(30):
        v = {n: rng.integers(0, 2, s) * 1.0 for n, s in GROUPED.shapes.items()}
        w = carried_along(v, *every[rng.integers(len(every))])
        w = changed(w, rng) if rng.random() < 0.4 else w
        moving = (carried_along(v, *g) for g in every)
        truth = any(all((u[n] == w[n]).all() for n in w) for u in moving)
        answers.append(truth)
        found = certify_under(of, v, w)
        assert found["orbit"]["relation"] == ("same" if truth else "different")
        assert problem_under(found, of, v, w) is None
        assert (normal_form(of, v) == normal_form(of, w)) == truth
    assert len(set(answers)) == 2


def test_members_are_permuted_beside_keys_that_are_mapped():
    of, rng = group(GROUPED, "gl"), np.random.default_rng(6)
    shear = np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([[1.0, 0.0], [-1.0, 1.0]])
    for _ in range(10):
        v = {n: rng.integers(-2, 3, s) * 1.0 for n, s in GROUPED.shapes.items()}
        w = carried_along(v, (1, 0), ((1, 0), (0, 1)), (shear, (np.eye(2),) * 2))
        found = certify_under(of, v, w)
        assert found["orbit"]["relation"] == "same" and problem_under(found, of, v, w) is None
        u = {
            **w,
            "O": w["O"] + np.array([[[0.0, 0.0], [0.25, 0.25]]]),
        }  # invariant: the sum of O in each head, beside d
        sums = [sorted(zip(x["O"].sum((0, 2)), x["d"], strict=True)) for x in (v, u)]
        found = certify_under(of, v, u)
        assert sums[0] != sums[1] and found["orbit"]["relation"] == "different"
        assert problem_under(found, of, v, u) is None


@pytest.mark.parametrize("kinds", [("perm", "perm+scale"), ("perm", "sign"), (None, "perm")])
def test_what_is_done_within_an_outer_index_beside_permutations(kinds):
    """Scales and signs of members; members alone, where heads stay."""
    heads, members = kinds
    places = (("O", (None, None, Role.IN)), ("Q", (None, Role.OUT, None, None)))
    roles = Roles((AxisRole("m", within="h"), AxisRole("k", within="h")), places)
    space = WeightSpace(GROUPED.tensors, GROUPED.sizes, GROUPED.permuted, roles=roles)
    factors = (*([Factor("h", FactorKind(heads))] if heads else []), Factor("m", FactorKind(members), "h"))
    of, rng = Group(space, factors), np.random.default_rng(7)
    v = {n: rng.permutation(np.arange(1.0, 1 + int(np.prod(s)))).reshape(s) for n, s in space.shapes.items()}
    by = {"perm+scale": 2.0, "sign": -1.0, "perm": 1.0}[members]
    w = {n: a.copy() for n, a in v.items()}
    w["O"][:, 1, 0] *= by
    w["Q"][1, 0] /= by
    if heads:
        w = {n: a[:, ::-1] if n == "O" else a[::-1] for n, a in w.items()}
    turned = {**w, "O": w["O"].copy(), "Q": w["Q"].copy()}
    turned["O"][:, 0], turned["Q"][0] = w["O"][:, 0, ::-1], w["Q"][0, ::-1]
    apart = {**w, "Q": w["Q"][:, ::-1], "O": w["O"]}
    for other, answer in ((w, "same"), (turned, "different" if members == "sign" else "same"), (apart, "different")):
        found = certify_under(of, v, other)
        assert found["orbit"]["relation"] == answer and problem_under(found, of, v, other) is None


def test_what_only_kernels_and_images_know_of_an_index_that_scales():
    """`G A = 0`, and nothing reads what is gated: G may be scaled without a product that shows it. It was called another orbit."""
    space = WeightSpace(
        (("A", ("r", "x")), ("V", ("y", "r")), ("G", ("g", "r")), ("D", ("y", "g"))),
        (("r", 2), ("g", 2), ("x", 1), ("y", 1)),
        ("r", "g"),
        roles=Roles((AxisRole("r", Standing.LINEAR), AxisRole("g", Standing.GATED))),
    )
    of = group(space, "full")
    v = {
        "A": np.array([[1.0], [0.0]]),
        "V": np.array([[1.0, 2.0]]),
        "G": np.array([[0.0, 1.0], [3.0, 1.0]]),
        "D": np.array([[0.0, 1.0]]),
    }
    scaled = {**v, "G": v["G"] * [[2.0], [1.0]]}
    found = certify_under(of, v, scaled)
    assert found["orbit"]["relation"] == "unknown" and "no product says" in found["orbit"]["reason"]
    assert normal_form(of, v) is None
    other = {**v, "V": v["V"] + [[1.0, 0.0]]}
    for w, answer in ((v, "same"), (other, "different")):
        found = certify_under(of, v, w)
        assert found["orbit"]["relation"] == answer and problem_under(found, of, v, w) is None


@pytest.mark.parametrize("per_group", [1, 2])
def test_what_is_added_to_values_of_a_stack_is_made_up_for(per_group):
    space = transformer(1, 2, 2, 2, 2, 2, 1, per_group=per_group).space
    of, rng = group(space, "gl+shift"), np.random.default_rng(8)
    v = {n: rng.integers(-3, 4, s) / 4 for n, s in space.shapes.items()}
    d = np.array([[1.0, -2.0], [0.5, 0.0]])
    less = np.einsum("mhgv,hv->m" if per_group > 1 else "mhv,hv->m", v["WO1"], d)
    w = {**v, "bV1": v["bV1"] + d, "bO1": v["bO1"] - less, "bK1": v["bK1"] + 3 * d}
    for other, answer in ((w, "same"), ({**w, "bO1": v["bO1"]}, "different")):
        found = certify_under(of, v, other)
        assert found["orbit"]["relation"] == answer and problem_under(found, of, v, other) is None
    assert certify_under(group(space, "gl"), v, w)["orbit"]["relation"] == "different"
    forged = copy.deepcopy(certify_under(of, v, w))
    forged["orbit"]["element"]["added"]["bO1"] = ["1", "1"]
    assert problem_under(resealed(forged), of, v, w) is not None


def test_elements_that_cross_heads_are_refused_where_all_is_tied():
    """Vectors of ones are kept by every permutation: that pairs stay with their heads is all that tells."""
    of = group(GROUPED, "heads")
    ones = {n: np.ones(s) for n, s in GROUPED.shapes.items()}
    honest = certify_under(of, ones, ones)
    whole = {"h": [1, 0], "h/m": [3, 2, 0, 1], "h/k": [2, 3, 1, 0]}
    right = copy.deepcopy(honest)
    right["orbit"]["element"]["permutations"] = whole
    assert problem_under(resealed(right), of, ones, ones) is None
    for wrong in (
        {**whole, "h/m": [2, 1, 0, 3]},
        {**whole, "h": [0, 1]},
        {**whole, "h/k": [0, 1, 2, 3]},
        {"h": [1, 0]},
        {**whole, "m": [1, 0]},
    ):
        forged = copy.deepcopy(honest)
        forged["orbit"]["element"]["permutations"] = wrong
        assert problem_under(resealed(forged), of, ones, ones) is not None


def test_permutations_of_a_space_that_names_no_roles():
    space = WeightSpace((("R", ("u", "u")), ("b", ("u",))), (("u", 3),), ("u",))
    of, v = group(space), {"R": np.arange(9.0).reshape(3, 3), "b": np.zeros(3)}
    w = {"R": v["R"][np.ix_([2, 0, 1], [2, 0, 1])], "b": v["b"]}
    for other, answer in ((w, "same"), ({**w, "R": w["R"].T}, "different")):
        found = certify_under(of, v, other)
        assert found["orbit"]["relation"] == answer and problem_under(found, of, v, other) is None


def test_half_turns_relate_no_two_vectors_of_rationals():
    """pi is no rational: what permutations and signs do not relate, half turns do not either; a rounded copy is another vector."""
    space = mlp(1, 2, 1, activation="sine")
    of, rng = group(space, "permutation+sign+phase"), np.random.default_rng(0)
    v = drawn(space, rng)
    s, last = np.array([-1.0, 1.0]), v["W2"][:, ::-1]
    signed = {"W1": v["W1"][::-1] * s[:, None], "b1": v["b1"][::-1] * s, "W2": last * s, "b2": v["b2"]}
    turned = {**v, "b1": v["b1"] + [np.pi, 0.0], "W2": v["W2"] * [[-1.0, 1.0]]}
    for w, answer in ((signed, "same"), (turned, "different")):
        found = certify_under(of, v, w)
        assert found["orbit"]["relation"] == same_orbit_under(of, v, w).answer == answer
        assert problem_under(found, of, v, w) is None


def test_one_digest_an_orbit():
    kind, rng = KINDS["mlp, scales"], np.random.default_rng(2)
    v = drawn(kind.space, rng)
    assert normal_form(kind.group, v) == normal_form(kind.group, moved(kind, v, rng))
    assert normal_form(kind.group, v) != normal_form(kind.group, {**v, "b1": v["b1"] + 0.25})


def resealed(certificate: dict) -> dict:
    return {**certificate, "sha256": digest({k: x for k, x in certificate.items() if k != "sha256"})}


@pytest.mark.parametrize(
    "name", ["mlp, scales", "recurrent, signs", "adapters, gl", "stream, orth", "attention, gl", "attention, rotary"]
)
def test_forged_certificates_are_refused(name):
    kind, rng = KINDS[name], np.random.default_rng(3)
    of, shapes = kind.group, kind.space.shapes
    entries = iter(
        rng.permutation(np.arange(1.0, kind.space.parameters + 1)) / 4
    )  # no ties: one element alone maps v to w
    v = {n: np.array([next(entries) for _ in range(int(np.prod(s)))]).reshape(s) for n, s in shapes.items()}
    w, u = moved(kind, v, rng), None
    while u is None or kind.told(u) == kind.told(v):
        u = changed(v, rng)
    same, different = certify_under(of, v, w), certify_under(of, v, u)
    assert problem_under(same, of, v, w) is None and problem_under(different, of, v, u) is None
    forged = []
    for part, other in (
        ("orbit", different["orbit"]),
        ("group", []),
        ("vectors", different["vectors"]),
        ("version", 2),
    ):
        forged.append((resealed({**same, part: other}), w))
    forged.append((resealed({**different, "orbit": same["orbit"]}), u))
    forged.append((resealed({**different, "vectors": same["vectors"]}), w))
    for _ in range(12):
        each = copy.deepcopy(same)
        element = each["orbit"]["element"]
        keys = [key for key in ("permutations", "factors", "matrices") if element[key]]
        key = keys[rng.integers(len(keys))]
        axis = list(element[key])[rng.integers(len(element[key]))]
        told = element[key][axis]
        if key == "permutations":
            told[:] = [told[1], told[0], *told[2:]] if rng.random() < 0.7 else [told[0]] * len(told)
        else:
            while not isinstance(told[0], str):
                told = told[rng.integers(len(told))]
            place = rng.integers(len(told))
            told[place] = (
                str(-Fraction(told[place]))
                if rng.random() < 0.5 and Fraction(told[place])
                else str(Fraction(told[place]) + 1)
            )
        forged.append((resealed(each), w))
    # Of "different": the colours, rounds and counts of the reductions are those of the other pair, or moved.
    inner = copy.deepcopy(different["orbit"]["reductions"])
    inner["vectors"] = inner["vectors"][::-1]
    forged.append((resealed({**different, "orbit": {"relation": "different", "reductions": inner}}), u))
    forged.append((different, w))
    for each, other in forged:
        assert problem_under(each, of, v, other) is not None


@pytest.mark.parametrize(
    "text", ["1e999999999", "1e-999999999", "2/4", "0x1", "1.5", " 1", "9" * 5000, 1, 1.5, True, None]
)
def test_what_is_no_rational_in_lowest_terms_is_refused_before_it_is_computed(text):
    """A power of ten with nine digits would take all memory; and one number has one way to be written."""
    space = mlp(1, 2, 1, activation="relu")
    of = group(space, "permutation+scale")
    v = {
        "W1": np.array([[1.0], [2.0]]),
        "b1": np.array([3.0, 4.0]),
        "W2": np.array([[5.0, 6.0]]),
        "b2": np.array([0.0]),
    }
    w = v | {"W1": v["W1"] * [[2], [1]], "b1": v["b1"] * [2, 1], "W2": v["W2"] / [2, 1]}
    honest = certify_under(of, v, w)
    assert problem_under(honest, of, v, w) is None
    forged = copy.deepcopy(honest)
    ((_, factors),) = forged["orbit"]["element"]["factors"].items()
    factors[1] = text
    assert "a rational is" in str(problem_under(resealed(forged), of, v, w))


def test_rational_algebra():
    rng = np.random.default_rng(4)
    for _ in range(10):
        a = [[Fraction(int(x)) for x in row] for row in rng.integers(-1, 2, (3, 4))]
        p = rational.projector(a)
        assert rational.times(p, p) == p == rational.transposed(p, 4)
        assert rational.rank(p) == rational.rank(a) == np.linalg.matrix_rank(np.array(a, dtype=float))
        assert rational.times(a, p) == a
        for x in rational.kernel(a, 4):
            assert not any(row[0] for row in rational.times(a, [[each] for each in x]))


def test_an_axis_twice_in_a_tensor_is_decided_by_what_passes_through_it():
    """A linear recurrence: `M R M^-1`, told by all products that enter and leave; where not all is reached or read, unknown."""
    space, rng = recurrent(2, 3, 1, activation="identity"), np.random.default_rng(4)
    of = group(space, "gl")

    def through(v):
        """Exact: entries are quarters."""
        entering = np.concatenate([v["W1"], v["b1"][:, None]], axis=1)
        return [v["W2"] @ np.linalg.matrix_power(v["R1"], k) @ entering for k in range(6)] + [v["b2"]]

    answers = Counter()
    for number in range(8):
        v = {name: rng.integers(-4, 5, shape) / 4 for name, shape in space.shapes.items()}
        w = {
            n: a + 0.0
            for n, a in act(random_elements(of, 1, rng)[0], Weights.from_arrays(space, [v])).arrays(0).items()
        }
        u = {**w, "R1": w["R1"] + np.eye(3)[rng.permutation(3)] / 4}
        for other, answer in ((w, "same"), (u, "different")):
            assert all(map(np.array_equal, through(v), through(other))) == (answer == "same")
            found = same_orbit_under(of, v, other).answer
            answers[found] += 1
            assert found == answer
            if number < 2:
                assert problem_under(certify_under(of, v, other), of, v, other) is None
    unread = {**v, "W2": np.zeros((1, 3)), "W1": np.zeros((3, 2)), "b1": np.zeros(3)}
    other = {**unread, "R1": v["R1"] + np.eye(3)}
    assert "not all is reached and read" in same_orbit_under(of, unread, other).reason
    assert answers == {"same": 8, "different": 8}


def test_products_without_entries_have_none():
    assert rational.times([[], []], []) == [[], []]


def test_a_tensor_is_read_along_an_axis_that_it_has_once():
    entries = np.array([[Fraction(1), Fraction(2)]], dtype=object)
    once, twice = Part("K", ("h", "k"), (None, Role.IN), entries), Part("H", ("n", "n"), (Role.IN, Role.OUT), entries)
    assert once.along("k", "h").entries.tolist() == [[1, 2]] and once.along("k").entries.tolist() == [[[1], [2]]]
    for part, axis, outer, why in (
        (once, "k", "g", "K has k without one g"),
        (twice, "n", None, "H has n twice"),
    ):
        with pytest.raises(Undecided, match=f"^{why}$"):
            part.along(axis, outer)


def test_an_equation_without_a_solution_is_told():
    ones, end = [[Fraction(1), Fraction(2)], [Fraction(2), Fraction(4)]], [Fraction(3), Fraction(6)]
    assert rational.solution(ones, end) == [3, 0]
    with pytest.raises(AssertionError, match=r"^a solution"):
        rational.solution(ones, [Fraction(3), Fraction(5)])


def test_phases_stand_beside_what_is_permuted_within_another_axis():
    """A sine layer n whose bias half turns move, and members m within heads h: heads with their members exchanged are one orbit."""
    space = WeightSpace(
        (("W", ("n", "x")), ("b", ("n",)), ("V", ("y", "n")), ("Q", ("h", "m", "x")), ("O", ("y", "h", "m"))),
        (("n", 2), ("h", 2), ("m", 2), ("x", 1), ("y", 1)),
        ("n", "h", "m"),
        "sine",
        Roles(
            (AxisRole("n", Standing.HIDDEN, biases=("b",)), AxisRole("m", within="h")),
            (("Q", (None,) * 3), ("O", (None,) * 3)),
        ),
    )
    of = Group(
        space,
        (Factor("n", FactorKind("perm+sign+phase")), Factor("h", FactorKind.PERM), Factor("m", FactorKind.PERM, "h")),
    )
    v = {n: 1.0 + np.arange(np.prod(s)).reshape(s) for n, s in space.shapes.items()}
    s = np.array([-1.0, 1.0])
    w = {"W": v["W"][::-1] * s[:, None], "b": v["b"][::-1] * s, "V": v["V"][:, ::-1] * s}
    w |= {"Q": v["Q"][::-1].copy(), "O": v["O"][:, ::-1].copy()}
    w["Q"][0], w["O"][:, 0] = w["Q"][0, ::-1], w["O"][:, 0, ::-1]
    crossed = {**w, "Q": w["Q"].copy()}
    crossed["Q"][[0, 1], 0] = w["Q"][[1, 0], 0]
    for other, answer in ((w, "same"), (crossed, "different")):
        found = certify_under(of, v, other)
        assert found["orbit"]["relation"] == answer and problem_under(found, of, v, other) is None


def test_where_the_reductions_are_not_certified_in_time_nothing_is_claimed(monkeypatch):
    space = mlp(1, 2, 1, activation="relu")
    of, v = group(space, "permutation+scale"), {n: np.ones(s) for n, s in space.shapes.items()}
    w = {**v, "b2": v["b2"] + 1}
    assert certify_under(of, v, w)["orbit"]["relation"] == "different"
    monkeypatch.setattr(orbits, "certify", lambda pair: replace(certify(pair), orbit="unknown"))
    found = certify_under(of, v, w)
    assert found["orbit"]["relation"] == "unknown" and set(found["orbit"]) == {"relation", "reason"}
    assert problem_under(found, of, v, w) is None


@pytest.mark.parametrize(("w", "b", "count"), [([[1.0], [0.0]], [0.0, 1.0], 4), (np.eye(2, 3), [0.0, 0.0], 6)])
def test_what_passes_through_an_axis_is_counted_before_it_is_multiplied(w, b, count, monkeypatch):
    """Vectors W = e1 and b = e2, or e1, e2 and 0; covectors V = e1 and V R = e2: two or three times two products with R between them."""
    space = recurrent(np.shape(w)[1], 2, 1, activation="identity")
    of = group(space, "gl")
    v = {"W1": np.array(w), "b1": np.array(b), "R1": np.eye(2)[::-1].copy()}
    v |= {"W2": np.array([[1.0, 0.0]]), "b2": np.zeros(1)}
    monkeypatch.setattr(contraction, "MOST_ENTRIES", count)
    assert same_orbit_under(of, v, v).answer == "same"
    monkeypatch.setattr(contraction, "MOST_ENTRIES", count - 1)
    found = same_orbit_under(of, v, v)
    assert found.answer == "unknown" and found.reason.startswith("what passes through ")
    assert found.reason.endswith(f" are {count} products, more than are compared")


def test_where_nothing_is_left_that_an_orbit_shares_no_answer_is_given():
    """A map of a space to itself, or to another one, that nothing enters and leaves: similarity and rank are no products."""
    linear = Roles((AxisRole("u", Standing.LINEAR), AxisRole("w", Standing.LINEAR)))
    for axes, sizes, reason in (
        (("u", "u"), (("u", 2),), "R has u twice, of which not all is reached and read"),
        (("u", "w"), (("u", 2), ("w", 2)), "nothing meets what stands on u, and other axes of its tensors are mapped"),
    ):
        axis_roles = tuple(each for each in linear.axes if each.axis in axes)
        space = WeightSpace((("R", axes),), sizes, tuple(name for name, _ in sizes), roles=Roles(axis_roles))
        of, v = group(space, "gl"), {"R": np.eye(2)}
        found = certify_under(of, v, v)
        assert found["orbit"] == {"relation": "unknown", "reason": reason} and normal_form(of, v) is None
        assert problem_under(found, of, v, v) is None
        forged = {**found, "orbit": {"relation": "different", "reductions": {}}}
        assert problem_under(resealed(forged), of, v, v) is not None
