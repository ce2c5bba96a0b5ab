"""A space that nobody ships, in ten lines: an axis twice in a tensor, a three-axis tensor, keys within heads. It gets everything."""

from __future__ import annotations

import numpy as np
import torch
from space_cases import drawn, moved_by

from orbitcheck import WeightSpace, act, canonical_form, generators, random_elements, relation, same_orbit
from orbitcheck.architectures.unf import UNF
from orbitcheck.extending import AxisRole, Roles, Weights, group
from orbitcheck.harness.oracles.tuples.audit import audit
from orbitcheck.harness.oracles.tuples.colouring import colour, entry_classes
from orbitcheck.harness.oracles.tuples.nested import same_nested_orbit
from orbitcheck.harness.plugins.outputs import Equivariant
from orbitcheck.harness.verification.certificate import problem_of
from orbitcheck.harness.weights.pair import Pair

SPACE = WeightSpace(
    tensors=(
        ("memory", ("unit", "unit")),
        ("triple", ("unit", "head", "slot")),
        ("query", ("head", "key", "in")),
        ("bias", ("unit",)),
        ("out", ("class", "slot")),
    ),
    sizes=(("unit", 3), ("head", 2), ("slot", 2), ("key", 2), ("in", 1), ("class", 1)),
    permuted=("unit", "head", "slot", "key"),
    roles=Roles((AxisRole("key", within="head"),)),
)


def test_refinement_orbits_certificates_verify_and_audit():
    rng = np.random.default_rng(8)
    for _ in range(3):
        v = {n: a[0] for n, a in drawn(SPACE, 1, rng).items()}
        w = moved_by(SPACE, v, rng)
        assert same_orbit(v, w, SPACE).answer == "same"
        assert canonical_form(v, SPACE) == canonical_form(w, SPACE)
        for other in (w, {**w, "memory": w["memory"] + np.eye(3, k=1)}):
            found = relation(v, other, SPACE)
            said = [found.orbit, found.round, found.function]
            assert found.orbit == ("same" if other is w else "different")
            assert problem_of(found.certificate, Pair(SPACE, v, other), said) is None
        assert colour(SPACE, [v, w]).round_of_separation(0, 1) is None
        both = {n: np.stack([v[n], w[n]]) for n in v}
        assert set(entry_classes(SPACE, both)) == set(SPACE.axes)
        assert audit(SPACE, both).orbits == 1


def test_keys_of_each_head_are_permuted_apart():
    rng = np.random.default_rng(9)
    v = {n: rng.integers(0, 9, s).astype(float) for n, s in SPACE.shapes.items()}
    w = {**v, "query": v["query"].copy()}
    w["query"][0] = w["query"][0, ::-1]
    assert same_orbit(v, w, SPACE).answer == "different"
    assert same_nested_orbit(SPACE, {"key": "head"}, v, w).answer == "same"


def test_the_law_of_a_network_on_it():
    torch.manual_seed(0)
    network, rng = UNF(SPACE, Equivariant(1), channels=4, depth=2).double(), np.random.default_rng(1)
    v = Weights(SPACE, {n: torch.from_numpy(rng.standard_normal((1, *s, 1))) for n, s in SPACE.shapes.items()})
    of = group(SPACE)
    for g in (*generators(of), *random_elements(of, 2, rng)):
        left, right = network(act(g, v)), act(g, network(v))
        for (_, a), (_, b) in zip(left.items(), right.items(), strict=True):
            assert torch.allclose(a, b, atol=1e-12)
