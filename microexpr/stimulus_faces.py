"""Who plays in a study's videos: a head of ICT-FaceKit, or the drawn face that needs nothing.

Head drift and the one blink depend on seed and time alone, so that videos A and B share them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from curves.values import FloatArray
from microexpr._demo_face import EYE_LINE, IOD, draw_face
from microexpr.sample import demo_landmarks
from recognizer.digests import file_sha256
from recognizer.synthetic.actions import DISTRACTORS, action_basis, distractor_basis
from recognizer.synthetic.appearance import Appearance, Lights, draw_appearance
from recognizer.synthetic.facekit import FaceKit, load_facekit
from recognizer.synthetic.render import Pose, Puppet, Renderer, View
from recognizer.synthetic.warp import displacement_field, pulse, warp_image

Image = NDArray[np.uint8]

_BLINK_S = (0.10, 0.18, 0.36)  # before the expression begins
_SUPERSAMPLE = 1.5  # the drawn face is moved at this many times the size: motion far below a pixel stays smooth
_LIDS = ("eyeBlink_L", "eyeBlink_R")


class Face(Protocol):
    """Draws one person: ``intensity`` (19, 2) in [0, 1], AUs as in DEFAULT_AUS, left and right; RGB (size, size, 3).

    The same arguments give the same picture.
    """

    def draw(self, intensity: FloatArray, time_s: float) -> Image: ...

    def describe(self) -> dict[str, Any]:
        """JSON values that say who this is and what drew it."""
        ...


def _wave(seed: int, time_s: float) -> FloatArray:
    """Three slow waves in [-1, 1], a third of a turn a second and less."""
    phase = np.random.default_rng([seed, 11]).uniform(0.0, 2.0 * np.pi, 3)
    return np.asarray(np.sin(2.0 * np.pi * np.array([0.23, 0.17, 0.13]) * time_s + phase))


class DrawnFace:
    """The face that ``microexpr demo`` draws, moved by a warp. Mouth and eyes do not open: skin moves alone."""

    def __init__(self, size: int, seed: int) -> None:
        self._size, self._seed = size, seed
        self._large = round(_SUPERSAMPLE * size)
        self._still = draw_face(self._large, seed=seed)
        self._points = demo_landmarks(self._large)
        self._moved: dict[bytes, Image] = {}  # the last two: while an expression holds, all frames of A are alike

    def draw(self, intensity: FloatArray, time_s: float) -> Image:
        large = self._large
        face = self._expression(intensity, float(pulse(time_s, *_BLINK_S)))
        wave = _wave(self._seed, time_s)
        motion = cv2.getRotationMatrix2D((large / 2, large * EYE_LINE), 0.4 * float(wave[2]), 1.0)
        motion[:, 2] += 0.012 * wave[:2] * IOD * large
        face = cv2.warpAffine(face, motion, (large, large), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(cv2.resize(face, (self._size, self._size), interpolation=cv2.INTER_AREA), np.uint8)

    def _expression(self, intensity: FloatArray, closed: float) -> Image:
        key = intensity.tobytes() + np.float64(closed).tobytes()
        moved = self._moved.pop(key, None)
        if moved is None:
            face = draw_face(self._large, eyes_closed=closed, seed=self._seed) if closed > 0.0 else self._still
            moved = warp_image(face, displacement_field(self._points, intensity, (self._large, self._large)))
        self._moved = dict([*list(self._moved.items())[-1:], (key, moved)])
        return moved

    def describe(self) -> dict[str, Any]:
        return {"kind": "drawn", "seed": self._seed, "head": "slow drift", "blink_s": list(_BLINK_S)}


class KitFace:
    """A head of ICT-FaceKit, its person and skin drawn from the seed, in an even light before grey."""

    def __init__(self, kit: FaceKit, size: int, seed: int, renderer: Renderer, digest: str) -> None:
        self._seed, self._digest, self._renderer = seed, digest, renderer
        look = draw_appearance(kit, np.random.default_rng([seed, 0]))
        renderer.dress(_in_the_studio(look))
        lids = distractor_basis(kit)[[DISTRACTORS.index(lid) for lid in _LIDS]]
        self._puppet = Puppet(kit, look.identity, np.concatenate([action_basis(kit), lids]))
        self._view = View(size_px=size, face_width=0.60, distance_cm=90.0)

    def draw(self, intensity: FloatArray, time_s: float) -> Image:
        closed = float(pulse(time_s, *_BLINK_S))
        wave = _wave(self._seed, time_s)
        pose = Pose(yaw=1.2 * float(wave[0]), pitch=0.8 * float(wave[1]), roll=0.5 * float(wave[2]))
        return self._renderer.draw(self._puppet.at(np.append(intensity.ravel(), [closed] * 2)), pose, self._view)

    def describe(self) -> dict[str, Any]:
        return {
            "kind": "ICT-FaceKit", "sha256": self._digest, "seed": self._seed, "head": "slow drift",
            "blink_s": list(_BLINK_S),
        }  # fmt: skip


def _in_the_studio(look: Appearance) -> Appearance:
    directions = np.array([[-0.45, 0.40, 0.80], [0.75, 0.15, 0.64]])
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    lights = Lights(ambient=0.42, directions=directions, colours=np.array([[0.56, 0.55, 0.53], [0.14, 0.14, 0.15]]))
    return replace(look, lights=lights, background=np.full((64, 64, 3), 128, np.uint8), gloss=min(look.gloss, 0.12))


@contextmanager
def open_face(facekit: Path | None, size: int, seed: int) -> Iterator[Face]:
    """The face of the kit in that folder, or the drawn one.

    Raises InputError (no such kit) and SetupError (no OpenGL).
    """
    if facekit is None:
        yield DrawnFace(size, seed)
        return
    kit = load_facekit(facekit)
    with Renderer(kit, inner_px=2 * size) as renderer:
        yield KitFace(kit, size, seed, renderer, file_sha256(facekit / "ict_facekit.npz"))
