from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curves.emotion import strongest_emotion
from curves.errors import InputError
from curves.formats import read_take, take_to_json, write_take
from curves.richcurve import evaluate
from curves.values import (
    AUActivation,
    AUTrack,
    BasicEmotion,
    Emotion,
    EmotionEstimate,
    Event,
    Interval,
    Side,
    Take,
)
from microexpr.config import ConvertConfig, resolve_config
from microexpr.pipeline import choose_modulation, convert, identity
from recognizer.analysis import Analysis, AnalysisSettings
from recognizer.video import VideoInfo

MODEL: Any = SimpleNamespace(sha256="f" * 64, description="none")


def event(label: Emotion, score: float, intensity: float, apex_s: float = 1.0) -> Event:
    rest = 0.1 / 6
    estimate = EmotionEstimate(label, {e: 0.9 if e is label else rest for e in Emotion})
    return Event(apex_s - 0.1, apex_s, apex_s + 0.1, score, estimate, (AUActivation(12, Side.LEFT, intensity),))


def fake_analysis(path: Path, model: Any, settings: AnalysisSettings, progress: Callable[..., None]) -> Analysis:
    """AU12 left with one bump of 0.2 at 1 s, AU38 quiet; says to progress what it was asked."""
    times = np.setdiff1d(np.arange(60), [54, 55, 56]) / 30
    progress("frames", 60, 60)
    return Analysis(
        info=VideoInfo(path, 640, 360, Fraction(30), 2.0, 60, "01:00:00:00", 0),
        events=(event(Emotion.DISGUST, 0.9, 0.2),),
        tracks=(
            AUTrack(12, Side.LEFT, times, 0.2 * np.exp(-(((times - 1.0) / 0.08) ** 2))),
            AUTrack(38, Side.BOTH, times, np.zeros(len(times))),
        ),
        no_face=(Interval(1.8, 1.9),),
        duration_s=2.0,
        notes=("2 faces seen, the largest was taken.",),
        provenance={"face": 1, "asked": [settings.start_s, settings.end_s, settings.fps, settings.face]},
    )


@pytest.fixture
def video(tmp_path: Path) -> Path:
    (tmp_path / "talk.mp4").write_bytes(b"some bytes")
    return tmp_path / "talk.mp4"


def quiet(stage: str, done: int, total: int | None) -> None:
    pass


def make(video: Path, **arguments: Any) -> Take:
    return convert(video, MODEL, resolve_config(None, arguments), quiet, analyse=fake_analysis)


def peak(take: Take, name: str) -> float:
    curve = next(curve for curve in take.curves if curve.name == name)
    return float(evaluate(curve, np.linspace(0, 2, 2001)).max())


def test_a_take_holds_what_was_measured_and_travels_unchanged(video: Path, tmp_path: Path) -> None:
    take = make(video, rig="arkit")
    assert (take.fps, take.duration_s, take.start_timecode) == (30.0, 2.0, "01:00:00:00")
    assert take.no_face == (Interval(1.8, 1.9),)
    assert peak(take, "mouthSmileLeft") == pytest.approx(0.2, abs=0.01)
    write_take(take, tmp_path / "t.take.json")
    assert dict(read_take(tmp_path / "t.take.json").provenance) == dict(take.provenance)


def test_provenance_says_where_it_came_from(video: Path) -> None:
    source = make(video, rig="arkit", gain=2.0).provenance
    assert source["source"]["name"] == "talk.mp4"
    assert len(source["source"]["sha256"]) == 64
    assert source["weights_sha256"] == MODEL.sha256
    assert source["config"]["gain"] == 2.0
    assert source["version"]
    assert "synthetic media" in source["synthetic_media"].lower()


def test_notes_name_rig_limits_and_faces(video: Path) -> None:
    notes = make(video, rig="arkit").provenance["notes"]
    assert any("AU38" in note for note in notes)
    assert any("2 faces" in note for note in notes)


def test_settings_reach_the_analysis(video: Path) -> None:
    take = make(video, start=0.5, end=1.5, fps=100.0, face=2)
    assert take.provenance["analysis"]["asked"] == [0.5, 1.5, 100.0, 2]


def test_provenance_says_which_part_was_looked_at(video: Path) -> None:
    assert make(video).provenance["analysed_s"] == [0.0, 2.0]
    assert make(video, start=0.5).provenance["analysed_s"] == [0.5, 2.0]
    assert make(video, start=0.5, end=1.5).provenance["analysed_s"] == [0.5, 1.5]
    assert make(video, end=9.0).provenance["analysed_s"] == [0.0, 2.0]


@given(
    onset=st.floats(-0.01, 0.8), apex=st.floats(0.81, 1.0), offset=st.floats(1.1, 2.01),
    gaps=st.sets(st.sampled_from([Interval(0.1, 0.5), Interval(0.5, 0.8), Interval(1.05, 1.3), Interval(1.3, 1.9)])),
)  # fmt: skip
def test_events_stay_where_the_face_is(onset: float, apex: float, offset: float, gaps: set[Interval]) -> None:
    """Whatever rounding makes of an event's ends, the take can be written, and nothing else of it changes."""
    estimate = EmotionEstimate(Emotion.FEAR, {Emotion.FEAR: 1.0})
    given_event = Event(onset, apex, offset, 0.5, estimate, ())

    def analysed(path: Path, *_: Any) -> Analysis:
        info = VideoInfo(path, 640, 360, Fraction(30), 2.0, 60, None, 0)
        return Analysis(info, (given_event,), (), tuple(gaps), 2.0, (), {})

    take = convert(Path(__file__), MODEL, ConvertConfig(rig="arkit"), quiet, analyse=analysed)
    take_to_json(take)
    [kept] = take.events
    assert replace(kept, onset_s=onset, offset_s=offset) == given_event
    assert kept.onset_s == max([0.0, onset, *(gap.end_s for gap in gaps if gap.end_s < 1)])
    assert kept.offset_s == min([2.0, offset, *(gap.start_s for gap in gaps if gap.start_s > 1)])


def test_intensity_and_gain_scale_the_curves_and_not_the_tracks(video: Path) -> None:
    plain = make(video, rig="arkit")
    measured = peak(plain, "mouthSmileLeft")
    for arguments, factor in (({"intensity": 0.5}, 0.5), ({"gain": 2.0}, 2.0), ({"gain": 100.0}, 100.0)):
        scaled = make(video, rig="arkit", **arguments)
        assert peak(scaled, "mouthSmileLeft") == pytest.approx(min(1.0, factor * measured), rel=0.02)
        assert scaled.tracks[0].values.max() == plain.tracks[0].values.max()


def test_emotion_auto_takes_that_of_the_events_and_says_so(video: Path) -> None:
    automatic, given = make(video, rig="arkit", emotion="auto"), make(video, rig="arkit", emotion="disgust")
    assert automatic.curves == given.curves
    assert automatic.curves != make(video, rig="arkit").curves
    assert any("disgust" in note for note in automatic.provenance["notes"])


def test_the_strongest_emotion_weighs_score_and_intensity() -> None:
    weak, strong = event(Emotion.FEAR, 0.9, 0.1), event(Emotion.DISGUST, 0.6, 0.2)
    assert strongest_emotion([weak, strong]) is BasicEmotion.DISGUST
    assert strongest_emotion([weak, strong, weak]) is BasicEmotion.FEAR
    assert strongest_emotion([event(Emotion.REPRESSION, 0.9, 0.1)]) is BasicEmotion.NEUTRAL
    assert strongest_emotion([]) is None


def test_a_drawn_intensity_is_seeded_and_each_videos_own(video: Path) -> None:
    def drawn(seed: int) -> list[Any]:
        return make(video, rig="arkit", intensity="draw", seed=seed).curves

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
    first = drawn(1)
    video.write_bytes(b"other bytes")
    assert drawn(1) != first


def test_drawn_values_are_told() -> None:
    modulation, notes = choose_modulation([], ConvertConfig(intensity="draw", emotion="auto"), seed=3)
    assert 0.0 <= modulation.intensity <= 1.0
    assert any(f"{modulation.intensity:.3f}" in note for note in notes)
    assert any("no event" in note for note in notes)


def test_the_identity_follows_source_weights_settings_and_rig_file(video: Path, tmp_path: Path) -> None:
    rig = tmp_path / "mine.toml"
    rig.write_text("one", encoding="utf-8")
    config = resolve_config(None, {"rig": str(rig)})
    before = identity(video, MODEL, config)
    assert before == identity(video, MODEL, config)
    rig.write_text("two", encoding="utf-8")
    assert identity(video, MODEL, config) != before
    rig.write_text("one", encoding="utf-8")
    assert identity(video, SimpleNamespace(sha256="0" * 64), config) != before  # type: ignore[arg-type]
    assert identity(video, MODEL, resolve_config(None, {"rig": str(rig), "gain": 3.0})) != before
    video.write_bytes(b"changed")
    assert identity(video, MODEL, config) != before


def test_a_wrong_rig_is_said_before_the_analysis(video: Path) -> None:
    def never(*_: Any) -> Analysis:
        raise AssertionError("analysed before the rig was read")

    with pytest.raises(InputError, match="No rig"):
        convert(video, MODEL, resolve_config(None, {"rig": "arkitt"}), quiet, analyse=never)


def test_a_missing_video_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        make(tmp_path / "none.mp4")
