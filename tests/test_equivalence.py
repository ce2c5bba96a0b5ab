"""Two one-sided tests against scipy's Welch test, and what they must and must not say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from orbitcheck.harness.equivalence import two_one_sided

rng = np.random.default_rng(0)


@pytest.mark.parametrize(("sizes", "shift"), [((2, 2), 0.0), ((3, 7), 0.1), ((10, 4), -0.3)])
def test_the_interval_and_both_tests_are_those_of_welch(sizes, shift):
    left, right = rng.normal(0, 0.1, sizes[0]), rng.normal(shift, 0.02, sizes[1])
    for margin in (0.01, 0.1, 0.5):
        found = two_one_sided(left, right, margin)
        interval = stats.ttest_ind(left, right, equal_var=False).confidence_interval(0.9)
        assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
        above = stats.ttest_ind(left + margin, right, equal_var=False, alternative="greater").pvalue
        below = stats.ttest_ind(left - margin, right, equal_var=False, alternative="less").pvalue
        assert (found.verdict == "equal") == (max(above, below) < 0.05)


def test_equal_different_and_open():
    assert two_one_sided([1.0, 1.01, 0.99], [1.0, 1.0, 1.01], 0.05).verdict == "equal"
    assert two_one_sided([1.0, 1.01, 0.99], [2.0, 2.0, 2.01], 0.05).verdict == "different"
    assert two_one_sided([0.0, 1.0], [0.0, 1.0], 0.05).verdict == "open"  # no difference seen is no equality


def test_one_value_a_side_says_nothing_and_no_spread_says_all():
    assert two_one_sided([1.0], [1.0, 1.0], 0.05).verdict == "open"
    assert two_one_sided([1.0, 1.0], [1.01, 1.01], 0.05).verdict == "equal"


def test_unequal_means_are_rarely_called_equal():
    """At a true difference of exactly the margin, at most five in a hundred are."""
    called = [two_one_sided(rng.normal(0, 1, 5), rng.normal(1, 1, 5), 1.0).verdict == "equal" for _ in range(1000)]
    assert sum(called) <= 70
