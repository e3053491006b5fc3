"""Scores against what came true."""

import numpy as np
import pytest

from recognizer.reliability import reliability


def test_by_hand() -> None:
    found = reliability([0.05, 0.15, 0.12, 0.95, 1.0], [False, True, False, True, False])
    assert found["bins"] == [
        {"from": 0.0, "n": 1, "mean_score": 0.05, "share_true": 0.0},
        {"from": 0.1, "n": 2, "mean_score": 0.135, "share_true": 0.5},
        {"from": 0.9, "n": 2, "mean_score": 0.975, "share_true": 0.5},
    ]
    assert found["ece"] == pytest.approx((0.05 + 2 * 0.365 + 2 * 0.475) / 5)


def test_honest_scores_have_a_small_error_and_boasts_a_large_one() -> None:
    random = np.random.default_rng(0)
    score = random.uniform(size=5000)
    true = random.uniform(size=5000) < score
    assert reliability(score.tolist(), true.tolist())["ece"] < 0.03
    assert reliability(np.sqrt(score).tolist(), true.tolist())["ece"] > 0.1


def test_verdicts_must_be_as_many() -> None:
    with pytest.raises(ValueError, match="as many verdicts as scores, got 1, 2"):
        reliability([0.1, 0.2], [True])
