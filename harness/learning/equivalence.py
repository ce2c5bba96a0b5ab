"""Two one-sided tests: are two numbers equal up to a margin, or a factor? A lack of significance would be no answer.

Source: Schuirmann 1987, for estimates that are normal about the truth; Welch 1947 for intervals of two spreads.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, mean, variance

LEVEL = 0.05
CONFIDENCE = 0.95
"""Of the interval of an estimate."""
TINY = sys.float_info.min


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


@dataclass(frozen=True)
class Proportion:
    """A ratio with its interval, at twice the level of either test; `verdict` as of `Equivalence`."""

    ratio: float
    low: float
    high: float
    verdict: str


def within_factor(left: Sequence[float], right: Sequence[float], factor: float, level: float = LEVEL) -> Proportion:
    """Whether two positive numbers differ by less than a factor, by independent estimates of their logarithms (Welch's intervals).

    Args:
        left, right: estimates of either, two at least; zeros count as the smallest number there is.

    Raises:
        ValueError: fewer than two estimates, or one that is no number.
    """
    if min(len(left), len(right)) < 2 or not all(math.isfinite(value) and value >= 0 for value in (*left, *right)):
        raise ValueError(f"two finite estimates at least, none below zero; got {list(left)} and {list(right)}")
    from scipy.special import stdtrit  # front ends start without it

    logs = [[math.log(max(value, TINY)) for value in side] for side in (left, right)]
    gap = mean(logs[0]) - mean(logs[1])
    shares = [variance(side) / len(side) for side in logs]
    spread = sum(shares)
    reach = 0.0
    if spread > 0:
        freedom = spread**2 / sum(share**2 / (len(side) - 1) for share, side in zip(shares, logs, strict=True))
        reach = float(stdtrit(freedom, 1 - level)) * math.sqrt(spread)
    low, high, margin = gap - reach, gap + reach, math.log(factor)
    inside, outside = -margin < low and high < margin, low >= margin or high <= -margin
    verdict = "equal" if inside else "different" if outside else "open"
    return Proportion(math.exp(gap), math.exp(low), math.exp(high), verdict)
