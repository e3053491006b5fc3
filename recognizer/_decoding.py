"""What ``recognizer.video`` decodes with: one file's frames in order, their times, and the right way up."""

import math
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.format import Flags as FormatFlags
from av.sidedata.sidedata import Type as SideDataType
from av.stream import Disposition
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from curves.errors import InputError
from curves.formats.timecode import is_timecode

#: Frame rates outside this range (Hz) cannot be those of a usable face video.
FRAME_RATES = (1, 1000)
#: Headers that claim more than this (Hz) are measured: browsers write their clock's 1000 Hz as the frame rate.
TRUSTED_RATE = 240
#: A timestamp this far (s) behind its predecessor means that the file's clock was restarted, not a stray frame.
CLOCK_RESTART_S = 1


class Clock:
    """Presentation timestamps -> strictly rising seconds since the first frame; None for a frame never presented.

    A missing timestamp continues at the average rate. A frame that is not later than its predecessor is never shown
    by a player and is left out. In containers that may restart their clock (joined recordings), a jump far back does
    so: time goes on from there.
    """

    def __init__(
        self,
        time_base: Fraction,
        rate: Fraction,
        *,
        fixed: bool = False,
        restartable: bool = False,
        zero: Fraction | None = None,
    ) -> None:
        self.time_base, self.step, self.fixed, self.restartable = time_base, 1 / rate, fixed, restartable
        self.zero = zero  # timestamp of time 0, in seconds of the file's clock
        self.last: Fraction | None = None
        self.left_out = self.restarts = self.count = 0

    def time_of(self, pts: int | None) -> float | None:
        expected = Fraction(0) if self.last is None else self.last + self.step
        if self.fixed:
            time = self.count * self.step
        elif pts is None:
            time = expected
        else:
            stamp = pts * self.time_base
            if self.zero is None:
                self.zero = stamp - expected
            time = stamp - self.zero
            if self.restartable and self.last is not None and time < self.last - CLOCK_RESTART_S:
                self.zero, time = stamp - expected, expected
                self.restarts += 1
        self.count += 1
        if self.last is not None and time <= self.last:
            self.left_out += 1
            return None
        self.last = time
        return float(time)


class Decoder:
    """Frames of the picture stream of one file in presentation order; damaged parts are skipped and counted."""

    def __init__(self, path: Path) -> None:
        self.damaged = 0
        try:
            # "file:" keeps ffmpeg from taking a name such as "a:b.mp4" for a network protocol.
            self.container = av.open(f"file:{path}", metadata_errors="replace")
        except (av.FFmpegError, OSError) as error:
            reason = error.strerror or type(error).__name__
            raise InputError(f"{path} cannot be read as a video ({reason}); it is damaged or not a video.") from error
        kind = self.container.format.name
        if kind.endswith("_pipe") or kind in {"image2", "tty"}:
            self.container.close()
            hint = "is no video" if kind == "tty" else "is a single picture; give a video or a folder of pictures"
            raise InputError(f"{path} {hint}.")
        streams = [s for s in self.container.streams.video if not s.disposition & Disposition.attached_pic]
        if not streams:
            self.container.close()
            raise InputError(f"{path} has no video stream; give a file with moving pictures.")
        self.stream = streams[0]
        self.clock_may_restart = bool(self.container.format.flags & FormatFlags.ts_discont.value)
        if self.stream.codec_context is None:
            self.container.close()
            raise InputError(f"{path} uses a video codec unknown to ffmpeg; convert it to H.264 first.")
        self.stream.thread_type = "AUTO"

    def __iter__(self) -> Iterator[av.VideoFrame]:
        packets = self.container.demux(self.stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (av.FFmpegError, OSError):  # the file ends in the middle of a packet
                self.damaged += 1
                yield from self._sound(None)
                return
            yield from self._sound(packet)

    def _sound(self, packet: Any) -> Iterator[av.VideoFrame]:
        try:
            frames = self.stream.decode(packet) if packet is None else packet.decode()
        except (av.FFmpegError, OSError):
            self.damaged += 1
            return
        for frame in frames:
            if frame.is_corrupt:  # concealed by the decoder: its motion would be invented
                self.damaged += 1
                continue
            yield frame


class Upright:
    """Decoded frames -> upright RGB pictures with square pixels, all of the first frame's size."""

    def __init__(self, first: av.VideoFrame, pixel_aspect: Fraction | None) -> None:
        aspect = pixel_aspect if pixel_aspect and Fraction(1, 4) <= pixel_aspect <= 4 else Fraction(1)
        self.coded = (first.width, first.height)
        self.width, self.height = round(first.width * aspect), first.height
        self.rescaled = 0
        self._reformatter = VideoReformatter()  # one for all frames: it keeps its scaler
        # QuickTime's display matrix, y down: x' = a x + c y, y' = b x + d y. Only quarter turns and flips are honoured.
        data = first.side_data.get(SideDataType.DISPLAYMATRIX)
        a, b, _, c, d = np.frombuffer(bytes(data), np.int32)[:5].tolist() if data else (1, 0, 0, 0, 1)
        self.swap = abs(b) > abs(a)
        self.mirror, self.invert = (c < 0, b < 0) if self.swap else (a < 0, d < 0)
        self.rotation = round(math.degrees(math.atan2(b, a)) / 90) * 90 % 360

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright picture."""
        return (self.height, self.width) if self.swap else (self.width, self.height)

    def image(self, frame: av.VideoFrame) -> NDArray[np.uint8]:
        self.rescaled += (frame.width, frame.height) != self.coded
        rgb = self._reformatter.reformat(frame, self.width, self.height, "rgb24").to_ndarray()
        if self.swap:
            rgb = rgb.transpose(1, 0, 2)
        rgb = rgb[:: -1 if self.invert else 1, :: -1 if self.mirror else 1]
        return np.ascontiguousarray(rgb)


def average_rate(path: Path, stream: Any) -> Fraction:
    """The stream's exact average frame rate (Hz): its header's, or measured on the timestamps if that is absurd.

    Raises InputError if both lie outside ``FRAME_RATES``.
    """
    low, high = FRAME_RATES
    stated = stream.average_rate or stream.guessed_rate
    if stated and low <= stated <= TRUSTED_RATE:
        return Fraction(stated)
    measured = _measured_rate(path, stream.index)
    if stated and low <= stated <= high and (measured is None or abs(measured / stated - 1) < 0.05):
        return Fraction(stated)
    if measured is not None and low <= measured <= high:
        return measured
    found = measured or stated
    claim = f"claims {float(found):g} frames a second" if found else "does not say how many frames a second it has"
    raise InputError(f"{path} {claim}; give the true rate with --fps.")


def _measured_rate(path: Path, stream_index: int) -> Fraction | None:
    """Average rate over the first packets' timestamps, without decoding; None if they do not tell."""
    stamps: list[int] = []
    with av.open(f"file:{path}", metadata_errors="replace") as container:
        stream = container.streams[stream_index]
        try:
            for packet in container.demux(stream):
                if packet.pts is not None:
                    stamps.append(packet.pts)
                if len(stamps) >= 500:
                    break
        except (av.FFmpegError, OSError):
            pass  # what was read so far counts
        span = Fraction((max(stamps) - min(stamps)) * stream.time_base) if stamps else Fraction(0)
    return ((len(stamps) - 1) / span).limit_denominator(1001) if span else None


def stated_length(decoder: Decoder, fps: Fraction | None) -> tuple[float | None, int | None]:
    """Duration (s) and number of frames as the header states them, at ``fps`` if given; None where it does not."""
    stream, container = decoder.stream, decoder.container
    seconds: float | None = None
    if stream.duration:
        seconds = float(stream.duration * stream.time_base)
    elif match := re.fullmatch(r"(\d+):(\d+):(\d+(?:\.\d+)?)", stream.metadata.get("DURATION", "")):
        seconds = int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3])
    elif container.duration and len(container.streams) == 1:  # with others, it may be the length of the sound
        seconds = container.duration / av.time_base
    rate = stream.average_rate
    count = stream.frames or (round(seconds * rate) if seconds and rate else None)
    if fps is not None:
        seconds = float(count / fps) if count else None
    return seconds, count


def timecode(container: Any) -> tuple[str | None, str | None]:
    """The start time code, such as ``01:00:00:00``, from where the container keeps it; None if a take cannot hold it.

    The second is what stands there instead, if something does.
    """
    everywhere = [container.metadata, *(stream.metadata for stream in container.streams)]
    # Matroska writes its tags' names in capitals.
    stated = [value for data in everywhere for name, value in data.items() if name.lower() == "timecode"]
    found = next(filter(is_timecode, stated), None)
    return found, stated[0] if stated and found is None else None
