"""Thresholds are those that score best on the clips given, and the gate lets their events through."""

import numpy as np
import pytest
import torch

from curves.values import DEFAULT_AUS, Interval
from recognizer.belief import Evidence, belief
from recognizer.calibration import calibrate, choose_score, fit_belief
from recognizer.clips import ClipRecord
from recognizer.model import Model, Thresholds
from recognizer.network import NetworkOutput
from recognizer.variants import variant

AU12 = DEFAULT_AUS.index(12)


class Reader(torch.nn.Module):
    """Reads a clip made here exactly: AU12 is the downward motion, scores are high only where it peaks inside."""

    def __init__(self) -> None:
        super().__init__()
        self.config = variant("default")

    def forward(self, volumes: torch.Tensor) -> NetworkOutput:
        motion = volumes[:, 4, :, 24:32, 24:32].mean(dim=(2, 3))
        peak, at = motion.max(dim=1)
        rise = peak - torch.maximum(motion[:, 0], motion[:, -1])
        times = torch.stack([at / 15 - 0.22, at / 15, at / 15 + 0.22], dim=1).clamp(0, 1)
        intensity = torch.zeros(len(volumes), 16, len(DEFAULT_AUS), 2)
        intensity[:, :, AU12] = motion.clamp(0, 1)[..., None]
        au = torch.full((len(volumes), len(DEFAULT_AUS)), -3.0)
        au[:, AU12] = 3.0
        emotion = torch.zeros(len(volumes), 7)
        return NetworkOutput(30 * (rise - 0.2), times, au, emotion, emotion, intensity)


def clip(seed: int) -> ClipRecord:
    random = np.random.default_rng(seed)
    times = np.arange(75) / 30
    apex = random.uniform(0.8, 1.6)
    pulse = 0.4 * np.exp(-0.5 * ((times - apex) / 0.06) ** 2) + 0.01 * random.normal(size=75)
    flow = np.zeros((75, 2, 56, 56), np.float16)
    flow[:, 1] = pulse[:, None, None]
    peaks = np.zeros((1, 19, 2), np.float32)
    peaks[0, AU12] = 0.4
    intensity = np.clip(pulse, 0, 1)[:, None, None] * (peaks[0] > 0)
    events = np.array([[apex - 0.15, apex, apex + 0.15]])
    return ClipRecord(
        times, flow, intensity.astype(np.float32), events, np.zeros(1, np.int64), peaks, f"p{seed}", seed, 30.0
    )


@pytest.fixture(scope="module")
def calibrated() -> tuple[Thresholds, dict[str, object]]:
    network = Reader()
    model = Model(network, Thresholds(), "", "", torch.device("cpu"), bf16=False)  # type: ignore[arg-type]
    return calibrate(model, [clip(seed) for seed in range(6)])


def test_perfect_answers_score_perfectly(calibrated: tuple[Thresholds, dict[str, object]]) -> None:
    thresholds, figures = calibrated
    assert figures["spotting_f1"] == 1.0
    assert figures["au_macro_f1"] == 1.0
    assert figures["gate_recall"] == 1.0
    assert 0 < thresholds.gate_px < 0.4


def test_a_fitted_belief_is_the_share_of_such_proposals_that_are_true() -> None:
    random = np.random.default_rng(0)
    truth = Thresholds(belief_bias=-3.0, belief_support=1.2, belief_clearness=0.8)
    evidence = [Evidence(*pair) for pair in np.exp(random.normal([0.5, 0.5], 1.0, (4000, 2)))]
    right = [bool(random.random() < belief(one, truth)) for one in evidence]
    fitted = fit_belief(evidence, right, Thresholds())
    error = [belief(one, fitted) - belief(one, truth) for one in evidence]
    assert np.abs(error).max() < 0.05


def test_evidence_that_misleads_weighs_nothing() -> None:
    random = np.random.default_rng(0)
    support, clearness = np.exp(random.normal(0, 1, (2, 500)))
    right = (np.log(support) - np.log(clearness) + random.normal(0, 1, 500) > 0).tolist()
    fitted = fit_belief([Evidence(*pair) for pair in zip(support, clearness, strict=True)], right, Thresholds())
    assert fitted.belief_clearness == 0 < fitted.belief_support


def test_nothing_is_fitted_to_truths_alone() -> None:
    assert fit_belief([Evidence(1, 1)] * 3, [True] * 3, Thresholds()) == Thresholds()


def test_the_score_gives_the_best_f1_that_does_not_flood() -> None:
    true = [Interval(float(i), i + 0.3) for i in range(8)]
    found = [(interval, 0.9 if i < 4 else 0.4) for i, interval in enumerate(true)]
    false = [(Interval(i + 0.5, i + 0.8), 0.5) for i in range(4)]
    best, f1 = choose_score([[*found, *false]], [true], minutes=60.0)  # all 8 and 4 false: 16 / 20
    assert best <= 0.4 and f1 == pytest.approx(0.8)
    best, f1 = choose_score([[*found, *false]], [true], minutes=1.0)  # 4 a minute are too many: 8 / 12
    assert best > 0.5 and f1 == pytest.approx(2 / 3)
