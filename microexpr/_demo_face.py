"""A face drawn in code: the project's own sample needs no photograph and no licence.

The head is a height field lit from the upper left, painted with skin, lips, eyes, brow hairs and hair. Coordinates are
face units: one is the inter-ocular distance, the origin lies between the eyes, v points down; u is image right.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

Plane = NDArray[np.floating[Any]]

#: Image width and height, eye-line height and inter-ocular distance, as fractions of the size.
EYE_LINE, IOD = 0.42, 0.235

_SKIN, _LIP, _HAIR = (0.86, 0.66, 0.55), (0.72, 0.40, 0.38), (0.13, 0.09, 0.07)  # RGB, linear enough for a drawing
# Half-width of the head at heights v.
_OUTLINE = ((-1.52, 0.0), (-1.47, 0.34), (-1.3, 0.66), (-1.0, 0.91), (-0.5, 1.04), (0.0, 1.05), (0.5, 1.01),
            (0.9, 0.91), (1.25, 0.72), (1.5, 0.50), (1.66, 0.27), (1.71, 0.0))  # fmt: skip
# Soft bumps of the height field: u, v, width, height, depth; u > 0 is mirrored.
_BUMPS = (
    (0.0, 0.30, 0.085, 0.30, 0.16),  # nose bridge
    (0.0, 0.66, 0.120, 0.14, 0.24),  # nose tip
    (0.19, 0.72, 0.075, 0.085, 0.12),  # nose wings
    (0.50, 0.00, 0.26, 0.15, -0.13),  # eye sockets
    (0.50, 0.02, 0.19, 0.11, 0.07),  # eyeballs under the lids
    (0.42, -0.33, 0.30, 0.09, 0.05),  # brow ridge
    (0.62, 0.52, 0.26, 0.22, 0.08),  # cheeks
    (0.0, 1.13, 0.32, 0.14, 0.07),  # muzzle
    (0.0, 0.93, 0.035, 0.09, -0.018),  # philtrum
    (0.0, 1.06, 0.26, 0.035, 0.035),  # upper lip
    (0.0, 1.20, 0.20, 0.045, 0.045),  # lower lip
    (0.0, 1.34, 0.16, 0.05, -0.045),  # under the lower lip
    (0.0, 1.52, 0.17, 0.12, 0.07),  # chin
    (0.40, 0.86, 0.05, 0.16, -0.016),  # nasolabial fold
)


@dataclass(frozen=True, slots=True)
class _Canvas:
    """Pixel grid in face units, and the picture (H, W, 3) in 0..1 that is being painted."""

    u: Plane
    v: Plane
    picture: Plane

    def blend(self, mask: Plane, colour: Plane | tuple[float, float, float]) -> None:
        picture = self.picture
        picture += mask[..., None] * (np.asarray(colour, np.float32) - picture)

    def darken(self, mask: Plane, amount: float) -> None:
        self.picture[...] *= (1.0 - amount * mask)[..., None]


def draw_face(size: int, eyes_closed: float = 0.0, seed: int = 7) -> NDArray[np.uint8]:
    """The face as RGB (size, size, 3).

    ``eyes_closed`` in [0, 1] lowers the upper lids; ``seed`` grows skin and hair.
    """
    canvas = _canvas(size)
    random = np.random.default_rng(seed)
    inside, shade = _head(canvas)
    _paint_behind(canvas, random)
    canvas.blend(inside, _skin(canvas, shade, random))
    _paint_lips(canvas, shade)
    _paint_nostrils(canvas)
    for side in (-1.0, 1.0):
        _paint_eye(canvas, side, eyes_closed, shade)
        _paint_brow(canvas, side, random)
    _paint_hair(canvas, inside, random)
    softened = cv2.GaussianBlur(canvas.picture, (0, 0), size / 1100)
    return np.asarray(np.clip(softened, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)


def _canvas(size: int) -> _Canvas:
    rows, columns = np.mgrid[:size, :size].astype(np.float32)
    u = (columns - size / 2) / (IOD * size)
    v = (rows - EYE_LINE * size) / (IOD * size)
    backdrop = 0.56 - 0.05 * v + 0.04 * u
    picture = np.stack([backdrop * 0.92, backdrop * 0.98, backdrop * 1.04], axis=-1)
    return _Canvas(u, v, picture.astype(np.float32))


def _edge(distance: Plane, softness: float) -> Plane:
    """1 where distance > 0, 0 below, with a smooth step of that width."""
    t = np.clip(distance / softness + 0.5, 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t), np.float32)


def _bell(canvas: _Canvas, u: float, v: float, width: float, height: float) -> Plane:
    return np.exp(-0.5 * (((canvas.u - u) / width) ** 2 + ((canvas.v - v) / height) ** 2)).astype(np.float32)


def _half_width(v: Plane) -> Plane:
    heights, widths = np.array(_OUTLINE).T
    curve = PchipInterpolator(heights, widths**2)  # a square root at the ends makes crown and chin round
    squared = np.where((v > heights[0]) & (v < heights[-1]), curve(np.clip(v, heights[0], heights[-1])), 0.0)
    return np.sqrt(np.maximum(squared, 1e-8)).astype(np.float32)


def _head(canvas: _Canvas) -> tuple[Plane, Plane]:
    """Mask of the head, and the light on it: diffuse around 1, with a soft highlight."""
    width = _half_width(canvas.v)
    inside = _edge(width - np.abs(canvas.u), 0.02) * _edge(width - 0.05, 0.05)
    height = 1.05 * np.sqrt(np.clip(1.0 - (np.abs(canvas.u) / width) ** 2.2, 0.0, 1.0)) * np.sqrt(width)
    for u, v, wide, high, depth in _BUMPS:
        for centre in (u, -u) if u else (u,):
            height += depth * _bell(canvas, centre, v, wide, high)
    step = float(canvas.u[0, 1] - canvas.u[0, 0])
    height = cv2.GaussianBlur(height.astype(np.float32), (0, 0), 0.012 / step)
    dv, du = np.gradient(height, step)
    normal = np.stack([-du, -dv, np.ones_like(du)], axis=-1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    light = np.array([-0.38, -0.50, 0.78]) / np.linalg.norm([-0.38, -0.50, 0.78])
    diffuse = np.clip(normal @ light, 0.0, 1.0)
    half = light + np.array([0.0, 0.0, 1.0])
    half /= np.linalg.norm(half)
    gloss = np.clip(normal @ half, 0.0, 1.0) ** 40
    return inside, (0.42 + 0.66 * diffuse + 0.10 * gloss).astype(np.float32)


def _noise(random: np.random.Generator, shape: tuple[int, int], sigma_x: float, sigma_y: float) -> Plane:
    """Smooth noise of unit deviation."""
    blurred = cv2.GaussianBlur(random.standard_normal(shape).astype(np.float32), (0, 0), sigma_x, sigmaY=sigma_y)
    return np.asarray(blurred / blurred.std(), np.float32)


def _skin(canvas: _Canvas, shade: Plane, random: np.random.Generator) -> Plane:
    shape, unit = (canvas.u.shape[0], canvas.u.shape[1]), IOD * canvas.u.shape[0]
    pores = _noise(random, shape, 0.008 * unit, 0.008 * unit)
    blotches = _noise(random, shape, 0.06 * unit, 0.06 * unit)
    red = 0.6 * (_bell(canvas, 0.6, 0.5, 0.22, 0.2) + _bell(canvas, -0.6, 0.5, 0.22, 0.2))
    red += 0.5 * _bell(canvas, 0.0, 0.68, 0.16, 0.12) + 0.25 * _bell(canvas, 0.0, 1.5, 0.2, 0.15)
    beard = _bell(canvas, 0.0, 1.35, 0.6, 0.28) + 0.5 * _bell(canvas, 0.0, 0.95, 0.3, 0.08)
    skin = np.array(_SKIN, np.float32) * shade[..., None]
    skin *= 1.0 + (0.022 * pores + 0.018 * blotches)[..., None]
    skin *= 1.0 - red[..., None] * np.array([-0.02, 0.10, 0.09], np.float32)
    skin *= 1.0 - np.clip(beard, 0.0, 1.0)[..., None] * np.array([0.09, 0.06, 0.04], np.float32)
    for freckle in range(14):
        u, v = random.uniform(-0.85, 0.85), random.uniform(-0.8, 1.3)
        radius = 0.010 if freckle else 0.022
        skin *= (1.0 - 0.35 * _bell(canvas, u, v, radius, radius))[..., None]
    return skin


def _paint_behind(canvas: _Canvas, random: np.random.Generator) -> None:
    u, v = canvas.u, canvas.v
    hair = _edge(1.0 - np.hypot(u / 1.17, (v + 0.42) / 1.32), 0.05)
    canvas.blend(hair * _edge(0.55 - v, 0.5), _HAIR)
    neck = _edge(0.60 + 0.10 * np.maximum(v - 1.6, 0.0) ** 2 - np.abs(u), 0.04) * _edge(v - 0.8, 0.2)
    light = 0.66 - 0.18 * u - 0.30 * np.exp(-0.5 * ((v - 1.62) / 0.22) ** 2)
    canvas.blend(neck, np.array(_SKIN, np.float32) * light[..., None])
    collar = 1.94 + 0.20 * np.sqrt(np.clip(1.0 - (u / 0.66) ** 2, 0.0, 1.0))
    shoulder = 1.94 + 0.35 * np.maximum(np.abs(u) - 0.66, 0.0) ** 1.3
    shirt = _edge(v - np.where(np.abs(u) < 0.66, collar, shoulder).astype(np.float32), 0.03)
    weave = 1.0 + 0.10 * _noise(random, (u.shape[0], u.shape[1]), 1.0, 2.0)
    canvas.blend(shirt, np.array([0.22, 0.27, 0.36], np.float32) * weave[..., None])
    for side in (-1.0, 1.0):
        ear = _edge(1.0 - np.hypot((u - side * 1.07) / 0.13, (v - 0.28) / 0.32), 0.15)
        canvas.blend(ear, tuple(c * (0.72 - 0.10 * side) for c in _SKIN))  # type: ignore[arg-type]
        canvas.darken(_bell(canvas, side * 1.09, 0.26, 0.05, 0.14), 0.35)


def _paint_lips(canvas: _Canvas, shade: Plane) -> None:
    u, v = canvas.u, canvas.v
    t = np.clip(np.abs(u) / 0.37, 0.0, 1.0)
    line = 1.115 + 0.010 * np.cos(np.pi * t) - 0.010 * t**4
    bow = 0.022 * np.exp(-0.5 * (u / 0.05) ** 2) - 0.012 * np.exp(-0.5 * ((np.abs(u) - 0.10) / 0.06) ** 2)
    top = line - 0.085 * (1.0 - t**1.8) + bow
    bottom = line + 0.125 * (1.0 - t**2.2)
    upper, lower = _edge(v - top, 0.02) * _edge(line - v, 0.012), _edge(v - line, 0.012) * _edge(bottom - v, 0.03)
    wide = _edge(0.37 - np.abs(u), 0.02)
    lip = np.array(_LIP, np.float32) * shade[..., None]
    canvas.blend(0.85 * upper * wide, lip * np.float32(0.84))
    canvas.blend(0.80 * lower * wide, lip * np.float32(1.06))
    canvas.darken(np.exp(-0.5 * ((v - line) / 0.013) ** 2) * _edge(0.39 - np.abs(u), 0.06), 0.62)
    for side in (-1.0, 1.0):
        canvas.darken(_bell(canvas, side * 0.385, 1.098, 0.028, 0.028), 0.40)
    gloss = _bell(canvas, -0.06, 1.185, 0.10, 0.016)
    canvas.picture[...] += 0.05 * gloss[..., None]


def _paint_nostrils(canvas: _Canvas) -> None:
    u, v = canvas.u, canvas.v
    for side in (-1.0, 1.0):
        canvas.darken(
            _edge(
                1.0 - np.hypot((u - side * 0.115) / 0.065, (v - 0.795 - side * 0.2 * (u - side * 0.115)) / 0.028), 0.7
            ),
            0.72,
        )
        crease = np.abs(np.hypot((u - side * 0.19) / 0.115, (v - 0.715) / 0.115) - 1.0)
        outer = _edge(side * u - 0.22, 0.08) * _edge(0.86 - v, 0.05)
        canvas.darken(np.exp(-0.5 * (crease / 0.14) ** 2).astype(np.float32) * outer, 0.30)
    canvas.darken(_bell(canvas, 0.0, 0.845, 0.17, 0.022), 0.28)


def _paint_eye(canvas: _Canvas, side: float, closed: float, shade: Plane) -> None:
    u, v = (canvas.u - side * 0.5) * side, canvas.v  # here u points outward
    t = np.clip(u / 0.225, -1.0, 1.0)
    slant = -0.018 * t
    top_open, bottom = slant - 0.098 * (1.0 - t**2) * (1.0 - 0.18 * t), slant + 0.062 * (1.0 - t**2) * (1.0 + 0.2 * t)
    top = top_open + closed * (bottom - 0.004 - top_open)
    wide = _edge(0.225 - np.abs(u), 0.01)
    opening = _edge(v - top, 0.012) * _edge(bottom - v, 0.012) * wide
    ball = np.stack([0.90 - 0.0 * u, 0.88 - 0.0 * u, 0.86 - 0.0 * u], axis=-1).astype(np.float32)
    ball *= (0.98 - 0.5 * np.exp(-0.5 * ((v - top) / 0.035) ** 2) - 1.9 * u**2)[..., None]
    radius = np.hypot(u - 0.005, v + 0.012)
    angle = np.arctan2(v + 0.012, u - 0.005)
    iris = 0.9 + 0.14 * np.sin(23 * angle) * np.sin(41 * angle + 1.0) - 0.9 * _edge(radius - 0.086, 0.03)
    eye = ball + _edge(0.104 - radius, 0.010)[..., None] * (
        np.array([0.33, 0.22, 0.13], np.float32) * iris[..., None] - ball
    )
    eye *= (1.0 - 0.93 * _edge(0.044 - radius, 0.010))[..., None]
    glint = _edge(0.017 - np.hypot(canvas.u - side * 0.5 + 0.035, v + 0.050), 0.010)
    eye += 0.85 * glint[..., None]
    eye *= (1.0 - 0.42 * np.exp(-0.5 * ((v - top) / 0.028) ** 2))[..., None]
    lid = np.array(_SKIN, np.float32) * (0.93 * shade)[..., None]
    lowered = _edge(v - top_open, 0.012) * _edge(top - v, 0.012) * wide
    canvas.blend(lowered, lid)
    canvas.blend(opening, eye.astype(np.float32))
    near = _edge(0.25 - np.abs(u), 0.06)
    canvas.darken(np.exp(-0.5 * ((v - top + 0.006) / 0.012) ** 2) * near, 0.78)
    canvas.darken(np.exp(-0.5 * ((v - top_open + 0.062 + 0.02 * t) / 0.014) ** 2) * near, 0.26 * (1.0 - 0.7 * closed))
    canvas.darken(np.exp(-0.5 * ((v - bottom - 0.004) / 0.010) ** 2) * near, 0.30)
    canvas.darken(np.exp(-0.5 * ((v - bottom - 0.085) / 0.030) ** 2) * near, 0.09)
    pink = _bell(canvas, side * 0.285, 0.012, 0.014, 0.012)
    canvas.blend(0.7 * pink * (1.0 - closed), (0.80, 0.52, 0.48))


def _paint_brow(canvas: _Canvas, side: float, random: np.random.Generator) -> None:
    """Some hundred tapering hairs along an arc, steep at the inner end and lying flat at the outer."""
    size = canvas.u.shape[0]
    mask = np.zeros(canvas.u.shape, np.uint8)
    for _ in range(260):
        along = random.uniform(0.0, 1.0)
        thick = 0.058 * (1.0 - 0.62 * along) * min(1.0, 0.35 + 3.0 * along)
        u = 0.185 + 0.56 * along
        v = (
            -0.315
            - 0.150 * np.sin(np.pi * min(1.0, 0.16 + 0.74 * along))
            + 0.07 * along
            + random.normal(0.0, thick / 2)
        )
        lean = np.deg2rad(np.interp(along, [0.0, 0.35, 1.0], [-72.0, -28.0, 22.0]) + random.normal(0.0, 9.0))
        length = random.uniform(0.06, 0.11)
        ends = np.array([[u, v], [u + length * np.cos(lean), v + length * np.sin(lean)]])
        ends[:, 0] *= side
        pixels = (ends * IOD + [0.5, EYE_LINE]) * size
        a, b = (tuple(round(float(c) * 16) for c in end) for end in pixels)
        cv2.line(mask, a, b, 255, max(1, round(size / 720)), cv2.LINE_AA, shift=4)
    soft = cv2.GaussianBlur(mask, (0, 0), size / 800).astype(np.float32) / 255.0
    under = cv2.GaussianBlur(mask, (0, 0), size / 110).astype(np.float32) / 255.0
    canvas.blend(0.38 * under, (0.33, 0.23, 0.18))
    canvas.blend(0.85 * soft, _HAIR)


def _paint_hair(canvas: _Canvas, inside: Plane, random: np.random.Generator) -> None:
    u, v = canvas.u, canvas.v
    unit = IOD * u.shape[0]
    ragged = 0.03 * _noise(random, (u.shape[0], u.shape[1]), 0.03 * unit, 0.12 * unit)
    hairline = -0.98 + 0.10 * np.cos(2.4 * u) + ragged + 0.95 * np.maximum(np.abs(u) - 0.72, 0.0) ** 1.15 * 2.2
    cap = _edge(hairline - v, 0.10) * _edge(1.0 - np.hypot(u / 1.17, (v + 0.42) / 1.32), 0.05)
    strands = _noise(random, (u.shape[0], u.shape[1]), 0.008 * unit, 0.16 * unit)
    sheen = 1.0 + 0.22 * strands + 1.6 * _bell(canvas, -0.35, -1.35, 0.45, 0.16)
    canvas.darken(_edge(hairline + 0.07 - v, 0.22) * inside, 0.22)
    canvas.blend(cap, np.array(_HAIR, np.float32) * np.clip(sheen, 0.3, 3.0)[..., None])
