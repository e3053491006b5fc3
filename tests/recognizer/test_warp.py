import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from curves.values import DEFAULT_AUS, MIDLINE_AUS, Side
from recognizer.face.align import canonical_face
from recognizer.synthetic.warp import (
    SIDES,
    AUCourse,
    TimeCourse,
    au_motions,
    displacement_field,
    head_frame,
    intensities_at,
    inverse_field,
    pulse,
    warp_image,
)

SHAPE = (300, 320)


def face(scale: float = 1.6, degrees: float = 0.0, shape: tuple[int, int] = SHAPE) -> NDArray[np.float64]:
    """468 points of an average face, scaled and turned about the picture's centre."""
    points = canonical_face()[:, :2].astype(np.float64)
    points = (points - (points.min(0) + points.max(0)) / 2) * scale
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return points @ np.array([[c, s], [-s, c]]) + [shape[1] / 2, shape[0] / 2]


def intensities(*parts: tuple[int, Side, float]) -> NDArray[np.float64]:
    result = np.zeros((len(DEFAULT_AUS), 2))
    for au, side, value in parts:
        columns = [0, 1] if side is Side.BOTH or au in MIDLINE_AUS else [SIDES.index(side)]
        result[DEFAULT_AUS.index(au), columns] = value
    return result


def jacobian(field: NDArray[np.float32]) -> NDArray[np.float64]:
    x_y, x_x = np.gradient(field[..., 0].astype(np.float64))
    y_y, y_x = np.gradient(field[..., 1].astype(np.float64))
    return (1 + x_x) * (1 + y_y) - x_y * y_x


def _sides(au: int) -> list[tuple[int, int]]:
    return list(zip(*(au_motions()[au, side].landmarks for side in SIDES), strict=True))


def sampled(field: NDArray[np.float32], points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([map_coordinates(field[..., k].astype(np.float64), points.T[::-1], order=3) for k in (0, 1)], -1)


def test_every_au_of_the_vocabulary_moves_both_sides_alike() -> None:
    for au in DEFAULT_AUS:
        left, right = au_motions()[au, Side.LEFT], au_motions()[au, Side.RIGHT]
        assert np.array_equal(left.moves * [-1.0, 1.0], right.moves), au
        assert left.landmarks.max() < 468
        assert 0.03 <= left.peak <= 0.35
    mean = canonical_face()[:, :2]
    pairs = {(int(a), int(b)) for au in DEFAULT_AUS for a, b in _sides(au)}
    middle = mean[[168, 6, 152]].mean(0)[0]
    for left_index, right_index in pairs:  # an index on the wrong side, or of another place, would show here
        mirrored = [2 * middle - mean[right_index, 0], mean[right_index, 1]]
        assert np.hypot(*(mean[left_index] - mirrored)) < 1.5, (left_index, right_index)
        assert left_index == right_index or mean[left_index, 0] > middle > mean[right_index, 0]


@pytest.mark.parametrize("au", DEFAULT_AUS)
@pytest.mark.parametrize("side", [Side.BOTH, Side.LEFT, Side.RIGHT])
def test_full_strength_reaches_the_stated_displacement_without_folding(au: int, side: Side) -> None:
    points = face()
    field = displacement_field(points, intensities((au, side, 1.0)), SHAPE)
    greatest = np.hypot(field[..., 0], field[..., 1]).max() / head_frame(points)[1]
    assert 0.95 * au_motions()[au, Side.LEFT].peak < greatest < 1.15 * au_motions()[au, Side.LEFT].peak
    assert jacobian(field).min() > 0.1


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(DEFAULT_AUS), st.sampled_from(Side), st.floats(0.0, 0.4)), max_size=4),
    st.floats(-25.0, 25.0),
)
def test_any_few_aus_together_do_not_fold(parts: list[tuple[int, Side, float]], degrees: float) -> None:
    field = displacement_field(face(1.0, degrees), intensities(*parts), SHAPE)
    assert np.isfinite(field).all()
    assert jacobian(field).min() > 0.0


@pytest.mark.parametrize(("au", "down"), [(1, -1), (2, -1), (4, 1), (12, -1), (15, 1), (26, 1), (9, -1), (6, -1)])
def test_aus_move_their_anchors_the_way_facs_says(au: int, down: int) -> None:
    points = face()
    field = displacement_field(points, intensities((au, Side.BOTH, 0.5)), SHAPE)
    assert np.sign(sampled(field, points[au_motions()[au, Side.LEFT].landmarks[:1]])[0, 1]) == down


@pytest.mark.parametrize("au", [au for au in DEFAULT_AUS if au not in MIDLINE_AUS])
def test_one_side_leaves_the_other_alone(au: int) -> None:
    points = face()
    own, other = au_motions()[au, Side.LEFT].landmarks, au_motions()[au, Side.RIGHT].landmarks
    field = displacement_field(points, intensities((au, Side.LEFT, 1.0)), SHAPE)
    lateral = own != other
    moved = np.hypot(*sampled(field, points[own]).T).max()
    assert np.hypot(*sampled(field, points[other[lateral]]).T).max() < 0.05 * moved
    assert points[own[lateral], 0].min() > points[other[lateral], 0].max()  # the subject's left is image right


def test_brow_motion_leaves_the_eyeballs() -> None:
    points = face()
    eyes = np.array([points[[33, 133]].mean(0), points[[362, 263]].mean(0)])
    for au in (1, 2, 4):
        field = displacement_field(points, intensities((au, Side.BOTH, 1.0)), SHAPE)
        assert np.abs(sampled(field, eyes)).max() < 0.01 * head_frame(points)[1]


def test_the_field_turns_and_grows_with_the_head() -> None:
    amounts = intensities((12, Side.LEFT, 0.5), (4, Side.BOTH, 0.5))
    upright, turned = face(), face(2.0, 20.0)
    marks = [291, 107, 336, 205]
    before = sampled(displacement_field(upright, amounts, SHAPE), upright[marks])
    after = sampled(displacement_field(turned, amounts, SHAPE), turned[marks])
    c, s = np.cos(np.deg2rad(20.0)), np.sin(np.deg2rad(20.0))
    np.testing.assert_allclose(after, before @ np.array([[c, s], [-s, c]]) * 2.0 / 1.6, atol=0.05)


@pytest.mark.parametrize(("strength", "greatest_px"), [(0.2, 0.01), (0.4, 0.02), (1.0, 0.05)])
def test_the_inverse_undoes_the_forward_motion(strength: float, greatest_px: float) -> None:
    parts = ((1, Side.BOTH, 0.6 * strength), (7, Side.LEFT, strength), (12, Side.BOTH, strength))
    field = displacement_field(face(2.2), intensities(*parts), SHAPE)
    back = inverse_field(field)
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    origin = np.stack([columns + back[..., 0], rows + back[..., 1]], -1).reshape(-1, 2).astype(np.float64)
    left_over = np.abs(back.reshape(-1, 2) + sampled(field, origin))
    assert np.abs(field).max() > 10.0 * strength
    assert left_over.max() < greatest_px


def test_a_spot_of_skin_lands_where_the_field_sends_it() -> None:
    points = face(2.0)
    field = displacement_field(points, intensities((12, Side.LEFT, 0.15)), SHAPE)
    x, y = np.round(points[291])
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    spot = 200.0 * np.exp(-0.5 * ((columns - x) ** 2 + (rows - y) ** 2) / 2.0**2)
    image = np.repeat(np.round(spot).astype(np.uint8)[..., None], 3, axis=2)
    moved = warp_image(image, field)[..., 0].astype(np.float64)
    centre = np.array([(moved * columns).sum(), (moved * rows).sum()]) / moved.sum()
    # The spot is 10 px wide: its parts move a little less than its middle, and stretched parts weigh more.
    weight = image[..., 0] * jacobian(field)
    expected = [
        ((columns + field[..., 0]) * weight).sum() / weight.sum(),
        ((rows + field[..., 1]) * weight).sum() / weight.sum(),
    ]
    assert np.hypot(*field[int(y), int(x)]) > 1.0
    np.testing.assert_allclose(centre, expected, atol=0.02)


def test_only_the_moving_part_of_the_picture_changes() -> None:
    image = np.random.default_rng(3).integers(0, 256, (*SHAPE, 3), np.uint8)
    kept = image.copy()
    field = displacement_field(face(), intensities((12, Side.RIGHT, 0.3)), SHAPE)
    warped = warp_image(image, field)
    still = cv2.dilate((field != 0).any(2).astype(np.uint8), np.ones((9, 9), np.uint8)) == 0
    assert still.mean() > 0.5
    assert np.array_equal(warped[still], image[still])
    assert not np.array_equal(warped, image)
    assert np.array_equal(image, kept)


def test_no_intensity_is_no_motion_and_a_face_at_the_rim_is_cut_not_refused() -> None:
    image = np.random.default_rng(3).integers(0, 256, (*SHAPE, 3), np.uint8)
    assert np.array_equal(warp_image(image, displacement_field(face(), np.zeros((19, 2)), SHAPE)), image)
    outside = face() + np.array([130.0, -90.0])
    field = displacement_field(outside, intensities((12, Side.BOTH, 0.5)), SHAPE)
    assert field.shape == (*SHAPE, 2)
    assert np.isfinite(field).all()
    assert np.abs(displacement_field(face() + 5000.0, intensities((12, Side.BOTH, 0.5)), SHAPE)).max() == 0.0


def test_wrong_input_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\(468, 2\)"):
        displacement_field(face()[:10], np.zeros((19, 2)), SHAPE)
    with pytest.raises(ValueError, match=r"\(19, 2\)"):
        displacement_field(face(), np.zeros(19), SHAPE)
    with pytest.raises(ValueError, match=r"0\.\.1"):
        displacement_field(face(), np.full((19, 2), 1.1), SHAPE)
    lopsided = np.zeros((19, 2))
    lopsided[DEFAULT_AUS.index(26), 0] = 0.5
    with pytest.raises(ValueError, match="AU26 lies on the midline"):
        displacement_field(face(), lopsided, SHAPE)
    with pytest.raises(ValueError, match="eyes"):
        displacement_field(np.zeros((468, 2)), np.zeros((19, 2)), SHAPE)
    with pytest.raises(ValueError, match="field: expected shape"):
        warp_image(np.zeros((4, 4, 3), np.uint8), np.zeros((4, 5, 2), np.float32))
    with pytest.raises(ValueError, match="onset < apex < offset"):
        TimeCourse(0.3, 0.2, 0.4)
    with pytest.raises(ValueError, match="peak"):
        TimeCourse(0.1, 0.2, 0.4, peak=1.5)


@given(st.floats(0.0, 5.0), st.floats(0.02, 1.0), st.floats(0.02, 1.0))
def test_a_pulse_rises_once_and_falls_once(onset: float, rise: float, fall: float) -> None:
    apex, offset = onset + rise, onset + rise + fall
    assert pulse([onset - 1.0, onset, apex, offset, offset + 1.0], onset, apex, offset) == pytest.approx(
        [0, 0, 1, 0, 0]
    )
    assert pulse(onset + rise / 2, onset, apex, offset) == pytest.approx(0.5)
    up, down = (
        pulse(np.linspace(onset, apex, 50), onset, apex, offset),
        pulse(np.linspace(apex, offset, 50), onset, apex, offset),
    )
    assert (np.diff(up) >= -1e-12).all()
    assert (np.diff(down) <= 1e-12).all()


def test_courses_add_up_per_side_and_never_pass_full_strength() -> None:
    course = TimeCourse(0.0, 0.2, 0.4, peak=0.7)
    courses = [AUCourse(12, Side.LEFT, course), AUCourse(12, Side.BOTH, course), AUCourse(26, Side.LEFT, course)]
    values = intensities_at(courses, [0.1, 0.2, 0.5])
    assert values.shape == (3, 19, 2)
    np.testing.assert_allclose(values[:, DEFAULT_AUS.index(12)], [[0.7, 0.35], [1.0, 0.7], [0.0, 0.0]])
    np.testing.assert_allclose(values[:, DEFAULT_AUS.index(26)], [[0.35, 0.35], [0.7, 0.7], [0.0, 0.0]])
    assert values.sum() == pytest.approx(0.7 + 0.35 + 1.0 + 0.7 + 0.35 * 2 + 0.7 * 2)
