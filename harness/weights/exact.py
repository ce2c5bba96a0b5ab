"""Where weights enter the exact world: float64 arrays whose every entry is the number that was given.

Law: an entry is taken as it is or refused, never rounded.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .space import SpaceError

ALLOWED = "allowed: floats of at most 64 bits, and integers that float64 holds"


def exact(values: Any, where: str) -> np.ndarray:
    """The values as a float64 array; no copy where they are one.

    Args:
        values: an array, or what numpy makes one of.
        where: names the values in the message.

    Raises:
        SpaceError: another dtype (longdouble, complex, objects, ...), or an integer that is no float64.
    """
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:
        raise SpaceError(f"{where} is no array ({' '.join(str(error).split())}); {ALLOWED}") from None
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        raise SpaceError(f"{where} has dtype {array.dtype}; {ALLOWED}")
    held = array.astype(np.float64, copy=False)
    if array.dtype.kind in "iu" and array.dtype.itemsize == 8:
        # Compared as Python's integers: numpy would round one side to compare them.
        rounded = [place for place in np.argwhere(np.abs(held) >= 2.0**53).tolist() if _is_rounded(array, held, place)]
        if rounded:
            place = rounded[0]
            raise SpaceError(f"{where}{place or ''} is {array[tuple(place)]}, which float64 would round; {ALLOWED}")
    return held


def _is_rounded(array: np.ndarray, held: np.ndarray, place: list[int]) -> bool:
    return int(array[tuple(place)]) != int(held[tuple(place)])
