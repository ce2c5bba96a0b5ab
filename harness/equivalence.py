"""Two one-sided tests: are two means equal up to a margin? A lack of significance would be no answer.

Source: Schuirmann 1987; Welch's degrees of freedom.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

LEVEL = 0.05


@dataclass(frozen=True)
class Equivalence:
    """A difference of means with its interval, at twice the level of either test.

    `verdict` is "equal" if the interval lies within the margin, "different" if it lies wholly beyond it, else "open".
    """

    difference: float
    low: float
    high: float
    verdict: str


def two_one_sided(left: Sequence[float], right: Sequence[float], margin: float, level: float = LEVEL) -> Equivalence:
    """Whether the means of two independent samples differ by less than `margin`; "open" with fewer than two values a side."""
    difference = _mean(left) - _mean(right)
    if min(len(left), len(right)) < 2:
        return Equivalence(difference, -math.inf, math.inf, "open")
    parts = [_variance(values) / len(values) for values in (left, right)]
    reach = 0.0
    if sum(parts) > 0:
        from scipy.special import stdtrit  # not needed to start

        freedom = sum(parts) ** 2 / sum(
            part**2 / (len(values) - 1) for part, values in zip(parts, (left, right), strict=True)
        )
        reach = float(stdtrit(freedom, 1 - level)) * math.sqrt(sum(parts))
    low, high = difference - reach, difference + reach
    inside, outside = -margin < low and high < margin, low >= margin or high <= -margin
    return Equivalence(difference, low, high, "equal" if inside else "different" if outside else "open")


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _variance(values: Sequence[float]) -> float:
    mean = _mean(values)
    return math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)
