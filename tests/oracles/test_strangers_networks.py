"""Networks that nobody ships, in a few lines each: a skip network and a mixture of experts, against loops over their whole groups."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np

from orbitcheck import WeightSpace, canonical_form, relation, same_orbit
from orbitcheck.extending import AxisRole, Role, Roles, Standing, certify_under, group
from orbitcheck.harness.oracles.larger.orbits import normal_form
from orbitcheck.harness.verification.larger import problem_under

SKIPPING = WeightSpace(
    (
        ("E", ("c", "in", "k")),
        ("F", ("d", "c", "k")),
        ("D", ("u", "d", "k")),
        ("S", ("u", "c")),
        ("b", ("u",)),
        ("O", ("out", "u")),
        ("P", ("out", "c")),
    ),
    (("c", 2), ("d", 2), ("u", 2), ("in", 1), ("k", 2), ("out", 1)),
    ("c", "d", "u"),
    roles=Roles(tuple(AxisRole(axis, Standing.HIDDEN) for axis in "cdu")),
)
"""Down, further down, up again beside what skips a level."""
EXPERTS = WeightSpace(
    (("G", ("e", "in")), ("W", ("e", "h", "in")), ("b", ("e", "h")), ("V", ("e", "out", "h"))),
    (("e", 2), ("h", 2), ("in", 1), ("out", 1)),
    ("e", "h"),
    roles=Roles(
        (AxisRole("h", Standing.HIDDEN, within="e"),),
        (
            ("G", (None, None)),
            ("W", (None, Role.IN, None)),
            ("b", (None, Role.IN)),
            ("V", (None, None, Role.OUT)),
        ),
    ),
)
"""A gate, and hidden indices of each expert apart."""
SWAPS = list(permutations(range(2)))


def skipping(v, c, d, u):
    ends = {"c": c, "d": d, "u": u}
    return {
        n: v[n][np.ix_(*(ends.get(axis, range(v[n].shape[p])) for p, axis in enumerate(axes)))]
        for n, axes in SKIPPING.tensors
    }


def experts(v, e, orders, factors=((1.0, 1.0), (1.0, 1.0))):
    w = {"G": v["G"][list(e)], **{n: np.zeros_like(v[n]) for n in "WbV"}}
    for to, (frm, order, by) in enumerate(zip(e, orders, factors, strict=True)):
        w["W"][to] = v["W"][frm][list(order)] * np.reshape(by, (2, 1))
        w["b"][to] = v["b"][frm][list(order)] * by
        w["V"][to] = v["V"][frm][:, list(order)] / by
    return w


def changed(v, rng):
    w = {n: a.copy() for n, a in v.items()}
    name = list(w)[rng.integers(len(w))]
    w[name].flat[rng.integers(w[name].size)] = rng.integers(0, 2)
    return w


def test_a_skip_network_against_its_whole_group():
    rng, answers = np.random.default_rng(0), []
    whole = list(product(SWAPS, repeat=3))
    for _ in range(30):
        v = {n: rng.integers(0, 2, s) * 1.0 for n, s in SKIPPING.shapes.items()}
        w = changed(skipping(v, *whole[rng.integers(len(whole))]), rng)
        truth = any(all((u[n] == w[n]).all() for n in w) for u in (skipping(v, *g) for g in whole))
        answers.append(truth)
        said = "same" if truth else "different"
        assert same_orbit(v, w, SKIPPING).answer == relation(v, w, SKIPPING).orbit == said
        assert (canonical_form(v, SKIPPING) == canonical_form(w, SKIPPING)) == truth
    assert len(set(answers)) == 2


def test_experts_against_their_whole_group_and_with_factors():
    rng, answers = np.random.default_rng(1), []
    whole = list(product(SWAPS, product(SWAPS, repeat=2)))
    of, scaling = group(EXPERTS, "heads"), group(EXPERTS, "full")
    assert str(scaling) == "e: perm, h within e: perm+scale"
    for _ in range(16):
        v = {n: rng.integers(0, 2, s) * 1.0 for n, s in EXPERTS.shapes.items()}
        g = whole[rng.integers(len(whole))]
        w = changed(experts(v, *g), rng)
        truth = any(all((u[n] == w[n]).all() for n in w) for u in (experts(v, *each) for each in whole))
        answers.append(truth)
        found = certify_under(of, v, w)
        assert found["orbit"]["relation"] == ("same" if truth else "different")
        assert problem_under(found, of, v, w) is None and (normal_form(of, v) == normal_form(of, w)) == truth
        scaled = experts(v, *g, factors=((2.0, 0.5), (1.0, 4.0)))
        assert certify_under(scaling, v, scaled)["orbit"]["relation"] == "same"
    assert len(set(answers)) == 2
