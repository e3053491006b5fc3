"""The script of a clip: what the face does when, drawn from the priors; with the truth that training learns from.

Micro-expressions are events and intensity; macro-expressions are intensity only; everything else is distraction.
Frame times are sampled last, so the truth does not depend on the frame rate.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curves.values import DEFAULT_AUS, MIDLINE_AUS
from recognizer.synthetic.distractors import Distraction, draw_distraction
from recognizer.synthetic.envelope import Envelope, draw_envelope
from recognizer.synthetic.priors import Priors

Floats64 = NDArray[np.float64]
_COUNT = len(DEFAULT_AUS)
_CHANCES = ("uniform_aus", "macro", "speech", "lively", "laughter", "distraction", "camera_noise", "variable_rate")
#: An event begins and ends where its strongest AU passes this share of its peak: before, nobody could see it.
VISIBLE_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class SceneSettings:
    """What clips contain. Probabilities 0..1, times in seconds, amplitudes as fractions of the eye distance.

    ``reduction``: the picture's side as a part of ``size_px``: how far away the camera is. A face is 0.55 to 0.74 of
    the picture wide, so 55 to 190 pixels.
    ``uniform_aus``: share of events whose AUs are drawn evenly instead of from the priors, or the rare ones
    (5, 16, 18, 20, 24, 25, 26, 38) would hardly be seen.
    ``speech``: chance of talking; ``lively``: of doing so with the corners of the mouth and the brows, too.
    ``laughter``: chance of a laugh.
    """

    size_px: int = 256
    reduction: tuple[float, float] = (0.4, 1.0)
    duration_s: tuple[float, float] = (2.5, 4.0)
    amplitude: tuple[float, float] = (0.01, 0.04)
    events: tuple[float, float, float] = (0.15, 0.5, 0.35)  # chance of 0, 1, 2 events
    uniform_aus: float = 0.4
    macro: float = 0.4
    speech: float = 0.2
    lively: float = 0.0
    laughter: float = 0.0
    distraction: float = 1.0  # 0: a still head that does not blink
    camera_noise: float = 1.0  # 0: neither noise nor blur nor compression
    fps: tuple[float, ...] = (24.0, 25.0, 30.0, 50.0, 60.0, 100.0, 120.0, 200.0)
    fps_weight: tuple[float, ...] = (0.12, 0.18, 0.32, 0.12, 0.14, 0.05, 0.03, 0.04)
    variable_rate: float = 0.12

    def __post_init__(self) -> None:
        for name in _CHANCES:
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"scene {name}: expected 0..1, got {getattr(self, name)}")
        if not 0.0 < self.reduction[0] <= self.reduction[1] <= 1.0:
            raise ValueError(f"scene reduction: expected two rising parts in (0, 1], got {self.reduction}")
        if len(self.fps) != len(self.fps_weight):
            raise ValueError(f"scene fps_weight: expected {len(self.fps)} weights, got {len(self.fps_weight)}")
        if self.size_px < 64:
            raise ValueError(f"scene size_px: expected at least 64, got {self.size_px}")


@dataclass(frozen=True, slots=True, eq=False)
class MicroEvent:
    """One micro-expression: an envelope for each AU index, its peaks (19, 2) left and right, and visible times."""

    emotion: int
    peaks: Floats64
    envelopes: dict[int, Envelope]
    onset_s: float
    apex_s: float
    offset_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Script:
    """All that happens: ``macros`` are (envelope, peaks (19, 2)) pairs."""

    times_s: Floats64
    events: tuple[MicroEvent, ...]
    macros: tuple[tuple[Envelope, Floats64], ...]
    distraction: Distraction

    def intensity(self) -> NDArray[np.float32]:
        """(N, 19, 2) in [0, 1]."""
        total = np.zeros((len(self.times_s), _COUNT, 2))
        for event in self.events:
            for au, envelope in event.envelopes.items():
                total[:, au] += envelope.at(self.times_s)[:, None] * event.peaks[au]
        for envelope, peaks in self.macros:
            total += envelope.at(self.times_s)[:, None, None] * peaks
        return np.clip(total, 0.0, 1.0).astype(np.float32)

    def intensity_known(self) -> NDArray[np.float32]:
        """(N, 19): 0 while speech or a fidget moves the mouth in ways that have no AU truth, else 1."""
        known = np.ones((len(self.times_s), _COUNT), np.float32)
        for au in (10, 16, 17, 18, 20, 24, 25, 26):
            known[self.distraction.speaking, DEFAULT_AUS.index(au)] = 0.0
        for au in (12, 14, 15):
            known[self.distraction.corners, DEFAULT_AUS.index(au)] = 0.0
        return known


def draw_script(rng: np.random.Generator, settings: SceneSettings, priors: Priors, strength: Floats64) -> Script:
    """A clip's script. ``strength`` (38,) from ``actions.visible_strength`` turns amplitudes into intensities."""
    duration = float(rng.uniform(*settings.duration_s))
    times = draw_times(rng, settings, duration)
    count = int(rng.choice(3, p=np.array(settings.events) / np.sum(settings.events)))
    events: list[MicroEvent] = []
    for _ in range(count):
        event = _draw_event(rng, settings, priors, strength, duration)
        if all(event.offset_s + 0.15 < other.onset_s or other.offset_s + 0.15 < event.onset_s for other in events):
            events.append(event)
    macros = [_draw_macro(rng, duration) for _ in range(int(rng.random() < settings.macro))]
    distraction = draw_distraction(
        rng, times, amount=settings.distraction, speech=settings.speech, lively=settings.lively
    )
    if distraction.corners.any():
        macros += _draw_brow_beats(rng, duration)
    if settings.laughter and rng.random() < settings.laughter:
        macros += _draw_laugh(rng, duration)
    return Script(times, tuple(sorted(events, key=lambda event: event.onset_s)), tuple(macros), distraction)


def draw_times(rng: np.random.Generator, settings: SceneSettings, duration_s: float) -> Floats64:
    """Frame times (N,) from 0: a constant rate, or (phones) one with jitter and lost frames."""
    weights = np.array(settings.fps_weight) / np.sum(settings.fps_weight)
    fps = float(rng.choice(settings.fps, p=weights))
    times = np.arange(0.0, duration_s, 1.0 / fps)
    if rng.random() < settings.variable_rate:
        times = times + rng.uniform(-0.2, 0.2, len(times)) / fps
        times = times[rng.random(len(times)) > 0.04]
        times = times - times[0]
    return times


def _draw_event(
    rng: np.random.Generator, settings: SceneSettings, priors: Priors, strength: Floats64, duration_s: float
) -> MicroEvent:
    if rng.random() < settings.uniform_aus:
        aus = [int(au) for au in rng.choice(_COUNT, int(rng.choice([1, 2, 3], p=[0.6, 0.3, 0.1])), replace=False)]
        emotion = priors.draw_emotion(rng, aus)
    else:
        emotion = int(rng.choice(len(priors.emotion), p=priors.emotion))
        aus = priors.draw_aus(rng, emotion)
    rise, fall = priors.draw_durations(rng)
    # One in eight starts in the first 0.3 s, where a window has little neutral before it.
    earliest = 0.02 if rng.random() < 0.125 else 0.3
    start = float(rng.uniform(earliest, duration_s - rise - fall - 0.05))
    amplitude = float(np.exp(rng.uniform(*np.log(settings.amplitude))))
    peaks = np.zeros((_COUNT, 2))
    envelopes: dict[int, Envelope] = {}
    for order, au in enumerate(aus):
        share = 1.0 if order == 0 else float(rng.uniform(0.45, 1.0))
        peaks[au] = _draw_sides(rng, priors, au, amplitude * share, strength)
        envelopes[au] = draw_envelope(rng, start, rise, fall, jitter_s=0.0 if order == 0 else 0.04)
    return _timed(emotion, peaks, envelopes, strength)


def _draw_sides(rng: np.random.Generator, priors: Priors, au: int, amplitude: float, strength: Floats64) -> Floats64:
    left, right = strength[2 * au], strength[2 * au + 1]
    if DEFAULT_AUS[au] in MIDLINE_AUS:
        return np.full(2, min(0.6, amplitude / (left + right)))
    peaks = np.minimum(0.7, amplitude / np.array([left, right]))
    if rng.random() < priors.unilateral[au]:
        quiet = int(rng.integers(2))
        peaks[quiet] *= rng.uniform(0.0, 0.15) if rng.random() < 0.5 else 0.0
    else:
        peaks[int(rng.integers(2))] *= rng.uniform(0.75, 1.0)
    return peaks


def _timed(emotion: int, peaks: Floats64, envelopes: dict[int, Envelope], strength: Floats64) -> MicroEvent:
    """Where the whole becomes visible, is strongest, and is gone: on a grid of a millisecond."""
    starts = [envelope.start_s for envelope in envelopes.values()]
    ends = [envelope.end_s for envelope in envelopes.values()]
    grid = np.arange(min(starts), max(ends), 0.001)
    motion = (peaks * strength.reshape(-1, 2)).max(1)
    curves = np.stack([motion[au] * envelope.at(grid) for au, envelope in envelopes.items()])
    visible = np.flatnonzero(curves.max(0) >= VISIBLE_SHARE * curves.max())
    apex = int(curves.sum(0).argmax())
    return MicroEvent(
        emotion, peaks, envelopes, float(grid[visible[0]]), float(grid[apex]), float(grid[visible[-1]] + 0.001)
    )


# Everyday full expressions: AUs and their relative strength.
_MACROS: tuple[dict[int, float], ...] = (
    {6: 0.8, 12: 1.0},
    {12: 1.0, 25: 0.5, 6: 0.6},
    {1: 1.0, 2: 1.0},
    {1: 0.8, 2: 0.9, 5: 1.0, 26: 0.4},
    {4: 1.0, 7: 0.7},
    {9: 1.0, 10: 0.7, 4: 0.6},
    {1: 0.9, 4: 0.6, 15: 1.0, 17: 0.7},
    {24: 1.0, 14: 0.6},
    {15: 0.7, 17: 1.0},
    {18: 1.0},
    {20: 1.0, 5: 0.6, 1: 0.6},
    {25: 1.0, 26: 0.6},
    {14: 1.0},
    {16: 0.9, 25: 0.7},
)


def _draw_macro(rng: np.random.Generator, duration_s: float) -> tuple[Envelope, Floats64]:
    """One lasting expression; it may be there at the first frame or still at the last.

    Faint ones, as small as a micro-expression but slow, teach that speed makes the difference.
    """
    peaks = np.zeros((_COUNT, 2))
    strength = float(np.exp(rng.uniform(np.log(0.06), 0.0))) if rng.random() < 0.5 else rng.uniform(0.3, 1.0)
    sides = rng.uniform(0.85, 1.0, 2)
    for au, share in _MACROS[int(rng.integers(len(_MACROS)))].items():
        peaks[DEFAULT_AUS.index(au)] = strength * share * (sides if au not in MIDLINE_AUS else 1.0)
    rise, fall = rng.uniform(0.35, 1.0), rng.uniform(0.35, 1.2)
    hold = rng.uniform(0.1, 1.8)
    start = float(rng.uniform(-0.8 * rise - hold, duration_s - 0.5))
    return Envelope(start, rise, hold, fall, float(rng.uniform(0.8, 1.6)), float(rng.uniform(0.8, 1.6))), peaks


def _draw_brow_beats(rng: np.random.Generator, duration_s: float) -> list[tuple[Envelope, Floats64]]:
    """Who talks with spirit stresses words with the brows: too large or too slow for a micro-expression."""
    beats = []
    for _ in range(int(rng.poisson(0.5 * duration_s))):
        peaks = np.zeros((_COUNT, 2))
        for au, share in (({1: 1.0, 2: 1.0}, {4: 1.0}, {1: 0.7, 2: 1.0, 5: 0.4})[int(rng.integers(3))]).items():
            peaks[DEFAULT_AUS.index(au)] = share * rng.uniform(0.15, 0.6) * rng.uniform(0.8, 1.0, 2)
        rise, fall = rng.uniform(0.2, 0.45, 2)
        start = float(rng.uniform(-0.3, duration_s))
        beats.append((Envelope(start, float(rise), float(rng.uniform(0.15, 0.6)), float(fall)), peaks))
    return beats


def _draw_laugh(rng: np.random.Generator, duration_s: float) -> list[tuple[Envelope, Floats64]]:
    """A smile that sets in and stays, under pulses of the open mouth at 3 to 6 Hz."""
    start, length = float(rng.uniform(-0.5, duration_s - 1.0)), float(rng.uniform(0.8, 2.5))
    strength = float(rng.uniform(0.3, 1.0))
    smile, pulse = np.zeros((_COUNT, 2)), np.zeros((_COUNT, 2))
    for au, share in {6: 0.8, 12: 1.0, 25: 0.5}.items():
        smile[DEFAULT_AUS.index(au)] = strength * share
    for au, share in {6: 0.15, 10: 0.1, 25: 0.2, 26: 0.5}.items():
        pulse[DEFAULT_AUS.index(au)] = strength * share
    rise, fall = rng.uniform(0.25, 0.6), rng.uniform(0.5, 1.5)
    parts = [(Envelope(start, float(rise), length, float(fall)), smile)]
    period = float(1.0 / rng.uniform(3.0, 6.0))
    for at in np.arange(start + rise, start + rise + length, period):
        parts.append((Envelope(float(at), 0.4 * period, 0.0, 0.6 * period), float(rng.uniform(0.3, 1.0)) * pulse))
    return parts


__all__ = ["MicroEvent", "SceneSettings", "Script", "draw_script", "draw_times"]
