"""Long recordings of a set become motion clips with their labelled expressions."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from look_alike import face_painter
from look_alike_long import samm_lv

from curves.errors import InputError
from curves.values import DEFAULT_AUS, Interval
from recognizer.clips import load_clip
from recognizer.datasets import read_datasets
from recognizer.datasets.labels import Dataset, LongVideo
from recognizer.recordings import clip_of, prepare_recordings


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    root = samm_lv(tmp_path_factory.mktemp("samm_lv"), face_painter(size=240))
    (found,) = read_datasets(root, "samm_lv")
    return replace(found, videos=tuple(map(_slower, found.videos)))


def _slower(video: LongVideo) -> LongVideo:
    """At 25 instead of 200 frames a second: 20 frames of a look-alike would be too short to follow a face in."""
    slow = [replace(one, time=Interval(one.time.start_s * 8, one.time.end_s * 8)) for one in video.intervals]
    return replace(video, fps=25.0, intervals=tuple(slow))


@pytest.mark.slow
def test_a_recording_holds_all_its_expressions(data: Dataset, tmp_path: Path) -> None:
    prepared = prepare_recordings(data, tmp_path, lambda *_: None)
    assert not prepared.problems
    assert len(prepared.clips) == len(data.videos)
    clips = {load_clip(path).identity: load_clip(path) for path in prepared.clips}
    clip, video = clips["samm_lv/006"], next(video for video in data.videos if video.subject == "006")
    assert clip.fps == video.fps == 25
    assert clip.times_s == pytest.approx(np.arange(40) / 25)
    assert clip.event_macro is not None
    assert clip.event_macro.tolist() == [interval.kind == "macro" for interval in video.intervals]
    micro = int(np.flatnonzero(~clip.event_macro)[0])
    assert clip.onset_apex_offset[micro] == pytest.approx([9 / 25, 14 / 25, 20 / 25])  # frames 10, 15, 20
    assert [DEFAULT_AUS[i] for i in np.flatnonzero(clip.event_au[micro].max(axis=1))] == [12]
    assert np.abs(clip.flow).max() > 0.3  # the painter moves the mouth
    # A second run makes nothing again.
    before = [path.stat().st_mtime_ns for path in prepared.clips]
    again = prepare_recordings(data, tmp_path, lambda *_: None)
    assert [path.stat().st_mtime_ns for path in again.clips] == before


def test_what_cannot_be_followed_is_a_problem_of_that_recording_alone(data: Dataset, tmp_path: Path) -> None:
    video = data.videos[0]
    broken = tmp_path / video.frames[3].name
    broken.write_bytes(b"no picture")
    frames = (*video.frames[:3], broken, *video.frames[4:])
    with pytest.raises(InputError, match="not a picture that can be read"):
        clip_of(replace(video, frames=frames))


def test_an_expression_without_apex_has_it_in_its_middle_and_says_so(data: Dataset) -> None:
    video = next(video for video in data.videos if video.subject == "007")
    without = replace(video, intervals=tuple(replace(one, apex_frame=None, aus=None) for one in video.intervals))
    clip, notes = clip_of(without)
    onset, apex, offset = clip.onset_apex_offset.T
    assert apex == pytest.approx((onset + offset) / 2)
    assert not clip.event_au.any()
    assert any("have no apex" in note for note in notes)
