"""What training minimises and what validation decides, for all neural systems alike.

L_graph = alpha BCE(AUs) + (1 - alpha) CE(emotion), alpha = 0.7 (AU_GCN_CUR section 3.3), without AUs CE alone; over the
training set L = L_real + lambda L_gen (paper 003, section IV-I).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (torch's own convention)

from recognizer.scores import confusion_matrix, uf1
from recognizer.systems import Example

#: Where a threshold may lie; of those with the same F1 the one nearest to a half is taken.
_THRESHOLDS = np.arange(0.05, 0.96, 0.05)


class RecognitionOutput(NamedTuple):
    """``emotion_logits`` (B, C). ``first_emotion_logits`` (B, C): what an emotion layer is made of, or None.
    ``au_logits`` (B, n), or None where a network names no AUs."""

    emotion_logits: Tensor
    first_emotion_logits: Tensor | None = None
    au_logits: Tensor | None = None


class Truth(NamedTuple):
    """``label`` (B,) int64. ``aus`` (B, n) float32, and ``known`` (B,) bool: whether a sample has AU labels."""

    label: Tensor
    aus: Tensor
    known: Tensor

    def at(self, index: Tensor | slice) -> "Truth":
        return Truth(self.label[index], self.aus[index], self.known[index])

    def to(self, device: torch.device) -> "Truth":
        return Truth(self.label.to(device), self.aus.to(device), self.known.to(device))


@dataclass(frozen=True, slots=True)
class Objective:
    """au_share: alpha. au_positive_weight: of a present AU (most are absent). label_smoothing: of the emotion."""

    au_share: float = 0.7
    au_positive_weight: float = 2.0
    label_smoothing: float = 0.0


def truth_of(examples: Sequence[Example], aus: int) -> Truth:
    """Of ``examples``, with ``aus`` AUs; ValueError where an example carries another number of them."""
    table = np.zeros((len(examples), aus), np.float32)
    for row, example in zip(table, examples, strict=True):
        if example.aus is not None and aus:
            if example.aus.shape != (aus,):
                raise ValueError(f"example aus: expected shape ({aus},), got {example.aus.shape}")
            row[:] = example.aus
    return Truth(
        torch.tensor([example.label for example in examples], dtype=torch.int64),
        torch.from_numpy(table),
        torch.tensor([example.aus is not None and aus > 0 for example in examples], dtype=torch.bool),
    )


def class_weights(labels: Tensor, classes: int) -> Tensor:
    """(classes,) float32: N / (classes N_c), so that each class counts alike; one that never occurs counts as once."""
    counts = torch.bincount(labels, minlength=classes).float()
    return len(labels) / (classes * counts.clamp(min=1.0))


def recognition_loss(output: RecognitionOutput, truth: Truth, weights: Tensor, objective: Objective) -> Tensor:
    """The loss of one batch, a scalar. Both emotion heads learn the label: the first must, to be an emotion layer."""
    emotion = _cross_entropy(output.emotion_logits, truth, weights, objective)
    if output.first_emotion_logits is not None:
        emotion = (emotion + _cross_entropy(output.first_emotion_logits, truth, weights, objective)) / 2
    if output.au_logits is None:
        return emotion
    logits = output.au_logits[truth.known]
    positive = logits.new_tensor(objective.au_positive_weight)
    error = F.binary_cross_entropy_with_logits(logits, truth.aus[truth.known], pos_weight=positive, reduction="sum")
    aus = error / max(logits.numel(), 1)
    return objective.au_share * aus + (1 - objective.au_share) * emotion


def _cross_entropy(logits: Tensor, truth: Truth, weights: Tensor, objective: Objective) -> Tensor:
    return F.cross_entropy(logits, truth.label, weights, label_smoothing=objective.label_smoothing)


def validation_uf1(labels: NDArray[np.int64], probabilities: NDArray[np.float64]) -> float:
    """UF1 of the likeliest classes; ``probabilities`` (n, C)."""
    classes = probabilities.shape[1]
    return uf1(confusion_matrix(labels, probabilities.argmax(axis=1), classes))


def au_thresholds(truth: NDArray[np.bool_], probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """(A,): per AU the probability from which it counts as present: best F1 on ``truth``, ``probabilities`` (n, A).

    An AU that no sample shows keeps 0.5.
    """
    result = np.full(truth.shape[1], 0.5)
    order = _THRESHOLDS[np.argsort(np.abs(_THRESHOLDS - 0.5), kind="stable")]
    for a in range(truth.shape[1]):
        if truth[:, a].any():
            found = probabilities[:, a] >= order[:, None]
            hits = (found & truth[:, a]).sum(axis=1)
            result[a] = order[np.argmax(2 * hits / (found.sum(axis=1) + truth[:, a].sum()))]
    return result
