"""Figures of a network on windows of people it has not seen: what training is steered by (not a protocol's score)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from recognizer.clips import volume_of
from recognizer.network import MicroExpressionNet
from recognizer.windows import Window, WindowSampler

Array = NDArray[Any]
BATCH = 32


def area_under_curve(scores: Array, truth: Array) -> float:
    """ROC AUC by ranks, ties shared: P(score of a positive > score of a negative). NaN if one kind is missing."""
    positive = np.asarray(truth, dtype=bool)
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    if not n_positive or not n_negative:
        return float("nan")
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    rank = np.cumsum(counts) - (counts - 1) / 2
    return float((rank[inverse][positive].sum() - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def f1_score(predicted: Array, truth: Array) -> float:
    """2 TP / (2 TP + FP + FN); NaN if nothing is true and nothing predicted."""
    predicted, truth = np.asarray(predicted, dtype=bool), np.asarray(truth, dtype=bool)
    wrong_and_right = predicted.sum() + truth.sum()
    return float(2 * (predicted & truth).sum() / wrong_and_right) if wrong_and_right else float("nan")


def correlation(a: Array, b: Array) -> float:
    """Pearson's r; NaN where one side is constant."""
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum() / norm) if norm > 0 else float("nan")


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")


@torch.no_grad()
def _outputs(
    net: MicroExpressionNet, sampler: WindowSampler, windows: Sequence[Window], device: torch.device, bf16: bool
) -> dict[str, Array]:
    net.eval()
    collected: dict[str, list[Array]] = {}
    for i in range(0, len(windows), BATCH):
        config = net.config
        batch = sampler.collate(windows[i : i + BATCH], config.frames, with_prior=config.prior == "ewp")
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            output = net(volume_of(batch.flow, batch.prior).to(device))
        pairs = {f"out_{name}": value for name, value in output._asdict().items()}
        pairs |= {f"true_{name}": getattr(batch, name) for name in ("label", "times", "au", "emotion", "intensity")}
        known = torch.ones(batch.intensity.shape[:3]) if batch.known is None else batch.known
        pairs |= {"duration_s": batch.duration_s, "known": known}
        for name, value in pairs.items():
            collected.setdefault(name, []).append(value.float().cpu().numpy())
    return {name: np.concatenate(values) for name, values in collected.items()}


def validate(
    net: MicroExpressionNet,
    sampler: WindowSampler,
    windows: Sequence[Window],
    device: torch.device,
    *,
    bf16: bool = False,
) -> dict[str, Any]:
    """score_auc, score_f1 (at 0.5), onset/apex/offset MAE (fraction of the window, and seconds), au_f1 (macro over AUs
    that occur), emotion_accuracy, intensity_mae (active entries), intensity_silent_mae, intensity_r (macro Pearson
    over AUs and sides), the figures per AU, and ``selection``: the mean of score_f1, au_f1 and intensity_r."""
    data = _outputs(net, sampler, windows, device, bf16)
    judged, positive = data["true_label"] >= 0, data["true_label"] == 1
    score = data["out_score_logit"]
    figures: dict[str, Any] = {
        "score_auc": area_under_curve(score[judged], positive[judged]),
        "score_f1": f1_score(score[judged] > 0, positive[judged]),
    }
    figures |= _time_figures(data, positive)
    figures |= _au_figures(data, positive, net.config.aus)
    figures |= _intensity_figures(data, net.config.aus)
    figures["selection"] = _mean([figures["score_f1"], figures["au_f1"], figures["intensity_r"]])
    return figures


def _time_figures(data: dict[str, Array], positive: Array) -> dict[str, float]:
    error = np.abs(data["out_times"] - data["true_times"])[positive]
    in_seconds = error * data["duration_s"][positive, None]
    figures = {}
    for i, name in enumerate(("onset", "apex", "offset")):
        figures[f"{name}_mae"] = _mean(error[:, i].tolist())
        figures[f"{name}_mae_s"] = _mean(in_seconds[:, i].tolist())
    return figures


def _au_figures(data: dict[str, Array], positive: Array, aus: Sequence[int]) -> dict[str, Any]:
    predicted, truth = data["out_au_logits"][positive] > 0, data["true_au"][positive] > 0
    per_au = {str(au): f1_score(predicted[:, i], truth[:, i]) for i, au in enumerate(aus) if truth[:, i].any()}
    emotion = data["out_emotion_logits"][positive].argmax(axis=1) == data["true_emotion"][positive]
    return {
        "au_f1": _mean(list(per_au.values())),
        "emotion_accuracy": _mean(emotion.astype(float).tolist()),
        "au_f1_per_au": per_au,
    }


def _intensity_figures(data: dict[str, Array], aus: Sequence[int]) -> dict[str, Any]:
    estimate, truth = data["out_intensity"].clip(0.0, 1.0), data["true_intensity"]
    known = np.broadcast_to(data["known"][..., None] > 0, truth.shape)
    active, silent = (truth > 0.005) & known, (truth <= 0.005) & known
    error = np.abs(estimate - truth)
    pairs = {
        f"{au}{side}": correlation(estimate[..., i, s][known[..., i, s]], truth[..., i, s][known[..., i, s]])
        for i, au in enumerate(aus)
        for s, side in enumerate("LR")
        if active[..., i, s].any()
    }
    return {
        "intensity_mae": float(error[active].mean()) if active.any() else float("nan"),
        "intensity_silent_mae": float(error[silent].mean()) if silent.any() else float("nan"),
        "intensity_r": _mean(list(pairs.values())),
        "intensity_r_per_au": pairs,
    }
