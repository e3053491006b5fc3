"""Flow is followed from frame to frame: over which frames, and through a smile that shows the teeth."""

from functools import cache
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from curves.values import DEFAULT_AUS
from microexpr._demo_face import draw_face
from microexpr.sample import demo_landmarks
from recognizer.face.align import CROP, EYE_DISTANCE, canonical_face, eye_centres
from recognizer.face.clip import SHAPE_POINTS
from recognizer.face.motion import PointMotion, walks_from_neutral
from recognizer.face.stream import measure_motion
from recognizer.synthetic.warp import displacement_field, warp_image
from recognizer.video import open_video, write_video

SIZE, FPS = 480, 30
CORNERS = [61, 291]  # of the mouth


@settings(deadline=None)
@given(st.integers(0, 2**31), st.lists(st.integers(1, 150), min_size=1, max_size=4), st.integers(0, 3))
def test_every_frame_of_a_run_is_walked_over_once(seed: int, lengths: list[int], gap: int) -> None:
    random = np.random.default_rng(seed)
    ends = np.cumsum([length + gap for length in lengths]).tolist()
    runs = [slice(end - length, end) for length, end in zip(lengths, ends, strict=True)]
    away = np.cumsum(random.normal(0.0, 0.2, ends[-1]))
    expressions = (away[:, None, None] * np.ones((1, 5, 2))).astype(np.float16)
    neutral = int(random.choice(np.r_[tuple(runs)]))
    walks = walks_from_neutral(expressions, runs, neutral)
    walked = [i for walk in walks for i in range(walk.first, walk.stop)]
    assert walked == [i for run in runs for i in range(run.start, run.stop)]
    assert all(walk.first <= walk.start < walk.stop for walk in walks)
    distance = np.abs(expressions.astype(np.float32) - expressions[neutral]).max(axis=(1, 2)) * np.sqrt(2)
    for run in runs:
        inside = [walk.start for walk in walks if run.start <= walk.start < run.stop]
        assert distance[inside].min() == distance[run].min()
        assert all(distance[i] <= 0.6 or distance[i] == distance[run].min() for i in inside)


@cache
def still() -> NDArray[np.float64]:
    """The drawn face with the grain of real skin."""
    grain = cv2.GaussianBlur(np.random.default_rng(1).normal(0.0, 1.0, (SIZE, SIZE)), (0, 0), 3.0)
    return np.asarray(draw_face(SIZE, seed=3) + 8.0 * (grain / grain.std())[..., None])


def smile(amount: float) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The drawn face, smiling with its teeth shown, and how its skin was moved (SIZE, SIZE, 2)."""
    au = np.zeros((len(DEFAULT_AUS), 2))
    au[[DEFAULT_AUS.index(6), DEFAULT_AUS.index(12)]] = amount
    points = demo_landmarks(SIZE)[CORNERS, :2]
    field = displacement_field(demo_landmarks(SIZE), au, (SIZE, SIZE))
    face = np.array(warp_image(np.clip(np.round(still()), 0, 255).astype(np.uint8), field))
    (x0, y0), (x1, y1) = points + field[points[:, 1].astype(int), points[:, 0].astype(int)]
    height = int(22 * amount)
    if height > 2:
        middle, axes = (int((x0 + x1) / 2), int((y0 + y1) / 2 + 6 * amount)), (int(0.95 * (x1 - x0) / 2), height)
        teeth = np.full_like(face, 230)
        teeth[:, ::14] = teeth[:, 1::14] = teeth[middle[1] - 1 : middle[1] + 2] = 110
        inside = cv2.ellipse(np.zeros((SIZE, SIZE), np.uint8), middle, axes, 0, 0, 360, 1, -1)
        face = np.where(inside[..., None] > 0, teeth, face)
        cv2.ellipse(face, middle, axes, 0, 0, 360, (120, 60, 60), 5)
    return face, field


def followed(folder: Path, frames: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """(N, 2, 2): measured motion of both corners of the mouth, in crop pixels."""
    random = np.random.default_rng(5)
    grain = [np.clip(np.round(face + random.normal(0, 1.5, face.shape)), 0, 255).astype(np.uint8) for face in frames]
    write_video(folder / "smile.mp4", grain, FPS, crf=20)
    with open_video(folder / "smile.mp4") as video:
        stream = measure_motion(video, folder, progress=lambda *_: None)
    column, row = (stream.clip.shape.points[CORNERS, :2] / 2).astype(int).T
    return stream.flow[:, :, row, column].astype(np.float32).transpose(0, 2, 1)


def true_motion(field: NDArray[np.float32]) -> NDArray[np.float32]:
    """(2, 2): how the corners were moved, in crop pixels."""
    points = demo_landmarks(SIZE)[:, :2]
    x, y = points[CORNERS].astype(int).T
    return np.float32(EYE_DISTANCE / np.linalg.norm(np.diff(eye_centres(points), axis=0))) * field[y, x]


@pytest.mark.slow
def test_the_corners_of_a_smile_that_shows_the_teeth_are_not_lost(tmp_path: Path) -> None:
    seen = [smile(float(amount)) for amount in np.clip((np.arange(31) - 8) / 8, 0, 1)]
    true, held = true_motion(seen[-1][1]), followed(tmp_path, [face for face, _ in seen])[18:]
    assert np.linalg.norm(true, axis=1).min() > 7.0
    assert np.linalg.norm(held - true, axis=2).mean() < 2.5
    assert np.abs(np.diff(held, axis=0)).mean() < 0.5


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**31), st.floats(0.0, 40.0))
def test_no_error_is_handed_on_further_than_the_points_allow(seed: int, size: float) -> None:
    random = np.random.default_rng(seed)
    expressions = random.normal(0.0, 0.3, (2, len(SHAPE_POINTS), 2)).astype(np.float16)
    expressions[1] += np.float16([4.0, -3.0])
    clip = SimpleNamespace(expressions=expressions, shape=SimpleNamespace(points=canonical_face()))
    points = PointMotion(clip, 0)  # type: ignore[arg-type]
    flow = random.normal(0.0, size, (CROP, CROP, 2)).astype(np.float32)
    kept, rough = points.keep_near(flow, 1), points.field(1)
    assert np.abs(kept - rough).max() <= 9.0001
    near = np.abs(flow - rough) <= 8.999
    assert (kept == flow)[near].all()
    x, y = np.round(canonical_face()[SHAPE_POINTS, :2]).astype(int).T
    assert np.abs(rough[y, x] - (4.0, -3.0)).max() < 1.5
    assert np.abs(rough[0, 0]).max() < 0.5  # far from the face nothing moves
