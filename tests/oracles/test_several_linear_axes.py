"""Two linear axes in one tensor, and an axis twice in one: moved by hand, parted by what networks compute, derived again by `verify`."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from larger_cases import Kind, moved

from orbitcheck import WeightSpace, mlp
from orbitcheck.extending import AxisRole, Role, Roles, Standing, transformer
from orbitcheck.harness.core.result import digest
from orbitcheck.harness.oracles.larger.orbits import certify_under, normal_form, same_orbit_under
from orbitcheck.harness.verification.larger import problem_under
from orbitcheck.harness.weights.groups import group

IN, OUT = Role.IN, Role.OUT
CHAIN = WeightSpace(
    (("A", ("i", "x")), ("B", ("x", "j", "y")), ("C", ("y", "k"))),
    (("x", 2), ("y", 2), ("i", 2), ("j", 2), ("k", 2)),
    ("x", "y"),
    roles=Roles(
        (AxisRole("x", Standing.LINEAR), AxisRole("y", Standing.LINEAR)),
        (("A", (None, OUT)), ("B", (IN, None, OUT)), ("C", (IN, None))),
    ),
)
"""A product of three matrices, one for each j: a tensor network."""
BILINEAR = WeightSpace(
    (("U", ("a", "i")), ("V", ("b", "i")), ("T", ("c", "a", "b")), ("t", ("c",)), ("O", ("o", "c"))),
    (("a", 2), ("b", 2), ("c", 3), ("i", 2), ("o", 1)),
    ("a", "b", "c"),
    roles=Roles(tuple(AxisRole(axis, Standing.LINEAR) for axis in "abc")),
)
"""Three linear axes in one tensor; of c not all is read."""


def chain(v):
    return np.einsum("ix,xjy,yk->ijk", v["A"], v["B"], v["C"])


def bilinear(v):
    rows = np.einsum("cab,ai,bj->cij", v["T"], v["U"], v["V"]).reshape(3, -1)
    whole = np.column_stack([rows, v["t"]])
    return np.concatenate([(v["O"] @ whole).ravel(), [np.linalg.matrix_rank(whole)]])


def shear(rng, n):
    """An integer matrix of determinant one and its inverse, exact in floats."""
    matrix, inverse = np.eye(n), np.eye(n)
    for _ in range(3):
        i, j = rng.choice(n, 2, replace=False)
        step = np.eye(n)
        step[i, j] = rng.choice((-1, 1, 2))
        matrix, inverse = step @ matrix, inverse @ (2 * np.eye(n) - step)
    return matrix, inverse


def chain_moved(v, rng):
    (m, m_), (n, n_) = shear(rng, 2), shear(rng, 2)
    return {"A": v["A"] @ m_, "B": np.einsum("xp,pjq,qy->xjy", m, v["B"], n_), "C": n @ v["C"]}


def bilinear_moved(v, rng):
    (a, a_), (b, b_), (c, c_) = shear(rng, 2), shear(rng, 2), shear(rng, 3)
    t = np.einsum("cr,rpq,pa,qb->cab", c, v["T"], a_, b_)
    return {"U": a @ v["U"], "V": b @ v["V"], "T": t, "t": c @ v["t"], "O": v["O"] @ c_}


def drawn(space, rng, least=-4):
    return {n: rng.integers(least, 5, s) * 1.0 for n, s in space.shapes.items()}


def asked(of, v, w, answer):
    found = certify_under(of, v, w)
    assert found["orbit"]["relation"] == answer, found["orbit"].get("reason")
    assert problem_under(found, of, v, w) is None
    return found


@pytest.mark.parametrize(
    ("space", "moving", "told"),
    [(CHAIN, chain_moved, chain), (BILINEAR, bilinear_moved, bilinear)],
    ids=["chain", "bilinear"],
)
def test_tensors_with_several_linear_axes_are_known_by_what_they_compute(space, moving, told):
    """Where ranks are full, products through all axes are the whole orbit."""
    of, rng, parted = group(space, "gl"), np.random.default_rng(0), 0
    for _ in range(8):
        v = drawn(space, rng)
        if any(np.linalg.matrix_rank(v[n].reshape(2, 2)) < 2 for n in {"A", "C", "U", "V"} & {*v}):
            continue
        w = moving(v, rng)
        asked(of, v, w, "same")
        assert normal_form(of, v) == normal_form(of, w) is not None
        name = list(v)[rng.integers(len(v))]
        u = {**w, name: w[name] + np.eye(1, w[name].size, rng.integers(w[name].size)).reshape(w[name].shape)}
        if (told(v) != told(u)).any():
            parted += 1
            asked(of, v, u, "different")
            assert normal_form(of, v) != normal_form(of, u)
    assert parted > 2


def test_layers_without_activation_are_known_by_their_products():
    space, rng = mlp(3, 2, 2, 2, activation="identity"), np.random.default_rng(1)
    for name in ("gl", "orth"):
        kind = Kind(space, name, lambda v: ())
        v = drawn(space, rng)
        w = moved(kind, v, rng)
        assert any((v[n] != w[n]).any() for n in v)
        asked(kind.group, v, w, "same")
        for n in ("W1", "W2", "b2"):
            u = {**w, n: w[n] + 1}
            whole = [x["W3"] @ np.column_stack([x["W2"] @ x["W1"], x["W2"] @ x["b1"], x["b2"]]) for x in (v, u)]
            assert (whole[0] != whole[1]).any()
            asked(kind.group, v, u, "different")


@pytest.mark.parametrize("name", ["orth", "full"])
@pytest.mark.parametrize("options", [{}, {"rotary": True, "gated": True, "biases": False}], ids=["plain", "rotary"])
def test_streams_under_rms_norm_with_heads_on_them(name, options):
    """Orthogonal maps of the stream beside the maps of keys and values: what heads do between its vectors says the rest."""
    space, rng = transformer(1, 2, 2, 2, 2, 2, 1, norm="rms", **options).space, np.random.default_rng(2)
    kind = Kind(space, name, lambda v: ())

    def heads(v):
        """What each head asks of the embedding, and writes to what is read: orthogonal maps of the stream leave it."""
        half = v["WQ1"].shape[1] // 2
        q, k = (np.einsum("hkm,mi->hki", v[n], v["U"])[..., 0] for n in ("WQ1", "WK1"))
        turning = (q[:, :half] + 1j * q[:, half:]) * (k[:, :half] - 1j * k[:, half:])
        asks = turning.real.sum(1) if options else np.einsum("hk,hk->h", q, k)
        writes = np.einsum("om,mhv,hvn,ni->h", v["V"], v["WO1"], v["WV1"], v["U"])
        return sorted(zip(asks.tolist(), writes.tolist(), strict=True))

    for _ in range(2):
        v = {n: rng.integers(1, 9, s) / 4 for n, s in space.shapes.items()}
        w = moved(kind, v, rng)
        assert heads(v) == heads(w)
        asked(kind.group, v, w, "same")
        assert normal_form(kind.group, v) == normal_form(kind.group, w) is not None
        for n in ("WQ1", "WO1"):
            u = {**w, n: w[n] + 0.25}
            assert heads(v) != heads(u)
            asked(kind.group, v, u, "different")


def test_the_smallest_of_what_is_left_where_ranks_fall():
    """Products part orbits; where they do not, an element alone says "same", and nothing says "different"."""
    of = group(CHAIN, "gl")
    zero = {n: np.zeros(s) for n, s in CHAIN.shapes.items()}
    inner = {**zero, "B": np.ones(CHAIN.shapes["B"])}  # between A = 0 and C = 0: no product shows it
    found = same_orbit_under(of, zero, inner)
    assert found.answer == "unknown" and "ranks fall along x" in found.reason
    assert normal_form(of, zero) is None
    asked(of, inner, inner, "same")
    ones = {n: np.ones(s) for n, s in CHAIN.shapes.items()}
    asked(of, zero, ones, "different")


def test_an_axis_that_stands_twice_and_is_not_read():
    """A linear recurrence whose read-out is zero: another R that the input does not show is no other orbit by any product."""
    space = WeightSpace(
        (("W", ("n", "i")), ("R", ("n", "n")), ("O", ("o", "n"))),
        (("n", 2), ("i", 1), ("o", 1)),
        ("n",),
        roles=Roles((AxisRole("n", Standing.LINEAR),)),
    )
    of = group(space, "gl")
    v = {"W": np.array([[1.0], [0.0]]), "R": np.diag([1.0, 2.0]), "O": np.array([[1.0, 0.0]])}
    found = same_orbit_under(of, v, {**v, "R": np.diag([1.0, 3.0])})
    assert found.answer == "unknown" and "not all is reached and read" in found.reason
    asked(of, v, v, "same")
    asked(of, v, {**v, "R": np.diag([2.0, 2.0])}, "different")
    asked(of, v, {**v, "O": np.array([[2.0, 0.0]])}, "different")
    m = np.array([[1.0, 1.0], [0.0, 1.0]])
    whole = {**v, "W": np.ones((2, 1)), "O": np.ones((1, 2))}
    back = np.linalg.inv(m)
    asked(of, whole, {"W": m @ whole["W"], "R": m @ whole["R"] @ back, "O": whole["O"] @ back}, "same")
    asked(of, whole, {**whole, "R": np.array([[1.0, 1.0], [0.0, 2.0]])}, "different")


def test_forged_maps_of_two_axes_are_refused():
    of, rng = group(CHAIN, "gl"), np.random.default_rng(3)
    v = drawn(CHAIN, rng)
    w = chain_moved(v, rng)
    honest = asked(of, v, w, "same")
    for axis in ("x", "y"):
        forged = copy.deepcopy(honest)
        matrix = forged["orbit"]["element"]["matrices"][axis][0]
        matrix[0], matrix[1] = matrix[1], matrix[0]
        forged["sha256"] = digest({k: x for k, x in forged.items() if k != "sha256"})
        assert problem_under(forged, of, v, w) is not None


def test_an_axis_of_which_nothing_is_left_hides_none_that_comes_after_it():
    """`t` has two mapped places that nothing meets: once one is taken out the other is gone. The product `B A` beside it still parts."""
    space = WeightSpace(
        (("t", ("a", "b")), ("A", ("c", "i")), ("B", ("o", "c"))),
        (("a", 2), ("b", 2), ("c", 2), ("i", 2), ("o", 2)),
        ("a", "b", "c"),
        roles=Roles(tuple(AxisRole(axis, Standing.LINEAR) for axis in "abc"), (("t", (IN, IN)),)),
    )
    of, v = group(space, "gl"), {"t": np.eye(2), "A": np.eye(2), "B": np.eye(2)}
    m = np.array([[2.0, 1.0], [1.0, 1.0]])
    w = {"t": v["t"], "A": m @ v["A"], "B": v["B"] @ np.array([[1.0, -1.0], [-1.0, 2.0]])}
    assert same_orbit_under(of, v, w).answer == "same"
    found = certify_under(of, v, {**w, "B": 2 * w["B"]})
    assert found["orbit"]["relation"] == "different"
    assert problem_under(found, of, v, {**w, "B": 2 * w["B"]}) is None
