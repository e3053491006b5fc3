"""See the face in every frame, but look at it with the landmark network on some frames only.

The network is what following a face costs most. Between looks the head is put on the smooth path through them
(``path``), and what that misses is removed with the rest of the head's motion from the flow. This holds where the
head's path is nearly straight and every frame between shows what the looks show; elsewhere each frame is looked at, as
if nothing had been left out. So a face lost between two looks is a face lost.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.face.track import FaceTracker, Observation
from recognizer.video import Frame

#: The head's shape is learned from this many looks, spread over the first seconds (s) that show the face.
LEARN_LOOKS, LEARN_S = 24, 1.0
#: Looks a second aimed at. Heads turn at up to some 3 Hz; between looks 1/20 s apart, a nod of 1 Hz and 5 % of the
#: face's width leaves its straight path by a tenth of a crop pixel.
_LOOKS_HZ = 20.0
#: At and above this rate (Hz) every second frame goes without a look, though fewer than _LOOKS_HZ remain.
_HALF_FROM_HZ = 23.0
#: Whole frames wait for the next look: no more than this many, whatever the rate.
_MOST_WAITING = 8
#: A pause (s) between frames that is not bridged.
_LONGEST_S = 0.12
#: How far a look may lie from where the two before it point, as a part of the distance between the eyes' outer
#: corners. A frame half way then lies within an eighth of it from the straight line: half a crop pixel.
_MOST_BEND = 0.07
#: The least correlation of a frame's face with the looks' before and after it; other faces and hands stay below.
_LEAST_ALIKE = 0.95
_THUMB = 24
_OUTER_EYES = (33, 263)


@dataclass(frozen=True, slots=True)
class Seen:
    """The face in one frame, cut down to its surroundings, so that waiting frames cost little memory.

    ``part`` (h, w) grey with its upper left pixel at ``corner`` (x, y) of the frame; ``points`` (468, 3) in the part's
    pixels; ``fresh``: see ``Observation``; ``looked``: False where the points were not seen but lie between those of
    the looks around.
    """

    time_s: float
    part: NDArray[np.uint8]
    corner: tuple[int, int]
    points: NDArray[np.float64]
    fresh: bool
    looked: bool = True


def observe(frames: Iterable[Frame], tracker: FaceTracker, rate_hz: float) -> Iterator[tuple[float, Seen | None]]:
    """Each frame's time and the face in it; ``rate_hz`` is that of the frames."""
    looks, waiting = _Looks(tracker), list[Frame]()
    first_s: float | None = None
    for frame in frames:
        waiting.append(frame)
        learning = first_s is None or frame.time_s < first_s + LEARN_S
        if not looks.following or len(waiting) >= frames_a_look(rate_hz, learning=learning):
            yield from looks.at(waiting)
            waiting = []
            first_s = frame.time_s if first_s is None and looks.following else first_s
    yield from looks.at(waiting)


def frames_a_look(rate_hz: float, *, learning: bool = False) -> int:
    """Every how many frames the network looks at a followed face."""
    fewest = 2 if rate_hz >= _HALF_FROM_HZ else 1
    usual = min(_MOST_WAITING, max(fewest, round(rate_hz / _LOOKS_HZ)))
    return max(1, min(usual, int(rate_hz * LEARN_S / LEARN_LOOKS))) if learning else usual


class _Looks:
    """The face of the last look, and how it came there."""

    def __init__(self, tracker: FaceTracker) -> None:
        self._tracker = tracker
        self._last: tuple[float, Observation, NDArray[np.float32]] | None = None
        self._speed: NDArray[np.float32] | None = None  # (2,) pixels a second, at the last look

    @property
    def following(self) -> bool:
        return self._last is not None

    def at(self, frames: list[Frame]) -> list[tuple[float, Seen | None]]:
        """The face in the next frames: by a look at the last of them if that will do, else by looks at each."""
        if len(frames) > 1 and (seen := self._bridge(frames)) is not None:
            return [(face.time_s, face) for face in seen]
        return [(frame.time_s, self._look(frame)) for frame in frames]

    def _look(self, frame: Frame) -> Seen | None:
        found = self._tracker.update(frame.image)
        if found is None:
            self._last = self._speed = None
            return None
        seen = _cut_down(frame, found.points, fresh=found.fresh)
        self._keep(seen, found)
        return seen

    def _bridge(self, frames: list[Frame]) -> list[Seen] | None:
        """The face in ``frames``, looked at in the last one only; None where it may be elsewhere between."""
        if self._last is None:
            return None
        start_s, start, thumb = self._last
        *between, end = frames
        whole_s = end.time_s - start_s
        if whole_s > _LONGEST_S:
            return None
        seen: list[Seen] = []

        def is_right(found: Observation) -> bool:
            if self._bend(found.points, start.points, whole_s) > _MOST_BEND:
                return False
            last = _cut_down(end, found.points)
            for frame in between:
                share = (frame.time_s - start_s) / whole_s
                points = start.points + np.float32(share) * (found.points - start.points)
                seen.append(_cut_down(frame, points, looked=False))
            seen.append(last)
            thumbs = [thumb, *(_thumb(face.part) for face in seen)]
            return all(min(float(t @ thumb), float(t @ thumbs[-1])) >= _LEAST_ALIKE for t in thumbs[1:-1])

        moved = (0.0, 0.0) if self._speed is None else tuple((self._speed * whole_s).tolist())
        found = self._tracker.reach(end.image, moved, is_right)
        if found is None:
            return None
        self._keep(seen[-1], found)
        return seen

    def _bend(self, points: NDArray[np.float32], before: NDArray[np.float32], whole_s: float) -> float:
        """How far the face lies from where it was heading, in distances between the eyes."""
        speed = 0.0 if self._speed is None else self._speed
        away = (points - before)[:, :2].mean(axis=0) - speed * whole_s
        eyes = before[_OUTER_EYES[1], :2] - before[_OUTER_EYES[0], :2]
        return float(np.hypot(*away) / max(float(np.hypot(*eyes)), 1.0))

    def _keep(self, seen: Seen, found: Observation) -> None:
        self._speed = None
        if self._last is not None and not found.fresh:
            start_s, start, _ = self._last
            self._speed = (found.points - start.points)[:, :2].mean(axis=0) / max(seen.time_s - start_s, 1e-6)
        self._last = seen.time_s, found, _thumb(seen.part)


def _cut_down(frame: Frame, points: NDArray[np.float32], *, fresh: bool = False, looked: bool = True) -> Seen:
    height, width = frame.image.shape[:2]
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    margin = 0.35 * float((high - low).max())
    x0, y0 = (int(v) for v in np.clip(low - margin, 0, (width - 1, height - 1)))
    x1, y1 = (int(v) + 1 for v in np.clip(high + margin, (x0 + 1, y0 + 1), (width, height)))
    grey = cv2.cvtColor(frame.image[y0:y1, x0:x1], cv2.COLOR_RGB2GRAY)
    return Seen(frame.time_s, grey, (x0, y0), points.astype(np.float64) - (x0, y0, 0), fresh, looked)


def _thumb(part: NDArray[np.uint8]) -> NDArray[np.float32]:
    """A small picture of the face as a vector of mean 0 and length 1, so that a product of two is their correlation."""
    step = max(1, min(part.shape) // (4 * _THUMB))  # averaging every pixel takes ten times as long
    small = cv2.resize(part[::step, ::step], (_THUMB, _THUMB), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
    small -= small.mean()
    return small / max(float(np.linalg.norm(small)), 1e-6)
