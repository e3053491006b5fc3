"""Reading video files: times, orientation, parts, and what is odd about a file."""

import math
import struct
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curves.errors import InputError
from recognizer._decoding import Clock
from recognizer.video import Image, VideoInfo, _frames_within, exact_rate, open_video, source_sha256, write_video


def marked(number: int, width: int = 64, height: int = 48) -> Image:
    """A frame whose mean gray tells its number (8 levels apart: survives compression)."""
    return np.full((height, width, 3), 8 * number % 256, np.uint8)


def numbers(images: list[Image]) -> list[int]:
    return [round(float(image.mean()) / 8) for image in images]


def quadrants(width: int = 64, height: int = 48) -> Image:
    """Red top left, green top right, blue bottom left, white bottom right."""
    image = np.zeros((height, width, 3), np.uint8)
    image[: height // 2, : width // 2, 0] = 255
    image[: height // 2, width // 2 :, 1] = 255
    image[height // 2 :, : width // 2, 2] = 255
    image[height // 2 :, width // 2 :] = 255
    return image


def colour_names(image: Image) -> list[str]:
    """Names at top left, top right, bottom left, bottom right."""
    h, w = image.shape[:2]
    names = {(1, 0, 0): "red", (0, 1, 0): "green", (0, 0, 1): "blue", (1, 1, 1): "white"}
    places = [(h // 4, w // 4), (h // 4, 3 * w // 4), (3 * h // 4, w // 4), (3 * h // 4, 3 * w // 4)]
    return [names.get(tuple(int(v > 128) for v in image[place]), "?") for place in places]


def test_constant_rate_gives_exact_times_and_facts(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    rate = Fraction(30000, 1001)
    write_video(path, [marked(i) for i in range(20)], rate)
    with open_video(path) as video:
        frames = list(video)
    assert video.info.frame_rate == rate
    assert (video.info.width, video.info.height, video.info.rotation) == (64, 48, 0)
    assert video.info.frame_count == 20
    assert video.info.duration_s == pytest.approx(20 / rate, abs=1e-3)
    assert [f.time_s for f in frames] == pytest.approx([float(i / rate) for i in range(20)], abs=1e-9)
    assert [f.index for f in frames] == list(range(20))
    assert numbers([f.image for f in frames]) == list(range(20))
    assert frames[0].image.dtype == np.uint8
    assert frames[0].image.flags.c_contiguous
    assert video.notes == []


def test_colours_survive_in_rgb_order(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    write_video(path, [quadrants()] * 3, 25)
    with open_video(path) as video:
        image = next(iter(video)).image
    assert colour_names(image) == ["red", "green", "blue", "white"]
    assert np.abs(image[12, 16].astype(int) - (255, 0, 0)).max() < 12


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".mov"])
def test_variable_frame_rate_follows_timestamps(tmp_path: Path, suffix: str) -> None:
    times = np.cumsum([0.0, 0.04, 0.011, 0.2, 0.03, 0.05, 0.5, 0.033])
    path = tmp_path / f"phone{suffix}"
    write_video(path, [marked(i) for i in range(8)], 30, times_s=times.tolist())
    with open_video(path) as video:
        frames = list(video)
    assert [f.time_s for f in frames] == pytest.approx(times.tolist(), abs=0.00051)  # Matroska counts milliseconds
    assert numbers([f.image for f in frames]) == list(range(8))


def test_time_zero_is_the_first_presented_frame(tmp_path: Path) -> None:
    path = tmp_path / "late.mkv"
    write_video(path, [marked(i) for i in range(5)], 25, times_s=[3.0 + i / 25 for i in range(5)])
    with open_video(path) as video:
        assert [f.time_s for f in video] == pytest.approx([0, 0.04, 0.08, 0.12, 0.16], abs=1e-9)


def test_fps_replaces_the_timestamps(tmp_path: Path) -> None:
    path = tmp_path / "slow_motion.mp4"
    write_video(path, [marked(i) for i in range(10)], 25)
    with open_video(path, fps=200, start_s=0.01) as video:
        frames = list(video)
    assert [f.time_s for f in frames] == pytest.approx([i / 200 for i in range(2, 10)], abs=1e-12)
    assert video.info.frame_rate == 200
    assert video.info.duration_s == pytest.approx(0.05)


# The QuickTime matrix (a, b, c, d) of a camera held so that its picture must be turned clockwise by that angle.
MATRICES = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}


def with_matrix(path: Path, matrix: tuple[int, int, int, int]) -> None:
    """Write the display matrix into the track header itself, so that no library's sign convention is involved."""
    data = bytearray(path.read_bytes())
    header = data.index(b"tkhd") + 4  # version 0: the matrix starts 40 bytes behind the type
    a, b, c, d = (value * 65536 for value in matrix)
    data[header + 40 : header + 76] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("matrix", "rotation", "expected"),
    [
        (MATRICES[0], 0, ["red", "green", "blue", "white"]),
        (MATRICES[90], 90, ["blue", "red", "white", "green"]),
        (MATRICES[180], 180, ["white", "blue", "green", "red"]),
        (MATRICES[270], 270, ["green", "white", "red", "blue"]),
        ((-1, 0, 0, 1), 180, ["green", "red", "white", "blue"]),  # mirrored, as selfie cameras do
    ],
)
def test_rotation_makes_the_picture_upright(
    tmp_path: Path, matrix: tuple[int, int, int, int], rotation: int, expected: list[str]
) -> None:
    path = tmp_path / "phone.mp4"
    write_video(path, [quadrants()] * 3, 30)
    with_matrix(path, matrix)
    with open_video(path) as video:
        images = [f.image for f in video]
    assert [colour_names(image) for image in images] == [expected] * 3
    size = (48, 64) if rotation in {90, 270} else (64, 48)
    assert (video.info.width, video.info.height) == size == images[0].shape[1::-1]
    assert video.info.rotation == rotation


def test_rotation_agrees_with_the_library_that_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "turned.mov"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.set_display_rotation(90)  # PyAV: counter-clockwise
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(quadrants(), format="rgb24")))
        container.mux(stream.encode(None))
    with open_video(path) as video:
        assert colour_names(next(iter(video)).image) == ["green", "white", "red", "blue"]
    assert video.info.rotation == 270


def test_non_square_pixels_are_squared(tmp_path: Path) -> None:
    path = tmp_path / "dv.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(3, 2)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(quadrants(), format="rgb24")))
        container.mux(stream.encode(None))
    with open_video(path) as video:
        image = next(iter(video)).image
    assert image.shape == (48, 96, 3)
    assert (video.info.width, video.info.height) == (96, 48)


@pytest.mark.parametrize(("width", "height"), [(65, 47), (33, 48), (64, 49)])
def test_odd_sizes(tmp_path: Path, width: int, height: int) -> None:
    path = tmp_path / "odd.mp4"
    write_video(path, [quadrants(width, height)] * 2, 25)
    with open_video(path) as video:
        assert [f.image.shape for f in video] == [(height, width, 3)] * 2


@pytest.mark.parametrize(
    "codec_and_suffix", [("mpeg4", ".avi"), ("libx264", ".mkv"), ("ffv1", ".mkv"), ("libx264", ".ts")]
)
def test_containers_and_codecs(tmp_path: Path, codec_and_suffix: tuple[str, str]) -> None:
    codec, suffix = codec_and_suffix
    path = tmp_path / f"clip{suffix}"
    write_video(path, [marked(i) for i in range(12)], 25, codec=codec)
    with open_video(path) as video:
        frames = list(video)
    assert [f.time_s for f in frames] == pytest.approx([i / 25 for i in range(12)], abs=0.00051)
    assert numbers([f.image for f in frames]) == list(range(12))


def test_start_timecode(tmp_path: Path) -> None:
    path = tmp_path / "camera.mov"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.metadata["timecode"] = "10:11:12:13"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(quadrants(), format="rgb24")))
        container.mux(stream.encode(None))
    with open_video(path) as video:
        assert video.info.start_timecode == "10:11:12:13"
        assert video.notes == []


@pytest.mark.parametrize("stated", ["1:2:3:4", "01:02:03:04 (free run)", "10:61:00:00", "01:02:03:04\n"])
def test_a_start_timecode_that_no_take_can_hold_is_left_out_and_said(tmp_path: Path, stated: str) -> None:
    path = tmp_path / "camera.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.metadata["timecode"] = stated
        container.mux(stream.encode(av.VideoFrame.from_ndarray(quadrants(), format="rgb24")))
        container.mux(stream.encode(None))
    with open_video(path) as video:
        assert video.info.start_timecode is None
        assert len(list(video)) == 1
    assert video.notes == [f"The time code of camera.mkv, {stated!r}, is not HH:MM:SS:FF: left out."]


@given(st.integers(0, 4000), st.integers(1, 6000))
def test_the_frames_of_a_part_are_those_that_lie_in_it(start_ms: int, length_ms: int) -> None:
    start, length = Fraction(start_ms, 1000), Fraction(length_ms, 1000)
    rate, count = Fraction(30000, 1001), 100
    info = VideoInfo(Path("a.mp4"), 64, 48, rate, float(count / rate), count, None, 0)
    inside = sum(start <= i / rate < start + length for i in range(count))
    assert _frames_within(info, float(start), float(start + length)) == (inside or None)


def test_of_a_whole_file_or_one_that_states_nothing_the_part_has_what_the_header_says() -> None:
    info = VideoInfo(Path("a.mp4"), 64, 48, Fraction(25), 4.0, 100, None, 0)
    assert _frames_within(info, 0.0, math.inf) == 100
    assert _frames_within(info, 1.0, math.inf) == 75
    assert _frames_within(replace(info, duration_s=None), 1.0, 2.0) == 25  # by the rate alone
    assert _frames_within(replace(info, frame_count=None), 1.0, 2.0) is None
    assert _frames_within(info, 7.0, 8.0) is None  # the header says less than the file holds


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts", ".avi"])
@pytest.mark.parametrize("start", [0.0, 0.5, 2.5, 3.96, 5.0, 7.95])
def test_a_part_is_exactly_that_part(tmp_path: Path, suffix: str, start: float) -> None:
    path = tmp_path / f"long{suffix}"
    rng = np.random.default_rng(3)
    noise = rng.integers(0, 60, (48, 64, 3), dtype=np.uint8)
    frames = [noise + np.uint8(i % 180) for i in range(200)]  # key frames every 12 (mpeg4) or 250 (x264)
    write_video(path, frames, 25, codec="mpeg4" if suffix != ".mp4" else "libx264")
    with open_video(path) as video:
        whole = [f for f in video if start <= f.time_s < start + 0.3]
    with open_video(path, start_s=start, end_s=start + 0.3) as video:
        expected, part = video.part_frames, list(video)
    assert expected is None or expected == pytest.approx(len(part), abs=1)  # a header may be a frame off
    assert (expected is None) == (suffix == ".ts" and video.info.frame_count is None)
    assert [f.time_s for f in part] == [f.time_s for f in whole]
    assert [f.index for f in part] == list(range(len(whole)))
    for one, other in zip(part, whole, strict=True):
        np.testing.assert_array_equal(one.image, other.image)
    assert video.notes == []


def test_a_late_part_is_reached_by_seeking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "long.mp4"
    write_video(path, (marked(i % 30) for i in range(500)), 25, codec="mpeg4")
    decoded: list[int | None] = []
    original = Clock.time_of
    monkeypatch.setattr(Clock, "time_of", lambda self, pts: decoded.append(pts) or original(self, pts))
    with open_video(path, start_s=18.0) as video:
        assert len(list(video)) == 50
    assert len(decoded) < 120


def test_truncated_file_gives_what_decodes_and_says_so(tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole.mkv", tmp_path / "cut.mkv"
    rng = np.random.default_rng(1)
    write_video(whole, (rng.integers(0, 255, (48, 64, 3), dtype=np.uint8) for _ in range(100)), 25)
    cut.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * 0.6)])
    with open_video(cut) as video:
        count = sum(1 for _ in video)
    assert 50 <= count <= 65
    assert len(video.notes) == 1
    assert f"incomplete: {count} of about 100 frames decoded, up to" in video.notes[0]
    reached = count / 25
    with open_video(cut, start_s=1.0) as video:
        assert sum(1 for _ in video) == count - 25
    assert f"incomplete: {count - 25} of about 75 frames decoded from 1 s on, up to" in video.notes[0]
    with open_video(cut, start_s=1.0, end_s=3.5) as video:
        assert sum(1 for _ in video) == count - 25
    assert f"incomplete: {count - 25} of about 62 frames decoded from 1 s on, up to {reached:.2f} s" in video.notes[0]
    assert video.notes[0].endswith("of 3.50 s.")
    for end in (1.5, reached - 0.1):
        with open_video(cut, start_s=1.0, end_s=end) as video:
            list(video)
        assert not any("incomplete" in note for note in video.notes)


def test_stopping_early_is_not_called_incomplete(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    write_video(path, [marked(i % 30) for i in range(100)], 25)
    with open_video(path, end_s=1.0) as video:
        assert len(list(video)) == 25
    assert video.notes == []


def test_broken_middle_is_left_out_and_said(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    rng = np.random.default_rng(1)
    write_video(path, (rng.integers(0, 255, (48, 64, 3), dtype=np.uint8) for _ in range(60)), 25, codec="ffv1")
    data = bytearray(path.read_bytes())
    data[len(data) // 5 : len(data) * 4 // 5] = bytes(len(data) * 4 // 5 - len(data) // 5)
    path.write_bytes(data)
    with open_video(path) as video:
        times = [f.time_s for f in video]
    assert 15 <= len(times) < 35
    assert times[-1] > 2.2
    assert any("no new frame for long in 1 places" in note for note in video.notes)


def test_recordings_whose_header_claims_a_clock_rate(tmp_path: Path) -> None:
    path = tmp_path / "browser.mkv"
    write_video(path, [marked(i % 30) for i in range(50)], 1000, times_s=[i / 25 for i in range(50)])
    with open_video(path) as video:
        assert float(video.info.frame_rate) == pytest.approx(25, rel=0.03)
        assert len(list(video)) == 50


@given(st.lists(st.one_of(st.none(), st.integers(-2000, 4000)), max_size=40), st.booleans())
def test_clock_rises_strictly_whatever_the_timestamps(stamps: list[int | None], restartable: bool) -> None:
    clock = Clock(Fraction(1, 1000), Fraction(25), restartable=restartable)
    times = [t for t in map(clock.time_of, stamps) if t is not None]
    assert all(b > a for a, b in pairwise(times))
    assert not times or times[0] == 0.0
    assert len(times) + clock.left_out == len(stamps)


@pytest.mark.parametrize(
    ("stamps", "expected"),
    [
        ([0, 40, None, 120], [0.0, 0.04, 0.08, 0.12]),
        ([None, None, 80], [0.0, 0.04, 0.08]),
        ([0, 40, 40, 120], [0.0, 0.04, None, 0.12]),
        ([0, 40, 20, 60], [0.0, 0.04, None, 0.06]),
        ([5000, 5040, 0, 40], [0.0, 0.04, 0.08, 0.12]),
    ],
)
def test_clock_on_odd_timestamps(stamps: list[int | None], expected: list[float | None]) -> None:
    clock = Clock(Fraction(1, 1000), Fraction(25), restartable=True)
    assert [clock.time_of(s) for s in stamps] == expected


@pytest.mark.parametrize(
    ("given_fps", "exact"),
    [
        (25, Fraction(25)), (30, Fraction(30)), (200, Fraction(200)), (999, Fraction(999)), (29.5, Fraction(59, 2)),
        (12.5, Fraction(25, 2)), (23.976, Fraction(24000, 1001)), (23.98, Fraction(24000, 1001)),
        (29.97, Fraction(30000, 1001)), (59.94, Fraction(60000, 1001)), (119.88, Fraction(120000, 1001)),
    ],
)  # fmt: skip
def test_exact_rate(given_fps: float, exact: Fraction) -> None:
    assert exact_rate(given_fps) == exact


def test_digest_is_that_of_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "abc"
    path.write_bytes(b"abc")  # FIPS 180-2, example B.1
    assert source_sha256(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_writer_refuses_what_it_cannot_write(tmp_path: Path) -> None:
    for frames, times in (
        ([marked(0), marked(1, 32, 32)], None),
        ([marked(0).astype(np.float32)], None),
        ([marked(0)[:, :, 0]], None),
        ([marked(0), marked(1)], [0.0, 0.0]),
        ([marked(0), marked(1)], [0.0]),
    ):
        with pytest.raises(ValueError, match=r"expected|shorter"):
            write_video(tmp_path / "bad.mkv", frames, 25, times_s=times)  # type: ignore[arg-type]


def test_open_errors_leave_the_file_deletable(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    write_video(path, [marked(0)], 25)
    with pytest.raises(InputError):
        open_video(path, start_s=5)
    path.unlink()


def test_frames_that_the_decoder_made_up_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "scratched.avi"
    rng = np.random.default_rng(1)
    write_video(path, (rng.integers(0, 255, (48, 64, 3), dtype=np.uint8) for _ in range(100)), 25, codec="mpeg4")
    data = bytearray(path.read_bytes())
    for place in range(len(data) // 4, len(data) * 3 // 4, 997):
        data[place] ^= 0x5A
    path.write_bytes(data)
    with open_video(path) as video:
        count = sum(1 for _ in video)
    assert 50 < count < 90
    assert any(f"{count} frames decoded" in note and "left out" in note for note in video.notes)
