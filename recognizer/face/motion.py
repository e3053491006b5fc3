"""Measure how the skin moved: dense optical flow from the neutral frame, freed of what the head still does.

DIS optical flow (Kroeger et al. 2016, OpenCV's implementation) at full resolution: at its default of half resolution
OpenCV's version is 5 to 15 % off on sub-pixel motion, at full resolution under 1 %. What the landmark fit of the head
leaves (tenths of a pixel) is a field ``a + b x + c y + d z`` over the face; it is fitted to the flow robustly and
subtracted. Expressions move a part of the face against the rest and are outliers to that fit.

The flow to a frame starts from the flow to its neighbour. From nothing, it finds movements of a few pixels, but loses
the corners of a smiling mouth in one frame and not in the next. Two things keep an error from being handed on for ever:
a walk over the frames starts anew wherever the face is as good as neutral, and what is handed on may differ only so far
from the motion of the face's points.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice, pairwise
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.face.align import CROP, HeadShape, stability
from recognizer.face.clip import SHAPE_POINTS, FaceClip

#: Side of the flow grid: the crop's flow averaged over 2 x 2 pixels.
GRID = 56
_FIT_STEP = 2  # the head's field is fitted on every second grid point: 28 x 28
_FIRST_ROUNDS, _ROUNDS = 6, 10
_RIDGE = 1e-4 * np.eye(4, dtype=np.float32)
_NOISE = 0.02  # px; flow between two pictures of the same thing
#: Tukey's cut in median residuals. Statisticians' choice (4.0) lets the skirts of a movement of the brows tilt the
#: head; at 2.2 a movement of one pixel keeps at least 86 % and a still head moves no more than before.
_CUT = 2.2
_CHUNK = 32
_COARSE, _REACH = 28, 6.0  # side of the grid on which the points' motion is known; how far each tells of it (px)
_LEEWAY = 9.0  # px; how far from the points' motion flow is believed: they see less than half of a broad smile
_AS_GOOD_AS_NEUTRAL = 0.6  # px; of the points, by root mean square: flow from nothing is right there
_UPPER, _LOWER = 50.0, 42.0  # crop pixels: the brows and eyes, and what is below the eyes
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
        self._trust = np.repeat(trust[..., None], 2, axis=-1)  # one value an element: broadcasting it is slow
        self._share = 1.0 / cv2.GaussianBlur(self._trust, (0, 0), _SMOOTHING)

    def to(
        self, second: NDArray[np.uint8], start: NDArray[np.float32] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Flow (2, 56, 56): displacement (u right, v down), in crop pixels, of each point of the first crop to
        ``second``; and the same (112, 112, 2) before it is smoothed. ``start``: such a one to look from.

        Smoothed with each point weighted by its texture: flow on bare skin is filled in from what is next to it.
        """
        full = self._dis.calc(self._first, np.ascontiguousarray(second), start)
        flow = cv2.resize(full, (GRID, GRID), interpolation=cv2.INTER_AREA)
        smooth = (cv2.GaussianBlur(flow * self._trust, (0, 0), _SMOOTHING) * self._share).transpose(2, 0, 1)
        return smooth, full


class HeadMotion:
    """What is left of the head's motion in flow fields of one person's crop."""

    def __init__(self, shape: HeadShape) -> None:
        self._shape = shape
        centres = np.arange(0, GRID) * 2 + 0.5
        points = np.stack(np.meshgrid(centres, centres, indexing="xy"), axis=-1)
        basis = self.basis_at(points)
        self._basis = basis.astype(np.float32)  # (4, 56, 56)
        every = slice(None, None, _FIT_STEP)
        inside = face_weights(shape)[every, every].ravel()
        self._chosen = np.flatnonzero(inside > 0.02)
        self._weights = inside[self._chosen].astype(np.float32)
        self._design = np.ascontiguousarray(self._basis[:, every, every].reshape(4, -1)[:, self._chosen].T)  # (n, 4)
        self._across = np.ascontiguousarray(self._design.T)
        self._products = (self._design[:, :, None] * self._design[:, None, :]).reshape(-1, 16)
        height = np.repeat(centres[every], len(centres[every]))[self._chosen]
        self._starts = [self._weights * part + 1e-6 for part in (1.0, height < _UPPER, height > _LOWER)]

    def basis_at(self, points: NDArray[np.floating]) -> NDArray[np.float32]:
        """(4, ...): 1, x, y and depth, in units of half the crop, at ``points`` (..., 2) in crop pixels."""
        at = np.asarray(points, np.float32).reshape(-1, 1, 2)
        depth = cv2.remap(self._shape.depth, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).ravel()
        middle = (CROP - 1) / 2
        x, y = (at[:, 0].T - middle) / middle
        z = (depth - self._shape.depth.mean()) / middle
        return np.stack([np.ones_like(x), x, y, z]).reshape(4, *np.shape(points)[:-1])

    def fit(self, flow: NDArray[np.floating]) -> NDArray[np.float32]:
        """Coefficients (N, 2, 4) of the head's field in each of the flows (N, 2, 56, 56), outliers weighed down.

        Started from the whole face, its upper and its lower part, since a fit that starts on moving brows may stay
        with them; of the three, the one that explains the still part of the face best goes on.
        """
        every = slice(None, None, _FIT_STEP)
        target = flow[:, :, every, every].reshape(len(flow), 2, -1)[:, :, self._chosen].astype(np.float32)
        still = int(0.4 * (self._weights.size - 1))
        least = np.full((len(flow), 1), np.inf, np.float32)
        weights = np.empty((len(flow), self._weights.size), np.float32)
        for start in self._starts:
            w, _ = self._refine(target, np.broadcast_to(start, weights.shape), _FIRST_ROUNDS)
            cost = np.partition(self._solve(target, w)[1], still, axis=1)[:, still, None]
            np.copyto(weights, w, where=cost < least)
            least = np.minimum(least, cost)
        return self._refine(target, weights, _ROUNDS)[1]

    def _refine(
        self, target: NDArray[np.float32], weights: NDArray[np.float32], rounds: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Re-weighted least squares: (weights (N, n), coefficients (N, 2, 4))."""
        middle = self._weights.size // 2
        for _ in range(rounds):
            coefficients, square = self._solve(target, weights)
            median = np.partition(square, middle, axis=1)[:, middle, None]
            cut = np.float32(-(_CUT**2)) * np.maximum(median, np.float32(_NOISE**2))
            weights = square / cut
            weights += 1.0
            np.maximum(weights, 0.0, out=weights)
            weights *= weights
            weights *= self._weights
            weights += 1e-9
        return weights, coefficients

    def _solve(
        self, target: NDArray[np.float32], weights: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Weighted least squares: coefficients (N, 2, 4); squares of what they leave at each point, (N, n), pixels."""
        many, points = weights.shape
        total = weights.sum(axis=1)[:, None, None]
        gram = (weights @ self._products).reshape(-1, 4, 4) / total + _RIDGE
        moment = ((weights[:, None, :] * target).reshape(-1, points) @ self._design).reshape(many, 2, 4) / total
        coefficients = np.linalg.solve(gram, moment.transpose(0, 2, 1)).transpose(0, 2, 1)
        left = coefficients.reshape(-1, 4) @ self._across
        left = target - left.reshape(many, 2, points)
        left *= left
        return coefficients, left[:, 0] + left[:, 1]

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


class PointMotion:
    """The motion of the face's points since the neutral frame, as a field: rough, but never lost."""

    def __init__(self, clip: FaceClip, neutral: int) -> None:
        self._expressions, self._neutral = clip.expressions, clip.expressions[neutral].astype(np.float32)
        at = clip.shape.points[SHAPE_POINTS, :2] + self._neutral
        axis = np.linspace(0.0, CROP - 1, _COARSE)
        grid = np.stack(np.meshgrid(axis, axis, indexing="xy"), axis=-1).reshape(-1, 1, 2)
        near = np.exp(-((grid - at) ** 2).sum(axis=2) / (2 * _REACH**2))
        self._mix = (near / (near.sum(axis=1, keepdims=True) + 0.01)).astype(np.float32)  # nothing far from all

    def field(self, frame: int) -> NDArray[np.float32]:
        """(112, 112, 2), in crop pixels; 0 far from all points."""
        moved = self._mix @ (self._expressions[frame].astype(np.float32) - self._neutral)
        return cv2.resize(moved.reshape(_COARSE, _COARSE, 2), (CROP, CROP), interpolation=cv2.INTER_LINEAR)

    def keep_near(self, flow: NDArray[np.float32], frame: int) -> NDArray[np.float32]:
        """``flow`` (112, 112, 2) where it is within _LEEWAY of the points' motion, else the nearest that is."""
        rough = self.field(frame)
        return np.clip(flow, rough - _LEEWAY, rough + _LEEWAY)


class Walk(NamedTuple):
    """Frames ``first`` .. ``stop``, gone through from ``start`` to either side."""

    start: int
    first: int
    stop: int


def walks_from_neutral(expressions: NDArray[np.floating], runs: Sequence[slice], neutral: int) -> list[Walk]:
    """How to go through all frames of ``runs`` so that the flow to each can start from the flow to its neighbour.

    A walk starts where the face is as good as neutral: there the flow needs no help, and an error that a hand in the
    picture left behind ends. ``expressions`` (N, P, 2): displaced points in crop pixels. A run that never comes near
    to neutral is walked through from where it comes nearest.
    """
    walks = []
    for run in runs:
        away = expressions[run].astype(np.float32) - expressions[neutral].astype(np.float32)
        distance = np.sqrt((away**2).sum(axis=2).mean(axis=1))
        blocks = [start + int(distance[start : start + _CHUNK].argmin()) for start in range(0, len(distance), _CHUNK)]
        nearest = int(distance.argmin())
        starts = [run.start + i for i in blocks if i == nearest or distance[i] <= _AS_GOOD_AS_NEUTRAL]
        edges = [run.start, *((a + b + 1) // 2 for a, b in pairwise(starts)), run.stop]
        walks += [Walk(start, a, b) for start, (a, b) in zip(starts, pairwise(edges), strict=True)]
    return walks


def motion_from_neutral(
    clip: FaceClip,
    neutral: int,
    out: NDArray[np.float16],
    *,
    threads: int = 2,
    progress: Callable[[int], None] = lambda _: None,
) -> NDArray[np.float32]:
    """Fill ``out`` (N, 2, 56, 56) with the flow from frame ``neutral`` to the frames of the clip's runs, head removed.

    Returns the coefficients (N, 2, 4) of the head's part that was removed. ``progress`` hears how many are done.
    """
    head, points = HeadMotion(clip.shape), PointMotion(clip, neutral)
    removed = np.zeros((len(out), 2, 4), np.float32)

    def put(frames: Sequence[int], flows: list[NDArray[np.float32]]) -> int:
        flow, at = np.stack(flows), list(frames)
        removed[at] = head.fit(flow)
        out[at] = flow - head.field(removed[at])
        return len(at)

    def go(walk: Walk) -> Iterator[tuple[Sequence[int], list[NDArray[np.float32]]]]:
        """Frames and the flow to them, some at a time."""
        meter = FlowMeter(clip.crops[neutral])
        nothing = np.zeros((CROP, CROP, 2), np.float32)
        flow, at_start = meter.to(clip.crops[walk.start], points.keep_near(nothing, walk.start))
        yield [walk.start], [flow]
        for frames in (range(walk.start + 1, walk.stop), range(walk.start - 1, walk.first - 1, -1)):
            full = at_start
            for some in (frames[i : i + _CHUNK] for i in range(0, len(frames), _CHUNK)):
                flows = []
                for i in some:
                    flow, full = meter.to(clip.crops[i], points.keep_near(full, i))
                    flows.append(flow)
                yield some, flows

    done = 0
    walks = walks_from_neutral(clip.expressions, clip.runs, neutral)
    # The longest first, and no more at a time than threads: each keeps megabytes while it is under way.
    ways = map(go, sorted(walks, key=lambda walk: walk.first - walk.stop))
    with ThreadPoolExecutor(threads) as pool:
        going: dict[Future[Any], Iterator[Any] | None] = {
            pool.submit(next, way, None): way for way in islice(ways, threads)
        }
        while going:
            for step in wait(going, return_when=FIRST_COMPLETED).done:
                way, result = going.pop(step), step.result()
                if way is None:
                    done += result
                    progress(done)
                    continue
                if result is not None:
                    going[pool.submit(put, *result)] = None  # and the next step does not wait for it
                else:
                    way = next(ways, None)
                if way is not None:
                    going[pool.submit(next, way, None)] = way
    return removed
