"""Modulation: identity at strength 0, range, ordering of emotions, seeded drawing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curves.modulate import Modulation, draw_intensity, modulated, parameters
from curves.piecewise import hermite
from curves.values import BasicEmotion

CURVE = hermite([0.0, 0.2, 0.5], [0.0, 0.9, 0.0], [0.0, 0.0, 0.0])
EMOTIONS = st.sampled_from([None, *BasicEmotion])
UNIT = st.floats(0, 1)


@given(EMOTIONS, UNIT)
def test_strength_zero_is_identity(emotion: BasicEmotion | None, intensity: float) -> None:
    result = modulated(CURVE, Modulation(emotion, strength=0.0, intensity=intensity))
    assert (result.coefficients == CURVE.coefficients).all()


@given(EMOTIONS, UNIT, UNIT, UNIT)
def test_values_stay_in_range_and_keep_their_timing(
    emotion: BasicEmotion | None, strength: float, intensity: float, gain: float
) -> None:
    result = modulated(CURVE, Modulation(emotion, strength, intensity, gain))
    least, greatest = result.extremes()
    assert -1e-12 <= least <= greatest <= 1.0
    assert (result.breaks == CURVE.breaks).all()


def test_full_strength_is_the_product() -> None:
    factor = parameters()["emotion.fear"].default
    result = modulated(CURVE, Modulation(BasicEmotion.FEAR, intensity=0.5, gain=3.0))
    assert result.peak() == pytest.approx(0.9 * factor * 0.5 * 3.0)


def test_joy_is_high_and_fear_is_low() -> None:
    factors = {emotion: Modulation(emotion).factor for emotion in BasicEmotion}
    assert max(factors.values()) == factors[BasicEmotion.HAPPINESS]
    assert min(factors.values()) == factors[BasicEmotion.FEAR]
    assert Modulation().factor == 1.0


@pytest.mark.parametrize("bad", [{"strength": 1.1}, {"intensity": -0.1}, {"gain": -1.0}, {"gain": float("nan")}])
def test_values_out_of_range_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        Modulation(**bad)  # type: ignore[arg-type]


def test_drawn_intensities_follow_the_table() -> None:
    drawn = np.array([draw_intensity(seed) for seed in range(2000)])
    assert draw_intensity(5) == draw_intensity(5)
    assert drawn.min() >= 0.05 / 0.3 - 1e-12
    assert drawn.max() <= 1.0
    assert np.median(drawn) == pytest.approx(0.1225 / 0.3, rel=0.06)
