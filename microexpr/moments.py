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

    Even times count only the stretches with a face, in the part that was analysed; never two closer than half an even
    step, except apexes.
    """
    surest = sorted(take.events, key=lambda event: -event.score)[: count - 2]
    chosen = [(event.apex_s, True) for event in surest]
    stretches = _with_face(take)
    step = sum(end - start for start, end in stretches) / count
    for time in (_time_within(stretches, step * (i + 0.5)) for i in range(count)):
        if len(chosen) < count and all(abs(time - other) >= step / 2 for other, _ in chosen):
            chosen.append((time, False))
    return tuple(sorted(chosen))


def _with_face(take: Take) -> list[tuple[float, float]]:
    """[start, end) of the stretches with a face in time order; all of the take if it has none."""
    start, end = time_span(take)
    stretches, reached = [], start
    for gap in sorted(take.no_face, key=lambda gap: gap.start_s):
        if gap.start_s > reached:
            stretches.append((reached, gap.start_s))
        reached = max(reached, gap.end_s)
    if end > reached:
        stretches.append((reached, end))
    return stretches or [(start, end)]


def _time_within(stretches: list[tuple[float, float]], elapsed: float) -> float:
    for start, end in stretches:
        if elapsed < end - start:
            return start + elapsed
        elapsed -= end - start
    return stretches[-1][1]
