"""Scores by which spotting and recognition are judged (SPEC 7).

Spotting follows the MEGC rule: a spot is true if its IoU with a true interval, not used by another spot, is at least
0.5. Counts are pooled over videos, then F1 is taken. A ratio without cases (0 / 0) is NaN, never 0 or 1.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from curves.values import Interval

__all__ = [
    "BinaryCounts",
    "TimingErrors",
    "accuracy",
    "au_counts",
    "class_f1",
    "class_recall",
    "confusion_matrix",
    "macro_f1",
    "match_intervals",
    "mean_known",
    "pooled_spotting",
    "spotting_scores",
    "strs",
    "timing_errors",
    "uar",
    "uf1",
]


@dataclass(frozen=True, slots=True)
class BinaryCounts:
    """True positives, false positives, false negatives, and the ratios made of them; counts of videos or AUs add up."""

    tp: int = 0
    fp: int = 0
    fn: int = 0

    def __add__(self, other: "BinaryCounts") -> "BinaryCounts":
        return BinaryCounts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)

    @property
    def precision(self) -> float:
        return _ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float:
        return _ratio(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> float:
        return _ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)


@dataclass(frozen=True, slots=True)
class TimingErrors:
    """Mean absolute errors over matched events, in seconds; NaN without a match."""

    onset_s: float
    apex_s: float
    offset_s: float
    count: int


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


def match_intervals(true: Sequence[Interval], found: Sequence[Interval], iou: float = 0.5) -> list[tuple[int, int]]:
    """Pairs (index of true, index of found) with IoU >= ``iou``, each used once, in the order of ``true``.

    As many pairs as possible, then the greatest sum of IoU: a greedy matching could lose pairs by its order.
    Raises ValueError unless 0 < iou <= 1.
    """
    if not 0.0 < iou <= 1.0:
        raise ValueError(f"iou: expected above 0, at most 1, got {iou}")
    overlap = np.array([[one.iou(other) for other in found] for one in true]).reshape(len(true), len(found))
    eligible = overlap >= iou
    # One more pair outweighs any gain in IoU: the gains of all pairs together stay below it.
    rows, columns = linear_sum_assignment(eligible * (1.0 + min(len(true), len(found)) + overlap), maximize=True)
    return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if eligible[i, j]]


def spotting_scores(true: Sequence[Interval], found: Sequence[Interval], iou: float = 0.5) -> BinaryCounts:
    """Counts of one video."""
    tp = len(match_intervals(true, found, iou))
    return BinaryCounts(tp, len(found) - tp, len(true) - tp)


def pooled_spotting(videos: Iterable[tuple[Sequence[Interval], Sequence[Interval]]], iou: float = 0.5) -> BinaryCounts:
    """Counts over videos, each (true, found): spots never match across videos."""
    return sum((spotting_scores(true, found, iou) for true, found in videos), BinaryCounts())


def au_counts(pairs: Iterable[tuple[AbstractSet[int], AbstractSet[int]]]) -> dict[int, BinaryCounts]:
    """Per AU, over (true AUs, found AUs) of matched events; only AUs that occur on either side."""
    result: dict[int, BinaryCounts] = {}
    for true, found in pairs:
        for au in true | found:
            one = BinaryCounts(int(au in true and au in found), int(au not in true), int(au not in found))
            result[au] = result.get(au, BinaryCounts()) + one
    return dict(sorted(result.items()))


def macro_f1(counts: Mapping[int, BinaryCounts]) -> float:
    """Unweighted mean of the F1 of each class; NaN without classes."""
    return float(np.mean([item.f1 for item in counts.values()])) if counts else float("nan")


def timing_errors(true_s: ArrayLike, found_s: ArrayLike) -> TimingErrors:
    """Errors of matched events: both (n, 3), columns onset, apex, offset in seconds; raises ValueError otherwise."""
    true, found = np.asarray(true_s, np.float64).reshape(-1, 3), np.asarray(found_s, np.float64).reshape(-1, 3)
    if true.shape != found.shape:
        raise ValueError(f"timing: expected as many found as true events, got {len(found)}, {len(true)}")
    if not len(true):
        return TimingErrors(float("nan"), float("nan"), float("nan"), 0)
    onset, apex, offset = np.abs(found - true).mean(axis=0)
    return TimingErrors(float(onset), float(apex), float(offset), len(true))


def confusion_matrix(true: ArrayLike, predicted: ArrayLike, classes: int) -> NDArray[np.int64]:
    """Counts (classes, classes): row the true class, column the predicted one; labels are 0 .. classes - 1."""
    rows, columns = np.asarray(true, np.int64).ravel(), np.asarray(predicted, np.int64).ravel()
    if rows.shape != columns.shape:
        raise ValueError(f"labels: expected as many predicted as true, got {columns.size}, {rows.size}")
    labels = np.concatenate([rows, columns])
    if labels.size and not (labels.min() >= 0 and labels.max() < classes):
        raise ValueError(f"labels: expected 0..{classes - 1}, got {labels.min()}..{labels.max()}")
    matrix = np.zeros((classes, classes), np.int64)
    np.add.at(matrix, (rows, columns), 1)
    return matrix


def accuracy(matrix: NDArray[np.int64]) -> float:
    """Share of samples on the diagonal of a confusion matrix."""
    return _ratio(float(np.trace(matrix)), float(matrix.sum()))


def class_f1(matrix: NDArray[np.int64]) -> NDArray[np.float64]:
    """2 TP / (2 TP + FP + FN) of each class, (..., C) of matrices (..., C, C); NaN: it neither occurs nor is named."""
    return _shares(2 * _diagonal(matrix), matrix.sum(axis=-2) + matrix.sum(axis=-1))


def class_recall(matrix: NDArray[np.int64]) -> NDArray[np.float64]:
    """TP / (TP + FN) of each class, (..., C) of matrices (..., C, C); NaN where a class does not occur."""
    return _shares(_diagonal(matrix), matrix.sum(axis=-1))


def mean_known(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over the last axis of what is not NaN; NaN where all is."""
    known = ~np.isnan(values)
    return _shares(np.where(known, values, 0.0).sum(axis=-1), known.sum(axis=-1))


def uf1(matrix: NDArray[np.int64]) -> float:
    """Unweighted F1 (MEGC2019): mean over classes of 2 TP / (2 TP + FP + FN), pooled over folds before.

    Classes that neither occur nor are predicted have no F1 and are left out.
    """
    return float(mean_known(class_f1(matrix)))


def uar(matrix: NDArray[np.int64]) -> float:
    """Unweighted average recall (MEGC2019): mean over the classes that occur of TP / (TP + FN)."""
    return float(mean_known(class_recall(matrix)))


def _diagonal(matrix: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.diagonal(matrix, axis1=-2, axis2=-1)


def _shares(parts: NDArray[Any], wholes: NDArray[Any]) -> NDArray[np.float64]:
    """parts / wholes, NaN where a whole is 0."""
    result = np.full(np.shape(wholes), np.nan)
    np.divide(parts, wholes, out=result, where=np.asarray(wholes) > 0)
    return result


def strs(spotting_f1: float, recognition_f1: float) -> float:
    """Spot-then-recognise score (MEGC2022): product of the F1 of spotting and the F1 of recognition."""
    return spotting_f1 * recognition_f1
