"""The least mean squared error that any map constant on given classes can have on a given set of samples.

Law: for a map phi that is constant on classes C of the data, `sum_i |y_i - phi(i)|^2 >= sum_C sum_{i in C} |y_i - mean_C y|^2`,
and the map that takes the mean of y on each class attains it. Proof sketch: within one class phi is one number c, and
`sum (y_i - c)^2 = sum (y_i - mean)^2 + n (mean - c)^2`; classes are disjoint, so their sums add up.

The bound is for these very samples, so the divisor is their number: it is no estimate of a population, and a measured error
below it is a leak (theory.md, section 7). Finer classes give a lower bound. Sums are exact, up to one rounding of each square.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..weights.exact import exact


@dataclass(frozen=True)
class Floor:
    """A lower bound of a mean squared error, and what it is held against.

    Args:
        mse: within-class sum of squares over the number of data.
        variance: sum of squares around the mean, with the same divisor: the error of the best constant.
        classes: number of classes.
        samples: number of weight vectors.
    """

    mse: float
    variance: float
    classes: int
    samples: int

    @property
    def relative(self) -> float:
        """`mse / variance`, between 0 and 1; 0 for a constant target."""
        return share(self.mse, self.variance)


LEAST = math.ulp(0.0)
"""The least positive float."""


def share(mse: float, variance: float) -> float:
    """`mse / variance`; 0 only if one of them is, and where the quotient is smaller than every float, the least positive one."""
    return max(mse / variance, LEAST) if mse and variance else 0.0


def functional_floor(classes: np.ndarray, values: np.ndarray) -> Floor:
    """The floor of a map from nets to vectors.

    Args:
        classes: `[n]` integers; nets with one number are one to the map (`classes.py`).
        values: `[n, ...]` the target; every entry counts as one datum, and is held against its own mean over the nets.

    Raises:
        ValueError: lengths that differ, no sample, or values that are not finite.
    """
    flat = _checked("values", values, classes.shape).reshape(len(values), -1)
    mse, variance = (_mean_of_squares(groups, flat) for groups in (classes, np.zeros_like(classes)))
    return Floor(mse, variance, len(np.unique(classes)), len(values))


def equivariant_floor(entry_classes: Mapping[str, np.ndarray], values: Mapping[str, np.ndarray]) -> Floor:
    """The floor of an equivariant operator: every pair of net and entry is a datum.

    Args:
        entry_classes: tensor -> `[n, *shape]` integers; pairs with one number of one tensor are one to the operator.
        values: tensor -> `[n, *shape, channels]` the target. The variance is that around one mean a tensor and channel.

    Raises:
        ValueError: tensors or shapes that differ, no tensor, no sample, or values that are not finite.
    """
    if not values or set(entry_classes) != set(values):
        raise ValueError(f"classes are given for {sorted(entry_classes)}, values for {sorted(values)}")
    within, around, size, count, samples = [], [], 0, 0, 0
    for name, classes in entry_classes.items():
        array = _checked(name, values[name], classes.shape)
        flat, groups = array.reshape(classes.size, -1), classes.reshape(-1)
        within.append(_sum_of_squares(groups, flat))
        around.append(_sum_of_squares(np.zeros_like(groups), flat))
        size, count, samples = size + flat.size, count + len(np.unique(groups)), len(array)
    return Floor(math.fsum(within) / size, math.fsum(around) / size, count, samples)


def _checked(name: str, values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    array = exact(values, name)
    if array.shape[: len(shape)] != shape or not array.size:
        raise ValueError(
            f"{name} has shape {array.shape}; the classes have shape {shape}, and there is at least one datum"
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds {int((~np.isfinite(array)).sum())} numbers that are NaN or infinite")
    return array


def _mean_of_squares(classes: np.ndarray, values: np.ndarray) -> float:
    """`_sum_of_squares` over the number of data; positive, as real numbers are, also where squares are smaller than every float."""
    found = _sum_of_squares(classes, values) / values.size
    if found:
        return found
    _, first, groups = np.unique(classes, return_index=True, return_inverse=True)
    return LEAST if (values != values[first][groups]).any() else 0.0


def _sum_of_squares(classes: np.ndarray, values: np.ndarray) -> float:
    """Sum over classes and columns of the squared distances to the class's mean; `values` is `[data, columns]`.

    Around a mean that is off by d the sum of n squares is larger by `n d^2`: rounding of the mean, being squared, is lost in
    that of the squares.
    """
    _, first, groups, counts = np.unique(classes, return_index=True, return_inverse=True, return_counts=True)
    total = []
    for column in values.T:
        # Distances to one member are exact where all members agree, and small where they nearly do.
        centred = column - column[first][groups]
        mean = np.bincount(groups, centred) / counts
        total.append(math.fsum((centred - mean[groups]) ** 2))
    return math.fsum(total)
