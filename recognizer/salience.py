"""How far a movement stands out from the unrest of the skin itself, without a network: a matched filter.

A micro-expression lifts a patch of skin and lays it down again within half a second. Each cell of the face is compared
with such a pulse; what drifts or tilts at constant speed gives nothing. The answer is measured in units of what the
cell gives all the time, so that a small face in a compressed video is not taken for a lively one.
"""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d

from recognizer.face.align import face_mask

DURATIONS_S = (0.17, 0.22, 0.28, 0.36, 0.46, 0.58)  # of the pulses; neighbours differ by a quarter
_CELLS = 14  # a side of the face
_INSIDE = 0.6  # least share of a cell that lies on the face
_FLOOR_PX = 0.05  # crop pixels; unrest below it counts as this: a still picture is no reason to see ghosts
_TOP = 6  # cells that must agree: a patch of a few cells moves, an error of the flow moves one
_NEAR_S = 10.0  # what is this near says how restless a cell is
_MOST_HZ = 60.0  # more frames a second say nothing more of pulses of a sixth of a second


class Salience:
    """Of one run: ``times_s`` (N,), ``flow`` (N, 2, H, W) in crop pixels."""

    def __init__(self, times_s: NDArray[np.float64], flow: NDArray[np.floating]) -> None:
        rate = min(_MOST_HZ, 1.0 / float(np.median(np.diff(times_s)))) if len(times_s) > 1 else _MOST_HZ
        self._times_s = np.arange(times_s[0], times_s[-1] + 0.5 / rate, 1.0 / rate)
        cells = _resampled(times_s, _means(flow), self._times_s)
        self._found = [_answer(cells, pulse(rate, duration)) for duration in DURATIONS_S]

    def of(self, onset_s: float, offset_s: float) -> float:
        """Greatest answer to a pulse about as long as the event and centred in its middle third; 1 is usual unrest."""
        length, middle = offset_s - onset_s, (onset_s + offset_s) / 2
        at = int(np.abs(np.log(np.array(DURATIONS_S) / max(length, 1e-3))).argmin())
        away = np.abs(self._times_s - middle)
        centred = away <= max(length / 3, float(away.min()))
        near = away <= _NEAR_S
        best = 0.0
        for found in self._found[max(at - 1, 0) : at + 2]:
            usual = np.median(found[near], axis=0)
            clear = found[centred] / np.hypot(_FLOOR_PX, usual)
            best = max(best, float(np.sort(clear, axis=1)[:, -_TOP:].mean(axis=1).max()))
        return best


def pulse(rate_hz: float, duration_s: float) -> NDArray[np.float64]:
    """The filter (k,), k odd: a raised cosine between two rests of half its length, blind to a constant and a slope,
    whose answer to the pulse itself is its height."""
    rise = max(2, round(duration_s * rate_hz / 2))
    phase = np.arange(-rise, rise + 1) / (rise + 1)
    shape = np.pad(0.5 + 0.5 * np.cos(np.pi * phase), rise)
    taps: NDArray[np.float64] = shape - shape.mean()  # symmetric, so a slope gives nothing either
    return taps / float(taps @ shape)


@cache
def _on_face() -> NDArray[np.bool_]:
    share = cv2.resize(face_mask(56), (_CELLS, _CELLS), interpolation=cv2.INTER_AREA)
    return np.asarray(share.ravel() > _INSIDE)


def _means(flow: NDArray[np.floating]) -> NDArray[np.float32]:
    """(N, 2, cells): mean displacement of the cells on the face."""
    count, _, height, width = flow.shape
    parts = [
        flow[i : i + 256].astype(np.float32).reshape(-1, 2, _CELLS, height // _CELLS, _CELLS, width // _CELLS)
        for i in range(0, count, 256)
    ]
    means = np.concatenate([part.mean(axis=(3, 5)) for part in parts]).reshape(count, 2, -1)
    return means[:, :, _on_face()]


def _resampled(
    times_s: NDArray[np.float64], values: NDArray[np.float32], at_s: NDArray[np.float64]
) -> NDArray[np.float32]:
    position = np.interp(at_s, times_s, np.arange(len(times_s)))
    below = np.minimum(position.astype(np.int64), max(len(times_s) - 2, 0))
    share = (position - below).astype(np.float32)[:, None, None]
    above = np.minimum(below + 1, len(times_s) - 1)
    return values[below] * (1 - share) + values[above] * share


def _answer(cells: NDArray[np.float32], taps: NDArray[np.float64]) -> NDArray[np.float32]:
    """(N, cells): length of the filtered displacement; at the ends of the run the face is taken to stay as it is."""
    filtered = correlate1d(cells, taps, axis=0, mode="nearest")
    return np.asarray(np.hypot(filtered[:, 0], filtered[:, 1]))
