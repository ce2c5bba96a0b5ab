"""Networks of a wanted size: the width whose parameter count is nearest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..weights.space import WeightSpace
from .architecture import Architecture, Equivariant, Invariant

OPTION = "channels"
"""The option that is a width."""
WIDEST = 4096
STEP = 16
"""Widths that a constructor may refuse in a row (an attention asks for multiples of its heads)."""


@dataclass(frozen=True)
class Fitted:
    """An architecture at the options chosen, and how many parameters it then has."""

    architecture: Architecture
    options: dict[str, Any]
    parameters: int


def fitted(architecture: Architecture, space: WeightSpace, output: Invariant | Equivariant, asked: int) -> Fitted:
    """The architecture at the width whose parameter count is nearest to `asked`; of two as near, the smaller.

    Counts are taken from networks that are built, by bisection, so that any plug-in will do whose count grows with its
    option `channels`. One that has no such option, or was given a value for it, stays as it is.

    Raises:
        Unsupported, and whatever a constructor raises: at the plug-in's own default width.
    """

    def count(options: dict[str, Any]) -> int:
        network = architecture.with_options(options).build(space, output, seed=0)
        return sum(value.numel() for value in network.parameters() if value.requires_grad)

    given = dict(architecture.options)
    usual = count(given)  # what the plug-in refuses altogether surfaces here
    if OPTION in given or not isinstance(architecture.defaults.get(OPTION), int):
        return Fitted(architecture, given, usual)
    sizes: dict[int, int | None] = {}

    def size(width: int) -> int | None:
        if width not in sizes:
            try:
                sizes[width] = count({**given, OPTION: width})
            except ValueError:
                sizes[width] = None
        return sizes[width]

    width = nearest(size, asked)
    if width is None:
        return Fitted(architecture, given, usual)
    options = {**given, OPTION: width}
    return Fitted(architecture.with_options(options), options, sizes[width] or 0)


def nearest(size: Callable[[int], int | None], asked: int) -> int | None:
    """The width whose size is nearest to `asked`, for a size that grows with the width; None if no width is allowed.

    Args:
        size: of a width from 1 on, or None where the width is not allowed.
    """

    def next_allowed(width: int) -> int | None:
        return next((w for w in range(width, min(width + STEP, WIDEST + 1)) if size(w) is not None), None)

    def reaches(width: int) -> bool:
        """Whether the first allowed width from here on is as large as asked, or there is none."""
        found = next_allowed(width)
        return found is None or (size(found) or 0) >= asked

    high = 1
    while high < WIDEST and not reaches(high):
        high = min(2 * high, WIDEST)
    low = high // 2 + 1 if high > 1 else 1
    while low < high:  # the least width from which the asked size is reached
        middle = (low + high) // 2
        low, high = (low, middle) if reaches(middle) else (middle + 1, high)
    above = next_allowed(low)
    below = next((w for w in range(low - 1, max(low - 1 - STEP, 0), -1) if size(w) is not None), None)
    allowed = [w for w in (below, above) if w is not None]
    return min(allowed, key=lambda w: (abs((size(w) or 0) - asked), w), default=None)
