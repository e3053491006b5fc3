"""Warps a still, or a frame of a real face, by known AU motions.

Each AU is a table of anchors on MediaPipe's 468 face-mesh landmarks (``au_motions.toml``): where the skin moves, in
which direction of the head's own frame, how wide. Displacements are in inter-ocular distances (iod), so that intensity
1 means full FACS strength on any face at any size. A sum of Gaussians is smooth and separable: the whole field is one
small matrix product per component.
"""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from curves.values import DEFAULT_AUS, MIDLINE_AUS, FloatArray, Side

#: Columns of an intensity array: the subject's left, then right.
SIDES: tuple[Side, Side] = (Side.LEFT, Side.RIGHT)

_RIGHT_EYE, _LEFT_EYE = (33, 133), (362, 263)  # outer/inner corners, subject's
_MARGIN_IOD, _TAPER_IOD = 0.60, 0.40  # face box beyond the landmarks, and where in it the field fades to zero
_EYE_HOLD_IOD = 0.13
_GAUSSIAN_TAIL = 1e-4  # below it a Gaussian is zero, so that the field's support is the part of the face that moves
_INVERSE_TOLERANCE_PX, _INVERSE_STEPS = 0.01, 40  # cv2.remap looks up at 1/32 px: finer may never be met


@dataclass(frozen=True, slots=True, eq=False)
class AUMotion:
    """Anchors of one AU on one side.

    ``landmarks`` (n,) indices; ``moves`` (n, 2) [image right, down] in the upright head frame; ``widths`` (n,) in
    iod; ``peak`` in iod at intensity 1.
    """

    landmarks: NDArray[np.intp]
    moves: FloatArray
    widths: FloatArray
    peak: float
    hold_eyes: bool


@dataclass(frozen=True, slots=True)
class TimeCourse:
    """One AU's rise and fall in seconds: zero at ``onset_s`` and ``offset_s``, ``peak`` at ``apex_s``."""

    onset_s: float
    apex_s: float
    offset_s: float
    peak: float = 1.0

    def __post_init__(self) -> None:
        if not self.onset_s < self.apex_s < self.offset_s:
            raise ValueError(f"expected onset < apex < offset, got {self.onset_s}, {self.apex_s}, {self.offset_s}")
        if not 0.0 <= self.peak <= 1.0:
            raise ValueError(f"peak: expected 0..1, got {self.peak}")

    def __call__(self, times_s: ArrayLike) -> FloatArray:
        """Intensity at each time, shape of ``times_s``."""
        return self.peak * pulse(times_s, self.onset_s, self.apex_s, self.offset_s)


@dataclass(frozen=True, slots=True)
class AUCourse:
    """One AU, on the side(s) given, over time."""

    au: int
    side: Side
    course: TimeCourse


def pulse(times_s: ArrayLike, onset_s: float, apex_s: float, offset_s: float) -> FloatArray:
    """Raised cosine from 0 at onset to 1 at apex and back to 0 at offset; continuous in value and slope."""
    times = np.asarray(times_s, dtype=np.float64)
    phase = np.interp(times, [onset_s, apex_s, offset_s], [0.0, 1.0, 2.0])
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * phase), dtype=np.float64)


def intensities_at(courses: Iterable[AUCourse], times_s: Sequence[float] | FloatArray) -> FloatArray:
    """Sum of the courses as (n, 19, 2) in [0, 1]: AUs in the order of DEFAULT_AUS, sides as in ``SIDES``."""
    times = np.asarray(times_s, dtype=np.float64)
    result = np.zeros((times.size, len(DEFAULT_AUS), 2))
    for item in courses:
        sides = [0, 1] if item.side is Side.BOTH or item.au in MIDLINE_AUS else [SIDES.index(item.side)]
        result[:, DEFAULT_AUS.index(item.au), sides] += item.course(times)[:, None]
    return np.clip(result, 0.0, 1.0)


def head_frame(landmarks: ArrayLike) -> tuple[FloatArray, float]:
    """Axes (2, 2) [rows: image right, down, turned with the head's roll] and inter-ocular distance in pixels."""
    points = np.asarray(landmarks, dtype=np.float64)
    across = points[list(_LEFT_EYE)].mean(0) - points[list(_RIGHT_EYE)].mean(0)
    iod_px = float(np.hypot(*across))
    if not np.isfinite(iod_px) or iod_px < 1.0:
        raise ValueError(f"landmarks: expected eyes at least a pixel apart, got {iod_px}")
    right = across / iod_px
    return np.array([right, [-right[1], right[0]]]), iod_px


@cache
def au_motions() -> dict[tuple[int, Side], AUMotion]:
    """The table of ``au_motions.toml``: one entry for each of the 19 AUs and each side."""
    table = tomllib.loads(files("recognizer.synthetic").joinpath("au_motions.toml").read_text(encoding="utf-8"))
    return {(au, side): _motion(table[f"AU{au}"], side) for au in DEFAULT_AUS for side in SIDES}


def _motion(entry: dict[str, Any], side: Side) -> AUMotion:
    landmarks, moves = [], []
    for anchor in entry["anchors"]:
        outward, down = anchor["move"]
        if len(anchor["at"]) == 1:
            landmarks.append(anchor["at"][0])
            moves.append((0.0, down / 2))
        else:  # the subject's left is image right, so outward is to the right there
            landmarks.append(anchor["at"][1 if side is Side.LEFT else 0])
            moves.append((outward if side is Side.LEFT else -outward, down))
    widths = np.array([anchor["width"] for anchor in entry["anchors"]])
    return AUMotion(np.array(landmarks), np.array(moves), widths, entry["peak"], entry.get("hold") == "eyes")


def displacement_field(landmarks: ArrayLike, au_intensities: ArrayLike, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Where each image point goes: (H, W, 2) [x, y] in pixels, zero outside the face box.

    ``landmarks`` (468, 2) in pixels; ``au_intensities`` (19, 2) in [0, 1], columns left, right; ``shape`` (H, W).
    The map does not fold for any single AU nor for the usual few together (tested); opposing AUs all at full strength
    may. Raises ValueError for wrong shapes, intensities outside [0, 1], or sides that differ on a midline AU.
    """
    points = np.asarray(landmarks, dtype=np.float64)
    amounts = _checked_intensities(au_intensities)
    if points.shape != (468, 2):
        raise ValueError(f"landmarks: expected shape (468, 2), got {points.shape}")
    field = np.zeros((*shape, 2), np.float32)
    axes, iod_px = head_frame(points)
    xs, ys, fade_x, fade_y = _face_box(points, iod_px, shape)
    if not (xs.size and ys.size and amounts.any()):
        return field
    centres, vectors, widths, held = _gaussians(points, amounts, axes, iod_px)
    gx, gy = _bells(xs, centres[:, 0], widths) * fade_x, _bells(ys, centres[:, 1], widths) * fade_y
    box = _product(gx, gy, vectors, ~held)
    if held.any():
        box += _product(gx, gy, vectors, held) * _eye_hold(points, xs, ys, iod_px)[..., None]
    field[int(ys[0]) : int(ys[-1]) + 1, int(xs[0]) : int(xs[-1]) + 1] = box
    return field


def _checked_intensities(au_intensities: ArrayLike) -> FloatArray:
    amounts = np.asarray(au_intensities, dtype=np.float64)
    if amounts.shape != (len(DEFAULT_AUS), 2):
        raise ValueError(f"au_intensities: expected shape ({len(DEFAULT_AUS)}, 2), got {amounts.shape}")
    if not (np.isfinite(amounts).all() and amounts.min() >= 0.0 and amounts.max() <= 1.0):
        raise ValueError(f"au_intensities: expected 0..1, got {amounts.min()}..{amounts.max()}")
    for au, (left, right) in zip(DEFAULT_AUS, amounts, strict=True):
        if au in MIDLINE_AUS and left != right:
            raise ValueError(f"AU{au} lies on the midline: expected equal sides, got {left}, {right}")
    return amounts


def _face_box(
    points: FloatArray, iod_px: float, shape: tuple[int, int]
) -> tuple[FloatArray, FloatArray, NDArray[np.float32], NDArray[np.float32]]:
    """Pixel columns and rows of the box inside the image, and the weight by which the field fades at its rim."""
    low, high = points.min(0) - _MARGIN_IOD * iod_px, points.max(0) + _MARGIN_IOD * iod_px
    result = []
    for axis, size in ((0, shape[1]), (1, shape[0])):
        first, last = max(0, int(np.ceil(low[axis]))), min(size, int(high[axis]) + 1)
        pixels = np.arange(first, max(first, last), dtype=np.float64)
        rim = np.minimum(pixels - low[axis], high[axis] - pixels) / (_TAPER_IOD * iod_px)
        result.append((pixels, (0.5 - 0.5 * np.cos(np.pi * np.clip(rim, 0.0, 1.0))).astype(np.float32)))
    (xs, fade_x), (ys, fade_y) = result
    return xs, ys, fade_x, fade_y


def _gaussians(
    points: FloatArray, amounts: FloatArray, axes: FloatArray, iod_px: float
) -> tuple[FloatArray, FloatArray, FloatArray, NDArray[np.bool_]]:
    """All Gaussians of the active AUs: centres (n, 2) px, vectors (n, 2) px, widths (n,) px, whether eyes hold."""
    centres, vectors, widths, held = [], [], [], []
    for (au, side), motion in au_motions().items():
        amount = amounts[DEFAULT_AUS.index(au), SIDES.index(side)]
        if amount == 0.0:
            continue
        at, width = points[motion.landmarks], motion.widths * iod_px
        scale = amount * motion.peak * iod_px / _greatest(points, au, side, iod_px)
        centres.append(at)
        vectors.append(scale * motion.moves @ axes)
        widths.append(width)
        held.append(np.full(len(at), motion.hold_eyes))
    return np.concatenate(centres), np.concatenate(vectors), np.concatenate(widths), np.concatenate(held)


def _greatest(points: FloatArray, au: int, side: Side, iod_px: float) -> float:
    """Greatest displacement at the anchors before scaling: neighbours overlap, so a sum exceeds its parts."""
    parts = [au_motions()[au, part] for part in (SIDES if au in MIDLINE_AUS else (side,))]
    at = np.concatenate([points[part.landmarks] for part in parts])
    width = np.concatenate([part.widths for part in parts]) * iod_px
    distance = np.square(at[:, None] - at[None]).sum(-1)
    total = np.exp(-0.5 * distance / np.square(width)) @ np.concatenate([part.moves for part in parts])
    return float(np.hypot(*total.T).max())


def _bells(pixels: FloatArray, centres: FloatArray, widths: FloatArray) -> NDArray[np.float32]:
    bells = np.exp(-0.5 * ((pixels - centres[:, None]) / widths[:, None]) ** 2)
    return np.where(bells < _GAUSSIAN_TAIL, 0.0, bells).astype(np.float32)


def _product(
    gx: NDArray[np.float32], gy: NDArray[np.float32], vectors: FloatArray, chosen: NDArray[np.bool_]
) -> NDArray[np.float32]:
    moves = vectors[chosen].astype(np.float32)
    return np.stack([(gy[chosen] * moves[:, k : k + 1]).T @ gx[chosen] for k in (0, 1)], axis=-1)


def _eye_hold(points: FloatArray, xs: FloatArray, ys: FloatArray, iod_px: float) -> NDArray[np.float32]:
    eyes = np.array([points[list(corners)].mean(0) for corners in (_RIGHT_EYE, _LEFT_EYE)])
    widths = np.full(2, _EYE_HOLD_IOD * iod_px)
    held = _bells(ys, eyes[:, 1], widths).T @ _bells(xs, eyes[:, 0], widths)
    return np.asarray(np.clip(1.0 - held, 0.0, 1.0), np.float32)


def inverse_field(field: NDArray[np.float32]) -> NDArray[np.float32]:
    """The backward displacement b of a forward one d, both (H, W, 2) px: b(q) = -d(q + b(q)), by fixed-point iteration.

    Converges where displacements differ less than their places do; right to 0.01 px for micro-expressions, 0.05 px at
    full strength. The image's rim is taken to continue beyond it.
    """
    rows, columns = np.mgrid[: field.shape[0], : field.shape[1]].astype(np.float32)
    back = -field
    for _ in range(_INVERSE_STEPS):
        moved = -cv2.remap(
            field, columns + back[..., 0], rows + back[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        change = float(np.abs(moved - back).max())
        back = moved
        if change < _INVERSE_TOLERANCE_PX:
            break
    return back


def warp_image(image: NDArray[np.uint8], field: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The image (H, W, 3) after each point p has moved to p + field(p); a new array.

    Only the rectangle where the field is not zero is resampled (Lanczos over 8x8 pixels, to 1/32 px), so that
    the rest stays bit-identical. OpenCV's bicubic kernel would misplace detail by up to 0.05 px, Lanczos by
    0.015. Raises ValueError when field and image differ in size.
    """
    if field.shape != (*image.shape[:2], 2):
        raise ValueError(f"field: expected shape {(*image.shape[:2], 2)}, got {field.shape}")
    result = image.copy()
    moves = (field != 0.0).reshape(field.shape[0], -1)  # x and y side by side: reducing one axis is much faster
    ys, xs = np.flatnonzero(np.any(moves, axis=1)), np.flatnonzero(np.any(moves, axis=0)) // 2
    if not ys.size:
        return result
    top, bottom, left, right = int(ys[0]), int(ys[-1]) + 1, int(xs[0]), int(xs[-1]) + 1
    back = inverse_field(np.ascontiguousarray(field[top:bottom, left:right]))
    rows, columns = np.mgrid[top:bottom, left:right].astype(np.float32)
    result[top:bottom, left:right] = cv2.remap(
        image, columns + back[..., 0], rows + back[..., 1], cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE
    )
    return result
