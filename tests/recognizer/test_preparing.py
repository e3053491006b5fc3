"""From pictures to samples: the motion that was drawn is found, nothing is made twice, what fails is told."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import look_alike
import look_alike_long
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from curves.values import Side
from recognizer import preparing
from recognizer.datasets import Dataset, read_datasets
from recognizer.datasets.labels import AUMark, Code, Kind, LabelledClip
from recognizer.preparing import Prepared, kept_frames, prepare, sample_of

COUNT = 7


def write_clip(
    folder: Path, name: str = "EP01", pictures: Sequence[NDArray[np.uint8]] | None = None, count: int = COUNT
) -> LabelledClip:
    """A clip of the drawn face smiling on its left, or of ``pictures``."""
    paint = look_alike.face_painter(12, Side.LEFT)
    shown = pictures if pictures is not None else [paint("clip", i, count) for i in range(count)]
    (folder / name).mkdir(parents=True)
    frames = tuple(folder / name / f"img{i + 3}.png" for i in range(len(shown)))
    for path, picture in zip(frames, shown, strict=True):
        path.write_bytes(look_alike.encode(picture, ".png"))
    numbers = tuple(range(3, 3 + len(shown)))
    aus = (AUMark(12, Side.LEFT), AUMark(29, code=Code.DESCRIPTOR))
    return LabelledClip(
        "casme2", name, "sub01", frames, numbers, 200.0, apex=min(3, len(shown) - 1), aus=aus, emotion="happiness"
    )


def dataset(*clips: LabelledClip) -> Dataset:
    return Dataset("casme2", "CASME II", Path(), len(clips), clips)


def quiet(data: Dataset, cache: Path, **options: int) -> Prepared:
    return prepare(data, cache, lambda done, total: None, **options)


@given(st.integers(2, 500), st.integers(0, 499), st.integers(3, 64))
def test_kept_frames_are_spread_evenly_and_hold_the_apex(count: int, apex: int, most: int) -> None:
    apex = apex % count
    kept = kept_frames(count, apex or None, most)
    assert len(kept) == min(count, most)
    assert (np.diff(kept) > 0).all()
    assert kept[0] == 0
    assert kept[-1] == count - 1
    assert apex in kept
    assert np.diff(kept).max() <= 2 * np.ceil(count / (len(kept) - 1))


def test_a_sample_shows_the_motion_that_was_drawn_and_the_labels(tmp_path: Path) -> None:
    clip = write_clip(tmp_path)
    sample, notes = sample_of(clip)
    assert notes == ()
    assert (sample.clip, sample.dataset, sample.subject, sample.emotion) == ("EP01", "casme2", "sub01", "happiness")
    assert sample.aus == {12}  # a descriptor is no AU
    assert sample.apex == 3
    np.testing.assert_allclose(sample.times_s, np.arange(COUNT) / 200)
    assert sample.flow is not None
    assert sample.crops is not None
    assert sample.flow.shape == (COUNT, 2, 56, 56)
    assert sample.crops.shape == (COUNT, 112, 112)
    moved = np.linalg.norm(sample.flow.astype(np.float64), axis=1)
    assert moved[0].max() < 0.05  # from the first frame to itself
    corner = {"left": moved[:, 38:48, 32:42], "right": moved[:, 38:48, 14:24]}  # the subject's: mirrored in the picture
    assert corner["left"][3].max() > 1.0
    assert corner["left"][3].max() > 3 * corner["right"][3].max()
    assert corner["left"][3].max() > 3 * corner["left"][-1].max()  # it comes back
    assert sample.flow[3, 1, 38:48, 32:42].min() < -0.5  # up, as a smile goes


def test_nothing_is_made_twice_and_changes_are_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clips = [write_clip(tmp_path, name, count=4) for name in ("EP01", "EP02")]
    made: list[str] = []
    make = preparing.sample_of

    def counted(clip: LabelledClip) -> object:
        made.append(clip.clip)
        return make(clip)

    monkeypatch.setattr(preparing, "sample_of", counted)
    cache = tmp_path / "cache"
    steps: list[tuple[int, int]] = []
    first = prepare(dataset(*clips), cache, lambda done, total: steps.append((done, total)))
    assert made == ["EP01", "EP02"]
    assert steps == [(0, 2), (1, 2), (2, 2)]
    assert [sample.clip for sample in first.samples] == ["EP01", "EP02"]
    again = quiet(dataset(*clips), cache)
    assert made == ["EP01", "EP02"]
    np.testing.assert_array_equal(again.samples[0].flow, first.samples[0].flow)
    next((cache / "casme2").glob("EP02-*")).unlink()  # as if broken off before it
    (cache / "casme2" / "EP02-0.safetensors.part").write_bytes(b"half")
    quiet(dataset(*clips), cache)
    assert made == ["EP01", "EP02", "EP02"]
    relabelled = replace(clips[0], emotion="disgust")
    assert quiet(dataset(relabelled), cache).samples[0].emotion == "disgust"
    clips[1].frames[1].write_bytes(clips[1].frames[2].read_bytes())
    quiet(dataset(clips[1]), cache)
    assert made == ["EP01", "EP02", "EP02", "EP01", "EP02"]


def test_clips_that_cannot_be_prepared_are_problems_not_silence(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    good = write_clip(tmp_path, "good", count=4)
    faceless = write_clip(tmp_path, "faceless", [random.integers(0, 255, (120, 120, 3), np.uint8)] * 4)
    broken, other_size, gone = (write_clip(tmp_path, name, count=4) for name in ("broken", "other", "gone"))
    broken.frames[2].write_bytes(b"no picture")
    other_size.frames[2].write_bytes(look_alike.encode(np.zeros((10, 10, 3), np.uint8), ".png"))
    gone.frames[2].unlink()
    macro = replace(good, clip="macro", kind=Kind.MACRO)
    prepared = quiet(dataset(faceless, broken, good, other_size, gone, macro), tmp_path / "cache")
    assert [sample.clip for sample in prepared.samples] == ["good"]
    told = {problem.key.split()[-1]: problem.text for problem in prepared.problems}
    assert "No face was found" in told["faceless"]
    assert "is not a picture" in told["broken"]
    assert "another size" in told["other"]
    assert "cannot be read" in told["gone"]
    assert len(prepared.problems) == 4


def test_macro_expressions_are_prepared_on_request(tmp_path: Path) -> None:
    clip = replace(write_clip(tmp_path, count=3), kind=Kind.MACRO)
    assert quiet(dataset(clip), tmp_path / "cache").samples == []
    assert len(prepare(dataset(clip), tmp_path / "cache", lambda *_: None, kind=None).samples) == 1


def test_face_lost_at_the_onset_or_on_the_way(tmp_path: Path) -> None:
    paint = look_alike.face_painter()
    shown = [paint("clip", i, 6) for i in range(6)]
    empty = np.full_like(shown[0], 90)
    late = write_clip(tmp_path, "late", [empty, empty, *shown])
    lost = write_clip(tmp_path, "lost", [*shown[:3], empty, empty, *shown[3:]])
    prepared = quiet(dataset(late, lost), tmp_path / "cache")
    (problem,) = prepared.problems
    assert "No face was found in the onset frame" in problem.text
    (sample,) = prepared.samples
    assert len(sample.times_s) < 8
    assert sample.apex is None  # frame 3, which shows no face
    assert sample.times_s[-1] == pytest.approx(7 / 200)
    assert [note.key for note in prepared.notes] == ["casme2 lost"] * 2
    assert "left out" in prepared.notes[0].text


def test_tight_crops_get_a_border_to_find_the_face_in(tmp_path: Path) -> None:
    paint = look_alike.face_painter(size=480, peak=0.6)
    # Brows to lips, cheek to cheek: so little that the detector finds nothing in it as it is.
    pictures = [np.ascontiguousarray(paint("clip", i, 5)[148:338, 171:313]) for i in range(5)]
    sample, notes = sample_of(write_clip(tmp_path, "tight", pictures))
    assert "grey border" in notes[0]
    assert sample.flow is not None
    moved = np.linalg.norm(sample.flow.astype(np.float64), axis=1)[2]
    assert moved[38:48, 32:42].max() > 2 * moved[38:48, 14:24].max()


def test_flow_images_become_samples_of_one_frame(tmp_path: Path) -> None:
    (data,) = read_datasets(look_alike.threedb(tmp_path))
    data.images[1].path.write_bytes(look_alike.encode(np.zeros((20, 28, 3), np.uint8), ".png"))
    prepared = quiet(data, tmp_path / "cache")
    assert [sample.subject for sample in prepared.samples] == ["006", "sub01", "sub01"]
    sample = prepared.samples[0]
    assert (sample.flow, sample.crops, sample.aus, sample.emotion) == (None, None, None, "positive")
    assert sample.onset_apex is not None
    stored = cv2.imread(str(data.images[0].path))[..., ::-1]  # OpenCV's order is blue, green, red
    np.testing.assert_allclose(sample.onset_apex, stored.transpose(2, 0, 1) / 255, atol=1e-6)
    assert "28x20, not 28x28" in prepared.problems[0].text


@pytest.mark.slow
def test_a_look_alike_tree_becomes_samples_in_two_processes(tmp_path: Path) -> None:
    (data,) = read_datasets(look_alike_long.fourdme(tmp_path, look_alike.face_painter()))
    side_by_side = quiet(data, tmp_path / "two", workers=2)
    alone = quiet(data, tmp_path / "one")
    assert side_by_side.problems == alone.problems == []
    assert [sample.clip for sample in alone.samples] == ["01/c01", "01/c02", "02/c01", "02/c02"]
    for one, two in zip(alone.samples, side_by_side.samples, strict=True):
        assert one.clip == two.clip
        np.testing.assert_array_equal(one.crops, two.crops)
        np.testing.assert_array_equal(one.flow, two.flow)
