"""`f_v(x)` of an MLP at rational inputs: exactly for piecewise-linear activations, with a proved bound on its error for the others.

Law: the true value lies within the error of the value returned. Smooth activations are evaluated to `PLACES` binary places; an error
that enters one leaves it at most `STEEPEST` times as large.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import mpmath

from ...weights.pair import Vector
from ...weights.space import WeightSpace
from .refuted import demand

SLOPES = {
    "relu": (Fraction(0), Fraction(1)),
    "leaky-relu": (Fraction(1, 64), Fraction(1)),
    "abs": (Fraction(-1), Fraction(1)),
    "identity": (Fraction(1), Fraction(1)),
}
"""Of the piecewise-linear activations, left and right of zero; any other leaky ReLU says its own, see `slopes_of`."""
SMOOTH = {
    "tanh": mpmath.tanh,
    "sine": mpmath.sin,
    "gelu": lambda z: z * mpmath.ncdf(z),
    "silu": lambda z: z / (1 + mpmath.exp(-z)),
}
SATURATED = 4000
"""From here on tanh is -1 or 1, GELU and SiLU are 0 or the identity, to far more than `PLACES` binary places."""
PLACES = 240
ROUNDING = Fraction(1, 2 ** (PLACES - 8))
"""Of one activation; mpmath's own error is some units in the last of 60 places more than are asked for."""
STEEPEST = Fraction(8, 7)
"""No activation has a larger slope anywhere (GELU has 1.129)."""


@dataclass(frozen=True)
class Realised:
    """One net at one input.

    Args:
        arguments: of all hidden neurons.
        values, errors: of the outputs; the errors are zero where the activation is piecewise linear.
    """

    arguments: tuple[Fraction, ...]
    values: tuple[Fraction, ...]
    errors: tuple[Fraction, ...]


def slopes_of(activation: str) -> tuple[Fraction, Fraction] | None:
    """Slopes left and right of zero, None where the activation is not piecewise linear."""
    if activation.startswith("leaky-relu("):
        return Fraction(float(activation[len("leaky-relu(") : -1])), Fraction(1)
    return SLOPES.get(activation)


def realised(space: WeightSpace, net: Vector, x: Sequence[Fraction]) -> Realised:
    """The net at one input."""
    demand(len(x) == space.widths[0], f"an input has {space.widths[0]} coordinates")
    demand(slopes_of(space.activation) is not None or space.activation in SMOOTH, "an activation with exact arithmetic")
    last, arguments = len(space.widths) - 1, []
    values, errors = [*x], [Fraction(0)] * len(x)
    for layer in range(1, last + 1):
        rows = [[Fraction(weight) for weight in row] for row in net[f"W{layer}"].tolist()]
        biases = [Fraction(bias) for bias in net[f"b{layer}"].tolist()]
        below, lost = values, errors
        values = [
            bias + sum(a * b for a, b in zip(row, below, strict=True) if a)
            for row, bias in zip(rows, biases, strict=True)
        ]
        errors = [sum((abs(a) * b for a, b in zip(row, lost, strict=True) if b), Fraction(0)) for row in rows]
        if layer < last:
            arguments += values
            pairs = [_activated(space.activation, z, error) for z, error in zip(values, errors, strict=True)]
            values, errors = [value for value, _ in pairs], [error for _, error in pairs]
    return Realised(tuple(arguments), tuple(values), tuple(errors))


def _activated(activation: str, z: Fraction, error: Fraction) -> tuple[Fraction, Fraction]:
    """`phi(z)`, and how far it may be off where z may be off by `error`."""
    slopes = slopes_of(activation)
    if slopes is not None:
        return z * slopes[z > 0], error
    if not z and not error:
        return z, error  # every activation is zero at zero
    return _smooth(activation, z), STEEPEST * error + ROUNDING


def _smooth(activation: str, z: Fraction) -> Fraction:
    if abs(z) > SATURATED and activation != "sine":
        return (Fraction(1 if z > 0 else -1)) if activation == "tanh" else max(z, Fraction(0))
    with mpmath.workprec(PLACES + 40 + abs(z.numerator // z.denominator).bit_length()):
        value = SMOOTH[activation](mpmath.mpf(z.numerator) / z.denominator)
        return Fraction(int(mpmath.nint(mpmath.ldexp(value, PLACES))), 2**PLACES)


def places(space: WeightSpace) -> Iterator[list[Fraction]]:
    """A few inputs of either sign, the origin first: where two nets differ at all, they mostly differ at one of these."""
    inputs = space.widths[0]
    yield [Fraction(0)] * inputs
    for number in range(8):
        yield [Fraction((number + 1) * (-1) ** ((number >> (i % 3)) & 1) * (2 * i + 3), 8) for i in range(inputs)]
