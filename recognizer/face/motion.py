"""Measure how the skin moved: dense optical flow from the neutral frame, freed of what the head still does.

DIS optical flow (Kroeger et al. 2016, OpenCV's implementation) at full resolution: at its default of half resolution
OpenCV's version is 5 to 15 % off on sub-pixel motion, at full resolution under 1 %. What the landmark fit of the head
leaves (tenths of a pixel) is a field ``a + b x + c y + d z`` over the face; it is fitted to the flow robustly and
subtracted. Expressions move a part of the face against the rest and are outliers to that fit.
"""

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.face.align import CROP, HeadShape, stability

#: Side of the flow grid: the crop's flow averaged over 2 x 2 pixels.
GRID = 56
_FIT_STEP = 2  # the head's field is fitted on every second grid point: 28 x 28
_ROUNDS = 6
_TUKEY = 4.685
_CHUNK = 32
_SMOOTHING = 1.0  # grid points; more would flatten movements that are a few crop pixels wide
_TEXTURE = 3e-4  # structure tensor's smaller eigenvalue (OpenCV's scale) at which flow is half trusted


def _make_flow() -> cv2.DISOpticalFlow:
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    dis.setFinestScale(0)
    dis.setVariationalRefinementIterations(0)
    return dis


class FlowMeter:
    """Flow from one crop to others; holds OpenCV state, so one instance belongs to one thread."""

    def __init__(self, first: NDArray[np.uint8]) -> None:
        self._dis = _make_flow()
        self._first = np.ascontiguousarray(first)
        eigen = cv2.cornerMinEigenVal(self._first, 7, ksize=3)
        trust = cv2.resize(eigen / (eigen + _TEXTURE), (GRID, GRID), interpolation=cv2.INTER_AREA) + 0.02
        self._trust = trust[..., None]
        self._total = cv2.GaussianBlur(trust, (0, 0), _SMOOTHING)[..., None]

    def to(self, second: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(2, 56, 56): displacement (u right, v down), in crop pixels, of each point of the first crop to ``second``.

        Smoothed with each point weighted by its texture: flow on bare skin is filled in from what is next to it.
        """
        full = self._dis.calc(self._first, np.ascontiguousarray(second), None)
        flow = full.reshape(GRID, 2, GRID, 2, 2).mean(axis=(1, 3))
        return (cv2.GaussianBlur(flow * self._trust, (0, 0), _SMOOTHING) / self._total).transpose(2, 0, 1)


def optical_strain(flow: NDArray[np.floating]) -> NDArray[np.float32]:
    """Magnitude of the symmetric gradient of ``flow`` (..., 2, H, W), per crop pixel: (..., H, W).

    sqrt(exx^2 + eyy^2 + 2 exy^2) (Shreve et al. 2011); the grid's pixel is two crop pixels wide.
    """
    step = CROP / flow.shape[-1]
    u, v = flow[..., 0, :, :].astype(np.float32), flow[..., 1, :, :].astype(np.float32)
    uy, ux = np.gradient(u, step, axis=(-2, -1))
    vy, vx = np.gradient(v, step, axis=(-2, -1))
    return np.sqrt(ux**2 + vy**2 + 0.5 * (uy + vx) ** 2)


class HeadMotion:
    """What is left of the head's motion in flow fields of one person's crop."""

    def __init__(self, shape: HeadShape) -> None:
        centres = np.arange(0, GRID) * 2 + 0.5
        ys, xs = np.meshgrid(centres, centres, indexing="ij")
        depth = shape.depth.reshape(GRID, 2, GRID, 2).mean(axis=(1, 3))
        middle = (CROP - 1) / 2
        basis = np.stack(
            [np.ones_like(xs), (xs - middle) / middle, (ys - middle) / middle, (depth - depth.mean()) / middle]
        )
        self._basis = basis.astype(np.float32)  # (4, 56, 56)
        every = slice(None, None, _FIT_STEP)
        inside = face_weights(shape)[every, every].ravel()
        self._chosen = np.flatnonzero(inside > 0.02)
        self._weights = inside[self._chosen].astype(np.float32)
        self._design = self._basis[:, every, every].reshape(4, -1)[:, self._chosen].T  # (n, 4)

    def fit(self, flow: NDArray[np.floating]) -> NDArray[np.float32]:
        """Coefficients (N, 2, 4) of the head's field in each of the flows (N, 2, 56, 56), outliers weighed down."""
        every = slice(None, None, _FIT_STEP)
        target = flow[:, :, every, every].reshape(len(flow), 2, -1)[:, :, self._chosen].astype(np.float32)
        w = np.broadcast_to(self._weights, (len(flow), self._weights.size))
        coefficients = np.zeros((len(flow), 2, 4), np.float32)
        ridge = 1e-4 * np.eye(4, dtype=np.float32)
        products = (self._design[:, :, None] * self._design[:, None, :]).reshape(-1, 16)
        for _ in range(_ROUNDS):
            gram = (w @ products).reshape(-1, 4, 4) / w.sum(axis=1)[:, None, None] + ridge
            moment = (w[:, None, :] * target) @ self._design / w.sum(axis=1)[:, None, None]
            coefficients = np.linalg.solve(gram[:, None], moment[..., None])[..., 0]
            distance = np.linalg.norm(target - coefficients @ self._design.T, axis=1)
            cut = _TUKEY * 1.4826 * np.maximum(np.median(distance, axis=1, keepdims=True), 0.01)
            w = self._weights * np.clip(1.0 - (distance / cut) ** 2, 0.0, None) ** 2 + 1e-9
        return coefficients

    def field(self, coefficients: NDArray[np.floating]) -> NDArray[np.float32]:
        """The head's flow (N, 2, 56, 56) for coefficients (N, 2, 4)."""
        return np.tensordot(coefficients.astype(np.float32), self._basis, axes=(2, 0))


def face_weights(shape: HeadShape) -> NDArray[np.float32]:
    """(56, 56): how far each grid point speaks for the head: 0 off the face, low at eyes, mouth and chin."""
    points = shape.points[:, :2]
    hull = cv2.convexHull(points.astype(np.float32)).reshape(-1, 2)
    mask = np.zeros((CROP, CROP), np.uint8)
    cv2.fillConvexPoly(mask, np.round(hull).astype(np.int32), 1)
    mask = cv2.erode(mask, np.ones((5, 5), np.uint8))
    total = np.zeros((CROP, CROP), np.float32)
    weighted = np.zeros((CROP, CROP), np.float32)
    for (x, y), weight in zip(np.clip(np.round(points).astype(int), 0, CROP - 1), stability(), strict=True):
        total[y, x] += 1
        weighted[y, x] += weight
    smooth = cv2.GaussianBlur(weighted, (0, 0), 4) / np.maximum(cv2.GaussianBlur(total, (0, 0), 4), 1e-6)
    for ring in _openings(points):
        cv2.fillPoly(mask, [np.round(ring).astype(np.int32)], 0)
    return cv2.resize(smooth * mask, (GRID, GRID), interpolation=cv2.INTER_AREA)


def _openings(points: NDArray[np.floating]) -> list[NDArray[np.floating]]:
    """Outlines of the eyes and the mouth, a little widened: what shows there is not skin."""
    rings = []
    for corners in ((33, 160, 158, 133, 153, 144), (362, 385, 387, 263, 373, 380), (61, 0, 291, 17)):
        ring = points[list(corners)]
        rings.append((ring - ring.mean(axis=0)) * 1.25 + ring.mean(axis=0))
    return rings


def motion_from_neutral(
    crops: NDArray[np.uint8], neutral: int, shape: HeadShape, out: NDArray[np.float16], threads: int = 2
) -> NDArray[np.float32]:
    """Fill ``out`` (N, 2, 56, 56) with the flow from crop ``neutral`` to every crop (N, 112, 112), head removed.

    Returns the coefficients (N, 2, 4) of the head's part that was removed.
    """
    head = HeadMotion(shape)
    removed = np.zeros((len(crops), 2, 4), np.float32)

    def measure(start: int) -> None:
        stop = min(start + _CHUNK, len(crops))
        meter = FlowMeter(crops[neutral])
        flow = np.stack([meter.to(crops[i]) for i in range(start, stop)])
        removed[start:stop] = head.fit(flow)
        out[start:stop] = flow - head.field(removed[start:stop])

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(measure, range(0, len(crops), _CHUNK)))
    return removed
