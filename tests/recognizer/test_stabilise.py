"""The head is held still to a fraction of a pixel, and holding it still neither eats expressions nor makes any."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from curves.values import DEFAULT_AUS
from microexpr._demo_face import draw_face
from microexpr.sample import demo_landmarks
from recognizer.face.align import CROP, EYE_DISTANCE, eye_centres
from recognizer.face.motion import HeadMotion, face_weights
from recognizer.face.stream import MotionStream, measure_motion
from recognizer.synthetic.warp import displacement_field, warp_image
from recognizer.video import open_video, write_video

SIZE, FPS, FRAMES = 480, 30, 31
SHIFT = 0.05 * 0.53 * SIZE  # 5 % of the drawn face's width


@cache
def still() -> NDArray[np.uint8]:
    """The drawn face with the grain of real skin: where nothing is to be seen, no method can see it move."""
    grain = cv2.GaussianBlur(np.random.default_rng(1).normal(0.0, 1.0, (SIZE, SIZE)), (0, 0), 3.0)
    face = draw_face(SIZE, seed=3) + 8.0 * (grain / grain.std())[..., None]
    return np.clip(np.round(face), 0, 255).astype(np.uint8)


@dataclass(frozen=True)
class Film:
    """A filmed face: what was measured, and how it was moved: AU intensities (N, 19, 2) and the head's (2, 3) maps."""

    stream: MotionStream
    amounts: NDArray[np.float64]
    sways: list[NDArray[np.float64]]


def sway(angle: float, roll_deg: float, shift: float) -> NDArray[np.float64]:
    matrix = cv2.getRotationMatrix2D((SIZE / 2, SIZE / 2), roll_deg * np.sin(angle), 1.0 + 0.01 * np.sin(angle))
    matrix[:, 2] += shift * np.array([np.sin(angle), 0.5 * np.sin(2 * angle)])
    return matrix


def filmed(folder: Path, amounts: NDArray[np.float64], *, roll_deg: float = 3.0, shift: float = SHIFT) -> Film:
    """The drawn face, its head swaying by ``roll_deg`` and ``shift`` px, through the codec and the product."""
    random = np.random.default_rng(5)
    sways = [sway(angle, roll_deg, shift) for angle in np.linspace(0.0, 2.0 * np.pi, len(amounts))]
    frames = []
    for matrix, weights in zip(sways, amounts, strict=True):
        face = warp_image(still(), displacement_field(demo_landmarks(SIZE), weights, (SIZE, SIZE)))
        moved = cv2.warpAffine(face, matrix, (SIZE, SIZE), flags=cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE)
        frames.append(np.clip(np.round(moved + random.normal(0.0, 1.0, moved.shape)), 0, 255).astype(np.uint8))
    path = folder / "clip.mp4"
    write_video(path, frames, FPS, crf=14)
    with open_video(path) as video:
        return Film(measure_motion(video, folder, progress=lambda *_: None), amounts, sways)


def skin() -> NDArray[np.float64]:
    """(n, 2): points of the still face, on its skin."""
    hull = cv2.convexHull(demo_landmarks(SIZE)[:, :2].astype(np.float32))
    ys, xs = np.mgrid[0:SIZE:12, 0:SIZE:12]
    inside = [cv2.pointPolygonTest(hull, (float(x), float(y)), True) > 6 for x, y in zip(xs.flat, ys.flat, strict=True)]
    return np.column_stack([xs.ravel(), ys.ravel()])[inside].astype(np.float64)


def in_crop(film: Film, i: int, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where points of the still face lie in the stabilised crop of frame ``i``, from what is known of the film.

    No flow is measured here: points go through warp, sway, camera and the head's correction.
    """
    field = displacement_field(demo_landmarks(SIZE), film.amounts[i], (SIZE, SIZE))
    moved = points + field[points[:, 1].astype(int), points[:, 0].astype(int)]
    frame = moved @ film.sways[i][:, :2].T + film.sways[i][:, 2]
    clip, head = film.stream.clip, HeadMotion(film.stream.clip.shape)
    camera = np.asarray(clip.cameras[i], np.float64)
    crop = np.full_like(frame, CROP / 2)
    for _ in range(12):  # depth is looked up where the point comes to lie
        at = crop.astype(np.float32).reshape(-1, 1, 2)
        depth = cv2.remap(clip.shape.depth, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).ravel()
        crop = (frame - camera[:, 3] - depth[:, None] * camera[:, 2]) @ np.linalg.inv(camera[:, :2]).T
    return crop - (film.stream.head[i] @ head.basis_at(crop)).T


def displacement(film: Film) -> NDArray[np.float64]:
    """(N, n, 2): motion of the skin in the stabilised crop since the first frame."""
    points = skin()
    return np.stack([in_crop(film, i, points) for i in range(len(film.sways))]) - in_crop(film, 0, points)


def scale() -> float:
    """Crop pixels per pixel of the drawn face."""
    return EYE_DISTANCE / float(np.linalg.norm(np.diff(eye_centres(demo_landmarks(SIZE)[:, :2]), axis=0)))


def bump(au: int, side: int | None, peak_px: float) -> NDArray[np.float64]:
    """(N, 19, 2): one AU rising and falling so that the point that moves most moves ``peak_px`` crop pixels."""
    one = np.zeros((len(DEFAULT_AUS), 2))
    one[DEFAULT_AUS.index(au), :] = 0.2
    if side is not None:
        one[DEFAULT_AUS.index(au), 1 - side] = 0.0
    field = displacement_field(demo_landmarks(SIZE), one, (SIZE, SIZE))
    peak = float(np.linalg.norm(field, axis=-1).max()) * scale()
    phase = np.clip((np.linspace(0.0, 1.0, FRAMES) - 0.3) / 0.4, 0.0, 1.0)  # 0.4 s of the second, with rest around it
    return one * (peak_px / peak) * np.sin(np.pi * phase)[:, None, None] ** 2


def true_motion(amounts: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 2): what ``amounts`` (19, 2) move the skin by, in crop pixels."""
    points = skin().astype(int)
    return displacement_field(demo_landmarks(SIZE), amounts, (SIZE, SIZE))[points[:, 1], points[:, 0]] * scale()


@pytest.mark.slow
def test_head_motion_without_expression_leaves_almost_nothing(tmp_path: Path) -> None:
    film = filmed(tmp_path, np.zeros((FRAMES, len(DEFAULT_AUS), 2)))
    left = displacement(film)
    assert np.sqrt((left**2).sum(axis=-1).mean()) <= 0.15
    flow = np.asarray(film.stream.flow, np.float32)  # and so says what the network sees
    seen = (flow - flow[:1])[:, :, face_weights(film.stream.clip.shape) > 0]
    assert np.sqrt((seen**2).sum(axis=1).mean()) <= 0.15


@pytest.mark.slow
@pytest.mark.parametrize(("au", "side"), [(1, None), (4, None), (6, None), (9, None), (12, 0)])
def test_one_pixel_of_one_au_is_kept_and_nothing_else_appears(tmp_path: Path, au: int, side: int | None) -> None:
    film = filmed(tmp_path, bump(au, side, 1.0))
    apex = FRAMES // 2
    true = true_motion(film.amounts[apex - 1 : apex + 2].mean(axis=0))
    found = displacement(film)[apex - 1 : apex + 2].mean(axis=0)
    kept = float((found * true).sum() / (true * true).sum())
    assert kept >= 0.85
    quiet = np.linalg.norm(true, axis=1) < 0.05
    assert np.sqrt((found[quiet] ** 2).sum(axis=-1).mean()) <= 0.15


@pytest.mark.slow
@pytest.mark.parametrize("au", [6, 9])
def test_frames_between_two_looks_are_held_still_as_well(tmp_path: Path, au: int) -> None:
    """The films above are short, and their frames looked at one by one to learn the head's shape."""
    film = filmed(tmp_path, np.concatenate([np.zeros((FRAMES + 1, len(DEFAULT_AUS), 2)), bump(au, None, 1.0)]))
    later, apex = slice(FRAMES + 1, None), FRAMES + 1 + FRAMES // 2
    assert film.stream.clip.looked[later].mean() < 0.6
    moved = displacement(film)
    true = true_motion(film.amounts[apex - 1 : apex + 2].mean(axis=0))
    found = moved[apex - 1 : apex + 2].mean(axis=0)
    assert float((found * true).sum() / (true * true).sum()) >= 0.85
    quiet = np.linalg.norm(true, axis=1) < 0.05
    assert np.sqrt((found[quiet] ** 2).sum(axis=-1).mean()) <= 0.15
    at_rest = np.linalg.norm(film.amounts, axis=(1, 2)) < 1e-6
    still = moved[at_rest & ~np.asarray(film.stream.clip.looked)]
    assert len(still) >= 5
    assert np.sqrt((still**2).sum(axis=-1).mean()) <= 0.15
