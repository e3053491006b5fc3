"""``microexpr study stimuli``: videos A and B, equal but for the micro-expression."""

import json
import tomllib
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from dome_kit import dome_kit
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_samples import event, take, write_take

from curves.errors import InputError, SetupError
from curves.formats import read_take
from curves.rigs import load_rig
from curves.values import DEFAULT_AUS, Emotion, FloatArray, Interval, Side, Take
from microexpr.layered_take import Named, Part
from microexpr.stimulus_faces import DrawnFace, KitFace
from microexpr.stimulus_files import Request, frame_pairs
from microexpr.stimulus_takes import (
    EASE_S,
    Micro,
    Timing,
    frame_times,
    in_rig,
    intensities,
    macro_aus,
    macro_take,
    not_drawn,
    place_micro,
)
from microexpr.stimulus_video import StimulusWriter
from recognizer.synthetic.render import Renderer
from studies.vocabulary import EMOTIONS

Run = Callable[..., tuple[int, str, str]]
RATE, FACS, TIMING = Fraction(30), load_rig("facs"), Timing(4.0)
MICRO = take({(4, Side.BOTH): 0.2, (12, Side.LEFT): 0.3, (12, Side.RIGHT): 0.1}, rest=0.1)
LIT, GREY = 200, 60


class BarFace:
    """A face of 38 bars as bright as the AUs are strong: what is drawn can be read back. Real, only plain."""

    def draw(self, intensity: FloatArray, time_s: float) -> np.ndarray:
        bars = np.repeat(GREY + (LIT - GREY) * intensity.ravel(), 2)
        picture = np.repeat(bars[None, :, None], 76, axis=0) * np.ones(3)
        picture[:4] = round(1000 * time_s) % 251  # as the head drifts
        return np.asarray(picture.round(), np.uint8)

    def describe(self) -> dict[str, Any]:
        return {"kind": "bars"}


def named(made: Take) -> Named:
    return Named("micro.take.json", made, "0" * 64)


def pair(emotion: str = "happiness", made: Take = MICRO, at_s: float | None = None) -> tuple[Micro, Take, Take]:
    micro = place_micro(named(made), TIMING, Part(), at_s, 1.0)
    a = macro_take(emotion, FACS, "facs", TIMING, frame_rate=RATE)
    return micro, a, micro.over(named(a), FACS, "facs")


# --- takes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_every_emotion_has_an_expression_that_rises_holds_and_falls(emotion: str) -> None:
    peaks = macro_aus(emotion)
    assert peaks and set(peaks) <= set(DEFAULT_AUS)
    assert all(0.2 <= peak < 1 for peak in peaks.values())
    drawn = intensities(macro_take(emotion, FACS, "facs", TIMING, frame_rate=RATE), np.linspace(0, 4, 801))
    rows = [DEFAULT_AUS.index(au) for au in peaks]
    assert np.abs(drawn[400, rows] - np.array(list(peaks.values()))[:, None]).max() < 1e-6
    assert np.delete(drawn, rows, axis=1).max() == 0
    assert drawn[[0, 99, 760, 800]].max() < 1e-6
    rise, hold = drawn[100:221, rows[0], 0], drawn[221:579, rows[0], 0]
    assert (np.diff(rise) >= -1e-9).all() and np.ptp(hold) < 1e-6
    assert np.abs(np.diff(drawn[:, rows[0], 0])).max() < 0.02  # no jump in 5 ms


def test_no_two_emotions_look_alike() -> None:
    expressions = [frozenset(macro_aus(emotion)) for emotion in EMOTIONS]
    assert len(set(expressions)) == len(EMOTIONS)


@settings(max_examples=15)
@given(st.sampled_from(EMOTIONS), st.floats(0.2, 2.9))
def test_b_is_a_plus_the_clamped_micro_expression_and_a_outside(emotion: str, at_s: float) -> None:
    micro, a, b = pair(emotion, at_s=at_s)
    times = np.linspace(0, 4, 1201)
    without, added = intensities(a, times), intensities(b, times)
    outside = (times < micro.shown.start_s) | (times >= micro.shown.end_s)
    assert np.abs(added - without)[outside].max() < 1e-6
    inside = (times > at_s) & (times < micro.shown.end_s - EASE_S)
    own = intensities(MICRO, times - at_s + MICRO.events[0].onset_s)
    assert np.abs(added - np.clip(without + own, 0, 1))[inside].max() < 2e-3
    assert np.abs(added - without)[inside].max() > 0.1


def test_the_micro_expression_lies_in_the_middle_of_the_hold_unless_told() -> None:
    micro, _, b = pair()
    middle = (micro.shown.start_s + micro.shown.end_s) / 2
    assert middle == pytest.approx((TIMING.hold.start_s + TIMING.hold.end_s) / 2)
    assert b.events[0].onset_s == pytest.approx(micro.at_s)
    assert pair(at_s=0.9)[2].events[0].onset_s == pytest.approx(0.9)


def test_one_event_of_several_is_taken_alone() -> None:
    two = take({(12, Side.BOTH): 0.3}, moments=((0.3, 0.4, 0.6), (1.2, 1.4, 1.6)), duration_s=2.0)
    assert len(place_micro(named(two), TIMING, Part(), None, 1.0).over(named(pair()[1]), FACS, "facs").events) == 2
    micro = place_micro(named(two), TIMING, Part(2), 2.0, 1.0)
    (only,) = micro.over(named(pair()[1]), FACS, "facs").events
    assert (only.onset_s, only.offset_s) == pytest.approx((2.0, 2.4))


def test_what_is_longer_than_a_micro_expression_is_known() -> None:
    two = named(take({(12, Side.BOTH): 0.3}, moments=((0.3, 0.4, 0.6), (1.0, 1.4, 1.65)), duration_s=2.0))
    assert place_micro(two, TIMING, Part(1), None, 1.0).long_s == ()
    assert place_micro(two, TIMING, Part(), None, 1.0).long_s == pytest.approx((0.65,))
    assert place_micro(two, TIMING, Part(span=(0.2, 0.9)), None, 1.0).long_s == ()  # the event in it is short
    assert place_micro(two, TIMING, Part(span=(0.35, 0.95)), None, 1.0).long_s == pytest.approx((0.6,))


def test_seconds_of_a_take_without_events_can_be_given() -> None:
    made = named(replace(MICRO, events=()))
    micro = place_micro(made, TIMING, Part(span=(0.3, 0.7)), 2.0, 1.0)
    whole = place_micro(named(MICRO), TIMING, Part(), 2.0, 1.0)
    base, times = named(pair()[1]), np.linspace(0, 4, 401)
    drawn = [intensities(each.over(base, FACS, "facs"), times) for each in (micro, whole)]
    assert np.abs(drawn[0] - drawn[1]).max() < 1e-9
    for part in ((-0.1, 0.5), (0.5, 0.5), (0.3, 1.5)):
        with pytest.raises(InputError, match="part: expected"):
            place_micro(made, TIMING, Part(span=part), 2.0, 1.0)


@pytest.mark.parametrize("rig", ["arkit", "metahuman"])
def test_a_take_of_another_rig_is_drawn_from_its_tracks(rig: str) -> None:
    other = take({(4, Side.BOTH): 0.2, (12, Side.BOTH): 0.3}, rig=rig)
    plain = take({(4, Side.BOTH): 0.2, (12, Side.BOTH): 0.3})
    times = np.linspace(0, 1, 101)
    drawn = in_rig(named(other), FACS, "facs").take
    assert np.allclose(intensities(drawn, times), intensities(plain, times), atol=1e-6)
    assert in_rig(named(other), load_rig(rig), rig).take is other
    with pytest.raises(InputError, match="no AU tracks"):
        in_rig(named(replace(other, tracks=())), FACS, "facs")


def test_what_no_renderer_can_draw_is_named() -> None:
    blink = take({(45, Side.BOTH): 0.5, (12, Side.BOTH): 0.2})
    assert not_drawn(blink) == ("AU45_L", "AU45_R")
    assert not_drawn(MICRO) == ()


@pytest.mark.parametrize(
    ("made", "options", "sentence"),
    [
        (replace(MICRO, events=()), (None, None), "holds no event"),
        (MICRO, (2, None), "there is no 2"),
        (MICRO, (None, 3.6), "does not fit into a video of 4 s"),
        (MICRO, (None, 0.05), "does not fit"),
        (take({(12, Side.BOTH): 0.3}, moments=((0.2, 2.0, 4.3),), duration_s=5.0), (None, None), "last 4.10 s"),
        (replace(MICRO, no_face=(Interval(0.5, 0.55),), events=(event(0.3, 0.4, 0.7),)), (None, None), "no face"),
    ],
)
def test_a_take_without_room_is_one_sentence(made: Take, options: tuple[Any, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence) as told:
        place_micro(named(made), TIMING, Part(options[0]), options[1], 1.0)
    assert str(told.value).count(". ") == 0


# --- pictures --------------------------------------------------------------------------------------------------------


def test_pictures_are_the_same_ones_outside_and_differ_inside() -> None:
    micro, a, b = pair()
    times = frame_times(TIMING, RATE)
    frames = list(frame_pairs(BarFace(), (a, b), times, micro.shown))
    assert len(frames) == 120
    for time_s, (without, added) in zip(times, frames, strict=True):
        assert np.array_equal(without, added) or micro.shown.contains(time_s)
    onset, offset = micro.at_s + 0.05, micro.shown.end_s - EASE_S - 0.05
    assert all(not np.array_equal(*both) for t, both in zip(times, frames, strict=True) if onset < t < offset)
    apex = round((micro.at_s + 0.15) * 30)
    bar = 2 * (2 * DEFAULT_AUS.index(4))
    assert frames[apex][1][20, bar, 0] - int(frames[apex][0][20, bar, 0]) == pytest.approx((LIT - GREY) * 0.2, abs=3)


def decoded(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_alike_pictures_are_alike_when_decoded(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 255, (8, 8, 3)).repeat(8, 0).repeat(8, 1).astype(np.uint8) for _ in range(30)]
    other = [255 - picture if 10 <= k < 14 else picture for k, picture in enumerate(pictures)]
    for name, frames in (("a", pictures), ("b", other)):
        with StimulusWriter(tmp_path / f"{name}.mp4", RATE, 64, frozenset({0, 10, 14})) as writer:
            for picture in frames:
                writer.write(picture)
    a, b = decoded(tmp_path / "a.mp4"), decoded(tmp_path / "b.mp4")
    assert len(a) == len(b) == 30
    assert [k for k in range(30) if not np.array_equal(a[k], b[k])] == [10, 11, 12, 13]
    assert np.abs(a[20].astype(int) - pictures[20]).mean() < 12
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt, stream.average_rate) == ("h264", "yuv420p", 30)
    content = (tmp_path / "a.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


@pytest.fixture
def renderer():
    try:
        made = Renderer(dome_kit(), inner_px=128)
    except SetupError as error:
        pytest.skip(f"nothing here can render: {error}")
    with made:
        yield made


def test_the_kit_face_moves_blinks_and_draws_the_same_again(renderer: Renderer) -> None:
    face = KitFace(dome_kit(), 96, 3, renderer, "0" * 64)
    still, smile = np.zeros((19, 2)), np.zeros((19, 2))
    smile[DEFAULT_AUS.index(12)] = 0.3
    at_rest = face.draw(still, 2.0)
    assert at_rest.shape == (96, 96, 3) and at_rest.std() > 10
    assert np.array_equal(at_rest, face.draw(still, 2.0))
    moved = np.abs(face.draw(smile, 2.0).astype(int) - at_rest).sum(2)
    rows = np.flatnonzero(moved.sum(1))
    assert moved.max() > 20 and rows.min() > 48  # the mouth is below the middle
    assert not np.array_equal(face.draw(still, 0.18), face.draw(still, 3.0))
    assert not np.array_equal(at_rest, KitFace(dome_kit(), 96, 4, renderer, "").draw(still, 2.0))


def test_the_drawn_face_moves_where_the_au_is() -> None:
    face, brows = DrawnFace(96, 7), np.zeros((19, 2))
    brows[DEFAULT_AUS.index(4)] = 0.6
    at_rest = face.draw(np.zeros((19, 2)), 2.0)
    moved = np.abs(face.draw(brows, 2.0).astype(int) - at_rest).sum(2)
    assert moved.max() > 30 and moved[60:].max() < 10
    assert np.array_equal(at_rest, face.draw(np.zeros((19, 2)), 2.0))
    assert not np.array_equal(at_rest, DrawnFace(96, 8).draw(np.zeros((19, 2)), 2.0))


# --- the command -----------------------------------------------------------------------------------------------------

SMALL = ("--size", 64, "--fps", 10, "--duration", 2.8)


@pytest.fixture
def micro_file(tmp_path: Path) -> Path:
    path = tmp_path / "micro.take.json"
    made = take({(4, Side.BOTH): 0.3, (12, Side.BOTH): 0.4}, rig="arkit")
    write_take(replace(made, events=(event(0.3, 0.45, 0.7, 4, 12, emotion=Emotion.FEAR),)), path)
    return path


@pytest.mark.slow
def test_the_command_writes_two_videos_two_takes_and_what_they_are(
    command: Run, micro_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    code, text, error = command("study", "stimuli", micro_file, "--out", out, *SMALL)
    assert code == 0, error
    names = {f"fear_{which}{suffix}" for which in "AB" for suffix in (".mp4", ".take.json")}
    assert {path.name for path in out.iterdir()} == names | {"stimuli.json", "STUDY.toml"}
    a, b = decoded(out / "fear_A.mp4"), decoded(out / "fear_B.mp4")
    assert len(a) == len(b) == 28 and a[0].shape == b[0].shape == (64, 64, 3)
    entry = json.loads((out / "stimuli.json").read_text())["stimuli"]["fear"]
    first, last = entry["differing_frames"]
    differing = [k for k in range(28) if not np.array_equal(a[k], b[k])]
    assert differing and first <= differing[0] and differing[-1] <= last
    assert entry["shown_s"][0] <= first / 10 and last / 10 < entry["shown_s"][1]
    made = read_take(out / "fear_B.take.json")
    assert made.provenance["layered"]["base"]["sha256"] == entry["A"]["take"]["sha256"]
    assert made.provenance["layered"]["micro"]["sha256"] == entry["micro"]["sha256"]
    assert "mouthSmileLeft" in {curve.name for curve in made.curves}
    study = tomllib.loads((out / "STUDY.toml").read_text())
    assert study["pair"] == [{"emotion": "fear", "a": "fear_A.mp4", "b": "fear_B.mp4"}]
    assert "fear" in text


@pytest.mark.slow
def test_a_second_run_adds_emotions_and_the_same_seed_makes_the_same_files(
    command: Run, micro_file: Path, tmp_path: Path
) -> None:
    both, alone = tmp_path / "both", tmp_path / "alone"
    base = ("study", "stimuli", micro_file, *SMALL)
    assert command(*base, "--emotion", "anger", "--out", both)[0] == 0
    assert command(*base, "--emotion", "sadness", "--out", both)[0] == 0
    assert command(*base, "--emotion", "sadness", "--out", alone)[0] == 0
    for name in ("sadness_A.mp4", "sadness_B.mp4", "sadness_A.take.json", "sadness_B.take.json"):
        assert (both / name).read_bytes() == (alone / name).read_bytes(), name
    pairs = tomllib.loads((both / "STUDY.toml").read_text())["pair"]
    assert [row["emotion"] for row in pairs] == ["anger", "sadness"]
    code, _, error = command(*base, "--emotion", "fear", "--out", both, "--seed", 8)
    assert code == 2 and "another face" in error
    code, _, error = command(*base, "--emotion", "anger", "--out", both)
    assert code == 2 and "--overwrite" in error
    (both / "STUDY.toml").write_text("# mine")
    assert command(*base, "--emotion", "sadness", "--out", both, "--overwrite")[0] == 0
    assert (both / "STUDY.toml").read_text() == "# mine"
    assert tomllib.loads((both / "STUDY.new.toml").read_text())["pair"] == pairs


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--emotion", "hapiness"], "did you mean 'happiness'"),
        (["--emotion", "fear", "--all-emotions"], "either"),
        (["--size", "65"], "even number"),
        (["--fps", "1"], "fps"),
        (["--duration", "1"], "duration"),
        (["--at", "9"], "does not fit"),
        (["--event", "3"], "there is no 3"),
        (["--weight", "0"], "weight"),
        (["--facekit", "nowhere"], "ict_facekit.npz is missing"),
        (["--rig", "nobody"], "No rig 'nobody'"),
    ],
)
def test_wrong_use_is_one_sentence_and_writes_nothing(
    command: Run, micro_file: Path, tmp_path: Path, options: list[str], sentence: str
) -> None:
    out = tmp_path / "out"
    code, _, error = command("study", "stimuli", micro_file, "--out", out, *options)
    assert code == 2
    assert sentence in error and error.count("\n") == 1
    assert not out.exists()


def test_a_take_of_no_basic_emotion_asks_for_one(command: Run, tmp_path: Path) -> None:
    path = tmp_path / "micro.take.json"
    write_take(replace(MICRO, events=(event(0.3, 0.45, 0.7, emotion=Emotion.OTHERS),)), path)
    code, _, error = command("study", "stimuli", path, "--out", tmp_path / "out")
    assert code == 2 and "--all-emotions" in error


def test_a_file_in_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="needs a folder"):
        Request(take=tmp_path / "x.take.json", out=tmp_path / "file")
