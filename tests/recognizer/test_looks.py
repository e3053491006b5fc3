"""Frames between two looks of the landmark network: where the face is in them, and when they are looked at too."""

from functools import cache

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from microexpr._demo_face import draw_face
from recognizer.face import looks
from recognizer.face.looks import Seen, frames_a_look, observe
from recognizer.face.path import HeadPath
from recognizer.face.track import FaceTracker
from recognizer.video import Frame

Image = NDArray[np.uint8]
RATE = 30.0


@cache
def scene(seed: int = 2) -> Image:
    canvas = np.full((360, 640, 3), 120, np.uint8)
    canvas[30:330, 150:450] = draw_face(300, seed=seed)
    return canvas


def shifted(x: float, y: float = 0.0, *, seed: int = 2) -> Image:
    return cv2.warpAffine(scene(seed), np.array([[1.0, 0.0, x], [0.0, 1.0, y]]), (640, 360), borderValue=(120,) * 3)


def nod(i: int) -> tuple[float, float]:
    """A nod of 1 Hz and 4 % of the face's width."""
    return 6.0 * np.sin(2 * np.pi * i / RATE), 3.0 * np.cos(2 * np.pi * i / RATE)


def seen_in(pictures: list[Image], times: list[float] | None = None) -> list[Seen | None]:
    times = times or [i / RATE for i in range(len(pictures))]
    frames = [Frame(i, t, picture) for i, (t, picture) in enumerate(zip(times, pictures, strict=True))]
    found = list(observe(frames, FaceTracker(), RATE))
    assert [t for t, _ in found] == times
    return [seen for _, seen in found]


def looked(seen: list[Seen | None]) -> list[bool]:
    return [face is not None and face.looked for face in seen]


@pytest.fixture(autouse=True)
def _nothing_to_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "LEARN_S", 0.0)


def test_a_dozen_looks_a_second_at_least_and_slow_videos_are_looked_at_whole() -> None:
    assert [frames_a_look(rate) for rate in (10, 15, 24000 / 1001, 25, 30, 60, 100, 200, 1000)] == [
        *[1, 1, 2, 2, 2, 3, 5, 8, 8]
    ]
    assert all(rate / frames_a_look(rate) >= 11.9 for rate in np.linspace(12, 1000, 300))


def test_the_first_second_gives_the_looks_that_the_shape_is_learned_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "LEARN_S", 1.0)
    for rate in (24, 25, 30, 60, 100, 120):
        assert rate / frames_a_look(rate, learning=True) >= looks.LEARN_LOOKS


def test_a_nodding_head_is_where_a_look_at_every_frame_sees_it() -> None:
    pictures = [shifted(*nod(i)) for i in range(24)]
    seen = seen_in(pictures)
    assert sum(looked(seen)) <= 14
    tracker = FaceTracker()
    for i, (picture, face) in enumerate(zip(pictures, seen, strict=True)):
        dense = tracker.update(picture)
        assert dense is not None
        assert face is not None
        away = (face.points[:, :2] + face.corner - dense.points[:, :2]).mean(axis=0)
        assert np.hypot(*away) < 1.0, i  # in pixels of a face 160 wide, before the path is smoothed


@pytest.mark.parametrize("lost", [9, 10, 11])
def test_a_face_gone_for_one_frame_is_not_bridged(lost: int) -> None:
    seen = seen_in([np.full_like(scene(), 120) if i == lost else scene() for i in range(20)])
    assert seen[lost] is None
    back = next(face for face in seen[lost + 1 :] if face is not None)
    assert back.fresh
    assert all(face is not None for face in seen[:lost])


@pytest.mark.parametrize("other", [9, 10])
def test_another_picture_for_one_frame_is_looked_at(other: int) -> None:
    hand = scene().copy()
    hand[200:330, 200:400] = (150, 110, 90)
    seen = seen_in([hand if i == other else scene() for i in range(20)])
    assert looked(seen)[other] or seen[other] is None
    assert not all(looked(seen))


@pytest.mark.parametrize("start", [11, 12])
def test_a_start_of_the_head_is_looked_at_frame_by_frame(start: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "_LEAST_ALIKE", -1.0)  # the path alone must tell
    seen = seen_in([shifted(0.0 if i < start else 14.0) for i in range(20)])
    assert all(looked(seen)[11:13])
    assert not all(looked(seen))


def test_a_pause_between_frames_is_not_bridged() -> None:
    times = [i / RATE + (0.2 if i >= 10 else 0.0) for i in range(20)]
    seen = seen_in([scene()] * 20, times)
    assert all(looked(seen)[9:11])
    assert not all(looked(seen))


def face(time_s: float, *, seen: bool = True, fresh: bool = False) -> Seen:
    return Seen(time_s, np.zeros((1, 1), np.uint8), (0, 0), np.zeros((468, 3)), fresh, seen)


def drawn(faces: list[Seen], places: list[float]) -> list[tuple[float, float]]:
    path, out = HeadPath(), []
    for seen, place in zip(faces, places, strict=True):
        out += path.add(seen, np.array([place]) if seen.looked else None)
    return [(seen.time_s, float(place[0])) for seen, place in [*out, *path.rest()]]


@given(st.lists(st.floats(-2, 2), min_size=4, max_size=4), st.integers(2, 8))
def test_a_smooth_path_is_drawn_through_the_looks(cubic: list[float], stride: int) -> None:
    times = np.arange(6 * stride + 1) / (6 * stride)
    true = np.polyval(cubic, times)
    out = drawn([face(t, seen=i % stride == 0) for i, t in enumerate(times)], true.tolist())
    assert [t for t, _ in out] == times.tolist()
    inner = slice(stride, -stride)  # in the first and last span one look is missing
    assert np.allclose(np.array(out)[inner, 1], true[inner], atol=1e-9)
    assert np.allclose(np.array(out)[::stride, 1], true[::stride])


def test_nothing_is_drawn_across_a_fresh_look() -> None:
    faces = [face(t, seen=t % 2 == 0, fresh=t in (0, 9)) for t in range(7)] + [
        face(9, fresh=True),
        face(10, seen=False),
    ]
    places = [0.0] * 7 + [50.0, 50.0]
    out = drawn([*faces, face(11)], [*places, 50.0])
    assert [t for t, _ in out] == [0, 1, 2, 3, 4, 5, 6, 9, 10, 11]
    assert [place for _, place in out] == [0.0] * 7 + [50.0] * 3
