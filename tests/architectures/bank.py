"""The exhaustive bank of 4x4 matrices, made once a process."""

from __future__ import annotations

from functools import cache
from itertools import permutations

import numpy as np


@cache
def binary_classes() -> tuple[np.ndarray, ...]:
    """One binary 4x4 matrix for each of the 317 classes under permutations of rows and columns."""
    codes = np.arange(2**16)
    least = codes.copy()
    bits = [codes >> place & 1 for place in range(16)]
    cells = np.arange(16).reshape(4, 4)
    for rows in permutations(range(4)):
        for columns in permutations(range(4)):
            places = cells[np.ix_(rows, columns)].ravel()
            least = np.minimum(least, sum(bits[source] << target for target, source in enumerate(places)))
    return tuple(
        np.array([code >> place & 1 for place in range(16)], dtype=float).reshape(4, 4) for code in np.unique(least)
    )
