"""What proofs are checked with, by hand and against slow independent code: numbers, realised functions, refinement, subjects."""

from __future__ import annotations

import itertools
from fractions import Fraction

import mpmath
import numpy as np
import pytest

from orbitcheck.harness.core.certificates import Part
from orbitcheck.harness.verification.exact.realised import PLACES, STEEPEST, Realised, places, realised
from orbitcheck.harness.verification.exact.refuted import Refuted, demand, floating, index, number, rational
from orbitcheck.harness.verification.exact.structure import Structure, differ
from orbitcheck.harness.verification.exact.subject import Subject
from orbitcheck.harness.weights.space import WeightSpace, mlp


def refused(read, *given) -> str:
    with pytest.raises(Refuted) as caught:
        read(*given)
    return str(caught.value)


# Numbers.


def test_a_demand_is_met_or_refuted_by_its_statement():
    demand(1, "nothing")
    for never in (False, 0, None, [], ""):
        assert refused(demand, never, "this and that") == "does not hold: this and that"


def test_an_index_is_an_integer_in_range():
    assert [index(i, 3, "a layer") for i in range(3)] == [0, 1, 2]
    for wrong in (-1, 3, True, False, 1.0, "1", None, 10**30):
        assert refused(index, wrong, 3, "a layer") == "does not hold: a layer is an integer from 0 to 2"
    assert refused(index, 0, 0, "a layer") == "does not hold: a layer is an integer from 0 to -1"


SHAPE, LOWEST = (
    "does not hold: a rational is numerator/denominator, of bounded length",
    "does not hold: a rational is in lowest terms",
)


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", 0), ("-3", -3), ("7/2", Fraction(7, 2)), ("-1/3", Fraction(-1, 3)), ("9" * 4300, 10**4300 - 1), ("10", 10)],
)  # fmt: skip
def test_rationals_are_read(text, value):
    assert rational(text) == value
    assert number(text) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        *((text, SHAPE) for text in ("", "1e9", "1.5", "+1", " 1", "1 ", "01", "1/0", "1/02", "--1", "/2", "nan", "1/-2", "9" * 4301)),
        *((text, SHAPE) for text in (None, 1, 1.0, True, ["1"])),
        *((text, LOWEST) for text in ("2/4", "4/2", "-0", "0/3", "3/1")),
    ],
)  # fmt: skip
def test_what_is_no_rational_in_lowest_terms_is_refused(text, said):
    assert refused(rational, text) == said
    assert refused(number, text) == said


@pytest.mark.parametrize("value", [0.0, 1.0, -2.5, 0.1, 2.0**-1074, 1.7976931348623157e308, 1e-310])
def test_floats_are_read_as_python_writes_them(value):
    text = value.hex()
    assert floating(text) == value
    assert number(text) == Fraction(value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        *((text, "does not hold: a float is in hexadecimal") for text in ("", "1.0", "0x1", "inf", "nan", "0x2.0p+0", "0x1.0p0")),
        *((text, "does not hold: a float is in hexadecimal") for text in ("0x1.0p+99999", "0X1.0P+0", "0x1.00000000000000p+0", None, 1.0)),
        *((text, "does not hold: a float is finite and exact") for text in ("0x1.0p+1024", "0x1.0p+9999", "0x1.00p+0", "0x1.0p-1075")),
        *((text, "does not hold: a float is finite and exact") for text in ("0x1.0p+01", "0x0.8p+0", "-0x1.0p+1024")),
    ],
)  # fmt: skip
def test_what_is_no_float_is_refused(text, said):
    assert refused(floating, text) == said
    if text and "x" in str(text):
        assert refused(number, text) == said


def test_an_x_makes_a_float_of_a_number_and_nothing_makes_one_of_no_text():
    assert number((3.0).hex()) == 3
    assert refused(number, "x") == "does not hold: a float is in hexadecimal"
    for wrong in (None, 3, ["x"]):
        assert refused(number, wrong) == SHAPE


# Realised functions.

F = Fraction


def net(activation: str):
    """Two inputs, two neurons, two outputs; arguments 3/2 and -1/4 at (1, -1/2)."""
    space = mlp(2, 2, 2, activation=activation)
    v = {
        "W1": np.array([[2.0, 3.0], [-1.0, 0.5]]),
        "b1": np.array([1.0, 1.0]),
        "W2": np.array([[1.0, -4.0], [0.0, 8.0]]),
        "b2": np.array([0.25, -1.0]),
    }
    return space, v


@pytest.mark.parametrize(
    ("activation", "h"),
    [
        ("relu", (F(3, 2), F(0))),
        ("leaky-relu", (F(3, 2), F(-1, 256))),
        ("abs", (F(3, 2), F(1, 4))),
        ("identity", (F(3, 2), F(-1, 4))),
    ],
)
def test_piecewise_linear_nets_are_realised_exactly(activation, h):
    space, v = net(activation)
    made = realised(space, v, [F(1), F(-1, 2)])
    assert made == Realised((F(3, 2), F(-1, 4)), (h[0] - 4 * h[1] + F(1, 4), 8 * h[1] - 1), (F(0), F(0)))
    wide = mlp(2, 3, 1, activation=activation)
    assert refused(realised, wide, v, [F(1)]) == "does not hold: an input has 2 coordinates"
    half = realised(space, v, [F(0), F(-1, 6)])  # arguments 1/2 and 11/12
    assert half.arguments == (F(1, 2), F(11, 12)) and half.values == (F(1, 2) - F(11, 3) + F(1, 4), F(22, 3) - 1)


def precisely(activation: str, z: Fraction):
    """At five times the precision, by other formulas."""
    x = mpmath.mpf(z.numerator) / z.denominator
    return {
        "tanh": lambda: 1 - 2 / (mpmath.exp(2 * x) + 1),
        "sine": lambda: mpmath.cos(x - mpmath.pi / 2),
        "gelu": lambda: x * (1 + mpmath.erf(x / mpmath.sqrt(2))) / 2,
        "silu": lambda: x * (1 + mpmath.tanh(x / 2)) / 2,
    }[activation]()


SLACK = F(1, 2 ** (PLACES - 8))


@pytest.mark.parametrize("activation", ["tanh", "sine", "gelu", "silu"])
def test_smooth_nets_are_realised_within_their_errors(activation):
    space, v = net(activation)
    made = realised(space, v, [F(1), F(-1, 2)])
    assert made.arguments == (F(3, 2), F(-1, 4))
    assert made.errors == (5 * SLACK, 8 * SLACK)  # |1| + |-4| and |8| of one rounding each
    with mpmath.workprec(1200):
        h = [precisely(activation, z) for z in made.arguments]
        for value, error, true in zip(made.values, made.errors, (h[0] - 4 * h[1] + 0.25, 8 * h[1] - 1), strict=True):
            assert abs(mpmath.mpf(value.numerator) / value.denominator - true) < mpmath.mpf(1) / 2 ** (PLACES - 6)
            assert value.denominator <= 2**PLACES and error > 0


@pytest.mark.parametrize("activation", ["tanh", "sine", "gelu", "silu"])
@pytest.mark.parametrize(
    "z",
    [
        F(0),
        F(1, 2**80),
        F(-7),
        F(39, 2),
        F(4000),
        F(-4000),
        F(4001),
        F(-4001),
        F(10**9),
        F(-(10**9)),
        F(3 * 10**14 + 1, 3),
    ],
)
def test_one_activation_is_right_to_so_many_places(activation, z):
    space = mlp(1, 1, 1, activation=activation)
    v = {"W1": np.ones((1, 1)), "b1": np.zeros(1), "W2": np.ones((1, 1)), "b2": np.zeros(1)}
    made = realised(space, v, [z])
    assert made.errors == ((SLACK,) if z else (0,))
    with mpmath.workprec(8000):
        wrong = abs(mpmath.mpf(made.values[0].numerator) / made.values[0].denominator - precisely(activation, z))
        assert wrong <= mpmath.mpf(2) ** -PLACES
    if abs(z) > 4000 and activation != "sine":
        assert made.values == (F(z > 0) * 2 - 1 if activation == "tanh" else max(z, F(0)),)
    elif z:
        assert (made.values[0] * 2**PLACES).denominator == 1  # a number of so many places, as all that is not saturated


def test_errors_grow_by_the_steepest_slope_from_layer_to_layer():
    space = mlp(1, 1, 1, 1, activation="tanh")
    v = {"W1": np.ones((1, 1)), "b1": np.zeros(1), "W2": np.full((1, 1), -2.0), "b2": np.zeros(1)}
    made = realised(space, v | {"W3": np.full((1, 1), 3.0), "b3": np.zeros(1)}, [F(1, 2)])
    assert made.errors == (3 * (STEEPEST * 2 * SLACK + SLACK),)
    assert F(113, 100) <= STEEPEST
    # an argument that is zero but for an error is none that is zero
    flat = v | {"W2": np.zeros((1, 1)), "W3": np.ones((1, 1)), "b3": np.zeros(1)}
    assert realised(space, flat, [F(1, 2)]).errors == (0,)
    level = {name: np.zeros_like(array) for name, array in (v | {"W3": np.ones((1, 1)), "b3": np.zeros(1)}).items()}
    assert realised(space, level, [F(1, 2)]) == Realised((F(0), F(0)), (F(0),), (F(0),))


def test_a_cancelled_argument_keeps_its_error():
    """Two neurons that cancel exactly: the argument is 0, and off by what each may be."""
    space = mlp(1, 2, 1, 1, activation="tanh")
    v = {
        "W1": np.ones((2, 1)), "b1": np.zeros(2), "W2": np.array([[1.0, -1.0]]), "b2": np.zeros(1), "W3": np.ones((1, 1)), "b3": np.zeros(1),
    }  # fmt: skip
    made = realised(space, v, [F(1)])
    assert made.values == (0,) and made.errors == (STEEPEST * 2 * SLACK + SLACK,)


def test_places_are_the_origin_and_eight_more_of_both_signs():
    assert [*places(mlp(1, 1, 1))] == [[F(0)], *([F(3 * (n + 1) * (1 - 2 * (n % 2)), 8)] for n in range(8))]
    many = [*places(mlp(4, 1, 1))]
    signs = [tuple(x > 0 for x in place[:3]) for place in many[1:]]
    assert {*signs} == {*itertools.product((True, False), repeat=3)} and signs[0] == (True, True, True)
    assert [place[3] > 0 for place in many[1:]] == [place[0] > 0 for place in many[1:]]
    assert [[abs(x) for x in place] for place in many[1:]] == [
        [F(n * (2 * i + 3), 8) for i in range(4)] for n in range(1, 9)
    ]
    assert many[0] == [0] * 4


# Refinement.


def partition(colours) -> set[frozenset]:
    classes: dict[int, set] = {}
    for node, colour in colours.items():
        classes.setdefault(colour, set()).add(node)
    return {frozenset(nodes) for nodes in classes.values()}


def slow(space: WeightSpace, nets, rounds: int, marks=(), back: bool = True) -> set[frozenset]:
    """Refinement by nested tuples, never renamed: the colour of a node is all that it saw."""
    axes = list(space.size)
    nodes = [(n, p, i) for n in range(2) for p, axis in enumerate(axes) for i in range(space.size[axis])]

    def entries(node):
        n, p, i = node
        own = []
        for name, of in space.tensors:
            if of == (axes[p],):
                own.append((name, float(nets[n][name][i])))
            if of == ():
                own.append((name, float(nets[n][name])))
        return tuple(own)

    def label(a, b):
        (n, p, i), (_, q, j) = a, b
        seen = []
        for name, of in space.tensors:
            if of == (axes[p], axes[q]):
                seen.append((name, 0, float(nets[n][name][i, j])))
            if back and of == (axes[q], axes[p]):
                seen.append((name, 1, float(nets[n][name][j, i])))
        return (a == b, tuple(sorted(seen))) if seen else None

    colour = {
        node: (
            node[1],
            None if axes[node[1]] in space.permuted else node[2],
            entries(node),
            tuple(node in mark for mark in marks),
        )
        for node in nodes
    }
    for _ in range(rounds):
        colour = {
            a: (
                colour[a],
                tuple(sorted(repr((label(a, b), colour[b])) for b in nodes if b[0] == a[0] and label(a, b))),
            )
            for a in nodes
        }
    names = {each: number for number, each in enumerate(dict.fromkeys(map(repr, colour.values())))}
    return partition({node: names[repr(each)] for node, each in colour.items()})


SPACES = {
    "mlp": mlp(2, 3, 2, 1),
    "square": WeightSpace((("A", ("n", "n")), ("b", ("n",)), ("B", ("n", "m"))), (("n", 3), ("m", 2)), ("n",)),
    "scalar": WeightSpace((("A", ("n", "m")), ("c", ()), ("b", ("m",))), (("n", 3), ("m", 3)), ("n", "m")),
}


def vector(space: WeightSpace, rng) -> dict[str, np.ndarray]:
    return {name: rng.integers(0, 2, shape).astype(float) for name, shape in space.shapes.items()}


@pytest.mark.parametrize("name", SPACES)
def test_colours_are_those_of_the_definition(name):
    space, rng = SPACES[name], np.random.default_rng(5)
    for _ in range(4):
        nets = [vector(space, rng), vector(space, rng)]
        structure = Structure(space, nets)
        marks = [{structure.nodes[0], structure.nodes[-1]}, {structure.nodes[1]}]
        for rounds, given, back in ((0, (), True), (1, (), True), (2, (), True), (1, marks, True), (2, (), False)):
            assert partition(structure.colours(rounds, given, back)) == slow(space, nets, rounds, given, back)
        stable = structure.colours()
        assert partition(stable) == partition(structure.colours(len(structure.nodes) + 3))
        assert partition(stable) == slow(space, nets, 3)
        parted = [differ(structure.colours(t)) for t in range(len(structure.nodes) + 1)]
        assert structure.parted() == parted[-1]
        assert parted == sorted(parted), "what is parted stays parted"
        assert structure.parted(0) == parted[0] and structure.parted(1) == parted[1]
        assert structure.parted(0, [{structure.nodes[0]}]) is True  # one node of one net alone is marked


def test_copies_are_never_parted_and_a_bias_parts_at_once():
    space, rng = mlp(2, 4, 3, 1), np.random.default_rng(0)
    v = {name: rng.standard_normal(shape) for name, shape in space.shapes.items()}
    order = [2, 0, 3, 1]
    w = v | {"W1": v["W1"][order], "b1": v["b1"][order], "W2": v["W2"][:, order]}
    assert not Structure(space, [v, w]).parted()
    assert Structure(space, [v, w | {"b1": w["b1"] + 1}]).parted(0)
    late = Structure(space, [v, w | {"W2": w["W2"] + 1}])
    assert late.parted(1) and not late.parted(0)
    assert Structure(space, [v, w]).sizes == [2, 4, 3, 1]


def test_a_node_is_named_by_net_layer_and_index_in_range():
    structure = Structure(mlp(2, 4, 1), [vector(mlp(2, 4, 1), np.random.default_rng(0))] * 2)
    assert structure.node(1, 1, 3) == (1, 1, 3)
    for wrong, said in (
        ((2, 1, 3), "the net of a neuron is an integer from 0 to 1"),
        ((0, 3, 0), "the layer of a neuron is an integer from 0 to 2"),
        ((0, 1, 4), "a neuron is an integer from 0 to 3"),
        ((True, 1, 3), "the net of a neuron is an integer from 0 to 1"),
        ((0, -1, 0), "the layer of a neuron is an integer from 0 to 2"),
    ):
        assert refused(structure.node, *wrong) == f"does not hold: {said}"


def test_tensors_of_three_axes_are_refused():
    space = WeightSpace((("A", ("n", "m", "k")),), (("n", 2), ("m", 2), ("k", 2)), ("n",))
    said = "does not hold: tensors have two axes at most, to be refined here"
    assert refused(Structure, space, [vector(space, np.random.default_rng(0))] * 2) == said


def test_histograms_differ_by_counts_and_not_by_order():
    assert not differ({(0, 0, 0): 1, (0, 0, 1): 2, (1, 0, 0): 2, (1, 0, 1): 1})
    assert differ({(0, 0, 0): 1, (0, 0, 1): 2, (1, 0, 0): 2, (1, 0, 1): 2})


def test_a_subject_refines_its_own_vectors_once():
    space = mlp(1, 2, 1)
    nets = [vector(space, np.random.default_rng(i)) for i in range(2)]
    subject = Subject(space, nets, {Part.ORBIT: "same"})
    assert subject.structure is subject.structure
    assert subject.structure.colours() == Structure(space, nets).colours()


@pytest.mark.parametrize("name", SPACES)
def test_edges_have_one_label_where_all_entries_of_both_directions_agree(name):
    """Also between nets, and none where no tensor joins the axes."""
    space, rng = SPACES[name], np.random.default_rng(6)
    axes, nets = list(space.size), [vector(space, rng), vector(space, rng)]
    structure = Structure(space, nets)
    assert structure.space is space

    def seen(a, b):
        (n, p, i), (_, q, j) = a, b
        out = [(name, 0, nets[n][name][i, j]) for name, of in space.tensors if of == (axes[p], axes[q])]
        back = [(name, 1, nets[n][name][j, i]) for name, of in space.tensors if of == (axes[q], axes[p])]
        return (a == b, *out, *back) if out + back else None

    labels = {
        (a, b): (structure.edge(a, b), seen(a, b)) for a in structure.nodes for b in structure.nodes if a[0] == b[0]
    }
    assert all((number is None) == (entries is None) for number, entries in labels.values())
    told = dict(labels.values())
    assert len({*told.values()}) == len(told), "two labels are never one"
    assert all(told[number] == entries for number, entries in labels.values()), "one label is never two"
