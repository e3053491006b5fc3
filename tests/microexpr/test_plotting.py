from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from curves.errors import InputError
from curves.formats.take import write_take
from curves.values import (
    AUActivation,
    AUTrack,
    Emotion,
    EmotionEstimate,
    Event,
    Interval,
    RichCurve,
    RichKey,
    Side,
    Take,
)
from microexpr.faces import face_strip, plot_take
from microexpr.moments import Thumbnail, strip_times
from microexpr.plotting import SIDE_COLOURS, active_aus, draw_take, side_of_name
from recognizer.video import source_sha256

CALM = EmotionEstimate(Emotion.OTHERS, dict.fromkeys(Emotion, 1 / 7))


def event(apex_s: float, score: float = 0.9, au: int = 4) -> Event:
    return Event(apex_s - 0.1, apex_s, apex_s + 0.1, score, CALM, (AUActivation(au, Side.BOTH, 0.1),))


def make_take(events: tuple[Event, ...] = (), **provenance: object) -> Take:
    times = np.array([0.0, 0.04, 0.08, 2.0, 2.04, 2.08])
    bump = np.array([0.0, 0.3, 0.0, 0.0, 0.1, 0.0])
    tracks = (
        AUTrack(12, Side.LEFT, times, bump),
        AUTrack(12, Side.RIGHT, times, bump / 2),
        AUTrack(38, Side.BOTH, times, bump / 100),
    )
    keys = tuple(RichKey(float(t), float(v)) for t, v in zip(times, bump, strict=True))
    curves = (RichCurve("mouthSmileLeft", keys), RichCurve("jawOpen", ()))
    return Take(Fraction(25), 4.0, events, tracks, curves, (Interval(0.12, 2.0),), None, provenance)  # fmt: skip


def read_picture(file: Path) -> np.ndarray:
    picture = cv2.imread(str(file))
    assert picture is not None
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def has_colour(picture: np.ndarray, colour: str) -> bool:
    wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
    return bool((np.abs(picture.astype(int) - wanted).max(axis=-1) < 12).sum() > 20)


def test_lanes_are_those_that_move_or_are_judged_present() -> None:
    assert active_aus(make_take((event(1.0, au=4),))) == (4, 12)
    assert active_aus(make_take()) == (12,)


def test_the_strip_shows_the_surest_apexes_and_spreads_over_the_rest() -> None:
    events = tuple(event(0.5 + 0.3 * i, score=0.1 * i) for i in range(10))
    times = strip_times(make_take(events))
    assert len(times) <= 8
    assert [time for time, _ in times] == sorted(time for time, _ in times)
    assert [time for time, apex in times if apex] == pytest.approx([0.5 + 0.3 * i for i in range(4, 10)])
    assert [time for time, _ in strip_times(make_take())] == pytest.approx([0.25 + 0.5 * i for i in range(8)])


def test_both_sides_are_drawn_in_their_colours(tmp_path: Path) -> None:
    draw_take(make_take((event(1.0),)), tmp_path / "p.png", "title")
    picture = read_picture(tmp_path / "p.png")
    assert has_colour(picture, SIDE_COLOURS[Side.LEFT])
    assert has_colour(picture, SIDE_COLOURS[Side.RIGHT])


def test_no_line_bridges_a_lost_face(tmp_path: Path) -> None:
    """Between 0.08 and 2 s there is no face: on the AU lanes nothing is drawn in the left side's colour there."""
    draw_take(make_take(), tmp_path / "p.png", "title")
    picture = read_picture(tmp_path / "p.png")
    height, width = picture.shape[:2]
    inside = picture[: height // 2, int(width * 0.15) : int(width * 0.5)]
    assert not has_colour(inside[int(height * 0.1) :], SIDE_COLOURS[Side.LEFT])


def test_a_take_without_anything_is_drawn(tmp_path: Path) -> None:
    draw_take(Take(Fraction(25), 1.0, (), (), ()), tmp_path / "p.svg", "empty")
    assert "<svg" in (tmp_path / "p.svg").read_text(encoding="utf-8")


def test_faces_make_the_picture_taller(tmp_path: Path) -> None:
    face = Thumbnail(1.0, np.full((20, 20, 3), (200, 30, 200), np.uint8), apex=True)
    draw_take(make_take(), tmp_path / "without.png", "title")
    draw_take(make_take(), tmp_path / "with.png", "title", [face] * 8)
    assert read_picture(tmp_path / "with.png").shape[0] > read_picture(tmp_path / "without.png").shape[0]
    assert has_colour(read_picture(tmp_path / "with.png"), "#C81EC8")


def test_an_unknown_picture_format_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        draw_take(make_take(), tmp_path / "p.xyz", "title")


@pytest.mark.parametrize(
    ("name", "side"),
    [
        ("mouthSmileLeft", Side.LEFT),
        ("CTRL_expressions_browDownR", Side.RIGHT),
        ("AU12_L", Side.LEFT),
        ("jawOpen", Side.BOTH),
    ],
)
def test_sides_of_control_names(name: str, side: Side) -> None:
    assert side_of_name(name) is side


# --- the face strip --------------------------------------------------------------------------------------------------


def test_without_its_source_the_strip_is_left_out_and_said(tmp_path: Path) -> None:
    take = make_take(source={"name": "talk.mp4", "sha256": "0" * 64})
    write_take(take, tmp_path / "talk.take.json")
    [note] = plot_take(tmp_path / "talk.take.json", tmp_path / "plots" / "p.png")
    assert "talk.mp4" in note
    assert "--video" in note
    assert (tmp_path / "plots" / "p.png").stat().st_size > 0


def test_another_video_of_the_same_name_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "talk.mp4").write_bytes(b"other")
    take = make_take(source={"name": "talk.mp4", "sha256": "0" * 64})
    faces, [note] = face_strip(take, tmp_path / "talk.take.json", None)
    assert not faces
    assert "not the video" in note
    with pytest.raises(InputError, match="not the video"):
        face_strip(take, tmp_path / "talk.take.json", tmp_path / "talk.mp4")
    with pytest.raises(InputError, match="does not exist"):
        face_strip(take, tmp_path / "talk.take.json", tmp_path / "none.mp4")


def test_frames_shown_are_those_of_their_time(tmp_path: Path) -> None:
    """Pictures at 10 fps whose grey level is ten times their number: the frame at t shows floor(10 t)."""
    folder = tmp_path / "talk"
    folder.mkdir()
    for number in range(40):
        cv2.imwrite(str(folder / f"{number}.png"), np.full((64, 64, 3), 6 * number, np.uint8))
    take = make_take((event(1.23),), source={"name": "talk", "sha256": source_sha256(folder)}, config={"fps": 10.0})
    faces, _ = face_strip(take, tmp_path / "talk.take.json", None)
    levels = [int(face.image.mean()) for face in faces]
    assert levels == [6 * int(face.time_s * 10 + 1e-6) for face in faces]
    assert [face.time_s for face in faces if face.apex] == [1.23]
