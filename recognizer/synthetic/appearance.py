"""What one rendered person looks like: shape, painted skin, eyes, light, background.

The kit brings no skin. Optical flow needs something to hold on to (a bare shaded face has no brows, so AU1, 2 and 4
would be invisible), so skin is painted per person on a cylinder around the neutral face: brows, lips, lids, nostrils,
moles, freckles, stubble, wrinkles, hair and noise at several scales. It sticks to the vertices and moves with them.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.synthetic.facekit import FaceKit, Floats
from recognizer.synthetic.paint import Canvas, noise, paint_tiles

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Lights:
    """Linear light: ``ambient`` 0..1; ``directions`` (2, 3) unit, to the light, camera axes; ``colours`` (2, 3)."""

    ambient: float
    directions: NDArray[np.float64]
    colours: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Appearance:
    """One person in one place.

    ``identity`` (I,) coefficients in standard deviations; ``texture`` (608, 512, 3) sRGB: skin, then tiles for eyes,
    mouth, teeth (paint.py); ``gloss`` strength of the skin's highlight 0..1; ``background`` (64, 64, 3) sRGB.
    """

    identity: NDArray[np.float64]
    texture: Image
    gloss: float
    lights: Lights
    background: Image


# sRGB anchors from light to dark; a person's tone lies on the line between neighbours.
_SKIN_TONES = np.array([[244, 212, 192], [226, 184, 156], [203, 156, 124], [168, 118, 88], [124, 82, 60], [84, 56, 44]])
_IRISES = np.array([[88, 60, 38], [60, 38, 24], [110, 130, 150], [96, 118, 92], [70, 96, 128], [120, 90, 50]])
_HAIR = np.array(
    [[28, 22, 20], [48, 34, 26], [74, 50, 34], [118, 86, 54], [150, 120, 84], [120, 116, 112], [96, 52, 34]]
)


def draw_appearance(kit: FaceKit, rng: np.random.Generator) -> Appearance:
    """A random person; ``kit`` gives the landmarks that paint is placed by."""
    position = rng.uniform(0, len(_SKIN_TONES) - 1.001)
    lower = int(position)
    tone = _SKIN_TONES[lower] + (position - lower) * (_SKIN_TONES[lower + 1] - _SKIN_TONES[lower])
    tone = tone + rng.normal(0, 5, 3)
    hair = _HAIR[rng.integers(3 if position > 3 else len(_HAIR))] + rng.normal(0, 6, 3)
    # Later coefficients carry fine detail; beyond about 0.8 standard deviations the sum starts to look like nobody.
    identity = rng.normal(0, rng.uniform(0.5, 0.85), len(kit.identities))
    iris = _IRISES[rng.integers(len(_IRISES))] + rng.normal(0, 8, 3)
    sclera = np.array([220, 212, 204]) * rng.uniform(0.85, 1.05)
    tiles = paint_tiles(iris, sclera, np.array([224, 214, 190]) * rng.uniform(0.8, 1.05), rng)
    return Appearance(
        identity=np.clip(identity, -2.0, 2.0),
        texture=np.vstack([paint_skin(kit, tone, hair, rng), tiles]),
        gloss=float(rng.uniform(0.02, 0.22)),
        lights=draw_lights(rng),
        background=draw_background(rng),
    )


def paint_skin(kit: FaceKit, tone: Floats, hair: Floats, rng: np.random.Generator) -> Image:
    """The skin (512, 512, 3) sRGB of one person."""
    canvas = Canvas(kit, tone)
    canvas.mottle(rng)
    canvas.cheeks(rng)
    canvas.freckles_and_moles(rng)
    if rng.random() < 0.35:
        canvas.stubble(hair, rng)
    canvas.wrinkles(rng)
    canvas.eyes(rng)
    canvas.nose(rng)
    canvas.lips(rng)
    canvas.brows(hair * rng.uniform(0.6, 1.0), rng)
    canvas.hair(hair, rng)
    canvas.shirt(rng)
    return canvas.finish()


def draw_lights(rng: np.random.Generator) -> Lights:
    """A key light from the front hemisphere and a weaker one from elsewhere, slightly coloured."""
    angles = rng.uniform([-70, -20], [70, 60], (2, 2))
    azimuth, height = np.radians(angles).T
    directions = np.stack([np.sin(azimuth) * np.cos(height), np.sin(height), np.cos(azimuth) * np.cos(height)], axis=1)
    ambient = rng.uniform(0.25, 0.7)
    strength = (1.05 - ambient) * np.array([1.0, rng.uniform(0.0, 0.5)])
    colours = strength[:, None] * (1 + rng.normal(0, 0.05, (2, 3)))
    return Lights(ambient=float(ambient), directions=directions, colours=np.clip(colours, 0, None))


def draw_background(rng: np.random.Generator) -> Image:
    """A colour, a gradient or blotches, (64, 64, 3) sRGB; it stands still."""
    base, other = rng.uniform(15, 240, (2, 3))
    kind = rng.integers(3)
    if kind == 0:
        other = base
    ramp = np.linspace(0, 1, 64)[:, None] if rng.random() < 0.5 else np.linspace(0, 1, 64)[None, :]
    mix = np.broadcast_to(ramp, (64, 64))
    if kind == 2:
        mix = np.clip(0.5 + 0.35 * noise(rng, 64, int(rng.integers(3, 24))), 0, 1)
    image = base + mix[..., None] * (other - base)
    return np.asarray(cv2.GaussianBlur(np.clip(image, 0, 255).astype(np.uint8), (0, 0), 0.8))


__all__ = ["Appearance", "Lights", "draw_appearance", "draw_background", "draw_lights", "paint_skin"]
