"""Re-checking what a certificate says of two functions: exact values at an input, colours run forward, or normal forms.

As `verify.py`: slow, obvious, and sharing nothing with the oracles but the data types.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np

from .space import WeightSpace

Vector = Mapping[str, np.ndarray]
FACTORS = {"relu": (0, 1), "leaky-relu": (Fraction(1, 64), 1), "abs": (-1, 1), "identity": (1, 1)}
"""Slopes of the piecewise-linear activations, left and right of zero."""
SMOOTH = {
    "tanh": mpmath.tanh,
    "sine": mpmath.sin,
    "gelu": lambda z: z * mpmath.ncdf(z),
    "silu": lambda z: z / (1 + mpmath.exp(-z)),
}
DIGITS, SLACK = 60, mpmath.mpf(10) ** -40


class Refuted(Exception):
    """A statement that does not follow; the message says which one."""


def demand(holds: object, statement: str) -> None:
    """Raises Refuted unless the statement holds."""
    if not holds:
        raise Refuted(f"does not hold: {statement}")


def check_function(
    part: Mapping[str, Any],
    refinement: Mapping[str, Any],
    orbit: Mapping[str, Any],
    space: WeightSpace,
    v: Vector,
    w: Vector,
) -> None:
    """Raises Refuted unless what a certificate says of the two functions follows."""
    kind, last = part["kind"], len(space.widths) - 1
    if part["relation"] == "unknown":
        return
    if part["relation"] == "different":
        demand(kind == "input", "a known kind of function statement")
        x, output = [float.fromhex(entry) for entry in part["x"]], part["output"]
        ends = [[Fraction(end) for end in part[side]] for side in ("v", "w")]
        demand(ends[0][1] < ends[1][0] or ends[1][1] < ends[0][0], "the intervals of the two outputs are disjoint")
        for u, (low, high) in zip((v, w), ends, strict=True):
            demand(_lies_within(value_at(space, u, x)[output], low, high), "the output lies in its interval")
    elif kind == "orbit":
        demand(orbit["relation"] == "same", "the same function, since in one orbit")
    elif kind == "refinement":
        late = refinement["relation"] == "equivalent" or refinement["round"] > last
        demand(late, "the same function, since not parted by round L")
    elif kind == "forward-refinement":
        names: dict[Any, int] = {}
        demand(_forward(space, v, names) == _forward(space, w, names), "equal colours of the outputs, forward only")
    else:
        demand(kind == "normal-form", "a known kind of function statement")
        features: dict[frozenset[Any], int] = {}
        demand(_normal(space, v, features) == _normal(space, w, features), "equal normal forms")


def value_at(space: WeightSpace, v: Vector, x: Sequence[float]) -> list[Any]:
    """`f_v(x)` in rational numbers, or in 60 digits for smooth activations."""
    exact = space.activation in FACTORS
    with mpmath.workdps(DIGITS):
        number = Fraction if exact else mpmath.mpf
        values: list[Any] = [number(coordinate) for coordinate in x]
        for layer in range(1, len(space.widths)):
            rows, biases = v[f"W{layer}"].tolist(), v[f"b{layer}"].tolist()
            values = [
                sum((number(a) * b for a, b in zip(row, values, strict=True)), number(bias))
                for row, bias in zip(rows, biases, strict=True)
            ]
            if layer < len(space.widths) - 1:
                values = [
                    z * FACTORS[space.activation][z > 0] if exact else SMOOTH[space.activation](z) for z in values
                ]
        return values


def _lies_within(value: Any, low: Fraction, high: Fraction) -> bool:
    if isinstance(value, Fraction):
        return low <= value <= high
    with mpmath.workdps(DIGITS):
        ends = [mpmath.mpf(end.numerator) / end.denominator for end in (low, high)]
        return bool(ends[0] - SLACK <= value <= ends[1] + SLACK)


def _forward(space: WeightSpace, v: Vector, names: dict[Any, int]) -> list[int]:
    """Colours of the outputs when every neuron sees its incoming edges alone; one dictionary for both nets."""
    colours = [names.setdefault(("input", i), len(names)) for i in range(space.widths[0])]
    for layer in range(1, len(space.widths)):
        rows = zip((v[f"W{layer}"] + 0.0).tolist(), (v[f"b{layer}"] + 0.0).tolist(), strict=True)
        seen = [(layer, bias, tuple(sorted(zip(row, colours, strict=True)))) for row, bias in rows]
        colours = [names.setdefault(key, len(names)) for key in seen]
    return colours


def _normal(space: WeightSpace, v: Vector, features: dict[frozenset[Any], int]) -> list[dict[int, Any]]:
    """Outputs as combinations of features `phi(z)`; equal combinations are equal functions."""
    layer: list[dict[int, Any]] = [{i: Fraction(1)} for i in range(1, space.widths[0] + 1)]
    for number in range(1, len(space.widths)):
        sums = []
        for row, bias in zip(v[f"W{number}"].tolist(), v[f"b{number}"].tolist(), strict=True):
            total: dict[int, Any] = {0: Fraction(bias)}
            for weight, form in zip(row, layer, strict=True):
                for feature, coefficient in form.items():
                    total[feature] = total.get(feature, 0) + Fraction(weight) * coefficient
            sums.append({feature: coefficient for feature, coefficient in total.items() if coefficient})
        layer = sums if number == len(space.widths) - 1 else [_feature(space.activation, z, features) for z in sums]
    return layer


def _feature(activation: str, z: dict[int, Any], features: dict[frozenset[Any], int]) -> dict[int, Any]:
    """`phi(z)` in features: 0 is the constant, positive numbers are inputs, negative ones earlier values of phi."""
    slopes = FACTORS.get(activation)
    if not z or activation == "identity":
        return z  # every activation is zero at zero
    never_negative = activation in ("relu", "abs") and max(z) <= 0
    if slopes and (set(z) == {0} or (never_negative and len({value > 0 for value in z.values()}) == 1)):
        slope = slopes[next(iter(z.values())) > 0]  # one sign for every input
        return {feature: slope * value for feature, value in z.items() if slope}
    lead = z[min(z, key=lambda feature: (feature == 0, feature < 0, abs(feature)))]
    scale = abs(lead) if slopes else Fraction(1)
    sign = 1 if lead > 0 else -1
    key = frozenset((feature, sign * value / scale) for feature, value in z.items())
    number = features.setdefault(key, -1 - len(features))
    if activation in ("tanh", "sine"):
        return {number: sign * scale}
    skew = sum(slopes) if slopes else 1  # phi(-y) = phi(y) - skew y for all the others
    return {number: scale, **({feature: skew * value for feature, value in z.items() if skew} if sign < 0 else {})}
