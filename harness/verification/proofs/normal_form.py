"""One function: equal normal forms of all outputs, as combinations of the constant, the inputs and values of the activation; of factor
pairs one or two, by their products."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from itertools import product
from typing import Any

from ...core.certificates import Part
from ...core.certificates.normal_form import PRODUCTS, DifferentProducts
from ...weights.networks.forms import has_function
from ...weights.pair import Vector
from ...weights.space import WeightSpace
from ..exact.realised import SMOOTH, slopes_of
from ..exact.refuted import demand, index
from ..exact.subject import Subject

Form = dict[int, Fraction]
"""A combination: 0 is the constant, positive numbers are inputs, negative ones values of the activation."""
WORK = 1_000_000
"""Products of rationals a net."""


def equal_forms(subject: Subject, said: object) -> None:
    known: dict[frozenset[Any], int] = {}
    v, w = (normal_form(subject.space, net, known) for net in subject.nets)
    demand(v == w, "equal normal forms")


def normal_form(space: WeightSpace, net: Vector, known: dict[frozenset[Any], int]) -> list[Form]:
    """Outputs as combinations of features; equal combinations, numbered by one dictionary, are equal functions."""
    inputs = [{i: Fraction(1)} for i in range(1, space.widths[0] + 1)]
    return _outputs(space, net, inputs, lambda form: feature(space.activation, form, known))


def combination(parts: Iterable[tuple[Any, Form]]) -> Form:
    """The sum of multiples of forms, without zeros."""
    total: Form = {}
    for factor, form in parts:
        for feature, coefficient in form.items():
            total[feature] = total.get(feature, Fraction(0)) + Fraction(factor) * coefficient
    return {feature: coefficient for feature, coefficient in total.items() if coefficient}


def _outputs(space: WeightSpace, net: Vector, forms: list[Form], activated: Callable[[Form], Form]) -> list[Form]:
    """What the net makes of these inputs."""
    work = 0
    for layer in range(1, len(space.widths)):
        inputs = forms if layer == 1 else [activated(form) for form in forms]
        work += space.widths[layer] * sum(map(len, inputs))
        demand(work <= WORK, "normal forms that are small enough to write down")
        forms = [
            combination([(bias, {0: Fraction(1)}), *zip(row, inputs, strict=True)])
            for row, bias in zip(net[f"W{layer}"].tolist(), net[f"b{layer}"].tolist(), strict=True)
        ]
    return forms


def feature(activation: str, z: Form, known: dict[frozenset[Any], int]) -> Form:
    """`phi(z)` in features."""
    slopes = slopes_of(activation)
    demand(slopes is not None or activation in SMOOTH, "an activation with exact arithmetic")
    if not z or activation == "identity":
        return z  # every activation is zero at zero
    never_negative = set(z) == {0} or (activation in ("relu", "abs") and max(z) <= 0)
    if slopes and never_negative and len({value > 0 for value in z.values()}) == 1:
        return combination([(slopes[next(iter(z.values())) > 0], z)])  # one sign for every input
    lead = z[min(z, key=lambda feature: (feature == 0, feature < 0, abs(feature)))]
    scale, sign = abs(lead) if slopes else Fraction(1), 1 if lead > 0 else -1
    key = frozenset((feature, sign * value / scale) for feature, value in z.items())
    feature = {known.setdefault(key, -1 - len(known)): scale}
    if activation in ("tanh", "sine"):
        return combination([(sign, feature)])
    skew = sum(slopes) if slopes else 1  # phi(-y) = phi(y) - skew y for all the others
    return combination([(1, feature), (skew if sign < 0 else 0, z)])


def are_factors(space: WeightSpace) -> bool:
    """Whether the space is one of factor pairs `A_k`, `B_k`, whose function is `x -> B_k A_k x`, of few enough entries."""
    if space.network is None or space.network.name != "lora" or not has_function(space):
        return False
    size = space.size
    pairs = range(1, len(space.tensors) // 2 + 1)
    return sum(size[f"out{k}"] * size[f"r{k}"] * size[f"in{k}"] for k in pairs) <= PRODUCTS


def product_entry(net: Vector, layer: int, row: int, column: int) -> Fraction:
    """One entry of `B A`."""
    inner = zip(net[f"B{layer}"][row].tolist(), net[f"A{layer}"][:, column].tolist(), strict=True)
    return sum((Fraction(b) * Fraction(a) for b, a in inner), Fraction(0))


def first_difference(subject: Subject) -> tuple[int, int, int] | None:
    """Layer, row and column of the first entry in which the products differ."""
    size, (v, w) = subject.space.size, subject.nets
    for layer in range(1, len(subject.space.tensors) // 2 + 1):
        for row, column in product(range(size[f"out{layer}"]), range(size[f"in{layer}"])):
            if product_entry(v, layer, row, column) != product_entry(w, layer, row, column):
                return layer, row, column
    return None


def equal_products(subject: Subject, said: object) -> None:
    """All entries of all products agree."""
    demand(are_factors(subject.space), "factor pairs")
    demand(first_difference(subject) is None, "equal products of the factors")


def different_products(subject: Subject, said: DifferentProducts) -> None:
    """The stated entries differ."""
    demand(are_factors(subject.space), "factor pairs")
    size = subject.space.size
    layer = index(said["layer"], len(subject.space.tensors) // 2 + 1, "a layer")
    demand(layer > 0, "layers are counted from 1")
    row, column = (
        index(said["row"], size[f"out{layer}"], "a row"),
        index(said["column"], size[f"in{layer}"], "a column"),
    )
    v, w = (product_entry(net, layer, row, column) for net in subject.nets)
    demand(v != w, "the products differ there")


CHECKS = {
    (Part.FUNCTION, "equal", "normal-form"): equal_forms,
    (Part.FUNCTION, "equal", "products"): equal_products,
    (Part.FUNCTION, "different", "products"): different_products,
}
