"""Keys against their promises: the error in float32 at float32 times, the number of keys, the end keys."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from curves.autochain import Task, chained, removal_windows, span_windows
from curves.autostep import STILL, Targets, Windows, _jacobian, _residuals, tied
from curves.bspline import SplineSettings, fit_spline
from curves.errors import InputError
from curves.keys import baked, fit_keys
from curves.piecewise import PiecewiseCubic, constant, from_callable, hermite
from curves.richcurve import auto_tangents, evaluate
from curves.values import AUTrack, InterpMode, RichCurve, Side, TangentMode


def event(seed: int, start_s: float = 0.0, fps: float = 100.0, noise: float = 0.0) -> PiecewiseCubic:
    """A 3 s spline with one smooth event of random timing and amplitude."""
    rng = np.random.default_rng(seed)
    rise, fall, onset, peak = (
        rng.uniform(0.06, 0.3),
        rng.uniform(0.06, 0.35),
        rng.uniform(0.4, 1.9),
        rng.uniform(0.05, 1),
    )
    times = np.arange(0.0, 3.0, 1 / fps)
    up = 0.5 - 0.5 * np.cos(np.pi * np.clip((times - onset) / rise, 0, 1))
    down = 0.5 + 0.5 * np.cos(np.pi * np.clip((times - onset - rise) / fall, 0, 1))
    values = np.clip(peak * up * down + noise * rng.standard_normal(times.size), 0, 1)
    return fit_spline(AUTrack(4, Side.LEFT, times + start_s, values), SplineSettings(smoothing=0.002)).curve


def float32_error(curve: RichCurve, target: PiecewiseCubic) -> float:
    """Largest error at float32 times: everywhere, and at all of them around the keys and the target's breaks."""
    marks = np.concatenate(([key.time for key in curve.keys], target.breaks)).astype(np.float32)
    near = [marks]
    for direction in (-np.inf, np.inf):
        step = marks
        for _ in range(3):
            step = np.nextafter(step, np.float32(direction))
            near.append(step)
    even = np.linspace(target.start_s - 0.1, target.end_s + 0.1, 8001).astype(np.float32)
    times = np.unique(np.concatenate([even, *near]))
    result = evaluate(curve, times, precision=np.float32).astype(np.float64)
    return float(np.abs(result - target(times.astype(np.float64))).max())


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0.002, 0.005, 0.02]), st.sampled_from([0.0, 37.5, 595.0]))
def test_auto_stays_within_tolerance(seed: int, tolerance: float, start_s: float) -> None:
    target = event(seed, start_s)
    curve = fit_keys("c", target, "auto", tolerance)
    assert float32_error(curve, target) <= tolerance * target.peak()


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 10**6))
def test_auto_follows_noise_too(seed: int) -> None:
    rng = np.random.default_rng(seed)
    times = np.arange(0, 2, 1 / 30)
    values = np.clip(0.05 + 0.02 * rng.standard_normal(times.size), 0, 1)
    target = fit_spline(AUTrack(4, Side.LEFT, times, values), SplineSettings(smoothing=0)).curve
    assert float32_error(fit_keys("c", target), target) <= 0.005 * target.peak()


def test_auto_keys_are_what_unreal_would_recompute() -> None:
    curve = fit_keys("c", event(3))
    assert all(key.interp_mode == InterpMode.RCIM_Cubic for key in curve.keys)
    assert all(key.tangent_mode == TangentMode.RCTM_Auto for key in curve.keys)
    assert auto_tangents(curve.keys, precision=np.float32) == curve.keys
    times = np.array([key.time for key in curve.keys])
    assert (times == times.astype(np.float32)).all()
    assert np.diff(times).min() > 1e-4  # the distance at which Unreal merges keys


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.02, 0.98))
def test_both_readings_of_end_tangents_agree(seed: int, part: float) -> None:
    """Also when the curve is cut in the middle of a movement."""
    whole = event(seed)
    spans = max(2, round(part * (whole.breaks.size - 1)))
    target = PiecewiseCubic(whole.breaks[: spans + 1], whole.coefficients[:, :spans])
    curve = fit_keys("c", target)
    assert curve.keys[0].value == curve.keys[1].value
    assert curve.keys[-1].value == curve.keys[-2].value
    assert float32_error(curve, target) <= 0.005 * target.peak() + 1e-12


def test_constant_curve_needs_two_keys() -> None:
    for mode in ("auto", "exact"):
        curve = fit_keys("c", constant(0.3, 1.0, 2.0), mode)
        assert len(curve.keys) == 2
        assert evaluate(curve, [0.0, 1.5, 9.0]) == pytest.approx(0.3, abs=1e-7)


def test_jump_is_an_error_in_auto_and_exact_in_exact() -> None:
    step = PiecewiseCubic([0.0, 1.0, 2.0], [[0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 1.0]])
    with pytest.raises(InputError, match="exact keys"):
        fit_keys("c", step)
    curve = fit_keys("c", step, "exact")
    below = float(np.nextafter(np.float32(1), np.float32(0)))
    assert evaluate(curve, [0.5, below, 1.0, 1.5]).tolist() == [0.0, 0.0, 1.0, 1.0]


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10**6),
    st.floats(0.0, 597.0),
    st.sampled_from([24.0, 29.97, 60.0, 200.0]),
    st.sampled_from([0.0, 0.005, 0.05]),
)
@example(seed=310265, start_s=214.57435690491917, fps=200.0, noise=0.0)  # a long rest before the event
@example(seed=82, start_s=427.0, fps=24.0, noise=0.05)
def test_exact_is_exact(seed: int, start_s: float, fps: float, noise: float) -> None:
    """Noise at rest makes the clamp cut many corners, which are the hard part at late float32 times."""
    target = event(seed, start_s, fps, noise)
    assert float32_error(fit_keys("c", target, "exact"), target) <= 1e-6


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([1e-4, 0.005, 0.05]))
def test_exact_reduces_when_asked(seed: int, tolerance: float) -> None:
    target = event(seed, 100.0, 60.0, 0.002)
    lossless, reduced = fit_keys("c", target, "exact"), fit_keys("c", target, "exact", tolerance)
    assert float32_error(reduced, target) <= tolerance * target.peak() + 1e-6
    if tolerance >= 0.005:
        assert len(reduced.keys) < len(lossless.keys)


def test_callable_with_breakpoints() -> None:
    target = from_callable(lambda t: np.abs(np.sin(t)), [0.0, np.pi, 2 * np.pi], 1 / 120)
    grid = np.linspace(0, 2 * np.pi, 1000)
    assert np.abs(target(grid) - np.abs(np.sin(grid))).max() < 1e-8
    assert float32_error(fit_keys("c", target, "auto"), target) <= 0.005
    assert float32_error(fit_keys("c", target, "exact"), target) <= 1e-6


def test_wrong_settings_are_refused() -> None:
    target = event(1)
    for mode, tolerance in (("auto", 0.0), ("auto", -1.0), ("auto", float("nan")), ("exact", 1.5), ("linear", 0.1)):
        with pytest.raises(ValueError, match="expected"):
            fit_keys("c", target, mode, tolerance)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="fps"):
        baked("c", target, 0.0)


def test_bake_has_a_linear_key_a_frame() -> None:
    target = hermite([0.1, 1.05], [0.0, 1.0], [0.0, 0.0])
    curve = baked("c", target, 10)
    assert [key.time for key in curve.keys] == pytest.approx([0.1, *np.arange(2, 11) / 10, 1.05])
    assert all(key.interp_mode == InterpMode.RCIM_Linear for key in curve.keys)
    assert [key.value for key in curve.keys] == pytest.approx(target([key.time for key in curve.keys]), abs=1e-7)


def windows_of(target: PiecewiseCubic, key: int, *, away: bool) -> Windows:
    """A window of reach 2 around one of eight keys, which is taken away, or around the span behind it."""
    times = np.array([0.0, 0.5, 0.8, 1.1, 1.3, 1.5, 2.0, 3.0])
    values = target(times) + 0.1 * np.sin(9 * times)
    values[[1, -2]] = values[[0, -1]]
    task = Task(Targets([target]), np.array([0.001]), np.zeros((1, 2), dtype=bool))
    chain = chained([(times, values)])
    index = np.array([chain.keys_of(0).start + key])
    return (removal_windows if away else span_windows)(chain, task, index, 2, 7)[1]


@pytest.mark.parametrize("away", [True, False])
@pytest.mark.parametrize("key", range(1, 7))
def test_jacobian_is_the_derivative(key: int, away: bool) -> None:
    """Also in windows that reach past the ends, where two values move as one and ghosts do not move at all."""
    windows = windows_of(event(5), key, away=away)
    state = _residuals(windows)
    jacobian = _jacobian(windows, state)
    assert jacobian.shape == (1, windows.x.size, 8)
    assert np.abs(jacobian).max() > 100
    for unknown in range(8):
        local, of_time = STILL + unknown // 2, unknown % 2
        time, value = windows.time.copy(), windows.value.copy()
        if not windows.fixed[0, local, of_time]:
            (time if of_time else value)[0, local] += 1e-7
        moved = _residuals(replace(windows, time=time, value=tied(value, windows.tied)))
        change = (moved.residual - state.residual) / 1e-7
        assert np.abs(jacobian[:, :, unknown] - change).max() < 1e-3 * np.abs(jacobian).max()


@pytest.mark.slow
def test_one_event_needs_few_keys() -> None:
    """A part of the experiment of benchmarks/keys.py, with its claims."""
    counts = []
    for seed in range(100):
        target = event(seed)
        curve = fit_keys("c", target)
        counts.append(len(curve.keys))
        assert float32_error(curve, target) <= 0.005 * target.peak()
    assert np.median(counts) <= 12
