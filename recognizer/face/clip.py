"""Follow the face through a video and keep what the later stages need: small crops and shapes, spooled to disk.

Memory does not grow with the video's length: per frame, the 112 x 112 crop and a few points go to a temporary file.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from curves.errors import NoFaceError
from curves.values import Interval
from recognizer.face.align import CROP, HeadShape, crop_face, drift, fit_camera, head_shape, stability
from recognizer.face.looks import LEARN_LOOKS, LEARN_S, Seen, observe
from recognizer.face.path import HeadPath
from recognizer.face.track import FaceTracker
from recognizer.prefetch import prefetched
from recognizer.video import Video

#: Points whose place in the crop says which expression a frame shows: every fourth of the mesh.
SHAPE_POINTS = np.arange(0, 468, 4)
#: A face seen for less than this is taken for a mistake of the detector.
_MIN_RUN_S = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class FaceClip:
    """One face's aligned frames with times.

    ``times_s`` (N,) of the frames with a face; ``crops`` (N, 112, 112) uint8; ``expressions`` (N, 117, 2) float16:
    displacement of SHAPE_POINTS from the head's rest shape, in crop pixels; ``openness`` (N, 4), see ``_openness``;
    ``looked`` (N,): False where the points were not seen but lie between those of the looks around (see ``looks``);
    ``cameras`` (N, 2, 4): where the head shape's points (x, y, z, 1) lie in the frame;
    ``runs``: slices of frames that follow each other without a break (frames outside of them count as without a
    face); ``no_face``: intervals without a face; ``first_s``: time of the first decoded frame; ``duration_s``: end of
    the last one; ``notes``: sentences for the user.
    """

    times_s: NDArray[np.float64]
    crops: NDArray[np.uint8]
    expressions: NDArray[np.float16]
    openness: NDArray[np.float32]
    looked: NDArray[np.bool_]
    cameras: NDArray[np.float32]
    shape: HeadShape
    runs: tuple[slice, ...]
    no_face: tuple[Interval, ...]
    first_s: float
    duration_s: float
    notes: tuple[str, ...]


class _Spool:
    """Rows of one shape and type, appended to a temporary file and read back as a memory map."""

    def __init__(self, folder: Path, name: str, row: tuple[int, ...], kind: Any) -> None:
        self._path, self._row, self._kind = folder / name, row, np.dtype(kind)
        self._file = self._path.open("wb")

    def append(self, row: NDArray[Any]) -> None:
        self._file.write(np.ascontiguousarray(row, dtype=self._kind).tobytes())

    def read(self, count: int) -> NDArray[Any]:
        self._file.close()
        return np.memmap(self._path, dtype=self._kind, mode="r", shape=(count, *self._row))


def _points_in_crop(
    camera: NDArray[np.floating], points: NDArray[np.floating], shape: HeadShape
) -> NDArray[np.float64]:
    """Points (468, 3) of a frame in crop pixels (468, 2), the head's motion undone."""
    predicted = np.column_stack([shape.points, np.ones(len(shape.points))]) @ camera.T
    return shape.points[:, :2] + (points[:, :2] - predicted) @ np.linalg.inv(camera[:, :2]).T


class _Aligner:
    """Turns seen frames into rows of the spools; learns the head's shape from the first of them."""

    def __init__(self, folder: Path) -> None:
        self._waiting: list[Seen] = []  # for the head's shape
        self._looks = 0
        self._path = HeadPath()
        self._last_crop = np.zeros((CROP, CROP), np.uint8)  # of the last look
        self.shape: HeadShape | None = None
        self.crops = _Spool(folder, "crops.u8", (CROP, CROP), np.uint8)
        self.expressions = _Spool(folder, "expressions.f16", (len(SHAPE_POINTS), 2), np.float16)
        self.cameras = _Spool(folder, "cameras.f32", (2, 4), np.float32)
        self.openness = _Spool(folder, "openness.f32", (4,), np.float32)
        self.looked = _Spool(folder, "looked.b1", (), np.bool_)

    def add(self, seen: Seen) -> None:
        if self.shape is None:
            self._waiting.append(seen)
            self._looks += seen.looked
            if self._looks >= LEARN_LOOKS and seen.time_s - self._waiting[0].time_s >= LEARN_S:
                self.learn()
        else:
            self._align(seen, self.shape)

    def learn(self) -> HeadShape:
        """Fix the head's shape (after the first frames, or at the end of a short video)."""
        if self.shape is None:
            looks = [seen for seen in self._waiting if seen.looked]
            chosen = looks[:: max(1, len(looks) // LEARN_LOOKS)]
            self.shape = head_shape(np.stack([seen.points for seen in chosen]))
            for seen in self._waiting:
                self._align(seen, self.shape)
            self._waiting = []
        return self.shape

    def close(self) -> HeadShape:
        """No frame follows."""
        shape = self.learn()
        self._write(self._path.rest(), shape)
        return shape

    def _align(self, seen: Seen, shape: HeadShape) -> None:
        self._write(self._path.add(seen, _place(seen, shape) if seen.looked else None), shape)

    def _write(self, rows: list[tuple[Seen, NDArray[np.float64]]], shape: HeadShape) -> None:
        """Rows of the spools: frames between two looks, and the look that ends them."""
        if not rows:
            return
        *between, (look, place) = rows
        before, self._last_crop = self._last_crop, _crop(look, place, shape)
        if between:
            template = cv2.addWeighted(before, 0.5, self._last_crop, 0.5, 0.0, dtype=cv2.CV_32F)
            for seen, path in between:
                off = drift(_crop(seen, path, shape), template)  # heads leave their path a little
                path[:, 3] -= off[0] * path[:, 0] + off[1] * path[:, 1]
                self._append(seen, path, _crop(seen, path, shape), shape)
        self._append(look, place, self._last_crop, shape)

    def _append(self, seen: Seen, place: NDArray[np.float64], crop: NDArray[np.uint8], shape: HeadShape) -> None:
        camera, points = place[:, :4], place[:, 4:].T
        self.crops.append(crop)
        self.cameras.append(camera)
        self.expressions.append((points - shape.points[:, :2])[SHAPE_POINTS])
        self.openness.append(_openness(points))
        self.looked.append(np.array(seen.looked))


def _crop(seen: Seen, place: NDArray[np.float64], shape: HeadShape) -> NDArray[np.uint8]:
    return crop_face(seen.part, place[:, :4] - np.outer(seen.corner, (0, 0, 0, 1)), shape)


def _place(seen: Seen, shape: HeadShape) -> NDArray[np.float64]:
    """(2, 4 + 468): the camera in frame pixels, then the points in crop pixels."""
    camera = fit_camera(shape.points, seen.points, stability())
    points = _points_in_crop(camera, seen.points, shape)
    camera[:, 3] += seen.corner
    return np.column_stack([camera, points.T])


def _openness(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """(4,): gap between the lips, width of the mouth, opening of the right and of the left eye, in crop pixels."""
    x, y = (points[[13, 61, 159, 386]] - points[[14, 291, 145, 374]]).T
    return np.asarray(np.hypot(x, y))


@dataclass(slots=True)
class _Run:
    """Frames ``first``.. ``stop`` in which the face was followed without a break, and the time they span."""

    first: int
    stop: int
    start_s: float
    end_s: float


class _Timeline:
    """When a face was there: its frames' times, and the runs that they form."""

    def __init__(self) -> None:
        self.times_s: list[float] = []
        self._runs: list[_Run] = []
        self._open = False

    def present(self, time_s: float, *, fresh: bool) -> None:
        if self._open:
            self._runs[-1].end_s = time_s
        if fresh or not self._open:
            self._runs.append(_Run(len(self.times_s), len(self.times_s), time_s, time_s))
        self._open = True
        self._runs[-1].stop += 1
        self.times_s.append(time_s)

    def absent(self, time_s: float) -> None:
        if self._open:
            self._runs[-1].end_s = time_s
        self._open = False

    def close(self, end_s: float) -> list[_Run]:
        """The runs, without those too short to be a face."""
        self.absent(end_s)
        return [run for run in self._runs if run.end_s - run.start_s >= _MIN_RUN_S]


def _gaps(runs: list[_Run], first_s: float, end_s: float) -> tuple[Interval, ...]:
    edges = [first_s, *(edge for run in runs for edge in (run.start_s, run.end_s)), end_s]
    return tuple(Interval(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b > a)


def follow_face(video: Video, folder: Path, *, face: int | None = None, progress: Callable[[int], None]) -> FaceClip:
    """Follow one face through ``video``; its crops and points are spooled into ``folder``.

    ``face``: rank by size, 1 (the default) the largest. ``progress`` is called with the number of frames done.
    Raises NoFaceError when no frame shows a face, InputError when the face asked for is not there.
    """
    tracker, aligner = FaceTracker(face), _Aligner(folder)
    timeline = _Timeline()
    first_s = last_s = step_s = 0.0
    count = 0
    for time_s, seen in prefetched(observe(prefetched(video), tracker, float(video.info.frame_rate))):
        first_s = time_s if count == 0 else first_s
        step_s, last_s = time_s - last_s if count else 0.0, time_s
        count += 1
        if seen is None:
            timeline.absent(time_s)
        else:
            timeline.present(time_s, fresh=seen.fresh)
            aligner.add(seen)
        progress(count)
    end_s = last_s + (step_s or 1.0 / float(video.info.frame_rate))
    runs = timeline.close(end_s)
    if timeline.times_s and not runs:
        raise NoFaceError(
            f"A face was seen in {video.info.path} for less than {_MIN_RUN_S:g} s at a time; "
            "give a longer part of the video."
        )
    if not runs:
        raise NoFaceError(
            f"No face was found in the {count} frames of {video.info.path}; "
            "use a video that shows a face from the front, at least about 5 % of the picture wide."
        )
    shape = aligner.close()
    n = len(timeline.times_s)
    return FaceClip(
        times_s=np.array(timeline.times_s),
        crops=aligner.crops.read(n),
        expressions=aligner.expressions.read(n),
        openness=aligner.openness.read(n),
        looked=aligner.looked.read(n),
        cameras=aligner.cameras.read(n),
        shape=shape,
        runs=tuple(slice(run.first, run.stop) for run in runs),
        no_face=_gaps(runs, first_s, end_s),
        first_s=first_s,
        duration_s=end_s,
        notes=_notes(tracker.faces_seen, face, tracker.retaken),
    )


def _notes(faces_seen: int, face: int | None, retaken: int) -> tuple[str, ...]:
    notes = []
    if faces_seen > 1:
        which = "the largest" if face in (None, 1) else f"number {face} by size"
        notes.append(f"{faces_seen} faces can be seen; {which} was followed (choose another with --face N).")
    if retaken:
        notes.append("After the face was lost, a face elsewhere was followed: it may be another person.")
    return tuple(notes)
