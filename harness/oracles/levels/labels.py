"""Labels of a population as numbers: amounts as they are, names of classes as one-hot vectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...weights.exact import exact

MOST_CLASSES = 1000


@dataclass(frozen=True)
class Labels:
    """What is said of every network.

    Args:
        name: of the label.
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

    Raises:
        ValueError: numbers that are not finite or that float64 would round, more than two axes, or too many classes.
    """
    array = np.asarray(given)
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
    return Labels(name, values)
