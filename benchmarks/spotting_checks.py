"""Is the benchmark too easy? What a spotter reaches that does not look at the face's motion at all.

Each of these is given the best parameters that the truth itself can choose, so the figures are upper bounds; of a row
with few events, loose ones.
"""

from collections.abc import Sequence
from itertools import product as combinations
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, median_filter
from scipy.signal import find_peaks
from scipy.stats import rankdata
from spotting_truth import ClipTruth

from curves.values import Interval
from recognizer.scores import pooled_spotting
from recognizer.video import open_video

ROWS = ("static", "inserted", "talking")
LENGTHS_S = (0.2, 0.25, 0.3, 0.35, 0.4, 0.5)
_MIDDLE = 0.6  # of the picture, in which the face lies

Series = NDArray[np.float64]


def too_easy(clips: Sequence[ClipTruth], folder: Path) -> dict[str, Any]:
    """Per row with events: F1 of the best fixed interval, one for all rows (should be < 0.25), of raw brightness change
    without alignment (< 0.35), and how well sharpness alone tells frames inside events (AUC near 0.5: within twice its
    spread by chance)."""
    rows = {row: [clip for clip in clips if clip.row == row] for row in ROWS}
    rows["all with events"] = [clip for part in rows.values() for clip in part]
    series = {clip.file: picture_series(folder / clip.file) for clip in rows["all with events"]}
    return {
        row: {
            "fixed_interval_f1": fixed_interval_f1(rows["all with events"], part),
            "brightness_change_f1": brightness_f1(part, [series[clip.file][0] for clip in part]),
            "sharpness_auc": sharpness_auc(part, [series[clip.file][1] for clip in part]),
            "sharpness_auc_spread": by_chance(part, [series[clip.file][1] for clip in part]),
        }
        for row, part in rows.items()
        if part
    }


def picture_series(path: Path) -> tuple[Series, Series]:
    """(N,) mean absolute change of brightness from each frame to the next (0 first), and (N,) energy of the finest
    detail, both in the middle of the picture."""
    change, sharp, before = [0.0], [], None
    with open_video(path) as video:
        for frame in video:
            gray = cv2.cvtColor(frame.image, cv2.COLOR_RGB2GRAY).astype(np.float32)
            edge = [round(side * (1 - _MIDDLE) / 2) for side in gray.shape]
            part = gray[edge[0] : -edge[0], edge[1] : -edge[1]]
            sharp.append(float(np.square(cv2.Laplacian(part, cv2.CV_32F)).mean()))
            if before is not None:
                change.append(float(np.abs(part - before).mean()))
            before = part
    return np.array(change), np.array(sharp)


def fixed_interval_f1(clips: Sequence[ClipTruth], part: Sequence[ClipTruth] | None = None) -> float:
    """The same intervals in every clip: of one length, one distance and one beginning, the best of all for ``clips``;
    what these reach in ``part`` (None: in ``clips``)."""
    choices = list(combinations(LENGTHS_S, np.arange(0.5, 3.01, 0.25), np.arange(0.0, 3.0, 0.2)))
    fit = [choice for choice in choices if choice[1] >= choice[0] and choice[2] < choice[1] + 1.0]
    best = max(fit, key=lambda choice: _fixed(clips, *choice))
    return _fixed(clips if part is None else part, *best)


def _fixed(clips: Sequence[ClipTruth], length: float, every: float, first: float) -> float:
    spots = [[Interval(at, at + length) for at in np.arange(first, clip.seconds, every)] for clip in clips]
    return _f1([[event.interval for event in clip.events] for clip in clips], spots)


def brightness_f1(clips: Sequence[ClipTruth], changes: Sequence[Series]) -> float:
    """Peaks of the brightness change, of one length around each, at the best threshold of all."""
    true = [[event.interval for event in clip.events] for clip in clips]
    best = 0.0
    for sigma_s in (0.03, 0.08):
        levels = [_level(change, clip.fps, sigma_s) for clip, change in zip(clips, changes, strict=True)]
        for height, length in combinations((0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0), LENGTHS_S):
            spots = [_peaks(level, clip.fps, height, length) for clip, level in zip(clips, levels, strict=True)]
            best = max(best, _f1(true, spots))
    return best


def _level(change: Series, fps: float, sigma_s: float) -> Series:
    """In median deviations above what is usual around."""
    smooth = gaussian_filter1d(change, max(sigma_s * fps, 0.5))
    above = smooth - median_filter(smooth, size=int(2 * fps) | 1, mode="nearest")
    return np.asarray(above / (1.4826 * np.median(np.abs(above)) + 1e-9))


def _peaks(level: Series, fps: float, height: float, length_s: float) -> list[Interval]:
    peaks, _ = find_peaks(level, height=height, distance=max(1, round(length_s * fps)))
    return [Interval(at / fps - length_s / 2, at / fps + length_s / 2) for at in peaks]


def _f1(true: list[list[Interval]], spots: list[list[Interval]]) -> float:
    value = pooled_spotting(zip(true, spots, strict=True)).f1
    return 0.0 if np.isnan(value) else value


def sharpness_auc(clips: Sequence[ClipTruth], sharp: Sequence[Series], shift: float = 0.0) -> float:
    """Chance that a frame inside an event is sharper than one outside, within the same clip, averaged over clips.
    ``shift``: the events come later by this part of the clip, around its end."""
    shares, weights = [], []
    for clip, series in zip(clips, sharp, strict=True):
        times = np.arange(len(series)) / clip.fps
        inside = np.zeros(len(series), bool)
        for event in clip.events:
            inside |= (event.onset_s < times) & (times < event.offset_s)
        inside = np.roll(inside, round(shift * len(series)))
        many, few = int(inside.sum()), int((~inside).sum())
        if many and few:
            ranks = float(rankdata(series)[inside].sum())
            shares.append((ranks - many * (many + 1) / 2) / (many * few))
            weights.append(many)
    return float(np.average(shares, weights=weights)) if shares else float("nan")


def by_chance(clips: Sequence[ClipTruth], sharp: Sequence[Series]) -> float:
    """Spread (standard deviation) of ``sharpness_auc`` where events lie anywhere: each clip's are moved on by a part of
    its own. Real footage is sharp for seconds and blurred for seconds, so few events give a wide spread."""
    random = np.random.default_rng(0)
    alone = [
        [sharpness_auc([clip], [series], shift) for shift in random.uniform(0.05, 0.95, 40)]
        for clip, series in zip(clips, sharp, strict=True)
        if clip.events
    ]
    return float(np.mean(alone, axis=0).std())
