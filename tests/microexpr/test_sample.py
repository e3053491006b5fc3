from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from curves.values import Side
from microexpr import sample
from microexpr._demo_face import EYE_LINE, IOD, draw_face
from microexpr.sample import demo_landmarks, make_sample, sample_frames, sample_truth
from recognizer.face.detect import FaceDetector
from recognizer.face.track import FaceTracker
from recognizer.synthetic.warp import au_motions, head_frame
from recognizer.video import open_video


def grey(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)


@pytest.fixture(scope="module")
def frames() -> list[NDArray[np.uint8]]:
    return list(sample_frames())


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory, frames: list[NDArray[np.uint8]]) -> Path:
    path = tmp_path_factory.mktemp("sample") / "sample.mp4"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sample, "sample_frames", lambda seed: iter(frames))  # drawn once for all tests
        make_sample(path)
    return path


def test_the_truth_is_micro_and_leaves_room_between_events() -> None:
    events = sample_truth().events
    assert len(events) >= 2
    for event in events:
        assert 1 / 25 <= event.offset_s - event.onset_s <= 0.5
        assert event.onset_s < event.apex_s < event.offset_s < sample.DURATION_S
        for au, side, intensity in event.aus:
            of_iod = intensity * au_motions()[au, Side.LEFT].peak
            assert 0.025 <= of_iod <= 0.045, (au, side)
    gaps = [later.onset_s - earlier.offset_s for earlier, later in pairwise(events)]
    assert min(gaps) > 0.3
    assert {side for event in events for _, side, _ in event.aus} >= {Side.BOTH, Side.LEFT}


def test_the_stored_landmarks_lie_on_the_drawn_face() -> None:
    points = demo_landmarks(360)
    axes, iod_px = head_frame(points)
    assert points.shape == (468, 2)
    assert iod_px == pytest.approx(IOD * 360, rel=0.05)
    eyes = points[[33, 133, 362, 263]].reshape(2, 2, 2).mean(1)
    expected = (np.array([[-0.5, 0.0], [0.5, 0.0]]) * IOD + [0.5, EYE_LINE]) * 360
    np.testing.assert_allclose(eyes, expected, atol=0.05 * iod_px)
    assert abs(axes[0, 1]) < 0.03


def test_lids_close_and_nothing_else_changes() -> None:
    wide, shut = draw_face(240), draw_face(240, eyes_closed=1.0)
    changed = np.argwhere((wide != shut).any(axis=2))
    (top, left), (bottom, right) = changed.min(0), changed.max(0)
    unit = IOD * 240
    assert top > (EYE_LINE * 240) - 0.25 * unit
    assert bottom < (EYE_LINE * 240) + 0.20 * unit
    assert left > 120 - 0.85 * unit
    assert right < 120 + 0.85 * unit
    # Half of the width of an open eye is sclera: it is gone when the eye is shut.
    eye = slice(int(EYE_LINE * 240 - 3), int(EYE_LINE * 240 + 3)), slice(int(120 + 0.3 * unit), int(120 + 0.7 * unit))
    assert wide[eye].max() > 190
    assert np.abs(shut[eye].astype(int) - wide[eye].astype(int)).max() > 60


def test_the_same_seed_draws_the_same_picture_and_another_does_not() -> None:
    assert np.array_equal(draw_face(120, seed=3), draw_face(120, seed=3))
    assert not np.array_equal(draw_face(120, seed=3), draw_face(120, seed=4))


@pytest.mark.slow
def test_the_file_is_an_ordinary_video_in_which_the_face_is_found(video: Path) -> None:
    read = list(open_video(video))
    assert len(read) == 90
    assert read[-1].time_s == pytest.approx(89 / 30, abs=1e-3)
    assert read[0].image.shape == (360, 360, 3)
    found = FaceDetector().detect(read[0].image)
    assert len(found) == 1
    assert found[0].score > 0.8
    tracker = FaceTracker()
    seen = [tracker.update(frame.image) for frame in read]
    assert all(item is not None and item.presence > 0.9 for item in seen)
    assert not any(item is not None and item.fresh for item in seen[1:])


@pytest.mark.slow
def test_at_each_apex_the_named_part_moved_by_the_stated_amount(frames: list[NDArray[np.uint8]]) -> None:
    points = demo_landmarks(360)
    iod_px = head_frame(points)[1]
    places = {1: (107, 336), 2: (105, 334), 4: (107, 336), 12: (61, 291)}  # the subject's right, left
    for event in sample_truth().events:
        before, apex = (frames[round(time_s * sample.FPS)] for time_s in (event.onset_s, event.apex_s))
        flow = cv2.calcOpticalFlowFarneback(grey(before), grey(apex), None, 0.5, 4, 17, 5, 7, 1.5, 0)
        still = np.median(flow[tuple(points[[6, 197, 195, 168, 5]].round().astype(int).T[::-1])], axis=0)
        for au, side, intensity in event.aus:
            stated = intensity * au_motions()[au, Side.LEFT].peak * iod_px
            for index, part in zip(places[au], (Side.RIGHT, Side.LEFT), strict=True):
                x, y = points[index].round().astype(int)
                moved = float(np.hypot(*(flow[y, x] - still)))
                if side in (part, Side.BOTH):
                    assert 0.5 * stated < moved < 1.6 * stated, (au, part, moved, stated)
                else:
                    assert moved < 0.25 * stated, (au, part, moved, stated)


@pytest.mark.slow
def test_the_head_drifts_by_about_a_hundredth_of_the_face(frames: list[NDArray[np.uint8]]) -> None:
    window = cv2.createHanningWindow((360, 360), cv2.CV_32F)
    shifts = [cv2.phaseCorrelate(grey(frames[0]), grey(frame), window)[0] for frame in frames[::6]]
    reach = np.ptp(np.array(shifts), axis=0).max()
    face_width_px = np.ptp(demo_landmarks(360)[:, 0])
    assert 0.002 * face_width_px < reach < 0.02 * face_width_px
