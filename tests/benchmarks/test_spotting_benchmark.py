"""The spotting benchmark's clips, truth, scoring and checks, on a made-up face: no video of anyone is needed."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import spotting_checks as checks
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from spotting_clips import CLIP_S, RATES, Camera, Plan, Planes, frames_of, plans, write_clip
from spotting_footage import Stretch
from spotting_moves import Eyes, Head, Rest, blinks, lid_course, unrest
from spotting_scores import figures, print_figures, score
from spotting_truth import (
    AMPLITUDE_IOD,
    DURATION_S,
    GAP_S,
    OPPOSED,
    ClipTruth,
    Deck,
    TrueEvent,
    draw_events,
    read_truth,
    write_truth,
)

from curves.errors import FormatError
from curves.values import DEFAULT_AUS, MIDLINE_AUS, AUActivation, Side
from recognizer.face.align import EYE_DISTANCE, canonical_face
from recognizer.spotters import Spot
from recognizer.synthetic.warp import AUCourse, TimeCourse, au_motions, head_frame
from recognizer.video import open_video

SIZE, SCALE = (300, 280), 1.7


class Painted(Stretch):
    """Frames of a textured picture with an average face's points."""

    def images(self) -> list[NDArray[np.uint8]]:
        noise = np.random.default_rng(3).normal(size=(*SIZE, 3))
        texture = sum(cv2.GaussianBlur(noise, (0, 0), sigma) * sigma for sigma in (1.2, 3.0, 8.0))
        return [np.clip(128 + 70 * texture, 0, 255).astype(np.uint8)] * len(self.times_s)


def painted(kind: str = "held", frames: int = 1) -> Painted:
    points = canonical_face()[:, :2] * SCALE
    points = points - (points.min(0) + points.max(0)) / 2 + [SIZE[1] / 2, SIZE[0] / 2]
    times, depth = np.arange(frames) / 25.0, canonical_face()[:, 2] / EYE_DISTANCE
    return Painted(Path("painted.mp4"), kind, 25.0, times, np.tile(points, (frames, 1, 1)), depth)


def event(au: int = 12, side: Side = Side.BOTH, onset_s: float = 0.2, amplitude: float = 0.04) -> TrueEvent:
    course = TimeCourse(onset_s, onset_s + 0.2, onset_s + 0.4, amplitude / au_motions()[au, Side.LEFT].peak)
    return TrueEvent(onset_s, onset_s + 0.2, onset_s + 0.4, amplitude, (AUCourse(au, side, course),))


def planned(rest: Rest, *events: TrueEvent) -> list[Planes]:
    plan = Plan("static", painted(), 25.0, 140.0, 0.0, rest, events)
    return list(frames_of(plan, np.random.default_rng(0)))


# --- truth -----------------------------------------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_events_keep_apart_and_within_their_bounds(seed: int) -> None:
    random = np.random.default_rng(seed)
    events = draw_events(random, CLIP_S, Deck(random))
    assert events
    for one, other in pairwise(events):
        assert other.onset_s - one.offset_s >= GAP_S[0]
    for item in events:
        assert DURATION_S[0] <= item.offset_s - item.onset_s <= DURATION_S[1]
        assert item.onset_s < item.apex_s < item.offset_s < CLIP_S
        assert AMPLITUDE_IOD[0] <= item.amplitude_iod <= AMPLITUDE_IOD[1]
        for part in item.courses:
            peak = part.course.peak * au_motions()[part.au, Side.LEFT].peak
            assert 0.99 * AMPLITUDE_IOD[0] <= peak <= item.amplitude_iod + 1e-9
            assert item.onset_s <= part.course.onset_s < part.course.offset_s <= item.offset_s + 1e-9
            assert part.side is Side.BOTH or part.au not in MIDLINE_AUS


def test_the_deck_deals_all_aus_evenly_and_no_opposed_ones_together() -> None:
    deck = Deck(np.random.default_rng(0))
    dealt = Counter(deck.draw([]) for _ in range(5 * len(DEFAULT_AUS)))
    assert set(dealt.values()) == {5}
    assert set(dealt) == set(DEFAULT_AUS)
    for _ in range(300):
        first = deck.draw([])
        assert frozenset((first, deck.draw([first]))) not in OPPOSED


def test_truth_comes_back_as_it_was_written(tmp_path: Path) -> None:
    clips = [ClipTruth("a.mp4", "static", "held", "v", 30.0, 8.0, 140.0, (event(), event(38, onset_s=3.0)))]
    clips.append(ClipTruth("b.mp4", "blinks", "held", "v", 30.0, 8.0, 140.0, (), {"blinks": [[0.5, 0.8]]}))
    write_truth(tmp_path, clips, {"seed": 1})
    assert read_truth(tmp_path) == clips


@pytest.mark.parametrize("text", [None, "{}", "[]", '{"format": "microexpr.spotting-benchmark/1"}'])
def test_what_is_no_truth_is_said(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "truth.json").write_text(text, encoding="utf-8")
    with pytest.raises(FormatError, match="make"):
        read_truth(tmp_path)


# --- clips -----------------------------------------------------------------------------------------------------------


def test_plans_cover_all_rows_and_blinks_leave_lid_events_alone() -> None:
    footage = [painted(), painted("near-neutral", 10), painted("speech", 10), painted("laughter", 10)]
    made = list(plans(footage, 9, 1))
    rows = Counter(plan.row for plan in made)
    assert rows["static"] == rows["inserted"] == rows["talking"] == rows["neutral"] == 9
    assert {rows[name] for name in ("neutral-static", "speech", "laughter", "blinks", "gaze", "turns")} == {3}
    assert {plan.fps for plan in made if plan.row == "static"} == set(RATES)
    quiet = [plan for plan in made if plan.row not in {"static", "inserted", "talking"}]
    assert not any(plan.events for plan in quiet)
    for plan in made:
        for item in plan.events if plan.row == "static" else ():
            if item.aus & {5, 7}:
                assert all(b < item.onset_s or a > item.offset_s for a, b in plan.other["blinks"])


def test_a_row_stays_as_it_is_when_footage_of_another_is_missing() -> None:
    everything = [painted(), painted("near-neutral", 10), painted("speech", 10)]
    first = [plan.events for plan in plans(everything, 4, 7) if plan.row == "static"]
    assert first == [plan.events for plan in plans(everything[:2], 4, 7) if plan.row == "static"]
    assert first != [plan.events for plan in plans(everything, 4, 8) if plan.row == "static"]


@settings(max_examples=30, deadline=None)
@given(st.floats(120.0, 160.0), st.floats(-8.0, 8.0))
def test_no_frame_is_looked_up_at_whole_pixels(face_px: float, shift: float) -> None:
    x, y = Camera(painted().points, SIZE, face_px).look_up(np.array([shift, -shift]))
    for places in (x, y):
        away = np.abs(places - np.round(places))
        assert 0.2 < away.mean() < 0.3  # even over all fractions, so that every frame is as sharp as any other


@pytest.mark.parametrize(("au", "side", "down"), [(12, Side.LEFT, -1), (1, Side.BOTH, -1), (15, Side.RIGHT, 1)])
def test_an_event_moves_the_face_as_its_truth_says(au: int, side: Side, down: int) -> None:
    frames = planned(Rest.still(12), event(au, side))
    still, apex = frames[0].y, frames[10].y  # 0.4 s
    assert np.array_equal(still, frames[4].y)
    meter = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    meter.setFinestScale(0)
    flow = meter.calc(still, apex, None)
    moved = np.linalg.norm(flow, axis=2)
    strongest = flow[np.unravel_index(moved.argmax(), moved.shape)]
    assert np.sign(strongest[1]) == down
    if au == 12:
        assert strongest[0] > 0  # outward: the subject's left corner of the mouth lies right in the picture
    wide = float(np.ptp(painted().points[0, :, 0]))
    iod = head_frame(painted().points[0])[1] * 140.0 / wide
    assert moved.max() == pytest.approx(0.04 * iod, rel=0.15)
    middle = moved.shape[1] // 2
    left, right = moved[:, middle:].max(), moved[:, :middle].max()
    if side is Side.BOTH:
        assert min(left, right) > 0.7 * max(left, right)
    else:
        assert (left > 2 * right) == (side is Side.LEFT)


def test_a_still_head_does_not_move_and_a_moving_one_moves_all_of_the_face() -> None:
    stretch = painted()
    head = Head(stretch.points[0], stretch.depth, SIZE)
    assert not head.field(np.zeros(4), np.zeros(2)).any()
    iod = head_frame(stretch.points[0])[1]
    field = head.field(np.array([0.05, 0.0, 0.0, 0.0]), np.zeros(2))
    inside = stretch.points[0].round().astype(int)
    assert field[inside[:, 1], inside[:, 0], 0] == pytest.approx(0.05 * iod, rel=0.05)
    turned = head.field(np.zeros(4), np.array([np.deg2rad(8), 0.0]))[..., 0]
    nose, ear = inside[1], inside[234]
    assert turned[nose[1], nose[0]] > 2 * abs(turned[ear[1], ear[0]])


def test_lids_and_gaze_change_the_eyes_and_nothing_else() -> None:
    stretch = painted()
    picture = Planes.of(stretch.images()[0]).y[..., None]
    eyes = Eyes(picture, stretch.points[0])
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]].astype(np.float32)
    far = np.ones(picture.shape[:2], bool)
    iod = head_frame(stretch.points[0])[1]
    for corners in ((33, 133), (362, 263)):
        x, y = stretch.points[0, list(corners)].mean(axis=0)
        far &= (np.abs(columns - x) > 0.36 * iod) | (np.abs(rows - y) > 0.36 * iod)
    for lids, gaze in ((1.0, (0.0, 0.0)), (0.0, (0.05, 0.0))):
        result = picture.copy()
        eyes.paint(result, columns, rows, lids, np.array(gaze))
        changed = (result != picture)[..., 0]
        assert changed.any()
        assert not changed[far].any()
    result = picture.copy()
    eyes.paint(result, columns, rows, 0.0, np.zeros(2))
    assert np.abs(result.astype(int) - picture).max() <= 1


def test_blinks_keep_clear_of_what_is_taken_and_unrest_is_as_strong_as_said() -> None:
    random = np.random.default_rng(0)
    for _ in range(30):
        found = blinks(random, CLIP_S, [(2.0, 5.0)])
        assert all(b < 2.0 or a > 5.0 for a, b in found)
        course = lid_course(found, np.arange(800) / 100)
        assert 0.0 <= course.min() <= course.max() <= 1.0
    assert unrest(random, 20_000, 60.0, 2.0, 0.7).std() == pytest.approx(0.7, rel=0.1)


def test_a_clip_is_intra_only_and_has_all_its_frames(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.mp4", iter(planned(Rest.still(30), event())), 25.0)
    with av.open(str(tmp_path / "clip.mp4")) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    assert len(packets) == 30
    assert all(packet.is_keyframe for packet in packets)
    with open_video(tmp_path / "clip.mp4") as video:
        times = [frame.time_s for frame in video]
    assert times == pytest.approx(np.arange(30) / 25.0, abs=1e-6)


# --- scores and checks -----------------------------------------------------------------------------------------------


def test_figures_count_what_was_found() -> None:
    one, other = event(12, Side.LEFT, 1.0, 0.015), event(4, Side.BOTH, 4.0, 0.035)
    truth = ClipTruth("a.mp4", "static", "held", "v", 30.0, 8.0, 140.0, (one, other))
    right = Spot(1.02, 1.2, 1.36, 0.9, (AUActivation(12, Side.LEFT, 0.2), AUActivation(6, Side.BOTH, 0.2)))
    false = Spot(6.0, 6.1, 6.3, 0.8, (AUActivation(4, Side.BOTH, 0.2),))
    control = replace(truth, file="b.mp4", row="gaze", events=())
    swapped = Spot(3.99, 4.2, 4.41, 0.9, (AUActivation(4, Side.RIGHT, 0.2),))
    result = figures([score(truth, (right, false)), score(control, (false,))])
    sides = figures([score(truth, (right, swapped))])["static"]["laterality"]
    assert (sides["right"], sides["of"], sides["one_sided"]["of"]) == (1, 2, 1)
    row = result["static"]
    assert (row["spotting"]["tp"], row["spotting"]["fp"], row["spotting"]["fn"]) == (1, 1, 1)
    assert row["spotting"]["f1"] == pytest.approx(0.5)
    assert row["recall_by_amplitude"]["1-2 % iod"]["rate"] == 1.0
    assert row["recall_by_amplitude"]["3-4 % iod"]["rate"] == 0.0
    assert row["timing"]["onset_s_error"] == pytest.approx(0.02)
    assert row["timing"]["offset_s_bias"] == pytest.approx(-0.04)
    assert row["au"]["AU12"]["f1"] == 1.0
    assert row["au"]["AU6"]["f1"] == 0.0
    assert "AU4" not in row["au"]  # its event was not found
    assert row["au_all_events"]["AU4"] == {"tp": 0, "fp": 1, "fn": 1, "f1": 0.0}
    assert row["laterality"]["rate"] == row["laterality"]["one_sided"]["rate"] == 1.0
    assert row["by_rate"]["30 Hz"]["events"] == 2
    assert result["gaze"]["false_a_minute"] == pytest.approx(1 / (8 / 60))


def test_figures_are_printed_even_where_nothing_was_found(capsys: pytest.CaptureFixture[str]) -> None:
    truth = ClipTruth("a.mp4", "static", "held", "v", 30.0, 8.0, 140.0, (event(),))
    rows = figures([score(truth, ())])
    print_figures({"rows": rows, "frames_per_s": 10.0, "too_easy": {"static": {"sharpness_auc": 0.5}}})
    assert "static" in capsys.readouterr().out


def regular(clips: int = 3) -> list[ClipTruth]:
    events = tuple(event(onset_s=at, amplitude=0.03) for at in (1.0, 3.0, 5.0))
    return [ClipTruth(f"{n}.mp4", "static", "held", "v", 50.0, 8.0, 140.0, events) for n in range(clips)]


@pytest.mark.slow
def test_a_fixed_interval_finds_regular_events_and_not_others() -> None:
    assert checks.fixed_interval_f1(regular()) > 0.8
    random = np.random.default_rng(0)
    deck = Deck(random)
    drawn = [replace(clip, events=tuple(draw_events(random, CLIP_S, deck))) for clip in regular(40)]
    assert checks.fixed_interval_f1(drawn) < 0.25


def test_flashes_are_found_by_brightness_and_sharp_frames_by_sharpness() -> None:
    clips, times = regular(), np.arange(400) / 50
    random = np.random.default_rng(0)
    inside = np.zeros(400, bool)
    for item in clips[0].events:
        inside |= (times > item.onset_s) & (times < item.offset_s)
    flash = [random.uniform(0.9, 1.1, 400) + 5 * inside for _ in clips]
    flat = [random.uniform(0.9, 1.1, 400) for _ in clips]
    assert checks.brightness_f1(clips, flash) > 0.9
    assert checks.brightness_f1(clips, flat) < 0.6
    assert checks.sharpness_auc(clips, flash) == pytest.approx(1.0)
    assert checks.sharpness_auc(clips, flat) == pytest.approx(0.5, abs=0.08)


def test_the_checks_read_the_files(tmp_path: Path) -> None:
    write_clip(tmp_path / "0.mp4", iter(planned(Rest.still(100), event())), 25.0)
    clip = ClipTruth("0.mp4", "static", "held", "v", 25.0, 4.0, 140.0, (event(),))
    result = checks.too_easy([clip], tmp_path)
    assert set(result) == {"static", "all with events"}
    assert result["static"]["brightness_change_f1"] > 0.6  # nothing else moves in it
