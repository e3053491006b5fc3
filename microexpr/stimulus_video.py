"""Two videos that are alike but for a stretch, after decoding too: what differs outside of it would be seen as well.

An encoder that looks ahead or shares its bits over the whole video makes all of B differ from A, a little. Here every
frame has the same quantiser, refers to earlier frames only, and a new start is forced where the stretch begins and
where it ends: alike pictures then become alike bits.
"""

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

#: Quantiser of every frame; 18 looks lossless, and a micro-expression must survive the codec.
QUANTISER = 16


class StimulusWriter:
    """H.264 in mp4, yuv420p, index first: what browsers play at once. Used in a ``with`` block.

    ``starts``: numbers of frames, from 0, that refer to no earlier one.
    """

    def __init__(self, path: Path, rate: Fraction, size_px: int, starts: frozenset[int]) -> None:
        self._container: Any = av.open(f"file:{path}", "w", format="mp4", options={"movflags": "faststart"})
        self._stream: Any = self._container.add_stream("libx264", rate=rate)
        self._stream.width = self._stream.height = size_px
        self._stream.pix_fmt = "yuv420p"
        self._stream.options = {
            "qp": str(QUANTISER), "bf": "0", "g": "100000", "forced-idr": "1",
            "x264-params": "scenecut=0:mbtree=0:rc-lookahead=0:sync-lookahead=0:threads=1",
        }  # fmt: skip
        self._stream.codec_context.time_base = 1 / rate
        self._starts, self._count = starts, 0

    def write(self, image: Image) -> None:
        """The next frame, (size, size, 3) RGB."""
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
        frame.pts, frame.time_base = self._count, self._stream.codec_context.time_base
        if self._count in self._starts:
            frame.pict_type = av.video.frame.PictureType.I
        self._container.mux(self._stream.encode(frame))
        self._count += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._count and kind is None:
            self._container.mux(self._stream.encode(None))
        self._container.close()
