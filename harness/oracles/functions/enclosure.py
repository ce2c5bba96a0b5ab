"""`f_v(x)` in exact arithmetic: the value itself for piecewise-linear nets, an interval around it for the others.

Law: the true value, all floats being the rationals that they are, lies in the closed interval returned; for relu, leaky-relu,
abs and identity the interval is a point. Sums and products are integers over a power of two, hence exact; tanh, sine, GELU and
SiLU are enclosed by outward-rounded interval arithmetic (mpmath) and rounded outwards to 2^-192.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from math import lcm
from typing import TYPE_CHECKING, Any

import numpy as np

from ...weights.activations import ACTIVATIONS, SLOPES
from ...weights.space import WeightSpace

if TYPE_CHECKING:
    from ...weights.pair import Vector

BITS = 192
"""Activations that are no rational functions are known to this many binary places."""

GUARDED = BITS + 64
"""Binary places of intermediate results."""

Interval = tuple[Fraction, Fraction]


def enclose(space: WeightSpace, v: Vector, x: Sequence[float | Fraction]) -> tuple[Interval, ...]:
    """Intervals around the outputs of the net at one input, one an output neuron.

    Args:
        x: the input's coordinates, finite floats or rationals.
    """
    # Values are integers over `unit 2^bits`: floats are integers over powers of two, the unit is what other rationals need.
    unit, bits = lcm(*(coordinate.as_integer_ratio()[1] for coordinate in x)), 0
    low = np.array([int(Fraction(coordinate) * unit) for coordinate in x], dtype=object)
    high = low
    last = len(space.widths) - 1
    for layer in range(1, last + 1):
        weight, weight_bits = _integers(v[f"W{layer}"])
        bias, bias_bits = _integers(v[f"b{layer}"])
        exact = high is low
        low, high = _affine(weight, low, high)
        bits += weight_bits
        shift = max(bits, bias_bits)
        bias = bias * unit
        low = low * 2 ** (shift - bits) + bias * 2 ** (shift - bias_bits)
        high = low if exact else high * 2 ** (shift - bits) + bias * 2 ** (shift - bias_bits)
        bits = shift
        if layer < last and space.activation in SLOPES:
            low, bits = _bend(low, bits, *SLOPES[space.activation])
            high = low
        elif layer < last:
            pairs = [_smooth(space.activation, a, b, unit * 2**bits) for a, b in zip(low, high, strict=True)]
            low, high = (np.array(side, dtype=object) for side in zip(*pairs, strict=True))
            unit, bits = 1, BITS
    return tuple((Fraction(a, unit * 2**bits), Fraction(b, unit * 2**bits)) for a, b in zip(low, high, strict=True))


def _integers(array: np.ndarray) -> tuple[np.ndarray, int]:
    """`(n, k)` with `array = n / 2^k` exactly; n holds Python integers."""
    ratios = [value.as_integer_ratio() for value in array.ravel().tolist()]
    bits = max(denominator.bit_length() for _, denominator in ratios) - 1
    numbers = np.empty(len(ratios), dtype=object)
    numbers[:] = [numerator << (bits - denominator.bit_length() + 1) for numerator, denominator in ratios]
    return numbers.reshape(array.shape), bits


def _affine(weight: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sharp bounds of `weight @ z` for z between low and high."""
    if high is low:
        image = weight @ low
        return image, image
    positive, negative = np.maximum(weight, 0), np.minimum(weight, 0)
    return positive @ low + negative @ high, positive @ high + negative @ low


def _bend(values: np.ndarray, bits: int, below: Fraction, above: Fraction) -> tuple[np.ndarray, int]:
    """A piecewise-linear activation, whose slopes have powers of two as denominators."""
    more = max(below.denominator, above.denominator).bit_length() - 1
    return np.where(values < 0, values * int(below * 2**more), values * int(above * 2**more)), bits + more


@cache
def _context() -> Any:
    import mpmath  # imported only where a net has a transcendental activation

    context: Any = mpmath.ctx_iv.MPIntervalContext()
    context.prec = GUARDED
    context.erf = lambda z: _error_function(context, z)
    context.tanh = lambda z: 1 - 2 / (context.exp(2 * z) + 1)  # mpmath has neither for intervals
    return context


def _smooth(activation: str, low: int, high: int, unit: int) -> tuple[int, int]:
    """Integers a, b with `activation([low, high] / unit)` inside `[a, b] / 2^BITS`."""
    iv = _context()
    formula = ACTIVATIONS[activation].formula
    assert formula is not None
    return _scaled(formula(iv, iv.mpf([low, high]) / iv.mpf(unit)), BITS)


def _scaled(interval: Any, bits: int) -> tuple[int, int]:
    """The ends of an interval times `2^bits`, rounded outwards to integers."""
    from mpmath.libmp import mpf_shift, to_int

    below, above = interval._mpi_
    return int(to_int(mpf_shift(below, bits), "f")), int(to_int(mpf_shift(above, bits), "c"))  # pyright: ignore[reportArgumentType]


def _error_function(iv: Any, z: Any) -> Any:
    """erf(z) by its series of positive terms, `2/sqrt(pi) exp(-z^2) sum_n 2^n z^(2n+1) / (2n+1)!!`."""
    if z.b > 16 and z.a <= 16:  # it rises; the series would not end at large ends
        ends = [_error_function(iv, iv.mpf(end)) for end in (z.a, z.b)]
        return iv.mpf([ends[0].a, ends[1].b])
    if z.b < 0:
        return -_error_function(iv, -z)
    if z.a < 0:
        return 2 * z  # |erf(z)| <= 2 |z|
    if z.a > 16:
        return 1 - iv.mpf([0, 1]) * iv.exp(-z * z)
    low, high = _scaled(z, GUARDED)
    factors = (2 * low * low >> GUARDED, -(-2 * high * high >> GUARDED))
    sums = [low, high]
    n = 0
    while True:
        n += 1
        low = (low * factors[0] >> GUARDED) // (2 * n + 1)
        high = -((-high * factors[1] >> GUARDED) // (2 * n + 1))
        sums = [sums[0] + low, sums[1] + high]
        if 2 * factors[1] < (2 * n + 3) << GUARDED and high < 2**32:
            # Every further term is less than half of the one before: together they are less than the last one.
            total = iv.mpf([sums[0], sums[1] + high]) / iv.mpf(2**GUARDED)
            return 2 / iv.sqrt(iv.pi) * iv.exp(-z * z) * total
