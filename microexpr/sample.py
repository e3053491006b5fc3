"""The embedded sample: a 3 s video of a drawn face with known micro-expressions.

The face is ours (``_demo_face``), so is the motion (``recognizer.synthetic.warp``). The file is an ordinary video: the
main job treats it like any other. Everything in it is synthetic.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from curves.values import MIDLINE_AUS, FloatArray, Side
from microexpr._demo_face import EYE_LINE, IOD, draw_face
from recognizer.synthetic.warp import (
    AUCourse,
    TimeCourse,
    au_motions,
    displacement_field,
    intensities_at,
    pulse,
    warp_image,
)
from recognizer.video import write_video

FPS, DURATION_S, SIZE = 30, 3.0, 360

_SUPERSAMPLE = 2  # the face is drawn and moved at twice the size, so that motion far below a pixel stays smooth
_DRIFT = (0.012, 0.008)  # of the inter-ocular distance: slow wander of the head, right and down; about 1 % of the face
_ROLL_DEG = 0.35
_BLINK_S = (1.02, 1.09, 1.22)  # a distractor, not an event
_NOISE = 1.2  # standard deviation of the sensor noise, in grey levels of 255


@dataclass(frozen=True, slots=True)
class SampleEvent:
    """One true micro-expression: seconds, and (AU, side, peak intensity in [0, 1]) of each AU in it."""

    onset_s: float
    apex_s: float
    offset_s: float
    aus: tuple[tuple[int, Side, float], ...]


@dataclass(frozen=True, slots=True)
class SampleTruth:
    """What is in the sample, in time order."""

    events: tuple[SampleEvent, ...]


# (AU, side, onset, apex, offset, displacement in inter-ocular distances); AUs of one event keep their own timing.
_EVENTS: tuple[tuple[tuple[int, Side, float, float, float, float], ...], ...] = (
    ((1, Side.BOTH, 0.43, 0.58, 0.80, 0.036), (2, Side.BOTH, 0.45, 0.61, 0.83, 0.036)),
    ((12, Side.LEFT, 1.50, 1.70, 1.93, 0.040),),
    ((4, Side.BOTH, 2.28, 2.43, 2.68, 0.034),),
)


def make_sample(path: Path, seed: int = 7) -> SampleTruth:
    """Draw the sample into ``path`` (mp4, H.264) and say what it holds; ``seed`` sets skin, drift and sensor noise.

    3 s at 30 fps, 360x360, about three seconds of work.
    """
    write_video(path, sample_frames(seed), FPS, crf=18)
    return sample_truth()


def sample_truth() -> SampleTruth:
    """The events that ``make_sample`` draws; an event spans all of its AUs, its apex is the strongest AU's."""
    return SampleTruth(tuple(_event(_courses(parts)) for parts in _EVENTS))


def _courses(parts: tuple[tuple[int, Side, float, float, float, float], ...]) -> list[AUCourse]:
    return [
        AUCourse(au, side, TimeCourse(onset, apex, offset, iod / au_motions()[au, Side.LEFT].peak))
        for au, side, onset, apex, offset, iod in parts
    ]


def _event(courses: list[AUCourse]) -> SampleEvent:
    strongest = max(courses, key=lambda item: item.course.peak)
    return SampleEvent(
        onset_s=min(item.course.onset_s for item in courses),
        apex_s=strongest.course.apex_s,
        offset_s=max(item.course.offset_s for item in courses),
        aus=tuple((item.au, Side.BOTH if item.au in MIDLINE_AUS else item.side, item.course.peak) for item in courses),
    )


def sample_frames(seed: int = 7) -> Iterator[NDArray[np.uint8]]:
    """The 90 frames, RGB (360, 360, 3)."""
    random = np.random.default_rng(seed)
    times = np.arange(round(DURATION_S * FPS)) / FPS
    intensities = intensities_at([course for parts in _EVENTS for course in _courses(parts)], times)
    phase = random.uniform(0.0, 2.0 * np.pi, 3)
    size = SIZE * _SUPERSAMPLE
    points = demo_landmarks(size)
    still = draw_face(size, seed=seed)
    for time_s, amounts, closed in zip(times, intensities, pulse(times, *_BLINK_S), strict=True):
        face = draw_face(size, eyes_closed=float(closed), seed=seed) if closed > 0.0 else still
        moved = warp_image(face, displacement_field(points, amounts, (size, size)))
        yield _photographed(moved, _drift(float(time_s), phase), random)


def _drift(time_s: float, phase: FloatArray) -> NDArray[np.float64]:
    """Slow rotation and translation (2, 3) about the picture's centre, a third of a turn of each wave a second."""
    wave = np.sin(2.0 * np.pi * np.array([0.30, 0.23, 0.19]) * time_s + phase)
    size = SIZE * _SUPERSAMPLE
    motion = cv2.getRotationMatrix2D((size / 2, size / 2), _ROLL_DEG * float(wave[2]), 1.0)
    motion[:, 2] += np.array(_DRIFT) * wave[:2] * IOD * size
    return np.asarray(motion, dtype=np.float64)


def _photographed(
    face: NDArray[np.uint8], motion: NDArray[np.float64], random: np.random.Generator
) -> NDArray[np.uint8]:
    """The large picture moved, made small as a sensor sees it, with noise."""
    moved = cv2.warpAffine(face, motion, face.shape[1::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    small = cv2.resize(moved, (SIZE, SIZE), interpolation=cv2.INTER_AREA).astype(np.float32)
    noisy = small + np.float32(_NOISE) * random.standard_normal(small.shape, dtype=np.float32)
    return np.asarray(np.clip(noisy + 0.5, 0.0, 255.0)).astype(np.uint8)


@cache
def _landmarks() -> FloatArray:
    text = files("microexpr").joinpath("demo_landmarks.csv").read_text(encoding="utf-8")
    return np.array([[float(cell) for cell in line.split(",")] for line in text.splitlines()[1:]])


def demo_landmarks(size: int) -> FloatArray:
    """The 468 face-mesh landmarks (468, 2) of ``draw_face(size)``, in pixels.

    Measured once on the drawing with the landmark model and kept in ``demo_landmarks.csv``, in face units, so that
    drawing the sample needs no model.
    """
    return (_landmarks() * IOD + [0.5, EYE_LINE]) * size - 0.5
