"""One function: equal normal forms, once bounds prove that the arguments of some neurons keep one sign for every input.

A bound is checked as an identity of affine forms over the inputs and the values of all neurons that are not linear: the argument
plus multiples of what is never negative is a constant, so the argument is at most that constant everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from ...core.certificates import Part
from ...core.certificates.signs import LETTERS, LETTERS_OF_A_BOUND, BoundRecord, EqualAfterSigns
from ...weights.pair import Vector
from ...weights.space import WeightSpace
from ..exact.realised import slopes_of
from ..exact.refuted import demand, index, rational
from ..exact.subject import Subject
from .normal_form import WORK, Form, combination, feature

Neuron = tuple[int, int]
"""Layer and index."""


def equal_after_signs(subject: Subject, said: EqualAfterSigns) -> None:
    known: dict[frozenset[Any], int] = {}
    v, w = (
        _normal_form(subject.space, net, linear_neurons(subject.space, net, bounds), known)
        for net, bounds in zip(subject.nets, said["bounds"], strict=True)
    )
    demand(v == w, "equal normal forms")


def linear_neurons(space: WeightSpace, net: Vector, bounds: Sequence[BoundRecord]) -> dict[Neuron, Fraction]:
    """The slope of every neuron whose argument the bounds give one sign."""
    below, above = slopes_of(space.activation) or (Fraction(0), Fraction(0))
    demand(below < above, "an activation with a kink")
    letters = [sum(len(term[3]) for term in bound["terms"]) for bound in bounds]
    demand(max(letters, default=0) <= LETTERS_OF_A_BOUND and sum(letters) <= LETTERS, "multipliers that can be read")
    last = len(space.widths) - 1
    placed = [(index(bound["neuron"][0], last, "a hidden layer"), bound) for bound in bounds]
    places = {
        (layer, i): 1 + sum(space.widths[:layer]) + i for layer in range(last) for i in range(space.widths[layer])
    }
    z: dict[Neuron, Form] = {}
    h: dict[Neuron, Form] = {(0, i): {places[0, i]: Fraction(1)} for i in range(space.widths[0])}
    ends: dict[tuple[Neuron, str], Fraction] = {}
    slopes: dict[Neuron, Fraction] = {}
    work = 0

    def never_negative(other: Neuron, constraint: str) -> Form:
        """The difference that a constraint names."""
        low, high = ends.get((other, "lower")), ends.get((other, "upper"))
        if constraint in ("below", "above"):
            return combination([(1, h[other]), (-(below if constraint == "below" else above), z[other])])
        if constraint == "upper" and high is not None:
            return combination([(high, {0: Fraction(1)}), (-1, z[other])])
        if constraint == "lower" and low is not None:
            return combination([(-low, {0: Fraction(1)}), (1, z[other])])
        if constraint == "cap" and high is not None and high > 0:
            # Of all inputs with z <= u none has a larger h than the line of slope a through (u, b u).
            return combination([((above - below) * high, {0: Fraction(1)}), (below, z[other]), (-1, h[other])])
        known = constraint == "chord" and low is not None and high is not None and low < 0 < high
        demand(known, f"a constraint that holds, by bounds before: {constraint}")
        assert low is not None and high is not None
        slope = (above * high - below * low) / (high - low)
        return combination([(below * low - slope * low, {0: Fraction(1)}), (slope, z[other]), (-1, h[other])])

    for layer in range(1, last):
        for i, (row, bias) in enumerate(zip(net[f"W{layer}"].tolist(), net[f"b{layer}"].tolist(), strict=True)):
            work += sum(len(h[layer - 1, j]) for j in range(len(row)))
            demand(work <= WORK, "forms that are small enough to write down")
            z[layer, i] = combination([(bias, {0: Fraction(1)}), *((w, h[layer - 1, j]) for j, w in enumerate(row))])
        while placed and placed[0][0] == layer:
            bound = placed.pop(0)[1]
            neuron = layer, index(bound["neuron"][1], space.widths[layer], "a neuron")
            sign = 1 if bound["side"] == "upper" else -1
            parts: list[tuple[Any, Form]] = [(sign, z[neuron])]
            for below_layer, j, constraint, text in bound["terms"]:
                other = index(below_layer, layer, "an earlier layer"), j
                demand(other[0] > 0, "a constraint is one of a hidden neuron")
                index(j, space.widths[other[0]], "a neuron")
                multiplier = rational(text)
                demand(multiplier > 0, "multipliers are positive")
                parts.append((multiplier, never_negative(other, constraint)))
            rest = combination(parts)
            demand(set(rest) <= {0}, "the argument and its terms sum up to a constant")
            value = sign * rest.get(0, Fraction(0))
            ends[neuron, bound["side"]] = value
            if sign * value <= 0:
                slopes[neuron] = below if sign > 0 else above
        for i in range(space.widths[layer]):
            neuron = layer, i
            h[neuron] = (
                combination([(slopes[neuron], z[neuron])]) if neuron in slopes else {places[neuron]: Fraction(1)}
            )
    demand(not placed, "bounds come by layers, of hidden neurons")
    return slopes


def _normal_form(
    space: WeightSpace, net: Vector, slopes: dict[Neuron, Fraction], known: dict[frozenset[Any], int]
) -> list[Form]:
    """Outputs as combinations of features, linear neurons being combinations themselves."""
    forms: list[Form] = [{i: Fraction(1)} for i in range(1, space.widths[0] + 1)]
    last, work = len(space.widths) - 1, 0
    for layer in range(1, last + 1):
        work += space.widths[layer] * sum(map(len, forms))
        demand(work <= WORK, "normal forms that are small enough to write down")
        forms = [
            combination([(bias, {0: Fraction(1)}), *zip(row, forms, strict=True)])
            for row, bias in zip(net[f"W{layer}"].tolist(), net[f"b{layer}"].tolist(), strict=True)
        ]
        if layer < last:
            forms = [
                combination([(slopes[layer, i], form)])
                if (layer, i) in slopes
                else feature(space.activation, form, known)
                for i, form in enumerate(forms)
            ]
    return forms


CHECKS = {(Part.FUNCTION, "equal", "signs"): equal_after_signs}
