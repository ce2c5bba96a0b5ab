"""Two one-sided tests against scipy's normal distribution, and what they must and must not say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from orbitcheck.harness.learning.equivalence import Estimate, two_one_sided

rng = np.random.default_rng(0)


def estimate(value: float, deviation: float) -> Estimate:
    return (
        Estimate(value, *(float(end) for end in stats.norm(value, deviation).interval(0.95)))
        if deviation
        else Estimate(value, value, value)
    )


@pytest.mark.parametrize(
    ("left", "right"), [((0.0, 0.1), (0.1, 0.02)), ((0.3, 0.01), (0.0, 0.04)), ((-1.0, 0.2), (0.0, 0.1))]
)
def test_the_interval_and_both_tests_are_those_of_normal_estimates(left, right):
    difference = stats.norm(left[0] - right[0], np.hypot(left[1], right[1]))
    for margin in (0.01, 0.1, 0.5, 2.0):
        found = two_one_sided(estimate(*left), estimate(*right), margin)
        assert (found.low, found.high) == pytest.approx(difference.interval(0.9))
        above, below = difference.cdf(-margin), difference.sf(margin)
        assert (found.verdict == "equal") == (max(above, below) < 0.05)


def test_equal_different_and_open():
    assert two_one_sided(estimate(1.0, 0.01), estimate(1.003, 0.01), 0.05).verdict == "equal"
    assert two_one_sided(estimate(1.0, 0.01), estimate(2.0, 0.01), 0.05).verdict == "different"
    assert two_one_sided(estimate(0.5, 0.3), estimate(0.5, 0.3), 0.05).verdict == "open"  # seeing none is no equality
    assert two_one_sided(estimate(1.0, 0.0), estimate(1.01, 0.0), 0.05).verdict == "equal"


def test_unequal_numbers_are_rarely_called_equal():
    """At a true difference of exactly the margin, at most five in a hundred are."""
    drawn = rng.normal([0.0, 1.0], 0.2, (1000, 2))
    called = [two_one_sided(estimate(a, 0.2), estimate(b, 0.2), 1.0).verdict == "equal" for a, b in drawn]
    assert 20 <= sum(called) <= 80
