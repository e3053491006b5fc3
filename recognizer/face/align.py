"""Hold the head still: map each frame onto one frontal crop of the face without touching its expression.

The head is a rigid cloud of 468 points X (the person's own shape, seen from the front). In a frame it appears through
an affine camera, ``x = C [X, Y, Z, 1]`` with C (2, 4) (Koenderink & van Doorn 1991): translation, scale, roll and, to
first order, yaw and pitch with their parallax. C is fitted over all points robustly, so that the few points which
an expression moves do not pull the head along. The crop then samples the frame at C [X(c), Y(c), Z(c), 1] for each of
its pixels c, with Z a smooth depth map of the same points.
"""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RBFInterpolator

#: Side of the crop in pixels (SPEC 2).
CROP = 112
#: Where the eyes lie in the crop: distance of their centres, and the height of the line between them, in pixels.
EYE_DISTANCE, EYE_LINE = 40.0, 38.0
#: Corners of the subject's right eye (left in the picture), then of the left one.
_EYES = ((33, 133), (362, 263))
_CUT = 3.0  # Tukey's cut in median residuals: tighter than the statisticians' 4, for the reason given in motion.py

_LIDS_RIGHT = (7, 144, 145, 153, 154, 155, 157, 158, 159, 160, 161, 163, 173, 246)
_LIDS_LEFT = (249, 373, 374, 380, 381, 382, 384, 385, 386, 387, 388, 390, 398, 466)


@cache
def canonical_face() -> NDArray[np.float64]:
    """(468, 3) mean frontal face in crop pixels, symmetric; z grows away from the camera. Read-only.

    Made by running the landmark network on frontal renders: see ``canonical_face.md`` beside the table.
    """
    text = resources.files("recognizer.face").joinpath("canonical_face.csv").read_text(encoding="utf-8")
    points = np.loadtxt(text.splitlines(), delimiter=",", skiprows=1)
    points.flags.writeable = False
    return points


@cache
def face_mask(side: int) -> NDArray[np.float32]:
    """(side, side), in [0, 1]: 1 on the mean face, fading to 0 over a few crop pixels beyond it. Read-only."""
    hull = cv2.convexHull(canonical_face()[:, :2].astype(np.float32))
    mask = np.zeros((CROP, CROP), np.float32)
    cv2.fillConvexPoly(mask, np.round(hull).astype(np.int32), 1.0)
    small = cv2.resize(cv2.GaussianBlur(mask, (0, 0), 3.0), (side, side), interpolation=cv2.INTER_AREA)
    symmetric = ((small + small[:, ::-1]) / 2).astype(np.float32)
    symmetric.flags.writeable = False
    return symmetric


@cache
def stability() -> NDArray[np.float64]:
    """(468,) prior weight of each point for the head's pose: low where expressions and blinks move the skin."""
    points = canonical_face()
    weights = np.where(points[:, 1] < EYE_LINE + 0.6 * EYE_DISTANCE, 1.0, 0.25)
    weights[points[:, 1] < EYE_LINE - 0.2 * EYE_DISTANCE] = 0.6  # brows and forehead
    weights[[*_LIDS_RIGHT, *_LIDS_LEFT]] = 0.1
    return weights


def eye_centres(points: NDArray[np.floating]) -> NDArray[np.float64]:
    """(2, d): centres of the eyes, the one left in the picture first, of points (468, d)."""
    return np.stack([points[list(corners)].mean(axis=0) for corners in _EYES]).astype(np.float64)


def fit_similarity(
    source: NDArray[np.floating], target: NDArray[np.floating], weights: NDArray[np.floating]
) -> NDArray[np.float64]:
    """``source`` (n, 3) moved onto ``target`` (n, 3) by the weighted least-squares similarity (Umeyama 1991)."""
    w = (weights / weights.sum())[:, None]
    mean_s, mean_t = (w * source).sum(axis=0), (w * target).sum(axis=0)
    s, t = source - mean_s, target - mean_t
    u, d, vt = np.linalg.svd((w * t).T @ s)
    flip = np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = u @ flip @ vt
    scale = float((d * np.diag(flip)).sum() / (w * s**2).sum())
    return scale * s @ rotation.T + mean_t


def fit_camera(
    shape: NDArray[np.floating], points: NDArray[np.floating], weights: NDArray[np.floating], rounds: int = 10
) -> NDArray[np.float64]:
    """The affine camera (2, 4) that best shows ``shape`` (n, 3) at ``points`` (n, 2+), outliers weighed down.

    Iteratively re-weighted least squares with Tukey's biweight (Beaton & Tukey 1974); the scale of the residuals is
    their median, so that nearly half of the points may move without pulling the camera.
    """
    middle = shape.mean(axis=0)
    design = np.vstack([(shape - middle).T, np.ones(len(shape))])  # the equations lose digits on numbers far from 0
    target = np.ascontiguousarray(np.asarray(points, dtype=np.float64)[:, :2].T)
    prior = w = np.asarray(weights, dtype=np.float64)
    half = len(shape) // 2
    camera: NDArray[np.float64] = np.zeros((2, 4))
    for _ in range(rounds):
        weighted = design * w
        camera = np.linalg.solve(weighted @ design.T, weighted @ target.T).T
        left = target - camera @ design
        left *= left
        square = left[0] + left[1]
        cut = _CUT**2 * max(float(np.partition(square, half)[half]), 1e-12)
        w = prior * np.maximum(1.0 - square / cut, 0.0) ** 2
    camera[:, 3] -= camera[:, :3] @ middle
    return camera


@dataclass(frozen=True, slots=True, eq=False)
class HeadShape:
    """One person's rigid head in the crop: ``points`` (468, 3) and ``depth`` (112, 112), both in crop pixels.

    ``reduction``: frame pixels to a crop pixel, when the shape was learned. It sets how much a frame is averaged, for
    the whole clip: an averaging that changes with the head's distance would look like motion.
    """

    points: NDArray[np.float64]
    depth: NDArray[np.float32]
    reduction: float = 1.0


def head_shape(observed: NDArray[np.floating]) -> HeadShape:
    """The person's own frontal shape from points (n, 468, 3) of n frames: the median after alignment."""
    weights = stability()
    aligned = [fit_similarity(points, canonical_face(), weights) for points in observed]
    points = np.median(aligned, axis=0)
    centres = eye_centres(points)
    scale = EYE_DISTANCE / np.linalg.norm(centres[1, :2] - centres[0, :2])
    seen = np.median([np.linalg.norm(np.diff(eye_centres(p), axis=0)) for p in observed])
    middle = centres.mean(axis=0)
    points = (points - middle) * scale + ((CROP - 1) / 2, EYE_LINE, 0.0)
    return HeadShape(points, _depth_map(points), float(seen) / EYE_DISTANCE)


def _depth_map(points: NDArray[np.float64]) -> NDArray[np.float32]:
    """Depth at each pixel of the crop: a smooth surface through the points, flat beyond them."""
    surface = RBFInterpolator(points[:, :2], points[:, 2], neighbors=24, smoothing=1.0, kernel="linear")
    coarse = np.linspace(0, CROP - 1, 29)
    ys, xs = np.meshgrid(coarse, coarse, indexing="ij")
    values = surface(np.column_stack([xs.ravel(), ys.ravel()])).reshape(29, 29)
    values = np.clip(values, points[:, 2].min(), points[:, 2].max()).astype(np.float32)
    grid = np.arange(CROP, dtype=np.float32) / (CROP - 1) * 28
    map_x, map_y = np.meshgrid(grid, grid)
    return cv2.remap(values, map_x, map_y, cv2.INTER_LINEAR)


@cache
def _grid() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """x and y (112, 112) of the crop's pixels."""
    ys, xs = np.mgrid[0:CROP, 0:CROP].astype(np.float32)
    return xs, ys


def crop_map(
    camera: NDArray[np.floating], depth: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Where each crop pixel lies in the frame: two (112, 112) maps for ``cv2.remap``."""
    xs, ys = _grid()
    c = camera.astype(np.float32)
    return (
        c[0, 0] * xs + c[0, 1] * ys + c[0, 2] * depth + c[0, 3],
        c[1, 0] * xs + c[1, 1] * ys + c[1, 2] * depth + c[1, 3],
    )


def crop_face(image: NDArray[np.uint8], camera: NDArray[np.floating], shape: HeadShape) -> NDArray[np.uint8]:
    """The stabilised grey crop (112, 112) uint8 of an RGB (H, W, 3) or grey (H, W) frame.

    A face much larger than the crop is averaged over the size of a crop pixel first: sampling alone would alias, and
    aliasing flickers like motion.
    """
    map_x, map_y = crop_map(camera, shape.depth)
    height, width = image.shape[:2]
    x0, x1 = (int(np.clip(v, 0, width - 1)) for v in (map_x.min() - 8, map_x.max() + 9))
    y0, y1 = (int(np.clip(v, 0, height - 1)) for v in (map_y.min() - 8, map_y.max() + 9))
    part = image[y0 : y1 + 1, x0 : x1 + 1]
    grey = part if part.ndim == 2 else cv2.cvtColor(part, cv2.COLOR_RGB2GRAY)
    step = round(shape.reduction)
    if step >= 2:
        odd = step | 1
        grey = cv2.blur(grey, (odd, odd))
    return cv2.remap(grey, map_x - x0, map_y - y0, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def drift(crop: NDArray[Any], template: NDArray[Any]) -> NDArray[np.float64]:
    """(2,): by how many pixels (right, down) ``template`` (112, 112) f32 must be sampled off to look like ``crop``.

    One step of Lucas & Kanade (1981) over the whole face, a change of brightness set aside; what differs more than
    most (a blink) counts less. Right for shifts of up to about a pixel.
    """
    smooth = cv2.GaussianBlur(template, (0, 0), 1.0)
    off = (cv2.GaussianBlur(crop.astype(np.float32), (0, 0), 1.0) - smooth)[::2, ::2]
    right, down = (cv2.Sobel(smooth, cv2.CV_32F, x, 1 - x, ksize=3, scale=1 / 8)[::2, ::2] for x in (1, 0))
    usual = float(np.abs(off).mean()) + 1.0
    weights = face_mask(CROP // 2) / (1.0 + (off / (2.0 * usual)) ** 2) ** 2
    design = np.stack([right.ravel(), down.ravel(), np.ones(off.size, np.float32)])
    weighted = design * weights.ravel()
    ridge = np.diag([1.0, 1.0, 1e-3]).astype(np.float32)
    return np.asarray(np.linalg.solve(weighted @ design.T + ridge, weighted @ off.ravel()), np.float64)[:2]
