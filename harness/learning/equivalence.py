"""Two one-sided tests: are two numbers equal up to a margin? A lack of significance would be no answer.

Source: Schuirmann 1987, for estimates that are normal about the truth.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

LEVEL = 0.05
CONFIDENCE = 0.95
"""Of the interval of an estimate."""


@dataclass(frozen=True)
class Estimate:
    """A number that was measured, with its interval of confidence `CONFIDENCE`."""

    value: float
    low: float
    high: float

    @property
    def deviation(self) -> float:
        """Standard deviation that the width of the interval stands for."""
        return (self.high - self.low) / (2 * NormalDist().inv_cdf((1 + CONFIDENCE) / 2))


@dataclass(frozen=True)
class Equivalence:
    """A difference with its interval, at twice the level of either test.

    `verdict` is "equal" if the interval lies within the margin, "different" if it lies wholly beyond it, else "open".
    """

    difference: float
    low: float
    high: float
    verdict: str


def two_one_sided(left: Estimate, right: Estimate, margin: float, level: float = LEVEL) -> Equivalence:
    """Whether two numbers differ by less than `margin`, by independent estimates of them."""
    difference = left.value - right.value
    reach = NormalDist().inv_cdf(1 - level) * math.hypot(left.deviation, right.deviation)
    low, high = difference - reach, difference + reach
    inside, outside = -margin < low and high < margin, low >= margin or high <= -margin
    return Equivalence(difference, low, high, "equal" if inside else "different" if outside else "open")
