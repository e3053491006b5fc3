"""LBP-TOP against examples by hand, MDMD against a naive loop."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recognizer.face.align import face_mask
from recognizer.samples import Sample
from recognizer.spotters.mdmd import main_difference, main_motion
from recognizer.systems.lbp_top import (
    LbpTopSettings,
    block_histograms,
    histograms,
    lbp_codes,
    normalise_time,
    uniform_bins,
)
from recognizer.systems.mdmd import apex_of, mdmd_features


def test_four_neighbours_by_hand():
    """Centre 5. Right 6 and up 5 are at least as bright, down 4 and left 1 are not. Angles turn right, down, left, up
    in the picture: bits 0 and 3."""
    volume = np.zeros((1, 3, 3), np.float32)
    volume[0] = [[9, 5, 9], [1, 5, 6], [9, 4, 9]]
    codes = lbp_codes(volume, (2, 1), (1, 1), (0, 1, 1), 4)
    assert codes.shape == (1, 1, 1)
    assert codes.item() == 0b1001


def test_diagonal_neighbours_are_interpolated():
    """Neighbour 1 of 8 lies at (0.7071, 0.7071): 0.0858 of the centre, 0.2071 of right and of down, 0.5 of the
    corner."""
    share = np.sqrt(0.5)
    corner_that_equals = (10 - (1 - share) ** 2 * 10 - 2 * share * (1 - share) * 4) / share**2
    for corner, expected in ((corner_that_equals + 0.1, 1), (corner_that_equals - 0.1, 0)):
        volume = np.zeros((1, 3, 3), np.float32)
        volume[0, 1, 1], volume[0, 1, 2], volume[0, 2, 1], volume[0, 2, 2] = 10, 4, 4, corner
        code = lbp_codes(volume, (2, 1), (1, 1), (0, 1, 1), 8).item()
        assert (code >> 1) & 1 == expected


def test_time_is_an_axis_with_a_radius_of_its_own():
    """In the plane XT, neighbour 1 of 4 lies radius_t frames later."""
    volume = np.full((5, 1, 3), 7, np.float32)
    volume[4, 0, 1] = 3
    code = lbp_codes(volume, (2, 0), (1, 2), (2, 0, 1), 4).item()
    assert code == 0b1101


def test_a_quarter_turn_of_the_picture_turns_the_code():
    random = np.random.default_rng(0)
    picture = random.uniform(0, 255, (1, 3, 3)).astype(np.float32)
    code = lbp_codes(picture, (2, 1), (1, 1), (0, 1, 1), 8).item()
    turned = np.ascontiguousarray(np.rot90(picture, -1, axes=(1, 2)))  # clockwise: right goes down
    expected = ((code << 2) | (code >> 6)) & 255
    assert lbp_codes(turned, (2, 1), (1, 1), (0, 1, 1), 8).item() == expected


def test_brightness_and_contrast_change_no_code():
    volume = np.random.default_rng(1).uniform(10, 100, (6, 12, 12)).astype(np.float32)
    args = ((1, 0), (1, 2), (2, 1, 1), 8)
    assert (lbp_codes(volume, *args) == lbp_codes(1.5 * volume + 30, *args)).all()


def test_uniform_patterns():
    bins = uniform_bins(8)
    assert len(np.unique(bins)) == 59
    assert (bins == 58).sum() == 256 - 58
    assert bins[0] != bins[255] != 58
    assert bins[0b00111000] != 58
    assert bins[0b10000001] != 58  # circular: one run
    assert bins[0b00101000] == 58
    assert len(np.unique(uniform_bins(4))) == 15


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000), st.integers(1, 5))
def test_block_histograms_sum_to_one_and_count(seed, blocks):
    codes = np.random.default_rng(seed).integers(0, 59, (3, 13, 11))
    shares = block_histograms(codes, blocks, 59)
    assert shares.shape == (blocks**2, 59)
    assert np.allclose(shares.sum(axis=1), 1.0)
    first = codes[:, : -(-13 // blocks), : -(-11 // blocks)]
    assert shares[0, 7] == pytest.approx((first == 7).mean(), abs=1e-6)


def test_flat_volume_has_all_bits_set():
    """Equal neighbours count as at least as bright, in spite of rounding."""
    shares = histograms(np.full((16, 32, 32), 77.7, np.float32), LbpTopSettings(blocks=2))
    assert shares.shape == (3, 4, 59)
    assert np.allclose(shares[:, :, uniform_bins(8)[255]], 1.0)


def test_normalised_time():
    crops = (np.arange(4, dtype=np.uint8) * 10)[:, None, None] * np.ones((1, 2, 2), np.uint8)
    assert np.allclose(normalise_time(crops, 7)[:, 0, 0], [0, 5, 10, 15, 20, 25, 30])
    assert np.allclose(normalise_time(crops[:1], 3), 0)


def test_settings_that_cannot_work_are_refused():
    with pytest.raises(ValueError, match="frames > 2 radius_t"):
        LbpTopSettings(frames=4)
    with pytest.raises(ValueError, match="at least 1"):
        LbpTopSettings(blocks=0)


def naive_difference(current, tail):
    """One frame, one block, one vector at a time."""
    mask = face_mask(56)
    result, motion = np.zeros(36), np.zeros((2, 36))
    units = {"right": (1, 0), "down": (0, 1), "left": (-1, 0), "up": (0, -1)}
    for block in range(36):
        top, left = 1 + 9 * (block // 6), 1 + 9 * (block % 6)
        kinds = {name: [] for name in units}
        for y in range(top, top + 9):
            for x in range(left, left + 9):
                now, later = current[:, y, x] * mask[y, x], tail[:, y, x] * mask[y, x]
                if abs(now[0]) >= abs(now[1]):
                    name = "right" if now[0] >= 0 else "left"
                else:
                    name = "down" if now[1] >= 0 else "up"
                kinds[name].append((now @ units[name] - later @ units[name], now))
        main = max(units, key=lambda name: len(kinds[name]))
        result[block] = np.mean([item[0] for item in kinds[main]])
        motion[:, block] = np.mean([item[1] for item in kinds[main]], axis=0)
    return result, motion


def test_mdmd_as_the_naive_loop():
    random = np.random.default_rng(5)
    current, tail = random.normal(0.2, 1, (2, 3, 2, 56, 56))
    found, motion = main_difference(current, tail), main_motion(current)
    for n in range(3):
        difference, moved = naive_difference(current[n], tail[n])
        assert np.allclose(found[n], difference)
        assert np.allclose(motion[n], moved)


def test_mdmd_features_read_the_apex():
    flow = np.zeros((5, 2, 56, 56), np.float16)
    flow[3, 0] = 1.0
    flow[2, 1] = 2.0
    sample = Sample("c", "d", "s", None, None, np.arange(5) / 30, apex=3, flow=flow)
    features = mdmd_features(sample)
    assert features.shape == (108,)
    u, v, difference = features.reshape(3, 36)
    assert u.max() == pytest.approx(1.0, abs=1e-3)
    assert np.abs(v).max() == 0
    assert difference.max() == pytest.approx(1.0, abs=1e-3)  # at the end it is back
    unlabelled = Sample("c", "d", "s", None, None, np.arange(5) / 30, flow=flow)
    assert apex_of(unlabelled) == 2  # it moved furthest there
