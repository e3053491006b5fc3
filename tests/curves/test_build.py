"""Tracks to rig curves: weights, sides, sums, clamping, timing."""

import numpy as np
import pytest

from curves import autofit
from curves.autostep import Windows
from curves.build import KeySettings, build_curves
from curves.modulate import Modulation
from curves.richcurve import evaluate
from curves.rigs import Rig, RigTarget
from curves.values import AUTrack, BasicEmotion, FloatArray, RichCurve, Side, TangentMode

EXACT = KeySettings(mode="exact", smoothing=0.0)
TIMES = np.arange(0, 2, 1 / 60)


def rig() -> Rig:
    jaw = (RigTarget("jaw", 1.0),)
    targets = {
        (25, Side.LEFT): (RigTarget("jaw", 0.3),),
        (25, Side.RIGHT): (RigTarget("jaw", 0.3),),
        (26, Side.LEFT): jaw,
        (26, Side.RIGHT): jaw,
        (12, Side.LEFT): (RigTarget("smileL", 0.8), RigTarget("cheekL", 0.5)),
        (12, Side.RIGHT): (RigTarget("smileR", 0.8),),
        (1, Side.LEFT): (RigTarget("brow", 1.0),),
        (1, Side.RIGHT): (RigTarget("brow", 1.0),),
    }
    return Rig("test", frozenset({"jaw", "smileL", "smileR", "cheekL", "brow"}), targets, ())


def bump(apex: float, peak: float = 0.2) -> FloatArray:
    return peak * np.cos(np.clip((TIMES - apex) / 0.2, -1, 1) * np.pi / 2) ** 2


def built(tracks: list[AUTrack], modulation: Modulation = Modulation()) -> dict[str, RichCurve]:  # noqa: B008
    return {curve.name: curve for curve in build_curves(tracks, rig(), modulation, EXACT)}


def peak(curve: RichCurve) -> float:
    return float(evaluate(curve, np.linspace(0, 2, 2001)).max())


def test_both_drives_left_and_right() -> None:
    curves = built([AUTrack(12, Side.BOTH, TIMES, bump(1.0))])
    assert sorted(curves) == ["cheekL", "smileL", "smileR"]
    assert peak(curves["smileL"]) == peak(curves["smileR"]) == pytest.approx(0.16, abs=1e-4)
    assert peak(curves["cheekL"]) == pytest.approx(0.1, abs=1e-4)


def test_one_side_leaves_the_other_alone() -> None:
    assert sorted(built([AUTrack(12, Side.RIGHT, TIMES, bump(1.0))])) == ["smileR"]


def test_midline_counts_once_and_shared_control_takes_the_larger_side() -> None:
    assert peak(built([AUTrack(26, Side.BOTH, TIMES, bump(1.0))])["jaw"]) == pytest.approx(0.2, abs=1e-4)
    brow = built([AUTrack(1, Side.LEFT, TIMES, bump(1.0)), AUTrack(1, Side.RIGHT, TIMES, bump(1.1, 0.3))])["brow"]
    expected = np.maximum(bump(1.0), bump(1.1, 0.3))
    assert np.abs(evaluate(brow, TIMES) - expected).max() < 1e-5


def test_aus_sum_keep_their_timing_and_are_clamped() -> None:
    tracks = [AUTrack(25, Side.BOTH, TIMES, bump(0.6)), AUTrack(26, Side.BOTH, TIMES, bump(1.4))]
    jaw = built(tracks)["jaw"]
    assert evaluate(jaw, [0.6, 1.0, 1.4]) == pytest.approx([0.06, 0.0, 0.2], abs=1e-5)
    loud = built(tracks, Modulation(gain=20.0))["jaw"]
    assert evaluate(loud, 1.4) == 1.0
    assert peak(loud) <= 1.0 + 1e-6


def test_modulation_scales() -> None:
    tracks = [AUTrack(26, Side.BOTH, TIMES, bump(1.0))]
    fear = Modulation(BasicEmotion.FEAR, intensity=0.5)
    assert peak(built(tracks, fear)["jaw"]) == pytest.approx(0.2 * fear.factor, abs=1e-4)


def test_still_empty_and_unknown_tracks_give_no_curve() -> None:
    still = AUTrack(26, Side.BOTH, TIMES, np.zeros(TIMES.size))
    empty = AUTrack(12, Side.BOTH, np.array([]), np.array([]))
    unknown = AUTrack(38, Side.BOTH, TIMES, bump(1.0))
    assert built([still, empty, unknown]) == {}


def test_two_tracks_for_one_side_are_refused() -> None:
    track = AUTrack(26, Side.BOTH, TIMES, bump(1.0))
    with pytest.raises(ValueError, match="got two"):
        built([track, track])


def test_default_settings_give_few_keys_within_tolerance() -> None:
    tracks = [AUTrack(12, Side.LEFT, TIMES, bump(1.0))]
    auto = {curve.name: curve for curve in build_curves(tracks, rig())}
    exact = {c.name: c for c in build_curves(tracks, rig(), settings=KeySettings(mode="exact"))}
    grid = np.linspace(0, 2, 3000)
    for name, curve in auto.items():
        assert len(curve.keys) <= 15
        error = np.abs(evaluate(curve, grid) - evaluate(exact[name], grid)).max()
        assert error <= 0.005 * peak(exact[name]) + 2e-6


def within(auto: dict[str, RichCurve], exact: dict[str, RichCurve], duration_s: float) -> bool:
    """Each auto curve, in float32, within 0.5 % of its own peak of the lossless one; the same names."""
    times = np.linspace(0, duration_s, int(500 * duration_s)).astype(np.float32)
    assert auto.keys() == exact.keys()
    errors = []
    for name, curve in auto.items():
        truth = evaluate(exact[name], times)
        errors.append(np.abs(evaluate(curve, times, precision=np.float32) - truth).max() / truth.max())
    return max(errors) <= 0.005 + 2e-5  # float32 twice


def tracks_of_a_take(duration_s: float, jitter: float, aus: tuple[int, ...], fps: float = 24.0) -> list[AUTrack]:
    """Events, slow wander and jitter, left and right apart."""
    rng = np.random.default_rng(11)
    times = np.arange(0, duration_s, 1 / fps)
    tracks = []
    for au in aus:
        for side in (Side.LEFT, Side.RIGHT):
            values = 0.1 + 0.06 * np.sin(rng.uniform(0.5, 3) * times + rng.uniform(0, 6))
            for apex in rng.uniform(0, duration_s, round(duration_s / 4)):
                values = values + rng.uniform(0.05, 0.3) * np.exp(-(((times - apex) / rng.uniform(0.05, 0.15)) ** 2))
            values += jitter * rng.standard_normal(times.size)
            tracks.append(AUTrack(au, side, times, np.clip(values, 0, 1)))
    return tracks


def test_a_jittery_take_converts_within_tolerance() -> None:
    tracks = tracks_of_a_take(20.0, 0.01, (1, 12, 25, 26))
    auto = {curve.name: curve for curve in build_curves(tracks, rig())}
    exact = {curve.name: curve for curve in build_curves(tracks, rig(), settings=KeySettings(mode="exact"))}
    assert len(auto) == 5
    assert within(auto, exact, 20.0)
    for curve in auto.values():
        assert all(key.tangent_mode == TangentMode.RCTM_Auto for key in curve.keys)
        assert curve.keys[0].value == curve.keys[1].value
        assert curve.keys[-1].value == curve.keys[-2].value


def test_a_control_too_sharp_for_auto_keys_gets_exact_ones() -> None:
    """A leap within 10 microseconds: no two auto keys may be that close."""
    leap = AUTrack(26, Side.BOTH, np.array([0.0, 1.0, 1.00001, 2.0]), np.array([0.0, 0.0, 0.5, 0.5]))
    tracks = [leap, AUTrack(12, Side.LEFT, TIMES, bump(1.0))]
    settings = KeySettings(smoothing=0.0)
    curves = {curve.name: curve for curve in build_curves(tracks, rig(), settings=settings)}
    assert sorted(curves) == ["cheekL", "jaw", "smileL"]
    modes = {name: {key.tangent_mode for key in curve.keys} for name, curve in curves.items()}
    assert modes["smileL"] == modes["cheekL"] == {TangentMode.RCTM_Auto}
    assert modes["jaw"] <= {TangentMode.RCTM_User, TangentMode.RCTM_Break}
    exact = {curve.name: curve for curve in build_curves(tracks, rig(), settings=EXACT)}
    assert within(curves, exact, 2.0)
    tight = {c.name: c for c in build_curves(tracks, rig(), settings=KeySettings(tolerance=1e-4, smoothing=0.0))}
    assert len(tight["jaw"].keys) >= len(curves["jaw"].keys)


@pytest.mark.slow
def test_work_and_keys_grow_linearly_with_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted in samples that the windows of keys hold, over all steps: never in seconds."""
    work: list[int] = []
    optimised = autofit.optimised

    def counted(windows: Windows, rounds: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        work.append(windows.x.size * rounds)
        return optimised(windows, rounds)

    monkeypatch.setattr(autofit, "optimised", counted)
    totals = []
    for duration_s in (40.0, 160.0, 600.0):
        work.clear()
        curves = build_curves(tracks_of_a_take(duration_s, 0.007, (12,)), rig())
        totals.append((duration_s, sum(work), sum(len(curve.keys) for curve in curves)))
    (_, *shortest), *longer = totals
    for duration_s, *counts in longer:
        for count, least in zip(counts, shortest, strict=True):
            assert 0.8 < count / least / (duration_s / 40.0) < 1.25
