"""Painting a face on the cylinder that wraps the neutral mesh, placed by the kit's 68 landmark vertices."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.synthetic.facekit import FaceKit

TEXTURE_PX = 768  # while painting
# The cylinder's axis runs upright 2 cm behind the origin; 110 degrees to each side, 27.5 cm high, are painted.
_AXIS_Z = -2.0
_HALF_TURN = np.radians(110.0)
_BOTTOM_CM, _TOP_CM = -12.5, 15.0
# The finished texture: skin reduced to ATLAS_PX on top, below it a strip of square tiles for eyes, mouth, teeth.
ATLAS_PX = 512
_TILE_PX = 96
_HEIGHT_PX = ATLAS_PX + _TILE_PX
#: Share of the finished texture's height that is skin.
SKIN_SHARE = ATLAS_PX / _HEIGHT_PX


def _tile_centre(index: int) -> tuple[float, float]:
    return (index + 0.5) * _TILE_PX / ATLAS_PX, (ATLAS_PX + 0.5 * _TILE_PX) / _HEIGHT_PX


#: Eye tile: centre and half size in texture coordinates; y is up on the eyeball. Mouth and teeth: plain colours.
EYE_TILE = (*_tile_centre(0), 0.5 * _TILE_PX / ATLAS_PX, -0.5 * _TILE_PX / _HEIGHT_PX)
MOUTH_TILE = _tile_centre(1)
TEETH_TILE = _tile_centre(2)
#: Texture pixels per centimetre of height.
PX_PER_CM = TEXTURE_PX / (_TOP_CM - _BOTTOM_CM)

Points = NDArray[np.float64]
Layer = NDArray[np.float32]


def texture_coordinates(positions: NDArray[np.floating[Any]]) -> Points:
    """Cylinder coordinates (V, 2) of neutral positions (V, 3): (0, 0) top left of the texture, (1, 1) bottom right.

    The subject's left (+x) is on the right, as in the picture.
    """
    angle = np.arctan2(positions[:, 0], positions[:, 2] - _AXIS_Z)
    across = 0.5 + 0.5 * angle / _HALF_TURN
    down = (_TOP_CM - positions[:, 1]) / (_TOP_CM - _BOTTOM_CM)
    return np.stack([across, down], axis=1).astype(np.float64)


def noise(rng: np.random.Generator, size: int, cells: int, cells_down: int | None = None) -> Layer:
    """Smooth noise (size, size) of unit deviation with ``cells`` blobs across."""
    grid = rng.normal(size=((cells_down or cells) + 3, cells + 3)).astype(np.float32)
    return np.asarray(cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC))


def _curve(points: Points, count: int, *, closed: bool = False) -> Points:
    """Catmull-Rom through ``points`` (n, 2), ``count`` samples a segment."""
    ring = np.vstack([points[-1:], points, points[:2]]) if closed else np.vstack([points[:1], points, points[-1:]])
    t = np.linspace(0, 1, count, endpoint=False)[:, None]
    samples = []
    for a, b, c, d in zip(ring, ring[1:], ring[2:], ring[3:], strict=False):
        samples.append(
            0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        )
    return np.vstack([*samples, ring[-2:-1]]) if not closed else np.vstack(samples)


def _soften(mask: Layer, drawn: Points, reach_px: float, blur_px: float) -> Layer:
    """Blur ``mask`` in place around the points ``drawn`` (n, 2), which paint ``reach_px`` far."""
    margin = reach_px + 4 * blur_px + 2
    left, top = np.maximum(np.floor(drawn.min(0) - margin), 0).astype(int)
    right, bottom = np.ceil(drawn.max(0) + margin).astype(int)
    part = mask[top:bottom, left:right]
    part[:] = cv2.GaussianBlur(part, (0, 0), blur_px)
    return mask


class Canvas:
    """A skin texture in the making: float RGB 0..255 with the landmarks in texture pixels."""

    def __init__(self, kit: FaceKit, tone: NDArray[np.floating[Any]]) -> None:
        self._image = np.empty((TEXTURE_PX, TEXTURE_PX, 3), np.float32)
        self._image[:] = tone
        self._tone = np.asarray(tone, np.float32)
        self._points = texture_coordinates(kit.neutral[kit.landmarks]) * TEXTURE_PX
        self._eye_px = float(np.linalg.norm(self._points[42:48].mean(0) - self._points[36:42].mean(0)))

    def finish(self) -> NDArray[np.uint8]:
        """The skin (ATLAS_PX, ATLAS_PX, 3) uint8."""
        small = cv2.resize(self._image, (ATLAS_PX, ATLAS_PX), interpolation=cv2.INTER_AREA)
        return np.asarray(np.clip(small, 0, 255), np.uint8)

    def _blend(self, mask: Layer, colour: NDArray[np.floating[Any]]) -> None:
        rows, columns = (np.flatnonzero(mask.max(axis) > 1 / 512) for axis in (1, 0))
        if not len(rows):
            return
        # most layers are small: painting only their rectangle makes a person in a third of the time
        part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        paint = np.asarray(colour, np.float32)
        self._image[part] += mask[part][..., None] * ((paint[part] if paint.ndim == 3 else paint) - self._image[part])

    def _mask(self) -> Layer:
        return np.zeros((TEXTURE_PX, TEXTURE_PX), np.float32)

    def _filled(self, outline: Points, blur_px: float) -> Layer:
        mask = self._mask()
        cv2.fillPoly(mask, [np.round(outline * 16).astype(np.int32)], 1.0, cv2.LINE_8, 4)
        return _soften(mask, outline, 0.0, blur_px)

    def _stroke(self, line: Points, width: int, blur_px: float) -> Layer:
        mask = self._mask()
        cv2.polylines(mask, [np.round(line * 16).astype(np.int32)], False, 1.0, width, cv2.LINE_8, 4)
        return _soften(mask, line, width, blur_px)

    def _blob(self, centre: Points, radius: tuple[float, float]) -> Layer:
        mask = self._mask()
        axes = (max(1, round(radius[0])), max(1, round(radius[1])))
        cv2.ellipse(mask, (round(centre[0]), round(centre[1])), axes, 0.0, 0, 360, 1.0, -1)
        return _soften(mask, centre[None], max(radius), max(0.8, 0.4 * min(radius)))

    def mottle(self, rng: np.random.Generator) -> None:
        """Uneven tone and pores: noise from a hand's width to a pixel."""
        for cells, strength in ((5, 5.0), (14, 4.0), (45, 3.5), (130, 3.5), (300, 4.5)):
            amount = strength * float(rng.uniform(0.4, 1.4))
            tint = np.array([1.0, 0.9, 0.85]) * amount
            self._image += noise(rng, TEXTURE_PX, cells)[..., None] * tint.astype(np.float32)

    def cheeks(self, rng: np.random.Generator) -> None:
        red = self._tone * [1.0, 0.82, 0.82]
        for side in (2, 14):
            centre = 0.5 * self._points[side] + 0.5 * self._points[30]
            self._blend(self._blob(centre, (0.4 * self._eye_px, 0.3 * self._eye_px)) * rng.uniform(0, 0.6), red)
        self._blend(self._blob(self._points[30], (0.2 * self._eye_px,) * 2) * rng.uniform(0, 0.6), red)

    def freckles_and_moles(self, rng: np.random.Generator) -> None:
        low, high = self._points.min(0) - [0, self._eye_px], self._points.max(0)
        freckles = int(rng.integers(0, 160)) if rng.random() < 0.4 else int(rng.integers(0, 12))
        for count, sizes, strength in ((freckles, (1, 2), 0.3), (int(rng.integers(1, 9)), (2, 4), 0.75)):
            mask = self._mask()
            for x, y in rng.uniform(low, high, (count, 2)):
                cv2.circle(mask, (round(x), round(y)), int(rng.integers(*sizes)), float(rng.uniform(0.5, 1)), -1)
            self._blend(cv2.GaussianBlur(mask, (0, 0), 0.8) * strength, self._tone * 0.35)

    def stubble(self, hair: NDArray[np.floating[Any]], rng: np.random.Generator) -> None:
        jaw = np.vstack([self._points[1:16], self._points[[35, 33, 31]]])
        area = self._filled(_curve(jaw, 4, closed=True), 14.0)
        dots = np.clip(rng.normal(0.35, 0.5, (TEXTURE_PX, TEXTURE_PX)), 0, 1).astype(np.float32)
        self._blend(area * cv2.GaussianBlur(dots, (0, 0), 0.7) * rng.uniform(0.2, 0.8), hair)

    def wrinkles(self, rng: np.random.Generator) -> None:
        """Forehead lines, nasolabial folds, crow's feet: faint, and not for everyone."""
        eye, p = self._eye_px, self._points
        depth = rng.uniform(0.0, 0.35)
        lines = [np.array([p[31] + [-0.12 * eye, 0], p[31] + [-0.25 * eye, 0.25 * eye], p[48] + [-0.12 * eye, 0]])]
        lines.append(np.array([p[35] + [0.12 * eye, 0], p[35] + [0.25 * eye, 0.25 * eye], p[54] + [0.12 * eye, 0]]))
        for step in range(int(rng.integers(0, 4))):
            height = -(0.3 + 0.2 * step) * eye
            lines.append(p[[18, 20, 23, 25]] + [0, height] + rng.normal(0, 3, (4, 2)))
        for corner, sign in ((36, -1), (45, 1)):
            for spread in (-0.1, 0.0, 0.1):
                end = p[corner] + [sign * 0.3 * eye, 2 * spread * eye]
                lines.append(np.array([p[corner] + [sign * 0.12 * eye, spread * eye], end]))
        for line in lines:
            self._blend(self._stroke(_curve(line, 8), 2, 1.3) * depth * rng.uniform(0.4, 1.0), self._tone * 0.4)

    def eyes(self, rng: np.random.Generator) -> None:
        """Shadowed sockets, the lid's crease, dark lash lines."""
        eye, p = self._eye_px, self._points
        lashes = rng.uniform(10, 50, 3)
        thickness = int(rng.integers(3, 7))
        for first in (36, 42):
            ring = p[first : first + 6]
            centre = ring.mean(0)
            self._blend(self._blob(centre, (0.36 * eye, 0.22 * eye)) * rng.uniform(0.1, 0.45), self._tone * 0.55)
            crease = _curve(centre + (ring[[0, 1, 2, 3]] - centre) * [1.05, 1.5] - [0, 0.07 * eye], 8)
            self._blend(self._stroke(crease, 2, 1.2) * rng.uniform(0.1, 0.6), self._tone * 0.4)
            upper, lower = _curve(ring[[0, 1, 2, 3]], 8), _curve(ring[[3, 4, 5, 0]], 8)
            self._blend(self._stroke(upper, thickness, 1.2) * rng.uniform(0.6, 0.95), lashes)
            self._blend(self._stroke(lower, max(2, thickness - 2), 1.2) * rng.uniform(0.2, 0.6), lashes)

    def nose(self, rng: np.random.Generator) -> None:
        eye, p = self._eye_px, self._points
        dark = self._tone * 0.22
        for outer, inner in ((31, 32), (35, 34)):
            hole = 0.45 * p[outer] + 0.55 * p[inner] + [0, -0.005 * eye]
            self._blend(self._blob(hole, (0.065 * eye, 0.03 * eye)) * rng.uniform(0.7, 1.0), dark)
            sign = 1 if outer == 35 else -1
            wing = np.array(
                [p[outer] + [sign * 0.05 * eye, -0.22 * eye], p[outer] + [sign * 0.11 * eye, -0.08 * eye], p[outer]]
            )
            self._blend(self._stroke(_curve(wing, 8), 2, 1.6) * rng.uniform(0.2, 0.6), self._tone * 0.45)

    def lips(self, rng: np.random.Generator) -> None:
        p = self._points
        colour = self._tone * rng.uniform([0.72, 0.42, 0.42], [1.0, 0.68, 0.7])
        outer = self._filled(_curve(p[48:60], 6, closed=True), rng.uniform(1.0, 2.5))
        stripes = noise(rng, TEXTURE_PX, 220, 40)
        shade = colour + stripes[..., None] * np.float32(rng.uniform(2, 9))
        self._blend(outer * rng.uniform(0.6, 0.95), shade)
        parting = _curve(p[[60, 61, 62, 63, 64]], 8)
        self._blend(self._stroke(parting, 2, 1.2) * rng.uniform(0.5, 0.9), self._tone * 0.2)

    def brows(self, colour: NDArray[np.floating[Any]], rng: np.random.Generator) -> None:
        """Hair by hair along landmarks 17 to 26, over a soft base."""
        eye = self._eye_px
        thickness, lift = rng.uniform(0.09, 0.2) * eye, rng.uniform(-0.06, 0.06) * eye
        density, strength = int(rng.integers(90, 260)), rng.uniform(0.55, 0.95)
        for brow, sign in ((self._points[17:22], 1.0), (self._points[26:21:-1], -1.0)):
            spine = _curve(brow + np.array([0.0, lift]), 12)
            mask = self._mask()
            for at in rng.uniform(0.02, 0.98, density):
                root = spine[int(at * (len(spine) - 1))]
                # a brow is thickest a third of the way from the nose and tapers to the temple
                half = 0.5 * thickness * (1 - 0.75 * abs(at - 0.65) ** 1.5)
                start = root + rng.normal(0, 1, 2) * [1, 0] + rng.uniform(-half, half) * np.array([0, 1])
                lean = np.array([-sign * rng.uniform(0.3, 1.0), -rng.uniform(0.0, 0.8) * at])
                end = start + lean * 0.09 * eye
                ends = [(round(16 * q[0]), round(16 * q[1])) for q in (start, end)]
                cv2.line(mask, ends[0], ends[1], float(rng.uniform(0.5, 1.0)), 1, cv2.LINE_8, 4)
            base = self._stroke(spine, max(2, round(0.7 * thickness)), 0.25 * thickness) * 0.45
            self._blend(np.minimum(np.maximum(cv2.GaussianBlur(mask, (0, 0), 0.7) * 1.3, base), 1.0) * strength, colour)

    def hair(self, colour: NDArray[np.floating[Any]], rng: np.random.Generator) -> None:
        """A cap above a wavy hairline; one in eight is bald."""
        if rng.random() < 0.125:
            return
        x = np.abs(np.linspace(-1, 1, TEXTURE_PX))
        front = (_TOP_CM - rng.uniform(9.0, 11.5)) * PX_PER_CM
        side = rng.uniform(0.42, 0.56)
        line = front + 25 * x**2 + 600 * np.clip(x - side, 0, None) ** rng.uniform(0.6, 1.2)
        line = line + 5 * noise(rng, TEXTURE_PX, 60)[0] + 3 * noise(rng, TEXTURE_PX, 250)[0]
        depth = line[None, :] - np.arange(TEXTURE_PX)[:, None]
        mask = np.clip(depth / 10.0, 0, 1).astype(np.float32)
        strands = noise(rng, TEXTURE_PX, 320, 18) * 9 + noise(rng, TEXTURE_PX, 60, 12) * 6
        self._blend(mask, np.asarray(colour, np.float32) + strands[..., None])

    def shirt(self, rng: np.random.Generator) -> None:
        """Clothes below the neck; the mesh further down repeats the last row."""
        self._image[-8:] = rng.uniform(10, 230, 3)


def paint_tiles(
    iris: NDArray[np.floating[Any]],
    sclera: NDArray[np.floating[Any]],
    teeth: NDArray[np.floating[Any]],
    rng: np.random.Generator,
) -> NDArray[np.uint8]:
    """The strip (tile, ATLAS_PX, 3) uint8 below the skin; colours sRGB 0..255."""
    strip = np.zeros((_TILE_PX, ATLAS_PX, 3), np.float32)
    axis = np.linspace(-1, 1, _TILE_PX)
    x, y = np.meshgrid(axis, axis)
    radius = np.hypot(x, y)[..., None]
    spokes = 0.85 + 0.15 * np.sin(np.arctan2(y, x) * int(rng.integers(9, 25)) + rng.uniform(0, 6))[..., None]
    pupil, limbus = rng.uniform(0.13, 0.24), rng.uniform(0.44, 0.50)
    eye = np.asarray(iris) * spokes * (1 - 0.6 * np.clip((radius - 0.75 * limbus) / (0.25 * limbus), 0, 1))
    eye = eye * np.clip((radius - pupil) / 0.04, 0.03, 1)
    white = np.clip((radius - limbus) / 0.05, 0, 1)
    strip[:, :_TILE_PX] = eye + white * (np.asarray(sclera) - eye)
    strip[:, _TILE_PX : 2 * _TILE_PX] = [105, 48, 46]
    strip[:, 2 * _TILE_PX : 3 * _TILE_PX] = teeth
    return np.clip(strip, 0, 255).astype(np.uint8)
