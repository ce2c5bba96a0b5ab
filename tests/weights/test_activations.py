"""What is said of each activation holds of it: its forms agree, and oddness, homogeneity and the rest are laws or are not claimed."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from orbitcheck.harness.targets.slopes import FIRST, SECOND
from orbitcheck.harness.verification.exact import realised
from orbitcheck.harness.weights.activations import ACTIVATIONS, ANALYTIC, HOMOGENEOUS, KINKED, ODD, SLOPES

EXACT = mpmath.MPContext()
EXACT.dps = 60
DYADIC = st.integers(-30 * 2**12, 30 * 2**12).map(lambda number: Fraction(number, 2**12))
EACH = pytest.mark.parametrize("activation", ACTIVATIONS)
TINY = mpmath.mpf(10) ** -50


def exact(activation: str, z: Fraction) -> mpmath.mpf:
    """phi(z) to sixty digits."""
    phi, argument = ACTIVATIONS[activation], EXACT.mpf(z.numerator) / z.denominator
    if phi.formula:
        return phi.formula(EXACT, argument)
    slope = SLOPES[activation][z > 0]
    return argument * slope.numerator / slope.denominator


@EACH
@given(z=DYADIC)
def test_torch_computes_the_exact_form_to_rounding(activation, z):
    for dtype in (torch.float64, torch.float32):
        computed = ACTIVATIONS[activation].tensors(torch.tensor([float(z)], dtype=dtype))
        assert computed.dtype == dtype
        error = abs(EXACT.mpf(computed.item()) - exact(activation, z))
        assert error <= 4 * torch.finfo(dtype).eps * abs(float(z))
        assert error == 0 or activation not in SLOPES


@EACH
@given(z=DYADIC)
def test_the_second_opinion_has_the_same_activations(activation, z):
    """`verify` shares no code with this table; what it computes is the same."""
    assert SLOPES.get(activation) == realised.SLOPES.get(activation)
    if activation not in SLOPES:
        with mpmath.workdps(60):
            assert (
                abs(realised.SMOOTH[activation](mpmath.mpf(z.numerator) / z.denominator) - exact(activation, z)) < TINY
            )


@EACH
@given(z=DYADIC)
def test_odd_ones_are_odd_and_skew_ones_skew(activation, z):
    phi = ACTIVATIONS[activation]
    there, back = exact(activation, z), exact(activation, -z)
    assert not phi.odd or abs(back + there) < TINY
    assert phi.skew is None or abs(back - there + float(phi.skew) * EXACT.mpf(z.numerator) / z.denominator) < TINY


@given(z=DYADIC, t=DYADIC.filter(lambda t: t > 0), activation=st.sampled_from(HOMOGENEOUS))
def test_homogeneous_ones_commute_with_positive_factors(z, t, activation):
    assert abs(exact(activation, t * z) - exact(activation, z) * t.numerator / t.denominator) < TINY


@given(z=DYADIC, activation=st.sampled_from([name for name, phi in ACTIVATIONS.items() if phi.non_negative]))
def test_non_negative_ones_are_never_negative(z, activation):
    assert exact(activation, z) >= 0


@pytest.mark.parametrize("activation", ANALYTIC)
@pytest.mark.parametrize("z", [Fraction(1, 4), Fraction(-3, 8)])
def test_analytic_ones_are_the_sum_of_their_taylor_series(activation, z):
    phi = ACTIVATIONS[activation]
    with mpmath.workdps(120):  # derivatives are differences of values here
        taken = phi.formula or (lambda functions, z: z)
        coefficients = mpmath.taylor(lambda x: taken(mpmath, x), 0, 40)
        series = sum(c * (mpmath.mpf(z.numerator) / z.denominator) ** power for power, c in enumerate(coefficients))
    assert abs(series - exact(activation, z)) < 1e-20


@EACH
def test_what_is_not_claimed_does_not_hold(activation):
    """A claim that is missing would weaken every oracle in silence."""
    one, two = Fraction(1), Fraction(2)
    assert exact(activation, Fraction(0)) == 0
    assert (abs(exact(activation, -one) + exact(activation, one)) < TINY) == (activation in ODD)
    assert (abs(exact(activation, two) - 2 * exact(activation, one)) < TINY) == (activation in HOMOGENEOUS)
    assert (exact(activation, -one) >= 0) == ACTIVATIONS[activation].non_negative
    h = Fraction(1, 2**100)
    bend = (exact(activation, h) + exact(activation, -h)) * 2**100  # slope on the right minus slope on the left
    assert (abs(bend) > 1e-10) == (activation in KINKED)


def test_every_table_by_activation_has_an_entry_for_each():
    assert set(FIRST) == set(SECOND) == set(ACTIVATIONS) == {*ANALYTIC, *KINKED}
