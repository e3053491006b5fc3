"""How sure it is that a candidate is an event: what its windows say, and how far it stands out from the face's unrest.

A small face in a compressed video shakes as far as a micro-expression moves. No window can know that, but the run can:
a rise of an AU counts by the rise that this AU shows all the time.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recognizer.gate import rises
from recognizer.model import Thresholds

#: Skirt of an event, as a part of its length: how far beyond its ends its AUs' rest is looked for.
SKIRT = 0.2
_LENGTHS_S = (0.12, 0.17, 0.24, 0.34, 0.48, 0.68)  # of events at which unrest is measured; the nearest one is taken
_NEAR_S = 10.0  # of the run, what is this near to an event is compared with it
_USUAL = 0.8  # eight of ten windows apart from the event rise no further
_FLOOR = 0.005  # intensity; a rise is never compared with less
_ROWS = 256  # windows measured at a time
_STRONGEST = 4  # AUs and sides whose mean says how far an event stands out: one alone may be an error


class Evidence(NamedTuple):
    """For one event. ``support``: sum of the scores of the windows that see it alike. ``clearness``: rise of its
    strongest AUs, in units of their own unrest."""

    support: float
    clearness: float


def belief(evidence: Evidence, thresholds: Thresholds) -> float:
    """Probability in (0, 1) that the event is true: logistic in the logarithms of the evidence."""
    at = thresholds.belief_bias + float(features(evidence) @ (thresholds.belief_support, thresholds.belief_clearness))
    return float(1.0 / (1.0 + np.exp(-at)))


def features(evidence: Evidence) -> NDArray[np.float64]:
    """(2,): what the logistic function is linear in."""
    return np.log([evidence.support + 0.1, max(evidence.clearness, 0.05)])


class Unrest:
    """The rise that each AU of a run shows all the time: ``times_s`` (N,), ``intensity`` (N, n, 2)."""

    def __init__(self, times_s: NDArray[np.float64], intensity: NDArray[np.floating]) -> None:
        self._intensity = intensity.reshape(len(times_s), -1)
        self._times_s = times_s
        self._rises = [_rises_of_windows(times_s, self._intensity, length) for length in _LENGTHS_S]

    def clearness(self, onset_s: float, offset_s: float) -> float:
        """Of an event: see ``Evidence``. Windows with their middle in the event say nothing of the rest of the run."""
        length = offset_s - onset_s
        at = int(np.abs(np.log(np.array(_LENGTHS_S) / max(length, 1e-3))).argmin())
        starts, found = self._rises[at]
        span = (1 + 2 * SKIRT) * _LENGTHS_S[at]
        near = (starts > onset_s - _NEAR_S) & (starts < offset_s + _NEAR_S)
        middle = starts + span / 2
        apart = near & ((middle >= offset_s) | (middle <= onset_s))
        usual = np.quantile(found[apart], _USUAL, axis=0) if apart.any() else np.zeros(found.shape[1])
        first, last = np.searchsorted(self._times_s, (onset_s - SKIRT * length, offset_s + SKIRT * length))
        clear = rises(self._intensity[max(first - 1, 0) : last + 1]) / np.hypot(_FLOOR, usual)
        return float(np.sort(clear)[-_STRONGEST:].mean())


def _rises_of_windows(
    times_s: NDArray[np.float64], values: NDArray[np.floating], length_s: float
) -> tuple[NDArray[np.float64], NDArray[np.floating]]:
    """Starts (B,) of windows as long as an event and its skirts, and the rise (B, F) of each column of ``values``."""
    span = (1 + 2 * SKIRT) * length_s
    starts = np.arange(times_s[0], max(float(times_s[-1]) - span, times_s[0]) + 1e-9, length_s / 3)
    first = np.searchsorted(times_s, starts - 1e-9)
    last = np.searchsorted(times_s, starts + span + 1e-9)
    found = np.zeros((len(starts), values.shape[1]), values.dtype)
    counts = last - first
    for count in np.unique(counts[counts > 0]):  # nearly all windows have as many frames: those that do go together
        alike = np.flatnonzero(counts == count)
        for some in np.split(alike, range(_ROWS, len(alike), _ROWS)):
            frames = first[some] + np.arange(count)[:, None]
            found[some] = rises(values[frames].reshape(count, -1)).reshape(len(some), -1)
    return starts, found
