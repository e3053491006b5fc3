"""Follow one face through a video: landmarks from frame to frame, detection at the start and after a loss."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curves.errors import InputError
from recognizer.face.detect import Detection, FaceDetector
from recognizer.face.landmarks import LandmarkNet, Region, region_of_detection, region_of_landmarks

_MIN_PRESENCE, _MIN_FRESH_PRESENCE = 0.5, 0.9
#: A face that jumps further than this part of its own width between two frames is another face, or a cut.
_MAX_JUMP = 0.35
#: While no face is there, detection runs on every this many frames only.
_SEARCH_EVERY = 2


@dataclass(frozen=True, slots=True)
class Observation:
    """The followed face in one frame: points (468, 3) in frame pixels, presence in [0, 1].

    ``fresh`` says that the face was detected anew here, so that no motion links it to the frame before.
    """

    points: NDArray[np.float32]
    presence: float
    fresh: bool


def _between(a: Region, b: Region) -> Region:
    """Half way from ``a`` to ``b``: points depend a little on the region that they were seen in, and a region taken
    straight from its points swings from frame to frame."""
    turn = (b.roll - a.roll + np.pi) % (2 * np.pi) - np.pi
    return Region((a.x + b.x) / 2, (a.y + b.y) / 2, (a.side + b.side) / 2, a.roll + turn / 2)


class FaceTracker:
    """Follows the ``face``-th largest face (1 is the largest) of the frame in which faces are first seen.

    After a loss the face nearest in place and size is taken up again; ``faces_seen`` is the most faces that one
    detection showed.
    """

    def __init__(self, face: int | None = None) -> None:
        if face is not None and face < 1:
            raise InputError(f"--face counts from 1 (the largest face), got {face}.")
        self._rank = face or 1
        self._detector, self._landmarks = FaceDetector(), LandmarkNet()
        self._region: Region | None = None
        self._last: Region | None = None
        self._frames_without = 0
        self._others = 0
        self.faces_seen = 0

    def update(self, image: NDArray[np.uint8]) -> Observation | None:
        """The face in the next frame (H, W, 3 RGB), or None where there is none."""
        if self._region is not None:
            observation = self._follow(image, self._region, fresh=False)
            if observation is not None:
                return observation
        if self._frames_without % _SEARCH_EVERY == 0:
            start = self._search(image)
            # Twice: the box of the detector is loose, the second look is centred on the points themselves.
            if start is not None and (first := self._follow(image, start, fresh=True)) is not None:
                self._frames_without = 0
                self.faces_seen = max(self.faces_seen, self._others + 1)
                again = self._follow(image, region_of_landmarks(first.points), fresh=True)
                return again or first
        self._frames_without += 1
        return None

    def _follow(self, image: NDArray[np.uint8], region: Region, *, fresh: bool) -> Observation | None:
        points, presence = self._landmarks.predict(image, region)
        found = region_of_landmarks(points)
        jump = float(np.hypot(found.x - region.x, found.y - region.y)) / region.side
        grown = found.side / region.side
        if presence < (_MIN_FRESH_PRESENCE if fresh else _MIN_PRESENCE) or (
            not fresh and (jump > _MAX_JUMP or not 0.6 < grown < 1.6)
        ):
            self._region = None
            return None
        self._last = found
        self._region = found if fresh else _between(region, found)
        return Observation(points, presence, fresh)

    def _search(self, image: NDArray[np.uint8]) -> Region | None:
        faces = [face for face in self._detector.detect(image) if self._is_face(image, face)]
        self._others = len(faces) - 1
        if not faces:
            return None
        if self._last is not None:
            return min((region_of_detection(f) for f in faces), key=self._distance_to_last)
        return region_of_detection(self._pick(faces))

    def _is_face(self, image: NDArray[np.uint8], face: Detection) -> bool:
        """The detector alone takes lettering and clouds for faces now and then; the landmark network does not."""
        return self._landmarks.predict(image, region_of_detection(face))[1] >= _MIN_FRESH_PRESENCE

    def _pick(self, faces: list[Detection]) -> Detection:
        if self._rank > len(faces):
            raise InputError(
                f"Face {self._rank} was asked for, but only {len(faces)} can be seen; choose --face 1 to {len(faces)}."
            )
        return faces[self._rank - 1]

    def _distance_to_last(self, region: Region) -> float:
        last = self._last
        assert last is not None  # noqa: S101  # only called once a face has been followed
        return abs(region.x - last.x) + abs(region.y - last.y) + abs(region.side - last.side)
