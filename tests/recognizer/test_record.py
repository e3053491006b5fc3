"""Rendering clips in processes: what goes wrong is told at once, and clips of another scene are not taken."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from curves.errors import FormatError, InputError, MicroExprError
from recognizer.clips import ClipRecord, clip_scene, load_clip, save_clip
from recognizer.synthetic.record import RecordSettings, record_clips, run_all, scene_digest
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


def pool(workers: int = 1) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"))


def test_a_wrong_kit_is_told_before_any_process_starts(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    with pytest.raises(InputError, match=r"ict_facekit\.npz is missing"):
        record_clips(tmp_path, tmp_path / "out", RecordSettings(clips=3), lambda *at: told.append(at))
    assert told == [(0, 3)]


def test_a_process_that_dies_is_told_in_a_sentence() -> None:
    with pytest.raises(MicroExprError, match="ended before its time"):
        run_all(pool(), os._exit, range(3, 1000), lambda _: None)


def test_all_items_are_done_once_and_counted() -> None:
    told: list[int] = []
    run_all(pool(), abs, range(300), told.append)
    assert told[-1] == 300
    assert told == sorted(set(told))


def test_an_error_of_the_work_comes_through() -> None:
    with pytest.raises(ValueError, match="negative shift count"):
        run_all(pool(), (1).__lshift__, iter(range(-1, 10**9)), lambda _: None)


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
