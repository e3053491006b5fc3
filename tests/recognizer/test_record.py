"""Rendering clips in processes: what goes wrong is told at once, and clips of another scene are not taken."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from curves.errors import FormatError, InputError
from microexpr._demo_face import draw_face
from recognizer.clips import ClipRecord, clip_scene, load_clip, save_clip
from recognizer.synthetic.generate import RenderedClip, Truth
from recognizer.synthetic.record import RecordSettings, record_clip, record_clips, scene_digest
from recognizer.synthetic.scenario import SceneSettings


def clip(scene: str = "") -> ClipRecord:
    return ClipRecord(
        np.arange(2) / 25,
        np.zeros((2, 2, 56, 56), np.float16),
        np.zeros((2, 19, 2), np.float32),
        np.zeros((0, 3)),
        np.zeros(0, np.int64),
        np.zeros((0, 19, 2), np.float32),
        "someone",
        0,
        25.0,
        scene=scene,
    )


def test_a_wrong_kit_is_told_before_any_process_starts(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    with pytest.raises(InputError, match=r"ict_facekit\.npz is missing"):
        record_clips(tmp_path, tmp_path / "out", RecordSettings(clips=3), lambda *at: told.append(at))
    assert told == [(0, 3)]


def test_frames_are_drawn_in_the_thread_that_asks_for_the_clip() -> None:
    """An OpenGL context belongs to one thread; following the face reads its frames in another."""
    count, drawn_in = 20, set()
    picture = np.full((256, 256, 3), 120, np.uint8)
    picture[28:228, 28:228] = draw_face(200, seed=2)

    def frames() -> Iterator[np.ndarray]:
        for _ in range(count):
            drawn_in.add(threading.get_ident())
            yield picture

    still = clip()
    truth = Truth(
        np.arange(count) / 25,
        np.zeros((count, 19, 2), np.float32),
        np.ones((count, 19), np.float32),
        still.onset_apex_offset,
        still.event_emotion,
        still.event_au,
        "someone",
    )
    record = record_clip(RenderedClip(frames(), truth, 25.0), seed=3)
    assert drawn_in == {threading.get_ident()}
    assert record is not None
    assert record.flow.shape == (count, 2, 56, 56)
    assert np.median(np.abs(record.flow)) < 0.2


@pytest.mark.parametrize("name", ["clips", "clips_per_person", "workers"])
def test_settings_count_from_one(name: str) -> None:
    with pytest.raises(ValueError, match=f"clips {name}: expected at least 1"):
        RecordSettings(**{name: 0})


def test_clips_of_another_scene_are_not_taken(tmp_path: Path) -> None:
    settings = RecordSettings(clips=2, scene=SceneSettings(speech=0.1))
    nowhere = tmp_path / "no kit"  # nothing is left to render, so it is not asked for
    save_clip(clip(), tmp_path / "clip-000000.safetensors")
    save_clip(clip(scene_digest(settings)), tmp_path / "clip-000001.safetensors")
    assert record_clips(nowhere, tmp_path, settings, lambda *_: None) == 2
    for other in (replace(settings, scene=SceneSettings()), replace(settings, clips_per_person=1)):
        with pytest.raises(InputError, match=r"clip-000001\.safetensors was rendered with another"):
            record_clips(nowhere, tmp_path, other, lambda *_: None)
    assert record_clips(nowhere, tmp_path, replace(settings, workers=9), lambda *_: None) == 2


def test_a_clip_keeps_the_digest_of_its_scene(tmp_path: Path) -> None:
    save_clip(clip("0123456789abcdef"), tmp_path / "a.safetensors")
    assert clip_scene(tmp_path / "a.safetensors") == load_clip(tmp_path / "a.safetensors").scene == "0123456789abcdef"
    save_clip(clip(), tmp_path / "b.safetensors")
    assert clip_scene(tmp_path / "b.safetensors") == load_clip(tmp_path / "b.safetensors").scene == ""
    (tmp_path / "c.safetensors").write_bytes(b"nonsense")
    with pytest.raises(FormatError, match="no usable training clip"):
        clip_scene(tmp_path / "c.safetensors")
