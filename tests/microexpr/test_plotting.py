from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from curves.errors import InputError
from curves.formats.take import write_take
from curves.values import (
    DEFAULT_AUS,
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
from microexpr.plotting import SIDE_COLOURS, active_aus, draw_take, place_names, take_figure
from microexpr.rig_panel import control_of_name, rig_lines, side_of_name
from recognizer.video import source_sha256

SIDES = (Side.LEFT, Side.RIGHT)
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
    without_gaps = replace(make_take(), no_face=())
    assert [time for time, _ in strip_times(without_gaps)] == pytest.approx([0.25 + 0.5 * i for i in range(8)])


def test_the_strip_spreads_over_what_shows_a_face() -> None:
    """Of 4 s, 0 to 0.12 s and 2 to 4 s: one face every 0.265 s of these."""
    times = [time for time, _ in strip_times(make_take())]
    assert times == pytest.approx([2.0 + 0.265 * (i + 0.5) - 0.12 for i in range(8)])
    gaps = (Interval(0.0, 0.5), Interval(1.0, 4.0))
    assert all(0.5 <= time < 1.0 for time, _ in strip_times(replace(make_take(), no_face=gaps)))


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


# --- nothing covers anything -----------------------------------------------------------------------------------------


def crowded_take() -> Take:
    """All default AUs, left and right apart, 60 s, events closer than their names are wide, long control names."""
    random, times = np.random.default_rng(5), np.arange(0, 60, 0.5)
    tracks = tuple(AUTrack(au, side, times, random.random(len(times))) for au in DEFAULT_AUS for side in SIDES)
    keys = [tuple(RichKey(float(t), float(v)) for t, v in enumerate(random.random(60))) for _ in range(40)]
    names = [f"CTRL_expressions_mouthUpperLipRaiseAndMoreThanThat{i}{side}" for i in range(20) for side in "LR"]
    curves = tuple(RichCurve(name, points) for name, points in zip(names, keys, strict=True))
    events = tuple(event(0.2 + 0.9 * i, score=0.2 + 0.8 * random.random()) for i in range(60))
    return Take(Fraction(25), 60.0, events, tracks, curves, (Interval(20.0, 25.0),))


@pytest.mark.parametrize("strip", [0, 8])
def test_no_legend_and_no_name_covers_a_curve_or_leaves_the_figure(strip: int) -> None:
    face = Thumbnail(1.0, np.zeros((20, 20, 3), np.uint8), apex=True)
    figure = take_figure(crowded_take(), "a very long title of a take " * 5, [face] * strip)
    figure.canvas.draw()
    axes = [panel.get_window_extent() for panel in figure.axes]
    *_, tracks, rig = figure.axes
    words = [text for panel in figure.axes for text in (*panel.get_xticklabels(), panel.xaxis.label) if text.get_text()]
    names = [text.get_window_extent() for text in tracks.texts]
    legends = [legend.get_window_extent() for legend in figure.legends]
    title = figure.texts[0].get_window_extent()
    assert len(names) > 10
    assert len(legends) == 2
    assert rig.get_legend() is None
    labels = [text.get_window_extent() for text in words if text.get_visible()]
    for box in [*names, *legends, title]:
        assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0 and box.y1 <= figure.bbox.y1
        assert not any(box.overlaps(other) for other in [*axes, *labels, *names, *legends, title] if other is not box)


def test_where_events_are_crowded_the_surest_are_named() -> None:
    take = replace(make_take(tuple(event(31.0 + 0.01 * i, score=0.1 * i) for i in range(1, 7))), duration_s=60.0)
    assert [(round(middle, 2), row) for _, middle, row in place_names(take)] == [(31.06, 0), (31.05, 1), (31.04, 2)]


# --- rig curves ------------------------------------------------------------------------------------------------------


def curve(name: str, peak: float, at_s: float = 1.0) -> RichCurve:
    return RichCurve(name, (RichKey(0.0, 0.0), RichKey(at_s, peak), RichKey(at_s + 0.1, 0.0)))


def test_sides_that_are_alike_are_one_line_and_the_largest_are_named() -> None:
    curves = (
        curve("browDownLeft", 0.3), curve("browDownRight", 0.3), curve("mouthSmile_L", 0.2), curve("mouthSmile_R", 0.1),
        curve("jawOpen", -0.5), curve("rests", 0.0), *(curve(f"small{i}", 0.01) for i in range(5)),
    )  # fmt: skip
    lines = rig_lines(replace(make_take(), curves=curves))
    labels = [line.label for line in lines.named]
    assert labels[:3] == ["jawOpen -0.50", "browDown L+R 0.30", "mouthSmile L 0.20, R 0.10"]
    assert (len(lines.named), len(lines.others)) == (6, 2)


def test_names_that_differ_in_how_they_spell_the_side_alone_are_both_shown() -> None:
    lines = rig_lines(replace(make_take(), curves=(curve("browL", 0.3), curve("brow_L", 0.2), curve("browRight", 0.1))))
    assert [line.label for line in lines.named] == ["brow L 0.30, R 0.10", "brow_L L 0.20"]


def test_a_short_peak_in_a_long_take_is_drawn_in_full() -> None:
    take = replace(make_take(), curves=(curve("jawOpen", 0.4, at_s=301.2345),), duration_s=600.0)
    assert rig_lines(take).named[0].peak == 0.4


@pytest.mark.parametrize(
    ("name", "control"),
    [
        ("mouthSmileLeft", "mouthSmile"), ("CTRL_expressions_browDownR", "browDown"), ("AU12_right", "AU12"),
        ("AU12_L", "AU12"), ("jawOpen", "jawOpen"), ("L", "L"),
    ],
)  # fmt: skip
def test_controls_without_their_side(name: str, control: str) -> None:
    assert control_of_name(name) == control


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
