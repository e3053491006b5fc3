"""Finding and following faces: sizes, turns, losses, several of them, none."""

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from curves.errors import InputError, NoFaceError
from curves.values import Interval
from microexpr._demo_face import draw_face
from microexpr.sample import demo_landmarks
from recognizer.face import stream, track
from recognizer.face.align import canonical_face, crop_face, drift, fit_camera, head_shape, stability
from recognizer.face.clip import FaceClip, follow_face
from recognizer.face.detect import FaceDetector
from recognizer.face.neutral import frames_at_rest, most_central
from recognizer.face.prior import keypoints, prior_map
from recognizer.face.track import FaceTracker
from recognizer.video import open_video, write_video

Image = NDArray[np.uint8]
SIZE = 240


@cache
def face(size: int = SIZE) -> Image:
    return draw_face(size, seed=2)


def grey(width: int, height: int) -> Image:
    return np.full((height, width, 3), 120, np.uint8)


def placed(*faces: tuple[int, int, int], width: int = 640, height: int = 360) -> Image:
    """Drawn faces (size, left, top) on grey."""
    canvas = grey(width, height)
    for size, left, top in faces:
        canvas[top : top + size, left : left + size] = face(size)
    return canvas


def followed(folder: Path, frames: list[Image], *, fps: int = 25, rank: int | None = None) -> FaceClip:
    folder = folder / f"face-{rank}"
    folder.mkdir()
    write_video(folder / "a.mp4", frames, fps, crf=16)
    with open_video(folder / "a.mp4") as video:
        return follow_face(video, folder, face=rank, progress=lambda _: None)


@pytest.mark.parametrize("turn_deg", [-25, 0, 25])
def test_landmarks_lie_on_the_drawn_features_at_any_roll(turn_deg: int) -> None:
    turn = cv2.getRotationMatrix2D((320, 180), turn_deg, 1.0)
    picture = cv2.warpAffine(placed((300, 170, 30)), turn, (640, 360), borderMode=cv2.BORDER_REPLICATE)
    seen = FaceTracker().update(picture)
    assert seen is not None
    true = (demo_landmarks(300)[:, :2] + (170, 30)) @ turn[:, :2].T + turn[:, 2]
    corners = [33, 133, 362, 263, 61, 291]
    eyes = np.linalg.norm(true[33] - true[263])
    assert np.linalg.norm(seen.points[corners, :2] - true[corners], axis=1).max() < 0.08 * eyes


def test_a_small_face_in_a_wide_picture_is_found_in_tiles() -> None:
    assert len(FaceDetector().detect(placed((110, 900, 300), width=1280, height=720))) == 1


def test_the_largest_face_is_followed_unless_another_is_asked_for(tmp_path: Path) -> None:
    frames = [placed((180, 40, 90), (300, 320, 40))] * 8
    largest = followed(tmp_path, frames)
    second = followed(tmp_path, frames, rank=2)
    assert largest.cameras[0, 0, 3] > 300 > second.cameras[0, 0, 3]
    assert "2 faces" in largest.notes[0]
    assert "the largest" in largest.notes[0]
    assert "number 2" in second.notes[0]
    with pytest.raises(InputError, match="only 2 can be seen"):
        followed(tmp_path, frames, rank=3)
    with pytest.raises(InputError, match="counts from 1"):
        FaceTracker(0)


def test_a_gap_is_named_and_nothing_bridges_it(tmp_path: Path) -> None:
    shown, empty = placed((300, 150, 30)), grey(640, 360)
    clip = followed(tmp_path, [*[shown] * 12, *[empty] * 10, *[shown] * 12])
    (gap,) = clip.no_face
    assert gap.start_s == pytest.approx(12 / 25)
    assert 22 / 25 <= gap.end_s <= 24 / 25
    assert len(clip.runs) == 2
    assert clip.times_s[clip.runs[0].stop - 1] < gap.start_s
    assert clip.times_s[clip.runs[1].start] >= gap.end_s - 1e-9


def test_a_face_for_a_moment_is_no_face(tmp_path: Path) -> None:
    shown, empty = placed((300, 150, 30)), grey(640, 360)
    clip = followed(tmp_path, [shown] * 2 + [empty] * 10 + [shown] * 12)
    assert len(clip.runs) == 1
    assert clip.no_face[0].start_s == 0.0


def test_no_face_at_all_says_so(tmp_path: Path) -> None:
    with pytest.raises(NoFaceError, match=r"No face was found in the 10 frames of .*a\.mp4"):
        followed(tmp_path, [grey(320, 240)] * 10)


def test_neutral_is_not_the_most_frequent_face(tmp_path: Path) -> None:
    """A mouth that stands open for most of the clip is not taken for rest."""
    closed, opened = placed((300, 150, 30)), placed((300, 150, 30)).copy()
    middle = demo_landmarks(300)[[13, 14]].mean(axis=0)[:2] + np.array([150, 30])
    cv2.ellipse(opened, tuple(middle.astype(int).tolist()), (26, 18), 0, 0, 360, (60, 20, 20), -1, cv2.LINE_AA)
    clip = followed(tmp_path, [*[closed] * 10, *[opened] * 30])
    assert most_central(clip, frames_at_rest(clip)) < 10


def test_the_camera_is_exact_without_outliers_and_robust_with_them() -> None:
    random = np.random.default_rng(0)
    shape = canonical_face()
    true = np.array([[1.5, -0.3, 0.1, 200.0], [0.3, 1.4, -0.2, 90.0]])
    points = np.column_stack([shape, np.ones(468)]) @ true.T
    assert np.allclose(fit_camera(shape, points, stability()), true, atol=1e-6)
    points[random.choice(468, 150, replace=False)] += random.uniform(3, 9, (150, 2))
    assert np.abs(fit_camera(shape, points, stability()) - true)[:, :3].max() < 2e-3


def test_the_crop_does_not_depend_on_where_and_how_large_the_face_is() -> None:
    crops = []
    for size, left, top in ((200, 30, 60), (200, 401, 133), (340, 150, 10)):
        picture = placed((size, left, top))
        points = np.column_stack([demo_landmarks(size)[:, :2] + (left, top), canonical_face()[:, 2] * size / 200])
        shape = head_shape(points[None])
        crops.append(
            cv2.GaussianBlur(crop_face(picture, fit_camera(shape.points, points, stability()), shape), (0, 0), 2)
        )
    assert cv2.absdiff(crops[0], crops[1])[10:-10, 20:-20].mean() < 1.5
    assert cv2.absdiff(crops[0], crops[2])[10:-10, 20:-20].mean() < 4


@pytest.mark.parametrize("shift", [(0.4, -0.3), (-0.6, 0.1), (0.0, 0.0)])
def test_a_small_shift_of_the_crop_is_measured_whatever_the_light_and_the_eyelids_do(
    shift: tuple[float, float],
) -> None:
    still = cv2.resize(face(), (112, 112), interpolation=cv2.INTER_AREA)
    grey_still = cv2.cvtColor(still, cv2.COLOR_RGB2GRAY)
    moved = cv2.warpAffine(
        grey_still.astype(np.float32),
        np.array([[1.0, 0.0, shift[0]], [0.0, 1.0, shift[1]]]),
        (112, 112),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    moved[30:46, 24:44] = moved[20, 34]  # one eye is shut
    off = drift(np.clip(moved * 1.02 + 3, 0, 255).astype(np.uint8), grey_still.astype(np.float32))
    assert np.abs(-off - shift).max() < 0.1


def test_the_prior_is_high_at_keypoints_and_low_between_them() -> None:
    points = canonical_face()
    where, values = keypoints(points), prior_map(points)
    assert where.shape == (18, 2)
    eye = points[[133, 362], :2]
    assert np.allclose(where[12] - where[15], eye[1] - eye[0])  # equation 6: half a distance to either side
    cells = np.clip((where / 2).astype(int), 0, 55)
    assert values[cells[:, 1], cells[:, 0]].min() > 4 * values[0, 0]
    assert 0.0 <= values.min() <= values.max() <= 1.0


def test_a_small_second_face_is_found_when_two_are_asked_for() -> None:
    picture = placed((400, 100, 200), (110, 1000, 300), width=1280, height=720)
    detector = FaceDetector()
    assert len(detector.detect(picture)) == 1
    large, small = detector.detect(picture, at_least=2)
    assert large.box[2] < 600
    assert small.box[0] > 950
    second = FaceTracker(2).update(picture)
    assert second is not None
    assert second.points[:, 0].min() > 950


def test_who_leaves_is_not_silently_replaced_by_another() -> None:
    both, other = placed((240, 10, 60), (160, 460, 100)), placed((160, 460, 100))
    tracker = FaceTracker()
    assert all(tracker.update(both) is not None for _ in range(3))
    assert [tracker.update(other) for _ in range(20)] == [None] * 20
    back = tracker.update(both)
    assert back is not None
    assert back.fresh
    assert back.points[:, 0].max() < 300
    assert tracker.retaken == 0


def test_a_face_that_stays_away_is_looked_for_elsewhere_and_that_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(track, "_PATIENCE", 5)
    here, there = placed((200, 10, 60)), placed((200, 430, 100))
    tracker = FaceTracker()
    assert tracker.update(here) is not None
    seen = [tracker.update(there) for _ in range(14)]
    assert [observation is not None for observation in seen] == [False] * 10 + [True] * 4
    assert seen[10] is not None
    assert seen[10].points[:, 0].min() > 400
    assert tracker.retaken == 1


def test_a_small_face_comes_back_though_a_large_one_is_seen() -> None:
    """The detector shows the large face at once and looks for small ones only if asked to."""
    large = (400, 100, 200)
    both = placed(large, (110, 1000, 300), width=1280, height=720)
    tracker = FaceTracker(2)
    assert tracker.update(both) is not None
    assert tracker.update(placed(large, width=1280, height=720)) is None
    back = [tracker.update(both) for _ in range(2)][-1]
    assert back is not None
    assert back.points[:, 0].min() > 950
    assert tracker.retaken == 0


def test_the_flow_is_written_before_it_is_mapped(tmp_path: Path) -> None:
    """A file with holes ends the process on a full disk; one that is written fails with an error."""
    flow = stream._on_disk(tmp_path / "flow.f16", 3)
    assert flow.shape == (3, 2, 56, 56) and not flow.any()
    found = (tmp_path / "flow.f16").stat()
    assert found.st_size == flow.nbytes
    assert getattr(found, "st_blocks", found.st_size) * 512 >= found.st_size


@pytest.mark.slow
def test_the_user_is_told_of_a_second_face_too_small_to_be_seen_at_first_glance(tmp_path: Path) -> None:
    frame = np.full((480, 1280, 3), 90, np.uint8)
    frame[:, :480] = draw_face(480, seed=3)
    frame[200:320, 1100:1220] = draw_face(120, seed=4)
    write_video(tmp_path / "two.mp4", [frame] * 12, 30, crf=14)
    with open_video(tmp_path / "two.mp4") as video:
        clip = follow_face(video, tmp_path, progress=lambda _: None)
    assert clip.notes == ("2 faces can be seen; the largest was followed (choose another with --face N).",)
    assert clip.cameras[0, 0, 3] < 480


def test_rest_is_where_the_user_says(tmp_path: Path) -> None:
    clip = followed(tmp_path, [grey(640, 360)] * 4 + [placed((300, 150, 30))] * 20)
    given = frames_at_rest(clip, Interval(clip.times_s[5], clip.times_s[12]))
    assert set(given.tolist()) <= {5, 6, 7, 8, 9, 10, 11}
    assert most_central(clip, given) in given
    with pytest.raises(InputError, match=r"neutral: no frame between 0 and 0\.05 s shows the face"):
        frames_at_rest(clip, Interval(0.0, 0.05))
