"""From a score over time to spots that do not overlap, and the choice of the limits that this needs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from curves.values import Interval
from recognizer.clips import ClipRecord
from recognizer.inference import MotionRun
from recognizer.scores import BinaryCounts, spotting_scores
from recognizer.spotters import Spot

_PARTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
_QUANTILES = (0.0, 0.3, 0.5, 0.65, 0.75, 0.85, 0.9, 0.94, 0.97, 0.99)
_USUAL_HALF_S = 0.15  # where no clip holds an event: micro-expressions last 1/25 s to 1/2 s


class Trace(NamedTuple):
    """A score (M,) at rising times (M,): the higher, the likelier that an event has its middle there."""

    times_s: NDArray[np.float64]
    score: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Limits:
    """A peak counts from ``mean + part (max - mean)`` of its run on (Wang et al. 2017) and from ``floor`` on.

    The first limit alone finds something in every run, even in one where nothing happens. ``half_s``: half the length
    of a spot.
    """

    part: float
    floor: float
    half_s: float


class FrameScorer(Protocol):
    """What spotters differ in that pick peaks of a score."""

    def trace(self, run: MotionRun) -> Trace: ...


@dataclass(frozen=True, slots=True)
class PeakSpotter:
    """A ``FittedSpotter`` that picks peaks; ``notes`` stand in ``chosen`` beside the limits."""

    scorer: FrameScorer
    limits: Limits
    notes: Mapping[str, Any]

    @property
    def chosen(self) -> Mapping[str, Any]:
        limits = self.limits
        return {"part": limits.part, "floor": limits.floor, "half_s": limits.half_s, **self.notes}

    def spot(self, run: MotionRun) -> list[Spot]:
        return pick_peaks(self.scorer.trace(run), self.limits)


def pick_peaks(trace: Trace, limits: Limits) -> list[Spot]:
    """Spots of the same length around the peaks above the limits, the highest first where they would overlap."""
    times, score = trace
    if len(score) < 3:
        return []
    least = max(score.mean() + limits.part * (score.max() - score.mean()), limits.floor)
    peaks, _ = find_peaks(np.concatenate([[-np.inf], score, [-np.inf]]))
    peaks = peaks - 1
    ends = np.stack([times - limits.half_s, times + limits.half_s], axis=1).clip(times[0], times[-1])
    candidates = [
        Spot(float(ends[i, 0]), float(times[i]), float(ends[i, 1]), float(score[i])) for i in peaks if score[i] > least
    ]
    return apart(spot for spot in candidates if spot.onset_s < spot.offset_s)


def apart(spots: Iterable[Spot]) -> list[Spot]:
    """Those that no spot of a higher score overlaps, in time order."""
    kept: list[Spot] = []
    for spot in sorted(spots, key=lambda item: (-item.score, item.onset_s)):
        if all(spot.offset_s <= other.onset_s or spot.onset_s >= other.offset_s for other in kept):
            kept.append(spot)
    return sorted(kept, key=lambda item: item.onset_s)


def half_length(clips: Sequence[ClipRecord]) -> float:
    """Half the mean length of the events of ``clips``, in seconds: k of the papers; 0.15 s where there are none."""
    lengths = [float(offset - onset) for clip in clips for onset, _, offset in clip.onset_apex_offset]
    return float(np.mean(lengths)) / 2 if lengths else _USUAL_HALF_S


def run_of(clip: ClipRecord) -> MotionRun:
    return MotionRun(clip.times_s, clip.flow, clip.prior)


def true_intervals(clip: ClipRecord) -> list[Interval]:
    return [Interval(float(onset), float(offset)) for onset, _, offset in clip.onset_apex_offset if onset < offset]


def choose_limits(scorer: FrameScorer, validation: Sequence[ClipRecord], half_s: float) -> tuple[Limits, float]:
    """The limits with the greatest pooled F1 on ``validation``, and that F1 (NaN without clips or events)."""
    traces = [scorer.trace(run_of(clip)) for clip in validation]
    truths = [true_intervals(clip) for clip in validation]
    heights = np.concatenate([[0.0], *(_heights(trace) for trace in traces)])
    best, best_f1 = Limits(_PARTS[3], float(np.quantile(heights, _QUANTILES[5])), half_s), float("nan")
    for part, floor in product(_PARTS, sorted({float(np.quantile(heights, q)) for q in _QUANTILES})):
        limits = Limits(part, floor, half_s)
        counts = BinaryCounts()
        for trace, truth in zip(traces, truths, strict=True):
            found = [spot.interval for spot in pick_peaks(trace, limits)]
            counts += spotting_scores(truth, found)
        if not counts.f1 <= best_f1 and not np.isnan(counts.f1):
            best, best_f1 = limits, counts.f1
    return best, best_f1


def _heights(trace: Trace) -> NDArray[np.float64]:
    peaks, _ = find_peaks(trace.score)
    heights: NDArray[np.float64] = trace.score[peaks]
    return heights
