"""The cheap gate: which windows of a motion stream are worth the network's time.

A micro-expression moves one region of the face against the rest within a fraction of a second, and comes back. Two
measures say whether anything like that happens in a window: the largest extent of a region's mean displacement on a
7 x 7 grid, and the largest rise and fall of an AU's intensity. Their limits are calibrated to let at least 99 % of
labelled events through; the figure stands in the card of the weights.
"""

import numpy as np
from numpy.typing import NDArray

_REGIONS = 7


def regional_motion(flow: NDArray[np.floating]) -> NDArray[np.float32]:
    """(N, 2, 49): mean displacement of each region, of flow (N, 2, 56, 56), smoothed over three frames."""
    count, _, height, width = flow.shape
    step = 256
    parts = [
        flow[i : i + step]
        .astype(np.float32)
        .reshape(-1, 2, _REGIONS, height // _REGIONS, _REGIONS, width // _REGIONS)
        .mean(axis=(3, 5))
        for i in range(0, count, step)
    ]
    regions: NDArray[np.float32] = np.concatenate(parts).reshape(count, 2, -1)
    padded = np.concatenate([regions[:1], regions, regions[-1:]])
    smooth: NDArray[np.float32] = (padded[:-2] + padded[1:-1] + padded[2:]) / 3
    return smooth


def motion_within(
    times_s: NDArray[np.float64], regions: NDArray[np.float32], windows: NDArray[np.float64]
) -> NDArray[np.float32]:
    """(B,): the largest extent of any region's motion within each of ``windows`` (B, 2), in crop pixels.

    The extent of a region is the diagonal of the box that its displacement stays in.
    """
    first = np.searchsorted(times_s, windows[:, 0] - 1e-9)
    last = np.maximum(np.searchsorted(times_s, windows[:, 1] + 1e-9), first + 1)
    extents = np.empty(len(windows), np.float32)
    for i, (a, b) in enumerate(zip(first, last, strict=True)):
        box = np.ptp(regions[a:b], axis=0) if b > a else np.zeros(regions.shape[1:], np.float32)
        extents[i] = np.hypot(box[0], box[1]).max()
    return extents


def rise_within(
    times_s: NDArray[np.float64], intensity: NDArray[np.floating], windows: NDArray[np.float64]
) -> NDArray[np.float32]:
    """(B,): how far some AU of ``intensity`` (N, n, 2) rises and comes back within each of ``windows`` (B, 2)."""
    values = intensity.reshape(len(times_s), -1)
    first = np.searchsorted(times_s, windows[:, 0] - 1e-9)
    last = np.searchsorted(times_s, windows[:, 1] + 1e-9)
    found = np.zeros(len(windows), np.float32)
    for i, (a, b) in enumerate(zip(first, last, strict=True)):
        found[i] = rises(values[a:b]).max()
    return found


def rises(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """(F,): how far each column of ``values`` (k, F) rises and comes back; 0 for fewer than three frames.

    Its greatest height above the higher of its lowest values before and after.
    """
    if len(values) < 3:
        return np.zeros(values.shape[1], np.float32)
    before = np.minimum.accumulate(values, axis=0)
    after = np.minimum.accumulate(values[::-1], axis=0)[::-1]
    height: NDArray[np.floating] = (values - np.maximum(before, after)).max(axis=0)
    return height
