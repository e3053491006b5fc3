"""What cannot be read as a video: one clear sentence each, naming the way out."""

import re
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from curves.errors import InputError
from recognizer.video import open_video, write_video

GRAY = np.full((48, 64, 3), 128, np.uint8)


def missing(folder: Path) -> Path:
    return folder / "nothing.mp4"


def text(folder: Path) -> Path:
    path = folder / "notes.txt"
    path.write_text("not a video\n" * 100)
    return path


def text_named_mp4(folder: Path) -> Path:
    return text(folder).rename(folder / "notes.mp4")


def empty(folder: Path) -> Path:
    path = folder / "empty.mp4"
    path.touch()
    return path


def sound(folder: Path) -> Path:
    path = folder / "voice.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
    return path


def picture(folder: Path) -> Path:
    path = folder / "photo.png"
    av.VideoFrame.from_ndarray(GRAY, format="rgb24").save(str(path))
    return path


def without_frames(folder: Path) -> Path:
    path = folder / "none.avi"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.start_encoding()
    return path


def undecodable(folder: Path) -> Path:
    """An index that is whole, over pictures that are all lost."""
    path = folder / "lost.mp4"
    write_video(path, [GRAY] * 30, 25)
    data = bytearray(path.read_bytes())
    begin, end = data.index(b"mdat") + 4, data.index(b"moov") - 4
    data[begin:end] = bytes(end - begin)
    path.write_bytes(data)
    return path


def without_index(folder: Path) -> Path:
    """An MP4 whose recording never ended: its index, at the end of the file, is missing."""
    path = folder / "cut.mp4"
    write_video(path, [GRAY] * 30, 25)
    path.write_bytes(path.read_bytes().split(b"moov")[0])
    return path


def slow(folder: Path) -> Path:
    path = folder / "timelapse.mp4"
    write_video(path, [GRAY] * 5, 0.2)
    return path


def fast(folder: Path) -> Path:
    path = folder / "absurd.mp4"
    write_video(path, [GRAY] * 50, 30, times_s=[i / 5000 for i in range(50)])
    return path


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (missing, r"does not exist"),
        (text, r"is no video"),
        (text_named_mp4, r"damaged or not a video"),
        (empty, r"damaged or not a video"),
        (sound, r"no video stream"),
        (picture, r"single picture"),
        (without_frames, r"no frame that can be decoded"),
        (undecodable, r"no frame that can be decoded"),
        (without_index, r"damaged or not a video"),
        (slow, r"0\.2 frames a second.*--fps"),
        (fast, r"\d{4} frames a second.*--fps"),
    ],
)
def test_one_clear_sentence(tmp_path: Path, make: Callable[[Path], Path], sentence: str) -> None:
    path = make(tmp_path)
    with pytest.raises(InputError, match=sentence) as caught:
        open_video(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    assert message.endswith(".")


@pytest.mark.parametrize("fps", [0.0, -5.0, 1001.0, float("nan"), float("inf")])
def test_absurd_fps_argument(tmp_path: Path, fps: float) -> None:
    path = tmp_path / "clip.mp4"
    write_video(path, [GRAY] * 3, 25)
    with pytest.raises(InputError, match="--fps"):
        open_video(path, fps=fps)


def test_absurd_header_rate_is_overruled_by_fps(tmp_path: Path) -> None:
    with open_video(slow(tmp_path), fps=100) as video:
        assert [f.time_s for f in video] == pytest.approx([0, 0.01, 0.02, 0.03, 0.04])


@pytest.mark.parametrize(
    ("start", "end", "sentence"),
    [
        (2.0, None, r"1\.00 s\) has no frame from 2 s"),
        (0.98, None, r"has no frame from 0\.98 s"),
        (0.5, 0.5, r"is empty.*--start.*--end"),
        (0.5, 0.2, r"is empty"),
        (-1.0, None, r"is empty"),
        (0.41, 0.43, r"no frame from 0\.41 s to 0\.43 s"),
    ],
)
def test_empty_parts(tmp_path: Path, start: float, end: float | None, sentence: str) -> None:
    path = tmp_path / "clip.mp4"
    write_video(path, [GRAY] * 25, 25)
    with pytest.raises(InputError, match=sentence):
        open_video(path, start_s=start, end_s=end)


def test_names_that_look_like_protocols_or_patterns(tmp_path: Path) -> None:
    for name in ("take%03d.mp4", "a b, c.mp4", "übung.mp4", "[1].mp4"):
        path = tmp_path / name
        write_video(path, [GRAY] * 2, 25)
        with open_video(path) as video:
            assert len(list(video)) == 2, re.escape(name)
