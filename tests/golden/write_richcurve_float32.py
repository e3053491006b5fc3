"""Writes richcurve_float32.txt: what curves/richcurve.py computes in float32, for implementations without JSON.

    python tests/golden/write_richcurve_float32.py

Lines, words apart by one space; every number of a curve as the 8 hexadecimal digits of its float32 bits:
    curve NAME exact|weighted PRE POST DEFAULT|- TENSION        modes as Unreal numbers them
    key TIME VALUE ARRIVE LEAVE ARRIVE_WEIGHT LEAVE_WEIGHT INTERP TANGENT WEIGHT
    auto ARRIVE LEAVE                                           one a key: after AutoSetTangents(TENSION)
    at TIME VALUE                                               of the keys as given; fallback 0.25
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from curves.richcurve import auto_tangents, evaluate  # noqa: E402
from curves.values import Extrapolation, InterpMode, RichCurve, RichKey, TangentMode, TangentWeightMode  # noqa: E402

TARGET = HERE / "richcurve_float32.txt"
FALLBACK = 0.25


def bits(value: float) -> str:
    return f"{np.float32(value).view(np.uint32):08x}"


def known() -> Iterator[tuple[RichCurve, float, np.ndarray]]:
    """The curves of richcurve_vectors.json, at no more than 24 of their times."""
    entries = json.loads((HERE / "richcurve_vectors.json").read_text(encoding="utf-8"))["curves"]
    for entry in entries:
        stored = entry["curve_f32"]
        keys = tuple(
            RichKey(
                key["time"],
                key["value"],
                InterpMode[key["interp_mode"]],
                TangentMode[key["tangent_mode"]],
                key["arrive_tangent"],
                key["leave_tangent"],
                TangentWeightMode[key["tangent_weight_mode"]],
                key["arrive_tangent_weight"],
                key["leave_tangent_weight"],
            )
            for key in stored["keys"]
        )
        modes = (Extrapolation[stored["pre_infinity"]], Extrapolation[stored["post_infinity"]])
        times = np.array([sample[0] for sample in entry["samples"]])
        step = max(1, -(-times.size // 24))
        yield RichCurve(entry["name"], keys, *modes, stored["default_value"]), entry["tension"], times[::step]


def drawn(rng: np.random.Generator, index: int) -> tuple[RichCurve, float, np.ndarray]:
    """A curve of 2 to 7 keys in any modes, some at one time; every third has weights."""
    count = int(rng.integers(2, 8))
    steps = rng.uniform(0.01, 1.5, count) * (rng.random(count) > 0.1)
    times = np.cumsum(steps).astype(np.float32)
    numbers = rng.normal(0, 2, (count, 3)).astype(np.float32)
    lengths = rng.uniform(0.05, 2.0, (count, 2)).astype(np.float32)
    keys = tuple(
        RichKey(
            float(times[i]),
            float(numbers[i, 0]),
            InterpMode(int(rng.choice([0, 1, 2, 2, 2, 3]))),
            TangentMode(int(rng.choice([0, 0, 1, 2, 3, 4]))),
            float(numbers[i, 1]),
            float(numbers[i, 2]),
            TangentWeightMode(int(rng.integers(4)) if index % 3 == 0 else 0),
            float(lengths[i, 0]),
            float(lengths[i, 1]),
        )
        for i in range(count)
    )
    modes = [Extrapolation(int(mode)) for mode in rng.integers(0, 6, 2)]
    span = float(times[-1] - times[0]) + 0.5
    asked = np.concatenate([times, rng.uniform(times[0] - 3 * span, times[-1] + 3 * span, 10), rng.choice(times, 2)])
    curve = RichCurve(f"drawn_{index:02d}", keys, modes[0], modes[1])
    return curve, float(np.float32(rng.choice([0.0, 0.0, 0.3]))), asked


def small() -> Iterator[tuple[RichCurve, float, np.ndarray]]:
    """No key, one key, with and without a default value."""
    asked = np.array([-1.0, 0.0, 2.0])
    yield RichCurve("empty", ()), 0.0, asked
    yield RichCurve("empty_default", (), default_value=0.5), 0.0, asked
    yield RichCurve("one_key", (RichKey(1.0, 0.75, InterpMode.RCIM_Cubic),), default_value=0.5), 0.0, asked


def lines() -> Iterator[str]:
    rng = np.random.default_rng(20)
    for curve, tension, times in (*small(), *known(), *(drawn(rng, index) for index in range(45))):
        weighted = any(key.tangent_weight_mode for key in curve.keys)
        default = "-" if curve.default_value is None else bits(curve.default_value)
        kind = "weighted" if weighted else "exact"
        yield f"curve {curve.name} {kind} {curve.pre_infinity:d} {curve.post_infinity:d} {default} {bits(tension)}"
        for key in curve.keys:
            numbers = (key.time, key.value, key.arrive_tangent, key.leave_tangent)
            words = [bits(n) for n in (*numbers, key.arrive_tangent_weight, key.leave_tangent_weight)]
            yield " ".join(["key", *words, *(f"{m:d}" for m in (key.interp_mode, key.tangent_mode))]) + (
                f" {key.tangent_weight_mode:d}"
            )
        for key in auto_tangents(curve.keys, tension, np.float32):
            yield f"auto {bits(key.arrive_tangent)} {bits(key.leave_tangent)}"
        values = evaluate(curve, times, precision=np.float32, default=FALLBACK)
        for time, value in zip(times, values, strict=True):
            yield f"at {bits(time)} {bits(value)}"


def text() -> str:
    return "\n".join(lines()) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="ascii", newline="\n")
