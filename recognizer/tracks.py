"""Per-frame AU intensity of a whole motion stream: overlapping windows of the network, blended, and where rest is."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from graph.anatomy import impossible_pairs
from recognizer.inference import MotionRun, Progress, predict_windows
from recognizer.model import Model

_FRAMES = 16
#: Windows are as long as 16 frames, within what the network was trained on.
_SHORTEST_S, _LONGEST_S = 0.3, 1.0


def track_intensity(run: MotionRun, model: Model, progress: Progress | None = None) -> NDArray[np.float32]:
    """(N, n, 2): intensity of each AU, left and right, at each time of the run, as the network says it: not cut to
    [0, 1], so that where rest lies can be settled afterwards (``settled``).

    Neighbouring windows overlap by half and are blended by a triangle. The face and its mirror image are both read and
    averaged: a network's own leaning to one side is no movement of a face.
    """
    windows = _windows(run.times_s)
    total = np.zeros((len(run.times_s), len(model.network.config.aus), 2))
    weight = np.zeros((len(run.times_s), 1, 1))
    seen = predict_windows(run, model, windows, progress)
    turned = predict_windows(run, model, windows, mirrored=True)
    for (some, output), (_, mirror) in zip(seen, turned, strict=True):
        both = (output.intensity + mirror.intensity.flip(-1)).numpy() / 2
        for window, values in zip(some, both, strict=True):
            part, triangle, at = _resampled(run.times_s, window, values)
            total[part] += triangle * at
            weight[part] += triangle
    return (total / weight).astype(np.float32)


def at_rest(intensity: NDArray[np.floating], frames: NDArray[np.intp]) -> NDArray[np.float32]:
    """(n, 2): what ``track_intensity`` (N, n, 2) says of a face at rest: the median over ``frames`` that show it so.

    The one frame that motion is measured from may show a trace of a smile or half a blink; many frames together do not.
    """
    return np.median(intensity[frames], axis=0).astype(np.float32)


def settled(
    intensity: NDArray[np.floating], aus: Sequence[int], rest: NDArray[np.floating] | float = 0.0
) -> NDArray[np.float32]:
    """(N, n, 2) in [0, 1]: ``intensity`` of ``aus`` (n) above ``rest`` (n, 2), antagonists against each other.

    Of two AUs that a side of the face cannot show at once, the stronger keeps what it is stronger by: that is
    continuous in time, and choosing one of them would not be.
    """
    result: NDArray[np.float32] = np.clip(intensity - rest, 0.0, 1.0).astype(np.float32)
    place = {au: i for i, au in enumerate(aus)}
    for first, second in impossible_pairs():
        if first in place and second in place:
            a, b = place[first], place[second]
            both = np.minimum(result[:, a], result[:, b])
            result[:, a] -= both
            result[:, b] -= both
    return result


def _windows(times_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """(B, 2): starts and ends of windows of one length that cover the run, overlapping by at least half."""
    span = float(times_s[-1] - times_s[0])
    step = float(np.median(np.diff(times_s))) if len(times_s) > 1 else 1 / 30
    length = float(np.clip((_FRAMES - 1) * step, _SHORTEST_S, _LONGEST_S))
    count = max(1, int(np.ceil(2 * span / length)))
    starts = np.linspace(times_s[0], max(times_s[-1] - length, times_s[0]), count)
    return np.stack([starts, starts + length], axis=1)


def _resampled(
    times_s: NDArray[np.float64], window: NDArray[np.float64], values: NDArray[np.float32]
) -> tuple[slice, NDArray[np.float64], NDArray[np.float64]]:
    """``values`` (16, n, 2) of a window at the run's own times inside it: (where, weights, values)."""
    start, end = window
    a, b = np.searchsorted(times_s, (start - 1e-9, end + 1e-9))
    position = np.clip((times_s[a:b] - start) / (end - start), 0.0, 1.0) * (_FRAMES - 1)
    below = np.minimum(position.astype(int), _FRAMES - 2)
    share = (position - below)[:, None, None]
    triangle = (1.02 - np.abs(2 * position / (_FRAMES - 1) - 1))[:, None, None]
    return slice(a, b), triangle, values[below] * (1 - share) + values[below + 1] * share
