"""Pictures for the plot: find a take's source video and crop the face at given times."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curves.errors import InputError, SetupError
from curves.formats.take import read_take
from curves.values import Take
from microexpr.moments import Thumbnail, strip_times
from recognizer.face.detect import Detection, FaceDetector
from recognizer.video import open_video, source_sha256

Image = NDArray[np.uint8]
_MARGIN = 1.5  # side of the crop over that of the face's box


def plot_take(take_path: Path, file: Path, video: Path | None = None) -> tuple[str, ...]:
    """Draws a take file; returns what the reader should know of the picture. Raises InputError, FormatError."""
    take = read_take(take_path)
    faces, notes = face_strip(take, take_path, video)

    from microexpr.plotting import draw_take  # noqa: PLC0415  # matplotlib: not before the files named were found

    draw_take(take, file, take_path.name.removesuffix(".take.json"), faces)
    return notes


def face_strip(take: Take, take_path: Path, video: Path | None) -> tuple[tuple[Thumbnail, ...], tuple[str, ...]]:
    """Face crops at apexes and even times, and notes: why there are none, or why they are not cropped.

    The source is ``video``, else the file beside the take that has the source's name and digest. Raises InputError if
    ``video`` cannot be read or is another video than the take's.
    """
    source, note = find_source(take, take_path, video)
    if source is None:
        return (), (note,)
    wanted = strip_times(take)
    config: dict[str, Any] = dict(take.provenance.get("config", {}))
    images = _frames_at(source, [time for time, _ in wanted], config.get("fps"))
    try:
        crops = _crop_faces(images, config.get("face") or 1)
        notes: tuple[str, ...] = ()
    except SetupError as error:
        crops, notes = images, (f"Whole frames are shown instead of faces: {error}",)
    pairs = zip(wanted, crops, strict=True)
    return tuple(Thumbnail(time, image, apex) for (time, apex), image in pairs if image is not None), notes


def find_source(take: Take, take_path: Path, video: Path | None) -> tuple[Path | None, str]:
    """The take's source video, or None and the sentence that says why the strip is left out."""
    source = take.provenance.get("source", {})
    digest = source.get("sha256")
    if video is not None:
        if not video.exists():
            raise InputError(f"{video} does not exist; check the path given to --video.")
        if digest and source_sha256(video) != digest:
            raise InputError(f"{video} is not the video that {take_path.name} was made from; give that one.")
        return video, ""
    name = source.get("name")
    candidate = take_path.parent / name if name else None
    if candidate is None or not candidate.exists():
        return None, f"The face strip is left out: {name or 'the source'} is not beside the take; give it with --video."
    if digest and source_sha256(candidate) != digest:
        return None, f"The face strip is left out: {candidate} is not the video that the take was made from."
    return candidate, ""


def _frames_at(source: Path, times: Sequence[float], fps: float | None) -> list[Image | None]:
    """For each time (rising) the frame shown then: the last one that starts no later."""
    chosen: list[Image | None] = [None] * len(times)
    with open_video(source, fps=fps, end_s=max(times) + 0.5) as video:
        for frame in video:
            for i, time in enumerate(times):
                if frame.time_s <= time + 1e-6 or chosen[i] is None:
                    chosen[i] = frame.image
    return chosen


def _crop_faces(images: Sequence[Image | None], rank: int) -> list[Image | None]:
    detector = FaceDetector()
    last: Detection | None = None
    crops: list[Image | None] = []
    for image in images:
        if image is None:
            crops.append(None)
            continue
        last = _pick(detector.detect(image), rank, last)
        crops.append(image if last is None else _square(image, last))
    return crops


def _pick(found: Sequence[Detection], rank: int, last: Detection | None) -> Detection | None:
    """The face nearest to the last one; at first the ``rank``-th largest. Where none is found: the last place."""
    if not found:
        return last
    if last is None:
        return found[min(rank, len(found)) - 1]
    centre = np.array(last.box).reshape(2, 2).mean(axis=0)
    return min(found, key=lambda face: float(np.hypot(*(np.array(face.box).reshape(2, 2).mean(axis=0) - centre))))


def _square(image: Image, face: Detection) -> Image:
    """A square around the face, black where it leaves the picture."""
    x0, y0, x1, y1 = face.box
    half = max(8, round(_MARGIN * max(x1 - x0, y1 - y0) / 2))
    x, y = round((x0 + x1) / 2), round((y0 + y1) / 2)
    padded = np.pad(image, ((half, half), (half, half), (0, 0)))
    y, x = max(0, min(y, image.shape[0])), max(0, min(x, image.shape[1]))
    return padded[y : y + 2 * half, x : x + 2 * half]
