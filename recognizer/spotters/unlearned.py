"""A spotter that learns nothing: what a network must beat to earn its place.

The stabilised face is cut into small cells. In each, a bank of pulses (raised cosines of several lengths, blind to a
constant) is matched with the displacement over time. A response counts by what this cell shows all the time, so that a
face that shakes, or a mouth that talks, speaks less. Where the cells that respond most agree on a time and a length,
there is an event; its ends are read off the displacement along its own pattern, its AUs off a table of directions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d, gaussian_filter1d

from recognizer.clips import ClipRecord
from recognizer.inference import MotionRun
from recognizer.spotters import FittedSpotter, Spot
from recognizer.spotters.naming import name_aus
from recognizer.spotters.picking import apart
from recognizer.spotters.regions import at_times, even_times, regional_flow

_FEWEST = 5  # frames in which a movement can go and come back


@dataclass(frozen=True, slots=True)
class UnlearnedSettings:
    """Fixed; none is fitted to the clips given to ``fit``. ``least`` was set once, where F1 is greatest on 76 calm
    rendered clips (0.37, with 17 false spots a minute; at 4.2 it is 0.29 with 5 a minute).

    ``durations_s``: of the pulses. ``least``: score of a spot, the mean response of the ``strongest`` cells in units of
    their usual one, which counts as at least ``noise_px``. ``greatest_px``: what moves further than this (mean of the
    three furthest cells) is a blink, a word or a laugh. ``foot``: the part of its height at which an event begins and
    ends. ``most_hz``: faster streams are thinned out. ``usual_s``: length of the stretch of the run that says what a
    cell usually shows.
    """

    durations_s: tuple[float, ...] = (0.14, 0.18, 0.23, 0.29, 0.36, 0.45, 0.56)
    side: int = 14
    strongest: int = 12
    least: float = 3.0
    noise_px: float = 0.1
    greatest_px: float = 2.2
    foot: float = 0.12
    most_hz: float = 60.0
    usual_s: float = 20.0


class _Peak(NamedTuple):
    score: float
    duration: int  # number of the pulse
    frame: int


@dataclass(frozen=True, slots=True)
class Unlearned:
    """See the module. A ``Spotter`` and, as there is nothing to fit, its own ``FittedSpotter``."""

    settings: UnlearnedSettings = UnlearnedSettings()
    description: str = "matched pulses in the flow of face cells, AUs by FACS directions; fixed, learns nothing (ours)"
    names_aus: bool = True

    def fit(self, train: Sequence[ClipRecord], validation: Sequence[ClipRecord], *, seed: int = 0) -> FittedSpotter:  # noqa: ARG002
        return self

    @property
    def chosen(self) -> Mapping[str, Any]:
        return {"learned": "nothing: all parameters are fixed", **asdict(self.settings)}

    def spot(self, run: MotionRun) -> list[Spot]:
        """See ``FittedSpotter``. A run of fewer than five frames holds no event."""
        if len(run.times_s) < _FEWEST:
            return []
        times = even_times(run.times_s, self.settings.most_hz)
        motion = at_times(run.times_s, regional_flow(run.flow, self.settings.side), times).reshape(len(times), -1)
        if len(times) < _FEWEST:
            return []
        spots = (self._read(times, motion, peak) for peak in self._peaks(times, motion))
        return apart(spot for spot in spots if spot is not None)

    def _peaks(self, times: NDArray[np.float64], motion: NDArray[np.float32]) -> list[_Peak]:
        """Where and at which length the cells respond more than before, after, and at the neighbouring lengths; the
        highest first, none within another."""
        step = float(times[1] - times[0])
        scores = np.stack([self._scores(motion, duration, step) for duration in self.settings.durations_s])
        around = np.pad(scores, 1, constant_values=-np.inf)
        peak = scores >= self.settings.least
        for shifted in (around[:-2, 1:-1], around[2:, 1:-1], around[1:-1, :-2], around[1:-1, 2:]):
            peak &= scores >= shifted
        found = [_Peak(float(scores[k, n]), int(k), int(n)) for k, n in zip(*np.nonzero(peak), strict=True)]
        kept: list[_Peak] = []
        lengths = self.settings.durations_s
        for one in sorted(found, reverse=True):
            half = lengths[one.duration] / 2
            if all(abs(times[one.frame] - times[o.frame]) >= half + lengths[o.duration] / 2 for o in kept):
                kept.append(one)
        return kept

    def _scores(self, motion: NDArray[np.float32], duration_s: float, step_s: float) -> NDArray[np.float32]:
        """(M,): mean response of the strongest cells to a pulse, in units of their usual one."""
        response = correlate1d(motion, pulse(duration_s, step_s), axis=0, mode="nearest")
        cells = response.shape[1] // 2
        size = np.hypot(response[:, :cells], response[:, cells:])
        stretch = max(1, round(self.settings.usual_s / step_s))
        for first in range(0, len(size), stretch):
            last = len(size) if len(size) - first < 2 * stretch else first + stretch
            part = size[first:last]
            part /= np.hypot(np.float32(self.settings.noise_px), np.median(part, axis=0))
            if last == len(size):
                break
        top = min(self.settings.strongest, cells)
        mean: NDArray[np.float32] = np.partition(size, cells - top, axis=1)[:, cells - top :].mean(axis=1)
        return mean

    def _read(self, times: NDArray[np.float64], motion: NDArray[np.float32], peak: _Peak) -> Spot | None:
        """The spot of a peak, or None where eyes alone or something larger than a micro-expression moved."""
        settings = self.settings
        step, duration = float(times[1] - times[0]), settings.durations_s[peak.duration]
        kernel = pulse(duration, step)
        reach = max(len(kernel), round(settings.usual_s / 2 / step))
        first, last = max(0, peak.frame - reach), min(len(motion), peak.frame + reach + 1)
        response = correlate1d(motion[first:last], kernel, axis=0, mode="nearest")
        at_peak = response[peak.frame - first].astype(np.float64)
        cells = len(at_peak) // 2
        if np.sort(np.hypot(at_peak[:cells], at_peak[cells:]))[-3:].mean() > settings.greatest_px:
            return None
        noise = np.hypot(settings.noise_px, np.median(np.abs(response), axis=0)).astype(np.float64)
        named = name_aus(at_peak, noise, settings.side)
        if named.eyes_only:
            return None
        pattern = at_peak / noise**2
        course = motion @ (pattern / (pattern @ at_peak)).astype(np.float32)
        onset, apex, offset = self._ends(times, course, peak.frame, duration)
        return Spot(onset, apex, offset, peak.score, named.aus)

    def _ends(
        self, times: NDArray[np.float64], course: NDArray[np.float32], frame: int, duration_s: float
    ) -> tuple[float, float, float]:
        """Onset, apex, offset in seconds: feet and top of the displacement along the event's own pattern."""
        step = float(times[1] - times[0])
        reach, near = max(2, round(0.9 * duration_s / step)), max(1, round(0.25 * duration_s / step))
        first = max(0, frame - reach)
        smooth = gaussian_filter1d(course[first : frame + reach + 1], max(0.01 / step, 0.3))
        low = max(0, frame - first - near)
        top = low + int(np.argmax(smooth[low : frame - first + near + 1]))
        before, after = self._foot(smooth[: top + 1][::-1]), self._foot(smooth[top:])
        middle = float(times[frame])
        onset = min(max(float(times[first]) + (top - before) * step, middle - duration_s), middle - duration_s / 4)
        offset = max(min(float(times[first]) + (top + after) * step, middle + duration_s), middle + duration_s / 4)
        onset, offset = max(onset, float(times[0])), min(offset, float(times[-1]))
        if not onset < offset:
            onset, offset = float(times[max(0, frame - 1)]), float(times[min(len(times) - 1, frame + 1)])
        return onset, min(max(float(times[first + top]), onset), offset), offset

    def _foot(self, fall: NDArray[np.float32]) -> float:
        """How many samples from its start ``fall`` needs to come down to its foot."""
        limit = fall.min() + self.settings.foot * (fall[0] - fall.min())
        below = np.flatnonzero(fall <= limit)
        if not len(below) or below[0] == 0:
            return float(len(fall) - 1)
        i = int(below[0])
        return i - float((limit - fall[i]) / max(fall[i - 1] - fall[i], 1e-9))


def pulse(duration_s: float, step_s: float) -> NDArray[np.float32]:
    """A raised cosine of ``duration_s`` in a stretch twice as long, with its mean taken away: the response to the pulse
    itself is 1, to a constant and to a steady drift 0. Odd length, symmetric."""
    count = duration_s / step_s
    half = int(np.ceil(count))
    x = np.arange(-half, half + 1)
    bell = np.where(np.abs(x) < count / 2, 0.5 + 0.5 * np.cos(2 * np.pi * x / count), 0.0)
    inside = np.clip(count + 0.5 - np.abs(x), 0.0, 1.0)
    kernel = (bell - (inside * bell).sum() / inside.sum()) * inside
    return (kernel / (kernel @ bell)).astype(np.float32)
