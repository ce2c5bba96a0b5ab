"""Which networks of a population may compute the same function: classes at least as coarse as those of functions.

Law: every output at every tested input lies, as a real number, within the interval computed here; networks whose intervals are
disjoint somewhere compute different functions. Bounds are those of running error analysis: a sum of n products in floats, in any
order, is off by at most `(n + 1) u / (1 - (n + 1) u)` of the sum of absolute values (Higham 2002, section 3.1); an activation adds
its Lipschitz constant times the error of its argument, and `LAST_PLACES` units in the last place of argument and value for
its own evaluation, more than numpy's elementary functions are off by.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...weights.activations import ACTIVATIONS
from ...weights.space import WeightSpace
from ..classes import Arrays
from ..function import activated

UNIT = 2.0**-53
LAST_PLACES = 16
STEEPEST = 1.25
"""Of those listed none is steeper: GELU's slope reaches 1.13, SiLU's 1.10, the others' 1; a leaky ReLU has its own slope."""
INPUTS, BOX = 4, 4.0
"""Inputs that are tested, uniform in a box, by a fixed seed."""
FAR, SCALES = 96, (-3, 14)
"""Inputs that are tested near and far, and the binary orders of magnitude that they have."""


def indistinct_classes(nets: Sequence[tuple[WeightSpace, Arrays]]) -> np.ndarray:
    """`[n]`: networks with two numbers compute two functions, or have other inputs or outputs; those with one number may not.

    Networks of several spaces are compared as well, as far as their inputs and outputs agree in number.
    """
    found = np.zeros(sum(len(arrays["b1"]) for _, arrays in nets), dtype=np.int64)
    starts = np.cumsum([0, *(len(arrays["b1"]) for _, arrays in nets)])
    ends = [(space.widths[0], space.widths[-1]) for space, _ in nets]
    first = 0
    for shape in dict.fromkeys(ends):
        own = [number for number, each in enumerate(ends) if each == shape]
        points = np.random.default_rng(0).uniform(-BOX, BOX, (INPUTS, shape[0]))
        values, errors = (np.concatenate(side) for side in zip(*(enclosed(*nets[n], points) for n in own), strict=True))
        classes = overlapping((values - errors).reshape(len(values), -1), (values + errors).reshape(len(values), -1))
        found[np.concatenate([np.arange(starts[n], starts[n + 1]) for n in own])] = classes + first
        first += int(classes.max()) + 1
    return found


def alike_classes(space: WeightSpace, arrays: Arrays) -> np.ndarray:
    """`[n]`: networks with one number answer alike to within rounding at all of many inputs near and far, hand in hand.

    A copy whose neurons are rescaled by factors that are no powers of two is another function in exact arithmetic, and the same in every
    use. A network whose answers floats do not tell is alone.
    """
    rng = np.random.default_rng(0)
    points = rng.uniform(-1, 1, (FAR, space.widths[0])) * 2.0 ** rng.integers(*SCALES, (FAR, 1))
    values, errors = (side.reshape(len(side), -1) for side in enclosed(space, arrays, points))
    known = np.flatnonzero(np.isfinite(errors).all(1))
    found = np.arange(len(values))
    if len(known):
        values, errors = values[known], errors[known]
        classes = overlapping(values - errors, values + errors)
        found[known] = known[np.unique(classes, return_index=True)[1][classes]]
    return found


def enclosed(space: WeightSpace, arrays: Arrays, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`f_v` at points `[points, n_0]`: values `[nets, points, n_L]`, and how far off each may be; infinite where floats end."""
    values = np.broadcast_to(points, (len(arrays["b1"]), *points.shape))
    errors = np.zeros_like(values)
    last = len(space.widths) - 1
    phi = ACTIVATIONS[space.activation]
    steepest = max([STEEPEST, *(abs(float(slope)) for slope in phi.slopes or ())])
    with np.errstate(all="ignore"):
        for layer in range(1, last + 1):
            weight, bias = arrays[f"W{layer}"].swapaxes(1, 2), arrays[f"b{layer}"][:, None, :]
            relative = 1.01 * (space.widths[layer - 1] + 2) * UNIT
            sizes = np.abs(values) @ np.abs(weight) + np.abs(bias)
            errors = 1.01 * (errors @ np.abs(weight) + relative * sizes)
            values = values @ weight + bias
            if layer < last:
                before, values = values, activated(space.activation, values)
                errors = 1.01 * (steepest * errors + LAST_PLACES * UNIT * (np.abs(before) + np.abs(values)))
            # What is smaller than the smallest normal number may be rounded by more than its own last place.
            errors = errors + np.finfo(np.float64).tiny
    if phi.opaque:
        errors = np.full_like(values, np.inf)  # how steep it is, and how exactly it is computed, is not known
    lost = ~(np.isfinite(values) & np.isfinite(errors))
    return np.where(lost, 0.0, values), np.where(lost, np.inf, errors)


def overlapping(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """`[n]`: the finest classes that keep together what overlaps, column after column of `[n, columns]` closed intervals."""
    groups = [np.arange(len(low))]
    for start, end in zip(low.T, high.T, strict=True):
        parts: list[np.ndarray] = []
        for members in groups:
            ordered = members[np.argsort(start[members], kind="stable")]
            reach = np.maximum.accumulate(end[ordered])
            parts += np.split(ordered, np.flatnonzero(start[ordered][1:] > reach[:-1]) + 1)
        groups = parts
    classes = np.zeros(len(low), dtype=np.int64)
    for number, members in enumerate(groups):
        classes[members] = number
    return classes


assert set(ACTIVATIONS) == {"relu", "leaky-relu", "abs", "identity", "tanh", "sine", "gelu", "silu"}, (
    "of these STEEPEST holds"
)
