import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognizer.mmr import flow_magnitude, mmr, ratio, summarise


def moving(pixels: float, frames: int = 4, seed: int = 0) -> np.ndarray:
    """A textured picture (128 x 128) that moves right, by ``pixels`` in the last frame."""
    noise = np.random.default_rng(seed).uniform(0, 255, (128, 128)).astype(np.float32)
    picture = cv2.GaussianBlur(noise, (0, 0), 4)
    picture = (picture - picture.min()) / np.ptp(picture) * 255
    shifts = np.linspace(0, pixels, frames)
    return np.stack(
        [
            cv2.warpAffine(picture, np.float32([[1, 0, x], [0, 1, 0]]), (128, 128), borderMode=cv2.BORDER_REFLECT)
            for x in shifts
        ]
    ).astype(np.uint8)


def test_magnitude_is_in_pixels_of_64() -> None:
    # 4 px of 128 are 2 px of 64; frames at 1/3, 2/3 and all of that: 1.33 on average.
    assert flow_magnitude(moving(4.0)) == pytest.approx(4 / 3, rel=0.08)


def test_ratio_of_twice_the_motion_is_two() -> None:
    assert mmr(moving(2.0), moving(4.0)) == pytest.approx(2.0, rel=0.08)
    assert mmr(moving(4.0), moving(4.0)) == 1.0


def test_colour_and_grey_agree() -> None:
    grey = moving(3.0)
    assert flow_magnitude(np.repeat(grey[..., None], 3, axis=-1)) == pytest.approx(flow_magnitude(grey), rel=1e-3)


@pytest.mark.parametrize("clip", [np.zeros((1, 64, 64), np.uint8), np.zeros((64, 64), np.uint8)])
def test_what_is_no_clip_is_refused(clip: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected"):
        flow_magnitude(clip)


@pytest.mark.parametrize("pair", [(1.0, 0.0), (1.0, 9e-7), (1.0, -1.0), (-0.1, 1.0), (math.nan, 1.0), (1.0, math.inf)])
def test_impossible_flows_are_refused(pair: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        ratio(*pair)


@given(st.lists(st.floats(0.01, 50), min_size=2, max_size=30))
def test_the_interval_holds_within_the_data(ratios: list[float]) -> None:
    found = summarise(ratios, draws=200)
    assert min(ratios) - 1e-9 <= found.ci_low <= found.ci_high <= max(ratios) + 1e-9
    assert found.mean == pytest.approx(np.mean(ratios))
    assert found.median == pytest.approx(np.median(ratios))


def test_one_clip_has_no_spread() -> None:
    found = summarise([1.5])
    assert found.mean == found.median == 1.5
    assert all(math.isnan(one) for one in (found.ci_low, found.ci_high, found.sd))
    with pytest.raises(ValueError, match="at least one"):
        summarise([])
