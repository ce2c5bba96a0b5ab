"""Do two weight vectors compute the same function? Proved, refuted by an input, or unknown.

Law: "different" comes with an input and exact values (or disjoint intervals) of one output; "equal" rests on refinement, which
implies it (theory.md, section 4), on equal normal forms (`normal_form.py`), if need be after proofs that neurons are linear
(`signs.py`), or on equal polylines (`polyline.py`). Complete for
piecewise-linear nets with one hidden layer or with one input (and not too many kinks, `polyline.LIMIT`) and for linear nets; sound everywhere.

What stays "unknown": nets of several inputs and hidden layers (and smooth ones of any shape) that compute one function for another
reason than those above, or that differ at no input tried. Such reasons are sums of several neurons that keep a sign though none
of its parts says so, kinks of one layer that those of another cancel, and identities of a smooth activation with itself beyond
its symmetry. Smooth nets that differ by less than about 2^-192 wherever they are compared stay open as well.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np

from ..core.certificates.signs import LETTERS
from ..weights.activations import ACTIVATIONS, SLOPES
from ..weights.space import WeightSpace
from .functions.enclosure import Interval, enclose
from .functions.normal_form import FeatureTable, Form, difference
from .functions.polyline import around, inputs_that_differ, polyline
from .functions.signs import SAMPLES, Bound, signs
from .refinement import refine, stacked

if TYPE_CHECKING:
    from ..weights.pair import Vector

BOXES = (1.0, 8.0, 64.0, 1024.0)
"""Inputs are tried in [-box, box]^n_0, the smallest box first."""

POINTS = 96
"""Random inputs a box, multiples of box / 64; the origin comes first of all."""

CONFIRMED = 3
"""Inputs a box that are evaluated exactly: those with the largest gap in floats."""


@dataclass(frozen=True)
class Witness:
    """An input at which two nets differ.

    Args:
        x: the input: finite floats, and rationals where no float does.
        output: the output neuron.
        v, w: closed intervals around its exact values, disjoint; points for piecewise-linear nets.
    """

    x: tuple[float | Fraction, ...]
    output: int
    v: Interval
    w: Interval


@dataclass(frozen=True)
class FunctionDecision:
    """Whether two nets compute the same function.

    Args:
        answer: "equal", "different" or "unknown".
        kind: "refinement", "forward-refinement", "normal-form", "signs", "polyline", "input" or "none".
        witness: the input, where the answer is "different".
        points: the kinks of both nets in rising order with a point on either side, where the kind is "polyline".
        bounds: for each net the bounds that prove neurons to be linear, where the kind is "signs".
    """

    answer: str
    kind: str
    witness: Witness | None = None
    points: tuple[Fraction, ...] = ()
    bounds: tuple[tuple[Bound, ...], ...] = ()


def function_relation(space: WeightSpace, v: Vector, w: Vector) -> FunctionDecision:
    """Decide whether `f_v = f_w` on all of `R^n_0`, in exact arithmetic.

    Raises:
        SpaceError: as `refinement.refine`.
    """
    both = stacked(space, [v, w])
    v, w = ({name: array[net] for name, array in both.items()} for net in (0, 1))
    parted = refine(space, [v, w]).round_of_separation(0, 1)
    if parted is None or parted >= len(space.widths):
        return FunctionDecision("equal", "refinement")  # round L separates nets with different functions
    outputs = refine(space, [v, w], direction="forward").stable[-1]
    if np.array_equal(outputs[0], outputs[1]):
        return FunctionDecision("equal", "forward-refinement")
    if ACTIVATIONS[space.activation].opaque:
        return FunctionDecision("unknown", "none")  # no exact arithmetic is known of it
    candidates = _likely_inputs(space, v, w)
    # One attempt settles nearly every pair that differs; a proof of equality comes before the search for more inputs.
    witness = _checked(space, v, w, next(candidates))
    if witness is None and (table := FeatureTable.affordable(space)):
        gaps = [difference(*forms) for forms in zip(table.outputs(v), table.outputs(w), strict=True)]
        if not any(gaps):
            return FunctionDecision("equal", "normal-form")
        if space.activation == "identity" or (len(space.widths) == 3 and space.activation in SLOPES):
            near = [(x for gap in gaps if gap for x in _inputs_near_kinks(space, table, gap)) for _ in range(2)]
            candidates = chain(_rounded(near[0]), candidates, near[1])
    left, right = (polyline(space, net) for net in (v, w)) if witness is None else (None, None)
    if left and right:
        points = around({*left.kinks, *right.kinks})
        if left.at(points) == right.at(points):
            return FunctionDecision("equal", "polyline", points=tuple(points))
        inside = [inputs_that_differ(left, right) for _ in range(2)]
        candidates = chain(_rounded(inside[0]), candidates, inside[1])
    elif witness is None and table and (bounds := _equal_by_signs(space, v, w, table)):
        return FunctionDecision("equal", "signs", bounds=bounds)
    if witness is None:
        witness = next((found for x in candidates if (found := _checked(space, v, w, x))), None)
    return FunctionDecision("different", "input", witness) if witness else FunctionDecision("unknown", "none")


def _equal_by_signs(
    space: WeightSpace, v: Vector, w: Vector, table: FeatureTable
) -> tuple[tuple[Bound, ...], ...] | None:
    """The bounds with which both nets have one normal form, for nets of several hidden layers; else None."""
    if len(space.widths) == 3:
        return None  # decided without: the arguments of a first layer take both signs, or are constant
    points = np.random.default_rng(0).standard_normal((SAMPLES, space.widths[0])) * 8
    found = [signs(space, net, points) for net in (v, w)]
    if not any(each.slopes for each in found) or max(each.letters for each in found) > LETTERS:
        return None
    left, right = (table.outputs(net, each.slopes) for net, each in zip((v, w), found, strict=True))
    return tuple(each.bounds for each in found) if left == right else None


def _checked(space: WeightSpace, v: Vector, w: Vector, x: Sequence[float | Fraction]) -> Witness | None:
    """The witness at `x`, if exact arithmetic separates the two nets there."""
    for output, (left, right) in enumerate(zip(enclose(space, v, x), enclose(space, w, x), strict=True)):
        if left[1] < right[0] or right[1] < left[0]:
            return Witness(tuple(x), output, left, right)
    return None


def _likely_inputs(space: WeightSpace, v: Vector, w: Vector) -> Iterator[list[float]]:
    """Seeded inputs with small numerators: of each box those at which floats see the largest gap."""
    rng = np.random.default_rng(0)
    for box in BOXES:
        points = rng.integers(-64, 65, (POINTS, space.widths[0])) * (box / 64)
        points[0] = 0.0
        with np.errstate(invalid="ignore", over="ignore"):
            # Infinities minus each other are NaN: such an input goes last.
            gaps = np.abs(values_in_floats(space, v, points) - values_in_floats(space, w, points)).max(axis=1)
        best = np.argsort(-np.nan_to_num(gaps, nan=-1.0), kind="stable")[:CONFIRMED]
        yield from (points[number].tolist() for number in best)


def values_in_floats(space: WeightSpace, v: Vector, points: np.ndarray) -> np.ndarray:
    """`f_v` in floats, `[points, n_L]`, or `[nets, points, n_L]` for stacked nets; a guide for searches, never evidence."""
    values = points
    with np.errstate(all="ignore"):
        for layer in range(1, len(space.widths)):
            values = values @ np.asarray(v[f"W{layer}"]).swapaxes(-1, -2) + np.asarray(v[f"b{layer}"])[..., None, :]
            if layer < len(space.widths) - 1:
                values = activated(space.activation, values)
    return values


def activated(activation: str, values: np.ndarray) -> np.ndarray:
    """The activation of that name, in floats."""
    phi = ACTIVATIONS[activation]
    if phi.formula:
        return phi.formula(_FLOATS, values)
    if phi.slopes is None:
        import torch

        return phi.tensors(torch.from_numpy(np.ascontiguousarray(values))).numpy()
    below, above = map(float, phi.slopes)
    return np.where(values < 0, below * values if below else 0.0, above * values)


_FLOATS = SimpleNamespace(exp=np.exp, sin=np.sin, tanh=np.tanh, erf=np.vectorize(math.erf), sqrt=math.sqrt)


def _rounded(inputs: Iterable[Sequence[Fraction]]) -> Iterator[list[float]]:
    """The nearest floats, which are easier to read and to feed to a network, of those inputs that are not beyond floats."""
    for x in inputs:
        with suppress(OverflowError):
            yield [float(coordinate) for coordinate in x]


def _inputs_near_kinks(space: WeightSpace, table: FeatureTable, gap: Form) -> Iterator[list[Fraction]]:
    """Inputs at which a difference of two one-layer nets does not vanish.

    Across the kink of one feature, away from all others, the difference is linear on either side with different slopes: it
    cannot vanish at three points in a row. Without a kink it is affine: not zero at the origin or a unit vector.
    """
    inputs = space.widths[0]
    kinks = [number for number in gap if number > inputs]
    if not kinks:
        yield from ([Fraction(number == axis) for number in range(inputs)] for axis in range(-1, inputs))
        return
    z = table.arguments[kinks[0]]
    axis = min(number for number in z if number)
    rng = np.random.default_rng(0)
    for _ in range(32):
        point = [Fraction(int(value), 8) for value in rng.integers(-32, 33, inputs)]
        point[axis - 1] -= _value(z, point)
        reach = Fraction(1)
        for number in kinks[1:]:
            other = table.arguments[number]
            if slope := abs(other.get(axis, Fraction(0))):
                reach = min(reach, abs(_value(other, point)) / slope / 2)
        if reach:
            for step in (-reach, Fraction(0), reach):
                yield [value + step * (number == axis) for number, value in enumerate(point, 1)]


def _value(z: Form, point: Sequence[Fraction]) -> Fraction:
    return sum((c * (point[number - 1] if number else 1) for number, c in z.items()), Fraction(0))
