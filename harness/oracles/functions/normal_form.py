"""A normal form of the function that a net computes: equal forms prove equal functions, with one hidden layer also conversely.

A neuron is an exact rational combination of *features*: the constant, the inputs, and `phi(z)` for distinct combinations z.
For every activation `phi(-z)` is `-phi(z)` or `phi(z) - c z`, so z can be given a canonical sign; relu, leaky-relu and abs are
positively homogeneous, so z can be given a leading coefficient of +-1. Dead neurons vanish, duplicates add up, rescaling by any
positive factor and sign flips cancel, at any depth and for any order of the neurons.

Piecewise-linear nets with one hidden layer have one form per function: features with different kinks are linearly independent.
For deeper or smooth nets different forms prove nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import accumulate
from types import MappingProxyType
from typing import TYPE_CHECKING

from ...weights.activations import ACTIVATIONS
from ...weights.space import WeightSpace

if TYPE_CHECKING:
    from ...weights.pair import Vector

Form = dict[int, Fraction]
"""Feature number -> non-zero coefficient; feature 0 is the constant 1, features 1, ..., n_0 are the inputs."""

MAX_PRODUCTS = 1_000_000
"""Nets whose form takes more products of rationals than this get none; about four seconds."""


class FeatureTable:
    """The features of nets of one space; forms can be compared if they come from one table.

    Args:
        fold: give z a canonical sign also where that adds a multiple of z (`Activation.skew`), which makes forms dense in deep nets.

    `arguments[number]` is the combination z of feature number `phi(z)`.
    """

    def __init__(self, space: WeightSpace, *, fold: bool = True):
        self.space = space
        self.fold = fold
        self.arguments: dict[int, Form] = {}
        self._numbers: dict[frozenset[tuple[int, Fraction]], int] = {}

    @staticmethod
    def affordable(space: WeightSpace) -> FeatureTable | None:
        """The table that proves most within `MAX_PRODUCTS`, or None if no table does."""
        tables = (FeatureTable(space, fold=fold) for fold in (True, False))
        return next((table for table in tables if table.products <= MAX_PRODUCTS), None)

    @property
    def products(self) -> int:
        """Products of rationals that one net takes at most; where neurons pass whole combinations on (`Activation.non_negative`), more."""
        widths = self.space.widths
        activation = self.space.activation
        # A neuron is a combination of the constant and the inputs, one feature, or one feature and the constant, the inputs
        # and the features of all earlier layers.
        if activation == "identity":
            terms = [1] + [widths[0] + 1] * len(widths)
        elif self.fold and ACTIVATIONS[activation].skew:
            terms = [1, *(2 + earlier for earlier in accumulate(widths))]
        else:
            terms = [1] * len(widths)
        return sum(widths[layer] * widths[layer - 1] * terms[layer - 1] for layer in range(1, len(widths)))

    def alongside(self, space: WeightSpace) -> FeatureTable:
        """A table for nets of another space with the same inputs and activation, whose forms can be compared with this one's."""
        other = FeatureTable(space, fold=self.fold)
        other.arguments, other._numbers = self.arguments, self._numbers
        return other

    def outputs(self, v: Vector, slopes: Mapping[tuple[int, int], Fraction] = MappingProxyType({})) -> list[Form]:
        """The normal forms of the net's outputs.

        Args:
            slopes: (hidden layer, index) -> the slope of neurons that are known to be linear (`signs.py`).
        """
        return self.layers(v, slopes)[-1]

    def layers(self, v: Vector, slopes: Mapping[tuple[int, int], Fraction] = MappingProxyType({})) -> list[list[Form]]:
        """The forms of all neurons, layer by layer, inputs first; those of hidden neurons are of their activations."""
        layer: list[Form] = [{number: Fraction(1)} for number in range(1, self.space.widths[0] + 1)]
        found = [layer]
        last = len(self.space.widths) - 1
        for number in range(1, last + 1):
            weights = v[f"W{number}"].tolist()
            biases = v[f"b{number}"].tolist()
            layer = [_neuron(row, bias, layer) for row, bias in zip(weights, biases, strict=True)]
            if number < last:
                layer = [
                    _sum((slopes[number, index], form)) if (number, index) in slopes else self._activated(form)
                    for index, form in enumerate(layer)
                ]
            found.append(layer)
        return found

    def _activated(self, form: Form) -> Form:
        """`phi(form)` in features."""
        phi = ACTIVATIONS[self.space.activation]
        if not form:
            return form if phi.vanishes else {self._feature(form): Fraction(1)}
        if self.space.activation == "identity":
            return form
        if phi.slopes and set(form) == {0}:
            return _sum((phi.slopes[int(form[0] > 0)], form))
        if phi.slopes and phi.non_negative and all(number == 0 or number > self.space.widths[0] for number in form):
            # A combination of features that are never negative, all signs alike, has that sign everywhere.
            if all(coefficient > 0 for coefficient in form.values()):
                return form
            if all(coefficient < 0 for coefficient in form.values()):
                return _sum((phi.slopes[0], form))
        lead = form[min(number for number in form if number)] if set(form) != {0} else form[0]
        scale = abs(lead) if phi.homogeneous else Fraction(1)
        z = {number: coefficient / scale for number, coefficient in form.items()}
        signed = phi.odd or phi.skew == 0 or (self.fold and phi.skew is not None)
        if lead > 0 or not signed:  # one that is neither odd nor skew has no canonical sign
            return {self._feature(z): scale}
        opposite = {number: -coefficient for number, coefficient in z.items()}
        if phi.odd:
            return {self._feature(opposite): -scale}
        assert phi.skew is not None
        return _sum((scale, {self._feature(opposite): Fraction(1)}), (phi.skew, form))

    def _feature(self, z: Form) -> int:
        key = frozenset(z.items())
        if key not in self._numbers:
            self._numbers[key] = 1 + self.space.widths[0] + len(self._numbers)
            self.arguments[self._numbers[key]] = z
        return self._numbers[key]


def difference(left: Form, right: Form) -> Form:
    """`left - right`; empty iff the forms are equal."""
    return _sum((Fraction(1), left), (Fraction(-1), right))


def _sum(*parts: tuple[Fraction, Form]) -> Form:
    total: Form = {}
    for factor, form in parts:
        for number, coefficient in form.items():
            total[number] = total.get(number, Fraction(0)) + factor * coefficient
    return {number: coefficient for number, coefficient in total.items() if coefficient}


def _neuron(row: list[float], bias: float, layer: list[Form]) -> Form:
    incoming = ((Fraction(weight), form) for weight, form in zip(row, layer, strict=True) if weight)
    return _sum((Fraction(bias), {0: Fraction(1)}), *incoming)
