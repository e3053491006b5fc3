"""Write frames as a video: synthetic clips, the demo's sample, tests."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import repeat
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import numpy as np
from numpy.typing import NDArray

#: Resolution (s) of the timestamps of variable-frame-rate videos; MPEG's 90 kHz.
TIME_BASE = Fraction(1, 90_000)


class VideoWriter:
    """Encodes frames one by one, in a ``with`` block; the container follows the suffix of ``path``.

    ``fps`` is the constant rate (Hz). With ``timed=True`` every frame is written with its own time instead.
    ``crf`` is the quality of libx264 and libx265: 18 looks lossless, larger is smaller.
    """

    def __init__(
        self, path: str | Path, fps: Fraction | float, *, codec: str = "libx264", crf: int = 18, timed: bool = False
    ) -> None:
        self._rate = Fraction(fps).limit_denominator(1001)
        self._codec, self._crf, self._timed = codec, crf, timed
        self._container: Any = av.open(f"file:{Path(path)}", "w")
        self._stream: Any = None
        self._last_pts = -1
        self._size: tuple[int, ...] = ()

    def write(self, image: NDArray[np.uint8], time_s: float | None = None) -> None:
        """Add ``image`` (H, W, 3) uint8 RGB, presented at ``time_s`` (only, and always, with ``timed=True``).

        Raises ValueError for another shape or type, for sizes that differ, and for times that do not rise.
        """
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ValueError(f"frame: expected (H, W, 3) uint8, got {image.shape} {image.dtype}")
        if self._timed == (time_s is None):
            raise ValueError(f"time_s: expected {'a time' if self._timed else 'none'}, got {time_s}")
        if self._stream is None:
            self._stream = self._new_stream(image)
            self._size = image.shape
        if image.shape != self._size:
            raise ValueError(f"frame: expected the first frame's shape {self._size}, got {image.shape}")
        pts = self._last_pts + 1 if time_s is None else round(time_s / TIME_BASE)
        if pts <= self._last_pts:
            raise ValueError(f"time_s: expected later than the frame before, got {time_s}")
        self._last_pts = pts
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
        frame.pts, frame.time_base = pts, self._stream.codec_context.time_base
        self._container.mux(self._stream.encode(frame))

    def _new_stream(self, image: NDArray[np.uint8]) -> Any:
        stream = self._container.add_stream(self._codec, rate=self._rate)
        stream.height, stream.width = image.shape[:2]
        if self._codec in {"libx264", "libx265"}:
            stream.options = {"crf": str(self._crf)}
            # Half-resolution colour needs even sizes.
            stream.pix_fmt = "yuv444p" if stream.height % 2 or stream.width % 2 else "yuv420p"
        stream.codec_context.time_base = TIME_BASE if self._timed else 1 / self._rate
        return stream

    def close(self) -> None:
        if self._stream is not None:
            self._container.mux(self._stream.encode(None))
            self._stream = None
        self._container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def write_video(
    path: str | Path,
    frames: Iterable[NDArray[np.uint8]],
    fps: Fraction | float,
    *,
    codec: str = "libx264",
    crf: int = 18,
    times_s: Sequence[float] | None = None,
) -> None:
    """Encode ``frames``, each (H, W, 3) uint8 RGB, at ``fps`` (Hz) or presented at ``times_s`` (s, strictly rising).

    Raises ValueError where ``VideoWriter.write`` does and if the numbers of frames and times differ.
    """
    with VideoWriter(path, fps, codec=codec, crf=crf, timed=times_s is not None) as writer:
        for image, time_s in zip(frames, repeat(None) if times_s is None else times_s, strict=times_s is not None):
            writer.write(image, time_s)
