"""The joint loss: L_seg + L_graph + intensity (SPEC 2 and 3; AU_GCN_CUR sections 3.2 and 3.3)."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (torch's own convention)

from recognizer.network import NetworkOutput
from recognizer.windows import Batch


@dataclass(frozen=True, slots=True)
class LossConfig:
    """time_weight: lambda of L_seg. order_weight: penalty on onset > offset. au_share: alpha of L_graph.
    au_positive_weight: of a present AU in the cross-entropy (most are absent). intensity_weight: of the per-frame
    regression; active_weight: of frames in which an AU is active, relative to silent ones; huber: in intensity
    units, where the squared error turns linear."""

    time_weight: float = 0.5
    order_weight: float = 1.0
    au_share: float = 0.7
    au_positive_weight: float = 2.0
    intensity_weight: float = 10.0
    active_weight: float = 5.0
    huber: float = 0.05


def joint_loss(output: NetworkOutput, batch: Batch, config: LossConfig) -> dict[str, Tensor]:
    """Scalars ``score``, ``times``, ``au``, ``emotion``, ``intensity`` and their weighted sum ``total``.

    A part that no window of the batch can judge (all of them negative, say) is 0.
    """
    judged, positive = batch.label >= 0, batch.label == 1
    parts = {
        "score": _mean(
            F.binary_cross_entropy_with_logits(output.score_logit, positive.float(), reduction="none"), judged
        ),
        "times": _mean(_time_error(output.times, batch.times, config), positive),
        "au": _mean(_au_error(output.au_logits, batch.au, config), positive),
        "emotion": _mean(_emotion_error(output, batch.emotion), positive),
        "intensity": intensity_loss(output.intensity, batch.intensity, config, batch.known),
    }
    parts["total"] = (
        parts["score"]
        + parts["times"]
        + config.au_share * parts["au"]
        + (1 - config.au_share) * parts["emotion"]
        + config.intensity_weight * parts["intensity"]
    )
    return parts


def _mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of ``values`` (B,) where ``mask`` (B,); 0, with a gradient, where there is none."""
    return (values * mask).sum() / mask.sum().clamp(min=1)


def _time_error(times: Tensor, truth: Tensor, config: LossConfig) -> Tensor:
    disorder = (times[:, 0] - times[:, 2]).clamp(min=0)
    return config.time_weight * (times - truth).square().sum(dim=1) + config.order_weight * disorder


def _au_error(logits: Tensor, truth: Tensor, config: LossConfig) -> Tensor:
    weight = logits.new_tensor(config.au_positive_weight)
    return F.binary_cross_entropy_with_logits(logits, truth, pos_weight=weight, reduction="none").mean(dim=1)


def _emotion_error(output: NetworkOutput, truth: Tensor) -> Tensor:
    """Both heads learn the label: the first must, to be an emotion layer at all."""
    graph = F.cross_entropy(output.emotion_logits, truth, reduction="none")
    first = F.cross_entropy(output.first_emotion_logits, truth, reduction="none")
    return (graph + first) / 2


def intensity_loss(estimate: Tensor, truth: Tensor, config: LossConfig, known: Tensor | None = None) -> Tensor:
    """Huber loss in intensity units / ``huber``, active entries weighted up; ``estimate``, ``truth`` (B, T, n, 2).

    ``known`` (B, T, n) leaves out what is not known. Where an AU is silent any ``estimate`` <= 0 is right: it is cut to
    0 in use.
    """
    active = truth > 0.005
    judged = torch.where(active, estimate, estimate.clamp(min=0.0))
    error = F.huber_loss(judged, truth, reduction="none", delta=config.huber) / config.huber
    weight = torch.where(active, config.active_weight, 1.0)
    if known is not None:
        weight = weight * known[..., None]
    return (error * weight).sum() / weight.sum().clamp(min=1.0)
