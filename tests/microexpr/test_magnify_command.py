"""``microexpr magnify`` and ``train-magnifier``: what is refused, and what comes out of a drawn face."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from microexpr.sample import FPS, make_sample
from recognizer.face.stream import MotionStream, measure_motion
from recognizer.video import open_video, write_video

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A video without a face."""
    path = tmp_path / "film.mp4"
    write_video(path, [np.full((64, 64, 3), 90, np.uint8)] * 8, 25)
    return path


@pytest.mark.parametrize("alpha", ["0", "0.06", "16.1", "-2", "nan", "inf"])
def test_factors_outside_of_the_range_are_refused(command: Run, film: Path, alpha: str) -> None:
    code, out, err = command("magnify", film, f"--alpha={alpha}")
    assert (code, out) == (2, "")
    assert "outside of 1/16 to 16" in err
    assert err.count("\n") == 1


def test_the_video_itself_is_never_written_over(command: Run, film: Path) -> None:
    before = film.read_bytes()
    for same in (film, film.parent / "." / "film.mp4"):
        code, _, err = command("magnify", film, "--out", same, "--overwrite")
        assert code == 2
        assert "is the video itself" in err
    assert film.read_bytes() == before


def test_what_exists_is_kept_without_overwrite(command: Run, film: Path) -> None:
    target = film.with_name("film.magnified.mp4")
    target.write_bytes(b"mine")
    code, _, err = command("magnify", film)
    assert code == 2
    assert "exists already; use --overwrite" in err
    assert target.read_bytes() == b"mine"


def test_names_and_paths_that_cannot_be_are_told(command: Run, film: Path) -> None:
    for arguments, told in (
        ((film.with_name("none.mp4"),), "does not exist"),
        ((film, "--out", film.with_name("out.txt")), "let --out end in"),
        ((film, "--neutral", "2", "1"), "two rising times"),
        ((film, "--weights", film.with_name("none.safetensors")), "is no file"),
    ):
        code, _, err = command("magnify", *arguments)
        assert code == 2
        assert told in err


def test_a_place_that_cannot_be_written_is_told_before_any_work(
    command: Run, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("microexpr.magnifying.run_magnify", lambda _request: pytest.fail("worked all the same"))
    (film.parent / "file").write_bytes(b"")
    (film.parent / "folder.mp4").mkdir()
    for out in ("file/out.mp4", "folder.mp4", "x" * 300 + ".mp4"):
        code, _, err = command("magnify", film, "--out", film.parent / out, "--overwrite")
        assert code == 2
        assert "cannot be written" in err
        assert err.count("\n") == 1
    assert sorted(path.name for path in film.parent.iterdir()) == ["file", "film.mp4", "folder.mp4"]


@pytest.mark.slow
def test_the_neutral_frame_is_taken_from_the_stretch_that_is_named(command: Run, tmp_path: Path) -> None:
    source = tmp_path / "sample.mp4"
    make_sample(source)
    arguments = ("magnify", source, "--alpha", 2, "--start", 0.1, "--end", 0.9, "--out", tmp_path / "out.mp4")
    code, out, _ = command(*arguments, "--neutral", 0.3, 0.34)
    assert code == 0
    assert "from the face at 0.30 s" in out or "from the face at 0.33 s" in out
    elsewhere = command(*arguments, "--neutral", 0.8, 0.9, "--overwrite")[1]
    assert "from the face at 0.8" in elsewhere


@pytest.mark.slow
def test_without_a_face_nothing_is_written(command: Run, film: Path) -> None:
    code, _, err = command("magnify", film)
    assert code == 2
    assert "No face was found" in err
    assert sorted(path.name for path in film.parent.iterdir()) == ["film.mp4"]


def motion_of(path: Path, **part: float) -> MotionStream:
    with tempfile.TemporaryDirectory() as folder, open_video(path, **part) as video:
        stream = measure_motion(video, Path(folder), progress=lambda _stage, _done, _total: None)
        return replace(stream, flow=np.array(stream.flow))


def greatest(stream: MotionStream, first: int, second: int) -> float:
    """Length (crop pixels) of the largest movement of the brows between two frames."""
    moved = (stream.flow[second] - stream.flow[first]).astype(np.float64)[:, 6:20]
    return float(np.hypot(*moved).max())


@pytest.mark.slow
def test_a_drawn_face_moves_more_and_its_background_does_not(command: Run, tmp_path: Path) -> None:
    """The brows of the sample rise from 0.43 s to their apex at 0.58 s, by 3.6 % of the eye distance."""
    source, target = tmp_path / "sample.mp4", tmp_path / "more" / "out.mp4"
    make_sample(source)
    code, out, _ = command("magnify", source, "--alpha", 3, "--start", 0.2, "--end", 0.8, "--out", target)
    assert code == 0
    assert f"wrote {target} (18 frames, motion times 3)" in out
    assert [path.name for path in target.parent.iterdir()] == ["out.mp4"]
    with open_video(source, start_s=0.2, end_s=0.8) as video:
        before = list(video)
    with open_video(target) as video:
        after = list(video)
    times = [frame.time_s for frame in after]
    assert times == pytest.approx([frame.time_s - before[0].time_s for frame in before], abs=1e-4)
    off = np.abs(np.stack([f.image for f in before]).astype(int) - np.stack([f.image for f in after]))
    background = np.concatenate([off[:, :, :60].ravel(), off[:, :, -60:].ravel()])
    assert background.mean() < 1.0  # the codec's own
    assert background.max() < 16
    apex, start = round(0.58 * FPS) - 6, 0
    small, large = (
        greatest(stream, start, apex) for stream in (motion_of(source, start_s=0.2, end_s=0.8), motion_of(target))
    )
    assert small > 0.8
    assert 2.0 < large / small < 3.6


def test_training_refuses_what_cannot_be(command: Run, tmp_path: Path) -> None:
    code, _, err = command("train-magnifier", tmp_path / "no.toml", "--facekit", tmp_path, "--out", tmp_path)
    assert code == 2
    assert "is no file" in err
    recipe = tmp_path / "r.toml"
    recipe.write_text("steps = 1\n", encoding="utf-8")
    code, _, err = command("train-magnifier", recipe, "--facekit", tmp_path, "--out", tmp_path, "--resume")
    assert code == 2
    assert "no training to go on with" in err
    (tmp_path / "magnifier-checkpoint.safetensors").write_bytes(b"")
    code, _, err = command("train-magnifier", recipe, "--facekit", tmp_path, "--out", tmp_path)
    assert code == 2
    assert "holds a training already" in err
