"""Each kind of proof, statement by statement: what holds by hand is taken, and each way in which it does not is told."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from orbitcheck.harness.core.certificates import STATEMENTS, Part
from orbitcheck.harness.oracles.refinement import refine
from orbitcheck.harness.verification.exact.realised import realised
from orbitcheck.harness.verification.exact.refuted import Refuted
from orbitcheck.harness.verification.exact.subject import Subject
from orbitcheck.harness.verification.proofs import (
    CHECKS,
    colours,
    individualisation,
    matrices,
    normal_form,
    polyline,
    signs,
    unknown,
    walks,
)
from orbitcheck.harness.weights.networks.dense import lora
from orbitcheck.harness.weights.space import WeightSpace, mlp
from orbitcheck.harness.weights.spaces import residual_mlp

F = Fraction


def said(part: Part, relation: str, kind: str, subject: Subject, **statement) -> str:
    """Empty where the statement is taken, else why it is not."""
    try:
        CHECKS[part, relation, kind](subject, {"relation": relation, "kind": kind, **statement})
    except Refuted as error:
        told = str(error)
        return told.removeprefix("does not hold: ") if told.startswith("does not hold: ") else repr(told)
    return ""


def of(space: WeightSpace, v, w, **relations: str) -> Subject:
    return Subject(space, [v, w], {Part[name.upper()]: relation for name, relation in relations.items()})


def zeros(space: WeightSpace, **tensors) -> dict[str, np.ndarray]:
    made = {name: np.zeros(shape) for name, shape in space.shapes.items()}
    return made | {name: np.array(array, dtype=float) for name, array in tensors.items()}


def drawn(space: WeightSpace, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {name: rng.integers(-8, 9, shape) / 8 for name, shape in space.shapes.items()}


def test_each_statement_has_its_check():
    assert {*CHECKS} == {*STATEMENTS}


# What follows from other parts.


def test_what_is_implied_follows_from_the_part_that_it_names():
    space = mlp(1, 2, 1)
    nets = drawn(space), drawn(space, 1)
    for orbit, refinement in product(("same", "different", "unknown"), ("equivalent", "different")):
        subject = of(space, *nets, orbit=orbit, refinement=refinement)
        same, parted = orbit == "same", refinement == "different"
        assert said(Part.FUNCTION, "equal", "orbit", subject) == ("" if same else "equal, since in one orbit")
        assert said(Part.REFINEMENT, "equivalent", "orbit", subject) == (
            "" if same else "equivalent, since in one orbit"
        )
        told = said(Part.ORBIT, "different", "refinement", subject)
        assert told == ("" if parted else "two orbits, since parted by refinement")


# Permutations.

WIDE = mlp(2, 3, 2, 1)
ORDERS = {"n1": [2, 0, 1], "n2": [1, 0]}
"""`images[i]` is where index i goes."""


def moved(v) -> dict[str, np.ndarray]:
    """By the action, written out: entry i of v is entry `images[i]` of w."""
    w = {name: array.copy() for name, array in v.items()}
    for i, k in enumerate(ORDERS["n1"]):
        w["W1"][k], w["b1"][k] = v["W1"][i], v["b1"][i]
        for j, m in enumerate(ORDERS["n2"]):
            w["W2"][m, k] = v["W2"][j, i]
    for j, m in enumerate(ORDERS["n2"]):
        w["b2"][m], w["W3"][:, m] = v["b2"][j], v["W3"][:, j]
    return w


def test_a_permutation_maps_every_tensor():
    v = drawn(WIDE)
    w = moved(v)
    one = {"subject": of(WIDE, v, w), "part": Part.ORBIT, "relation": "same", "kind": "permutation"}
    assert said(**one, element=ORDERS) == ""
    for name in WIDE.axes:
        other = w | {name: w[name] + 1}
        assert (
            said(**one | {"subject": of(WIDE, v, other)}, element=ORDERS)
            == f"the permutation maps {name} of v to that of w"
        )
        one_entry = w[name].copy()
        one_entry.flat[-1] += 1
        assert said(**one | {"subject": of(WIDE, v, w | {name: one_entry})}, element=ORDERS)
    inverse = {"n1": [1, 2, 0], "n2": [1, 0]}
    assert said(**one, element=inverse).startswith("the permutation maps")
    axes = "the permutation is on the permuted axes"
    for element in ({"n1": [2, 0, 1]}, {**ORDERS, "n0": [0, 1]}, {}):
        assert said(**one, element=element) == axes
    assert said(**one, element=dict(reversed(ORDERS.items()))) == "", "a file has axes in alphabetical order"
    for images, told in (
        ([2, 0], "a permutation of n1"),
        ([2, 0, 0], "a permutation of n1"),
        ([2, 0, 1, 1], "a permutation of n1"),
        ([2, 0, 3], "an image on n1 is an integer from 0 to 2"),
        ([2, 0, -1], "an image on n1 is an integer from 0 to 2"),
        ([2, False, 1], "an image on n1 is an integer from 0 to 2"),
    ):
        assert said(**one, element={**ORDERS, "n1": images}) == told


# Refinement.


def test_a_stable_colouring_is_that_of_refinement_up_to_its_names():
    space = mlp(1, 3, 1)
    v = zeros(space, W1=[[1], [1], [2]], b1=[0, 0, 5], W2=[[1, 1, 3]])
    w = zeros(space, W1=[[1], [2], [1]], b1=[0, 5, 0], W2=[[1, 3, 1]])
    one = {"part": Part.REFINEMENT, "relation": "equivalent", "kind": "colouring", "subject": of(space, v, w)}
    good = [[[0], [1, 1, 2], [3]], [[0], [1, 2, 1], [3]]]
    assert said(**one, colours=good) == ""
    assert said(**one, colours=[[[9], [7, 7, 2], [9]], [[9], [7, 2, 7], [9]]]) == ""  # names count within a layer
    stable, shape = "the stated colouring is the stable one", "a colour for each neuron of each layer"
    for wrong in (
        [[[0], [1, 1, 1], [3]], [[0], [1, 1, 1], [3]]],
        [[[0], [1, 4, 2], [3]], [[0], [1, 2, 4], [3]]],
        [[[0], [1, 2, 1], [3]], [[0], [1, 2, 1], [3]]],
        [[[0], [1, 1, 2], [3]], [[5], [1, 2, 1], [3]]],
    ):
        assert said(**one, colours=wrong) == stable
    for wrong in (
        [good[0]],
        [*good, good[0]],
        [[[0], [1, 1], [3]], good[1]],
        [good[0], [[0], [1, 2, 1, 1], [3]]],
        [good[0], [[0], [1, 2, 1], [3], []]],
    ):
        assert said(**one, colours=wrong) == shape
    other = of(space, v, w | {"b1": w["b1"] + 1})
    assert said(**one | {"subject": other}, colours=good) == "1-WL-equivalent: equal histograms"


def chain() -> Subject:
    """Parted in round 1 by the weights out of a hidden neuron, and not in round 0."""
    space = mlp(1, 2, 1)
    v = zeros(space, W1=[[1], [1]], W2=[[1, 1]])
    return of(space, v, v | {"W2": np.array([[1.0, 2.0]])})


def test_a_round_parts_by_the_counts_of_a_colour_and_none_before_it():
    one = {"part": Part.REFINEMENT, "relation": "different", "kind": "round", "subject": chain()}
    assert said(**one, round=1, neuron=[0, 1, 0], counts=[2, 1]) == ""
    assert said(**one, round=1, neuron=[1, 1, 1], counts=[0, 1]) == ""
    assert said(**one, round=1, neuron=[0, 2, 0], counts=[1, 0]) == ""
    assert said(**one, round=1, neuron=[0, 1, 0], counts=[1, 2]) == "the counts of a colour in round 1"
    assert said(**one, round=1, neuron=[0, 1, 0], counts=[2, 2]) == "the counts of a colour in round 1"
    assert said(**one, round=1, neuron=[0, 0, 0], counts=[1, 1]) == "the counts of a colour in round 1"
    assert said(**one, round=0, neuron=[0, 1, 0], counts=[2, 2]) == "the counts of a colour in round 0"
    assert said(**one, round=2, neuron=[0, 1, 0], counts=[2, 0]) == "not parted before round 2"
    nodes = len(chain().structure.nodes)
    for wrong in (-1, nodes + 1, 1.0, True, "1", None):
        told = said(**one, round=wrong, neuron=[0, 1, 0], counts=[2, 1])
        assert told == "the round is one that refinement can need", wrong
    assert said(**one, round=nodes, neuron=[0, 1, 0], counts=[2, 1]) == f"not parted before round {nodes}"
    for neuron in ([2, 1, 0], [0, 3, 0], [0, 1, 2], [0, 1, -1]):
        assert "is an integer from 0 to" in said(**one, round=1, neuron=neuron, counts=[2, 1])
    space = mlp(1, 2, 1)
    biases = of(space, zeros(space), zeros(space, b1=[0, 1]))
    assert said(**one | {"subject": biases}, round=0, neuron=[0, 1, 0], counts=[2, 1]) == ""


def test_functions_are_equal_by_late_rounds_and_by_what_comes_in():
    late = {"part": Part.FUNCTION, "relation": "equal", "kind": "refinement"}
    assert said(**late, subject=chain()) == "the same function, since not parted by round L"
    v = drawn(WIDE)
    assert said(**late, subject=of(WIDE, v, moved(v))) == ""
    ahead = {"part": Part.FUNCTION, "relation": "equal", "kind": "forward-refinement"}
    space = mlp(1, 2, 2, 1)
    dead = zeros(space, W1=[[1], [2]], W2=[[1, 1], [1, 0]], W3=[[1, 0]])
    assert said(**ahead, subject=of(space, dead, dead)) == ""
    told = "equal colours of the outputs where incoming edges alone count"
    assert said(**ahead, subject=of(space, dead, dead | {"W3": np.array([[1.0, 2.0]])})) == told
    two = mlp(1, 1, 2)
    a = zeros(two, W1=[[1]], W2=[[1], [2]])
    assert said(**ahead, subject=of(two, a, a)) == ""
    assert said(**ahead, subject=of(two, a, a | {"W2": np.array([[1.0], [3.0]])})) == told
    assert said(**ahead, subject=of(two, a, a | {"W2": np.array([[3.0], [2.0]])})) == told
    # other ways out of a neuron change nothing that comes in: parted by refinement, equal ahead
    split = mlp(1, 2, 1)
    one, other = zeros(split, W1=[[1], [1]], W2=[[0.5, 0.5]]), zeros(split, W1=[[1], [1]], W2=[[0.5, 0.5]])
    assert said(**ahead, subject=of(split, one, other)) == ""
    assert colours.CHECKS[Part.FUNCTION, "equal", "forward-refinement"] is colours.forward
    # two alike neurons whose ways out are paired otherwise: refinement parts them, by round L; the outputs see no difference
    v, w = (zeros(CROSSED, W1=[[1], [1]], W2=matrix) for matrix in ([[1, 2], [1, 2]], [[1, 2], [2, 1]]))
    assert said(**late, subject=of(CROSSED, v, w)) == "the same function, since not parted by round L"
    assert said(**ahead, subject=of(CROSSED, v, w)) == ""
    unlike = of(OTHER, nothing(OTHER), nothing(OTHER))
    assert said(**ahead, subject=unlike) == "outputs are neurons of MLPs"


CROSSED = mlp(1, 2, 2)
OTHER = WeightSpace(
    (("A", ("n",)), ("c", ()), ("d", ("m",)), ("E", ("m", "k"))), (("n", 2), ("m", 2), ("k", 2)), ("n",)
)


def nothing(space: WeightSpace, **tensors) -> dict[str, np.ndarray]:
    return {name: np.zeros(shape) for name, shape in space.shapes.items()} | {
        name: np.array(array, dtype=float) for name, array in tensors.items()
    }


def paths(*lengths: int) -> np.ndarray:
    """Bipartite paths of so many rows and as many columns each, side by side."""
    matrix, at = np.zeros((sum(lengths), sum(lengths))), 0
    for length in lengths:
        part = slice(at, at + length)
        matrix[part, part] = np.eye(length) + np.eye(length, k=1)
        at += length
    return matrix


def test_round_l_and_no_other_one_parts_different_functions():
    """Two paths against two of other lengths part the later, the longer the shorter of them is; three layers look at round 3."""
    late, met = {"part": Part.FUNCTION, "relation": "equal", "kind": "refinement"}, set()
    for shorter in (1, 2, 3, 4, 5):
        subject = middle(paths(shorter, 12 - shorter), paths(shorter + 1, 11 - shorter))
        v, w = subject.nets
        parted = refine(subject.space, [v, w]).round_of_separation(0, 1)
        assert parted is not None
        told = said(**late, subject=subject)
        assert told == ("" if parted > 3 else "the same function, since not parted by round L"), (shorter, parted)
        met.add(parted)
    assert {2, 3, 4, 5} <= met


def test_beyond_mlps_a_function_is_known_by_its_space_and_by_refinement():
    late = {"part": Part.FUNCTION, "relation": "equal", "kind": "refinement"}
    known = residual_mlp(1, 2, [2], 1)
    v = nothing(known)
    name = next(name for name, axes in known.tensors if len(axes) == 2)
    assert said(**late, subject=of(known, v, v)) == ""
    apart = of(known, v, v | {name: v[name] + 1})
    assert said(**late, subject=apart) == "the same function, since never parted"
    unknown = of(OTHER, nothing(OTHER), nothing(OTHER))
    assert said(**late, subject=unknown) == "a space whose function is known"


def test_a_tensor_without_a_permuted_axis_parts_by_itself():
    v = nothing(OTHER)

    def told(tensor, number, **tensors):
        subject = of(OTHER, v, nothing(OTHER, **tensors))
        return said(Part.REFINEMENT, "different", "fixed-tensor", subject, tensor=tensor, round=number)

    one, more = {"c": 1.0}, {"E": [[0, 0], [0, 1]]}
    assert told("c", 0, **one) == told("d", 0, d=[0, 1]) == told("E", 1, **more) == ""
    counted = "tensors with one axis at most count from round 0, others from round 1"
    assert told("c", 1, **one) == told("d", 1, d=[0, 1]) == told("E", 0, **more) == counted
    assert told("E", 2, **more) == told("c", -1, **one) == counted
    assert told("E", 1, **more, A=[0, 1]) == told("E", 1, **more, **one) == "not parted before round 1"
    assert told("c", 0) == told("c", 0, **more) == "c differs"
    assert told("A", 0, A=[0, 1]) == told("nothing", 0) == told(None, 0) == "a tensor without a permuted axis"
    nets = of(CROSSED, zeros(CROSSED), zeros(CROSSED, b2=[0, 1]))
    of_mlps = said(Part.REFINEMENT, "different", "fixed-tensor", nets, tensor="b2", round=0)
    assert of_mlps == "of an MLP, outputs are neurons"


# Two orbits.


def cycles(*lengths: int) -> np.ndarray:
    """Two-regular bipartite graphs: a cycle of each length, counted in rows."""
    matrix, at = np.zeros((sum(lengths), sum(lengths))), 0
    for length in lengths:
        for i in range(length):
            matrix[at + i, at + i] = matrix[at + i, at + (i + 1) % length] = 1
        at += length
    return matrix


def middle(*made) -> Subject:
    """Nets whose inner weight matrices are these, all else being ones."""
    space = mlp(1, made[0].shape[1], made[0].shape[0], 1)
    ones = {name: np.ones(shape) for name, shape in space.shapes.items()}
    return of(space, *(ones | {"W2": np.asarray(matrix, dtype=float)} for matrix in made))


INNER = "an inner weight matrix: both axes are permuted, and not as one"
ONE = (1.0).hex()


def test_individualised_neurons_match_none():
    one = {"part": Part.ORBIT, "relation": "different", "kind": "individualisation"}
    subject = middle(cycles(4), cycles(2, 2))
    assert not subject.structure.parted()
    assert said(**one, subject=subject, neurons=[[1, 0]]) == ""
    assert said(**one, subject=subject, neurons=[[2, 3], [1, 1]]) == ""
    none = "no choice of neurons of w matches the marked ones of v"
    assert said(**one, subject=middle(cycles(4), cycles(4)), neurons=[[1, 0]]) == none
    assert said(**one, subject=middle(cycles(4), cycles(4)[::-1]), neurons=[[1, 0], [1, 1]]) == none
    for neurons in ([], [[1, 0], [1, 0]], [[1, 0], [2, 0], [1, 0]]):
        assert said(**one, subject=subject, neurons=neurons) == "the marked neurons are distinct"
    for neuron in ([4, 0], [1, 4], [1, -1], [-1, 0]):
        assert "is an integer from 0 to" in said(**one, subject=subject, neurons=[neuron])


def test_individualisation_is_bounded(monkeypatch):
    one = {"part": Part.ORBIT, "relation": "different", "kind": "individualisation"}
    subject = middle(cycles(4), cycles(4))
    parameters = subject.space.parameters
    first, both = 4 * parameters, 4 * parameters + 4 * 4 * parameters
    few = "few enough choices of neurons of w to follow"
    none = "no choice of neurons of w matches the marked ones of v"
    for work, neurons, told in (
        (first, [[1, 0]], none),
        (first - 1, [[1, 0]], few),
        (both, [[1, 0], [1, 1]], none),
        (both - 1, [[1, 0], [1, 1]], few),
    ):
        monkeypatch.setattr(individualisation, "WORK", work)
        assert said(**one, subject=subject, neurons=neurons) == told


def test_ranks_tell_two_orbits():
    one = {"part": Part.ORBIT, "relation": "different", "kind": "rank", "tensor": "W2", "entry": None}
    eye, low = np.eye(3), np.array([[1, 0, 0], [0, 1, 0], [1, 1, 0]])
    subject = middle(eye, low)
    assert said(**one, subject=subject, field="Q", values=[3, 2]) == ""
    assert said(**one, subject=subject, field=2, values=[3, 2]) == ""
    assert said(**one, subject=subject, field=2**31 - 1, values=[3, 2]) == ""
    for values in ([2, 3], [3, 3], [2, 2], [3, 1]):
        assert said(**one, subject=subject, field="Q", values=values) == "the rank of W2"
    assert said(**one, subject=middle(eye, eye[::-1]), field="Q", values=[3, 3]) == "the rank of W2"
    prime = "the field is Q or that of a prime below 2^31"
    for field in (0, 1, -2, 4, 9, 25, 2**31, 2**31 + 11, True, 2.0, "R", "2", None, 46337**2):
        assert said(**one, subject=subject, field=field, values=[3, 2]) == prime, field
    for field in (3, 5, 7, 46337):
        assert said(**one, subject=subject, field=field, values=[3, 2]) == ""
    double = middle(2 * eye, 3 * eye)
    assert said(**one, subject=double, field=2, values=[3, 3]) == "the rank of W2"
    halves = middle(np.array([[1.0, 0.5], [2.0, 1.0]]), np.array([[1.0, 0.5], [2.0, 3.0]]))
    assert said(**one, subject=halves, field="Q", values=[1, 2]) == ""
    assert said(**one, subject=halves, field=2, values=[1, 1]) == "the rank of W2"
    assert said(**one | {"entry": ONE}, subject=halves, field="Q", values=[2, 1]) == ""
    assert said(**one | {"entry": "1"}, subject=halves, field="Q", values=[2, 1]) == "a float is in hexadecimal"
    for tensor in ("W1", "W3", "b1", "W9", ""):
        assert said(**one | {"tensor": tensor}, subject=subject, field="Q", values=[3, 2]) == INNER
    square = WeightSpace((("A", ("n", "n")), ("B", ("n", "m"))), (("n", 2), ("m", 2)), ("n", "m"))
    pair = of(square, zeros(square, A=[[1, 0], [0, 1]], B=[[1, 0], [0, 1]]), zeros(square))
    assert said(**one | {"tensor": "A"}, subject=pair, field="Q", values=[2, 0]) == INNER
    assert said(**one | {"tensor": "B"}, subject=pair, field="Q", values=[2, 0]) == ""
    fixed = WeightSpace((("B", ("n", "m")),), (("n", 2), ("m", 2)), ("n",))
    other = of(fixed, zeros(fixed, B=[[1, 0], [0, 1]]), zeros(fixed))
    assert said(**one | {"tensor": "B"}, subject=other, field="Q", values=[2, 0]) == INNER


def minors(matrix: list[list[int]], field: str | int) -> int:
    """Rank by the largest minor that is not zero."""
    from itertools import combinations

    def determinant(rows: list[list[int]]) -> int:
        if not rows:
            return 1
        return sum(
            (-1) ** j * rows[0][j] * determinant([row[:j] + row[j + 1 :] for row in rows[1:]]) for j in range(len(rows))
        )

    sizes = range(min(len(matrix), len(matrix[0])), 0, -1)
    for size in sizes:
        for rows, columns in product(combinations(range(len(matrix)), size), combinations(range(len(matrix[0])), size)):
            value = determinant([[matrix[i][j] for j in columns] for i in rows])
            if value if field == "Q" else value % int(field):
                return size
    return 0


def test_ranks_are_those_of_minors():
    rng = np.random.default_rng(2)
    for number in range(60):
        matrix = rng.integers(-2, 3, rng.integers(1, 5, 2)).tolist()
        if number % 3 == 0:
            matrix.append(matrix[0])
        for field in ("Q", 2, 3, 5):
            assert matrices.rank(matrix, field) == minors(matrix, field)


def test_entries_become_integers_by_one_unit_for_both():
    made = matrices.integers([np.array([[0.5, 3.0]]), np.array([[0.125, -2.0]])])
    assert made == [[[4, 24]], [[1, -16]]]
    assert matrices.integers([np.array([[True, False]])]) == [[[1, 0]]]


def test_components_tell_two_orbits():
    one = {"part": Part.ORBIT, "relation": "different", "kind": "components", "tensor": "W2", "entry": ONE}
    subject = middle(cycles(4), cycles(2, 2))
    assert said(**one, subject=subject, values=[[8], [4, 4]]) == ""
    for values in ([[4, 4], [8]], [[8], [8]], [[8], [4]], [[8], [4, 4, 0]]):
        assert said(**one, subject=subject, values=values) == "the components of W2"
    assert said(**one, subject=middle(cycles(4), cycles(4)), values=[[8], [8]]) == "the components of W2"
    assert said(**one | {"tensor": "W1"}, subject=subject, values=[[8], [4, 4]]) == INNER
    assert matrices.components([[0, 0], [1, 0]]) == [1, 1, 2]
    assert matrices.components([[1, 1, 0], [0, 0, 1]]) == [2, 3]
    assert matrices.components([[1, 0, 1], [0, 1, 0], [0, 1, 1]]) == [6]


def test_closed_walks_tell_two_orbits(monkeypatch):
    one = {"part": Part.ORBIT, "relation": "different", "kind": "walks", "tensor": "W2", "entry": ONE}
    subject = middle(cycles(4), cycles(2, 2))  # of length 2: 4 rows by (2^2 + 1 + 1), and by (2^2 + 2^2)
    assert said(**one, subject=subject, length=2, values=[24, 32]) == ""
    for values in ([32, 24], [24, 24], [32, 32], [24, 31]):
        assert said(**one, subject=subject, length=2, values=values) == "the closed walks in W2"
    assert said(**one, subject=subject, length=1, values=[8, 8]) == "the closed walks in W2"
    for length in (0, -1, 13, True, 2.0, "2", None):
        assert said(**one, subject=subject, length=length, values=[24, 32]) == "a length from 1 to 12"
    twelve = [int(np.trace(np.linalg.matrix_power(m @ m.T, 12))) for m in (cycles(4), cycles(2, 2))]
    assert said(**one, subject=subject, length=12, values=twelve) == ""
    assert said(**one | {"entry": "1"}, subject=subject, length=2, values=[24, 32]) == "a float is in hexadecimal"
    assert (
        said(**one | {"entry": (0.0).hex()}, subject=subject, length=2, values=[24, 32]) == ""
    )  # two of four are not set
    for tensor in ("W1", "b1", "W9"):
        assert said(**one | {"tensor": tensor}, subject=subject, length=2, values=[24, 32]) == INNER
    square = WeightSpace((("A", ("n", "n")),), (("n", 2),), ("n",))
    pair = of(square, zeros(square, A=[[1, 0], [0, 1]]), zeros(square))
    assert said(**one | {"tensor": "A"}, subject=pair, length=1, values=[2, 0]) == INNER
    uneven = middle(np.ones((2, 3)), np.array([[1, 1, 1], [0, 0, 0]]))
    assert said(**one, subject=uneven, length=1, values=[6, 3]) == ""
    work = 2 * 1 * 2 * 6 + 2 * 1 * 2 * 3
    monkeypatch.setattr(walks, "WORK", work)
    assert said(**one, subject=uneven, length=1, values=[6, 3]) == ""
    monkeypatch.setattr(walks, "WORK", work - 1)
    assert said(**one, subject=uneven, length=1, values=[6, 3]) == "walks that are few enough to be counted"


def test_closed_walks_are_traces():
    rng = np.random.default_rng(1)
    for _ in range(10):
        matrix = rng.integers(0, 2, rng.integers(1, 5, 2))
        for length in (1, 2, 3):
            wanted = np.trace(np.linalg.matrix_power(matrix @ matrix.T, length))
            assert walks.closed_walks(matrix == 1, length) == wanted


# Two functions.


def line(slope: float, bias: float = 0.0, activation: str = "relu") -> dict[str, np.ndarray]:
    space = mlp(1, 1, 1, activation=activation)
    return zeros(space, W1=[[1]], W2=[[slope]], b2=[bias])


def test_an_input_shows_two_functions():
    space = mlp(1, 1, 1)
    one = {"part": Part.FUNCTION, "relation": "different", "kind": "input", "subject": of(space, line(1), line(2))}
    at = {"x": [ONE], "output": 0, "v": ["1", "1"], "w": ["2", "2"]}
    assert said(**one, **at) == ""
    assert said(**one, **at | {"x": ["1/2"], "v": ["1/2", "1/2"], "w": ["1", "1"]}) == ""
    assert said(**one, **at | {"v": ["1/2", "3/2"], "w": ["8/5", "3"]}) == ""
    assert said(**one | {"subject": of(space, line(2), line(1))}, **at | {"v": ["2", "2"], "w": ["1", "1"]}) == ""
    order, apart = "an interval has its ends in order", "the intervals of the two outputs are disjoint"
    inside = "the output lies in its interval"
    for change, told in (
        ({"v": ["1", "1/2"]}, order),
        ({"w": ["2", "1"]}, order),
        ({"v": ["1", "2"]}, apart),
        ({"v": ["0", "5/2"]}, apart),
        ({"w": ["1", "2"]}, apart),
        ({"v": ["1/2", "2/3"]}, inside),
        ({"v": ["5/4", "3/2"]}, inside),
        ({"w": ["3", "4"]}, inside),
        ({"w": ["3/2", "5/3"]}, inside),
        ({"output": 1}, "an output is an integer from 0 to 0"),
        ({"output": -1}, "an output is an integer from 0 to 0"),
        ({"output": False}, "an output is an integer from 0 to 0"),
        ({"x": []}, "an input has 1 coordinates"),
        ({"x": ["1e3"]}, "a rational is numerator/denominator, of bounded length"),
        ({"v": [ONE, ONE]}, "a rational is numerator/denominator, of bounded length"),
    ):
        assert said(**one, **at | change) == told, change


def test_intervals_of_smooth_functions_hold_but_for_their_slack():
    space = mlp(1, 1, 2, activation="tanh")
    v = zeros(space, W1=[[1]], W2=[[1], [0]], b2=[0, 0])
    w = v | {"b2": np.array([2.0**-40, 0.0])}
    one = {"part": Part.FUNCTION, "relation": "different", "kind": "input", "subject": of(space, v, w)}
    slack, gap = F(1, 2**232), F(1, 2**40)

    value = realised(space, v, [F(1)]).values[0]

    def ends(low: Fraction, high: Fraction) -> list[str]:
        return [str(low), str(high)]

    at = {"x": [ONE], "output": 0}
    true = {"v": ends(value, value), "w": ends(value + gap, value + gap)}
    assert said(**one, **at, **true) == ""
    inside, apart = "the output lies in its interval", "the intervals of the two outputs are disjoint"
    assert said(**one, **at, **true | {"v": ends(value - gap, value - slack)}) == ""
    assert said(**one, **at, **true | {"v": ends(value - gap, value - slack - slack / 4)}) == inside
    assert said(**one, **at, **true | {"v": ends(value + slack, value + slack)}) == ""
    assert said(**one, **at, **true | {"v": ends(value + slack + slack / 4, value + 2 * slack)}) == inside
    assert said(**one, **at, **true | {"v": ends(value, value + gap - 2 * slack)}) == apart
    assert said(**one, **at, **true | {"v": ends(value, value + gap - 2 * slack - slack / 4)}) == ""
    near = v | {"W2": np.array([[1.0], [0.0]]), "b2": np.array([2.0**-231, 0.0])}
    close = {"subject": of(space, v, near)}
    far = F(1, 2**231)
    told = said(
        **one | close, **at, v=ends(value - slack, value - slack), w=ends(value + far + slack, value + far + slack)
    )
    assert told == "the two values differ by more than they may be off"
    flat = {"subject": of(space, v, v | {"b2": np.array([0.0, 1.0])})}
    assert said(**one | flat, x=[ONE], output=1, v=["0", "0"], w=["1", "1"]) == ""


# One function.


def test_a_polyline_is_proved_by_points_that_hold_every_kink():
    space = mlp(1, 2, 1)
    v = zeros(space, W1=[[1], [1]], b1=[0, -1], W2=[[1, 1]])
    w = zeros(space, W1=[[1], [1]], b1=[-1, 0], W2=[[1, 1]])
    one = {"part": Part.FUNCTION, "relation": "equal", "kind": "polyline", "subject": of(space, v, w)}
    assert said(**one, points=["-1", "0", "1", "2"]) == ""
    assert said(**one, points=["-1", "0", "1/2", "1", "2"]) == ""
    assert said(**one, points=["0", "1"]) == "no argument changes its sign between the points or beyond them"
    kinks = "no argument changes its sign between the points or beyond them"
    for points in (["-1", "1", "2"], ["-1", "0", "2"], ["1", "2"], ["-2", "-1"], ["-1", "2"], ["0", "1/2", "1"]):
        assert said(**one, points=points) == kinks, points
    rise = "the points rise strictly"
    for points in (["-1", "0", "0", "1", "2"], ["2", "1", "0", "-1"], ["-1", "1", "0", "2"]):
        assert said(**one, points=points) == rise
    for points in ([], ["0"]):
        assert said(**one, points=points) == "two points at least"
    assert said(**one, points=["0", "2/4"]) == "a rational is in lowest terms"
    outputs = "equal outputs at the points"
    for other in (w | {"b2": np.array([1.0])}, w | {"W2": np.array([[1.0, 2.0]])}):
        assert said(**one | {"subject": of(space, v, other)}, points=["-1", "0", "1", "2"]) == outputs
    wrong = "piecewise-linear functions of one variable"
    for bad in (mlp(2, 2, 1), mlp(1, 2, 1, activation="tanh")):
        assert said(**one | {"subject": of(bad, zeros(bad), zeros(bad))}, points=["0", "1"]) == wrong


def test_the_work_of_a_polyline_is_bounded(monkeypatch):
    space = mlp(1, 2, 1)
    one = {
        "part": Part.FUNCTION,
        "relation": "equal",
        "kind": "polyline",
        "subject": of(space, zeros(space), zeros(space)),
    }
    monkeypatch.setattr(polyline, "WORK", 3 * space.parameters)
    assert said(**one, points=["0", "10"]) == ""
    assert said(**one, points=["10", "20"]) == "few enough points to look at each"


def test_two_values_differ_by_more_than_both_may_be_off():
    """tanh(1) once as it is and once with a few halves of its bound added, in intervals that are points."""
    smooth = mlp(1, 1, 1, activation="tanh")
    v = zeros(smooth, W1=[[1]], W2=[[1]])
    for halves, told in ((5, ""), (4, "the intervals of the two outputs are disjoint")):
        subject = of(smooth, v, v | {"b2": np.array([halves * 2.0**-233])})
        left, right = (str(realised(smooth, net, [F(1)]).values[0]) for net in subject.nets)
        one = {"output": 0, "x": ["1"], "v": [left, left], "w": [right, right]}
        assert said(Part.FUNCTION, "different", "input", subject, **one) == told


def test_forms_are_combinations_of_the_constant_the_inputs_and_features():
    assert normal_form.combination([(2, {0: F(1), 1: F(3)}), (-1, {1: F(6), 2: F(1, 2)})]) == {0: 2, 2: F(-1, 2)}
    assert normal_form.combination([]) == {}
    assert normal_form.combination([(0.5, {1: F(1)})]) == {1: F(1, 2)}


X, ONE_, FEATURE = 1, 0, -1


@pytest.mark.parametrize(
    ("activation", "z", "form"),
    [
        ("relu", {}, {}),
        ("tanh", {}, {}),
        ("identity", {X: F(-2)}, {X: F(-2)}),
        ("relu", {ONE_: F(3)}, {ONE_: F(3)}),
        ("relu", {ONE_: F(-3)}, {}),
        ("abs", {ONE_: F(-3)}, {ONE_: F(3)}),
        ("leaky-relu", {ONE_: F(-64)}, {ONE_: F(-1)}),
        ("leaky-relu", {ONE_: F(3)}, {ONE_: F(3)}),
        ("relu", {-1: F(2), ONE_: F(3)}, {-1: F(2), ONE_: F(3)}),
        ("relu", {-1: F(-2), ONE_: F(-3)}, {}),
        ("abs", {-1: F(-2), -2: F(-3)}, {-1: F(2), -2: F(3)}),
        ("leaky-relu", {-5: F(-64)}, {FEATURE: F(64), -5: F(-65)}),
        ("relu", {X: F(1)}, {FEATURE: F(1)}),
        ("relu", {X: F(2), 2: F(6)}, {FEATURE: F(2)}),
        ("relu", {X: F(-2), ONE_: F(6)}, {FEATURE: F(2), X: F(-2), ONE_: F(6)}),
        ("leaky-relu", {X: F(-64)}, {FEATURE: F(64), X: F(-65)}),
        ("abs", {X: F(-2)}, {FEATURE: F(2)}),
        ("tanh", {X: F(-2)}, {FEATURE: F(-1)}),
        ("tanh", {X: F(2)}, {FEATURE: F(1)}),
        ("sine", {X: F(-2), ONE_: F(1)}, {FEATURE: F(-1)}),
        ("gelu", {X: F(-2), ONE_: F(1)}, {FEATURE: F(1), X: F(-2), ONE_: F(1)}),
        ("silu", {X: F(2), ONE_: F(1)}, {FEATURE: F(1)}),
        ("silu", {ONE_: F(-1)}, {FEATURE: F(1), ONE_: F(-1)}),
    ],
)  # fmt: skip
def test_an_activation_of_a_form_is_a_form(activation, z, form):
    known: dict = {}
    if any(key < 0 for key in z):
        known = {frozenset({("taken", key)}): key for key in z if key < 0}
        expected = {
            (-1 - len(known) if key == FEATURE and FEATURE not in z else key): value for key, value in form.items()
        }
    else:
        expected = form
    assert normal_form.feature(activation, z, known) == expected


def test_one_feature_is_known_by_its_direction_and_not_by_its_length_or_sign():
    known: dict = {}
    relu = [
        normal_form.feature("relu", z, known) for z in ({1: F(1), 0: F(2)}, {1: F(3), 0: F(6)}, {1: F(-1), 0: F(-2)})
    ]
    assert [*known.values()] == [-1]
    assert relu == [{-1: 1}, {-1: 3}, {-1: 1, 1: -1, 0: -2}]
    known.clear()
    tanh = [normal_form.feature("tanh", z, known) for z in ({1: F(1)}, {1: F(3)}, {1: F(-1)})]
    assert tanh == [{-1: 1}, {-2: 1}, {-1: -1}]
    known.clear()
    # the leading term is an input before a feature before the constant, the least of each
    made = [normal_form.feature("tanh", z, known) for z in ({2: F(-1), 1: F(1)}, {-3: F(-1), 1: F(1)}, {0: F(-1), -3: F(1)}, {-3: F(-1), -2: F(1)})]  # fmt: skip
    assert [next(iter(form.values())) for form in made] == [1, 1, 1, 1]


@pytest.mark.parametrize("activation", ["relu", "leaky-relu", "abs", "tanh", "sine", "gelu", "silu", "identity"])
def test_equal_normal_forms_prove_one_function(activation):
    one = {"part": Part.FUNCTION, "relation": "equal", "kind": "normal-form"}
    v = drawn(mlp(2, 3, 2, 1, activation=activation), 3)
    space = mlp(2, 3, 2, 1, activation=activation)
    assert said(**one, subject=of(space, v, moved(v))) == ""
    if activation in ("relu", "leaky-relu", "abs"):
        scaled = v | {"W1": v["W1"] * [[2], [1], [4]], "b1": v["b1"] * [2, 1, 4], "W2": v["W2"] / [2, 1, 4]}
        assert said(**one, subject=of(space, v, scaled)) == ""
    if activation in ("tanh", "sine"):
        flipped = v | {"W1": v["W1"] * [[-1], [1], [1]], "b1": v["b1"] * [-1, 1, 1], "W2": v["W2"] * [-1, 1, 1]}
        assert said(**one, subject=of(space, v, flipped)) == ""
    for name in space.axes:
        entry = v[name].copy()
        entry.flat[0] += 4
        if activation != "identity":
            assert said(**one, subject=of(space, v, v | {name: entry})) == "equal normal forms"


def test_normal_forms_are_bounded(monkeypatch):
    space = mlp(2, 3, 2, 1)
    v = drawn(space, 3)
    one = {"part": Part.FUNCTION, "relation": "equal", "kind": "normal-form", "subject": of(space, v, v)}
    forms = normal_form.normal_form(space, v, {})
    assert len(forms) == 1
    # layer by layer: widths times the terms of what comes in
    known: dict = {}
    work, terms = 0, [{1: F(1)}, {2: F(1)}]
    for layer in range(1, 4):
        if layer > 1:
            terms = [normal_form.feature("relu", form, known) for form in terms]
        work += space.widths[layer] * sum(map(len, terms))
        terms = [
            normal_form.combination([(bias, {0: F(1)}), *zip(row, terms, strict=True)])
            for row, bias in zip(v[f"W{layer}"].tolist(), v[f"b{layer}"].tolist(), strict=True)
        ]
    assert forms == terms
    monkeypatch.setattr(normal_form, "WORK", work)
    assert said(**one) == ""
    monkeypatch.setattr(normal_form, "WORK", work - 1)
    assert said(**one) == "normal forms that are small enough to write down"


# Products of factors.

FACTORS = lora((3, 2), (2, 4), rank=2).space


def test_products_of_factors_are_compared_entry_by_entry(monkeypatch):
    """By numpy's products; in each of them at each entry."""
    v = drawn(FACTORS)
    doubled = v | {"A1": 2 * v["A1"], "B1": v["B1"] / 2, "A2": v["A2"] / 4, "B2": 4 * v["B2"]}
    equal = {"part": Part.FUNCTION, "relation": "equal", "kind": "products"}
    apart = {"part": Part.FUNCTION, "relation": "different", "kind": "products"}
    assert said(**equal, subject=of(FACTORS, v, doubled)) == ""
    for name in FACTORS.axes:
        for place in np.ndindex(v[name].shape):
            other = doubled[name].copy()
            other[place] += 1
            w = doubled | {name: other}
            subject = of(FACTORS, v, w)
            differ = {
                (layer, *map(int, at))
                for layer in (1, 2)
                for at in np.argwhere(v[f"B{layer}"] @ v[f"A{layer}"] != w[f"B{layer}"] @ w[f"A{layer}"])
            }
            assert said(**equal, subject=subject) == ("equal products of the factors" if differ else "")
            for layer, (rows, columns) in ((1, (3, 2)), (2, (2, 4))):
                for row, column in product(range(rows), range(columns)):
                    told = said(**apart, subject=subject, layer=layer, row=row, column=column)
                    assert told == ("" if (layer, row, column) in differ else "the products differ there")
    subject = of(FACTORS, v, doubled)
    for layer, row, column, told in (
        (0, 0, 0, "layers are counted from 1"),
        (3, 0, 0, "a layer is an integer from 0 to 2"),
        (True, 0, 0, "a layer is an integer from 0 to 2"),
        (1, 3, 0, "a row is an integer from 0 to 2"),
        (2, 2, 0, "a row is an integer from 0 to 1"),
        (1, 0, 2, "a column is an integer from 0 to 1"),
        (2, 0, 4, "a column is an integer from 0 to 3"),
        (2, 0, -1, "a column is an integer from 0 to 3"),
    ):
        assert said(**apart, subject=subject, layer=layer, row=row, column=column) == told
    nets = mlp(1, 2, 1)
    for one in (equal, {**apart, "layer": 1, "row": 0, "column": 0}):
        assert said(**one, subject=of(nets, drawn(nets), drawn(nets))) == "factor pairs"
    entries = 3 * 2 * 2 + 2 * 2 * 4
    for bound_, told in ((entries, ""), (entries - 1, "factor pairs")):
        monkeypatch.setattr(normal_form, "PRODUCTS", bound_)
        assert said(**equal, subject=subject) == told


# What is unknown.


def test_an_orbit_is_not_unknown_where_a_search_finds_it():
    one = {"part": Part.ORBIT, "relation": "unknown", "kind": "none"}
    v = drawn(WIDE)
    assert said(**one, subject=of(WIDE, v, moved(v))) == "the orbits are unknown, though they are one"
    assert said(**one, subject=of(WIDE, v, drawn(WIDE, 1))) == "the orbits are unknown, though they are two"
    ranks = "the orbits are unknown, though the ranks of W2 differ"
    assert said(**one, subject=middle(cycles(4), cycles(2, 2))) == ranks
    assert (
        said(**one, subject=middle(cycles(4), np.roll(cycles(4), 1, 0)))
        == "the orbits are unknown, though they are one"
    )


def test_a_search_that_is_too_long_decides_nothing(monkeypatch):
    subject = middle(cycles(4), np.roll(cycles(4), 1, 0))
    for work, found in ((0, None), (1, None), (20, True)):
        monkeypatch.setattr(unknown, "WORK", work * subject.space.parameters)
        assert unknown.one_orbit(subject.structure) is found
    monkeypatch.setattr(unknown, "WORK", 0)
    assert said(Part.ORBIT, "unknown", "none", subject) == ""
    # copies that differ everywhere are matched by the first refinement, and two that do not match are parted by it
    v = drawn(WIDE)
    distinct = v | {"b1": np.array([1.0, 2, 3]), "b2": np.array([1.0, 2])}
    for w, found in ((moved(distinct), True), (distinct | {"b1": np.array([1.0, 2, 4])}, False)):
        structure = of(WIDE, distinct, w).structure
        monkeypatch.setattr(unknown, "WORK", WIDE.parameters)
        assert unknown.one_orbit(structure) is found
        monkeypatch.setattr(unknown, "WORK", WIDE.parameters - 1)
        assert unknown.one_orbit(structure) is None


def test_a_search_marks_neurons_of_one_net_each():
    """Two neurons that tie stand in the second layer, where a mark on the first would meet nothing."""
    space = mlp(1, 1, 2, 1)
    v = zeros(space, W1=[[1]], W2=[[1], [1]], W3=[[1, 1]])
    assert unknown.one_orbit(of(space, v, v).structure) is True


def test_a_function_is_not_unknown_where_it_is_proved_equal_or_seen_to_differ():
    one = {"part": Part.FUNCTION, "relation": "unknown", "kind": "none"}
    v = drawn(WIDE)
    equal = "the functions are unknown, though they are equal, by their"
    assert said(**one, subject=of(WIDE, v, moved(v))) == f"{equal} late rounds"
    space = mlp(1, 2, 1)
    dead = zeros(space, W1=[[1], [2]], W2=[[1, 0]])
    assert said(**one, subject=of(space, dead, dead | {"W1": np.array([[1.0], [3.0]])})) == f"{equal} forms"
    # the second layer of v has a neuron that leads nowhere: by what comes in, the outputs look alike
    deep = mlp(1, 1, 2, 1)
    a = zeros(deep, W1=[[1]], W2=[[1], [1]], W3=[[1, 1]], b2=[0, 0])
    b = a | {"b2": np.array([0.0, 0.0]), "b3": np.array([0.0])}
    assert said(**one, subject=of(deep, a, b)) == f"{equal} late rounds"
    v, w = zeros(space, W1=[[1], [1]], W2=[[1, 1]]), zeros(space, W1=[[1], [1]], W2=[[1, 3]])
    assert said(**one, subject=of(space, v, w)) == "the functions are unknown, though they differ at 3/8"
    at_zero = zeros(space, b2=[1])
    assert said(**one, subject=of(space, zeros(space), at_zero)) == "the functions are unknown, though they differ at 0"
    two = mlp(2, 1, 1)
    right = zeros(two, W1=[[1, 1]], W2=[[1]])
    told = said(**one, subject=of(two, right, right | {"W2": np.array([[2.0]])}))
    assert told == "the functions are unknown, though they differ at 3/8, 5/8"
    # kinks that lie beyond all places that are asked are found for one variable, and not for more
    far = {"b1": [-1000, -2000], "W2": [[1, 1]]}
    near = far | {"b1": [-1000, -3000]}
    line, plane = mlp(1, 2, 1), mlp(2, 2, 1)
    v, w = (zeros(line, W1=[[1], [1]], **each) for each in (far, near))
    assert said(**one, subject=of(line, v, w)) == "the functions are unknown, though they differ at 3000"
    v, w = (zeros(plane, W1=[[1, 0], [1, 0]], **each) for each in (far, near))
    assert said(**one, subject=of(plane, v, w)) == ""
    smooth = mlp(1, 1, 1, activation="tanh")
    tanh = zeros(smooth, W1=[[1]], W2=[[1]])
    assert said(**one, subject=of(smooth, tanh, tanh | {"b2": np.array([2.0**-231])})).endswith("differ at 0")
    # 1 - tanh(82) and 1 - tanh(83) are some 2^-236 and 2^-238: apart, by less than what two evaluations may be off together
    at_82, at_83 = (zeros(smooth, b1=[z], W2=[[1]]) for z in (82, 83))
    assert said(**one, subject=of(smooth, at_82, at_83)) == ""


def test_functions_of_one_variable_are_not_unknown_once_all_their_kinks_are_looked_at():
    """relu(x) - relu(x - 1) lies between 0 and 1, so that relu(1 - it) is linear in both, as is relu(2 - it) - 1: no form says so."""
    space = mlp(1, 2, 1, 1)
    v = zeros(space, W1=[[1], [1]], b1=[0, -1], W2=[[-1, 1]], b2=[1], W3=[[1]])
    w = v | {"b2": np.array([2.0]), "b3": np.array([-1.0])}
    told = said(Part.FUNCTION, "unknown", "none", of(space, v, w))
    assert told == "the functions are unknown, though they are equal, by all their kinks"


def test_beyond_mlps_a_function_is_not_unknown_where_refinement_or_products_decide():
    one = {"part": Part.FUNCTION, "relation": "unknown", "kind": "none"}
    v = drawn(FACTORS)
    assert said(**one, subject=of(FACTORS, v, v)) == "the functions are unknown, though refinement never parts the two"
    told = said(**one, subject=of(FACTORS, v, drawn(FACTORS, 1)))
    assert told == "the functions are unknown, though products of factors decide"
    residual = residual_mlp(1, 2, [2], 1)
    assert said(**one, subject=of(residual, drawn(residual), drawn(residual, 1))) == ""
    assert said(**one, subject=of(OTHER, nothing(OTHER), nothing(OTHER))) == ""


# Signs: bounds.


def bound(neuron, side="upper", terms=()) -> dict:
    return {"neuron": list(neuron), "side": side, "terms": [list(term) for term in terms]}


def slopes(space, v, *bounds):
    try:
        return signs.linear_neurons(space, v, list(bounds))
    except Refuted as error:
        return str(error).removeprefix("does not hold: ")


LAYERS = mlp(1, 2, 2, 1)


def layered(activation: str = "relu", **tensors):
    space = mlp(1, 2, 2, 1, activation=activation)
    given = {"W1": [[1], [-1]], "b1": [1, 1], "W2": [[-1, -1], [1, 1]], "b2": [-1, 1]}
    return space, zeros(space, **{**given, **tensors})


ABOVE = [(1, 0, "above", "1"), (1, 1, "above", "1")]
BELOW = [(1, 0, "below", "1"), (1, 1, "below", "1")]


def test_bounds_by_the_slopes_of_the_activation():
    """z = -relu(x + 1) - relu(1 - x) - 1: with h >= z (above) it is at most -2 - 1; with h >= 0 (below) at most -1."""
    space, v = layered()
    assert slopes(space, v, bound((2, 0), terms=ABOVE)) == {(2, 0): 0}
    assert slopes(space, v, bound((2, 0), terms=BELOW)) == {(2, 0): 0}
    assert slopes(space, v, bound((2, 1), "lower", BELOW)) == {(2, 1): 1}
    assert slopes(space, v, bound((2, 0), terms=BELOW), bound((2, 1), "lower", ABOVE)) == {(2, 0): 0, (2, 1): 1}
    assert slopes(space, v) == {}
    constant = "the argument and its terms sum up to a constant"
    for terms in ((), ABOVE[:1], [ABOVE[0], BELOW[1]], [(1, 0, "above", "2"), ABOVE[1]]):
        assert slopes(space, v, bound((2, 0), terms=terms)) == constant
    assert slopes(space, v, bound((2, 0), "lower", ABOVE)) == constant
    # a bound of the other sign says nothing of the slope: at most 1 - 0, at least 0
    _, loose = layered(b2=[1, -1])
    assert slopes(space, loose, bound((2, 0), terms=BELOW)) == {}
    assert slopes(space, loose, bound((2, 1), "lower", BELOW)) == {}
    _, edge = layered(b2=[0, 0])
    assert slopes(space, edge, bound((2, 0), terms=BELOW), bound((2, 1), "lower", BELOW)) == {(2, 0): 0, (2, 1): 1}
    leaky, u = layered("leaky-relu")
    assert slopes(leaky, u, bound((2, 0), terms=ABOVE)) == {(2, 0): F(1, 64)}
    wide = [(1, 0, "below", "1"), (1, 1, "below", "1")]
    assert slopes(leaky, u, bound((2, 0), terms=wide)) == {(2, 0): F(1, 64)}  # at most -2/64 - 1


def test_bounds_of_earlier_neurons_carry_those_of_later_ones():
    """h of layer 1 lies in known intervals; layer 2 reads one neuron of it."""
    space, v = layered(W1=[[0], [1]], b1=[2, 0], W2=[[-1, 0], [1, 0]], b2=[1, -3])
    known = [bound((1, 0)), bound((1, 0), "lower")]  # 2 at most and 2 at least: linear, with slope 1
    assert slopes(space, v, *known) == {(1, 0): 1}
    # h is 2 now, a constant, so that the bounds of layer 2 need no terms
    assert slopes(space, v, *known, bound((2, 0)), bound((2, 1))) == {(1, 0): 1, (2, 0): 0, (2, 1): 0}
    assert slopes(space, v, bound((1, 0)), bound((2, 0))) == "the argument and its terms sum up to a constant"
    cap = [(1, 0, "cap", "1")]  # of h at most 2: z = h - 3 <= -1
    assert slopes(space, v, bound((1, 0)), bound((2, 1), terms=cap)) == {(2, 1): 0}
    none = "a constraint that holds, by bounds before: {}"
    assert slopes(space, v, bound((2, 1), terms=cap)) == none.format("cap")
    for constraint in ("cap", "chord", "upper", "lower", "none", ""):
        assert slopes(space, v, bound((2, 1), terms=[(1, 0, constraint, "1")])) == none.format(constraint)
    _, low = layered(W1=[[0], [1]], b1=[-2, 0], W2=[[1, 0], [0, 0]], b2=[-1, -3])
    for zero in (low, low | {"b1": np.array([0.0, 0.0])}):  # an upper bound of 0 or below makes no cap
        told = slopes(space, zero, bound((1, 0)), bound((2, 0), terms=cap))
        assert told == none.format("cap")


def test_upper_and_lower_differences_add_up():
    """z = -h(x + 1) - ... with constraints `upper` and `lower` of a neuron whose argument is a constant."""
    space, v = layered(W1=[[0], [1]], b1=[2, 0], W2=[[-1, 0], [1, 0]], b2=[1, -3])
    ends = [bound((1, 0)), bound((1, 0), "lower")]
    for constraint in ("upper", "lower"):
        # 2 - z and z - 2 are zero: any multiple changes nothing
        assert slopes(space, v, *ends, bound((2, 0), terms=[(1, 0, constraint, "7")])) == {(1, 0): 1, (2, 0): 0}
    # of a bound that is known: z <= 2 + sum of what is never negative
    deep = mlp(1, 1, 1, 1, 1)
    u = zeros(deep, W1=[[1]], b1=[0], W2=[[-1]], b2=[3], W3=[[1]], b3=[-4], W4=[[1]])
    up = bound((2, 0), terms=[(1, 0, "below", "1")])  # 3 - h <= 3
    assert slopes(deep, u, up) == {}
    assert slopes(deep, u, up, bound((3, 0), terms=[(2, 0, "cap", "1")])) == {(3, 0): 0}  # h2 - 4 <= 3 - 4
    _, tight = deep, u | {"b3": np.array([-2.0])}
    assert slopes(deep, tight, up, bound((3, 0), terms=[(2, 0, "cap", "1")])) == {}  # at most 1
    # h2 = -(z2 - h2) + z2 <= ...: `above` and `upper` of another neuron; here of a negative weight
    minus = u | {"W3": np.array([[-1.0]]), "b3": np.array([-1.0])}
    assert slopes(deep, minus, up, bound((3, 0), terms=[(2, 0, "below", "1")])) == {(3, 0): 0}


def test_a_chord_bounds_what_bends_between_two_ends():
    """h2 = relu(2 - h1) lies in [0, 2] and z3 = h2 - 1 in [-1, 1], so that relu(z3) <= (z3 + 1) / 2 = h2 / 2, which is taken off."""
    space = mlp(1, 1, 1, 2, 1, 1)
    v = zeros(space, W1=[[1]], W2=[[-1]], b2=[2], W3=[[1], [1]], b3=[-1, 0], W4=[[1, -0.5]], W5=[[1]])
    up = bound((2, 0), terms=[(1, 0, "below", "1")])
    low, high = bound((3, 0), "lower", [(2, 0, "below", "1")]), bound((3, 0), terms=[(2, 0, "cap", "1")])
    through = bound((3, 1), "lower", [(2, 0, "below", "1")])
    last = bound((4, 0), terms=[(3, 0, "chord", "1")])
    assert slopes(space, v, up, low, high, through, last) == {(3, 1): 1, (4, 0): 0}
    above = v | {"b4": np.array([2.0**-40])}
    assert slopes(space, above, up, low, high, through, last) == {(3, 1): 1}
    no = "a constraint that holds, by bounds before: chord"
    assert slopes(space, v, up, low, through, last) == slopes(space, v, up, high, through, last) == no
    for bias in (1, -1):  # ends of 0 and 2, or of -2 and 0: no kink between them
        shifted = v | {"b3": np.array([-1.0 + bias, 0.0])}
        assert slopes(space, shifted, up, low, high, through, last) == no


def test_the_differences_of_an_activation_with_a_slope_below_zero():
    """|x| = h1; |2 - h1| = h2 lies between h1 - 2 and 2 + h1, so that z3 = h2 - h1 - 1 lies in [-3, 1]; |z3| <= 3/2 - z3 / 2."""
    space = mlp(1, 1, 2, 3, 1, 1, activation="abs")
    v = zeros(
        space, W1=[[1]], W2=[[-1], [1]], b2=[2, 0], W3=[[1, -1], [1, 0], [0, 1]], b3=[-1, 0, 0], W4=[[1, 0.5, -0.5]], b4=[-2], W5=[[1]],
    )  # fmt: skip
    half = [(1, 0, "below", "1/2"), (1, 0, "above", "1/2")]
    before = [
        bound((2, 0), terms=half),
        bound((2, 1), "lower", half),
        bound((3, 0), terms=[(2, 0, "cap", "1")]),
        bound((3, 0), "lower", [(2, 0, "below", "1")]),
        bound((3, 1), "lower", [(2, 0, "below", "1/2"), (2, 0, "above", "1/2")]),
        bound((3, 2), "lower", half),
    ]
    last = bound((4, 0), terms=[(3, 0, "chord", "1")])
    linear = {(2, 1): 1, (3, 1): 1, (3, 2): 1}
    assert slopes(space, v, *before, last) == {**linear, (4, 0): -1}
    assert slopes(space, v | {"b4": np.array([-2 + 2.0**-40])}, *before, last) == linear
    assert slopes(space, v | {"b3": np.array([-2.0, 0, 0])}, *before[:3]) == {(2, 1): 1, (3, 0): -1}
    assert slopes(space, v | {"b3": np.array([-2 + 2.0**-40, 0, 0])}, *before[:3]) == {(2, 1): 1}
    assert slopes(space, v | {"b3": np.array([2.0, 0, 0])}, *before[:2], before[3]) == {(2, 1): 1, (3, 0): 1}
    # the ends themselves, as differences: z3 <= 1 and z3 >= -3, read through |z3| >= z3 and |z3| >= -z3
    reads = v | {"W4": np.array([[-1.0, 0, 0]]), "b4": np.array([0.0])}
    for terms in ([(3, 0, "above", "1"), (3, 0, "lower", "1")], [(3, 0, "below", "1"), (3, 0, "upper", "1")]):
        # -h3 <= -z3 <= 3, and -h3 <= z3 <= 1
        most = 3 if terms[0][2] == "above" else 1
        for bias, found in ((-most, {**linear, (4, 0): -1}), (-most + 1, linear)):
            assert slopes(space, reads | {"b4": np.array([float(bias)])}, *before, bound((4, 0), terms=terms)) == found


def test_neurons_and_layers_of_bounds_are_there_and_in_order():
    space, v = layered()
    good = bound((2, 0), terms=BELOW)
    order = "bounds come by layers, of hidden neurons"
    for wrong, told in (
        (bound((0, 0)), order),
        (bound((3, 0)), "a hidden layer is an integer from 0 to 2"),
        (bound((-1, 0)), "a hidden layer is an integer from 0 to 2"),
        (bound((2, 2), terms=BELOW), "a neuron is an integer from 0 to 1"),
        (bound((2, -1), terms=BELOW), "a neuron is an integer from 0 to 1"),
        (bound((2, 0), terms=[(2, 0, "below", "1")]), "an earlier layer is an integer from 0 to 1"),
        (bound((2, 0), terms=[(0, 0, "below", "1")]), "a constraint is one of a hidden neuron"),
        (bound((2, 0), terms=[(1, 2, "below", "1")]), "a neuron is an integer from 0 to 1"),
        (bound((2, 0), terms=[(1, -1, "below", "1")]), "a neuron is an integer from 0 to 1"),
        (bound((2, 0), terms=[(1, 0, "below", "0")]), "multipliers are positive"),
        (bound((2, 0), terms=[(1, 0, "below", "-1")]), "multipliers are positive"),
        (bound((2, 0), terms=[(1, 0, "below", "1.0")]), "a rational is numerator/denominator, of bounded length"),
    ):
        assert slopes(space, v, wrong) == told, wrong
    _, flat = layered(W1=[[0], [0]])
    assert slopes(space, flat, good, bound((1, 0), "lower")) == order
    assert slopes(space, flat, bound((1, 0), "lower"), good) == {(1, 0): 1, (2, 0): 0}
    for activation in ("tanh", "identity", "gelu"):
        other, u = layered(activation)
        assert slopes(other, u) == "an activation with a kink"
    for activation in ("relu", "leaky-relu", "abs"):
        other, u = layered(activation)
        assert slopes(other, u) == {}


def test_multipliers_are_bounded_in_length_before_they_are_read(monkeypatch):
    space, v = layered()
    terms = [(1, 0, "below", "1"), (1, 1, "below", "1")]
    read = "multipliers that can be read"
    for name, letters, told in (
        ("LETTERS_OF_A_BOUND", 2, {(2, 0): 0}),
        ("LETTERS_OF_A_BOUND", 1, read),
        ("LETTERS", 2, {(2, 0): 0}),
        ("LETTERS", 1, read),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(signs, name, letters)
            assert slopes(space, v, bound((2, 0), terms=terms)) == told
    with monkeypatch.context() as patched:
        patched.setattr(signs, "LETTERS", 3)
        assert slopes(space, v, bound((2, 0), terms=terms), bound((2, 1), "lower", terms)) == read
        patched.setattr(signs, "LETTERS", 4)
        assert slopes(space, v, bound((2, 0), terms=terms), bound((2, 1), "lower", terms)) == {(2, 0): 0, (2, 1): 1}


def test_forms_of_neurons_are_bounded(monkeypatch):
    space, v = layered()
    small = "forms that are small enough to write down"
    # one term a neuron of the layer before: 2 neurons of 1, and 2 of 2
    for work, told in ((2 * 1 + 2 * 2, {}), (2 * 1 + 2 * 2 - 1, small), (1, small)):
        monkeypatch.setattr(signs, "WORK", work)
        assert slopes(space, v) == told


def test_equal_forms_after_signs_are_one_function(monkeypatch):
    one = {"part": Part.FUNCTION, "relation": "equal", "kind": "signs"}
    space, v = layered(W3=[[1, 1]])
    w = v | {"W3": np.array([[9.0, 1.0]])}
    subject = of(space, v, w)
    dead = [bound((2, 0), terms=BELOW)]
    assert said(**one, subject=subject, bounds=[dead, dead]) == ""
    for bounds in ([[], []], [dead, []], [[], dead]):
        assert said(**one, subject=subject, bounds=bounds) == "equal normal forms"
    assert said(**one, subject=of(space, v, w | {"b3": np.array([1.0])}), bounds=[dead, dead]) == "equal normal forms"
    # outputs are not activated: one and its negative have one absolute value
    even, u = layered("abs", W3=[[1, 1]], b3=[1])
    turned = u | {"W3": -u["W3"], "b3": -u["b3"]}
    assert said(**one, subject=of(even, u, u), bounds=[[], []]) == ""
    assert said(**one, subject=of(even, u, turned), bounds=[[], []]) == "equal normal forms"
    # alive for certain: it may be folded into the next layer
    alive = [bound((2, 1), "lower", BELOW)]
    assert said(**one, subject=of(space, v, v), bounds=[alive, alive]) == ""
    # the terms of all that comes in, times the width: x; relu(x + 1) and a feature - x + 1 for relu(1 - x); nothing of the dead
    # neuron, and of the other a feature and its four terms
    monkeypatch.setattr(signs, "WORK", 2 * 1 + 2 * (1 + 3) + 1 * (0 + 5))
    assert said(**one, subject=subject, bounds=[dead, dead]) == ""
    monkeypatch.setattr(signs, "WORK", 2 * 1 + 2 * (1 + 3) + 1 * (0 + 5) - 1)
    assert said(**one, subject=subject, bounds=[dead, dead]) == "normal forms that are small enough to write down"
