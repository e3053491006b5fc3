"""Movements that are not expressions: blinks, gaze, head motion, speech. None is labelled."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognizer.synthetic.actions import DISTRACTORS
from recognizer.synthetic.envelope import Envelope
from recognizer.synthetic.render import Pose

Floats64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Distraction:
    """Per frame: ``weights`` (N, len(DISTRACTORS)), ``gaze`` (N, 2) degrees right and up, ``poses`` (N,),
    ``speaking`` (N,) bool (the lips move without AU truth), ``corners`` (N,) bool (those of the mouth do too),
    ``light`` (N,) factor around 1."""

    weights: Floats64
    gaze: Floats64
    poses: tuple[Pose, ...]
    speaking: NDArray[np.bool_]
    corners: NDArray[np.bool_]
    light: Floats64


def draw_distraction(
    rng: np.random.Generator, times_s: Floats64, *, amount: float, speech: float, lively: float = 0.0
) -> Distraction:
    """Everyday movement over ``times_s`` (N,); ``amount`` 0..1 scales it, ``speech`` is the chance of talking,
    ``lively`` the chance that who talks does so with the corners of the mouth, too."""
    weights = np.zeros((len(times_s), len(DISTRACTORS)))
    speaking, corners = np.zeros(len(times_s), bool), np.zeros(len(times_s), bool)
    if amount == 0.0:
        still = tuple(Pose() for _ in times_s)
        return Distraction(weights, np.zeros((len(times_s), 2)), still, speaking, corners, np.ones(len(times_s)))
    gaze = _gaze(rng, times_s) * amount
    _lids(weights, gaze)
    _blinks(rng, times_s, weights)
    if rng.random() < speech:
        speaking = _speech(rng, times_s, weights)
        if lively and rng.random() < lively:  # what is off draws nothing: clips of older seeds stay as they were
            corners = speaking
            _liveliness(rng, times_s, weights, speaking)
    elif rng.random() < 0.15 * amount:
        speaking = _fidget(rng, times_s, weights)
    light = _light(rng, times_s, amount)
    return Distraction(weights, gaze, _poses(rng, times_s, amount), speaking, corners, light)


def _column(name: str) -> int:
    return DISTRACTORS.index(name)


def smooth_noise(rng: np.random.Generator, times_s: Floats64, rate_hz: float) -> Floats64:
    """Band-limited noise of about unit deviation: six sines at up to ``rate_hz``."""
    rates = rng.uniform(0.1, 1.0, 6) * rate_hz
    phases = rng.uniform(0, 2 * np.pi, 6)
    waves = np.sin(2 * np.pi * rates * np.asarray(times_s)[:, None] + phases)
    return np.asarray(waves.sum(1) / np.sqrt(3))


def _blinks(rng: np.random.Generator, times_s: Floats64, weights: Floats64) -> None:
    """About one in two seconds, 0.15 to 0.35 s; lids close faster than they open; some are partial."""
    for _ in range(int(rng.poisson(0.5 * times_s[-1]))):
        start = rng.uniform(-0.1, times_s[-1])
        blink = Envelope(start, rng.uniform(0.05, 0.1), rng.uniform(0.0, 0.06), rng.uniform(0.1, 0.2))
        depth = rng.uniform(0.9, 1.06) if rng.random() < 0.8 else rng.uniform(0.2, 0.7)
        for side in ("eyeBlink_L", "eyeBlink_R"):
            closed = depth * rng.uniform(0.93, 1.0) * blink.at(times_s)
            weights[:, _column(side)] = np.maximum(weights[:, _column(side)], closed)


def _gaze(rng: np.random.Generator, times_s: Floats64) -> Floats64:
    """Fixations of 0.3 to 2 s, saccades of 30 to 60 ms between them, a little tremor; degrees."""
    gaze = np.zeros((len(times_s), 2))
    gaze[:] = rng.normal(0, 4, 2)
    at = 0.0
    while (at := at + rng.uniform(0.3, 2.5)) < times_s[-1]:
        saccade = Envelope(at, rng.uniform(0.03, 0.06), 1e6, 1.0).at(times_s)[:, None]
        gaze += saccade * (rng.normal(0, [9, 5]) - gaze)
    return np.clip(gaze, [-25, -20], [25, 15])


def _lids(weights: Floats64, gaze: Floats64) -> None:
    up = np.clip(gaze[:, 1] / 30, 0, 1)
    down = np.clip(-gaze[:, 1] / 35, 0, 1)
    for side in ("L", "R"):
        weights[:, _column(f"eyeLookUp_{side}")] = up
        weights[:, _column(f"eyeLookDown_{side}")] = down


def _speech(rng: np.random.Generator, times_s: Floats64, weights: Floats64) -> NDArray[np.bool_]:
    """Syllables at 3 to 6 Hz during a stretch of the clip; jaw and lips, never the corners' smile or frown."""
    rate = rng.uniform(3.0, 6.0)
    length = rng.uniform(0.6, max(0.7, times_s[-1]))
    gate = Envelope(rng.uniform(-0.3, times_s[-1] - 0.4), 0.15, length, 0.2).at(times_s)
    loudness = rng.uniform(0.3, 1.0)
    sizes = {
        "jawOpen": 0.16,
        "mouthFunnel": 0.3,
        "mouthPucker": 0.25,
        "mouthClose": 0.05,
        "mouthRollLower": 0.15,
        "mouthShrugUpper": 0.2,
        "mouthLowerDown_L": 0.4,
        "mouthUpperUp_L": 0.2,
    }
    for name, size in sizes.items():
        motion = loudness * size * gate * np.clip(0.5 + 0.6 * smooth_noise(rng, times_s, rate), 0, None)
        weights[:, _column(name)] += motion
        if name.endswith("_L"):
            weights[:, _column(name[:-1] + "R")] += motion
    return np.asarray(gate > 0.01)


def _liveliness(rng: np.random.Generator, times_s: Floats64, weights: Floats64, speaking: NDArray[np.bool_]) -> None:
    """Vowels and closures pull at the corners of the mouth as well, and a loud voice opens the jaw wide."""
    rate, loudness = rng.uniform(2.0, 5.0), rng.uniform(0.3, 1.0)
    for name, size in {"mouthSmile": 0.2, "mouthStretch": 0.4, "mouthPress": 0.5}.items():
        motion = loudness * size * speaking * np.clip(0.3 + 0.6 * smooth_noise(rng, times_s, rate), 0, None)
        lean = rng.uniform(-0.3, 0.3)
        weights[:, _column(f"{name}_L")] += (1 + lean) * motion
        weights[:, _column(f"{name}_R")] += (1 - lean) * motion
    weights[:, _column("jawOpen")] *= rng.uniform(1.0, 2.5)


def _fidget(rng: np.random.Generator, times_s: Floats64, weights: Floats64) -> NDArray[np.bool_]:
    """A swallow, a lick, a shift of the jaw: one to three mouth shapes for 0.3 to 1 s."""
    rise, fall = rng.uniform(0.12, 0.4, 2)
    move = Envelope(rng.uniform(0.0, times_s[-1]), rise, rng.uniform(0.0, 0.3), fall).at(times_s)
    habits = ("mouthRollLower", "mouthRollUpper", "mouthLeft", "mouthRight", "jawLeft", "jawRight", "jawForward")
    for name in rng.choice((*habits, "mouthPucker"), int(rng.integers(1, 4)), replace=False):
        weights[:, _column(str(name))] += rng.uniform(0.05, 0.45) * move
    return np.asarray(move > 0.01)


def _poses(rng: np.random.Generator, times_s: Floats64, amount: float) -> tuple[Pose, ...]:
    """A resting pose, slow drift, tremor, and now and then a nod, a shake or a shift towards the camera."""
    quiet = amount * (0.3 if rng.random() < 0.4 else 1.0)
    rest = rng.normal(0, [6, 4, 3]) * amount
    turns = [rest[axis] + quiet * size * smooth_noise(rng, times_s, 0.5) for axis, size in enumerate((1.5, 1.2, 0.8))]
    for axis, largest, chance in ((0, 10.0, 0.25), (1, 8.0, 0.25), (2, 6.0, 0.15)):
        if rng.random() < chance * amount:
            start, swing = rng.uniform(-0.3, times_s[-1]), rng.uniform(0.15, 0.5)
            move = Envelope(start, swing, rng.uniform(0, 0.8), rng.uniform(0.15, 0.6)).at(times_s)
            cycles = 1.0 if rng.random() < 0.6 else np.cos(2 * np.pi * rng.uniform(1.5, 3) * (times_s - start))
            turns[axis] = turns[axis] + rng.uniform(-largest, largest) * move * cycles
    yaw, pitch, roll = (np.clip(turn, -15.0, 15.0) for turn in turns)
    place = rng.normal(0, 0.015, 2) * amount
    shift = [place[axis] + quiet * 0.006 * smooth_noise(rng, times_s, 0.7) for axis in range(2)]
    scale = 1.0 + quiet * 0.01 * smooth_noise(rng, times_s, 0.4)
    rows = np.stack([yaw, pitch, roll, *shift, scale], axis=1)
    return tuple(Pose(*(float(value) for value in row)) for row in rows)


def _light(rng: np.random.Generator, times_s: Floats64, amount: float) -> Floats64:
    """Slow exposure drift; in one clip of five mains flicker, aliased by the camera."""
    light = 1.0 + amount * rng.uniform(0, 0.02) * smooth_noise(rng, times_s, 0.8)
    if rng.random() < 0.2 * amount:
        mains = rng.choice([100.0, 120.0]) + rng.normal(0, 0.1)
        light = light + rng.uniform(0.005, 0.04) * np.sin(2 * np.pi * mains * times_s)
    return np.asarray(light)
