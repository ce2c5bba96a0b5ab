"""Equal within a factor: by Welch's intervals of logarithms."""

from __future__ import annotations

import math

import pytest
from scipy import stats

from orbitcheck.harness.learning.equivalence import within_factor


def test_the_interval_is_welchs_and_the_verdict_follows_from_it():
    left, right = [0.1, 0.12, 0.09, 0.11, 0.1], [0.15, 0.13, 0.2, 0.14, 0.16]
    found = within_factor(left, right, 2.0)
    logs = [[math.log(x) for x in side] for side in (left, right)]
    wanted = stats.ttest_ind(*logs, equal_var=False).confidence_interval(0.9)
    assert (math.log(found.low), math.log(found.high)) == pytest.approx((wanted.low, wanted.high))
    assert found.verdict == "equal" and within_factor(left, right, 1.2).verdict == "different"
    assert within_factor(left, [3 * x for x in left], 2.0).verdict == "different"
    assert within_factor([0.1, 1.0, 0.01], left, 2.0).verdict == "open"
    assert within_factor([0.1, 0.1], [0.1, 0.1], 2.0).verdict == "equal"
    assert within_factor([0.0, 0.0], [0.1, 0.1], 2.0).verdict == "different"
    for wrong in ([0.1], [0.1, math.nan], [0.1, -1.0]):
        with pytest.raises(ValueError, match="two finite estimates"):
            within_factor(wrong, left, 2.0)
