"""Normal forms against the function itself, evaluated feature by feature, and against the laws that make them normal."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import mpmath
import numpy as np
import pytest

from orbitcheck.harness.oracles.functions import normal_form
from orbitcheck.harness.oracles.functions.normal_form import FeatureTable, Form, difference
from orbitcheck.harness.weights.activations import ACTIVATIONS
from orbitcheck.harness.weights.space import mlp

LINEAR = ("relu", "leaky-relu", "abs", "identity")


def rational(number: Callable, value: Fraction):
    return value if number is Fraction else mpmath.mpf(value.numerator) / value.denominator


def value_of(tools, table: FeatureTable, forms: list[Form], x: list[Fraction], number: Callable) -> list:
    """The forms at one input, from the arguments of the features."""
    values = {0: number(1)} | {axis: rational(number, coordinate) for axis, coordinate in enumerate(x, 1)}

    def combined(form: Form):
        return sum((rational(number, c) * values[feature] for feature, c in form.items()), number(0))

    for feature, argument in table.arguments.items():
        values[feature] = tools.activated[table.space.activation](combined(argument))
    return [combined(form) for form in forms]


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("fold", [True, False])
def test_the_normal_form_is_the_function(tools, activation: str, fold: bool):
    """At any input the form has the net's value, at any depth: exactly where numbers are rational. 448 nets in all."""
    rng = np.random.default_rng([list(ACTIVATIONS).index(activation), fold])
    number = Fraction if activation in LINEAR else mpmath.mpf
    for trial in range(48 if activation in LINEAR else 8):
        space = mlp(*rng.integers(1, 4, rng.integers(3, 5)).tolist(), activation=activation)
        entries = (-1.0, 0.0, 0.0, 1.0) if trial % 2 else (-1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0)
        v = {name: rng.choice(entries, shape) for name, shape in space.shapes.items()}
        table = FeatureTable(space, fold=fold)
        forms = table.outputs(v)
        assert all(form.values() and all(form.values()) for form in forms if form)
        for x in ([Fraction(int(value), 4) for value in rng.integers(-12, 13, space.widths[0])] for _ in range(3)):
            with mpmath.workprec(200):
                got, wanted = value_of(tools, table, forms, x, number), tools.values(space, v, map(float, x), number)
                tolerance = 0 if number is Fraction else mpmath.mpf(2) ** -150
                assert all(abs(a - b) <= tolerance for a, b in zip(got, wanted, strict=True))


@pytest.mark.parametrize("activation", LINEAR)
@pytest.mark.parametrize("fold", [True, False])
def test_one_hidden_layer_has_one_form_a_function(tools, activation: str, fold: bool):
    """All kinks lie at -1, 0 and 1: two points on each piece settle which functions are equal, and floats hold every value
    exactly. Without folding forms only prove."""
    rng = np.random.default_rng([LINEAR.index(activation), fold])
    space = mlp(1, 3, 1, activation=activation)
    table = FeatureTable(space, fold=fold)
    by_form: dict[frozenset, set] = {}
    by_value: dict[tuple, set] = {}
    for _ in range(200):
        v = {name: rng.choice((-1.0, 0.0, 0.0, 1.0), shape) for name, shape in space.shapes.items()}
        form = frozenset(table.outputs(v)[0].items())
        values = tuple(tools.on_line(space, v).tolist())
        by_form.setdefault(form, set()).add(values)
        by_value.setdefault(values, set()).add(form)
    assert all(len(values) == 1 for values in by_form.values())
    assert len(by_value) < 200
    if fold or activation in ("abs", "identity"):
        assert all(len(forms) == 1 for forms in by_value.values())


@pytest.mark.parametrize("activation", ["relu", "leaky-relu", "abs"])
def test_positive_factors_cancel_and_opposite_arguments_share_a_feature(activation: str):
    space = mlp(2, 3, 3, 1, activation=activation)
    rng = np.random.default_rng(1)
    for _ in range(10):
        v = {name: rng.integers(-4, 5, shape) / 4 for name, shape in space.shapes.items()}
        factors = 2.0 ** rng.integers(-2, 3, 3)
        w = {**v, "W1": v["W1"] * factors[:, None], "b1": v["b1"] * factors, "W2": v["W2"] / factors}
        table = FeatureTable(space)
        assert table.outputs(v) == table.outputs(w)
    # phi(x) - phi(-x) is a multiple of x, by default.
    small = mlp(1, 2, 1, activation=activation)
    v = {"W1": np.array([[1.0], [-1.0]]), "b1": np.zeros(2), "W2": np.array([[1.0, -1.0]]), "b2": np.zeros(1)}
    slope = {"relu": 1, "leaky-relu": Fraction(65, 64), "abs": 0}[activation]
    assert FeatureTable(small).outputs(v) == [{1: slope} if slope else {}]


@pytest.mark.parametrize("activation", ["tanh", "sine", "abs"])
@pytest.mark.parametrize("fold", [True, False])
def test_signs_cancel_where_that_adds_nothing_whether_or_not_forms_are_folded(activation: str, fold: bool):
    space = mlp(2, 2, 1, activation=activation)
    rng = np.random.default_rng(0)
    for _ in range(10):
        v = {name: rng.integers(1, 5, shape) * rng.choice((-0.5, 0.5), shape) for name, shape in space.shapes.items()}
        flip = np.array([-1.0, 1.0])
        w = {**v, "W1": v["W1"] * flip[:, None], "b1": v["b1"] * flip}
        if activation != "abs":
            w["W2"] = v["W2"] * flip
        table = FeatureTable(space, fold=fold)
        assert table.outputs(v) == table.outputs(w)
        assert len(table.arguments) == 2


@pytest.mark.parametrize("activation", ["relu", "abs"])
def test_what_is_never_negative_passes_through(activation: str):
    """A second layer over features and a bias of one sign adds no feature of its own: it is linear there, or dead."""
    space = mlp(2, 3, 1, 1, activation=activation)
    v = {
        "W1": np.array([[1.0, 0.5], [0.5, -1.0], [1.0, 2.0]]),
        "b1": np.array([1.0, 0.0, -1.0]),
        "W2": np.array([[1.0, 2.0, 0.5]]),
        "b2": np.array([0.25]),
        "W3": np.array([[3.0]]),
        "b3": np.array([1.0]),
    }
    shallow = mlp(2, 3, 1, activation=activation)
    table = FeatureTable(space)
    (form,) = table.outputs(v)
    assert [form] == FeatureTable(shallow).outputs({**v, "W2": 3 * v["W2"], "b2": 3 * v["b2"] + v["b3"]})
    assert sorted(form) == [0, *table.arguments] and len(table.arguments) == 3
    opposite = {**v, "W2": -v["W2"], "b2": -v["b2"]}
    assert table.outputs(opposite) == ([{0: Fraction(1)}] if activation == "relu" else [form])
    # An input may be negative, and so may features of several signs.
    for other in ({**v, "W2": v["W2"] * [[1, -1, 1]]}, {**v, "b2": -v["b2"]}):
        assert len(set(table.outputs(other)[0]) - {0, 3, 4, 5}) == 1


def test_forms_are_made_only_within_the_budget(monkeypatch: pytest.MonkeyPatch):
    assert FeatureTable.affordable(mlp(2, 32, 32, 1)).fold
    assert not FeatureTable.affordable(mlp(100, 400, 400, 100)).fold
    assert FeatureTable.affordable(mlp(1000, 1000, 1000, 10)) is None
    assert difference({1: Fraction(1)}, {1: Fraction(1)}) == {}
    space = mlp(2, 3, 4, 5)
    folded, plain = (FeatureTable(space, fold=fold).products for fold in (True, False))
    assert (folded, plain) == (2 * 3 * 1 + 3 * 4 * (2 + 2) + 4 * 5 * (2 + 2 + 3), 2 * 3 + 3 * 4 + 4 * 5)
    for budget, wanted in ((folded, True), (folded - 1, False), (plain, False)):
        monkeypatch.setattr(normal_form, "MAX_PRODUCTS", budget)
        assert FeatureTable.affordable(space).fold is wanted
    monkeypatch.setattr(normal_form, "MAX_PRODUCTS", plain - 1)
    assert FeatureTable.affordable(space) is None


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("fold", [True, False])
def test_the_number_of_products_is_attained_and_never_passed(
    monkeypatch: pytest.MonkeyPatch, activation: str, fold: bool
):
    """Where every leading coefficient is negative, folding makes every form as long as it gets."""
    done = []
    honest = normal_form._neuron

    def counted(row: list[float], bias: float, layer: list[Form]) -> Form:
        done.append(sum(len(form) for form in layer))
        return honest(row, bias, layer)

    monkeypatch.setattr(normal_form, "_neuron", counted)
    rng = np.random.default_rng(0)
    space = mlp(2, 3, 4, 3, 2, activation=activation)
    for trial in range(3):
        v = {name: rng.normal(size=shape) for name, shape in space.shapes.items()}
        if trial == 0:
            v = {name: np.abs(array) if name[0] == "W" else -np.abs(array) for name, array in v.items()}
            v["W1"] = -v["W1"]
        table = FeatureTable(space, fold=fold)
        done.clear()
        table.outputs(v)
        if trial == 0:
            assert sum(done) == table.products
        elif activation != "abs" and (fold or activation != "relu"):  # these may pass whole combinations on
            assert sum(done) <= table.products
