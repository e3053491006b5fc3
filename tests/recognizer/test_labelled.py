"""Samples of rendered clips: cut from onset to offset, labelled as scripted, of people whom training never shows."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from curves.errors import InputError
from curves.values import DEFAULT_AUS, Emotion
from microexpr._demo_face import draw_face
from recognizer.samples import load_sample, save_sample
from recognizer.synthetic.generate import RenderedClip, Truth
from recognizer.synthetic.labelled import SampleSettings, labelled_sample, record_samples

COUNT, FPS = 40, 60.0


def rendered(times: tuple[float, float, float] = (0.2, 0.3, 0.42), events: int = 1) -> RenderedClip:
    """A drawn face in which nothing moves, with an event of AU4 on both sides and AU12 on the left."""
    picture = np.full((256, 256, 3), 120, np.uint8)
    picture[28:228, 28:228] = draw_face(200, seed=2)
    aus = np.zeros((events, len(DEFAULT_AUS), 2), np.float32)
    aus[:, DEFAULT_AUS.index(4)] = 0.2
    aus[:, DEFAULT_AUS.index(12), 0] = 0.1
    truth = Truth(
        np.arange(COUNT) / FPS,
        np.zeros((COUNT, len(DEFAULT_AUS), 2), np.float32),
        np.ones((COUNT, len(DEFAULT_AUS)), np.float32),
        np.array([times] * events).reshape(-1, 3),
        np.array([list(Emotion).index(Emotion.SADNESS)] * events, np.int64),
        aus,
        "someone",
    )
    return RenderedClip(iter([picture] * COUNT), truth, FPS)


def test_a_sample_is_cut_from_onset_to_offset_and_labelled() -> None:
    sample = labelled_sample(rendered(), "clip", "synthetic-7")
    assert sample is not None
    assert (sample.clip, sample.dataset, sample.subject) == ("clip", "synthetic", "synthetic-7")
    assert (sample.emotion, sample.aus) == ("sadness", frozenset({4, 12}))
    # Frames 12 (0.2 s) to 26 (the first at or after 0.42 s); the apex at 0.3 s is frame 18.
    assert len(sample.times_s) == 15
    assert sample.times_s[0] == 0.0
    assert sample.times_s[-1] == pytest.approx(14 / FPS)
    assert sample.apex == 6
    assert sample.flow is not None
    assert sample.crops is not None
    assert np.median(np.abs(sample.flow)) < 0.2
    assert (sample.flow[0] == 0).mean() > 0.5 or np.abs(sample.flow[0]).max() < 0.5  # flow to itself


def test_an_event_too_short_to_see_gives_no_sample() -> None:
    assert labelled_sample(rendered((0.21, 0.22, 0.23)), "clip", "someone") is None


@pytest.mark.parametrize("events", [0, 2])
def test_a_sample_has_one_event(events: int) -> None:
    with pytest.raises(ValueError, match=f"expected one event, got {events}"):
        labelled_sample(rendered(events=events), "clip", "someone")


def test_clips_are_shared_out_evenly() -> None:
    settings = SampleSettings(clips=10, people=4)
    players = [settings.person(clip) for clip in range(10)]
    assert players == sorted(players)
    assert sorted(players.count(person) for person in range(4)) == [2, 2, 3, 3]


@pytest.mark.parametrize("wrong", [{"clips": 3, "people": 4}, {"people": 0}, {"seed": -1}, {"workers": 0}])
def test_settings_that_cannot_be_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="samples: expected"):
        SampleSettings(**wrong)  # type: ignore[arg-type]


def test_what_is_there_is_kept_and_other_settings_are_refused(tmp_path: Path) -> None:
    sample = labelled_sample(rendered(), "clip", "synthetic-0")
    assert sample is not None
    settings = SampleSettings(clips=2, people=1)
    for k in range(2):
        save_sample(replace(sample, clip=f"sample-{k:06d}"), tmp_path / f"sample-{k:06d}.safetensors")
    nowhere = tmp_path / "no kit"  # nothing is left to render, so it is not asked for
    told: list[tuple[int, int]] = []
    assert record_samples(nowhere, tmp_path, settings, lambda *at: told.append(at)) == 2
    assert told == [(2, 2)]
    assert json.loads((tmp_path / "render.json").read_text())["seed"] == 1
    assert record_samples(nowhere, tmp_path, replace(settings, workers=3), lambda *_: None) == 2
    with pytest.raises(InputError, match="other settings"):
        record_samples(nowhere, tmp_path, replace(settings, seed=2), lambda *_: None)
    assert load_sample(tmp_path / "sample-000000.safetensors").aus == frozenset({4, 12})


def test_a_wrong_kit_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"ict_facekit\.npz is missing"):
        record_samples(tmp_path, tmp_path / "out", SampleSettings(clips=1, people=1), lambda *_: None)
