"""What the verifier of larger groups computes entry by entry, held to numbers that were worked out by hand; and what it refuses."""

from __future__ import annotations

import copy
from fractions import Fraction

import numpy as np
import pytest

from orbitcheck import WeightSpace, mlp
from orbitcheck.extending import AxisRole, Factor, FactorKind, Role, Roles, Standing, transformer
from orbitcheck.harness.core.result import digest
from orbitcheck.harness.oracles.larger.orbits import certify_under, same_orbit_under
from orbitcheck.harness.oracles.larger.parts import Part
from orbitcheck.harness.oracles.larger.reduction import factors_of
from orbitcheck.harness.verification.exact.refuted import Refuted
from orbitcheck.harness.verification.larger import problem_under
from orbitcheck.harness.verification.larger.along import orthogonal, rest_of, rows_of
from orbitcheck.harness.verification.larger.element import check_element
from orbitcheck.harness.verification.larger.pairs_of_places import turned, turned_alone
from orbitcheck.harness.verification.larger.products import taken_out
from orbitcheck.harness.verification.larger.reduction import reduced
from orbitcheck.harness.verification.larger.scales import distances, doubled, loose_in, normalise_
from orbitcheck.harness.verification.larger.spans import sides_of, spanning
from orbitcheck.harness.verification.larger.tensors import fractions, shift_, shifted, tensors_of
from orbitcheck.harness.verification.larger.unfolding import unfolded
from orbitcheck.harness.weights.algebra.roles import Shift
from orbitcheck.harness.weights.groups import Group, group, roles_of

F = Fraction
IN, OUT = Role.IN, Role.OUT


def entries(*rows):
    """A matrix, or a vector, as a dictionary of fractions."""
    if rows and isinstance(rows[0], (list, tuple)):
        return {(i, j): F(x) for i, row in enumerate(rows) for j, x in enumerate(row)}
    return {(i,): F(x) for i, x in enumerate(rows)}


def dense(held):
    """The same as an array of fractions."""
    found = np.full(np.max([*held], axis=0) + 1, F(0), dtype=object)
    for place, x in held.items():
        found[place] = x
    return found


CHAIN = mlp(1, 2, 2, 1, activation="identity")
"""Without an activation: anything may be added to a hidden bias, if the next one makes up for it."""
CHAINED = {
    "W1": np.array([[1.0], [2.0]]),
    "b1": np.array([3.0, 5.0]),
    "W2": np.array([[1.0, 2.0], [0.0, 4.0]]),
    "b2": np.array([7.0, 11.0]),
    "W3": np.array([[1.0, -1.0]]),
    "b3": np.array([13.0]),
}


class TestShifts:
    def test_a_bias_moves_and_its_reader_makes_up_for_it(self):
        tensors = tensors_of(group(CHAIN, "gl+shift"), CHAINED)
        first = next(shift for shift in roles_of(CHAIN).shifts if shift.moved == "b1")
        shift_(tensors, first, entries(10, 100))
        assert tensors["b1"][1] == entries(13, 105)
        # W2 d = (1 * 10 + 2 * 100, 4 * 100)
        assert tensors["b2"][1] == entries(7 - 210, 11 - 400)
        assert tensors["b3"][1] == entries(13) and tensors["W2"][1] == entries([1, 2], [0, 4])

    def test_what_lies_beside_both_is_summed_over(self):
        """`O[m, h, g, k]` reads `V[h, k]` once a member g: 'target -= through d', in the order of the target's axes."""
        through = {
            (m, h, g, k): F(1 + m + 2 * h + 4 * g + 8 * k) for m in (0, 1) for h in (0,) for g in (0, 1) for k in (0, 1)
        }
        tensors = {
            "V": ((("h", None), ("k", None)), entries([0, 0])),
            "O": ((("m", None), ("h", None), ("g", None), ("k", None)), through),
            "t": ((("m", None),), entries(0, 0)),
        }
        shift_(tensors, Shift("k", "V", (("t", "O"),)), {(0, 0): F(1), (0, 1): F(10)})
        assert tensors["V"][1] == {(0, 0): 1, (0, 1): 10}
        # m = 0: (1 + 5) * 1 + (9 + 13) * 10; m = 1: each one more
        assert tensors["t"][1] == entries(-(6 + 220), -(8 + 240))

    def test_amounts_of_another_shape_are_refused(self):
        tensors = tensors_of(group(CHAIN, "gl+shift"), CHAINED)
        shift = roles_of(CHAIN).shifts[0]
        for amounts in (entries(1), entries(1, 2, 3), {}):
            with pytest.raises(Refuted, match="amounts of the shape of b1"):
                shift_(tensors, shift, amounts)

    def test_the_named_shifts_alone_with_their_sign(self):
        of = group(CHAIN, "gl+shift")
        both = {"b1": ["1", "-1/2"], "b2": ["0", "1"]}
        there = shifted(of, tensors_of(of, CHAINED), both, 1)
        # b1: + (1, -1/2), b2: - W2 (1, -1/2) = (0, +2) and + (0, 1), b3: - W3 (0, 1)
        assert there["b1"][1] == entries(4, F(9, 2))
        assert there["b2"][1] == entries(7, 11 + 2 + 1)
        assert there["b3"][1] == entries(13 + 1)
        alone = shifted(of, tensors_of(of, CHAINED), {"b2": both["b2"]}, -1)
        assert (alone["b1"][1], alone["b2"][1], alone["b3"][1]) == (entries(3, 5), entries(7, 10), entries(12))

    def test_what_the_group_does_not_shift_is_refused(self):
        linear, whole = group(CHAIN, "gl"), group(CHAIN, "gl+shift")
        assert shifted(linear, tensors_of(linear, CHAINED), {}, 1) == tensors_of(linear, CHAINED)
        with pytest.raises(Refuted, match=r"^does not hold: the group shifts something$"):
            shifted(linear, tensors_of(linear, CHAINED), {"b1": ["1", "1"]}, 1)
        for name in ("b3", "W1"):
            with pytest.raises(Refuted, match=r"^does not hold: the group shifts that$"):
                shifted(whole, tensors_of(whole, CHAINED), {name: ["1"]}, 1)
        first = Group(CHAIN, tuple(factor for factor in whole.factors if factor.axis == "n1"))
        with pytest.raises(Refuted, match=r"^does not hold: the group shifts that$"):
            shifted(first, tensors_of(first, CHAINED), {"b2": ["1", "1"]}, 1)

    def test_nested_lists_of_texts(self):
        assert dict(fractions([["1", "-1/2"], ["3", "0"]])) == entries([1, F(-1, 2)], [3, 0])
        assert dict(fractions("7/3")) == {(): F(7, 3)}

    def test_shifts_are_taken_until_nothing_is_left_of_what_moves(self):
        """Keys' biases go, values' into the output's; everything else is as it was."""
        space = transformer(1, 2, 2, 1, 2, 1, 1).space
        rng = np.random.default_rng(0)
        v = {name: rng.integers(1, 9, shape) * 1.0 for name, shape in space.shapes.items()}
        d = np.einsum("mhv,hv->m", v["WO1"], v["bV1"])
        w = {**v, "bV1": 0 * v["bV1"], "bK1": 0 * v["bK1"], "bO1": v["bO1"] + d}
        first, second = reduced(group(space, "gl+shift"), [v, w])[1]
        assert all(np.array_equal(first[name], second[name]) for name in first)
        first, second = reduced(group(space, "gl"), [v, w])[1]
        assert any(not np.array_equal(first[name], second[name]) for name in first)


def circle(size):
    """Two biases that undo each other: `a -= d, b += N d` and `b -= d, a += d`, for N with `N e_j = e_(j-1)` and `N e_1 = 0`."""
    roles = Roles(
        tuple(AxisRole(axis, Standing.LINEAR) for axis in ("u", "w")),
        shifts=(Shift("u", "a", (("b", "N"),)), Shift("w", "b", (("a", "E"),))),
    )
    space = WeightSpace(
        (("a", ("u",)), ("b", ("w",)), ("N", ("w", "u")), ("E", ("u", "w")), ("c", ("y",))),
        (("u", size), ("w", size), ("y", 1)),
        ("u", "w"),
        "identity",
        roles,
    )
    return group(space, "gl+shift"), {
        "a": np.zeros(size),
        "b": np.eye(size)[-1],
        "N": np.eye(size, k=1),
        "E": np.eye(size),
        "c": np.ones(1),
    }


def test_shifts_in_a_circle_are_followed_as_often_as_there_are_shifts_and_once_more():
    """After t rounds a is `N^(t - 1) b`, and zero after the three that are gone through iff there are two indices at most."""
    for size, ends in ((1, True), (2, True), (3, False), (4, False)):
        of, v = circle(size)
        decision = same_orbit_under(of, v, v)
        assert ("in a circle" in decision.reason) == (not ends)
        if ends:
            reduced(of, [v, v])
        else:
            assert decision.answer == "unknown"
            with pytest.raises(Refuted, match=r"^does not hold: shifts come to an end$"):
                reduced(of, [v, v])


def test_what_is_permuted_and_shifted_within_another_axis_is_no_question():
    space = WeightSpace(
        (("s", ("h", "m")), ("O", ("y", "h", "m")), ("t", ("y",))),
        (("h", 2), ("m", 2), ("y", 1)),
        ("h", "m"),
        roles=Roles((AxisRole("m", Standing.LINEAR, within="h"),), shifts=(Shift("m", "s", (("t", "O"),)),)),
    )
    of, v = Group(space, (Factor("m", FactorKind.PERM_SHIFT, "h"),)), {n: np.ones(s) for n, s in space.shapes.items()}
    assert same_orbit_under(of, v, v).reason == "m within h is permuted and shifted"
    with pytest.raises(Refuted, match=r"^does not hold: nothing within is permuted and shifted$"):
        unfolded(of, [v, v])


class TestAlong:
    TENSORS = {
        "K": (
            (("h", None), ("k", OUT), ("x", None)),
            {(h, k, x): F(100 * h + 10 * k + x) for h in (0, 1) for k in (0, 1) for x in (0, 1)},
        )
    }

    def test_entries_along_an_axis_in_each_outer_index(self):
        assert rows_of(self.TENSORS, "K", "k", "h") == {
            (0, (0,)): [0, 10], (0, (1,)): [1, 11], (1, (0,)): [100, 110], (1, (1,)): [101, 111],
        }  # fmt: skip
        assert rest_of(self.TENSORS, "K", "k", "h") == (("x", None),)

    def test_without_an_outer_axis_its_number_is_zero(self):
        assert rows_of(self.TENSORS, "K", "k", None) == {
            (0, (0, 0)): [0, 10], (0, (0, 1)): [1, 11], (0, (1, 0)): [100, 110], (0, (1, 1)): [101, 111],
        }  # fmt: skip

    def test_a_basis_of_what_is_spanned(self):
        assert orthogonal([[F(1), F(1)], [F(2), F(2)], [F(0), F(1)]]) == [[1, 1], [F(-1, 2), F(1, 2)]]
        assert orthogonal([[F(0), F(0)]]) == []
        with pytest.raises(ValueError, match="is longer"):
            orthogonal([[F(1), F(0)], [F(1)]])


class TestScales:
    """x -> h1, h2 -> g -> y: factors are told from what does not scale, in the order of distance."""

    READ = {
        "A": ((("h", IN), ("x", None)), entries([2, -8], [0, 0])),
        "B": ((("h", IN), ("i", OUT)), entries([0], [6])),
        "C": ((("i", IN), ("h", OUT)), entries([3, 0])),
    }

    def test_distances_and_factors_by_hand(self):
        """h0 is reached from x (largest of 2, 8): 1/8. i0 comes in from h0: entry 3 over the factor of h0, in role out, is 24: 1/24.
        h1 comes in from i0: 6 over 1/24 is 144: 1/144."""
        assert distances(self.READ, {"h", "i"}) == {("h", 0): F(1, 8), ("i", 0): F(1, 24), ("h", 1): F(1, 144)}

    def test_what_is_left_is_the_same_for_all_scaled_copies(self):
        by = {("h", 0): F(5), ("h", 1): F(1, 3), ("i", 0): F(7, 2)}
        there = {name: (places, dict(own)) for name, (places, own) in self.READ.items()}
        normalise_(there, by, {"h", "i"})
        assert there["B"][1][1, 0] == F(6) * F(1, 3) / F(7, 2) and there["A"][1][0, 1] == -40
        factors = distances(there, {"h", "i"})
        assert factors == {key: x / by[key] for key, x in distances(self.READ, {"h", "i"}).items()}
        ended = []
        for tensors in (self.READ, there):
            own = {name: (places, dict(held)) for name, (places, held) in tensors.items()}
            normalise_(own, distances(tensors, {"h", "i"}), {"h", "i"})
            ended.append(own)
        assert ended[0] == ended[1]
        assert (
            ended[0]["A"][1] == entries([F(1, 4), -1], [0, 0]) and ended[0]["C"][1][0, 0] == ended[0]["B"][1][1, 0] == 1
        )

    def test_a_factor_of_what_goes_out_is_the_size_itself(self):
        """Read by the output alone: W / s, so that s = max |W|; and on through a middle one in the role in."""
        read = {
            "W": ((("y", None), ("h", OUT)), entries([2, 0], [-4, 0])),
            "M": ((("h", IN), ("i", OUT)), entries([3], [0])),
        }
        read["N"] = (("h", OUT),), entries(0, 1)
        # h0: 4; h1: 1; i0 goes out of M into h0, in role in with factor 4: 3 * 4
        assert distances(read, {"h", "i"}) == {("h", 0): 4, ("h", 1): 1, ("i", 0): 12}

    def test_an_index_that_nothing_unscaled_reaches_is_refused(self):
        read = {"M": ((("h", IN), ("i", OUT)), entries([3]))}
        with pytest.raises(Refuted, match=r"^does not hold: every scaled index is reached$"):
            distances(read, {"h", "i"})

    def test_one_index_in_both_roles_says_nothing(self):
        read = {"R": ((("h", IN), ("h", OUT)), entries([5])), "b": ((("h", IN),), entries(2))}
        assert distances(read, {"h"}) == {("h", 0): F(1, 2)}

    def test_one_index_twice_in_one_role_is_no_way_to_it(self):
        read = {"R": ((("h", IN), ("h", IN)), entries([5])), "b": ((("h", IN),), entries(2))}
        assert distances(read, {"h"}) == {("h", 0): F(1, 2)}
        with pytest.raises(Refuted):
            distances({"R": read["R"]}, {"h"})

    def test_an_entry_of_three_indices_tells_the_last_of_them(self):
        """a0 is 1/2 and b0 is 1/3 by themselves; c0 goes out of 12 a0 b0 = 2: 2. Then a1 comes in from c0: 8 over 2 is 4: 1/4."""
        read = {
            "A": ((("a", IN),), entries(2, 0)),
            "B": ((("b", IN),), entries(3)),
            "T": ((("a", IN), ("b", IN), ("c", OUT)), {(0, 0, 0): F(12), (1, 0, 0): F(0)}),
            "S": ((("a", IN), ("c", OUT)), entries([0], [8])),
        }
        told = {("a", 0): F(1, 2), ("b", 0): F(1, 3), ("c", 0): F(2), ("a", 1): F(1, 4)}
        assert distances(read, {"a", "b", "c"}) == told
        parts = [Part(n, tuple(a for a, _ in ps), tuple(r for _, r in ps), dense(es)) for n, (ps, es) in read.items()]
        assert factors_of(parts, {"a", "b", "c"}) == told
        # Two of them unknown tell nothing of each other, an index twice in one role nothing of itself, in both roles it does not count.
        with pytest.raises(Refuted):
            distances({name: read[name] for name in ("A", "T")}, {"a", "b", "c"})
        read = {"b": ((("b", IN),), entries(3)), "T": ((("a", IN), ("a", IN), ("b", IN)), {(0, 0, 0): F(5)})}
        with pytest.raises(Refuted):
            distances(read, {"a", "b"})
        read["T"] = (("a", IN), ("a", OUT), ("b", IN)), {(0, 0, 0): F(5)}
        assert distances(read, {"a", "b"}) == {("b", 0): F(1, 5)}

    def test_an_index_is_loose_where_no_product_gave_it_a_factor(self):
        tensors = {"G": ((("g", IN), ("r", OUT)), entries([0, 1], [3, 0])), "b": ((("g", IN),), entries(1, 1))}
        known = {("g", 0): F(1), ("g", 1): F(2)}
        assert not loose_in(tensors, {"r"}, {"g"}, known)
        for left in known:
            assert loose_in(tensors, {"r"}, {"g"}, {left: known[left]})
            # beside no linear axis, or without an entry, nothing is loose
            assert not loose_in({"b": tensors["b"]}, {"r"}, {"g"}, {left: known[left]})
        nothing = {"G": (tensors["G"][0], entries([0, 0], [3, 0]))}
        assert not loose_in(nothing, {"r"}, {"g"}, {("g", 1): F(2)})
        unscaled = {"G": ((("g", None), ("r", OUT)), tensors["G"][1])}
        assert not loose_in(unscaled, {"r"}, {"g"}, {}) and not loose_in(tensors, {"r"}, {"h"}, {})


class TestDoubled:
    def test_every_signed_index_twice_with_opposite_entries(self):
        of = group(mlp(1, 2, 1, activation="tanh"), "permutation+sign")
        signed = {factor.axis: factor for factor in of.factors}
        found = doubled({"W": ((("n1", IN), ("x", None)), entries([3], [5]))}, signed)
        assert found["W"] == ((("n1", IN), ("x", None)), entries([3], [5], [-3], [-5]))
        assert found["twins of n1"][1] == {(i, j): F(int(i % 2 == j % 2)) for i in range(4) for j in range(4)}
        assert "index of n1" not in found

    def test_both_ends_of_a_matrix_change_its_sign_twice(self):
        of = group(mlp(1, 2, 1, activation="tanh"), "permutation+sign")
        signed = {factor.axis: factor for factor in of.factors}
        found = doubled({"R": ((("n1", IN), ("n1", OUT)), entries([1, 2], [3, 4]))}, signed)["R"][1]
        assert [found[i, 1] for i in range(4)] == [2, 4, -2, -4] and [found[i, 3] for i in range(4)] == [-2, -4, 2, 4]

    def test_a_place_without_a_role_keeps_its_sign(self):
        of = group(mlp(1, 2, 1, activation="tanh"), "permutation+sign")
        signed = {factor.axis: factor for factor in of.factors}
        assert doubled({"n": ((("n1", None),), entries(1, 2))}, signed)["n"][1] == entries(1, 2, 1, 2)

    def test_indices_that_stay_are_numbered(self):
        class Stays:
            class kind:
                permutes = False

        found = doubled({"W": ((("h", IN),), entries(3, 5))}, {"h": Stays})
        assert found["index of h"] == ((("h", None),), entries(0, 1, 0, 1))


class Linear:
    """A factor as the functions of this module read it."""

    def __init__(self, within=None, **kinds):
        self.within = within
        self.kind = type("kind", (), {"maps": True, "rotates": False, "rotary": False, **kinds})


class TestSpans:
    R = ((("u", IN), ("u", OUT)), entries([0, 1], [2, 3]))
    """`R a`, for a column a."""

    def net(self, into, out, loop=R):
        return {
            "R": loop,
            "A": ((("u", IN), ("x", None)), entries(*([x] for x in into))),
            "B": ((("y", None), ("u", OUT)), entries(out)),
        }

    @pytest.mark.parametrize("turned", [False, True])
    def test_vectors_are_carried_on_until_they_span(self, turned):
        """A = (1, 0), B = (1, 1): R A = (0, 2), B R = (2, 4); B R A = 2, B R^2 A = 8, B R^3 A = 28."""
        loop = ((("u", OUT), ("u", IN)), entries([0, 2], [1, 3])) if turned else self.R
        net = self.net((1, 0), (1, 1), loop)
        into, out = (0, 1) if turned else (1, 0)
        (sides,), spans = sides_of([net], "u", Linear())
        assert spans and [list(side) for side in sides] == [["A", f"(R {into} A)"], ["B", f"(R {out} B)"]]
        assert sides[0][f"(R {into} A)"] == ((("u", IN), ("x", None)), entries([0], [2]))
        assert sides[1][f"(R {out} B)"] == ((("u", OUT), ("y", None)), entries([2], [4]))
        (found,), full, loose = taken_out([net], {"u": Linear()})
        names = {(b, a): (f"(R {out} B)" if b else "B", f"(R {into} A)" if a else "A") for b in (0, 1) for a in (0, 1)}
        powers = {0: 1, 1: 2, 2: 8, 3: 28}
        wanted = {f"{y} {x}": powers[b + a] for (b, a), (y, x) in names.items()}
        wanted |= {
            f"R of {x} {y}" if turned else f"R of {y} {x}": powers[b + a + 1] for (b, a), (y, x) in names.items()
        }
        assert {name: held for name, (_, held) in found.items()} == {n: {(0, 0): x} for n, x in wanted.items()}
        assert full and not loose

    def test_of_what_spans_as_little_as_needed_is_multiplied(self):
        net = self.net((1, 0), (1, 1)) | {"I": ((("u", IN), ("z", None)), entries([1, 0], [0, 1]))}
        net |= {"J": ((("u", OUT), ("z", None)), entries([1, 0], [0, 1]))}
        (found,), full, loose = taken_out([net], {"u": Linear()})
        assert full and not loose and "B A" in found and "J I" in found
        assert spanning([sides_of([net], "u", Linear())[0][0][0]], "u") == {"A", "I"}

    def test_what_is_not_reached_or_not_read_is_told(self):
        for into, out in (((0, 0), (1, 1)), ((1, 0), (0, 0))):
            (found,), _, loose = taken_out([self.net(into, out)], {"u": Linear()})
            assert loose and not any(x for _, held in found.values() for x in held.values())
        assert sides_of([self.net((0, 0), (1, 1)), self.net((1, 0), (1, 1))], "u", Linear())[1] is False

    def test_of_rotations_both_places_take_and_give(self):
        """A = (1, 0) alone: R A = (0, 2) and R^T A = (0, 1)."""
        net = {"R": self.R, "A": ((("u", IN),), entries(1, 0))}
        (found,), full, loose = taken_out([net], {"u": Linear(maps=False, rotates=True)})
        assert full and not loose
        assert found["A A"][1] == {(): 1} and found["(R 0 A) (R 0 A)"][1] == {(): 1}
        assert found["R of A (R 0 A)"][1] == {(): 1} and found["R of (R 0 A) A"][1] == {(): 2}
        assert "R of (R 1 A) A" not in found  # (0, 2) adds nothing to (0, 1)

    def test_forms_of_two_vectors(self):
        """Twice `out`, R takes two vectors, and makes a covector of one."""
        form = ((("u", OUT), ("u", OUT)), entries([0, 1], [2, 3]))
        net = {"R": form, "A": ((("u", IN), ("x", None)), entries([1, 1], [0, 1]))}
        (found,), full, loose = taken_out([net], {"u": Linear()})
        assert full and not loose
        # A^T R A, with columns (1, 0) and (1, 1)
        assert found["R of A A"] == ((("x", None), ("x", None)), entries([0, 1], [2, 6]))

    def test_what_is_no_question_is_refused(self):
        thrice = ((("u", IN),) * 3, {(0, 0, 0): F(1)})
        with pytest.raises(Refuted, match="twice at most"):
            sides_of([{"R": thrice}], "u", Linear())
        with pytest.raises(Refuted, match="lies within nothing"):
            sides_of([{"R": self.R}], "u", Linear(within="h"))
        with pytest.raises(Refuted, match="has a role"):
            sides_of([{"R": self.R, "A": ((("u", None),), entries(1, 0))}], "u", Linear())


class TestPairsOfPlaces:
    """Two places of one axis are one complex number: q = 1 + 2i, k = 3 + 4i."""

    TENSORS = {"Q": ((("k", OUT),), entries(1, 2)), "K": ((("k", IN),), entries(3, 4))}

    def test_products_by_hand(self):
        """conj(q) k = (3 + 8) + (4 - 6) i."""
        found, full = turned(self.TENSORS, "k", Linear())
        assert full and found == {
            "real Q K": ((("pairs of k", None),), {(0,): 11}),
            "imaginary Q K": ((("pairs of k", None),), {(0,): -2}),
        }

    def test_zero_pairs_are_told(self):
        assert not turned({**self.TENSORS, "K": ((("k", IN),), entries(0, 0))}, "k", Linear())[1]

    def test_a_side_alone_up_to_its_factor(self):
        """Of one side conj(p) q / |q|^2; with two tensors, one plus 2i and 3, over 14."""
        tensors = {"P": ((("k", OUT),), entries(1, 2)), "Q": ((("k", OUT),), entries(3, 0))}
        found = {name: held for name, (_, held) in turned_alone(tensors, "k", Linear()).items()}
        assert found["rows of k: real P P"] == {(0,): F(5, 14)} and found["rows of k: imaginary P P"] == {(0,): 0}
        assert found["rows of k: real P Q"] == {(0,): F(3, 14)} == found["rows of k: real Q P"]
        assert found["rows of k: imaginary P Q"] == {(0,): F(-6, 14)} == {(0,): -found["rows of k: imaginary Q P"][0,]}

    def test_each_outer_index_by_itself(self):
        tensors = {
            "Q": (
                (("h", None), ("k", OUT), ("x", None)),
                {(h, k, 0): F(1 + h + 2 * k) for h in (0, 1) for k in (0, 1)},
            ),
            "K": ((("h", None), ("k", IN)), {(h, k): F(h + k) for h in (0, 1) for k in (0, 1)}),
        }
        found, full = turned(tensors, "k", Linear("h"))
        # h = 0: (1 - 3i) i = 3 + i; h = 1: (2 - 4i)(1 + 2i) = 10
        assert full and found["real Q K"] == (
            (("h", None), ("pairs of k", None), ("x", None)),
            {(0, 0, 0): 3, (1, 0, 0): 10},
        )
        assert found["imaginary Q K"][1] == {(0, 0, 0): 1, (1, 0, 0): 0}

    def test_a_place_without_a_role_is_refused(self):
        with pytest.raises(Refuted, match="Q has a role on k"):
            turned({"Q": ((("k", None),), entries(1, 2))}, "k", Linear())


RELU = mlp(1, 2, 1, activation="relu")
FIRST = {
    "W1": np.array([[1.0], [3.0]]),
    "b1": np.array([5.0, 7.0]),
    "W2": np.array([[2.0, 8.0]]),
    "b2": np.array([1.0]),
}
MOVED = {
    "W1": np.array([[6.0], [1.0]]),
    "b1": np.array([14.0, 5.0]),
    "W2": np.array([[4.0, 2.0]]),
    "b2": np.array([1.0]),
}
"""Neurons exchanged, the first one doubled."""
APART = {**FIRST, "b2": np.array([2.0])}


def resealed(certificate: dict) -> dict:
    return {**certificate, "sha256": digest({key: x for key, x in certificate.items() if key != "sha256"})}


class TestElements:
    """An element that is written in another way than the group's is none, whatever it does to the vectors."""

    OF = group(RELU, "permutation+scale")

    def element(self):
        return copy.deepcopy(certify_under(self.OF, FIRST, MOVED)["orbit"]["element"])

    def test_as_it_is(self):
        element = self.element()
        assert element["permutations"]["n1"] == [1, 0] and element["factors"]["n1"] == ["1", "2"]
        check_element(self.OF, [FIRST, MOVED], element)

    @pytest.mark.parametrize("images", [[1.0, 0.0], [True, False], [1, 1], [1], [1, 0, 2], ["1", "0"]])
    def test_images_are_a_permutation_of_integers(self, images):
        element = self.element()
        element["permutations"]["n1"] = images
        with pytest.raises((Refuted, TypeError), match=r"permutation|not supported"):
            check_element(self.OF, [FIRST, MOVED], element)

    def test_factors_that_the_group_does_not_have(self):
        signs = group(mlp(1, 2, 1, activation="tanh"), "permutation+sign")
        for of, factors, why in (
            (self.OF, ["1", "-2"], "factors of its kind"),
            (self.OF, ["1", "0"], "factors of its kind"),
            (self.OF, ["1"], "has factors"),
            (signs, ["1", "2"], "n1 is not scaled"),
            (group(RELU), ["1", "2"], "factors of its kind|is not scaled"),
        ):
            element = self.element()
            element["factors"]["n1"] = factors
            with pytest.raises(Refuted, match=why):
                check_element(of, [FIRST, MOVED], element)


class TestCertificates:
    OF = group(RELU, "permutation+scale")

    def test_what_is_added_or_left_out_is_refused(self):
        same, different = certify_under(self.OF, FIRST, MOVED), certify_under(self.OF, FIRST, APART)
        assert same["orbit"]["relation"] == "same" and different["orbit"]["relation"] == "different"
        for said, w, change, why in (
            (same, MOVED, {"more": 1}, "a certificate has its keys"),
            (same, MOVED, {"vectors": [*same["vectors"], same["vectors"][0]]}, "malformed"),
            (same, MOVED, {"vectors": same["vectors"][:1]}, "malformed"),
            (same, MOVED, {"orbit": {**same["orbit"], "more": 1}}, "an element alone"),
            (different, APART, {"orbit": {**different["orbit"], "more": 1}}, "the reductions alone"),
            (same, MOVED, {"orbit": {"relation": "equal"}}, "a relation"),
            (same, MOVED, {"version": 0}, "the version and the space"),
            (same, MOVED, {"group": [["n1", "perm", None]]}, "the group"),
        ):
            assert problem_under(said, self.OF, FIRST, w) is None
            assert why in str(problem_under(resealed({**said, **change}), self.OF, FIRST, w)), change
        left = {key: x for key, x in same.items() if key != "space"}
        assert "keys" in str(problem_under(resealed(left), self.OF, FIRST, MOVED))
        assert "digest" in str(problem_under({**same, "sha256": "0"}, self.OF, FIRST, MOVED))

    def test_that_nothing_is_known_claims_nothing(self):
        said = certify_under(self.OF, FIRST, MOVED)
        unknown = resealed({**said, "orbit": {"relation": "unknown", "reason": "none"}})
        assert problem_under(unknown, self.OF, FIRST, MOVED) is None

    def test_vectors_of_any_floats_are_those_of_float64(self):
        """float32 numbers are numbers: what is hashed is their value, whatever held them."""
        single = {name: array.astype(np.float32) for name, array in FIRST.items()}
        assert problem_under(certify_under(self.OF, FIRST, MOVED), self.OF, single, MOVED) is None


def test_reductions_of_an_axis_that_is_scaled_beside_one_that_is_mapped():
    """Copies moved by hand reduce to the same numbers, other vectors to others; axes have the sizes of their tensors."""
    space = WeightSpace(
        (("A", ("r", "h")), ("B", ("y", "r")), ("g", ("h",))),
        (("r", 2), ("h", 3), ("y", 1)),
        ("r", "h"),
        roles=Roles((AxisRole("r", Standing.LINEAR), AxisRole("h", Standing.HIDDEN))),
        activation="relu",
    )
    of = group(space, "full")
    v = {"A": np.array([[1.0, 2.0, 3.0], [0.0, 1.0, 4.0]]), "B": np.array([[1.0, 5.0]]), "g": np.array([1.0, 2.0, 4.0])}
    m, s = np.array([[1.0, 2.0], [0.0, 1.0]]), np.array([2.0, 1.0, 4.0])
    w = {"A": m @ v["A"] / s, "B": v["B"] @ np.linalg.inv(m), "g": v["g"] * s}
    other = {**w, "g": w["g"] + np.array([1.0, 0.0, 0.0])}
    (inner, (first, second)), (_, (_, third)) = reduced(of, [v, w]), reduced(of, [v, other])
    assert dict(inner.sizes) == {
        axis: n for name, axes in inner.tensors for axis, n in zip(axes, first[name].shape, strict=True)
    }
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert any(not np.array_equal(second[name], third[name]) for name in second)
