"""Takes for the tests of layering and stimuli: small, of known shape."""

from fractions import Fraction
from typing import Any

import numpy as np

from curves.build import KeySettings, build_curves
from curves.formats.take import write_take
from curves.rigs import load_rig
from curves.values import AUActivation, AUTrack, Emotion, EmotionEstimate, Event, Interval, Side, Take

RATE = Fraction(30)


def pulse(times: np.ndarray, onset: float, apex: float, offset: float) -> np.ndarray:
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * np.interp(times, [onset, apex, offset], [0.0, 1.0, 2.0])))


def event(onset: float, apex: float, offset: float, *aus: int, emotion: Emotion = Emotion.HAPPINESS) -> Event:
    shares = {label: 0.7 if label is emotion else 0.05 for label in Emotion}
    return Event(
        onset,
        apex,
        offset,
        0.8,
        EmotionEstimate(emotion, shares),
        tuple(AUActivation(au, Side.BOTH, 0.2) for au in aus),
    )


def take(
    peaks: dict[tuple[int, Side], float],
    rig: str = "facs",
    moments: tuple[tuple[float, float, float], ...] = ((0.3, 0.45, 0.7),),
    *,
    rest: float = 0.0,
    duration_s: float = 1.0,
    config: dict[str, Any] | None = None,
    **fields: Any,
) -> Take:
    """AUs that rise and fall together at each of the moments; ``rest`` is what they never fall below."""
    times = np.arange(round(duration_s * 30)) / 30
    shape = rest + (1 - rest) * np.clip(sum(pulse(times, *moment) for moment in moments), 0, 1)
    tracks = tuple(AUTrack(au, side, times, peak * shape) for (au, side), peak in sorted(peaks.items()))
    curves = build_curves(tracks, load_rig(rig), settings=KeySettings(mode="exact"), no_face=())
    events = tuple(event(*moment, *sorted({au for au, _ in peaks})) for moment in moments)
    provenance = {"version": "0", "config": {"rig": rig, **(config or {})}}
    made = {"events": events, "provenance": provenance, **fields}
    return Take(RATE, duration_s, tracks=tracks, curves=curves, **made)


__all__ = ["RATE", "Interval", "event", "pulse", "take", "write_take"]
