"""Splines: residual, range, irregular times, gaps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from curves.bspline import SplineSettings, fit_spline
from curves.values import AUTrack, FloatArray, Interval, Side


def track(times: FloatArray, values: FloatArray) -> AUTrack:
    return AUTrack(12, Side.BOTH, times, values)


def bump(times: FloatArray, apex: float = 1.5, peak: float = 0.2, width: float = 0.2) -> FloatArray:
    return peak * np.clip(np.cos(np.clip((times - apex) / width, -1, 1) * np.pi / 2), 0, 1) ** 2


@settings(max_examples=40, deadline=None)
@given(
    arrays(np.float64, st.integers(1, 60), elements=st.floats(0, 1)),
    st.integers(0, 1000),
    st.sampled_from([0.0, 0.002, 0.02, 0.2]),
)
def test_values_stay_in_range_and_residual_is_kept(values: FloatArray, seed: int, smoothing: float) -> None:
    """Any samples at irregular times, 24 to 200 a second."""
    times = np.cumsum(np.random.default_rng(seed).uniform(1 / 200, 1 / 24, values.size))
    curve = fit_spline(track(times, values), SplineSettings(smoothing=smoothing)).curve
    least, greatest = curve.extremes()
    assert least >= -1e-12
    assert greatest <= 1 + 1e-12
    residual = curve(times) - values
    assert np.sqrt(np.mean(residual**2)) <= smoothing + 1e-9
    assert np.isfinite(curve(np.linspace(-1, times[-1] + 1, 200))).all()


@pytest.mark.parametrize("fps", [24, 60, 200])
def test_jitter_asks_for_few_knots(fps: int) -> None:
    times = np.arange(0, 3, 1 / fps)
    noise = 0.003 * np.random.default_rng(7).standard_normal(times.size)
    spline = fit_spline(track(times, np.clip(0.02 + bump(times) + noise, 0, 1)))
    assert spline.knots_s.size < min(70, 0.9 * times.size)
    inside = np.linspace(0, times[-1], 1000)
    assert np.abs(spline.curve(inside) - 0.02 - bump(inside)).max() < 0.015


def test_a_short_event_is_not_flattened_to_pay_for_rest() -> None:
    """The residual is held near every sample, not only on average: a peak of 0.05 keeps 80 % of its height."""
    times = np.arange(0, 20, 1 / 60)
    curve = fit_spline(track(times, bump(times, peak=0.05, width=0.1))).curve
    assert curve.peak() > 0.04


def test_without_smoothing_every_sample_is_hit() -> None:
    times = np.arange(0, 3, 1 / 60)
    curve = fit_spline(track(times, bump(times)), SplineSettings(smoothing=0)).curve
    assert np.abs(curve(times) - bump(times)).max() < 1e-12
    inside = np.linspace(1.0, 2.0, 500)
    assert np.abs(curve(inside) - bump(inside)).max() < 1e-3


def test_smooth_where_no_clamp_is_needed() -> None:
    """A cubic B-spline: value, slope and curvature are continuous at its knots."""
    times = np.arange(0, 3, 1 / 100)
    curve = fit_spline(track(times, 0.2 + bump(times))).curve
    c, h = curve.coefficients, np.diff(curve.breaks)[:-1]
    assert not curve.corners(1e-9, 1e-6).any()
    assert np.abs(6 * c[0, :-1] * h + 2 * c[1, :-1] - 2 * c[1, 1:]).max() < 1e-5


def test_gap_eases_to_rest_and_back() -> None:
    times = np.concatenate([np.arange(0, 1, 1 / 30), np.arange(2, 3, 1 / 30)])
    curve = fit_spline(track(times, np.full(times.size, 0.4))).curve
    assert curve(1.5) == 0.0
    assert curve([0.5, 2.5]) == pytest.approx(0.4)
    assert (np.diff(curve(np.linspace(times[29], times[29] + 0.1, 50))) <= 1e-12).all()
    assert curve(times[29] + 0.1) == pytest.approx(0.0, abs=1e-9)
    assert curve.extremes()[0] >= 0.0


def test_where_no_face_is_known_a_pause_of_the_camera_is_no_gap() -> None:
    times = np.concatenate([np.arange(0.5, 1, 1 / 30), np.arange(1.5, 2, 1 / 30), np.arange(3, 4, 1 / 30)])
    away = [Interval(0.0, 0.5), Interval(2.0, 3.0), Interval(4.0, 6.0)]
    curve = fit_spline(track(times, np.full(times.size, 0.4)), no_face=away).curve
    assert curve([1.0, 1.25, 3.5]) == pytest.approx(0.4)
    assert curve([0.1, 2.5, 5.0]) == pytest.approx(0.0)
    held = fit_spline(track(times, np.full(times.size, 0.4)), duration_s=9.0, no_face=[]).curve
    assert held.extremes() == pytest.approx((0.4, 0.4))


def test_a_few_lost_frames_are_no_gap() -> None:
    times = np.delete(np.arange(0, 3, 1 / 200), range(200, 205))
    curve = fit_spline(track(times, np.full(times.size, 0.4))).curve
    assert curve.extremes() == pytest.approx((0.4, 0.4))


def test_ends_hold_unless_the_face_came_late_or_left_early() -> None:
    times = np.arange(2.0, 3.0, 1 / 30)
    curve = fit_spline(track(times, np.full(30, 0.3)), duration_s=6.0).curve
    assert curve([0.0, 1.5, 2.5, 5.0]) == pytest.approx([0.0, 0.0, 0.3, 0.0])
    held = fit_spline(track(times - 2.0, np.full(30, 0.3))).curve
    assert held([0.0, 5.0]) == pytest.approx([0.3, 0.3])


def test_single_samples() -> None:
    assert fit_spline(track(np.array([0.0]), np.array([0.5]))).curve([0.0, 9.0]) == pytest.approx([0.5, 0.5])
    lonely = np.array([0.0, 0.02, 0.04, 1.0, 2.0, 2.02, 2.04])
    curve = fit_spline(track(lonely, np.where(lonely == 1.0, 0.5, 0.2))).curve
    assert curve([0.02, 0.5, 1.0, 1.5, 2.02]) == pytest.approx([0.2, 0.0, 0.5, 0.0, 0.2])
    with pytest.raises(ValueError, match="at least one sample"):
        fit_spline(track(np.array([]), np.array([])))


@pytest.mark.parametrize("settings_", [{"smoothing": -1.0}, {"gap_s": 0.0}, {"ease_s": float("nan")}])
def test_settings_are_checked(settings_: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        SplineSettings(**settings_)
