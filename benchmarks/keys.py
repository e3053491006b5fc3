"""How many keys one micro-expression needs: 1,000 seeded 3 s curves with one event each (`python benchmarks/keys.py`).

Onset-to-apex and apex-to-offset times are drawn from the quantiles of the published onset, apex and offset frames of
CASME II and SAMM together (406 clips, seconds: least, 5 %, 25 %, median, 75 %, 95 %, greatest). The shape is our own:
a raised cosine up and down. Peaks are uniform over 0.05 to 0.3; frame rates 30, 60, 100 and 200. Synthetic tracks.

With `--takes`: what whole takes cost instead, tracks to keys. 38 tracks (19 AUs, left and right) of 20 s (`--seconds`)
at 24 fps, each with an event every 4 s, slow wander and jitter.
"""

import argparse
import time

import numpy as np

from curves.bspline import SplineSettings, fit_spline
from curves.build import build_curves
from curves.keys import KeyMode, fit_keys
from curves.piecewise import PiecewiseCubic
from curves.richcurve import evaluate
from curves.rigs import load_rig
from curves.values import DEFAULT_AUS, AUTrack, FloatArray, RichCurve, Side, TangentMode

PROBABILITY = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
RISE_S = (0.005, 0.075, 0.115, 0.155, 0.2, 0.315, 0.48)
FALL_S = (0.005, 0.06, 0.115, 0.17, 0.235, 0.33, 0.51)
SHORTEST_S = 0.04  # of a rise or a fall: a micro-expression lasts at least 1/25 s


def one_event(rng: np.random.Generator, jitter: float) -> tuple[AUTrack, tuple[float, float]]:
    """A 3 s track and the times at which its event starts and ends."""
    rise = max(SHORTEST_S, float(np.interp(rng.uniform(), PROBABILITY, RISE_S)))
    fall = max(SHORTEST_S, float(np.interp(rng.uniform(), PROBABILITY, FALL_S)))
    onset, peak = rng.uniform(0.2, 2.8 - rise - fall), rng.uniform(0.05, 0.3)
    times = np.arange(0.0, 3.0, 1 / rng.choice([30, 60, 100, 200]))
    values = np.clip(peak * shape(times, onset, rise, fall) + jitter * rng.standard_normal(times.size), 0, 1)
    return AUTrack(4, Side.LEFT, times, values), (onset, onset + rise + fall)


def shape(times: FloatArray, onset: float, rise: float, fall: float) -> FloatArray:
    """An event of height 1."""
    up = 0.5 - 0.5 * np.cos(np.pi * np.clip((times - onset) / rise, 0, 1))
    down: FloatArray = 0.5 + 0.5 * np.cos(np.pi * np.clip((times - onset - rise) / fall, 0, 1))
    return up * down


def one_take(rng: np.random.Generator, seconds: float, jitter: float) -> list[AUTrack]:
    """Events, wander (four sines below 0.6 Hz) and jitter on every AU and side."""
    times = np.arange(0.0, seconds, 1 / 24)
    tracks = []
    for au in DEFAULT_AUS:
        for side in (Side.LEFT, Side.RIGHT):
            values = np.full(times.size, rng.uniform(0.01, 0.05))
            for _ in range(4):
                wave = np.sin(2 * np.pi * rng.uniform(0.05, 0.6) * times + rng.uniform(0, 2 * np.pi))
                values += rng.uniform(0.01, 0.08) * wave
            for onset in rng.uniform(0.0, seconds, max(1, round(seconds / 4))):
                rise, fall = rng.uniform(0.06, 0.3), rng.uniform(0.06, 0.35)
                values += rng.uniform(0.05, 0.3) * shape(times, onset, rise, fall)
            values += jitter * rng.standard_normal(times.size)
            tracks.append(AUTrack(au, side, times, np.clip(values, 0.0, 1.0)))
    return tracks


def run_takes(seconds: float) -> None:
    build_curves(one_take(np.random.default_rng(0), 2.0, 0.0), load_rig("arkit"))  # imports, first calls
    for rig in ("metahuman", "arkit"):
        for jitter in (0.0, 0.005, 0.01):
            tracks = one_take(np.random.default_rng(1), seconds, jitter)
            begin = time.process_time()
            curves = build_curves(tracks, load_rig(rig))
            cost = time.process_time() - begin
            keys = [len(curve.keys) for curve in curves]
            sharp = sum(any(key.tangent_mode != TangentMode.RCTM_Auto for key in curve.keys) for curve in curves)
            print(
                f"{rig:9} {seconds:g} s, jitter {jitter:g}: CPU {cost:.2f} s in all, {1e3 * cost / len(curves):.1f} ms "
                f"a control ({len(curves)}); keys a curve median {np.median(keys):g}, in all {sum(keys)}; "
                f"{sharp} too sharp for auto keys",
                flush=True,
            )


def relative_error(curve: RichCurve, target: PiecewiseCubic) -> float:
    """Largest error in float32 at 6,000 float32 times, relative to the target's peak."""
    times = np.linspace(target.start_s, target.end_s, 6000).astype(np.float32)
    result = evaluate(curve, times, precision=np.float32).astype(np.float64)
    return float(np.abs(result - target(times.astype(np.float64))).max() / target.peak())


def run(count: int, mode: KeyMode, tolerance: float | None, smoothing: float, jitter: float) -> None:
    rng = np.random.default_rng(2024)
    keys, in_event, errors, seconds = [], [], [], []
    for _ in range(count):
        track, (onset, offset) = one_event(rng, jitter)
        target = fit_spline(track, SplineSettings(smoothing=smoothing)).curve
        begin = time.process_time()
        curve = fit_keys("c", target, mode, tolerance)
        seconds.append(time.process_time() - begin)
        keys.append(len(curve.keys))
        in_event.append(sum(onset <= key.time <= offset for key in curve.keys))
        errors.append(relative_error(curve, target))
    print(
        f"{mode:5} smoothing {smoothing:g} jitter {jitter:g}: keys a curve median {np.median(keys):g}, "
        f"p95 {np.percentile(keys, 95):g}, max {max(keys)}; inside the event median {np.median(in_event):g}; "
        f"largest error {max(errors):.5%} of the peak; CPU ms a curve median {1e3 * np.median(seconds):.1f}, "
        f"p95 {1e3 * np.percentile(seconds, 95):.1f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--tolerance", type=float, default=0.005)
    parser.add_argument("--takes", action="store_true", help="what whole takes cost, instead of the keys of events")
    parser.add_argument("--seconds", type=float, default=20.0, help="length of the takes")
    arguments = parser.parse_args()
    if arguments.takes:
        run_takes(arguments.seconds)
        return
    run(arguments.count, "auto", arguments.tolerance, smoothing=0.005, jitter=0.0)
    few = max(1, arguments.count // 10)
    run(few, "auto", arguments.tolerance, smoothing=0.0, jitter=0.0)
    run(few, "auto", arguments.tolerance, smoothing=0.005, jitter=0.003)
    run(few, "exact", None, smoothing=0.005, jitter=0.0)
    run(few, "exact", arguments.tolerance, smoothing=0.005, jitter=0.0)


if __name__ == "__main__":
    main()
