"""Linear axes that nothing reads, or nothing writes: rows by rank, complex rows by cross products; and spaces that were drawn at random."""

from __future__ import annotations

import numpy as np
import pytest

from orbitcheck import Weights, WeightSpace, act, group, random_elements
from orbitcheck.extending import (
    AxisRole,
    NotCarried,
    Role,
    Roles,
    Standing,
    certify_under,
    problem_under,
    same_orbit_under,
)
from orbitcheck.harness.oracles.larger.orbits import normal_form
from orbitcheck.harness.weights.groups import GROUPS
from orbitcheck.harness.weights.space import SpaceError

IN, OUT = Role.IN, Role.OUT


def one_sided(standing: Standing, role: Role, size: int) -> WeightSpace:
    """`A[r, i]` at one role, and a number that nothing moves, so that something is left to compare."""
    turning = standing is Standing.ROTARY
    return WeightSpace(
        (("A", ("h", "r", "i")), ("z", ("q",))),
        (("h", 1), ("r", size), ("i", 2), ("q", 1)),
        ("h",) if turning else ("h", "r"),
        "identity",
        Roles((AxisRole("r", standing, within="h"),), (("A", (role, role, None)),)),
    )


def agrees(of, v, w) -> bool:
    """Whether the two are one orbit as all four that say so have it, each derived again."""
    found = same_orbit_under(of, v, w)
    assert found.answer != "unknown", found.reason
    assert problem_under(certify_under(of, v, w), of, v, w) is None
    assert (normal_form(of, v) == normal_form(of, w)) == (found.answer == "same")
    return found.answer == "same"


@pytest.mark.parametrize("role", [IN, OUT])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_under_invertible_matrices_one_side_alone_is_known_by_its_rows(role, size):
    """One orbit if and only if the row spaces are one: no rank grows when both are put under each other."""
    of, rng, seen = group(one_sided(Standing.LINEAR, role, size), "gl"), np.random.default_rng(size), set()
    for _ in range(60):
        a = rng.integers(-1, 2, (size, 2)).astype(float)
        b = (
            rng.integers(-1, 2, (size, size)) @ a
            if rng.random() < 0.5
            else rng.integers(-1, 2, (size, 2)).astype(float)
        )
        ranks = {int(np.linalg.matrix_rank(each)) for each in (a, b, np.concatenate([a, b]))}
        v, w = ({"A": each[None], "z": np.ones(1)} for each in (a, b))
        assert agrees(of, v, w) == (len(ranks) == 1)
        seen.add(len(ranks) == 1)
    assert seen == {True, False}


@pytest.mark.parametrize("role", [IN, OUT])
def test_turning_keys_without_queries_are_known_up_to_a_complex_number_a_pair(role):
    of, rng, seen = group(one_sided(Standing.ROTARY, role, 4), "gl"), np.random.default_rng(0), set()
    for _ in range(60):
        a = rng.integers(-1, 2, (2, 2)) + 1j * rng.integers(-1, 2, (2, 2))  # [pair, column]
        b = a * (rng.integers(-1, 2, (2, 1)) + 1j * rng.integers(-1, 2, (2, 1))) if rng.random() < 0.7 else a[::-1]
        one = all(
            x[0] * y[1] == x[1] * y[0] and x.any() == y.any() for x, y in zip(a, b, strict=True)
        )  # parallel, and zero together
        v, w = ({"A": np.concatenate([each.real, each.imag])[None], "z": np.ones(1)} for each in (a, b))
        assert agrees(of, v, w) == one
        seen.add(one)
    assert seen == {True, False}


def test_a_projector_that_has_an_axis_twice_is_not_all_there_is_to_know():
    """A vector of zeros and one that is none beside a third, under all matrices of one axis and signs of the other."""
    space = WeightSpace(
        (("t", ("a",)), ("u", ("a", "b")), ("z", ("q",))),
        (("a", 2), ("b", 1), ("q", 1)),
        ("a", "b"),
        "identity",
        Roles((AxisRole("a", Standing.LINEAR), AxisRole("b", Standing.RMS_NORM)), (("u", (IN, IN)),)),
    )
    of = group(space, "full")
    v = {"t": np.array([1.0, 2.0]), "u": np.zeros((2, 1)), "z": np.ones(1)}
    w = {"t": np.array([1.0, -2.0]), "u": np.array([[2.0], [0.0]]), "z": np.ones(1)}
    assert same_orbit_under(of, v, w).answer != "same"
    assert normal_form(of, v) is None or normal_form(of, v) != normal_form(of, w)


def test_an_axis_that_stands_in_its_square_alone_ends_in_no_error():
    space = WeightSpace(
        (("R", ("b", "b")), ("z", ("q",))), (("b", 2), ("q", 1)), ("b",), "identity", Roles((AxisRole("b", Standing.LINEAR),))
    )  # fmt: skip
    of, z = group(space, "gl"), np.ones(1)
    assert same_orbit_under(of, {"R": np.eye(2), "z": z}, {"R": np.eye(2), "z": z}).answer == "same"
    for other in (2 * np.eye(2), np.array([[1.0, 1.0], [0.0, 1.0]])):
        assert same_orbit_under(of, {"R": np.eye(2), "z": z}, {"R": other, "z": z}).answer != "same"


def drawn_space(rng: np.random.Generator) -> WeightSpace:
    """Tensors of one to three places on up to three axes, with any standings and roles."""
    axes = ["a", "b", "c"][: rng.integers(1, 4)]
    tensors = tuple(
        (f"t{k}", tuple(map(str, rng.choice([*axes, "f"], rng.integers(1, 4))))) for k in range(rng.integers(1, 5))
    )
    used = {axis for _, places in tensors for axis in places}
    kinds = (Standing.HIDDEN, Standing.LINEAR, Standing.RMS_NORM, Standing.GATED, Standing.PLAIN)
    told = tuple(AxisRole(axis, kinds[rng.integers(5)]) for axis in axes if axis in used)
    places = tuple(
        (name, tuple(None if axis == "f" else (IN, OUT)[rng.integers(2)] for axis in own)) for name, own in tensors
    )
    sizes = tuple((axis, int(rng.integers(1, 4))) for axis in sorted(used))
    return WeightSpace(tensors, sizes, tuple(each.axis for each in told), str(rng.choice(["relu", "tanh", "identity"])), Roles(told, places))  # fmt: skip


def test_no_moved_vector_of_any_space_is_called_another_orbit():
    asked = 0
    for seed in range(120):
        rng = np.random.default_rng([19, seed])
        try:
            space = drawn_space(rng)
        except SpaceError:
            continue
        for name in GROUPS:
            try:
                of = group(space, name)
            except NotCarried:
                continue
            v = {n: (rng.integers(-2, 3, s) * (rng.random(s) < 0.6)).astype(float) for n, s in space.shapes.items()}
            w = act(random_elements(of, 1, rng)[0], Weights.from_arrays(space, [v])).arrays()
            u = {n: array.copy() for n, array in w.items()}
            changed = str(rng.choice(list(u)))
            u[changed].flat[0] += 1
            forms = [normal_form(of, each) for each in (v, w, u)]
            assert same_orbit_under(of, v, w).answer != "different", (space, name)
            assert forms[0] is None or forms[0] == forms[1], (space, name)
            if None not in forms:
                assert (forms[0] == forms[2]) == (same_orbit_under(of, v, u).answer == "same"), (space, name)
            asked += 1
    assert asked > 150
