"""Optical flow, its derivative and its frequencies in regions of the face ("OF-FD-like").

Paper 004 lists an "OF-FD" without saying what it computes. What is built here: in each cell of a 7 x 7 grid on the
face, the speed of the flow and the energy of the displacement in three bands of frequency over two thirds of a second
(a micro-expression of 0.15 to 0.5 s lies between 2 and 6.7 Hz; slower is a pose or a macro-expression, faster is
noise), on a logarithmic scale; of the cells the mean, the greatest and the third greatest; and logistic regression of
"inside an event" on those.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d

from recognizer.clips import ClipRecord
from recognizer.inference import MotionRun
from recognizer.linear_models import balanced_weights, fit_multinomial
from recognizer.spotters import FittedSpotter
from recognizer.spotters.picking import PeakSpotter, Trace, choose_limits, half_length, run_of, true_intervals
from recognizer.spotters.regions import at_times, even_times, regional_flow

_SIDE = 7
_MOST_HZ = 50.0
_WINDOW_S = 2 / 3
_BANDS_HZ = ((1.5, 3.5), (3.5, 7.0), (7.0, 12.0))
_NOISE = 1e-4  # px^2; below this energy nothing moves
_RIDGE = 1e-2
_SMOOTH_S = 0.1


def features_of(run: MotionRun) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times (M,) of an even grid and features (M, 12): see the module. Frequencies above half the frame rate: 0."""
    times = even_times(run.times_s, _MOST_HZ)
    motion = at_times(run.times_s, regional_flow(run.flow, _SIDE), times).astype(np.float64)
    step = float(times[1] - times[0]) if len(times) > 1 else 1.0 / _MOST_HZ
    energies = [(np.gradient(motion, axis=0) ** 2).sum(axis=1)] if len(times) > 1 else [np.zeros(motion[:, 0].shape)]
    for low, high in _BANDS_HZ:
        real, imaginary = band_filters((low, high), step)
        parts = (correlate1d(motion, kernel, axis=0, mode="nearest") for kernel in (*real, *imaginary))
        energies.append(sum(((part**2).sum(axis=1) for part in parts), np.zeros(motion[:, 0].shape)))
    logs = [np.log(energy + _NOISE) for energy in energies]
    columns = [c for log in logs for c in (log.mean(axis=1), *np.sort(log, axis=1)[:, [-1, -3]].T)]
    return times, np.stack(columns, axis=1)


def band_filters(band_hz: tuple[float, float], step_s: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cosines (f, n) and sines (f, n) at the Fourier frequencies of the window that lie in the band, times a Hann
    window, blind to a constant. f may be 0."""
    half = max(1, round(_WINDOW_S / 2 / step_s))
    time = np.arange(-half, half + 1) * step_s
    hann = 0.5 + 0.5 * np.cos(np.pi * np.arange(-half, half + 1) / (half + 1))
    hann /= hann.sum()
    frequencies = np.arange(1, half + 1) / (2 * half * step_s)
    chosen = frequencies[(frequencies >= band_hz[0]) & (frequencies < band_hz[1]) & (frequencies < 0.5 / step_s)]
    phase = 2 * np.pi * chosen[:, None] * time
    cosines = hann * np.cos(phase)
    cosines -= hann * cosines.sum(axis=1, keepdims=True)
    return cosines, hann * np.sin(phase)


@dataclass(frozen=True, slots=True, eq=False)
class OfFdScorer:
    """A ``FrameScorer``: log odds of being inside an event, smoothed. ``mean``, ``scale``, ``weights`` (12,)."""

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]
    bias: float

    def trace(self, run: MotionRun) -> Trace:
        times, features = features_of(run)
        score = ((features - self.mean) / self.scale) @ self.weights + self.bias
        if len(times) > 1:
            width = max(1, round(_SMOOTH_S / (times[1] - times[0]))) | 1
            score = correlate1d(score, np.full(width, 1 / width), mode="nearest")
        return Trace(times, score)


def learn(train: Sequence[ClipRecord]) -> OfFdScorer:
    """Logistic regression with a ridge, the two answers weighted alike. ValueError without frames of both kinds."""
    features, inside = [], []
    for clip in train:
        times, some = features_of(run_of(clip))
        spans = true_intervals(clip)
        truth = (
            np.any([[s.start_s <= t < s.end_s for t in times] for s in spans], axis=0)
            if spans
            else np.zeros(len(times), bool)
        )
        features.append(some)
        inside.append(truth)
    x, y = np.concatenate(features), np.concatenate(inside)
    if y.all() or not y.any():
        raise ValueError("of_fd: expected training clips with frames inside and outside of events")
    mean, scale = x.mean(axis=0), x.std(axis=0) + 1e-6
    labels = y.astype(np.intp)
    model = fit_multinomial((x - mean) / scale, labels, 2, balanced_weights(labels, np.ones(len(y))), _RIDGE)
    return OfFdScorer(mean, scale, model.weights[1] - model.weights[0], float(model.bias[1] - model.bias[0]))


@dataclass(frozen=True, slots=True)
class OfFd:
    """See the module; weights from the training part, the limits from the validation part."""

    description: str = "OF-FD-like: flow speed and band energies of face regions, logistic regression (after paper 004)"
    names_aus: bool = False

    def fit(self, train: Sequence[ClipRecord], validation: Sequence[ClipRecord], *, seed: int = 0) -> FittedSpotter:  # noqa: ARG002
        scorer = learn(train)
        limits, f1 = choose_limits(scorer, validation, half_length(train))
        return PeakSpotter(scorer, limits, {"validation_f1": f1})
