"""Motion magnification ratio (paper 002, 5.1): how far a generated clip moves, against the real one.

MMR = mean flow magnitude generated / mean flow magnitude real, Farneback's flow at 64 x 64. 1 is the same motion, above
1 too much, below 1 too little. A table of clips gives the mean of their ratios.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 64
STILL = 1e-6  #: pixels of 64 x 64: a clip whose flow is less does not move
#: Farneback's parameters: OpenCV's documentation's usual ones.
_PYRAMID, _LEVELS, _WINDOW, _ROUNDS, _POLY_N, _POLY_SIGMA = 0.5, 3, 15, 3, 5, 1.2


def flow_magnitude(clip: NDArray[np.uint8]) -> float:
    """Mean magnitude, in pixels of 64 x 64, of the flow from the first frame to each later one.

    ``clip`` (N, H, W) or (N, H, W, 3) RGB, N at least 2: ValueError otherwise.
    """
    if clip.ndim not in (3, 4) or len(clip) < 2:
        raise ValueError(f"clip: expected (N, H, W) or (N, H, W, 3) with N >= 2, got {clip.shape}")
    frames = [_small(frame) for frame in clip]
    return float(np.mean([_magnitude(frames[0], frame) for frame in frames[1:]]))


def _small(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    grey = frame if frame.ndim == 2 else cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def _magnitude(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    start = np.zeros((SIDE, SIDE, 2), np.float32)
    flow = cv2.calcOpticalFlowFarneback(
        first, second, start, _PYRAMID, _LEVELS, _WINDOW, _ROUNDS, _POLY_N, _POLY_SIGMA, 0
    )
    return float(np.hypot(flow[..., 0], flow[..., 1]).mean())


def mmr(real: NDArray[np.uint8], generated: NDArray[np.uint8]) -> float:
    """The ratio of two clips (see ``flow_magnitude``). ValueError where the real one does not move."""
    return ratio(flow_magnitude(generated), flow_magnitude(real))


def ratio(generated: float, real: float) -> float:
    """``generated / real``, both mean flow magnitudes. ValueError unless real >= STILL, generated >= 0, both finite."""
    if not (np.isfinite(real) and real >= STILL):
        raise ValueError(f"real flow: expected {STILL} or more, got {real}")
    if not (np.isfinite(generated) and generated >= 0.0):
        raise ValueError(f"generated flow: expected 0 or more, got {generated}")
    return generated / real


@dataclass(frozen=True, slots=True)
class MmrSummary:
    """Over clips: mean of the ratios with its interval (percentiles over resampled clips), median, SD. Of one clip
    there is no interval and no SD: NaN."""

    mean: float
    ci_low: float
    ci_high: float
    median: float
    sd: float
    clips: int


def summarise(ratios: Sequence[float], *, draws: int = 2000, level: float = 0.95, seed: int = 0) -> MmrSummary:
    """ValueError without ratios."""
    values = np.asarray(ratios, np.float64)
    if not values.size:
        raise ValueError("ratios: expected at least one")
    picks = np.random.default_rng(seed).integers(values.size, size=(draws, values.size))
    tail = 50 * (1 - level)
    low, high = np.percentile(values[picks].mean(axis=1), [tail, 100 - tail])
    if values.size == 1:
        low = high = float("nan")
    spread = float(values.std(ddof=1)) if values.size > 1 else float("nan")
    return MmrSummary(float(values.mean()), float(low), float(high), float(np.median(values)), spread, values.size)


__all__ = ["MmrSummary", "flow_magnitude", "mmr", "ratio", "summarise"]
