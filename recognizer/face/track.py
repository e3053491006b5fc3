"""Follow one face through a video: landmarks from frame to frame, detection at the start and after a loss."""

from collections.abc import Callable
from dataclasses import dataclass, replace

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
#: After a loss a face is the same one if its centre moved by no more than this part of the last region's side and its
#: size changed by no more than these factors.
_NEAR, _NEAR_SIZES = 1.0, (0.6, 1.6)
#: Searches in vain (two frames each: a second or more up to 60 Hz) after which a face elsewhere is followed too.
_PATIENCE = 30


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


def _is_near(region: Region, last: Region) -> bool:
    moved = float(np.hypot(region.x - last.x, region.y - last.y)) / last.side
    return moved <= _NEAR and _NEAR_SIZES[0] <= region.side / last.side <= _NEAR_SIZES[1]


def _distance(region: Region, last: Region) -> float:
    """In place and size, pixels."""
    return abs(region.x - last.x) + abs(region.y - last.y) + abs(region.side - last.side)


class FaceTracker:
    """Follows the ``face``-th largest face (1 is the largest) of the frame in which faces are first seen.

    After a loss a face is taken up again only near the place and size of the last one. If there is none for
    ``_PATIENCE`` searches, the nearest face is followed wherever it is: whether it is the same person is unknown.
    ``retaken`` counts those; ``faces_seen`` is the most faces that one detection showed.
    """

    def __init__(self, face: int | None = None) -> None:
        if face is not None and face < 1:
            raise InputError(f"--face counts from 1 (the largest face), got {face}.")
        self._rank = face or 1
        self._detector, self._landmarks = FaceDetector(), LandmarkNet()
        self._region: Region | None = None
        self._last: Region | None = None
        self._frames_without = 0
        self._searches = 0
        self._others = 0
        self.faces_seen = 0
        self.retaken = 0

    def update(self, image: NDArray[np.uint8]) -> Observation | None:
        """The face in the next frame (H, W, 3 RGB), or None where there is none."""
        if self._region is not None:
            observation = self._follow(image, self._region, fresh=False)
            if observation is not None:
                return observation
        if self._frames_without % _SEARCH_EVERY == 0 and (observation := self._take_up(image)) is not None:
            self._frames_without = self._searches = 0
            return observation
        self._frames_without += 1
        return None

    def reach(
        self, image: NDArray[np.uint8], moved: tuple[float, float], is_right: Callable[[Observation], bool]
    ) -> Observation | None:
        """The followed face a few frames further on, or None where following does not reach that far.

        ``moved``: how many pixels (right, down) from its last place it is expected. ``is_right`` has the last
        word on what is seen. After None all is as before: the frames between can be gone through with ``update``.
        """
        if self._region is None:
            return None
        before = self._region, self._last
        expected = replace(self._region, x=self._region.x + moved[0], y=self._region.y + moved[1])
        observation = self._follow(image, expected, fresh=False)
        if observation is None or not is_right(observation):
            self._region, self._last = before
            return None
        return observation

    def _take_up(self, image: NDArray[np.uint8]) -> Observation | None:
        last, start = self._last, self._search(image)
        self._searches += 1
        if start is None or (first := self._follow(image, start, fresh=True)) is None:
            return None
        self.faces_seen = max(self.faces_seen, self._others + 1)
        if last is not None and not _is_near(start, last):
            self.retaken += 1
        # Twice: the box of the detector is loose, the second look is centred on the points themselves.
        return self._follow(image, region_of_landmarks(first.points), fresh=True) or first

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
        if self._last is None:
            faces = self._faces(image, at_least=max(2, self._rank))  # whoever else is there: the user is told
            return region_of_detection(self._pick(faces)) if faces else None
        last = self._last
        regions = [region_of_detection(face) for face in self._faces(image)]
        near = [region for region in regions if _is_near(region, last)]
        if regions and not near:  # another face may have kept the detector from looking for small ones
            regions = [region_of_detection(face) for face in self._faces(image, at_least=len(regions) + 1)]
            near = [region for region in regions if _is_near(region, last)]
        candidates = near or (regions if self._searches >= _PATIENCE else [])
        return min(candidates, key=lambda region: _distance(region, last), default=None)

    def _faces(self, image: NDArray[np.uint8], at_least: int = 1) -> list[Detection]:
        """Faces that the landmark network confirms; it is the tiles' turn if these are fewer than ``at_least``."""
        found = self._detector.detect(image, at_least)
        faces = [face for face in found if self._is_face(image, face)]
        if len(faces) < at_least <= len(found):
            faces = [face for face in self._detector.detect(image, len(found) + 1) if self._is_face(image, face)]
        self._others = len(faces) - 1
        return faces

    def _is_face(self, image: NDArray[np.uint8], face: Detection) -> bool:
        """The detector alone takes lettering and clouds for faces now and then; the landmark network does not."""
        return self._landmarks.predict(image, region_of_detection(face))[1] >= _MIN_FRESH_PRESENCE

    def _pick(self, faces: list[Detection]) -> Detection:
        if self._rank > len(faces):
            raise InputError(
                f"Face {self._rank} was asked for, but only {len(faces)} can be seen; choose --face 1 to {len(faces)}."
            )
        return faces[self._rank - 1]
