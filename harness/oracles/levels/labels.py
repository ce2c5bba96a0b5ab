"""Labels of a population as numbers: amounts as they are, names of classes as one-hot vectors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...weights.exact import exact

MOST_CLASSES = 1000
LEAST_SPREAD, MOST_SPREAD = 2.0**-250, 2.0**250
"""Between them squares of distances, and of their parts down to the last place, are normal numbers, as are their sums."""


@dataclass(frozen=True)
class Labels:
    """What is said of every network.

    Args:
        name: of the label, with the unit of its values if that is not one.
        values: `[n, columns]` float64: an amount or a vector of them, or one-hot classes.
        classes: names of the classes, a column each; empty for amounts.
    """

    name: str
    values: np.ndarray
    classes: tuple[str, ...] = ()


def labelled(name: str, given: Any, *, classes: bool | None = None) -> Labels:
    """Labels of `n` networks.

    Args:
        given: `[n]` amounts, names or truth values, or `[n, k]` amounts.
        classes: whether the values name classes; left out, texts and truth values do, and numbers do not.

    Amounts whose squares would leave the range of floats are put in the unit of a power of two, which is exact: floors over the
    variance do not depend on it.

    Raises:
        ValueError: networks without a value, numbers that are not finite or that float64 would round, more than two axes, too many
            classes, or amounts of so many magnitudes that no unit holds them all.
    """
    array = np.asarray(given)
    if array.dtype.kind in "USO" and array.ndim == 1:
        lost = [at for at, value in enumerate(array.tolist()) if value is None or not str(value).strip()]
        if lost:
            raise ValueError(f'label "{name}" has no value for {len(lost)} networks, the first is number {lost[0]}')
        if array.dtype.kind == "O" and all(isinstance(one, int | float) and not isinstance(one, bool) for one in array):
            array = array.astype(np.float64)
    named = array.dtype.kind in "bUSO" if classes is None else classes
    if named:
        if array.ndim != 1:
            raise ValueError(f'label "{name}" has shape {array.shape}; classes are one to a network')
        found, codes = np.unique(array.astype(str) if array.dtype.kind == "O" else array, return_inverse=True)
        if len(found) > MOST_CLASSES:
            raise ValueError(f'label "{name}" names {len(found)} classes; at most {MOST_CLASSES} are compared')
        return Labels(name, np.eye(len(found))[codes], tuple(map(str, found.tolist())))
    if array.ndim not in (1, 2):
        raise ValueError(f'label "{name}" has shape {array.shape}; a label is a number, or a vector, to a network')
    values = exact(array, f'label "{name}"').reshape(len(array), -1)
    if not np.isfinite(values).all():
        lost = np.flatnonzero(~np.isfinite(values).all(axis=1))
        raise ValueError(f'label "{name}" is no finite number for {len(lost)} networks, the first is number {lost[0]}')
    return _in_range(Labels(name, values))


def _in_range(labels: Labels) -> Labels:
    """The labels, in another unit if the squares of their distances would leave the range of floats."""
    values = labels.values
    least, most = values.min(axis=0), values.max(axis=0)
    spread = float(np.max(most / 2 - least / 2, initial=0.0, where=most > least))  # halves do not overflow
    if not (most > least).any() or LEAST_SPREAD < spread < MOST_SPREAD:
        return labels
    power = math.frexp(spread)[1]
    varying = np.where(most > least, values, 0.0)  # a column that is constant costs nothing, in no unit
    with np.errstate(under="ignore"):
        scaled = np.ldexp(np.ldexp(varying, -power // 2), -power - -power // 2)
        back = np.ldexp(np.ldexp(scaled, power - power // 2), power // 2)
    if (back != varying).any():
        raise ValueError(
            f'label "{labels.name}" has amounts of {np.abs(values[values != 0]).min():.3g} and of {np.abs(values).max():.3g}: no '
            "unit holds their squares in floats; give its logarithm"
        )
    return Labels(f"{labels.name}, in units of 2^{power}", scaled)
