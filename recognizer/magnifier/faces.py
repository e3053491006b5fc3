"""Rendered faces to learn magnification from: stills to be warped by known motion, and frames that really moved.

Each person is rendered from ICT-FaceKit and cropped as a frame of a video is, by the landmark network and the head's
camera. Within one person's sequence the head stands still, so that all motion is expression.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from curves.errors import FormatError
from curves.values import DEFAULT_AUS, MIDLINE_AUS
from recognizer.face.align import CROP, HeadShape, crop_face, crop_map, fit_camera, head_shape, stability
from recognizer.face.track import FaceTracker
from recognizer.synthetic.facekit import load_facekit
from recognizer.synthetic.generate import Studio
from recognizer.synthetic.render import Pose, View

Image = NDArray[np.uint8]

#: Pixels of a still to one of the crop: motion far below a crop pixel is drawn by averaging, as a sensor does.
FINE = 2
#: Strength of the rendered AUs: what a micro-expression reaches, and what a plain expression does.
MICRO, MACRO = (0.03, 0.14), (0.25, 0.7)
_VIEW = View(size_px=320, face_width=0.62)


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """n people: ``still`` (n, 224, 224) and ``rest`` (n, 112, 112) neutral, ``moved`` (n, k, 112, 112) with AUs of
    strength MICRO or MACRO in turn; uint8, grey, aligned. ``seeds`` (n,) name the people."""

    still: Image
    rest: Image
    moved: Image
    seeds: NDArray[np.int64]

    def save(self, path: Path) -> None:
        """One safetensors file; appears when it is whole."""
        partial = path.with_name(path.name + ".part")
        save_file({"still": self.still, "rest": self.rest, "moved": self.moved, "seeds": self.seeds}, partial)
        partial.replace(path)


def load_faces(path: Path) -> Faces:
    """What ``Faces.save`` wrote; FormatError if the file is something else."""
    try:
        return Faces(**load_file(path))
    except (SafetensorError, TypeError) as error:
        raise FormatError(f"{path} holds no rendered faces ({error}): delete it to render them again.") from error


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """One rendered person's crops: ``frames`` (k, 112, 112) as asked, and the first one at twice the size."""

    still: Image
    frames: Image


class FaceStudio:
    """Renders people; a context manager that holds an OpenGL context."""

    def __init__(self, facekit: Path) -> None:
        self._studio = Studio(load_facekit(facekit))

    def __enter__(self) -> "FaceStudio":
        return self

    def __exit__(self, *exc: object) -> None:
        self._studio.__exit__(*exc)

    def person(self, seed: int, intensity: NDArray[np.floating]) -> Person | None:
        """Person ``seed`` at ``intensity`` (k, 19, 2), the first of which must be rest; None where no face is found."""
        rng = np.random.default_rng([seed, 7])
        pose = Pose(*(float(v) for v in rng.normal(0.0, [5.0, 4.0, 3.0])))
        shown = self._studio.sequence(seed, intensity, [pose] * len(intensity), view=_VIEW)
        found = FaceTracker().update(shown.frames[0])
        if found is None:
            return None
        shape = head_shape(found.points[None].astype(np.float64))
        camera = fit_camera(shape.points, found.points, stability())
        frames = np.stack([crop_face(frame, camera, shape) for frame in shown.frames])
        return Person(_fine_crop(shown.frames[0], camera, shape), frames)


def _fine_crop(image: Image, camera: NDArray[np.float64], shape: HeadShape) -> Image:
    """The crop at FINE times its resolution; averaged over FINE x FINE pixels it is the crop."""
    side = CROP * FINE
    maps = [cv2.resize(m, (side, side), interpolation=cv2.INTER_LINEAR) for m in crop_map(camera, shape.depth)]
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return cv2.remap(grey, maps[0], maps[1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def draw_strengths(rng: np.random.Generator, low: float, high: float) -> NDArray[np.float64]:
    """(19, 2): one to three AUs at one peak from ``low`` to ``high``, log-uniform; each two-sided or one-sided."""
    strengths = np.zeros((len(DEFAULT_AUS), 2))
    peak = np.exp(rng.uniform(np.log(low), np.log(high)))
    for i in rng.choice(len(DEFAULT_AUS), int(rng.integers(1, 4)), replace=False):
        sides = [0, 1] if DEFAULT_AUS[i] in MIDLINE_AUS or rng.random() < 0.6 else [int(rng.integers(2))]
        strengths[i, sides] = peak * rng.uniform(0.6, 1.0)
    return strengths


def render_faces(
    facekit: Path, seeds: range, moved: int, progress: Callable[[int, int], None] = lambda _done, _total: None
) -> Faces:
    """The people of ``seeds`` with ``moved`` expressions each; people whose face is not found are left out."""
    people: dict[int, Person] = {}
    with FaceStudio(facekit) as studio:
        for number, seed in enumerate(seeds):
            rng = np.random.default_rng([seed, 8])
            drawn = [draw_strengths(rng, *(MACRO if i % 2 else MICRO)) for i in range(moved)]
            person = studio.person(seed, np.stack([np.zeros((len(DEFAULT_AUS), 2)), *drawn]))
            if person is not None:
                people[seed] = person
            progress(number + 1, len(seeds))
    return Faces(
        still=np.stack([person.still for person in people.values()]),
        rest=np.stack([person.frames[0] for person in people.values()]),
        moved=np.stack([person.frames[1:] for person in people.values()]),
        seeds=np.array(list(people), np.int64),
    )
