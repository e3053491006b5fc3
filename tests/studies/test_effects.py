"""Effect sizes: closed forms, the printed examples of other software, and that intervals hold what they promise."""

from math import gamma, pi, sqrt

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from studies.effects import (
    d_av_rms,
    d_z,
    hedges,
    hedges_factor,
    noncentral_f_limits,
    noncentral_t_limits,
    partial_eta_squared,
)


def test_limits_of_the_noncentral_t_as_printed_by_mbess() -> None:
    """conf.limits.nct(ncp = 2.83, df = 126, conf.level = 0.95), the example in that function's help."""
    assert noncentral_t_limits(2.83, 126, 0.95) == pytest.approx((0.8337502, 4.815359), abs=5e-6)


@settings(max_examples=40)
@given(st.floats(-12, 12), st.integers(1, 200), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_limits_of_t_leave_the_same_tails(t: float, df: int, confidence: float) -> None:
    low, high = noncentral_t_limits(t, df, confidence)
    assume(low is not None and high is not None)  # far out with one degree of freedom scipy has no number
    assert low is not None
    assert high is not None
    assert low < high
    tail = (1 - confidence) / 2
    assert stats.nct.sf(abs(t), df, low if t >= 0 else -high) == pytest.approx(tail, abs=1e-9)
    assert stats.nct.cdf(abs(t), df, high if t >= 0 else -low) == pytest.approx(tail, abs=1e-9)
    mirrored = noncentral_t_limits(-t, df, confidence)
    assert mirrored == pytest.approx((-high, -low), abs=1e-9)


@pytest.mark.parametrize(("t", "df"), [(0.0, 1), (0.5, 2), (3.0, 4), (-8.0, 81), (30.0, 81)])
def test_limits_of_t_are_found_where_studies_lie(t: float, df: int) -> None:
    assert None not in noncentral_t_limits(t, df, 0.95)


@settings(max_examples=40)
@given(st.floats(0.01, 60), st.integers(1, 10), st.integers(2, 300))
def test_limits_of_f_leave_the_same_tails(f: float, df1: int, df2: int) -> None:
    low, high = noncentral_f_limits(f, df1, df2, 0.9)
    assert low is not None
    assert high is not None
    assert 0.0 <= low <= high
    for limit, tail in ((low, 0.95), (high, 0.05)):
        if limit > 0.0:
            assert stats.ncf.cdf(f, df1, df2, limit) == pytest.approx(tail, abs=1e-7)
        else:
            assert stats.f.cdf(f, df1, df2) <= tail


def test_f_with_one_degree_is_t_squared() -> None:
    """Far from 0 both distributions have the same upper limit: that of t squared."""
    t, df = 6.0, 40
    low, high = noncentral_t_limits(t, df, 0.95)
    assert noncentral_f_limits(t**2, 1, df, 0.95) == pytest.approx(((low or 0) ** 2, (high or 0) ** 2), rel=1e-6)


def test_hedges_factor_is_the_exact_one() -> None:
    assert hedges_factor(2) == pytest.approx(1 / sqrt(pi))
    assert hedges_factor(9) == pytest.approx(gamma(4.5) / (sqrt(4.5) * gamma(4)))
    assert hedges_factor(81) == pytest.approx(1 - 3 / (4 * 81 - 1), abs=1e-5)
    assert hedges_factor(1e6) == pytest.approx(1.0, abs=1e-6)  # gamma itself would overflow


def test_by_hand() -> None:
    a, b = np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.0, 4.0, 4.0, 6.0])
    by_z, by_av = d_z(b - a), d_av_rms(a, b)
    assert by_z.value == pytest.approx(1.5 / np.sqrt(1 / 3))
    assert by_av.value == pytest.approx(1.5 / np.sqrt((5 / 3 + 8 / 3) / 2))
    low, high = noncentral_t_limits(2 * (by_z.value or 0), 3, 0.95)
    assert (by_z.low, by_z.high) == pytest.approx(((low or 0) / 2, (high or 0) / 2))
    assert by_av.low == pytest.approx((by_z.low or 0) * (by_av.value or 0) / (by_z.value or 1))
    shrunk = hedges(by_z, 3, "g_z")
    assert (shrunk.name, shrunk.value) == ("g_z", pytest.approx((by_z.value or 0) * hedges_factor(3)))
    assert (by_z.name, by_av.name) == ("d_z", "d_av_rms")


def test_partial_eta_squared() -> None:
    found = partial_eta_squared(5.0, 2, 60, 0.9)
    assert found.value == pytest.approx(10 / 70)
    low, high = noncentral_f_limits(5.0, 2, 60, 0.9)
    assert (found.low, found.high) == pytest.approx(((low or 0) / ((low or 0) + 63), (high or 0) / ((high or 0) + 63)))
    assert partial_eta_squared(0.1, 2, 60).low == 0.0
    assert partial_eta_squared(1.0, 2, 0).value is None


@pytest.mark.slow
def test_the_interval_of_d_z_covers_as_often_as_it_says() -> None:
    draw, covered, runs, truth = np.random.default_rng(11), 0, 800, 0.4
    for _ in range(runs):
        found = d_z(draw.normal(truth, 1.0, 12), 0.9)
        covered += (found.low or 0.0) <= truth <= (found.high or 0.0)
    assert covered / runs == pytest.approx(0.9, abs=0.03)
