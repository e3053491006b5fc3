"""Motion given to another face: it lands where that face has the place, as strong, and never crosses the split."""

from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curves.errors import InputError, NoFaceError
from curves.values import DEFAULT_AUS
from microexpr._demo_face import draw_face
from microexpr.sample import demo_landmarks
from recognizer.face.align import CROP, canonical_face, crop_face, face_mask, fit_camera, head_shape, stability
from recognizer.face.motion import GRID, FlowMeter
from recognizer.samples import Sample
from recognizer.synthetic.warp import displacement_field, warp_image
from recognizer.systems import Example
from recognizer.transfer import carry, draw_pairs, face_points, generated_examples, transfer

ON_FACE = face_mask(GRID) > 0.5
FRAMES = 5


def points() -> np.ndarray:
    return canonical_face()[:, :2].copy()


def motion(au: int, strength: float = 0.4, at: np.ndarray | None = None) -> np.ndarray:
    """(5, 2, 56, 56): an AU that rises and falls on the canonical face."""
    amounts = np.zeros((len(DEFAULT_AUS), 2))
    amounts[DEFAULT_AUS.index(au)] = strength
    full = displacement_field(points() if at is None else at, amounts, (CROP, CROP))
    peak = cv2.resize(full, (GRID, GRID), interpolation=cv2.INTER_AREA).transpose(2, 0, 1)
    return np.sin(np.linspace(0.0, np.pi, FRAMES))[:, None, None, None] * peak


def drawn_crop(seed: int, stretch: float = 1.0) -> np.ndarray:
    """The drawn face in the aligned crop; ``stretch``: of all below the eyes, for another person."""
    landmarks = np.column_stack([demo_landmarks(360), np.zeros(468)])
    shape = head_shape(landmarks[None])
    crop = crop_face(draw_face(360, seed=seed), fit_camera(shape.points, landmarks, stability()), shape)
    xs, ys = np.meshgrid(np.arange(CROP, dtype=np.float32), np.arange(CROP, dtype=np.float32))
    return cv2.remap(crop, xs, np.where(ys > 38, 38 + (ys - 38) / stretch, ys).astype(np.float32), cv2.INTER_LINEAR)


def sample(clip: str, subject: str, au: int, crop: np.ndarray, flow: np.ndarray | None = None) -> Sample:
    moved = motion(au) if flow is None else flow
    full = [cv2.resize(f.transpose(1, 2, 0).astype(np.float32), (CROP, CROP)) for f in moved]
    crops = np.stack([warp_image(crop, field) for field in full])
    times, flow16 = np.arange(FRAMES) / 100, moved.astype(np.float16)
    return Sample(clip, "set", subject, f"emotion{au}", frozenset({au}), times, 2, flow16, crops)


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a[..., ON_FACE].ravel().astype(float), b[..., ON_FACE].ravel().astype(float))[0, 1])


def measured(crops: np.ndarray) -> np.ndarray:
    return FlowMeter(crops[0]).to(crops[2])[0]


@pytest.mark.parametrize("au", [1, 4, 12, 17])
def test_given_to_its_own_face_the_motion_comes_back(au: int) -> None:
    driver = sample("a", "s", au, drawn_crop(1))
    made = transfer(driver, driver)
    assert driver.flow is not None
    assert made.flow is not None
    assert made.crops is not None
    assert correlation(made.flow[2], driver.flow[2]) > 0.95
    seen, real = measured(made.crops), driver.flow[2].astype(float)
    assert correlation(seen, real) > 0.9
    strength = np.hypot(*seen[:, ON_FACE]).mean() / np.hypot(*real[:, ON_FACE]).mean()
    assert 0.8 < strength < 1.2
    np.testing.assert_array_equal(made.crops[0], driver.crops[0] if driver.crops is not None else None)


def test_motion_lands_where_the_other_face_has_its_mouth() -> None:
    lower = points()
    lower[lower[:, 1] > 38, 1] = 38 + 1.2 * (lower[lower[:, 1] > 38, 1] - 38)
    flow = motion(12)
    there = carry(flow, points(), lower)[2]
    heights = [np.hypot(*field)[:, :].sum(axis=1) for field in (flow[2], there)]
    rows = [float((h * np.arange(GRID)).sum() / h.sum()) for h in heights]
    expected = (38.5 + 1.2 * (2 * rows[0] + 0.5 - 38.5)) / 2 - 0.25
    assert rows[1] == pytest.approx(expected, abs=0.8)
    assert rows[1] > rows[0] + 2
    assert np.abs(there[1]).sum() / np.abs(flow[2][1]).sum() > 1.15  # a longer face moves further


def test_a_face_of_another_shape_is_found_in_its_crop() -> None:
    short, long = (face_points(sample("a", "s", 12, drawn_crop(2, stretch))) for stretch in (1.0, 1.15))
    assert np.abs(short - points()).mean() < 5
    mouth = [13, 14, 61, 291]
    assert long[mouth, 1].mean() - short[mouth, 1].mean() > 3


def test_no_motion_stays_no_motion() -> None:
    still = sample("a", "s", 12, drawn_crop(3), np.zeros((FRAMES, 2, GRID, GRID)))
    made = transfer(still, sample("b", "t", 4, drawn_crop(4, 1.1)))
    assert made.flow is not None
    assert made.crops is not None
    assert not made.flow.any()
    assert (made.crops == made.crops[0]).all()


def test_labels_times_and_subject() -> None:
    driver, target = sample("a", "s", 12, drawn_crop(1)), sample("b", "t", 4, drawn_crop(2))
    made = transfer(driver, target)
    assert (made.emotion, made.aus, made.apex) == (driver.emotion, driver.aus, driver.apex)
    assert (made.subject, made.dataset) == ("t", "set")
    np.testing.assert_array_equal(made.times_s, driver.times_s)
    assert made.clip not in ("a", "b")
    assert transfer(driver, target, crops=False).crops is None


def flows_only(subjects: Sequence[str]) -> list[Example]:
    """Examples without pictures: faces in the canonical shape, no landmark network."""
    flow = motion(12, 0.1).astype(np.float16)
    times = np.arange(FRAMES) / 100
    samples = [Sample(f"c{i}", "set", s, "x", None, times, None, flow) for i, s in enumerate(subjects)]
    return [Example(sample, i % 3, np.array([i % 2 == 0])) for i, sample in enumerate(samples)]


@pytest.mark.slow
@settings(max_examples=30)
@given(st.lists(st.sampled_from("abcdef"), min_size=2, max_size=14), st.integers(0, 5), st.integers(0, 9))
def test_subjects_never_cross_the_split(subjects: list[str], cut: int, seed: int) -> None:
    """What is made for a training part names only its clips and subjects, whatever the split."""
    held_out = set("abcdef"[:cut])
    train = [example for example in flows_only(subjects) if example.sample.subject not in held_out]
    most = sum(a.sample.subject != b.sample.subject for a in train for b in train)
    made = generated_examples(train, min(most, 4), seed)
    assert len(made) == min(most, 4)
    clips = {example.sample.clip for example in train}
    for example in made:
        driver, target = (part.removeprefix("set/") for part in example.sample.clip.split(" on "))
        assert {driver, target} <= clips
        assert example.sample.subject not in held_out
        assert example.generated
        source = next(e for e in train if e.sample.clip == driver)
        assert example.label == source.label
        assert example.sample.subject == next(e.sample.subject for e in train if e.sample.clip == target)
        assert example.sample.subject != source.sample.subject


@given(subjects=st.lists(st.sampled_from("abcd"), max_size=9), seed=st.integers(0, 99))
def test_every_pair_of_different_subjects_comes_once(subjects: list[str], seed: int) -> None:
    keys = [("set", subject) for subject in subjects]
    every = {(i, j) for i, a in enumerate(subjects) for j, b in enumerate(subjects) if a != b}
    assert len(every) <= len(keys) ** 2 - len(keys) + (not keys)
    drawn = draw_pairs(keys, len(every), seed)
    assert len(drawn) == len(every)
    assert set(drawn) == every
    with pytest.raises(InputError, match="ask for fewer"):
        draw_pairs(keys, len(every) + 1, seed)


def test_a_subject_belongs_to_its_dataset() -> None:
    assert set(draw_pairs([("casme2", "1"), ("samm", "1")], 2, 0)) == {(0, 1), (1, 0)}


def test_the_seed_decides() -> None:
    keys = [("set", str(i)) for i in range(20)]
    assert draw_pairs(keys, 30, 1) == draw_pairs(keys, 30, 1)
    assert draw_pairs(keys, 30, 1) != draw_pairs(keys, 30, 2)
    a, b = (generated_examples(flows_only("abc"), 3, 5) for _ in range(2))
    assert [e.sample.clip for e in a] == [e.sample.clip for e in b]


def test_what_cannot_be_used_is_said() -> None:
    examples = flows_only("ab")
    made = generated_examples(examples, 2, 0)
    with pytest.raises(ValueError, match="generated ones among"):
        generated_examples([*examples, *made], 1, 0)
    with pytest.raises(ValueError, match="0 or more"):
        draw_pairs([("set", "a")], -1, 0)
    bare = Sample("a", "set", "s", "x", None, np.zeros(1))
    with pytest.raises(InputError, match="no flow"):
        transfer(bare, bare)


def test_a_crop_without_a_face_gives_no_pair_and_is_named() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (CROP, CROP)).astype(np.uint8)
    blank = sample("blank", "u", 4, noise)
    with pytest.raises(NoFaceError, match="set/blank"):
        face_points(blank)
    real = [Example(sample(f"c{i}", f"s{i}", 12, drawn_crop(i)), 0) for i in range(2)]
    said: list[str] = []
    made = generated_examples([*real, Example(blank, 0)], 2, 0, progress=said.append)
    assert not any("blank" in example.sample.clip for example in made)
    assert len(said) == 1
