"""What moves in a clip without being an event: camera, head, blinks, gaze. Not the training renderer's code.

Courses are arrays over the clip's frames. Fields are forward displacements (H, W, 2) in pixels of the still picture.
Eyes are painted in layers, since a lid covers what is behind it: no smooth field could do that.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import distance_transform_edt, gaussian_filter1d

from recognizer.synthetic.warp import head_frame, pulse

Array = NDArray[np.float64]
Layer = NDArray[np.float32]

#: Mesh points from the outer to the inner corner, along the upper and along the lower lid's edge.
_EYES = (
    ((33, 246, 161, 160, 159, 158, 157, 173, 133), (33, 7, 163, 144, 145, 153, 154, 155, 133)),
    ((263, 466, 388, 387, 386, 385, 384, 398, 362), (263, 249, 390, 373, 374, 380, 381, 382, 362)),
)
_LID_IOD, _LASH_IOD, _IRIS_IOD = 0.17, 0.018, 0.105  # skin that a blink pulls down; lash line; iris' half width
_CLOSED = 1.12  # of the way between the mesh's lids, which see the eye a little less open than it is
_REACH_IOD = 0.55  # how far beyond the face the hair and the background go along with the head
BLINK_S, BLINK_EVERY_S = (0.22, 0.34), (1.6, 3.6)


def unrest(random: np.random.Generator, count: int, fps: float, hertz: float, deviation: float) -> Array:
    """(count,): smooth noise with frequencies up to about ``hertz``."""
    sigma = fps / (2 * np.pi * hertz)
    margin = int(4 * sigma) + 1
    smooth = gaussian_filter1d(random.normal(size=count + 2 * margin), sigma)[margin:-margin]
    return np.asarray(deviation * smooth * np.sqrt(2 * np.sqrt(np.pi) * sigma))


@dataclass(frozen=True, eq=False)
class Rest:
    """Everyday motion over N frames. ``camera`` (N, 2) px of the output; ``head`` (N, 4): right, down (iod), roll
    (rad), scale; ``turn`` (N, 2): yaw and pitch (rad); ``lids`` (N,) 0 open to 1 shut; ``gaze`` (N, 2) in iod."""

    camera: Array
    head: Array
    turn: Array
    lids: Array
    gaze: Array

    @classmethod
    def still(cls, count: int) -> "Rest":
        sizes = (2, 4, 2, 0, 2)
        return cls(*(np.zeros((count, size) if size else count) for size in sizes))


def tremor(random: np.random.Generator, count: int, fps: float) -> Array:
    """(count, 2): a hand-held camera, in output pixels: slow sway and a fine shake."""
    return np.column_stack(
        [unrest(random, count, fps, 0.7, 1.2) + unrest(random, count, fps, 5.0, 0.25) for _ in range(2)]
    )


def head_moves(random: np.random.Generator, count: int, fps: float) -> Array:
    """(count, 4): small moves of a head that is not fixed."""
    deviations = (0.02, 0.015, np.deg2rad(0.7), 0.006)
    return np.column_stack([unrest(random, count, fps, 0.5, deviation) for deviation in deviations])


def blinks(random: np.random.Generator, seconds: float, taken: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Blinks (start, end) in seconds; those that would fall into a ``taken`` interval are left out."""
    found = []
    now = random.uniform(0.4, BLINK_EVERY_S[1])
    while now + BLINK_S[1] < seconds:
        end = now + random.uniform(*BLINK_S)
        if all(end < first or last < now for first, last in taken):
            found.append((now, end))
        now = end + random.uniform(*BLINK_EVERY_S)
    return found


def lid_course(intervals: list[tuple[float, float]], times_s: Array) -> Array:
    """(N,): shut at a third of each blink; lids close faster than they open."""
    course = np.zeros(len(times_s))
    for first, last in intervals:
        course = np.maximum(course, pulse(times_s, first, first + 0.36 * (last - first), last))
    return course


def gaze_course(random: np.random.Generator, times_s: Array) -> tuple[Array, list[tuple[float, float]]]:
    """(N, 2) in iod, and when: saccades of 40 ms to a new place every half to two seconds."""
    return _steps(random, times_s, (0.05, 0.016), (0.035, 0.06), (0.4, 1.6))


def turn_course(random: np.random.Generator, times_s: Array) -> tuple[Array, list[tuple[float, float]]]:
    """(N, 2) yaw and pitch in rad, and when: turns of 0.35 to 0.9 s with pauses."""
    return _steps(random, times_s, (np.deg2rad(11), np.deg2rad(6)), (0.35, 0.9), (0.2, 0.9))


def _steps(
    random: np.random.Generator,
    times_s: Array,
    reach: tuple[float, float],
    move_s: tuple[float, float],
    hold_s: tuple[float, float],
) -> tuple[Array, list[tuple[float, float]]]:
    """Moves between random places within ``reach``, each at rest in between; every third goes back to the middle."""
    knots, places, moves = [0.0], [np.zeros(2)], []
    now = random.uniform(0.3, 1.0)
    while now + move_s[1] < times_s[-1]:
        end = now + random.uniform(*move_s)
        target = np.zeros(2) if len(moves) % 3 == 2 else random.uniform(-1.0, 1.0, 2) * reach
        knots += [now, end]
        places += [places[-1], target]
        moves.append((float(now), float(end)))
        now = end + random.uniform(*hold_s)
    knots.append(max(float(times_s[-1]), knots[-1]) + 1.0)
    course = PchipInterpolator(knots, np.array([*places, places[-1]]), axis=0)(times_s)
    return np.asarray(course), moves


class Head:
    """Displacement of a whole head in one still picture: a similarity in the plane, or a turn by the face's depth."""

    def __init__(self, points: Array, depth: Array, shape: tuple[int, int]) -> None:
        self._centre, self._iod = points.mean(axis=0), head_frame(points)[1]
        hull = cv2.convexHull(points.astype(np.float32)).round().astype(np.int32)
        outside = np.ones(shape, np.uint8)
        cv2.fillConvexPoly(outside, hull, 0)
        distance, nearest = distance_transform_edt(outside, return_indices=True)
        reach = np.clip(distance / (_REACH_IOD * self._iod), 0.0, 1.0)
        self._share = (0.5 + 0.5 * np.cos(np.pi * reach)).astype(np.float32)
        self._front = self._surface(points, depth, shape)[nearest[0], nearest[1]]
        self._front = cv2.GaussianBlur(self._front, (0, 0), 0.06 * self._iod)
        rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
        self._x, self._y = columns - np.float32(self._centre[0]), rows - np.float32(self._centre[1])

    def _surface(self, points: Array, depth: Array, shape: tuple[int, int]) -> Layer:
        """(H, W) px towards the camera, from the head's axis: points spread by narrow Gaussians, normalised."""
        front = (np.quantile(depth, 0.98) + 0.25 - depth) * self._iod
        total, weight = np.zeros(shape, np.float32), np.full(shape, 1e-6, np.float32)
        for (x, y), value in zip(points.round().astype(int), front, strict=True):
            if 0 <= y < shape[0] and 0 <= x < shape[1]:
                total[y, x] += value
                weight[y, x] += 1.0
        sigma = 0.07 * self._iod
        return np.asarray(cv2.GaussianBlur(total, (0, 0), sigma) / cv2.GaussianBlur(weight, (0, 0), sigma))

    def field(self, move: Array, turn: Array) -> Layer:
        """(H, W, 2) for one frame's ``Rest.head`` and ``Rest.turn``."""
        right, down, roll, scale = move
        cos, sin = (1.0 + scale) * np.cos(roll), (1.0 + scale) * np.sin(roll)
        yaw, pitch = turn
        dx = (cos - 1.0) * self._x - sin * self._y + right * self._iod
        dy = sin * self._x + (cos - 1.0) * self._y + down * self._iod
        dx = dx + (np.cos(yaw) - 1.0) * self._x + np.sin(yaw) * self._front
        dy = dy + (np.cos(pitch) - 1.0) * self._y + np.sin(pitch) * self._front
        return np.stack([dx * self._share, dy * self._share], axis=-1).astype(np.float32)


class Eyes:
    """Lids and irises of one still picture, looked up where another map says: an image of the eyes in layers.

    ``image`` (H, W, k) of any number of channels."""

    def __init__(self, image: NDArray[np.uint8], points: Array) -> None:
        self._image = image
        self._axes, self._iod = head_frame(points)
        self._eyes = [self._eye(points[list(upper)], points[list(lower)]) for upper, lower in _EYES]

    def _eye(self, upper: Array, lower: Array) -> tuple[Array, Array, Array, Array, Array]:
        """Centre (px), sorted places along the lids, height of upper and lower lid there (px), and the iris (px)."""
        centre = (upper[0] + upper[-1]) / 2
        (u_up, v_up), (u_low, v_low) = (((edge - centre) @ self._axes.T).T for edge in (upper, lower))
        along = np.linspace(max(u_up.min(), u_low.min()), min(u_up.max(), u_low.max()), 33)
        heights = []
        for u, v in ((u_up, v_up), (u_low, v_low)):
            order = np.argsort(u)
            heights.append(gaussian_filter1d(np.interp(along, u[order], v[order]), 1.5, mode="nearest"))
        return centre, along, heights[0], np.maximum(heights[1], heights[0]), self._iris(upper, lower)

    def _iris(self, upper: Array, lower: Array) -> Array:
        """The centre of what is dark between the lids."""
        mask = np.zeros(self._image.shape[:2], np.uint8)
        cv2.fillPoly(mask, [np.vstack([upper, lower[::-1]]).round().astype(np.int32)], 1)
        rows, columns = np.nonzero(mask)
        if not len(rows):
            return np.asarray((upper.mean(axis=0) + lower.mean(axis=0)) / 2)
        light = self._image[rows, columns].mean(axis=1)
        dark = np.clip(np.quantile(light, 0.4) - light, 0.0, None) + 1e-6
        return np.array([np.average(columns, weights=dark), np.average(rows, weights=dark)])

    def paint(self, result: NDArray[np.uint8], x: Layer, y: Layer, lids: float, gaze: Array) -> None:
        """Repaints the eyes of ``result``, which shows the picture at (x, y), with ``lids`` shut and eyes turned."""
        for centre, along, upper, lower, iris in self._eyes:
            half = 0.5 * (along[-1] - along[0]) + 0.1 * self._iod
            near = (np.abs(x - centre[0]) < half) & (np.abs(y - centre[1]) < half)
            if not near.any():
                continue
            rows, columns = np.nonzero(near)
            part = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
            place = np.stack([x[part] - centre[0], y[part] - centre[1]], axis=-1) @ self._axes.T
            u, v = place[..., 0], place[..., 1]
            up, low = np.interp(u, along, upper), np.interp(u, along, lower)
            edge = up + _CLOSED * lids * (low - up)
            ball = self._ball(x[part], y[part], iris, gaze)
            opening = _soft(v - up, 1.0) * _soft(low - v, 1.0) * ((u > along[0]) & (u < along[-1]))
            base = result[part].astype(np.float32)
            seen = base + opening[..., None] * (ball - base)
            skin = self._lid(centre, u, v, up, edge)
            covered = _soft(edge - v, 0.7) * (lids > 0.0)
            result[part] = np.clip(np.rint(seen + covered[..., None] * (skin - seen)), 0, 255).astype(np.uint8)

    def _ball(self, x: Layer, y: Layer, iris: Array, gaze: Array) -> Layer:
        """The eyeball's layer: around the iris the picture is moved as a whole, further off it is stretched."""
        near = np.exp(-0.5 * (np.hypot(x - iris[0], y - iris[1]) / (1.35 * _IRIS_IOD * self._iod)) ** 4)
        right, down = (gaze * self._iod) @ self._axes
        return self._look(x - near * right, y - near * down)

    def _lid(self, centre: Array, u: Array, v: Array, up: Array, edge: Array) -> Layer:
        """The upper lid's layer: the skin between brow and lashes, pulled down until the lashes lie at ``edge``."""
        fold = up - _LID_IOD * self._iod
        last = up + _LASH_IOD * self._iod
        share = np.clip((v - fold) / (edge - fold + 1e-9), None, 1.2)
        source = np.where(v < fold, v, fold + share * (last - fold) * 1.0)
        moved = np.where(edge > up, (edge - up) / (_LASH_IOD * self._iod), 0.0)  # so that an open lid stays as it is
        source = v + np.clip(moved, 0.0, 1.0) * (source - v)
        picture = np.stack([u, source], axis=-1) @ self._axes + centre
        return self._look(picture[..., 0], picture[..., 1])

    def _look(self, x: NDArray[np.floating], y: NDArray[np.floating]) -> Layer:
        where = (np.asarray(x, np.float32), np.asarray(y, np.float32))
        seen = cv2.remap(self._image, *where, cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE)
        return seen.reshape(*where[0].shape, -1).astype(np.float32)


def _soft(distance: Array, width_px: float) -> Array:
    """1 inside (distance > 0), 0 outside, smooth over ``width_px``."""
    return np.asarray(np.clip(0.5 + distance / width_px, 0.0, 1.0))
