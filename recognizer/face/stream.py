"""The motion of one face over a whole video: what the network looks at."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from curves.values import Interval
from recognizer.face.clip import FaceClip, follow_face
from recognizer.face.motion import GRID, motion_from_neutral
from recognizer.face.neutral import frames_at_rest, most_central
from recognizer.video import Video

#: Stage, frames done, frames in all (None while unknown).
Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True, slots=True, eq=False)
class MotionStream:
    """``clip`` with the flow (N, 2, 56, 56) float16 from its frame ``neutral`` to each frame, head motion removed.

    ``at_rest``: indices of all frames that show the face as good as neutral.
    ``head`` (N, 2, 4): coefficients of what was removed (see ``HeadMotion``). Displacements (u right, v down) in crop
    pixels (112 a side), at points of the neutral face.
    """

    clip: FaceClip
    neutral: int
    at_rest: NDArray[np.intp]
    flow: NDArray[np.float16]
    head: NDArray[np.float32]


def measure_motion(
    video: Video,
    folder: Path,
    *,
    face: int | None = None,
    neutral_within: Interval | None = None,
    threads: int = 2,
    progress: Progress,
) -> MotionStream:
    """Follow the face in ``video`` and measure its motion; temporary files go to ``folder``.

    ``neutral_within``: where the face is known to be at rest. Raises what ``follow_face`` and ``frames_at_rest`` raise.
    """
    total = video.part_frames
    clip = follow_face(video, folder, face=face, progress=lambda done: progress("face", done, total))
    count = len(clip.times_s)
    at_rest = frames_at_rest(clip, neutral_within)
    neutral = most_central(clip, at_rest)
    flow = _on_disk(folder / "flow.f16", count)
    progress("motion", 0, count)
    head = motion_from_neutral(
        clip, neutral, flow, threads=threads, progress=lambda done: progress("motion", done, count)
    )
    return MotionStream(clip, neutral, at_rest, flow, head)


def _on_disk(path: Path, count: int) -> NDArray[np.float16]:
    """(count, 2, 56, 56) zeros in a file. They are written: a full disk is then an OSError here, while a file with
    holes would end the process when it is filled."""
    frame = bytes(2 * GRID * GRID * np.dtype(np.float16).itemsize)
    with path.open("wb") as file:
        for _ in range(count):
            file.write(frame)
    return np.memmap(path, dtype=np.float16, mode="r+", shape=(count, 2, GRID, GRID))
