"""Video in, frames with times out: the only place where frames become seconds.

A frame's time comes from its presentation timestamp (variable frame rate is normal for phones), never from its
number, unless the caller overrides the rate. Time 0 is the first presented frame of the file. Reading streams:
a handful of frames are in memory at a time, whatever the length. Foreign errors end here as ``InputError``.
"""

import hashlib
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, pairwise
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from curves.errors import InputError
from recognizer._decoding import FRAME_RATES, Clock, Decoder, Upright, average_rate, stated_length, timecode
from recognizer._video_writing import VideoWriter, write_video
from recognizer.digests import file_sha256

__all__ = [
    "Frame",
    "Image",
    "Video",
    "VideoInfo",
    "VideoWriter",
    "exact_rate",
    "is_picture_folder",
    "open_video",
    "source_sha256",
    "write_video",
]

Image = NDArray[np.uint8]

PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm"})
#: Rates that television divides by 1.001; people write them with two decimals.
NTSC_RATES = (24, 30, 48, 60, 120, 240)
#: A time (s) without a frame that is worth telling the user: no micro-expression can be seen in it.
NOTABLE_GAP_S = 0.5
#: A seek lands on a key frame at least this far (s) before the wanted time: frames right after a key frame may
#: still refer to pictures before it.
SEEK_MARGIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Frame:
    """One presented frame. ``image`` (H, W, 3) RGB, upright; ``index`` counts the frames given, from 0."""

    index: int
    time_s: float
    image: Image


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What the file says of itself; ``width`` and ``height`` are those of the upright picture with square pixels.

    ``frame_rate`` is the exact average (30000/1001); ``frame_count`` an estimate, exact for folders of pictures;
    ``rotation`` the clockwise turn in degrees (0, 90, 180, 270) that was applied to make the picture upright.
    """

    path: Path
    width: int
    height: int
    frame_rate: Fraction
    duration_s: float | None
    frame_count: int | None
    start_timecode: str | None
    rotation: int


class Video:
    """An open video: iterate it once for its frames, in a ``with`` block or to the end.

    ``notes`` holds sentences for the user about what was odd; it is complete when the iteration is.
    ``part_frames``: about how many frames the wanted part holds, as ``info.frame_count`` says for the whole; None where
    that is unknown. For progress, not for counting: only what is decoded is certain.
    """

    def __init__(
        self,
        info: VideoInfo,
        frames: Iterator[Frame],
        notes: list[str],
        close: Callable[[], None],
        *,
        part_frames: int | None = None,
    ) -> None:
        self.info = info
        self.notes = notes
        self.part_frames = part_frames
        self._frames = frames
        self._close = close

    def __iter__(self) -> Iterator[Frame]:
        return self._frames

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._close()


def open_video(
    path: str | Path, *, fps: float | None = None, start_s: float | None = None, end_s: float | None = None
) -> Video:
    """Open a video file, or a folder of numbered pictures (which needs ``fps``).

    Gives the frames with ``start_s <= time_s < end_s``; their times still count from the first frame of the file.
    ``fps`` (Hz) for a file replaces its timestamps: frame n is at n / fps, as high-speed recordings need that were
    saved for slow playback. Raises InputError, one sentence, for anything that cannot be read.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path} does not exist; check the path.")
    if fps is not None and not (math.isfinite(fps) and FRAME_RATES[0] <= fps <= FRAME_RATES[1]):
        raise InputError(f"--fps {fps:g} is not a usable frame rate; give one from 1 to 1000.")
    start, end = start_s or 0.0, math.inf if end_s is None else end_s
    if not (math.isfinite(start) and 0.0 <= start < end):
        raise InputError(f"The part from {start:g} s to {end:g} s is empty; --start must be 0 or later, before --end.")
    rate = None if fps is None else exact_rate(fps)
    return _open_folder(path, rate, start, end) if path.is_dir() else _open_file(path, rate, start, end)


def exact_rate(fps: float) -> Fraction:
    """The frame rate meant by a number: 29.97 is 30000/1001, 25 is 25."""
    for nominal in NTSC_RATES:
        if abs(fps - nominal / 1.001) < 0.006:
            return Fraction(nominal * 1000, 1001)
    return Fraction(fps).limit_denominator(100_000)


def is_picture_folder(path: str | Path) -> bool:
    """True if ``path`` is a folder that holds numbered pictures, which ``open_video`` reads as one video."""
    return Path(path).is_dir() and bool(_pictures(Path(path)))


def source_sha256(path: str | Path) -> str:
    """SHA-256 (hex) of a video file; of a folder of pictures, over their names and digests in natural order."""
    path = Path(path)
    if not path.is_dir():
        return file_sha256(path)
    parts = [f"{file_sha256(picture)} {picture.name}\n" for picture in _pictures(path)]
    return hashlib.sha256("".join(parts).encode()).hexdigest()


# --- files -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Source:
    """A decoder that stands before the wanted part, with the clock that times its frames."""

    decoder: Decoder
    frames: Iterator[av.VideoFrame]
    clock: Clock


def _open_file(path: Path, fps: Fraction | None, start: float, end: float) -> Video:
    decoder = Decoder(path)
    try:
        raw = iter(decoder)
        first = next(raw, None)
        if first is None:
            raise InputError(f"{path} holds no frame that can be decoded; it is damaged or empty.")
        rate = fps or average_rate(path, decoder.stream)
        upright = Upright(first, decoder.stream.sample_aspect_ratio)
        duration, count = stated_length(decoder, fps)
        code, no_code = timecode(decoder.container)
        info = VideoInfo(path, *upright.size, rate, duration, count, code, upright.rotation)
        clock = Clock(decoder.stream.time_base, rate, fixed=fps is not None, restartable=decoder.clock_may_restart)
        source = _Source(decoder, chain([first], raw), clock)
        if start > 2 * SEEK_MARGIN_S and fps is None and first.pts is not None:
            source = _sought(path, source, first.pts, start)
            decoder = source.decoder
        notes = [] if no_code is None else [f"The time code of {path.name}, {no_code!r}, is not HH:MM:SS:FF: left out."]
        frames = _frames(source, upright, info, (start, end), notes)
        opening = next(frames, None)  # now, so that an empty part is an error here and not in the middle of a job
        if opening is None:
            length = f" ({duration:.2f} s)" if duration is not None else ""
            until = "on; give an earlier --start" if end == math.inf else f"to {end:g} s; change --start or --end"
            raise InputError(f"{path}{length} has no frame from {start:g} s {until}.")
    except BaseException:
        decoder.container.close()
        raise
    expected = _frames_within(info, start, end)
    return Video(info, chain([opening], frames), notes, decoder.container.close, part_frames=expected)


def _frames_within(info: VideoInfo, start: float, end: float) -> int | None:
    """How many frames ``[start, end)`` holds if those that the header states are spread evenly; None if it does not."""
    count = info.frame_count
    if not count or (start == 0.0 and end == math.inf):
        return count
    rate = count / info.duration_s if info.duration_s else float(info.frame_rate)
    first, stop = (math.ceil(min(time * rate, count) - 1e-6) for time in (start, end))
    return stop - first if stop > first else None


def _sought(path: Path, source: _Source, first_pts: int, start: float) -> _Source:
    """A source a little before ``start``; the given one, which reads on from the beginning, if seeking is not exact."""
    time_base = source.decoder.stream.time_base
    zero = first_pts * time_base
    ahead = Decoder(path)
    try:
        ahead.container.seek(int((zero + Fraction(start - SEEK_MARGIN_S)) / time_base), stream=ahead.stream)
        raw = iter(ahead)
        landed = next(raw, None)
    except (av.FFmpegError, OSError):
        landed = None
    if landed is None or landed.pts is None or landed.pts * time_base - zero > start - SEEK_MARGIN_S / 2:
        ahead.container.close()
        return source
    source.decoder.container.close()
    clock = Clock(time_base, 1 / source.clock.step, restartable=ahead.clock_may_restart, zero=zero)
    return _Source(ahead, chain([landed], raw), clock)


def _frames(
    source: _Source, upright: Upright, info: VideoInfo, part: tuple[float, float], notes: list[str]
) -> Iterator[Frame]:
    (start, end), clock = part, source.clock
    index, reached = 0, 0.0
    gaps: list[tuple[float, float]] = []
    for frame in source.frames:
        before, time = clock.last, clock.time_of(frame.pts)
        if time is None:
            continue
        if before is not None and time - before > max(NOTABLE_GAP_S, float(3 * clock.step)) and start < time < end:
            gaps.append((float(before), time))
        if time >= end:
            reached = math.inf
            break
        shown = 0 if clock.fixed else (frame.duration or 0) * clock.time_base
        reached = time + float(max(shown, clock.step))
        if time >= start:
            yield Frame(index, time, upright.image(frame))
            index += 1
    notes.extend(_remarks(source, upright, info, part, given=index, reached=reached))
    if gaps:
        places = ", ".join(f"{a:.2f} to {b:.2f} s" for a, b in gaps[:3]) + (", ..." if len(gaps) > 3 else "")
        notes.append(f"{info.path.name} shows no new frame for long in {len(gaps)} places: {places}.")
    source.decoder.container.close()


def _remarks(
    source: _Source, upright: Upright, info: VideoInfo, part: tuple[float, float], *, given: int, reached: float
) -> Iterator[str]:
    """Sentences on what was odd in the wanted part of the file, which was decoded up to ``reached`` seconds."""
    clock, damaged, name = source.clock, source.decoder.damaged, info.path.name
    length = math.inf if info.duration_s is None else info.duration_s
    start, end = part[0], min(part[1], length)
    if math.isfinite(length) and reached < 0.98 * end - 0.25:
        share = (end - start) / length
        wanted = "" if info.frame_count is None else f" of about {round(share * info.frame_count)}"
        where = "" if share == 1 else f" from {start:g} s on"
        yield f"{name} is incomplete: {given}{wanted} frames decoded{where}, up to {reached:.2f} s of {end:.2f} s."
    elif damaged:
        yield f"{name} is damaged: {damaged} broken parts were left out, {given} frames decoded."
    if clock.left_out:
        yield f"{clock.left_out} frames of {name} were left out: their time is not later than the frame before."
    if clock.restarts:
        yield f"The clock of {name} starts again {clock.restarts} times; times go on from the frame before."
    if upright.rescaled:
        yield f"The picture size changes within {name}: {upright.rescaled} frames were scaled to the first one's size."


# --- folders of pictures ---------------------------------------------------------------------------------------------


def _pictures(folder: Path) -> list[Path]:
    """The numbered pictures of a folder in natural order: 2.png before 10.png."""
    found = [p for p in folder.iterdir() if p.suffix.lower() in PICTURE_SUFFIXES and not p.name.startswith(".")]
    return sorted((p for p in found if re.search(r"\d", p.stem)), key=_natural)


def _natural(path: Path) -> tuple[list[str | int], str]:
    return [int(part) if part.isdigit() else part.lower() for part in re.split(r"(\d+)", path.name)], path.name


def _open_folder(path: Path, rate: Fraction | None, start: float, end: float) -> Video:
    pictures = _pictures(path)
    if not pictures:
        raise InputError(f"{path} holds no numbered pictures (png, jpg, tif, webp); give a video or such a folder.")
    if rate is None:
        raise InputError(f"{path} is a folder of pictures; say how many were taken a second with --fps.")
    if len(pictures) / rate <= start:
        raise InputError(f"{path} ({float(len(pictures) / rate):.2f} s) ends before --start {start:g} s.")
    height, width = _read_picture(pictures[0]).shape[:2]
    info = VideoInfo(path, width, height, rate, float(len(pictures) / rate), len(pictures), None, 0)
    chosen = [(float(i / rate), p) for i, p in enumerate(pictures) if start <= float(i / rate) < end]
    if not chosen:
        raise InputError(f"{path} has no picture from {start:g} s to {end:g} s; change --start or --end.")
    return Video(
        info, _folder_frames(chosen, (height, width)), _missing(pictures), lambda: None, part_frames=len(chosen)
    )


def _missing(pictures: Sequence[Path]) -> list[str]:
    """A sentence on numbers that are skipped, by the last number of each name."""
    numbers = [int(re.findall(r"\d+", picture.stem)[-1]) for picture in pictures]
    gaps = [(a + 1, b - 1) for a, b in pairwise(numbers) if b > a + 1]
    if not gaps or numbers != sorted(numbers):
        return []
    places = ", ".join(f"{a}" if a == b else f"{a} to {b}" for a, b in gaps[:3]) + (", ..." if len(gaps) > 3 else "")
    return [f"Pictures {places} are missing: those after them come earlier than filmed, as if nothing were left out."]


def _folder_frames(pictures: Sequence[tuple[float, Path]], size: tuple[int, int]) -> Iterator[Frame]:
    for index, (time, path) in enumerate(pictures):
        image = _read_picture(path)
        if image.shape[:2] != size:
            raise InputError(
                f"{path} is {image.shape[1]}x{image.shape[0]} but the first picture is {size[1]}x{size[0]}; "
                "all pictures of a folder must have one size."
            )
        yield Frame(index, time, image)


def _read_picture(path: Path) -> Image:
    """RGB, 8 bits: OpenCV drops alpha, halves 16 bits, repeats gray, and turns it as its EXIF orientation says."""
    # Not cv2.imread: on Windows it cannot open names outside the system's code page.
    image = cv2.imdecode(np.frombuffer(path.read_bytes() or b"\0", np.uint8), cv2.IMREAD_COLOR_RGB)
    if image is None:
        raise InputError(f"{path} is not a picture that can be read; replace or remove it.")
    return np.asarray(image, dtype=np.uint8)
