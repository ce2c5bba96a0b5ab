"""Zeros of a piecewise-linear function of one variable, counted in exact numbers.

Law: the count is the number of connected components of `{x in [-radius, radius]: f_v(x) = 0}`: a zero at a kink counts once, and
so does a whole interval of zeros. Weights are floats, hence rationals, and on each linear piece every neuron is an affine
function with rational coefficients: nothing is rounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from operator import mul
from typing import TYPE_CHECKING

import numpy as np

from ..weights.activations import SLOPES
from ..weights.space import WeightSpace
from .boxes import BoxParameters
from .refusals import unless_ends
from .target import FUNCTION_FUNCTIONAL, Target

if TYPE_CHECKING:
    import torch

    from ..regimes.regime import Samples
    from ..weights.pair import Vector

Affine = tuple[int, int]
"""`slope, intercept`, times a power of two that all neurons of a layer share."""


def count_zeros(space: WeightSpace, v: Vector, radius: float) -> int:
    """Connected components of the zeros of `f_v` in [-radius, radius]; `n_0 = n_L = 1` and a piecewise-linear activation."""
    return _components([_sign(piece, x) for piece, x in _vertices(space, v, Fraction(radius))])


def _components(signs: list[int]) -> int:
    """Zeros of a polyline whose vertices, in order, have these signs."""
    crossed = sum(before * after < 0 for before, after in pairwise(signs))
    return crossed + sum(here == 0 and before != 0 for before, here in pairwise([1, *signs]))


def _vertices(space: WeightSpace, v: Vector, radius: Fraction) -> Iterator[tuple[Affine, Fraction]]:
    """The ends of the pieces in rising order, each with the function on one of the pieces that end there."""
    bits = max(slope.denominator.bit_length() - 1 for slope in SLOPES[space.activation])
    below, above = (int(2**bits * slope) for slope in SLOPES[space.activation])  # integers: slopes are binary fractions
    layers = len(space.widths) - 1
    # All entries times one power of two are integers; so then are the coefficients, times a power for each layer.
    shift = max(
        entry.as_integer_ratio()[1].bit_length() - 1 for tensor in v.values() for entry in tensor.ravel().tolist()
    )
    weights, biases = ([_integers(v[f"{letter}{layer}"], shift) for layer in range(1, layers + 1)] for letter in "Wb")
    pieces: list[tuple[Fraction, Fraction, list[Affine]]] = [(-radius, radius, [(1, 0)])]
    unit = 1
    for layer in range(layers):
        refined = []
        for low, high, hidden in pieces:
            slopes, intercepts = ([form[part] for form in hidden] for part in (0, 1))
            neurons = [
                (sum(map(mul, row, slopes)), sum(map(mul, row, intercepts)) + bias * unit)
                for row, bias in zip(weights[layer], biases[layer], strict=True)
            ]
            if layer == layers - 1:
                refined.append((low, high, neurons))
                continue
            cuts = {Fraction(-c, s) for s, c in neurons if _sign((s, c), low) * _sign((s, c), high) < 0}
            for left, right in pairwise([low, *sorted(cuts), high]):
                middle = (left + right) / 2
                signs = [_sign(neuron, middle) for neuron in neurons]
                factors = [above if sign > 0 else below for sign in signs]
                outputs = [(factor * s, factor * c) for factor, (s, c) in zip(factors, neurons, strict=True)]
                refined.append((left, right, outputs))
        pieces = refined
        unit <<= shift + bits
    yield pieces[0][2][0], -radius
    for _, high, [output] in pieces:
        yield output, high


def _integers(tensor: np.ndarray, shift: int) -> list:
    """The entries times `2^shift`, as nested lists of integers."""
    ratios = (entry.as_integer_ratio() for entry in tensor.ravel().tolist())
    return np.array([top * (2**shift // bottom) for top, bottom in ratios], dtype=object).reshape(tensor.shape).tolist()


def _sign(affine: Affine, x: Fraction) -> int:
    value = affine[0] * x.numerator + affine[1] * x.denominator
    return (value > 0) - (value < 0)


def _refusal(parameters: BoxParameters, space: WeightSpace) -> str | None:
    refused = unless_ends(space, 1, 1, "a function whose zeros are counted")
    if refused is None and space.activation not in SLOPES:
        refused = f"zeros are counted exactly, hence for {', '.join(SLOPES)} only, the space is {space}"
    return refused


def _zero_count(parameters: BoxParameters, samples: Samples) -> torch.Tensor:
    import torch

    v = samples.weights
    counts = [count_zeros(v.space, v.arrays(index), parameters.radius) for index in range(v.batch)]
    return torch.tensor(counts, dtype=torch.float64).unsqueeze(1)


ZERO_COUNT = Target(
    "zero-count",
    "how often the function is zero in an interval (one input, one output, piecewise linear; exact)",
    FUNCTION_FUNCTIONAL,
    BoxParameters,
    _refusal,
    lambda parameters, space: 1,
    _zero_count,
    claim="thm-6.1",
)
