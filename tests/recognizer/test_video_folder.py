"""Folders of numbered pictures, read as one video."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curves.errors import InputError
from recognizer.video import _natural, is_picture_folder, open_video, source_sha256


def save(folder: Path, name: str, value: int, *, shape: tuple[int, ...] = (48, 64, 3), dtype: type = np.uint8) -> None:
    assert cv2.imwrite(str(folder / name), np.full(shape, value, dtype))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in (1, 2, 10, 9, 100):
        save(tmp_path, f"{number}.png", number)
    return tmp_path


def test_natural_order_and_times(folder: Path) -> None:
    with open_video(folder, fps=50) as video:
        frames = list(video)
    assert [int(f.image[0, 0, 0]) for f in frames] == [1, 2, 9, 10, 100]
    assert [f.time_s for f in frames] == pytest.approx([0, 0.02, 0.04, 0.06, 0.08])
    assert (video.info.width, video.info.height, video.info.frame_count) == (64, 48, 5)
    assert video.info.frame_rate == 50
    assert video.info.duration_s == pytest.approx(0.1)


def test_numbers_that_are_skipped_are_told(folder: Path) -> None:
    with open_video(folder, fps=50) as video:
        assert [note for note in video.notes if "3 to 8, 11 to 99 are missing" in note]
    for number in range(1, 101):
        save(folder, f"{number}.png", number)
    with open_video(folder, fps=50) as video:
        assert not video.notes


def test_part_of_a_folder(folder: Path) -> None:
    with open_video(folder, fps=50, start_s=0.03, end_s=0.07) as video:
        assert video.part_frames == 2
        assert [(f.index, round(f.time_s, 6)) for f in video] == [(0, 0.04), (1, 0.06)]
    with pytest.raises(InputError, match=r"ends before --start"):
        open_video(folder, fps=50, start_s=0.1)


def test_fps_is_required(folder: Path) -> None:
    with pytest.raises(InputError, match="--fps"):
        open_video(folder)


def test_mixed_sizes_are_an_error(folder: Path) -> None:
    save(folder, "11.png", 0, shape=(48, 66, 3))
    with (
        pytest.raises(InputError, match=r"11\.png is 66x48 but the first picture is 64x48"),
        open_video(folder, fps=25) as video,
    ):
        list(video)


def test_a_broken_picture_is_named(folder: Path) -> None:
    (folder / "3.png").write_bytes(b"")
    with pytest.raises(InputError, match=r"3\.png is not a picture"), open_video(folder, fps=25) as video:
        list(video)


def test_depth_alpha_and_gray_become_rgb(tmp_path: Path) -> None:
    save(tmp_path, "1.png", 200 * 257, shape=(8, 8), dtype=np.uint16)
    save(tmp_path, "2.png", 200, shape=(8, 8))
    rgba = np.full((8, 8, 4), 200, np.uint8)
    rgba[..., 3] = 10
    assert cv2.imwrite(str(tmp_path / "3.png"), rgba)
    save(tmp_path, "4.tif", 200 * 257, shape=(8, 8, 3), dtype=np.uint16)
    red = np.zeros((8, 8, 3), np.uint8)
    red[..., 2] = 255  # OpenCV writes blue, green, red
    assert cv2.imwrite(str(tmp_path / "5.png"), red)
    with open_video(tmp_path, fps=25) as video:
        images = [f.image for f in video]
    for image in images[:4]:
        assert image.dtype == np.uint8
        np.testing.assert_array_equal(image, np.full((8, 8, 3), 200))
    assert images[4][0, 0].tolist() == [255, 0, 0]


def test_other_files_are_ignored_and_nothing_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "notes1.txt").write_text("x")
    save(tmp_path, "cover.png", 1)
    assert not is_picture_folder(tmp_path)
    with pytest.raises(InputError, match="no numbered pictures"):
        open_video(tmp_path, fps=25)
    save(tmp_path, "f1.png", 1)
    assert is_picture_folder(tmp_path)
    with open_video(tmp_path, fps=25) as video:
        assert len(list(video)) == 1


def test_digest_covers_names_and_contents(folder: Path) -> None:
    before = source_sha256(folder)
    assert before == source_sha256(folder)
    (folder / "2.png").rename(folder / "3.png")
    renamed = source_sha256(folder)
    save(folder, "3.png", 7)
    assert len({before, renamed, source_sha256(folder)}) == 3


@given(st.lists(st.integers(0, 10**6), unique=True, max_size=20))
def test_natural_order_is_numeric_order(numbers: list[int]) -> None:
    names = sorted((Path(f"IMG_{n}.jpg") for n in numbers), key=_natural)
    assert names == [Path(f"IMG_{n}.jpg") for n in sorted(numbers)]
