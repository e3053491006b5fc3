"""Which moments of a take are worth a picture. Apart from the plot, which needs matplotlib to be imported."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curves.values import Take


@dataclass(frozen=True)
class Thumbnail:
    """A face crop (h, w, 3) RGB shown in the strip; ``apex`` marks an event's apex."""

    time_s: float
    image: NDArray[np.uint8]
    apex: bool


def time_span(take: Take) -> tuple[float, float]:
    """(start, end) in seconds of the part that was analysed: a take of ``--start 100`` begins at its first frame."""
    first = [float(track.times_s[0]) for track in take.tracks if track.times_s.size]
    first += [gap.start_s for gap in take.no_face]
    return min(first, default=0.0), take.duration_s


def strip_times(take: Take, count: int = 8) -> tuple[tuple[float, bool], ...]:
    """(time, is an apex) of the faces to show, in time order: apexes of the surest events, then even spacing.

    Times lie in the part that was analysed; never two closer than half an even step, except apexes.
    """
    surest = sorted(take.events, key=lambda event: -event.score)[: count - 2]
    chosen = [(event.apex_s, True) for event in surest]
    start, end = time_span(take)
    step = (end - start) / count
    even = [(start + step * (i + 0.5), False) for i in range(count)]
    for time, apex in even:
        if len(chosen) < count and all(abs(time - other) >= step / 2 for other, _ in chosen):
            chosen.append((time, apex))
    return tuple(sorted(chosen))
